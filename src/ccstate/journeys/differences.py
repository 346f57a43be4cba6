"""What a change means to callers: those who do the same as before and now end elsewhere."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from ccstate.journeys.centre import Centre
from ccstate.journeys.enumeration import journeys
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Moment, Phases, Year
from ccstate.journeys.walk import RUNG, keys_of, walk, zone_of
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address, Arrival, Fields, JourneyChange, Journeys, Json, NumberChange

MOST_WALKED = 150_000
"""Journeys that are walked through both centres; beyond these, numbers are only counted."""
MOST_SHOWN = 40
"""Changes, and numbers that come or go, that a plan tells; the rest is counted."""
MOST_WHEN = 4


class _Decision(NamedTuple):
    """What a caller does, and what comes of the waits."""

    keys: tuple[str, ...]
    outcomes: tuple[Event, ...]


class _Moved(NamedTuple):
    """One decision that ends elsewhere afterwards."""

    decision: _Decision
    before: Arrival
    after: Arrival


class _Compared(NamedTuple):
    walked: int
    moved: tuple[_Moved, ...]


_Calls: TypeAlias = dict[tuple[str, _Decision], list[Moment]]
"""Number and what its caller does → when."""
_Groups: TypeAlias = dict[tuple[Arrival, Arrival], _Calls]
"""End before and end after → the calls to that effect."""


def differences(before: Flow, after: Flow, first: date) -> Journeys:
    """The journeys over twelve months that end elsewhere in `after` than in `before`."""
    return _Comparison(before, after, first).result()


class _Comparison:
    def __init__(self, before: Flow, after: Flow, first: date) -> None:
        self.before, self.after = before, after
        self._year = Year(Centre(_both_schedules(before.centre, after.centre)), first)
        self._same: dict[Place, bool] = {}
        self._compared: dict[tuple[object, ...], _Compared] = {}
        self._walked = 0

    def result(self) -> Journeys:
        old, new = (flow.centre.of("number") for flow in (self.before, self.after))
        groups: _Groups = {}
        compared = uncompared = 0
        for number in sorted(old.keys() & new.keys()):
            place = Place("number", number)
            if self._is_same(place):
                continue
            if self._walked > MOST_WALKED:
                uncompared += 1
                continue
            compared += self._number(place, groups)
        found = (self._change(was, now, calls) for (was, now), calls in groups.items())
        changes = sorted(found, key=_order)
        added = self._whole(self.after, new.keys() - old.keys())
        removed = self._whole(self.before, old.keys() - new.keys())
        return Journeys(
            compared=compared,
            changed=sum(change.count for change in changes),
            lost=sum(change.count for change in changes if change.worse < LOST),
            numbers=len({number for calls in groups.values() for number, _ in calls}),
            changes=tuple(changes[:MOST_SHOWN]),
            hidden=max(0, len(changes) - MOST_SHOWN),
            uncompared=uncompared,
            added=tuple(added[:MOST_SHOWN]),
            removed=tuple(removed[:MOST_SHOWN]),
            more_added=max(0, len(added) - MOST_SHOWN),
            more_removed=max(0, len(removed) - MOST_SHOWN),
        )

    def _is_same(self, start: Place) -> bool:
        """Whether nothing that a call from there can come to differs, hours included."""
        return all(self._place_is_same(place) for place in self.after.reached(start))

    def _place_is_same(self, place: Place) -> bool:
        same = self._same.get(place)
        if same is None:
            ways = self.after.ways(place)
            same = self.before.ways(place) == ways and all(
                _named(self.before, way.schedule) == _named(self.after, way.schedule)
                for way in ways
                if way.schedule
            )
            self._same[place] = same
        return same

    def _number(self, place: Place, groups: _Groups) -> int:
        """Adds what changes for the callers of a number; how many journeys were looked at."""
        names = {flow: flow.schedules(flow.reached(place)) for flow in (self.before, self.after)}
        told = {_before(name) for name in names[self.before]} | names[self.after]
        compared = 0
        for world in self._year.worlds(told):
            old = {name: world.phases[_before(name)] for name in names[self.before]}
            new = {name: world.phases[name] for name in names[self.after]}
            found = self._compare(place, old, new)
            compared += found.walked * len(world.moments)
            for decision, was, now in found.moved:
                calls = groups.setdefault((was, now), {})
                calls.setdefault((place.name, decision), []).extend(world.moments)
        return compared

    def _compare(self, number: Place, old: Phases, new: Phases) -> _Compared:
        """What changes in one world; numbers that lead to the same place are walked once."""
        entries = _entry(self.before, number, old), _entry(self.after, number, new)
        key = (*entries, _met(self.before, entries[0], old), _met(self.after, entries[1], new))
        if key not in self._compared:
            self._compared[key] = found = self._walk(number, old, new)
            self._walked += found.walked
        return self._compared[key]

    def _walk(self, number: Place, old: Phases, new: Phases) -> _Compared:
        decisions: dict[_Decision, bool] = {}
        for flow, phases in ((self.before, old), (self.after, new)):
            for journey in journeys(flow, number, phases).found:
                events = [step.way.event for step in journey.steps]
                outcomes = tuple(event for event in events if event in RUNG)
                returns = journey.end is End.RETURNS
                decision = _Decision(keys_of(journey), outcomes)
                decisions[decision] = decisions.get(decision, True) and returns
        walked, moved = 0, []
        for decision, returns in decisions.items():
            keys, outcomes = decision
            was = walk(self.before, number, old, keys, outcomes=outcomes)
            now = walk(self.after, number, new, keys, outcomes=outcomes)
            if returns and End.ENDLESS not in {was.end, now.end}:
                continue  # whoever comes back goes on like somebody else, who is walked too
            walked += 1
            if (was.end, was.at) != (now.end, now.at):
                ends = arrival(self.before, was.end, was.at), arrival(self.after, now.end, now.at)
                moved.append(_Moved(decision, *ends))
        return _Compared(walked, tuple(moved))

    def _change(self, was: Arrival, now: Arrival, calls: _Calls) -> JourneyChange:
        """All calls that end alike before and alike after, told by the simplest of them."""
        (number, first), when = min(calls.items(), key=_simplest)
        zone = zone_of(self.after, Place("number", number))
        moments = sorted(when, key=lambda moment: (moment.occasions, moment.at))
        return JourneyChange(
            number=number,
            label=self.after.centre.label(f"number/{number}"),
            more=len({number for number, _ in calls}) - 1,
            before=was,
            after=now,
            keys=first.keys,
            outcomes=tuple(event.value for event in first.outcomes),
            when=tuple(_told(moment, zone) for moment in moments[:MOST_WHEN]),
            ways=len({decision for _, decision in calls}),
            count=sum(map(len, calls.values())),
            worse=_worse(was, now),
        )

    def _whole(self, flow: Flow, numbers: Iterable[str]) -> list[NumberChange]:
        """Numbers and where they lead, whatever the hour; those with the worst ends first."""
        found = []
        for number in sorted(numbers):
            ends = {
                arrival(flow, way.end, way.at): None
                for place in flow.reached(Place("number", number))
                for way in flow.ways(place)
                if way.to is None and way.end
            }
            order = sorted(ends, key=lambda end: (RANK[End(end.end)], end.at))
            label = flow.centre.label(f"number/{number}")
            found.append(NumberChange(number, label, tuple(order[:MOST_SHOWN])))
        return sorted(found, key=lambda number: -_worst(number))


def _worst(number: NumberChange) -> int:
    return max((RANK[End(arrival.end)] for arrival in number.arrivals), default=0)


def _simplest(call: tuple[tuple[str, _Decision], list[Moment]]) -> tuple[object, ...]:
    (number, decision), _ = call
    return len(decision.outcomes), len(decision.keys), decision, number


def _told(moment: Moment, zone: ZoneInfo) -> str:
    occasions = ", ".join(moment.occasions)
    return f"{moment.at.astimezone(zone):%Y-%m-%dT%H:%M} {occasions}".strip()


def _order(change: JourneyChange) -> tuple[int, int, str, str, str]:
    return change.worse, -change.count, change.number, change.before.at, change.after.at


RANK: Mapping[End, int] = {
    End.HUMAN: 0,
    End.MESSAGE: 1,
    End.HANGUP: 2,
    End.CUT_OFF: 3,
    End.WAITS: 3,
    End.ENDLESS: 3,
    End.RETURNS: 3,
}
"""From the best end of a call to the worst."""

LOST = 3
"""Changes that are worse than this take a human away from the caller."""


def _worse(was: Arrival, now: Arrival) -> int:
    """How bad a change is: 0 to 2 lose a human, 3 and 4 get worse, 5 is elsewhere, 6 better."""
    before, after = RANK[End(was.end)], RANK[End(now.end)]
    if after < before:
        return 6
    if after == before:
        return 5
    if before == 0:
        return 3 - after
    return 3 if after == RANK[End.CUT_OFF] else 4


def arrival(flow: Flow, end: End, at: str) -> Arrival:
    """The end of a call with what people call the place."""
    return Arrival(end.value, at, flow.centre.label(at))


def _named(flow: Flow, schedule: str) -> object:
    """Everything that says the hours of a schedule: its fields, and those of its calendars."""
    fields = flow.centre.of("schedule").get(schedule, {})
    calendars = flow.centre.of("calendar")
    return fields, [calendars.get(name) for name in fields.get("calendars") or ()]


def _before(name: str) -> str:
    return f"{name}@before"


def _both_schedules(before: Centre, after: Centre) -> Mapping[Address, Fields]:
    """The schedules and calendars of both, side by side; "@" is in nobody's name."""
    both: dict[Address, Fields] = {
        Address(kind, name): fields
        for kind in ("calendar", "schedule")
        for name, fields in after.of(kind).items()
    }
    for name, fields in before.of("calendar").items():
        both[Address("calendar", _before(name))] = fields
    for name, fields in before.of("schedule").items():
        old: list[Json] = [_before(calendar) for calendar in fields.get("calendars") or ()]
        both[Address("schedule", _before(name))] = {**fields, "calendars": old}
    return both


def _entry(flow: Flow, number: Place, phases: Phases) -> Place:
    """The first place behind a number that is none itself, or the number at which the call ends."""
    place = number
    for _ in range(MOST_FORWARDED):
        to = flow.possible(place, phases)[0].to
        if to is None:
            break
        place = to
        if place.kind != "number":
            break
    return place


MOST_FORWARDED = 100
"""Numbers that a call is sent on to, one after the other; a circle is refused elsewhere."""


def _met(flow: Flow, place: Place, phases: Phases) -> tuple[tuple[str, str], ...]:
    """What the schedules say that decide anything behind a place."""
    return tuple(sorted((n, phases[n].value) for n in flow.schedules(flow.reached(place))))
