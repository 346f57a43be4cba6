"""The facts outside of a dialplan that it asks for: times, callers, values kept between calls.

A dialplan can tell apart only what it compares with. So the values that it sets or compares, and
one other, stand for all; the minutes at which its hours begin and end, and those before, stand for
every moment. Source of hours: `ast_build_timing` and `ast_check_timing2` in main/pbx_timing.c of
Asterisk 18.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccstate.adapters.asterisk.conf.dialplan import HINT, Dialplan, DialplanStep
from ccstate.adapters.asterisk.interpreter.call import NotFollowed
from ccstate.adapters.asterisk.interpreter.text import arguments

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_DAY = 1_440


class Timing(NamedTuple):
    """The minutes of a day, weekdays (0 is Sunday), days of the month and months that are meant."""

    minutes: frozenset[int]
    weekdays: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    zone: str = ""

    def holds(self, at: datetime) -> bool:
        """Check whether the condition holds at a time on the clock of its zone."""
        return (
            at.hour * 60 + at.minute in self.minutes
            and at.isoweekday() % 7 in self.weekdays
            and at.day in self.days
            and at.month in self.months
        )

    def edges(self) -> set[int]:
        """Return the minutes of a day at which the condition begins, ends, and those before."""
        changes = {m for m in self.minutes if m - 1 not in self.minutes}
        changes |= {m + 1 for m in self.minutes if m + 1 not in self.minutes}
        return {(m + step) % _DAY for m in changes for step in (-1, 0)}


def timing(text: str) -> Timing:
    """Read `times,weekdays,days of the month,months[,timezone]`, as GotoIfTime has it."""
    parts = [part.strip().lower() for part in text.split(",")]
    clock, weekdays, days, months, *zone = (*parts, *["*"] * (4 - len(parts)))
    named = text.split(",")[4].strip() if len(parts) > 4 else ""
    return Timing(
        _minutes(clock),
        _ranges(weekdays, _DAYS, 0),
        _ranges(days, tuple(map(str, range(1, 32))), 1),
        _ranges(months, _MONTHS, 1),
        named if zone else "",
    )


def _minutes(text: str) -> frozenset[int]:
    if text in ("*", ""):
        return frozenset(range(_DAY))
    found: set[int] = set()
    for part in text.split("&"):
        match = _CLOCK.fullmatch(part.strip())
        if not match:
            raise NotFollowed(f"{part[:40]!r} is no span of hours")
        begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if begin >= _DAY or end >= _DAY:
            raise NotFollowed(f"{part[:40]!r} is no span of hours")
        # The last minute counts; what ends before it begins runs over midnight.
        found.update((begin + step) % _DAY for step in range((end - begin) % _DAY + 1))
    return frozenset(found)


def _ranges(text: str, names: tuple[str, ...], first: int) -> frozenset[int]:
    """Read the numbers from `first` on of the names in a list such as `mon-fri&sun`."""
    count = len(names)
    if text in ("*", ""):
        return frozenset(range(first, first + count))
    found: set[int] = set()
    for part in text.split("&"):
        begin, dash, end = (word.strip() for word in part.partition("-"))
        here, there = _name_number(begin, names), _name_number(end if dash else begin, names)
        found.update((here + step) % count + first for step in range((there - here) % count + 1))
    return frozenset(found)


def _name_number(word: str, names: tuple[str, ...]) -> int:
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit() and 1 <= int(word[:4]) <= len(names):
        return int(word) - 1
    raise NotFollowed(f"{word[:20]!r} is no day or month")


_LASTING = ("GLOBAL(", "DB(", "DEVICE_STATE(")
_INSIDE = re.compile(
    r"(?P<name>(?:GLOBAL|DB|DEVICE_STATE)\((?:[^()]|\([^()]*\))*\))=(?P<value>[^)]*)"
)
"""An assignment in an application that stands inside of another: `ExecIf(…?Set(DB(a/b)=1))`."""
_DELETES = re.compile(r"DB_DELETE\(((?:[^()]|\([^()]*\))*)\)")


class Change(NamedTuple):
    """A value that a step gives, as written; "" where the step deletes it."""

    name: str
    """What is changed: `GLOBAL(NIGHT)`, `DB(night/on)`."""
    value: str
    step: DialplanStep


def steps_of(plan: Dialplan) -> Iterator[DialplanStep]:
    """List all steps of a dialplan, without hints."""
    for context in plan.contexts.values():
        yield from (step for step in context.steps if step.priority != HINT)


def changes(plan: Dialplan) -> Iterator[Change]:
    """List every change that a dialplan makes, in the order of its steps."""
    for step in steps_of(plan):
        yield from (Change(name, value, step) for name, value in _assigned(step))
        if "DB_DELETE(" in step.data:
            deleted = _DELETES.finditer(step.data)
            yield from (Change(f"DB({match[1]})", "", step) for match in deleted)


def _assigned(step: DialplanStep) -> Iterator[tuple[str, str]]:
    name, equals, value = (part.strip() for part in step.data.partition("="))
    match step.app.strip().lower():
        case "set" if equals and name.startswith(_LASTING):
            yield name, value
        case "mset":
            for each in arguments(step.data):
                name, _, value = each.partition("=")
                if name.strip().startswith(_LASTING):
                    yield name.strip(), value
        case "setglobalvar":
            yield f"GLOBAL({name})", value
        case "dbput":
            yield f"DB({name})", value
        case "dbdel" | "dbdeltree":
            yield f"DB({step.data.strip()})", ""
        case "execif" | "execiftime" | "exec" | "tryexec":
            yield from ((found["name"], found["value"]) for found in _INSIDE.finditer(step.data))


OTHER_CALLER = "12025550143"
"""A caller with whom no dialplan compares; reserved for examples in North America."""
MOST_VALUES, MOST_CALLERS = 40, 200
"""Values of one fact that are tried, and numbers of callers."""
DAYS = 366
_COMPARED = r'"?\s*(?:==?|!=|<=?|>=?|:|=~)\s*"?\^?([^"\]&|?:,)$\s]*)'
_BEGINNING = re.compile(
    r'CALLERID\(num(?:ber)?\):0:[0-9]+\}"?\s*(?:==?|!=)\s*"?([+*#0-9]{1,6})', re.IGNORECASE
)
"""A comparison of the first digits of the caller's number alone."""
_FEWEST = 3
"""Digits of a caller's number, where a step that compares does not name the caller."""
_GOES_BY_VALUE = re.compile(r"^(?:[^?]*\?)?[^,(]*,?\$\{[^}]*\}(?:@[^,]*)?,(?:1|[a-z]+)\b")
"""A target, or a number that is dialled, which a variable names: `menu,${KEY},1`."""
_LITERAL = re.compile(r'(?:==?|!=|<=?|>=?|=~)\s*"?\^?([+*#0-9]+)|"?([+*#0-9]+)"?\s*(?:==?|!=)')

_NO_NUMBER = re.compile(r"\b(?:anonymous|unavailable|restricted|private|unknown)\b", re.IGNORECASE)
"""What stands in place of the number of callers who show none."""
_IS_EMPTY = re.compile(
    r'""|(?:LEN|ISNULL|EXISTS)\(\$\{CALLERID|!?=\s*\]|\$\[\s*"?\$\{CALLERID\([^)]*\)\}"?\s*\]'
)
"""A step asks whether there is a number at all."""


class Moments:
    """The moments that stand for all of a year, as bits of a number; in the server's timezone.

    `dates` are months and days that decide by themselves: of them each weekday is there, from the
    years after it.
    """

    def __init__(
        self,
        first: date,
        zone: str,
        minutes: Collection[int],
        dates: Collection[tuple[int, int]] = (),
    ) -> None:
        self._zone = zone
        self._minutes = sorted({12 * 60, *minutes})
        self._days = [first + timedelta(days=day) for day in range(DAYS if minutes else 1)]
        self._days += _on_other_weekdays(first, dates) if minutes else []
        self.every = (1 << len(self._days) * len(self._minutes)) - 1
        self._masks: dict[str, int] = {}

    def all(self) -> Iterator[datetime]:
        """Return each moment, in the order of its bit."""
        zone = ZoneInfo(self._zone or "UTC")
        for day in self._days:
            for minute in self._minutes:
                yield datetime.combine(day, time(minute // 60, minute % 60), zone)

    def first_of(self, moments: int) -> datetime:
        """Return the first moment of a set that is not empty, to show it to people."""
        place = (moments & -moments).bit_length() - 1
        day, index = divmod(place, len(self._minutes))
        minute = self._minutes[index]
        at = time(minute // 60, minute % 60)
        return datetime.combine(self._days[day], at, ZoneInfo(self._zone or "UTC"))

    def holding(self, text: str) -> int:
        """Return the moments at which a condition of GotoIfTime holds."""
        if text not in self._masks:
            said = timing(text)
            self._masks[text] = self._holding(said)
        return self._masks[text]

    def _holding(self, said: Timing) -> int:
        if said.zone and said.zone != self._zone:
            return self._holding_in_zone(said)
        day_mask = sum(1 << at for at, m in enumerate(self._minutes) if m in said.minutes)
        found = 0
        for day, at in enumerate(self._days):
            is_day = (
                at.isoweekday() % 7 in said.weekdays
                and at.day in said.days
                and at.month in said.months
            )
            if is_day:
                found |= day_mask << day * len(self._minutes)
        return found

    def _holding_in_zone(self, said: Timing) -> int:
        try:
            zone = ZoneInfo(said.zone)
        except (OSError, ValueError, LookupError):
            raise NotFollowed(f"{said.zone[:40]!r} is no timezone") from None
        if not self._zone:
            raise NotFollowed("hours name a timezone, and that of the server is not given")
        moments = enumerate(self.all())
        return sum(1 << n for n, at in moments if said.holds(at.astimezone(UTC).astimezone(zone)))


_YEARS = 28
"""Years until every date has had every weekday (Julian calendar; no century is skipped till 2100)."""


def _on_other_weekdays(first: date, dates: Collection[tuple[int, int]]) -> list[date]:
    """Return days from that one on, so that each date is there on each weekday."""
    found: list[date] = []
    for month, day in sorted(dates):
        seen: set[int] = set()
        for year in range(first.year, first.year + _YEARS + 1):
            if (month, day) == (2, 29) and year % 4:
                continue
            at = date(year, month, day)
            if at > first and at.weekday() not in seen:
                seen.add(at.weekday())
                found.append(at)
    return found


_WEEK = 7
_LEAP_YEAR = 2028


def days_between(begin: str, end: str) -> set[tuple[int, int]]:
    """Return the days of a short run of a year, `12-25` to `12-26`; of a longer one none.

    Whatever lasts a week has every weekday in one year.
    """
    first, last = (date.fromisoformat(f"{_LEAP_YEAR}-{text}") for text in (begin, end))
    count = (last - first).days % DAYS + 1
    days = (first + timedelta(days=n) for n in range(count if count < _WEEK else 0))
    return {(day.month, day.day) for day in days}


def dates_of(plan: Dialplan) -> set[tuple[int, int]]:
    """Return the dates of conditions on the clock in a dialplan; none if a week or more."""
    found: set[tuple[int, int]] = set()
    for times in times_of(plan):
        try:
            said = timing(times)
        except NotFollowed:
            continue
        if len(said.days) < _WEEK:
            longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
            found |= {(m, d) for m in said.months for d in said.days if d <= longest.get(m, 31)}
    return found


def times_of(plan: Dialplan) -> list[str]:
    """List every condition on the clock that a dialplan holds, as written."""
    found: dict[str, None] = {}
    for context in plan.contexts.values():
        for include in context.includes:
            _, comma, times = include.value.partition(",")
            if comma:
                found[times] = None
        for step in context.steps:
            app = step.app.strip().lower()
            if app in ("gotoiftime", "execiftime"):
                found[step.data.partition("?")[0]] = None
            for match in re.finditer(r"IFTIME\(([^?]*)\?", step.data):
                found[match[1]] = None
    return list(found)


def edges(plan: Dialplan, more: Iterable[int] = ()) -> set[int]:
    """Return the minutes of a day at which hours of a dialplan begin or end, and those before."""
    found = {(minute + step) % 1_440 for minute in more for step in (-1, 0, 1)}
    for times in times_of(plan):
        try:
            said = timing(times)
        except NotFollowed:
            continue
        found |= said.edges() or {0}
        if said.zone:
            found |= {minute + step for minute in range(0, 1_440, 30) for step in (0, 29)}
    return found


class Survey:
    """The values that a dialplan sets and compares."""

    def __init__(self, plan: Dialplan, callers: Iterable[str] = ()) -> None:
        self._plan = plan
        self._texts = [step.data for step in steps_of(plan) if "$" in step.data]
        self._callers = tuple(callers)
        self._found: dict[str, tuple[str, ...]] = {}
        self._asked: dict[str, bool] = {}
        self.cut: dict[str, int] = {}
        """Facts that have more values than are tried, and how many more."""

    @cached_property
    def _sets(self) -> dict[str, list[str]]:
        """Collect the texts written into each global variable and each family of the database."""
        found: dict[str, list[str]] = {}
        for name, value, _ in changes(self._plan):
            found.setdefault(_family(name), []).append(value.strip('"'))
        return found

    def reads(self, name: str) -> bool:
        """Check whether the dialplan reads a variable; DIALSTATUS counts where the steps end."""
        if self._reads_any or name in ("DIALSTATUS", "GOSUB_RETVAL"):
            return True
        return name in self._read

    @cached_property
    def _reads_any(self) -> bool:
        """Check whether names of variables are made of variables."""
        return any(re.search(r"\$\{[A-Za-z0-9_]*\$", text) for text in self._texts)

    @cached_property
    def _read(self) -> frozenset[str]:
        return frozenset(
            name for text in self._texts for name in re.findall(r"\b[A-Za-z_][A-Za-z0-9_]*", text)
        )

    @cached_property
    def inherits(self) -> bool:
        """Check whether a variable is set that channels inherit which the call makes."""
        return any(
            re.match(r"_|EXPORT\(", step.data.strip())
            for step in steps_of(self._plan)
            if step.app.strip().lower() in ("set", "mset")
        )

    def changes(self, name: str) -> bool:
        """Check whether a global variable is ever set while calls run."""
        return f"GLOBAL({name})" in self._sets

    def is_asked(self, fact: str) -> bool:
        """Check whether the dialplan ever reads what it keeps there."""
        family = _family(fact)
        if family not in self._asked:
            self._asked[family] = self._asks_family(family)
        return self._asked[family]

    def _asks_family(self, family: str) -> bool:
        kind, _, name = family.partition("(")
        name = name.removesuffix(")")
        if kind == "GLOBAL":
            return any(re.search(rf"\$\{{(GLOBAL\()?{re.escape(name)}\b", t) for t in self._texts)
        return any(f"{kind}({name}" in t or f"{kind}_EXISTS({name}" in t for t in self._texts)

    def values(self, fact: str) -> tuple[str, ...]:
        """Return all values of a fact, as far as the dialplan tells values apart."""
        family = _family(fact)
        if family not in self._found:
            values = list(dict.fromkeys(self._values(fact)))
            most = MOST_CALLERS if fact == "caller" else MOST_VALUES
            if values[most:]:
                self.cut[family] = len(values[most:])
            self._found[family] = tuple(values[:most])
        return self._found[family]

    def _values(self, fact: str) -> Iterator[str]:
        if fact == "caller":
            yield from self._caller_values()
            return
        kind, _, rest = fact.partition("(")
        name = rest.removesuffix(")")
        if kind == "GLOBAL":
            yield self._plan.globals.get(name, "")
            read = rf"\$\{{(?:GLOBAL\()?{re.escape(name)}\)?(?::[^}}]*)?\}}"
        elif kind == "DB":
            yield ""
            family = re.escape(name.partition("/")[0])
            read = rf"\$\{{DB\({family}/(?:[^{{}}]|\{{[^}}]*\}})*\}}"
        else:
            yield "NOT_INUSE"
            read = rf"\$\{{{kind}\((?:[^{{}}]|\{{[^}}]*\}})*\}}"
        written = self._sets.get(_family(fact), [])
        for value in written:
            if "${" not in value and "$[" not in value:
                yield value
            elif kind != "DEVICE_STATE" and "$[" not in value:
                # What is worked out, as in `$[1 - ${NIGHT}]`, comes to values that are compared.
                yield OTHER_CALLER
        compared = re.compile(read + _COMPARED)
        for text in self._texts:
            yield from (match[1] for match in compared.finditer(text))
        if kind == "DB" and not written:
            yield "1"

    @cached_property
    def digits(self) -> frozenset[str]:
        """Return what callers can type that the dialplan compares with, or goes to."""
        asking = [text for text in self._texts if "$[" in text or "REGEX" in text]
        found = {match[1] or match[2] for text in asking for match in _LITERAL.finditer(text)}
        if any(_GOES_BY_VALUE.search(text) for text in self._texts):
            names = (name for c in self._plan.contexts.values() for name, _ in c.extens())
            found |= {_instance(name) for name in names}
        return frozenset(digits for digits in found if set(digits) <= set("0123456789*#"))

    def _caller_values(self) -> Iterator[str]:
        yield OTHER_CALLER
        asking = [text for text in self._texts if "CALLERID(" in text]
        yield from dict.fromkeys(match[0] for text in asking for match in _NO_NUMBER.finditer(text))
        if any(_IS_EMPTY.search(text) for text in asking):
            yield ""
        literals: dict[str, None] = dict.fromkeys(self._callers)
        for context in self._plan.contexts.values():
            for step in context.steps:
                if step.caller:
                    literals[_instance(step.caller)] = None
        for text in self._texts:
            if "$[" not in text and "REGEX" not in text:
                continue
            if "LEN(" in text:
                lengths = [int(m[1] or m[2]) for m in _LITERAL.finditer(text) if _is_short(m)]
                literals.update({"2025550143202"[:length]: None for length in lengths})
            begins = {m[1] for m in _BEGINNING.finditer(text)}
            fewest = 1 if "CALLERID" in text else _FEWEST
            found = (m[1] or m[2] for m in _LITERAL.finditer(text))
            found = (one for one in found if len(one) >= fewest)
            literals.update({_longer(one) if one in begins else one: None for one in found})
        for literal in literals:
            yield literal
            if len(literal) < 7:
                yield _longer(literal)


def _longer(beginning: str) -> str:
    """Return a number of ten digits that begins so."""
    return (beginning + "2025550143")[:10]


def _is_short(match: "re.Match[str]") -> bool:
    text = match[1] or match[2]
    return text.isdigit() and 0 < int(text[:4]) <= 13


def _instance(caller: str) -> str:
    """Return a number that a caller's pattern stands for."""
    if not caller.startswith("_"):
        return caller
    plain = re.sub(r"\[(.)[^\]]*\]", r"\1", caller[1:])
    return "".join({"X": "5", "N": "5", "Z": "5", ".": "5", "!": ""}.get(c, c) for c in plain)


def _family(fact: str) -> str:
    """Return `DB(family)` for `DB(family/key)`; other facts stay as they are."""
    if fact.startswith("DB("):
        return f"DB({fact[3:].partition('/')[0]})"
    return "DEVICE_STATE()" if fact.startswith("DEVICE_STATE(") else fact
