"""Events folded into tallies of queues and agents, and those read as figures at any moment.

The tallies of one server. Pure: the moment comes with each event, and days begin where the caller says.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, assert_never

from ccstate.measures.events import (
    Abandoned,
    Answered,
    Completed,
    Event,
    Joined,
    Left,
    Member,
    MemberIs,
    Overflowed,
    RangOut,
    Refused,
    Snapshot,
    State,
)
from ccstate.measures.figures import COUNTED, SHORT, Counts, Moment

Day = Callable[[float], float]
"""The moment at which the day of a moment began."""
SHORTEST_DAY = 22 * 3600.0  # of which clocks are put forward; by two hours in Antarctica


class AgentRow(NamedTuple):
    """An agent as a list shows it; `since` is when the state began, as far as it was seen."""

    agent: str
    state: State
    reason: str
    since: float


@dataclass(slots=True)
class _Queue:
    within: int = 0
    total: Counts = field(default_factory=Counts)
    before: Counts = field(default_factory=Counts)
    """What was counted before this day."""
    waiting: dict[str, float] = field(default_factory=dict)
    """By call, since when."""
    unsettled: int = 0
    """Calls that have left, and of which it is not known yet what became."""
    members: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Agent:
    """An agent over all queues: the state now, and the seconds of this day in each state before."""

    queues: dict[str, Member] = field(default_factory=dict)
    state: State = "logged_out"
    since: float = 0.0
    counted: float = 0.0
    """Until when `seconds` are counted."""
    seconds: defaultdict[State, float] = field(default_factory=lambda: defaultdict(float))


class Tallies:
    """What happened at one server since counting began, and how things stand."""

    def __init__(self, began: float, day: Day) -> None:
        self.since = began
        """When the counts of this day begin: midnight, or later where counting began later."""
        self.unobserved = 0.0
        """Seconds of this day in which the server was lost."""
        self._day = day
        self._today = day(began)
        self._queues: dict[str, _Queue] = {}
        self._agents: dict[str, _Agent] = {}

    @property
    def queues(self) -> Collection[str]:
        """The queues that the server has."""
        return self._queues.keys()

    def begin(self, snapshot: Snapshot, lost: float | None = None) -> None:
        """Take over how things stand; `lost` is when the server was last seen, where it was lost.

        Calls that wait count as offered where they were not known. Those that were known, and wait no
        more, ended unseen.
        """
        self.advance(snapshot.at)
        if lost is not None:
            self.unobserved += snapshot.at - max(lost, self.since)
        for name, queue in self._queues.items():
            gone = [call for call in queue.waiting if (name, call) not in snapshot.waiting]
            for call in gone:
                del queue.waiting[call]
            queue.total.unobserved += len(gone) + queue.unsettled
            queue.unsettled = 0
        for (name, call), since in snapshot.waiting.items():
            self._join(self._queue(name), call, since)
        self.members(snapshot)

    def members(self, snapshot: Snapshot) -> None:
        """Take over queues and their members, as after a reload; a queue in which calls wait stays."""
        for name, within in snapshot.within.items():
            self._queue(name).within = within
        now = {(each.queue, each.agent) for each in snapshot.members}
        gone = [
            MemberIs(snapshot.at, name, agent, None)
            for name, queue in self._queues.items()
            for agent in queue.members
            if (name, agent) not in now
        ]
        for each in (*gone, *snapshot.members):
            self._member(each)
        for name in [*self._queues.keys() - snapshot.within.keys()]:
            if not self._queues[name].waiting:
                del self._queues[name]

    def advance(self, now: float) -> None:
        """Let the days begin that have begun by now."""
        if now < self._today + SHORTEST_DAY or self._day(now) <= self._today:
            return
        self._today = self.since = self._day(now)
        self.unobserved = 0.0
        for queue in self._queues.values():
            queue.before = replace(queue.total)
        for agent in self._agents.values():
            _count_time(agent, self.since)
            agent.seconds.clear()

    def record(self, event: Event) -> None:  # noqa: C901 - a case for each of a closed union
        """Count one event."""
        self.advance(event.at)
        if isinstance(event, MemberIs):
            self._member(event)
            return
        queue = self._queue(event.queue)
        total = queue.total
        match event:
            case Joined():
                self._join(queue, event.call, event.at)
            case Left():
                if queue.waiting.pop(event.call, None) is None:
                    total.offered += 1  # it waited before counting began
                queue.unsettled += 1
            case Answered():
                self._settle(queue)
                total.answered += 1
                total.waited += event.waited
                total.in_time += event.waited <= queue.within
            case Abandoned():
                self._settle(queue)
                total.abandoned += 1
                total.short_abandons += event.waited < SHORT
            case Overflowed(cause=cause):
                self._settle(queue)
                _add_one(total, "withdrawn" if cause == "withdrawn" else f"overflowed_{cause}")
            case Refused(cause=cause):
                _add_one(total, f"refused_{cause}")
            case Completed():
                total.completed += 1
                total.transferred += event.is_transferred
                total.talked += event.talked
                total.held += event.held
                total.wrapped_up += event.wrap_up
            case RangOut():
                total.rang_out += 1
            case _:
                assert_never(event)

    def total(self, queue: str) -> Counts:
        """Return what was counted of a queue since counting began."""
        return self._queues[queue].total

    def within(self, queue: str) -> int:
        """Return the seconds within which a call of a queue is answered in time."""
        return self._queues[queue].within

    def moment(self, queues: Iterable[str], now: float) -> Moment:
        """Sum up queues, of this day and of this moment; those that the server does not have are passed over."""
        self.advance(now)
        found = [self._queues[name] for name in dict.fromkeys(queues) if name in self._queues]
        sums = [
            sum(getattr(queue.total, name) - getattr(queue.before, name) for queue in found)
            for name in COUNTED
        ]
        first = min((since for queue in found for since in queue.waiting.values()), default=now)
        names = {agent for queue in found for agent in queue.members}
        busy = present = 0.0
        for name in names:
            agent = self._agents[name]
            _count_time(agent, now)
            handled = agent.seconds["talking"] + agent.seconds["wrap_up"]
            busy += handled
            present += handled + agent.seconds["ready"] + agent.seconds["ringing"]
        return Moment(
            since=self.since,
            counts=Counts(*sums),
            waiting=sum(len(queue.waiting) for queue in found),
            longest_wait=max(0.0, now - first),
            agents=Counter(row.state for row in self.agents(queues, now)),
            busy=busy,
            present=present,
        )

    def agents(self, queues: Iterable[str], now: float) -> list[AgentRow]:
        """List the agents of queues by name, each as it is for these queues together."""
        wanted = {name for name in queues if name in self._queues}
        names = sorted({agent for queue in wanted for agent in self._queues[queue].members})
        rows = []
        for name in names:
            agent = self._agents[name]
            _count_time(agent, now)
            asked = [member for queue, member in agent.queues.items() if queue in wanted]
            state = _state(asked, now)
            reason = next((m.reason for m in asked if m.is_paused and m.reason), "")
            rows.append(AgentRow(name, state, reason if state == "paused" else "", agent.since))
        return rows

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    def _join(self, queue: _Queue, call: str, since: float) -> None:
        if call not in queue.waiting:
            queue.waiting[call] = since
            queue.total.offered += 1

    def _settle(self, queue: _Queue) -> None:
        """Take note that the outcome of a call is known; of one that left unseen, it is the first word."""
        if queue.unsettled:
            queue.unsettled -= 1
        else:
            queue.total.offered += 1

    def _member(self, event: MemberIs) -> None:
        agent = self._agents.setdefault(
            event.agent, _Agent(since=event.at, counted=max(event.at, self.since))
        )
        _count_time(agent, event.at)
        if event.member is None:
            agent.queues.pop(event.queue, None)
            self._queue(event.queue).members.discard(event.agent)
        else:
            agent.queues[event.queue] = event.member
            self._queue(event.queue).members.add(event.agent)
        if not agent.queues:
            del self._agents[event.agent]
            return
        _become(agent, _state(agent.queues.values(), event.at), event.at)


def _add_one(counts: Counts, name: str) -> None:
    setattr(counts, name, getattr(counts, name) + 1)


def _count_time(agent: _Agent, now: float) -> None:
    """Count the seconds in the state until now; a time after a call ends by itself."""
    ends = max((member.wraps_until for member in agent.queues.values()), default=0.0)
    if agent.state == "wrap_up" and ends <= now:
        _count_until(agent, max(ends, agent.since))
        _become(agent, _state(agent.queues.values(), now), max(ends, agent.since))
    _count_until(agent, now)


def _count_until(agent: _Agent, until: float) -> None:
    if until > agent.counted:
        agent.seconds[agent.state] += until - agent.counted
        agent.counted = until


def _become(agent: _Agent, state: State, at: float) -> None:
    if state != agent.state:
        agent.state, agent.since = state, at


def _state(members: Iterable[Member], now: float) -> State:
    """What an agent does who is in these queues; a phone has one state, whatever queue says it."""
    found = tuple(members)
    if all(member.device == "away" for member in found):
        return "logged_out"
    if any(member.is_in_call for member in found):
        return "talking"
    if all(member.is_paused for member in found):
        return "paused"
    devices = {member.device for member in found}
    if "busy" in devices:
        return "talking"
    if "ringing" in devices:
        return "ringing"
    return "wrap_up" if any(member.wraps_until > now for member in found) else "ready"
