"""`ccstate history`, `blame`, `audit`: how objects became what they are, and on whose word."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from ccstate.checkout import display_path, write_file
from ccstate.cli.days import day_or_today
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, print_remark, print_report
from ccstate.cli.progress import Terminal
from ccstate.errors import Severity
from ccstate.project import Project, address_of
from ccstate.render.audit import AUDIT, CHECK
from ccstate.render.history_text import BLAME, HISTORY, Blame, History


@click.command()
@click.argument("address")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    help="Most commits to show.",
    show_default=True,
)
@in_format(HISTORY)
@ENVIRONMENT
@click.pass_obj
def history(root: Any, *, address: str, limit: int, form: str, environment: str) -> int:
    """Say who changed an object, when, and on whose word.

    From git: commits, authors, requests and fields; from plans/ and the branch ccstate-record: what
    became of them, and what was put back after a change by hand.
    """
    wanted = address_of(address)
    # One more than is shown, to tell whether there are more.
    records = Project.open(root, Terminal(), environment).records
    found = records.history(wanted, limit + 1)
    shown = History(wanted, found[:limit], len(found) <= limit, records.sources)
    print_report(HISTORY, form, shown)
    return 0


@click.command()
@click.argument("address")
@click.argument("field", default="")
@in_format(BLAME)
@ENVIRONMENT
@click.pass_obj
def blame(root: Any, *, address: str, field: str, form: str, environment: str) -> int:
    """Say of each field which commit set it, on whose word, and what became of that.

    FIELD is one field, such as ring_for or service_level.percent; one that was removed is found too.
    """
    wanted = address_of(address)
    records = Project.open(root, Terminal(), environment).records
    print_report(BLAME, form, Blame(wanted, records.blame(wanted, field), records.sources))
    return 0


DAYS = 30
"""Days that an audit looks back where it is not said since when."""
XLSX = "xlsx"
SUFFIXES = {".md": "markdown", ".csv": "csv", ".json": "json", ".xlsx": XLSX, ".txt": "text"}


def span_of(since: date | None, until: date) -> tuple[datetime, datetime]:
    """Return the span of days as moments in UTC; the last day is a part of it."""
    end = datetime.combine(until, time(), UTC) + timedelta(days=1)
    begin = datetime.combine(since, time(), UTC) if since else end - timedelta(days=DAYS + 1)
    return begin, end


def _since(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    return None if value is None else day_or_today(ctx, param, value)


SINCE = click.option(
    "--since", metavar="DATE", callback=_since, help="First day, in UTC; 30 days ago."
)
UNTIL = click.option("--until", metavar="DATE", callback=day_or_today, help="Last day; today.")


@click.command()
@SINCE
@UNTIL
@click.option("--check", is_flag=True, help="Check that no record was changed or is missing.")
@click.option(
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file: .md, .csv, .json, .xlsx or .txt.",
)
@in_format(AUDIT, CHECK)
@ENVIRONMENT
@click.pass_obj
def audit(
    root: Any,
    form: str,
    *,
    since: date | None,
    until: date,
    check: bool,
    file: Path | None,
    environment: str,
) -> int:
    """List every change from its request to its outcome, with what is missing.

    One entry a change set: request, method, plan, approval, outcome, corrective action. From git, plans/
    and the branch ccstate-record; no platform is asked. With --check it exits with 4 where a record is
    not as its apply left it.
    """
    records = Project.open(root, Terminal(), environment).records
    if check:
        checked = records.check()
        print_report(CHECK, form, checked)
        is_wrong = any(each.severity is Severity.ERROR for each in checked.problems)
        return 4 if is_wrong else 0
    found = records.audit(*span_of(since, until))
    if file is None:
        print_report(AUDIT, form, found)
        return 0
    chosen = SUFFIXES.get(file.suffix.lower())
    if chosen is None:
        raise click.BadParameter(f'"{file.name}" names no format: {", ".join(SUFFIXES)}')
    if chosen == XLSX:
        from ccstate.render.audit_xlsx import audit_xlsx

        write_file(file, audit_xlsx(found))
    else:
        write_file(file, AUDIT.render(chosen, found))
    print_remark(f"Wrote {display_path(file)}")
    return 0


@click.command()
@SINCE
@UNTIL
@click.option("--person", metavar="NAME", default="", help="Only what this person had part in.")
@click.option(
    "--out",
    "folder",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the pack is written.",
)
@ENVIRONMENT
@click.pass_obj
def evidence(
    root: Any, *, since: date | None, until: date, person: str, folder: Path, environment: str
) -> int:
    """Write the pack that an assessor of BSBCCO407A or BSBCUE407 asks for, from git alone.

    Element by element and criterion by criterion: the change sets that show it, those that lack it,
    and what git does not show.
    """
    from ccstate.render.evidence import INDEX, pack

    begin, end = span_of(since, until)
    found = Project.open(root, Terminal(), environment).records.evidence(begin, end, person)
    for name, content in pack(found).items():
        write_file(folder / name, content)
    print_remark(f"Wrote {display_path(folder / INDEX)} and what it names.")
    return 0
