"""The audit of change sets: on a terminal, as Markdown, as CSV, as JSON; and what its check finds."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from ccstate.audit.chain import Checked
from ccstate.audit.change_sets import Audit, ChangeSet, Gap, State, moment
from ccstate.authority import Authority, encodable
from ccstate.render.diagnostics import diagnostics_text, problem_form
from ccstate.render.formats import Report, as_json
from ccstate.render.text import (
    PLAIN,
    Line,
    Palette,
    Piece,
    Style,
    cell,
    code,
    paragraphs,
    plain,
    safe,
    well_formed,
)
from ccstate.render.values import join_words, plural
from ccstate.report_format import audit as form

SHORT = 10
"""Characters of a commit's id."""
OBJECTS = 4
"""Objects of a change set that a line names."""

Value: TypeAlias = "str | int | datetime | None"


class Column(NamedTuple):
    """One column of a table of change sets: its title, its value, its width in a worksheet."""

    title: str
    value: Callable[[ChangeSet], Value]
    width: int = 16


def _approvers(one: ChangeSet) -> str:
    return ", ".join(dict.fromkeys(approval.by for approval in one.approvals))


def approved(one: ChangeSet) -> datetime | None:
    """Find when the last of the approvals was given."""
    known = [found for approval in one.approvals if (found := moment(approval.at))]
    return max(known, default=None)


COLUMNS = (
    Column("When (UTC)", lambda one: one.at),
    Column("Request", lambda one: one.request.request),
    Column("Requested by", lambda one: one.request.requested_by),
    Column("Reason", lambda one: one.request.reason, 40),
    Column("Emergency", lambda one: one.request.emergency),
    Column("Commit", lambda one: one.commit, 12),
    Column("Author", lambda one: one.author, 24),
    Column("Subject", lambda one: one.subject, 40),
    Column("Pull request", lambda one: one.change, 24),
    Column("Objects", lambda one: ", ".join(f"{done} {name}" for done, name in one.objects), 32),
    Column("Method", lambda one: ", ".join(one.methods), 24),
    Column("Plan", lambda one: one.plan),
    Column("Approved by", _approvers, 20),
    Column("Approved (UTC)", approved),
    Column("Applied by", lambda one: one.applied_by),
    Column("Host", lambda one: one.host),
    Column("Run", lambda one: one.run, 24),
    Column("Started (UTC)", lambda one: one.started),
    Column("Finished (UTC)", lambda one: one.finished),
    Column("Outcome", lambda one: one.state.value),
    Column("Confirmed", lambda one: one.confirmed if one.plan else None, 10),
    Column("Planned", lambda one: one.planned if one.plan else None, 10),
    Column("Why not", lambda one: one.reason, 32),
    Column("Changed by hand", lambda one: ", ".join(one.by_hand), 24),
    Column("Corrects", lambda one: one.corrects, 24),
    Column("Corrective action", lambda one: ", ".join(one.corrective), 32),
    Column("Missing", lambda one: ", ".join(gap.value for gap in one.gaps), 32),
)


def _moment_words(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")[:16]


def title(audit: Audit) -> str:
    """Sum an audit up in one line."""
    missing = sum(1 for one in audit.change_sets if one.gaps)
    counted = plural(len(audit.change_sets), "change set")
    last = audit.until - timedelta(microseconds=1)
    span = f"{audit.since.date()} to {last.date()}"
    return f"{span}: {counted}, {missing:,} with something missing"


def gaps_counted(audit: Audit) -> list[tuple[Gap, int]]:
    """Count how many change sets lack each thing, in the order of their weight."""
    counted = Counter(gap for one in audit.change_sets for gap in one.gaps)
    return [(gap, counted[gap]) for gap in Gap if counted[gap]]


def sources_words(audit: Audit) -> str:
    """Say where records were found, or that there are none."""
    if audit.sources:
        return f"Records of applies: {join_words(audit.sources)}."
    return (
        "No plan is recorded here, so that nothing is known of what became of these commits: "
        "fetch the branch ccstate-record."
    )


_STYLES = {
    State.CONFIRMED: Style.ADD,
    State.NOTHING_TO_DO: Style.ADD,
    State.WITHOUT_PLATFORM: Style.DIM,
    State.NEVER_APPLIED: Style.CHANGE,
}


def audit_text(audit: Audit, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write the change sets, the oldest first, with what each lacks."""
    blocks: list[Iterator[Line]] = [_head(audit)]
    blocks += [_change_set(one) for one in audit.change_sets]
    return paragraphs(blocks, width, palette)


def _head(audit: Audit) -> Iterator[Line]:
    yield 2, (Piece(title(audit), Style.STRONG),)
    yield 2, (Piece(sources_words(audit), Style.DIM),)
    if audit.is_cut_off:
        yield 2, plain("This clone is shallow: older commits are not here. git fetch --unshallow")
    for gap, count in gaps_counted(audit):
        yield 4, (Piece(f"  {count:>5,}  ", Style.STRONG), Piece(gap.value, Style.ALARM))


def heading(one: ChangeSet) -> str:
    """Name a change set: by its subject, or by what its plan is for."""
    if one.subject:
        return one.subject
    if one.corrects:
        return f"{'Takes back' if one.is_way_back else 'Corrects'} {one.corrects}"
    return "Put back what was changed by hand" if one.by_hand else f"Plan {one.plan}"


def _change_set(one: ChangeSet) -> Iterator[Line]:
    style = _STYLES.get(one.state, Style.ALARM)
    when = Piece(f"{_moment_words(one.at)}  ", Style.DIM)
    state = Piece(f"  {one.state.value}", style)
    yield 4, (when, Piece(heading(one), Style.STRONG), state)
    for label, words in facts(one):
        yield len(label) + 5, (Piece(f"    {label} ", Style.DIM), *plain(words))
    if one.gaps:
        missing = ", ".join(gap.value for gap in one.gaps)
        yield 6, (Piece(f"    ! {missing}", Style.ALARM),)


_SIGNS = {"create": "+", "update": "~", "delete": "-", "adopt": "=", "release": "/"}


def objects_words(one: ChangeSet) -> str:
    """Name the first objects of a change set, each with the sign of what was done to it."""
    return ", ".join(f"{_SIGNS.get(done, '?')} {name}" for done, name in one.objects[:OBJECTS])


def facts(one: ChangeSet) -> Iterator[tuple[str, str]]:
    """List what is known of a change set, from request to corrective action: labels and words."""
    request = one.request
    by = f", by {request.requested_by}" if request.requested_by else ""
    why = f": {request.reason}" if request.reason else ""
    if request.request or by or why:
        yield "request", f"{request.request or 'without a number'}{by}{why}"
    if request.emergency:
        yield "emergency", request.emergency
    if one.commit:
        yield (
            "commit",
            f"{one.commit[:SHORT]} by {one.author}" if one.author else one.commit[:SHORT],
        )
    if one.change:
        yield "change", one.change
    if one.objects:
        more = len(one.objects) - OBJECTS
        rest = f" and {more:,} more" if more > 0 else ""
        yield "objects", objects_words(one) + rest
    if one.plan:
        yield from _facts_of_plan(one)
    if one.by_hand:
        yield "by hand", ", ".join(one.by_hand)
    if one.corrects and one.subject:
        yield "corrects", one.corrects
    if one.corrective:
        yield "then", "; ".join(one.corrective)


def _facts_of_plan(one: ChangeSet) -> Iterator[tuple[str, str]]:
    yield "method", ", ".join(one.methods) or "none"
    if one.approvals:
        yield "approved", _approvers(one)
    how = f"{one.confirmed:,} of {plural(one.planned, 'change')} confirmed"
    finished = f" {_moment_words(one.finished)}" if one.finished else ""
    reason = f": {one.reason}" if one.reason else ""
    yield "plan", f"{one.plan}, {how}{finished}{reason}"
    if one.applied_by:
        host = f" on {one.host}" if one.host else ""
        run = f", {one.run}" if one.run else ""
        yield "applied", f"by {one.applied_by}{host}{run}"


def audit_markdown(audit: Audit) -> str:
    """Write the change sets as a table, in which nothing that people wrote comes alive."""
    where = ", ".join(map(code, audit.sources))
    blocks = [
        f"# Change sets, {title(audit)}",
        f"Records of applies: {where}." if where else sources_words(audit),
    ]
    if counted := gaps_counted(audit):
        rows = [f"| {gap.value} | {count:,} |" for gap, count in counted]
        blocks.append("\n".join(["| Missing | Change sets |", "|---|---:|", *rows]))
    if audit.change_sets:
        blocks.append(change_table(audit.change_sets))
    return "\n\n".join(blocks) + "\n"


_TABLE = ("When (UTC)", "Request", "Change", "Method", "Approved by", "Applied by", "Outcome")
_AFTER = ("Corrective action", "Missing")


def change_table(change_sets: Sequence[ChangeSet]) -> str:
    """Write change sets as a table of Markdown."""
    head = "| " + " | ".join([*_TABLE, *_AFTER]) + " |"
    rule = "|" + "---|" * (len(_TABLE) + len(_AFTER))
    return "\n".join([head, rule, *map(_row, change_sets)])


def _row(one: ChangeSet) -> str:
    request = one.request
    emergency = request.emergency and f"emergency: {request.emergency}"
    words = (request.request, request.requested_by, request.reason, emergency)
    asked = ", ".join(filter(None, words))
    outcome = one.state.value
    if one.plan:
        outcome += f", {one.confirmed:,} of {one.planned:,}, plan {cell(one.plan)}"
    if one.reason:
        outcome += f": {cell(one.reason)}"
    commit = f" {cell(one.commit[:SHORT])}" if one.commit else ""
    more = f", {cell(objects_words(one))}" if one.objects else ""
    cells = (
        _moment_words(one.at),
        _code(asked),
        cell(heading(one)) + commit + more,
        _code(", ".join(one.methods)),
        _code(_approvers(one)),
        _code(f"{one.applied_by}{f' on {one.host}' if one.host else ''}"),
        outcome,
        _code("; ".join(one.corrective)),
        ", ".join(gap.value for gap in one.gaps) or "nothing",
    )
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return cell(text) if text else ""


# What spreadsheets take for a formula at the beginning of a cell. Source: OWASP, "CSV Injection";
# blanks before it are passed over by some, and the full-width signs are taken for them by Excel.
_FORMULA = re.compile("[\\s\u3000]*[=+\\-@\uff1d\uff0b\uff0d\uff20]")


def as_text(text: str) -> str:
    """Change the text of a cell so that no spreadsheet computes it: an apostrophe before a formula."""
    shown = safe(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def audit_csv(audit: Audit) -> str:
    """Write the change sets as CSV (RFC 4180), a line each, in which no cell is a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(column.title for column in COLUMNS)
    for one in audit.change_sets:
        writer.writerow(_csv_value(column.value(one)) for column in COLUMNS)
    return buffer.getvalue()


def _csv_value(value: Value) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")[:19]
    return "" if value is None else as_text(str(value))


def audit_json(audit: Audit) -> str:
    """Write the change sets for programs."""
    return as_json(
        form.Audit(
            since=audit.since.isoformat(),
            until=audit.until.isoformat(),
            sources=[well_formed(each) for each in audit.sources],
            is_cut_off=audit.is_cut_off,
            gaps={gap.value: count for gap, count in gaps_counted(audit)},
            change_sets=[_formed(one) for one in audit.change_sets],
        )
    )


def _formed(one: ChangeSet) -> form.ChangeSet:
    authority = Authority(
        request=one.request,
        approvals=one.approvals,
        author=one.author,
        applied_by=one.applied_by,
        host=one.host,
        run=one.run,
        change=one.change,
    )
    return form.ChangeSet(
        at=one.at.isoformat(),
        commit=one.commit,
        subject=well_formed(one.subject),
        authority=encodable(authority),
        objects=[
            form.Touched(action=well_formed(done), name=well_formed(name))
            for done, name in one.objects
        ],
        methods=[well_formed(each) for each in one.methods],
        plan=one.plan,
        started=one.started.isoformat() if one.started else "",
        finished=one.finished.isoformat() if one.finished else "",
        outcome=one.state.value,
        confirmed=one.confirmed,
        planned=one.planned,
        reason=well_formed(one.reason),
        by_hand=[well_formed(each) for each in one.by_hand],
        corrects=well_formed(one.corrects),
        corrective=[well_formed(each) for each in one.corrective],
        gaps=[gap.value for gap in one.gaps],
    )


AUDIT: Report[Audit] = Report(audit_text, markdown=audit_markdown, csv=audit_csv, json=audit_json)


def check_text(checked: Checked, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write what is wrong with records; or that all of them hang together."""
    counted = plural(checked.records, "record")
    where = join_words(checked.sources) if checked.sources else "nowhere"
    if not checked.problems:
        return f"{counted} from {where}: none was changed, and none is missing.\n"
    return f"{counted} from {where}\n" + diagnostics_text(checked.problems, palette, width)


def check_json(checked: Checked) -> str:
    """Write what is wrong with records for programs."""
    problems = [problem_form(problem) for problem in checked.problems]
    return as_json(
        form.Check(records=checked.records, sources=list(checked.sources), problems=problems)
    )


CHECK: Report[Checked] = Report(check_text, json=check_json)
