"""What happened to every change of a plan, in order: one JSON line an event, only ever appended.

An apply stands on this file alone: what it records as done is not done again. The first line
names the plan by its whole digest, and on whose word it is applied. Nothing here is believed where the platform shows otherwise:
what is confirmed was read there.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import orjson

from ccstate.apply import codes as apply_codes
from ccstate.authority import NO_AUTHORITY, Authority, encodable, parse_authority
from ccstate.errors import InvalidInput, Span, Unreadable

JOURNAL = "journal.jsonl"
"""The file, in the folder of the plan."""
FORMAT = 2
"""Of the file; that of the first release named no plan in its first line."""


class Event(StrEnum):
    STARTED = "started"
    RESUMED = "resumed"
    ATTEMPTED = "attempted"
    DONE = "done"
    FAILED = "failed"
    HANDED_OVER = "handed_over"
    """A person or a vendor is to do it; the reason is the file that tells what."""
    SIGNED_OFF = "signed_off"
    """The reason says who did it, by their own word."""
    NOT_DONE = "not_done"
    """The reason says who did not, and why."""
    NOT_ATTEMPTED = "not_attempted"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    WAITS = "waits"
    """The apply ends for now: it goes on once people have done what was handed over."""
    FINISHED = "finished"
    ACCEPTED = "accepted"
    """A change that had to be confirmed was; the reason says by whom."""
    TAKING_BACK = "taking_back"
    """It is being taken back; the reason is the id of the plan that does."""
    TAKEN_BACK = "taken_back"
    NOT_TAKEN_BACK = "not_taken_back"


ENDS = frozenset(
    {Event.FINISHED, Event.ACCEPTED, Event.TAKING_BACK, Event.TAKEN_BACK, Event.NOT_TAKEN_BACK}
)
"""Events after which an apply is not resumed."""
WORDS = frozenset({Event.SIGNED_OFF, Event.NOT_DONE})
"""What people say of a change that was handed over to them."""
SETTLED = (Event.ACCEPTED, Event.TAKEN_BACK, Event.NOT_TAKEN_BACK)
"""Events by which it ends whether a change that had to be confirmed stays."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; those of the whole run leave the rest empty. `address` is `kind/name`.

    `plan` is the digest of the plan, said where its apply starts; `authority` on whose word that
    is, or that it goes on.
    """

    event: Event
    target: str = ""
    address: str = ""
    action: str = ""
    reason: str = ""
    plan: str = ""
    authority: Authority = NO_AUTHORITY


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the file: `seq` counts from 1 without gaps, `at` is ISO 8601."""

    seq: int
    at: str
    entry: Entry


Place = tuple[str, str, str]

_OUTCOMES = {Event.DONE, Event.FAILED}
_VERDICTS = {Event.CONFIRMED, Event.NOT_CONFIRMED}
_REPEATED = {Event.RESUMED, Event.WAITS, Event.TAKING_BACK}


def _place(entry: Entry) -> Place | None:
    """What an entry takes up; None where it may come again."""
    if entry.event in _REPEATED:
        return None
    question = entry.event.value
    if entry.event in _OUTCOMES:
        question = "outcome"
    elif entry.event in _VERDICTS:
        question = "verdict"
    elif entry.event in WORDS:
        question = "word"
    return (question, entry.target, entry.address)


def _says_more(entry: Entry, before: Recorded | None) -> bool:
    """Whether an entry adds to what stands: a change is done once, and read back at any time."""
    if before is None or entry.event in WORDS:
        return True
    return entry.event in _VERDICTS and entry.event is not before.entry.event


class Overtaken(OSError):
    """Another process has written to the journal since it was read."""


@dataclass(slots=True)
class Journal:
    """The file and what it holds; one process writes to it, the one that holds the locks."""

    path: Path
    recorded: list[Recorded] = field(default_factory=list)
    _standing: dict[Place, Recorded] = field(default_factory=dict)
    _size: int = 0
    """Of the file in bytes, as this process read or left it."""

    @property
    def plan(self) -> str:
        """The digest of the plan that was begun; "" where none was."""
        return self.recorded[0].entry.plan if self.recorded else ""

    @property
    def authority(self) -> Authority:
        """On whose word the plan was begun, or taken up last; empty in a journal that does not say."""
        begun = (Event.STARTED, Event.RESUMED)
        said = (
            each.entry.authority for each in reversed(self.recorded) if each.entry.event in begun
        )
        return next(said, NO_AUTHORITY)

    def last(self, *events: Event) -> Recorded | None:
        """The last entry of one of these events; None where there is none."""
        found = (each for each in reversed(self.recorded) if each.entry.event in events)
        return next(found, None)

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

    def sheet(self, target: str, address: str) -> str:
        """The file by which the change was handed over; "" where it was not."""
        recorded = self._standing.get((Event.HANDED_OVER.value, target, address))
        return recorded.entry.reason if recorded else ""

    def word(self, target: str, address: str) -> Recorded | None:
        """What somebody said last of a change that was handed over: done, or not; None for nothing."""
        return self._standing.get(("word", target, address))

    def attempted(self, target: str, address: str) -> bool:
        return (Event.ATTEMPTED.value, target, address) in self._standing

    def record(self, entries: Iterable[Entry], clock: Callable[[], str]) -> list[Recorded]:
        """What stands for each entry, new or from before; the new ones are on the disk.

        They are written together. OSError where that fails, Overtaken where another process
        writes there too; then none of them stands.
        """
        at = clock()
        stands: list[Recorded] = []
        fresh: list[Recorded] = []
        places: dict[Place, Recorded] = {}
        for entry in entries:
            place = _place(entry)
            before = place and (places.get(place) or self._standing.get(place))
            if before and not _says_more(entry, before):
                stands.append(before)
                continue
            new = Recorded(len(self.recorded) + len(fresh) + 1, at, entry)
            if place:
                places[place] = new
            fresh.append(new)
            stands.append(new)
        if fresh:
            self._size = _append(self.path, b"".join(map(_line, fresh)), self._size)
            self.recorded.extend(fresh)
            self._standing.update(places)
        return stands


def open_journal(path: Path) -> Journal:
    """The journal in the file, empty where there is none; a torn last line is cut off.

    Raises Unreadable where anything before the last line is not as it was written, InvalidInput
    where the file cannot be used.
    """
    journal = Journal(path)
    try:
        with _alone(path, os.O_RDWR) as handle:
            content = _content(handle)
            whole = _read(journal, content)
            if whole < len(content):
                os.ftruncate(handle, whole)
            journal._size = whole  # noqa: SLF001 - a journal is made here and nowhere else
    except FileNotFoundError:
        return journal
    except OSError as error:
        raise InvalidInput(
            apply_codes.JOURNAL_UNUSABLE(Span(str(path)), reason=error.strerror or error)
        ) from error
    return journal


def _read(journal: Journal, content: bytes) -> int:
    """Takes the lines in; returns how many bytes of them are whole."""
    whole = content.rfind(b"\n") + 1
    lines = content[:whole].split(b"\n")[:-1]
    standing = journal._standing  # noqa: SLF001 - as above
    for number, line in enumerate(lines, start=1):
        read = _parse(line)
        if read is None and number == len(lines):
            return whole - len(line) - 1  # a crash of the machine: the length was written first
        place = read and _place(read.entry)
        before = standing.get(place) if place else None
        if read is None or read.seq != number or not _says_more(read.entry, before):
            raise Unreadable(apply_codes.JOURNAL_DAMAGED(Span(str(journal.path), number, 1)))
        journal.recorded.append(read)
        if place:
            standing[place] = read
    return whole


def _line(recorded: Recorded) -> bytes:
    entry = recorded.entry
    begins: dict[str, object] = {}
    if entry.event is Event.STARTED:
        begins = {"format": FORMAT, "plan": entry.plan}
    if entry.event in {Event.STARTED, Event.RESUMED}:
        begins["authority"] = encodable(entry.authority)
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
            **begins,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _parse(line: bytes) -> Recorded | None:
    try:
        read = orjson.loads(line)
        texts = (read["target"], read["address"], read["action"], read["reason"])
        # What another format means by a plan is not known here: such a journal names none.
        plan = read.get("plan", "") if read.get("format", FORMAT) == FORMAT else ""
        authority = parse_authority(read.get("authority"))
        entry = Entry(Event(read["event"]), *texts, plan=plan, authority=authority)
        recorded = Recorded(read["seq"], read["at"], entry)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    known = (recorded.at, entry.plan, *texts)
    sound = type(recorded.seq) is int and all(type(text) is str for text in known)
    return recorded if sound else None


@contextmanager
def _alone(path: Path, flags: int) -> Iterator[int]:
    """The file, opened, which no other process cuts or appends to meanwhile."""
    # O_NONBLOCK: a pipe under that name would keep us waiting for ever.
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _content(handle: int) -> bytes:
    with os.fdopen(handle, "rb", closefd=False) as opened:
        return opened.read()


def _append(path: Path, content: bytes, size: int) -> int:
    """Writes behind what the file held when this process saw it last; returns its new size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    born = not path.exists()
    with _alone(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as handle:
        if os.fstat(handle).st_size != size:
            raise Overtaken(errno.EBUSY, "another process has written to it meanwhile")
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    if born:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return size + len(content)
