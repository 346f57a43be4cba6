"""The history of one object: the commits that changed it, on whose word, and what became of them.

What became of a commit is what plans and records say of the object: the closest plan from that commit
on, before another commit changed the object again.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ccstate import codes
from ccstate.authority import NO_AUTHORITY, Authority
from ccstate.desired.crosschecks import earlier_names
from ccstate.desired.documents import MOVED, Document, parse
from ccstate.desired.findings import did_you_mean
from ccstate.desired.tree import content_of, yaml_files
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.history.applies import Apply, Verdict, applies
from ccstate.history.changes import (
    CommitAction,
    FieldChange,
    Version,
    combine_versions,
    compare_versions,
    shown,
    version_in,
)
from ccstate.history.commits import Commit, Log, Mainline, Versions, in_chunks
from ccstate.history.stored_plans import stored_plans
from ccstate.history.trailers import first_of
from ccstate.kinds import KINDS
from ccstate.model import Address, Outcome, parse_address

_KEYS = frozenset({"request", "change", "ticket", "refs", "closes", "fixes"})
_MERGED = re.compile(
    r"^Merge(?:d)? (?:pull request|PR) (#[0-9]+)|See merge request \S*(![0-9]+)", re.M
)
_IN_SUBJECT = re.compile(r"\((?:[\w.-]+/[\w.-]+)?([#!][0-9]+)\)\s*$")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit that changed the object, or one plan that undid what had been changed by hand.

    `date` is ISO 8601 with its offset, `author` is "name <email>". `request` is what the commit,
    or the merge that brought it in, names as its reason: `CHG-123`, `#12`. `outcome` is None where
    no plan brought it to a platform; `authority` is that of the plan's apply, `settled` when the
    outcome was recorded.
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
    authority: Authority = NO_AUTHORITY
    settled: str = ""
    environment: str = ""
    """Environment whose files the commit changed; "" for the base."""
    name: str = ""
    """Earlier address that the object had then; "" for the one that was asked for."""

    @property
    def age(self) -> datetime:
        """When it was made; long ago where that is not known."""
        return _moment(self.date)


def history(
    root: Path,
    desired_folder: str,
    address: Address,
    limit: int,
    *,
    overlays: Mapping[str, str] = MappingProxyType({}),
    environment: str = "",
) -> list[Entry]:
    """Read the newest commits that changed the object, from git, and what plans and records say of them.

    Those from before it was renamed, too. `overlays` are the folders of environments by their names,
    `environment` is the chosen one, whose plans alone are meant. Raises InvalidInput where git has no
    history here, or the object was never in it.
    """
    folders = {"": desired_folder, **overlays}
    log = log_of(root, address)
    entries: list[Entry] = []
    undone: list[Entry] = []
    is_all = True
    for name in (address, *names_before(root, folders.values(), address)):
        plans = [
            plan
            for plan in plans_of(root, name)
            if not environment or plan.environment == environment
        ]
        for layer, folder in folders.items():
            with log.versions() as content:
                found = list(islice(commits_of(log, content, folder, name), limit))
            is_all = is_all and len(found) < limit
            own = [plan for plan in plans if not layer or plan.environment == layer]
            described_ones = described(log, own, name, found)
            entries += [_in_layer(entry, layer, name, address) for entry in described_ones]
        undone += [_in_layer(entry, "", name, address) for entry in undone_by_hand(plans, name)]
    if not entries and limit > 0:
        raise InvalidInput(never_declared(root, desired_folder, address))
    if overlays or any(entry.name for entry in entries):
        main = log.mainline()
        entries = sorted(
            _renamed(entries),
            key=lambda entry: (-entry.age.timestamp(), main.place(entry.commit) or 0),
        )
    if not is_all:  # older ones are beyond the limit, as the commits of their time are
        oldest = entries[:limit][-1]
        undone = [entry for entry in undone if entry.age >= oldest.age]
    return _merged(entries, undone)[:limit]


def _in_layer(entry: Entry, environment: str, name: Address, address: Address) -> Entry:
    """Say of an entry in which files it is, and by which name; an environment only ever changes."""
    action = entry.action
    if environment and action in {CommitAction.CREATED, CommitAction.DELETED}:
        action = CommitAction.CHANGED
    earlier = "" if name == address else str(name)
    return replace(entry, action=action, environment=environment, name=earlier)


def _renamed(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out that a commit took an earlier name away, where it created the later one."""
    created = {entry.commit for entry in entries if entry.action is CommitAction.CREATED}
    return [
        entry
        for entry in entries
        if not (entry.name and entry.action is CommitAction.DELETED and entry.commit in created)
    ]


def names_before(root: Path, folders: Iterable[str], address: Address) -> Sequence[Address]:
    """List the names that the object had before, as files say by `moved:`, the latest first."""
    documents: dict[str, Document] = {}
    for folder in folders:
        for entry in yaml_files(root / folder, root) if (root / folder).is_dir() else ():
            if isinstance(entry, Diagnostic):
                continue
            data = content_of(entry[1], entry[0])
            if isinstance(data, bytes) and MOVED.encode() in data:
                documents[entry[0]], _, _ = parse(data, entry[0])
    return earlier_names(documents).get(address, ())


def log_of(root: Path, address: Address) -> Log:
    """Open git's history for an object; InvalidInput where it has none, or there is no such kind."""
    if address.kind not in KINDS:
        raise InvalidInput(_unknown_kind(address))
    return Log(root)


def plans_of(root: Path, address: Address) -> list[Apply]:
    """Read the plans that change an object, from plans/ and the branch of records, the newest first."""
    with stored_plans(root) as stored:
        return applies(stored, str(address))


def described(
    log: Log, plans: Sequence[Apply], address: Address, found: Sequence["CommitChange"]
) -> list[Entry]:
    """Add to changes of commits, the newest first, who made them and what became of them."""
    if not found:
        return []
    main = log.mainline()
    shas = [difference.commit for difference in found]
    brought = {main.merges[sha] for sha in shas if sha in main.merges}
    words = log.words([*shas, *sorted(brought.difference(shas))])
    deliveries = _deliveries(plans, main, address, found)
    entries = []
    for commit, action, edits in found:
        date, author, subject, message = words[commit]
        merge = main.merges.get(commit, "")
        plan, verdict = deliveries.get(commit, (None, None))
        entries.append(
            Entry(
                commit=commit,
                date=date,
                author=author,
                subject=subject,
                action=action,
                edits=edits,
                request=request_in(message) or (request_in(words[merge].message) if merge else ""),
                plan_id=plan.id if plan else "",
                outcome=verdict.outcome if verdict else None,
                reason=verdict.reason if verdict else "",
                authority=plan.authority if plan else NO_AUTHORITY,
                settled=verdict.at if verdict else "",
            )
        )
    return entries


def _deliveries(
    plans: Sequence[Apply], main: Mainline, address: Address, changes: Sequence["CommitChange"]
) -> dict[str, tuple[Apply, Verdict]]:
    """Find the plan that brought each of an object's commits to a platform: an applied one before others.

    Where none of its own was applied, as one that waited out a freeze, it is the next one that wrote
    what the commit says.
    """
    made = [
        (place, plan, plan.verdict(str(address)))
        for plan in plans
        if plan.is_as_committed and plan.commit and _brings(plan, address)
        for place in [main.place(plan.commit)]
    ]
    places = {change.commit: main.place(change.commit) for change in changes}
    edits = {change.commit: change.edits for change in changes}
    in_order = sorted({place for place in places.values() if place is not None})
    found: dict[str, tuple[Apply, Verdict]] = {}
    for sha, place in places.items():
        candidates = [
            ((verdict.outcome is Outcome.NOT_ATTEMPTED, 0), plan, verdict)
            for _, plan, verdict in made
            if sha.startswith(plan.commit)
        ]
        if place is not None and not candidates:
            until = in_order.index(place) - 1
            newer = in_order[until] if until >= 0 else -1
            candidates = [
                ((verdict.outcome is Outcome.NOT_ATTEMPTED, place - at), plan, verdict)
                for at, plan, verdict in made
                if at is not None and newer < at <= place
            ]
        if not candidates:
            continue
        (is_unapplied, _), plan, verdict = min(candidates, key=lambda each: each[0])
        if is_unapplied and place is not None:
            later = [
                (at, other, said)
                for at, other, said in made
                if at is not None
                and at <= place
                and said.outcome is not Outcome.NOT_ATTEMPTED
                and _writes(other, address, edits[sha])
            ]
            _, plan, verdict = max(later, key=lambda each: each[0], default=(0, plan, verdict))
        found[sha] = plan, verdict
    return found


def _writes(plan: Apply, address: Address, edits: Sequence[FieldChange]) -> bool:
    """Check whether a plan gives fields of the object the values that a commit gave them."""
    written = [
        (edit.path, shown(address.kind, edit.path, edit.after))
        for change in plan.changes
        if change.address == str(address)
        for edit in change.edits
    ]
    return any((edit.path, edit.after) in written for edit in edits)


def _brings(plan: Apply, address: Address) -> bool:
    """Check whether a plan brings what a commit says: it does more than to undo a change by hand, or a plan."""
    return not plan.rollback and any(
        not change.edits or not all(edit.undoes_hand for edit in change.edits)
        for change in plan.changes
        if change.address == str(address)
    )


def undone_by_hand(plans: Sequence[Apply], address: Address) -> list[Entry]:
    """List the applies that undid what had been changed by hand, the newest first."""
    entries = []
    for plan in plans:
        verdict = plan.verdict(str(address))
        edits = {
            edit.path: FieldChange(
                edit.path,
                shown(address.kind, edit.path, edit.before),
                shown(address.kind, edit.path, edit.after),
            )
            for change in plan.changes
            for edit in change.edits
            if change.address == str(address) and edit.undoes_hand
        }
        if plan.is_begun and edits and verdict.outcome is not Outcome.NOT_ATTEMPTED:
            entries.append(
                Entry(
                    commit=plan.commit,
                    date=plan.started,
                    author=plan.authority.applied_by,
                    subject="",
                    action=CommitAction.PUT_BACK,
                    edits=tuple(edits.values()),
                    request=plan.authority.request.request,
                    plan_id=plan.id,
                    outcome=verdict.outcome,
                    reason=verdict.reason,
                    authority=plan.authority,
                    settled=verdict.at,
                )
            )
    return entries


def _merged(entries: Sequence[Entry], undone: Sequence[Entry]) -> list[Entry]:
    """Put the applies among the commits, each before the first that is not newer than it."""
    merged = list(entries)
    for one in reversed(undone):
        moment = _moment(one.date)
        older = (n for n, entry in enumerate(merged) if _moment(entry.date) <= moment)
        merged.insert(next(older, len(merged)), one)
    return merged


def _moment(date: str) -> datetime:
    try:
        found = datetime.fromisoformat(date)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class CommitChange(NamedTuple):
    """What one commit did to the object."""

    commit: str
    action: CommitAction
    edits: tuple[FieldChange, ...]


def commits_of(
    log: Log, content: Versions, folder: str, address: Address
) -> Iterator[CommitChange]:
    """List what each commit did to the object, the newest first."""
    versions: dict[str, Version] = {"": Version(None)}

    def version(blob: str) -> Version:
        # What a commit found is what the one before it left: each is read once.
        if blob not in versions:
            versions[blob] = version_in(content(blob), address)
        return versions[blob]

    for commits in in_chunks(log.commits(folder)):
        content.ahead((commit.files for commit in commits), versions)
        for commit in commits:
            change = _change_of(commit, version, address.kind, is_cut_off=commit.sha in log.cut_off)
            if change:
                yield change


def _change_of(
    commit: Commit, version: Callable[[str], Version], kind: str, *, is_cut_off: bool
) -> CommitChange | None:
    after = combine_versions(version(file.after) for file in commit.files)
    if is_cut_off:
        is_there = after.fields is not None
        return CommitChange(commit.sha, CommitAction.CUT_OFF, ()) if is_there else None
    parents = zip(*(file.before for file in commit.files), strict=True)
    befores = [combine_versions(map(version, blobs)) for blobs in parents]
    differences = [compare_versions(kind, before, after) for before in befores]
    # A merge changed the object only where it is as in none of the branches.
    first = differences[0]
    return (
        CommitChange(commit.sha, *first) if first is not None and None not in differences else None
    )


def _unknown_kind(address: Address) -> Diagnostic:
    hint = did_you_mean(address.kind, KINDS) or f"known: {', '.join(KINDS)}"
    return codes.HISTORY_OF_NO_KIND(kind=address.kind, hint=hint)


def never_declared(root: Path, folder: str, address: Address) -> Diagnostic:
    """Say that an object has no history, and which was meant perhaps."""
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
