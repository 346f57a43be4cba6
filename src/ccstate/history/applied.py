"""What became of a commit on the platforms, as the folder of plans records it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from ccstate.apply.journal import JOURNAL, Event
from ccstate.model import Address, Outcome
from ccstate.plan_file import FILE, FOLDER

MOST = 200
"""Newest plans that are looked at."""
SHORTEST = 7
"""Characters of a commit's id that name it."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A plan made from a commit, and what became of the object in it."""

    plan_id: str
    outcome: Outcome
    reason: str = ""


def applied(root: Path, address: Address) -> Mapping[str, Applied]:
    """The plans that change the object, one for each commit from which there are any.

    Of several the newest that was applied, or else the newest. What is no plan is passed over.
    """
    found: dict[str, Applied] = {}
    for folder in _newest(root / FOLDER):
        commit = _commit_of(folder / FILE, address)
        if commit is None:
            continue
        outcome = _outcome(folder, address)
        known = found.get(commit)
        if known is None or known.outcome is Outcome.NOT_ATTEMPTED is not outcome.outcome:
            found[commit] = outcome
    return found


def of_commit(plans: Mapping[str, Applied], *shas: str) -> Applied | None:
    """The plan made from the first of these commits that has one, rather one that was applied."""
    for sha in shas:
        made = [plan for commit, plan in plans.items() if sha and sha.startswith(commit)]
        if made:
            return next((p for p in made if p.outcome is not Outcome.NOT_ATTEMPTED), made[0])
    return None


def _newest(folder: Path) -> list[Path]:
    try:
        plans = [path for path in folder.iterdir() if _is_plan(path)]
        dated = [((path / FILE).stat().st_mtime_ns, path.name, path) for path in plans]
    except OSError:
        return []
    return [path for _, _, path in sorted(dated, reverse=True)[:MOST]]


def _is_plan(folder: Path) -> bool:
    """Whether there is a plan, and nothing of it is a link: that may lead to what has no end."""
    parts = (folder, folder / FILE, folder / JOURNAL)
    return (folder / FILE).is_file() and not any(part.is_symlink() for part in parts)


def _commit_of(path: Path, address: Address) -> str | None:
    """The commit of a plan that changes the object; a plan from changed files has none."""
    try:
        data = path.read_bytes()
        if str(address).encode() not in data:
            return None
        plan = orjson.loads(data)
        changes = [change for step in plan["steps"] for change in step["changes"]]
        touched = any(change["address"] == str(address) for change in changes)
        commit = plan["commit"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_name = isinstance(commit, str) and len(commit) >= SHORTEST and not commit.endswith("+")
    return commit if touched and is_name else None


def _outcome(folder: Path, address: Address) -> Applied:
    """The worst that any target's journal says about the object."""
    path = folder / JOURNAL
    try:
        lines = path.read_bytes().splitlines() if path.is_file() else None
    except OSError:
        lines = None
    if lines is None:
        return Applied(folder.name, Outcome.NOT_ATTEMPTED)
    last: dict[str, tuple[Event, str]] = {}
    for line in lines:
        try:
            event = orjson.loads(line)
            if event["address"] == str(address):
                last[str(event["target"])] = Event(event["event"]), str(event["reason"])
        except (ValueError, TypeError, KeyError):
            continue  # torn by a crash; what is whole counts
    verdicts = [_verdict(event, reason) for event, reason in last.values()]
    order = [Outcome.NOT_CONFIRMED, Outcome.NOT_ATTEMPTED, Outcome.CONFIRMED]
    worst = min(verdicts, key=lambda verdict: order.index(verdict[0]), default=None)
    if worst is None:
        return Applied(folder.name, Outcome.NOT_ATTEMPTED, "the apply did not come to it")
    return Applied(folder.name, *worst)


def _verdict(event: Event, reason: str) -> tuple[Outcome, str]:
    match event:
        case Event.CONFIRMED:
            return Outcome.CONFIRMED, ""
        case Event.NOT_ATTEMPTED:
            return Outcome.NOT_ATTEMPTED, reason
        case Event.NOT_CONFIRMED | Event.FAILED:
            return Outcome.NOT_CONFIRMED, reason
        case _:
            return Outcome.NOT_CONFIRMED, "it was written and not read back"
