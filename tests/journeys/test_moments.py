from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.journeys.hours import Phase
from ccstate.journeys.moments import DAYS, World, Year
from tests.journeys import interpreter
from tests.journeys.strategies_journeys import FIRST, calendars, centre, days_for, schedules

MIDNIGHT = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
LAST = DAYS * 24 * 60 - 1


Named: TypeAlias = Mapping[str, Mapping[str, Any]]


def said(named: Named, shared: Named, moment: datetime) -> tuple[tuple[str, str], ...]:
    """What the clock on the wall of each schedule says, in the order of their names."""
    return tuple(
        interpreter.hours_at(
            named[name],
            moment.astimezone(ZoneInfo(named[name]["timezone"])).replace(tzinfo=None),
            shared,
        )
        for name in sorted(named)
    )


@st.composite
def minutes_of_the_year(draw: st.DrawFn, named: Named, shared: Named) -> datetime:
    day = draw(days_for(named[draw(st.sampled_from(sorted(named)))], shared))
    minute = (day - FIRST).days * 24 * 60 + draw(st.integers(0, 24 * 60 - 1))
    return MIDNIGHT + timedelta(minutes=min(max(minute, 0), LAST))


@settings(max_examples=100, deadline=None)
@given(st.data(), calendars)
def test_whatever_schedules_say_at_some_minute_one_moment_of_the_worlds_stands_for(
    data: st.DataObject, shared: dict[str, Any]
) -> None:
    named = data.draw(st.dictionaries(st.sampled_from("abc"), schedules(), min_size=1, max_size=3))
    worlds = Year(centre({"schedule": named, "calendar": shared}), FIRST).worlds(named)
    told = {said(named, shared, moment.at) for world in worlds for moment in world.moments}
    for _ in range(10):
        moment = data.draw(minutes_of_the_year(named, shared))
        assert said(named, shared, moment) in told, moment


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), schedules(), max_size=3), calendars)
def test_a_moment_has_the_phases_and_occasions_of_its_world(
    named: dict[str, dict[str, Any]], shared: dict[str, Any]
) -> None:
    year = Year(centre({"schedule": named, "calendar": shared}), FIRST)
    worlds = year.worlds([*named, "gone"])
    assert len({tuple(sorted(world.phases.items())) for world in worlds}) == len(worlds)
    for world in worlds:
        assert world.moments
        for moment in world.moments:
            assert MIDNIGHT <= moment.at <= MIDNIGHT + timedelta(minutes=LAST)
            vector = said(named, shared, moment.at)
            phases = dict(zip(sorted(named), (phase for phase, _ in vector), strict=True))
            assert world.phases == {**phases, "gone": "open"}
            assert world.phases == year.phases([*named, "gone"], moment.at)
            occasions = dict.fromkeys(occasion for _, occasion in vector if occasion)
            of_days = [o for o in moment.occasions if not o.startswith("clocks go")]
            assert of_days == list(occasions)


def worlds(**named: dict[str, Any]) -> tuple[World, ...]:
    return Year(centre({"schedule": named}), FIRST).worlds(named)


OFFICE = {"timezone": "UTC", "weekly": {"mon": ["09:00-17:00"]}}


def test_without_schedules_there_is_one_world_of_one_moment() -> None:
    (world,) = worlds()
    assert (dict(world.phases), len(world.moments)) == ({}, 1)


def test_worlds_are_told_by_what_schedules_say_together() -> None:
    shifted = {**OFFICE, "timezone": "Australia/Perth"}  # 01:00 to 09:00 in UTC
    found = {tuple(world.phases.values()) for world in worlds(a=OFFICE, b=shifted)}
    assert found == {
        (Phase.CLOSED, Phase.CLOSED),
        (Phase.CLOSED, Phase.OPEN),
        (Phase.OPEN, Phase.CLOSED),
    }


def test_a_holiday_of_one_day_is_found_and_named() -> None:
    holiday = {"name": "Cup Day", "date": "2027-11-02"}
    found = worlds(a={**OFFICE, "holidays": [holiday]})
    (cup,) = [world for world in found if world.phases == {"a": Phase.HOLIDAY}]
    assert [moment.occasions for moment in cup.moments] == [("Cup Day",)]
    assert cup.moments[0].at.date() == date(2027, 11, 2)


def test_a_minute_in_which_two_schedules_overlap_is_found() -> None:
    late = {"timezone": "UTC", "weekly": {"mon": ["16:59-20:00"]}}
    found = [w for w in worlds(a=OFFICE, b=late) if set(w.phases.values()) == {Phase.OPEN}]
    assert [f"{moment.at:%a %H:%M}" for world in found for moment in world.moments] == ["Mon 16:59"]
