"""Whether a plan is still of what is checked out: its commit in the history, its objects as declared."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ccstate.desired.documents import parse
from ccstate.desired.overlays import parse_overlay
from ccstate.desired.settings import FILE
from ccstate.desired.yaml_values import read
from ccstate.git import Blobs, GitFailed, GitMissing, repository
from ccstate.history.commits import ID, committed_files
from ccstate.model import Address, Fields, Json


def is_in_history(root: Path, commit: str) -> bool:
    """Check whether the commit is the one that is checked out, or an ancestor of it.

    So it is where that cannot be asked: there is no working copy, or no git on the machine.
    """
    try:
        found = repository(root)
        if found is None:
            return True
        is_id = ID.fullmatch(commit) is not None  # a plan file may say anything there
        return is_id and found.succeeds("merge-base", "--is-ancestor", commit, "HEAD")
    except GitMissing:
        return True
    except GitFailed:  # a commit that git does not have, or a repository that may not be used
        return False


def redeclared(
    root: Path, folders: Sequence[str], commit: str, addresses: Collection[Address]
) -> list[Address]:
    """List those objects that the commit declares otherwise than the one that is checked out.

    `folders` are that of the desired state and, where one is chosen, of an environment. A default of the project that changed counts for all objects of its kind, and a file that
    differs and cannot be read for all objects.
    """
    try:
        found = repository(root)
        if found is None:
            return []
        before = committed_files(found, root, folders, commit)
        after = committed_files(found, root, folders, "HEAD")
        differing = {path for path in {**before, **after} if before.get(path) != after.get(path)}
        project = found.inside(root / FILE)
        overlays = tuple(f"{found.inside(root / folder)}/" for folder in folders[1:])
        with found.blobs() as blobs:
            old, new = (
                _declared(blobs, project, overlays, {p: files[p] for p in differing if p in files})
                for files in (before, after)
            )
    except (GitFailed, _UnreadableFile):
        return sorted(addresses)
    return sorted(a for a in addresses if _words(old, a) != _words(new, a))


class _UnreadableFile(Exception):
    """A file of a commit that is no document."""


class _Declared(NamedTuple):
    """What some files of a commit say: objects, those that are released, and defaults by kind."""

    objects: Mapping[Address, Fields]
    changed: Mapping[Address, Fields | None]
    """What files of an environment say of an object, None where they remove it."""
    released: Collection[str]
    defaults: Mapping[str, Json]


def _declared(
    blobs: Blobs, project: str, overlays: tuple[str, ...], files: Mapping[str, str]
) -> _Declared:
    objects: dict[Address, Fields] = {}
    changed: dict[Address, Fields | None] = {}
    released: set[str] = set()
    defaults: dict[str, Json] = {}
    for path, blob in files.items():
        data = blobs.content(blob)
        if path == project:
            content, problems = read(data, path)
            said = content.get("defaults") if isinstance(content, dict) else None
            defaults = said if isinstance(said, dict) else {}
        elif path.startswith(overlays):
            overlay, problems, _ = parse_overlay(data, path)
            changed |= overlay.fields | dict.fromkeys(overlay.removed)
            released |= set(overlay.release)
        else:
            document, problems, _ = parse(data, path)
            objects |= {Address(kind, name): fields for kind, name, fields in document.resources}
            released |= set(document.release)
        if problems:
            raise _UnreadableFile
    return _Declared(objects, changed, released, defaults)


def _words(declared: _Declared, address: Address) -> tuple[object, ...]:
    return (
        declared.objects.get(address),
        declared.changed.get(address, {}),
        str(address) in declared.released,
        declared.defaults.get(address.kind),
    )
