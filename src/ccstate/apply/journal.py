"""What happened to every change of a plan, in order: one JSON line an event, only ever appended.

What is recorded stands. A run that was killed and resumed may come to the same event again;
it is not written twice, and the journal's word counts, not the second one.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import orjson

from ccstate.errors import Diagnostic, Span, Unreadable


class Event(StrEnum):
    STARTED = "started"
    RESUMED = "resumed"
    ATTEMPTED = "attempted"
    DONE = "done"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; those of the whole run leave the rest empty. `address` is `kind/name`."""

    event: Event
    target: str = ""
    address: str = ""
    action: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the file: `seq` counts from 1 without gaps, `at` is ISO 8601."""

    seq: int
    at: str
    entry: Entry


Place = tuple[str, str, str]

_QUESTION = {
    Event.DONE: "outcome",
    Event.FAILED: "outcome",
    Event.CONFIRMED: "verdict",
    Event.NOT_CONFIRMED: "verdict",
}
"""Events that answer one question, of which a change has one answer."""


def _place(entry: Entry) -> Place | None:
    """What an entry takes up, once; None where it may come again."""
    if entry.event is Event.RESUMED:
        return None
    return (_QUESTION.get(entry.event, entry.event), entry.target, entry.address)


@dataclass(slots=True)
class Journal:
    """The file and what it holds; one process writes to it, the one that holds the lock."""

    path: Path
    recorded: list[Recorded] = field(default_factory=list)
    _standing: dict[Place, Recorded] = field(default_factory=dict)

    def outcome(self, target: str, address: str) -> Recorded | None:
        """What became of the change, done or failed; None where that is not known yet."""
        return self._standing.get(("outcome", target, address))

    def verdict(self, target: str, address: str) -> Recorded | None:
        """What reading it back showed, confirmed or not; None where it was not read back yet."""
        return self._standing.get(("verdict", target, address))

    def not_attempted(self, target: str, address: str) -> str:
        """Why the change was not attempted; "" where nothing is recorded of that."""
        recorded = self._standing.get((Event.NOT_ATTEMPTED.value, target, address))
        return recorded.entry.reason if recorded else ""

    def attempted(self, target: str, address: str) -> bool:
        return (Event.ATTEMPTED.value, target, address) in self._standing

    def record(self, entries: Iterable[Entry], clock: Callable[[], str]) -> list[Recorded]:
        """What stands for each entry, new or from before; the new ones are on the disk.

        They are written together. OSError where that fails; then none of them stands.
        """
        at = clock()
        stands: list[Recorded] = []
        fresh: list[Recorded] = []
        places: dict[Place, Recorded] = {}
        for entry in entries:
            place = _place(entry)
            before = place and (self._standing.get(place) or places.get(place))
            if before:
                stands.append(before)
                continue
            new = Recorded(len(self.recorded) + len(fresh) + 1, at, entry)
            if place:
                places[place] = new
            fresh.append(new)
            stands.append(new)
        if fresh:
            _append(self.path, b"".join(map(_line, fresh)))
            self.recorded.extend(fresh)
            self._standing.update(places)
        return stands


def open_journal(path: Path) -> Journal:
    """The journal in the file, empty where there is none; a torn last line is cut off.

    Raises Unreadable where anything before the last line is not as it was written.
    """
    recorded: list[Recorded] = []
    standing: dict[Place, Recorded] = {}
    journal = Journal(path, recorded, standing)
    if not path.exists():
        return journal
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    lines = content[:whole].split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        read = _parse(line)
        if read is None and number == len(lines):
            whole -= len(line) + 1  # of a crash of the machine: the length reached the disk first
            break
        place = read and _place(read.entry)
        if read is None or read.seq != number or place in standing:
            raise Unreadable([_damaged(path, number)])
        recorded.append(read)
        if place:
            standing[place] = read
    if whole < len(content):
        os.truncate(path, whole)
    return journal


def _line(recorded: Recorded) -> bytes:
    entry = recorded.entry
    return orjson.dumps(
        {
            "seq": recorded.seq,
            "at": recorded.at,
            "event": entry.event,
            "target": entry.target,
            "address": entry.address,
            "action": entry.action,
            # A platform's own words may hold what is no text; JSON must.
            "reason": entry.reason.encode(errors="replace").decode(),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _parse(line: bytes) -> Recorded | None:
    try:
        read = orjson.loads(line)
        texts = (read["target"], read["address"], read["action"], read["reason"])
        entry = Entry(Event(read["event"]), *texts)
        recorded = Recorded(read["seq"], read["at"], entry)
    except (ValueError, TypeError, KeyError):
        return None
    sound = type(recorded.seq) is int and all(type(text) is str for text in (recorded.at, *texts))
    return recorded if sound else None


def _append(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    born = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)
    if born:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _damaged(path: Path, number: int) -> Diagnostic:
    return Diagnostic(
        "CC604",
        "the journal is damaged: this line is not as ccstate wrote it",
        Span(str(path), number, 1),
        cause="Only the last line can be cut short by a killed process; this one was changed.",
        hint="restore the file, or move it away and make a new plan from the live state",
    )
