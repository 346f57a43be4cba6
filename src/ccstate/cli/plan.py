"""`ccstate plan`, and `ccstate plans`: the saved ones."""

import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from ccstate import codes
from ccstate.checkout import display_path, write_file
from ccstate.cli import days
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, palette, print_remark, print_report, width
from ccstate.cli.policy import BASE
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.project import Planned, Project, SavedPlan, now
from ccstate.project.policy import Judged
from ccstate.render.attention import BUSY, BusyPlan
from ccstate.render.formats import Report
from ccstate.render.plan import PLAN, PlanToShow
from ccstate.render.plans import PLAN_FOLDER, PlanFolder
from ccstate.render.policy import VERDICT, JudgedPlan

T = TypeVar("T")
AGE = "7d"
PAGE = "plan.html"


def reason(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """Check the words of a reason, "" where the option is left out: a click callback."""
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
@BASE
@click.option(
    "--page",
    "file",
    is_flag=False,
    flag_value=PAGE,
    metavar="[FILE]",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Write a page too, for those who open no terminal; {PAGE} where no file is named.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something changes.")
@ENVIRONMENT
@click.pass_obj
def plan(
    root: Any,
    *,
    targets: tuple[str, ...],
    form: str,
    forced: str,
    only: tuple[str, ...],
    base: str,
    file: Path | None,
    detailed_exitcode: bool,
    environment: str,
) -> int:
    """Say what would change, and write it down for review.

    Reads the desired state and the platforms, and writes plans/ID/plan.json, which
    `ccstate apply ID` carries out, and plan.md, for people.
    """
    project = Project.open(root, Terminal(), environment)
    today = days.today()
    planned = project.plan(targets, only, forced, today)
    saved = project.save(planned.plan)
    show_plan(saved, form)
    if planned.activity:
        _show_beside(BUSY, BusyPlan(planned.activity, saved.id), form)
    judged = show_verdict(project, saved, form, base)
    if file is not None:
        _write_page(project, planned, judged, today, file)
    if saved.plan.refusals or judged.verdict.refused:
        return 3
    return 2 if saved.plan.steps and detailed_exitcode else 0


def _write_page(
    project: Project, planned: Planned, judged: Judged, today: date, file: Path
) -> None:
    from ccstate.ci.page import planned_page

    write_file(file, planned_page(project, planned, judged, today))
    print_remark(f"Wrote {display_path(file)}")


def show_plan(saved: SavedPlan, form: str) -> None:
    """Write a plan to standard output."""
    print_report(PLAN, form, PlanToShow(saved.plan, saved.id))
    if saved.id and form != "text":
        print_remark(f"plan {saved.id}: plans/{saved.id}/plan.json")


def show_verdict(project: Project, saved: SavedPlan, form: str, base: str = "") -> Judged:
    """Print what the policy says of a plan, and return it."""
    judged = project.verdict(saved.plan, base=base)
    _show_beside(VERDICT, JudgedPlan(judged.verdict, judged.policy), form)
    return judged


def _show_beside(report: Report[T], value: T, form: str) -> None:
    """Print what is not part of the plan, on standard error beside JSON."""
    if form in report.formats:
        print_report(report, form, value)
    elif text := report.render("text", value, width(), palette(sys.stdout)):
        print_remark(text)


@click.command()
@click.option(
    "--prune",
    "oldest",
    is_flag=False,
    flag_value=AGE,
    metavar="[AGE]",
    help=f"Remove plans that were never applied and are older: 12h, 30d; {AGE} where left out.",
)
@in_format(PLAN_FOLDER)
@ENVIRONMENT
@click.pass_obj
def plans(root: Any, *, oldest: str | None, form: str, environment: str) -> int:
    """List the plans: which wait, run, were applied, interrupted, or overtaken.

    A plan is stale once another commit is checked out than it was made from. What was applied, or
    begun, is the record of what was done, and is never removed.
    """
    project = Project.open(root, Terminal(), environment)
    found = project.saved_plans()
    old = [] if oldest is None else [p for p in found if now() - p.made > _age(oldest)]
    removed = [p.plan_id for p in old if project.remove_plan(p.plan_id)]
    left = [p for p in found if p.plan_id not in removed]
    left.sort(key=lambda p: (p.made, p.plan_id), reverse=True)
    print_report(PLAN_FOLDER, form, PlanFolder(left, removed, now()))
    return 0


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,5})([dhm])", text)
    if not found:
        raise InvalidInput(codes.PRUNE_NO_AGE(text=text))
    unit = {"d": "days", "h": "hours", "m": "minutes"}[found[2]]
    return timedelta(**{unit: int(found[1])})
