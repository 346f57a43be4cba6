"""`ccstate history`."""

import sys
from typing import Any

import click

from ccstate.cli.live import address_of
from ccstate.cli.output import in_format, palette, say, width
from ccstate.cli.workspace import Workspace, find_root


@click.command()
@click.argument("address")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    help="Most commits to show.",
    show_default=True,
)
@in_format("text", "json")
@click.pass_obj
def history(root: Any, address: str, limit: int, form: str) -> int:
    """Say who changed an object, when, and on whose word.

    From git: commits, authors, requests and fields; from plans/: what became of them.
    """
    from ccstate.history import history as entries
    from ccstate.render.history_text import history_text
    from ccstate.render.reports import history_json

    workspace = Workspace(find_root(root))
    wanted = address_of(address)
    # One more than is shown, to tell whether there are more.
    found = entries(workspace.root, workspace.project.desired_state, wanted, limit + 1)
    shown, is_all = found[:limit], len(found) <= limit
    if form == "json":
        say(history_json(shown, wanted, is_all=is_all))
    else:
        say(history_text(shown, wanted, width(), palette(sys.stdout), is_all=is_all))
    return 0
