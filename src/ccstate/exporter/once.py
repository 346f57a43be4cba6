"""Queues as they are at this moment, read once."""

from collections import Counter

from ccstate.exporter.questions import iso
from ccstate.exporter.servers import Server, Servers
from ccstate.measures import MEASURES
from ccstate.project.listener import Listener
from ccstate.project.measuring import QueueSources
from ccstate.report_format.measures import (
    Measured,
    MeasuredQueue,
    MeasuredTarget,
    PausedAgents,
)


def measured(sources: QueueSources, listener: Listener, now: float) -> Measured:
    """Read every target once; Unreadable where one of them does not answer."""
    servers = Servers(sources, now)
    for server in servers.each:
        with listener.during(f"Reading {server.name}"):
            server.record(next(iter(server.source.follow())), now)
    return Measured(targets=[_target(servers, server, now) for server in servers.each])


def _target(servers: Servers, server: Server, now: float) -> MeasuredTarget:
    names = server.ask(lambda tallies: sorted(tallies.queues))
    queues = [_queue(servers, server, name, now) for name in names]
    return MeasuredTarget(target=server.name, at=iso(now), queues=queues)


def _queue(servers: Servers, server: Server, name: str, now: float) -> MeasuredQueue:
    moment = server.moment([name], now)
    figures = {m.name: m.value(moment) for m in MEASURES.values() if not m.is_counted}
    rows = server.agents([name], now)
    reasons = Counter(row.reason for row in rows if row.state == "paused")
    return MeasuredQueue(
        queue=name,
        label=servers.label("queue", name),
        figures=figures,
        paused=[PausedAgents(reason=why, agents=n) for why, n in reasons.most_common()],
    )
