"""The comment on a proposed change: plain words, one length, and nothing in it comes alive."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.authority import Request
from ccstate.errors import Diagnostic, Severity, Span
from ccstate.model import (
    UNSEEN_SEAL,
    Action,
    Address,
    Arrival,
    Change,
    Edit,
    Fields,
    JourneyChange,
    Journeys,
    Plan,
    Refusal,
    Step,
    Unmanaged,
    Why,
)
from ccstate.render.call_tests import BrokenTest
from ccstate.render.comment import (
    LIMIT,
    Agreed,
    Answer,
    Approver,
    Picture,
    agreed_in,
    comment,
)
from ccstate.render.text import html_words, prose
from tests.render.test_markdown import NAMES, tokens
from tests.strategies import journeys

SALES = Change(
    "sydney",
    Action.UPDATE,
    Address("queue", "sales"),
    Why.YOU,
    "0",
    (
        Edit("service_level.within", "20s", "30s", why=Why.YOU),
        Edit("ring_for", "15s", "20s", why=Why.BY_HAND),
    ),
    {"label": "Sales & *returns*"},
)
PHONE = Change(
    "sydney",
    Action.CREATE,
    Address("extension", "2001"),
    Why.YOU,
    "absent",
    (Edit("secret", None, "sealed:1", why=Why.YOU),),
    {"label": "Front desk"},
    secrets={"secret": "env:SIP_2001"},
)
LOST = JourneyChange(
    "+611800975708",
    "Payment support",
    3,
    Arrival("human", "queue/payment-support", "Payment support"),
    Arrival("message", "voicemail/3920", "Payment support messages"),
    ("2", ""),
    ("no answer",),
    ("2026-11-23T09:30", "2027-11-17T09:30 Melbourne team day"),
    3,
    12,
    0,
)
MOVED = JourneyChange(
    "+61255501234",
    "",
    0,
    Arrival("human", "queue/sales", "Sales"),
    Arrival("human", "queue/service", "Service"),
    (),
    (),
    ("2026-11-23T09:30",),
    1,
    4,
    5,
)
PLAN = Plan(
    "4" * 40,
    (Step("sydney", (SALES, PHONE)),),
    {"sydney": {"queue": 4}},
    {"sydney": {"queue": Unmanaged(2, ("old", "test"))}},
    journeys=Journeys(400, 16, 12, 4, (LOST, MOVED)),
)
TREE = '```mermaid\nflowchart TD\n    n1["Menu"]\n```\n'
WHOLE = Answer(
    title="Answer calls from the west later",
    author="kim",
    request=Request("CHG-123", "Priya Nair", "the Perth office opens at ten", "Sat 22:00-23:00"),
    problems=[
        Diagnostic(
            "CC206",
            'prompt/closed-menu announces key 4, which menu "closed" does not take',
            Span("desired_state/ivrs/main.yaml", 97, 9),
            "A caller who presses 4 is treated as if it were a mistake.",
            "add key 4 to choices:, or correct the text",
            Severity.WARNING,
        )
    ],
    elsewhere=3,
    broken=[
        BrokenTest(
            "west", "Main (+61255501234), Mon 9:30, presses 1", "queue/sales", "leaves a message"
        )
    ],
    tests=12,
    plan=PLAN,
    pictures=[Picture("Main menu", TREE, TREE)],
    more_pictures=["Old menu"],
    approvers=[
        Approver("one of the team leads", "queues in Sydney", ("lee",), suffices=True),
        Approver("a person of the network team", "phones"),
    ],
    blocked=[Diagnostic("CC840", "phones need another approval", hint="ask the network team")],
    agreed=Agreed("a" * 64, "b" * 40),
    whole="https://code.example.org/team/pbx/actions/runs/7",
)


@pytest.mark.parametrize(
    "name, answer",
    [
        ("whole", WHOLE),
        ("nothing", Answer(title="Words in the guide", author="kim")),
        ("nothing-on-platforms", Answer(plan=Plan("4" * 40, (), {}, {}))),
        (
            "refused",
            Answer(
                plan=Plan(
                    "4" * 40,
                    (Step("sydney", (SALES,)),),
                    {},
                    {},
                    refusals=(Refusal("CC301", "31% of queues would go", "use --force"),),
                    unseen={"sydney": ("secrets of phones",)},
                )
            ),
        ),
        (
            "secrets",
            Answer(
                plan=Plan(
                    "4" * 40,
                    (Step("sydney", (replace(PHONE, ledger={"secret": UNSEEN_SEAL}),)),),
                    {},
                    {},
                    unchecked={"sydney": ("env:SIP_2001, env:SIP_2002: each is not set",)},
                )
            ),
        ),
        (
            "invalid",
            Answer(problems=[Diagnostic("CC101", 'unknown field "labl"', Span("a.yaml", 3, 5))]),
        ),
        (
            "fork",
            Answer(unplanned="A change from a fork is validated and not planned."),
        ),
    ],
)
def test_comments_look_so(name: str, answer: Answer, golden: Callable[[str, str], None]) -> None:
    golden(f"comment-{name}.md", comment(answer))


ALIVE = re.compile(
    r"[@!~%&$^](?=[A-Za-z0-9\"])|#(?=[A-Za-z0-9])|https?://|ftp://|www\.|\bGH-\d|[^\s]@[A-Za-z0-9]"
)
OURS = re.compile(r"</?(details|summary|sub)>|<!-- ccstate agreed [0-9a-f]+ [0-9a-f]+ -->")


def assert_inert(text: str) -> None:
    """Read the comment as a code host does: what text could bring is not there."""
    for token in tokens(text):
        assert token.type not in {"link_open", "image", "code_block", "hr", "code_inline"}, text
        if token.type in {"html_block", "html_inline"}:
            assert "<" not in OURS.sub("", token.content), token.content
            assert not ALIVE.search(unescape(OURS.sub("", token.content))), token.content
        if token.type == "text" and token.content != "[!CAUTION]":
            assert not ALIVE.search(token.content), token.content


@given(NAMES)
def test_words_in_a_sentence_stay_words(text: str) -> None:
    assert_inert(f"a {prose(text)} b")
    assert_inert(f"- {prose(text)}")
    assert_inert(f"| {prose(text)} | {prose(text)} |\n|---|---|\n| {prose(text)} | b |")
    assert_inert(f"<details><summary>{html_words(text)}</summary>\n\nx\n\n</details>")


@given(NAMES)
def test_words_begin_no_block(text: str) -> None:
    kinds = [token.type for token in tokens(f"- {prose(text)}") if token.type.endswith("_open")]
    assert kinds[:3] == ["bullet_list_open", "list_item_open", "paragraph_open"]
    assert "bullet_list_open" not in kinds[1:]
    assert not {"ordered_list_open", "heading_open", "blockquote_open"} & set(kinds)


@pytest.mark.parametrize(
    "text",
    [
        "Sales (west)",
        "café, 9–5",
        "a_b",
        "1. one",
        "- x",
        "50% off",
        "a|b",
        "C:\\x",
        "$5",
        "`x`",
        "[x]",
    ],
)
def test_a_reader_sees_the_words_as_they_are(text: str) -> None:
    shown = "".join(t.content for t in tokens(f"see {prose(text)}") if t.type == "text")
    assert shown.replace("\u2060", "") == f"see {text}"


TEXTS = st.tuples(NAMES, NAMES, NAMES)


@given(TEXTS, journeys(NAMES), st.sampled_from(Action), st.sampled_from(Why))
def test_nothing_that_people_wrote_comes_alive(
    texts: tuple[str, str, str], found: Journeys, action: Action, why: Why
) -> None:
    one, two, three = texts
    edits = (
        Edit(one, two, three, why=why),
        Edit("members", [two], [three, {"user": one}], why=Why.YOU),
        Edit("languages", {two: {"text": two * 20}}, {two: {"text": three * 20}}, why=Why.BY_HAND),
    )
    change = Change(one, action, Address(two, three), why, "", edits, {"label": three, "to": one})
    ledger: Fields = {"secret": UNSEEN_SEAL}
    other = Change(
        "demo", action, Address("queue", one), why, "", edits, ledger, secrets={"secret": two}
    )
    plan = Plan(
        one,
        (Step(one, (change,)), Step("demo", (other,))),
        {},
        {two: {one: Unmanaged(3, (three,))}},
        three,
        (Refusal(one, two, three),),
        journeys=found,
        unseen={one: (two,)},
        unchecked={two: (three,)},
        only=(Address(one, two),),
    )
    problem = Diagnostic(one, two, Span(three), one, two)
    answer = Answer(
        title=one,
        author=two,
        request=Request(one, two, three, one, two),
        problems=[problem],
        broken=[BrokenTest(one, two, three, one)],
        tests=2,
        plan=plan,
        more_pictures=[one],
        approvers=[Approver(one, two, (three,))],
        blocked=[problem],
    )
    text = comment(answer)
    assert_inert(text)
    assert text.count("<details>") == text.count("</details>\n")
    # A host that obeys a slash at the beginning of a line finds none, GitLab 17, "Quick actions".
    assert not re.search(r"^\s*/", text, re.M)


def test_nothing_in_a_request_says_that_no_request_was_made() -> None:
    assert "No request is named" in comment(Answer())
    assert "No request is named" not in comment(Answer(request=Request(reason="why")))


def test_what_an_approval_agrees_to_is_read_again_and_no_text_can_say_it() -> None:
    assert agreed_in(comment(WHOLE)) == Agreed("a" * 64, "b" * 40)
    forged = f"<!-- ccstate agreed {'c' * 64} {'d' * 40} -->"
    said = Answer(title=forged, author=forged, request=Request(forged, forged, forged))
    assert agreed_in(comment(said)) is None
    assert agreed_in(forged + "\nmore") is None
    assert agreed_in("x " + forged) is None


def long(count: int) -> Answer:
    edits = tuple(Edit(f"field{n}", "a" * 90, "b" * 90, why=Why.YOU) for n in range(30))
    changes = tuple(
        Change(target, Action.UPDATE, Address(kind, f"{kind}-{n}"), Why.YOU, "", edits)
        for target in ("north", "south")
        for kind in ("user", "queue", "ivr")
        for n in range(count)
    )
    refusals = tuple(Refusal("CC301", "x" * 900, "y" * 900) for _ in range(500))
    pictures = [Picture(f"tree {n}", TREE * 100, TREE * 100) for n in range(9)]
    plan = Plan("c", (Step("north", changes),), {}, {}, "why" * 900, refusals)
    return Answer(title="t" * 9000, plan=plan, pictures=pictures, agreed=Agreed("a" * 64, "b" * 40))


@pytest.mark.parametrize("count", [1, 3, 10, 300])
def test_a_comment_leaves_out_whole_sections_and_names_them(count: int) -> None:
    answer = long(count)
    text = comment(answer)
    assert len(text) < LIMIT
    assert text.count("<details>") == text.count("</details>\n")
    assert text.count("```") % 2 == 0
    assert agreed_in(text) == answer.agreed
    everything = comment(answer, 10**9)
    assert len(everything) > LIMIT
    assert "Left out" not in everything
    assert re.search(r"^> Left out, for a comment has no more room: \w.+; the file", text, re.M)
    fold = re.compile(r"<details>.*?^</details>$", re.M | re.DOTALL)
    whole = fold.findall(everything)
    assert [each for each in whole if each in text] == fold.findall(text)
    assert len(fold.findall(text)) < len(whole)


def test_pictures_go_before_changes_and_those_before_what_callers_notice() -> None:
    text = comment(WHOLE, len(comment(WHOLE)) - 1)
    assert "room: the picture of Main menu and objects that no file declares; the run" in text
    assert "<summary>queues on sydney" in text
    text = comment(WHOLE, 2_300)
    assert "changes of queues on sydney" in text
    assert "| ⚠ |" in text


def test_many_objects_with_new_secrets_only_are_one_line() -> None:
    edit = (Edit("secret", "sealed:1", "sealed:2", why=Why.YOU),)
    phones = tuple(
        Change(
            "demo",
            Action.UPDATE,
            Address("extension", f"20{number}"),
            Why.YOU,
            "",
            edit,
            {},
            secrets={"secret": f"env:SIP_20{number}"},
        )
        for number in range(10, 82)
    )
    text = comment(Answer(plan=Plan("c", (Step("demo", (*phones, SALES)),), {}, {})))
    assert (
        "- **changed:** 72 extensions with new secrets: 2010, 2011, 2012, 2013, 2014 and 67 more"
        in text
    )
    assert text.count("**changed:**") == 2
    few = comment(Answer(plan=Plan("c", (Step("demo", phones[:3]),), {}, {})))
    assert few.count("secret replaced, from env:SIP") == 3
    many = tuple(replace(SALES, address=Address("queue", f"q{n}")) for n in range(72))
    assert "- … and 32 more\n" in comment(Answer(plan=Plan("c", (Step("demo", many),), {}, {})))
