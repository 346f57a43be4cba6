"""The history of one object on a terminal: who changed what, on whose word, and what came of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ccstate.history.changes import FieldChange
from ccstate.history.entries import Entry
from ccstate.model import Address, Edit, Outcome, Why
from ccstate.render.changes import Row, rows
from ccstate.render.formats import Report, as_json
from ccstate.render.text import (
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    columns,
    paragraphs,
    plain,
    safe,
    well_formed,
)
from ccstate.render.values import brief, plural
from ccstate.report_format import objects as form

SHORT = 10
"""Characters of a commit's id."""
EDITS = 40
"""Fields of one commit that are shown."""
LABEL = 26
"""Widest column of field names; a longer one has a line of its own."""


class History(NamedTuple):
    """The commits that changed an object, newest first; not `is_all` where older ones are left out."""

    address: Address
    entries: Sequence[Entry]
    is_all: bool = True


_STYLES = {"created": Style.ADD, "changed": Style.CHANGE, "deleted": Style.REMOVE}
_SIGNS = {"created": "+", "changed": "~", "deleted": "-"}
_OUTCOMES = {
    Outcome.CONFIRMED: ("confirmed", Style.ADD),
    Outcome.NOT_CONFIRMED: ("not confirmed", Style.ALARM),
    Outcome.NOT_ATTEMPTED: ("not applied", Style.CHANGE),
}


def history_text(history: History, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write the commits that changed the object, newest first, in so many columns at most."""
    address, entries, is_all = history
    counted = plural(len(entries), "commit")
    if not is_all:
        counted = f"the newest {counted}; --limit shows more"
    blocks: list[Iterator[Line]] = [iter([(2, (Piece(f"{address}: {counted}", Style.STRONG),))])]
    blocks += [_entry(entry, width) for entry in entries]
    return paragraphs(blocks, width, palette)


def _entry(entry: Entry, width: int) -> Iterator[Line]:
    action = str(entry.action)
    style = _STYLES.get(action, Style.NOTE)
    yield (
        4,
        (
            Piece(f"{_SIGNS.get(action, '?')} {action}", style),
            Piece(f"  {_time_words(entry.date)}  ", Style.PLAIN),
            Piece(entry.commit[:SHORT], Style.DIM),
        ),
    )
    yield from _facts(entry)
    if action == "cut off":
        sentence = "This clone is shallow: what came before is not here. See it with"
        yield 4, (*plain(f"    {sentence} "), Piece("git fetch --unshallow", Style.STRONG))
    elif action == "unreadable":
        sentence = "A file that may declare it was no valid YAML before or after. See it with"
        yield (
            4,
            (*plain(f"    {sentence} "), Piece(f"git show {entry.commit[:SHORT]}", Style.STRONG)),
        )
    yield from _edits(entry.edits, width, is_new=action == "created")


def _facts(entry: Entry) -> Iterator[Line]:
    yield 4, (*plain("    "), Piece(entry.subject, Style.STRONG))
    by = (Piece("    by ", Style.DIM), *plain(entry.author))
    asked = (Piece("  request ", Style.DIM), Piece(entry.request, Style.NOTE))
    yield 7, (*by, *(asked if entry.request else ()))
    if entry.outcome is not None:
        word, style = _OUTCOMES[entry.outcome]
        why = plain(f": {entry.reason}") if entry.reason else ()
        plan_words = f"    plan {entry.plan_id} "
        yield 9, (Piece(plan_words, Style.DIM), Piece(word, style), *why)


def _edits(edits: Sequence[FieldChange], width: int, *, is_new: bool) -> Iterator[Line]:
    found: list[Row] = []
    for edit in edits[:EDITS]:
        found += _rows(edit, is_new=is_new)
    labels = [columns(safe(row.label)) for row in found]
    most = min(LABEL, width // 3)
    column = max((label for label in labels if label <= most), default=0)
    for row, label in zip(found, labels, strict=True):
        if label > most:
            yield 6, plain(f"      {row.label}")
        name = row.label if label <= most else ""
        gap = " " * (column - (label if label <= most else 0) + 2)
        yield column + 10, (*plain(f"      {name}{gap}"), *row.value)
    if len(edits) > EDITS:
        more = plural(len(edits) - EDITS, "more field")
        yield 6, (Piece(f"      … and {more}", Style.DIM),)


def _rows(edit: FieldChange, *, is_new: bool) -> list[Row]:
    parts = edit.after if isinstance(edit.after, list) else [edit.after]
    if is_new and not any(isinstance(part, list | dict) for part in parts):
        return [Row(edit.path, (Piece(brief(edit.after), Style.ADD),))]
    # The author says whose doing it was; secrets are references here, and may be shown.
    return rows(Edit(edit.path, edit.before, edit.after, why=Why.YOU), {})


def _time_words(date: str) -> str:
    """Write the time in the author's own timezone, as it was written: `2026-11-22 14:05 +11:00`."""
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return date
    text = moment.isoformat(sep=" ", timespec="minutes")
    return f"{text[:16]} {text[16:]}".rstrip()


def history_json(history: History) -> str:
    """List the commits that changed an object, newest first."""
    commits = [
        form.Commit(
            commit=entry.commit,
            date=entry.date,
            author=well_formed(entry.author),
            subject=well_formed(entry.subject),
            action=str(entry.action),
            edits=[
                form.FieldThen(path=e.path, before=e.before, after=e.after) for e in entry.edits
            ],
            request=well_formed(entry.request),
            plan=entry.plan_id,
            outcome=entry.outcome.value if entry.outcome else None,
            reason=well_formed(entry.reason),
        )
        for entry in history.entries
    ]
    address = str(history.address)
    return as_json(form.History(address=address, is_all=history.is_all, commits=commits))


HISTORY: Report[History] = Report(history_text, json=history_json)
