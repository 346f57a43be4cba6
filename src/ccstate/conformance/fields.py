"""Field by field: changed, put back, let go of, cleared; all others stay as they are."""

from ccstate.conformance.harness import expect
from ccstate.conformance.samples import Field, at, having, without
from ccstate.conformance.walk import Walk, only_change
from ccstate.model import Change, Json, Why


def changes(walk: Walk, field: Field) -> None:
    """You change it: that field is written, and no other."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    walk.expect_live(sample.walked, sample.first)
    changed = having(sample.first, field.path, at(sample.second, field.path))
    plan = walk.apply({**named, sample.walked: changed})
    _expect_edit(only_change(plan, sample.walked), field, Why.YOU)
    walk.expect_live(sample.walked, changed)


def drifts(walk: Walk, field: Field) -> None:
    """Changed by hand: seen as that, and put back, while it is declared."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    drifted = having(sample.first, field.path, at(sample.second, field.path))
    walk.by_hand(sample.walked, drifted)
    walk.expect_live(sample.walked, drifted)
    plan = walk.apply({**named, sample.walked: sample.first})
    _expect_edit(only_change(plan, sample.walked), field, Why.BY_HAND)
    walk.expect_live(sample.walked, sample.first)


def is_let_go(walk: Walk, field: Field) -> None:
    """No longer declared: it keeps its value, and whatever somebody makes of it."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    silent = {**named, sample.walked: without(sample.first, {tuple(field.path.split("."))})}
    plan = walk.apply(silent)
    _expect_edit(only_change(plan, sample.walked), field, Why.RELEASED)
    walk.expect_live(sample.walked, sample.first)
    drifted = having(sample.first, field.path, at(sample.second, field.path))
    walk.by_hand(sample.walked, drifted)
    walk.expect_nothing_to_do(silent, f"{field.path} is not declared; when it changes by hand")
    walk.apply({**silent, sample.walked: {**silent[sample.walked], **_another(walk, field)}})
    walk.expect_live(sample.walked, {**drifted, **_another(walk, field)})


def is_cleared(walk: Walk, field: Field) -> None:
    """Null takes the field away, and no other; and a value brings it back."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    cleared = having(sample.first, field.path, None)
    plan = walk.apply({**named, sample.walked: cleared})
    _expect_edit(only_change(plan, sample.walked), field, Why.YOU)
    walk.expect_live(sample.walked, cleared)
    walk.apply({**named, sample.walked: sample.first})
    walk.expect_live(sample.walked, sample.first)


def is_cleared_whole(walk: Walk, struct: Field) -> None:
    """Null takes a field away with all that is in it; a value brings it back."""
    sample, named = walk.walked(struct.kind)
    walk.establish({**named, sample.walked: sample.first})
    cleared = having(sample.first, struct.path, None)
    walk.apply({**named, sample.walked: cleared})
    walk.expect_live(sample.walked, cleared)
    walk.apply({**named, sample.walked: sample.first})
    walk.expect_live(sample.walked, sample.first)


def _another(walk: Walk, field: Field) -> dict[str, Json]:
    """Another field of the kind, with its second value: writing it must leave `field` alone."""
    sample = walk.sample(field.kind)
    own = field.path.partition(".")[0]
    for name, value in sample.second.items():
        if name not in {own, "protect"}:
            return {name: value}
    return {}


def _expect_edit(change: Change, field: Field, why: Why) -> None:
    expect(
        [(edit.path, edit.why) for edit in change.edits] == [(field.path, why)],
        f"{field} should be the only edit ({why}), and the plan has "
        f"{[(edit.path, edit.why.value) for edit in change.edits]}",
    )
