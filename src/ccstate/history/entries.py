"""The history of one object: the commits that changed it, on whose word, and what became of them.

What became of a commit is what the folder of plans records.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson

from ccstate import codes
from ccstate.apply.journal import JOURNAL, Event
from ccstate.desired.documents import parse
from ccstate.desired.findings import did_you_mean
from ccstate.desired.tree import content_of, yaml_files
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.history.changes import (
    CommitAction,
    FieldChange,
    Version,
    combine_versions,
    compare_versions,
    version_in,
)
from ccstate.history.commits import Log
from ccstate.history.trailers import first_of
from ccstate.kinds import KINDS
from ccstate.model import Address, Outcome, parse_address
from ccstate.plan_file import FILE, FOLDER

MOST = 200
"""Newest plans that are looked at."""
SHORTEST = 7
"""Characters of a commit's id that name it."""
_KEYS = frozenset({"request", "change", "ticket", "refs", "closes", "fixes"})
_MERGED = re.compile(
    r"^Merge(?:d)? (?:pull request|PR) (#[0-9]+)|See merge request \S*(![0-9]+)", re.M
)
_IN_SUBJECT = re.compile(r"\((?:[\w.-]+/[\w.-]+)?([#!][0-9]+)\)\s*$")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit that changed the object.

    `date` is ISO 8601 with its offset, `author` is "name <email>". `request` is what the commit,
    or the merge that brought it in, names as its reason: `CHG-123`, `#12`. `outcome` is None
    where no plan was made from the commit or that merge.
    """

    commit: str
    date: str
    author: str
    subject: str
    action: CommitAction
    edits: tuple[FieldChange, ...] = ()
    request: str = ""
    plan_id: str = ""
    outcome: Outcome | None = None
    reason: str = ""


def history(root: Path, desired_folder: str, address: Address, limit: int) -> list[Entry]:
    """Read the newest commits that changed the object, from git, and what plans/ says of them.

    Raises InvalidInput where git has no history here, or the object was never in it.
    """
    if address.kind not in KINDS:
        raise InvalidInput(_unknown_kind(address))
    log = Log(root)
    with log.versions() as content:
        found = list(islice(_changes(log, content, desired_folder, address), limit))
    if not found and limit > 0:
        raise InvalidInput(_unknown(root, desired_folder, address))
    merges = log.merges() if found else {}
    shas = [difference.commit for difference in found]
    brought = sorted({merges[sha] for sha in shas if sha in merges})
    words = log.words([*shas, *(sha for sha in brought if sha not in shas)])
    plans = outcomes_by_commit(root, address)
    entries = []
    for commit, action, edits in found:
        date, author, subject, message = words[commit]
        merge = merges.get(commit, "")
        plan = outcome_of_commit(plans, commit, merge)
        entries.append(
            Entry(
                commit=commit,
                date=date,
                author=author,
                subject=subject,
                action=action,
                edits=edits,
                request=request_in(message) or (request_in(words[merge].message) if merge else ""),
                plan_id=plan.plan_id if plan else "",
                outcome=plan.outcome if plan else None,
                reason=plan.reason if plan else "",
            )
        )
    return entries


class _Change(NamedTuple):
    commit: str
    action: CommitAction
    edits: tuple[FieldChange, ...]


def _changes(
    log: Log, content: Callable[[str], bytes], folder: str, address: Address
) -> Iterator[_Change]:
    versions: dict[str, Version] = {"": Version(None)}

    def version(blob: str) -> Version:
        # What a commit found is what the one before it left: each is read once.
        if blob not in versions:
            versions[blob] = version_in(content(blob), address)
        return versions[blob]

    for commit in log.commits(folder):
        after = combine_versions(version(file.after) for file in commit.files)
        parents = zip(*(file.before for file in commit.files), strict=True)
        befores = [combine_versions(map(version, blobs)) for blobs in parents]
        if commit.sha in log.cut_off:
            if after.fields is not None:
                yield _Change(commit.sha, CommitAction.CUT_OFF, ())
            continue
        differences = [compare_versions(address.kind, before, after) for before in befores]
        # A merge changed the object only where it is as in none of the branches.
        first = differences[0]
        if first is not None and None not in differences:
            yield _Change(commit.sha, *first)


def _unknown_kind(address: Address) -> Diagnostic:
    hint = did_you_mean(address.kind, KINDS) or f"known: {', '.join(KINDS)}"
    return codes.HISTORY_OF_NO_KIND(kind=address.kind, hint=hint)


def _unknown(root: Path, folder: str, address: Address) -> Diagnostic:
    declared = _declared(root, folder)
    if str(address) in declared:
        return codes.NEVER_COMMITTED(address=address)
    names = [parse_address(name).name for name in declared if name.startswith(f"{address.kind}/")]
    hint = did_you_mean(address.name, names) or did_you_mean(str(address), declared)
    return codes.NEVER_DECLARED(
        address=address, hint=hint or "write it as kind/name, such as queue/sales"
    )


def _declared(root: Path, folder: str) -> set[str]:
    declared: set[str] = set()
    if not (root / folder).is_dir():
        return declared
    for entry in yaml_files(root / folder, root):
        if isinstance(entry, Diagnostic):
            continue
        data = content_of(entry[1], entry[0])
        if isinstance(data, bytes):
            document, _, _ = parse(data, entry[0])
            declared |= {f"{kind}/{name}" for kind, name, _ in document.resources}
    return declared


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """A plan made from a commit, and what became of the object in it."""

    plan_id: str
    outcome: Outcome
    reason: str = ""


def outcomes_by_commit(root: Path, address: Address) -> Mapping[str, PlanOutcome]:
    """Find the plans that change the object, one for each commit from which there are any.

    Of several the newest that was applied, or else the newest. What is no plan is passed over.
    """
    found: dict[str, PlanOutcome] = {}
    for folder in _newest(root / FOLDER):
        commit = _commit_of(folder / FILE, address)
        if commit is None:
            continue
        outcome = _outcome(folder, address)
        known = found.get(commit)
        if known is None or known.outcome is Outcome.NOT_ATTEMPTED is not outcome.outcome:
            found[commit] = outcome
    return found


def outcome_of_commit(plans: Mapping[str, PlanOutcome], *shas: str) -> PlanOutcome | None:
    """Find the plan made from the first of these commits that has one, rather one that was applied."""
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
    """Read the commit of a plan that changes the object; a plan from changed files has none."""
    try:
        data = path.read_bytes()
        if str(address).encode() not in data:
            return None
        plan = orjson.loads(data)
        changes = [change for step in plan["steps"] for change in step["changes"]]
        if plan.get("rollback"):
            return None  # what became of the commit is not what became of the way back
        touched = any(change["address"] == str(address) for change in changes)
        commit = plan["commit"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    is_name = isinstance(commit, str) and len(commit) >= SHORTEST and not commit.endswith("+")
    return commit if touched and is_name else None


def _outcome(folder: Path, address: Address) -> PlanOutcome:
    """Find the worst that any target's journal says about the object."""
    path = folder / JOURNAL
    try:
        lines = path.read_bytes().splitlines() if path.is_file() else None
    except OSError:
        lines = None
    if lines is None:
        return PlanOutcome(folder.name, Outcome.NOT_ATTEMPTED)
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
        return PlanOutcome(folder.name, Outcome.NOT_ATTEMPTED, "the apply did not come to it")
    return PlanOutcome(folder.name, *worst)


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


def request_in(message: str) -> str:
    """Find the request that a message names, `CHG-123` or `#12`; "" where it names none."""
    subject, _, _ = message.partition("\n")
    if named := first_of(message, _KEYS):
        return named[:_LONGEST]
    if found := _MERGED.search(message):
        return found[1] or found[2]
    if found := _IN_SUBJECT.search(subject):
        return found[1]
    return ""
