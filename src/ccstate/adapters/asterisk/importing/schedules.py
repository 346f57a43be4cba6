"""GotoIfTime → schedules."""

import re
from collections.abc import Iterator

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.model import Address, Json

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")


def schedule(work: Work, times: tuple[str, ...], near: str) -> tuple[str, str]:
    """The name of a schedule that is open at these times, or "", and why there is none.

    `times` is `times,weekdays,days of the month,months[,timezone]` of GotoIfTime, whose last minute
    counts (ast_build_timing, main/pbx_timing.c).
    """
    clock, weekdays, days, months, zone = (*times, "*", "*", "*", "*", "")[:5]
    if not times[4:]:
        zone = ""
    if days.strip() != "*" or months.strip() != "*":
        return "", "a schedule has no days that come back every month or year"
    zone = zone.strip() or work.setting.timezone
    if not zone:
        return "", "nobody says in which timezone these hours are meant"
    open_days = _days(weekdays.strip().lower())
    spans = _spans(clock.strip())
    if not open_days or not spans:
        return "", f"{clock},{weekdays} are no hours that ccstate can read"
    weekly: dict[str, Json] = {day: list(spans) for day in open_days}
    fields: dict[str, Json] = {"timezone": zone, "weekly": weekly}
    for address, known in work.objects.items():
        if address.kind == "schedule" and known == fields:
            return address.name, ""
    name = work.names.free("schedule", name_of(near))
    work.objects[Address("schedule", name)] = fields
    return name, ""


def _days(text: str) -> list[str]:
    if text == "*":
        return list(DAYS)
    found: set[str] = set()
    for part in text.split("&"):
        first, dash, last = (word.strip()[:3] for word in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            return []
        found.update(_round(DAYS.index(first), DAYS.index(last) if dash else DAYS.index(first)))
    return [day for day in DAYS if day in found]


def _round(first: int, last: int) -> Iterator[str]:
    for step in range((last - first) % 7 + 1):
        yield DAYS[(first + step) % 7]


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
