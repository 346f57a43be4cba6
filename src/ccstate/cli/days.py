"""Days on the command line."""

from datetime import date

import click

from ccstate.project import now


def today() -> date:
    """Return the day it is on this machine."""
    return now().date()


def day_or_today(ctx: click.Context, param: click.Parameter, value: str | None) -> date:
    """Read the day that an option names, today where it is left out: a click callback."""
    from ccstate.kinds.call_test import YEARS

    if value is None:
        return today()
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f'"{value}" is no day such as 2026-12-25', ctx, param) from None
    if day.year not in YEARS:
        message = f"{day} is too far away: days from {YEARS[0]} to {YEARS[-1]} are known"
        raise click.BadParameter(message, ctx, param)
    return day
