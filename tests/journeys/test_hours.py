from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate.journeys.hours import DAY, Holidays, Hours, Phase, Timetable
from tests.examples import scaled
from tests.journeys import interpreter
from tests.journeys.strategies_journeys import calendars, days_for, some_schedule

WEEK = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
CHRISTMAS = {"name": "Christmas Day", "date": "2026-12-25"}  # a Friday


def schedule(**fields: Any) -> dict[str, Any]:
    return {"timezone": "Australia/Sydney", "weekly": WEEK, **fields}


def timetable(declared: dict[str, Any], shared: dict[str, Any]) -> Timetable:
    """The schedule with those of the calendars that it names."""
    return Timetable(
        declared, [Holidays(shared[name]["holidays"]) for name in declared.get("calendars", ())]
    )


def at(local: str, fold: int = 0, **fields: Any) -> tuple[str, str]:
    """What a schedule says when its own clock shows this."""
    declared = schedule(**fields)
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(declared["timezone"]), fold=fold)
    hours = Timetable(declared).at(moment)
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
    calendar = Timetable(schedule())
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
    calendar = Timetable(schedule(weekly={"sun": ["02:30-02:45"]}))
    (day,) = calendar.days(date(2027, 4, 3), 1)
    begins = [spell.minute for spell in day if spell.hours.phase is Phase.OPEN]
    assert begins == [15 * 60 + 30, 16 * 60 + 30]


def test_where_clocks_go_forward_hours_that_are_left_out_do_not_happen() -> None:
    # Sydney, 4 October 2026, a Sunday: 02:00 is 03:00.
    calendar = Timetable(schedule(weekly={"sun": ["02:15-02:45"]}))
    begin = datetime(2026, 10, 3, 13, 30, tzinfo=UTC)
    said = {calendar.at(begin + timedelta(minutes=minute)).phase for minute in range(DAY)}
    assert said == {Phase.CLOSED}


def test_a_moment_that_clocks_leave_out_is_the_one_that_they_show_later() -> None:
    weekly = {"sun": ["02:15-02:45"]}
    assert at("2026-10-04T02:30", weekly=weekly) == ("closed", "")
    assert at("2026-10-04T02:30", weekly={"sun": ["03:15-03:45"]}) == ("open", "")


def test_the_hour_after_clocks_change_is_an_occasion() -> None:
    calendar = Timetable(schedule(weekly={}))
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


NIGHTS = {day: ["22:00-06:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


def test_a_holiday_of_seventy_five_years_lasts_until_its_last_day() -> None:
    closed = [{"name": "Closed", "date": "2024-01-01", "until": "2099-12-31"}]
    days = ("2023-12-29", "2024-01-01", "2026-09-28", "2060-06-02", "2099-12-31", "2100-01-01")
    phases = [at(f"{day}T12:00", holidays=closed)[0] for day in days]
    assert phases == ["open", "holiday", "holiday", "holiday", "holiday", "open"]


def test_an_exception_without_hours_ends_the_night_before_at_midnight() -> None:
    fields: dict[str, Any] = {
        "weekly": NIGHTS,
        "exceptions": [{"date": "2026-12-29", "hours": []}],
    }
    assert at("2026-12-28T23:59", **fields)[0] == "open"
    for clock in ("00:00", "02:00", "05:59", "12:00", "22:00", "23:59"):
        assert at(f"2026-12-29T{clock}", **fields) == ("closed", "special hours"), clock
    assert at("2026-12-30T02:00", **fields)[0] == "closed"
    assert at("2026-12-30T22:00", **fields)[0] == "open"


def test_hours_of_the_night_before_run_on_into_a_day_with_special_hours() -> None:
    fields: dict[str, Any] = {
        "weekly": NIGHTS,
        "exceptions": [{"date": "2026-12-29", "hours": ["10:00-12:00"]}],
    }
    phases = [at(f"2026-12-29T{c}", **fields)[0] for c in ("02:00", "09:00", "11:00", "23:00")]
    assert phases == ["open", "closed", "open", "closed"]


def test_a_holiday_of_every_year_comes_every_year() -> None:
    christmas = [{"name": "Christmas Day", "every": "12-25"}]
    for year in (2026, 2028, 2075):
        assert at(f"{year}-12-25T12:00", holidays=christmas) == ("holiday", "Christmas Day")
    assert at("2026-12-24T12:00", holidays=christmas) == ("open", "")


def test_a_run_of_every_year_reaches_over_new_year() -> None:
    recess = [{"name": "Recess", "every": "12-24", "until": "01-02"}]
    days = ("2026-12-23", "2026-12-24", "2026-12-31", "2027-01-01", "2030-01-02", "2030-01-03")
    phases = [at(f"{day}T12:00", holidays=recess)[0] for day in days]
    assert phases == ["open", "holiday", "holiday", "holiday", "holiday", "open"]


def test_the_29th_of_february_of_every_year_comes_in_leap_years() -> None:
    leap = [{"name": "Leap day", "every": "02-29"}]
    assert at("2028-02-29T12:00", holidays=leap)[0] == "holiday"
    assert at("2027-03-01T12:00", holidays=leap)[0] == "open"


def test_half_a_day_is_holiday_and_the_other_half_as_usual() -> None:
    eve = [{"name": "Christmas Eve", "every": "12-24", "hours": ["12:00-24:00"]}]
    said = [at(f"2026-12-24T{c}", holidays=eve) for c in ("08:59", "11:59", "12:00", "23:00")]
    holiday = ("holiday", "Christmas Eve")
    assert said == [("closed", ""), ("open", ""), holiday, holiday]


def test_a_part_of_a_day_up_to_midnight_ends_hours_that_run_over_it() -> None:
    eve = [{"name": "Eve", "date": "2026-12-24", "hours": ["20:00-24:00"]}]
    fields: dict[str, Any] = {"weekly": NIGHTS, "holidays": eve}
    assert at("2026-12-24T23:00", **fields)[0] == "holiday"
    assert at("2026-12-25T02:00", **fields)[0] == "closed"
    fields["holidays"] = [{**eve[0], "hours": ["20:00-23:00"]}]
    assert [at(f"2026-12-24T{c}", **fields)[0] for c in ("22:30", "23:00")] == ["holiday", "open"]
    assert at("2026-12-25T02:00", **fields)[0] == "open"


def test_a_closing_takes_half_an_hour_of_an_afternoon() -> None:
    closing = [{"date": "2026-12-23", "closed": ["14:00-14:30"], "reason": "Fire drill"}]
    said = [at(f"2026-12-23T{c}", exceptions=closing) for c in ("13:59", "14:00", "14:30")]
    assert said == [("open", ""), ("closed", "Fire drill"), ("open", "")]
    both: dict[str, Any] = {
        "exceptions": [{**closing[0], "date": "2026-12-25"}],
        "holidays": [CHRISTMAS],
    }
    assert at("2026-12-25T14:10", **both) == ("holiday", "Christmas Day")


def test_a_season_has_weekly_hours_of_its_own_every_year_or_in_one() -> None:
    summer = {"every": "11-01", "until": "02-29", "weekly": {"wed": ["07:00-10:00"]}}
    once = {"date": "2026-12-20", "until": "2026-12-31", "weekly": {"wed": ["20:00-21:00"]}}
    fields: dict[str, Any] = {"seasons": [summer, once]}
    asked = ("2026-10-28T08:00", "2026-11-04T08:00", "2027-02-24T08:00", "2028-02-29T12:00",
             "2026-12-23T08:00", "2026-12-23T20:30", "2027-12-22T08:00")  # fmt: skip
    phases = [at(moment, **fields)[0] for moment in asked]
    assert phases == ["closed", "open", "open", "closed", "closed", "open", "open"]


def test_of_two_exceptions_the_more_precise_wins() -> None:
    every = {"every": "12-24", "hours": ["07:00-13:00"]}
    run = {"date": "2026-12-20", "until": "2026-12-31", "hours": ["10:00-11:00"]}
    once = {"date": "2026-12-24", "hours": []}
    for order in ([every, run, once], [once, run, every]):
        assert at("2026-12-24T10:30", exceptions=order)[0] == "closed"
        assert at("2026-12-23T10:30", exceptions=order)[0] == "open"
        assert at("2026-12-23T12:00", exceptions=order)[0] == "closed"
        assert at("2027-12-24T12:00", exceptions=order)[0] == "open"


def test_holidays_of_calendars_count_beside_those_of_the_schedule() -> None:
    declared = schedule(calendars=["nsw"], holidays=[CHRISTMAS])
    found = timetable(declared, {"nsw": {"holidays": [{"name": "Labour Day", "every": "10-05"}]}})
    labour, christmas = (datetime(2026, 10, 5, 2, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC))
    assert found.at(labour) == Hours(Phase.HOLIDAY, "Labour Day")
    assert found.at(christmas) == Hours(Phase.HOLIDAY, "Christmas Day")
    assert found.at(datetime(2026, 10, 6, 2, tzinfo=UTC)) == Hours(Phase.OPEN)


@pytest.mark.parametrize(
    "zone, first",
    [("America/Santiago", "2027-09-05"), ("Asia/Beirut", "2027-03-28")],
)
def test_clocks_that_go_forward_at_midnight_are_an_occasion_too(zone: str, first: str) -> None:
    calendar = Timetable(schedule(timezone=zone, weekly={}))
    days = calendar.days(date.fromisoformat(first) - timedelta(days=1), 3)
    occasions = [spell.hours.occasion for day in days for spell in day if spell.hours.occasion]
    assert occasions == ["clocks go forward"]


@settings(max_examples=scaled(100), deadline=None)
@given(st.data())
def test_a_schedule_says_what_the_clock_on_the_wall_says_at_every_minute(
    data: st.DataObject,
) -> None:
    declared, shared = data.draw(some_schedule), data.draw(calendars)
    day = data.draw(days_for(declared, shared))
    calendar, zone = timetable(declared, shared), ZoneInfo(declared["timezone"])
    spells = calendar.days(day, 1)[0]
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    index = 0
    for minute in range(DAY):
        moment = begin + timedelta(minutes=minute)
        local = moment.astimezone(zone).replace(tzinfo=None)
        expected = interpreter.hours_at(declared, local, shared)
        said = calendar.at(moment)
        assert (said.phase.value, said.occasion) == expected, local
        if index + 1 < len(spells) and spells[index + 1].minute == minute:
            index += 1
        hours = spells[index].hours
        assert hours.phase.value == expected[0], local
        assert hours.occasion == expected[1] or (
            not expected[1] and hours.occasion.startswith("clocks go")
        ), local


@settings(max_examples=scaled(60), deadline=None)
@given(st.data())
def test_days_are_the_same_from_whichever_day_one_begins(data: st.DataObject) -> None:
    declared = data.draw(some_schedule)
    day = data.draw(days_for(declared))
    calendar = Timetable(declared)
    assert calendar.days(day - timedelta(days=2), 4)[2:] == calendar.days(day, 2)
