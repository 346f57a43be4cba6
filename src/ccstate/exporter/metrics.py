"""Figures as Prometheus reads them: counters since the start, and how things stand.

Of a server that is lost there is nothing but `ccstate_up 0`: Prometheus marks what is missing as
stale, and a figure that stays would look alive. Rates and shares are computed by whoever asks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import get_args

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ccstate.exporter.servers import Server, Servers
from ccstate.measures.events import State
from ccstate.measures.figures import Counts, Moment
from ccstate.measures.tallies import AgentRow, Tallies

MOST_REASONS = 20
"""Reasons of pauses that a queue has as labels; what agents write beyond counts as `other`."""

COUNTERS = {
    "offered": ("offered_calls", "Calls that joined the queue"),
    "answered": ("answered_calls", "Calls that an agent took"),
    "in_time": ("answered_in_time_calls", "Calls answered within the time of the service level"),
    "abandoned": ("abandoned_calls", "Calls whose caller hung up while waiting"),
    "short_abandons": ("short_abandoned_calls", "Abandoned calls of less than 5 seconds"),
    "completed": ("completed_calls", "Answered calls that are over"),
    "transferred": ("transferred_calls", "Answered calls that the agent passed on"),
    "rang_out": ("rings_not_answered", "Rings at an agent that were not answered"),
    "unobserved": ("unobserved_calls", "Calls that ended while the server was lost"),
    "waited": ("answered_wait_seconds", "Seconds that answered calls had waited"),
    "talked": ("talk_seconds", "Seconds that agents talked, of calls that are over"),
    "held": ("hold_seconds", "Seconds on hold, of calls that are over"),
    "wrapped_up": ("wrap_up_seconds", "Seconds that the queue gave agents after calls"),
}
CAUSES = {
    "overflowed_calls": (
        "Calls that waited, and were sent elsewhere",
        {
            "time": "overflowed_time",
            "key": "overflowed_key",
            "empty": "overflowed_empty",
            "withdrawn": "withdrawn",
        },
    ),
    "refused_calls": (
        "Calls that the queue did not take in",
        {"full": "refused_full", "empty": "refused_empty"},
    ),
}
QUEUE = ("target", "queue")


class _Figures(Collector):
    def __init__(self, servers: Servers, now: float) -> None:
        self._servers = servers
        self._now = now

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("ccstate_up", "Whether the server is there", labels=["target"])
        seen = GaugeMetricFamily(
            "ccstate_last_heard_timestamp_seconds",
            "When the server was heard last",
            labels=["target"],
        )
        for server in self._servers.each:
            up.add_metric([server.name], server.is_there)
            seen.add_metric([server.name], server.seen)
        yield up
        yield seen
        there = [server for server in self._servers.each if server.is_there]
        yield from _of_queues([(server, server.ask(self._read)) for server in there])

    def _read(self, tallies: Tallies) -> list["_Queue"]:
        return [
            _Queue(
                queue,
                tallies.total(queue),
                tallies.moment([queue], self._now),
                tallies.within(queue),
                tallies.agents([queue], self._now),
            )
            for queue in sorted(tallies.queues)
        ]


class _Queue:
    """One queue as it was read."""

    __slots__ = ("agents", "moment", "name", "total", "within")

    def __init__(
        self, name: str, total: Counts, moment: Moment, within: int, agents: list[AgentRow]
    ) -> None:
        self.name = name
        self.total = total + Counts()  # counting goes on
        self.moment = moment
        self.within = within
        self.agents = agents


def _of_queues(read: list[tuple[Server, list[_Queue]]]) -> Iterator[Metric]:
    found = [((server.name, queue.name), queue) for server, queues in read for queue in queues]
    for field, (name, words) in COUNTERS.items():
        counter = CounterMetricFamily(f"ccstate_queue_{name}", words, labels=QUEUE)
        for labels, queue in found:
            counter.add_metric(labels, getattr(queue.total, field))
        yield counter
    for name, (words, causes) in CAUSES.items():
        counter = CounterMetricFamily(f"ccstate_queue_{name}", words, labels=[*QUEUE, "cause"])
        for labels, queue in found:
            for cause, field in causes.items():
                counter.add_metric([*labels, cause], getattr(queue.total, field))
        yield counter
    waiting = GaugeMetricFamily("ccstate_queue_waiting_calls", "Calls that wait", labels=QUEUE)
    longest = GaugeMetricFamily(
        "ccstate_queue_longest_wait_seconds", "How long the first call waits", labels=QUEUE
    )
    within = GaugeMetricFamily(
        "ccstate_queue_service_level_seconds", "Time to answer of the service level", labels=QUEUE
    )
    agents = GaugeMetricFamily(
        "ccstate_queue_agents", "Agents of the queue by what they do", labels=[*QUEUE, "state"]
    )
    paused = GaugeMetricFamily(
        "ccstate_queue_paused_agents", "Agents who are paused, by reason", labels=[*QUEUE, "reason"]
    )
    for labels, queue in found:
        waiting.add_metric(labels, queue.moment.waiting)
        longest.add_metric(labels, queue.moment.longest_wait)
        within.add_metric(labels, queue.within)
        for state in get_args(State):
            agents.add_metric([*labels, state], queue.moment.agents.get(state, 0))
        for reason, count in _reasons(queue.agents):
            paused.add_metric([*labels, reason], count)
    yield from (waiting, longest, within, agents, paused)


def _reasons(rows: Iterable[AgentRow]) -> Iterator[tuple[str, int]]:
    counted = Counter(row.reason for row in rows if row.state == "paused").most_common()
    yield from counted[:MOST_REASONS]
    if rest := sum(count for _, count in counted[MOST_REASONS:]):
        yield "other", rest


def exposition(servers: Servers, now: float) -> bytes:
    """Write all figures in the text format of Prometheus, with what this process costs."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(servers, now))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
