"""What can become of a call in a dialplan, and the lines that say so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.importing.ledger import Ledger

STATUSES = ("NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION")
"""What DIALSTATUS is where nobody took the call."""
CALLER = "\ue010"
"""Stands for the caller's number in a text."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The lines that were run through, and what is to be said about some of them."""

    lines: tuple[Option, ...] = ()
    notes: tuple[tuple[Option, str], ...] = ()

    def __add__(self, other: "Trail") -> "Trail":
        return Trail(self.lines + other.lines, self.notes + other.notes)


@dataclass(frozen=True, slots=True)
class Hangs:
    trail: Trail


@dataclass(frozen=True, slots=True)
class Rings:
    """A phone of this server rings, `seconds` long; None for as long as the caller waits."""

    device: str
    seconds: int | None
    options: str
    after: Mapping[str, "Outcome"]
    trail: Trail

    @property
    def line(self) -> Option:
        return self.trail.lines[-1]


@dataclass(frozen=True, slots=True)
class Leaves:
    """A call to the world by an endpoint; `caller` is the number that is shown, if it was set."""

    endpoint: str
    number: str
    seconds: int | None
    options: str
    caller: str
    after: Mapping[str, "Outcome"]
    places: frozenset[tuple[str, str]]
    """Each context that the call came through, with the digits that it had there."""
    trail: Trail


@dataclass(frozen=True, slots=True)
class Queues:
    name: str
    arguments: tuple[str, ...]
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Message:
    mailbox: str
    context: str
    flags: str
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Menu:
    """Sounds, then a wait for keys; `context` is where they are looked up."""

    context: str
    start: tuple[str, str, int]
    sounds: tuple[tuple[Option, str], ...]
    """Lines, and the recordings that they play."""
    wait: Option
    seconds: int
    trail: Trail


@dataclass(frozen=True, slots=True)
class Plays:
    sound: str
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Timed:
    """GotoIfTime: `times,weekdays,days,months[,timezone]`."""

    times: tuple[str, ...]
    yes: "Outcome"
    no: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Forks:
    condition: str
    yes: "Outcome"
    no: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something that no object says; `line` is where it stands."""

    reason: str
    line: Option | None
    trail: Trail


Outcome: TypeAlias = (
    Hangs | Rings | Leaves | Queues | Message | Menu | Plays | Timed | Forks | Unclear
)


def below(outcome: Outcome) -> Iterator[Outcome]:
    """The outcome and all that it leads to."""
    yield outcome
    match outcome:
        case Rings(after=after) | Leaves(after=after):
            for each in after.values():
                yield from below(each)
        case Queues(then=then) | Message(then=then) | Plays(then=then):
            yield from below(then)
        case Timed(yes=yes, no=no) | Forks(yes=yes, no=no):
            yield from below(yes)
            yield from below(no)
        case _:
            pass


def claim(ledger: Ledger, outcome: Outcome, by: object) -> None:
    """Everything that the outcome says is explained, but for what was noted about lines."""
    for each in below(outcome):
        claim_trail(ledger, each.trail, by)


def claim_trail(ledger: Ledger, trail: Trail, by: object) -> None:
    ledger.take(trail.lines, by)
    for option, note in trail.notes:
        ledger.leave(option, note)


def unclear(outcome: Outcome) -> Unclear | None:
    """The first thing in an outcome that no object says."""
    return next((each for each in below(outcome) if isinstance(each, Unclear)), None)


@dataclass(slots=True)
class Carved:
    """Calls that another extension takes first: what is dialled, and what becomes of it."""

    dialled: str
    outcome: Outcome
    extra: list[Option] = field(default_factory=list)
