"""Problems as text, for GitHub, as JSON and Markdown; every format of a validation."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from ccstate import __version__
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.model import Json
from ccstate.render.formats import Report, as_json
from ccstate.render.junit import diagnostics_junit
from ccstate.render.text import PLAIN, Palette, Style, code, safe, well_formed
from ccstate.render.values import plural
from ccstate.report_format import objects as form

if TYPE_CHECKING:
    from ccstate.rules.pages import Page

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def diagnostics_sarif(problems: Sequence[Diagnostic]) -> str:
    """Write one run with one rule for each code that occurs.

    Source: OASIS SARIF 2.1.0, sections 3.27 (result) and 3.30 (region).
    """
    codes = sorted({problem.code for problem in problems})
    log: Json = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(codes)},
                # Without it, viewers count columns in UTF-16.
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, codes.index(problem.code)) for problem in problems],
            }
        ],
    }
    return orjson.dumps(log, option=orjson.OPT_INDENT_2).decode() + "\n"


def _driver(codes: Sequence[str]) -> Json:
    """Describe ccstate itself, and what it has to say about the codes.

    Source: OASIS SARIF 2.1.0, section 3.19 (toolComponent).
    """
    home = documentation()
    rules: list[Json] = [_rule(code, home) for code in codes]
    driver: dict[str, Json] = {
        "name": "ccstate",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": rules,
    }
    return {**driver, "informationUri": home} if home else driver


def documentation() -> str:
    """Return the address of the documentation, "" where this release names none.

    From the metadata of the installed distribution: `project.urls` in pyproject.toml.
    """
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        named = metadata("ccstate").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    urls = dict(line.split(", ", 1) for line in named)
    return str(urls.get("Documentation", "")).rstrip("/")


def _rule(code: str, home: str) -> Json:
    """Describe a code for viewers: for rules their summary, severity and page.

    Source: OASIS SARIF 2.1.0, section 3.49 (reportingDescriptor).
    """
    from ccstate.rules import RULES
    from ccstate.rules.pages import page

    where = "codes.md" if code not in RULES else f"rules/{code}.md"
    link: dict[str, Json] = {"helpUri": f"{home}/{where}"} if home else {}
    if (rule := RULES.get(code)) is None:
        return {"id": code, **link}
    found = page(code)
    return {
        "id": code,
        **link,
        "name": rule.name,
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": found.prose[0]},
        "help": _help(found),
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _help(page: "Page") -> Json:
    """Write the whole page of a rule: viewers show it beside a finding, also without an address."""
    examples = (("Bad", page.bad), ("Good", page.good))
    text = [*page.prose, *(f"{title}:\n\n{indent(yaml, '    ')}" for title, yaml in examples)]
    markdown = [*page.prose, *(f"## {title}\n\n```yaml\n{yaml}```" for title, yaml in examples)]
    return {"text": "\n\n".join(map(str.rstrip, text)), "markdown": "\n\n".join(markdown)}


def _result(problem: Diagnostic, rule: int) -> Json:
    hint = f"hint: {problem.hint}" if problem.hint else ""
    words = "\n".join(part for part in (problem.message, problem.cause, hint) if part)
    result: dict[str, Json] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": "\n".join(safe(line) for line in words.splitlines())},
    }
    if problem.span:
        result["locations"] = [{"physicalLocation": _location(problem.span)}]
    return result


def _location(span: Span) -> Json:
    location: dict[str, Json] = {"artifactLocation": {"uri": quote(well_formed(span.file))}}
    if span.line:
        location["region"] = {"startLine": span.line, "startColumn": span.column or 1}
    return location


MOST_OF_A_CODE = 20
"""Problems of one code that a terminal shows; other formats have all of them."""
MARKDOWN_LIMIT = 60_000
"""Characters; GitHub refuses comments from 65,536."""


def diagnostics_text(
    problems: Sequence[Diagnostic], palette: Palette = PLAIN, columns: int | None = None
) -> str:
    """Write every problem with its place, cause and hint, and how many there are, if several.

    Lines are broken to fit `columns`, where given; no word is.
    """
    lines = [line for problem in problems for line in _lines(problem, palette, columns)]
    return _ended(lines, problems)


def shortened_text(
    problems: Sequence[Diagnostic],
    palette: Palette = PLAIN,
    columns: int | None = None,
    *,
    complete: str,
) -> str:
    """Write the first problems of each code, and how many more there are; `complete` lists all."""
    met: Counter[str] = Counter()
    lines: list[str] = []
    for problem in problems:
        met[problem.code] += 1
        if met[problem.code] <= MOST_OF_A_CODE:
            lines += _lines(problem, palette, columns)
    left = {code: count - MOST_OF_A_CODE for code, count in met.items() if count > MOST_OF_A_CODE}
    if left:
        lines += ["", "Not shown:"]
        lines += [f"  {code}: {count:,} more" for code, count in left.items()]
        lines.append(f"All of them: {complete}")
    return _ended(lines, problems)


def _ended(lines: list[str], problems: Sequence[Diagnostic]) -> str:
    if len(problems) != 1:
        lines += [*([""] if lines else []), counted(problems)]
    return "\n".join(lines) + "\n"


def _lines(problem: Diagnostic, palette: Palette, columns: int | None) -> Iterator[str]:
    style = Style.ALARM if problem.severity is Severity.ERROR else Style.CHANGE
    place = f"{safe(str(problem.span))}: " if problem.span else ""
    word = "" if problem.severity is Severity.ERROR else f"{problem.severity}: "
    code = word + problem.code
    first, *more = _break_line(f"{place}{code} ", "    ", problem.message, columns)
    text = first[len(place) + len(code) :]
    yield f"{palette.paint(Style.STRONG, place) if place else ''}{palette.paint(style, code)}{text}"
    yield from more
    for line in problem.cause.splitlines():
        yield from _break_line("  ", "  ", line, columns)
    for number, line in enumerate(problem.hint.splitlines()):
        start, *rest = _break_line("  hint: " if not number else " " * 8, " " * 8, line, columns)
        yield start if number else f"  {palette.paint(Style.NOTE, 'hint:')}{start[7:]}"
        yield from rest


def _break_line(before: str, indent: str, text: str, columns: int | None) -> list[str]:
    """Break a line with what stands before it into lines of so many columns; at least one."""
    line = safe(text)
    if columns is None or line.startswith(" "):  # what is indented is laid out by its author
        return [before + line]
    room = " " * len(before)
    first, *more = textwrap.wrap(
        line,
        columns,
        initial_indent=room,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [room]
    return [before + first[len(room) :], *more]


def counted(problems: Sequence[Diagnostic]) -> str:
    """Count the problems: `2 errors, 1 warning in 3 files`; `No problems.`"""
    found = [
        plural(count, severity.value)
        for severity in Severity
        if (count := sum(problem.severity is severity for problem in problems))
    ]
    if not found:
        return "No problems."
    files = {problem.span.file for problem in problems if problem.span}
    return ", ".join(found) + (f" in {plural(len(files), 'file')}" if files else "")


def problem_form(problem: Diagnostic) -> form.Problem:
    """Return a problem as JSON has it."""
    return form.Problem(
        code=problem.code,
        severity=problem.severity.value,
        message=well_formed(problem.message),
        file=well_formed(problem.span.file) if problem.span else None,
        line=problem.span.line if problem.span else 0,
        column=problem.span.column if problem.span else 0,
        cause=well_formed(problem.cause),
        hint=well_formed(problem.hint),
    )


def diagnostics_json(problems: Sequence[Diagnostic]) -> str:
    """Write all problems in one object; line and column count from 1, 0 where unknown."""
    found = form.Problems(
        errors=sum(problem.severity is Severity.ERROR for problem in problems),
        warnings=sum(problem.severity is Severity.WARNING for problem in problems),
        problems=[problem_form(problem) for problem in problems],
    )
    return as_json(found)


def diagnostics_github(problems: Sequence[Diagnostic]) -> str:
    """Write workflow commands, which GitHub shows beside the lines of a pull request.

    Source: actions/toolkit, `packages/core/src/command.ts`, for what is escaped.
    """
    return "".join(f"{_command(problem)}\n" for problem in problems)


def _command(problem: Diagnostic) -> str:
    properties = {"title": problem.code}
    if problem.span:
        properties["file"] = problem.span.file
        if problem.span.line:
            properties["line"] = str(problem.span.line)
            properties["col"] = str(problem.span.column or 1)
    shown = ",".join(f"{name}={_property(text)}" for name, text in sorted(properties.items()))
    hint = f"hint: {problem.hint}" if problem.hint else ""
    words = "\n".join(part for part in (problem.message, problem.cause, hint) if part)
    return f"::{problem.severity.value} {shown}::{_data(words)}"


def _data(text: str) -> str:
    kept = "\n".join(safe(line) for line in text.splitlines())
    return kept.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def diagnostics_markdown(problems: Sequence[Diagnostic]) -> str:
    """Write a list for a comment or a job summary."""
    head = f"**{counted(problems)}**\n"
    items = [_item(problem) for problem in problems]
    text, left = head, len(items)
    for item in items:
        if len(text) + len(item) > MARKDOWN_LIMIT:
            text += f"\n… and {plural(left, 'more problem')}.\n"
            break
        text += item
        left -= 1
    return text


def _item(problem: Diagnostic) -> str:
    place = f"{code(str(problem.span))}: " if problem.span else ""
    lines = [
        f"\n- {place}**{problem.severity.value}** {code(problem.code)} {code(problem.message)}"
    ]
    lines += [f"  {code(line)}" for line in problem.cause.splitlines() if line.strip()]
    if problem.hint:
        lines.append(f"  hint: {code(problem.hint)}")
    return "\\\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Validation:
    """The problems of a desired state, and its size in words, for where there are none.

    Lines are broken where a person reads them; who filters lines wants them whole.
    """

    problems: Sequence[Diagnostic]
    size: str
    breaks_lines: bool


def validation_text(found: Validation, width: int = 80, palette: Palette = PLAIN) -> str:
    """Write the problems, shortened where there are many; or what to do next."""
    if not found.problems:
        return f"{found.size}: no problems. Next: ccstate plan"
    complete = "ccstate validate --format json"
    columns = width if found.breaks_lines else None
    problems = shortened_text(found.problems, palette, columns, complete=complete)
    return problems + _learn_more(found.problems)


def _learn_more(problems: Iterable[Diagnostic]) -> str:
    """Write how to learn more about a rule's message, an error's first; "" where there is none."""
    from ccstate.rules import RULES

    codes = [
        problem.code
        for problem in sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)
        if problem.code in RULES
    ]
    return f"Why, and how to silence it: ccstate rule {codes[0]}" if codes else ""


VALIDATION: Report[Validation] = Report(
    validation_text,
    json=lambda found: diagnostics_json(found.problems),
    markdown=lambda found: diagnostics_markdown(found.problems),
    github=lambda found: diagnostics_github(found.problems),
    sarif=lambda found: diagnostics_sarif(found.problems),
    junit=lambda found: diagnostics_junit(found.problems),
)
