"""Calendar: holidays that several schedules share."""

from typing import Annotated

from pydantic import Field

from ccstate.kinds.fields import (
    Date,
    KindFields,
    LastDay,
    SetOf,
    Text,
    TimeSpan,
    WithAlternatives,
    YearDay,
)

MOST_ENTRIES = 1_000
"""Holidays of one calendar, or entries of a list of a schedule: fifty years of twenty days."""


class Holiday(WithAlternatives):
    """A day that is a holiday, a run of days, or a part of a day; of one year or of every year."""

    exactly_one = ("date", "every")

    name: Text
    """Name of the holiday."""
    date: Date | None = None
    """The day, or the first of several."""
    every: YearDay | None = None
    """The day of every year, or the first of several; give this or `date`."""
    until: LastDay | None = None
    """Last day, where it is longer than one; written as the first. A run of every year may reach over New Year."""
    hours: Annotated[SetOf[TimeSpan], Field(min_length=1)] | None = None
    """The part of the day that is holiday, such as `12:00-24:00`; the whole day where left out. What reaches 24:00 ends the hours that run over midnight too."""


class Calendar(KindFields):
    """Holidays that schedules share."""

    holidays: Annotated[SetOf[Holiday], Field(max_length=MOST_ENTRIES)]
    """Holidays, of single years or of every year."""
