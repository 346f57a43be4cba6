"""Cases about fields: changed, put back, let go of, cleared; all others stay as they are."""

from ccstate import kinds
from ccstate.conformance.harness import expect
from ccstate.conformance.samples import Field, Part, Sample, at, changed, having, without
from ccstate.conformance.walk import Walk, only_change
from ccstate.model import Change, Fields, Json, Why


def changes(walk: Walk, field: Field) -> None:
    """Change a field: it is written, and no other."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    walk.expect_live(sample.walked, sample.first)
    wanted = having(sample.first, field.path, at(sample.second, field.path))
    plan = walk.apply({**named, sample.walked: wanted})
    _expect_edit(only_change(plan, sample.walked), field, Why.YOU)
    walk.expect_live(sample.walked, wanted)


def drifts(walk: Walk, part: Part) -> None:
    """Change a field by hand: it is reported, and put back while it is declared."""
    sample, named = walk.walked(part.kind)
    declared = _beside(sample, part.field)
    walk.establish({**named, sample.walked: declared})
    drifted = changed(declared, part)
    walk.by_hand(sample.walked, drifted)
    walk.expect_live(sample.walked, drifted)
    plan = walk.apply({**named, sample.walked: declared})
    _expect_edit(only_change(plan, sample.walked), part.field, Why.BY_HAND)
    walk.expect_live(sample.walked, declared)


def drifts_as_a_whole(walk: Walk, field: Field) -> None:
    """Change the entries of a list or a map by hand: it is reported, and put back."""
    sample, named = walk.walked(field.kind)
    declared = _beside(sample, field)
    walk.establish({**named, sample.walked: declared})
    drifted = having(declared, field.path, at(sample.second, field.path))
    walk.by_hand(sample.walked, drifted)
    walk.expect_live(sample.walked, drifted)
    plan = walk.apply({**named, sample.walked: declared})
    _expect_edit(only_change(plan, sample.walked), field, Why.BY_HAND)
    walk.expect_live(sample.walked, declared)


def drifts_undeclared(walk: Walk, part: Part) -> None:
    """Change an undeclared field by hand: it is no change of ccstate's, and left as it is."""
    sample, named = walk.walked(part.kind)
    full = _beside(sample, part.field)
    silent = without(full, {tuple(part.field.path.split("."))})
    walk.establish({**named, sample.walked: full})
    walk.apply({**named, sample.walked: silent})
    drifted = changed(full, part)
    walk.by_hand(sample.walked, drifted)
    walk.expect_nothing_to_do(
        {**named, sample.walked: silent},
        f"{part.field.path} is not declared; when it changes by hand",
    )
    another = _another(walk, part.field)
    walk.apply({**named, sample.walked: {**silent, **another}})
    walk.expect_live(sample.walked, {**drifted, **another})


def stays_kept(walk: Walk, part: Part) -> None:
    """Change the platform: for a field that is kept in records, no change is reported."""
    sample, named = walk.walked(part.kind)
    walk.establish({**named, sample.walked: sample.first})
    walk.by_hand(sample.walked, changed(sample.first, part))
    live = walk.latest().objects.get(sample.walked, {})
    found = kinds.flatten(part.kind, live).get(part.field.path)
    wanted = walk.shown(part.kind, sample.first).get(part.field.path)
    expect(
        found == wanted,
        f"{part} is kept in records, and the platform claims {found!r} where {wanted!r} was applied",
    )


def is_let_go(walk: Walk, field: Field) -> None:
    """Declare a field no longer: it keeps its value, and others are written without it."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    silent = {**named, sample.walked: without(sample.first, {tuple(field.path.split("."))})}
    plan = walk.apply(silent)
    _expect_edit(only_change(plan, sample.walked), field, Why.RELEASED)
    walk.expect_live(sample.walked, sample.first)
    another = _another(walk, field)
    walk.apply({**silent, sample.walked: {**silent[sample.walked], **another}})
    walk.expect_live(sample.walked, {**sample.first, **another})


def is_cleared(walk: Walk, field: Field) -> None:
    """Set a field to null: it is cleared, and no other; and a value brings it back."""
    sample, named = walk.walked(field.kind)
    walk.establish({**named, sample.walked: sample.first})
    cleared = having(sample.first, field.path, None)
    plan = walk.apply({**named, sample.walked: cleared})
    _expect_edit(only_change(plan, sample.walked), field, Why.YOU)
    walk.expect_live(sample.walked, cleared)
    walk.apply({**named, sample.walked: sample.first})
    walk.expect_live(sample.walked, sample.first)


def is_cleared_whole(walk: Walk, struct: Field) -> None:
    """Set a structure to null: all that is in it is cleared; a value brings it back."""
    sample, named = walk.walked(struct.kind)
    walk.establish({**named, sample.walked: sample.first})
    cleared = having(sample.first, struct.path, None)
    walk.apply({**named, sample.walked: cleared})
    walk.expect_live(sample.walked, cleared)
    walk.apply({**named, sample.walked: sample.first})
    walk.expect_live(sample.walked, sample.first)


def _beside(sample: Sample, field: Field) -> Fields:
    """Return the first values, with what has to stand beside the field so that it has an effect."""
    return {**sample.first, **sample.beside.get(field.path, {})}


def _another(walk: Walk, field: Field) -> dict[str, Json]:
    """Return another field of the kind: writing its second value must leave `field` alone."""
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
