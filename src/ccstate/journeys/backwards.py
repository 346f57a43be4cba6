"""From where calls come to a place: the ways of a centre, followed backwards."""

from collections.abc import Collection, Iterable, Mapping

from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Event, Place


def sources(
    flow: Flow, starts: Iterable[Place], not_taken: Collection[Event] = ()
) -> dict[Place, list[Place]]:
    """The places that calls from the starts come to, at whatever hour, each with those before it."""
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
    """These places, and all from which calls come to them."""
    todo = list(places)
    seen = set(todo)
    for place in todo:
        for other in before[place]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen
