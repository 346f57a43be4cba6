"""Who is affected now: callers who wait and talk, agents who are paused, phones that are away."""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from ccstate.adapters.asterisk.kinds.switch import key_of
from ccstate.adapters.asterisk.running import Running
from ccstate.adapters.asterisk.running.queues import STATIC
from ccstate.adapters.asterisk.running.rights import POSITION
from ccstate.model import Address

__all__ = ["Activity", "Channel", "activity", "read_channels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What goes on at one object now.

    `longest`: seconds that the first caller in the queue has waited. `talking`: calls that are at
    this object, or in conversation through it. `paused`: members, each with the reason, if any.
    `logged_in`: members that no file names. `position`: that of a switch, where somebody turned it.
    """

    waiting: int = 0
    longest: int = 0
    talking: int = 0
    paused: tuple[tuple[str, str], ...] = ()
    logged_in: tuple[str, ...] = ()
    position: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """One leg of a call; `call` is the same for all legs of it."""

    name: str
    call: str
    context: str
    extension: str
    application: str
    data: str

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
    """All legs of all calls."""
    return tuple(
        Channel(
            name=message["Channel"],
            call=message["Linkedid"],
            context=message["Context"],
            extension=message["Exten"],
            application=message["Application"],
            data=message["ApplicationData"],
        )
        for message in ami.read("CoreShowChannels")
    )


def read_positions(ami: Ami, switches: Iterable[str]) -> Mapping[str, str]:
    """The position of each switch that somebody has turned.

    Getvar of a function without a channel answers nothing (22.10, seen).
    """
    family, _, _ = key_of("").rpartition("/")
    names = list(switches)
    asked = ((POSITION, (("Family", family), ("Key", name))) for name in names)
    found: dict[str, str] = {}
    for name, answer in zip(names, ami.read_many(asked), strict=True):
        values = [message.get("Val") for message in answer] if isinstance(answer, list) else []
        if position := "".join(values):  # refused where nobody has turned it
            found[name] = position
    return found


def activity(
    running: Running,
    channels: Iterable[Channel],
    entries: Entries,
    positions: Mapping[str, str] | None = None,
) -> Mapping[Address, Activity]:
    """By object, those at which something goes on; `entries` say what belongs to which object."""
    owners = _Owners(entries)
    waiting = _waiting(running, owners)
    calls = _calls(channels, running, owners)
    paused = _paused(running, owners)
    notes = _notes(running, owners, entries)
    logged_in = _logged_in(running, owners)
    turned = {Address("switch", name): position for name, position in (positions or {}).items()}
    everywhere = dict.fromkeys([*waiting, *calls, *paused, *notes, *logged_in, *turned])
    return {
        address: Activity(
            waiting=len(waiting.get(address, ())),
            longest=max(waiting.get(address, ()), default=0),
            talking=len(calls.get(address, ())),
            paused=tuple(paused.get(address, ())),
            logged_in=tuple(logged_in.get(address, ())),
            position=turned.get(address, ""),
            notes=tuple(notes.get(address, ())),
        )
        for address in everywhere
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
    """Who waits in a queue does not talk there, though he does to the trunk that he came by."""
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


def _paused(running: Running, owners: _Owners) -> dict[Address, list[tuple[str, str]]]:
    found: dict[Address, list[tuple[str, str]]] = {}
    for member in running.members:
        if member.is_paused and (owner := owners.queue(member.queue)):
            found.setdefault(owner, []).append((member.name, member.reason))
    return found


def _logged_in(running: Running, owners: _Owners) -> dict[Address, list[str]]:
    found: dict[Address, list[str]] = {}
    for member in running.members:
        if member.membership != STATIC and (owner := owners.queue(member.queue)):
            found.setdefault(owner, []).append(member.name)
    return found


def _notes(running: Running, owners: _Owners, entries: Entries) -> dict[Address, list[str]]:
    found: dict[Address, list[str]] = {}

    def note(owner: Address | None, text: str) -> None:
        if owner:
            found.setdefault(owner, []).append(text)

    _note_members(running, owners, note)
    _note_phones(running, owners, note)
    _note_hosts(running, entries, note)
    return found


_Note = Callable[[Address | None, str], None]


def _note_members(running: Running, owners: _Owners, note: _Note) -> None:
    for member in running.members:
        if member.membership != STATIC:
            text = f"{member.name} is a {member.membership} member, by {member.interface}"
            note(owners.queue(member.queue), text)


def _note_phones(running: Running, owners: _Owners, note: _Note) -> None:
    registrations = running.phones.registrations
    for name, state in running.phones.devices.items():
        if state == "Unavailable" and name not in registrations:
            owner = owners.endpoint(name)
            is_phone = owner is not None and owner.kind == "extension"
            note(owner, "no phone is registered" if is_phone else "it cannot be reached")
    for name, status in registrations.items():
        if status != "Registered":
            note(owners.endpoint(name), f"its registration is {status.lower()}")


def _note_hosts(running: Running, entries: Entries, note: _Note) -> None:
    """Trunks whose `identify` Asterisk passed over, because nobody knew an address for its host.

    Only the details of an endpoint tell; of those that were not read, nothing is said.
    """
    for key, entry in entries.items():
        is_host = key[:2] == (PJSIP, "identify") and key.part == "match"
        is_read = Key(PJSIP, "endpoint", key.item, "context") in running.values
        if is_host and is_read and key.item not in running.identified:
            registers = key.item in running.phones.registrations
            then = "knows its calls by registration alone" if registers else "turns its calls away"
            note(entry.owner, f"Asterisk found no address for {entry.value}, and {then}")
