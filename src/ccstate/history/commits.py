"""The commits that touched a folder, streamed from git: one process, whatever the history's length."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.git import GitFailed, GitMissing, repository

_YAML = (".yaml", ".yml")
_NULL = re.compile("0+")
_ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class File:
    """One changed file: the blob in each parent, and afterwards; "" where there is none."""

    before: tuple[str, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    files: tuple[File, ...]


class Words(NamedTuple):
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
            raise InvalidInput([_no_repository(str(failed))]) from None
        if found is None:
            raise InvalidInput([_no_repository("the folder is in no working copy")])
        self._git = found
        self._root = root
        path = found.top / self._asked("rev-parse", "--git-path", "shallow").strip()
        self.cut_off = frozenset(path.read_text().split()) if path.is_file() else frozenset()
        """The commits at which a shallow clone begins."""

    def _asked(self, *arguments: str) -> str:
        with _told():
            return self._git.asked(*arguments).decode(errors="replace")

    def commits(self, folder: str) -> Iterator[Commit]:
        """Commits that changed YAML files below the folder, newest first; every branch's own.

        A merge counts only with files that differ from all its parents.
        """
        # --full-history: what was done on a branch and undone there belongs to the record.
        if not self._asked("rev-list", "--all", "--max-count=1"):
            raise InvalidInput([_no_repository("there is no commit yet")])
        command = ["log", "--full-history", "--topo-order", "-c", "--raw", "-z", "--no-abbrev"]
        command += ["--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature"]
        path = self._git.inside(self._root / folder)
        with _told(), self._git.streamed(*command, "--format=%H", "--", path) as stream:
            yield from _commits(_words(stream))

    def words(self, shas: Sequence[str]) -> dict[str, Words]:
        """What these commits say, by their ids."""
        if not shas:
            return {}
        # As the commit has them: %aN and %aE obey a file .mailmap, by which a branch renames anybody.
        form = "--format=%H%x00%aI%x00%an <%ae>%x00%s%x00%B"
        said = self._asked("show", "-s", "-z", "--no-show-signature", form, *shas).split("\0")
        return {
            said[start].strip("\n"): Words(*said[start + 1 : start + 5])
            for start in range(0, len(said) - 4, 5)
        }

    @contextmanager
    def versions(self) -> Iterator[Callable[[str], bytes]]:
        """A reader of the bytes of file versions."""
        with _told(), self._git.blobs() as blobs:
            yield blobs.content

    def merges(self) -> dict[str, str]:
        """For every commit that a merge brought in, that merge."""
        parents: dict[str, list[str]] = {}
        for line in self._asked("rev-list", "--parents", "--topo-order", "HEAD").splitlines():
            sha, *parents[sha] = line.split()
        main: list[str] = []
        sha = next(iter(parents), "")
        while sha in parents:
            main.append(sha)
            sha = next(iter(parents[sha]), "")
        seen = set(main)
        found: dict[str, str] = {}
        for merge in reversed(main):
            waiting = parents[merge][1:]
            while waiting:
                sha = waiting.pop()
                if sha not in seen:
                    seen.add(sha)
                    found[sha] = merge
                    waiting += parents.get(sha, [])
        return found


@contextmanager
def _told() -> Iterator[None]:
    """Tells why git does not answer."""
    try:
        yield
    except GitMissing:
        raise InvalidInput([codes.GIT_MISSING()]) from None
    except GitFailed as failed:
        raise InvalidInput([_no_repository(str(failed))]) from None


def _words(stream: Any) -> Iterator[str]:
    """What stands between the NUL bytes of a stream."""
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
                files.append(_file(word))
        elif _ID.fullmatch(word):
            if files:
                yield Commit(sha, tuple(files))
            sha, files = word, []
    if files:
        yield Commit(sha, tuple(files))


def _file(entry: str) -> File:
    """From `:100644 100644 ID ID M`; a merge has one colon, mode and id a parent."""
    count = len(entry) - len(entry.lstrip(":"))
    ids = entry.split()[count + 1 : 2 * count + 2]
    *before, after = ("" if _NULL.fullmatch(blob) else blob for blob in ids)
    return File(tuple(before), after)


def _no_repository(said: str) -> Diagnostic:
    line = next(iter(said.strip().splitlines()), "")
    return codes.NO_HISTORY(cause=f"git says: {line}" if line else "")
