"""The changes that came to the main line: each commit of HEAD's first parents, with the objects it changed.

A merge is one of them, with all that its branch brought: what a reviewer saw as one change.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ccstate.desired.settings import FILE
from ccstate.desired.yaml_values import read
from ccstate.history.changes import canonical
from ccstate.history.commits import File, Log, in_chunks
from ccstate.kinds import PLURALS
from ccstate.model import Address

Objects = Mapping[Address, Any]
"""Fields of objects, as one version of a file has them."""
_KEPT = 512
"""Versions of files that are kept while commits are walked: one's before is the next one's after."""


@dataclass(frozen=True, slots=True)
class MainCommit:
    """One commit of the main line that changed objects, or the project file.

    `changes` are the objects with what was done to each: `create`, `update`, `delete`. Not
    `is_readable` where a file was no valid YAML before or after.
    """

    sha: str
    at: datetime
    changes: tuple[tuple[Address, str], ...]
    changes_project_file: bool
    is_readable: bool


def main_commits(
    log: Log, folders: Sequence[str], since: datetime, until: datetime
) -> Iterator[MainCommit]:
    """List what came to the main line in a span of time, the newest first.

    Of several folders, an environment's beside the base, an object that either declares otherwise is
    changed.
    """
    with log.versions() as content:
        known: OrderedDict[str, Objects | None] = OrderedDict()

        def objects(blob: str) -> Objects | None:
            if not blob:
                return {}
            if blob not in known:
                known[blob] = _objects(content(blob))
            known.move_to_end(blob)
            return known[blob]

        dated = ((sha, _moment(date), files) for sha, date, files in log.on_main(*folders, FILE))
        for commits in in_chunks(each for each in dated if since <= each[1] < until):
            content.ahead((files for _, _, files in commits), known)
            for sha, at, files in commits:
                declared = [file for file in files if file.path != log.project_file]
                changes, is_readable = _compared_in(folders, log, declared, objects)
                with_project = len(declared) < len(files)
                if changes or with_project or not is_readable:
                    yield MainCommit(sha, at, changes, with_project, is_readable)
            while len(known) > _KEPT:
                known.popitem(last=False)


def _moment(date: str) -> datetime:
    try:
        return datetime.fromisoformat(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)


def _objects(content: bytes) -> Objects | None:
    """Read the objects of one version; None where it is no valid YAML."""
    document, problems = read(content, "")
    if problems or not isinstance(document, dict | None):
        return None
    found: dict[Address, Any] = {}
    for plural, named in (document or {}).items():
        if plural in PLURALS and isinstance(named, dict):
            kind = PLURALS[plural].name
            found |= {Address(kind, str(name)): fields for name, fields in named.items()}
    return found


def _compared_in(
    folders: Sequence[str], log: Log, files: list[File], objects: Callable[[str], Objects | None]
) -> tuple[tuple[tuple[Address, str], ...], bool]:
    """Compare the files of each folder with each other; what one changes of another's is an update."""
    if len(folders) == 1:
        return _compared(files, objects)
    found: dict[Address, str] = {}
    for folder in folders:
        below = log.inside(folder)
        changes, is_readable = _compared([f for f in files if is_below(f.path, below)], objects)
        if not is_readable:
            return (), False
        for address, action in changes:
            found[address] = action if folder == folders[0] else "update"
    return tuple(sorted(found.items())), True


def is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _compared(
    files: list[File], objects: Callable[[str], Objects | None]
) -> tuple[tuple[tuple[Address, str], ...], bool]:
    """Compare all files that a commit changed, together: an object may move from one to another."""
    before: dict[Address, Any] = {}
    after: dict[Address, Any] = {}
    for file in files:
        old = objects(file.before[0] if file.before else "")
        new = objects(file.after)
        if old is None or new is None:
            return (), False
        before |= old
        after |= new
    changes = []
    for address in sorted(before.keys() | after.keys()):
        if address not in before:
            changes.append((address, "create"))
        elif address not in after:
            changes.append((address, "delete"))
        elif not _is_same(address.kind, before[address], after[address]):
            changes.append((address, "update"))
    return tuple(changes), True


def _is_same(kind: str, one: Any, other: Any) -> bool:
    """Check whether both mean the same, whatever their layout."""
    if one == other:
        return True
    both = [fields if isinstance(fields, dict) else {} for fields in (one, other)]
    return canonical(kind, both[0]) == canonical(kind, both[1])
