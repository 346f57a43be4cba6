"""The situation of a caller at one moment, in words that hand-written and imported share."""

from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.conf import Option

OVER = "is hung up"
"""The end of calls that are hung up, or cut off: callers notice no difference."""
PAUSE_TOLERANCE = 3
"""Seconds of pauses that callers hardly notice; pauses that differ by no more count as the same."""


class Heard(NamedTuple):
    """The sounds on the way: words, other things noticed, seconds of pauses."""

    words: str = ""
    things: tuple[str, ...] = ()
    pause: int = 0


class Asks(NamedTuple):
    """A turn where the caller may press a key; `typed` are digits that wait for more."""

    seconds: int
    typed: str = ""
    keys: str = ""
    """The keys that matter, where not all do."""


class Rings(NamedTuple):
    """A turn where phones ring: addresses of extensions, or `trunk/name 5550100`."""

    targets: frozenset[str]
    seconds: int | None
    options: str = ""
    shown: str = ""
    """The number that an outside party sees; "" where it is the phone's own."""
    named: str = ""
    """The caller's name on the phones, `Sales: …`; "" where it is as it came in."""


class Waits(NamedTuple):
    queue: str
    seconds: int | None
    options: str = ""
    can_be_full: bool = True
    can_be_empty: bool = True
    keys: frozenset[str] = frozenset()
    """Keys by which callers leave the queue."""
    named: str = ""


class Message(NamedTuple):
    """A turn where a message is asked for, after a greeting: `u` or `b` of its owner, or words."""

    mailbox: str
    greeting: str
    keys: tuple[str, ...] = ()


class Over(NamedTuple):
    """A turn where the call ends, or nothing more is compared."""

    end: str
    at: str = ""


class Open(NamedTuple):
    """A turn that something outside of the call decides: a number, a switch, a phone's state."""

    fact: str
    values: tuple[str, ...]


class Clock(NamedTuple):
    holds: int


NOTHING = Over("reaches nothing")
"""A number that no object has."""

What: TypeAlias = Asks | Rings | Waits | Message | Over | Open | Clock


class Turn(NamedTuple):
    heard: Heard
    what: What
    line: Option | None = None


ANSWERED, NO_ANSWER, BUSY, UNAVAILABLE, CONGESTED = (
    "the call is answered",
    "the call is not answered",
    "the phone is busy",
    "the phone is not there",
    "the line is congested",
)
FULL, EMPTY = "the queue is full", "no agent is there"
SILENCE = "presses nothing"
LEFT = "leaves a message"


ALL_QUEUES = "all queues"


def agent(does: str, queue: str, phone: str, penalty: str = "") -> str:
    """Write what a phone does in a queue as agent: `joins`, `leaves`, `pauses in`, `is back in`."""
    return f"{phone} {does} {queue}" + (f" behind {penalty}" if penalty not in ("", "0") else "")


def shown(what: What) -> str:
    """Write what a caller meets, for people."""
    match what:
        case Asks(seconds=seconds, typed=typed):
            wait = f" within {seconds} s" if seconds else " during the announcement"
            return f"is asked for a key{wait}" + (f", after {typed}" if typed else "")
        case Rings(targets=targets, seconds=seconds, options=options, shown=number):
            wait = f" for {seconds} s" if seconds is not None else " without end"
            more = f" with {options}" if options else ""
            more += f", showing {number}" if number else ""
            return f"rings {', '.join(sorted(targets)) or 'nothing'}{wait}{more}"
        case Waits(queue=queue, seconds=seconds, options=options):
            wait = f" for {seconds} s at the most" if seconds is not None else " without end"
            return f"waits in {queue}{wait}" + (f" with {options}" if options else "")
        case Message(mailbox=mailbox, greeting=greeting):
            names = {"u": "the greeting for absence", "b": "the greeting for busy"}
            return f"may leave a message at {mailbox} after {names.get(greeting, greeting or 'no greeting')}"
        case Over(end=end, at=at):
            return f"{end} {at}".strip()
        case Open(fact=fact):
            return f"depends on {fact}"
        case Clock():
            return "depends on the time"
