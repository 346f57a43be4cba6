"""What happens to calls and agents of queues, as figures count it, whichever platform or log says so.

A call has one visit for each time it joins a queue: `Joined`, then `Left`, then what became of it. Times
are seconds since 1970, durations whole seconds, as Asterisk keeps them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Overflow: TypeAlias = Literal["time", "key", "empty", "withdrawn"]
"""Why a waiting call went elsewhere: its time was over, a key, no agent left, or it was taken out."""
Refusal: TypeAlias = Literal["full", "empty"]
Device: TypeAlias = Literal["free", "ringing", "busy", "away"]
State: TypeAlias = Literal["ready", "ringing", "talking", "wrap_up", "paused", "logged_out"]


@dataclass(frozen=True, slots=True)
class Member:
    """An agent in one queue.

    `is_in_call`: in a call from this queue. `wraps_until`: when the time after the last call ends, 0
    where there was none.
    """

    device: Device = "free"
    is_in_call: bool = False
    is_paused: bool = False
    reason: str = ""
    wraps_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Joined:
    at: float
    queue: str
    call: str


@dataclass(frozen=True, slots=True)
class Left:
    """A call waits no longer; what became of it follows."""

    at: float
    queue: str
    call: str


@dataclass(frozen=True, slots=True)
class Answered:
    at: float
    queue: str
    call: str
    waited: int


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The caller hung up."""

    at: float
    queue: str
    call: str
    waited: int


@dataclass(frozen=True, slots=True)
class Overflowed:
    at: float
    queue: str
    call: str
    cause: Overflow


@dataclass(frozen=True, slots=True)
class Refused:
    """The queue did not take the call in."""

    at: float
    queue: str
    cause: Refusal


@dataclass(frozen=True, slots=True)
class Completed:
    """An agent's call is over, or was passed on; `talked` without `held`."""

    at: float
    queue: str
    talked: int
    held: int
    wrap_up: int
    is_transferred: bool = False


@dataclass(frozen=True, slots=True)
class RangOut:
    """An agent's phone rang, and nobody took the call."""

    at: float
    queue: str


@dataclass(frozen=True, slots=True)
class MemberIs:
    """An agent of a queue as it is now; None where it is no member any more."""

    at: float
    queue: str
    agent: str
    member: Member | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All queues of a server at one moment.

    `within`: by queue, the seconds of its service level. `waiting`: by queue and call, since when.
    """

    at: float
    within: Mapping[str, int]
    waiting: Mapping[tuple[str, str], float]
    members: Sequence[MemberIs]


Event: TypeAlias = (
    Joined | Left | Answered | Abandoned | Overflowed | Refused | Completed | RangOut | MemberIs
)


@dataclass(frozen=True, slots=True)
class Refresh:
    """All queues as they are after their configuration may have changed; events go on."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Alive:
    """The server was there at this moment, whether anything happened or not."""

    at: float


QueueUpdate: TypeAlias = Snapshot | Refresh | Alive | Event
"""What a server says of its queues; the first is a snapshot."""
