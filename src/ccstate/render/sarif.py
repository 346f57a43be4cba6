"""Problems as SARIF 2.1.0, which code scanning reads."""

from collections.abc import Sequence
from textwrap import indent
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from ccstate import __version__
from ccstate.errors import Diagnostic, Span
from ccstate.model import Json
from ccstate.render.text import safe, well_formed

if TYPE_CHECKING:
    from ccstate.rules.pages import Page

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def diagnostics_sarif(problems: Sequence[Diagnostic]) -> str:
    """One run with one rule for each code that occurs.

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
    """Ccstate itself, and what it has to say about the codes.

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
    """The address of the documentation, "" where this release names none.

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
    """What viewers tell about a code: for rules their summary, severity and page.

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
    """The whole page of a rule: viewers show it where they are, also where no address is known."""
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
