"""The commits that touched a folder, streamed from git: one process, whatever the history's length."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ccstate.errors import Diagnostic, InvalidInput

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


class Repository:
    """What git says about a project's folder. Raises InvalidInput where it says nothing."""

    def __init__(self, root: Path) -> None:
        try:
            from git import Git, GitCommandError, GitCommandNotFound
        except ImportError:
            raise InvalidInput([_no_git()]) from None
        self._failed: tuple[type[Exception], ...] = (GitCommandError, GitCommandNotFound)
        self._missing = GitCommandNotFound
        self._git: Git = Git(str(root))
        self._readers: Any = None
        if self._asked("rev-parse", "--is-inside-work-tree") != "true":
            raise InvalidInput([_no_repository("the folder is no working tree")])
        self.cut_off = self._cut_off(root)

    def _asked(self, command: str, *arguments: str) -> str:
        try:
            return str(self._git.execute(["git", command, *arguments]))
        except self._failed as error:
            if isinstance(error, self._missing):
                raise InvalidInput([_no_git()]) from None
            said = str(getattr(error, "stderr", "") or error).strip()
            raise InvalidInput([_no_repository(said)]) from None

    def _cut_off(self, root: Path) -> frozenset[str]:
        """The commits at which a shallow clone begins."""
        path = root / self._asked("rev-parse", "--git-path", "shallow")
        return frozenset(path.read_text().split()) if path.is_file() else frozenset()

    def commits(self, folder: str) -> Iterator[Commit]:
        """Commits that changed YAML files below the folder, newest first; every branch's own.

        A merge counts only with files that differ from all its parents.
        """
        # --full-history: what was done on a branch and undone there belongs to the record.
        if not self._asked("rev-list", "--all", "--max-count=1"):
            raise InvalidInput([_no_repository("there is no commit yet")])
        command = [
            "git",
            "--literal-pathspecs",
            "log",
            "--full-history",
            "--topo-order",
            "-c",
            "--raw",
            "-z",
        ]
        command += ["--no-abbrev", "--no-renames", "--no-show-signature", "--format=%H"]
        process = self._git.execute([*command, "--", folder], as_process=True)
        try:
            yield from _commits(_words(process.stdout))
        finally:
            process.stdout.close()
            if process.proc:
                process.proc.terminate()
                process.proc.wait()

    def words(self, shas: Sequence[str]) -> dict[str, Words]:
        """What these commits say, by their ids."""
        if not shas:
            return {}
        form = "--format=%H%x00%aI%x00%aN <%aE>%x00%s%x00%B"
        said = self._asked("show", "-s", "-z", "--no-show-signature", form, *shas).split("\0")
        return {
            said[start].strip("\n"): Words(*said[start + 1 : start + 5])
            for start in range(0, len(said) - 4, 5)
        }

    def content(self, blob: str) -> bytes:
        """The bytes of a file's version."""
        _, _, _, data = self._git.get_object_data(blob)
        return bytes(data)

    def close(self) -> None:
        self._git.clear_cache()

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


def _no_git() -> Diagnostic:
    return Diagnostic(
        "CC703",
        "git cannot be started",
        cause="The history of the desired state is what git remembers.",
        hint="install git, and see that it is on the PATH",
    )


def _no_repository(said: str) -> Diagnostic:
    line = next(iter(said.removeprefix("stderr: ").strip("'\n ").splitlines()), "")
    return Diagnostic(
        "CC701",
        "there is no history: git does not know this folder",
        cause=f"git says: {line}" if line else "",
        hint="run this in the git repository that holds the desired state",
    )
