"""A call in a dialplan: where it is, what it carries, what it stops for, and what stops an interpreter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Option


class Heard(NamedTuple):
    """A thing that a caller, or a person who answers, notices; `what` is a text or recordings."""

    kind: str
    """`sound`, `says`, `pause`, `records`, `sets`, `music`, `language`, `agent`, `asks for`."""
    what: str
    line: Option
    seconds: int = 0


AGENT = "\x1f"
"""Between what an agent does, the queue ("" for all), the phone and its penalty, of something heard."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A subroutine or macro that runs: its variables, and where its caller goes on."""

    variables: Mapping[str, str]
    context: str = ""
    exten: str = ""
    priority: int = 0
    macro: str = ""
    """The context of the macro; "" for Gosub."""


class Leg(NamedTuple):
    """A Dial() that rings a Local channel: the call that waits in it, and for how many seconds yet."""

    call: "Call"
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """A channel. `facts` are values outside of the dialplan that it has asked for, or has set."""

    context: str
    exten: str
    priority: int = 1
    variables: Mapping[str, str] = field(default_factory=dict)
    frames: tuple[Frame, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    moments: int = 1
    """The moments at which this can happen, as a set of bits."""
    is_answered: bool = False
    caller: str = ""
    """The caller's number where the dialplan has set it."""
    loops: tuple[int, ...] = ()
    """Priorities of the While() that are open."""
    response: int = 10
    """Seconds that a caller has for the first digit: TIMEOUT(response), 10 where it is not set."""
    pending: str = ""
    """What happened while the caller could press keys: `typed 12`, or `silence`."""
    digit: int = 5
    """Seconds that a caller has for each digit after it: TIMEOUT(digit)."""
    device: str = ""
    """The phone that calls, `PJSIP/2001`; "" for callers from outside."""
    legs: tuple[Leg, ...] = ()
    """Where this is a Local channel: the Dial() that rings it."""

    def key(self) -> tuple[object, ...]:
        """Return what tells two calls apart that may go on differently."""
        return (
            self.context,
            self.exten,
            self.priority,
            tuple(sorted(self.variables.items())),
            tuple(
                (f.context, f.exten, f.priority, f.macro, tuple(sorted(f.variables.items())))
                for f in self.frames
            ),
            tuple(sorted(self.facts.items())),
            self.moments,
            self.is_answered,
            self.caller,
            self.loops,
            self.response,
            self.digit,
            self.pending,
            tuple((leg.call.key(), leg.seconds) for leg in self.legs),
        )


class Keys(NamedTuple):
    """A wait for digits of a caller: for an extension, or for the variable of Read()."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option
    seconds: int
    """Until silence is an answer; 0 where keys count only while a recording plays."""
    typed: str = ""
    read: "Reading | None" = None


class Reading(NamedTuple):
    """The state of Read(): its variable, how many digits, what ends them, how often it asks."""

    variable: str
    most: int
    ends: str
    tries: int
    sounds: tuple[Heard, ...] = ()
    first: int = 10
    """Seconds for the first digit, and for each after it."""
    each: int = 5


class Rings(NamedTuple):
    """A stop where phones ring, or an outside number: `PJSIP/2001`, `PJSIP/5550100@trunk`."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option
    targets: tuple[str, ...]
    seconds: int | None
    """None for as long as the caller waits."""
    options: str


class Waits(NamedTuple):
    """A stop where the caller waits in a queue."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option
    queue: str
    seconds: int | None
    options: str
    others: tuple[str, ...] = ()
    """Arguments of Queue() that change more than that, as written."""


class Mailbox(NamedTuple):
    """A stop where the caller is asked to leave a message."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option
    mailbox: str
    greeting: str
    """`u` for absence, `b` for busy, "" for none."""
    options: str = ""
    keys: tuple[str, ...] = ()
    """Keys that lead out of it: 0 to the extension `o`, * to `a`."""


class Ended(NamedTuple):
    """A call that is over, or goes where the dialplan has nothing more to say."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option | None
    end: str
    at: str = ""


class Decides(NamedTuple):
    """A fact outside of the dialplan that decides: the caller's number, a switch, a phone's state."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option
    fact: str
    values: tuple[str, ...]


class Clock(NamedTuple):
    """A stop where the clock decides; `holds` are the moments at which the condition holds."""

    call: Call
    heard: tuple[Heard, ...]
    line: Option
    holds: int


Stop: TypeAlias = Keys | Rings | Waits | Mailbox | Ended | Decides | Clock

HANGUP, NO_WAY, WAITS_FOR_EVER, ENDLESS = "hang-up", "no way on", "waits for ever", "goes round"
"""Ends of calls: hung up by the dialplan; nothing more to do there; music or ringing without end;
the same steps for ever, without the caller doing anything."""


class NotFollowed(Exception):
    """A step that is not interpreted: its line, where it is known, and the reason."""

    def __init__(self, reason: str, line: Option | None = None) -> None:
        super().__init__(reason, line)
        self.reason, self.line = reason, line

    def at(self, line: Option) -> "NotFollowed":
        """Return the same reason with a line, where it has none yet."""
        return self if self.line else NotFollowed(self.reason, line)


class Undecided(Exception):
    """A fact outside of the dialplan that it asks for, and the values that it can have."""

    def __init__(self, fact: str, values: tuple[str, ...]) -> None:
        super().__init__(fact, values)
        self.fact, self.values = fact, values


class UndecidedTime(Exception):
    """A condition on the clock that holds at some of the moments of a call, and at others not."""

    def __init__(self, holds: int) -> None:
        super().__init__(holds)
        self.holds = holds
