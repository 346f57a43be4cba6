"""The folder of plans: one folder a plan, named by its id."""

from dataclasses import replace
from pathlib import Path

from ccstate import plan_file
from ccstate.checkout import refuse_links
from ccstate.cli.output import write_file
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.model import Plan

FOLDER = "plans"
JOURNAL = "journal.jsonl"
RECEIPT = "receipt.md"
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
    write_file(folder / "plan.md", plan_markdown(plan, plan_id))
    write_file(folder / plan_file.FILE, content)
    return plan_id, plan


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
    """The id of the plan whose id begins so; InvalidInput where there is none, or several."""
    found = [plan_id for plan_id in plan_ids(root) if plan_id.startswith(given)]
    if len(found) == 1:
        return found[0]
    message = f'no plan is called "{given}"'
    if found:
        message = f'"{given}" may be {" or ".join(found[:3])}'
    raise InvalidInput([_no_plan(message)])


def plan_ids(root: Path) -> list[str]:
    """Every plan in the folder."""
    return sorted(path.parent.name for path in (root / FOLDER).glob(f"*/{plan_file.FILE}"))


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
