"""The history of one object, by commit and by field: who changed what, on whose word, what came of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from ccstate.authority import encodable
from ccstate.history.blame import FieldOrigin
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


NO_SOURCE = (
    "No plan is recorded here, so that nothing is known of what became of these commits. Where CI keeps "
    "records:"
)
FETCH = "git fetch origin ccstate-record:refs/remotes/origin/ccstate-record"


class History(NamedTuple):
    """The commits that changed an object, newest first; not `is_all` where older ones are left out.

    `sources` are where plans and records were found: plans/, and branches.
    """

    address: Address
    entries: Sequence[Entry]
    is_all: bool = True
    sources: Sequence[str] = ()


class Blame(NamedTuple):
    """The fields of an object with the commits that they come from; `sources` as in a history."""

    address: Address
    origins: Sequence[FieldOrigin]
    sources: Sequence[str] = ()


_STYLES = {
    "created": Style.ADD,
    "changed": Style.CHANGE,
    "deleted": Style.REMOVE,
    "put back": Style.CHANGE,
}
_SIGNS = {"created": "+", "changed": "~", "deleted": "-", "put back": "~"}
_OUTCOMES = {
    Outcome.CONFIRMED: ("confirmed", Style.ADD),
    Outcome.NOT_CONFIRMED: ("not confirmed", Style.ALARM),
    Outcome.HANDED_OVER: ("handed over", Style.CHANGE),
    Outcome.NOT_ATTEMPTED: ("not applied", Style.CHANGE),
}


def history_text(history: History, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write the commits that changed the object, newest first, in so many columns at most."""
    address, entries, is_all, sources = history
    counted = plural(len(entries), "commit")
    if not is_all:
        counted = f"the newest {counted}; --limit shows more"
    blocks: list[Iterator[Line]] = [iter([(2, (Piece(f"{address}: {counted}", Style.STRONG),))])]
    blocks += [_entry(entry, width) for entry in entries]
    blocks.append(_without_sources(sources))
    return paragraphs(blocks, width, palette)


def _without_sources(sources: Sequence[str]) -> Iterator[Line]:
    if not sources:
        yield 2, (Piece(NO_SOURCE, Style.DIM),)
        yield 2, (Piece(f"  {FETCH}", Style.STRONG),)


def blame_text(blame: Blame, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write the fields of an object under the commits that they come from, the newest commit first."""
    by_commit: dict[str, list[FieldOrigin]] = {}
    for origin in blame.origins:
        by_commit.setdefault(origin.commit.commit, []).append(origin)
    fields, commits = plural(len(blame.origins), "field"), plural(len(by_commit), "commit")
    title = Piece(f"{blame.address}: {fields} from {commits}", Style.STRONG)
    blocks: list[Iterator[Line]] = [iter([(2, (title,))])]
    in_order = sorted(by_commit.values(), key=lambda found: found[0].commit.age, reverse=True)
    blocks += [_origin(found[0].commit, found, width) for found in in_order]
    blocks.append(_without_sources(blame.sources))
    return paragraphs(blocks, width, palette)


def _origin(entry: Entry, origins: Sequence[FieldOrigin], width: int) -> Iterator[Line]:
    when = Piece(f"  {_time_words(entry.date)}", Style.PLAIN)
    yield 4, (Piece(entry.commit[:SHORT], Style.NOTE), when, *_layer(entry))
    yield from _facts(entry)
    longest = max(columns(safe(origin.path)) for origin in origins)
    column = min(longest, LABEL, width // 3)
    for origin in origins:
        gap = " " * max(column - columns(safe(origin.path)), 0)
        value = "(not declared any more)" if origin.value is None else brief(origin.value)
        name = Piece(f"      {origin.path}{gap}  ", Style.PLAIN)
        yield column + 10, (name, Piece(value, Style.ADD if origin.value else Style.REMOVE))
        for undone in origin.put_back:
            yield 12, _put_back(undone, origin.path)


def _put_back(entry: Entry, path: str) -> tuple[Piece, ...]:
    """Write when a plan undid a change of the field by hand, and what the value by hand had been."""
    value = next((edit.before for edit in entry.edits if edit.path == path), None)
    by_hand = "it had been removed" if value is None else f"it was {brief(value)}"
    words = f" {_time_words(entry.date)} by plan {entry.plan_id}: {by_hand}, changed by hand"
    return Piece("        put back", Style.CHANGE), *plain(words)


def _entry(entry: Entry, width: int) -> Iterator[Line]:
    action = str(entry.action)
    style = _STYLES.get(action, Style.NOTE)
    yield (
        4,
        (
            Piece(f"{_SIGNS.get(action, '?')} {action}", style),
            Piece(f"  {_time_words(entry.date)}  ", Style.PLAIN),
            Piece(entry.commit[:SHORT], Style.DIM),
            *_layer(entry),
        ),
    )
    if action == "put back":
        yield (
            4,
            (*plain("    "), Piece("Undid a change by hand: no commit asked for it", Style.STRONG)),
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


def _layer(entry: Entry) -> tuple[Piece, ...]:
    """Write in which environment's files it was, and under which earlier name."""
    words = f"  in {entry.environment}" if entry.environment else ""
    words += f"  as {entry.name}" if entry.name else ""
    return (Piece(words, Style.NOTE),) if words else ()


def _facts(entry: Entry) -> Iterator[Line]:
    if entry.subject:
        yield 4, (*plain("    "), Piece(entry.subject, Style.STRONG))
    by = (Piece("    by ", Style.DIM), *plain(entry.author))
    asked = (Piece("  request ", Style.DIM), Piece(entry.request, Style.NOTE))
    if entry.action != "put back":
        yield 7, (*by, *(asked if entry.request else ()))
    authority = entry.authority
    approvers = ", ".join(dict.fromkeys(each.by for each in authority.approvals))
    if approvers:
        yield 16, (Piece("    approved by ", Style.DIM), *plain(approvers))
    if entry.outcome is not None:
        word, style = _OUTCOMES[entry.outcome]
        at = plain(f" {_time_words(entry.settled)}") if entry.settled else ()
        host = f" on {authority.host}" if authority.host else ""
        applied = f", applied by {authority.applied_by}{host}" if authority.applied_by else ""
        why = f": {entry.reason}" if entry.reason else ""
        plan_words = f"    plan {entry.plan_id} "
        yield 9, (Piece(plan_words, Style.DIM), Piece(word, style), *at, *plain(applied + why))


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


def _commit(entry: Entry) -> form.Commit:
    return form.Commit(
        commit=entry.commit,
        date=entry.date,
        author=well_formed(entry.author),
        subject=well_formed(entry.subject),
        action=str(entry.action),
        edits=[form.FieldThen(path=e.path, before=e.before, after=e.after) for e in entry.edits],
        request=well_formed(entry.request),
        plan=entry.plan_id,
        outcome=entry.outcome.value if entry.outcome else None,
        reason=well_formed(entry.reason),
        authority=encodable(entry.authority),
        settled=well_formed(entry.settled),
        environment=entry.environment or None,
        name=entry.name or None,
    )


def history_json(history: History) -> str:
    """List the commits that changed an object, newest first."""
    return as_json(
        form.History(
            address=str(history.address),
            is_all=history.is_all,
            commits=list(map(_commit, history.entries)),
            sources=list(history.sources),
        )
    )


def blame_json(blame: Blame) -> str:
    """List the fields of an object, each with the commit that it comes from."""
    fields = [
        form.FieldOrigin(
            path=origin.path,
            value=origin.value,
            commit=_commit(origin.commit),
            put_back=list(map(_commit, origin.put_back)),
        )
        for origin in blame.origins
    ]
    address = str(blame.address)
    return as_json(form.Blame(address=address, fields=fields, sources=list(blame.sources)))


HISTORY: Report[History] = Report(history_text, json=history_json)
BLAME: Report[Blame] = Report(blame_text, json=blame_json)
