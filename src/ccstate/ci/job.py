"""The job in which a command runs: which change it is about, who started it, where it writes.

Variables of the build server are read here and in `forge` only. A branch sets none of them; the texts
in them (titles, logins) are those of strangers all the same, and are shown as text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from ccstate import codes
from ccstate.errors import InvalidInput, Span
from ccstate.git import GitFailed, Remote

LARGEST_EVENT = 32 * 1024 * 1024
"""Bytes; GitHub's own limit is 25 MB (docs.github.com, "Webhook events and payloads")."""
MOST_SUMMARY = 1_000_000
"""Bytes; GitHub takes 1 MiB a step (docs.github.com, "Workflow commands", step summaries)."""
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/\[\]@%+-]+")


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a run; each is "" or 0 where it is not, as on a laptop."""

    change: int = 0
    """Number of the change request that the run is about."""
    head: str = ""
    """Last commit of what is proposed."""
    base: str = ""
    """Commit of the branch that it is proposed for."""
    title: str = ""
    author: str = ""
    is_fork: bool = False
    """Whether the change comes from another repository, so that the run has no secrets."""
    actor: str = ""
    """Login of who started the run."""
    address: str = ""
    """URL of the run."""
    summary: Path | None = None
    """File whose Markdown the host shows beside the run."""
    outputs: Path | None = None
    """File of values for later steps."""

    def write_summary(self, text: str) -> None:
        """Show Markdown beside the run, as much as a host takes."""
        if self.summary is None:
            return
        room = max(MOST_SUMMARY - (self.summary.stat().st_size if self.summary.exists() else 0), 0)
        data = f"{text.rstrip()}\n\n".encode()
        with self.summary.open("ab") as file:
            file.write(data if len(data) <= room else b"")

    def write_outputs(self, **values: str) -> None:
        """Hand values to later steps; they are words and digests of ours, a line each."""
        if self.outputs is None:
            return
        if wrong := [value for value in values.values() if not re.fullmatch(r"[\w.-]*", value)]:
            raise ValueError(f"{wrong[0]!r} is no value for a step")
        with self.outputs.open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())


def job_here(environment: Mapping[str, str]) -> Job:
    """Read the job from the variables that its build server sets; an empty one where there is none.

    GitHub, and Gitea and Forgejo, whose runners set the same: docs.github.com, "Default environment
    variables". GitLab: docs.gitlab.com, "Predefined CI/CD variables".
    """
    if environment.get("GITHUB_ACTIONS") == "true":
        return _github(environment)
    if environment.get("GITLAB_CI") == "true":
        return _gitlab(environment)
    return Job()


def remote_here(environment: Mapping[str, str], address: str = "") -> Remote | None:
    """Return the repository that records are pushed to: the given one, or that of the run.

    None on a laptop. The token goes to the repository of the run alone, never to a given address.
    """
    server, project = environment.get("GITHUB_SERVER_URL", ""), ""
    user, token = "x-access-token", environment.get("GITHUB_TOKEN", "")
    if environment.get("GITHUB_ACTIONS") == "true":
        project = f"{server}/{environment.get('GITHUB_REPOSITORY', '')}"
    elif environment.get("GITLAB_CI") == "true":
        # docs.gitlab.com 17, "Project access tokens": any name, and the token as password.
        project = environment.get("CI_PROJECT_URL", "")
        user, token = "ccstate", environment.get("GITLAB_TOKEN", "")
    try:
        if address:
            return Remote(address)
        return Remote(f"{project}.git", user, token) if project else None
    except GitFailed:
        raise InvalidInput(codes.REMOTE_UNUSABLE(address=address or project)) from None


def _github(environment: Mapping[str, str]) -> Job:
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    server = environment.get("GITHUB_SERVER_URL", "")
    repository = environment.get("GITHUB_REPOSITORY", "")
    run = environment.get("GITHUB_RUN_ID", "")
    job = Job(
        head=_commit(environment.get("GITHUB_SHA", "")),
        base=_before(event.get("before")),
        actor=environment.get("GITHUB_TRIGGERING_ACTOR") or environment.get("GITHUB_ACTOR", ""),
        address=_address(f"{server}/{repository}/actions/runs/{run}") if run else "",
        summary=_path(environment.get("GITHUB_STEP_SUMMARY", "")),
        outputs=_path(environment.get("GITHUB_OUTPUT", "")),
    )
    pull = event.get("pull_request")
    if not isinstance(pull, dict):
        return job
    head, base = _inner(pull, "head"), _inner(pull, "base")
    return replace(
        job,
        change=pull["number"] if isinstance(pull.get("number"), int) else 0,
        head=_commit(head.get("sha")),
        base=_commit(base.get("sha")),
        title=_text(pull.get("title")),
        author=_text(_inner(pull, "user").get("login")),
        # A fork that was deleted since has no repository.
        is_fork=_inner(head, "repo").get("full_name") != _inner(base, "repo").get("full_name"),
    )


def _gitlab(environment: Mapping[str, str]) -> Job:
    number = environment.get("CI_MERGE_REQUEST_IID", "")
    proposed = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "")
    source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
    return Job(
        change=int(number) if number.isascii() and number.isdigit() else 0,
        head=_commit(proposed) or _commit(environment.get("CI_COMMIT_SHA", "")),
        base=_commit(environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""))
        or _before(environment.get("CI_COMMIT_BEFORE_SHA")),
        title=environment.get("CI_MERGE_REQUEST_TITLE", ""),
        is_fork=bool(number) and source != environment.get("CI_MERGE_REQUEST_PROJECT_ID", ""),
        actor=environment.get("GITLAB_USER_LOGIN", ""),
        address=_address(environment.get("CI_JOB_URL", "")),
        outputs=_path(environment.get("CCSTATE_OUTPUTS", "")),
    )


def _event(path: str) -> Mapping[str, Any]:
    """Read the event that started a run. Raises InvalidInput where it cannot be read."""
    if not path:
        return {}
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST_EVENT:
            raise InvalidInput(codes.EVENT_UNREADABLE(Span(path), file=path, why="is too large"))
        found = orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not JSON"
        raise InvalidInput(codes.EVENT_UNREADABLE(Span(path), file=path, why=reason)) from None
    return found if isinstance(found, dict) else {}


def _inner(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _commit(value: object) -> str:
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else ""


def _before(value: object) -> str:
    """Return the commit that a branch was at before a push; "" where it is new: only zeros then."""
    found = _commit(value)
    return found if found.strip("0") else ""


def _address(value: str) -> str:
    """Return the URL, where nothing in it could end a link in Markdown."""
    return value if _ADDRESS.fullmatch(value) else ""


def _path(value: str) -> Path | None:
    return Path(value) if value else None
