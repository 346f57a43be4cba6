"""The commit before a change, and what files were in it: a change does not judge itself."""

import re
from dataclasses import dataclass
from pathlib import Path

from ccstate.desired.yaml_values import MAX_BYTES
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.git import GitFailed, Repository, repository
from ccstate.policy import codes

_ID = re.compile(b"[0-9a-f]{40}|[0-9a-f]{64}")
_UPSTREAM = "refs/remotes/origin/HEAD"


@dataclass(frozen=True, slots=True)
class Base:
    """The commit before a change: "" where there is none, as before the first commit.

    `missing` says why it is not known, "" where it is.
    """

    commit: str = ""
    missing: str = ""
    is_versioned: bool = True
    """Whether there is a commit at all: without one there is no change to speak of."""


def base_of(root: Path, given: str = "", tip: str = "HEAD") -> Base:
    """Find the commit before the change that ends in a tip, or is checked out.

    The given one; else, on a branch, where it left the upstream's main branch (origin/HEAD); else
    the first parent of the tip. Raises InvalidInput where git has no commit of the given name.
    """
    try:
        found = repository(root)
        if found is None:
            return _unversioned(given)
        head = _commit(found, tip)
        if not head:
            return _unversioned(given)
        if given:
            commit = _commit(found, given)
            if not commit:
                raise InvalidInput(_unknown(f"git has no commit {given}"))
            return Base(commit)
        upstream = _commit(found, _UPSTREAM)
        if upstream and not found.succeeds("merge-base", "--is-ancestor", head, upstream):
            left = found.output("merge-base", head, upstream).decode().split()
            if left:
                return Base(left[0])
        return _first_parent(found, head)
    except GitFailed as failed:
        return Base(missing=f"git says: {failed}" if str(failed) else "git cannot be asked")


def refuse_missing(base: Base) -> None:
    """Raise InvalidInput where the commit before the change is not known."""
    if base.missing:
        raise InvalidInput(_unknown(base.missing))


def _unknown(reason: str) -> Diagnostic:
    hint = "fetch it: `git fetch --deepen 1`; on a runner check out with the whole history"
    return codes.POLICY_UNKNOWN(reason=reason, hint=hint)


def _unversioned(given: str) -> Base:
    if given:
        raise InvalidInput(_unknown("there is no commit here"))
    return Base(is_versioned=False)


def _first_parent(found: Repository, head: str) -> Base:
    """Find the first parent by the commit itself: a shallow clone says that there is none."""
    parents = parents_of(found, head)
    if not parents:
        return Base()
    parent = _commit(found, parents[0])
    if not parent:
        return Base(missing=f"this clone lacks {parents[0][:12]}, the commit before {head[:12]}")
    return Base(parent)


def parents_of(found: Repository, commit: str) -> list[str]:
    """List the parents that a commit names, whether the clone has them or not."""
    head, _, _ = found.output("cat-file", "commit", commit).partition(b"\n\n")
    return [
        line.removeprefix(b"parent ").decode()
        for line in head.split(b"\n")
        if line.startswith(b"parent ") and _ID.fullmatch(line[7:])
    ]


def _commit(found: Repository, name: str) -> str:
    """Find the id of the commit of a name; "" where there is none."""
    if name.startswith("-"):
        return ""
    question = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    try:
        return found.output(*question).decode().strip()
    except GitFailed:
        return ""


def file_in(root: Path, commit: str, path: Path) -> bytes | None:
    """Read a file as it is in a commit; None where the commit has none there.

    Raises GitFailed where git does not answer, or what is there is a link, no file, or too large.
    """
    found = repository(root)
    if found is None:
        return None
    listed = found.output("ls-tree", "-l", "-z", commit, "--", found.inside(path)).decode()
    about, _, _ = listed.partition("\t")
    if not about:
        return None
    mode, _, blob, size = about.split()
    if not mode.startswith("100"):
        raise GitFailed(f"{path.name} is no file there")
    if not size.isdigit():  # git 2.39 writes BAD for an object that it does not have
        raise GitFailed(f"{path.name} is missing in this repository")
    if int(size) > MAX_BYTES:
        raise GitFailed(f"{path.name} is too large there")
    return found.output("cat-file", "blob", blob)
