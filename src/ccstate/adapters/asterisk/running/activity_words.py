"""What goes on at an object, in words for whoever is about to change it."""

from ccstate import model
from ccstate.adapters.asterisk.running.activity import Activity
from ccstate.model import Address

MOST_NAMED = 10
"""Agents who are logged in that are named; the rest is counted."""


def in_words(address: Address, activity: Activity) -> model.Activity:
    """One sentence for callers who wait, for calls, for who is logged in, for each who is paused.

    And what is amiss with a trunk; that phones are away is the way of phones.
    """
    words: list[str] = []
    if activity.waiting:
        callers = "1 caller waits" if activity.waiting == 1 else f"{activity.waiting} callers wait"
        words.append(f"{callers}, the first for {activity.longest} s")
    if activity.talking:
        words.append(
            "1 call is there" if activity.talking == 1 else f"{activity.talking} calls are there"
        )
    if activity.logged_in:
        more = len(activity.logged_in) - MOST_NAMED
        others = [f"{more:,} more"] if more > 0 else []
        words.append(f"logged in: {', '.join([*activity.logged_in[:MOST_NAMED], *others])}")
    if activity.position:
        words.append(f"it is {activity.position}")
    for member, reason in activity.paused:
        words.append(f"{member} is paused" + (f": {reason}" if reason else ""))
    words += activity.notes if address.kind == "trunk" else ()
    return model.Activity(activity.waiting + activity.talking, tuple(words))
