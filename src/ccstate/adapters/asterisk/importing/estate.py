"""A hand-written configuration, sorted by its sections, and the objects that are made of it."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ccstate.adapter import Support
from ccstate.adapters.asterisk.conf import Conf, Option, Section, resolved
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, dialplan
from ccstate.adapters.asterisk.importing.files import LONGEST_PROMPT
from ccstate.adapters.asterisk.importing.following import Follower
from ccstate.adapters.asterisk.importing.ledger import DEFAULT, Ledger
from ccstate.adapters.asterisk.importing.outcomes import Outcome
from ccstate.adapters.asterisk.kinds import SUPPORTS
from ccstate.adapters.asterisk.rows import UNCLEAR, Path, Row, at, decoded, encode, means_same, put
from ccstate.kinds import KINDS
from ccstate.model import Address, Json

SPOKEN = "differs: ccstate speaks the words of the recording; give the prompt an audio to keep it"
_BETWEEN = re.compile(r"[^a-z0-9._-]+")


def name_of(text: str) -> str:
    """Return a valid name near the text; `unnamed` where nothing of it can be used."""
    plain = _BETWEEN.sub("-", text.lower()).strip("-._")
    return plain[:70].rstrip("-._") or "unnamed"


def person(text: str) -> str:
    """Make a valid name of a person's name: `Lindsey Freddie` → `lindsey.freddie`."""
    return name_of(".".join(re.findall(r"[a-z0-9]+", text.lower())))


class Names:
    """The names that are taken; the second object that asks for one is given another."""

    def __init__(self) -> None:
        self._taken: set[tuple[str, str]] = set()
        self._next: dict[tuple[str, str], int] = {}

    def free(self, kind: str, wanted: str) -> str:
        """Return the name, or `name-2` and so on where it is taken."""
        name = wanted
        while (kind, name) in self._taken:
            count = self._next.get((kind, wanted), 2)
            self._next[kind, wanted] = count + 1
            name = f"{wanted}-{count}"
        self._taken.add((kind, name))
        return name

    def variable(self, *words: str) -> str:
        """Return the name of an environment variable: `SIP_1101`."""
        text = "_".join(re.sub(r"[^A-Z0-9]+", "_", word.upper()).strip("_") for word in words)
        return self.free("variable", text[:80]).replace("-", "_")


@dataclass(frozen=True, slots=True)
class Setting:
    """The answers of the administrator to what the files do not say."""

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
        """Check whether objects of a kind, and these fields of theirs, can be made."""
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

    `pins` has the PIN, or "", of each role in which callers come in: `pin`, `moderator_pin`.
    """

    address: Address
    line: Option
    said: Mapping[str, Json]
    pins: dict[str, str] = field(default_factory=dict)
    waits: bool = False
    """Whether those who are no moderators wait for one."""


@dataclass(slots=True)
class Work:
    """The knowledge of an import while objects are made."""

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
        """Return the object with these fields; it is made, near the wanted name, where it is new.

        An internal number that it was given later makes no difference.
        """
        key = (kind, repr(sorted(fields.items())))
        address = self._by_fields.get(key)
        if address is None or not _alike(self.objects.get(address), fields):
            address = Address(kind, self.names.free(kind, name_of(wanted)))
            self._by_fields[key] = address
            self.objects[address] = fields
        return address

    def differs(self, line: Option, how: str) -> None:
        """List a line of which an object says nearly the same, with what is different."""
        self.ledger.leave(line, f"differs: {how}")

    def secret(self, *words: str, value: str) -> str:
        """Return a reference to a secret, under a name of its own."""
        name = self.names.variable(*words)
        self.secrets[name] = value
        return f"env:{name}"


def _alike(known: dict[str, Json] | None, fields: dict[str, Json]) -> bool:
    return known is not None and {**known, "extension": None} == {**fields, "extension": None}


def open_estate(confs: Mapping[str, Conf], setting: Setting) -> Work:
    """Return the configurations by their main files, with all their lines in the ledger."""
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


def prompt_of(work: Work, sounds: tuple[str, ...]) -> str:
    """Return the prompt with the words of these recordings; "" where some are not known."""
    names = [name.strip() for s in sounds for name in s.partition(",")[0].split("&")]
    spoken = [work.setting.words.get(name, "") for name in names]
    text = " ".join(spoken)
    if not names or not all(spoken) or len(text) > LONGEST_PROMPT:
        return ""
    fields: dict[str, Json] = {"languages": {work.setting.language: {"text": text}}}
    return work.one("prompt", names[0], fields).name


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one type of section, by the names that hand-written files have for options."""

    noun: str
    """What people call the object: `queue`, `phone`."""
    rows: Mapping[str, Row]
    fixed: Mapping[str, str]
    """Options that are the same for all objects: what ccstate writes, else Asterisk's default."""


def table(noun: str, rows: Iterable[Row], alike: Mapping[str, Any] | None = None) -> Table:
    """Return the table of these rows, later ones first; `alike`: fields that all objects have."""
    known, same = {name: row for row in rows for name in row.names}, alike or {}
    fixed = {row.option: row.default for row in known.values() if not row.field}
    for row, text in encode(known.values(), same):
        if not row.field or at(same, row.path) is not None:
            fixed[row.option] = text
    return Table(noun, known, fixed)


def lines_of(section: Section, *keys: str) -> list[Option]:
    """Return the lines of these options; of one that stands there twice the last counts."""
    return [option for option in section.options if option.key.lower() in keys]


def read_section(
    work: Work,
    table: Table,
    address: Address,
    section: Section,
    *,
    said: Container[str] = (),
    judged: Container[str] = (),
) -> None:
    """Read a section by its rows; `said` by its own existence, `judged` by the caller."""
    report_defaults(work, table, section)
    for option in section.options:
        key = option.key.lower()
        if key in said:
            work.ledger.take([option], address)
        elif key not in judged:
            read_option(work, table, address, option)


def read_option(work: Work, table: Table, address: Address, option: Option) -> None:
    """Fill in the field that an option says; the ledger has the reason where none says it."""
    if found := read_value(work, table, address, option):
        work.objects[address] = put(work.objects[address], *found)


def read_value(
    work: Work, table: Table, address: Address, option: Option
) -> tuple[Path, Json] | None:
    """Return the field of an object that an option says, and its value; None where it has none."""
    key, value, ledger = option.key.lower(), option.value.strip(), work.ledger
    row = table.rows.get(key)
    note: str | None
    if row is None:
        ledger.leave(option, f"ccstate sets no {key} for a {table.noun}")
    elif row.option in table.fixed:
        fixed = table.fixed[row.option]
        if means_same(row.codec, value, fixed):
            ledger.take([option], DEFAULT)
        elif row.effect:
            ledger.leave(option, f"differs: {row.effect}; here {key} is {value[:60]}")
        else:
            note = f"differs: ccstate's {table.noun}s have {key}={fixed or 'nothing'}"
            ledger.leave(option, note)
    elif row.unset is not None and means_same(row.codec, value, row.unset):
        ledger.take([option], DEFAULT)
    else:
        read = decoded(row.codec, value)
        if read is not UNCLEAR and fits(address.kind, row.path, read):
            ledger.take([option], address)
            if note := dict(row.nearly).get(value.lower()):
                ledger.leave(option, f"differs: {note}")
            return row.path, read
        ledger.leave(option, f"no field of a {table.noun} says {key}={value[:60]}")
    return None


def report_defaults(work: Work, table: Table, section: Section) -> None:
    """Report a section that leaves out an option whose default in Asterisk is noticed."""
    for name, row in table.rows.items():
        if not row.effect or name != row.option or section.get(name) is not None:
            continue
        if not means_same(row.codec, row.default, table.fixed[name]):
            note = f"differs: {row.effect}; here {name} is {row.default}"
            work.ledger.leave_header(section, note)


def fits(kind: str, path: Path, value: Json) -> bool:
    """Check whether a field takes a value, by the type that its kind gives it."""
    try:
        KINDS[kind].model.model_validate(put({}, path, value))
    except ValidationError as wrong:
        return not any(error["loc"][: len(path)] == path for error in wrong.errors())
    return True
