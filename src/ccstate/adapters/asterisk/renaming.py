"""What stands for old names while calls leave them: sections for the files, keys of AstDB.

Pure. An object has its name in Asterisk as well: a section of queues.conf, a context or an extension
of the dialplan, a key of AstDB. A caller who is inside of a context that disappears is cut off, and
one who waits in a queue that disappears is rung for by those alone who were free then (16.28, 22.10).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    HINT,
    INCLUDE,
    OLD_NAMES,
    QUEUES,
    Compiled,
    Context,
    Entries,
    Key,
)
from ccstate.adapters.asterisk.include_files import sections_text
from ccstate.adapters.asterisk.kinds.queue import MOVED, WITHDRAWN, moved_steps
from ccstate.adapters.asterisk.kinds.ringing import FAMILY, SILENCED
from ccstate.adapters.asterisk.kinds.switch import device_of, key_of
from ccstate.adapters.asterisk.places import context, exten, goto
from ccstate.adapters.asterisk.running import Member
from ccstate.adapters.asterisk.running.activity import Channel
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import MAILBOX, Place
from ccstate.model import Address, Fields, Json, parse_address

_SUBROUTINES = "ccstate-"
"""How the contexts of subroutines begin, from which a call comes back to where it was."""


@dataclass(frozen=True)
class Renaming:
    """Objects that get other names: by the name that goes, the one that stays.

    `files`: by configuration, the sections that stand for old names. `places`: the contexts and
    extensions in them.
    """

    names: Mapping[Address, Address]
    files: Mapping[str, str] = field(default_factory=dict)
    places: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def _by_kind(self) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for old, new in self.names.items():
            found.setdefault(old.kind, {})[old.name] = new.name
        return found

    def of(self, kind: str) -> Mapping[str, str]:
        """Return the names of one kind."""
        return self._by_kind.get(kind, {})

    def is_inside(self, leg: Channel) -> bool:
        """Whether a call may still come to a step of an old name, however it ends where it is now."""
        if leg.application == "Park":  # when nobody takes it, it comes to a step of its lot
            return leg.data.partition(",")[0] in self.of("parking_lot")
        if leg.is_bridged or leg.application == "Queue":
            return False
        if leg.application in {"VoiceMail", "VoiceMailMain"}:
            return leg.data.partition("@")[0] in self.of("extension")
        here = (leg.context, leg.extension) in self.places
        return here or leg.context.startswith(_SUBROUTINES)

    def waits(self, leg: Channel) -> bool:
        """Whether a caller waits by a step of ccstate in a queue that goes."""
        queues = self.of("queue")
        name = leg.data.partition(",")[0]
        if leg.application != "Queue" or name not in queues:
            return False
        return leg.context in {MOVED, context(Place("queue", name))}

    def renamed(self, member: Member) -> Member:
        """Return an agent's place in a queue as it is called afterwards."""
        queue = self.of("queue").get(member.queue, member.queue)
        extensions = self.of("extension")
        user = self.of("user").get(member.name)

        def device(text: str) -> str:
            technology, _, name = text.partition("/")
            return (
                f"PJSIP/{extensions[name]}"
                if technology == "PJSIP" and name in extensions
                else text
            )

        return replace(
            member,
            queue=queue,
            name=user or extensions.get(member.name, member.name),
            interface=device(member.interface),
            state_interface=device(member.state_interface),
        )

    def kept_keys(self) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
        """List the keys of AstDB that have a name in them: family and key before, and after."""
        for kind, families in _FAMILIES.items():
            for old, new in self.of(kind).items():
                for family, key in families:
                    yield (family, key.format(old)), (family, key.format(new))

    def encode(self) -> Json:
        """Return this as JSON."""
        return {
            "names": {str(old): str(new) for old, new in self.names.items()},
            "files": dict(self.files),
            "places": [[*place] for place in sorted(self.places)],
        }


_SWITCH_FAMILY, _, _SWITCH_KEY = key_of("{}").rpartition("/")
_FAMILIES = {
    "extension": ((FAMILY, "{}"), (SILENCED.rstrip("/"), "{}")),
    # func_devstate keeps the state of a device in a family of its own (16 and 22).
    "switch": (
        (_SWITCH_FAMILY, _SWITCH_KEY),
        ("CustomDevstate", device_of("{}").partition(":")[2]),
    ),
}


def decode(said: Any) -> Renaming:
    """Return what `encode` wrote."""
    return Renaming(
        {parse_address(old): parse_address(new) for old, new in said["names"].items()},
        said["files"],
        frozenset((context, extension) for context, extension in said["places"]),
    )


def renaming(
    before: Compiled,
    after: Compiled,
    objects: Mapping[Address, Fields],
    names: Mapping[Address, Address],
) -> Renaming:
    """Find what has to stand for old names; `objects` are those that `after` was compiled from."""
    kept = _only_before(before, after, names)
    old = Compiled(dict(kept))
    flow = Flow(Centre(dict(sorted(objects.items()))))
    for address, new in names.items():
        if new not in objects:
            continue
        if address.kind == "queue":
            leads = moved_steps(flow, new.name)
            Context(old, context(Place(*address)), address).add(WITHDRAWN, leads)
        if address.kind == "extension":
            _redirect_messages(old, address.name, new.name)
    files = {
        file: sections_text(file, entries)
        for file in OLD_NAMES
        if (entries := {k: e for k, e in old.entries.items() if k.file == file})
    }
    places = frozenset((k.section, k.item) for k in old.entries if k.file == DIALPLAN)
    return Renaming(names, files, places)


def _only_before(before: Compiled, after: Compiled, names: Mapping[Address, Address]) -> Entries:
    """Select the entries of objects whose section, or extension, is there no more afterwards."""
    there = {_group(key) for key in after.entries}
    sections = {key.section for key in after.entries if key.file == DIALPLAN}
    return {
        key: entry
        for key, entry in before.entries.items()
        if key.file in OLD_NAMES
        and entry.owner in names
        and _group(key) not in there
        and key.part != HINT
        and not (key.item == INCLUDE and key.section in sections)
    }


def _group(key: Key) -> tuple[str, str, str]:
    """Return what is written as a whole: a queue, or an extension of the dialplan."""
    return (key.file, key.section, "" if key.file == QUEUES else key.item)


def _redirect_messages(old: Compiled, before: str, after: str) -> None:
    """Let a call that comes to the mailbox by its old name leave a message under the new one."""
    there = context(Place("extension", before, MAILBOX))
    stale = [
        k for k in old.entries if (k.file, k.section, k.item) == (DIALPLAN, there, exten(before))
    ]
    for key in stale:
        del old.entries[key]
    if stale:
        Context(old, there).add(exten(before), [goto(Place("extension", after, MAILBOX))])
