"""When a policy allows changes: its windows and freezes as spans of time, over changes of clocks.

A moment lies in a period where the clock on the wall there shows a day and time of it: in the hour
that comes twice it may do so twice, and in the hour that is left out never.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import reduce
from typing import TypeAlias
from zoneinfo import ZoneInfo

from ccstate.almanac import read_periods
from ccstate.desired.policy import Period

Span: TypeAlias = tuple[datetime, datetime]
"""From the first moment to the one after the last, in UTC."""
AHEAD = timedelta(days=400)
"""How far ahead is looked for the next moment that is allowed."""
_DAY = timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PLACES = ("first", "second", "third", "fourth", "last")


def spans(period: Period, timezone: str, calendars: Mapping[str, bytes], whole: Span) -> list[Span]:
    """List the spans of a period that lie within a whole one, in order."""
    zone = ZoneInfo(period.timezone or timezone)
    if period.calendar is not None:
        data = calendars[period.calendar]
        found = read_periods(data, period.calendar, zone, whole[0], whole[1])
    elif period.start is not None and period.end is not None:
        start, end = map(datetime.fromisoformat, (period.start, period.end))
        found = _between(start, end, zone)
    else:
        first, last = (moment.astimezone(zone).date() for moment in whole)
        # The hours of the day before run over midnight.
        days = _days(period, first - _DAY, last)
        local = _joined(span for day in days for span in _hours(period, day))
        found = [span for start, end in local for span in _between(start, end, zone)]
    return intersection(union(found), [whole])


def _days(period: Period, first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        if _is_day(period, day):
            yield day
        day += _DAY


def _is_day(period: Period, day: date) -> bool:
    if period.date is not None:
        first = date.fromisoformat(period.date)
        if not first <= day <= date.fromisoformat(period.until or period.date):
            return False
    if period.every is not None:
        first_day, last_day, here = period.every, period.until or period.every, f"{day:%m-%d}"
        within = first_day <= here <= last_day
        over_new_year = last_day < first_day and not last_day < here < first_day
        if not (within or over_new_year):
            return False
    if period.weekdays is not None and WEEKDAYS[day.weekday()] not in period.weekdays:
        return False
    return period.nth is None or bool(_places(day).intersection(period.nth))


def _places(day: date) -> set[str]:
    """Say which of its weekdays in the month a day is."""
    place = (day.day - 1) // 7
    named = {PLACES[place]} if place < 4 else set()
    return named | {"last"} if (day + 7 * _DAY).month != day.month else named


def _hours(period: Period, day: date) -> Iterator[Span]:
    """List the hours of a day by the clock there, without a timezone."""
    start = datetime.combine(day, time())
    for text in period.hours or ("00:00-24:00",):
        first, last = (
            timedelta(hours=int(part[:2]), minutes=int(part[3:])) for part in text.split("-")
        )
        yield start + first, start + (last if last > first else last + _DAY)


def _between(start: datetime, end: datetime, zone: tzinfo) -> list[Span]:
    """List when the clock there shows a time from one on and before another."""
    return subtraction(_since(start, zone), _since(end, zone))


_FAR = datetime(9999, 1, 1, tzinfo=UTC)


def _since(clock: datetime, zone: tzinfo) -> list[Span]:
    """List when the clock there shows a time or a later one."""
    once, again = (_utc(clock.replace(fold=fold), zone) for fold in (0, 1))
    if once == again:
        return [(once, _FAR)]
    turned = _turn(min(once, again), max(once, again), zone)
    if once > again:  # a time that is left out: the clock goes past it as it is turned
        return [(turned, _FAR)]
    return [(once, turned), (again, _FAR)]


def _utc(clock: datetime, zone: tzinfo) -> datetime:
    return clock.replace(tzinfo=zone).astimezone(UTC)


def _turn(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Find the moment, to the second, from which the clock there has another offset."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def union(found: Iterable[Span]) -> list[Span]:
    """Join spans that meet or overlap; in order."""
    return _joined(sorted(found))


def _joined(ordered: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in ordered:
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def subtraction(these: Sequence[Span], those: Iterable[Span]) -> list[Span]:
    """Take out of disjoint spans what lies in others."""
    left = list(these)
    for start, end in those:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, start)), (max(first, end), last))
            if part[0] < part[1]
        ]
    return left


def intersection(these: Sequence[Span], those: Sequence[Span]) -> list[Span]:
    """Keep what lies in spans of both lists."""
    return union(
        (max(a, c), min(b, d)) for a, b in these for c, d in those if max(a, c) < min(b, d)
    )


def all_of(lists: Iterable[Sequence[Span]], whole: Span) -> list[Span]:
    """Keep what lies in spans of every list; all of the whole where there is no list."""
    return reduce(intersection, lists, [whole])
