from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.journeys.hours import Phase, Position
from ccstate.journeys.moments import DAYS, ScheduleState, Year
from tests.examples import scaled
from tests.journeys import interpreter
from tests.journeys.strategies_journeys import FIRST, calendars, centre, days_for, schedules, up_to

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


NAMED = st.dictionaries(st.sampled_from("abc"), schedules(), min_size=1, max_size=3)


@st.composite
def minutes_of_the_year(draw: st.DrawFn, named: Named, shared: Named) -> datetime:
    day = draw(days_for(named[draw(st.sampled_from(sorted(named)))], shared))
    minute = (day - FIRST).days * 24 * 60 + draw(up_to(24 * 60 - 1))
    return MIDNIGHT + timedelta(minutes=min(max(minute, 0), LAST))


@settings(max_examples=scaled(100), deadline=None)
@given(st.data(), calendars)
def test_whatever_schedules_say_at_some_minute_one_moment_of_the_states_stands_for(
    data: st.DataObject, shared: dict[str, Any]
) -> None:
    named = data.draw(NAMED)
    states = Year(centre({"schedule": named, "calendar": shared}), FIRST).states(named)
    represented = {said(named, shared, moment.at) for state in states for moment in state.moments}
    for _ in range(10):
        moment = data.draw(minutes_of_the_year(named, shared))
        assert said(named, shared, moment) in represented, moment


@settings(max_examples=scaled(100), deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), schedules(), max_size=3), calendars)
def test_a_moment_has_the_phases_and_occasions_of_its_schedule_state(
    named: dict[str, dict[str, Any]], shared: dict[str, Any]
) -> None:
    year = Year(centre({"schedule": named, "calendar": shared}), FIRST)
    states = year.states([*named, "gone"])
    assert len({tuple(sorted(state.phases.items())) for state in states}) == len(states)
    for state in states:
        assert state.moments
        for moment in state.moments:
            assert MIDNIGHT <= moment.at <= MIDNIGHT + timedelta(minutes=LAST)
            vector = said(named, shared, moment.at)
            phases = dict(zip(sorted(named), (phase for phase, _ in vector), strict=True))
            assert state.phases == {**phases, "gone": "open"}
            assert state.phases == year.phases([*named, "gone"], moment.at)
            occasions = dict.fromkeys(occasion for _, occasion in vector if occasion)
            of_days = [o for o in moment.occasions if not o.startswith("clocks go")]
            assert of_days == list(occasions)


def states(**named: dict[str, Any]) -> tuple[ScheduleState, ...]:
    return Year(centre({"schedule": named}), FIRST).states(named)


OFFICE = {"timezone": "UTC", "weekly": {"mon": ["09:00-17:00"]}}


def test_without_schedules_there_is_one_state_of_one_moment() -> None:
    (state,) = states()
    assert (dict(state.phases), len(state.moments)) == ({}, 1)


def test_states_differ_by_what_schedules_say_together() -> None:
    shifted = {**OFFICE, "timezone": "Australia/Perth"}  # 01:00 to 09:00 in UTC
    found = {tuple(state.phases.values()) for state in states(a=OFFICE, b=shifted)}
    assert found == {
        (Phase.CLOSED, Phase.CLOSED),
        (Phase.CLOSED, Phase.OPEN),
        (Phase.OPEN, Phase.CLOSED),
    }


def test_a_holiday_of_one_day_is_found_and_named() -> None:
    holiday = {"name": "Cup Day", "date": "2027-11-02"}
    found = states(a={**OFFICE, "holidays": [holiday]})
    (cup,) = [state for state in found if state.phases == {"a": Phase.HOLIDAY}]
    assert [moment.occasions for moment in cup.moments] == [("Cup Day",)]
    assert cup.moments[0].at.date() == date(2027, 11, 2)


def test_a_minute_in_which_two_schedules_overlap_is_found() -> None:
    late = {"timezone": "UTC", "weekly": {"mon": ["16:59-20:00"]}}
    found = [w for w in states(a=OFFICE, b=late) if set(w.phases.values()) == {Phase.OPEN}]
    assert [f"{moment.at:%a %H:%M}" for state in found for moment in state.moments] == ["Mon 16:59"]


# Switches

WEEKDAYS = {"timezone": "UTC", "weekly": {"mon": ["09:00-17:00"]}, "closed_by": "night"}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday


def year_with(default: str = "off", **more: Any) -> Year:
    switches = {"night": {"default": default}, **more}
    return Year(centre({"schedule": {"office": WEEKDAYS}, "switch": switches}), FIRST)


def test_a_switch_that_is_on_closes_its_schedules() -> None:
    year = year_with()
    assert year.phases(["office"], NOON) == {"office": Phase.OPEN}
    assert year.phases(["office"], NOON, {"night": Position.ON}) == {"office": Phase.CLOSED}
    assert year_with("on").phases(["office"], NOON) == {"office": Phase.CLOSED}


def test_states_hold_both_positions_of_a_switch_that_decides() -> None:
    found = {
        (str(state.phases["switch/night"]), str(state.phases["office"]), moment.switches)
        for state in year_with().states(["office"])
        for moment in state.moments
    }
    assert found == {
        ("off", "open", ()),
        ("off", "closed", ()),
        ("on", "closed", ("night on",)),
    }


def test_a_schedule_and_its_switch_never_contradict_each_other() -> None:
    states = year_with().states(["office", "switch/night"])
    assert not [
        state
        for state in states
        if state.phases["switch/night"] is Position.ON and state.phases["office"] is Phase.OPEN
    ]


def test_the_default_positions_come_first() -> None:
    states = year_with("on", fire={}).states(["switch/night", "switch/fire"])
    assert [state.moments[0].switches for state in states] == [
        (),
        ("fire on",),
        ("night off",),
        ("fire on", "night off"),
    ]


def test_of_many_switches_each_is_walked_in_both_positions() -> None:
    names = [f"s{number:02}" for number in range(20)]
    year = Year(centre({"switch": {name: {} for name in names}}), FIRST)
    states = year.states([f"switch/{name}" for name in names])
    turned = [{words.partition(" ")[0] for words in w.moments[0].switches} for w in states]
    assert turned == [set(), *({name} for name in names), set(names)]
