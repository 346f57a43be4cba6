"""A call on its way through a dialplan, what can become of it, and the lines that say so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.importing.ledger import Ledger
from ccstate.adapters.asterisk.interpreter import call as by_hand

STATUSES = ("NOANSWER", "BUSY", "CHANUNAVAIL", "CONGESTION")
"""What DIALSTATUS is where the call was not answered."""
QUEUE_STATUSES = ("TIMEOUT", "FULL", "JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL")
"""What QUEUESTATUS is where the call was not answered, and the dialplan goes on."""
CALLER = "\ue010"
"""Stands for the caller's number in a text."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The lines that were run through, and what is to be said about some of them."""

    lines: tuple[Option, ...] = ()
    notes: tuple[tuple[Option, str], ...] = ()

    def without(self, start: str) -> "Trail":
        """Return the trail without the notes that begin so."""
        return Trail(self.lines, tuple(n for n in self.notes if not n[1].startswith(start)))

    def __add__(self, other: "Trail") -> "Trail":
        return Trail(self.lines + other.lines, self.notes + other.notes)


class Recorded(NamedTuple):
    """A step that records the call, and what differs from a recording of ccstate's."""

    line: Option
    folder: str = ""
    notes: tuple[str, ...] = ()
    notice: str = ""
    """The prompt that tells callers of it."""


@dataclass(frozen=True, slots=True)
class Hangs:
    trail: Trail


@dataclass(frozen=True, slots=True)
class Rings:
    """A ringing phone of this server, `seconds` long; None for as long as the caller waits.

    `after` says what follows, by DIALSTATUS.
    """

    device: str
    seconds: int | None
    options: str
    after: Mapping[str, "Outcome"]
    trail: Trail
    recorded: Recorded | None = None

    @property
    def line(self) -> Option:
        return self.trail.lines[-1]


@dataclass(frozen=True, slots=True)
class RingsAll:
    """Several phones of this server that ring at once, as one does in `Rings`."""

    devices: tuple[str, ...]
    seconds: int | None
    options: str
    after: Mapping[str, "Outcome"]
    trail: Trail


@dataclass(frozen=True, slots=True)
class Leaves:
    """A call to the outside by an endpoint; `caller` is the number that is shown, if it was set."""

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
    """A caller who joins a queue; `after` says what follows, by QUEUESTATUS."""

    name: str
    arguments: Mapping[str, str]
    """Those of Queue() behind its name."""
    after: Mapping[str, "Outcome"]
    trail: Trail
    recorded: Recorded | None = None

    @property
    def then(self) -> "Outcome":
        """Return what follows a wait that was too long."""
        return self.after["TIMEOUT"]


@dataclass(frozen=True, slots=True)
class Message:
    mailbox: str
    context: str
    flags: str
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Confers:
    """A caller who joins a conference: the arguments of ConfBridge(), the room first.

    `options` are those that were set for it: `user,pin`, with the value.
    """

    arguments: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Follows:
    """The numbers of FollowMe(), called one after another."""

    name: str
    options: str
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Menu:
    """Sounds, then a wait for keys, `seconds` long; 0 where keys count while sounds play only.

    `call` is the call at the step that waits, with nothing on its trail: keys are looked up there.
    """

    place: "Place"
    sounds: tuple[tuple[Option, str], ...]
    """Lines, and the recordings that they play."""
    wait: Option
    seconds: int
    call: "Call"
    trail: Trail

    @property
    def context(self) -> str:
        """Return where keys are looked up."""
        return self.call.context


@dataclass(frozen=True, slots=True)
class Reads:
    """Sounds, then keys that are kept in a variable, `most` at the most; Read() of Asterisk."""

    place: "Place"
    variable: str
    sounds: tuple[tuple[Option, str], ...]
    most: int
    attempts: int
    seconds: int
    wait: Option
    call: "Call"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Plays:
    sound: str
    then: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Timed:
    """A condition on the clock, by GotoIfTime: `times,weekdays,days,months[,timezone]`."""

    times: tuple[str, ...]
    yes: "Outcome"
    no: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Forks:
    """A condition that nothing here decides."""

    condition: str
    yes: "Outcome"
    no: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Callers:
    """The ways of callers from certain numbers, and of all others."""

    line: Option
    ways: Mapping[str, "Outcome"]
    others: "Outcome"
    trail: Trail


@dataclass(frozen=True, slots=True)
class Switched:
    """The ways of a call by a value that people or other calls change: `GLOBAL(NIGHT)`.

    `initial` is the value that holds after a start with an empty database.
    """

    name: str
    line: Option
    initial: str
    ways: Mapping[str, "Outcome"]
    trail: Trail


@dataclass(frozen=True, slots=True)
class Unclear:
    """A thing that no object says; `line` is where it stands."""

    reason: str
    line: Option | None
    trail: Trail


Outcome: TypeAlias = (
    Hangs
    | Rings
    | RingsAll
    | Leaves
    | Queues
    | Message
    | Confers
    | Follows
    | Menu
    | Reads
    | Plays
    | Timed
    | Forks
    | Callers
    | Switched
    | Unclear
)
Place: TypeAlias = tuple[str, str, int, int]
"""Where a menu begins: context, extension, priority, and a number for what the call carries."""


def parts(outcome: Outcome) -> tuple[Outcome, ...]:
    """Return what an outcome leads to by itself, whatever keys are pressed."""
    match outcome:
        case Rings(after=after) | RingsAll(after=after) | Leaves(after=after) | Queues(after=after):
            return tuple({id(each): each for each in after.values()}.values())
        case Message(then=then) | Plays(then=then) | Confers(then=then) | Follows(then=then):
            return (then,)
        case Timed(yes=yes, no=no) | Forks(yes=yes, no=no):
            return (yes, no)
        case Callers(ways=ways, others=others):
            return (others, *ways.values())
        case Switched(ways=ways):
            return tuple(ways.values())
        case _:
            return ()


def same(one: Outcome, other: Outcome) -> bool:
    """Check whether a caller meets the same, by whichever lines."""
    if one is other:
        return True
    if type(one) is not type(other) or _facts(one) != _facts(other):
        return False
    own, others = parts(one), parts(other)
    return len(own) == len(others) and all(map(same, own, others))


_ASIDE = frozenset({"trail", "call", "line", "wait", "places", "flags"})
"""Fields that say where something stands, or what a caller hardly notices."""


def _facts(outcome: Outcome) -> tuple[object, ...]:
    """Return what a caller meets first, before what follows; of ways only what divides them."""
    if isinstance(outcome, Menu | Reads):
        return (outcome.place,)
    if isinstance(outcome, Unclear):
        return outcome.reason, outcome.line
    values = (getattr(outcome, each.name) for each in fields(outcome) if each.name not in _ASIDE)
    met = (_texts(value) if isinstance(value, Mapping) else value for value in values)
    return tuple(value for value in met if not isinstance(value, Outcome))


def _texts(named: Mapping[str, "str | Outcome"]) -> tuple[str, ...]:
    """Return the names, and the values that are texts."""
    return (*named, *(value for value in named.values() if isinstance(value, str)))


def below(outcome: Outcome) -> Iterator[Outcome]:
    """Return the outcome and all that it leads to."""
    yield outcome
    for part in parts(outcome):
        yield from below(part)


def claim(ledger: Ledger, outcome: Outcome, by: object) -> None:
    """Explain everything that the outcome says, but for what was noted about lines."""
    for each in below(outcome):
        claim_trail(ledger, each.trail, by)


def claim_trail(ledger: Ledger, trail: Trail, by: object) -> None:
    ledger.take(trail.lines, by)
    for option, note in trail.notes:
        ledger.leave(option, note)


def unclear(outcome: Outcome) -> Unclear | None:
    """Return the first thing in an outcome that no object says."""
    return next((each for each in below(outcome) if isinstance(each, Unclear)), None)


class At(NamedTuple):
    """A place of a call: the context it is in, what was dialled, and which step comes next."""

    context: str
    exten: str
    priority: int = 1
    closed: frozenset[tuple[str, int]] = frozenset()
    """File and line of each timed include that does not count for this call."""

    def to(self, context: str, exten: str, priority: int = 1) -> "At":
        """Return another place, at the same hours."""
        return At(context, exten, priority, self.closed)


@dataclass(frozen=True, slots=True)
class Call(by_hand.Call):
    """A call that is followed, with the lines that it has run through.

    Its variables hold what is assumed about the server as well, as `GLOBAL(…)` and `DB(…)`.
    """

    closed: frozenset[tuple[str, int]] = frozenset()
    """File and line of each timed include that does not count for it."""
    trail: Trail = field(default_factory=Trail)
    seen: frozenset[tuple[At, int, int]] = frozenset()
    recorded: Recorded | None = None
    """The step that records the call now."""
    assumed: Mapping[str, bool] = field(default_factory=dict)
    """Conditions of the step that comes next, and whether they hold."""

    @property
    def at(self) -> At:
        return At(self.context, self.exten, self.priority, self.closed)

    @property
    def visible(self) -> Mapping[str, str]:
        """Return the variables that the next step sees, those of subroutines first."""
        found = dict(self.variables)
        for frame in self.frames:
            found |= frame.variables
        return found

    def ran(self, *lines: Option) -> "Call":
        """Return the call after these lines."""
        return replace(self, trail=self.trail + Trail(lines))

    def afresh(self) -> "Call":
        """Return the same call with nothing on its trail, for what happens later."""
        return replace(self, trail=Trail())

    def assuming(self, name: str, value: str) -> "Call":
        return replace(self, variables={**self.variables, name: value})


def legible(text: str) -> str:
    """Write a text to be shown, without the marks of open places."""
    return "".join(char if char.isprintable() else "…" for char in text)[:80]
