"""`ccstate history` and `blame`: how objects became what they are, and on whose word."""

from typing import Any

import click

from ccstate.cli.output import in_format, print_report
from ccstate.cli.progress import Terminal
from ccstate.project import Project, address_of
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
@click.pass_obj
def history(root: Any, address: str, limit: int, form: str) -> int:
    """Say who changed an object, when, and on whose word.

    From git: commits, authors, requests and fields; from plans/ and the branch ccstate-record: what
    became of them, and what was put back after a change by hand.
    """
    wanted = address_of(address)
    # One more than is shown, to tell whether there are more.
    records = Project.open(root, Terminal()).records
    found = records.history(wanted, limit + 1)
    shown = History(wanted, found[:limit], len(found) <= limit, records.sources)
    print_report(HISTORY, form, shown)
    return 0


@click.command()
@click.argument("address")
@click.argument("field", default="")
@in_format(BLAME)
@click.pass_obj
def blame(root: Any, address: str, field: str, form: str) -> int:
    """Say of each field which commit set it, on whose word, and what became of that.

    FIELD is one field, such as ring_for or service_level.percent; one that was removed is found too.
    """
    wanted = address_of(address)
    records = Project.open(root, Terminal()).records
    print_report(BLAME, form, Blame(wanted, records.blame(wanted, field), records.sources))
    return 0
