"""`ccstate holidays`."""

import os
import re
from pathlib import Path
from typing import Any

import click

from ccstate import codes
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import print_remark, print_result
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.model import Address, Fields
from ccstate.project import Project

FILE = "calendars.yaml"
MOST_YEARS = 20


@click.command()
@click.argument("what", nargs=-1, metavar="[CODE] YEAR...")
@click.option(
    "--ics",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Read the days from an iCalendar file instead of a CODE.",
)
@click.option("--name", help="Name of the calendar; made from CODE or FILE where left out.")
@click.option(
    "--file",
    "into",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File to write to; where the calendar is, or {FILE} in the desired state.",
)
@ENVIRONMENT
@click.pass_obj
def holidays(
    root: Any,
    *,
    what: tuple[str, ...],
    ics: Path | None,
    name: str | None,
    into: Path | None,
    environment: str,
) -> int:
    """Write the holidays of a country, or of a part of it, as a calendar.

    CODE is that of ISO 3166: AU, AU-NSW, DE-BY. A calendar that is there already gets the days
    that it lacks; what stands in the file stays as it is.

    \b
        ccstate holidays AU-NSW 2027 2028
        ccstate holidays --ics council.ics 2027
    """
    from ccstate.almanac import parts_of, public_holidays, read_ics

    code, years = _asked(what, ics)
    project = Project.open(root, Terminal(), environment)
    if ics is not None:
        read = read_ics(ics.read_bytes(), str(ics), years)
        entries, source = read.entries, str(ics)
        name = name or _named(read.name or ics.stem)
        for line in read.left_out[:20]:
            print_remark(f"left out: {line}")
        if len(read.left_out) > 20:
            print_remark(f"left out: {len(read.left_out) - 20:,} more")
    else:
        entries, source = public_holidays(code, years), code
        name = name or _named(code)
        if parts := parts_of(code):
            shown = ", ".join(parts[:8]) + (", …" if len(parts) > 8 else "")
            print_remark(f"Only the holidays of all of {code}. Parts with more: {shown}")
    spoken = " ".join(map(str, years))
    if not entries:
        raise InvalidInput(codes.NO_HOLIDAYS(source=source, years=spoken))
    return _write(project, Address("calendar", _checked(name)), entries, into)


def _asked(what: tuple[str, ...], ics: Path | None) -> tuple[str, list[int]]:
    """Read the code, where there is no file, and the years."""
    words = list(what)
    code = "" if ics is not None or not words else words.pop(0).upper()
    if ics is None and not code:
        raise click.UsageError("Name a country or a part of it: ccstate holidays AU-NSW 2027")
    if bad := [word for word in words if not re.fullmatch(r"(19|20)[0-9]{2}", word)]:
        raise click.UsageError(f'"{bad[0]}" is no year from 1900 to 2099')
    if not words:
        raise click.UsageError(f"Name the years: ccstate holidays {code or '--ics FILE'} 2027")
    years = sorted({int(word) for word in words})
    if len(years) > MOST_YEARS:
        raise click.UsageError(f"At most {MOST_YEARS} years at a time.")
    return code, years


def _named(text: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:80] or "holidays"


def _checked(name: str) -> str:
    from ccstate.kinds import NAME_PATTERN

    if not re.fullmatch(NAME_PATTERN, name):
        raise click.UsageError(
            f'"{name}" cannot name a calendar: letters a-z, digits, ".", "_", "-"'
        )
    return name


def _write(project: Project, calendar: Address, entries: Any, into: Path | None) -> int:
    """Declare the calendar, or add the days that it lacks."""
    known = project.read().state.get(calendar)
    if known is None:
        path = project.inside(into, FILE)
        fields: Fields = {"holidays": entries}
        project.declare(path, {calendar: fields})
        print_result(f"Wrote {calendar} with {_days(len(entries))} to {os.path.relpath(path)}.")
        print_remark(f"Name it in the schedules that keep it: calendars: [{calendar.name}]")
        return 0
    file = known.file_at(("holidays",))
    path = project.root / file
    if into is not None and project.inside(into, FILE).resolve() != path.resolve():
        raise InvalidInput(codes.CALENDAR_ELSEWHERE(calendar=calendar, file=file))
    there: Any = known.fields.get("holidays") or []
    missing = [entry for entry in entries if not _is_there(entry, there)]
    if not missing:
        print_result(f"{calendar} has all of these {_days(len(entries))} already.")
        return 0
    project.extend(path, calendar, "holidays", missing)
    print_result(f"Added {_days(len(missing))} to {calendar} in {os.path.relpath(path)}.")
    return 0


def _is_there(entry: Any, there: Any) -> bool:
    """Check whether a calendar has the days already: as they are, or as those of every year."""
    from ccstate.journeys.hours import ends_of, holds

    same_part = [other for other in there if other.get("hours") == entry.get("hours")]
    return all(any(holds(other, day) for other in same_part) for day in ends_of(entry))


def _days(count: int) -> str:
    return f"{count:,} holiday{'s' * (count != 1)}"
