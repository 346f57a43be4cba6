"""`ccstate apply` and `ccstate unlock`."""

import getpass
import os
import socket
import sys
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ccstate import plan_file
from ccstate.adapter import Adapter
from ccstate.cli.output import palette, progress, say, talk, width
from ccstate.cli.plans import (
    FOLDER,
    JOURNAL,
    RECEIPT,
    find_plan,
    interrupted_plan,
    is_begun,
    is_finished,
    latest_plan,
    remember,
    write_plan,
)
from ccstate.cli.workspace import Workspace, find_root
from ccstate.errors import Blocked, Diagnostic, InvalidInput
from ccstate.model import Outcome, Plan


@click.command()
@click.argument("plan_id", required=False)
@click.option("--resume", is_flag=True, help="Go on with an apply that was interrupted.")
@click.option(
    "--drain", metavar="DURATION", help="Wait so long for callers in what the plan touches: 5m."
)
@click.pass_obj
def apply(root: Any, plan_id: str | None, resume: bool, drain: str | None) -> int:
    """Do what a plan says, and confirm it by reading again.

    Without PLAN_ID the plan that `ccstate plan` wrote last is taken. A plan that was edited, or whose
    platform changed since, is refused before the first write.
    """
    workspace = Workspace(find_root(root))
    limit = None if drain is None else _limit(drain)
    workspace.project  # noqa: B018 - read first: without a project there are no plans to speak of
    if plan_id:
        chosen = find_plan(workspace.root, plan_id)
    elif resume:
        chosen = interrupted_plan(workspace.root)
    else:
        chosen = latest_plan(workspace.root, workspace.state_folder)
    plan = plan_file.read_plan(workspace.root / FOLDER / chosen / plan_file.FILE)
    _check_turn(workspace.root, chosen, resume=resume)
    with _lock(workspace, chosen, resume=resume):
        try:
            if limit is not None:
                _drain(workspace, plan, limit)
            return _apply(workspace, chosen, plan)
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


def _drain(workspace: Workspace, plan: Plan, limit: int) -> None:
    from ccstate.apply.drain import drain

    drain(plan, _adapters(workspace, plan), float(limit), talk)


def _check_turn(root: Path, plan_id: str, *, resume: bool) -> None:
    if is_finished(root, plan_id):
        cause = f"Its receipt: {FOLDER}/{plan_id}/{RECEIPT}"
        hint = "plan again: `ccstate plan`"
        message = f"plan {plan_id} was applied already"
    elif is_begun(root, plan_id) and not resume:
        cause = "What it began must be looked at before anything is repeated."
        hint = f"go on with it: `ccstate apply {plan_id} --resume`"
        message = f"an apply of plan {plan_id} was interrupted"
    else:
        return
    raise Blocked([Diagnostic("CC502", message, cause=cause, hint=hint)])


def _lock(workspace: Workspace, plan_id: str, *, resume: bool) -> AbstractContextManager[object]:
    from ccstate.apply import lock

    acquire = lock.acquire_to_resume if resume else lock.acquire
    owner = f"{_user()}@{socket.gethostname()}"
    return acquire(workspace.state_folder, owner=owner, since=_now(), purpose=plan_id)


def _user() -> str:
    """Who runs this; the number of a user whom the machine does not know, as in containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # before Python 3.13 the one, since then the other
        return str(os.getuid())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _apply(workspace: Workspace, plan_id: str, plan: Plan) -> int:
    from ccstate.apply.freshness import freshen, take_up
    from ccstate.apply.journal import open_journal
    from ccstate.apply.perform import Means
    from ccstate.apply.perform import apply as perform
    from ccstate.render.receipt import Receipt, receipt_markdown, receipt_text

    folder = workspace.root / FOLDER / plan_id
    adapters = _adapters(workspace, plan)
    journal = open_journal(folder / JOURNAL)
    # An apply that was killed before it began has done nothing: the plan must be fresh.
    fresh = (take_up if journal.recorded else freshen)(plan_id, plan, adapters)
    started = journal.recorded[0].at if journal.recorded else _now()
    total = sum(1 for _ in plan.changes())
    with progress(f"Applying {plan_id}", total) as bar:
        means = Means(adapters, journal, _now, bar.update)
        applied = perform(fresh, means)
    corrective = ""
    if applied.corrective:
        corrective, _ = write_plan(workspace.root, applied.corrective)
    remember(workspace.state_folder, corrective)
    receipt = Receipt(plan_id, applied.settled, started, _now(), corrective)
    (folder / RECEIPT).write_text(receipt_markdown(receipt), encoding="utf-8")
    say(receipt_text(receipt, width(), palette(sys.stdout)))
    return 0 if all(one.outcome is Outcome.CONFIRMED for one in applied.settled) else 4


def _adapters(workspace: Workspace, plan: Plan) -> dict[str, Adapter]:
    names = list(dict.fromkeys(step.target for step in plan.steps))
    return {target.name: workspace.adapter(target) for target in workspace.targets(names)}


@click.command()
@click.pass_obj
def unlock(root: Any) -> int:
    """Remove the lock of an apply that died.

    Make sure first that nobody is applying: two at once may undo each other.
    """
    from ccstate.apply.lock import force_release

    workspace = Workspace(find_root(root))
    holder = force_release(workspace.state_folder)
    if holder is None:
        talk("Nothing was locked.")
        return 0
    say(f"Removed the lock of {holder.owner} (process {holder.pid}) since {holder.since}.")
    plan_id = holder.purpose
    if plan_id and is_begun(workspace.root, plan_id) and not is_finished(workspace.root, plan_id):
        talk(f"Its apply was interrupted: ccstate apply {plan_id} --resume")
    return 0
