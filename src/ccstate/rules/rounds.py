"""Rules about calls that go round for ever: where no one answers, or where an agent might."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Phases, Year
from ccstate.journeys.ways import SWITCH, Event, Place, Transition
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule

_ACTIVE = frozenset({Event.KEY, Event.DIGITS, Event.WRONG_KEY, Event.ANSWERED})
_ORDER = (Event.SILENCE, Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY)
"""What may happen to a caller who does nothing and waits, the likeliest first."""


class Round(NamedTuple):
    """Places that a caller who does nothing passes again and again, and the ways between them."""

    places: tuple[Place, ...]
    ways: tuple[Transition, ...]
    is_always: bool
    """Whether it is possible at every hour of the year."""


@lru_cache(maxsize=1)
def _rounds(flow: Flow, year: Year) -> tuple[Round, ...]:
    """Return every round without end that callers can come to, at some time of the year.

    Kept for the second rule that asks, about the same estate.
    """
    # Numbers that lead to numbers alone are CC107's: every other round has one of these.
    trees = [Place("ivr", name, tree["start"]) for name, tree in flow.centre.of("ivr").items()]
    waits = [Place(kind, name) for kind in ("queue", "ring_group") for name in flow.centre.of(kind)]
    phones = [
        Place("extension", name)
        for name, extension in flow.centre.of("extension").items()
        if extension.get("forward")
    ]
    knots = _knots(_onward(flow, [*trees, *waits, *phones]))
    return tuple(found for knot in knots for found in _in_knot(flow, year, knot))


def _onward(flow: Flow, starts: list[Place]) -> dict[Place, set[Place]]:
    """Return where each place that callers reach can lead one who does nothing, at any hour."""
    onward: dict[Place, set[Place]] = {place: set() for place in starts}
    for place in (todo := list(starts)):
        for way in flow.ways(place):
            if way.to is None:
                continue
            if way.event not in _ACTIVE:
                onward[place].add(way.to)
            if way.to not in onward:
                onward[way.to] = set()
                todo.append(way.to)
    return onward


def _knots(onward: dict[Place, set[Place]]) -> Iterator[list[Place]]:
    """Yield the places that lead back to themselves, those that hang together at a time."""
    before: dict[Place, set[Place]] = {place: set() for place in onward}
    for place, targets in onward.items():
        for target in targets:
            before[target].add(place)
    left = dict.fromkeys(onward)
    _drop_ends(left, onward, before)
    _drop_ends(left, before, onward)
    while left:
        knot = [next(iter(left))]
        del left[knot[0]]
        for place in knot:
            near = [other for other in (*onward[place], *before[place]) if other in left]
            for other in dict.fromkeys(near):
                del left[other]
                knot.append(other)
        yield knot


def _drop_ends(
    left: dict[Place, None],
    forward: dict[Place, set[Place]],
    backward: dict[Place, set[Place]],
) -> None:
    """Remove every place from which all ways forward end."""
    count = {place: sum(target in left for target in forward[place]) for place in left}
    ending = [place for place, targets in count.items() if not targets]
    for place in ending:
        del left[place]
        for other in backward[place]:
            if other in left:
                count[other] -= 1
                if not count[other]:
                    ending.append(other)


def _in_knot(flow: Flow, year: Year, knot: list[Place]) -> Iterator[Round]:
    """Yield the rounds in a knot, each once; of those that share places not every one is listed."""
    states = year.states(flow.schedules(knot))
    found: dict[frozenset[Place], list[list[tuple[Place, Transition]]]] = {}
    for state in states:
        here: dict[frozenset[Place], list[tuple[Place, Transition]]] = {}
        for circle in _circles(flow, state.phases, knot):
            here.setdefault(frozenset(place for place, _ in circle), circle)
        for members, circle in here.items():
            found.setdefault(members, []).append(circle)
    for rounds in found.values():
        yield _rotate(min(rounds, key=_rarity), is_always=len(rounds) == len(states))


def _circles(
    flow: Flow, phases: Phases, knot: list[Place]
) -> Iterator[list[tuple[Place, Transition]]]:
    members = frozenset(knot)
    done: set[Place] = set()
    for start in knot:
        if start in done:
            continue
        trail: list[tuple[Place, Transition]] = []
        at = {start: 0}
        todo = [(start, iter(_idle_transitions(flow, phases, start)))]
        while todo:
            place, ways = todo[-1]
            way = next(ways, None)
            if way is None:
                todo.pop()
                done.add(place)
                del at[place], trail[-1:]
            elif way.to in at:
                yield [*trail[at[way.to] :], (place, way)]
            elif way.to in members and way.to not in done:
                at[way.to] = len(todo)
                trail.append((place, way))
                todo.append((way.to, iter(_idle_transitions(flow, phases, way.to))))


def _idle_transitions(flow: Flow, phases: Phases, place: Place) -> list[Transition]:
    """Return what may happen at a place to a caller who does nothing and is not answered."""
    ways = [way for way in flow.possible(place, phases) if way.event not in _ACTIVE]
    return sorted(ways, key=_unlikely)


def _unlikely(way: Transition) -> int:
    return _ORDER.index(way.event) if way.event in _ORDER else 0


def _rarity(circle: list[tuple[Place, Transition]]) -> int:
    return sum(_unlikely(way) for _, way in circle)


def _rotate(found: list[tuple[Place, Transition]], *, is_always: bool) -> Round:
    """Turn the round as it is reported: from a place where a caller waits, the least by name."""
    waits = [place for place, way in found if way.event in _ORDER]
    places, ways = zip(*found, strict=True)
    first = places.index(min(waits or places))
    places, ways = (*places[first:], *places[:first]), (*ways[first:], *ways[:first])
    return Round(places, ways, is_always)


def _endless(estate: Estate) -> Iterator[Breach]:
    for found in _rounds(estate.flow, estate.year):
        if not _is_answered(found):
            yield _found(
                found,
                f"a caller who does nothing goes round for ever{_circumstances(found)}: {_path(found)}",
                "A caller who cannot press keys, or reaches no agent, never gets out.",
                "let on_timeout or an overflow end in a queue that answers, a mailbox or hangup",
            )


def _circles_of_waits(estate: Estate) -> Iterator[Breach]:
    for found in _rounds(estate.flow, estate.year):
        if _is_answered(found):
            yield _found(
                found,
                f"unanswered callers go in a circle{_circumstances(found)}: {_path(found)}",
                "They lose their place at every turn, and come to no other agent.",
                "let one of the waits end in a mailbox, another queue or hangup",
            )


def _is_answered(found: Round) -> bool:
    """Check whether callers wait in it for an agent who may answer at last."""
    return any(way.event is Event.NO_ANSWER for way in found.ways)


def _circumstances(found: Round) -> str:
    """Describe the circumstances, beyond that no one answers; "" where there are none."""
    full = any(way.event is Event.FULL for way in found.ways)
    is_unstaffed = any(way.event is Event.EMPTY and not way.schedule for way in found.ways)
    what = [*["are full"] * full, *["have no agent logged in"] * is_unstaffed]
    return f" while queues {' or '.join(what)}" if what else ""


def _found(found: Round, message: str, cause: str, hint: str) -> Breach:
    hours = {
        f"{_named(way.schedule)} is {_SAYS[way.event]}": None
        for way in found.ways
        if way.schedule and way.event in _SAYS
    }
    if hours and not found.is_always:
        cause += f" It happens, for one, while {' and '.join(hours)}."
    place, way = found.places[0], found.ways[0]
    path = way.path or (("nodes", place.node) if place.kind == "ivr" else ())
    return Breach(Address(place.kind, place.name), path, message, cause, hint)


def _named(schedule: str) -> str:
    return schedule if schedule.startswith(SWITCH) else f"schedule/{schedule}"


_SAYS = {
    Event.OPEN: "open",
    Event.CLOSED: "closed",
    Event.HOLIDAY: "on holiday",
    Event.ON: "on",
    Event.OFF: "off",
    Event.NO_ANSWER: "open",
    Event.FULL: "open",
    Event.EMPTY: "closed",
}
MOST_PLACES = 8


def _path(found: Round) -> str:
    names = [str(place) for place in (*found.places, found.places[0])]
    if len(names) > MOST_PLACES:
        names[MOST_PLACES - 2 : -1] = ["…"]
    return " → ".join(names)


RULES: tuple[Rule, ...] = (
    Rule(
        "CC203",
        "endless-journey",
        Severity.ERROR,
        "A round without end in which no one can answer",
        _endless,
        Reach.JOINED,
    ),
    Rule(
        "CC213",
        "overflow-circle",
        Severity.WARNING,
        "Waits that lead to each other in a circle, such as queues that overflow to each other",
        _circles_of_waits,
        Reach.JOINED,
    ),
)
