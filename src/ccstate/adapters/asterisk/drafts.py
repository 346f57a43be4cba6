"""What a batch makes of the objects, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ccstate import kinds
from ccstate.adapters.asterisk.observe import View, shown
from ccstate.adapters.asterisk.records import Records
from ccstate.model import (
    BESIDES,
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Why,
    edited,
    fingerprint,
)
from ccstate.secrets import is_seal, seal


class Refused(Exception):
    """The change cannot be carried out; the text says why, and what to do."""


@dataclass(slots=True)
class Draft:
    """Objects and ledger as they will be, and why single changes are left out.

    `elsewhere` are those which hand-written configuration has.
    """

    objects: dict[Address, Fields]
    ledger: dict[Address, Fields]
    elsewhere: frozenset[Address]
    refused: dict[Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An object in hand-written configuration: what it is, and where it stands."""

    fields: Fields
    place: str


@dataclass(frozen=True, slots=True)
class Found:
    """Secrets behind references, and for the others why there is none."""

    secrets: Mapping[str, str]
    causes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Now:
    """The platform as it is, and the secrets that the batch writes."""

    view: View
    records: Records
    elsewhere: Mapping[Address, Elsewhere]
    found: Found


def draft(batch: Sequence[Change], now: Now) -> Draft:
    """The batch carried out in thought."""
    result = Draft(dict(now.view.objects), dict(now.records.ledger), frozenset(now.elsewhere))
    live = dict(shown(now.view, now.records, {change.address.kind for change in batch}))
    live |= {address: there.fields for address, there in now.elsewhere.items()}
    left = _altered_elsewhere(batch, now.view)
    for change in batch:
        if why := left or _waits(change, result.refused):
            result.refused[change.address] = why
            continue
        try:
            _carry_out(change, result, live, now)
        except Refused as refusal:
            result.refused[change.address] = str(refusal)
    return result


def _altered_elsewhere(batch: Sequence[Change], view: View) -> str:
    """Whose lines the write would lose although no change of the batch says so; "" for nobody's."""
    mine = {change.address for change in batch}
    others = sorted(a for a in view.altered if a is not None and a not in mine)
    if not others:
        return ""
    line = view.altered[others[0]][0]
    return f"{others[0]} was changed by hand ({line}), and this plan does not say so: plan anew"


def _waits(change: Change, refused: Mapping[Address, str]) -> str:
    return next((f"{need} was not done" for need in change.needs if need in refused), "")


def _carry_out(change: Change, result: Draft, live: Mapping[Address, Fields], now: Now) -> None:
    address = change.address
    before = result.objects.get(address)
    if fingerprint(live.get(address)) != change.basis:
        raise Refused("changed since the plan was made")
    after = _after(change, before, now)
    if address not in now.elsewhere:
        result.objects.pop(address, None)
        if after is not None:
            result.objects[address] = after
    if change.ledger is None or change.action in {Action.DELETE, Action.RELEASE}:
        result.ledger.pop(address, None)
    else:
        result.ledger[address] = change.ledger


def _after(change: Change, before: Fields | None, now: Now) -> Fields | None:
    address = change.address
    if there := now.elsewhere.get(address):
        if change.action is Action.RELEASE or (
            change.action is Action.ADOPT and not _effective(change)
        ):
            return before
        raise Refused(
            f"{address} stands in {there.place}, which ccstate does not write: "
            "take it out there, and it is made here"
        )
    match change.action:
        case Action.DELETE:
            return None
        case Action.RELEASE:
            return before
        case Action.CREATE:
            return _written(kinds.defaults(address.kind), change, now)
        case Action.UPDATE | Action.ADOPT:
            if before is None:
                raise Refused(f"{address} is not here")
            return _written(before, change, now)


def _effective(change: Change) -> list[Edit]:
    """The edits that reach the object: not those of the ledger, of other levels, or let go."""
    return [
        edit
        for edit in change.edits
        if edit.path != "protect"
        and edit.why is not Why.RELEASED
        and edit.path.partition(".")[0] not in BESIDES
    ]


def _written(fields: Fields, change: Change, now: Now) -> Fields:
    edits = _effective(change)
    paths = {edit.path for edit in edits}
    result = edited(fields, edits)
    secrets = {
        path: _secret(path, text, change, now)
        for path, text in kinds.secrets(change.address.kind, result).items()
        if any(path == p or path.startswith(f"{p}.") for p in paths)
    }
    real = [Edit(path, None, text, Why.YOU) for path, text in secrets.items()]
    return edited(result, real)


def _secret(path: str, written: str, change: Change, now: Now) -> str:
    """The secret for a path at which the edits wrote a seal."""
    reference = change.secrets.get(path)
    if reference is None:
        raise Refused(f"the plan names no reference for the secret {path}")
    if reference in now.found.causes:
        raise Refused(f"{reference} {now.found.causes[reference]}")
    secret = now.found.secrets[reference]
    if is_seal(written) and written != seal(now.records.key, secret):
        raise Refused("the secret changed since the plan was made")
    return secret


def references(changes: Sequence[Change]) -> set[str]:
    """Every reference to a secret that these changes write."""
    return {
        reference
        for change in changes
        for path, reference in change.secrets.items()
        if any(path == e.path or path.startswith(f"{e.path}.") for e in _effective(change))
    }
