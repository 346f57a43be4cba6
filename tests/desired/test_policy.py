"""What cannot be meant in a policy is refused, at its place and with what to do."""

from pathlib import Path

import pytest

from ccstate.desired import load_settings
from ccstate.errors import InvalidInput

BEGIN = """\
version: 1
targets: {main: {adapter: embedded, connection: {path: x.db}}}
policy:
  timezone: UTC
  people: {kim: {login: kim, emails: [kim@example.com]}, sam: {}}
"""


@pytest.mark.parametrize(
    "line, code, words",
    [
        ("teams: {kim: [sam]}", "CC840", "names a person and a team"),
        ("teams: {phones: [kimm]}", "CC840", 'did you mean "kim"?'),
        ("approvals: [{who: [phones]}]", "CC840", "no person or team"),
        ("approvals: [{who: [kim], count: 2}]", "CC840", "2 approvals are asked of 1 people"),
        ("approvals: [{who: [kim], targets: [mian]}]", "CC840", 'did you mean "main"?'),
        ("approvals: [{who: [kim], environments: [live]}]", "CC840", "is no environment"),
        ("approvals: [{who: [kim], fields: [queue.labl]}]", "CC840", 'did you mean "label"?'),
        ("approvals: [{who: [kim], fields: [quue.label]}]", "CC840", 'did you mean "queue"?'),
        ("approvals: [{who: [kim], kinds: [quue]}]", "CC102", "quue"),
        ("approvals: [{who: []}]", "CC102", "approvals.0.who"),
        ("emergency: {who: [kimm]}", "CC840", 'did you mean "kim"?'),
        ("protected: [quue/sales]", "CC840", 'did you mean "queue"?'),
        ("protected: [queue]", "CC102", "an object such as queue/sales"),
        ("trailers: [Ticket]", "CC102", "Ticket"),
        ("limits: {changes: -1}", "CC102", "changes"),
        ("windows: {w: {}}", "CC840", "does not say when"),
        ("windows: {w: {start: 2026-12-20T18:00}}", "CC840", "does not say when"),
        ("windows: {w: {start: 2026-12-20T18:00, end: 2026-12-20T18:00}}", "CC111", "ends before"),
        ("windows: {w: {start: 2026-02-30T18:00, end: 2026-12-20T18:00}}", "CC111", "no day"),
        ("windows: {w: {date: 2026-12-20, start: 2026-12-20T18:00}}", "CC840", "does not say when"),
        ("windows: {w: {date: 2026-12-20, every: 12-20}}", "CC840", "does not say when"),
        ("windows: {w: {date: 2026-12-20, until: 12-24}}", "CC117", "begins on"),
        ("windows: {w: {date: 2026-12-20, until: 2026-12-01}}", "CC111", "ends before"),
        ("windows: {w: {weekdays: [mon], until: 2026-12-01}}", "CC840", "does not say when"),
        ("windows: {w: {hours: [02:00-03:00], nth: [first]}}", "CC840", "needs weekdays"),
        ("windows: {w: {hours: [02:00-25:00]}}", "CC102", "a span such as"),
        ("windows: {w: {weekdays: [mon], timezone: Mars/Olympus}}", "CC111", "unknown timezone"),
        ("windows: {w: {calendar: ../secret.ics}}", "CC102", "path of an iCalendar file"),
        ("freezes: {f: {until: 2026-12-01}}", "CC840", "does not say when"),
        ("approval: []", "CC101", "approvals"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_at_its_place(
    tmp_path: Path, line: str, code: str, words: str
) -> None:
    (tmp_path / "ccstate.yaml").write_text(f"{BEGIN}  {line}\n")
    with pytest.raises(InvalidInput) as raised:
        load_settings(tmp_path)
    (problem,) = raised.value.problems
    said = f"{problem.message} {problem.cause} {problem.hint}"
    assert (problem.code, words in said) == (code, True), said
    assert problem.span is not None
    assert problem.span.line == 6


@pytest.mark.parametrize(
    "person",
    ["{emails: [KIM@example.com]}", "{login: sam}", "{account: sam}", "{login: Sam}"],
)
def test_no_two_people_are_known_by_the_same(tmp_path: Path, person: str) -> None:
    (tmp_path / "ccstate.yaml").write_text(BEGIN.replace("sam: {}", f"sam: {{}}, lee: {person}"))
    with pytest.raises(InvalidInput) as raised:
        load_settings(tmp_path)
    (problem,) = raised.value.problems
    assert problem.code == "CC840"
    assert "belongs to" in problem.message


def test_a_person_whose_approval_could_never_count_is_refused(tmp_path: Path) -> None:
    text = BEGIN.replace("login: kim, ", "") + "  approvals: [{who: [kim]}, {who: [kim, sam]}]\n"
    (tmp_path / "ccstate.yaml").write_text(text)
    with pytest.raises(InvalidInput) as raised:
        load_settings(tmp_path)
    (problem,) = raised.value.problems
    assert (problem.code, "login:" in problem.hint) == ("CC840", True)


def test_the_policy_of_the_page_is_one(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "policy.md"
    block = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "ccstate.yaml").write_text(BEGIN.partition("policy:")[0] + block)
    policy = load_settings(tmp_path).policy
    assert policy.members(["telephony"]) == {"priya", "kim"}
    assert policy.keys().keys() == {"priya"}


def test_periods_need_a_timezone(tmp_path: Path) -> None:
    text = BEGIN.replace("  timezone: UTC\n", "") + "  windows: {w: {weekdays: [mon]}}\n"
    (tmp_path / "ccstate.yaml").write_text(text)
    with pytest.raises(InvalidInput) as raised:
        load_settings(tmp_path)
    assert "timezone:" in raised.value.problems[0].hint
