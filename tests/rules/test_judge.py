"""Rules run together: severities, places, floods, and the same answer every time."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from ccstate.errors import Diagnostic, Severity
from ccstate.model import Address
from ccstate.rules.judge import MOST, judge, new_errors
from ccstate.rules.rule import Breach, Comparison, Estate, Rule
from tests.rules.estates import FILE, estate

TEXT = """\
queues:
  sales: {label: Sales, weight: 1}
  faults:
    label: Faults
    weight: 2
schedules:
  weekdays:
    timezone: Australia/Sydney
    weekly: {}
    holidays:
      - {name: New Year, date: 2027-01-01}
      - {name: Christmas, date: 2026-12-25}
"""


def every_queue(estate: Estate) -> Iterator[Breach]:
    for name in estate.of("queue"):
        yield Breach(Address("queue", name), ("weight",), f"{name} has a weight", "So.", "drop it")


def every_holiday(estate: Estate) -> Iterator[Breach]:
    for name, schedule in estate.of("schedule").items():
        for place, holiday in enumerate(schedule["holidays"]):
            path = ("holidays", place)
            yield Breach(Address("schedule", name), path, f"{holiday['name']} is a holiday")


RULES = {
    "CC201": Rule("CC201", "weights", Severity.WARNING, "A queue", every_queue),
    "CC202": Rule("CC202", "holidays", Severity.ERROR, "A holiday", every_holiday),
}


@pytest.fixture(autouse=True)
def _two_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccstate.rules.judge.RULES", RULES)


def bytes_of(text: str, project: str = "") -> Callable[[str], bytes]:
    return {FILE: text.encode(), "ccstate.yaml": project.encode()}.__getitem__


def said(problems: list[Diagnostic]) -> list[str]:
    return [
        f"{p.span.line}:{p.span.column} {p.severity} {p.code} {p.message}"
        for p in problems
        if p.span
    ]


def test_each_message_stands_at_its_field_as_the_file_is_written() -> None:
    assert said(judge(estate(TEXT), {}, bytes_of(TEXT))) == [
        "2:25 warning CC201 sales has a weight",
        "5:5 warning CC201 faults has a weight",
        "11:9 error CC202 New Year is a holiday",
        "12:9 error CC202 Christmas is a holiday",
    ]


def test_the_project_says_how_severe_a_rule_is() -> None:
    problems = judge(estate(TEXT), {"CC201": Severity.ERROR, "CC202": None}, bytes_of(TEXT))
    assert {(p.code, p.severity) for p in problems} == {("CC201", Severity.ERROR)}


def test_a_rule_that_is_switched_off_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Estate) -> Iterator[Breach]:
        raise AssertionError

    rule = Rule("CC201", "fails", Severity.ERROR, "", fails)
    monkeypatch.setattr("ccstate.rules.judge.RULES", {"CC201": rule})
    assert judge(estate(TEXT), {"CC201": None}, bytes_of(TEXT)) == []


def test_a_code_that_no_rule_has_is_reported_at_its_place() -> None:
    project = "version: 1\nrules:\n  CC211: ignore\n"
    problems = judge(estate(""), {"CC211": None}, bytes_of("", project))
    assert said(problems) == ['3:3 error CC101 there is no rule "CC211"']
    assert problems[0].hint == 'did you mean "CC201"?'


def many(count: int) -> str:
    return "queues:\n" + "".join(f"  q{i:05}: {{label: Q}}\n" for i in range(count))


def test_a_flood_is_counted_and_only_its_beginning_shown() -> None:
    text = many(MOST + 4_312)
    problems = judge(estate(text), {}, bytes_of(text))
    assert len(problems) == MOST + 1
    assert problems[0].message == "q00000 has a weight"
    assert problems[-1].message == "… and 4,312 more"
    assert problems[-1].severity is Severity.WARNING
    assert problems[-1].span == problems[-2].span


def test_as_many_as_are_shown_are_no_flood() -> None:
    text = many(MOST)
    assert len(judge(estate(text), {}, bytes_of(text))) == MOST


def test_what_comments_silence_is_not_counted() -> None:
    lines = many(MOST + 1).splitlines()
    lines[50] += "  # ccstate: ignore CC201 on trial until June"
    text = "\n".join(lines)
    problems = judge(estate(text), {}, bytes_of(text))
    assert len(problems) == MOST
    assert "… and" not in problems[-1].message
    assert all(p.span and p.span.line != 51 for p in problems)


def test_files_without_messages_and_marks_are_only_searched() -> None:
    read: list[str] = []

    def content(file: str) -> bytes:
        read.append(file)
        return TEXT.encode()

    judge(estate(TEXT), {"CC201": None, "CC202": None}, content)
    assert read == [FILE]


ONE_HOLIDAY = TEXT.replace("      - {name: Christmas, date: 2026-12-25}\n", "")


def test_only_errors_are_new_and_only_those_that_were_not_there_before() -> None:
    now, before = estate(TEXT), estate(ONE_HOLIDAY)
    assert said(new_errors(Comparison(before, now), {}, bytes_of(TEXT))) == [
        "12:9 error CC202 Christmas is a holiday"
    ]
    assert new_errors(Comparison(now, now), {}, bytes_of(TEXT)) == []


def test_a_project_says_what_is_an_error_here_too() -> None:
    now, before = estate(TEXT), estate("queues: {}")
    lowered = {"CC201": Severity.ERROR, "CC202": Severity.WARNING}
    found = new_errors(Comparison(before, now), lowered, bytes_of(TEXT))
    assert {problem.code for problem in found} == {"CC201"}


def test_a_new_error_that_a_comment_silences_is_none() -> None:
    text = TEXT.replace("date: 2026-12-25}", "date: 2026-12-25}  # ccstate: ignore CC202 it is due")
    assert new_errors(Comparison(estate(ONE_HOLIDAY), estate(text)), {}, bytes_of(text)) == []


def test_what_no_file_declares_is_not_judged() -> None:
    now = estate(TEXT)
    stray = {a: replace(resource, file="") for a, resource in now.state.items()}
    live = Estate(stray, now.today)
    assert new_errors(Comparison(estate("queues: {}"), live), {}, bytes_of(TEXT)) == []


def test_a_flood_of_new_errors_is_counted() -> None:
    days = [f"      - {{name: H{n}, date: 2027-01-{n % 28 + 1:02}}}\n" for n in range(MOST + 3)]
    text = ONE_HOLIDAY + "".join(days)
    found = new_errors(Comparison(estate(ONE_HOLIDAY), estate(text)), {}, bytes_of(text))
    assert len(found) == MOST + 1
    assert found[-1].message == "… and 3 more errors"
