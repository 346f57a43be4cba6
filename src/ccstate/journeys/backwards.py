"""The ways of a centre followed backwards: what leads to a place, what is joined to an object."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ccstate import kinds
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Event, Place
from ccstate.model import Address, Fields, State


def sources(
    flow: Flow, starts: Iterable[Place], not_taken: Collection[Event] = ()
) -> dict[Place, list[Place]]:
    """Return the places that calls from the starts come to, each with the places before it."""
    todo = list(starts)
    before: dict[Place, list[Place]] = {place: [] for place in todo}
    for place in todo:
        for way in flow.ways(place):
            if way.to is None or way.event in not_taken:
                continue
            if way.to not in before:
                before[way.to] = []
                todo.append(way.to)
            before[way.to].append(place)
    return before


def ancestors(before: Mapping[Place, list[Place]], places: Iterable[Place]) -> set[Place]:
    """Return these places, and all places from which calls come to them."""
    todo = list(places)
    seen = set(todo)
    for place in todo:
        for other in before[place]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


SHARED = frozenset({"site", "trunk", "caller_list", "calendar", "switch", "schedule", "prompt"})
"""Kinds that many objects name without having to do with each other."""
_ALL_EXTENSIONS = Address("extension", "")
"""Stands for every extension, where a menu lets callers dial any of them."""


def joined(states: Sequence[State], changed: Collection[Address]) -> set[Address]:
    """Return the objects that references join to what changed, in any of the states.

    Followed in both directions, since a queue depends on its people and a dead end on the numbers
    before it. An object of a shared kind comes along where it is named, and leads on to those
    that name it only where it changed itself, or names what changed.
    """
    named, naming = _references(states)
    found = dict.fromkeys(changed)
    for address in (todo := list(found)):
        if address.kind in SHARED:
            todo += [other for other in naming.get(address, ()) if other not in found]
            found.update(dict.fromkeys(naming.get(address, ())))
    for address in (todo := list(found)):
        near = [*named.get(address, ())]
        if address.kind not in SHARED:
            near += naming.get(address, ())
        todo += [other for other in dict.fromkeys(near) if other not in found]
        found.update(dict.fromkeys(near))
    return set(found)


def _references(
    states: Sequence[State],
) -> tuple[Mapping[Address, list[Address]], Mapping[Address, list[Address]]]:
    """Return what each object names in any of the states, and which objects name it."""
    named: dict[Address, list[Address]] = {}
    naming: dict[Address, list[Address]] = defaultdict(list)
    known: dict[Address, Fields] = {}
    for state in states:
        for address, resource in state.items():
            if known.get(address) is resource.fields:
                continue
            known[address] = resource.fields
            targets = list(_named_addresses(address, resource.fields))
            named[address] = [*named.get(address, ()), *targets]
            for target in targets:
                naming[target].append(address)
    if _ALL_EXTENSIONS in naming:
        for address in known:
            if address.kind == "extension":
                named[address].append(_ALL_EXTENSIONS)
                naming[_ALL_EXTENSIONS].append(address)
    return named, naming


def _named_addresses(address: Address, fields: Fields) -> Iterator[Address]:
    """Yield what an object names: by its references, as a number of our own outside, by dialling."""
    yield from kinds.named(address.kind, fields)
    if address.kind == "extension":
        forward = cast("Mapping[str, Any]", fields.get("forward") or {})
        yield from (Address("number", str(text)) for text in forward.values())
    for node in _nodes(address, fields):
        if node.get("number"):
            yield Address("number", str(node["number"]))
        if node.get("dial_extensions"):
            yield _ALL_EXTENSIONS


def _nodes(address: Address, fields: Fields) -> Collection[Mapping[str, Any]]:
    if address.kind != "ivr":
        return ()
    return cast("Mapping[str, Mapping[str, Any]]", fields.get("nodes") or {}).values()
