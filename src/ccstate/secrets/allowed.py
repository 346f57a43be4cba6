"""What references may reach, as the environment says: variables, files of the project, folders.

A branch may write any reference, so all of this is said outside of the branch.
Why: docs/adr/0018-what-a-branch-can-contain-is-not-trusted.md.
"""

import os
import re
import stat
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from ccstate import codes
from ccstate.checkout import Linked, open_below
from ccstate.errors import InvalidInput, Unreadable
from ccstate.git import GitFailed, repository

LARGEST = 64 * 1024
"""Bytes; `file:` of a disk image means another file."""

PREFIX = "CCSTATE_SECRET_"
NAMES = "CCSTATE_SECRET_NAMES"
"""Variable with patterns of further variables, between blanks: `SIP_* PIN_*`."""
FILES = "CCSTATE_SECRET_FILES"
"""Variable with further folders, absolute, between colons: `/run/secrets`."""
BUNDLE = "CCSTATE_SECRET_BUNDLE"
"""Variable with the place of the bundle: a file, a folder, or a URL of OpenBao."""
AGE_KEY, AGE_KEY_FILE = "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"
TOKENS = ("BAO_TOKEN", "VAULT_TOKEN")
TOKEN_FILES = ("BAO_TOKEN_PATH", "VAULT_TOKEN_PATH")

_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]+[A-Za-z0-9_*?]*|[A-Za-z_]")
"""Two characters that are meant at least: `*` and `S*` would hand the whole job to a branch."""
_NO_SECRETS = ("/proc", "/sys", "/dev")
_IN_MEMORY = "/dev/shm"  # noqa: S108 - ordinary files, in memory: shm_overview(7)
_OWN = (".git", ".ccstate")
_OWN_VARIABLES = frozenset({NAMES, FILES, BUNDLE, AGE_KEY, AGE_KEY_FILE, *TOKENS, *TOKEN_FILES})
_OWN_FILES = (BUNDLE, AGE_KEY_FILE, *TOKEN_FILES)
"""Variables that name a file which is, or opens, the bundle as a whole."""

NOT_ALLOWED = "is not among the variables that a reference may name"
OUTSIDE = "lies outside of the project"
LINKED = "leads through a link"
IN_GIT = "is in git"
OF_GIT = "belongs to git or to ccstate"
OPENS_ALL = "is, or opens, the bundle of all secrets"
MAYBE_IN_GIT = "may be a file in git"
NO_FILE = "is no file"
MISSING = "does not exist"
CLOSED = "cannot be read"
LARGE = f"holds more than {LARGEST // 1024} KB"
NO_TEXT = "is not UTF-8 text"


class BundleUnusable(Unreadable):
    """The bundle that was named gives none of its secrets."""


class Unresolvable(Exception):
    """One reference that leads to no secret; the text is the cause."""


@dataclass(frozen=True)
class Allowed:
    """What references may reach, as the environment says, and the project's `folder`."""

    folder: Path
    patterns: tuple[str, ...]
    folders: tuple[Path, ...]
    environment: Mapping[str, str]

    @classmethod
    def by(cls, environment: Mapping[str, str], folder: Path) -> "Allowed":
        """InvalidInput where a variable allows more than can be meant."""
        patterns = tuple(environment.get(NAMES, "").split())
        folders = tuple(filter(None, environment.get(FILES, "").split(os.pathsep)))
        problems = [
            codes.SECRETS_LIST(
                variable=NAMES, word=word, hint="begin it with what the names have in common: SIP_*"
            )
            for word in patterns
            if not _PATTERN.fullmatch(word)
        ]
        problems += [
            codes.SECRETS_LIST(
                variable=FILES,
                word=word,
                hint="name absolute folders that hold secrets: /run/secrets",
            )
            for word in folders
            if not may_be_allowed(word)
        ]
        if problems:
            raise InvalidInput(problems)
        return cls(
            folder.resolve(), (f"{PREFIX}*", *patterns), tuple(map(Path, folders)), environment
        )

    def names(self, variable: str) -> bool:
        """Whether a reference may name the variable. Raises Unresolvable for those of ccstate itself."""
        if variable in _OWN_VARIABLES:
            raise Unresolvable(OPENS_ALL)
        return any(fnmatchcase(variable, pattern) for pattern in self.patterns)

    def secret(self, where: str) -> int:
        """Return a handle for reading a file that must not be in git. Raises Unresolvable."""
        self.refuse_in_git(where)
        handle = self.opened(where)
        status = os.fstat(handle)
        if (status.st_dev, status.st_ino) in self._own:
            os.close(handle)
            raise Unresolvable(OPENS_ALL)
        return handle

    def refuse_in_git(self, where: str) -> None:
        """Refuse a file of the project that git has, or that is git's own. Raises Unresolvable."""
        parts = self._in_project(where)
        if parts is None:
            return
        if any(_spelled(part) == ".git" for part in parts) or _spelled(parts[0]) in _OWN:
            raise Unresolvable(OF_GIT)
        if self._in_git is None:
            raise Unresolvable(MAYBE_IN_GIT)
        # A folder of that name is a link or a submodule, whose files a branch chooses.
        ways = {_spelled("/".join(parts[: count + 1])) for count in range(len(parts))}
        if ways & self._in_git:
            raise Unresolvable(IN_GIT)

    def opened(self, where: str) -> int:
        """A handle for reading a file of the project, or of a folder named. Raises Unresolvable."""
        parts = self._in_project(where)
        try:
            if parts is None:
                handle = self._opened_outside(Path(where))
            else:
                handle = open_below(self.folder, parts)
        except Linked:
            raise Unresolvable(LINKED) from None
        except (FileNotFoundError, NotADirectoryError):
            raise Unresolvable(MISSING) from None
        except OSError:
            raise Unresolvable(CLOSED) from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Unresolvable(NO_FILE)
        return handle

    def _in_project(self, where: str) -> tuple[str, ...] | None:
        """Return the steps from the project's folder; None for a path outside of it."""
        path = self.folder / where
        if ".." in path.parts:
            raise Unresolvable(OUTSIDE)
        if not path.is_relative_to(self.folder):
            return None
        parts = path.relative_to(self.folder).parts
        if not parts:
            raise Unresolvable(NO_FILE)
        return parts

    def _opened_outside(self, path: Path) -> int:
        for folder in self.folders:
            if path.is_relative_to(folder):
                # Links are not a branch's there: Kubernetes mounts every secret as one. What they
                # lead to has to be inside all the same.
                top, real = folder.resolve(), path.resolve()
                if not real.is_relative_to(top) or top.is_relative_to(self.folder):
                    raise Linked(str(path))
                return open_below(top, real.relative_to(top).parts)
        raise Unresolvable(OUTSIDE)

    @cached_property
    def _own(self) -> frozenset[tuple[int, int]]:
        """Identify the files that are, or open, the bundle: by no other name are they secrets of phones."""
        found = set()
        for variable in _OWN_FILES:
            if path := self.environment.get(variable):
                with suppress(OSError, ValueError):  # a URL, or nothing that is there
                    status = (self.folder / path).stat()
                    found.add((status.st_dev, status.st_ino))
        return frozenset(found)

    @cached_property
    def _in_git(self) -> frozenset[str] | None:
        """List what git has below the project; None where it does not say."""
        try:
            found = repository(self.folder)
            if found is None:
                return frozenset()
            top = "" if self.folder == found.top else f"{found.inside(self.folder)}/"
            held = found.output("ls-files", "-z", "--cached", "--", top or ".")
        except GitFailed:
            return None
        names = held.decode(errors="surrogateescape").split("\0")
        return frozenset(_spelled(name.removeprefix(top)) for name in names if name)


def _spelled(path: str) -> str:
    """Return the path as file systems compare it that know no case and no forms of letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def may_be_allowed(folder: str) -> bool:
    real = Path(folder).resolve()
    is_for_files = _IN_MEMORY in map(str, real.parents)
    is_system = real == Path("/") or any(map(real.is_relative_to, _NO_SECRETS))
    return Path(folder).is_absolute() and (is_for_files or not is_system)


def file_text(handle: int) -> str:
    """Return a secret's file as text, without its last line end; editors add one. Raises Unresolvable."""
    try:
        with os.fdopen(handle, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        raise Unresolvable(CLOSED) from None
    text = secret_text(content)
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def secret_text(content: bytes) -> str:
    """Return a secret as text. Raises Unresolvable where it is none, or too large."""
    if len(content) > LARGEST:
        raise Unresolvable(LARGE)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Unresolvable(NO_TEXT) from None
