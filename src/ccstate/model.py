"""The values that flow from reading to planning to applying: frozen, plain, comparable.

Field values are JSON in *canonical form* (durations in their shortest spelling, sets sorted):
two values mean the same exactly when they are equal. `ccstate.kinds` makes them so.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

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
class Observation:
    """One platform in one read.

    `objects` holds every field the platform shows; `ledger` holds, for each object under
    management, the fields as ccstate last applied them.
    """

    objects: Mapping[Address, Fields]
    ledger: Mapping[Address, Fields]


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


def canonical(value: object) -> bytes:
    """The one spelling of a JSON value: keys sorted, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


ABSENT = "absent"


def fingerprint(fields: Fields | None) -> str:
    """What tells whether a live object is still the one that a plan was made from."""
    return ABSENT if fields is None else hashlib.sha256(canonical(fields)).hexdigest()[:32]
