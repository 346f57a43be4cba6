"""`ccstate policy`: the policy that counts, and whether it lets an apply run at a moment."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from ccstate.cli.output import in_format, print_report
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.policy import Policy, codes, opening_for_all
from ccstate.project import Project, now
from ccstate.render.policy import POLICY, ShownPolicy

BASE = click.option(
    "--base",
    default="",
    metavar="COMMIT",
    help="Commit before the change: its policy counts. Found by git where left out.",
)
_NOW = "now"


@click.command()
@click.option(
    "--at", metavar="TIME", help="Say whether an apply may run then: 2026-12-24T10:00, now."
)
@BASE
@in_format(POLICY)
@click.pass_obj
def policy(root: Any, at: str | None, base: str, form: str) -> int:
    """Show the policy that counts: that of the commit before the change.

    With --at, exits with 5 where no change may be applied at that moment, and says when next. Windows
    and freezes for some changes only are listed, and not counted.
    """
    counted = Project.open(root, Terminal()).policy(base)
    if at is None:
        print_report(POLICY, form, ShownPolicy(counted))
        return 0
    moment = _moment(at, counted)
    opening = opening_for_all(counted, moment)
    print_report(POLICY, form, ShownPolicy(counted, moment, opening))
    return 0 if opening.is_open else 5


def _moment(text: str, counted: Policy) -> datetime:
    """Read a moment, in the timezone of the policy where it has no offset."""
    if text == _NOW:
        return now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not 1900 <= moment.year <= 2200:
        raise InvalidInput(codes.POLICY_NO_MOMENT(text=text))
    timezone = ZoneInfo(counted.form.timezone or "UTC")
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone)
