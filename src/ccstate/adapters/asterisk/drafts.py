"""What a batch makes of the objects, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ccstate import kinds
from ccstate.adapters.asterisk.observe import View, shown
from ccstate.adapters.asterisk.records import Records
from ccstate.drafts import CHANGED, Refused, Secrets, after, effective
from ccstate.model import Action, Address, Change, Fields, fingerprint


@dataclass(slots=True)
class Draft:
    """Objects and ledger as they will be, and why single changes are left out.

    `elsewhere` are those which hand-written configuration has.
    """

    objects: dict[Address, Fields]
    ledger: dict[Address, Fields]
    references: dict[Address, Mapping[str, str]]
    elsewhere: frozenset[Address]
    refused: dict[Address, str] = field(default_factory=dict)
    is_sealed: bool = False
    """Whether objects hold seals in place of secrets: the draft of a reader, which is never written."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An object in hand-written configuration: what it is, and where it stands."""

    fields: Fields
    place: str


@dataclass(frozen=True, slots=True)
class Now:
    """The platform as it is, and the secrets that the batch writes."""

    view: View
    records: Records
    elsewhere: Mapping[Address, Elsewhere]
    secrets: Secrets


def draft(batch: Sequence[Change], now: Now) -> Draft:
    """The batch carried out in thought."""
    result = Draft(
        dict(now.view.objects),
        dict(now.records.ledger),
        dict(now.records.references),
        frozenset(now.elsewhere),
        is_sealed=now.records.is_sealed,
    )
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
        raise Refused(CHANGED)
    then = _after(change, before, now)
    if address not in now.elsewhere:
        result.objects.pop(address, None)
        if then is not None:
            result.objects[address] = then
        _keep_references(change, result, then)
    if change.ledger is None or change.action in {Action.DELETE, Action.RELEASE}:
        result.ledger.pop(address, None)
    else:
        result.ledger[address] = change.ledger


def _keep_references(change: Change, result: Draft, then: Fields | None) -> None:
    """The references of those secrets that the object has afterwards."""
    known = {**result.references.pop(change.address, {}), **change.secrets}
    has = kinds.secrets(change.address.kind, then) if then is not None else {}
    if left := {path: known[path] for path in has if path in known}:
        result.references[change.address] = left


def _after(change: Change, before: Fields | None, now: Now) -> Fields | None:
    there = now.elsewhere.get(change.address)
    if there is None:
        return after(change, before, now.secrets)
    is_adopted_as_it_is = change.action is Action.ADOPT and not effective(change)
    if is_adopted_as_it_is or change.action is Action.RELEASE:
        return before
    raise Refused(
        f"{change.address} stands in {there.place}, which ccstate does not write: "
        "take it out there, and it is made here"
    )
