from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.journeys.hours import DAY, Calendar, Hours, Phase
from tests.journeys import interpreter
from tests.journeys.strategies_journeys import days_for, schedules

WEEK = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
CHRISTMAS = {"name": "Christmas Day", "date": "2026-12-25"}  # a Friday


def schedule(**fields: Any) -> dict[str, Any]:
    return {"timezone": "Australia/Sydney", "weekly": WEEK, **fields}


def at(local: str, fold: int = 0, **fields: Any) -> tuple[str, str]:
    """What a schedule says when its own clock shows this."""
    declared = schedule(**fields)
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(declared["timezone"]), fold=fold)
    hours = Calendar(declared).at(moment)
    return hours.phase.value, hours.occasion


@pytest.mark.parametrize(
    "local, phase",
    [
        ("2026-12-23T08:59:59", "closed"),
        ("2026-12-23T09:00", "open"),
        ("2026-12-23T16:59:59", "open"),
        ("2026-12-23T17:00", "closed"),
        ("2026-12-26T12:00", "closed"),
    ],
)
def test_hours_begin_with_their_first_minute_and_end_before_their_last(
    local: str, phase: str
) -> None:
    assert at(local) == (phase, "")


def test_moments_are_understood_in_any_timezone() -> None:
    calendar = Calendar(schedule())
    assert calendar.at(datetime(2026, 12, 22, 22, tzinfo=UTC)) == Hours(Phase.OPEN)
    assert calendar.at(datetime(2026, 12, 23, 6, tzinfo=UTC)) == Hours(Phase.CLOSED)


def test_a_holiday_wins_over_the_week() -> None:
    assert at("2026-12-25T12:00", holidays=[CHRISTMAS]) == ("holiday", "Christmas Day")


def test_a_holiday_lasts_until_its_last_day() -> None:
    easter = {"name": "Easter", "date": "2027-03-26", "until": "2027-03-29"}
    days = ("2027-03-25", "2027-03-26", "2027-03-29", "2027-03-30")
    phases = [at(f"{day}T12:00", holidays=[easter])[0] for day in days]
    assert phases == ["open", "holiday", "holiday", "open"]


def test_an_exception_wins_over_a_holiday_inside_its_hours_and_outside_of_them() -> None:
    special = {"date": "2026-12-25", "hours": ["10:00-12:00"], "reason": "Storm"}
    both: dict[str, Any] = {"holidays": [CHRISTMAS], "exceptions": [special]}
    assert at("2026-12-25T11:00", **both) == ("open", "Storm")
    assert at("2026-12-25T14:00", **both) == ("closed", "Storm")


def test_an_exception_without_hours_is_closed_all_day() -> None:
    special = {"date": "2026-12-23", "hours": []}
    assert at("2026-12-23T12:00", exceptions=[special]) == ("closed", "special hours")


def test_a_span_over_midnight_runs_on_into_a_holiday() -> None:
    night = {"thu": ["22:00-06:00"]}
    fields: dict[str, Any] = {"weekly": night, "holidays": [CHRISTMAS]}
    assert at("2026-12-24T23:00", **fields) == ("open", "")
    assert at("2026-12-25T05:59", **fields) == ("open", "Christmas Day")
    assert at("2026-12-25T06:00", **fields) == ("holiday", "Christmas Day")


def test_a_span_over_midnight_does_not_begin_on_a_holiday() -> None:
    night = {"fri": ["22:00-06:00"]}
    fields: dict[str, Any] = {"weekly": night, "holidays": [CHRISTMAS]}
    assert at("2026-12-25T23:00", **fields) == ("holiday", "Christmas Day")
    assert at("2026-12-26T03:00", **fields) == ("closed", "")


def test_a_span_up_to_24_00_ends_at_midnight() -> None:
    weekly = {"wed": ["18:00-24:00"]}
    assert at("2026-12-23T23:59:59", weekly=weekly) == ("open", "")
    assert at("2026-12-24T00:00", weekly=weekly) == ("closed", "")


def test_midnight_to_24_00_is_the_whole_day() -> None:
    weekly = {"wed": ["00:00-24:00"]}
    days = ("2026-12-22T23:59", "2026-12-23T00:00", "2026-12-23T23:59", "2026-12-24T00:00")
    assert [at(day, weekly=weekly)[0] for day in days] == ["closed", "open", "open", "closed"]


def test_where_clocks_go_back_the_hour_that_comes_twice_is_open_twice_or_not_at_all() -> None:
    # Sydney, 4 April 2027, a Sunday: 03:00 is 02:00 again.
    weekly = {"sun": ["02:30-02:45"]}
    for fold in (0, 1):
        assert at("2027-04-04T02:29", fold, weekly=weekly) == ("closed", "")
        assert at("2027-04-04T02:30", fold, weekly=weekly) == ("open", "")
        assert at("2027-04-04T02:45", fold, weekly=weekly) == ("closed", "")


def test_days_tell_hours_twice_where_clocks_go_back() -> None:
    # The quarter from 02:30 is 15:30 in UTC, and 16:30 again.
    calendar = Calendar(schedule(weekly={"sun": ["02:30-02:45"]}))
    (day,) = calendar.days(date(2027, 4, 3), 1)
    begins = [spell.minute for spell in day if spell.hours.phase is Phase.OPEN]
    assert begins == [15 * 60 + 30, 16 * 60 + 30]


def test_where_clocks_go_forward_hours_that_are_left_out_do_not_happen() -> None:
    # Sydney, 4 October 2026, a Sunday: 02:00 is 03:00.
    calendar = Calendar(schedule(weekly={"sun": ["02:15-02:45"]}))
    begin = datetime(2026, 10, 3, 13, 30, tzinfo=UTC)
    said = {calendar.at(begin + timedelta(minutes=minute)).phase for minute in range(DAY)}
    assert said == {Phase.CLOSED}


def test_a_moment_that_clocks_leave_out_is_the_one_that_they_show_later() -> None:
    weekly = {"sun": ["02:15-02:45"]}
    assert at("2026-10-04T02:30", weekly=weekly) == ("closed", "")
    assert at("2026-10-04T02:30", weekly={"sun": ["03:15-03:45"]}) == ("open", "")


def test_the_hour_after_clocks_change_is_an_occasion() -> None:
    calendar = Calendar(schedule(weekly={}))
    spring, autumn = calendar.days(date(2026, 10, 3), 1), calendar.days(date(2027, 4, 3), 1)
    assert [(s.minute, s.hours.occasion) for s in spring[0]] == [
        (0, ""),
        (16 * 60, "clocks go forward"),
        (17 * 60, ""),
    ]
    assert [(s.minute, s.hours.occasion) for s in autumn[0]] == [
        (0, ""),
        (16 * 60, "clocks go back"),
        (17 * 60, ""),
    ]


@pytest.mark.parametrize(
    "zone, first",
    [("America/Santiago", "2027-09-05"), ("Asia/Beirut", "2027-03-28")],
)
def test_clocks_that_go_forward_at_midnight_are_an_occasion_too(zone: str, first: str) -> None:
    calendar = Calendar(schedule(timezone=zone, weekly={}))
    days = calendar.days(date.fromisoformat(first) - timedelta(days=1), 3)
    occasions = [spell.hours.occasion for day in days for spell in day if spell.hours.occasion]
    assert occasions == ["clocks go forward"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_schedule_says_what_the_clock_on_the_wall_says_at_every_minute(
    data: st.DataObject,
) -> None:
    declared = data.draw(schedules())
    day = data.draw(days_for(declared))
    calendar, zone = Calendar(declared), ZoneInfo(declared["timezone"])
    spells = calendar.days(day, 1)[0]
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    index = 0
    for minute in range(DAY):
        moment = begin + timedelta(minutes=minute)
        local = moment.astimezone(zone).replace(tzinfo=None)
        expected = interpreter.hours_at(declared, local)
        said = calendar.at(moment)
        assert (said.phase.value, said.occasion) == expected, local
        if index + 1 < len(spells) and spells[index + 1].minute == minute:
            index += 1
        told = spells[index].hours
        assert told.phase.value == expected[0], local
        assert told.occasion == expected[1] or (
            not expected[1] and told.occasion.startswith("clocks go")
        ), local


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_days_are_the_same_from_whichever_day_one_begins(data: st.DataObject) -> None:
    declared = data.draw(schedules())
    day = data.draw(days_for(declared))
    calendar = Calendar(declared)
    assert calendar.days(day - timedelta(days=2), 4)[2:] == calendar.days(day, 2)
