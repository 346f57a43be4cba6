"""Mistakes that administrators make on the worked example, and the rule that must see each.

Every file of `tests/scenarios/` is one mistake, as data:

    story   who did what, and why it looked right
    rule    code of the rule that must speak
    file    the file that is edited
    replace, by   text that stands there once, and the text in its place; or `edits:`, a list of
            these, each with a file of its own where it is another one
    at      the file that the message points at, where it is another one
    line    text that stands in the line which the message points at
    names   what the message must name
    also    codes of other rules that rightly speak too

A mistake is reported by these rules and by no other: a reader of a message must not have to guess
which of many is the real one.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import ryaml

from ccstate.desired import ParseCache, load, load_settings
from ccstate.errors import Diagnostic
from ccstate.rules import RULES, Estate
from ccstate.rules.judge import judge

ROOT = Path(__file__).parent.parent.parent
SCENARIOS = sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))
TODAY = date(2026, 11, 22)
FEWEST = 30

NOT_IN_THE_EXAMPLE = {
    "CC200": "speaks of comments that silence a rule, and the example has nothing to silence",
    "CC237": "speaks of countries of which less is known than of Australia",
}


@dataclass(frozen=True, slots=True)
class Edit:
    file: str
    replace: str
    by: str


@dataclass(frozen=True, slots=True)
class Scenario:
    story: str
    rule: str
    edits: tuple[Edit, ...]
    at: str
    line: str
    names: str
    also: frozenset[str]


def scenario(path: Path) -> Scenario:
    data: dict[str, Any] = ryaml.loads(path.read_text(encoding="utf-8"))
    known = {"story", "rule", "file", "replace", "by", "edits", "at", "line", "names", "also"}
    assert data.keys() <= known, path
    edits: list[Mapping[str, str]] = data.get("edits") or [data]
    return Scenario(
        story=data["story"],
        rule=data["rule"],
        edits=tuple(Edit(e.get("file", data["file"]), e["replace"], e["by"]) for e in edits),
        at=data.get("at", data["file"]),
        line=data["line"],
        names=data["names"],
        also=frozenset(data.get("also", ())),
    )


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the worked example, in which files that are not edited are parsed once."""
    root = tmp_path_factory.mktemp("example")
    shutil.copy(ROOT / "ccstate.yaml", root)
    shutil.copytree(ROOT / "desired_state", root / "desired_state")
    return root


@contextmanager
def edited(root: Path, edits: tuple[Edit, ...]) -> Iterator[None]:
    before = {edit.file: (root / edit.file).read_bytes() for edit in edits}
    try:
        for edit in edits:
            text = (root / edit.file).read_text(encoding="utf-8")
            times = text.count(edit.replace)
            assert times == 1, f"{edit.file} has {times} times: {edit.replace}"
            (root / edit.file).write_text(text.replace(edit.replace, edit.by), encoding="utf-8")
        yield
    finally:
        for file, content in before.items():
            (root / file).write_bytes(content)


def judged(root: Path) -> list[Diagnostic]:
    project = load_settings(root)
    desired = load(project, ParseCache(root / "cache"))
    assert not desired.problems
    estate = Estate(desired.state, TODAY)
    return judge(estate, project.rules, lambda file: (root / file).read_bytes())


def test_nothing_is_wrong_with_the_worked_example(example: Path) -> None:
    assert judged(example) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_mistake_is_found_where_it_was_made(example: Path, path: Path) -> None:
    meant = scenario(path)
    with edited(example, meant.edits):
        found = judged(example)
        lines = (example / meant.at).read_text(encoding="utf-8").splitlines()
    assert {problem.code for problem in found} == {meant.rule} | meant.also, found
    there = [
        problem
        for problem in found
        if problem.code == meant.rule
        and problem.span
        and problem.span.file == meant.at
        and problem.span.line
        and meant.line in lines[problem.span.line - 1]
    ]
    assert there, f"no {meant.rule} points at {meant.line!r}: {found}"
    assert any(meant.names in problem.message for problem in there), there


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_says_who_did_what_and_why(path: Path) -> None:
    assert re.fullmatch(r"[0-9]{2,3}-[a-z0-9-]+", path.stem)
    assert re.fullmatch(r"[A-Z].{39,}\.", scenario(path).story), "one sentence"


def test_every_rule_is_broken_by_some_mistake() -> None:
    broken = {scenario(path).rule for path in SCENARIOS}
    assert broken == RULES.keys() - NOT_IN_THE_EXAMPLE.keys()
    assert len(SCENARIOS) >= FEWEST
    numbers = [path.stem.partition("-")[0] for path in SCENARIOS]
    assert len(numbers) == len(set(numbers)), "each has a number of its own"
