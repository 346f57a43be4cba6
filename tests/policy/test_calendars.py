"""iCalendar files as change windows: series, timezones, and what is not followed is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ccstate.almanac import read_periods
from ccstate.errors import InvalidInput

SYDNEY = ZoneInfo("Australia/Sydney")
FIRST, LAST = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def read(*lines: str, first: datetime = FIRST, last: datetime = LAST) -> list[tuple[str, str]]:
    text = "\r\n".join(
        ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "SUMMARY:Work", *lines, "END:VEVENT", "END:VCALENDAR"]
    )
    found = read_periods(text.encode(), "work.ics", SYDNEY, first, last)
    return [(f"{a:%m-%dT%H:%M}", f"{b:%m-%dT%H:%M}") for a, b in found]


# In December Sydney is 11 hours ahead of UTC, New York 5 behind, Berlin 1 ahead.
@pytest.mark.parametrize(
    "lines, expected",
    [
        (
            ["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261226"],
            [("12-23T13:00", "12-25T13:00")],
        ),
        (["DTSTART;VALUE=DATE:20261224"], [("12-23T13:00", "12-24T13:00")]),
        (["DTSTART:20261205T220000", "DTEND:20261206T040000"], [("12-05T11:00", "12-05T17:00")]),
        (["DTSTART:20261205T220000Z", "DURATION:PT2H30M"], [("12-05T22:00", "12-06T00:30")]),
        (
            ["DTSTART;TZID=America/New_York:20261205T220000", "DURATION:PT1H"],
            [("12-06T03:00", "12-06T04:00")],
        ),
        (
            ["DTSTART;TZID=W. Europe Standard Time:20261205T220000", "DURATION:PT1H"],
            [("12-05T21:00", "12-05T22:00")],
        ),
        (
            ["DTSTART:20261101T020000", "DURATION:PT2H", "RRULE:FREQ=MONTHLY;BYDAY=1SU,-1SU"],
            [("12-05T15:00", "12-05T17:00"), ("12-26T15:00", "12-26T17:00")],
        ),
        (
            [
                "DTSTART:20261207T200000",
                "DURATION:PT1H",
                "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261221",
                "EXDATE:20261214T200000",
            ],
            [("12-07T09:00", "12-07T10:00"), ("12-21T09:00", "12-21T10:00")],
        ),
        (
            ["DTSTART:20261207T200000", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2"],
            [("12-07T09:00", "12-07T10:00"), ("12-09T09:00", "12-09T10:00")],
        ),
        (["DTSTART:20261207T200000", "DURATION:PT1H", "STATUS:CANCELLED"], []),
        (["DTSTART:20250101T000000", "DURATION:PT1H"], []),
    ],
)
def test_events_are_spans_of_time(lines: list[str], expected: list[tuple[str, str]]) -> None:
    assert read(*lines) == expected


def test_a_series_follows_the_clock_of_its_place_over_summer_time() -> None:
    lines = ["DTSTART:20260901T020000", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;BYMONTHDAY=1"]
    first, last = datetime(2026, 9, 15, tzinfo=UTC), datetime(2026, 11, 15, tzinfo=UTC)
    found = read(*lines, first=first, last=last)
    assert found == [("09-30T16:00", "09-30T17:00"), ("10-31T15:00", "10-31T16:00")]


@pytest.mark.parametrize(
    "lines",
    [
        ["DTSTART:20261207T200000", "DURATION:PT1H", "RRULE:FREQ=SECONDLY"],
        ["DTSTART:20261207T200000", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=0"],
        ["DTSTART:20261207T200000", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYMONTH=13"],
        ["DTSTART:20261207T200000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=XX"],
        ["DTSTART:20261207T200000", "DURATION:PT1H", "RDATE:20261209T200000"],
        ["DTSTART;TZID=Nowhere/Land:20261207T200000", "DURATION:PT1H"],
        ["DTSTART:20261207T200000", "DTEND:20261207T100000"],
        ["DTSTART:20261207T200000"],
        ["DTSTART:20261399"],
        ["DURATION:PT1H"],
    ],
)
def test_what_is_not_understood_is_refused_for_it_could_be_a_freeze(lines: list[str]) -> None:
    with pytest.raises(InvalidInput) as raised:
        read(*lines)
    assert raised.value.problems[0].code == "CC840"


def test_a_rule_that_names_no_day_comes_to_an_end() -> None:
    lines = ["DTSTART:20261207T200000", "DURATION:PT1H"]
    assert read(*lines, "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2") == []
