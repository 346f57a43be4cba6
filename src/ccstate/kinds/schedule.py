"""Schedule: when something is open."""

from typing import Literal

from ccstate.kinds.fields import Common, Date, Declared, SetOf, Text, TimeSpan, Timezone

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Holiday(Declared):
    """A closed day, or a run of them."""

    name: Text
    """Name of the holiday."""
    date: Date
    """The day, or the first of several."""
    until: Date | None = None
    """Last day, where it is longer than one."""


class SpecialDay(Declared):
    """A day whose hours differ from the weekly ones."""

    date: Date
    """The day."""
    hours: SetOf[TimeSpan]
    """Its hours; `[]` is closed all day. Wins over holidays."""
    reason: Text | None = None
    """Why, for those who read it in a year."""


class Schedule(Common):
    """Weekly hours, holidays and exceptions in one timezone."""

    timezone: Timezone
    """IANA timezone in which all times here are meant."""
    weekly: dict[Weekday, SetOf[TimeSpan]]
    """Hours by weekday; a day left out is closed. `22:00-06:00` runs over midnight."""
    holidays: SetOf[Holiday] | None = None
    """Closed days."""
    exceptions: SetOf[SpecialDay] | None = None
    """Days with hours of their own."""
