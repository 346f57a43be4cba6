"""The folder of plans: one folder a plan, named by its id; and `ccstate plans`.

A plan that nobody applied is nobody's record: its folder holds a .gitignore that keeps it out of
git. An apply takes that away, for from then on the journal tells what was done.
"""

import re
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import click

from ccstate import __version__, plan_file
from ccstate.checkout import refuse_links
from ccstate.cli import days
from ccstate.cli.output import complain, in_format, print_report, shown, write_file
from ccstate.cli.workspace import PLANS, Workspace, find_root
from ccstate.desired.settings import FILE as PROJECT_FILE
from ccstate.desired.settings import Settings
from ccstate.errors import Blocked, CcstateError, Diagnostic, InvalidInput, Severity, Span
from ccstate.model import Change, Fields, Plan
from ccstate.render.plans import PLAN_FOLDER, ListedPlan, PlanFolder

FOLDER = PLANS
JOURNAL = "journal.jsonl"
RECEIPT = "receipt.md"
MARKDOWN = "plan.md"
IGNORE = ".gitignore"
MOST_FAULTS = 20
LATEST = "latest-plan"


def write_plan(root: Path, plan: Plan) -> tuple[str, Plan]:
    """Writes plan.json and plan.md, and returns the plan with its id.

    A plan that says the same as one that was begun becomes another, by its `repeat`: what was
    begun has its own journal, and ends by itself.
    """
    from ccstate.render.plan_markdown import plan_markdown

    plan_id, content = plan_file.packed(plan)
    while is_begun(root, plan_id):
        plan = replace(plan, repeat=plan.repeat + 1)
        plan_id, content = plan_file.packed(plan)
    folder = plan_folder(root, plan_id)
    write_file(folder / IGNORE, "# Until it is applied, this plan is nobody's record.\n*\n")
    write_file(folder / plan_file.FILE, content)
    # As it is read again: what people review must not depend on the order of keys in memory.
    reread = plan_file.read_plan(folder / plan_file.FILE)
    write_file(folder / MARKDOWN, plan_markdown(reread, plan_file.digest(reread)))
    return plan_id, plan


def keep_plan(root: Path, plan_id: str) -> None:
    """Lets git see a plan, for an apply of it begins."""
    with suppress(OSError):  # of a folder that cannot be written to, the journal complains
        (root / FOLDER / plan_id / IGNORE).unlink(missing_ok=True)


def reviewed_plan(root: Path, plan_id: str, given: str = "") -> Plan:
    """The plan of a folder, which is the one that was reviewed, as far as its files can tell.

    Folder, content, the digest that was given and `plan.md`, which people read, agree, and every
    change is one that the kinds allow. Raises Blocked where that is not so.
    """
    from ccstate.plan_values import faults
    from ccstate.render.plan_markdown import plan_markdown

    folder = plan_folder(root, plan_id)
    file = folder / plan_file.FILE
    plan = plan_file.read_plan(file)
    digest = plan_file.digest(plan)
    if plan_id != digest[: plan_file.ID_LENGTH] or not digest.startswith(given):
        raise Blocked([_another(file, given or plan_id, digest)])
    if found := list(islice(faults(plan), MOST_FAULTS)):
        raise Blocked([_fault(file, change, words) for change, words in found])
    try:
        reviewed = (folder / MARKDOWN).read_bytes()
    except OSError as error:
        raise Blocked([_unreviewed(folder, plan, f"cannot be read: {error.strerror}")]) from None
    if reviewed != plan_markdown(plan, digest).encode():
        raise Blocked([_unreviewed(folder, plan, "does not say what plan.json does")])
    return plan


def _another(file: Path, named: str, digest: str) -> Diagnostic:
    return Diagnostic(
        "CC312",
        f"the plan in this folder is not {named}",
        Span(str(file)),
        cause=f"By what it says it is {digest}.",
        hint="make a new plan with `ccstate plan`, and review that",
    )


def _fault(file: Path, change: Change, words: str) -> Diagnostic:
    return Diagnostic(
        "CC314",
        f"{change.address} on {change.target} {words}",
        Span(str(file)),
        cause="No desired state can say this: ccstate did not make this plan.",
        hint="make a new plan with `ccstate plan`; and find out who wrote this one",
    )


def _unreviewed(folder: Path, plan: Plan, how: str) -> Diagnostic:
    if plan.made_by == __version__:
        cause = "People review plan.md: what they read is not what would be done."
        hint = "make a new plan with `ccstate plan`, and review that"
    else:
        cause = f"ccstate {plan.made_by} made the plan, and this is ccstate {__version__}."
        hint = f"plan again and review that; or apply it with ccstate {plan.made_by}"
    return Diagnostic("CC313", f"{MARKDOWN} {how}", Span(str(folder / MARKDOWN)), cause, hint)


def refuse_other_platforms(plan: Plan, project: Settings) -> None:
    """Blocked where ccstate.yaml names another platform for a target than it did for the plan."""
    targets = {target.name: target for target in project.targets}
    changes: dict[str, list[Change]] = {}
    for change in plan.changes():
        changes.setdefault(change.target, []).append(change)
    problems = []
    for name, changed in sorted(changes.items()):
        target, made = targets.get(name), plan.platforms.get(name)
        if target is None:
            problems.append(_elsewhere(f'no target is named "{name}"', "The plan changes it."))
        elif made != target.platform:
            cause = "Its connection says something else than when the plan was made."
            if made is None or made.adapter != target.adapter:
                was = made.adapter if made else "none"
                cause = f"The plan was made with the adapter {was}; it is {target.adapter} now."
            problems.append(_elsewhere(f"target {name} is another platform", cause))
        elif strange := [c for c in changed if not target.manages(c.address, _with_site(c))]:
            first, more = strange[0].address, len(strange) - 1
            message = f"target {name} does not manage {first}" + (
                f" and {more} more" if more else ""
            )
            cause = "The plan changes what belonged to it by its kinds and sites then."
            problems.append(_elsewhere(message, cause))
    if problems:
        raise Blocked(problems)


def _with_site(change: Change) -> Fields:
    """The site of the object that a change makes, or takes away."""
    if change.ledger is not None:
        return {"site": change.ledger.get("site")}
    return {"site": next((edit.before for edit in change.edits if edit.path == "site"), None)}


def _elsewhere(message: str, cause: str) -> Diagnostic:
    hint = "plan again, for the platforms that ccstate.yaml names now"
    return Diagnostic("CC311", message, Span(PROJECT_FILE), cause=cause, hint=hint)


def plan_folder(root: Path, plan_id: str) -> Path:
    """The folder of a plan; InvalidInput where it, or a file in it, is a link."""
    folder = root / FOLDER / plan_id
    refuse_links(root, folder)
    refuse_links(root, *(folder.iterdir() if folder.is_dir() else ()))
    return folder


def remember(folder: Path, plan_id: str) -> None:
    """Notes in the state folder which plan is the latest; "" where nothing was to be done."""
    write_file(folder / LATEST, plan_id)


def latest_plan(root: Path, folder: Path) -> str:
    """The plan that the latest `ccstate plan` or apply wrote; the only one in a fresh clone.

    Raises InvalidInput where that is none, or where nobody can tell.
    """
    waiting = [plan_id for plan_id in plan_ids(root) if not is_begun(root, plan_id)]
    try:
        latest = (folder / LATEST).read_text(encoding="utf-8")
    except OSError:
        if len(waiting) > 1:
            problem = _no_plan(f"{len(waiting)} plans wait")
            hint = f"name one: `ccstate apply {waiting[0]}`"
            raise InvalidInput([replace(problem, hint=hint)]) from None
        latest = waiting[0] if waiting else ""
    if latest in waiting:
        return latest
    stopped = interrupted_plans(root)
    if not stopped:
        raise InvalidInput([_no_plan("no plan waits to be applied")])
    hint = f"go on with the one that was interrupted: `ccstate apply {stopped[0]} --resume`"
    raise InvalidInput([replace(_no_plan("no plan waits to be applied"), hint=hint)])


def interrupted_plan(root: Path) -> str:
    """The plan whose apply was interrupted last."""
    stopped = interrupted_plans(root)
    if not stopped:
        raise InvalidInput([_no_plan("no apply was interrupted")])
    return max(stopped, key=lambda plan_id: (root / FOLDER / plan_id / JOURNAL).stat().st_mtime_ns)


def interrupted_plans(root: Path) -> list[str]:
    """Every plan whose apply was begun and did not end."""
    return [p for p in plan_ids(root) if is_begun(root, p) and not is_finished(root, p)]


def find_plan(root: Path, given: str) -> str:
    """The id of the plan whose id begins so; InvalidInput where there is none, or several.

    More of the digest than the id may be given: `reviewed_plan` holds the plan against all of it.
    """
    short = given[: plan_file.ID_LENGTH]
    found = [plan_id for plan_id in plan_ids(root) if short and plan_id.startswith(short)]
    if len(found) == 1:
        return found[0]
    message = f'no plan is called "{given}"'
    if found:
        message = f'"{given}" may be {" or ".join(found[:3])}'
    raise InvalidInput([_no_plan(message)])


def plan_ids(root: Path) -> list[str]:
    """Every plan in the folder; InvalidInput where one, or a file in it, is a link."""
    found = sorted(path.parent.name for path in (root / FOLDER).glob(f"*/{plan_file.FILE}"))
    for plan_id in found:
        plan_folder(root, plan_id)
    return found


def is_begun(root: Path, plan_id: str) -> bool:
    """Whether an apply of the plan has written to its journal."""
    return (root / FOLDER / plan_id / JOURNAL).exists()


def is_finished(root: Path, plan_id: str) -> bool:
    """Whether an apply of the plan went to its end."""
    try:
        journal = (root / FOLDER / plan_id / JOURNAL).read_bytes()
    except OSError:
        return False
    return b'"event":"finished"' in journal[-400:]


def _no_plan(message: str) -> Diagnostic:
    return Diagnostic("CC306", message, Span(FOLDER), hint="make one with `ccstate plan`")


AGE = "7d"


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
@click.pass_obj
def plans(root: Any, oldest: str | None, form: str) -> int:
    """List the plans: which wait, run, were applied, interrupted, or overtaken.

    A plan is stale once another commit is checked out than it was made from. What was applied, or
    begun, is the record of what was done, and is never removed.
    """
    from ccstate.history import head_commit

    workspace = Workspace(find_root(root))
    commit = head_commit(workspace.root, workspace.project.desired_state)
    now = days.now()
    found = [_listed(workspace, plan_id, commit) for plan_id in plan_ids(workspace.root)]
    old = [] if oldest is None else [p for p in found if now - p.made > _age(oldest)]
    removed = [p.plan_id for p in old if _remove(workspace.root, p.plan_id)]
    left = sorted((p for p in found if p.plan_id not in removed), key=lambda p: (p.made, p.plan_id))
    left.reverse()
    print_report(PLAN_FOLDER, form, PlanFolder(left, removed, now))
    return 0


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,5})([dhm])", text)
    if not found:
        hint = "write it as 12h or 30d"
        raise InvalidInput([Diagnostic("CC818", f'--prune: "{text}" is no age', hint=hint)])
    unit = {"d": "days", "h": "hours", "m": "minutes"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def _listed(workspace: Workspace, plan_id: str, commit: str) -> ListedPlan:
    root = workspace.root
    path = root / FOLDER / plan_id / plan_file.FILE
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
    try:
        plan = plan_file.read_plan(path)
        if plan_id != plan_file.plan_id(plan):
            raise Blocked([_another(path, plan_id, plan_file.digest(plan))])
    except CcstateError:
        return ListedPlan(plan_id, "damaged", made)
    if is_begun(root, plan_id):
        state = _begun(workspace, plan_id, plan)
    elif plan.refusals:
        state = "refused"
    else:
        state = "waiting" if plan.commit == commit else "stale"
    counts = Counter(change.action for change in plan.changes())
    targets = list(dict.fromkeys(step.target for step in plan.steps))
    return ListedPlan(plan_id, state, made, plan.commit, targets, dict(sorted(counts.items())))


def _begun(workspace: Workspace, plan_id: str, plan: Plan) -> str:
    """What became of a plan that was begun; only where that is open, its platforms are asked."""
    root = workspace.root
    if is_finished(root, plan_id):
        return "applied"
    if _is_running(workspace, plan_id, {step.target for step in plan.steps}):
        return "running"
    # An apply ends its journal before it gives its locks back: it may just have done both.
    return "applied" if is_finished(root, plan_id) else "interrupted"


def _is_running(workspace: Workspace, plan_id: str, names: Collection[str]) -> bool:
    """Whether a process that lives, or may live on another machine, holds a lock for the plan."""
    from ccstate.apply.lock import Life, life

    for target in workspace.project.targets:
        if target.name not in names:
            continue
        try:
            holder = workspace.adapter(target).holder()
        except CcstateError as error:
            complain([replace(p, severity=Severity.WARNING) for p in error.problems])
            continue
        if holder and holder.plan == plan_id and life(holder) is not Life.DEAD:
            return True
    return False


def _remove(root: Path, plan_id: str) -> bool:
    """Removes a plan that was never begun, and nothing that ccstate did not write there."""
    folder = root / FOLDER / plan_id
    if is_begun(root, plan_id) or folder.is_symlink():
        return False
    try:
        for name in (IGNORE, MARKDOWN, plan_file.FILE):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        message = f"{shown(folder)} cannot be removed: {(error.strerror or str(error)).lower()}"
        raise InvalidInput([Diagnostic("CC813", message, Span(shown(folder)))]) from None
    return True
