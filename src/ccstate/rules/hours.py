"""Rules about schedules: hours that never come, holes and overlaps, calendars that run out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.hours import DAY, Entries, Phase, day_named, ends_of, holds, spans_of
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule

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
"""Minutes of a pause that can be meant; a shorter one is taken for a slip."""
HOLIDAYS_AHEAD = timedelta(days=60)
"""How far holidays must be known: two months, so that there is time to look them up."""


class _Span(NamedTuple):
    """Hours as minutes since the first midnight of a week or day; `end` may lie after its last."""

    start: int
    end: int
    path: Path
    text: str


def _span(text: str, midnight: int, path: Path) -> _Span:
    [(start, end)] = spans_of([text])
    return _Span(midnight + start, midnight + end, path, text)


def _weeks(schedule: Filled) -> Iterator[list[_Span]]:
    """Yield the spans of the week, and of that of each season."""
    seasons = enumerate(schedule.get("seasons") or ())
    weeks: list[tuple[Path, Mapping[str, Sequence[str]]]] = [
        (("weekly",), schedule["weekly"]),
        *((("seasons", number, "weekly"), season["weekly"]) for number, season in seasons),
    ]
    for path, weekly in weeks:
        yield sorted(
            _span(text, place * DAY, (*path, day, index))
            for place, day in enumerate(WEEKDAYS)
            for index, text in enumerate(weekly.get(day) or ())
        )


def _special_days(schedule: Filled) -> Iterator[tuple[list[_Span], str]]:
    """Yield the spans of every list of an exception or holiday, and the day that it is about."""
    for field, of_day in (("exceptions", ("hours", "closed")), ("holidays", ("hours",))):
        for place, entry in enumerate(schedule.get(field) or ()):
            for name in of_day:
                path = (field, place, name)
                texts = enumerate(entry.get(name) or ())
                spans = sorted(_span(text, 0, (*path, i)) for i, text in texts)
                yield spans, ends_of(entry)[0]


def _schedules(estate: Estate) -> Iterator[tuple[Address, Filled]]:
    for name, schedule in estate.of("schedule").items():
        yield Address("schedule", name), schedule


def _never_open(estate: Estate) -> Iterator[Breach]:
    for address, schedule in _schedules(estate):
        if _is_open_some_week(estate, schedule):
            continue
        if Phase.OPEN not in estate.year.phases_of(address.name):
            yield Breach(
                address,
                ("weekly",),
                f"{address} is never open",
                "No time of the next twelve months is: callers who go by it never reach a person.",
                'give the weekdays their hours, such as mon: ["09:00-17:00"], '
                "or remove the schedule",
            )


def _is_open_some_week(estate: Estate, schedule: Filled) -> bool:
    """Check whether weekly hours must show: no season replaces them, nothing lasts for months."""
    entries = [*(schedule.get("holidays") or ()), *(schedule.get("exceptions") or ())]
    calendars = estate.of("calendar")
    for name in schedule.get("calendars") or ():
        entries += calendars.get(name, {}).get("holidays") or ()
    return (
        any(schedule["weekly"].values())
        and not schedule.get("seasons")
        and not any(_lasts_for_months(entry) for entry in entries)
    )


def _lasts_for_months(entry: Filled) -> bool:
    first, last = ends_of(entry)
    begin, end = day_named(first), day_named(last)
    if not begin or not end:
        return first != last and first[:2] != last[:2]
    return (end - begin).days > LONG


LONG = 31
"""Days that a holiday may last before it is looked at more closely."""


def _gaps(estate: Estate) -> Iterator[Breach]:
    for address, schedule in _schedules(estate):
        for week in _weeks(schedule):
            for span, minutes in _holes(week, WEEK):
                weekday = list(WEEKDAYS.values())[span.end // DAY % 7]
                yield _gap(address, span, minutes, weekday)
        for spans, day in _special_days(schedule):
            if spans and spans[0].path[::2] == ("exceptions", "hours"):
                for span, minutes in _holes(spans):
                    yield _gap(address, span, minutes, day)


def _holes(spans: Sequence[_Span], period: int = 0) -> Iterator[tuple[_Span, int]]:
    """Yield the spans that are followed by a hole that is not meant, and its minutes.

    That is a hole shorter than 15 minutes, or one that begins at 23:59. Spans that have a period
    begin anew after it; without one, what follows the last of them does not count.
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


def _gap(address: Address, span: _Span, minutes: int, day: str) -> Breach:
    if _ends_before_midnight(span):
        return Breach(
            address,
            span.path,
            f"{address} closes at 23:59 on {day}, a minute before midnight",
            "Callers in that minute hear that the office is closed.",
            "end the span at 24:00",
        )
    return Breach(
        address,
        span.path,
        f"{address} is closed for {minutes} min on {day}, "
        f"{_clock(span.end)} to {_clock(span.end + minutes)}",
        "So short a pause is hardly meant, and callers are turned away in it.",
        f"close the gap, or make the pause {SMALLEST_GAP} minutes or longer",
    )


def _clock(minute: int) -> str:
    return f"{minute % DAY // 60:02}:{minute % 60:02}"


def _overlaps(estate: Estate) -> Iterator[Breach]:
    shared = {name: Entries(c["holidays"]) for name, c in estate.of("calendar").items()}
    for address, schedule in _schedules(estate):
        for week in _weeks(schedule):
            for first, second in _overlapping_spans(week, WEEK):
                weekday = list(WEEKDAYS.values())[second.start // DAY]
                yield _overlap(address, second.path, f'"{first.text}" and "{second.text}"', weekday)
        for spans, day in _special_days(schedule):
            for first, second in _overlapping_spans(spans):
                yield _overlap(address, second.path, f'"{first.text}" and "{second.text}"', day)
        for field in ("exceptions", "seasons"):
            entries = schedule.get(field) or ()
            for place, day in _repeated_entries(entries, _are_as_precise):
                yield Breach(
                    address,
                    (field, place, "date" if entries[place].get("date") else "every"),
                    f"{address} has two {field} for {day}",
                    "Only one of them can count, and nothing says which.",
                    "merge them into one",
                )
        yield from _holidays_twice(address, schedule.get("holidays") or ())
        yield from _in_calendars_too(address, schedule, shared)
    for name, calendar in estate.of("calendar").items():
        yield from _holidays_twice(Address("calendar", name), calendar["holidays"])


def _overlapping_spans(spans: Sequence[_Span], period: int = 0) -> Iterator[tuple[_Span, _Span]]:
    """Yield pairs of spans that overlap: one that began before, and each that begins during it."""
    if not spans:
        return
    latest = max(spans, key=_end)
    before = latest._replace(end=latest.end - period) if period else None
    for span in spans:
        if before and span.start < before.end:
            yield before, span
        before = max(before, span, key=_end) if before else span


def _overlap(address: Address, path: Path, what: str, day: str) -> Breach:
    return Breach(
        address,
        path,
        f"{address}: {what} overlap on {day}",
        "One of the two is a slip, and callers meet hours that were not meant.",
        "correct one of them, or write both as one span",
    )


def _repeated_entries(
    entries: Sequence[Filled], clash: Callable[[Filled, Filled], bool]
) -> Iterator[tuple[int, str]]:
    """Yield the places of entries that begin on a day that another holds too, and the day."""
    for place, _, day in _pairs(entries, Entries(entries), clash):
        yield place, day


def _pairs(
    entries: Sequence[Filled], known: Entries, clash: Callable[[Filled, Filled], bool]
) -> Iterator[tuple[int, Filled, str]]:
    """Yield entries that begin while another one lasts, by their places, the other, and the day."""
    places = {id(entry): place for place, entry in enumerate(entries)}
    for place, entry in enumerate(entries):
        first = ends_of(entry)[0]
        # Any leap year does for a day of every year.
        day = day_named(first) or day_named(f"2024-{first}")
        for other in known.on(day) if day else ():
            is_later = places.get(id(other), -1) > place
            if other is entry or (is_later and ends_of(other)[0] == first):
                continue
            if not entry.get("date") and other.get("date"):
                continue
            if clash(entry, other):
                yield place, other, first
                break


def _are_as_precise(one: Filled, other: Filled) -> bool:
    """Check whether two entries are as precise: both of one year or not, of one day or not."""
    if "weekly" not in one and (one.get("hours") is None or other.get("hours") is None):
        return False
    return _precision(one) == _precision(other)


def _precision(entry: Filled) -> tuple[bool, bool]:
    first, last = ends_of(entry)
    return bool(entry.get("date")), first == last


def _share_hours(one: Filled, other: Filled) -> bool:
    """Check whether two holidays of a day meet: one takes all of it, or both share a part."""
    if one.get("hours") is None or other.get("hours") is None:
        return True
    spans = spans_of(one["hours"])
    return any(
        start < end and begin < finish
        for begin, end in spans
        for start, finish in spans_of(other["hours"])
    )


def _holidays_twice(address: Address, holidays: Sequence[Filled]) -> Iterator[Breach]:
    for place, other, day in _pairs(holidays, Entries(holidays), _share_hours):
        yield Breach(
            address,
            ("holidays", place),
            f'{address}: "{other["name"]}" and "{holidays[place]["name"]}" overlap on {day}',
            "One of the two dates may be wrong, and a holiday missing that callers will meet.",
            "correct the date, or keep one of the two",
        )


def _in_calendars_too(
    address: Address, schedule: Filled, shared: Mapping[str, Entries]
) -> Iterator[Breach]:
    """Yield the holidays of a schedule that a calendar of it has as well."""
    own = schedule.get("holidays") or ()
    for calendar in schedule.get("calendars") or () if own else ():
        if calendar not in shared:
            continue
        for place, other, day in _pairs(own, shared[calendar], _share_hours):
            yield Breach(
                address,
                ("holidays", place),
                f'{address}: "{own[place]["name"]}" on {day} is "{other["name"]}" '
                f"of calendar/{calendar} too",
                "The day counts twice and is corrected once, when it moves.",
                "take it out here",
            )


def _last_day(holiday: Filled) -> str:
    return ends_of(holiday)[1]


def _holidays_run_out(estate: Estate) -> Iterator[Breach]:
    needed = (estate.today + HOLIDAYS_AHEAD).isoformat()
    kept = [
        (address, schedule)
        for address, schedule in _schedules(estate)
        if not schedule.get("calendars")
    ]
    kept += [(Address("calendar", name), c) for name, c in estate.of("calendar").items()]
    for address, schedule in kept:
        holidays = schedule.get("holidays") or ()
        # Holidays of every year never run out, and do not stand for those whose days differ.
        dated = [place for place, holiday in enumerate(holidays) if holiday.get("date")]
        if not dated:
            continue
        last = max(dated, key=lambda place: _last_day(holidays[place]))
        if (end := _last_day(holidays[last])) < needed:
            yield Breach(
                address,
                ("holidays", last),
                f"{address} knows no holiday after {end}",
                "On the next one callers hear that it is open, and wait for people who are off.",
                "add the holidays of the next year",
            )


def _past_exceptions(estate: Estate) -> Iterator[Breach]:
    today = estate.today.isoformat()
    for address, schedule in _schedules(estate):
        for field, one in (("exceptions", "exception"), ("seasons", "season")):
            for place, entry in enumerate(schedule.get(field) or ()):
                last = _last_day(entry)
                if not entry.get("date") or last >= today:
                    continue
                yield Breach(
                    address,
                    (field, place, "until" if entry.get("until") else "date"),
                    f"the {one} of {address} for {last} has passed",
                    "It has no effect any more, and hides the days that callers will still meet.",
                    "remove it; git remembers it",
                )


def _cut_nights(estate: Estate) -> Iterator[Breach]:
    """Yield exceptions that meet hours of the night before and do not say what becomes of them."""
    for address, schedule in _schedules(estate):
        if not any(end > DAY for week in _weeks(schedule) for _, end, _, _ in _spans_by_day(week)):
            continue
        table = estate.year.timetable(address.name)
        for place, exception in enumerate(schedule.get("exceptions") or ()):
            day = _next_day(exception, estate.today)
            if not table or not day:
                continue
            here = table.local_day(day)
            if exception.get("hours") is not None:
                late = max(table.local_day(day - timedelta(days=1)).late, default=0)
                spans = spans_of([*exception["hours"], *(exception.get("closed") or ())])
                if late and not _cover(spans, late):
                    yield _night_before(address, place, exception, day, _clock(late))
            ends = [end for _, end in here.spans if end > DAY]
            closed = spans_of(exception.get("closed") or ())
            if ends and any(end == DAY for _, end in closed):
                after = table.local_day(day + timedelta(days=1)).closings
                if not _cover([part[:2] for part in after], max(ends) - DAY):
                    yield _night_after(address, place, day, _clock(max(ends) - DAY))


def _spans_by_day(week: Iterable[_Span]) -> Iterator[_Span]:
    """Group the spans of a week by the day on which they begin."""
    for span in week:
        midnight = span.start // DAY * DAY
        yield span._replace(start=span.start - midnight, end=span.end - midnight)


def _next_day(entry: Filled, today: date) -> date | None:
    """Return the first day of an entry that has not passed; None where there is none in a year."""
    if entry.get("date"):
        day = day_named(ends_of(entry)[0])
        if day and day < today <= (day_named(ends_of(entry)[1]) or day):
            return today
        return day if day and day >= today else None
    ahead = (today + timedelta(days=number) for number in range(366))
    return next((day for day in ahead if holds(entry, day.isoformat())), None)


def _cover(spans: Iterable[tuple[int, int]], late: int) -> bool:
    """Check whether the spans say what is so from midnight until a minute."""
    reached = 0
    for start, end in sorted(spans):
        if start > reached:
            break
        reached = max(reached, end)
    return reached >= late


def _night_before(address: Address, place: int, exception: Filled, day: date, late: str) -> Breach:
    path = ("exceptions", place, "hours")
    if not exception["hours"]:
        return Breach(
            address,
            path,
            f"{address} ends the night before {day} at midnight, not at {late}",
            "`hours: []` is closed all day: who calls after midnight reaches no one.",
            f'add closed: ["00:00-{late}"] if that is meant, '
            f'or write hours: ["00:00-{late}"] to keep the night',
        )
    return Breach(
        address,
        path,
        f"{address} is open on {day} until {late}, by hours of the night before",
        "They run on into the exception, whose own hours do not speak of that time.",
        f'add "00:00-{late}" to its hours if that is meant, '
        f'or closed: ["00:00-{late}"] to end the night at midnight',
    )


def _night_after(address: Address, place: int, day: date, late: str) -> Breach:
    return Breach(
        address,
        ("exceptions", place, "closed"),
        f"{address} stays closed after midnight of {day}, until {late} too",
        "What is closed up to 24:00 ends the hours that run over midnight.",
        f'end it before 24:00, or write closed: ["00:00-{late}"] for the day after if it is meant',
    )


_CLOSED = re.compile(r"\b(closed|shut|closing day|not open)\b", re.IGNORECASE)


def _all_day_open(estate: Estate) -> Iterator[Breach]:
    """Yield the spans of 24 hours that are written as if they were none, or called closed."""
    for address, schedule in _schedules(estate):
        spans = chain.from_iterable((*_weeks(schedule), *(s for s, _ in _special_days(schedule))))
        for span in spans:
            if span.path[2] == "closed" or span.path[0] == "holidays":
                continue
            reason = _reason(schedule, span)
            words = f', though it is called "{reason}"' if reason else ""
            if span.text[:5] == span.text[6:]:
                words = f'{address}: "{span.text}" is open for 24 hours{words}'
            elif span.end - span.start == DAY and reason:
                words = f"{address} is open all day{words}"
            else:
                continue
            yield Breach(
                address,
                span.path,
                words,
                "Calls go where perhaps no one is, and callers do not hear that it is closed.",
                'write [] for closed all day, or "00:00-24:00" for open all day',
            )


def _reason(schedule: Filled, span: _Span) -> str:
    """Return the label or reason that calls the hours of a span closed; "" for none."""
    field, place, *_ = span.path
    called: object = schedule.get("label")
    if field == "exceptions" and isinstance(place, int):
        called = schedule["exceptions"][place].get("reason")
    return str(called) if called and _CLOSED.search(str(called)) else ""


def _unused_calendars(estate: Estate) -> Iterator[Breach]:
    used = {name for _, schedule in _schedules(estate) for name in schedule.get("calendars") or ()}
    for name in estate.of("calendar"):
        if name not in used:
            yield Breach(
                Address("calendar", name),
                (),
                f"no schedule uses calendar/{name}",
                "Its holidays close nothing: callers hear on them that it is open.",
                f"name it in the schedules that keep them: calendars: [{name}]",
            )


def _empty_calendars(estate: Estate) -> Iterator[Breach]:
    for name, calendar in estate.of("calendar").items():
        if not calendar.get("holidays"):
            yield Breach(
                Address("calendar", name),
                ("holidays",),
                f"calendar/{name} has no holidays",
                "Schedules that name it are open on every one.",
                "write its days, with ccstate holidays, or remove it",
            )


def _leap_days(estate: Estate) -> Iterator[Breach]:
    for kind in ("calendar", "schedule"):
        for name, fields in estate.of(kind).items():
            for field in ("seasons", "holidays", "exceptions"):
                for place, entry in enumerate(fields.get(field) or ()):
                    first, last = ends_of(entry)
                    if first != last and last == "02-28":
                        yield Breach(
                            Address(kind, name),
                            (field, place, "until"),
                            f"{kind}/{name} leaves out 29 February, which leap years have",
                            "On that day other hours hold than on the days before.",
                            "write 02-29: in other years it ends on the 28th",
                        )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC220",
        "hours-never-open",
        Severity.ERROR,
        "A schedule is not open at any time of the next twelve months",
        _never_open,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC221",
        "gap-in-hours",
        Severity.WARNING,
        "Hours leave a hole of a few minutes, or end at 23:59",
        _gaps,
        Reach.OBJECT,
    ),
    Rule(
        "CC222",
        "overlap-in-hours",
        Severity.WARNING,
        "Hours, exceptions or holidays overlap",
        _overlaps,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC223",
        "holidays-run-out",
        Severity.WARNING,
        "The last holiday of a schedule or calendar lies less than 60 days ahead",
        _holidays_run_out,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC224",
        "past-exception",
        Severity.WARNING,
        "An exception or season of a schedule has passed",
        _past_exceptions,
        Reach.OBJECT,
    ),
    Rule(
        "CC225",
        "night-into-special-day",
        Severity.WARNING,
        "An exception meets hours that run over midnight, and does not say what becomes of them",
        _cut_nights,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC226",
        "closed-for-24-hours-open",
        Severity.WARNING,
        "A span begins and ends at the same time, or is open all day and called closed",
        _all_day_open,
        Reach.OBJECT,
    ),
    Rule(
        "CC229",
        "calendar-unused",
        Severity.WARNING,
        "No schedule names a calendar",
        _unused_calendars,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC253",
        "calendar-empty",
        Severity.WARNING,
        "A calendar has no holidays",
        _empty_calendars,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC254",
        "leap-day-left-out",
        Severity.WARNING,
        "A run of days of every year ends on 28 February",
        _leap_days,
        Reach.OBJECT,
    ),
)
