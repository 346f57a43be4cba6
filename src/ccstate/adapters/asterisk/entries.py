"""The common form in which desired, stored and running configuration meet.

An entry is one fact that Asterisk knows by name: an option of an object, a member of a queue, a
priority of an extension. Objects are compiled to entries, include files are written from them, and
files and AMI are read back into them. The functions at the end name an entry for people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ccstate.model import Address, Json
from ccstate.secrets import seal

PJSIP = "pjsip"
QUEUES = "queues"
DIALPLAN = "extensions"
VOICEMAIL = "voicemail"
PARKING = "res_parking"
ACCOUNTS = "accounts"
"""What phones and trunks log in with: a file of its own, so that the rest of PJSIP may be read by
those who may not know passwords. The file of PJSIP includes it."""
FILES: Mapping[str, str] = {
    ACCOUNTS: f"{PJSIP}.d/secrets/ccstate.conf",
    **{name: f"{name}.d/ccstate.conf" for name in (PJSIP, QUEUES, DIALPLAN, VOICEMAIL, PARKING)},
}
"""The file of each part of the configuration, relative to Asterisk's configuration folder."""
OLD_NAMES: Mapping[str, str] = {
    name: f"{name}.d/ccstate-old-names.conf" for name in (QUEUES, DIALPLAN)
}
"""Files that are there while calls leave old names; the lines that include ccstate's file include them."""
OPTIONAL = frozenset({PARKING})
"""Files that are written only where there is something to write, or was: so that a server without
parking lots needs neither the module nor the line that includes the file."""
SECRET_FILES = frozenset({ACCOUNTS, VOICEMAIL})
"""Files that hold secrets. The PIN of a mailbox stands in the mailbox's own line; a second file that adds
the rest by `+=` would leave mailboxes without a PIN where the first is damaged (16.28, 22.10, tried)."""

MODULES: Mapping[str, str] = {
    ACCOUNTS: "res_pjsip.so",
    PJSIP: "res_pjsip.so",
    QUEUES: "app_queue.so",
    DIALPLAN: "pbx_config.so",
    VOICEMAIL: "app_voicemail.so",
    PARKING: "res_parking.so",
}
"""The module that loads each file, in the order in which they are reloaded."""

INCLUDE = "include"
HINT = "hint"
MEMBER = "member"
VARIABLE = "set_var:"
MAILBOXES = "ccstate"
"""The voicemail context of all mailboxes."""


def file_of_type(section_type: str) -> str:
    """Return the file in which PJSIP's objects of a type are written."""
    return ACCOUNTS if section_type == "auth" else PJSIP


def used_files(keys: Iterable["Key"]) -> frozenset[str]:
    """Return the files that have to be there for these facts."""
    return frozenset(FILES) - OPTIONAL | {key.file for key in keys if key.file in OPTIONAL}


def is_pjsip(file: str) -> bool:
    """Whether the entries of a file are objects of PJSIP."""
    return file in {PJSIP, ACCOUNTS}


class Key(NamedTuple):
    """Which fact: a file, a section in it, and what is said there.

    pjsip, accounts: file, type, id, option (`set_var:NAME` for a variable).
    queues: file, queue, option, ""; or file, queue, "member", name of the member.
    voicemail: file, context, mailbox, part.
    res_parking: file, lot, option, "".
    extensions: file, context, extension, priority or "hint"; or "include" and the context.
    """

    file: str
    section: str
    item: str
    part: str


LINEAR = "linear"
"""The strategy of queues whose members ring as they stand in the file. Its members are kept in a list;
those of all others by a hash (app_queue.c, `init_queue`, 16 and 22)."""


def member_value(device: str, penalty: int | str, state: str, rank: int = 0) -> str:
    """Write the value of a member; `rank` is its place in a queue in which that counts, from 1."""
    return f"{device},{penalty},{state}" + (f",{rank}" if rank else "")


class Entry(NamedTuple):
    """What is said, and which field of which object says so; no owner where all of them do."""

    value: str
    owner: Address | None = None
    field: str = ""


Entries: TypeAlias = dict[Key, Entry]
Values: TypeAlias = Mapping[Key, str]


@dataclass(slots=True)
class Compiled:
    """Entries in the order in which they are written, and what people read beside them.

    `notes` holds a line for a section of a file, such as the label of a queue; `texts` the files
    once they have been written. Nothing is added after that.
    """

    entries: Entries = field(default_factory=dict)
    notes: dict[tuple[str, str], str] = field(default_factory=dict)
    texts: Mapping[str, bytes] | None = field(default=None, compare=False, repr=False)
    _values: Values | None = field(default=None, compare=False, repr=False)

    def values(self) -> Values:
        """Return the values without their owners."""
        if self._values is None:
            self._values = {key: entry.value for key, entry in self.entries.items()}
        return self._values

    def say(self, key: Key, value: str, owner: Address | None, path: str = "") -> None:
        """Adds one entry."""
        self.entries[key] = Entry(value, owner, path)


class Step(NamedTuple):
    """One priority: an application and its arguments, the field that it comes from, a label."""

    application: str
    data: str = ""
    field: str = ""
    label: str = ""

    def __str__(self) -> str:
        label = f"({self.label})" if self.label else ""
        return f"{label}{self.application}({self.data})"


@dataclass(frozen=True, slots=True)
class Context:
    """A context of the dialplan that belongs to one object, being compiled."""

    compiled: Compiled
    name: str
    owner: Address | None = None

    def add(self, extension: str, steps: Iterable[Step]) -> None:
        """Add an extension with its priorities."""
        for priority, step in enumerate(steps, 1):
            key = Key(DIALPLAN, self.name, extension, str(priority))
            self.compiled.say(key, str(step), self.owner, step.field)

    def include(self, context: str, path: str = "") -> None:
        """Include another context."""
        self.compiled.say(Key(DIALPLAN, self.name, INCLUDE, context), "", self.owner, path)

    def hint(self, extension: str, device: str) -> None:
        """Whose state a lamp for the extension shows."""
        self.compiled.say(Key(DIALPLAN, self.name, extension, HINT), device, self.owner)

    def note(self, text: str) -> None:
        """Add a comment above the context."""
        if text:
            self.compiled.notes.setdefault((DIALPLAN, self.name), text)


def secret_path(key: Key) -> bool:
    """Whether the value at a key is a secret, which is never shown."""
    return key.part in {"password", "pin", "md5_cred"} and _is_named_by_item(key)


def _is_named_by_item(key: Key) -> bool:
    """Whether the entry is an option of an object that a section, or a line, is named after."""
    return is_pjsip(key.file) or key.file == VOICEMAIL


def entry_name(key: Key) -> str:
    """Name an entry that no field stands for: `direct_media`, `s,3`."""
    match key.file:
        case "pjsip" | "accounts":
            return f"{key.section} {key.part}"
        case "queues":
            return f"{key.item} {key.part}".strip()
        case "res_parking":
            return key.item
        case "voicemail":
            return f"mailbox {key.part}"
        case _:
            return f"{key.section} {key.item},{key.part}"


def entry_line(key: Key, value: str | None) -> str:
    """Write an entry as a line of configuration; a secret is left out."""
    section = key.item if _is_named_by_item(key) else key.section
    if value is None:
        return f"[{section}] without {_option(key)}"
    said = "…" if secret_path(key) else value
    match key.file:
        case "extensions" if key.item == INCLUDE:
            return f"[{section}] {_option(key)}"
        case "extensions" if key.part:
            return f"[{section}] {_option(key)},{said}"
        case "queues" if key.part:
            device, _, rest = said.partition(",")
            penalty, state, *_ = [*rest.split(","), "", ""]
            return f"[{section}] member => {device},{penalty},{key.part},{state}"
        case _:
            return f"[{section}] {key.part or key.item}={said}"


def _option(key: Key) -> str:
    """Name the option or the step that a line sets."""
    if key.file != DIALPLAN:
        return entry_name(key)
    if key.item == INCLUDE:
        return f"include => {key.part}"
    return f"exten => {key.item},{key.part}" if key.part else key.item


def display_line(place: str, key: Key, value: str | None) -> str:
    """Return a line for people, with its place; secrets are left out."""
    return f"{place or FILES[key.file]}: {entry_line(key, value)}"


def display_value(seal_key: bytes, key: Key, value: str | None) -> Json:
    """Return a value for people: a secret is sealed."""
    if value is None:
        return "not there"
    return seal(seal_key, value) if secret_path(key) else value


def qualified_name(key: Key) -> str:
    """Name an entry that is no object's: with the section that it stands in."""
    if key.file == DIALPLAN:
        return entry_name(key)
    return f"[{key.item if is_pjsip(key.file) else key.section}] {entry_name(key)}"
