"""Who is affected now: callers who wait and talk, agents who are paused, phones that are away."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    MAILBOXES,
    PJSIP,
    QUEUES,
    VOICEMAIL,
    Entries,
    Key,
)
from ccstate.adapters.asterisk.running import POSITION, STATIC, Running
from ccstate.model import Activity, Address

MOST_NAMED = 10
"""Agents who are logged in that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One leg of a call; `call` is the same for all legs of it."""

    name: str
    call: str
    context: str
    extension: str
    application: str
    data: str
    is_bridged: bool = False
    """Whether it talks, or hears what others hear who are held."""

    @property
    def endpoint(self) -> str:
        """Whose leg it is: "PJSIP/trunk-a-0000001f" is trunk-a's; "" where it is no phone's."""
        technology, _, rest = self.name.partition("/")
        return rest.rpartition("-")[0] if technology == "PJSIP" else ""

    @property
    def mailbox(self) -> str:
        """Whose mailbox it talks to."""
        return self.data.partition("@")[0] if self.application == "VoiceMail" else ""


def read_channels(ami: Ami) -> tuple[Channel, ...]:
    """Read all legs of all calls."""
    return tuple(
        Channel(
            name=message["Channel"],
            call=message["Linkedid"],
            context=message["Context"],
            extension=message["Exten"],
            application=message["Application"],
            data=message["ApplicationData"],
            is_bridged=bool(message.get("BridgeId")),
        )
        for message in ami.read("CoreShowChannels")
    )


def read_positions(ami: Ami, family: str, names: Iterable[str]) -> Mapping[str, str]:
    """Read what was set by codes, by the names of switches or extensions.

    Getvar of a function without a channel answers nothing (22.10, seen).
    """
    names = list(names)
    asked = ((POSITION, (("Family", family), ("Key", name))) for name in names)
    found: dict[str, str] = {}
    for name, answer in zip(names, ami.read_many(asked), strict=True):
        values = [message.get("Val") for message in answer] if isinstance(answer, list) else []
        if position := "".join(values):  # refused where it was never set
            found[name] = position
    return found


def activity(
    running: Running,
    channels: Iterable[Channel],
    entries: Entries,
    positions: Mapping[str, str] | None = None,
    forwards: Mapping[str, str] | None = None,
) -> Mapping[Address, Activity]:
    """Report by object what goes on there now; `entries` say what belongs to which object.

    Callers are those who wait and those who talk. The words name, in this order, callers, agents who
    are logged in, the position of a switch, where the calls of an extension go, agents who are
    paused, and what is amiss with a trunk.
    """
    owners = _Owners(entries)
    waiting, calls = _waiting(running, owners), _calls(channels, running, owners)
    words: dict[Address, list[str]] = {}
    for owner, seconds in waiting.items():
        callers = "1 caller waits" if len(seconds) == 1 else f"{len(seconds)} callers wait"
        words.setdefault(owner, []).append(f"{callers}, the first for {max(seconds)} s")
    for owner, found in calls.items():
        count = "1 call is there" if len(found) == 1 else f"{len(found)} calls are there"
        words.setdefault(owner, []).append(count)
    for owner, names in _logged_in(running, owners).items():
        more = [f"{len(names) - MOST_NAMED:,} more"] if len(names) > MOST_NAMED else []
        listed = ", ".join([*names[:MOST_NAMED], *more])
        words.setdefault(owner, []).append(f"logged in: {listed}")
    for name, position in (positions or {}).items():
        words.setdefault(Address("switch", name), []).append(f"it is {position}")
    for name, number in (forwards or {}).items():
        words.setdefault(Address("extension", name), []).append(f"its calls go to {number}")
    for member in running.members:
        if member.is_paused and (queue := owners.queue(member.queue)):
            reason = f": {member.reason}" if member.reason else ""
            words.setdefault(queue, []).append(f"{member.name} is paused{reason}")
    for trunk, fault in _trunk_faults(running, owners, entries):
        words.setdefault(trunk, []).append(fault)
    return {
        address: Activity(len(waiting.get(address, ())) + len(calls.get(address, ())), tuple(said))
        for address, said in words.items()
    }


class _Owners:
    """Which object a queue, a place in the dialplan, an endpoint or a mailbox belongs to."""

    def __init__(self, entries: Entries) -> None:
        self._found: dict[tuple[str, str, str], Address] = {}
        sections: dict[tuple[str, str], set[Address]] = {}
        for key, entry in entries.items():
            if entry.owner:
                self._found.setdefault((key.file, key.section, key.item), entry.owner)
                sections.setdefault((key.file, key.section), set()).add(entry.owner)
        self._sections = {
            name: owners.pop() for name, owners in sections.items() if len(owners) == 1
        }

    def queue(self, name: str) -> Address | None:
        return self._sections.get((QUEUES, name))

    def endpoint(self, name: str) -> Address | None:
        return self._found.get((PJSIP, "endpoint", name))

    def of(self, channel: Channel) -> Iterator[Address]:
        """Where a leg of a call is, whose it is, and whose mailbox hears it."""
        place = (DIALPLAN, channel.context, channel.extension)
        # What was dialled matches a pattern; whose that is, is clear where the context is one's own.
        here = self._found.get(place) or self._sections.get(place[:2])
        mailbox = self._found.get((VOICEMAIL, MAILBOXES, channel.mailbox))
        yield from filter(None, (here, self.endpoint(channel.endpoint), mailbox))


def _waiting(running: Running, owners: _Owners) -> dict[Address, list[int]]:
    found: dict[Address, list[int]] = {}
    for caller in running.waiting:
        if owner := owners.queue(caller.queue):
            found.setdefault(owner, []).append(caller.seconds)
    return found


def _calls(
    channels: Iterable[Channel], running: Running, owners: _Owners
) -> dict[Address, set[str]]:
    """Group calls by object; a caller who waits in a queue talks to the trunk alone."""
    legs = tuple(channels)
    by_name = {leg.name: leg.call for leg in legs}
    waiting = {
        (by_name.get(caller.channel), owners.queue(caller.queue)) for caller in running.waiting
    }
    found: dict[Address, set[str]] = {}
    for leg in legs:
        for owner in owners.of(leg):
            if (leg.call, owner) not in waiting:
                found.setdefault(owner, set()).add(leg.call)
    return found


def _logged_in(running: Running, owners: _Owners) -> dict[Address, list[str]]:
    found: dict[Address, list[str]] = {}
    for member in running.members:
        if member.membership != STATIC and (owner := owners.queue(member.queue)):
            found.setdefault(owner, []).append(member.name)
    return found


def _trunk_faults(
    running: Running, owners: _Owners, entries: Entries
) -> Iterator[tuple[Address, str]]:
    """Report what is amiss with trunks. That phones are away is usual.

    Of an `identify` that Asterisk passed over, because no server knew an address for its host, only the
    details of the endpoint tell; of those that were not read, nothing is said.
    """
    registrations = running.phones.registrations
    for name, state in running.phones.devices.items():
        owner = owners.endpoint(name)
        if owner and owner.kind == "trunk":
            if state == "Unavailable" and name not in registrations:
                yield owner, "it cannot be reached"
            if (status := registrations.get(name, "Registered")) != "Registered":
                yield owner, f"its registration is {status.lower()}"
    for key, entry in entries.items():
        is_host = key[:2] == (PJSIP, "identify") and key.part == "match"
        is_read = Key(PJSIP, "endpoint", key.item, "context") in running.values
        if is_host and is_read and entry.owner and key.item not in running.identified:
            registers = key.item in registrations
            then = "knows its calls by registration alone" if registers else "turns its calls away"
            yield entry.owner, f"Asterisk found no address for {entry.value}, and {then}"
