"""The values that flow from reading to planning to applying: frozen, plain, comparable.

Field values are JSON in *canonical form* (durations in their shortest spelling, sets sorted):
two values mean the same exactly when they are equal. `ccstate.kinds` makes them so.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias, cast

import orjson

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"
Fields: TypeAlias = Mapping[str, Json]


class Address(NamedTuple):
    """What one resource is called everywhere: `queue/sales`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def parse_address(text: str) -> Address:
    """The address written as `kind/name`; ValueError where it is not of that form."""
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
    text where it runs none of it. `ALTERED`: what somebody wrote that no field can say, line by
    line; or a text, where nobody did and ccstate itself would write something else by now.
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
BESIDES = frozenset({RUNNING, ALTERED})
"""Keys of a live object that are no fields of its kind."""


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ADOPT = "adopt"
    """Take an object made by hand under management, with edits or without."""
    RELEASE = "release"
    """Stop managing: the object stays as it is, the ledger forgets it."""


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


@dataclass(frozen=True, slots=True)
class Edit:
    """One field that changes; None stands for a field that is not there.

    `path` joins nested fields by dots: `service_level.within`.
    """

    path: str
    before: Json
    after: Json
    why: Why


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one object on one target.

    `ledger` is what the platform records as applied afterwards (None: nothing, forget it).
    `basis` is the fingerprint of the live object that the plan was made from.
    `needs` names the objects whose changes must have succeeded before this one.
    `secrets` maps the path of each secret field to its reference (`env:SIP_1101`); fields and
    edits hold only its seal.
    """

    target: str
    action: Action
    address: Address
    why: Why
    basis: str
    edits: tuple[Edit, ...] = ()
    ledger: Fields | None = None
    needs: tuple[Address, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """Changes on one target that do not depend on each other, performed as one batch."""

    target: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan may not be applied as it stands."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a call ends: `end` in a word, `at` with whom or what, and what people call that."""

    end: str
    at: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class JourneyChange:
    """Callers of a number, and of `more` others, who end elsewhere after the plan than before it.

    `keys` and `outcomes` are what one of them does and what comes of his waits; `ways` counts the
    different things that callers do to the same effect, `count` those times the moments of a year
    that are unlike each other. `when` holds some of these, `2026-12-25T10:00 Christmas Day`, in
    the number's own time. `worse` is how bad it is, 0 the worst.
    """

    number: str
    label: str
    more: int
    before: Arrival
    after: Arrival
    keys: tuple[str, ...]
    outcomes: tuple[str, ...]
    when: tuple[str, ...]
    ways: int
    count: int
    worse: int


@dataclass(frozen=True, slots=True)
class NumberChange:
    """A number that callers could not reach before, or cannot any more, and where it leads.

    `more` counts ends beyond those that are named, which are the worst.
    """

    number: str
    label: str
    arrivals: tuple[Arrival, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Journeys:
    """What a plan means to callers.

    A journey is a last decision of a caller, at a moment unlike others, on a way that changes: those
    who came to it by different ways are told together. `changed` out of `compared` journeys end
    elsewhere, `lost` of them with a human before and with none after; `numbers` are concerned.
    `changes` are the worst of them, `hidden` counts the other lines. `uncompared` are numbers whose
    calls were too many to compare: there may be more than is told.
    """

    compared: int = 0
    changed: int = 0
    lost: int = 0
    numbers: int = 0
    changes: tuple[JourneyChange, ...] = ()
    hidden: int = 0
    uncompared: tuple[NumberChange, ...] = ()
    added: tuple[NumberChange, ...] = ()
    removed: tuple[NumberChange, ...] = ()
    more_uncompared: int = 0
    more_added: int = 0
    more_removed: int = 0


@dataclass(frozen=True, slots=True)
class Platform:
    """What a plan was made with: an adapter, and the fingerprint of its connection."""

    adapter: str
    connection: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done, in order, and on what grounds.

    `commit` is the git commit of the desired state, with `+` behind it when files differed.
    `managed` counts the objects under management after the plan, by target and kind;
    `unmanaged` the objects that nobody declared, by target, with the first names of each kind.
    `forced` is the reason given for going beyond a limit, `refusals` what forbids applying.
    `repeat` counts earlier plans that said the same and were begun, so that each has its own id.
    `journeys` is what it means to callers; None where that was not asked. `renames` are pairs of
    objects, one deleted and one created, that look like one whose name was changed. `only` names
    the objects that the plan was narrowed to, and `left_out` counts the changes that it leaves.
    `platforms` are those that it was made with, by target; `made_by` is the release of ccstate.
    `unseen` is what could not be seen for lack of rights, by target: such a plan is never applied.
    `kept` names, by target, the fields that it writes and for which the platform has no place, as
    `queue.label`: they stand in ccstate's records only.
    """

    commit: str
    steps: tuple[Step, ...]
    managed: Mapping[str, Mapping[str, int]]
    unmanaged: Mapping[str, Mapping[str, "Unmanaged"]]
    forced: str = ""
    refusals: tuple[Refusal, ...] = ()
    repeat: int = 0
    journeys: Journeys | None = None
    renames: tuple[tuple[Address, Address], ...] = ()
    only: tuple[Address, ...] = ()
    left_out: int = 0
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    made_by: str = ""
    unseen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def changes(self) -> Iterator[Change]:
        """Every change, in the order in which they are performed."""
        for step in self.steps:
            yield from step.changes


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """Objects of one kind that nobody declared: how many, and some of their names."""

    count: int
    names: tuple[str, ...]


class Outcome(StrEnum):
    """What became of one change."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    NOT_ATTEMPTED = "not attempted"


def edited(fields: Fields, edits: Iterable[Edit]) -> dict[str, Json]:
    """The fields after the edits; an edit to None takes the field out."""
    result = dict(fields)
    copied: set[str] = set()
    for edit in edits:
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


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value: keys sorted, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


SEAL = "sealed:"
"""What the seal of a secret begins with."""
UNSEEN_SEAL = f"{SEAL}unseen"
"""In place of the seal of a secret that may not be read; equal to no seal of a platform."""
ABSENT = "absent"


def fingerprint(fields: Fields | None) -> str:
    """What tells whether a live object is still the one that a plan was made from."""
    return ABSENT if fields is None else hashlib.sha256(canonical(fields)).hexdigest()[:32]
