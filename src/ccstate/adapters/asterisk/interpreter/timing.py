"""Conditions on the clock: GotoIfTime, and includes with times.

Source: `ast_build_timing` and `ast_check_timing2` in main/pbx_timing.c of Asterisk 18.
"""

import re
from datetime import datetime
from typing import NamedTuple

from ccstate.adapters.asterisk.interpreter.faults import NotFollowed

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_DAY = 1_440


class Timing(NamedTuple):
    """Minutes of a day, weekdays (0 is Sunday), days of the month and months that are meant."""

    minutes: frozenset[int]
    weekdays: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    zone: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether the condition holds at a time on the clock of its zone."""
        return (
            at.hour * 60 + at.minute in self.minutes
            and at.isoweekday() % 7 in self.weekdays
            and at.day in self.days
            and at.month in self.months
        )

    def edges(self) -> set[int]:
        """The minutes of a day at which the condition begins, ends, and those before."""
        changes = {m for m in self.minutes if m - 1 not in self.minutes}
        changes |= {m + 1 for m in self.minutes if m + 1 not in self.minutes}
        return {(m + step) % _DAY for m in changes for step in (-1, 0)}


def timing(text: str) -> Timing:
    """`times,weekdays,days of the month,months[,timezone]`, as GotoIfTime has it."""
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
    """Numbers from `first` on of the names that a list such as `mon-fri&sun` holds."""
    count = len(names)
    if text in ("*", ""):
        return frozenset(range(first, first + count))
    found: set[int] = set()
    for part in text.split("&"):
        begin, dash, end = (word.strip() for word in part.partition("-"))
        here, there = _named(begin, names), _named(end if dash else begin, names)
        found.update((here + step) % count + first for step in range((there - here) % count + 1))
    return frozenset(found)


def _named(word: str, names: tuple[str, ...]) -> int:
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit() and 1 <= int(word[:4]) <= len(names):
        return int(word) - 1
    raise NotFollowed(f"{word[:20]!r} is no day or month")
