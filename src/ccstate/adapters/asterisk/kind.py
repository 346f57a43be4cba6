"""What the adapter knows of one kind: how an object is compiled, decoded, and known to be there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ccstate.adapter import Support, placed
from ccstate.adapters.asterisk.entries import DIALPLAN, Compiled, Context, Key, file_of_type
from ccstate.adapters.asterisk.places import INTERNAL, context, goto
from ccstate.adapters.asterisk.rows import Decoded, Row, encode
from ccstate.adapters.asterisk.sections import Sections
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.kinds import field_paths
from ccstate.model import Address

COMMENT = "Asterisk has no names for people; it stands in a comment of ccstate's files"
NO_SITES = "an Asterisk is one site; what is on it is not sorted by sites"
NO_TEAMS = "Asterisk knows no teams; queues hold the phones of their people one by one"
NO_RETENTION = "Asterisk deletes no recordings; a job of the server has to, by this number of days"
NO_REASONS = "Asterisk knows which days are special, not why"
LOCATION = "a part of the text that phones send with emergency calls, which is not taken apart"


@dataclass(frozen=True, slots=True)
class Setting:
    """What objects are compiled for.

    `key` is the platform's own, from which passwords come that nobody shall know; on a test site
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
        """What people call the object."""
        return str(self.fields.get("label") or self.address.name)

    @property
    def place(self) -> Place:
        """Where calls come to the object."""
        return Place(*self.address)

    def context(self, name: str) -> Context:
        """A context that belongs to the object."""
        return Context(self.compiled, name, self.address)

    def entrance(self) -> Context:
        """The context where calls come to the object, with its label as a note."""
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


def _nothing(_compiled: Compiled, _flow: Flow, _setting: Setting) -> None:
    """For kinds whose objects share nothing."""


def _no_names(_: Sections) -> Iterable[str]:
    return ()


def in_file(file: str) -> Callable[[Sections], Iterable[str]]:
    """Find objects by the sections of a file, each of which is one."""
    return lambda sections: sections.names(file)


def in_contexts(prefix: str) -> Callable[[Sections], Iterable[str]]:
    """Find objects by contexts that are called by the prefix and their name, as in `switch/night`."""
    return lambda sections: (rest.partition("/")[0] for rest in sections.contexts(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object on this platform.

    `compile` adds the entries of one object. `decode` reads all mapped fields of one object; what
    it says is a proposal, which compiling proves. `primary` is the file, and the beginning of
    the section, of entries without which the object is not there at all; None where it always is. `names` finds the objects of the kind in sections,
    also those that ccstate did not write. `shared` adds what all of them use, such as subroutines.
    `mapped` names the fields that `decode` reads from anything but options, between blanks; those of
    options stand in `rows`. `kept` has the other fields, each with the reason that people are given.
    `unseen` is the reason why an object that is made or deleted by hand is not seen; "" where it is.
    """

    name: str
    compile: Compile
    decode: Decode
    mapped: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    primary: tuple[str, str] | None = (DIALPLAN, "")
    names: Callable[[Sections], Iterable[str]] = _no_names
    rows: tuple[Row, ...] = ()
    shared: Shared = _nothing
    unseen: str = ""

    def is_primary(self, key: Key) -> bool:
        """Whether the object is not there at all without such entries."""
        if self.primary is None:
            return False
        file, beginning = self.primary
        return key.file == file and key.section.startswith(beginning)

    def support(self) -> Support:
        """What becomes of each field; WronglyPlaced where one is neither mapped nor kept."""
        options = {path for row in self.rows for path in row.object_field.split()}
        mapped = {*self.mapped.split(), *options.intersection(field_paths(self.name))}
        return placed(
            self.name,
            mapped=mapped,
            kept=self.kept,
            needs_reload=True,
            atomic=True,
            unseen=self.unseen,
        )
