"""The words of a figure on a wall, when it turns amber or red, and which message it is time for."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import floor
from typing import Any, Literal, NamedTuple, TypeAlias

from ccstate.kinds.fields import seconds
from ccstate.measures import MEASURES

Level: TypeAlias = Literal["", "warn", "alarm"]
DASH = "–"
STATES: Mapping[str, str] = {
    "ready": "Ready",
    "ringing": "Ringing",
    "talking": "Talking",
    "wrap_up": "Wrap-up",
    "paused": "Paused",
    "logged_out": "Logged out",
}
"""What an agent is doing, in words."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERCENT = "\N{NARROW NO-BREAK SPACE}%"


def shown_value(unit: str, value: float) -> int:
    """Round a figure as it is shown: time begun, else to the nearest; halves up.

    Its colour is that of the rounded figure, so that what people read and what they see agree.
    """
    return floor(value) if unit == "seconds" else floor(value + 0.5)


def words_of(unit: str, value: float | None) -> str:
    """Write a figure: `12`, `82 %`, `3:25`, `1 h 24`; a dash for None, where nothing is to be divided by."""
    if value is None:
        return DASH
    whole = shown_value(unit, value)
    match unit:
        case "percent":
            return f"{whole}{_PERCENT}"
        case "seconds" if whole < 3600:
            return f"{whole // 60}:{whole % 60:02}"
        case "seconds" if whole < 36_000:
            return f"{whole // 3600} h {whole // 60 % 60:02}"
        case "seconds":
            return f"{whole // 3600} h"
    return f"{whole:,}"


def unit_of(threshold: str) -> str:
    """Name what a threshold counts, as measures do: `seconds`, `percent`, or `count` for all else."""
    if threshold.endswith("%"):
        return "percent"
    return "seconds" if threshold[-1] in "hms" else "count"


def number_of(threshold: str) -> int:
    """Return a threshold as a number, durations in seconds."""
    if unit_of(threshold) == "seconds":
        return seconds(threshold)
    return int(threshold.rstrip("%"))


class Limits(NamedTuple):
    """The figures at which a tile turns amber and red, and whether higher or lower ones are worse."""

    worse: Literal["higher", "lower"]
    warn: int | None
    alarm: int | None


def limits_of(tile: Mapping[str, Any]) -> Limits | None:
    """Return the thresholds of a tile as numbers; None where it has none.

    Where a measure gets worse in neither direction, the order of the two says which is meant.
    """
    warn, alarm = (number_of(t) if (t := tile.get(f)) else None for f in ("warn", "alarm"))
    if warn is None and alarm is None:
        return None
    measure = MEASURES.get(str(tile.get("measure")))
    falls = warn is not None and alarm is not None and alarm < warn
    worse = measure.worse if measure else None
    return Limits(worse or ("lower" if falls else "higher"), warn, alarm)


def level_of(limits: Limits | None, value: int | None) -> Level:
    """Decide whether a figure, rounded as it is shown, is red or amber; a threshold is reached at its value."""
    if limits is None or value is None:
        return ""
    for level, limit in (("alarm", limits.alarm), ("warn", limits.warn)):
        if limit is None:
            continue
        if value >= limit if limits.worse == "higher" else value <= limit:
            return "alarm" if level == "alarm" else "warn"
    return ""


def message_at(messages: Iterable[Mapping[str, Any]], moment: datetime) -> str:
    """Return the text of the first message whose time it is, by the clock of the screen; "" for none."""
    return next((str(one["text"]) for one in messages if _is_time(one, moment)), "")


def _is_time(message: Mapping[str, Any], moment: datetime) -> bool:
    weekly = message.get("weekly")
    if weekly is None:
        return _is_day(message, moment)
    for back in (0, 1):
        day = moment - timedelta(days=back)
        for span in weekly.get(_DAYS[day.weekday()]) or ():
            begin, end = _minutes(span[:5]), _minutes(span[6:])
            end += 24 * 60 if end <= begin else 0
            now = moment.hour * 60 + moment.minute + back * 24 * 60
            # What runs over midnight belongs to the day on which it began.
            if begin <= now < end and _is_day(message, day):
                return True
    return False


def _is_day(message: Mapping[str, Any], moment: datetime) -> bool:
    day = moment.date().isoformat()
    since, until = message.get("since") or day, message.get("until") or day
    return bool(since <= day <= until)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
