"""Queue events of AMI made into events of calls: what became of each visit of a call to a queue.

AMI says this in pieces. Seen on 16.28 and 22.10, in this order:

    answered          Leave, AgentConnect
    hung up           Abandon, Leave, Hangup
    time, no agent,   Abandon, Leave, VarSet QUEUESTATUS: app_queue counts these as abandoned, and says
    taken out         only afterwards what it was
    by key            Leave; on 22 the caller stands in the context of the key already, on 16 nothing
                      shows it before the call goes on to another queue, or ends
    refused           Newexten of Queue(), VarSet QUEUESTATUS, and no event of the queue
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ccstate.adapters.asterisk.ami.message import Message
from ccstate.adapters.asterisk.include_files import SENTINEL
from ccstate.measures.events import (
    Abandoned,
    Answered,
    Completed,
    Device,
    Event,
    Joined,
    Left,
    Member,
    MemberIs,
    Overflow,
    Overflowed,
    RangOut,
    Refusal,
    Refused,
)

_OVERFLOWS: Mapping[str, Overflow] = {
    "TIMEOUT": "time",
    "LEAVEEMPTY": "empty",
    "LEAVEUNAVAIL": "empty",
    "WITHDRAW": "withdrawn",
}
_REFUSALS: Mapping[str, Refusal] = {"FULL": "full", "JOINEMPTY": "empty", "JOINUNAVAIL": "empty"}

# `enum ast_device_state` of 16 and 22. As app_queue has it, an unknown device can be rung, and one
# that is invalid (4) or unavailable (5) is not logged in.
_DEVICES: Mapping[str, Device] = {
    "0": "free",
    "1": "free",
    "2": "busy",
    "3": "busy",
    "4": "away",
    "5": "away",
    "6": "ringing",
    "7": "busy",
    "8": "busy",
}


@dataclass(slots=True)
class _Visit:
    """A call in a queue. `waited` is known where it was not answered."""

    queue: str
    place: tuple[str, str] | None
    since: float
    has_left: bool = False
    waited: int | None = None


@dataclass(slots=True)
class _Talk:
    """An answered call: the agent's line, and its time on hold."""

    line: str
    is_over: bool = False
    held: float = 0.0
    on_hold_since: float | None = None

    def resume(self, at: float) -> None:
        if self.on_hold_since is not None:
            self.held += at - self.on_hold_since
            self.on_hold_since = None


class Visits:
    """The calls of one server in its queues; what is kept is bounded by the calls there are.

    `wrap_ups`: by queue, the seconds that agents have after a call.
    """

    def __init__(self) -> None:
        self.wrap_ups: Mapping[str, int] = {}
        self.ahead = 0.0
        """Seconds by which the server's clock is ahead of this one."""
        self._attempts: dict[str, str] = {}
        """By call, the queue at whose step it is."""
        self._visits: dict[str, _Visit] = {}
        self._talks: dict[str, _Talk] = {}
        self._lines: dict[str, str] = {}
        """By the line of an agent, the call."""
        self._handlers: Mapping[str, Callable[[Message, str, float], Iterator[Event]]] = {
            "Newexten": self._step,
            "VarSet": self._status,
            "QueueCallerJoin": self._join,
            "QueueCallerAbandon": self._abandon,
            "QueueCallerLeave": self._leave,
            "AgentConnect": self._connect,
            "AgentComplete": self._complete,
            "AgentRingNoAnswer": self._rings_out,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "Hangup": self._hangup,
        }

    def events(self, message: Message, at: float) -> Iterator[Event]:
        """Say what an event of AMI means; it came at this moment."""
        name = message.get("Event")
        if name.startswith("QueueMember"):
            yield from self._member(message, at)
        elif (handler := self._handlers.get(name)) is not None:
            yield from handler(message, message.get("Uniqueid"), at)

    def waits(self, call: str, queue: str, since: float) -> None:
        """Take note of a call that waits already."""
        self._visits.setdefault(call, _Visit(queue, None, since))

    def member(self, message: Message) -> Member:
        """Return an agent as an event or an item of QueueStatus says."""
        queue, last = message["Queue"], _number(message, "LastCall")
        wrap_up = _number(message, "Wrapuptime") or self.wrap_ups.get(queue, 0)
        is_paused = message["Paused"] == "1"
        return Member(
            device=_DEVICES.get(message["Status"], "free"),
            is_in_call=message.get("InCall") == "1",
            is_paused=is_paused,
            reason=message.get("PausedReason") if is_paused else "",
            wraps_until=last + wrap_up - self.ahead if last and wrap_up else 0.0,
        )

    def _member(self, message: Message, at: float) -> Iterator[Event]:
        agent, queue = message.get("MemberName"), message.get("Queue")
        if agent and queue:
            is_gone = message.is_event("QueueMemberRemoved")
            yield MemberIs(at, queue, agent, None if is_gone else self.member(message))

    def _step(self, message: Message, call: str, at: float) -> Iterator[Event]:
        """Hear of a step of the dialplan: in the filter, and here, only Queue()."""
        if message.get("Application") != "Queue":
            return
        visit = self._visits.get(call)
        if visit is not None and not visit.has_left:
            return  # 22 repeats the step when a key leads out of the queue
        yield from self._settle(call, at)
        self._attempts[call] = message.get("AppData").partition(",")[0]

    def _join(self, message: Message, call: str, at: float) -> Iterator[Event]:
        self._attempts.pop(call, None)
        queue, visit = message["Queue"], self._visits.get(call)
        if (
            visit is not None
            and visit.queue == queue
            and visit.place is None
            and not visit.has_left
        ):
            visit.place = _place(message)  # the snapshot has shown it before this event was read
        else:
            yield from self._settle(call, at)
            self._visits[call] = _Visit(queue, _place(message), at)
        yield Joined(at, queue, call)

    def _abandon(self, message: Message, call: str, at: float) -> Iterator[Event]:
        yield from ()
        waited = _number(message, "HoldTime")
        visit = self._visits.setdefault(call, _Visit(message["Queue"], None, at - waited))
        visit.waited = waited

    def _leave(self, message: Message, call: str, at: float) -> Iterator[Event]:
        visit = self._visits.setdefault(call, _Visit(message["Queue"], None, at))
        if visit.has_left:
            return
        visit.has_left = True
        yield Left(at, visit.queue, call)
        moved = visit.place is not None and _place(message) != visit.place
        if visit.waited is None and moved:
            del self._visits[call]
            yield Overflowed(at, visit.queue, call, "key")

    def _connect(self, message: Message, call: str, at: float) -> Iterator[Event]:
        visit = self._visits.pop(call, None) or _Visit(message["Queue"], None, at, has_left=True)
        if not visit.has_left:
            yield Left(at, visit.queue, call)
        self._forget_talk(call)
        line = message.get("DestUniqueid")
        self._talks[call] = _Talk(line)
        self._lines[line] = call
        yield Answered(at, visit.queue, call, _number(message, "HoldTime"))

    def _complete(self, message: Message, call: str, at: float) -> Iterator[Event]:
        # None where it was answered before counting began, or where its end was told first.
        talk = self._talks.get(call) or _Talk("")
        if talk.is_over:
            return  # 16.28 completes some calls twice that were passed on (seen)
        talk.is_over = True
        self._lines.pop(talk.line, None)
        talk.resume(at)
        seconds, queue = _number(message, "TalkTime"), message["Queue"]
        held = min(round(talk.held), seconds)
        wrap_up = self.wrap_ups.get(queue, 0)
        is_transferred = message.get("Reason") == "transfer"
        yield Completed(at, queue, seconds - held, held, wrap_up, is_transferred)

    def _rings_out(self, message: Message, call: str, at: float) -> Iterator[Event]:
        yield RangOut(at, message["Queue"])

    def _hold(self, message: Message, line: str, at: float) -> Iterator[Event]:
        yield from ()
        if (talk := self._talks.get(self._lines.get(line, ""))) and talk.on_hold_since is None:
            talk.on_hold_since = at

    def _unhold(self, message: Message, line: str, at: float) -> Iterator[Event]:
        yield from ()
        if talk := self._talks.get(self._lines.get(line, "")):
            talk.resume(at)

    def _status(self, message: Message, call: str, at: float) -> Iterator[Event]:
        """Hear how Queue() ended, as it leaves it for the dialplan."""
        if message.get("Variable") != "QUEUESTATUS":
            return
        status = message.get("Value")
        queue = self._attempts.pop(call, "")
        visit = self._visits.get(call)
        if visit is None and queue and status in _REFUSALS:
            yield Refused(at, queue, _REFUSALS[status])
        elif visit is not None and visit.has_left and status in _OVERFLOWS:
            del self._visits[call]
            yield Overflowed(at, visit.queue, call, _OVERFLOWS[status])

    def _hangup(self, message: Message, call: str, at: float) -> Iterator[Event]:
        self._attempts.pop(call, None)
        self._forget_talk(call)
        yield from self._settle(call, at)

    def _forget_talk(self, call: str) -> None:
        if talk := self._talks.pop(call, None):
            self._lines.pop(talk.line, None)

    def _settle(self, call: str, at: float) -> Iterator[Event]:
        """Say what became of a visit that is over, where nothing else has said it."""
        visit = self._visits.pop(call, None)
        if visit is None:
            return
        if not visit.has_left:
            visit.waited = int(at - visit.since)
            yield Left(at, visit.queue, call)
        if visit.waited is None:
            yield Overflowed(at, visit.queue, call, "key")
        else:
            yield Abandoned(at, visit.queue, call, visit.waited)


def is_sentinel(queue: str) -> bool:
    """Whether it is no queue for callers, but the mark at the end of ccstate's file."""
    return queue.startswith(f"{SENTINEL}-")


def _place(message: Message) -> tuple[str, str]:
    return message.get("Context"), message.get("Exten")


def _number(message: Message, header: str) -> int:
    value = message.get(header)
    return int(value) if value.isdecimal() and len(value) < 16 else 0
