"""Text from the desired state, or from a platform, stays text in a comment."""

import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ccstate.errors import Diagnostic, Span
from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Journeys,
    Plan,
    Refusal,
    Step,
    Unmanaged,
    Why,
)
from ccstate.render.diagnostics import diagnostics_markdown
from ccstate.render.plan import LIMIT, plan_markdown
from ccstate.render.text import code
from tests.strategies import journeys

TROUBLE = st.text(alphabet="`<>[]()!@#|*_\\&;:/\n -+.1aw\u202e\x1b", max_size=40) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</details>",
        "`</code><img src=x onerror=alert(1)>",
        "[click](https://example.com)",
        "![pixel](https://example.com/p.png)",
        "@octocat see #1 and www.example.com, https://example.com or a@example.com",
        "``` \n# heading\n| a | b |\n|---|---|",
    ]
)
NAMES = TROUBLE.map(lambda text: text or "x")
OURS = re.compile(r"</?(details|summary|sub|code)>")


def tokens(text: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    for block in parser.parse(text):
        yield block
        yield from block.children or ()


def assert_inert(text: str) -> None:
    for token in tokens(text):
        assert token.type not in {"link_open", "image", "fence", "code_block", "hr"}
        if token.type in {"html_block", "html_inline"}:
            assert "<" not in OURS.sub("", token.content), token.content
        if token.type == "text":
            assert not re.search(r"[<@`]|https?:|www\.|#\d", token.content), token.content


@given(NAMES)
def test_a_code_span_holds_its_text_whole(text: str) -> None:
    found = [token for token in tokens(f"a {code(text)} b") if token.type == "code_inline"]
    assert len(found) == 1


@given(NAMES, NAMES, NAMES, st.sampled_from(Action), st.sampled_from(Why))
def test_nothing_in_a_plan_comes_alive(
    one: str, two: str, three: str, action: Action, why: Why
) -> None:
    edits = (
        Edit(one, two, three, why=why),
        Edit("members", [two], [three, {"user": one}], why=Why.YOU),
        Edit("languages", {two: {"text": two * 20}}, {two: {"text": three * 20}}, why=Why.BY_HAND),
    )
    change = Change(one, action, Address(two, three), why, "", edits, {"label": three, "to": one})
    other = Change("demo", action, Address("queue", one), why, "", edits)
    plan = Plan(
        one,
        (Step(one, (change,)), Step("demo", (other,))),
        {},
        {two: {one: Unmanaged(3, (three,))}},
        three,
        (Refusal(one, two, three),),
    )
    text = plan_markdown(plan, one)
    assert_inert(text)
    assert text.count("<details>") == text.count("</details>\n")


@given(journeys(NAMES))
def test_nothing_that_callers_notice_comes_alive(found: Journeys) -> None:
    change = Change("demo", Action.DELETE, Address("queue", "a"), Why.YOU, "")
    plan = Plan("c", (Step("demo", (change,)),), {}, {}, journeys=found)
    assert_inert(plan_markdown(plan, "1"))


@given(NAMES, NAMES)
def test_nothing_in_an_empty_plan_comes_alive(one: str, two: str) -> None:
    assert_inert(plan_markdown(Plan(one, (), {two: {}}, {one: {two: Unmanaged(1, (two,))}}), two))


@given(
    st.lists(st.builds(Diagnostic, NAMES, NAMES, st.builds(Span, NAMES), NAMES, NAMES), max_size=3)
)
def test_nothing_in_a_diagnostic_comes_alive(problems: list[Diagnostic]) -> None:
    assert_inert(diagnostics_markdown(problems))


def test_a_comment_stays_within_what_github_takes() -> None:
    edits = tuple(Edit(f"field{n}", "a" * 500, "b" * 500, why=Why.YOU) for n in range(30))
    changes = tuple(
        Change("demo", Action.UPDATE, Address(kind, f"{kind}-{n}"), Why.YOU, "", edits)
        for kind in ("user", "queue", "ivr")
        for n in range(300)
    )
    refusals = tuple(Refusal("CC301", "x" * 900, "y" * 900) for _ in range(500))
    text = plan_markdown(Plan("c", (Step("demo", changes),), {}, {}, "why" * 900, refusals), "1")
    assert 30_000 < len(text) <= LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert re.search(r"… and \d+ more changes, for which a comment has no room", text)


def test_many_problems_stay_within_what_github_takes() -> None:
    problems = [Diagnostic("CC101", "m" * 500, Span(f"f{n}.yaml", 1, 1)) for n in range(900)]
    text = diagnostics_markdown(problems)
    assert len(text) <= LIMIT + 100
    assert re.search(r"… and \d+ more problems", text)
