"""The folder of plans as a table, and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ccstate.model import Action
from ccstate.render.formats import Report, as_json
from ccstate.render.text import Palette, Piece, Style, lay_out, plain
from ccstate.render.values import VERBS, plural
from ccstate.report_format import objects as form

HANG = 14
COMMIT = 10
"""Characters of a commit's id."""
_STYLES = {
    "waiting": Style.ADD,
    "running": Style.CHANGE,
    "unconfirmed": Style.CHANGE,
    "handed over": Style.CHANGE,
    "interrupted": Style.ALARM,
    "damaged": Style.ALARM,
}


@dataclass(frozen=True, slots=True)
class ListedPlan:
    """One plan: its state in a word, when it was made, and how many changes of each action."""

    plan_id: str
    state: form.PlanState
    made: datetime
    commit: str = ""
    targets: Sequence[str] = ()
    changes: Mapping[Action, int] = field(default_factory=dict)
    environment: str = ""


@dataclass(frozen=True, slots=True)
class PlanFolder:
    """The plans of the folder, newest first, at a moment, and the ids of those just removed."""

    plans: Sequence[ListedPlan]
    removed: Sequence[str]
    now: datetime


def plans_text(folder: PlanFolder, width: int, palette: Palette) -> str:
    """Write a line a plan, newest first: id, state, age, commit, what it does."""
    plans, removed, now = folder.plans, folder.removed, folder.now
    lines = []
    if removed:
        words = plural(len(removed), "plan that was never applied", "plans that were never applied")
        lines.append((2, plain(f"Removed {words}: {', '.join(removed)}.")))
    if not plans:
        lines.append((2, plain("No plans. `ccstate plan` makes one.")))
    for plan in plans:
        commit = plan.commit.removesuffix("+")[:COMMIT] + "+" * plan.commit.endswith("+")
        lines.append(
            (
                HANG,
                (
                    Piece(plan.plan_id, Style.STRONG),
                    Piece(f"  {plan.state:<11}", _STYLES.get(plan.state, Style.PLAIN)),
                    Piece(f"  {age(plan.made, now):>7}  {commit or '-':<{COMMIT + 1}}", Style.DIM),
                    *plain(f"  {_what(plan)}"),
                ),
            )
        )
    return lay_out(lines, width, palette) + "\n"


def _what(plan: ListedPlan) -> str:
    counts = [f"{count:,} to {VERBS[action]}" for action, count in plan.changes.items() if count]
    where = f" of {plan.environment}" if plan.environment else ""
    return f"{', '.join(plan.targets)}{where}: {', '.join(counts)}" if counts else ""


def age(made: datetime, now: datetime) -> str:
    """Write how long ago, in its largest unit: `3 days`, `20 min`."""
    seconds = max(int((now - made).total_seconds()), 0)
    for size, unit in ((86_400, "day"), (3_600, "hour")):
        if seconds >= size:
            return plural(seconds // size, unit)
    return f"{seconds // 60} min"


def plans_json(folder: PlanFolder) -> str:
    """List every plan of the folder, newest first."""
    listed = [
        form.PlanListed(
            plan=plan.plan_id,
            state=plan.state,
            made=plan.made.isoformat(timespec="seconds"),
            commit=plan.commit,
            targets=list(plan.targets),
            changes={action.value: count for action, count in plan.changes.items()},
            environment=plan.environment or None,
        )
        for plan in folder.plans
    ]
    return as_json(form.Plans(plans=listed, removed=list(folder.removed)))


PLAN_FOLDER: Report[PlanFolder] = Report(plans_text, json=plans_json)
