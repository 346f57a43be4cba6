"""The distinct moments of a year, at which schedules, switches and caller lists together say
different things, and the callers that lists tell apart.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import chain, combinations, pairwise
from typing import NamedTuple, TypeAlias

from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.hours import DAY, Holidays, Hours, Phase, Position, Spell, Timetable
from ccstate.journeys.ways import CALLERS, SWITCH, Listed, Says
from ccstate.model import canonical

DAYS = 366
"""Twelve months ahead are looked at."""

Phases: TypeAlias = Mapping[str, Says]
"""What each schedule says, by its name, each switch, `switch/night`, and lists, `callers/vip`."""
Positions: TypeAlias = Mapping[str, Position]
"""The position of each switch by its name; those left out are in their default position."""
MOST_SWITCHES = 6
"""Switches of which every combination is walked; of more, each one alone, none and all."""


class Moment(NamedTuple):
    """A time that stands for all like it, in UTC, and why it is not like others: `Labour Day`.

    `switches` has those that are not in their default position: `night on`. `caller` is the number
    of a caller whom a list holds, or `withheld`; "" for any other caller.
    """

    at: datetime
    occasions: tuple[str, ...]
    switches: tuple[str, ...] = ()
    caller: str = ""

    @property
    def is_ordinary(self) -> bool:
        """Whether it is no special day, no switch has been turned, and no list holds the caller."""
        return not self.occasions and not self.switches and not self.caller

    @property
    def circumstances(self) -> tuple[str, ...]:
        """What is not ordinary, in words: `Labour Day`, `switch night on`, `caller withheld`."""
        turned = (f"switch {switch}" for switch in self.switches)
        return (*self.occasions, *turned, *([f"caller {self.caller}"] if self.caller else ()))


class ScheduleState(NamedTuple):
    """The answers of schedules, switches and caller lists together, and the moments of each."""

    phases: Phases
    moments: tuple[Moment, ...]


class Year:
    """The schedules and switches of a centre over the twelve months from a day."""

    def __init__(self, centre: Centre, first: date) -> None:
        self.first = first
        self._centre = centre
        self._keys: dict[str, bytes | None] = {}
        self._calendars: dict[str, tuple[bytes, Holidays]] = {}
        self._timetables: dict[bytes, Timetable] = {}
        self._days: dict[bytes | None, list[tuple[Spell, ...]]] = {}
        self._together: dict[
            tuple[bytes | None, ...], list[tuple[tuple[Phase, ...], tuple[Moment, ...]]]
        ] = {}
        self._worlds: dict[tuple[str, ...], tuple[ScheduleState, ...]] = {}

    def timetable(self, name: str) -> Timetable | None:
        """Return the timetable of the schedule of that name; None where there is none."""
        key = self._key(name)
        if key is None:
            return None
        if key not in self._timetables:
            schedule = self._centre.of("schedule")[name]
            calendars = [self._calendar(c)[1] for c in schedule.get("calendars") or ()]
            self._timetables[key] = Timetable(schedule, calendars)
        return self._timetables[key]

    def _key(self, name: str) -> bytes | None:
        """Return the hours themselves, for many schedules keep the same.

        None where there are none.
        """
        if name not in self._keys:
            schedule = self._centre.of("schedule").get(name)
            fields = schedule and {field: schedule.get(field) for field in _HOURS_FIELDS}
            calendars = schedule.get("calendars") or () if schedule else ()
            keys = b"".join(self._calendar(calendar)[0] for calendar in calendars)
            self._keys[name] = None if fields is None else canonical(fields) + keys
        return self._keys[name]

    def _calendar(self, name: str) -> tuple[bytes, Holidays]:
        """Return the digest of a calendar, and its holidays.

        None where there is none of that name.
        """
        if name not in self._calendars:
            entries = self._centre.of("calendar").get(name, {}).get("holidays") or ()
            fields = sha256(canonical(list(entries))).digest()
            self._calendars[name] = fields, Holidays(entries)
        return self._calendars[name]

    def phases(
        self,
        names: Collection[str],
        at: datetime,
        positions: Positions | None = None,
        caller: str = "",
    ) -> Phases:
        """Return what each of these schedules, switches and lists says at a moment to this caller.

        Switches are in these positions. `caller` is a number in international form, or `withheld`.
        """
        found = {name: self.answer(name, at, positions or {}, caller) for name in names}
        return {
            n: answer.phase if isinstance(answer, Hours) else answer for n, answer in found.items()
        }

    def says_at(
        self, name: str, moments: Sequence[datetime], positions: Positions
    ) -> Sequence[Says]:
        """Return what a schedule or switch says at each of these moments."""
        closing = "" if name.startswith(SWITCH) else self._closing(name)
        is_closed = bool(closing) and self._position(closing, positions) is Position.ON
        table = None if is_closed or name.startswith(SWITCH) else self.timetable(name)
        if table:
            return [table.at(moment).phase for moment in moments]
        return [self.phases((name,), at, positions)[name] for at in moments[:1]] * len(moments)

    def answer(
        self, name: str, at: datetime, positions: Positions, caller: str = ""
    ) -> Hours | Position | Listed:
        """Return a schedule's hours at a moment, a switch's position, or what lists say."""
        if name.startswith(CALLERS):
            asked = _lists_in(name)
            return _first_list(asked, lists_of(self._centre, caller, asked))
        if name.startswith(SWITCH):
            return self._position(name, positions)
        closing = self._closing(name)
        if closing and self._position(closing, positions) is Position.ON:
            return Hours(Phase.CLOSED, f"{closing.replace('/', ' ')} is on")
        table = self.timetable(name)
        return table.at(at) if table else Hours(Phase.OPEN)

    def _position(self, switch: str, positions: Positions) -> Position:
        name = switch.removeprefix(SWITCH)
        return positions.get(name) or self.default_position(name)

    def default_position(self, name: str) -> Position:
        """Return the position of a switch that was not turned.

        Off where there is no such switch.
        """
        return Position(self._centre.of("switch").get(name, {}).get("default") or Position.OFF)

    def _closing(self, schedule: str) -> str:
        """Name the switch that closes a schedule; "" where none does."""
        name = self._centre.of("schedule").get(schedule, {}).get("closed_by")
        return SWITCH + name if name else ""

    def phases_of(self, name: str) -> frozenset[Phase]:
        """Return everything that a schedule says in the year, in any position of switches."""
        found = frozenset(spell.hours.phase for day in self._of(name) for spell in day)
        return found | {Phase.CLOSED} if self._closing(name) else found

    def states(self, schedules: Collection[str]) -> tuple[ScheduleState, ...]:
        """Return every schedule state of the year: what schedules, switches and lists say together.

        In order of time; those in which no list holds the caller and every switch is in its default
        position come first.
        """
        names = tuple(sorted(schedules))
        if names not in self._worlds:
            self._worlds[names] = tuple(self._called(names))
        return self._worlds[names]

    def _called(self, names: tuple[str, ...]) -> Iterator[ScheduleState]:
        asked = {name: _lists_in(name) for name in names if name.startswith(CALLERS)}
        if not asked:
            yield from self._switched(names)
            return
        others = self.states([name for name in names if name not in asked])
        seen: set[tuple[Listed, ...]] = set()
        for number, held in callers(self._centre, sorted(set(chain(*asked.values())))):
            answers_by_list = {name: _first_list(lists, held) for name, lists in asked.items()}
            if (answers := tuple(answers_by_list.values())) not in seen:
                seen.add(answers)
                for phases, moments in others:
                    found = tuple(moment._replace(caller=number) for moment in moments)
                    yield ScheduleState({**phases, **answers_by_list}, found)

    def _switched(self, names: tuple[str, ...]) -> Iterator[ScheduleState]:
        hours = tuple(name for name in names if not name.startswith(SWITCH))
        closing = {name: switch for name in hours if (switch := self._closing(name))}
        switches = sorted({*names, *closing.values()} - set(hours))
        known = self._centre.of("switch")
        there = [switch for switch in switches if switch.removeprefix(SWITCH) in known]
        for turned in _switch_positions(there):
            said: dict[str, Says] = {}
            for switch in switches:
                default = self._position(switch, {})
                said[switch] = _OTHER[default] if switch in turned else default
            words = tuple(f"{s.removeprefix(SWITCH)} {said[s]}" for s in turned)
            closed = {n: Phase.CLOSED for n, by in closing.items() if said[by] is Position.ON}
            for phases, moments in self._combined(tuple(n for n in hours if n not in closed)):
                found = tuple(moment._replace(switches=words) for moment in moments)
                yield ScheduleState({**phases, **closed, **said}, found)

    def _combined(self, names: tuple[str, ...]) -> Iterator[ScheduleState]:
        keys = tuple(map(self._key, names))  # for many schedules keep the same hours
        if keys not in self._together:
            self._together[keys] = list(self._moments([self._of(name) for name in names]))
        for phases, moments in self._together[keys]:
            yield ScheduleState(dict(zip(names, phases, strict=True)), moments)

    def _moments(
        self, year: Sequence[Sequence[tuple[Spell, ...]]]
    ) -> Iterator[tuple[tuple[Phase, ...], tuple[Moment, ...]]]:
        """Yield what several schedules say together in the year, and the moments at which they do."""
        begin = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        kinds: dict[tuple[tuple[Spell, ...], ...], int] = {}
        for number, day in enumerate(zip(*year, strict=True)):
            kinds.setdefault(day, number)
        if not year:
            kinds[()] = 0
        seen: dict[tuple[Hours, ...], Moment] = {}
        for day, number in kinds.items():
            for start, end, hours in _stretches(day):
                if hours not in seen:
                    at = begin + timedelta(days=number, minutes=_middle(start, end))
                    occasions = dict.fromkeys(h.occasion for h in hours if h.occasion)
                    seen[hours] = Moment(at, tuple(occasions))
        by_phase: dict[tuple[Phase, ...], list[Moment]] = {}
        for hours, moment in seen.items():
            by_phase.setdefault(tuple(h.phase for h in hours), []).append(moment)
        for phases, moments in by_phase.items():
            yield phases, tuple(sorted(moments))

    def _of(self, name: str) -> list[tuple[Spell, ...]]:
        key = self._key(name)
        if key not in self._days:
            table = self.timetable(name)
            always: list[tuple[Spell, ...]] = [(Spell(0, Hours(Phase.OPEN)),)] * DAYS
            self._days[key] = table.days(self.first, DAYS) if table else always
        return self._days[key]


_OTHER = {Position.ON: Position.OFF, Position.OFF: Position.ON}


def _switch_positions(switches: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the switches not in their default position: none first, then every combination."""
    if len(switches) <= MOST_SWITCHES:
        for count in range(len(switches) + 1):
            yield from combinations(switches, count)
    else:
        yield from [(), *((switch,) for switch in switches), tuple(switches)]


def _lists_in(name: str) -> list[str]:
    """Return the lists that are asked one after the other: of `callers/vip,blocked` those two."""
    return name.removeprefix(CALLERS).split(",")


def _first_list(lists: Iterable[str], held: Collection[str]) -> Listed:
    """Return the first of the lists that holds a caller, who is in those."""
    return Listed(next((name for name in lists if name in held), ""))


_HOURS_FIELDS = ("timezone", "weekly", "seasons", "holidays", "exceptions")
"""The fields of a schedule that say its hours, beside its calendars."""


def _stretches(
    day: tuple[tuple[Spell, ...], ...],
) -> Iterator[tuple[int, int, tuple[Hours, ...]]]:
    """Yield the stretches of a day in which nothing changes, and what each schedule says then."""
    edges = sorted({spell.minute for spells in day for spell in spells} | {0, DAY})
    at = [0] * len(day)
    for start, end in pairwise(edges):
        for index, spells in enumerate(day):
            while at[index] + 1 < len(spells) and spells[at[index] + 1].minute <= start:
                at[index] += 1
        yield start, end, tuple(spells[at[i]].hours for i, spells in enumerate(day))


def _middle(start: int, end: int) -> int:
    """Return a minute well inside a stretch, on the quarter of an hour where there is one."""
    middle = (start + end) // 2
    quarter = middle - middle % 15
    return quarter if quarter >= start else start


WITHHELD = "withheld"
"""The number of a caller who shows none."""
LONGEST = 15
"""Digits of a number in international form (ITU-T E.164)."""


class Caller(NamedTuple):
    """A class of callers: a number that stands for it, and the lists that hold the number.

    `number` is "" for callers of whom no list knows anything, and `withheld` where none is shown.
    """

    number: str
    lists: frozenset[str]


def lists_of(centre: Centre, number: str, lists: Collection[str]) -> frozenset[str]:
    """Name those of the lists that hold a number in international form, or `withheld`."""
    return frozenset(name for name in lists if _holds(centre.of("caller_list").get(name), number))


def _holds(fields: Filled | None, number: str) -> bool:
    if fields is None:
        return False
    if number == WITHHELD:
        return bool(fields["withheld"])
    if number in (fields.get("numbers") or ()):
        return True
    return any(number.startswith(prefix) for prefix in fields.get("prefixes") or ())


def callers(centre: Centre, lists: Sequence[str]) -> list[Caller]:
    """Return the classes of callers that the lists tell apart; callers on no list come first."""
    found = {frozenset[str](): Caller("", frozenset())}
    index = _Index(centre.of("caller_list"), lists)
    for number in index.examples():
        held = index.lists_of(number)
        found.setdefault(held, Caller(number, held))
    return list(found.values())


class _Index:
    """An index of caller lists: a number is looked up in no more steps than it has digits."""

    def __init__(self, known: Mapping[str, Filled], lists: Sequence[str]) -> None:
        self._numbers: dict[str, set[str]] = {}
        self._prefixes: dict[str, set[str]] = {}
        self._withheld = frozenset(n for n in lists if known.get(n, {}).get("withheld"))
        for name in lists:
            fields = known.get(name, {})
            for number in fields.get("numbers") or ():
                self._numbers.setdefault(number, set()).add(name)
            for prefix in fields.get("prefixes") or ():
                self._prefixes.setdefault(prefix, set()).add(name)

    def lists_of(self, number: str) -> frozenset[str]:
        if number == WITHHELD:
            return self._withheld
        found = set(self._numbers.get(number, ()))
        for length in range(2, len(number) + 1):
            found |= self._prefixes.get(number[:length], set())
        return frozenset(found)

    def examples(self) -> Iterator[str]:
        """Yield a number for all that an entry can tell apart: each number, each prefix, none shown."""
        yield from sorted(self._numbers)
        entries = self._numbers.keys() | self._prefixes.keys()
        beginnings = {e[:length] for e in entries for length in range(2, len(e) + 1)}
        for prefix in sorted(self._prefixes):
            yield from _uncovered_number(prefix, entries, beginnings)
        yield WITHHELD


def _uncovered_number(
    prefix: str, entries: Collection[str], beginnings: Collection[str]
) -> Iterator[str]:
    """Find a number that begins so, and that no longer entry holds; none where there is none."""
    todo = [prefix]
    for number in todo:
        for digit in "0123456789" if len(number) <= LONGEST else "":
            longer = f"{number}{digit}"
            if longer not in beginnings:
                yield longer.ljust(_SHORTEST, "0")
                return
            if longer not in entries:
                todo.append(longer)


_SHORTEST = 11
"""Characters of a number that is made of a prefix, where that is shorter."""
