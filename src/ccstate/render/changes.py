"""One change on a terminal, and each of its edits as rows of a table: a field, and its new value."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from ccstate.diff import AS_STORED
from ccstate.diff_inside import Entry, Inner, inside, reordered
from ccstate.model import ALTERED, ANNOTATIONS, Action, Change, Edit, Json, Why
from ccstate.render.text import Line, Piece, Style, columns, plain, safe, width_of
from ccstate.render.values import (
    SIGNS,
    STYLES,
    brief,
    common_reason,
    facts_of,
    fields_of,
    plural,
    reason_words,
    scalar,
    summary,
    title,
)
from ccstate.render.wall_changes import tile_rows, tiles_in

MOST_ROWS = 12
"""Rows for one field; what is beyond them is counted."""
LONG = 48
"""Columns from which two texts are shown below each other, word by word."""
LONGEST = 20_000
"""Characters up to which words are compared: the time grows with their square."""
CONTEXT = 3
"""Unchanged words shown on either side of changed ones."""

ARROW = Piece(" → ", Style.DIM)


class Row(NamedTuple):
    """A field, or more of the field above where `label` is empty."""

    label: str
    value: tuple[Piece, ...]


def edit_rows(change: Change, edit: Edit) -> list[Row]:
    """List what an edit of a change does; of a display, what people in front of it will see."""
    if (change.address.kind, edit.path) == ("display", "tiles") and edit.before != edit.after:
        before, after = tiles_in(edit.before), tiles_in(edit.after)
        if before is not None and after is not None:
            seen = enumerate(tile_rows(before, after))
            # A change that nobody sees, such as of the order of queues that are counted together, stands as it is.
            if found := [Row("" if number else "on the wall", row) for number, row in seen]:
                return _bounded(found)
    return rows(edit, change.secrets)


def rows(edit: Edit, secrets: Mapping[str, str]) -> list[Row]:
    """List what the edit does.

    A secret is never shown, only that it changes and where it is from.
    """
    if edit.path in secrets:
        return [Row(edit.path, _secret(edit, secrets[edit.path]))]
    if edit.path.partition(".")[0] in ANNOTATIONS:
        return list(_annotations(edit))
    if edit.before == edit.after:
        stays = "stays" if edit.why is Why.RELEASED else "as it is"
        return [Row(edit.path, (*plain(f"{scalar(edit.before)}  "), Piece(stays, Style.DIM)))]
    old, new = _with_empty_side(edit.before, edit.after)
    return _bounded(list(_value_rows(edit.path, old, new)))


def _bounded(found: list[Row]) -> list[Row]:
    """Return the first rows of a field, and count the rest."""
    if len(found) <= MOST_ROWS:
        return found
    kept = found[: MOST_ROWS - 1]
    more = plural(len(found) - len(kept), "more difference")
    return [*kept, Row("", (Piece(f"… and {more}", Style.DIM),))]


def _annotations(edit: Edit) -> Iterator[Row]:
    """List what runs otherwise than it is stored, and lines that no field can say."""
    # Drift is written the other way round: from what was applied to what is there.
    found = edit.after if edit.before is None or edit.before == AS_STORED else edit.before
    if edit.path == ALTERED:
        lines = found if isinstance(found, list) else [found]
        label = "by hand" if isinstance(found, list) else "as it was"
        for number, line in enumerate(lines[:MOST_ROWS]):
            yield Row("" if number else label, plain(str(line)))
        if len(lines) > MOST_ROWS:
            more = plural(len(lines) - MOST_ROWS, "more line")
            yield Row("", (Piece(f"… and {more}", Style.DIM),))
        return
    path = edit.path.partition(".")[2]
    value = plain(str(found)) if isinstance(found, str) else plain(brief(found))
    yield Row(f"{path}, as it runs" if path else "what runs", value)


def _secret(edit: Edit, reference: str) -> tuple[Piece, ...]:
    if edit.before == edit.after:
        return plain(f"secret from {scalar(reference)}, as it is")
    if edit.after is None:
        return (Piece("secret removed", Style.REMOVE),)
    verb = "set" if edit.before is None else "replaced"
    return plain(f"secret {verb}, from {scalar(reference)}")


def _with_empty_side(before: Json, after: Json) -> tuple[Json, Json]:
    """Replace an absent side by the empty value of the other, so that entries show one by one."""
    match before, after:
        case None, list() if len(after) > 1:
            return [], after
        case None, dict() if len(after) > 1:
            return {}, after
        case list(), None if len(before) > 1:
            return before, []
        case dict(), None if len(before) > 1:
            return before, {}
    return before, after


def _value_rows(path: str, before: Json, after: Json) -> Iterator[Row]:
    if not (_holds_more(before) and _holds_more(after)):
        yield from _plain_rows(path, before, after)
        return
    if _is_short(before) and _is_short(after) and not (_is_set(before) and _is_set(after)):
        yield Row(path, _arrow(before, after))
        return
    found = inside(before, after)
    if turned := reordered(before, after):
        was, now = (plain(", ".join(names)) for names in turned)
        yield Row(path, (*plain("another order: "), *was, ARROW, *now))
    elif not found:
        yield Row(path, plain("the same entries in another order"))
    for label, group in groupby(found, lambda inner: _field(path, inner.path)):
        yield from _entry_rows(label, list(group))


def _holds_more(value: Json) -> bool:
    return isinstance(value, list | dict)


def _is_short(value: Json) -> bool:
    """Check whether a list is read at a glance: `g722, alaw`."""
    return (
        isinstance(value, list)
        and all(isinstance(item, str) for item in value)
        and columns(brief(value)) <= LONG // 2
    )


def _is_set(value: Json) -> bool:
    """Check whether a list may be a set, in which order means nothing."""
    return isinstance(value, list) and value == sorted(map(str, value))


def _field(path: str, steps: Iterable[str]) -> str:
    """Write the path down to the first list, in dots."""
    parts = [path]
    for step in steps:
        if isinstance(step, Entry):
            break
        parts.append(step)
    return ".".join(parts)


def _entry_rows(label: str, found: list[Inner]) -> Iterator[Row]:
    if pair := _exchange(found):
        inside_entry = any(isinstance(step, Entry) for step in pair.path)
        yield Row(label, _entry_words(pair) if inside_entry else _arrow(pair.before, pair.after))
        return
    for place, inner in enumerate(found):
        shown = "" if place else label
        if any(isinstance(step, Entry) for step in inner.path):
            yield Row(shown, _entry_words(inner))
        elif inner.before is None:
            yield Row(shown, (Piece(f"+ {brief(inner.after)}", Style.ADD),))
        elif inner.after is None:
            yield Row(shown, (Piece(f"- {brief(inner.before)}", Style.REMOVE),))
        else:
            yield from _plain_rows(shown, inner.before, inner.after)


def _exchange(found: list[Inner]) -> Inner | None:
    """Find one name that replaced one other, inside a map: the hours of a day."""
    gone = [inner.path for inner in found if inner.before == {} and inner.after is None]
    come = [inner.path for inner in found if inner.before is None and inner.after == {}]
    if len(found) == 2 and len(gone) == len(come) == 1:
        (*where, old), (*there, new) = gone[0], come[0]
        if where and where == there:
            return Inner(tuple(where), str(old), str(new))
    return None


def _entry_words(inner: Inner) -> tuple[Piece, ...]:
    """Write what becomes of an entry of a list, or of something in it."""
    start = next(place for place, step in enumerate(inner.path) if isinstance(step, Entry))
    name, *rest = inner.path[start:]
    if rest and isinstance(rest[-1], Entry) and None in (inner.before, inner.after):
        sign, style = ("+", Style.ADD) if inner.before is None else ("-", Style.REMOVE)
        entry = _entry(rest.pop(), inner.after if inner.before is None else inner.before)
        words = " ".join([f"~ {name} ", *rest, ""])
        return Piece(words, Style.CHANGE), Piece(f"{sign} {entry}", style)
    if rest:
        return (
            Piece(f"~ {name}  {' '.join(rest)} ", Style.CHANGE),
            *_arrow(inner.before, inner.after),
        )
    if inner.before is None:
        return (Piece(f"+ {_entry(name, inner.after)}", Style.ADD),)
    if inner.after is None:
        return (Piece(f"- {_entry(name, inner.before)}", Style.REMOVE),)
    return (Piece(f"~ {name}  ", Style.CHANGE), *_arrow(inner.before, inner.after))


def _entry(name: str, value: Json) -> str:
    if isinstance(value, dict):
        return f"{name} ({brief(value)})" if value else name
    return f"{name} {scalar(value)}"


def _plain_rows(label: str, before: Json, after: Json) -> Iterator[Row]:
    if not (isinstance(before, str) and isinstance(after, str) and _is_long(before, after)):
        yield Row(label, _arrow(before, after))
    elif before.split() == after.split():
        yield Row(label, plain("the same words with other spaces or line breaks"))
    else:
        minus, plus = _words(before, after)
        yield Row(label, minus)
        yield Row("", plus)


def _is_long(before: str, after: str) -> bool:
    """Check whether both are better compared word by word; a seal never is."""
    return (
        columns(before) + columns(after) > LONG
        and len(before) + len(after) < LONGEST
        and not before.startswith("sealed:")
    )


def _arrow(before: Json, after: Json) -> tuple[Piece, ...]:
    old = Piece(scalar(before), Style.DIM if before is None else Style.REMOVE)
    new = Piece(scalar(after), Style.DIM if after is None else Style.ADD)
    return (old, ARROW, new)


def _words(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Mark the words in which two texts differ, and leave long stretches out."""
    old, new = before.split(), after.split()
    minus, plus = [Piece("- ", Style.REMOVE)], [Piece("+ ", Style.ADD)]
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            same = _shorten(old[i:j], CONTEXT * (i > 0), CONTEXT * (j < len(old)))
            minus.append(Piece(f"{same} ", Style.REMOVE))
            plus.append(Piece(f"{same} ", Style.ADD))
        else:
            minus += [Piece(f"{word} ", Style.REMOVED_WORD) for word in old[i:j]]
            plus += [Piece(f"{word} ", Style.ADDED_WORD) for word in new[k:m]]
    return tuple(minus), tuple(plus)


def _shorten(words: list[str], first: int, last: int) -> str:
    """Shorten words to the first and last so many, with `…` for what lies between."""
    if len(words) <= first + last + 2:
        return " ".join(words)
    return " ".join([*words[:first], "…", *words[len(words) - last :]])


EDITS = 40
"""Fields of one change that are shown; what is beyond is counted."""
LABEL = 26
"""Widest column of field names; a longer one has a line of its own."""


def kept_words(change: Change) -> str:
    """Say of a field where it is kept that the platform does not show."""
    return "kept in records" if change.method == "api" else "no export shows it"


def change_lines(change: Change, names: int, kept: Collection[str] = ()) -> Iterator[Line]:
    """Write the object, then its fields; `names` is the width of the column of addresses.

    `kept` has the fields that are only recorded, as `queue.label`.
    """
    style = STYLES[change.action]
    head = [Piece(f"  {SIGNS[change.action]} ", style), Piece(str(change.address), style)]
    fields = fields_of(change)
    if known := title(change.address, fields):
        head += [*plain("  "), Piece(known)]
    reason = (Piece(f"  {words}", Style.NOTE),) if (words := common_reason(change)) else ()
    match change.action:
        case Action.CREATE:
            gap = " " * (names - columns(safe(str(change.address))) + 2)
            facts = "  ".join(part for part in (known, facts_of(change, fields)) if part)
            yield 8, (*head[:2], *plain(gap + facts), *reason)
        case Action.DELETE | Action.RELEASE:
            lost = f"  {facts}" if (facts := summary(fields)) else ""
            yield 8, (*head, *plain(lost), *reason)
        case Action.UPDATE | Action.ADOPT | Action.MOVE:
            yield 8, (*head, *reason)
            yield from _edits(
                change, {} if reason else {why: reason_words(why) for why in Why}, kept
            )


def _edits(change: Change, words: Mapping[Why, str], kept: Collection[str]) -> Iterator[Line]:
    def noted(edit: Edit) -> str:
        is_kept = f"{change.address.kind}.{edit.path}" in kept
        return "; ".join(
            filter(None, (words.get(edit.why, ""), kept_words(change) if is_kept else ""))
        )

    table = [
        (row, "" if place else noted(edit))
        for edit in change.edits[:EDITS]
        for place, row in enumerate(edit_rows(change, edit))
    ]
    labels = [columns(safe(row.label)) for row, _ in table]
    label = max((size for size in labels if size <= LABEL), default=0)
    values = [width_of(row.value) for row, why in table if why]
    value = max((size for size in values if size <= LABEL), default=0)
    for row, why in table:
        yield from _row(row, why, label, value)
    if len(change.edits) > EDITS:
        more = plural(len(change.edits) - EDITS, "more field")
        yield 8, (Piece(f"      … and {more}", Style.DIM),)


def _row(row: Row, why: str, label: int, value: int) -> Iterator[Line]:
    size = columns(safe(row.label))
    hang = 6 + label + 2
    if size > label:
        yield 8, plain(f"      {row.label}")
        start = " " * hang
    else:
        start = f"      {row.label}{' ' * (label - size + 2)}"
    pieces: Iterable[Piece] = (Piece(start), *row.value)
    if why:
        gap = " " * max(value - width_of(row.value) + 2, 2)
        pieces = (*pieces, Piece(gap + why, Style.NOTE))
    yield hang + 2, tuple(pieces)
