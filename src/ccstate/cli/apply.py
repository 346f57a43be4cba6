"""`ccstate apply` and `ccstate unlock`."""

from contextlib import suppress
from typing import Any

import click

from ccstate import codes
from ccstate.apply.confirmation import Standing
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import OutputFailed, in_format, print_remark, print_report
from ccstate.cli.plan import reason
from ccstate.cli.policy import BASE
from ccstate.cli.progress import ApplyTerminal, Terminal
from ccstate.cli.worker import shared_here
from ccstate.errors import Code, InvalidInput, Locked, Unreadable
from ccstate.project import Project
from ccstate.render.receipt import APPLY, UNLOCKED, Unlocked

LONGEST_TO_CONFIRM = 86_400.0
"""Seconds: a day."""


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
@click.option(
    "--confirm-within",
    metavar="DURATION",
    help="Take it all back unless call tests pass and somebody confirms in so long: 5m.",
)
@in_format(APPLY)
@ENVIRONMENT
@click.pass_obj
def apply(
    root: Any,
    *,
    plan_id: str | None,
    resume: bool,
    drain: str | None,
    confirm_within: str | None,
    emergency: str,
    base: str,
    form: str,
    environment: str,
) -> int:
    """Do what a plan says, and confirm it by reading again.

    Without PLAN_ID the plan that `ccstate plan` wrote last is taken. A plan that was edited, whose
    platform changed since, or that lacks what the policy asks for is refused before the first write.
    """
    wait = None if drain is None else _seconds(drain, codes.DRAIN_NO_DURATION)
    within = None if confirm_within is None else _within(confirm_within)
    with ApplyTerminal() as terminal:
        receipt = Project.open(root, terminal, environment, shared_here()).apply(
            plan_id,
            resume=resume,
            wait=wait,
            base=base,
            emergency=emergency,
            confirm_within=within,
        )
    with suppress(OutputFailed):  # the apply itself succeeded: its exit code stays
        print_report(APPLY, form, receipt)
    return 0 if receipt.stands else 4


def _seconds(text: str, code: Code) -> float:
    from ccstate.kinds.fields import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise InvalidInput(code(error=error)) from None


def _within(text: str) -> float:
    found = _seconds(text, codes.CONFIRM_NO_DURATION)
    if not 0 < found <= LONGEST_TO_CONFIRM:
        raise InvalidInput(codes.CONFIRM_NO_DURATION(error=f'"{text}" is too short, or too long'))
    return found


@click.command(name="sign-off")
@click.argument("plan_id")
@click.argument("addresses", nargs=-1)
@click.option(
    "--not-done", default=None, metavar="REASON", callback=reason, help="Why it was not done."
)
@click.option("--by", default="", metavar="NAME", help="Who did it; you, where left out.")
@ENVIRONMENT
@click.pass_obj
def sign_off(
    root: Any, *, plan_id: str, addresses: tuple[str, ...], not_done: str, by: str, environment: str
) -> int:
    """Say that what an apply handed over to people is done, or why not.

    Of all changes of the plan that have no word yet, or of the ADDRESSES, such as queue/sales. That
    confirms nothing: with a new export in place, `ccstate apply PLAN_ID` does.
    """
    signed = Project.open(root, Terminal(), environment).handed_over.sign_off(
        plan_id, addresses, by=by, not_done=not_done
    )
    what = "Not done" if not_done else "Signed off"
    for change in signed.changes:
        print_remark(
            f"{what} by {signed.word.by}: {change.action} {change.address} on {change.target}"
        )
    if signed.left:
        left = ", ".join(str(change.address) for change in signed.left[:MOST_NAMED])
        more = len(signed.left) - MOST_NAMED
        print_remark(f"Without a word yet: {left}{f' and {more:,} more' if more > 0 else ''}")
    print_remark(f"With a new export in place, to confirm it:  ccstate apply {signed.plan_id}")
    return 0


MOST_NAMED = 5


@click.command()
@click.argument("plan_id", required=False, default="")
@click.option("--take-back", is_flag=True, help="Decide that the change does not stay.")
@ENVIRONMENT
@click.pass_obj
def confirm(root: Any, plan_id: str, take_back: bool, environment: str) -> int:
    """Confirm a change that is taken back otherwise.

    Of `ccstate apply --confirm-within`; without PLAN_ID of the only plan that waits. Where its own apply
    has died, the change is settled here.
    """
    project = Project.open(root, Terminal(), environment, shared_here())
    if not take_back:
        print_remark(f"Confirmed: the change of plan {project.unconfirmed.confirm(plan_id)} stays.")
        return 0
    receipt = project.unconfirmed.take_back(plan_id)
    if receipt is None:
        print_remark("It is taken back by the apply that waits for the confirmation.")
        return 0
    print_report(APPLY, "text", receipt)
    return 4 if receipt.settled and receipt.settled.standing is Standing.NOT_TAKEN_BACK else 0


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
