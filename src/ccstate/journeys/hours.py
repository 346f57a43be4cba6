"""Opening hours as a clock on the wall reads them: open, closed or holiday, and since when.

Exceptions win over holidays, holidays over weekly hours. A span such as `22:00-06:00` runs over
midnight and stays open on the day after, whatever that day is. All is meant by the local clock:
in the hour that comes twice when clocks go back, 02:30 is 02:30 both times.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ccstate.journeys.centre import Filled

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
"""Minutes of a day."""

_Spans: TypeAlias = tuple[tuple[int, int], ...]


class Phase(StrEnum):
    """What a schedule says at a moment."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


class Hours(NamedTuple):
    """The phase, and the occasion where the day is not like others: `Christmas Day`."""

    phase: Phase
    occasion: str = ""


class Spell(NamedTuple):
    """Hours that hold from a minute of a day in UTC until the next spell begins."""

    minute: int
    hours: Hours


class _Day(NamedTuple):
    """What one local day is like: its spans, in minutes, and why they are so."""

    spans: _Spans
    is_holiday: bool = False
    occasion: str = ""


class Calendar:
    """One schedule, looked up by moments."""

    def __init__(self, schedule: Filled) -> None:
        self.zone = zone_named(schedule["timezone"])
        weekly = schedule.get("weekly") or {}
        self._week = tuple(_Day(_spans(weekly.get(day) or ())) for day in WEEKDAYS)
        self._schedule = schedule
        self._pieces = cache(_pieces)

    @cached_property
    def _special(self) -> Mapping[date, _Day]:
        days: dict[date, _Day] = {}
        for holiday in self._schedule.get("holidays") or ():
            first, last = (
                _existing(holiday["date"]),
                _existing(holiday.get("until") or holiday["date"]),
            )
            if not first or not last:
                continue
            for offset in range(min((last - first).days + 1, MOST_DAYS)):
                day = first + timedelta(days=offset)
                days.setdefault(day, _Day((), is_holiday=True, occasion=holiday["name"]))
        for exception in self._schedule.get("exceptions") or ():
            if not (special := _existing(exception["date"])):
                continue
            why = exception.get("reason") or "special hours"
            days[special] = _Day(_spans(exception["hours"]), occasion=why)
        return days

    def _day(self, day: date) -> _Day:
        return self._special.get(day) or self._week[day.weekday()]

    def at(self, moment: datetime) -> Hours:
        """What the schedule says at a moment, which must know its offset from UTC."""
        # By way of UTC: a moment that clocks leave out is the one that they show an hour later.
        local = moment.astimezone(UTC).astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        found = CLOSED
        for start, hours in self._local(local.date()):
            if start > minute:
                break
            found = hours
        return found

    def _local(self, day: date) -> tuple[Spell, ...]:
        before = self._day(day - timedelta(days=1))
        return self._pieces(before.spans, self._day(day))

    def ordinary(self) -> tuple[tuple[Spell, ...], ...]:
        """The spells of each weekday, Monday first, by the local clock, far from special days."""
        return tuple(
            self._pieces(self._week[number - 1].spans, self._week[number]) for number in range(7)
        )

    def special(self) -> Mapping[date, tuple[Spell, ...]]:
        """The spells, by the local clock, of days unlike others, and of those after them."""
        after = {day + timedelta(days=1) for day in self._special}
        return {day: self._local(day) for day in sorted({*self._special, *after})}

    def days(self, first: date, count: int) -> list[tuple[Spell, ...]]:
        """The spells of so many days in UTC; days that are alike are equal."""
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
        found: list[list[Spell]] = [[] for _ in range(count)]
        for minute, hours in self._spells(first, count):
            day, start = divmod(minute, DAY)
            if 0 <= day < count:
                found[day].append(Spell(start, hours))
        last = self.at(begin)
        for spells in found:
            if not spells or spells[0].minute:
                spells.insert(0, Spell(0, last))
            last = spells[-1].hours
        return [tuple(spells) for spells in found]

    def _spells(self, first: date, count: int) -> Iterator[tuple[int, Hours]]:
        """Minutes in UTC since the first day, and what begins there, in order."""
        origin = datetime(first.year, first.month, first.day, tzinfo=UTC)
        last: Hours | None = None
        before = self._day(first - timedelta(days=2)).spans
        for (day, midnight), (_, following) in pairwise(_midnights(self.zone, first, count + 3)):
            today = self._day(day)
            if following - midnight == DAY:
                spells: Iterable[tuple[int, Hours]] = self._pieces(before, today)
                start = midnight
            else:
                spells, start = self._changing(day, midnight, following, origin), 0
            before = today.spans
            for minute, hours in spells:
                if hours != last:
                    yield start + minute, hours
                    last = hours

    def _changing(
        self, day: date, midnight: int, following: int, origin: datetime
    ) -> Iterator[tuple[int, Hours]]:
        """A day on which the clocks change; the hour after the change is an occasion."""
        # Some clocks change at midnight: what was before is the minute before it.
        low, high = midnight - 1, following
        before = self._offset(low, origin)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle, origin) == before:
                low = middle
            else:
                high = middle
        change = high
        word = "clocks go forward" if following - midnight < DAY else "clocks go back"
        local = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        edges = {midnight, change, change + 60}
        for minute, _ in self._local(day):
            for fold in (0, 1):
                clock = (local + timedelta(minutes=minute)).replace(fold=fold)
                edges.add(int((clock - origin).total_seconds()) // 60)
        for edge in sorted(edges):
            if midnight <= edge < following:
                hours = self.at(origin + timedelta(minutes=edge))
                if change <= edge < change + 60 and not hours.occasion:
                    hours = Hours(hours.phase, word)
                yield edge, hours

    def _offset(self, minute: int, origin: datetime) -> timedelta | None:
        return (origin + timedelta(minutes=minute)).astimezone(self.zone).utcoffset()


MOST_DAYS = 1_000
"""Of one holiday that are looked at: nobody closes for three years and calls it a holiday."""

CLOSED = Hours(Phase.CLOSED)


# A desired state has only days and timezones that exist; a platform may hold others, or know a
# timezone that is newer than this machine's.
@cache
def zone_named(name: str) -> ZoneInfo:
    """The timezone of that name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _existing(text: str) -> date | None:
    """The day; None where there is none of that date, such as 30 February."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cache
def _midnights(zone: ZoneInfo, first: date, count: int) -> tuple[tuple[date, int], ...]:
    """So many days from the one before `first`, each with the minute in UTC at which it begins."""
    origin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(-1, count - 1)]
    starts = (datetime(day.year, day.month, day.day, tzinfo=zone) - origin for day in days)
    minutes = (int(start.total_seconds()) // 60 for start in starts)
    return tuple(zip(days, minutes, strict=True))


def _pieces(before: _Spans, day: _Day) -> tuple[Spell, ...]:
    """The spells of a local day, from what runs on from the day before and its own hours."""
    late = [end for start, end in before if end <= start]
    edges = {0, *late, *(edge for span in day.spans for edge in span)}
    spells: list[Spell] = []
    for minute in sorted(edge for edge in edges if edge < DAY):
        is_open = any(
            start <= minute and (minute < end or end <= start) for start, end in day.spans
        ) or any(minute < end for end in late)
        rest = Phase.HOLIDAY if day.is_holiday else Phase.CLOSED
        hours = Hours(Phase.OPEN if is_open else rest, day.occasion)
        if not spells or spells[-1].hours != hours:
            spells.append(Spell(minute, hours))
    return tuple(spells)


def _spans(texts: "tuple[str, ...] | list[str]") -> _Spans:
    return tuple(minutes_of(text) for text in texts)


def minutes_of(span: str) -> tuple[int, int]:
    """Start and end of `22:00-06:00` in minutes of the day, as they are written."""
    return _minute(span[:5]), _minute(span[6:])


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
