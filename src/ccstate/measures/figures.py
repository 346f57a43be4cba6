"""Every figure, once: what it is called, what it counts and what not, and how it is computed.

A display, a report and the exporter name a measure; the words for people in docs/measures.md are
these. Of several queues a figure is computed from their sums, never as a mean of percentages.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, Self, TypeAlias

from ccstate.measures.events import State

Unit: TypeAlias = Literal["calls", "seconds", "percent", "agents", "rings"]
Number: TypeAlias = int | float

SHORT = 5
"""Seconds: callers who give up sooner had hardly begun to wait, and may have dialled wrong."""


@dataclass(slots=True)
class Counts:
    """Calls of a queue in a period, and seconds of them; sums of queues are sums of these."""

    offered: int = 0
    answered: int = 0
    in_time: int = 0
    abandoned: int = 0
    short_abandons: int = 0
    overflowed_time: int = 0
    overflowed_key: int = 0
    overflowed_empty: int = 0
    withdrawn: int = 0
    refused_full: int = 0
    refused_empty: int = 0
    unobserved: int = 0
    """Calls that waited when the server was lost, and were gone when it was found again."""
    completed: int = 0
    transferred: int = 0
    rang_out: int = 0
    waited: int = 0
    """Seconds that those who were answered had waited."""
    talked: int = 0
    held: int = 0
    wrapped_up: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, n) + getattr(other, n) for n in COUNTED))

    def __sub__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, n) - getattr(other, n) for n in COUNTED))

    @property
    def overflowed(self) -> int:
        return self.overflowed_time + self.overflowed_key + self.overflowed_empty + self.withdrawn

    @property
    def ended(self) -> int:
        """Calls whose wait is over, and known."""
        return self.answered + self.abandoned + self.overflowed


COUNTED = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True, slots=True)
class Moment:
    """Queues together at one moment: counted since `since`, waiting now, and their agents.

    `busy`, `present`: seconds of these agents in the period, talking and wrapping up, and all without
    pauses.
    """

    since: float
    counts: Counts = field(default_factory=Counts)
    waiting: int = 0
    longest_wait: float = 0.0
    agents: Mapping[State, int] = field(default_factory=dict)
    busy: float = 0.0
    present: float = 0.0

    def __add__(self, other: Self) -> Self:
        """Take the queues of two servers together; the period is the longer one."""
        return type(self)(
            min(self.since, other.since),
            self.counts + other.counts,
            self.waiting + other.waiting,
            max(self.longest_wait, other.longest_wait),
            Counter(self.agents) + Counter(other.agents),
            self.busy + other.busy,
            self.present + other.present,
        )


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `worse` says in which direction it gets worse, for thresholds; None for neither."""

    name: str
    title: str
    unit: Unit
    definition: str
    """One sentence for people."""
    formula: str
    source: str
    """The events of Asterisk that it is counted from."""
    excludes: str
    """What it is not."""
    elsewhere: str
    """How others call and count it."""
    worse: Literal["higher", "lower"] | None
    value: Callable[[Moment], Number | None] = field(repr=False)
    """None where there is nothing to divide by."""
    is_counted: bool = True
    """Whether it is of a period, since midnight as a rule; else it is of this moment."""


def _share(part: Number, whole: Number) -> float | None:
    return 100 * part / whole if whole else None


def _mean(total: Number, count: int) -> float | None:
    return total / count if count else None


def _agents(state: State) -> Callable[[Moment], int]:
    return lambda moment: moment.agents.get(state, 0)


_JOINS = "`QueueCallerJoin`, and calls that wait already when counting begins"
_STATUS = "`QueueStatus`, `QueueMemberStatus`, `QueueMemberPause`, `QueueMemberAdded`, `QueueMemberRemoved`"
_QUEUESTATUS = "variable `QUEUESTATUS` as `Queue()` leaves it: "
_COMPLETE = "`AgentComplete`"

_ALL = (
    Measure(
        "waiting",
        "Calls waiting",
        "calls",
        "Calls that wait in the queue at this moment for an agent.",
        "calls that joined and have not left",
        "`QueueCallerJoin`, `QueueCallerLeave`",
        "Not calls in menus before the queue, and not those that an agent has taken.",
        "Amazon Connect: Queue, in queue. Asterisk: `Calls` of `QueueParams`.",
        "higher",
        lambda m: m.waiting,
        is_counted=False,
    ),
    Measure(
        "longest_wait",
        "Longest wait",
        "seconds",
        "How long the call that has waited longest is waiting; 0 where none waits.",
        "now − the earliest join of those that wait",
        "`QueueCallerJoin`, `QueueEntry`",
        "Not the longest wait of the day: it falls as soon as that call is taken.",
        "Amazon Connect: Oldest. Asterisk: `LongestHoldTime` of `QueueSummary`.",
        "higher",
        lambda m: m.longest_wait,
        is_counted=False,
    ),
    Measure(
        "offered",
        "Offered",
        "calls",
        "Calls that joined the queue.",
        "answered + abandoned + overflowed + waiting",
        _JOINS,
        "Not refused calls, which never waited. A caller who joins twice is offered twice.",
        "Amazon Connect: Contacts queued. Asterisk: `ENTERQUEUE` in queue_log.",
        None,
        lambda m: m.counts.offered,
    ),
    Measure(
        "answered",
        "Answered",
        "calls",
        "Calls that an agent took.",
        "count",
        "`AgentConnect`",
        "Not only those that are over: a call counts from the moment it is taken.",
        "Amazon Connect: Contacts handled. Asterisk: `CONNECT` in queue_log; its counter "
        "`Completed` counts a call when it is over.",
        None,
        lambda m: m.counts.answered,
    ),
    Measure(
        "abandoned",
        "Abandoned",
        "calls",
        "Calls whose caller hung up while waiting, however soon.",
        "count",
        f"`QueueCallerAbandon`, and no {_QUEUESTATUS}the caller's line ends",
        "Not calls that overflowed, nor calls that were refused.",
        "Amazon Connect: Contacts abandoned. Asterisk: `ABANDON` in queue_log; its counter `Abandoned` "
        "holds calls that overflowed too, but for those by key.",
        "higher",
        lambda m: m.counts.abandoned,
    ),
    Measure(
        "short_abandons",
        "Short abandons",
        "calls",
        f"Calls whose caller hung up within the first {SHORT} seconds.",
        f"abandoned with a wait of less than {SHORT} s",
        "`QueueCallerAbandon`, `HoldTime`",
        "Not left out of `abandoned` or `abandon_rate`.",
        "Amazon Connect: Contacts abandoned in X seconds.",
        None,
        lambda m: m.counts.short_abandons,
    ),
    Measure(
        "abandon_rate",
        "Abandon rate",
        "percent",
        "The share of calls whose caller gave up, of all calls whose wait is over.",
        "100 × abandoned ÷ (answered + abandoned + overflowed)",
        "as `abandoned`, `answered`, `overflowed`",
        "Not of calls that still wait, and short abandons count as any other.",
        "Amazon Connect: Abandonment rate, of all contacts queued.",
        "higher",
        lambda m: _share(m.counts.abandoned, m.counts.ended),
    ),
    Measure(
        "refused",
        "Refused",
        "calls",
        "Calls that the queue did not take in, because it was full or had no agent.",
        "refused_full + refused_empty",
        f"the step `Queue()` of the dialplan, and the {_QUEUESTATUS}`FULL`, `JOINEMPTY`, `JOINUNAVAIL`",
        "Not part of `offered`: no event and no line of queue_log speaks of them.",
        "Amazon Connect: none, a full queue is a branch of the flow.",
        "higher",
        lambda m: m.counts.refused_full + m.counts.refused_empty,
    ),
    Measure(
        "refused_full",
        "Refused: full",
        "calls",
        "Calls that were not taken in because as many waited as may.",
        "count",
        f"{_QUEUESTATUS}`FULL`",
        "Not part of `offered`.",
        "Asterisk: counted nowhere.",
        "higher",
        lambda m: m.counts.refused_full,
    ),
    Measure(
        "refused_empty",
        "Refused: no agent",
        "calls",
        "Calls that were not taken in because no agent was logged in.",
        "count",
        f"{_QUEUESTATUS}`JOINEMPTY`, `JOINUNAVAIL`",
        "Not calls outside of opening hours, which are not sent to the queue. Not part of `offered`.",
        "Asterisk: counted nowhere.",
        "higher",
        lambda m: m.counts.refused_empty,
    ),
    Measure(
        "overflowed",
        "Overflowed",
        "calls",
        "Calls that waited, and were then sent elsewhere.",
        "overflowed_time + overflowed_key + overflowed_empty + calls that were taken out",
        f"`QueueCallerLeave`, {_QUEUESTATUS}`TIMEOUT`, `LEAVEEMPTY`, `LEAVEUNAVAIL`, `WITHDRAW`",
        "Not abandoned: the caller is still there, and may be answered elsewhere.",
        "Amazon Connect: Contacts transferred out queue.",
        "higher",
        lambda m: m.counts.overflowed,
    ),
    Measure(
        "overflowed_time",
        "Overflowed: time",
        "calls",
        "Calls that waited as long as they may, and were sent elsewhere.",
        "count",
        f"{_QUEUESTATUS}`TIMEOUT`",
        "Not abandoned.",
        "Asterisk: `EXITWITHTIMEOUT` in queue_log.",
        "higher",
        lambda m: m.counts.overflowed_time,
    ),
    Measure(
        "overflowed_key",
        "Overflowed: key",
        "calls",
        "Calls whose caller pressed a key that leads out of the queue.",
        "count",
        "`QueueCallerLeave` without `QueueCallerAbandon` and `AgentConnect`",
        "Not abandoned.",
        "Asterisk: `EXITWITHKEY` in queue_log; in none of its counters.",
        None,
        lambda m: m.counts.overflowed_key,
    ),
    Measure(
        "overflowed_empty",
        "Overflowed: no agent",
        "calls",
        "Calls that waited until the last agent was gone, and were sent elsewhere.",
        "count",
        f"{_QUEUESTATUS}`LEAVEEMPTY`, `LEAVEUNAVAIL`",
        "Not `refused_empty`: these had begun to wait.",
        "Asterisk: `EXITEMPTY` in queue_log.",
        "higher",
        lambda m: m.counts.overflowed_empty,
    ),
    Measure(
        "service_level",
        "Service level",
        "percent",
        "The share of calls answered within the queue's time, of all calls whose wait is over.",
        "100 × answered in time ÷ (answered + abandoned + overflowed)",
        "`AgentConnect`, `HoldTime`; the time is `ServiceLevel` of `QueueParams`",
        "Not of answered calls alone: who gives up counts against it, however soon. Of several queues "
        "each call counts by the time of its own.",
        "Amazon Connect: Service level X. Asterisk: `ServicelevelPerf2` is another figure, to which who "
        "leaves within the time without an agent counts as served (22.10).",
        "lower",
        lambda m: _share(m.counts.in_time, m.counts.ended),
    ),
    Measure(
        "service_level_of_answered",
        "Service level, of answered",
        "percent",
        "The share of calls answered within the queue's time, of those that were answered.",
        "100 × answered in time ÷ answered",
        "as `service_level`",
        "Says nothing of callers who gave up: a queue that answers one of a hundred in time has 100 %.",
        "Asterisk: `ServicelevelPerf`, of calls that are over.",
        "lower",
        lambda m: _share(m.counts.in_time, m.counts.answered),
    ),
    Measure(
        "service_level_less_short",
        "Service level, less short abandons",
        "percent",
        "The share of calls answered within the queue's time, where short abandons are left out.",
        "100 × answered in time ÷ (answered + abandoned + overflowed − short_abandons)",
        "as `service_level`",
        f"Not counted against it: callers who hang up within {SHORT} seconds.",
        "Usual in contracts; Amazon Connect and Asterisk have none.",
        "lower",
        lambda m: _share(m.counts.in_time, m.counts.ended - m.counts.short_abandons),
    ),
    Measure(
        "average_speed_of_answer",
        "Average speed of answer",
        "seconds",
        "How long those who were answered had waited on average, ringing included.",
        "seconds waited by those answered ÷ answered",
        "`AgentConnect`, `HoldTime`",
        "Not the waits of callers who gave up or went elsewhere, nor the time in menus.",
        "Amazon Connect: Average queue answer time. Asterisk: `Holdtime` of `QueueParams` is another "
        "figure, in which the last calls weigh most.",
        "higher",
        lambda m: _mean(m.counts.waited, m.counts.answered),
    ),
    Measure(
        "average_handle_time",
        "Average handle time",
        "seconds",
        "How long a call keeps an agent on average: talking, on hold, and wrapping up.",
        "(talk + hold + wrap-up) ÷ calls that are over",
        f"{_COMPLETE}, `TalkTime`; `wrapuptime` of the queue",
        "Not the ringing. Of a call that was passed on, only the part with this agent.",
        "Amazon Connect: Average handle time. Asterisk: none; its `TalkTime` is talk and hold, and the "
        "last calls weigh most.",
        "higher",
        lambda m: _mean(m.counts.talked + m.counts.held + m.counts.wrapped_up, m.counts.completed),
    ),
    Measure(
        "average_talk_time",
        "Average talk time",
        "seconds",
        "How long agent and caller talk on average.",
        "talk ÷ calls that are over",
        f"{_COMPLETE}, `TalkTime` less the time on hold",
        "Not the time on hold.",
        "Amazon Connect: Average agent interaction time.",
        None,
        lambda m: _mean(m.counts.talked, m.counts.completed),
    ),
    Measure(
        "average_hold_time",
        "Average hold time",
        "seconds",
        "How long an agent puts the caller on hold on average, calls without any included.",
        "hold ÷ calls that are over",
        "`Hold` and `Unhold` of the agent's line",
        "Not the wait in the queue, which Asterisk calls hold time.",
        "Amazon Connect: Average customer hold time, of contacts that were on hold.",
        "higher",
        lambda m: _mean(m.counts.held, m.counts.completed),
    ),
    Measure(
        "average_wrap_up_time",
        "Average wrap-up time",
        "seconds",
        "How long an agent has after a call before the next one, on average.",
        "wrap-up ÷ calls that are over",
        f"{_COMPLETE}; `wrapuptime` of the queue",
        "Not what the agent does meanwhile: it is the time that the queue gives, used or not.",
        "Amazon Connect: Average after contact work time, which an agent can end.",
        None,
        lambda m: _mean(m.counts.wrapped_up, m.counts.completed),
    ),
    Measure(
        "transferred",
        "Transferred",
        "calls",
        "Answered calls that the agent passed on.",
        "count",
        f"{_COMPLETE}, `Reason: transfer`",
        "Not calls that overflowed: these had an agent.",
        "Amazon Connect: Contacts transferred out. Asterisk: `BLINDTRANSFER`, `ATTENDEDTRANSFER` in queue_log.",
        None,
        lambda m: m.counts.transferred,
    ),
    Measure(
        "rang_out",
        "Rings not answered",
        "rings",
        "How often an agent's phone rang for a call, and was not taken.",
        "count",
        "`AgentRingNoAnswer`",
        "Not calls: one call may ring out at several agents, and be answered after all.",
        "Amazon Connect: Agent non-response. Asterisk: `RINGNOANSWER` in queue_log.",
        "higher",
        lambda m: m.counts.rang_out,
    ),
    Measure(
        "occupancy",
        "Occupancy",
        "percent",
        "The share of their time in which agents handled calls, of the time they were there for calls.",
        "100 × (talking + wrapping up) ÷ (ready + ringing + talking + wrapping up), in seconds of agents",
        _STATUS,
        "Not of paused time, nor of time logged out, nor of agents who are members no more. An agent of two "
        "queues counts as a whole in both.",
        "Amazon Connect: Occupancy.",
        None,
        lambda m: _share(m.busy, m.present),
    ),
    Measure(
        "agents_ready",
        "Agents ready",
        "agents",
        "Agents who could take a call at this moment.",
        "logged in, not paused, phone free, not wrapping up",
        _STATUS,
        "Not agents whose phone rings.",
        "Amazon Connect: Available. Asterisk: `Available` of `QueueSummary`, with those who wrap up.",
        "lower",
        _agents("ready"),
        is_counted=False,
    ),
    Measure(
        "agents_ringing",
        "Agents ringing",
        "agents",
        "Agents whose phone rings at this moment.",
        "phone rings",
        _STATUS,
        "Not necessarily for a call of this queue.",
        "Amazon Connect: none of its own.",
        None,
        _agents("ringing"),
        is_counted=False,
    ),
    Measure(
        "agents_talking",
        "Agents talking",
        "agents",
        "Agents who are in a call at this moment.",
        "phone in use, of any call; on hold included",
        _STATUS,
        "Not only calls of this queue: a call of the agent's own keeps it as busy.",
        "Amazon Connect: On contact.",
        None,
        _agents("talking"),
        is_counted=False,
    ),
    Measure(
        "agents_wrap_up",
        "Agents wrapping up",
        "agents",
        "Agents who have the time after a call at this moment.",
        "the queue's wrap-up time after the last call is not over",
        "`QueueMemberStatus`, `LastCall`; `wrapuptime` of the queue",
        "Not agents who paused to wrap up: they count as paused.",
        "Amazon Connect: ACW.",
        None,
        _agents("wrap_up"),
        is_counted=False,
    ),
    Measure(
        "agents_paused",
        "Agents paused",
        "agents",
        "Agents who are logged in and take a break from calls; the exporter has them by reason.",
        "paused in all of the queues asked for, phone reachable, in no call of a queue",
        _STATUS,
        "Not agents whose phone is away: they count as logged out.",
        "Amazon Connect: NPT, non-productive time.",
        "higher",
        _agents("paused"),
        is_counted=False,
    ),
    Measure(
        "agents_logged_in",
        "Agents logged in",
        "agents",
        "Agents who are members of the queue and whose phone can be reached.",
        "ready + ringing + talking + wrapping up + paused",
        _STATUS,
        "Not members whose phone is away, though Asterisk lists them.",
        "Amazon Connect: Online. Asterisk: `LoggedIn` of `QueueSummary`.",
        "lower",
        lambda m: sum(n for state, n in m.agents.items() if state != "logged_out"),
        is_counted=False,
    ),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
"""Every figure, by its name."""
