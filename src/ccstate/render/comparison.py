"""Platforms beside what they should be: verification, drift, and one object in all its views."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

from ccstate.diff import LEDGER_ONLY, is_there
from ccstate.kinds import flatten, with_sorted_lists
from ccstate.model import (
    ANNOTATIONS,
    RUNNING,
    Action,
    Address,
    Change,
    Fields,
    Json,
    Observation,
    Resource,
    Why,
)
from ccstate.render.attention import (
    activity_lines,
    as_far_as,
    unchecked_lines,
    unseen_lines,
    unseen_markdown,
)
from ccstate.render.attention import recorded_only as kept_sentences
from ccstate.render.changes import change_lines
from ccstate.render.formats import Report, as_json
from ccstate.render.plan import LIMIT, change_markdown
from ccstate.render.text import (
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    code,
    columns,
    paragraphs,
    plain,
    safe,
    well_formed,
)
from ccstate.render.values import brief, join_words, name_first, plural
from ccstate.report_format import objects as form

SHOWN = 50
"""Objects that are shown in full; what is beyond is counted."""
UNMANAGED = 5


class View(NamedTuple):
    """An object on one target: as it is there, and as ccstate applied it last.

    `kept` has the fields that the platform has no place for, by their paths, and why.
    """

    target: str
    live: Fields | None
    applied: Fields | None
    kept: Mapping[str, str]


class Verified(NamedTuple):
    """One target beside the desired state: its differences, and how many objects are desired.

    `kept` names the fields, as `queue.label`, that the platform has no place for; `unseen` says
    what could not be compared for lack of rights, `unchecked` the secrets that are not here;
    `by_hand` whether people change the platform, and its exports show it.
    """

    changes: Sequence[Change]
    desired: int
    kept: Sequence[str]
    unseen: Sequence[str]
    unchecked: Sequence[str] = ()
    by_hand: bool = False


class Drifted(NamedTuple):
    """One target beside what was applied to it; `kept` and `by_hand` as in `Verified`."""

    changes: Sequence[Change]
    seen: Observation
    kept: Sequence[str]
    by_hand: bool = False


class ObjectViews(NamedTuple):
    """An object as it is declared, where it is, and on every target."""

    address: Address
    resource: Resource | None
    views: Sequence[View]


def verify_text(targets: Mapping[str, Verified], width: int = 80, palette: Palette = PLAIN) -> str:
    """Write what each platform shows otherwise than it is desired."""
    blocks: list[Iterable[Line]] = []
    for target, found in targets.items():
        objects = plural(found.desired, "object")
        if found.changes:
            head = f"{target}: {len(found.changes):,} of {objects} not as desired"
            blocks.append([_head(head, Style.ALARM), *_listed(found.changes, found.kept)])
        else:
            seen = as_far_as(found.unseen, found.unchecked)
            blocks.append([_head(f"{target}: {objects} exactly as desired{seen}", Style.ADD)])
        blocks.append(_kept_fields(target, found.kept, by_hand=found.by_hand))
        blocks.append(unseen_lines(target, found.unseen))
        blocks.append(unchecked_lines(target, found.unchecked))
    if any(found.changes for found in targets.values()):
        blocks.append([(2, plain("To bring them there:  ccstate plan"))])
    return paragraphs(blocks, width, palette)


def drift_text(found: Mapping[str, Drifted], width: int, palette: Palette) -> str:
    """Write what was changed by hand on each platform since the last apply."""
    blocks: list[Iterable[Line]] = []
    for target, (changes, seen, kept, by_hand) in found.items():
        head = f"{target}: {_drift_count(found[target])}"
        turned = [as_drift(change) for change in changes]
        style = Style.CHANGE if changes else Style.ADD
        blocks.append([_head(head, style), *_listed(turned, kept)])
        blocks.append(_kept_fields(target, kept, by_hand=by_hand))
        blocks.append(_unmanaged(target, seen))
        blocks.append(unseen_lines(target, seen.unseen))
        if seen.activity:
            words = Piece("Going on there now, which is no drift:", Style.NOTE)
            blocks.append([(2, (words,)), *activity_lines(seen.activity)])
    if any(target.changes for target in found.values()):
        then = "To put them back:  ccstate plan.  To keep them: write them into the desired state."
        blocks.append([(2, plain(then))])
    return paragraphs(blocks, width, palette)


PUT_BACK = "To put them back: `ccstate plan`. To keep them: write them into the desired state."


def drift_markdown(found: Mapping[str, Drifted], most: int = LIMIT) -> str:
    """Write the same for an issue, in at most so many characters: whole objects, the rest counted."""
    beside = {name: list(_beside(name, drifted)) for name, drifted in found.items()}
    advice = [PUT_BACK] if any(target.changes for target in found.values()) else []
    blocks = [f"### {drift_title(found)}"]
    room = most - 200 - sum(len(text) + 2 for texts in [advice, *beside.values()] for text in texts)
    for name, drifted in found.items():
        block = "\n".join(_drifted_objects(name, drifted, room))
        room -= len(block) + 2
        blocks += [block, *beside[name]]
    return "\n\n".join([*blocks, *advice]) + "\n"


def drift_title(found: Mapping[str, Drifted]) -> str:
    """Say in a line how much was changed by hand."""
    if count := sum(len(target.changes) for target in found.values()):
        return f"{plural(count, 'object was', 'objects were')} changed by hand"
    seen = ", as far as it could be seen" * any(target.seen.unseen for target in found.values())
    return f"Nothing was changed by hand{seen}"


def _beside(name: str, drifted: Drifted) -> Iterator[str]:
    """Write what stands below the objects of a platform: what was not compared, what is unmanaged."""
    for sentence in kept_sentences({name: tuple(drifted.kept)}, {name} if drifted.by_hand else ()):
        fields = name_first([code(field, 100) for field in sentence.names], sentence.about)
        yield f"On {code(name)}, {sentence.words}: {fields}."
    if words := _unmanaged_words(drifted.seen, code):
        yield f"On {code(name)}, {words}."
    yield from unseen_markdown({name: drifted.seen.unseen} if drifted.seen.unseen else {})


def _drifted_objects(name: str, drifted: Drifted, room: int) -> Iterator[str]:
    head = f"**{code(name)}: {_drift_count(drifted)}**"
    yield head
    room -= len(head) + 100
    for place, change in enumerate(drifted.changes):
        item = "\n".join(change_markdown(as_drift(change), drifted.kept))
        room -= len(item) + 1
        if room < 0:
            left = plural(len(drifted.changes) - place, "more object")
            yield f"\n… and {left}: `ccstate drift` lists all."
            return
        yield item if place else f"\n{item}"


def _drift_count(drifted: Drifted) -> str:
    managed = len(drifted.seen.ledger)
    if not drifted.changes:
        return (
            plural(managed, "managed object as it was", "managed objects as they were") + " applied"
        )
    objects = plural(managed, "managed object")
    return f"{len(drifted.changes):,} of {objects} changed by hand since the last apply"


def as_drift(change: Change) -> Change:
    """Turn the change round: from what was applied to what is live."""
    edits = tuple(replace(e, before=e.after, after=e.before) for e in change.edits)
    action = Action.DELETE if change.action is Action.CREATE else change.action
    return replace(change, edits=edits, action=action)


def _head(text: str, style: Style) -> Line:
    return 2, (Piece(text, style),)


def _listed(changes: Sequence[Change], kept: Sequence[str]) -> Iterator[Line]:
    names = max((columns(safe(str(c.address))) for c in changes[:SHOWN]), default=0)
    yield from chain.from_iterable(change_lines(c, names, kept) for c in changes[:SHOWN])
    if len(changes) > SHOWN:
        yield 4, (Piece(f"  … and {len(changes) - SHOWN:,} more", Style.DIM),)


def _kept_fields(target: str, names: Sequence[str], *, by_hand: bool) -> Iterator[Line]:
    """List the fields of which nothing could be compared: no platform holds them, or shows them."""
    for sentence in kept_sentences({target: tuple(names)}, {target} if by_hand else ()):
        fields = name_first(sentence.names, sentence.about)
        yield 2, plain(f"On {target}, {sentence.words}: {fields}.")


def _unmanaged(target: str, seen: Observation) -> Iterator[Line]:
    if words := _unmanaged_words(seen, str):
        yield 2, plain(f"On {target}, {words}.")


def _unmanaged_words(seen: Observation, name: Callable[[str], str]) -> str:
    """Say which objects no file declares; "" where there is none."""
    names = sorted(str(address) for address in seen.objects if address not in seen.ledger)
    if not names:
        return ""
    more = f" and {len(names) - UNMANAGED:,} more" if len(names) > UNMANAGED else ""
    words = plural(len(names), "object is unmanaged", "objects are unmanaged")
    return f"{words}: {', '.join(map(name, names[:UNMANAGED]))}{more}"


def object_text(found: ObjectViews, width: int, palette: Palette) -> str:
    """Write one object as declared, applied and live, field by field, for every target."""
    address, resource, views = found
    place = f"declared in {' and '.join(resource.files)}" if resource else "not declared"
    blocks: list[Iterable[Line]] = [
        [(2, (Piece(str(address), Style.STRONG), Piece(f"  {place}", Style.DIM)))]
    ]
    declared = resource.fields if resource else {}
    blocks += [_view(address, declared, view) for view in views]
    if resource is None and any(v.live is not None and not v.applied for v in views):
        blocks.append([(2, plain(f"To manage it:  ccstate adopt {address}"))])
    return paragraphs(blocks, width, palette)


def _view(address: Address, fields: Fields, view: View) -> Iterator[Line]:
    target, live, applied, kept = view
    yield 2, (Piece(target, Style.STRONG), Piece(f"  {standing(live, applied)}", Style.NOTE))
    beside = {**(live or {}), **fields}
    declared, last, shown = (
        flatten(address.kind, with_sorted_lists(address.kind, side, beside))
        for side in (fields, applied or {}, live or {})
    )
    paths = list(dict.fromkeys([*declared, *last, *shown]))
    label = max((columns(path) for path in paths), default=0)
    for path in paths:
        name = f"  {path}{' ' * (label - columns(path) + 2)}"
        value = last.get(path) if path in LEDGER_ONLY else shown.get(path, (live or {}).get(path))
        note, style = _note(address.kind, path, declared, last, value)
        if recorded := _recorded_note(path, kept):
            note, style = (f"{note}; {recorded}", style) if note else (recorded, Style.DIM)
        tail = (Piece(f"  {note}", style),) if note else ()
        yield label + 4, (Piece(name, Style.DIM), *plain(brief(value)), *tail)


def standing(live: Fields | None, applied: Fields | None) -> form.Standing:
    """Describe how an object stands on a platform, as it is there and as it was applied last."""
    if applied is None:
        return "not there yet" if live is None else "unmanaged"
    return "deleted by hand" if live is None else "managed"


def _note(
    kind: str, path: str, declared: Mapping[str, Json], last: Mapping[str, Json], value: Json
) -> tuple[str, Style]:
    """Write the remark on a field: where it differs, or that it is not managed."""

    def differs(side: Mapping[str, Json]) -> bool:
        if path not in side or side[path] == value or _is_secret(value):
            return False
        return not is_there(kind, path, side[path], value)

    if path in ANNOTATIONS:
        why = Why.NOT_LOADED if path == RUNNING else Why.BY_HAND
        return why.value, Style.CHANGE
    if differs(last):
        return f"{Why.BY_HAND.value}, was {brief(last[path])}", Style.CHANGE
    if differs(declared):
        return f"desired: {brief(declared[path])}", Style.CHANGE
    if path not in declared and path not in last:
        return "not managed", Style.DIM
    return "", Style.PLAIN


def _recorded_note(path: str, kept: Mapping[str, str]) -> str:
    """Write that a field is kept in records, and why; or which parts of it are."""
    if path in kept:
        return f"kept in ccstate's records: {kept[path]}"
    inside = [name.rpartition(".")[2] for name in kept if name.startswith(f"{path}.")]
    if inside:
        return f"kept in ccstate's records: {join_words(dict.fromkeys(inside))} of it"
    return ""


def _is_secret(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("sealed:")


def verify_json(found: Mapping[str, Verified]) -> str:
    """Compare each platform with the desired state."""
    targets = [
        form.VerifiedTarget(
            target=name,
            objects=target.desired,
            differences=[_difference(change) for change in target.changes],
            kept=list(target.kept),
            unseen=[*target.unseen, *target.unchecked],
        )
        for name, target in found.items()
    ]
    differs = any(target.changes for target in found.values())
    return as_json(form.Verified(as_desired=not differs, targets=targets))


def drift_json(found: Mapping[str, Drifted]) -> str:
    """Compare each platform with what was applied to it."""
    targets = [
        form.DriftedTarget(
            target=name,
            managed=len(seen.ledger),
            differences=[_difference(as_drift(change)) for change in changes],
            unmanaged=sorted(str(a) for a in seen.objects if a not in seen.ledger),
            activity=[
                form.Going(address=str(a), callers=at.callers, words=list(at.words))
                for a, at in sorted(seen.activity.items())
            ],
            kept=list(kept),
            unseen=list(seen.unseen),
        )
        for name, (changes, seen, kept, _) in found.items()
    ]
    drifted = any(target.changes for target in found.values())
    return as_json(form.Drifted(drifted=drifted, targets=targets))


def _difference(change: Change) -> form.Difference:
    return form.Difference(
        address=str(change.address),
        action=change.action.value,
        why=change.why.value,
        edits=list(change.edits),
    )


def object_json(found: ObjectViews) -> str:
    """Write one object as declared, applied and live."""
    address, resource, views = found
    targets = [
        form.ObjectThere(
            target=target,
            standing=standing(live, applied),
            live=_fields(live),
            applied=_fields(applied),
            kept=dict(sorted(kept.items())),
        )
        for target, live, applied, kept in views
    ]
    file = well_formed(resource.file) if resource else None
    declared = _fields(resource.fields) if resource else None
    shown = form.Shown(address=str(address), file=file, declared=declared, targets=targets)
    return as_json(shown)


def _fields(fields: Fields | None) -> dict[str, Json] | None:
    return None if fields is None else dict(sorted(fields.items()))


VERIFY: Report[Mapping[str, Verified]] = Report(verify_text, json=verify_json)
DRIFT: Report[Mapping[str, Drifted]] = Report(drift_text, json=drift_json, markdown=drift_markdown)
OBJECT: Report[ObjectViews] = Report(object_text, json=object_json)
