"""The words for what happens to a call: places, events, ends, and transitions between places."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, NewType, TypeAlias

from ccstate.journeys.hours import Phase, Position
from ccstate.kinds import Path
from ccstate.model import Address

KEYS = "1234567890*#"


SWITCH = "switch/"
"""What the name of a switch begins with, where schedules and switches are named side by side."""

CALLERS = "callers/"
"""The same for lists of callers that are asked one after the other: `callers/vip,blocked`."""

Listed = NewType("Listed", str)
"""The first of some lists that holds the caller; "" where none does."""

Says: TypeAlias = Phase | Position | Listed
"""What a schedule, a switch, or lists of callers say."""


class Event(StrEnum):
    """An event of a call at a place."""

    THEN = "then"
    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    ON = "on"
    OFF = "off"
    LISTED = "caller in list"
    OTHERS = "other caller"
    KEY = "key"
    DIGITS = "digits"
    SILENCE = "silence"
    WRONG_KEY = "wrong key"
    ANSWERED = "answered"
    NO_ANSWER = "no answer"
    EMPTY = "nobody there"
    FULL = "full"
    BUSY = "busy"


class End(StrEnum):
    """An end of a call; only the first three are meant to happen."""

    HUMAN = "human"
    MESSAGE = "message"
    HANGUP = "hangup"
    CUT_OFF = "cut off"
    WAITS = "waits without end"
    ENDLESS = "goes round without end"
    RETURNS = "returns"
    """Not an end: the caller is back where he was, and what can happen there is listed there."""


MAILBOX = "voicemail"
"""The node of an extension at which its mailbox is; every other node of one is an outside number."""

GOOD = frozenset({End.HUMAN, End.MESSAGE, End.HANGUP})


class Place(NamedTuple):
    """The place of a call: an address, and in a tree the node."""

    kind: str
    name: str
    node: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" + (f" {self.node}" if self.node else "")

    @property
    def address(self) -> Address:
        return Address(self.kind, self.name)


TURNED = "switch"
"""Node of a number that has asked its caller lists, and asks its switch."""
HOURS = "hours"
"""Node of a number that has asked its caller lists and its switch, and asks its schedule."""


class Transition(NamedTuple):
    """A transition: one thing that can happen at a place, and where the call goes then.

    `to` is None where the call ends, by `end`, with whom or what `at` names (`queue/sales`).
    `seconds` is how long the caller was at the place. `schedule` and `phases` say when the way is
    possible at all; `schedule` may be a switch, `switch/night`, or lists, `callers/vip`. `path` is the field of the resource
    that declares it; () where none does.
    `key` is what has to be pressed: one key, an extension's number, or digits that lead to a place
    of their own. `has_exits` is true of a wait that the caller can leave by a key instead.
    """

    event: Event
    to: Place | None
    end: End | None = None
    at: str = ""
    seconds: int = 0
    key: str = ""
    schedule: str = ""
    phases: frozenset[Says] = frozenset()
    path: Path = ()
    has_exits: bool = False


OPEN: frozenset[Says] = frozenset({Phase.OPEN})
NOT_OPEN: frozenset[Says] = frozenset({Phase.CLOSED, Phase.HOLIDAY})
ANY = OPEN | NOT_OPEN
BRANCHES: Mapping[str, tuple[Event, frozenset[Says]]] = {
    "open": (Event.OPEN, OPEN),
    "closed": (Event.CLOSED, frozenset({Phase.CLOSED})),
    "holiday": (Event.HOLIDAY, frozenset({Phase.HOLIDAY})),
}
"""What a schedule decides: the branch, its event, the phases in which it is taken."""
POSITIONS: Mapping[str, tuple[Event, frozenset[Says]]] = {
    "on": (Event.ON, frozenset({Position.ON})),
    "off": (Event.OFF, frozenset({Position.OFF})),
}
"""What a switch decides, as `BRANCHES`."""


def unknown(name: str) -> Says:
    """Return the answer of a schedule, switch or list that is not there: open, off, or no list."""
    if name.startswith(CALLERS):
        return Listed("")
    return Position.OFF if name.startswith(SWITCH) else Phase.OPEN
