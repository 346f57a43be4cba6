"""Desired × live × last applied → changes, each with its reason.

                    desired = last applied        desired ≠ last applied
    live = last     nothing to do                 you changed it
    live ≠ last     changed by hand               both

Only declared fields take part (rule 1). Linear: an object whose declared fields all agree costs
one comparison; only what differs is taken apart.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from ccstate import kinds
from ccstate.model import (
    ALTERED,
    ANNOTATIONS,
    RUNNING,
    UNSEEN_SEAL,
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Observation,
    Resource,
    State,
    Why,
    edited,
    fingerprint,
)

Moves: TypeAlias = Mapping[Address, Sequence[Address]]
"""Earlier names of objects by the one that they have now, the latest of them first."""

LEDGER_ONLY = frozenset({"protect"})
"""Fields about the management of an object; no platform holds them."""


def sealed(
    state: State, secrets: Mapping[Address, Mapping[str, str]], seals: Mapping[str, str]
) -> dict[Address, Resource]:
    """Put a seal in place of every reference to a secret."""
    result = dict(state)
    for address, references in secrets.items():
        resource = state[address]
        edits = [Edit(path, None, seals[ref], why=Why.YOU) for path, ref in references.items()]
        result[address] = Resource(
            address, edited(resource.fields, edits), resource.file, resource.defaulted
        )
    return result


def sealed_as_recorded(
    state: State,
    secrets: Mapping[Address, Mapping[str, str]],
    seen: Observation,
    seals: Mapping[str, str] = MappingProxyType({}),
    moves: Moves = MappingProxyType({}),
) -> dict[Address, Resource]:
    """Seal the state where not all secrets can be read: `seals` has those that can be.

    Another secret that was written from this reference is desired as it was written. One of another
    reference, or of an object that ccstate did not write, differs from all seals: what is written
    is needed. `moves` are earlier names, whose secrets a renamed object keeps.
    """
    result = dict(state)
    for address, references in secrets.items():
        written = _written_secrets((address, *moves.get(address, ())), seen)
        edits: list[Edit] = []
        for path, reference in references.items():
            seal, source = written.get(path, (UNSEEN_SEAL, reference))
            known = seal if source in (None, reference) else UNSEEN_SEAL
            edits.append(Edit(path, None, seals.get(reference, known), why=Why.YOU))
        result[address] = replace(state[address], fields=edited(state[address].fields, edits))
    return result


def _written_secrets(
    names: Sequence[Address], seen: Observation
) -> dict[str, tuple[str, str | None]]:
    """Return the seal of each secret that ccstate wrote, by path, and its reference where recorded."""
    name = next((name for name in names if name in seen.objects and name in seen.ledger), None)
    if name is None:
        return {}
    sources = seen.references.get(name, {})
    return {
        path: (seal, sources.get(path))
        for path, seal in kinds.secrets(name.kind, seen.ledger[name]).items()
    }


def secret_references(state: State) -> dict[Address, dict[str, str]]:
    """List the secrets of each resource: the dotted path of each, and its reference."""
    # Only where a top-level field can hold one: most objects need no walk.
    holders = {kind: kinds.secret_fields(kind) for kind in kinds.KINDS}
    found = {}
    for address, resource in state.items():
        holding = holders[address.kind]
        if (
            holding
            and not holding.isdisjoint(resource.fields)
            and (references := kinds.secrets(address.kind, resource.fields))
        ):
            found[address] = references
    return found


def diff(
    target: str,
    desired: State,
    seen: Observation,
    *,
    secrets: Mapping[Address, Mapping[str, str]],
    release: Collection[Address],
    moves: Moves = MappingProxyType({}),
) -> list[Change]:
    """Find every change that brings one target to its desired state; `desired` is sealed.

    `secrets` are the references behind the seals, `release` the addresses to let go of, `moves` the
    earlier names of objects that the platform can rename.
    """
    changes = []
    moved: dict[Address, Address] = {}
    objects, ledger = seen.objects, seen.ledger
    for address, resource in desired.items():
        live, applied = objects.get(address), ledger.get(address)
        if _is_as_applied(resource.fields, live, applied):
            continue  # as it is with nearly all of them
        taken = _taken_over(moves.get(address, ()), desired, seen) if live is None else None
        if taken is not None and applied is None:
            changes.append(_moved(target, resource, taken, seen, secrets.get(address, {})))
            moved[taken] = address
            continue
        change = _declared(target, resource, live, applied, secrets.get(address, {}))
        if change is not None:
            changes.append(change)
    for address, applied in seen.ledger.items():
        if address not in desired:
            live = seen.objects.get(address)
            is_released = address in release
            change = _undeclared(target, address, live, applied, is_released=is_released)
            changes.append(replace(change, moved=moved[address]) if address in moved else change)
    return changes


def _is_as_applied(want: Fields, live: Fields | None, applied: Fields | None) -> bool:
    """Check whether an object and its record are as they are desired: nothing is to do."""
    is_there = live is not None and want.items() <= live.items()
    return is_there and applied == want and ANNOTATIONS.isdisjoint(live or ())


def _taken_over(names: Sequence[Address], desired: State, seen: Observation) -> Address | None:
    """Find the object that has one of the earlier names, the latest of them first."""
    return next(
        (
            name
            for name in names
            if name in seen.ledger and name in seen.objects and name not in desired
        ),
        None,
    )


def _moved(
    target: str, resource: Resource, source: Address, seen: Observation, secrets: Mapping[str, str]
) -> Change:
    """Give an object another name, with the fields that are desired otherwise."""
    kind = resource.address.kind
    old = seen.objects[source]
    beside = {**old, **resource.fields}
    want, live, applied = (
        kinds.with_sorted_lists(kind, fields, beside)
        for fields in (resource.fields, old, seen.ledger[source])
    )
    edits = tuple(_edits(replace(resource, fields=want), live, applied))
    touched = {edit.path for edit in edits if edit.why is not Why.RELEASED}
    return Change(
        target=target,
        action=Action.MOVE,
        address=resource.address,
        why=Why.YOU,
        basis=fingerprint(None),
        edits=edits,
        ledger=want,
        secrets={path: ref for path, ref in secrets.items() if path in touched},
        moved=source,
    )


def _declared(
    target: str,
    resource: Resource,
    seen: Fields | None,
    applied: Fields | None,
    secrets: Mapping[str, str],
) -> Change | None:
    address = resource.address
    # Whether the order of a list means something may depend on a field that is not declared.
    beside = {**(seen or {}), **resource.fields}
    want = kinds.with_sorted_lists(address.kind, resource.fields, beside)
    live = None if seen is None else kinds.with_sorted_lists(address.kind, seen, beside)
    applied = None if applied is None else kinds.with_sorted_lists(address.kind, applied, beside)
    if _is_as_applied(want, live, applied):
        return None  # but for the order of lists in which it means nothing
    if want is not resource.fields:
        resource = replace(resource, fields=want)
    if live is None:
        why = Why.YOU if applied is None else Why.DELETED_BY_HAND
        edits = tuple(
            Edit(path, None, value, why=_declared_by(path, resource))
            for path, value in kinds.flatten(address.kind, want).items()
            if value is not None
        )
        action = Action.CREATE
    else:
        edits = (*_edits(resource, live, applied), *_annotation_edits(live))
        if not edits and applied == want:
            return None
        action, why = _action(edits, applied)
    touched = {edit.path for edit in edits if edit.why is not Why.RELEASED}
    return Change(
        target=target,
        action=action,
        address=address,
        why=why,
        basis=fingerprint(seen),
        edits=edits,
        ledger=want,
        secrets={path: ref for path, ref in secrets.items() if path in touched},
    )


def _action(edits: tuple[Edit, ...], applied: Fields | None) -> tuple[Action, Why]:
    if applied is None:
        return Action.ADOPT, Why.NEW
    reasons = {edit.why for edit in edits}
    if not reasons:
        return Action.UPDATE, Why.YOU
    if len(reasons) == 1:
        return Action.UPDATE, reasons.pop()
    by_hand = reasons & {Why.BY_HAND, Why.BOTH, Why.NOT_LOADED}
    return Action.UPDATE, Why.BOTH if by_hand else Why.YOU


def _edits(resource: Resource, live: Fields, applied: Fields | None) -> Iterator[Edit]:
    kind = resource.address.kind
    wanted = kinds.flatten(kind, resource.fields)
    last = kinds.flatten(kind, applied or {})
    shown = kinds.flatten(kind, live)
    for path, value in wanted.items():
        known = _applied_at(path, last)
        is_as_applied = all(then == value for then in known.values())
        before = last.get(path) if path in LEDGER_ONLY else _value(shown, live, path)
        if is_there(kind, path, value, before):
            continue
        if before == value and (applied is None or (is_as_applied and (known or value is None))):
            continue
        if not known:
            why = Why.DEFAULTS if _top(path) in resource.defaulted else Why.NEW
        elif is_as_applied:
            why = Why.BY_HAND
        elif path in LEDGER_ONLY or all(_value(shown, live, p) == v for p, v in known.items()):
            why = _declared_by(path, resource)
        else:
            why = Why.BOTH
        yield Edit(path, before, value, why=why)
    for path in last:
        if path in LEDGER_ONLY and path not in wanted:
            yield Edit(path, last[path], None, why=Why.YOU)
        elif not _covered(path, wanted):
            before = _value(shown, live, path)
            yield Edit(path, before, before, why=Why.RELEASED)


AS_STORED = "as stored"


def _annotation_edits(live: Fields) -> Iterator[Edit]:
    """Undo what an object is annotated with, although no field says so."""
    if altered := live.get(ALTERED):
        why = Why.OUTDATED if isinstance(altered, str) else Why.BY_HAND
        yield Edit(ALTERED, altered, None, why=why)
    running = live.get(RUNNING)
    if isinstance(running, dict):
        for path, value in running.items():
            yield Edit(f"{RUNNING}.{path}", value, AS_STORED, why=Why.NOT_LOADED)
    elif running:
        yield Edit(RUNNING, running, AS_STORED, why=Why.NOT_LOADED)


def is_there(kind: str, path: str, value: Json, before: Json) -> bool:
    """Tell whether a struct declared without fields, as `voicemail: {}`, is there with any."""
    return value == {} and isinstance(before, dict) and path in kinds.structs(kind)


def _value(flat: Mapping[str, Json], fields: Fields, path: str) -> Json:
    """Return the value at a path: a leaf, or a whole struct where the path names one."""
    return flat[path] if path in flat else fields.get(path)


def _applied_at(path: str, last: Mapping[str, Json]) -> dict[str, Json]:
    """Return what was applied at a path: itself, its parts, or the struct that it is a part of."""
    if path in last:
        return {path: last[path]}
    return {p: v for p, v in last.items() if p.startswith(f"{path}.") or path.startswith(f"{p}.")}


def _covered(path: str, wanted: Mapping[str, Json]) -> bool:
    """Whether a path is declared: itself, as part of a struct set to None, or by its parts."""
    return path in wanted or any(
        other.startswith(f"{path}.") or (value is None and path.startswith(f"{other}."))
        for other, value in wanted.items()
        if _top(other) == _top(path)
    )


def _declared_by(path: str, resource: Resource) -> Why:
    by_defaults = resource.defaulted and _top(path) in resource.defaulted
    return Why.DEFAULTS if by_defaults else Why.YOU


def _top(path: str) -> str:
    return path.partition(".")[0]


def _undeclared(
    target: str, address: Address, live: Fields | None, applied: Fields, *, is_released: bool
) -> Change:
    """Delete or release an object under management that is no longer declared."""
    if is_released or live is None:
        why = Why.RELEASED if is_released else Why.DELETED_BY_HAND
        return Change(target, Action.RELEASE, address, why, fingerprint(live))
    edits = tuple(
        Edit(path, value, None, why=Why.DELETED)
        for path, value in kinds.flatten(address.kind, live).items()
        if path not in ANNOTATIONS
    )
    protect: dict[str, Json] = {"protect": True} if applied.get("protect") else {}
    edits += tuple(Edit(path, value, None, why=Why.DELETED) for path, value in protect.items())
    return Change(target, Action.DELETE, address, Why.DELETED, fingerprint(live), edits)


def discrepancy(change: Change, seen: Observation) -> str:
    """Describe what the platform shows instead of a change's outcome; "" where it has taken effect."""
    live, applied = seen.objects.get(change.address), seen.ledger.get(change.address)
    match change.action:
        case Action.DELETE:
            if live is not None:
                return f"{change.address} is still there"
            return "the ledger still lists it" if applied is not None else ""
        case Action.RELEASE:
            return "the ledger still lists it" if applied is not None else ""
        case Action.CREATE | Action.UPDATE | Action.ADOPT | Action.MOVE:
            if live is None:
                return f"{change.address} is not there"
            missing = _missing(change, live)
            if missing:
                return missing
            recorded, wanted = (
                None
                if fields is None
                else kinds.with_sorted_lists(change.address.kind, fields, live)
                for fields in (applied, change.ledger)
            )
            if recorded != wanted:
                return "the ledger does not record it"
            return seen.at_risk.get(change.address, "")


def _missing(change: Change, live: Fields) -> str:
    """Describe the first field that is not as the change makes it; "" where all are."""
    if annotations := ANNOTATIONS.intersection(live):
        return _left_over(live, annotations)
    kind = change.address.kind
    shown = kinds.flatten(kind, kinds.with_sorted_lists(kind, live, live))
    for edit in change.edits:
        if edit.why is Why.RELEASED or edit.path in LEDGER_ONLY or _top(edit.path) in ANNOTATIONS:
            continue
        value, wanted = _value(shown, live, edit.path), edit.after
        if _top(edit.path) == edit.path:
            wanted = kinds.with_sorted_lists(kind, {edit.path: wanted}, live)[edit.path]
        if value != wanted and not is_there(kind, edit.path, wanted, value):
            return f"{edit.path} is {_shown(value)}, not {_shown(edit.after)}"
    return ""


def _left_over(live: Fields, annotations: Collection[str]) -> str:
    if ALTERED in annotations:
        return f"changed by hand: {_shown(live[ALTERED])}"
    return f"{Why.NOT_LOADED.value}; what runs is {_shown(live[RUNNING])}"


MOST_SHOWN = 60


def _shown(value: Json) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
