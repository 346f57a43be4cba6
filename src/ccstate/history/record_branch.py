"""The history of the branch of records, which only adds: commits that changed or removed something there."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ccstate.apply.journal import JOURNAL
from ccstate.git import Blobs, GitFailed, Repository, repository
from ccstate.history.stored_plans import record_branches
from ccstate.plan_file import FOLDER


class Rewritten(NamedTuple):
    """A file on a branch of records that a commit changed, or removed."""

    branch: str
    commit: str
    did: str
    path: str


def rewritten(root: Path) -> list[Rewritten]:
    """List what commits on the branches of records changed or removed; a journal may be gone on with."""
    try:
        git = repository(root)
        branches = record_branches(git) if git else {}
        if git is None or not branches:
            return []
        with git.blobs() as blobs:
            return [
                Rewritten(branch, *found)
                for branch, commit in branches.items()
                for found in _changes(git, blobs, commit, git.inside(root / FOLDER))
            ]
    except GitFailed:
        return []


def _changes(
    git: Repository, blobs: Blobs, commit: str, below: str
) -> Iterator[tuple[str, str, str]]:
    command = ["log", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=MDT", "-c"]
    command += ["--no-ext-diff", "--no-textconv", "--no-show-signature", "--format=%H", commit]
    words = iter(git.output(*command, "--", below).decode(errors="replace").split("\0"))
    sha = ""
    for word in words:
        entry = word.lstrip("\n")
        if not entry.startswith(":"):
            sha = entry or sha
            continue
        path = next(words, "")
        count = len(entry) - len(entry.lstrip(":"))
        parts = entry.split()
        ids = parts[count + 1 : 2 * count + 2]
        is_gone = set(ids[-1]) == {"0"}
        went_on = path.endswith(f"/{JOURNAL}") and not is_gone and _goes_on(blobs, ids)
        if not went_on:
            yield sha, "removed" if is_gone else "changed", path


def _goes_on(blobs: Blobs, ids: list[str]) -> bool:
    """Check whether a journal is as it was, with more lines: an apply was resumed."""
    *before, after = (blobs.content(blob) for blob in ids)
    return all(after.startswith(each) for each in before)
