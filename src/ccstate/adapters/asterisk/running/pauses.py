"""Pauses of agents, which a reload of app_queue would cost.

A reload, even of a file that did not change, keeps that a static member is paused and forgets
why; a member whose device changed is a new one, and not paused. Dynamic members keep everything
(16.28 and 22.10, seen).
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.entries import QUEUES
from ccstate.adapters.asterisk.running import Member, Running, is_running
from ccstate.adapters.asterisk.running.queues import Queues, read_queues


@contextmanager
def keep_pauses(ami: Ami, before: Running | Queues, anew: Collection[str] = ()) -> Iterator[None]:
    """Whatever is reloaded inside, agents are paused afterwards as they were before.

    `anew`: queues that are forgotten inside, and their pauses with them.
    """
    paused = remember(before)
    try:
        yield
    finally:
        if paused and is_running(ami, QUEUES):
            restore(ami, paused, read_queues(ami).members, anew)


def remember(running: Running | Queues) -> tuple[Member, ...]:
    """Who is paused, to be told to `restore` after the reload."""
    return tuple(member for member in running.members if member.is_paused)


def restore(
    ami: Ami, before: Iterable[Member], after: Iterable[Member], anew: Collection[str] = ()
) -> tuple[Member, ...]:
    """Those who are paused again as they were; who has come back or moved on since, stays so.

    Each is one more PAUSE in the queue log. Needs the right `agent`.
    """
    now = {member.key: member for member in after}
    lost = [
        was
        for was in before
        if (member := now.get(was.key)) and (was.queue in anew or _has_lost(was, member))
    ]
    for was in lost:
        ami.do(
            "QueuePause",
            ("Queue", was.queue),
            ("Interface", now[was.key].interface),
            ("Paused", "true"),
            ("Reason", was.reason),
        )
    return tuple(lost)


def _has_lost(was: Member, member: Member) -> bool:
    if member.interface != was.interface:
        return not member.is_paused
    return member.is_paused and bool(was.reason) and not member.reason
