"""What is known of the queues of each server: updated in one thread, read in others.

A server that is lost keeps the figures that it had; whoever asks is told that they are stale.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TypeVar

from ccstate.measures import MEASURES, Moment
from ccstate.measures.events import Alive, QueueUpdate, Refresh, Snapshot
from ccstate.measures.figures import Number
from ccstate.measures.tallies import AgentRow, Tallies
from ccstate.project.measuring import QueueSource, QueueSources

T = TypeVar("T")


class Server:
    """The queues of one target, as far as the server said."""

    def __init__(self, source: QueueSource, now: float) -> None:
        self.source = source
        self.name = source.name
        self._tallies = Tallies(now, source.day)
        self._lock = threading.Lock()
        self._is_known = False
        self._is_there = False
        self._seen = now

    @property
    def is_known(self) -> bool:
        """Whether it was ever read."""
        return self._is_known

    @property
    def is_there(self) -> bool:
        return self._is_there

    @property
    def seen(self) -> float:
        """When it said something last."""
        return self._seen

    def record(self, update: QueueUpdate, now: float) -> None:
        """Take in what the server says."""
        with self._lock:
            match update:
                case Snapshot():
                    self._tallies.begin(update, lost=self._seen)
                    self._is_known = self._is_there = True
                case Refresh(snapshot=snapshot):
                    self._tallies.members(snapshot)
                case Alive():
                    pass
                case _:
                    self._tallies.record(update)
            self._seen = now

    def lose(self) -> None:
        """Take note that the server is not there."""
        self._is_there = False

    def ask(self, question: Callable[[Tallies], T]) -> T:
        """Ask of the tallies; nothing changes meanwhile."""
        with self._lock:
            return question(self._tallies)

    def moment(self, queues: Iterable[str], now: float) -> Moment:
        """Sum up queues; of a server that is lost, as they stood when it was seen last."""
        return self.ask(lambda t: t.moment(queues, now if self._is_there else self._seen))

    def agents(self, queues: Iterable[str], now: float) -> list[AgentRow]:
        return self.ask(lambda t: t.agents(queues, now if self._is_there else self._seen))

    def has(self, queue: str) -> bool:
        return queue in self._tallies.queues


@dataclass(frozen=True, slots=True)
class Sums:
    """Queues of one or more servers at one moment; `missed`: seconds in which a server was lost."""

    moment: Moment | None
    is_stale: bool
    missed: float = 0.0

    def value(self, measure: str) -> Number | None:
        """Compute a figure; None where nothing is known, or there is nothing to divide by."""
        value = MEASURES[measure].value(self.moment) if self.moment else None
        return round(value, 2) if isinstance(value, float) else value


class Servers:
    """All servers together: a queue of the same name on several is one queue."""

    def __init__(self, sources: QueueSources, now: float) -> None:
        self.each = tuple(Server(each, now) for each in sources.each)
        self._names = sources

    def label(self, kind: str, name: str) -> str:
        """Return what people call a queue or an agent; "" where nothing says it."""
        return self._names.labels.get((kind, name), "")

    def team(self, agent: str) -> str | None:
        """Return the team of an agent; None where they have none."""
        return self._names.teams.get(agent)

    def unknown(self, queues: Iterable[str]) -> list[str]:
        """Find the names that no queue has; none as long as a server was never read."""
        if not all(server.is_known for server in self.each):
            return []
        return [
            queue
            for queue in queues
            if queue not in self._names.queues
            and not any(server.has(queue) for server in self.each)
        ]

    def find(self, queues: Sequence[str], now: float) -> Sums:
        """Sum up queues over all servers that have one of them."""
        having = self._having(queues)
        missing = [queue for queue in queues if not any(server.has(queue) for server in having)]
        if not having or missing:
            return Sums(None, is_stale=True)
        moment = reduce(add, (server.moment(queues, now) for server in having))
        missed = max(server.ask(lambda t: t.unobserved) for server in having)
        lost = max((now - s.seen for s in having if not s.is_there), default=0.0)
        return Sums(moment, not all(server.is_there for server in having), missed + lost)

    def agents(self, queues: Sequence[str], now: float) -> tuple[list[AgentRow], bool]:
        """List the agents of queues, and say whether that is stale."""
        having = self._having(queues)
        rows = sorted(row for server in having for row in server.agents(queues, now))
        return rows, not having or not all(server.is_there for server in having)

    def _having(self, queues: Iterable[str]) -> list[Server]:
        return [server for server in self.each if any(server.has(queue) for queue in queues)]
