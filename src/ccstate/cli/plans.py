"""The folder of plans: one folder a plan, named by its id."""

from dataclasses import replace
from pathlib import Path

from ccstate import plan_file
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.model import Plan

FOLDER = "plans"
JOURNAL = "journal.jsonl"
RECEIPT = "receipt.md"


def write_plan(root: Path, plan: Plan) -> str:
    """Writes plan.json and plan.md and returns the plan's id."""
    from ccstate.render.plan_markdown import plan_markdown

    plan_id, content = plan_file.packed(plan)
    folder = root / FOLDER / plan_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / plan_file.FILE).write_bytes(content)
        (folder / "plan.md").write_text(plan_markdown(plan, plan_id), encoding="utf-8")
    except OSError as error:
        message = f"the plan cannot be written: {error.strerror}"
        raise InvalidInput([Diagnostic("CC307", message, Span(str(folder)))]) from None
    return plan_id


def find_plan(root: Path, given: str) -> str:
    """The id of the plan whose id begins so; InvalidInput where there is none, or several."""
    found = [plan_id for plan_id in plan_ids(root) if plan_id.startswith(given)]
    if len(found) == 1:
        return found[0]
    message = f'no plan is called "{given}"'
    if found:
        message = f'"{given}" may be {" or ".join(found[:3])}'
    raise InvalidInput([_no_plan(message)])


def newest_plan(root: Path, *, interrupted: bool) -> str:
    """The plan written last of those that wait: not begun, or begun and interrupted."""
    waiting = [
        plan_id
        for plan_id in plan_ids(root)
        if is_begun(root, plan_id) is interrupted and not is_finished(root, plan_id)
    ]
    if not waiting:
        raise InvalidInput([_none_waits(root, interrupted=interrupted)])
    return max(waiting, key=lambda plan_id: (root / FOLDER / plan_id).stat().st_mtime_ns)


def _none_waits(root: Path, *, interrupted: bool) -> Diagnostic:
    if interrupted:
        return _no_plan("no apply was interrupted")
    stopped = [p for p in plan_ids(root) if is_begun(root, p) and not is_finished(root, p)]
    problem = _no_plan("no plan waits to be applied")
    if not stopped:
        return problem
    hint = f"go on with the one that was interrupted: `ccstate apply {stopped[0]} --resume`"
    return replace(problem, hint=hint)


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
