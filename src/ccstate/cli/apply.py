"""`ccstate apply` and `ccstate unlock`."""

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ccstate.cli.output import (
    Progress,
    Unsaid,
    complain,
    in_format,
    print_report,
    talk,
)
from ccstate.cli.plans import (
    FOLDER,
    JOURNAL,
    RECEIPT,
    find_plan,
    interrupted_plan,
    interrupted_plans,
    is_begun,
    is_finished,
    keep_plan,
    latest_plan,
    refuse_other_platforms,
    remember,
    reviewed_plan,
    write_plan,
)
from ccstate.cli.workspace import Workspace, find_root
from ccstate.errors import (
    Blocked,
    CcstateError,
    Diagnostic,
    InvalidInput,
    Locked,
    Severity,
    Span,
    Unreadable,
)
from ccstate.model import Outcome, Plan
from ccstate.render.receipt import APPLY, UNLOCKED, Receipt, Unlocked, receipt_markdown

if TYPE_CHECKING:
    from ccstate.adapter import Holder
    from ccstate.apply.lock import Held


@click.command()
@click.argument("plan_id", required=False)
@click.option("--resume", is_flag=True, help="Go on with an apply that was interrupted.")
@click.option(
    "--drain", metavar="DURATION", help="Wait so long for callers in what the plan touches: 5m."
)
@in_format(APPLY)
@click.pass_obj
def apply(root: Any, plan_id: str | None, resume: bool, drain: str | None, form: str) -> int:
    """Do what a plan says, and confirm it by reading again.

    Without PLAN_ID the plan that `ccstate plan` wrote last is taken. A plan that was edited, or whose
    platform changed since, is refused before the first write.
    """
    workspace = Workspace(find_root(root))
    limit = None if drain is None else _limit(drain)
    workspace.project  # noqa: B018 - read first: without a project there are no plans to speak of
    chosen = _chosen(workspace, plan_id, resume=resume)
    plan = _read(workspace, chosen, plan_id or "")
    _refuse_finished(workspace.root, chosen)
    with _locked(workspace, plan, chosen, resume=resume) as held:
        # Only now: whoever holds the locks is in the middle of it, and was not interrupted.
        _refuse_finished(workspace.root, chosen)
        if is_begun(workspace.root, chosen) and not resume:
            raise Blocked([_was_interrupted(chosen)])
        try:
            if limit is not None:
                from ccstate.apply.drain import drain as wait

                wait(plan, held.adapters, float(limit), talk)
            return _apply(workspace, chosen, plan, held, form)
        except KeyboardInterrupt:
            if is_begun(workspace.root, chosen):
                talk(f"\nStopped. To go on:  ccstate apply {chosen} --resume")
            raise


def _limit(text: str) -> int:
    from ccstate.kinds.fields import seconds

    try:
        return seconds(text)
    except ValueError as error:
        hint = "write it as 90s, 5m or 1h"
        raise InvalidInput([Diagnostic("CC809", f"--drain: {error}", hint=hint)]) from None


def _chosen(workspace: Workspace, given: str | None, *, resume: bool) -> str:
    """The id of the plan that is meant."""
    if given is not None:  # "" is no plan: a variable of a script that was not set
        return find_plan(workspace.root, given)
    if resume:
        return interrupted_plan(workspace.root)
    try:
        latest = latest_plan(workspace.root, workspace.state_folder)
    except InvalidInput:
        # One that was begun may be running: who says that it was interrupted looks at the locks.
        for stopped in interrupted_plans(workspace.root):
            with _locked(workspace, _read(workspace, stopped), stopped, resume=False):
                pass
        raise
    _refuse_another_commit(workspace, latest)
    return latest


def _refuse_another_commit(workspace: Workspace, plan_id: str) -> None:
    """Blocked where the latest plan is not one of what is checked out: reverted since, perhaps."""
    from ccstate.history.head import head_commit, says_the_same

    made, folder = _read(workspace, plan_id).commit, workspace.project.desired_state
    now = head_commit(workspace.root, folder)
    if made == now or says_the_same(workspace.root, made, now, folder):
        return
    problem = Diagnostic(
        "CC610",
        f"the latest plan, {plan_id}, was made from {_commit(made)}; here is {_commit(now)}",
        cause="What the plan brings about is no longer what the desired state says.",
        hint=f"plan again: `ccstate plan`; or name it, if it is meant: `ccstate apply {plan_id}`",
    )
    raise Blocked([problem])


def _commit(commit: str) -> str:
    if not commit:
        return "no commit"
    more = " with changes that are not committed" if commit.endswith("+") else ""
    return f"commit {commit.rstrip('+')[:12]}{more}"


def _read(workspace: Workspace, plan_id: str, given: str = "") -> Plan:
    """The plan that was reviewed, for the platforms that the project names."""
    from ccstate.apply.freshness import refuse_preview

    plan = reviewed_plan(workspace.root, plan_id, given)
    refuse_other_platforms(plan, workspace.project)
    refuse_preview(plan)  # before a lock is asked for: who made it may not write one
    return plan


def _refuse_finished(root: Path, plan_id: str) -> None:
    if is_finished(root, plan_id):
        message = f"plan {plan_id} was applied already"
        cause = f"Its receipt: {FOLDER}/{plan_id}/{RECEIPT}"
        hint = "plan again: `ccstate plan`"
        raise Blocked([Diagnostic("CC502", message, cause=cause, hint=hint)])


def _was_interrupted(plan_id: str) -> Diagnostic:
    return Diagnostic(
        "CC502",
        f"an apply of plan {plan_id} was interrupted",
        cause="What it began must be looked at before anything is repeated.",
        hint=f"go on with it: `ccstate apply {plan_id} --resume`",
    )


def _locked(
    workspace: Workspace, plan: Plan, plan_id: str, *, resume: bool
) -> "AbstractContextManager[Held]":
    """The locks of all platforms that the plan writes to."""
    from ccstate.apply.lock import holding, holding_again, this_process

    names = list(dict.fromkeys(step.target for step in plan.steps))
    targets = workspace.targets(names) if names else []
    adapters = {target.name: workspace.adapter(target) for target in targets}
    holder = this_process(f"{_user()}@{socket.gethostname()}", _now(), plan_id)
    return (holding_again if resume else holding)(adapters, holder, complain)


def _user() -> str:
    """Who runs this; the number of a user whom the machine does not know, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # before Python 3.13 the one, since then the other
        return str(os.getuid())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _apply(workspace: Workspace, plan_id: str, plan: Plan, held: "Held", form: str) -> int:
    from ccstate.apply.freshness import freshen, take_up
    from ccstate.apply.journal import open_journal
    from ccstate.apply.perform import Means
    from ccstate.apply.perform import apply as perform

    folder = workspace.root / FOLDER / plan_id
    journal = open_journal(folder / JOURNAL)
    keep_plan(workspace.root, plan_id)
    started = journal.recorded[0].at if journal.recorded else _now()
    total = sum(1 for _ in plan.changes())
    with Progress(f"Applying {plan_id}", total) as progress:
        progress.doing("looking whether the plan still fits")
        # An apply that was killed before it began has done nothing: the plan must be fresh.
        fresh = (take_up if journal.recorded else freshen)(plan_id, plan, held.adapters)
        means = Means(held, journal, _now, progress.update, progress.doing)
        applied = perform(fresh, means)
    # From here on the platforms are as they are: what fails is told, and changes no exit code.
    corrective = ""
    if applied.corrective:
        with _telling("the plan for what is missing could not be written"):
            corrective, _ = write_plan(workspace.root, applied.corrective)
    with _telling("which plan is the latest could not be noted"):
        remember(workspace.state_folder, corrective)
    receipt = Receipt(plan_id, applied.settled, started, _now(), corrective, plan.kept)
    with _telling("the receipt could not be written"):
        (folder / RECEIPT).write_text(receipt_markdown(receipt), encoding="utf-8")
    with suppress(Unsaid):  # that has been told
        print_report(APPLY, form, receipt)
    return 0 if all(one.outcome is Outcome.CONFIRMED for one in applied.settled) else 4


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """Tells of a record that could not be written after an apply, and goes on."""
    try:
        yield
    except (OSError, InvalidInput) as error:
        reason = error.strerror if isinstance(error, OSError) else error.problems[0].message
        hint = "make room, or correct the permissions; `ccstate verify` shows what holds"
        cause = "The plan was applied; its journal says what became of each change."
        place = Span(str(error.filename)) if isinstance(error, OSError) and error.filename else None
        complain([Diagnostic("CC612", f"{what}: {reason}", place, cause, hint, Severity.WARNING)])


@click.command()
@click.option("--target", "names", multiple=True, metavar="NAME", help="Only this platform.")
@click.option(
    "--owner", default="", metavar="USER@HOST", help="Whose lock, where that is asked for."
)
@in_format(UNLOCKED)
@click.pass_obj
def unlock(root: Any, names: tuple[str, ...], owner: str, form: str) -> int:
    """Remove the locks that an apply left which died.

    The lock of a process that runs stays. Of another machine that cannot be known: name its owner,
    and make sure first that it is not applying.
    """
    from ccstate.apply.lock import release

    workspace = Workspace(find_root(root))
    kept: list[CcstateError] = []
    removed: dict[str, Holder] = {}
    for target in workspace.targets(names):
        try:
            holder = release(target.name, workspace.adapter(target), owner, _now())
        except (Locked, Unreadable) as error:  # a platform that is away keeps no other locked
            kept.append(error)
            continue
        if holder is not None:
            removed[target.name] = holder
    plans = dict.fromkeys(holder.plan for holder in removed.values())
    interrupted = [plan_id for plan_id in plans if plan_id in interrupted_plans(workspace.root)]
    print_report(UNLOCKED, form, Unlocked(removed, interrupted))
    for plan_id in interrupted:
        talk(f"Its apply was interrupted: ccstate apply {plan_id} --resume")
    if kept:
        is_locked = any(isinstance(error, Locked) for error in kept)
        problems = [problem for error in kept for problem in error.problems]
        raise (Locked if is_locked else Unreadable)(problems)
    if not removed:
        talk("Nothing was locked.")
    return 0
