"""What goes on at an object, in words for whoever is about to change it."""

from ccstate import model
from ccstate.adapters.asterisk.running.activity import Activity
from ccstate.model import Address


def in_words(address: Address, activity: Activity) -> model.Activity:
    """One sentence for callers who wait, for calls, for each agent who is paused.

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
    for member, reason in activity.paused:
        words.append(f"{member} is paused" + (f": {reason}" if reason else ""))
    words += activity.notes if address.kind == "trunk" else ()
    return model.Activity(activity.waiting + activity.talking, tuple(words))
