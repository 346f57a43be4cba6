"""The distinct moments of a year: times at which schedules together say different things."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from ccstate.journeys.centre import Centre
from ccstate.journeys.hours import DAY, Holidays, Hours, Phase, Spell, Timetable
from ccstate.model import canonical

DAYS = 366
"""Twelve months ahead are looked at."""

Phases: TypeAlias = Mapping[str, Phase]
"""What each schedule says, by its name."""


class Moment(NamedTuple):
    """A time that stands for all like it, in UTC, and why it is not like others: `Labour Day`."""

    at: datetime
    occasions: tuple[str, ...]


class World(NamedTuple):
    """What schedules say together, and the distinct moments of a year when they say it."""

    phases: Phases
    moments: tuple[Moment, ...]


class Year:
    """The schedules of a centre over the twelve months from a day."""

    def __init__(self, centre: Centre, first: date) -> None:
        self.first = first
        self._centre = centre
        self._keys: dict[str, bytes | None] = {}
        self._calendars: dict[str, tuple[bytes, Holidays]] = {}
        self._timetables: dict[bytes, Timetable] = {}
        self._days: dict[bytes | None, list[tuple[Spell, ...]]] = {}
        self._worlds: dict[tuple[str, ...], tuple[World, ...]] = {}

    def timetable(self, name: str) -> Timetable | None:
        """The schedule of that name; None where there is none."""
        key = self._key(name)
        if key is None:
            return None
        if key not in self._timetables:
            schedule = self._centre.of("schedule")[name]
            calendars = [self._calendar(c)[1] for c in schedule.get("calendars") or ()]
            self._timetables[key] = Timetable(schedule, calendars)
        return self._timetables[key]

    def _key(self, name: str) -> bytes | None:
        """The hours themselves, for many schedules keep the same; None where there is none."""
        if name not in self._keys:
            schedule = self._centre.of("schedule").get(name)
            told = schedule and {field: schedule.get(field) for field in _TELLING}
            calendars = schedule.get("calendars") or () if schedule else ()
            keys = b"".join(self._calendar(calendar)[0] for calendar in calendars)
            self._keys[name] = None if told is None else canonical(told) + keys
        return self._keys[name]

    def _calendar(self, name: str) -> tuple[bytes, Holidays]:
        """The digest of a calendar, and its holidays; none where there is none of that name."""
        if name not in self._calendars:
            entries = self._centre.of("calendar").get(name, {}).get("holidays") or ()
            told = sha256(canonical(list(entries))).digest()
            self._calendars[name] = told, Holidays(entries)
        return self._calendars[name]

    def phases(self, schedules: Collection[str], at: datetime) -> Phases:
        """What each of the schedules says at a moment; one that is not there is open."""
        found = {name: self.timetable(name) for name in schedules}
        return {n: table.at(at).phase if table else Phase.OPEN for n, table in found.items()}

    def phases_of(self, name: str) -> frozenset[Phase]:
        """Everything that a schedule says at some time of the year."""
        return frozenset(spell.hours.phase for day in self._of(name) for spell in day)

    def worlds(self, schedules: Collection[str]) -> tuple[World, ...]:
        """Every combination of what the schedules say at some time of the year, in order of time."""
        names = tuple(sorted(schedules))
        if names not in self._worlds:
            self._worlds[names] = tuple(self._combined(names))
        return self._worlds[names]

    def _combined(self, names: tuple[str, ...]) -> Iterator[World]:
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        kinds: dict[tuple[tuple[Spell, ...], ...], int] = {}
        for number, day in enumerate(zip(*map(self._of, names), strict=True)):
            kinds.setdefault(day, number)
        if not names:
            kinds[()] = 0
        seen: dict[tuple[Hours, ...], Moment] = {}
        for day, number in kinds.items():
            for start, end, hours in _together(day):
                if hours not in seen:
                    at = begin + timedelta(days=number, minutes=_middle(start, end))
                    occasions = dict.fromkeys(h.occasion for h in hours if h.occasion)
                    seen[hours] = Moment(at, tuple(occasions))
        by_phase: dict[tuple[Phase, ...], list[Moment]] = {}
        for hours, moment in seen.items():
            by_phase.setdefault(tuple(h.phase for h in hours), []).append(moment)
        for phases, moments in by_phase.items():
            yield World(dict(zip(names, phases, strict=True)), tuple(sorted(moments)))

    def _of(self, name: str) -> list[tuple[Spell, ...]]:
        key = self._key(name)
        if key not in self._days:
            table = self.timetable(name)
            always: list[tuple[Spell, ...]] = [(Spell(0, Hours(Phase.OPEN)),)] * DAYS
            self._days[key] = table.days(self.first, DAYS) if table else always
        return self._days[key]


_TELLING = ("timezone", "weekly", "seasons", "holidays", "exceptions")
"""The fields of a schedule that say its hours, beside its calendars."""


def _together(
    day: tuple[tuple[Spell, ...], ...],
) -> Iterator[tuple[int, int, tuple[Hours, ...]]]:
    """The stretches of a day in which nothing changes, and what each schedule says in them."""
    edges = sorted({spell.minute for spells in day for spell in spells} | {0, DAY})
    at = [0] * len(day)
    for start, end in pairwise(edges):
        for index, spells in enumerate(day):
            while at[index] + 1 < len(spells) and spells[at[index] + 1].minute <= start:
                at[index] += 1
        yield start, end, tuple(spells[at[i]].hours for i, spells in enumerate(day))


def _middle(start: int, end: int) -> int:
    """A minute well inside a stretch, on the quarter of an hour where there is one."""
    middle = (start + end) // 2
    quarter = middle - middle % 15
    return quarter if quarter >= start else start
