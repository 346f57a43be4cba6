"""Every rule has a page, and what its page shows is so."""

from pathlib import Path

import pytest

from ccstate.rules import RULES
from ccstate.rules.pages import Page, judged_example, page

PAGES = Path(__file__).parent.parent.parent / "src" / "ccstate" / "rules" / "pages"


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(RULES)


def test_rules_stand_in_the_order_of_their_codes_under_names_of_their_own() -> None:
    assert list(RULES) == sorted(RULES)
    names = [rule.name for rule in RULES.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("code", RULES)
def test_a_page_is_short_prose_and_two_documents(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    found = page(code)
    assert 1 <= len(found.prose) <= 4
    assert max(map(len, text.splitlines())) <= 100
    assert found.bad != found.good


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_in_one_line_what_it_finds(code: str) -> None:
    rule = RULES[code]
    assert len(rule.summary) <= 90
    assert rule.summary[0].isupper()
    assert not rule.summary.endswith(".")
    assert rule.name == rule.name.lower()
    assert " " not in rule.name


@pytest.mark.parametrize("code", RULES)
def test_the_bad_example_breaks_this_rule_only_and_says_where(code: str) -> None:
    problems = judged_example(page(code).bad)
    assert {problem.code for problem in problems} == {code}, problems
    for problem in problems:
        assert problem.span
        assert problem.span.line
        assert problem.span.column
        assert problem.cause, "why does it matter?"
        assert problem.hint, "what is to be done?"


@pytest.mark.parametrize("code", RULES)
def test_the_good_example_breaks_none(code: str) -> None:
    assert judged_example(page(code).good) == []


def test_an_example_that_is_no_estate_says_why() -> None:
    assert [problem.code for problem in judged_example("queues: {a: {hours: b}}")] == ["CC103"]
    assert [problem.code for problem in judged_example("queues: {a: {b: c}}")] == ["CC101"]
    assert [problem.code for problem in judged_example("a: *b")] == ["CC004"]


def test_a_page_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "CC299.md").write_text("# No\n", encoding="utf-8")
    monkeypatch.setattr("ccstate.rules.pages.files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"CC299\.md is not of the form"):
        page("CC299")


def test_paragraphs_of_a_page_are_lines_again() -> None:
    found = page("CC200")
    assert isinstance(found, Page)
    assert all("\n" not in paragraph for paragraph in found.prose)
