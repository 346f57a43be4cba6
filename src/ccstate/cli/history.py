"""`ccstate history`."""

from typing import Any

import click

from ccstate.cli.live import address_of
from ccstate.cli.output import in_format, print_report
from ccstate.cli.workspace import Workspace, find_root
from ccstate.render.history_text import HISTORY, History


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

    From git: commits, authors, requests and fields; from plans/: what became of them.
    """
    from ccstate.history import history as entries

    workspace = Workspace(find_root(root))
    wanted = address_of(address)
    # One more than is shown, to tell whether there are more.
    found = entries(workspace.root, workspace.project.desired_state, wanted, limit + 1)
    print_report(HISTORY, form, History(wanted, found[:limit], len(found) <= limit))
    return 0
