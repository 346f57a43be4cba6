"""Problems in every form in which they are given out."""

import json
import re
from collections.abc import Callable, Sequence
from email.message import Message
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate import __version__
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.render.diagnostics import VALIDATION, Validation, diagnostics_text, shortened_text
from ccstate.render.text import COLOUR
from ccstate.rules import RULES

PROBLEMS = (
    Diagnostic(
        "CC103",
        'unknown schedule "weekday"',
        Span("desired_state/queues.yaml", 14, 10),
        'queue/support opens by "weekday", which no file declares.',
        'did you mean "weekdays"?  (desired_state/schedules.yaml:3)',
    ),
    Diagnostic(
        "CC211",
        "queue/sales has one member",
        Span("desired_state/queues.yaml", 3, 5),
        "When that person is away, callers wait for no agent.\nThe queue has no overflow.",
        severity=Severity.WARNING,
    ),
    Diagnostic("CC001", "100% of 3 files, or more: unreadable", Span("desired_state/a,b:c.yaml")),
    Diagnostic("CC401", 'no adapter named "pbx" is installed', hint="installed: embedded"),
    Diagnostic("CC102", "odd label \x1b[31m\u202e<b>&\x00", Span("ü/q.yaml", 1), "a\r\n::error::b"),
)
SUFFIX = {"json": "json", "markdown": "md", "sarif": "sarif", "junit": "xml"}
FORMATS = VALIDATION.formats


def given_out(name: str, problems: Sequence[Diagnostic]) -> str:
    if name == "text":
        return diagnostics_text(problems)
    return VALIDATION.render(name, Validation(problems, "", breaks_lines=False))


@pytest.mark.parametrize("name", FORMATS)
def test_problems_are_given_out(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"render/problems-{name}.{SUFFIX.get(name, 'txt')}", given_out(name, PROBLEMS))


@pytest.mark.parametrize("name", FORMATS)
def test_no_problems_are_given_out(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"render/no-problems-{name}.{SUFFIX.get(name, 'txt')}", given_out(name, []))


def test_colour_adds_nothing_but_colour() -> None:
    coloured = diagnostics_text(PROBLEMS, COLOUR)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == diagnostics_text(PROBLEMS)


TEXTS = st.text(max_size=30) | st.sampled_from(
    ["\x00\x0b\x1b", "]]>", "\ud800", "\ufffe", "%0A::a,b"]
)
ANY_PROBLEMS = st.lists(
    st.builds(
        Diagnostic,
        st.from_regex("CC[0-9]{3}", fullmatch=True),
        TEXTS,
        st.none() | st.builds(Span, TEXTS, st.integers(0, 9), st.integers(0, 9)),
        TEXTS,
        TEXTS,
        st.sampled_from(Severity),
    ),
    max_size=4,
)


@given(ANY_PROBLEMS, st.integers(20, 100))
def test_broken_lines_have_the_same_words(problems: list[Diagnostic], columns: int) -> None:
    broken = diagnostics_text(problems, columns=columns)
    assert broken.split() == diagnostics_text(problems).split()


def test_lines_are_broken_to_fit_the_terminal() -> None:
    assert diagnostics_text([PROBLEMS[0], PROBLEMS[1]], columns=60) == (
        "desired_state/queues.yaml:14:10: CC103 unknown schedule\n"
        '    "weekday"\n'
        '  queue/support opens by "weekday", which no file declares.\n'
        '  hint: did you mean "weekdays"?\n'
        "        (desired_state/schedules.yaml:3)\n"
        "desired_state/queues.yaml:3:5: warning: CC211 queue/sales\n"
        "    has one member\n"
        "  When that person is away, callers wait for no agent.\n"
        "  The queue has no overflow.\n"
        "\n"
        "1 error, 1 warning in 1 file\n"
    )


def test_of_many_problems_of_one_code_the_first_are_shown_and_the_others_counted() -> None:
    many = [Diagnostic("CC105", f"problem {n}", Span("a.yaml", n)) for n in range(1, 1_235)]
    text = shortened_text([*many, PROBLEMS[1]], complete="ccstate validate --format json")
    lines = text.splitlines()
    assert lines[19] == "a.yaml:20:1: CC105 problem 20"
    assert lines[20].startswith("desired_state/queues.yaml:3:5: warning: CC211")
    assert lines[23:] == [
        "",
        "Not shown:",
        "  CC105: 1,214 more",
        "All of them: ccstate validate --format json",
        "",
        "1,234 errors, 1 warning in 2 files",
    ]


def test_few_problems_are_all_shown() -> None:
    few = [Diagnostic("CC105", f"problem {n}") for n in range(20)]
    assert shortened_text(few, complete="") == diagnostics_text(few)


@given(ANY_PROBLEMS)
def test_junit_is_well_formed(problems: Sequence[Diagnostic]) -> None:
    root = ET.fromstring(given_out("junit", problems))  # noqa: S314 - our own output
    assert len(root.findall(".//testcase")) == max(len(problems), 1)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    assert len(root.findall(".//failure")) == errors == int(root.attrib["failures"])


@given(ANY_PROBLEMS)
def test_json_and_sarif_name_every_problem(problems: Sequence[Diagnostic]) -> None:
    assert len(json.loads(given_out("json", problems))["problems"]) == len(problems)
    (run,) = json.loads(given_out("sarif", problems))["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == len(problems)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        for location in result.get("locations", []):
            region = location["physicalLocation"].get("region", {"startLine": 1})
            assert region["startLine"] >= 1
            assert re.fullmatch(
                r"[\w.~%/-]*", location["physicalLocation"]["artifactLocation"]["uri"]
            )


def test_junit_says_how_long_each_case_took() -> None:
    root = ET.fromstring(given_out("junit", []))  # noqa: S314 - our own output
    assert [case.attrib["time"] for case in root.iter("testcase")] == ["0.000"]
    assert {suite.attrib["time"] for suite in root.iter("testsuite")} == {"0.000"}


def test_sarif_holds_the_page_of_each_rule() -> None:
    """No public address is known, so viewers must have it in the file."""
    problems = [Diagnostic(code, "x") for code in RULES]
    found = json.loads(given_out("sarif", problems))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in found] == sorted(RULES)
    for rule in found:
        path = files("ccstate.rules") / "pages" / f"{rule['id']}.md"
        written = path.read_text(encoding="utf-8")
        assert rule["help"]["markdown"].split() == written.split()
        text = written.replace("```yaml", "").replace("```", "")
        text = text.replace("## Bad", "Bad:").replace("## Good", "Good:")
        assert rule["help"]["text"].split() == text.split()


def test_sarif_names_this_release_and_where_it_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problems = [Diagnostic("CC206", "a"), Diagnostic("CC103", "b")]

    def driver() -> Any:
        return json.loads(given_out("sarif", problems))["runs"][0]["tool"]["driver"]

    found = driver()
    assert found["version"] == found["semanticVersion"] == __version__
    metadata = Message()
    metadata["Project-URL"] = "Documentation, https://docs.example.com/"
    monkeypatch.setattr("importlib.metadata.metadata", lambda _: metadata)
    found = driver()
    assert found["informationUri"] == "https://docs.example.com"
    assert [rule["helpUri"] for rule in found["rules"]] == [
        "https://docs.example.com/codes.md",
        "https://docs.example.com/rules/CC206.md",
    ]


@given(ANY_PROBLEMS)
def test_github_reads_one_command_for_each_problem(problems: Sequence[Diagnostic]) -> None:
    text = given_out("github", problems)
    assert len(text.splitlines()) == len(problems)
    for line in text.splitlines():
        assert re.match(r"::(error|warning) [a-z]+=[^,:]*(,[a-z]+=[^,:]*)*::", line)


@given(ANY_PROBLEMS, st.sampled_from(["text", "markdown", "github", "junit"]))
def test_no_text_is_a_command_to_a_terminal(problems: Sequence[Diagnostic], name: str) -> None:
    text = given_out(name, problems)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    text.encode()
