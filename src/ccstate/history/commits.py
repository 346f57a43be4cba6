"""What git says of a project: the commits that touched a folder, the one that is checked out.

The history is streamed from one process, whatever its length.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import new as new_hash
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ccstate import codes
from ccstate.desired.settings import FILE
from ccstate.desired.tree import content_of, yaml_files
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.git import Blobs, GitFailed, GitMissing, Repository, repository

_DATED = re.compile("([0-9a-f]{40}|[0-9a-f]{64}) ([0-9T:+Z-]{10,40})")
_WHOLE = 40
"""Characters of the shortest id that is whole."""
_FIRST_CHUNK, _LARGEST_CHUNK = 8, 64
"""Commits whose files are read together."""
T = TypeVar("T")
_AT_ONCE = 500
"""Commits that one process of git is asked for."""
_YAML = (".yaml", ".yml")
_NULL = re.compile("0+")
ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class File:
    """One changed file: the blob in each parent, and afterwards; "" where there is none."""

    before: tuple[str, ...]
    after: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    files: tuple[File, ...]


class CommitText(NamedTuple):
    """What a commit says about itself; `date` is ISO 8601, `author` is "name <email>"."""

    date: str
    author: str
    subject: str
    message: str


class Log:
    """What git says about a project's folder. Raises InvalidInput where it says nothing."""

    def __init__(self, root: Path) -> None:
        try:
            found = repository(root)
        except GitFailed as failed:
            raise InvalidInput(_no_repository(str(failed))) from None
        if found is None:
            raise InvalidInput(_no_repository("the folder is in no working copy"))
        self._git = found
        self._root = root
        path = found.top / self._run_git("rev-parse", "--git-path", "shallow").strip()
        self.cut_off = frozenset(path.read_text().split()) if path.is_file() else frozenset()
        """The commits at which a shallow clone begins."""

    def _run_git(self, *arguments: str) -> str:
        with _git_errors():
            return self._git.output(*arguments).decode(errors="replace")

    def commits(self, folder: str) -> Iterator[Commit]:
        """List commits that changed YAML files below the folder, newest first; every branch's own.

        A merge counts only with files that differ from all its parents.
        """
        # --full-history: what was done on a branch and undone there belongs to the record.
        if not self._run_git("rev-list", "--all", "--max-count=1"):
            raise InvalidInput(_no_repository("there is no commit yet"))
        command = ["log", "--full-history", "--topo-order", "-c", "--raw", "-z", "--no-abbrev"]
        command += ["--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature"]
        path = self._git.inside(self._root / folder)
        with _git_errors(), self._git.stream(*command, "--format=%H", "--", path) as stream:
            yield from _commits(_words(stream))

    def words(self, shas: Sequence[str]) -> dict[str, CommitText]:
        """Read what these commits say, by their ids."""
        # As the commit has them: %aN and %aE obey a file .mailmap, by which a branch renames authors.
        form = "--format=%H%x00%aI%x00%an <%ae>%x00%s%x00%B"
        found: dict[str, CommitText] = {}
        for first in range(0, len(shas), _AT_ONCE):
            asked = shas[first : first + _AT_ONCE]
            said = self._run_git("show", "-s", "-z", "--no-show-signature", form, *asked).split(
                "\0"
            )
            found |= {
                said[start].strip("\n"): CommitText(*said[start + 1 : start + 5])
                for start in range(0, len(said) - 4, 5)
            }
        return found

    def head(self, folder: str) -> list[str]:
        """List the versions of the YAML files below the folder that HEAD has."""
        with _git_errors():
            return list(committed_files(self._git, self._root, [folder], "HEAD").values())

    def on_main(self, *paths: str) -> Iterator[tuple[str, str, tuple[File, ...]]]:
        """List the commits of HEAD's first parents that changed YAML files at these paths, newest first.

        Each with the date on which it came there, ISO 8601, and the files as they differ from its
        first parent: of a merge, all that it brought in.
        """
        command = [
            "log",
            "--first-parent",
            "--diff-merges=first-parent",
            "--topo-order",
            "--raw",
            "-z",
        ]
        command += ["--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv"]
        command += ["--no-show-signature", "--format=%H %cI", "--"]
        command += [self._git.inside(self._root / path) for path in paths]
        with _git_errors(), self._git.stream(*command) as stream:
            commit: tuple[str, str] = ("", "")
            files: list[File] = []
            words = _words(stream)
            for word in words:
                if word.startswith(":"):
                    path = next(words, "")
                    if path.endswith(_YAML):
                        files.append(_file(word, path))
                elif match := _DATED.fullmatch(word):
                    if files:
                        yield (*commit, tuple(files))
                    commit, files = (match[1], match[2]), []
            if files:
                yield (*commit, tuple(files))

    @cached_property
    def project_file(self) -> str:
        """The path of the project file, as files of commits have it."""
        return self.inside(FILE)

    def inside(self, name: str) -> str:
        """Return the path of a file or folder of the project as files of commits have it."""
        return self._git.inside(self._root / name)

    @contextmanager
    def versions(self) -> Iterator["Versions"]:
        """Open a reader of the bytes of file versions."""
        with _git_errors(), self._git.blobs() as blobs:
            yield Versions(blobs)

    def mainline(self) -> "Mainline":
        """Read the commits of HEAD's first parents, and what each merge among them brought in."""
        parents: dict[str, list[str]] = {}
        for line in self._run_git("rev-list", "--parents", "--topo-order", "HEAD").splitlines():
            sha, *parents[sha] = line.split()
        main: list[str] = []
        sha = next(iter(parents), "")
        while sha in parents:
            main.append(sha)
            sha = next(iter(parents[sha]), "")
        places = {sha: place for place, sha in enumerate(main)}
        merges: dict[str, str] = {}
        for merge in reversed(main):
            waiting = parents[merge][1:]
            while waiting:
                sha = waiting.pop()
                if sha not in places and sha not in merges:
                    merges[sha] = merge
                    waiting += parents.get(sha, [])
        return Mainline(tuple(main), places, merges)


@dataclass(slots=True)
class Versions:
    """The bytes of file versions, by their ids; of many, those of some commits are asked for together."""

    _blobs: Blobs
    _ahead: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, blob: str) -> bytes:
        return self._ahead[blob] if blob in self._ahead else self._blobs.content(blob)

    def ahead(self, files: Iterable[Iterable[File]], known: Container[str]) -> None:
        """Read the versions of these commits' files that are not known yet, and forget earlier ones."""
        ids = (blob for each in files for file in each for blob in (*file.before, file.after))
        wanted = [blob for blob in dict.fromkeys(ids) if blob and blob not in known]
        self._ahead = dict(zip(wanted, self._blobs.contents(wanted), strict=True))


def in_chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Divide into lists, small ones first, for a reader who may stop early."""
    remaining, size = iter(items), _FIRST_CHUNK
    while chunk := list(islice(remaining, size)):
        yield chunk
        size = min(2 * size, _LARGEST_CHUNK)


@dataclass(frozen=True, slots=True)
class Mainline:
    """The commits that HEAD went through, the newest first: those of main, each merge as one."""

    commits: tuple[str, ...]
    places: Mapping[str, int]
    """Of each of them: 0 for HEAD."""
    merges: Mapping[str, str]
    """For every commit that a merge brought in, that merge."""

    def place(self, sha: str) -> int | None:
        """Find where a commit came to the main line; its id may be shortened; None where it did not."""
        found = self.places.get(self.merges.get(sha, sha))
        if found is None and sha and len(sha) < _WHOLE:
            found = next((place for c, place in self.places.items() if c.startswith(sha)), None)
        return found


@contextmanager
def _git_errors() -> Iterator[None]:
    """Raises InvalidInput that says why git does not answer."""
    try:
        yield
    except GitMissing:
        raise InvalidInput(codes.GIT_MISSING()) from None
    except GitFailed as failed:
        raise InvalidInput(_no_repository(str(failed))) from None


def _words(stream: Any) -> Iterator[str]:
    """Split a stream at its NUL bytes."""
    waiting = b""
    while chunk := stream.read(65_536):
        *whole, waiting = (waiting + chunk).split(b"\0")
        yield from (part.decode(errors="replace").lstrip("\n") for part in whole)
    yield waiting.decode(errors="replace").lstrip("\n")


def _commits(words: Iterator[str]) -> Iterator[Commit]:
    sha = ""
    files: list[File] = []
    for word in words:
        if word.startswith(":"):
            path = next(words, "")  # whatever it is called
            if path.endswith(_YAML):
                files.append(_file(word, path))
        elif ID.fullmatch(word):
            if files:
                yield Commit(sha, tuple(files))
            sha, files = word, []
    if files:
        yield Commit(sha, tuple(files))


def _file(entry: str, path: str) -> File:
    """From `:100644 100644 ID ID M`; a merge has one colon, mode and id a parent."""
    count = len(entry) - len(entry.lstrip(":"))
    ids = entry.split()[count + 1 : 2 * count + 2]
    *before, after = ("" if _NULL.fullmatch(blob) else blob for blob in ids)
    return File(tuple(before), after, path)


def _no_repository(said: str) -> Diagnostic:
    line = next(iter(said.strip().splitlines()), "")
    return codes.NO_HISTORY(cause=f"git says: {line}" if line else "")


def head_commit(root: Path, *folders: str) -> str:
    """Find the commit that is checked out, with `+` behind it where what is read differs from it.

    What is read: the YAML files of the folders, and the project file. "" where there is no commit,
    or no git.
    """
    try:
        found = repository(root)
        if found is None:
            return ""
        commit = found.output("rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
        # Whether a file differs is worked out here: `git status` runs filters, trusts marks in the
        # index, and passes over files that an ignore file names, which are read all the same.
        return commit if _is_as_committed(found, root, folders, commit) else f"{commit}+"
    except GitFailed:
        return ""


def _is_as_committed(found: Repository, root: Path, folders: Sequence[str], commit: str) -> bool:
    committed = committed_files(found, root, folders, commit)
    read = [(FILE, root / FILE)]
    try:
        # An environment that changes nothing has no folder; what git has in one is found below.
        for folder in filter(lambda name: (root / name).is_dir(), folders):
            for entry in yaml_files(root / folder, root):
                if isinstance(entry, Diagnostic):
                    return False
                read.append(entry)
    except InvalidInput:
        return False
    for name, path in read:
        blob = committed.pop(found.inside(path), "")
        if not blob and not path.exists():
            continue  # no project file, neither here nor there
        data = content_of(path, name)
        if isinstance(data, Diagnostic) or not _is_version(data, blob):
            return False
    return not any(path.endswith((".yaml", ".yml")) for path in committed)


def committed_files(
    found: Repository, root: Path, folders: Sequence[str], commit: str
) -> dict[str, str]:
    """List the ids of the committed files, by their paths from the top; hidden ones are not read."""
    below = [found.inside(root / folder) for folder in folders]
    listed = found.output("ls-tree", "-r", "-z", commit, "--", *below, found.inside(root / FILE))
    files: dict[str, str] = {}
    for entry in listed.decode(errors="surrogateescape").split("\0"):
        about, _, path = entry.partition("\t")
        top = next((each for each in below if path.startswith(f"{each}/")), "")
        inner = path.removeprefix(f"{top}/")
        if path and not any(part.startswith(".") for part in inner.split("/")):
            files[path] = about.split()[2]
    return files


def _is_version(data: bytes, blob: str) -> bool:
    """Check whether the bytes are that version of a file, with either line ending."""
    return blob in {_blob(data, len(blob)), _blob(data.replace(b"\r\n", b"\n"), len(blob))}


def _blob(data: bytes, length: int) -> str:
    """Compute the id that git gives to the bytes. Source: gitformat-pack(5), object ids."""
    digest = new_hash("sha256" if length == 64 else "sha1", usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


def same_desired_state(root: Path, one: str, other: str, *folders: str) -> bool:
    """Check whether two commits hold the same desired state and project file.

    False where that cannot be known: a commit that git does not have, or with changes (`+`).
    """
    if not (ID.fullmatch(one) and ID.fullmatch(other)):
        return False
    try:
        found = repository(root)
        return found is not None and committed_files(found, root, folders, one) == committed_files(
            found, root, folders, other
        )
    except GitFailed:
        return False


def would_be_committed(path: Path) -> bool:
    """Check whether git has the folder and does not ignore the file; not so where there is no git."""
    try:
        found = repository(path.resolve().parent)
        return found is not None and not found.ignores(path)
    except GitFailed:
        return False
