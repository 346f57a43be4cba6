"""Cases about whole objects: created, deleted, adopted, released, protected, in circles, in order."""

from ccstate import kinds
from ccstate.conformance.harness import expect
from ccstate.conformance.samples import Objects, circles, estate, having
from ccstate.conformance.walk import Walk, only_change
from ccstate.diff import LEDGER_ONLY
from ccstate.model import Action, Address, Fields, Why


def is_created(walk: Walk, kind: str) -> None:
    """Create an object with every field: it reads back as written, and so does the ledger."""
    sample, named = walk.walked(kind)
    for fields in (sample.first, sample.second, *sample.others):
        walk.reset()
        walk.establish(named)
        walk.apply({**named, sample.walked: fields})
        walk.expect_live(sample.walked, fields)
        expect_ledger(walk, {**named, sample.walked: fields})


def is_created_bare(walk: Walk, kind: str) -> None:
    """Create an object with what is required alone, then add what was not declared."""
    sample, named = walk.walked(kind)
    walk.establish(named)
    walk.apply({**named, sample.walked: sample.required})
    if walk.can(kind, "update"):
        walk.apply({**named, sample.walked: sample.first})
        walk.expect_live(sample.walked, sample.first)


def is_deleted(walk: Walk, kind: str) -> None:
    """Delete an object: it is gone from platform and ledger; what it named stays."""
    sample, named = walk.walked(kind)
    walk.establish({**named, sample.walked: sample.first})
    change = only_change(walk.apply(named), sample.walked)
    expect(change.action is Action.DELETE, f"{change.address}: {change.action} is no deletion")
    seen = walk.latest()
    expect(sample.walked not in seen.objects, f"{sample.walked} is still there")
    expect(sample.walked not in seen.ledger, f"the ledger still lists {sample.walked}")
    expect(set(seen.objects) == set(named), "deleting it deleted something else")


def is_deleted_by_hand(walk: Walk, kind: str) -> None:
    """Delete an object by hand: it is made again while it is declared, and else forgotten."""
    sample, named = walk.walked(kind)
    objects = {**named, sample.walked: sample.first}
    walk.establish(objects)
    walk.delete_by_hand(sample.walked)
    if walk.can(kind, "create"):
        change = only_change(walk.apply(objects), sample.walked)
        expect(change.why is Why.DELETED_BY_HAND, f"{change.address}: {change.why} is not why")
        walk.expect_live(sample.walked, sample.first)
        walk.delete_by_hand(sample.walked)
    change = only_change(walk.apply(named), sample.walked)
    expect(change.action is Action.RELEASE, f"{change.address}: {change.action} of what is gone")


def whole_estate(walk: Walk) -> None:
    """Create everything at once, in the order of the references, and delete it again."""
    objects = everything(walk)
    walk.make(objects)
    for address, fields in objects.items():
        if address == estate()[address.kind].walked:
            walk.expect_live(address, fields)
    expect_ledger(walk, objects)
    left = {a: f for a, f in objects.items() if not walk.can(a.kind, "delete")}
    walk.apply({**left, **walk.around(left)})
    seen = walk.latest()
    gone = set(objects) - set(left) - set(walk.around(left))
    expect(
        not gone & set(seen.objects), "some objects are still there after everything was deleted"
    )
    expect(not gone & set(seen.ledger), "the ledger lists objects that were deleted")


def every_field_is_updated(walk: Walk, kind: str) -> None:
    """Create an object, update all its fields in one plan, and delete it."""
    sample, named = walk.walked(kind)
    walk.reset()
    walk.make({**named, sample.walked: sample.first})
    if walk.can(kind, "update"):
        walk.apply({**named, sample.walked: sample.second})
        walk.apply({**named, sample.walked: having(sample.second, "protect", value=False)})
    if walk.can(kind, "delete"):
        walk.apply(named)


def everything(walk: Walk) -> Objects:
    """Return each kind's walked object, and all that these name."""
    objects: dict[Address, Fields] = {}
    for kind in walk.supports:
        sample, named = walk.walked(kind)
        objects |= {**named, sample.walked: sample.first}
    return objects


def is_let_go_before_deletion(walk: Walk, kind: str) -> None:
    """Delete an object in the same plan in which the last reference to it goes."""
    sample, named = walk.walked(kind)
    first = {reference.target for reference in kinds.references(kind, sample.first)}
    second = {reference.target for reference in kinds.references(kind, sample.second)}
    needed = walk.around({sample.walked: sample.second})
    if not (first - second) & (set(named) - set(needed)) or not walk.can(kind, "update"):
        return
    if not all(walk.can(address.kind, "delete") for address in set(named) - set(needed)):
        return
    walk.establish({**named, sample.walked: sample.first})
    then = having(sample.second, "protect", value=False)
    walk.apply({**needed, sample.walked: then})
    walk.expect_live(sample.walked, then)
    expect(set(walk.latest().objects) == {*needed, sample.walked}, "not all of them are gone")


def circle(walk: Walk, number: int) -> None:
    """Create and delete objects that name each other together, or else one by one."""
    objects = {a: walk.able(a.kind, f) for a, f in circles()[number].items()}
    together = all(walk.supports[address.kind].cycles for address in objects)
    if not together:
        expect(walk.plan(objects).refusals, "a circle is planned that the platform cannot create")
        walk.establish({a: walk.sample(a.kind).required for a in objects})
    walk.make(objects)
    for address, fields in objects.items():
        live = walk.latest().objects[address]
        named = {reference.target for reference in kinds.references(address.kind, live)}
        wanted = {reference.target for reference in kinds.references(address.kind, fields)}
        expect(wanted <= named, f"{address} names {named}, not {wanted}")
    if together and all(walk.can(address.kind, "delete") for address in objects):
        walk.apply({})
        expect(not walk.latest().objects, "the circle is still there")


def expect_ledger(walk: Walk, objects: Objects) -> None:
    """Expect that the ledger says exactly what was applied, with seals in place of references."""
    wanted, _ = walk.sealed(objects)
    ledger = walk.latest().ledger
    expect(set(ledger) == set(wanted), f"the ledger lists {sorted(ledger)}, not {sorted(wanted)}")
    for address, resource in wanted.items():
        expect(
            ledger[address] == resource.fields,
            f"the ledger of {address} says {ledger[address]}, not {resource.fields}",
        )


def unmanaged_stays(walk: Walk, kind: str) -> None:
    """Report an object that is not declared, and never touch it, whatever changes around it."""
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
    """Adopt an object that is as desired: only records are written, and the ledger lists it."""
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
    """Adopt an object that differs: what is declared and differs is written, and nothing else."""
    sample, named = walk.walked(kind)
    walk.establish(named)
    walk.by_hand(sample.walked, sample.made_by_hand)
    declared = {**sample.required, "label": sample.second.get("label", sample.first.get("label"))}
    declared = dict(walk.able(kind, declared))
    change = only_change(walk.apply({**named, sample.walked: declared}), sample.walked)
    expect(change.action is Action.ADOPT, f"{change.address}: {change.action} is no adoption")
    walk.expect_visible(sample.walked, {**sample.made_by_hand, **declared})


def is_moved(walk: Walk, kind: str) -> None:
    """Give an object another name: it keeps what nobody declares, and the old one is gone."""
    sample, named = walk.walked(kind)
    walk.establish(named)
    walk.by_hand(sample.walked, sample.made_by_hand)
    walk.apply({**named, sample.walked: sample.required})
    before = walk.latest().objects[sample.walked]
    # Of the same form: a number stays one.
    others = (Address(kind, f"{sample.walked.name[:-1]}{digit}") for digit in range(10))
    after = next(other for other in others if other != sample.walked and other not in named)
    desired = {**named, after: sample.required}
    plan = walk.apply(desired, moves={after: [sample.walked]})
    actions = {change.address: change.action for change in plan.changes()}
    expect(actions.get(after) is Action.MOVE, f"{after}: {actions.get(after)} is no move")
    seen = walk.latest().objects
    expect(sample.walked not in seen, f"{sample.walked} is still there")
    expect(
        walk.visible(kind, seen[after]) == walk.visible(kind, before),
        f"{after} is not as {sample.walked} was: {seen[after]}",
    )
    expect_ledger(walk, desired)


def is_released(walk: Walk, kind: str) -> None:
    """Release an object: it stays as it is, and the ledger forgets it."""
    sample, named = walk.walked(kind)
    walk.establish({**named, sample.walked: sample.first})
    before = walk.latest().objects[sample.walked]
    change = only_change(walk.apply(named, release={sample.walked}), sample.walked)
    expect(change.action is Action.RELEASE, f"{change.address}: {change.action} is no release")
    expect(walk.latest().objects.get(sample.walked) == before, "releasing it changed it")
    expect_ledger(walk, named)


def is_protected(walk: Walk, kind: str) -> None:
    """Protect an object in the ledger alone: deletion is forbidden until `protect` is taken off."""
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
