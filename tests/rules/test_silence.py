"""Comments that silence rules: where they count, and what is said about those that do not."""

from collections.abc import Iterator

import pytest

from ccstate.errors import Severity
from ccstate.model import Address
from ccstate.rules.judge import judge
from ccstate.rules.rule import Breach, Estate, Rule
from ccstate.rules.silence import CODE
from ccstate.rules.silence import RULES as OWN
from tests.rules.estates import FILE, estate

TEXT = """\
queues:
  # above the name
  sales:  # at the name
    label: "# in quotes"
    # above the field
    weight: 1  # at the field
    wrap_up: 20s  # elsewhere
"""


def weights(estate: Estate) -> Iterator[Breach]:
    for name in estate.of("queue"):
        yield Breach(Address("queue", name), ("weight",), "a weight")


def labels(estate: Estate) -> Iterator[Breach]:
    for name in estate.of("queue"):
        yield Breach(Address("queue", name), ("label",), "a label")


RULES = {
    CODE: OWN[0],
    "CC201": Rule("CC201", "weights", Severity.WARNING, "", weights),
    "CC202": Rule("CC202", "labels", Severity.WARNING, "", labels),
}


@pytest.fixture(autouse=True)
def _two_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccstate.rules.judge.RULES", RULES)


def said(old: str, comment: str, **severities: Severity | None) -> list[str]:
    """What is said where a comment stands in the place of another."""
    assert old in TEXT
    text = TEXT.replace(old, comment)
    problems = judge(estate(text), severities, lambda _: text.encode())
    return [f"{p.span.line} {p.code} {p.message}" for p in problems if p.span]


LABEL, WEIGHT = "4 CC202 a label", "6 CC201 a weight"


@pytest.mark.parametrize("old", ["# above the field", "# at the field"])
def test_at_its_line_or_alone_above_it_a_comment_silences_one_message(old: str) -> None:
    assert said(old, "# ccstate: ignore CC201 on trial") == [LABEL]


@pytest.mark.parametrize("old", ["# above the name", "# at the name"])
@pytest.mark.parametrize("codes", ["CC201 CC202", "CC201, CC202", "CC202,CC201:"])
def test_at_the_name_it_silences_the_whole_resource(old: str, codes: str) -> None:
    assert said(old, f"# ccstate: ignore {codes} on trial") == []


def test_at_a_field_it_silences_what_stands_below(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(_: Estate) -> Iterator[Breach]:
        yield Breach(Address("schedule", "days"), ("holidays", 0, "date"), "a day")

    rule = Rule("CC203", "days", Severity.WARNING, "", deep)
    monkeypatch.setattr("ccstate.rules.judge.RULES", {CODE: OWN[0], "CC203": rule})
    text = """\
schedules:
  days:
    timezone: Australia/Sydney
    weekly: {}
    # HERE
    holidays:
      # THERE
      - name: Second
        date: 2026-12-26
      # HERE
      - name: First
        date: 2026-12-25
"""
    for place, count in (("HERE", 0), ("THERE", 2)):
        written = text.replace(f"# {place}", "# ccstate: ignore CC203 on trial")
        data = {FILE: written.encode()}
        assert len(judge(estate(written), {}, data.__getitem__)) == count


def test_comments_above_each_other_speak_of_the_same_line() -> None:
    both = "# ccstate: ignore CC201 on trial\n    # and more to say"
    assert said("# above the field", both) == [LABEL]


def test_two_comments_about_one_message_are_both_used() -> None:
    comment = "# ccstate: ignore CC201 on trial"
    text = TEXT.replace("# at the field", comment).replace("# at the name", comment)
    found = judge(estate(text), {"CC202": None}, lambda _: text.encode())
    assert found == []


@pytest.mark.parametrize(
    "comment,message",
    [
        ("# ccstate: ignore CC201", "this comment gives no reason"),
        ("# ccstate: ignore CC201 --", "this comment gives no reason"),
        ("# ccstate: ignore CC201: 2026-12-01 !", "this comment gives no reason"),
        ("# ccstate: ignore CC201 \u200b\u00a0", "this comment gives no reason"),
        ("# ccstate: ignore", "this comment names no rule to ignore"),
        ("# ccstate: ignore because I say so", "this comment names no rule to ignore"),
        ("# ccstate: ignore CC203 on trial", 'there is no rule "CC203"'),
        ("# ccstate: ignore CC2011 on trial", 'there is no rule "CC2011"'),
        ("# ccstate: ignore CC103 on trial", 'there is no rule "CC103"'),
        ("# ccstate: ignore CC200 on trial", "CC200 cannot be silenced by a comment"),
    ],
)
def test_a_comment_that_cannot_be_followed_is_reported_and_silences_nothing(
    comment: str, message: str
) -> None:
    assert said("# at the field", comment) == [LABEL, WEIGHT, f"6 CC200 {message}"]


def test_a_comment_with_nothing_to_silence_is_reported() -> None:
    comment = "# ccstate: ignore CC201 on trial"
    message = "7 CC200 there is no CC201 to silence here"
    assert said("# elsewhere", comment) == [LABEL, WEIGHT, message]


def test_of_two_codes_only_the_idle_one_is_reported() -> None:
    comment = "# ccstate: ignore CC201 CC202 on trial"
    assert said("# at the field", comment) == [LABEL, "6 CC200 there is no CC202 to silence here"]


def test_a_rule_that_is_switched_off_leaves_its_comments_in_peace() -> None:
    comment = "# ccstate: ignore CC201 on trial"
    assert said("# elsewhere", comment, CC201=None) == [LABEL]


def test_text_is_no_comment() -> None:
    assert said("# in quotes", "# ccstate: ignore CC202 on trial") == [LABEL, WEIGHT]


def test_the_project_says_how_severe_a_wrong_comment_is() -> None:
    text = TEXT.replace("# elsewhere", "# ccstate: ignore CC201 on trial")
    quiet: dict[str, Severity | None] = {"CC201": None, "CC202": None}

    def idle(severity: Severity | None) -> list[Severity]:
        rules: dict[str, Severity | None] = {"CC202": None, CODE: severity}
        found = judge(estate(text), rules, lambda _: text.encode())
        return [problem.severity for problem in found if problem.code == CODE]

    assert idle(Severity.ERROR) == [Severity.ERROR]
    assert idle(None) == []
    assert judge(estate(text), quiet, lambda _: text.encode()) == []
