"""Waiting for callers before anything is written."""

import time
from collections.abc import Callable, Mapping

from ccstate.adapter import Adapter
from ccstate.apply.freshness import observe
from ccstate.errors import Blocked, Diagnostic
from ccstate.model import Activity, Address, Plan

BETWEEN = 2.0
"""Seconds between two looks."""
SHOWN = 3


def drain(
    plan: Plan,
    adapters: Mapping[str, Adapter],
    limit: float,
    told: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Returns when nobody waits or talks at what the plan touches; `limit` is in seconds.

    Raises Blocked where callers are there after that time. New calls go on coming in: what is
    waited for is a moment at which none is there.
    """
    end = clock() + limit
    last = ""
    while busy := _callers(plan, adapters):
        words = _words(busy)
        if clock() >= end:
            raise Blocked([_still_there(words)])
        if words != last:
            told(f"Waiting: {words}")
            last = words
        sleep(min(BETWEEN, max(end - clock(), 0)))


def _callers(plan: Plan, adapters: Mapping[str, Adapter]) -> dict[Address, Activity]:
    seen = observe(plan, adapters)
    return {
        change.address: told
        for change in plan.changes()
        if (told := seen[change.target].activity.get(change.address)) and told.callers
    }


def _words(busy: Mapping[Address, Activity]) -> str:
    named = [f"{address}: {told.words[0]}" for address, told in sorted(busy.items())]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return "; ".join(named[:SHOWN]) + more


def _still_there(words: str) -> Diagnostic:
    return Diagnostic(
        "CC310",
        f"callers are still in the middle of what the plan touches: {words}",
        cause="Nothing was written.",
        hint="apply at a quieter time, with a longer --drain, or without it",
    )
