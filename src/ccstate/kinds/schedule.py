"""Schedule: when something is open."""

from typing import Annotated, Literal

from pydantic import Field

from ccstate.kinds.calendar import MOST_ENTRIES, Holiday
from ccstate.kinds.fields import (
    Date,
    KindFields,
    LastDay,
    Name,
    Ref,
    SetOf,
    Text,
    TimeSpan,
    Timezone,
    WithAlternatives,
    YearDay,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class SpecialDay(WithAlternatives):
    """A day, or a run of days, whose hours differ from the usual ones."""

    exactly_one = ("date", "every")
    at_least_one = ("hours", "closed")

    date: Date | None = None
    """The day, or the first of several."""
    every: YearDay | None = None
    """The day of every year, or the first of several; give this or `date`."""
    until: LastDay | None = None
    """Last day, where it is longer than one; written as the first."""
    hours: SetOf[TimeSpan] | None = None
    """The hours that begin on that day, in place of the usual ones; they win over holidays. Hours of the night before run on into it. `[]` is closed all day: it ends the night before at midnight."""
    closed: Annotated[SetOf[TimeSpan], Field(min_length=1)] | None = None
    """Times at which it is closed, such as `14:00-14:30`; otherwise the day is as usual. A holiday stays one. What reaches 24:00 ends the hours that run over midnight too."""
    reason: Text | None = None
    """Why, for those who read it in a year."""


class Season(WithAlternatives):
    """A part of the year with weekly hours of its own."""

    exactly_one = ("date", "every")

    date: Date | None = None
    """The first day, in one year."""
    every: YearDay | None = None
    """The first day, in every year; give this or `date`."""
    until: LastDay
    """The last day, written as the first. A season of every year may reach over New Year."""
    weekly: dict[Weekday, SetOf[TimeSpan]]
    """Hours by weekday, in place of those of the schedule."""


class Schedule(KindFields):
    """Weekly hours, seasons, holidays and exceptions in one timezone."""

    timezone: Timezone
    """IANA timezone in which all times here are meant."""
    weekly: dict[Weekday, SetOf[TimeSpan]]
    """Hours by weekday; a day left out is closed. `22:00-06:00` runs over midnight, into a holiday too."""
    seasons: Annotated[SetOf[Season], Field(max_length=MOST_ENTRIES)] | None = None
    """Parts of the year with other weekly hours. Of two that meet, one of a single year wins over one of every year."""
    calendars: Annotated[SetOf[Annotated[Name, Ref("calendar")]], Field(max_length=20)] | None = (
        None
    )
    """Calendars whose holidays are those of this schedule too."""
    holidays: Annotated[SetOf[Holiday], Field(max_length=MOST_ENTRIES)] | None = None
    """Holidays of this schedule alone. They win over weekly hours."""
    exceptions: Annotated[SetOf[SpecialDay], Field(max_length=MOST_ENTRIES)] | None = None
    """Days with hours of their own. They win over holidays; of two that meet, one of a single year wins over one of every year, and a day over a run of days."""
    closed_by: Annotated[Name, Ref("switch")] | None = None
    """Switch that closes it: while that is on, the schedule is closed whatever the time."""
