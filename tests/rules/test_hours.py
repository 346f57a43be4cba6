from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.journeys.hours import DAY
from ccstate.model import Address, Resource
from ccstate.rules import Breach, Estate
from ccstate.rules.hours import RULES, SMALLEST_GAP, WEEK, WEEKDAYS
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}
TODAY = date(2026, 11, 22)


def found(code: str, schedule: str, today: str = "2026-11-22") -> list[Breach]:
    """What the rule finds in one schedule, of which only what follows the timezone is written."""
    text = f"schedules: {{office: {{timezone: Australia/Sydney, {schedule}}}}}"
    return list(RULE[code].check(estate(text, today)))


def paths(code: str, schedule: str, today: str = "2026-11-22") -> list[tuple[str | int, ...]]:
    return [found.path for found in found(code, schedule, today)]


# Never open, CC220


@pytest.mark.parametrize(
    "schedule",
    [
        "weekly: {}",
        "weekly: {mon: [], tue: []}",
        'weekly: {}, exceptions: [{date: "2026-12-24", hours: []}]',
        'weekly: {}, exceptions: [{date: "2026-11-21", hours: ["09:00-12:00"]}]',
        'weekly: {mon: []}, holidays: [{name: Christmas Day, date: "2026-12-25"}]',
    ],
)
def test_hours_without_a_single_span_to_come_are_never_open(schedule: str) -> None:
    assert paths("CC220", schedule) == [("weekly",)]


@pytest.mark.parametrize(
    "schedule",
    [
        'weekly: {sun: ["09:00-10:00"]}',
        'weekly: {}, exceptions: [{date: "2026-11-22", hours: ["09:00-12:00"]}]',
        'weekly: {}, exceptions: [{date: "2027-01-04", hours: ["09:00-12:00"]}]',
    ],
)
def test_one_span_today_or_later_is_open(schedule: str) -> None:
    assert paths("CC220", schedule) == []


# Holes that are not meant, CC221


@pytest.mark.parametrize(
    "schedule, path, words",
    [
        (
            'weekly: {mon: ["09:00-12:00", "12:14-17:00"]}',
            ("weekly", "mon", 0),
            "is closed for 14 min on Monday, 12:00 to 12:14",
        ),
        (
            'weekly: {mon: ["09:00-23:59"], tue: ["00:00-08:00"]}',
            ("weekly", "mon", 0),
            "closes at 23:59 on Monday",
        ),
        ('weekly: {fri: ["09:00-23:59"]}', ("weekly", "fri", 0), "closes at 23:59 on Friday"),
        (
            'weekly: {sun: ["20:00-24:00"], mon: ["00:05-08:00"]}',
            ("weekly", "sun", 0),
            "is closed for 5 min on Monday, 00:00 to 00:05",
        ),
        (
            'weekly: {tue: ["22:00-06:00"], wed: ["06:10-18:00"]}',
            ("weekly", "tue", 0),
            "is closed for 10 min on Wednesday, 06:00 to 06:10",
        ),
        (
            (
                'weekly: {mon: ["09:00-12:00"]}, '
                'exceptions: [{date: "2026-12-24", hours: ["08:00-10:00", "10:01-12:00"]}]'
            ),
            ("exceptions", 0, "hours", 0),
            "is closed for 1 min on 2026-12-24, 10:00 to 10:01",
        ),
        (
            (
                'weekly: {mon: ["09:00-12:00"]}, '
                'exceptions: [{date: "2026-12-24", hours: ["08:00-23:59"]}]'
            ),
            ("exceptions", 0, "hours", 0),
            "closes at 23:59 on 2026-12-24",
        ),
    ],
)
def test_a_hole_of_minutes_is_a_gap(schedule: str, path: tuple[str | int, ...], words: str) -> None:
    [gap] = found("CC221", schedule)
    assert gap.path == path
    assert words in gap.message


@pytest.mark.parametrize(
    "schedule",
    [
        'weekly: {mon: ["09:00-12:00", "12:15-17:00"]}',
        'weekly: {mon: ["09:00-12:00", "12:00-17:00"]}',
        'weekly: {mon: ["09:00-12:00", "12:05-17:00", "11:00-13:00"]}',
        'weekly: {mon: ["09:00-24:00"], tue: ["00:00-08:00"]}',
        'weekly: {mon: ["09:00-23:58"], wed: ["00:00-08:00"]}',
        'weekly: {mon: ["22:00-06:00", "20:00-23:59"]}',
        'weekly: {mon: ["00:00-00:00"], tue: ["00:00-24:00"]}',
        "weekly: {mon: []}",
    ],
)
def test_a_pause_of_a_quarter_of_an_hour_or_none_is_no_gap(schedule: str) -> None:
    assert paths("CC221", schedule) == []


CLOCKS = st.builds(
    lambda hour, minute: f"{hour:02}:{minute:02}",
    st.integers(0, 23),
    st.sampled_from([0, 5, 15, 30, 58, 59]),
)
SPANS = st.builds(lambda start, end: f"{start}-{end}", CLOCKS, CLOCKS | st.just("24:00"))
WEEKS = st.dictionaries(
    st.sampled_from(list(WEEKDAYS)),
    st.lists(SPANS, max_size=4, unique=True).map(sorted),
    max_size=7,
)


def minutes(day: str, text: str) -> tuple[int, int]:
    """First minute of a span, and the first after it, in the week."""
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    midnight = list(WEEKDAYS).index(day) * DAY
    return midnight + start, midnight + (end if end > start else end + DAY)


def wall(weekly: dict[str, list[str]]) -> list[int]:
    """For each minute of the week, how many spans hold it."""
    held = [0] * WEEK
    for day, texts in weekly.items():
        for text in texts:
            for minute in range(*minutes(day, text)):
                held[minute % WEEK] += 1
    return held


def judged(code: str, weekly: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Day and span of everything that the rule finds."""
    address = Address("schedule", "office")
    fields = {"timezone": "Australia/Sydney", "weekly": weekly}
    resource = Resource(address, fields, "x.yaml")  # type: ignore[arg-type]  # a week is JSON
    spans = []
    for problem in RULE[code].check(Estate({address: resource}, TODAY)):
        _, day, index = problem.path
        assert isinstance(index, int)
        spans.append((str(day), weekly[str(day)][index]))
    return spans


@given(WEEKS)
def test_gaps_are_those_that_a_clock_on_the_wall_shows(weekly: dict[str, list[str]]) -> None:
    held = wall(weekly)
    closing = {m for m in range(WEEK) if not held[m] and held[m - 1]}
    seen = {
        minute
        for minute in closing
        if minute % DAY == DAY - 1
        or any(held[(minute + length) % WEEK] for length in range(SMALLEST_GAP))
    }
    reported = [minutes(day, text)[1] % WEEK for day, text in judged("CC221", weekly)]
    assert sorted(reported) == sorted(seen)


# What holds a minute twice, CC222


@pytest.mark.parametrize(
    "schedule, path, words",
    [
        (
            'weekly: {mon: ["09:00-13:00", "12:59-17:00"]}',
            ("weekly", "mon", 1),
            '"09:00-13:00" and "12:59-17:00" overlap on Monday',
        ),
        (
            'weekly: {mon: ["22:00-06:00"], tue: ["05:00-12:00"]}',
            ("weekly", "tue", 0),
            '"22:00-06:00" and "05:00-12:00" overlap on Tuesday',
        ),
        (
            'weekly: {sun: ["22:00-06:00"], mon: ["05:00-12:00"]}',
            ("weekly", "mon", 0),
            "overlap on Monday",
        ),
        (
            'weekly: {}, exceptions: [{date: "2026-12-24", hours: ["08:00-10:00", "09:00-12:00"]}]',
            ("exceptions", 0, "hours", 1),
            "overlap on 2026-12-24",
        ),
        (
            (
                "weekly: {}, exceptions: [{date: '2026-12-24', hours: []}, "
                "{date: '2026-12-24', hours: ['08:00-12:00']}]"
            ),
            ("exceptions", 1, "date"),
            "two exceptions for 2026-12-24",
        ),
        (
            (
                "weekly: {}, holidays: [{name: Christmas Day, date: '2026-12-25'}, "
                "{name: Christmas, date: '2026-12-25'}]"
            ),
            ("holidays", 1),
            '"Christmas Day" and "Christmas" overlap on 2026-12-25',
        ),
        (
            (
                "weekly: {}, holidays: [{name: Boxing Day, date: '2026-12-26'}, "
                "{name: Closed, date: '2026-12-24', until: '2027-01-03'}]"
            ),
            ("holidays", 1),
            '"Closed" and "Boxing Day" overlap on 2026-12-26',
        ),
    ],
)
def test_what_holds_one_minute_twice_overlaps(
    schedule: str, path: tuple[str | int, ...], words: str
) -> None:
    [overlap] = found("CC222", schedule)
    assert overlap.path == path
    assert words in overlap.message


@pytest.mark.parametrize(
    "schedule",
    [
        'weekly: {mon: ["09:00-13:00", "13:00-17:00"]}',
        'weekly: {mon: ["22:00-06:00"], tue: ["06:00-12:00"]}',
        'weekly: {mon: ["00:00-24:00"], tue: ["00:00-24:00"]}',
        'weekly: {mon: ["09:00-09:00"], tue: ["09:00-09:00"]}',
        (
            "weekly: {}, holidays: [{name: Easter, date: '2027-03-26', until: '2027-03-29'}, "
            "{name: Tuesday after, date: '2027-03-30'}]"
        ),
        "weekly: {}, exceptions: [{date: '2026-12-24', hours: []}, {date: '2026-12-31', hours: []}]",
    ],
)
def test_what_touches_does_not_overlap(schedule: str) -> None:
    assert paths("CC222", schedule) == []


@given(WEEKS)
def test_overlaps_are_those_that_a_clock_on_the_wall_shows(weekly: dict[str, list[str]]) -> None:
    held = wall(weekly)
    reported = judged("CC222", weekly)
    assert bool(reported) == any(count > 1 for count in held)
    assert all(held[minutes(day, text)[0]] > 1 for day, text in reported)


# Holidays that run out, CC223


@pytest.mark.parametrize(
    "days, expected", [(-1, [("holidays", 0)]), (59, [("holidays", 0)]), (60, []), (61, [])]
)
def test_holidays_must_be_known_for_sixty_days(
    days: int, expected: list[tuple[str | int, ...]]
) -> None:
    last = (TODAY + timedelta(days=days)).isoformat()
    holiday = f'weekly: {{}}, holidays: [{{name: Foundation Day, date: "{last}"}}]'
    assert paths("CC223", holiday) == expected


def test_the_last_day_of_the_last_holiday_counts() -> None:
    schedule = (
        "weekly: {}, holidays: [{name: Closed, date: '2026-12-20', until: '2027-01-20'}, "
        "{name: Boxing Day, date: '2026-12-26'}]"
    )
    [run_out] = found("CC223", schedule)
    assert run_out.path == ("holidays", 0)
    assert "no holiday after 2027-01-20" in run_out.message


@pytest.mark.parametrize("schedule", ["weekly: {}", "weekly: {}, holidays: []"])
def test_who_lists_no_holidays_means_none(schedule: str) -> None:
    assert paths("CC223", schedule) == []


# Past exceptions, CC224


def test_an_exception_has_passed_the_day_after() -> None:
    schedule = (
        "weekly: {}, exceptions: [{date: '2026-11-21', hours: []}, {date: '2026-11-22', hours: []}]"
    )
    assert paths("CC224", schedule) == [("exceptions", 0, "date")]
    assert paths("CC224", schedule, today="2026-11-21") == []


# Seasons and years in the rules above


@pytest.mark.parametrize(
    "schedule",
    [
        (
            'weekly: {mon: ["09:00-17:00"]}, '
            'holidays: [{name: Gone, date: "2024-01-01", until: "2099-12-31"}]'
        ),
        (
            'weekly: {mon: ["09:00-17:00"]}, '
            'seasons: [{every: "01-01", until: "12-31", weekly: {mon: []}}]'
        ),
        'weekly: {mon: ["09:00-17:00"]}, exceptions: [{every: "01-01", until: "12-31", hours: []}]',
    ],
)
def test_hours_that_something_takes_all_the_year_are_never_open(schedule: str) -> None:
    assert paths("CC220", schedule) == [("weekly",)]


@pytest.mark.parametrize(
    "schedule",
    [
        'weekly: {}, seasons: [{every: "11-01", until: "02-29", weekly: {mon: ["09:00-10:00"]}}]',
        'weekly: {}, exceptions: [{every: "12-24", hours: ["09:00-10:00"]}]',
        (
            'weekly: {mon: ["09:00-17:00"]}, '
            'holidays: [{name: Recess, every: "12-20", until: "01-10"}]'
        ),
    ],
)
def test_one_season_or_day_of_every_year_is_open(schedule: str) -> None:
    assert paths("CC220", schedule) == []


@pytest.mark.parametrize(
    "schedule, path",
    [
        (
            (
                "weekly: {}, seasons: [{every: '11-01', until: '03-31', weekly: {}}, "
                "{every: '02-01', until: '05-31', weekly: {}}]"
            ),
            ("seasons", 0, "every"),
        ),
        (
            (
                "weekly: {}, exceptions: [{every: '12-24', hours: []}, "
                "{every: '12-24', hours: ['09:00-10:00']}]"
            ),
            ("exceptions", 1, "every"),
        ),
        (
            (
                "weekly: {}, holidays: [{name: A, date: '2027-12-25'}, "
                "{name: B, every: '12-24', until: '01-02'}]"
            ),
            ("holidays", 0),
        ),
        (
            (
                "weekly: {}, holidays: [{name: A, every: '12-24', hours: ['12:00-24:00']}, "
                "{name: B, every: '12-24', hours: ['10:00-12:01']}]"
            ),
            ("holidays", 1),
        ),
        (
            "weekly: {}, exceptions: [{every: '12-24', closed: ['10:00-11:00', '10:30-12:00']}]",
            ("exceptions", 0, "closed", 1),
        ),
    ],
)
def test_days_of_every_year_overlap_too(schedule: str, path: tuple[str | int, ...]) -> None:
    assert paths("CC222", schedule) == [path]


@pytest.mark.parametrize(
    "schedule",
    [
        # What is more precise wins, and that is meant.
        (
            "weekly: {}, exceptions: [{every: '12-24', hours: []}, "
            "{date: '2027-12-24', hours: ['09:00-10:00']}]"
        ),
        (
            "weekly: {}, exceptions: [{date: '2027-12-20', until: '2027-12-31', hours: []}, "
            "{date: '2027-12-24', hours: ['09:00-10:00']}]"
        ),
        "weekly: {}, exceptions: [{every: '12-24', hours: []}, {every: '12-24', closed: ['09:00-10:00']}]",
        (
            "weekly: {}, holidays: [{name: A, every: '12-24', hours: ['12:00-24:00']}, "
            "{name: B, every: '12-24', hours: ['10:00-12:00']}]"
        ),
        (
            "weekly: {}, seasons: [{every: '11-01', until: '03-31', weekly: {}}, "
            "{date: '2027-02-01', until: '2027-02-05', weekly: {}}]"
        ),
    ],
)
def test_of_days_that_meet_the_more_precise_is_meant_to_win(schedule: str) -> None:
    assert paths("CC222", schedule) == []


SHARED = "calendars: {nsw: {holidays: [{name: Christmas Day, every: '12-25'}]}}\n"


def with_calendar(code: str, calendar: str, schedule: str = "weekly: {}") -> list[Breach]:
    text = f"calendars: {{nsw: {{holidays: [{calendar}]}}}}\n"
    text += f"schedules: {{office: {{timezone: Australia/Sydney, calendars: [nsw], {schedule}}}}}"
    return list(RULE[code].check(estate(text)))


def test_a_holiday_that_a_calendar_has_too_is_reported() -> None:
    own = "weekly: {}, holidays: [{name: Xmas, date: '2027-12-25'}, {name: Own, every: '07-02'}]"
    [twice] = with_calendar("CC222", "{name: Christmas Day, every: '12-25'}", own)
    assert '"Xmas" on 2027-12-25 is "Christmas Day" of calendar/nsw too' in twice.message


def test_a_calendar_runs_out_once_for_all_schedules_that_name_it() -> None:
    old = "{name: Christmas Day, date: '2025-12-25'}, {name: Labour Day, date: '2025-10-06'}"
    [reported] = with_calendar(
        "CC223", old, "weekly: {}, holidays: [{name: A, date: '2026-01-01'}]"
    )
    assert reported.address == Address("calendar", "nsw")
    assert with_calendar("CC223", "{name: Christmas Day, every: '12-25'}") == []


def test_a_calendar_without_a_reference_or_without_days_is_reported() -> None:
    [unused] = RULE["CC229"].check(estate(SHARED))
    assert "no schedule uses calendar/nsw" in unused.message
    assert with_calendar("CC229", "") == []
    assert [found.path for found in with_calendar("CC253", "")] == [("holidays",)]
    assert with_calendar("CC253", "{name: Christmas Day, every: '12-25'}") == []


def test_a_season_that_has_passed_is_reported() -> None:
    season = "weekly: {}, seasons: [{date: '2026-10-01', until: '2026-11-21', weekly: {}}]"
    assert paths("CC224", season) == [("seasons", 0, "until")]
    assert paths("CC224", season, today="2026-11-21") == []


# Nights and special days, CC225

NIGHT = 'weekly: {mon: ["22:00-06:00"], tue: ["22:00-06:00"]}'  # 29 December 2026 is a Tuesday


@pytest.mark.parametrize(
    "exception, words",
    [
        ("hours: []", "ends the night before 2026-12-29 at midnight, not at 06:00"),
        ('hours: ["10:00-12:00"]', "is open on 2026-12-29 until 06:00"),
        ('hours: ["00:00-05:00"]', "is open on 2026-12-29 until 06:00"),
        ('closed: ["23:00-24:00"]', "stays closed after midnight of 2026-12-29, until 06:00 too"),
    ],
)
def test_a_night_that_meets_an_exception_is_reported(exception: str, words: str) -> None:
    [reported] = found("CC225", f'{NIGHT}, exceptions: [{{date: "2026-12-29", {exception}}}]')
    assert words in reported.message


@pytest.mark.parametrize(
    "exception",
    [
        'date: "2026-12-29", hours: [], closed: ["00:00-06:00"]',
        'date: "2026-12-29", hours: ["00:00-06:00"]',
        'date: "2026-12-29", hours: ["10:00-12:00"], closed: ["00:00-06:00"]',
        'date: "2026-12-29", closed: ["10:00-12:00"]',
        'date: "2026-12-31", hours: []',  # no night before
        'date: "2026-11-17", hours: []',  # has passed
        'date: "2026-12-29", closed: ["22:00-23:00"]',
    ],
)
def test_an_exception_that_says_what_becomes_of_the_night_is_not(exception: str) -> None:
    assert found("CC225", f"{NIGHT}, exceptions: [{{{exception}}}]") == []


def test_who_has_no_nights_hears_nothing_of_them() -> None:
    day = 'weekly: {mon: ["09:00-17:00"], tue: ["09:00-24:00"]}'
    assert found("CC225", f'{day}, exceptions: [{{date: "2026-12-29", hours: []}}]') == []


# Closed, and open for 24 hours, CC226


@pytest.mark.parametrize(
    "schedule, path",
    [
        (
            'weekly: {}, exceptions: [{every: "12-24", hours: ["00:00-00:00"], reason: closed}]',
            ("exceptions", 0, "hours", 0),
        ),
        (
            'weekly: {}, exceptions: [{every: "12-24", hours: ["00:00-24:00"], reason: We are shut}]',
            ("exceptions", 0, "hours", 0),
        ),
        ('weekly: {mon: ["09:00-09:00"]}', ("weekly", "mon", 0)),
        ('label: Closed, weekly: {mon: ["00:00-24:00"]}', ("weekly", "mon", 0)),
        (
            'weekly: {}, seasons: [{every: "12-24", until: "12-25", weekly: {mon: ["08:00-08:00"]}}]',
            ("seasons", 0, "weekly", "mon", 0),
        ),
    ],
)
def test_open_for_24_hours_and_called_closed(schedule: str, path: tuple[str | int, ...]) -> None:
    assert paths("CC226", schedule) == [path]


@pytest.mark.parametrize(
    "schedule",
    [
        'weekly: {mon: ["00:00-24:00"]}',
        'weekly: {}, exceptions: [{every: "12-24", hours: [], reason: closed}]',
        'weekly: {}, exceptions: [{every: "12-24", hours: ["09:00-12:00"], reason: closed early}]',
        'weekly: {}, exceptions: [{every: "12-24", closed: ["00:00-24:00"], reason: closed}]',
    ],
)
def test_closed_and_written_so(schedule: str) -> None:
    assert paths("CC226", schedule) == []


@pytest.mark.parametrize("field", ["holidays", "exceptions", "seasons"])
def test_runs_of_every_year_that_leave_out_the_leap_day(field: str) -> None:
    more = {"holidays": "name: A", "exceptions": "hours: []", "seasons": "weekly: {}"}[field]
    for last, expected in (("02-28", [(field, 0, "until")]), ("02-29", [])):
        text = f"weekly: {{}}, {field}: [{{every: '11-01', until: '{last}', {more}}}]"
        assert paths("CC254", text) == expected
