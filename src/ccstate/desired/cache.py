"""Keep parsed documents and the verdict of the rules between runs, by what their files contain.

Only documents without a problem are kept, under a key made of the bytes of the file and of the
code that read them: whatever changes, the entry is simply not found. So it is with a verdict, whose
key `project.verdict` makes. Entries lie outside of the working copy and are sealed with a key that
this user's machine made for itself: no branch can bring one.
Why: docs/adr/0018-what-a-branch-can-contain-is-not-trusted.md.
"""

import hmac
import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path

import orjson

from ccstate.desired.documents import Document
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.git import GitFailed, repository

_PARSING = ("kinds", "desired")
"""Packages on whose code a parsed document depends."""
_KEY = "key"
_KEY_BYTES = 32
_SEAL_BYTES = 32
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@cache
def code_digest(*packages: str) -> bytes:
    """Digest the source of packages of ccstate; "." is the modules that are in none of them."""
    top = Path(__file__).parent.parent
    digest = blake2b(digest_size=16)
    for package in packages:
        for source in sorted((top / package).glob("*.py")):
            digest.update(source.read_bytes())
    return digest.digest()


def cache_folder(environment: Mapping[str, str], root: Path) -> Path | None:
    """Choose the folder of the cache of a project; None where a branch could bring it along.

    `CCSTATE_CACHE` names the folder for all projects; without it the user's own, as the
    XDG Base Directory Specification 0.8 says: a path that is not absolute is passed over.
    """
    named = environment.get("CCSTATE_CACHE", "")
    home = environment.get("XDG_CACHE_HOME", "")
    if not Path(home).is_absolute():
        home = str(Path(environment.get("HOME", "")) / ".cache")
    base = Path(named) if named else Path(home) / "ccstate"
    if not base.is_absolute() or _is_of_a_branch(base.resolve(), root.resolve()):
        return None
    return base / "parsed" / blake2b(os.fsencode(root.resolve()), digest_size=12).hexdigest()


def _is_of_a_branch(base: Path, root: Path) -> bool:
    """Whether the folder is in the project or its working copy, or git has files of it elsewhere."""
    try:
        ours, around = repository(root), repository(base)
        if base.is_relative_to(ours.top if ours else root):
            return True
        return around is not None and around.holds(base)
    except GitFailed:
        return True


class ParseCache:
    """A folder of parsed documents and verdicts; a missing or damaged entry only costs time.

    Without a folder, and with one that others may write to, nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._secret = _secret(folder) if folder else b""
        self._folder = folder if self._secret else None
        self._used: set[str] = set()

    def key(self, data: bytes) -> str:
        """Name the entry for a file of this content."""
        return blake2b(data, digest_size=20, key=code_digest(*_PARSING)).hexdigest()

    def has(self, key: str) -> bool:
        """Whether there is an entry under the key, good or damaged."""
        return self._folder is not None and (self._folder / key).exists()

    def get(self, key: str) -> Document | None:
        """Read the document of an entry; None where it is missing or damaged."""
        content = self._read(key)
        if content is None:
            return None
        resources, mentions, release, moved = orjson.loads(content)
        return Document(resources, mentions, release, moved=[(old, new) for old, new in moved])

    def put(self, key: str, document: Document) -> None:
        """Write the entry of a document; a folder that cannot be written is left as it is."""
        self._write(key, [document.resources, document.mentions, document.release, document.moved])

    def get_verdict(self, key: str) -> list[Diagnostic] | None:
        """Read the verdict of an entry; None where it is missing or damaged."""
        content = self._read(key)
        if content is None:
            return None
        return [
            Diagnostic(code, message, span and Span(**span), cause, hint, Severity(severity))
            for code, message, span, cause, hint, severity in orjson.loads(content)
        ]

    def put_verdict(self, key: str, problems: Iterable[Diagnostic]) -> None:
        """Write the entry of a verdict; a folder that cannot be written is left as it is."""
        self._write(
            key, [[p.code, p.message, p.span, p.cause, p.hint, p.severity] for p in problems]
        )

    def _read(self, key: str) -> bytes | None:
        if self._folder is None:
            return None
        self._used.add(key)
        try:
            handle = os.open(self._folder / key, _READ)
            with os.fdopen(handle, "rb") as file:
                # Neither a pipe nor a device, which would have no end.
                kept = file.read() if stat.S_ISREG(os.fstat(handle).st_mode) else b""
        except OSError:
            return None
        sealed, content = kept[:_SEAL_BYTES], kept[_SEAL_BYTES:]
        return content if hmac.compare_digest(sealed, self._sealed(key, content)) else None

    def _write(self, key: str, value: object) -> None:
        if self._folder is None:
            return
        try:
            content = orjson.dumps(value)
            _replace(self._folder / key, self._sealed(key, content) + content)
        except (OSError, TypeError):
            # A full disk plans as well, only slower. JSON has no names of files that are no UTF-8.
            return

    def prune(self) -> None:
        """Remove the entries that this run did not use, where they outnumber those that it did."""
        try:
            kept = list(self._folder.iterdir()) if self._folder else []
        except OSError:
            return
        if len(kept) > 3 * len(self._used) + 50:
            for entry in kept:
                if entry.name not in self._used and entry.name != _KEY:
                    entry.unlink(missing_ok=True)

    def _sealed(self, key: str, content: bytes) -> bytes:
        """Seal an entry by this machine's key; with its name, or entries could change places."""
        return blake2b(key.encode() + content, digest_size=_SEAL_BYTES, key=self._secret).digest()


def _secret(folder: Path) -> bytes:
    """Read the key in the folder, or make one; b"" where another user could have written it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder.stat(), 0o022):
            return b""
        for _ in range(3):
            try:
                handle = os.open(folder / _KEY, _READ)
            except FileNotFoundError:
                _replace(folder / _KEY, secrets.token_bytes(_KEY_BYTES))
                continue
            with os.fdopen(handle, "rb") as file:
                about = os.fstat(handle)
                if not stat.S_ISREG(about.st_mode) or not _is_ours(about, 0o077):
                    return b""
                key = file.read(_KEY_BYTES + 1)
            if len(key) == _KEY_BYTES:
                return key
            (folder / _KEY).unlink()  # a full disk cut it short
    except OSError:
        pass
    return b""


def _is_ours(about: os.stat_result, others: int) -> bool:
    return about.st_uid == os.geteuid() and not stat.S_IMODE(about.st_mode) & others


def _replace(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, whole or not at all."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
