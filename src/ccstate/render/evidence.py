"""The pack of evidence for an assessor: Markdown, criterion by criterion, with the change sets beside it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from ccstate.audit.change_sets import ChangeSet
from ccstate.audit.evidence import ELEMENTS, SOURCE, SUCCESSOR, UNIT, Criterion, Evidence
from ccstate.render.audit import audit_csv, audit_json, audit_markdown, facts, heading
from ccstate.render.text import code
from ccstate.render.values import plural

EXAMPLES = 10
"""Change sets that a criterion names; the others are counted."""
INDEX = "README.md"
_FILES = """\
- `details.md`: each change set, from request to corrective action
- `change-sets.md`, `change-sets.csv`, `change-sets.json`: the same as a table"""


def pack(evidence: Evidence) -> Mapping[str, str]:
    """Write the files of the pack, by their names."""
    return {
        INDEX: _index(evidence),
        "details.md": _details(evidence.audit.change_sets),
        "change-sets.md": audit_markdown(evidence.audit),
        "change-sets.csv": audit_csv(evidence.audit),
        "change-sets.json": audit_json(evidence.audit),
    }


def anchor(number: int) -> str:
    """Name a change set within the pack."""
    return f"CS{number:04}"


def _index(evidence: Evidence) -> str:
    audit = evidence.audit
    last = audit.until - timedelta(microseconds=1)
    who = f" of {code(evidence.person)}" if evidence.person else ""
    counted = plural(len(audit.change_sets), "change set")
    span = (
        f"{counted}{who} from {audit.since.date()} to {last.date()}, from git alone. Times are UTC."
    )
    unit = (
        f"The numbers are those of {UNIT}, release 1, which {SUCCESSOR} supersedes and is equivalent to "
        f"(`{SOURCE}`). What each criterion asks is said in words of this pack; the unit itself counts. "
        "Whether the evidence suffices is for the assessor to judge."
    )
    blocks = [
        f"# Evidence for {UNIT} and {SUCCESSOR}",
        span,
        unit,
        _records(evidence),
        _overview(evidence),
    ]
    numbers = {id(one): anchor(n) for n, one in enumerate(audit.change_sets, start=1)}
    for element in ELEMENTS:
        blocks.append(f"## {element.number} {element.title}")
        for criterion in element.criteria:
            blocks += _criterion(evidence, criterion, numbers)
    blocks += ["## Files of this pack", _FILES]
    return "\n\n".join(blocks) + "\n"


def _records(evidence: Evidence) -> str:
    checked = evidence.checked
    where = ", ".join(map(code, checked.sources)) or "nowhere"
    counted = f"Records of applies that were checked: {checked.records:,}, from {where}."
    if not checked.problems:
        return f"{counted} None was changed, and none is missing."
    listed = "\n".join(
        f"- {each.code} {code(each.message)}" for each in checked.problems[:EXAMPLES]
    )
    more = len(checked.problems) - EXAMPLES
    rest = f"\n- … and {more:,} more: ccstate audit --check" if more > 0 else ""
    return f"{counted} **Not all is as it was recorded:**\n\n{listed}{rest}"


def _overview(evidence: Evidence) -> str:
    rows = ["| Criterion | Shown by | Lacking in |", "|---|---:|---:|"]
    for element in ELEMENTS:
        for criterion in element.criteria:
            shown = len(evidence.showing(criterion))
            lacking = len(evidence.lacking(criterion))
            by = f"{shown:,}" if shown else "nothing in git"
            rows.append(f"| {criterion.number} | {by} | {lacking or ''} |")
    return "\n".join(rows)


def _criterion(evidence: Evidence, criterion: Criterion, numbers: Mapping[int, str]) -> list[str]:
    blocks = [f"### {criterion.number} {criterion.asks}"]
    shown, lacking = evidence.showing(criterion), evidence.lacking(criterion)
    if shown:
        counted = plural(len(shown), "change set")
        blocks.append(f"{counted.capitalize()}, each with {criterion.shows}:")
        blocks.append(_listed(shown, numbers))
    elif criterion.shows:
        blocks.append(
            f"**Git shows nothing for this** in this span: no change set has {criterion.shows}."
        )
    else:
        blocks.append("**Git shows nothing for this.**")
    if lacking:
        blocks.append(f"Lacking in {plural(len(lacking), 'change set')}:")
        blocks.append(_listed(lacking, numbers, with_gaps=True))
    blocks.append(f"Not in git: {criterion.beyond}.")
    return blocks


def _listed(
    found: Sequence[ChangeSet], numbers: Mapping[int, str], *, with_gaps: bool = False
) -> str:
    lines = []
    for one in found[:EXAMPLES]:
        request = f", request {code(one.request.request)}" if one.request.request else ""
        plan = f", plan {code(one.plan)} {one.state.value}" if one.plan else f", {one.state.value}"
        gaps = f": {', '.join(gap.value for gap in one.gaps)}" if with_gaps else ""
        lines.append(
            f"- {numbers[id(one)]}, {one.at.date()}: {code(heading(one))}{request}{plan}{gaps}"
        )
    if len(found) > EXAMPLES:
        lines.append(f"- … and {len(found) - EXAMPLES:,} more, in `change-sets.csv`")
    return "\n".join(lines)


def _details(change_sets: Sequence[ChangeSet]) -> str:
    blocks = ["# Change sets in detail"]
    for number, one in enumerate(change_sets, start=1):
        blocks.append(f"## {anchor(number)}, {one.at.date()}: {one.state.value}")
        lines = [f"- {label.capitalize()}: {code(words)}" for label, words in facts(one)]
        if one.gaps:
            lines.append(f"- Missing: {', '.join(gap.value for gap in one.gaps)}")
        blocks.append("\n".join([f"- Title: {code(heading(one))}", *lines]))
    return "\n\n".join(blocks) + "\n"
