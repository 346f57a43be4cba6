"""Changes of single fields of imported objects, each of which the comparison has to notice."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from pydantic import ValidationError

from ccstate.kinds import KINDS, references, shape, with_defaults
from ccstate.kinds.feature_code import NEEDS
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct
from ccstate.model import Address, Fields

Objects = Mapping[Address, Fields]
MOST = 2
"""Other values that one field takes."""
NOTES = frozenset({"label", "protect"})
"""Fields of every object that change nothing on a platform."""


class Mutation(NamedTuple):
    """One changed field: `path` names it as `ccstate.kinds.field_paths` does, `place` exactly.

    `fields` are those of the changed object.
    """

    path: str
    place: str
    fields: Fields
    objects: Objects


class Change(NamedTuple):
    """Another value: the path of the field in its kind, its place, and what stands around it."""

    path: str
    place: str
    value: Any

    def below(self, path: str, place: object) -> "Change":
        return Change(_joined(path, self.path), _joined(str(place), self.place), self.value)


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part)


def met_by_callers(objects: Objects) -> frozenset[Address]:
    """The objects that a call can come to: what is dialled, and all that these name."""
    met = {a: None for a, f in objects.items() if a.kind in DOORS or _has_number(a, f)}
    for address in (todo := list(met)):
        for reference in references(address.kind, objects[address]):
            if reference.target in objects and reference.target not in met:
                met[reference.target] = None
                todo.append(reference.target)
    return frozenset(met)


DOORS = frozenset({"number", "extension", "feature_code", "outbound_route"})
"""Kinds that are dialled."""


def _has_number(address: Address, fields: Fields) -> bool:
    return address.kind != "user" and "extension" in fields


def mutations(objects: Objects) -> Iterator[Mutation]:
    """Every change of one field of an object that a call can come to; each object stays valid."""
    mutants = Mutants(objects)
    for address in sorted(met_by_callers(objects)):
        seen: dict[tuple[str, str], int] = {}
        for change in mutants.of(shape(address.kind), objects[address]):
            key = (change.path, change.place)
            after = _canonical(address.kind, change.value)
            if after is None or seen.get(key, 0) >= MOST or _is_same(address, objects, after):
                continue
            seen[key] = seen.get(key, 0) + 1
            changed = {**objects, address: after}
            yield Mutation(
                f"{address.kind}.{change.path}", f"{address} {change.place}", after, changed
            )


def _is_same(address: Address, objects: Objects, after: Fields) -> bool:
    """Whether the object means what it did: with what is left out filled in."""
    one, other = (with_defaults(address.kind, fields) for fields in (objects[address], after))
    return bool(_ends(one) == _ends(other))


def _ends(value: Any) -> Any:
    """The value without ways that hang up: a way that is left out cuts callers off, which is alike."""
    if not isinstance(value, Mapping):
        return [_ends(inside) for inside in value] if isinstance(value, list) else value
    ended = {name: _ends(inside) for name, inside in value.items() if inside != "hangup"}
    kept = {name: inside for name, inside in ended.items() if inside not in (None, {})}
    if "on_timeout" in kept and kept.get("on_invalid") == kept["on_timeout"]:
        del kept["on_invalid"]
    return kept


def _canonical(kind: str, fields: Any) -> Fields | None:
    """The object in the form of an import; None where it is not valid."""
    try:
        model = KINDS[kind].model.model_validate(fields)
    except ValidationError:
        return None
    found: Fields = model.model_dump(mode="json", exclude_unset=True)
    is_dangling = kind == "ivr" and found["start"] not in _nodes(found)
    lacks = NEEDS.get(str(found.get("action"))) if kind == "feature_code" else None
    return None if is_dangling or (lacks and not found.get(lacks)) else found


def _nodes(tree: Fields) -> Collection[str]:
    nodes = tree["nodes"]
    return nodes if isinstance(nodes, dict) else ()


class Mutants:
    """Other values for fields, by what the kinds say about them."""

    def __init__(self, objects: Objects) -> None:
        self._names: dict[str, list[str]] = {}
        for kind, name in objects:
            self._names.setdefault(kind, []).append(name)
        self._targets = [str(a) for a in objects if a.kind in ("queue", "extension")]

    def of(self, at: Shape, value: Any) -> Iterator[Change]:
        """Every other value, each with one field changed, added or left out."""
        match at:
            case Struct():
                yield from self._struct(at, value)
            case OneOf(tag=tag, variants=variants):
                for change in self._struct(variants[value[tag]], value):
                    if change.value.get(tag) == value[tag]:
                        yield change._replace(path=_joined(value[tag], change.path))
            case ListOf(item=item, unordered=unordered):
                yield from self._list(item, value, is_ordered=not unordered)
            case MapOf(item=item):
                yield from self._map(item, value)
            case Leaf():
                yield from (Change("", "", other) for other in self._others(at, value))

    def _struct(self, at: Struct, value: Any) -> Iterator[Change]:
        for name, inner in at.fields.items():
            if name in NOTES:
                continue
            here = value.get(name)
            if here is None or not isinstance(here, (dict, list)):
                default = at.defaults.get(name) if here is None else here
                changes: Iterator[Change] = self._added(inner, default)
            else:
                changes = self._inside(inner, here, value)
            for change in changes:
                yield change._replace(value={**value, name: change.value}).below(name, name)
            if here is not None:
                rest = {key: inside for key, inside in value.items() if key != name}
                yield Change(name, f"{name} left out", rest)

    def _list(self, item: Shape, value: Sequence[Any], *, is_ordered: bool) -> Iterator[Change]:
        for index, inside in enumerate(value):
            before, after = value[:index], value[index + 1 :]
            yield Change("", f"{index} left out", [*before, *after])
            path = "*" if isinstance(item, (Struct, OneOf)) else ""
            for change in self.of(item, inside):
                if change.value not in value:
                    yield change._replace(value=[*before, change.value, *after]).below(path, index)
        if len(value) > 1 and is_ordered:
            yield Change("", "in reverse", list(reversed(value)))
        for other in islice(self._others(item, None), MOST):
            if other not in value:
                yield Change("", "one more", [*value, other])

    def _map(self, item: Shape, value: Mapping[str, Any]) -> Iterator[Change]:
        for key, inside in value.items():
            yield Change("", f"{key} left out", {k: v for k, v in value.items() if k != key})
            path = "*" if isinstance(item, (Struct, OneOf)) else ""
            for change in self.of(item, inside):
                yield change._replace(value={**value, key: change.value}).below(path, key)
        free = next(key for key in "1590*" if key not in value)
        for other in islice(self._others(item, None), MOST):
            yield Change("", "one more", {**value, free: other})

    def _inside(self, at: Shape, value: Any, around: Mapping[str, Any]) -> Iterator[Change]:
        """Changes inside of a list or map; in the order of a list only where it counts."""
        if isinstance(at, ListOf) and at.order:
            counts = around.get(at.order.field) == at.order.value
            return self._list(at.item, value, is_ordered=counts)
        return self.of(at, value)

    def _added(self, at: Shape, value: Any) -> Iterator[Change]:
        """Changes of a field that is not there, or has no fields inside."""
        if isinstance(at, Struct):
            yield from self._struct(at, {})
        else:
            yield from (Change("", "", other) for other in self._others(at, value))

    def _others(self, at: Shape, value: Any) -> Iterator[Any]:
        """Other values of a field; None where it is not there, or has no default."""
        match at:
            case Leaf():
                yield from self._leaves(at, value)
            case Struct():
                yield from (change.value for change in self._struct(at, {}))
            case MapOf(item=item):
                yield from ({"9": other} for other in islice(self._others(item, None), 1))
            case ListOf(item=item):
                yield from ([other] for other in islice(self._others(item, None), 6))
            case OneOf():
                return

    def _leaves(self, leaf: Leaf, value: Any) -> Iterator[Any]:
        if leaf.destination:
            yield from (name for name in [*self._targets, "hangup"] if name != value)
        elif leaf.ref:
            kind = "extension" if leaf.ref == "voicemail" else leaf.ref
            yield from (name for name in self._names.get(kind, ()) if name != value)
        elif isinstance(value, bool):
            yield not value
        elif isinstance(value, int):
            yield from (value + 1, value - 1)
        elif value is None or not _LASTING.fullmatch(value):
            yield from (word for word in _words(value) if word != value)
        else:
            yield "47s" if value != "47s" else "39s"


_LASTING = re.compile(r"(?:[0-9]+[hms])+")
_SPAN = re.compile(r"[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}")
_WORDS = (
    *("47s", "none", "in_order", "random", "ring_all", "always", "on_demand", "transfer", "park"),
    *("on", "off", "dynamic", "log_in", "pick_up", "mailbox", "national", "international", "e164"),
    *(
        "+61255509999",
        "+6149",
        "2009",
        "*77",
        "000",
        "XXXX",
        "9X.",
        "09:00-12:00",
        "12-24",
        "12-27",
    ),
    *("Europe/Berlin", "fr", "Other words"),
)
"""Values of which a field without others takes those that are valid there."""


def _words(value: str | None) -> Iterator[str]:
    if value is not None and _SPAN.fullmatch(value):
        yield value[:-5] + "23:00"
        yield "00:30" + value[5:]
        return
    yield from _WORDS
