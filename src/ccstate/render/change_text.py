"""One change on a terminal: what it does to the object, field by field, and on whose account."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from ccstate.model import Action, Change, Edit, Why
from ccstate.render.differences import Row, rows
from ccstate.render.tally import SIGNS, STYLES, said_of, whose
from ccstate.render.text import Line, Piece, Style, columns, plain, safe, width_of
from ccstate.render.values import facts_of, fields_of, plural, summary, title

EDITS = 40
"""Fields of one change that are shown; what is beyond is counted."""
IN_RECORDS = "kept in records"
LABEL = 26
"""Widest column of field names; a longer one has a line of its own."""


def change_lines(change: Change, names: int, kept: Collection[str] = ()) -> Iterator[Line]:
    """The object, then its fields; `names` is the width of the column of addresses.

    `kept` has the fields that are only recorded, as `queue.label`.
    """
    style = STYLES[change.action]
    head = [Piece(f"  {SIGNS[change.action]} ", style), Piece(str(change.address), style)]
    fields = fields_of(change)
    if known := title(change.address, fields):
        head += [*plain("  "), Piece(known)]
    said = (Piece(f"  {words}", Style.NOTE),) if (words := said_of(change)) else ()
    match change.action:
        case Action.CREATE:
            gap = " " * (names - columns(safe(str(change.address))) + 2)
            facts = "  ".join(part for part in (known, facts_of(change, fields)) if part)
            yield 8, (*head[:2], *plain(gap + facts), *said)
        case Action.DELETE | Action.RELEASE:
            lost = f"  {facts}" if (facts := summary(fields)) else ""
            yield 8, (*head, *plain(lost), *said)
        case Action.UPDATE | Action.ADOPT:
            yield 8, (*head, *said)
            yield from _edits(change, {} if said else {why: whose(why) for why in Why}, kept)


def _edits(change: Change, words: Mapping[Why, str], kept: Collection[str]) -> Iterator[Line]:
    def noted(edit: Edit) -> str:
        is_kept = f"{change.address.kind}.{edit.path}" in kept
        return "; ".join(filter(None, (words.get(edit.why, ""), IN_RECORDS if is_kept else "")))

    table = [
        (row, "" if place else noted(edit))
        for edit in change.edits[:EDITS]
        for place, row in enumerate(rows(edit, change.secrets))
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
