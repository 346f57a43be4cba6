"""`ccstate apply` and `ccstate unlock`."""

from contextlib import suppress
from typing import Any

import click

from ccstate import codes
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import OutputFailed, in_format, print_remark, print_report
from ccstate.cli.plan import reason
from ccstate.cli.policy import BASE
from ccstate.cli.progress import ApplyTerminal, Terminal
from ccstate.errors import InvalidInput, Locked, Unreadable
from ccstate.project import Project
from ccstate.render.receipt import APPLY, UNLOCKED, Unlocked


@click.command()
@click.argument("plan_id", required=False)
@click.option("--resume", is_flag=True, help="Go on with an apply that was interrupted.")
@click.option(
    "--drain", metavar="DURATION", help="Wait so long for callers in what the plan touches: 5m."
)
@click.option(
    "--emergency",
    default=None,
    metavar="REASON",
    callback=reason,
    help="Go beyond the policy; only by those whom it names.",
)
@BASE
@in_format(APPLY)
@ENVIRONMENT
@click.pass_obj
def apply(
    root: Any,
    plan_id: str | None,
    *,
    resume: bool,
    drain: str | None,
    emergency: str,
    base: str,
    form: str,
    environment: str,
) -> int:
    """Do what a plan says, and confirm it by reading again.

    Without PLAN_ID the plan that `ccstate plan` wrote last is taken. A plan that was edited, whose
    platform changed since, or that lacks what the policy asks for is refused before the first write.
    """
    wait = None if drain is None else _seconds(drain)
    with ApplyTerminal() as terminal:
        receipt = Project.open(root, terminal, environment).apply(
            plan_id, resume=resume, wait=wait, base=base, emergency=emergency
        )
    with suppress(OutputFailed):  # the apply itself succeeded: its exit code stays
        print_report(APPLY, form, receipt)
    return 0 if receipt.confirmed else 4


def _seconds(text: str) -> float:
    from ccstate.kinds.fields import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise InvalidInput(codes.DRAIN_NO_DURATION(error=error)) from None


@click.command()
@click.option("--target", "names", multiple=True, metavar="NAME", help="Only this platform.")
@click.option(
    "--owner", default="", metavar="USER@HOST", help="Whose lock, where that is asked for."
)
@in_format(UNLOCKED)
@ENVIRONMENT
@click.pass_obj
def unlock(root: Any, *, names: tuple[str, ...], owner: str, form: str, environment: str) -> int:
    """Remove the locks that an apply left which died.

    The lock of a process that runs stays. Of another machine that cannot be known: name its owner,
    and make sure first that it is not applying.
    """
    removed, interrupted, kept = Project.open(root, Terminal(), environment).unlock(names, owner)
    print_report(UNLOCKED, form, Unlocked(removed, interrupted))
    for plan_id in interrupted:
        print_remark(f"Its apply was interrupted: ccstate apply {plan_id} --resume")
    if kept:
        is_locked = any(isinstance(error, Locked) for error in kept)
        problems = [problem for error in kept for problem in error.problems]
        raise (Locked if is_locked else Unreadable)(problems)
    if not removed:
        print_remark("Nothing was locked.")
    return 0
