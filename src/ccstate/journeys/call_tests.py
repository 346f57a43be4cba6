"""Call tests: what was promised to callers, walked; and the ends that no test speaks of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from ccstate.journeys.enumeration import pressed
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import Moment, Phases, Positions, Year
from ccstate.journeys.walk import ASKED, Journey, asks, walk, zone_of
from ccstate.journeys.ways import GOOD, Place
from ccstate.kinds.call_test import moment_named
from ccstate.model import Address


@dataclass(frozen=True, slots=True)
class Verdict:
    """One call test, walked: `journey` is None where something that it names is not there."""

    name: str
    test: Mapping[str, Any]
    at: datetime | None
    journey: Journey | None
    lacks: str = ""
    """What is not there: `number +61255501234`, `moment 2026-02-30T10:00`."""

    @property
    def passed(self) -> bool:
        """Whether the call ended as it should, and where it should."""
        found = self.journey
        return found is not None and found.end in GOOD and found.at in self.test["expect"]


def verdicts(flow: Flow, year: Year, tests: Mapping[str, Mapping[str, Any]]) -> Iterator[Verdict]:
    """Every test by its name, on this centre, where everybody answers who is there."""
    for name, test in sorted(tests.items()):
        start = flow.entrance(Address("number", test["to"]))
        if start is None:
            yield Verdict(name, test, None, None, f"number {test['to']}")
            continue
        at = moment_named(test["at"], zone_of(flow, start))
        if at is None:
            yield Verdict(name, test, None, None, f"moment {test['at']}")
            continue
        phases = year.phases(
            flow.schedules(flow.reached(start)), at, positions_of(test), test.get("caller") or ""
        )
        yield Verdict(name, test, at, walk(flow, start, phases, test.get("keys") or ()))


def positions_of(test: Mapping[str, Any]) -> Positions:
    """The positions in which the call of a test finds switches."""
    return {p["switch"]: Position(p["position"]) for p in test.get("switches") or ()}


class Ending(NamedTuple):
    """One end that callers of a number can come to, and the shortest call that does."""

    number: str
    at: str
    moment: Moment
    keys: tuple[str, ...]


def endings(flow: Flow, year: Year, number: str) -> Iterator[Ending]:
    """Every good end of a number over a year, where everybody answers who is there.

    Ends outside of the house, `number/+61…` of a dialled mobile, are no promise of this one.
    """
    start = flow.entrance(Address("number", number))
    if start is None:
        return
    zone = zone_of(flow, start)
    seen: set[str] = set()
    for world in year.worlds(flow.schedules(flow.reached(start))):
        moment = next((m for m in world.moments if _is_plain(m.at, zone)), None)
        for at, keys in _ends(flow, start, world.phases) if moment else ():
            if moment and at not in seen:
                seen.add(at)
                yield Ending(number, at, moment, keys)


def _is_plain(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock there shows this time at this moment only, and to the minute."""
    there = at.astimezone(zone).replace(tzinfo=None, second=0)
    return {there.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)} == {at}


def _ends(flow: Flow, start: Place, phases: Phases) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The good ends in one world, each with the keys of a shortest way there."""
    keys: dict[Place, tuple[str, ...]] = {start: ()}
    for place in (todo := [start]):
        ways = flow.possible(place, phases)
        for way in (way for way in ways if way.event in ASKED or way is ways[0]):
            entry = (pressed(flow, place, way),) if asks(way) else ()
            if way.to is None:
                if way.end in GOOD and not way.at.startswith("number/"):
                    yield way.at, _spoken((*keys[place], *entry))
            elif way.to not in keys:
                keys[way.to] = (*keys[place], *entry)
                todo.append(way.to)


def _spoken(entries: tuple[str, ...]) -> tuple[str, ...]:
    """The entries without a last silence, which needs none."""
    while entries and not entries[-1]:
        entries = entries[:-1]
    return entries
