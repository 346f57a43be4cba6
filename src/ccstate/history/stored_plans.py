"""Where plans and their records are stored: the folder plans/, and the branch of records.

The branch is read by git's objects: nothing is checked out, and one process answers for all files.
Copies of one plan may stand in several places.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ccstate.apply.journal import JOURNAL
from ccstate.git import Blobs, GitFailed, Repository, repository
from ccstate.history.records import FILE as RECORD
from ccstate.history.records import newest
from ccstate.plan_file import FILE, FOLDER

BRANCH = "ccstate-record"
"""The branch on which applies of other machines leave their records."""
_REFS = (f"refs/heads/{BRANCH}", f"refs/remotes/origin/{BRANCH}")
MOST_BYTES = 256 << 20
"""Of one file that is read: a plan of 100,000 changes has a tenth of it."""
_TOGETHER, _AHEAD = 64, 8 << 20
"""Files, and bytes, that are read ahead."""


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """The folder of one plan in one place: `source` names it, `made` is a local file's time in seconds."""

    id: str
    source: str
    made: float
    _files: Mapping[str, str]
    _read: Callable[[str], bytes | None]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._files)

    def content(self, name: str) -> bytes | None:
        """Read a file of the folder; None where there is none that can be read."""
        return self._read(self._files[name]) if name in self._files else None


@dataclass(frozen=True, slots=True)
class Stored:
    """All plans by their ids, each in every place where it stands; plans/ before the branches."""

    plans: Mapping[str, list[StoredPlan]] = field(default_factory=dict)
    branches: tuple[str, ...] = ()
    """Branches of records that there are."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Where applies are recorded: the folder, where one of its plans was begun, and branches."""
        is_local = any(
            JOURNAL in copy.names for copies in self.plans.values() for copy in copies if copy.made
        )
        return (*((f"{FOLDER}/",) if is_local else ()), *self.branches)


@contextmanager
def stored_plans(root: Path) -> Iterator[Stored]:
    """List every plan that can be seen from here; its files can be read while the context lasts."""
    found: dict[str, list[StoredPlan]] = {}
    for plan in _local(root / FOLDER):
        found.setdefault(plan.id, []).append(plan)
    try:
        git = repository(root)
        branches = record_branches(git) if git else {}
    except GitFailed:
        git, branches = None, {}
    if git is None or not branches:
        yield Stored(found)
        return
    with git.blobs() as blobs:
        for name, commit in branches.items():
            for plan in _on_branch(git, blobs, name, commit, git.inside(root / FOLDER)):
                found.setdefault(plan.id, []).append(plan)
        yield Stored(found, tuple(branches))


def _local(folder: Path) -> Iterator[StoredPlan]:
    """List the plans of a folder; one with a link in it is passed over: that may lead to what has no end."""
    try:
        with os.scandir(folder) as entries:
            folders = sorted((e.name, e.path) for e in entries if e.is_dir(follow_symlinks=False))
    except OSError:
        return
    if folder.is_symlink():
        return
    for name, path in folders:
        try:
            with os.scandir(path) as entries:
                found = list(entries)
            if any(entry.is_symlink() for entry in found):
                continue  # without the file behind it, the rest would say something else
            files = {e.name: e.path for e in found if e.is_file(follow_symlinks=False)}
            made = os.stat(files[FILE], follow_symlinks=False).st_mtime  # noqa: PTH116 - of a scan
        except (OSError, KeyError):
            continue
        yield StoredPlan(name, f"{FOLDER}/", made, files, _read_file)


def _read_file(path: str) -> bytes | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    return content if len(content) <= MOST_BYTES else None


def record_branches(git: Repository) -> dict[str, str]:
    """Find the branches of records: their commits, by name; two that are the same count once."""
    form = "--format=%(objectname) %(refname)"
    lines = git.output("for-each-ref", form, *_REFS).decode(errors="replace").splitlines()
    found: dict[str, str] = {}
    for commit, _, name in (line.partition(" ") for line in lines):
        if name in _REFS and commit not in found.values():
            found[name.removeprefix("refs/heads/").removeprefix("refs/remotes/")] = commit
    return found


def _on_branch(
    git: Repository, blobs: Blobs, branch: str, commit: str, below: str
) -> Iterator[StoredPlan]:
    listed = git.output("ls-tree", "-r", "-z", "--long", commit, "--", below)
    folders: dict[str, dict[str, str]] = {}
    reader = _Reader(blobs)
    for entry in listed.decode(errors="replace").split("\0"):
        about, _, path = entry.partition("\t")
        plan_id, _, name = path.removeprefix(f"{below}/").partition("/")
        if about.startswith("100") and name and "/" not in name:
            _, _, blob, size = about.split()
            folders.setdefault(plan_id, {})[name] = blob
            reader.add(name, blob, int(size))
    for plan_id, files in folders.items():
        if FILE in files:
            yield StoredPlan(plan_id, branch, 0, files, reader.read)


@dataclass(slots=True)
class _Reader:
    """Files of a branch; with one come the next of its name, for plans are read one after the other."""

    blobs: Blobs
    _names: dict[str, str] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _files: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By name: each file's id and size, in the order of the plans."""
    _ahead: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def add(self, name: str, blob: str, size: int) -> None:
        files = self._files.setdefault(name, [])
        self._names[blob] = name
        self._places[blob] = len(files)
        files.append((blob, size))

    def read(self, blob: str) -> bytes | None:
        """Read a file; None where it is too large, or git does not have it."""
        name = self._names[blob]
        if blob not in self._ahead.get(name, {}):
            try:
                self._read_ahead(name, self._places[blob])
            except GitFailed:
                return None
        return self._ahead[name].get(blob)

    def _read_ahead(self, name: str, place: int) -> None:
        wanted: list[str] = []
        left = _AHEAD
        for blob, size in self._files[name][place : place + _TOGETHER]:
            left -= size
            if wanted and left < 0:
                break
            if size <= MOST_BYTES:
                wanted.append(blob)
        self._ahead[name] = dict(zip(wanted, self.blobs.contents(wanted), strict=True))


def newest_records(root: Path, *, besides: str = "") -> dict[str, str]:
    """Find the records that no other names, of all that can be seen: their digests, by plan."""
    with stored_plans(root) as stored:
        known = (
            (plan.id, content)
            for copies in stored.plans.values()
            for plan in copies
            if plan.id != besides and (content := plan.content(RECORD))
        )
        return newest(known)
