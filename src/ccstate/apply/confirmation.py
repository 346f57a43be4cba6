"""A change that stays only where somebody confirms it in time: until when, and what was decided.

Two files in the folder of the plan, both gone once all is settled; the journal keeps what became of
it. `confirm-by.json` is on the disk before the first write to a platform, so that whoever finds it can
take the change back. `decision.json` can be made once only: whether the change stays is decided there,
however many processes and people decide at the same time.
Why: docs/adr/0047-a-change-that-must-be-confirmed.md.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ccstate.apply import codes as apply_codes
from ccstate.errors import Span, Unreadable
from ccstate.model import Address, Json

PENDING = "confirm-by.json"
DECISION = "decision.json"
MOST_BYTES = 256 << 20
"""Of a file that is read: it holds what was declared of every object of the plan."""
GRACE = 60.0
"""Seconds after the time is up in which a process on another machine may take the change back itself."""
LONGEST_APPLY = 3600.0
"""Seconds that a process on another machine may go on writing, as far as can be known from here."""
Form = TypeVar("Form")
STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Before:
    """What was declared of an object before the plan, None where it was not managed; its secrets' references."""

    fields: dict[str, Json] | None = None
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A change that waits for its confirmation. Times are ISO 8601 with offset."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    format: Literal[1] = 1
    plan: str
    """Digest of the plan."""
    within: float
    """Seconds that there are to confirm it, once it is written."""
    started: str
    """When the apply began."""
    until: str = ""
    """When it is taken back; "" while it is being written."""
    home: str = ""
    """The machine and the folder of the apply, where other machines know of it."""
    before: dict[str, dict[Address, Before]]
    """What was declared of its objects, by target."""

    def due(self, *, elsewhere: bool) -> datetime:
        """When it is to be taken back by another process; later where that of the apply may be alive elsewhere."""
        if self.until:
            grace = GRACE if elsewhere else 0.0
            return datetime.fromisoformat(self.until) + timedelta(seconds=grace)
        longest = max(self.within, LONGEST_APPLY) if elsewhere else self.within
        return datetime.fromisoformat(self.started) + timedelta(seconds=longest)


class Verdict(StrEnum):
    STAYS = "stays"
    GOES = "taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether the change stays: who decided it, when, and why."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    format: Literal[1] = 1
    verdict: Verdict
    by: str
    at: str
    reason: str = ""


class Standing(StrEnum):
    """What became of a change that had to be confirmed."""

    STAYS = "stays"
    TAKEN_BACK = "taken back"
    NOT_TAKEN_BACK = "not taken back"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of it: on whose decision, when, why, and by which plan it was taken back."""

    standing: Standing
    by: str
    at: str
    reason: str = ""
    plan: str = ""


def pending_text(pending: Pending) -> str:
    """Write what is pending as JSON."""
    said = {name: getattr(pending, name) for name in Pending.__slots__ if name != "before"}
    said["before"] = {
        target: {str(address): one for address, one in found.items()}
        for target, found in pending.before.items()
    }
    return orjson.dumps(said).decode()


def write_pending(folder: Path, pending: Pending) -> None:
    """Write what is pending, whole and on the disk; OSError where that fails."""
    beside = _written(folder / PENDING, pending_text(pending).encode())
    beside.replace(folder / PENDING)
    _sync(folder)


def read_pending(folder: Path) -> Pending | None:
    """Read what is pending; None where nothing is. Raises Unreadable where that cannot be known."""
    found = _read(folder / PENDING, _pending())
    if found is not None:
        with _readable(folder / PENDING):
            found.due(elsewhere=True)
    return found


def parse_pending(text: str) -> Pending:
    """Read what is pending on another machine. Raises Unreadable where that cannot be known."""
    with _readable(Path(PENDING)):
        found = _pending().validate_json(text)
        found.due(elsewhere=True)
    return found


def decision_text(decision: Decision) -> str:
    """Write a decision as JSON."""
    return orjson.dumps({name: getattr(decision, name) for name in Decision.__slots__}).decode()


def parse_decision(text: str) -> Decision:
    """Read a decision of another machine. Raises Unreadable where that cannot be known."""
    with _readable(Path(DECISION)):
        return _decision().validate_json(text)


def decide(folder: Path, decision: Decision) -> Decision:
    """Decide, unless somebody did: return what is decided. OSError where it cannot be written."""
    path = folder / DECISION
    beside = _written(path, decision_text(decision).encode())
    try:
        os.link(beside, path)
    except FileExistsError:
        return read_decision(folder) or decision
    finally:
        beside.unlink(missing_ok=True)
    _sync(folder)
    return decision


def read_decision(folder: Path) -> Decision | None:
    """Read what was decided; None where nothing was."""
    return _read(folder / DECISION, _decision())


def forget(folder: Path) -> None:
    """Remove both files, once the journal says what became of the change."""
    # The decision last: without it, what is pending would be decided again.
    for name in (PENDING, DECISION):
        (folder / name).unlink(missing_ok=True)
    _sync(folder)


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Whether this process alone settles what is pending; it does so for as long as the context lasts."""
    with _opened(folder) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def in_turn(folder: Path) -> Iterator[bool]:
    """Wait until this process alone settles what is pending; another may have done so meanwhile."""
    with _opened(folder) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield True


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Open a folder to lock it."""
    handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def _written(path: Path, content: bytes) -> Path:
    """Write a file beside the path, on the disk, and return where."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # of a process that was killed
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, 0o644), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return beside


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@cache
def _pending() -> TypeAdapter[Pending]:
    return TypeAdapter(Pending)


@cache
def _decision() -> TypeAdapter[Decision]:
    return TypeAdapter(Decision)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (ValidationError, ValueError, TypeError) as error:
        problem = apply_codes.CONFIRMATION_UNREADABLE(
            Span(str(path)), file=path.name, reason="it is not as ccstate writes it"
        )
        raise Unreadable(problem) from error
    except OSError as error:
        reason = error.strerror or str(error)
        problem = apply_codes.CONFIRMATION_UNREADABLE(
            Span(str(path)), file=path.name, reason=reason
        )
        raise Unreadable(problem) from error


def _read(path: Path, form: TypeAdapter[Form]) -> Form | None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with _readable(path):
        try:
            handle = os.open(path, flags)
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(len(content))
        return form.validate_json(content)
