"""Each field of an object and the commit that gave it its value, on whose word, and what became of that."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ccstate import codes
from ccstate.desired.findings import did_you_mean
from ccstate.desired.overlays import layered
from ccstate.errors import InvalidInput
from ccstate.history.changes import (
    CommitAction,
    FieldChange,
    Version,
    combine_versions,
    compare_versions,
    version_in,
)
from ccstate.history.commits import Log, Versions
from ccstate.history.entries import (
    CommitChange,
    Entry,
    commits_of,
    described,
    log_of,
    names_before,
    never_declared,
    plans_of,
    undone_by_hand,
)
from ccstate.model import Address, Json


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """One field and where its value comes from.

    `value` is what HEAD declares, None where it declares none any more. `put_back` are the applies that
    undid a change of it by hand since that commit, the newest first.
    """

    path: str
    value: Json
    commit: Entry
    put_back: tuple[Entry, ...] = ()


def in_environment(
    kind: str, base: Sequence[FieldOrigin], own: Sequence[FieldOrigin], environment: str
) -> list[FieldOrigin]:
    """Merge the fields that an environment declares into those of the base, as both are desired."""
    found = {origin.path: origin for origin in base}
    for origin in own:
        below = found.get(origin.path)
        if origin.value is None and below is not None:
            continue  # the environment declares it no more, and the base does
        value = origin.value
        if below is not None and "." not in origin.path:
            value = layered(kind, {origin.path: below.value}, {origin.path: value})[origin.path]
        commit = replace(origin.commit, environment=environment)
        found[origin.path] = replace(origin, value=value, commit=commit)
    return list(found.values())


def blame(
    root: Path,
    desired_folder: str,
    address: Address,
    field: str = "",
    environment: str = "",
    *,
    folders: Collection[str] = (),
) -> list[FieldOrigin]:
    """Find the origin of each field that HEAD declares; or of one, with the fields inside of it.

    `environment` is the one whose plans alone are meant; "" for those of all. `folders` are those in
    which files say how the object was called before: a new name gives no field its value.

    A field that was removed is found where it is named. Raises InvalidInput where git has no history
    here, the object was never in it, or no such field was.
    """
    log = log_of(root, address)
    names = (address, *names_before(root, folders or (desired_folder,), address))
    with log.versions() as content:
        declared = _declared(log, content, desired_folder, address)
        changes = [commits_of(log, content, desired_folder, name) for name in names]
        found = _origins(changes[0] if len(changes) == 1 else _joined(changes), declared, field)
    if not found.changes:
        raise InvalidInput(never_declared(root, desired_folder, address))
    wanted = found.wanted(field)
    if not wanted:
        hint = did_you_mean(field, found.by_path) or f"known: {', '.join(sorted(found.by_path))}"
        raise InvalidInput(codes.FIELD_NEVER_SET(address=address, field=field, hint=hint))
    entries: dict[str, Entry] = {}
    undone: list[Entry] = []
    for name in reversed(names):
        plans = [
            plan
            for plan in plans_of(root, name)
            if not environment or plan.environment == environment
        ]
        # All commits of the object, for what became of one depends on the next.
        for entry in described(log, plans, name, found.changes):
            if entry.plan_id or entry.commit not in entries:
                entries[entry.commit] = entry
        undone = [*undone_by_hand(plans, name), *undone]
    return [
        FieldOrigin(
            path,
            declared.get(path),
            entries[commit],
            tuple(
                each
                for each in undone
                if any(edit.path == path for edit in each.edits) and each.age >= entries[commit].age
            ),
        )
        for path, commit in wanted.items()
    ]


def _joined(changes: Iterable[Iterable[CommitChange]]) -> list[CommitChange]:
    """Join the commits of an object under its names, the latest first: to rename it changes no field."""
    found: list[CommitChange] = []
    for earlier in map(list, changes):
        if not found:
            found = earlier
            continue
        created = found[-1]
        ended = next((n for n, one in enumerate(earlier) if one.commit == created.commit), None)
        if created.action is not CommitAction.CREATED or ended is None:
            break
        before = {edit.path: edit.before for edit in earlier[ended].edits}
        edits = [edit for edit in created.edits if before.get(edit.path) != edit.after]
        found[-1] = created._replace(
            action=CommitAction.CHANGED,
            edits=tuple(replace(edit, before=before.get(edit.path)) for edit in edits),
        )
        found += earlier[ended + 1 :]
    return found


def _declared(log: Log, content: Versions, folder: str, address: Address) -> dict[str, Json]:
    """Read the fields that HEAD declares, as they may be shown, in the order of the kind."""
    now = combine_versions(version_in(content(blob), address) for blob in log.head(folder))
    compared = compare_versions(address.kind, Version(None), now)
    return {edit.path: edit.after for edit in compared[1]} if compared else {}


@dataclass(frozen=True, slots=True)
class _Origins:
    changes: Sequence[CommitChange]
    """Every commit of the object that was read, the newest first."""
    by_path: dict[str, str]
    """The commit that each field has its value from; of a removed one, that removed it."""
    declared: Iterable[str]

    def wanted(self, field: str) -> dict[str, str]:
        """Choose the declared fields; or the named one, and what is inside of it, declared or not."""
        if not field:
            return {path: self.by_path[path] for path in self.declared if path in self.by_path}
        named = [p for p in self.by_path if p == field or p.startswith(f"{field}.")]
        declared = [path for path in self.declared if path in named]
        return {path: self.by_path[path] for path in declared or named}


def _origins(changes: Iterable[CommitChange], declared: dict[str, Json], field: str) -> _Origins:
    """Walk back until each declared field has its commit; all the way where another field is named."""
    read: list[CommitChange] = []
    touched: dict[str, str] = {}
    settled: dict[str, str] = {}
    is_known = not field or any(p == field or p.startswith(f"{field}.") for p in declared)
    for change in changes:
        read.append(change)
        for edit in _edits(change, declared):
            touched.setdefault(edit.path, change.commit)
            # Of branches that were merged, the one whose value stayed.
            if edit.path in declared and edit.after == declared[edit.path]:
                settled.setdefault(edit.path, change.commit)
        if is_known and declared and len(settled) == len(declared):
            break
    return _Origins(read, {**touched, **settled}, list(declared))


def _edits(change: CommitChange, declared: dict[str, Json]) -> Sequence[FieldChange]:
    """List the fields that a commit set; where a shallow clone begins, all may be as old as that."""
    if change.action is CommitAction.CUT_OFF:
        return [FieldChange(path, None, value) for path, value in declared.items()]
    return change.edits
