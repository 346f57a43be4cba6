"""Which call may begin: so that in each queue somebody is free to answer it.

Whoever has answered is not rung again until the wrap-up of the queue is over; a call that came
then would wait, and perhaps overflow, though everybody is there.
"""

from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Lack, agents
from ccstate.kinds.fields import seconds
from ccstate.model import parse_address


class Turns:
    """The turns of one run; times by the monotonic clock."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._begun: dict[str, int] = {}
        self._over: dict[str, list[float]] = {}

    def may_begin(self, at: str, now: float) -> bool:
        """Whether a call that should end there would find somebody free."""
        if not (queue := self._queue(at)):
            return True
        wrap_up = seconds(queue["wrap_up"])
        resting = [over for over in self._over.get(at, ()) if now - over <= wrap_up + 1]
        self._over[at] = resting
        return self._begun.get(at, 0) + len(resting) < self._people(queue)

    def begin(self, at: str) -> None:
        self._begun[at] = self._begun.get(at, 0) + 1

    def end(self, at: str, now: float) -> None:
        self._begun[at] -= 1
        self._over.setdefault(at, []).append(now)

    def _queue(self, at: str) -> Filled | None:
        address = parse_address(at) if at.startswith("queue/") else None
        return self._centre.of("queue").get(address.name) if address else None

    def _people(self, queue: Filled) -> int:
        there = {a.extension for a in agents(self._centre, queue) if a.lack is Lack.NOTHING}
        return max(len(there), 1)
