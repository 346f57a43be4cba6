"""What ccstate keeps of a platform that people change: what was applied last, what they were asked, their word.

One JSON file that git keeps. It holds no secret: of each its reference and its seal.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ccstate.adapter import Holder, SignOff
from ccstate.adapters.manual import codes
from ccstate.checkout import Linked, display_path, open_below, refuse_links, write_file
from ccstate.errors import InvalidInput, Span, Unreadable
from ccstate.model import Address, Json

FILE = "ledger.json"
LOCK = "lock.json"
IGNORE = ".gitignore"
FORMAT = 1


@dataclass(slots=True)
class Kept:
    """What is recorded of one object: declared fields, those that no export shows, secrets' references."""

    ledger: dict[str, Json] | None = None
    unseen: dict[str, Json] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Handed:
    """A change that was handed over: its digest, its sheet, the export at that time, and what was said."""

    change: str
    sheet: str
    export: str
    word: SignOff | None = None


@dataclass(slots=True)
class Ledger:
    """All of it, by object."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    format: int = FORMAT
    objects: dict[Address, Kept] = field(default_factory=dict)
    handed: dict[Address, Handed] = field(default_factory=dict)


_FORM = TypeAdapter(Ledger)


def read_ledger(root: Path, folder: str) -> Ledger:
    """Read the ledger, an empty one where there is none; Unreadable where it is damaged."""
    path = f"{folder}/{FILE}"
    try:
        with os.fdopen(open_below(root, path.split("/")), "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return Ledger()
    except (OSError, Linked) as error:
        reason = getattr(error, "strerror", None) or f"{error} is a link"
        raise Unreadable(codes.EXPORT_UNREADABLE(Span(path), file=path, reason=reason)) from None
    try:
        found = _FORM.validate_json(content)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        fault = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise Unreadable(codes.LEDGER_DAMAGED(Span(path), file=path, fault=fault)) from None
    if found.format != FORMAT:
        fault = f"it is of format {found.format}, and this is format {FORMAT}"
        raise Unreadable(codes.LEDGER_DAMAGED(Span(path), file=path, fault=fault))
    return found


def write_ledger(root: Path, folder: str, ledger: Ledger) -> None:
    """Write the ledger whole; Unreadable where that fails."""
    ledger.objects = {
        address: kept for address, kept in sorted(ledger.objects.items()) if kept != Kept()
    }
    ledger.handed = dict(sorted(ledger.handed.items()))
    plain = {
        "format": FORMAT,
        "objects": {str(address): kept for address, kept in ledger.objects.items()},
        "handed": {str(address): handed for address, handed in ledger.handed.items()},
    }
    option = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    write(root / folder / FILE, orjson.dumps(plain, option=option))


def write(path: Path, content: bytes) -> None:
    """Write a file of the platform whole; Unreadable where that fails."""
    try:
        write_file(path, content)
    except InvalidInput as error:
        raise Unreadable(error.problems) from None


def take_lock(root: Path, folder: str, holder: Holder) -> Holder | None:
    """Take the lock; its holder where somebody has it."""
    with _lock_file(root, folder) as handle:
        found = _holder(handle)
        if found is None:
            _put(handle, holder.encode())
    return found


def give_lock_back(root: Path, folder: str, holder: Holder) -> None:
    """Give the lock back where this holder has it."""
    if lock_holder(root, folder) is None:
        return
    with _lock_file(root, folder) as handle:
        if _holder(handle) == holder:
            os.ftruncate(handle, 0)


def lock_holder(root: Path, folder: str) -> Holder | None:
    """Return the holder of the lock; None where it is free."""
    if not (root / folder / LOCK).exists():
        return None
    with _lock_file(root, folder) as handle:
        return _holder(handle)


@contextmanager
def _lock_file(root: Path, folder: str) -> Iterator[int]:
    """Open the file of the lock, for this process alone."""
    path = root / folder / LOCK
    refuse_links(root, path)
    try:
        if not path.exists():
            write(path.parent / IGNORE, f"/{LOCK}\n".encode())
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)
    except OSError as error:
        name, reason = (
            display_path(path),
            error.strerror or errno.errorcode.get(error.errno or 0, ""),
        )
        raise Unreadable(codes.FOLDER_UNUSABLE(Span(name), file=name, reason=reason)) from None


def _holder(handle: int) -> Holder | None:
    content = os.pread(handle, 10_000, 0)
    return Holder.decode(content) if content else None


def _put(handle: int, content: bytes) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, content, 0)
    os.fsync(handle)
