"""What the adapter knows of a kind: how an object is compiled, decoded, and known to be there.

`Unit` is one object with what it is compiled into; `Sections` is configuration by section, from
which objects are decoded; `Kind` puts the functions of a kind together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from ccstate.adapter import Support, placed
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    HINT,
    INCLUDE,
    MEMBER,
    PARKING,
    QUEUES,
    VOICEMAIL,
    Compiled,
    Context,
    Key,
    Values,
    file_of_type,
)
from ccstate.adapters.asterisk.places import GOTO, HANGUP, INTERNAL, context, goto, place_at
from ccstate.adapters.asterisk.rows import UNCLEAR, Decoded, Row, encode
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.kinds import DESTINATIONS, field_paths
from ccstate.model import Address, Json

Options: TypeAlias = Mapping[str, str]
Steps: TypeAlias = Sequence[str]
"""The steps of one extension in the order of their priorities, spelled as in `Entry.value`."""

_LISTS = frozenset({QUEUES, PARKING})
"""Files in which a section is an object."""
_NO_OPTIONS: Options = {}
_NO_EXTENSIONS: Mapping[str, Steps] = {}
_HANGUPS = {"Hangup()": None, f"Hangup({HANGUP})": "hangup"}


class Sections:
    """The entries of all files, found by section; `centre` has the objects as they are recorded."""

    def __init__(self, values: Values, centre: Centre) -> None:
        self.centre = centre
        self._options: dict[tuple[str, str, str], dict[str, str]] = {}
        self._priorities: dict[str, dict[str, dict[int, str]]] = {}
        self._includes: dict[str, list[str]] = {}
        self._hints: dict[str, dict[str, str]] = {}
        for key, value in values.items():
            if key.file == DIALPLAN:
                self._add_step(key, value)
            elif key.file in _LISTS:
                item = MEMBER if key.item == MEMBER else ""
                options = self._options.setdefault((key.file, key.section, item), {})
                options[key.part or key.item] = value
            else:
                self._options.setdefault(key[:3], {})[key.part] = value

    def _add_step(self, key: Key, value: str) -> None:
        _, context, extension, priority = key
        if extension == INCLUDE:
            self._includes.setdefault(context, []).append(priority)
        elif priority == HINT:
            self._hints.setdefault(context, {})[extension] = value
        elif priority.isdecimal():
            extensions = self._priorities.setdefault(context, {})
            extensions.setdefault(extension, {})[int(priority)] = value

    @cached_property
    def _steps(self) -> Mapping[str, Mapping[str, Steps]]:
        return {
            context: {
                extension: [step for _, step in sorted(steps.items())]
                for extension, steps in extensions.items()
            }
            for context, extensions in self._priorities.items()
        }

    def names(self, file: str, section: str = "") -> Iterator[str]:
        """The queues, or lots, of a file; the ids of one type of pjsip.conf; mailboxes of a context."""
        for found_file, found_section, item in self._options:
            if found_file != file:
                continue
            if file in _LISTS and not item:
                yield found_section
            elif file not in _LISTS and found_section == section:
                yield item

    def contexts(self, prefix: str) -> Iterator[str]:
        """Yield the contexts whose names begin so, each without that."""
        for name in self._steps:
            if name.startswith(prefix):
                yield name.removeprefix(prefix)

    def queue(self, name: str) -> Options:
        """Return the options of a queue."""
        return self._options.get((QUEUES, name, ""), _NO_OPTIONS)

    def members(self, queue: str) -> Mapping[str, str]:
        """Return the members of a queue by name, as `entries.member_value` writes them."""
        return self._options.get((QUEUES, queue, MEMBER), _NO_OPTIONS)

    def parking_lot(self, name: str) -> Options:
        """Return the options of a parking lot."""
        return self._options.get((PARKING, name, ""), _NO_OPTIONS)

    def pjsip(self, section_type: str, name: str) -> Options:
        """Return the options of one object of PJSIP; its variables as `set_var:NAME`."""
        key = (file_of_type(section_type), section_type, name)
        return self._options.get(key, _NO_OPTIONS)

    def mailbox(self, context: str, name: str) -> Options:
        """Return the parts of a mailbox."""
        return self._options.get((VOICEMAIL, context, name), _NO_OPTIONS)

    def context(self, name: str) -> Mapping[str, Steps]:
        """Return the extensions of a context with their steps."""
        return self._steps.get(name, _NO_EXTENSIONS)

    def includes(self, context: str) -> Sequence[str]:
        """Return the contexts that a context includes."""
        return self._includes.get(context, ())

    def leads(self, steps: Steps, tree: str = "") -> Json:
        """Where steps lead a call, as a field writes it; `tree`: seen from a node of that tree.

        None where the call is cut off there, or there are no steps; UNCLEAR where no field can
        say it.
        """
        found: Json = UNCLEAR if steps else None
        for step in reversed(steps):
            if step in _HANGUPS:
                return _HANGUPS[step]
            if GOTO.read(step) is not None:
                place = target(step)
                return self._destination(place, tree) if place else found
        return found

    def _destination(self, place: Place, tree: str) -> Json:
        unclear: Json = UNCLEAR
        match place.kind:
            case "ivr" if place.name == tree:
                return place.node
            case "ivr":
                start = self.centre.of("ivr").get(place.name, {}).get("start")
                return f"ivr/{place.name}" if start == place.node else unclear
            case "extension" if place.node:
                return f"voicemail/{place.name}"
            case kind if kind in (*DESTINATIONS, "number"):
                return f"{kind}/{place.name}"
            case _:
                return unclear

    @cached_property
    def _entry_nodes(self) -> Mapping[str, str]:
        """Find, by tree, the node at which other contexts let calls in."""
        found: dict[str, str] = {}
        for name, extensions in self._steps.items():
            for step in (step for steps in extensions.values() for step in steps):
                place = target(step)
                if place and place.kind == "ivr" and not name.startswith(f"ivr/{place.name}/"):
                    found.setdefault(place.name, place.node)
        return found

    def entered_at(self, tree: str) -> str | None:
        """Return the node at which calls come into a tree; None where nothing leads there."""
        return self._entry_nodes.get(tree)

    @cached_property
    def _numbers(self) -> Mapping[Place, str]:
        found: dict[Place, str] = {}
        for number, steps in self.context(INTERNAL).items():
            target = GOTO.find(steps)
            if target and (place := place_at(target["context"], target["extension"])):
                found.setdefault(place, number)
        return found

    def number(self, place: Place) -> str | None:
        """Return the number inside that leads to a place."""
        return self._numbers.get(place)

    def numbers(self, kind: str, name: str) -> Iterator[tuple[str, Place]]:
        """Yield the numbers inside that lead to an object, each with the place in it."""
        for place, number in self._numbers.items():
            if (place.kind, place.name) == (kind, name):
                yield number, place


def target(step: str) -> Place | None:
    """Return the place that a step leads to."""
    found = GOTO.read(step)
    return place_at(found["context"], found["extension"]) if found else None


COMMENT = "Asterisk has no names for people; it stands in a comment of ccstate's files"
NO_SITES = "an Asterisk is one site; what is on it is not sorted by sites"
NO_TEAMS = "Asterisk knows no teams; queues hold the phones of their people one by one"
NO_RETENTION = "Asterisk deletes no recordings; a job of the server has to, by this number of days"
NO_REASONS = "Asterisk knows which days are special, not why"
LOCATION = "a part of the text that phones send with emergency calls, which is not taken apart"


@dataclass(frozen=True, slots=True)
class Setting:
    """What objects are compiled for.

    `key` is the platform's own, from which passwords come that are shown nowhere; on a test site
    calls may be tested at any moment.
    """

    key: bytes
    is_test_site: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One object to compile, and what it is compiled into."""

    compiled: Compiled
    flow: Flow
    setting: Setting
    address: Address
    fields: Filled

    @property
    def name(self) -> str:
        """The name of the object."""
        return self.address.name

    @property
    def label(self) -> str:
        """Return the label of the object, or else its name."""
        return str(self.fields.get("label") or self.address.name)

    @property
    def place(self) -> Place:
        """Where calls come to the object."""
        return Place(*self.address)

    def context(self, name: str) -> Context:
        """Return a context that belongs to the object."""
        return Context(self.compiled, name, self.address)

    def entrance(self) -> Context:
        """Begin the context where calls come to the object, with its label as a note."""
        where = self.context(context(self.place))
        where.note(self.label)
        return where

    def inside(self, number: str | None, to: Place | None, field: str = "extension") -> None:
        """Adds a number inside that leads to a place of the object; nothing where one is None."""
        if number and to:
            self.context(INTERNAL).add(number, [goto(to, field)])

    def section(self, file: str, rows: Iterable[Row], fields: Filled) -> None:
        """Adds the section of a file that is called by the object and says the fields."""
        self.compiled.notes[file, self.name] = fields.get("label") or ""
        for row, text in encode(rows, fields):
            key = Key(file, self.name, row.option, "")
            self.compiled.say(key, text, self.address, row.object_field)

    def pjsip(self, rows: Iterable[Row], fields: Filled, name: str) -> None:
        """Adds the options in objects of PJSIP, all of them called `name`, that say the fields."""
        for row, text in encode(rows, fields):
            key = Key(file_of_type(row.section), row.section, name, row.option)
            self.compiled.say(key, text, self.address, row.object_field)


Compile: TypeAlias = Callable[[Unit], None]
Decode: TypeAlias = Callable[[Sections, str], Decoded]


Shared: TypeAlias = Callable[[Compiled, Flow, Setting], None]


def in_file(file: str) -> Callable[[Sections], Iterable[str]]:
    """Find objects by the sections of a file, each of which is one."""
    return lambda sections: sections.names(file)


def in_contexts(prefix: str) -> Callable[[Sections], Iterable[str]]:
    """Find objects by contexts that are called by the prefix and their name, as in `switch/night`."""
    return lambda sections: (rest.partition("/")[0] for rest in sections.contexts(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object on this platform.

    `compile` adds the entries of one object. `decode` reads all mapped fields of one object; it
    proposes, and compiling proves. `primary` is the file, and the beginning of the section, of
    entries without which the object is not there at all; None where it always is. `names` finds
    the objects of the kind in sections, also those that ccstate did not write. `shared` adds what
    all of them use, such as subroutines. `mapped` names the fields that `decode` reads from anything
    but options, between blanks; those of options stand in `rows`. `kept` has the other fields, each
    with the reason that people are given. `unseen` is the reason why an object that is made or
    deleted by hand is not seen; "" where it is.
    """

    name: str
    compile: Compile
    decode: Decode
    mapped: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    primary: tuple[str, str] | None = (DIALPLAN, "")
    names: Callable[[Sections], Iterable[str]] = lambda _: ()
    rows: tuple[Row, ...] = ()
    shared: Shared = lambda _compiled, _flow, _setting: None
    unseen: str = ""

    def is_primary(self, key: Key) -> bool:
        """Whether the object is not there at all without such entries."""
        if self.primary is None:
            return False
        file, beginning = self.primary
        return key.file == file and key.section.startswith(beginning)

    def support(self) -> Support:
        """Declare what becomes of each field; WronglyPlaced where one is neither mapped nor kept."""
        options = {path for row in self.rows for path in row.object_field.split()}
        mapped = {*self.mapped.split(), *options.intersection(field_paths(self.name))}
        return placed(
            self.name,
            mapped=mapped,
            kept=self.kept,
            needs_reload=True,
            atomic=True,
            unseen=self.unseen,
            moves=True,
        )
