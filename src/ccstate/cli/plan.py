"""`ccstate plan`."""

import re
import sys
from typing import Any

import click

from ccstate.cli.live import address_of
from ccstate.cli.output import in_format, palette, print_report, talk, width
from ccstate.cli.plans import remember, write_plan
from ccstate.cli.workspace import Busy, Workspace, find_root
from ccstate.model import Plan
from ccstate.render.busy import BUSY, BusyPlan
from ccstate.render.plan_markdown import PLAN, PlanToShow


def reason(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """The words of a reason, "" where the option is left out: a click callback."""
    if value is None:
        return ""
    if not re.search(r"[^\W\d_]", value):
        message = "a reason needs words; the plan and its history will show them"
        raise click.BadParameter(message, ctx, param)
    return " ".join(value.split())


@click.command()
@click.option(
    "--target",
    "targets",
    multiple=True,
    envvar="CCSTATE_TARGET",
    help="Plan for this target only; repeatable.",
)
@in_format(PLAN)
@click.option("--force", "forced", metavar="REASON", callback=reason, help="Go beyond the limits.")
@click.option(
    "--only",
    multiple=True,
    metavar="ADDRESS",
    help="Plan this object and what it needs, and leave the rest for later; repeatable.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something changes.")
@click.pass_obj
def plan(
    root: Any,
    *,
    targets: tuple[str, ...],
    form: str,
    forced: str,
    only: tuple[str, ...],
    detailed_exitcode: bool,
) -> int:
    """Say what would change, and write it down for review.

    Reads the desired state and the platforms, and writes plans/ID/plan.json, which
    `ccstate apply ID` carries out, and plan.md, for people.
    """
    workspace = Workspace(find_root(root))
    made, busy = workspace.plan(targets, forced, [address_of(text) for text in only])
    plan_id = ""
    if made.steps:
        plan_id, made = write_plan(workspace.root, made)
    remember(workspace.state_folder, plan_id)
    show_plan(made, plan_id, form)
    _show_busy(busy, plan_id, form)
    if made.refusals:
        return 3
    return 2 if made.steps and detailed_exitcode else 0


def _show_busy(busy: Busy, plan_id: str, form: str) -> None:
    """Says who is in the middle of what the plan touches, on standard error beside JSON."""
    if not busy:
        return
    found = BusyPlan(busy, plan_id)
    if form in BUSY.formats:
        print_report(BUSY, form, found)
    else:
        talk(BUSY.render("text", found, width(), palette(sys.stdout)))


def show_plan(made: Plan, plan_id: str, form: str) -> None:
    """Writes a plan to standard output."""
    print_report(PLAN, form, PlanToShow(made, plan_id))
    if plan_id and form != "text":
        talk(f"plan {plan_id}: plans/{plan_id}/plan.json")
