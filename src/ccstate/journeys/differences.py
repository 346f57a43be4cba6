"""What a change means to callers: which of them do the same as before and end elsewhere.

Places that differ are found first, then those from which calls come to them: only the numbers among
these are compared, and only the ways that lead to what differs (`lockstep`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias
from zoneinfo import ZoneInfo

from ccstate.journeys.backwards import ancestors, sources
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Phase, Position
from ccstate.journeys.lockstep import Compared, Decision, Side, compare, question
from ccstate.journeys.moments import Moment, Phases, Year
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import CALLERS, SWITCH, End, Listed, Place, Says
from ccstate.model import Address, Arrival, Fields, JourneyChange, Journeys, Json, NumberChange

MOST_PAIRS = 20_000
"""Pairs of situations that are looked at for one number in one state."""
MOST_TOGETHER = 200_000
"""Pairs that are looked at for all numbers; those that come after are reported as not compared."""
MOST_SHOWN = 40
"""Changes, and numbers that come or go, that a plan tells; the rest is counted."""
MOST_WHEN = 4


_Ends: TypeAlias = tuple[tuple[End, str], tuple[End, str]]
"""How calls end before and after, and with whom or what."""
_Met: TypeAlias = tuple[object, ...]
"""Where a call comes in before and after, and what schedules say that can decide about it."""


@dataclass(slots=True)
class _Group:
    """Calls that end alike before and alike after: what is done, and where that is met."""

    decisions: dict[Decision, list[_Met]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    count: int = 0


def differences(before: Flow, after: Flow, first: date) -> Journeys:
    """Find the journeys over twelve months that end elsewhere in `after` than in `before`."""
    return _Comparison(before, after, first).result()


class _Comparison:
    def __init__(self, before: Flow, after: Flow, first: date) -> None:
        self.before, self.after = before, after
        self._year = Year(Centre(_both_schedules(before.centre, after.centre)), first)
        old, new = (flow.centre.of("number").keys() for flow in (before, after))
        self._both, self._new, self._gone = old & new, new - old, old - new
        self._same, self._leading = self._same_and_leading()
        self._schedules: dict[tuple[bool, Place], frozenset[str]] = {}
        self._compared: dict[_Met, Compared] = {}
        self._met: dict[_Met, dict[str, list[Moment]]] = {}
        self._pairs = 0

    def result(self) -> Journeys:
        compared = 0
        uncompared: list[str] = []
        for number in sorted(name for name in self._both if Place("number", name) in self._leading):
            walked, is_complete = self._number(Place("number", number))
            compared += walked
            if not is_complete:
                uncompared.append(number)
        groups = self._groups()
        order = sorted(groups, key=lambda ends: _order(ends, groups[ends]))
        added, removed = (
            self._whole(flow, numbers)
            for flow, numbers in ((self.after, self._new), (self.before, self._gone))
        )
        return Journeys(
            compared=compared,
            changed=sum(group.count for group in groups.values()),
            lost=sum(g.count for (was, now), g in groups.items() if _worse(was[0], now[0]) < LOST),
            numbers=len({number for group in groups.values() for number in group.numbers}),
            changes=tuple(self._change(ends, groups[ends]) for ends in order[:MOST_SHOWN]),
            hidden=max(0, len(order) - MOST_SHOWN),
            uncompared=tuple(self._named(number) for number in uncompared[:MOST_SHOWN]),
            added=tuple(added[:MOST_SHOWN]),
            removed=tuple(removed[:MOST_SHOWN]),
            more_uncompared=max(0, len(uncompared) - MOST_SHOWN),
            more_added=max(0, len(added) - MOST_SHOWN),
            more_removed=max(0, len(removed) - MOST_SHOWN),
        )

    def _same_and_leading(self) -> tuple[set[Place], set[Place]]:
        """Return the places behind which all is the same, and those that lead to a change."""
        starts = [Place("number", number) for number in self._both]
        previous = sources(self.before, starts)
        for place, others in sources(self.after, starts).items():
            previous.setdefault(place, []).extend(others)
        leading = ancestors(previous, [place for place in previous if not self._is_same(place)])
        return previous.keys() - leading, leading

    def _is_same(self, place: Place) -> bool:
        """Check whether a place does the same with a call, however long it takes."""
        was, now = (
            [way._replace(seconds=0, path=()) for way in flow.ways(place)]
            for flow in (self.before, self.after)
        )
        schedule = now[0].schedule  # the same for all ways of a place
        return (
            was == now
            and (not schedule or _named(self.before, schedule) == _named(self.after, schedule))
            and (place.kind != "ivr" or question(self.before, place) == question(self.after, place))
        )

    def _number(self, place: Place) -> tuple[int, bool]:
        """Compare the callers of a number; return how many journeys, and whether all of them."""
        names = [self._deciding(flow, place) for flow in (self.before, self.after)]
        walked, is_complete = 0, True
        for state in self._year.states({*map(_name_before, names[0]), *names[1]}):
            old = {name: _with_names_before(state.phases[_name_before(name)]) for name in names[0]}
            new = {name: state.phases[name] for name in names[1]}
            met = (
                _first_place(self.before, place, old), _first_place(self.after, place, new),
                tuple(sorted(old.items())), tuple(sorted(new.items())),
            )  # fmt: skip
            found = self._compare(met, place, old, new)
            if found is None:
                return walked, False
            is_complete &= found.is_complete
            walked += found.walked * len(state.moments)
            if found.moved:
                self._met.setdefault(met, {}).setdefault(place.name, []).extend(state.moments)
        return walked, is_complete

    def _compare(self, met: _Met, number: Place, old: Phases, new: Phases) -> Compared | None:
        """Compare one schedule state; numbers that lead to the same place are compared once."""
        if met not in self._compared:
            if self._pairs >= MOST_TOGETHER:
                return None
            sides = Side(self.before, old), Side(self.after, new)
            found = compare(*sides, number, self._same, MOST_PAIRS)
            self._compared[met] = found
            self._pairs += found.pairs
        return self._compared[met]

    def _deciding(self, flow: Flow, number: Place) -> frozenset[str]:
        """Name the schedules that decide anything about the calls to a number."""
        found = flow.schedules([number])
        for way in flow.ways(number):
            if way.to is not None:
                key = (flow is self.before, way.to)
                if key not in self._schedules:
                    self._schedules[key] = flow.schedules(flow.reached(way.to))
                found |= self._schedules[key]
        return found

    def _groups(self) -> dict[_Ends, _Group]:
        groups: dict[_Ends, _Group] = {}
        for met, numbers in self._met.items():
            times = sum(map(len, numbers.values()))
            for decision, was, now in self._compared[met].moved:
                group = groups.setdefault((was, now), _Group())
                group.decisions.setdefault(decision, []).append(met)
                group.count += times
            for ends in {(was, now) for _, was, now in self._compared[met].moved}:
                groups[ends].numbers.update(numbers)
        return groups

    def _change(self, ends: _Ends, group: _Group) -> JourneyChange:
        """Describe the calls that end alike before and alike after by the simplest of them."""
        first = min(group.decisions, key=_simplest)
        when: dict[str, list[Moment]] = {}
        for met in group.decisions[first]:
            for number, moments in self._met[met].items():
                when.setdefault(number, []).extend(moments)
        number = min(when)
        zone = zone_of(self.after, Place("number", number))
        moments = sorted(
            when[number],
            key=lambda each: (each.caller, each.switches, each.occasions, each.at),
        )
        was, now = ends
        return JourneyChange(
            number=number,
            label=self.after.centre.label(f"number/{number}"),
            more=len(group.numbers) - 1,
            before=arrival(self.before, *was),
            after=arrival(self.after, *now),
            keys=first.keys,
            outcomes=tuple(event.value for event in first.outcomes),
            when=tuple(_local_time(moment, zone) for moment in moments[:MOST_WHEN]),
            ways=len(group.decisions),
            count=group.count,
            worse=_worse(was[0], now[0]),
        )

    def _named(self, number: str) -> NumberChange:
        return NumberChange(number, self.after.centre.label(f"number/{number}"), ())

    def _whole(self, flow: Flow, numbers: Iterable[str]) -> list[NumberChange]:
        """List numbers and where they lead, whatever the hour; those with the worst ends first."""
        found = []
        behind: dict[Place, dict[Arrival, None]] = {}
        for number in sorted(numbers):
            ends: dict[Arrival, None] = {}
            for way in flow.ways(Place("number", number)):
                if way.to is None and way.end:
                    ends[arrival(flow, way.end, way.at)] = None
                elif way.to is not None:
                    if way.to not in behind:
                        behind[way.to] = _ends_behind(flow, way.to)
                    ends.update(behind[way.to])
            # The best come first; where they are too many, it is not the bad ones that are left out.
            order = sorted(ends, key=lambda end: (RANK[End(end.end)], end.at))
            kept = order[-MOST_SHOWN:]
            label = flow.centre.label(f"number/{number}")
            found.append(NumberChange(number, label, tuple(kept), len(order) - len(kept)))
        return sorted(found, key=lambda number: -_worst(number))


def _ends_behind(flow: Flow, start: Place) -> dict[Arrival, None]:
    ways = (way for place in flow.reached(start) for way in flow.ways(place))
    return {arrival(flow, way.end, way.at): None for way in ways if way.to is None and way.end}


def _worst(number: NumberChange) -> int:
    return max((RANK[End(arrival.end)] for arrival in number.arrivals), default=0)


def _simplest(decision: Decision) -> tuple[object, ...]:
    return len(decision.outcomes), len(decision.keys), decision


def _local_time(moment: Moment, zone: ZoneInfo) -> str:
    circumstances = ", ".join(moment.circumstances)
    return f"{moment.at.astimezone(zone):%Y-%m-%dT%H:%M} {circumstances}".strip()


def _order(ends: _Ends, group: _Group) -> tuple[int, int, str, _Ends]:
    (was, _), (now, _) = ends
    return _worse(was, now), -group.count, min(group.numbers), ends


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


def _worse(was: End, now: End) -> int:
    """Rank a change: 0 to 2 lose a human, 3 and 4 get worse, 5 is elsewhere, 6 better."""
    before, after = RANK[was], RANK[now]
    if after < before:
        return 6
    if after == before:
        return 5
    if before == 0:
        return 3 - after
    return 3 if after == RANK[End.CUT_OFF] else 4


def arrival(flow: Flow, end: End, at: str) -> Arrival:
    """Describe the end of a call with the label of its place."""
    return Arrival(end.value, at, flow.centre.label(at))


def _named(flow: Flow, schedule: str) -> object:
    """Name what decides: fields of a schedule and its calendars, or of each list of callers."""
    if schedule.startswith(CALLERS):
        lists = flow.centre.of("caller_list")
        return [_unlabelled(lists.get(n)) for n in schedule.removeprefix(CALLERS).split(",")]
    fields = flow.centre.of("schedule").get(schedule, {})
    calendars = flow.centre.of("calendar")
    named = [_unlabelled(calendars.get(name)) for name in fields.get("calendars") or ()]
    return _unlabelled(fields), named


def _unlabelled(fields: Filled | None) -> object:
    return fields and {name: value for name, value in fields.items() if name != "label"}


def _name_before(name: str) -> str:
    """Name a schedule, or lists, of the state before; a switch has one position in both."""
    if name.startswith(CALLERS):
        return CALLERS + ",".join(map(_name_before, name.removeprefix(CALLERS).split(",")))
    return name if name.startswith(SWITCH) else f"{name}{_BEFORE}"


_BEFORE = "@before"


def _with_names_before(says: Says) -> Says:
    """Return what a schedule, switch or lists of the state before say, with their own names."""
    return says if isinstance(says, Phase | Position) else Listed(says.removesuffix(_BEFORE))


def _both_schedules(before: Centre, after: Centre) -> Mapping[Address, Fields]:
    """Put the schedules and calendars of both states side by side; "@" is in no name."""
    both: dict[Address, Fields] = {
        Address(kind, name): fields
        for kind in ("calendar", "schedule")
        for name, fields in after.of(kind).items()
    }
    for name, fields in {**before.of("switch"), **after.of("switch")}.items():
        both[Address("switch", name)] = fields
    for name, fields in after.of("caller_list").items():
        both[Address("caller_list", name)] = fields
    for name, fields in before.of("caller_list").items():
        both[Address("caller_list", _name_before(name))] = fields
    for name, fields in before.of("calendar").items():
        both[Address("calendar", _name_before(name))] = fields
    for name, fields in before.of("schedule").items():
        old: list[Json] = [_name_before(calendar) for calendar in fields.get("calendars") or ()]
        both[Address("schedule", _name_before(name))] = {**fields, "calendars": old}
    return both


def _first_place(flow: Flow, number: Place, phases: Phases) -> Place:
    """Return the first place behind a number that is no number, or the number that ends it."""
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


def _deciding_phases(flow: Flow, place: Place, phases: Phases) -> tuple[tuple[str, str], ...]:
    """List what the schedules say that decide anything behind a place."""
    return tuple(sorted((n, str(phases[n])) for n in flow.schedules(flow.reached(place))))
