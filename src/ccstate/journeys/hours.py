"""Opening hours by the clock of their timezone: open, closed or holiday, and since when.

Exceptions win over holidays, holidays over weekly hours, those of a season over those of the
schedule. A span such as `22:00-06:00` belongs to the day on which it begins, and stays open on the
day after, unless that is closed all day. A part of a day that is holiday or closed takes away
what would be open; where it reaches midnight, hours that run over it end there. All is meant by
the local clock: in the hour that comes twice when clocks go back, 02:30 is 02:30 both times.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import accumulate, chain, pairwise
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ccstate.journeys.centre import Filled

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
"""Minutes of a day."""

_Spans: TypeAlias = tuple[tuple[int, int], ...]


class Phase(StrEnum):
    """The phase of a schedule at a moment."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


class Position(StrEnum):
    """The position of a switch."""

    ON = "on"
    OFF = "off"


class Hours(NamedTuple):
    """The phase, and the occasion where the day is not like others: `Christmas Day`."""

    phase: Phase
    occasion: str = ""


class Spell(NamedTuple):
    """Hours that hold from a minute of a day in UTC until the next spell begins."""

    minute: int
    hours: Hours


class Part(NamedTuple):
    """A part of a local day, in minutes, and the occasion."""

    start: int
    end: int
    occasion: str


class LocalDay(NamedTuple):
    """One local day: the spans that begin on it, in minutes, and the closings of it.

    `is_shut`: closed all day, so that hours of the night before end at midnight.
    """

    spans: _Spans
    rest: Phase = Phase.CLOSED
    occasion: str = ""
    parts: tuple[Part, ...] = ()
    closings: tuple[Part, ...] = ()
    is_shut: bool = False

    @property
    def late(self) -> tuple[int, ...]:
        """The minutes of the day after at which its spans end."""
        if any(part.end >= DAY for part in (*self.parts, *self.closings)):
            return ()
        return tuple(end - DAY for _, end in self.spans if end > DAY)


class Entries:
    """Entries of one list of a schedule or calendar, found by the days that they hold."""

    def __init__(self, entries: Iterable[Filled]) -> None:
        self.dates: dict[str, list[Filled]] = {}
        """Entries of one day, by that day: `2026-12-25`."""
        self.runs: list[Filled] = []
        """Entries of several days, in one year or more."""
        self.year_days: dict[str, list[Filled]] = {}
        """Entries of one day of every year, by that day: `12-25`."""
        self.yearly_runs: list[Filled] = []
        """Entries of several days of every year."""
        for entry in entries:
            first, last = ends_of(entry)
            is_dated = entry.get("date") is not None
            if first == last:
                by_day = self.dates if is_dated else self.year_days
                by_day.setdefault(first, []).append(entry)
            else:
                (self.runs if is_dated else self.yearly_runs).append(entry)

        self._dated_runs = _Runs(self.runs)
        self._yearly_runs = _Runs(self.yearly_runs)
        self.is_empty = not (self.dates or self.runs or self.year_days or self.yearly_runs)

    def on(self, day: date) -> list[Filled]:
        """List the entries that hold a day, the most precise first.

        Those of single years come before those of every year, days before runs of days.
        """
        if self.is_empty:  # as most lists are, and every day of a year is asked for
            return []
        text = day.isoformat()
        return [
            *self.dates.get(text, ()),
            *self._dated_runs.on(text),
            *self.year_days.get(text[5:], ()),
            *self._yearly_runs.on(text[5:]),
        ]

    def without_dates(self) -> Iterator[Filled]:
        """Yield the entries that are not about one date alone, the most precise first."""
        yield from self.runs
        yield from chain.from_iterable(self.year_days.values())
        yield from self.yearly_runs


class _Runs:
    """Runs of days, found without looking at those that end before the day, or begin after it."""

    def __init__(self, entries: Sequence[Filled]) -> None:
        spans = [
            (first, last, place)
            for place, entry in enumerate(entries)
            for first, last in _without_new_year(*ends_of(entry))
        ]
        self._entries = entries
        self._spans = sorted(spans)
        self._firsts = [first for first, _, _ in self._spans]
        self._reach = list(accumulate((last for _, last, _ in self._spans), max))
        """The latest last day of the spans up to each."""

    def on(self, day: str) -> list[Filled]:
        """List the runs that hold a day, in their own order."""
        if not self._spans:
            return []
        found: list[int] = []
        place = bisect_right(self._firsts, day)
        while place and self._reach[place - 1] >= day:
            place -= 1
            if self._spans[place][1] >= day:
                found.append(self._spans[place][2])
        return [self._entries[number] for number in sorted(found)]


def _without_new_year(first: str, last: str) -> list[tuple[str, str]]:
    """Split a run of every year that reaches over New Year in two."""
    if last < first and len(first) == len("12-25"):
        return [(first, "12-31"), ("01-01", last)]
    return [(first, last)]


def ends_of(entry: Filled) -> tuple[str, str]:
    """Return the first and the last day of an entry: dates, or days of every year."""
    first = entry.get("date") or entry.get("every") or ""
    return first, entry.get("until") or first


def holds(entry: Filled, day: str) -> bool:
    """Check whether an entry is about a day such as `2026-12-25`."""
    first, last = ends_of(entry)
    if entry.get("date") is not None:
        return first <= day <= last
    day = day[5:]
    return first <= day <= last if first <= last else day >= first or day <= last


class Holidays:
    """The holidays of one calendar, or of one schedule alone."""

    def __init__(self, entries: Iterable[Filled]) -> None:
        self.entries = Entries(entries)
        self._known: dict[date, tuple[str | None, tuple[Part, ...]]] = {}

    def on(self, day: date) -> tuple[str | None, tuple[Part, ...]]:
        """Return the name of the holiday that takes the whole day, if any, and the day's parts."""
        if day not in self._known:
            found = self.entries.on(day)
            whole = next((entry["name"] for entry in found if entry.get("hours") is None), None)
            self._known[day] = whole, _parts(found, "hours", "name")
        return self._known[day]


def _parts(entries: Iterable[Filled], field: str, why: str) -> tuple[Part, ...]:
    found = (
        Part(start, min(end, DAY), entry.get(why) or SPECIAL)
        for entry in entries
        for start, end in spans_of(entry.get(field) or ())
    )
    return tuple(found)


SPECIAL = "special hours"
"""The occasion of an exception that gives no reason."""


class Timetable:
    """One schedule, with the holidays of its calendars, looked up by moments."""

    def __init__(self, schedule: Filled, calendars: Sequence[Holidays] = ()) -> None:
        self.zone = zone_named(schedule["timezone"])
        self._week = _week(schedule.get("weekly"))
        self._seasons = Entries(schedule.get("seasons") or ())
        self._weeks: dict[int, tuple[LocalDay, ...]] = {}
        known = (Holidays(schedule.get("holidays") or ()), *calendars)
        self._holidays = tuple(holidays for holidays in known if not holidays.entries.is_empty)
        exceptions = schedule.get("exceptions") or ()
        self._exceptions = Entries(e for e in exceptions if e.get("hours") is not None)
        self._closings = Entries(e for e in exceptions if e.get("closed"))
        self._days: dict[date, LocalDay] = {}
        self._local_days: dict[date, tuple[Spell, ...]] = {}
        self._pieces = cache(_pieces)

    def local_day(self, day: date) -> LocalDay:
        """Describe a local day, whatever runs on into it from the day before."""
        if day not in self._days:
            found = self._special(day) or self._ordinary(day)
            if closings := _parts(self._closings.on(day), "closed", "reason"):
                found = found._replace(closings=closings)
            self._days[day] = found
        return self._days[day]

    def _special(self, day: date) -> LocalDay | None:
        """Describe the day that an exception or holiday makes.

        None for an ordinary day of its week.
        """
        for exception in self._exceptions.on(day):
            spans = spans_of(exception["hours"])
            return LocalDay(spans, occasion=exception.get("reason") or SPECIAL, is_shut=not spans)
        found = [holidays.on(day) for holidays in self._holidays]
        for name, _ in found:
            if name is not None:
                return LocalDay((), Phase.HOLIDAY, name)
        parts = tuple(chain.from_iterable(parts for _, parts in found))
        return self._ordinary(day)._replace(parts=parts) if parts else None

    def _ordinary(self, day: date) -> LocalDay:
        for season in self._seasons.on(day):
            if id(season) not in self._weeks:
                self._weeks[id(season)] = _week(season["weekly"])
            return self._weeks[id(season)][day.weekday()]
        return self._week[day.weekday()]

    def at(self, moment: datetime) -> Hours:
        """Return what the schedule says at a moment, which must know its offset from UTC."""
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
        if day not in self._local_days:
            before = self.local_day(day - timedelta(days=1)).late if day > date.min else ()
            self._local_days[day] = self._pieces(before, self.local_day(day))
        return self._local_days[day]

    def days(self, first: date, count: int) -> list[tuple[Spell, ...]]:
        """Return the spells of so many days in UTC; days that are alike are equal."""
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
        """Yield minutes in UTC since the first day, and what begins there, in order."""
        origin = datetime(first.year, first.month, first.day, tzinfo=UTC)
        last: Hours | None = None
        before = self.local_day(first - timedelta(days=2)).late
        for (day, midnight), (_, following) in pairwise(_midnights(self.zone, first, count + 3)):
            today = self.local_day(day)
            if following - midnight == DAY:
                spells: Iterable[tuple[int, Hours]] = self._pieces(before, today)
                start = midnight
            else:
                spells, start = self._changing(day, midnight, following, origin), 0
            before = today.late
            for minute, hours in spells:
                if hours != last:
                    yield start + minute, hours
                    last = hours

    def _changing(
        self, day: date, midnight: int, following: int, origin: datetime
    ) -> Iterator[tuple[int, Hours]]:
        """Yield the spells of a day whose clocks change; the hour after that is an occasion."""
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


CLOSED = Hours(Phase.CLOSED)


# A desired state has only days and timezones that exist; a platform may hold others, or know a
# timezone that is newer than this machine's.
@cache
def zone_named(name: str) -> ZoneInfo:
    """Return the timezone of that name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def day_named(text: str) -> date | None:
    """Parse a day such as `2026-12-25`; None where there is none, such as 30 February."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cache
def _midnights(zone: ZoneInfo, first: date, count: int) -> tuple[tuple[date, int], ...]:
    """List so many days from the one before `first`, each with its first minute in UTC."""
    origin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    days = [first + timedelta(days=number) for number in range(-1, count - 1)]
    starts = (datetime(day.year, day.month, day.day, tzinfo=zone) - origin for day in days)
    minutes = (int(start.total_seconds()) // 60 for start in starts)
    return tuple(zip(days, minutes, strict=True))


def _pieces(late: tuple[int, ...], day: LocalDay) -> tuple[Spell, ...]:
    """List the spells of a local day, from what runs on from the day before and its own hours."""
    if day.is_shut:
        late = ()
    taken = (*day.parts, *day.closings)
    edges = {0, *late, *chain.from_iterable(day.spans), *chain.from_iterable(p[:2] for p in taken)}
    spells: list[Spell] = []
    for minute in sorted(edge for edge in edges if edge < DAY):
        hours = _hours_at(minute, late, day)
        if not spells or spells[-1].hours != hours:
            spells.append(Spell(minute, hours))
    return tuple(spells)


def _hours_at(minute: int, late: tuple[int, ...], day: LocalDay) -> Hours:
    for start, end, name in day.parts:
        if start <= minute < end:
            return Hours(Phase.HOLIDAY, name)
    is_open = any(start <= minute < end for start, end in day.spans)
    if not is_open and not any(minute < end for end in late):
        return Hours(day.rest, day.occasion)
    for start, end, reason in day.closings:
        if start <= minute < end:
            return Hours(Phase.CLOSED, reason)
    return Hours(Phase.OPEN, day.occasion)


def _week(weekly: Mapping[str, Sequence[str]] | None) -> tuple[LocalDay, ...]:
    return tuple(LocalDay(spans_of((weekly or {}).get(day) or ())) for day in WEEKDAYS)


def spans_of(texts: Iterable[str]) -> _Spans:
    """Convert spans to minutes of the day on which they begin; an end may be of the day after."""
    spans = map(minutes_of, texts)
    return tuple((start, end if end > start else end + DAY) for start, end in spans)


def minutes_of(span: str) -> tuple[int, int]:
    """Convert `22:00-06:00` to its start and end in minutes of the day, as they are written."""
    return _minute(span[:5]), _minute(span[6:])


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
