"""Workflows of a team's own repository, from templates that this repository's own are made of too.

A template names no way of installing ccstate: `@INSTALL@` stands there. A team installs it from a git
repository at one commit, with its locked dependencies by their hashes, and nothing of it comes from
the change that is looked at.
"""

import json
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from typing import NamedTuple

from ccstate import codes
from ccstate.errors import InvalidInput

GITHUB = ("plan.yml", "apply.yml", "drift.yml", "validate.yml")
HOSTS = ("github", "gitlab")
_SOURCE = re.compile(r"(https://[A-Za-z0-9._~:/-]+)@([0-9a-f]{40}|[0-9a-f]{64})")

# `git fetch` of a commit needs no trust in names: what comes has this id, or nothing comes.
_SCRIPT = """\
python3 -m venv "$FOLDER/ccstate"
git init --quiet "$FOLDER/source"
git -C "$FOLDER/source" fetch --quiet --depth 1 "$CCSTATE_SOURCE" "$CCSTATE_COMMIT"
git -C "$FOLDER/source" checkout --quiet --detach "$CCSTATE_COMMIT"
"$FOLDER/ccstate/bin/pip" install --quiet --no-deps --require-hashes --requirement "$FOLDER/source/requirements.lock"
"$FOLDER/ccstate/bin/pip" install --quiet --no-deps --no-build-isolation "$FOLDER/source"
"""

OWN = """\
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683  # v4.2.2
        with:
          ref: ${{ github.event.pull_request.base.sha || github.sha }}
          path: tool
          persist-credentials: false
      - uses: ./tool
"""
"""How this repository's own workflows install ccstate: by its own action, at the base of the change."""


class Source(NamedTuple):
    """Repository of ccstate, and the commit that is installed."""

    address: str
    commit: str


def source_of(given: str) -> Source:
    """Read `URL@COMMIT`; that of this installation where nothing is given.

    Raises InvalidInput where neither names a commit of a repository.
    """
    found = _SOURCE.fullmatch(given or _installed())
    if not found:
        raise InvalidInput(codes.SOURCE_UNKNOWN(given=given or "the installed ccstate"))
    return Source(found[1], found[2])


def _installed() -> str:
    """Return where pip installed ccstate from. Source: packaging.python.org, "direct_url.json"."""
    try:
        said = distribution("ccstate").read_text("direct_url.json")
        known = json.loads(said or "{}")
        return f"{known['url']}@{known['vcs_info']['commit_id']}"
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        return ""


def workflows(host: str, source: Source) -> Mapping[str, str]:
    """Return the files of a team's repository by their paths, for one of HOSTS."""
    if host == "gitlab":
        return {".gitlab-ci.yml": _template("gitlab-ci.yml", _gitlab_install(source))}
    install = _github_install(source)
    return {f".github/workflows/{name}": github_workflow(name, install) for name in GITHUB}


def github_workflow(name: str, install: str) -> str:
    """Return one workflow with the steps that install ccstate."""
    return _template(f"github/{name}", install)


def _template(name: str, install: str) -> str:
    text = files("ccstate.ci").joinpath("templates", name).read_text(encoding="utf-8")
    return text.replace("@INSTALL@\n", install)


def _github_install(source: Source) -> str:
    script = "".join(f"          {line}\n" for line in _SCRIPT.splitlines())
    return (
        "      - name: Install ccstate\n"
        "        env:\n"
        f"          CCSTATE_SOURCE: {source.address}\n"
        f"          CCSTATE_COMMIT: {source.commit}\n"
        "          FOLDER: ${{ runner.temp }}\n"
        "        run: |\n"
        f"{script}"
        '          echo "$FOLDER/ccstate/bin" >>"$GITHUB_PATH"\n'
    )


def _gitlab_install(source: Source) -> str:
    lines = [
        f"export FOLDER=/tmp CCSTATE_SOURCE={source.address} CCSTATE_COMMIT={source.commit}",
        *_SCRIPT.splitlines(),
        'export PATH="$FOLDER/ccstate/bin:$PATH"',
    ]
    return "    - |\n" + "".join(f"      {line}\n" for line in lines)
