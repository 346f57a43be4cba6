"""A hand-written configuration, read and sorted by what its sections are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ccstate.adapter import Support
from ccstate.adapters.asterisk import conf
from ccstate.adapters.asterisk.conf import Conf, Glob, Option, Read, Section, resolved
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, dialplan
from ccstate.adapters.asterisk.importing.following import Follower
from ccstate.adapters.asterisk.importing.ledger import Ledger
from ccstate.adapters.asterisk.importing.names import Names, name_of
from ccstate.adapters.asterisk.importing.outcomes import Outcome
from ccstate.adapters.asterisk.kinds import SUPPORTS
from ccstate.model import Address, Json

OPTIONAL = ("confbridge.conf", "res_parking.conf", "followme.conf")
"""Files that many servers do not have."""
FILES = ("pjsip.conf", "voicemail.conf", "queues.conf", "extensions.conf", *OPTIONAL)
"""The files whose contents objects can say."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the files do not say, and somebody knows."""

    prefix: str = ""
    """What makes an inbound number, as the carrier dials it, international: `+1`."""
    timezone: str = ""
    """The timezone of the server, for hours that name none."""
    language: str = "en"
    """The language of recordings whose words are given."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The words of recordings, by name: `pbx-invalid`."""
    supports: Mapping[str, Support] = field(default_factory=lambda: SUPPORTS, repr=False)
    """What the objects are for: nothing is made of fields that would be refused there."""

    def holds(self, kind: str, *paths: str) -> bool:
        """Whether objects of a kind, and these fields of theirs, can be made."""
        support = self.supports.get(kind)
        return support is not None and not any(path in support.lacking for path in paths)


@dataclass(frozen=True, slots=True)
class Positions:
    """A switch, and the values that are its positions in the dialplan."""

    address: Address
    off: frozenset[str]
    on: frozenset[str]


@dataclass(slots=True)
class Room:
    """A conference room, the line of the first ConfBridge() that leads there, and what it says.

    `pins` has the PIN, or "", of each role in which somebody comes in: `pin`, `moderator_pin`.
    """

    address: Address
    line: Option
    said: Mapping[str, Json]
    pins: dict[str, str] = field(default_factory=dict)
    waits: bool = False
    """Whether those who are no moderators wait for one."""


@dataclass(slots=True)
class Work:
    """Everything that is known while objects are made."""

    setting: Setting
    ledger: Ledger
    confs: Mapping[str, Conf]
    plan: Dialplan
    follower: Follower
    pjsip: Mapping[str, Mapping[str, Section]]
    """Sections of pjsip.conf by type and name."""
    names: Names = field(default_factory=Names)
    objects: dict[Address, dict[str, Json]] = field(default_factory=dict)
    contexts: dict[Address, str] = field(default_factory=dict)
    """The context of each phone, by extension."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Values of secrets, by the names of the references to them."""
    _by_fields: dict[tuple[str, str], Address] = field(default_factory=dict)
    switches: dict[str, "Positions"] = field(default_factory=dict)
    """What people change, as `GLOBAL(NIGHT)`, that became a switch."""
    recordings: dict[Address, dict[str, Json]] = field(default_factory=dict)
    """`recording` of queues and extensions, as the first call that reaches each of them says it."""
    rooms: dict[str, Room] = field(default_factory=dict)
    """Conference rooms by what the dialplan calls them."""
    forwarding: set[str] = field(default_factory=set)
    """Families of the database by which calls of phones are sent elsewhere."""
    callers: dict[str, tuple[str, Option]] = field(default_factory=dict)
    """Numbers of callers as the dialplan writes them: in E.164, and where they are compared."""
    unsaid: list[tuple[Outcome, str]] = field(default_factory=list)
    """Ways of calls that no object says, with the reason, for lines that nothing else says."""

    def sections(self, file: str) -> tuple[Section, ...]:
        found = self.confs.get(file)
        return resolved(found) if found else ()

    def one(self, kind: str, wanted: str, fields: dict[str, Json]) -> Address:
        """The object with these fields; it is made, near the wanted name, where there is none.

        An internal number that it was given later makes no difference.
        """
        key = (kind, repr(sorted(fields.items())))
        address = self._by_fields.get(key)
        if address is None or not _alike(self.objects.get(address), fields):
            address = Address(kind, self.names.free(kind, name_of(wanted)))
            self._by_fields[key] = address
            self.objects[address] = fields
        return address

    def secret(self, *words: str, value: str) -> str:
        """A reference to a secret, under a name of its own."""
        name = self.names.variable(*words)
        self.secrets[name] = value
        return f"env:{name}"


def _alike(known: dict[str, Json] | None, fields: dict[str, Json]) -> bool:
    return known is not None and {**known, "extension": None} == {**fields, "extension": None}


def read_confs(read: Read, glob: Glob, files: Iterable[str] = FILES) -> dict[str, Conf]:
    """The configurations by their main files; those that are optional, where there are such."""
    there = (file for file in files if file not in OPTIONAL or read(file) is not None)
    return {file: conf.read(read, glob, file) for file in there}


def opened(confs: Mapping[str, Conf], setting: Setting) -> Work:
    """The configurations by their main files, with all their lines in the ledger."""
    ledger = Ledger()
    for each in confs.values():
        ledger.read(each)
    plan = dialplan(confs.get("extensions.conf") or Conf((), (), (), ()))
    for problem in plan.problems:
        if problem.span:
            ledger.lose((problem.span.file, problem.span.line), problem.message)
    pjsip: dict[str, dict[str, Section]] = {}
    for section in resolved(confs["pjsip.conf"]) if "pjsip.conf" in confs else ():
        kind = (section.get("type") or "").lower()
        if section.name in pjsip.setdefault(kind, {}):
            reason = f"there are two of type {kind} and this name, and Asterisk takes neither"
            ledger.leave_header(section, reason)
            ledger.leave_all(section.written, reason)
            continue
        pjsip[kind][section.name] = section
    return Work(setting, ledger, confs, plan, Follower(plan), pjsip)
