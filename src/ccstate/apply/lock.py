"""One apply at a time: a lock file in the state folder says who is applying what, and since when.

The file appears by O_CREAT|O_EXCL, which also holds where several machines share the folder.
Whatever removes or replaces it does so under an flock of its guard file, which dies with its
process; so of two that take over a dead owner's lock only one gets it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from ccstate.errors import Diagnostic, InvalidInput, Locked, Span
from ccstate.model import canonical

NAME = "apply.lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: `owner` is user@host, `since` ISO 8601 UTC, `purpose` the plan's id."""

    owner: str
    pid: int
    since: str
    purpose: str


UNKNOWN = Holder("unknown", 0, "", "")
"""Whoever was killed between making the file and writing it."""

_held: dict[Path, Holder] = {}
"""What this process holds: else a pid that comes again, as in containers, would look alive."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock, held; leaving the context releases it."""

    file: Path
    holder: Holder

    def release(self) -> None:
        """Give it back; a lock that somebody else holds by now, after an unlock, stays."""
        with _guard(self.file):
            _held.pop(self.file, None)
            if _read(self.file) == self.holder:
                self.file.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def acquire(folder: Path, *, owner: str, since: str, purpose: str) -> Lock:
    """The lock, for a new apply; raises Locked where there is one, even of a dead owner."""
    file, wanted = _prepare(folder, owner, since, purpose)
    with _guard(file):
        return _create(file, wanted)


def acquire_to_resume(folder: Path, *, owner: str, since: str, purpose: str) -> Lock:
    """The lock, for an apply that goes on: taken over from the same plan's dead owner on this host.

    Raises Locked where anybody else holds it.
    """
    file, wanted = _prepare(folder, owner, since, purpose)
    with _guard(file):
        holder = _read(file)
        if holder is None or holder.purpose != purpose or not _is_dead(file, holder, wanted):
            return _create(file, wanted)
        beside = file.with_suffix(".new")
        beside.write_bytes(canonical(asdict(wanted)))
        beside.replace(file)
        _held[file] = wanted
        return Lock(file, wanted)


def force_release(folder: Path) -> Holder | None:
    """Remove the lock, whoever holds it, and say who did; None where there was none."""
    file = folder.resolve() / NAME
    if not file.exists():
        return None
    with _guard(file):
        holder = _read(file)
        file.unlink(missing_ok=True)
        return holder


def _prepare(folder: Path, owner: str, since: str, purpose: str) -> tuple[Path, Holder]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NAME).with_suffix(".guard").touch()
    except OSError as error:
        raise InvalidInput([_no_folder(folder, error)]) from error
    return folder.resolve() / NAME, Holder(owner, os.getpid(), since, purpose)


@contextmanager
def _guard(file: Path) -> Iterator[None]:
    with file.with_suffix(".guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _create(file: Path, wanted: Holder) -> Lock:
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        raise Locked([_refusal(file, _read(file) or UNKNOWN, wanted)]) from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(canonical(asdict(wanted)))
    _held[file] = wanted
    return Lock(file, wanted)


def _read(file: Path) -> Holder | None:
    try:
        content = orjson.loads(file.read_bytes())
        return Holder(
            str(content["owner"]),
            int(content["pid"]),
            str(content["since"]),
            str(content["purpose"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return UNKNOWN


def _host(owner: str) -> str:
    return owner.rpartition("@")[2]


def _is_dead(file: Path, holder: Holder, wanted: Holder) -> bool:
    """Whether the holder's process is certainly gone; of another host that cannot be known."""
    if holder.pid <= 0 or _host(holder.owner) != _host(wanted.owner):
        return False
    if holder.pid == os.getpid():
        return _held.get(file) != holder
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _age(since: str, now: str) -> str:
    """How long before `now`, in one unit: `for 3 min`; empty where either is no time."""
    try:
        seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return ""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f" for {int(seconds // size)} {unit}"
    return f" for {max(0, int(seconds))} s"


def _no_folder(folder: Path, error: OSError) -> Diagnostic:
    return Diagnostic(
        "CC605",
        "the state folder cannot be written to",
        Span(str(folder)),
        cause=error.strerror or str(error),
        hint="check its owner and permissions: apply keeps its lock and its records there",
    )


def _refusal(file: Path, holder: Holder, wanted: Holder) -> Diagnostic:
    if holder == UNKNOWN:
        return Diagnostic(
            "CC603",
            "another apply holds the lock, but the lock file does not say who",
            Span(str(file)),
            cause="Its owner was killed while writing it, or something else wrote there.",
            hint="if nobody is applying now, remove the lock: ccstate unlock",
        )
    message = (
        f'{holder.owner} (process {holder.pid}) has been applying plan "{holder.purpose}"'
        f"{_age(holder.since, wanted.since)}, since {holder.since}"
    )
    if not _is_dead(file, holder, wanted):
        return Diagnostic(
            "CC603",
            message,
            Span(str(file)),
            cause="Two applies at once would overwrite each other's changes.",
            hint="wait until it has ended; if it certainly has, remove the lock: ccstate unlock",
        )
    return Diagnostic(
        "CC603",
        message,
        Span(str(file)),
        cause="That process no longer runs: it was killed, and its plan may be half applied.",
        hint="finish that plan with apply --resume, or give it up: ccstate unlock",
    )
