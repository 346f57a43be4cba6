"""Callers who wait or talk at what a plan changes, and a moment at which none is there."""

import time
from collections.abc import Callable, Mapping

from ccstate import codes
from ccstate.adapter import Adapter
from ccstate.apply.perform import observe
from ccstate.errors import Blocked
from ccstate.model import Activity, Address, Plan

INTERVAL = 2.0
"""Seconds between two looks for callers."""
SHOWN = 3
"""Objects with callers that are named."""


def drain(
    plan: Plan,
    adapters: Mapping[str, Adapter],
    limit: float,
    remark: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when no caller waits or talks at what the plan changes; `limit` is in seconds.

    Raises Blocked where callers are there after that time. New calls go on coming in: what is
    waited for is a moment at which none is there.
    """
    end = clock() + limit
    last = ""
    while busy := _callers(plan, adapters):
        words = _callers_in_words(busy)
        if clock() >= end:
            raise Blocked(codes.CALLERS_IN_THE_WAY(activity=words))
        if words != last:
            remark(f"Waiting: {words}")
            last = words
        sleep(min(INTERVAL, max(end - clock(), 0)))


def _callers(plan: Plan, adapters: Mapping[str, Adapter]) -> dict[Address, Activity]:
    seen = observe(plan, adapters)
    return {
        change.address: activity
        for change in plan.changes()
        if (activity := seen[change.target].activity.get(change.address)) and activity.callers
    }


def _callers_in_words(busy: Mapping[Address, Activity]) -> str:
    named = [f"{address}: {activity.words[0]}" for address, activity in sorted(busy.items())]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return "; ".join(named[:SHOWN]) + more
