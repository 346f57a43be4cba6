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
from ccstate.journeys.trees import other_digits, wrong_keys
from ccstate.journeys.walk import Journey, Step
from ccstate.journeys.ways import End, Event, Place, Way

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
    known: dict[Place, list[Step]] = {}
    steps: list[Step] = []
    path: set[Place | None] = {start}
    todo = [iter(_steps(flow, start, phases, known))]
    while todo:
        for step in todo[-1]:
            to = step.way.to
            if to is None:
                yield Journey((*steps, step), step.way.end or End.CUT_OFF, step.way.at)
            elif to in path:
                yield Journey((*steps, step), End.RETURNS, str(to))
            else:
                steps.append(step)
                path.add(to)
                todo.append(iter(_steps(flow, to, phases, known)))
                break
        else:
            todo.pop()
            if steps:
                path.remove(steps.pop().way.to)


def _steps(flow: Flow, place: Place, phases: Phases, known: dict[Place, list[Step]]) -> list[Step]:
    if place not in known:
        ways = flow.possible(place, phases)
        known[place] = [Step(place, way, pressed(flow, place, way)) for way in ways]
    return known[place]


def pressed(flow: Flow, place: Place, way: Way) -> str:
    """Keys that a caller can press to go this way; "" where none are needed."""
    if way.event is Event.KEY:
        return way.key
    if way.event not in {Event.DIGITS, Event.WRONG_KEY}:
        return ""
    node = flow.centre.of("ivr")[place.name]["nodes"][place.node]
    if way.event is Event.WRONG_KEY:
        return wrong_keys(flow, node) * (int(node["retries"]) + 1)
    digits = way.key or other_digits(node)
    return digits + ("#" if len(digits) < node["max_digits"] else "")


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


_ACTIVE = frozenset({Event.KEY, Event.DIGITS, Event.WRONG_KEY, Event.ANSWERED})


def left_alone(flow: Flow, place: Place, phases: Phases) -> Iterator[Place]:
    """Where a caller who does nothing, and whom nobody answers, may come to from a place.

    There can be two such places: a queue may be full, or have nobody logged in.
    """
    for way in flow.possible(place, phases):
        if way.to is not None and way.event not in _ACTIVE:
            yield way.to


def loops(flow: Flow, start: Place, phases: Phases) -> list[tuple[Place, ...]]:
    """Rounds in which a caller who does nothing, and whom nobody answers, may go for ever.

    Each begins at its least place. Of rounds that share places not every one is told. Where there
    is none, every call ends: a caller can come back only by pressing a key, and a question is asked
    no more often than its retries say.
    """
    found: set[tuple[Place, ...]] = set()
    done: set[Place] = set()
    trail: list[Place] = []
    todo = [iter(reached_in(flow, start, phases))]
    while todo:
        at = next(todo[-1], None)
        if at is None:
            todo.pop()
            done.update(trail[-1:])
            del trail[-1:]
        elif at in trail:
            ring = trail[trail.index(at) :]
            first = ring.index(min(ring))
            found.add((*ring[first:], *ring[:first]))
        elif at not in done:
            trail.append(at)
            todo.append(left_alone(flow, at, phases))
    return sorted(found)
