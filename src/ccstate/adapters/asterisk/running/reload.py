"""Reload Asterisk's files, check that they were read to the end, and keep agents paused.

Every malformed file is answered with "Module Reloaded" (16.28 and 22.10, seen); what is wrong with
it goes to Asterisk's log alone. The revision at the end of a file shows that all of it was read.

A reload of app_queue, even of a file that did not change, keeps that a static member is paused and
forgets why; a member whose device changed is a new one, and not paused. Dynamic members keep
everything (16.28 and 22.10, seen).
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    MODULES,
    PARKING,
    PJSIP,
    QUEUES,
    VOICEMAIL,
)
from ccstate.adapters.asterisk.include_files import (
    ACCOUNTS_SENTINEL,
    GLOBAL,
    PARKING_SENTINEL,
    SENTINEL,
)
from ccstate.adapters.asterisk.running import Member, Queues, Running, is_running, read_queues
from ccstate.errors import Unreadable

FIRST_PAUSE = 0.02  # seconds between two looks; each time twice as long
LONGEST_PAUSE = 1.0
NOT_RUNNING = ("No such module", "Module not initialized")
"""What Reload says of a module that was stopped, or that found no configuration."""
OTHER_RELOADS = 60.0
"""Seconds to wait for a reload by another program; PJSIP with 10,000 endpoints takes 7."""


def reload(ami: Ami, files: Collection[str]) -> None:
    """Reload the modules of these files, in the order in which they need each other.

    A module that was stopped is loaded. Raises Unreadable where Asterisk cannot.
    """
    for module in dict.fromkeys(MODULES[file] for file in MODULES if file in files):
        deadline = time.monotonic() + OTHER_RELOADS
        while reason := _refusal(ami, module):
            if "in progress" not in reason or time.monotonic() > deadline:
                raise Unreadable(codes.NOT_RELOADED(module=module, reason=reason))
            time.sleep(LONGEST_PAUSE)


def await_revisions(ami: Ami, wanted: Mapping[str, str], timeout: float) -> dict[str, str]:
    """Wait until files run in their wanted revisions; return those that still do not, with what runs."""
    deadline = time.monotonic() + timeout
    pause = FIRST_PAUSE
    wrong = _wrong(ami, wanted)
    while wrong and time.monotonic() < deadline:
        time.sleep(min(pause, max(deadline - time.monotonic(), 0)))
        pause = min(2 * pause, LONGEST_PAUSE)
        wrong = _wrong(ami, {file: wanted[file] for file in wrong})
    return wrong


def _wrong(ami: Ami, wanted: Mapping[str, str]) -> dict[str, str]:
    found = {file: _revision(ami, file) for file in wanted}
    return {file: revision for file, revision in found.items() if revision != wanted[file]}


def _refusal(ami: Ami, module: str) -> str:
    """Ask a module to read its file again; return why it does not, "" where it does."""
    try:
        ami.do("Reload", ("Module", module))
    except Refused as refused:
        if refused.reason not in NOT_RUNNING:
            return refused.reason
    else:
        return ""
    try:
        ami.do("ModuleLoad", ("Module", module), ("LoadType", "load"))
    except Refused as refused:
        return refused.reason
    return ""


def _revision(ami: Ami, file: str) -> str:
    """Read the revision that runs; "" where no end of the file was read, or no module runs to read it."""
    # The global of the dialplan outlives the module that set it (16 and 22, seen).
    return _REVISIONS[file](ami) if is_running(ami, file) else ""


def _of_item(ami: Ami, action: str, name: str, sentinel: str, value: str) -> str:
    """Return a header of the item of a list whose name is the sentinel; "" where none is."""
    return next((item[value] for item in ami.read(action) if item[name] == sentinel), "")


def _of_account(ami: Ami, sentinel: str) -> str:
    return _of_item(ami, "PJSIPShowAuths", "ObjectName", sentinel, "Username")


def _of_queues(ami: Ami) -> str:
    # For a member that does not exist, the list has the queues alone.
    names = {message.get("Queue") for message in ami.read("QueueStatus", ("Member", SENTINEL))}
    revisions = [name.removeprefix(f"{SENTINEL}-") for name in names if SENTINEL in name]
    return revisions[0] if len(revisions) == 1 else ""


def _of_parking(ami: Ami) -> str:
    try:
        steps = ami.read("ShowDialPlan", ("Context", PARKING_SENTINEL))
    except Refused:  # there is no such context
        return ""
    parks = (step["Extension"] for step in steps if step.get("Application") == "Park")
    return next(parks, "")


_REVISIONS: Mapping[str, Callable[[Ami], str]] = {
    ACCOUNTS: lambda ami: _of_account(ami, ACCOUNTS_SENTINEL),
    PJSIP: lambda ami: _of_account(ami, SENTINEL),
    QUEUES: _of_queues,
    DIALPLAN: lambda ami: ami.do("Getvar", ("Variable", GLOBAL)).get("Value"),
    VOICEMAIL: lambda ami: _of_item(
        ami, "VoicemailUsersList", "VoiceMailbox", SENTINEL, "Fullname"
    ),
    PARKING: _of_parking,
}


@contextmanager
def keep_pauses(ami: Ami, before: Running | Queues, anew: Collection[str] = ()) -> Iterator[None]:
    """Pause agents after a reload inside as they were before it.

    `anew`: queues that are forgotten inside, and their pauses with them.
    """
    paused = [member for member in before.members if member.is_paused]
    try:
        yield
    finally:
        if paused and is_running(ami, QUEUES):
            restore(ami, paused, read_queues(ami).members, anew)


def restore(
    ami: Ami, before: Iterable[Member], after: Iterable[Member], anew: Collection[str] = ()
) -> tuple[Member, ...]:
    """Pause agents again whose pause a reload has cost; an agent who has come back since stays so.

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
