"""`ccstate rollback`."""

from typing import Any

import click

from ccstate.cli import days
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format
from ccstate.cli.plan import reason, show_plan, show_verdict
from ccstate.cli.progress import Terminal
from ccstate.project import Project
from ccstate.render.plan import PLAN


@click.command()
@click.argument("back")
@click.argument("addresses", nargs=-1)
@in_format(PLAN)
@click.option("--force", "forced", metavar="REASON", callback=reason, help="Go beyond the limits.")
@ENVIRONMENT
@click.pass_obj
def rollback(
    root: Any, *, back: str, addresses: tuple[str, ...], form: str, forced: str, environment: str
) -> int:
    """Plan the way back: of an applied plan, or to the desired state of a commit.

    BACK is the id of a plan, whose changes are taken back, or a commit as git names it, to whose desired
    state the platforms go back. With ADDRESSES, for these objects and what they need. The way back is
    reviewed and applied as any plan; what it cannot take back, it says.
    """
    project = Project.open(root, Terminal(), environment)
    planned = project.rollback(back, addresses, forced, days.today())
    saved = project.save(planned.plan)
    show_plan(saved, form)
    verdict = show_verdict(project, saved, form).verdict
    return 3 if saved.plan.refusals or verdict.refused else 0
