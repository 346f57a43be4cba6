"""Rules and their pages: on a terminal, as Markdown, as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from ccstate.errors import Diagnostic
from ccstate.model import Json
from ccstate.render.diagnostics import diagnostics_text
from ccstate.render.formats import Report, as_json
from ccstate.render.text import PLAIN, Line, Palette, Piece, Style, lay_out, plain, width_of
from ccstate.rules import Rule
from ccstate.rules.pages import Page
from ccstate.rules.silence import CODE as OF_COMMENTS

_INDENT = "    "
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule, its page, and what it says about the bad example there."""

    rule: Rule
    page: Page
    says: Sequence[Diagnostic]


def rules_text(rules: Sequence[Rule], width: int = 80, palette: Palette = PLAIN) -> str:
    """Write all rules as a table, in lines of at most `width` columns."""
    names = max((len(rule.name) for rule in rules), default=0)
    rows = [line for rule in rules for line in _row(rule, names, width)]
    foot = "`ccstate rule CODE` explains one, and says how to silence it."
    return lay_out([*rows, (0, ()), (0, plain(foot))], width, palette) + "\n"


def _row(rule: Rule, names: int, width: int) -> Iterator[Line]:
    severity = f"{rule.severity.value:<{len('warning')}}"
    cells = [
        Piece(f"{rule.code}{_GAP}", Style.STRONG),
        Piece(f"{severity}{_GAP}", _style(rule)),
        Piece(f"{rule.name:<{names}}{_GAP}"),
    ]
    margin = width_of(cells)
    first, *others = wrap(rule.summary, max(width - margin, 20))
    yield 0, (*cells, Piece(first))
    for line in others:
        yield 0, plain(" " * margin + line)


def _style(rule: Rule) -> Style:
    return Style.ALARM if rule.severity.value == "error" else Style.CHANGE


def rule_text(found: Explained, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write the whole page of a rule, in lines of at most `width` columns."""
    return lay_out(_page(found), width, palette) + "\n"


def _page(found: Explained) -> Iterator[Line]:
    rule, page = found.rule, found.page
    yield (
        0,
        (
            Piece(f"{rule.code} {rule.name}", Style.STRONG),
            Piece("  "),
            Piece(rule.severity.value, _style(rule)),
        ),
    )
    yield 0, plain(rule.summary)
    for paragraph in page.prose:
        yield 0, ()
        yield 0, plain(paragraph)
    yield from _block("Bad", "", page.bad)
    yield from _block("It says", "", diagnostics_text(found.says))
    yield from _block("Good", "", page.good)
    for title, where, example in _ways_out(rule):
        yield from _block(title, f" {where}", example)


def _block(title: str, where: str, text: str) -> Iterator[Line]:
    yield 0, ()
    yield 0, (Piece(title, Style.STRONG), Piece(f"{where}:"))
    yield 0, ()
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" ")) + len(_INDENT) + 2
        yield indent, (Piece(f"{_INDENT}{line}", Style.DIM),)


def _ways_out(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """List how to silence a rule: what that is, where it is written, and what is written."""
    severities = "in ccstate.yaml (or make it a warning, or an error)"
    yield "Switch it off", severities, f"rules: {{{rule.code}: ignore}}"
    if rule.code != OF_COMMENTS:
        where = "at the line of a message, above it, or at a name that it stands below"
        yield "Silence it", where, f"# ccstate: ignore {rule.code} because …"


def rule_markdown(found: Explained) -> str:
    """Write the page of a rule for a browser."""
    rule, page = found.rule, found.page
    blocks = [
        f"# {rule.code} {rule.name}",
        f"**{rule.severity.value.capitalize()}**: {rule.summary}.",
        *page.prose,
        f"## Bad\n\n```yaml\n{page.bad}```",
        f"It says:\n\n```text\n{diagnostics_text(found.says)}```",
        f"## Good\n\n```yaml\n{page.good}```",
    ]
    for title, where, example in _ways_out(rule):
        words = f"{where[0].upper()}{where[1:]}:"
        blocks.append(f"## {title}\n\n{words}\n\n```yaml\n{example}\n```")
    return "\n\n".join(blocks) + "\n"


def rules_markdown(rules: Sequence[Rule]) -> str:
    """Write all rules as a table."""
    rows = [f"| {r.code} | {r.severity.value} | {r.name} | {r.summary} |" for r in rules]
    return "\n".join(["| Code | Severity | Name | Finds |", "|---|---|---|---|", *rows]) + "\n"


def rules_json(rules: Sequence[Rule]) -> str:
    """Write all rules as a list of objects."""
    return as_json([_fields(rule) for rule in rules])


def rule_json(found: Explained) -> str:
    """Write a rule with its page as one object."""
    page = {"prose": list(found.page.prose), "bad": found.page.bad, "good": found.page.good}
    return as_json({**_fields(found.rule), **page})


def _fields(rule: Rule) -> dict[str, Json]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "summary": rule.summary,
    }


RULE_LIST: Report[Sequence[Rule]] = Report(rules_text, markdown=rules_markdown, json=rules_json)
RULE: Report[Explained] = Report(rule_text, markdown=rule_markdown, json=rule_json)
