"""Waiting for callers: until none is there, or until the limit."""

import pytest

from ccstate.adapters.embedded import EmbeddedAdapter
from ccstate.apply.drain import drain
from ccstate.errors import Blocked
from ccstate.model import Action, Activity, Address, Change, Observation, Plan, Step, Why
from tests.adapters.embedded_harness import Passing

SALES, MOVES = Address("queue", "sales"), Address("queue", "moves")
CHANGE = Change("here", Action.UPDATE, SALES, Why.YOU, "")
PLAN = Plan("", (Step("here", (CHANGE,)),), {}, {})


class Busy(Passing):
    """A platform on which so many callers wait, one read after the other."""

    def __init__(self, real: EmbeddedAdapter, *callers: int) -> None:
        super().__init__(real)
        self._callers = list(callers)

    def observe(self, kinds: object) -> Observation:
        waiting = self._callers.pop(0) if len(self._callers) > 1 else self._callers[0]
        doing = {
            SALES: Activity(waiting, (f"{waiting} wait",) if waiting else ("priya.n is paused",)),
            MOVES: Activity(9, ("9 wait",)),
        }
        return Observation({}, {}, doing)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def drained(limit: float, *callers: int) -> tuple[float, list[str]]:
    """Seconds that were waited, and what was told."""
    clock, told = Clock(), list[str]()
    platform = Busy(EmbeddedAdapter(None, None), *callers)  # type: ignore[arg-type]  # never asked
    drain(PLAN, {"here": platform}, limit, told.append, clock=lambda: clock.now, sleep=clock.sleep)
    return clock.now, told


def test_where_no_caller_waits_nothing_is_waited_for() -> None:
    assert drained(60, 0) == (0, [])


def test_callers_are_waited_for_and_agents_who_pause_are_not() -> None:
    seconds, told = drained(60, 2, 2, 1, 0)
    assert seconds == 6
    assert told == ["Waiting: queue/sales: 2 wait", "Waiting: queue/sales: 1 wait"]


def test_callers_who_stay_beyond_the_limit_hold_the_plan_up() -> None:
    with pytest.raises(Blocked, match=r"queue/sales: 1 wait"):
        drained(5, 1)
