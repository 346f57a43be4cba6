"""The values that flow from reading to planning to applying: frozen, plain, comparable.

Field values are JSON in *canonical form* (durations in their shortest spelling, sets sorted):
two values mean the same exactly when they are equal. `ccstate.kinds` makes them so.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

import orjson

if TYPE_CHECKING:
    Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
else:
    Json = Any  # to pydantic, which cannot take apart a type that names itself
Fields: TypeAlias = Mapping[str, Json]


class Address(NamedTuple):
    """What one resource is called everywhere: `queue/sales`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> Any:
        """The form of an address in a file: the text `kind/name`."""
        from pydantic_core import core_schema

        text = core_schema.str_schema(pattern=ADDRESS_PATTERN)
        return core_schema.no_info_after_validator_function(parse_address, text)


ADDRESS_PATTERN = r"^[a-z_]+/[a-z0-9+][a-z0-9._+-]{0,79}$"
"""Addresses that a document can give; objects made by hand may have others."""


def parse_address(text: str) -> Address:
    """Parse an address written as `kind/name`; ValueError where it is not of that form."""
    kind, slash, name = text.partition("/")
    if not (kind and slash and name):
        raise ValueError(f"{text!r} is not of the form kind/name")
    return Address(kind, name)


@dataclass(frozen=True, slots=True)
class Resource:
    """One declared object: only the fields that are declared, in canonical form."""

    address: Address
    fields: Fields
    file: str
    defaulted: frozenset[str] = frozenset()
    """Top-level fields that the project's defaults gave, not the document."""
    overlay: str = ""
    """File of the chosen environment that changes the resource; "" where none does."""
    overlaid: frozenset[tuple[str, ...]] = frozenset()
    """Paths of the values that this file gives, each whole."""

    def file_at(self, path: tuple[str | int, ...]) -> str:
        """Name the file that gives the value at a path in the resource, or what is above it."""
        given = self.overlaid and any(
            path[:end] in self.overlaid for end in range(1, len(path) + 1)
        )
        return self.overlay if given else self.file

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files that declare the resource; none for one that only a platform has."""
        return tuple(file for file in (self.file, self.overlay) if file)


State: TypeAlias = Mapping[Address, Resource]


@dataclass(frozen=True, slots=True)
class Activity:
    """What is going on at an object: how many callers wait or talk there, and all of it in words."""

    callers: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """One platform in one read.

    `objects` holds every field the platform shows; `ledger` holds, for each object under
    management, the fields as ccstate last applied them. `activity` says what is going on at an
    object now, such as callers who wait or agents who pause: it is no part of what the object is.

    Two more keys stand in an object where that is not all. `RUNNING`: a platform that stores what
    it runs has loaded something else than it stores; dotted paths with the values that run, or a
    text where it runs none of it. `ALTERED`: what was written by hand that no field can say, line
    by line; or a text, where nothing was and ccstate itself would write something else by now.
    """

    objects: Mapping[Address, Fields]
    ledger: Mapping[Address, Fields]
    activity: Mapping[Address, Activity] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    """What could not be seen for lack of rights, each with the right that is missing; in words."""
    references: Mapping[Address, Mapping[str, str]] = field(default_factory=dict)
    """From which reference each secret was written last, by dotted path; as far as that is recorded."""
    at_risk: Mapping[Address, str] = field(default_factory=dict)
    """Objects that the platform will not load at its next start, and why; no change to them is confirmed."""


RUNNING = "running"
ALTERED = "altered"
ANNOTATIONS = frozenset({RUNNING, ALTERED})
"""Keys of a live object that annotate it, and are no fields of its kind."""


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    """Take an object made by hand under management, with edits or without."""
    RELEASE = "release"
    """Stop managing: the object stays as it is, the ledger forgets it."""
    MOVE = "move"
    """Give an object another name: a later deletion of the plan takes the old one away."""


class Why(StrEnum):
    """Whose doing a difference is, from desired, live and last applied."""

    YOU = "you changed it"
    BY_HAND = "changed by hand"
    NOT_LOADED = "stored, but not loaded"
    OUTDATED = "ccstate writes it otherwise by now"
    BOTH = "you changed it, and it was changed by hand"
    DEFAULTS = "the project's defaults changed it"
    RELEASED = "no longer managed"
    NEW = "newly managed"
    DELETED = "you deleted it"
    DELETED_BY_HAND = "deleted by hand"
    TAKEN_BACK = "taken back"


# What follows, up to the plan, is the plan file too: `plan_file` writes and reads these classes as
# they are, and `schema/plan.json` says of each field what its docstring says.

WHOLE = {"ge": 0}
"""A count: what pydantic asks of the field."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One field that changes; a side that is left out (None) stands for no such field."""

    path: str
    """Field, nested ones joined by dots: `service_level.within`."""
    before: Json = None
    """Value on the platform when the plan was made."""
    after: Json = None
    """Value that the plan writes."""
    why: Why = field(kw_only=True)
    """Whose doing the difference is."""


Method: TypeAlias = Literal["api", "instructions", "vendor"]
"""How a change comes to a platform: ccstate makes it, a person by a sheet, or a vendor whom one asks."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one object on one target."""

    target: str
    """Name of the target in ccstate.yaml; in a plan file its step has it."""
    action: Action
    """create, update, delete, adopt (manage what was made by hand), release (stop managing) or move
    (take over what has another name; the plan deletes that later)."""
    address: Address
    """The object, as kind/name."""
    why: Why
    """Whose doing the change is."""
    basis: str
    """Fingerprint of the live object that the plan was made from, or `absent`."""
    edits: tuple[Edit, ...] = ()
    """Fields that change; of a secret only its seal."""
    ledger: Fields | None = None
    """Declared fields, as the platform records them afterwards; nothing where it is to forget them.
    Left out in a plan file, those of a new object are what its edits say."""
    needs: tuple[Address, ...] = ()
    """Objects whose changes must have succeeded before."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Reference of each secret field (`env:SIP_1101`), by its path."""
    moved: Address | None = None
    """Of a move the object whose place it takes, of its deletion the object that took it; else left out."""
    method: Method = "api"
    """api (left out): ccstate makes it; instructions: a person does, by a sheet; vendor: one asks for it."""

    @property
    def is_moved_away(self) -> bool:
        """Whether the object goes because another one took its place."""
        return self.action is Action.DELETE and self.moved is not None


@dataclass(frozen=True, slots=True)
class Step:
    """Changes on one target that do not depend on each other, performed as one batch."""

    target: str
    """Name of the target in ccstate.yaml."""
    changes: tuple[Change, ...]
    """Changes of the batch."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan may not be applied as it stands."""

    code: str
    """Stable code of the refusal."""
    message: str
    """What is too much, or forbidden."""
    hint: str
    """What to do."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a call ends."""

    end: str
    """human, message, hangup, cut off, waits without end, or goes round without end."""
    at: str = ""
    """With whom or what, such as queue/sales; empty where no agent is there."""
    label: str = ""
    """What people call it."""


@dataclass(frozen=True, slots=True)
class JourneyChange:
    """Callers who do the same as before the plan, and end elsewhere after it."""

    number: str
    """Number that they call."""
    label: str
    """What people call the number."""
    more: int = field(metadata=WHOLE)
    """Other numbers whose callers do the same and end alike."""
    before: Arrival
    """How the call ends before the plan."""
    after: Arrival
    """How it ends after the plan."""
    keys: tuple[str, ...]
    """Keys of one such caller, an entry for each question; "" for silence."""
    outcomes: tuple[str, ...]
    """What comes of that caller's rings and waits; afterwards an agent answers."""
    when: tuple[str, ...]
    """Some of the moments, `2026-12-25T10:00 Christmas Day`, in the number's own time."""
    ways: int = field(metadata=WHOLE)
    """Different things that callers do to the same effect."""
    count: int = field(metadata=WHOLE)
    """Journeys: ways by the moments of a year that are unlike each other."""
    worse: int = field(metadata=WHOLE)
    """How bad it is: 0 to 2 lose a human, 3 and 4 get worse, 5 is elsewhere, 6 better."""


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number that comes or goes, with where it leads; or one that was not compared."""

    number: str
    """The number."""
    label: str
    """What people call it."""
    arrivals: tuple[Arrival, ...] = ()
    """Where its callers end, whatever the hour; the best first."""
    more: int = field(default=0, metadata=WHOLE)
    """Better ends beyond these."""


@dataclass(frozen=True, slots=True)
class Journeys:
    """What a plan means to callers, over twelve months.

    A journey is a last decision of a caller, at a moment unlike others, on a way that changes: those
    who came to it by different ways are counted together.
    """

    compared: int = field(default=0, metadata=WHOLE)
    """Last decisions of callers on ways that change, at each distinct moment."""
    changed: int = field(default=0, metadata=WHOLE)
    """Journeys that end elsewhere."""
    lost: int = field(default=0, metadata=WHOLE)
    """Journeys among them that end with a human before, and with none after."""
    numbers: int = field(default=0, metadata=WHOLE)
    """Numbers that have such journeys."""
    changes: tuple[JourneyChange, ...] = ()
    """The changes, the worst first."""
    hidden: int = field(default=0, metadata=WHOLE)
    """Changes beyond these."""
    uncompared: tuple[NumberChange, ...] = ()
    """Numbers whose calls were too many to compare: there may be more changes than are listed."""
    added: tuple[NumberChange, ...] = ()
    """Numbers that are new."""
    removed: tuple[NumberChange, ...] = ()
    """Numbers that go."""
    more_uncompared: int = field(default=0, metadata=WHOLE)
    """Numbers that were not compared, beyond these."""
    more_added: int = field(default=0, metadata=WHOLE)
    """New numbers beyond these."""
    more_removed: int = field(default=0, metadata=WHOLE)
    """Numbers that go, beyond these."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Two objects that look like one whose name was changed."""

    before: Address
    """The object that is deleted."""
    after: Address
    """The object that is created."""
    declared: bool = False
    """Whether a file says so, and the platform cannot rename; left out where it only looks so."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What a plan was made with, for one target."""

    adapter: str
    """Adapter that ccstate.yaml names."""
    connection: str
    """Fingerprint of the connection there, secrets as they are referred to."""


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """Objects of one kind that no file declares."""

    count: int = field(metadata={"ge": 1})
    """How many there are."""
    names: tuple[str, ...]
    """Some of their names."""


@dataclass(frozen=True, slots=True)
class Remainder:
    """Something that a way back leaves as it is."""

    target: str
    """Name of the target in ccstate.yaml."""
    address: Address
    """The object."""
    path: str
    """Field, nested ones joined by dots; empty where it is the whole object."""
    reason: str
    """Why it is not taken back."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a plan takes back, or goes back to."""

    plan: str
    """Plan whose changes it takes back; empty where it goes back to a commit."""
    commit: str
    """Commit to whose desired state it goes back; or the one that the plan was made from."""
    remains: tuple[Remainder, ...] = ()
    """What it leaves as it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What ccstate will do, in order, and on what grounds."""

    commit: str
    """Git commit of the desired state; `+` behind it when files differed; may be empty."""
    steps: tuple[Step, ...]
    """Batches, in order."""
    managed: Mapping[str, Mapping[str, int]]
    """Objects under management afterwards, by target and kind."""
    unmanaged: Mapping[str, Mapping[str, Unmanaged]]
    """Objects that no file declares, by target and kind; they stay as they are."""
    forced: str = ""
    """Reason given for going beyond a limit."""
    refusals: tuple[Refusal, ...] = ()
    """Why the plan may not be applied as it stands."""
    repeat: int = field(default=0, metadata=WHOLE)
    """How many earlier plans said the same and were begun, so that each has its own id."""
    journeys: Journeys | None = None
    """What the plan means to callers; left out where nothing changes for them, or it was not asked."""
    renames: tuple[Rename, ...] = ()
    """Objects that look renamed; left out where there are none."""
    moving: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What goes along with objects that get another name, and what does not, by target and kind; left
    out where nothing is to be said."""
    only: tuple[Address, ...] = ()
    """Objects that the plan was narrowed to; left out where it was not."""
    left_out: int = field(default=0, metadata=WHOLE)
    """Changes that a narrowed plan leaves for later."""
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields that the plan writes and for which the platform has no place, such as queue.label: they
    stand in ccstate's records only. By target; left out where there are none."""
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    """Platforms that the plan was made with, by target; it is refused on others."""
    made_by: str = ""
    """Release of ccstate that made the plan."""
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What could not be seen for lack of rights, by target; such a plan is never applied."""
    unchecked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Secrets that stay as they are without a check, by target: their references, and why none was read."""
    rollback: Rollback | None = None
    """What the plan takes back; left out where it is no way back."""
    environment: str = ""
    """Environment of the targets; left out in a project that has none."""

    def changes(self) -> Iterator[Change]:
        """List every change, in the order in which they are performed."""
        for step in self.steps:
            yield from step.changes

    def unread(self) -> list[str]:
        """List the references of secrets that the plan writes, and that could not be read for it."""
        found = {
            reference
            for change in self.changes()
            for path, reference in change.secrets.items()
            if _at(change.ledger, path) == UNSEEN_SEAL
        }
        return sorted(found)


class Outcome(StrEnum):
    """What became of one change."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    HANDED_OVER = "handed over"
    """A person or a vendor is to do it, and the platform does not show it yet."""
    NOT_ATTEMPTED = "not attempted"


def by_target(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Group changes by their target; both stay in their order."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.target, []).append(change)
    return found


def edited(fields: Fields, edits: Iterable[Edit]) -> dict[str, Json]:
    """Apply edits to fields; an edit to None takes the field out."""
    result = dict(fields)
    copied: set[str] = set()
    for edit in edits:
        if "." not in edit.path:  # as nearly all are
            if edit.after is None:
                result.pop(edit.path, None)
            else:
                result[edit.path] = edit.after
            continue
        head, *rest = edit.path.split(".")
        inner = result
        trail = head
        for name in rest:
            if trail not in copied:
                old = inner.get(head)
                inner[head] = dict(old) if isinstance(old, dict) else {}
                copied.add(trail)
            inner = cast("dict[str, Json]", inner[head])
            head, trail = name, f"{trail}.{name}"
        if edit.after is None:
            inner.pop(head, None)
        else:
            inner[head] = edit.after
    return result


def _at(fields: Fields | None, path: str) -> Json:
    """Return the value at a dotted path; None where there is none."""
    value: Json = cast("Json", fields)
    for name in path.split("."):
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def canonical(value: object) -> bytes:
    """Write a JSON value in its one spelling: keys sorted, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


SEAL = "sealed:"
"""What the seal of a secret begins with."""
UNSEEN_SEAL = f"{SEAL}unseen"
"""In place of the seal of a secret that may not be read; equal to no seal of a platform."""
ABSENT = "absent"


def fingerprint(fields: Fields | None) -> str:
    """Return the fingerprint by which an object is known to be the one a plan was made from."""
    return ABSENT if fields is None else hashlib.sha256(canonical(fields)).hexdigest()[:32]
