"""References to secrets, `env:SIP_1101` and `file:secrets/sip-1101`: what they hold, and its seal.

Only adapters call this. A resolved secret goes to the platform and nowhere else; plans, logs,
ledgers and observations hold its seal.

A branch may write any reference, so what one may reach is said outside of the branch: variables
that begin with `CCSTATE_SECRET_` and files below the project that git does not have; more by
`CCSTATE_SECRET_NAMES` and `CCSTATE_SECRET_FILES`.
Why: docs/adr/0018-what-a-branch-can-contain-is-not-trusted.md.
"""

import hmac
import os
import re
import shlex
import stat
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from ccstate import codes
from ccstate.checkout import Linked, open_below
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.git import GitFailed, repository
from ccstate.model import SEAL

LARGEST = 64 * 1024
"""Bytes; `file:` of a disk image means another file."""

SHOWN = 3

ABSENT = frozenset({"is not set", "is empty", "does not exist", "cannot be read"})
"""Causes for which a secret may be elsewhere all the same: with the job that applies, which needs it."""

PREFIX = "CCSTATE_SECRET_"
NAMES = "CCSTATE_SECRET_NAMES"
"""Variable with patterns of further variables, between blanks: `SIP_* PIN_*`."""
FILES = "CCSTATE_SECRET_FILES"
"""Variable with further folders, absolute, between colons: `/run/secrets`."""

_PATTERN = re.compile(r"[A-Za-z_][A-Za-z0-9_]+[A-Za-z0-9_*?]*|[A-Za-z_]")
"""Two characters that are meant at least: `*` and `S*` would hand the whole job to a branch."""
_NO_SECRETS = ("/proc", "/sys", "/dev")
_IN_MEMORY = "/dev/shm"  # noqa: S108 - ordinary files, in memory: shm_overview(7)
_OWN = (".git", ".ccstate")

_NOT_ALLOWED = "is not among the variables that a reference may name"
_OUTSIDE = "lies outside of the project"
_CAUSE = "Without the secret ccstate cannot see whether it changed, and nothing can set it."
_CAUSES = {
    _NOT_ALLOWED: "A branch could name any variable of the job, so who runs ccstate says which.",
    _OUTSIDE: "A branch could name any file of this machine, so who runs ccstate says which.",
    "leads through a link": "A branch can hold a link to any file of this machine.",
    "is in git": "Everybody who may read the repository knows it, and a branch can change it.",
    "belongs to git or to ccstate": "What git and ccstate keep for themselves is no secret of a phone.",
}
_HINTS = {
    "is not set": "export it where ccstate runs, or correct its name",
    "is empty": "an empty secret protects nothing: give it a value",
    "does not exist": "write the file, or correct its path, which starts at the project's folder",
    "is no file": "name a file that holds the secret and nothing else",
    "cannot be read": "let the user who runs ccstate read it",
    f"holds more than {LARGEST // 1024} KB": "name a file that holds the secret and nothing else",
    "is not UTF-8 text": "secrets are text; write binary keys in base64",
    "has neither the form env:NAME nor file:path": "write env:NAME or file:path",
    "leads through a link": "put the file itself there, or allow the folder that it is in: "
    f"export {FILES}=/the/folder",
    "is in git": "change the secret, `git rm --cached` the file, and name it in .gitignore",
    "belongs to git or to ccstate": "put the secret into a file of its own",
    "may be a file in git": "see that git works here: `git status`",
}


class Unresolvable(Exception):
    """One reference that leads to no secret; the text is the cause."""


class Unresolved(InvalidInput):
    """References that lead to no secret; `causes` says why, for each of them."""

    def __init__(self, causes: Mapping[str, str]) -> None:
        self.causes = dict(causes)
        super().__init__(diagnostics(causes))


def resolve(references: Collection[str], folder: Path) -> dict[str, str]:
    """Return the secret behind each reference; a relative path starts at the project's `folder`.

    Raises Unresolved with one diagnostic a cause, over all references.
    """
    found, causes = attempt(references, folder)
    if causes:
        raise Unresolved(causes)
    return found


def attempt(references: Collection[str], folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the secrets behind those references that lead to one; for the others the cause."""
    allowed = _Allowed.by(os.environ, folder)
    found: dict[str, str] = {}
    causes: dict[str, str] = {}
    for reference in references:
        try:
            found[reference] = _secret(reference, allowed)
        except Unresolvable as cause:
            causes[reference] = str(cause)
    return found, causes


def key_file(path: str, folder: Path) -> Path:
    """Return the file of a private key that a connection names, under the rule for secrets.

    Raises Unresolved.
    """
    return _checked(path, folder, _Allowed.secret)


def public_file(path: str, folder: Path) -> Path:
    """Return the file of certificates or of hosts' keys that a connection names; git may have it.

    Raises Unresolved where it lies outside of the project and of the folders that are allowed.
    """
    return _checked(path, folder, _Allowed.opened)


def _checked(path: str, folder: Path, open_: "Callable[[_Allowed, str], int]") -> Path:
    try:
        os.close(open_(_Allowed.by(os.environ, folder), path))
    except Unresolvable as cause:
        raise Unresolved({f"file:{path}": str(cause)}) from None
    return folder / path


def diagnostics(
    causes: Mapping[str, str], places: Mapping[str, Span] | None = None
) -> list[Diagnostic]:
    """Make one diagnostic a cause, with the first references and how many there are in all.

    `places` says where references stand; that of the first is shown.
    """
    problems = []
    for fault, names in _by_cause(causes).items():
        code = codes.SECRET_NOT_ALLOWED if fault in _CAUSES else codes.SECRET_UNRESOLVED
        listed = _enumeration(names)
        secrets = listed if len(names) == 1 else f"{len(names)} secrets: {listed}: each"
        cause, hint = _CAUSES.get(fault, _CAUSE), _hint(fault, names)
        span = (places or {}).get(names[0])
        problems.append(code(span, secrets=secrets, fault=fault, cause=cause, hint=hint))
    return problems


def _hint(cause: str, references: list[str]) -> str:
    """Say what to do; where something has to be allowed, exactly that."""
    where = [reference.partition(":")[2] for reference in references]
    if cause == _NOT_ALLOWED:
        words = dict.fromkeys([*os.environ.get(NAMES, "").split(), *_patterns(where)])
        return f"where ccstate runs: export {NAMES}={shlex.quote(' '.join(words))}"
    if cause == _OUTSIDE:
        folders = dict.fromkeys(str(Path(path).parent) for path in where)
        if not all(_may_be_allowed(name) for name in folders):
            return "put it into a file below the project that git ignores"
        words = dict.fromkeys([*os.environ.get(FILES, "").split(os.pathsep), *folders])
        allowed = os.pathsep.join(filter(None, words))
        return f"where ccstate runs: export {FILES}={shlex.quote(allowed)}"
    return _HINTS[cause]


def _patterns(names: list[str]) -> list[str]:
    """`SIP_*` for several names that begin so; one alone is allowed alone."""
    start = re.compile(r"[A-Za-z0-9]{2,}_")
    begun = [found[0] if (found := start.match(name)) else "" for name in names]
    return [
        f"{head}*" if head and begun.count(head) > 1 else name
        for name, head in zip(names, begun, strict=True)
    ]


def counted(causes: Mapping[str, str]) -> tuple[str, ...]:
    """Describe references that lead to no secret, a text a cause: how many, and the first of them."""
    return tuple(
        f"{_enumeration(names)}: {'each ' if len(names) > 1 else ''}{cause}"
        for cause, names in _by_cause(causes).items()
    )


def _by_cause(causes: Mapping[str, str]) -> dict[str, list[str]]:
    """Group references by their cause, in order."""
    found: dict[str, list[str]] = {}
    for reference in sorted(causes):
        found.setdefault(causes[reference], []).append(reference)
    return found


def _enumeration(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def seal(key: bytes, secret: str) -> str:
    """Return a keyed hash that shows whether a secret changed, and not what it is.

    Without the key, which stays on the platform, guessing a four-digit PIN gets nowhere.
    """
    return SEAL + hmac.digest(key, secret.encode(), "sha256").hex()[:16]


def is_seal(value: object) -> bool:
    """Whether a value is of the form that `seal` returns."""
    return isinstance(value, str) and value.startswith(SEAL)


@dataclass(frozen=True)
class _Allowed:
    """What references may reach, as the environment says, and the project's `folder`."""

    folder: Path
    patterns: tuple[str, ...]
    folders: tuple[Path, ...]

    @classmethod
    def by(cls, environment: Mapping[str, str], folder: Path) -> "_Allowed":
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
            if not _may_be_allowed(word)
        ]
        if problems:
            raise InvalidInput(problems)
        return cls(folder.resolve(), (f"{PREFIX}*", *patterns), tuple(map(Path, folders)))

    def names(self, variable: str) -> bool:
        return any(fnmatchcase(variable, pattern) for pattern in self.patterns)

    def secret(self, where: str) -> int:
        """Return a handle for reading a file that must not be in git. Raises Unresolvable."""
        parts = self._in_project(where)
        if parts is not None:
            if any(_spelled(part) == ".git" for part in parts) or _spelled(parts[0]) in _OWN:
                raise Unresolvable("belongs to git or to ccstate")
            if self._in_git is None:
                raise Unresolvable("may be a file in git")
            # A folder of that name is a link or a submodule, whose files a branch chooses.
            ways = {_spelled("/".join(parts[: count + 1])) for count in range(len(parts))}
            if ways & self._in_git:
                raise Unresolvable("is in git")
        return self.opened(where)

    def opened(self, where: str) -> int:
        """A handle for reading a file of the project, or of a folder named. Raises Unresolvable."""
        parts = self._in_project(where)
        try:
            if parts is None:
                handle = self._opened_outside(Path(where))
            else:
                handle = open_below(self.folder, parts)
        except Linked:
            raise Unresolvable("leads through a link") from None
        except (FileNotFoundError, NotADirectoryError):
            raise Unresolvable("does not exist") from None
        except OSError:
            raise Unresolvable("cannot be read") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Unresolvable("is no file")
        return handle

    def _in_project(self, where: str) -> tuple[str, ...] | None:
        """Return the steps from the project's folder; None for a path outside of it."""
        path = self.folder / where
        if ".." in path.parts:
            raise Unresolvable(_OUTSIDE)
        if not path.is_relative_to(self.folder):
            return None
        parts = path.relative_to(self.folder).parts
        if not parts:
            raise Unresolvable("is no file")
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
        raise Unresolvable(_OUTSIDE)

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


def _may_be_allowed(folder: str) -> bool:
    real = Path(folder).resolve()
    is_for_files = _IN_MEMORY in map(str, real.parents)
    is_system = real == Path("/") or any(map(real.is_relative_to, _NO_SECRETS))
    return Path(folder).is_absolute() and (is_for_files or not is_system)


def _secret(reference: str, allowed: _Allowed) -> str:
    scheme, _, where = reference.partition(":")
    if scheme == "env" and where:
        text = _environment(where, allowed)
    elif scheme == "file" and where and "\0" not in where:
        text = _content(allowed.secret(where))
    else:
        raise Unresolvable("has neither the form env:NAME nor file:path")
    if not text:
        raise Unresolvable("is empty")
    return text


def _environment(name: str, allowed: _Allowed) -> str:
    if not allowed.names(name):
        raise Unresolvable(_NOT_ALLOWED)
    value = os.environ.get(name)
    if value is None:
        raise Unresolvable("is not set")
    try:
        value.encode()  # bytes that are no UTF-8 arrive as lone surrogates
    except UnicodeEncodeError:
        raise Unresolvable("is not UTF-8 text") from None
    return value


def _content(handle: int) -> str:
    """Return the file's text without its last line end; editors add one."""
    try:
        with os.fdopen(handle, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        raise Unresolvable("cannot be read") from None
    if len(content) > LARGEST:
        raise Unresolvable(f"holds more than {LARGEST // 1024} KB")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Unresolvable("is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
