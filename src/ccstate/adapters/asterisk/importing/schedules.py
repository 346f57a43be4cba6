"""GotoIfTime → schedules."""

from collections.abc import Iterable
from datetime import date, timedelta

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.interpreter.call import NotFollowed
from ccstate.adapters.asterisk.interpreter.world import timing
from ccstate.journeys.hours import WEEKDAYS
from ccstate.model import Json

_YEAR = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]
"""The days of a leap year; what is said of 29 February holds in leap years."""


def schedule(work: Work, times: tuple[str, ...], near: str) -> tuple[str, str]:
    """The name of a schedule that is open at these times, or "", and why there is none.

    `times` is `times,weekdays,days of the month,months[,timezone]` of GotoIfTime.
    """
    unclear = "", f"{','.join(times[:4])} are no hours that ccstate can read"
    try:
        open_at = timing(",".join(times))
    except NotFollowed:
        return unclear
    zone = open_at.zone or work.setting.timezone
    if not zone:
        return "", "nobody says in which timezone these hours are meant"
    spans = [f"{_clock(a)}-{_clock(b + 1)}" for a, b in _runs(open_at.minutes)]
    days = [day for number, day in enumerate(WEEKDAYS, 1) if number % 7 in open_at.weekdays]
    weekly: dict[str, Json] = {day: [*spans] for day in days}
    seasons = _runs(
        number
        for number, day in enumerate(_YEAR)
        if day.month in open_at.months and day.day in open_at.days
    )
    if not seasons:
        return unclear
    fields: dict[str, Json] = {"timezone": zone, "weekly": weekly}
    if seasons != [(0, 365)]:
        if len(seasons) > 1 and (seasons[0][0], seasons[-1][1]) == (0, 365):
            seasons[0] = seasons.pop()[0], seasons[0][1]  # over New Year
        every: list[Json] = [
            {"every": f"{_YEAR[a]:%m-%d}", "until": f"{_YEAR[b]:%m-%d}", "weekly": weekly}
            for a, b in seasons
        ]
        fields.update(weekly={}, seasons=every)
    return work.one("schedule", near, fields).name, ""


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The runs of numbers that follow each other, by first and last."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
