"""Whose an object is: nobody's, adopted, released, protected."""

from ccstate.conformance.harness import expect
from ccstate.conformance.samples import having
from ccstate.conformance.states import expect_ledger
from ccstate.conformance.walk import Walk, only_change
from ccstate.diff import LEDGER_ONLY
from ccstate.model import Action


def unmanaged_stays(walk: Walk, kind: str) -> None:
    """What nobody declared is reported and never touched, whatever happens around it."""
    sample, named = walk.walked(kind)
    walk.establish(named)
    walk.by_hand(sample.walked, sample.first)
    before = walk.latest().objects[sample.walked]
    plan = walk.plan(named)
    expect(not plan.steps, f"{sample.walked} is unmanaged, and a plan touches it")
    reported = plan.unmanaged["conformance"].get(kind)
    expect(reported and reported.count == 1, f"{sample.walked} is not reported as unmanaged")
    if walk.can(kind, "create"):
        other = sample.far if sample.far not in named else sample.near
        rest = {address: fields for address, fields in named.items() if address != other}
        held = {other: sample.bystander(other)}
        walk.apply({**named, **walk.around(held), **held})
        if other not in named and walk.can(kind, "delete"):
            walk.apply({**rest, **walk.around(held)})
    expect(
        walk.latest().objects.get(sample.walked) == before,
        f"{sample.walked} is unmanaged, and is no longer as it was",
    )
    expect(sample.walked not in walk.latest().ledger, f"the ledger lists {sample.walked}")


def is_adopted_as_it_is(walk: Walk, kind: str) -> None:
    """Adopting what is as desired writes records alone, and the ledger lists it."""
    sample, named = walk.walked(kind)
    walk.establish(named)
    walk.by_hand(sample.walked, sample.made_by_hand)
    before = walk.latest().objects[sample.walked]
    desired = {**named, sample.walked: sample.made_by_hand}
    change = only_change(walk.apply(desired), sample.walked)
    expect(change.action is Action.ADOPT, f"{change.address}: {change.action} is no adoption")
    edits = [
        edit
        for edit in change.edits
        if edit.path not in LEDGER_ONLY and not walk.keeps_some_of(kind, edit.path)
    ]
    expect(not edits, f"{change.address} is as desired, and is edited: {edits}")
    after = walk.latest().objects[sample.walked]
    expect(
        walk.visible(kind, after) == walk.visible(kind, before), f"adopting changed {sample.walked}"
    )
    expect_ledger(walk, desired)


def is_adopted_with_edits(walk: Walk, kind: str) -> None:
    """Adopting writes what is declared and differs, and leaves the rest."""
    sample, named = walk.walked(kind)
    walk.establish(named)
    walk.by_hand(sample.walked, sample.made_by_hand)
    declared = {**sample.required, "label": sample.second.get("label", sample.first.get("label"))}
    declared = dict(walk.able(kind, declared))
    change = only_change(walk.apply({**named, sample.walked: declared}), sample.walked)
    expect(change.action is Action.ADOPT, f"{change.address}: {change.action} is no adoption")
    walk.expect_visible(sample.walked, {**sample.made_by_hand, **declared})


def is_released(walk: Walk, kind: str) -> None:
    """Released, the object stays as it is, and the ledger forgets it."""
    sample, named = walk.walked(kind)
    walk.establish({**named, sample.walked: sample.first})
    before = walk.latest().objects[sample.walked]
    change = only_change(walk.apply(named, release={sample.walked}), sample.walked)
    expect(change.action is Action.RELEASE, f"{change.address}: {change.action} is no release")
    expect(walk.latest().objects.get(sample.walked) == before, "releasing it changed it")
    expect_ledger(walk, named)


def is_protected(walk: Walk, kind: str) -> None:
    """`protect` lives in the ledger alone, and forbids deletion until it is taken off."""
    sample, named = walk.walked(kind)
    walk.establish({**named, sample.walked: sample.first})
    before = walk.latest().objects[sample.walked]
    protected = {**named, sample.walked: having(sample.first, "protect", value=True)}
    walk.apply(protected)
    expect(walk.latest().objects[sample.walked] == before, "protecting it changed the object")
    expect_ledger(walk, protected)
    expect(walk.plan(named).refusals, f"{sample.walked} is protected, and may be deleted")
    walk.apply({**named, sample.walked: sample.first})
    if walk.can(kind, "delete"):
        walk.apply(named)
