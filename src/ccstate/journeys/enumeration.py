"""Every journey from a place: each key, silence, a wrong key; answered or not, empty, full.

A caller who comes back to a place where he has been can do nothing there that is not told already:
the journey ends as one that returns. So every enumeration ends, and `loops` says which returns
happen without the caller doing anything.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Phases
from ccstate.journeys.walk import Journey, Step
from ccstate.journeys.ways import KEYS, End, Event, Place, Way

MOST = 2_000
"""Journeys from one number in one world; a tree that has more is not one that a person made."""


class Journeys(NamedTuple):
    """The journeys in the order of the keys; `is_complete` is false where there are more."""

    found: tuple[Journey, ...]
    is_complete: bool


def journeys(flow: Flow, start: Place, phases: Phases, most: int = MOST) -> Journeys:
    """Every journey from a place while schedules say this, up to so many."""
    found = tuple(islice(_journeys(flow, start, phases), most + 1))
    return Journeys(found[:most], len(found) <= most)


def _journeys(flow: Flow, start: Place, phases: Phases) -> Iterator[Journey]:
    steps: list[Step] = []
    path = {start: 0}
    todo = [_ways(flow, start, phases)]
    place = start
    while todo:
        way = next(todo[-1], None)
        if way is None:
            todo.pop()
            if steps:
                del path[place]
                place = steps.pop().place
            continue
        step = Step(place, way, pressed(flow, place, way))
        if way.to is None:
            yield Journey((*steps, step), way.end or End.CUT_OFF, way.at)
        elif way.to in path:
            yield Journey((*steps, step), End.RETURNS, str(way.to))
        else:
            steps.append(step)
            place = way.to
            path[place] = len(steps)
            todo.append(_ways(flow, place, phases))


def _ways(flow: Flow, place: Place, phases: Phases) -> Iterator[Way]:
    return iter(flow.possible(place, phases))


def pressed(flow: Flow, place: Place, way: Way) -> str:
    """Keys that a caller can press to go this way; "" where none are needed."""
    if way.event is Event.KEY:
        return way.key
    if way.event not in {Event.DIGITS, Event.WRONG_KEY}:
        return ""
    node = flow.centre.of("ivr")[place.name]["nodes"][place.node]
    if way.event is Event.WRONG_KEY:
        wrong = next(key for key in reversed(KEYS) if key not in node["choices"])
        return wrong * (int(node["retries"]) + 1)
    fewest = int(node["min_digits"])
    return "1" * fewest + ("#" if fewest < node["max_digits"] else "")


def reached_in(flow: Flow, start: Place, phases: Phases) -> dict[Place, Step | None]:
    """Every place that a call can come to while schedules say this, and the step that led there.

    The way of fewest steps; None for the start.
    """
    came: dict[Place, Step | None] = {start: None}
    for place in (todo := [start]):
        for way in flow.possible(place, phases):
            if way.to is not None and way.to not in came:
                came[way.to] = Step(place, way, pressed(flow, place, way))
                todo.append(way.to)
    return came


_PASSIVE = frozenset({Event.SILENCE, Event.NO_ANSWER, Event.EMPTY})


def passive(flow: Flow, place: Place, phases: Phases) -> Way:
    """What happens at a place to a caller who does nothing and whom nobody answers."""
    ways = flow.possible(place, phases)
    return next((way for way in ways if way.event in _PASSIVE), ways[0])


def loops(flow: Flow, start: Place, phases: Phases) -> list[tuple[Place, ...]]:
    """Every round in which a caller who does nothing, and whom nobody answers, goes for ever.

    Each begins at its least place. Where there is none, every call ends: a caller can come back
    only by pressing a key, and a question is asked no more often than its retries say.
    """
    found: set[tuple[Place, ...]] = set()
    done: set[Place] = set()
    for place in reached_in(flow, start, phases):
        trail: dict[Place, int] = {}
        at: Place | None = place
        while at is not None and at not in done and at not in trail:
            trail[at] = len(trail)
            at = passive(flow, at, phases).to
        if at in trail:
            ring = list(trail)[trail[at] :]
            first = ring.index(min(ring))
            found.add((*ring[first:], *ring[:first]))
        done.update(trail)
    return sorted(found)
