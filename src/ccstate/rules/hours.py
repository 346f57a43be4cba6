"""Rules about schedules: hours that never come, holes and overlaps, calendars that run out."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.hours import DAY, minutes_of
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Rule

WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
WEEK = 7 * DAY
SMALLEST_GAP = 15
"""Minutes of a pause that somebody can have meant; a shorter one is taken for a slip."""
HOLIDAYS_AHEAD = timedelta(days=60)
"""How far holidays must be known: two months, so that there is time to look them up."""


class _Span(NamedTuple):
    """Hours as minutes since the first midnight of a week or day; `end` may lie after its last."""

    start: int
    end: int
    path: Path
    text: str


def _span(text: str, midnight: int, path: Path) -> _Span:
    """An end that is not after the start belongs to the day after."""
    start, end = minutes_of(text)
    return _Span(midnight + start, midnight + (end if end > start else end + DAY), path, text)


def _week(schedule: Filled) -> list[_Span]:
    weekly = schedule["weekly"]
    return sorted(
        _span(text, place * DAY, ("weekly", day, index))
        for place, day in enumerate(WEEKDAYS)
        for index, text in enumerate(weekly.get(day) or ())
    )


def _special_day(place: int, exception: Filled) -> list[_Span]:
    path = ("exceptions", place, "hours")
    return sorted(_span(text, 0, (*path, i)) for i, text in enumerate(exception["hours"]))


def _schedules(estate: Estate) -> Iterator[tuple[Address, Filled]]:
    for name, schedule in estate.of("schedule").items():
        yield Address("schedule", name), schedule


def _never_open(estate: Estate) -> Iterator[Found]:
    today = estate.today.isoformat()
    for address, schedule in _schedules(estate):
        exceptions = schedule.get("exceptions") or ()
        if any(schedule["weekly"].values()) or any(
            exception["hours"] and exception["date"] >= today for exception in exceptions
        ):
            continue
        yield Found(
            address,
            ("weekly",),
            f"{address} is never open",
            "No weekday has hours, and no day to come has any of its own: "
            "callers who go by it never reach anybody.",
            'give the weekdays their hours, such as mon: ["09:00-17:00"], or remove the schedule',
        )


def _gaps(estate: Estate) -> Iterator[Found]:
    for address, schedule in _schedules(estate):
        for span, minutes in _holes(_week(schedule), WEEK):
            weekday = list(WEEKDAYS.values())[span.end // DAY % 7]
            yield _gap(address, span, minutes, weekday)
        for place, exception in enumerate(schedule.get("exceptions") or ()):
            for span, minutes in _holes(_special_day(place, exception)):
                yield _gap(address, span, minutes, exception["date"])


def _holes(spans: Sequence[_Span], period: int = 0) -> Iterator[tuple[_Span, int]]:
    """Spans that are followed by a hole nobody means, and its minutes.

    That is a hole shorter than 15 minutes, or one that begins at 23:59. Spans that have a period
    begin anew after it; without one, what follows the last of them is nobody's business.
    """
    if not spans:
        return
    latest = max(spans, key=_end)
    before = latest._replace(end=latest.end - period) if period else spans[0]
    for span in spans:
        hole = span.start - before.end
        if hole > 0 and (hole < SMALLEST_GAP or _ends_before_midnight(before)):
            yield before, hole
        before = max(before, span, key=_end)
    if not period and _ends_before_midnight(before):
        yield before, 1


def _end(span: _Span) -> int:
    return span.end


def _ends_before_midnight(span: _Span) -> bool:
    return span.end % DAY == DAY - 1


def _gap(address: Address, span: _Span, minutes: int, day: str) -> Found:
    if _ends_before_midnight(span):
        return Found(
            address,
            span.path,
            f"{address} closes at 23:59 on {day}, a minute before midnight",
            "Whoever calls in that minute is told that nobody is there.",
            "end the span at 24:00",
        )
    return Found(
        address,
        span.path,
        f"{address} is closed for {minutes} min on {day}, "
        f"{_clock(span.end)} to {_clock(span.end + minutes)}",
        "So short a pause is hardly meant, and callers are turned away in it.",
        f"close the gap, or make the pause {SMALLEST_GAP} minutes or longer",
    )


def _clock(minute: int) -> str:
    return f"{minute % DAY // 60:02}:{minute % 60:02}"


def _overlaps(estate: Estate) -> Iterator[Found]:
    for address, schedule in _schedules(estate):
        for first, second in _meeting(_week(schedule), WEEK):
            weekday = list(WEEKDAYS.values())[second.start // DAY]
            yield _overlap(address, second.path, f'"{first.text}" and "{second.text}"', weekday)
        dates: dict[str, int] = {}
        for place, exception in enumerate(schedule.get("exceptions") or ()):
            day = exception["date"]
            for first, second in _meeting(_special_day(place, exception)):
                yield _overlap(address, second.path, f'"{first.text}" and "{second.text}"', day)
            if dates.setdefault(day, place) != place:
                yield Found(
                    address,
                    ("exceptions", place, "date"),
                    f"{address} has two exceptions for {day}",
                    "Only one of them can count, and nothing says which.",
                    "merge them into one",
                )
        yield from _holidays_twice(address, schedule.get("holidays") or ())


def _meeting(spans: Sequence[_Span], period: int = 0) -> Iterator[tuple[_Span, _Span]]:
    """Pairs of spans that overlap: one that began before, and each that begins during it."""
    if not spans:
        return
    latest = max(spans, key=_end)
    before = latest._replace(end=latest.end - period) if period else None
    for span in spans:
        if before and span.start < before.end:
            yield before, span
        before = max(before, span, key=_end) if before else span


def _overlap(address: Address, path: Path, what: str, day: str) -> Found:
    return Found(
        address,
        path,
        f"{address}: {what} overlap on {day}",
        "One of the two is a slip, and callers meet hours that nobody meant.",
        "correct one of them, or write both as one span",
    )


def _holidays_twice(address: Address, holidays: Sequence[Filled]) -> Iterator[Found]:
    """Holidays that lie within others; the canonical order of a set is that of dates."""
    before: Filled | None = None
    for place in sorted(range(len(holidays)), key=lambda place: _first_day(holidays[place])):
        holiday = holidays[place]
        if before and _first_day(holiday) <= _last_day(before):
            yield Found(
                address,
                ("holidays", place),
                f'{address}: "{before["name"]}" and "{holiday["name"]}" overlap '
                f"on {_first_day(holiday)}",
                "One of the two dates may be wrong, and a holiday missing that callers will meet.",
                "correct the date, or keep one of the two",
            )
        before = max(before, holiday, key=_last_day) if before else holiday


def _first_day(holiday: Filled) -> str:
    return str(holiday["date"])


def _last_day(holiday: Filled) -> str:
    return str(holiday.get("until") or holiday["date"])


def _holidays_run_out(estate: Estate) -> Iterator[Found]:
    needed = (estate.today + HOLIDAYS_AHEAD).isoformat()
    for address, schedule in _schedules(estate):
        holidays = schedule.get("holidays") or ()
        if not holidays:
            continue
        last = max(range(len(holidays)), key=lambda place: _last_day(holidays[place]))
        if (end := _last_day(holidays[last])) < needed:
            yield Found(
                address,
                ("holidays", last),
                f"{address} knows no holiday after {end}",
                "On the next one callers are told that it is open, and wait for people who are off.",
                "add the holidays of the next year",
            )


def _past_exceptions(estate: Estate) -> Iterator[Found]:
    today = estate.today.isoformat()
    for address, schedule in _schedules(estate):
        for place, exception in enumerate(schedule.get("exceptions") or ()):
            if exception["date"] < today:
                yield Found(
                    address,
                    ("exceptions", place, "date"),
                    f"the exception of {address} for {exception['date']} has passed",
                    "It has no effect any more, and hides the days that callers will still meet.",
                    "remove it; git remembers it",
                )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC220",
        "hours-never-open",
        Severity.ERROR,
        "A schedule is never open from today on",
        _never_open,
    ),
    Rule(
        "CC221",
        "gap-in-hours",
        Severity.WARNING,
        "Hours leave a hole of a few minutes, or end at 23:59",
        _gaps,
    ),
    Rule(
        "CC222",
        "overlap-in-hours",
        Severity.WARNING,
        "Hours, exceptions or holidays overlap",
        _overlaps,
    ),
    Rule(
        "CC223",
        "holidays-run-out",
        Severity.WARNING,
        "The last holiday of a schedule lies less than 60 days ahead",
        _holidays_run_out,
    ),
    Rule(
        "CC224",
        "past-exception",
        Severity.WARNING,
        "An exception of a schedule has passed",
        _past_exceptions,
    ),
)
