"""GotoIfTime → schedules."""

import re
from collections.abc import Callable

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.model import Json

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of the months; what is said of 29 February holds in leap years."""
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


def schedule(work: Work, times: tuple[str, ...], near: str) -> tuple[str, str]:
    """The name of a schedule that is open at these times, or "", and why there is none.

    `times` is `times,weekdays,days of the month,months[,timezone]` of GotoIfTime, whose last minute
    counts (ast_build_timing, main/pbx_timing.c).
    """
    clock, weekdays, days, months, zone = (*times, "*", "*", "*", "*", "")[:5]
    if not times[4:]:
        zone = ""
    zone = zone.strip() or work.setting.timezone
    if not zone:
        return "", "nobody says in which timezone these hours are meant"
    open_days = _named(weekdays, DAYS)
    spans = _spans(clock.strip())
    runs = _runs(_numbered(days, 31), _named(months, MONTHS))
    if not open_days or not spans or not runs:
        return "", f"{','.join(times[:4])} are no hours that ccstate can read"
    weekly: dict[str, Json] = {DAYS[day]: list(spans) for day in sorted(open_days)}
    fields: dict[str, Json] = {"timezone": zone, "weekly": weekly}
    if runs != [(_YEAR[0], _YEAR[-1])]:
        seasons: list[Json] = [{"every": a, "until": b, "weekly": weekly} for a, b in runs]
        fields.update(weekly={}, seasons=seasons)
    return work.one("schedule", near, fields).name, ""


def _named(text: str, names: tuple[str, ...]) -> set[int]:
    """Places of the names that a list such as `mon-fri&sun` holds; none where it is unclear."""
    words = {name: place for place, name in enumerate(names)}
    # Numbers count from 1; weekdays from Sunday on (16.28, 22.10, seen).
    first = names.index("sun") if "sun" in names else 0
    words |= {str(number + 1): (first + number) % len(names) for number in range(len(names))}
    return _held(text, len(names), lambda word: words.get(word, -1))


def _numbered(text: str, most: int) -> set[int]:
    """Places, from 0 on, of the numbers that a list such as `1-7&25` holds."""
    known = {str(number): number - 1 for number in range(1, most + 1)}
    return _held(text, most, lambda word: known.get(word.lstrip("0"), -1))


def _held(text: str, count: int, place: Callable[[str], int]) -> set[int]:
    text = text.strip().lower()
    if text == "*":
        return set(range(count))
    found: set[int] = set()
    for part in text.split("&"):
        first, dash, last = part.partition("-")
        begin, end = place(first.strip()), place((last if dash else first).strip())
        if begin < 0 or end < 0:
            return set()
        found.update((begin + step) % count for step in range((end - begin) % count + 1))
    return found


def _runs(days: set[int], months: set[int]) -> list[tuple[str, str]]:
    """The runs of days of the year that these days of these months make, as `every` and `until`."""
    held = [
        f"{month + 1:02d}-{day + 1:02d}"
        for month, length in enumerate(LENGTHS)
        for day in range(length)
        if month in months and day in days
    ]
    place = {day: number for number, day in enumerate(_YEAR)}
    runs: list[tuple[str, str]] = []
    for day in held:
        if runs and place[day] == place[runs[-1][1]] + 1:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    if len(runs) > 1 and (runs[0][0], runs[-1][1]) == (_YEAR[0], _YEAR[-1]):
        runs[0] = runs.pop()[0], runs[0][1]  # over New Year
    return runs


_YEAR = [f"{m:02d}-{d + 1:02d}" for m, length in enumerate(LENGTHS, 1) for d in range(length)]
"""The days of a leap year."""


def _spans(text: str) -> list[str]:
    """Spans of a day; the last minute of GotoIfTime is the one before the end of a span."""
    if text == "*":
        return ["00:00-24:00"]
    spans: set[str] = set()
    for part in text.split("&"):
        match = _TIME.fullmatch(part.strip())
        if not match:
            return []
        begin, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]) + 1)
        if begin >= 1440 or end > 1440:
            return []
        if begin >= end:  # over midnight: the weekday is asked for on both sides of it
            spans.update((f"00:00-{_clock(end)}", f"{_clock(begin)}-24:00"))
        else:
            spans.add(f"{_clock(begin)}-{_clock(end)}")
    return sorted(spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
