"""The page of each rule: what it looks for, an estate that breaks it, and the same one mended."""

import re
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from ccstate.desired.crosschecks import check_together
from ccstate.desired.documents import parse
from ccstate.desired.findings import diagnose
from ccstate.errors import Diagnostic
from ccstate.model import Address, Resource
from ccstate.rules.judge import judge
from ccstate.rules.rule import Estate

_FORM = re.compile(
    r"(?P<prose>[^#\n].*?)\n\n"
    r"## Bad\n\n```yaml\n(?P<bad>.*?\n)```\n\n"
    r"## Good\n\n```yaml\n(?P<good>.*?\n)```\n",
    re.DOTALL,
)
_FILE = "desired_state/example.yaml"
EXAMPLE_DAY = date(2026, 11, 22)
"""The day on which examples are judged, so that they say the same for ever."""


@dataclass(frozen=True, slots=True)
class Page:
    """The text about a rule: paragraphs of prose, and two documents."""

    prose: tuple[str, ...]
    bad: str
    good: str


def page(code: str) -> Page:
    """Read the page of a rule; ValueError where it does not have the form of one."""
    path = files("ccstate.rules") / "pages" / f"{code}.md"
    match = _FORM.fullmatch(path.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{code}.md is not of the form: prose, ## Bad, ## Good")
    prose = tuple(" ".join(part.split()) for part in match["prose"].split("\n\n"))
    return Page(prose, match["bad"], match["good"])


def judged_example(document: str) -> list[Diagnostic]:
    """Judge a document on EXAMPLE_DAY; return its errors, where it has some."""
    data = document.encode()
    declared, refused, findings = parse(data, _FILE)
    state = {
        (address := Address(kind, name)): Resource(address, fields, _FILE)
        for kind, name, fields in declared.resources
    }
    if not refused and not findings:
        findings = list(check_together({_FILE: declared}, state, lambda _: data))
    if refused or findings:
        return [*refused, *diagnose(findings, lambda _: data)]
    return judge(Estate(state, EXAMPLE_DAY), {}, lambda _: data)
