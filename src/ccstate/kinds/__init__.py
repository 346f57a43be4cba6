"""List the kinds of resources, and derive what follows from their declaration.

A kind is declared in one file of this package and registered below; loading, references,
comparison, masking of secrets, `schema/` and the order of a plan are derived from it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from ccstate.kinds import shape as shapes
from ccstate.kinds.calendar import Calendar
from ccstate.kinds.call_test import CallTest
from ccstate.kinds.caller_list import CallerList
from ccstate.kinds.conference_room import ConferenceRoom
from ccstate.kinds.display import Display
from ccstate.kinds.extension import Extension
from ccstate.kinds.feature_code import FeatureCode
from ccstate.kinds.fields import DESTINATIONS, OrderCounts, canonical_order
from ccstate.kinds.ivr import Ivr
from ccstate.kinds.number import Number
from ccstate.kinds.outbound_route import OutboundRoute
from ccstate.kinds.parking_lot import ParkingLot
from ccstate.kinds.prompt import Prompt
from ccstate.kinds.queue import Queue
from ccstate.kinds.ring_group import RingGroup
from ccstate.kinds.schedule import Schedule
from ccstate.kinds.shape import ListOf, Path, Reference, Struct
from ccstate.kinds.site import Site
from ccstate.kinds.switch import Switch
from ccstate.kinds.team import Team
from ccstate.kinds.trunk import Trunk
from ccstate.kinds.user import User
from ccstate.model import Address, Fields, Json

__all__ = [
    "DESTINATIONS",
    "KINDS",
    "PLURALS",
    "Kind",
    "Path",
    "Reference",
    "internal_number_field",
    "mentions",
    "named",
    "references",
    "secrets",
    "with_sorted_lists",
]

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,79}$"
PROTECT = "protect"
"""The field that no platform holds: only the record of what was applied has it."""
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its name in addresses, its plural in documents, its model."""

    name: str
    plural: str
    model: type[BaseModel]
    name_pattern: str = NAME_PATTERN


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("site", "sites", Site),
        Kind("team", "teams", Team),
        Kind("user", "users", User),
        Kind("extension", "extensions", Extension),
        Kind("caller_list", "caller_lists", CallerList),
        Kind("trunk", "trunks", Trunk),
        Kind("outbound_route", "outbound_routes", OutboundRoute),
        Kind("calendar", "calendars", Calendar),
        Kind("switch", "switches", Switch),
        Kind("schedule", "schedules", Schedule),
        Kind("prompt", "prompts", Prompt),
        Kind("queue", "queues", Queue),
        Kind("ring_group", "ring_groups", RingGroup),
        Kind("feature_code", "feature_codes", FeatureCode),
        Kind("conference_room", "conference_rooms", ConferenceRoom),
        Kind("parking_lot", "parking_lots", ParkingLot),
        Kind("ivr", "ivrs", Ivr),
        Kind("number", "numbers", Number, name_pattern=E164_PATTERN),
        Kind("display", "displays", Display),
        Kind("call_test", "call_tests", CallTest),
    )
}
PLURALS: Mapping[str, Kind] = {kind.plural: kind for kind in KINDS.values()}


@cache
def shape(kind: str) -> Struct:
    """Read the structure of a kind's fields."""
    return shapes.shape_of(KINDS[kind].model)


@cache
def document_shape() -> Struct:
    """Build the structure of a whole document: kinds in their order."""
    return Struct({k.plural: shapes.MapOf(shape(k.name)) for k in KINDS.values()})


@cache
def internal_number_field(kind: str) -> str:
    """Name the field that holds the number by which phones inside dial an object; "" where none does.

    An extension without it is dialled by its name.
    """
    if kind == "extension":
        return "number"
    own = shape(kind).fields.get("extension")
    return "extension" if isinstance(own, shapes.Leaf) and not own.ref else ""


@cache
def _reference_walk(kind: str) -> "shapes._Walk | None":
    return shapes.walker(shape(kind), shapes.names)


@cache
def _secret_walk(kind: str) -> "shapes._Walk | None":
    return shapes.walker(shape(kind), lambda leaf: leaf.secret)


def references(kind: str, fields: Fields) -> Iterator[Reference]:
    """List the other resources that the fields name, with the path of each mention.

    `voicemail/2001` names the mailbox of `extension/2001`; `hangup` and the nodes of a tree
    name nothing.
    """
    walk = _reference_walk(kind)
    for path, leaf, text in walk(fields, ()) if walk else ():
        if leaf.ref:
            target, name = leaf.ref, text
        elif "/" in text:
            target, name = text.split("/", 1)
        else:
            continue
        if target == "voicemail":
            yield Reference(path, Address("extension", name), mailbox=True)
        else:
            yield Reference(path, Address(target, name))


@cache
def _mention_collector(kind: str) -> "shapes._Collect | None":
    return shapes.mention_collector(shape(kind))


def mentions(kind: str, fields: Fields) -> list[Address]:
    """List what the fields name, as it is written: the mailbox of an extension is `voicemail/2001`."""
    found: list[Address] = []
    if collect := _mention_collector(kind):
        collect(fields, found)
    return found


def named(kind: str, fields: Fields) -> set[Address]:
    """List the other resources that the fields name: the targets of `references`, faster."""
    return {
        Address("extension", name) if target == "voicemail" else Address(target, name)
        for target, name in mentions(kind, fields)
    }


def secrets(kind: str, fields: Fields) -> dict[str, str]:
    """Map the dotted path of each secret in the fields to the text there (a reference, or a seal)."""
    walk = _secret_walk(kind)
    found = walk(fields, ()) if walk else ()
    return {".".join(map(str, path)): text for path, _, text in found}


def holds_secrets(kind: str) -> bool:
    """Whether objects of this kind can have secrets."""
    return _secret_walk(kind) is not None


@cache
def secret_fields(kind: str) -> frozenset[str]:
    """List the top-level fields of a kind that are secrets or hold some."""
    fields = shape(kind).fields.items()
    return frozenset(n for n, s in fields if shapes.walker(s, lambda leaf: leaf.secret))


@cache
def field_paths(kind: str) -> tuple[str, ...]:
    """List the fields that a platform may hold, as `ccstate.kinds.shape.field_paths` writes them.

    `protect` is none of them: it is recorded beside the object, on every platform.
    """
    return tuple(path for path in shapes.field_paths(shape(kind)) if path != PROTECT)


def set_fields(kind: str, fields: Fields) -> Iterator[tuple[str, Path]]:
    """List the fields of `field_paths` that have a value, each with its place."""
    return ((p, at) for p, at in shapes.set_fields(shape(kind), dict(fields)) if p and p != PROTECT)


def flatten(kind: str, fields: Fields) -> dict[str, Json]:
    """Map fields by dotted path, each compared as a whole; nested structs are taken apart."""
    return shapes.flatten(shape(kind), fields)


@cache
def structs(kind: str) -> frozenset[str]:
    """List the top-level fields of a kind that are mappings of declared fields, such as `voicemail`."""
    return frozenset(n for n, s in shape(kind).fields.items() if isinstance(s, Struct))


@cache
def _ordered(kind: str) -> Mapping[str, OrderCounts]:
    lists = {n: s for n, s in shape(kind).fields.items() if isinstance(s, ListOf)}
    return {name: found.order for name, found in lists.items() if found.order}


def with_sorted_lists(kind: str, fields: Fields, beside: Fields) -> Fields:
    """Sort the lists whose order means nothing, given the fields beside them.

    `beside` holds the fields that decide that, as they are in the end; a missing one has its default.
    """
    ordered = _ordered(kind)
    if not ordered or ordered.keys().isdisjoint(fields):
        return fields
    result = dict(fields)
    for name, mark in ordered.items():
        decides, items = beside.get(mark.field) or defaults(kind).get(mark.field), result.get(name)
        if decides != mark.value and isinstance(items, list):
            result[name] = [items[place] for place in canonical_order(items)]
    return result


@cache
def defaults(kind: str) -> Fields:
    """List what a platform sets in a new object for fields that are not declared."""
    model = KINDS[kind].model
    return {
        name: field.default
        for name, field in model.model_fields.items()
        if not field.is_required() and field.default is not None and name != PROTECT
    }


@cache
def _defaults_filler(kind: str) -> Callable[[Any], Any]:
    return shapes.defaults_filler(shape(kind)) or dict


def with_defaults(kind: str, fields: Fields) -> Mapping[str, Any]:
    """Add the trade's defaults for the fields that are missing, at every depth.

    A field that has no default and is missing stays missing; ask with `get`. The values that are
    there are those of `fields`, not copies.
    """
    result: Mapping[str, Any] = _defaults_filler(kind)(fields)
    return result
