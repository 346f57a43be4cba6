"""The page of a plan: whole and in order, readable by everybody, and nothing in it comes alive."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given

from ccstate.authority import Request
from ccstate.errors import Diagnostic
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
from ccstate.render.comment import Answer, Approver
from ccstate.render.graph.marks import MARK
from ccstate.render.page import Page, Tree, page
from ccstate.render.page_style import INKS, STYLE, TEXTS
from ccstate.render.text import safe
from tests.render.test_comment import PLAN, WHOLE
from tests.render.test_graph_hostile import drawing
from tests.render.test_markdown import NAMES
from tests.strategies import journeys

VOID = {"meta", "link", "img", "br", "hr", "input", "base", "embed"}
HTML = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p", "nav",
    "ul", "li", "main", "section", "dl", "dt", "dd", "div", "table", "thead", "tbody", "tr", "th", "td",
    "strong", "bdi", "figure", "figcaption", "details", "summary", "span", "ins", "del", "footer", "code",
}  # fmt: skip
SVG = {"svg", "title", "desc", "defs", "marker", "path", "rect", "g", "text", "polygon"}
HOSTILE = (
    "</style><script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</details></section></main><h1>Approved</h1>",
    "</text></svg><iframe src=javascript:alert(1)>",
    "<!-- <![CDATA[ ]]> -->",
    "&lt;script&gt; &#60;b&#62;",
    "\u202eneppo \u2066 \u05e9\u05dc\u05d5\u05dd",
    "<a href=//evil.example>press here</a>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
)


class Reader(HTMLParser):
    """Elements with their attributes, the text in them, and whether all of them are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def named(self, *tags: str) -> list[str]:
        return [tag for tag, _ in self.elements if tag in tags]


def shown(text: str, callers: Journeys | None = None) -> Page:
    """A page that says the text wherever somebody could have written one."""
    changes = tuple(
        Change(
            text,
            action,
            Address("queue", text),
            Why.YOU,
            "0",
            (
                Edit("label", text, f"{text} {text}", why=Why.BY_HAND),
                Edit(text, text, None, why=Why.YOU),
            ),
            {"label": text},
            secrets={"secret": text},
        )
        for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
    )
    plan = Plan(
        text,
        (Step(text, changes),),
        {text: {"queue": 4}},
        {text: {"queue": Unmanaged(1, (text,))}},
        forced=text,
        refusals=(Refusal("CC308", text, text),),
        journeys=callers,
        kept={text: (text,)},
        made_by=text,
        unseen={text: (text,)},
        unchecked={text: (text,)},
        environment=text,
    )
    problem = Diagnostic("CC841", text, None, text, text)
    answer = Answer(
        title=text,
        author=text,
        request=Request(text, text, text, text, text),
        plan=plan,
        approvers=[Approver(text, text, (text,), suffices=True)],
        blocked=[problem],
        overruled=[problem],
    )
    return Page(answer=answer, digest=text, opening=text)


def tree(text: str) -> Tree:
    return Tree(text, drawing(text, text, text), drawing(text, text, f"{text} {text}"))


def whole() -> Page:
    before = drawing("Main menu", "Office hours", "Welcome.")
    after = drawing("Main menu", "Office hours", "Welcome. Calls are recorded.")
    trees = (Tree("Main menu", before, after), Tree("New line", None, before))
    return Page(answer=WHOLE, digest="5" * 64, trees=trees, opening="now, until Sat 23:00")


def test_the_whole_page(golden: Callable[[str, str], None]) -> None:
    golden("render/page.html", page(whole()).replace("><", ">\n<"))


def skeleton(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(names)) for tag, names in Reader(text).elements]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_changes_the_elements_of_a_page(text: str) -> None:
    written = page(shown(text))
    harmless = re.sub(r"[^A-Za-z0-9 ]", "x", text)
    assert skeleton(written) == skeleton(page(shown(harmless)))
    assert safe(text) in "".join(Reader(written).texts)
    assert "\u202e" not in written


def assert_inert(written: str) -> Reader:
    """Check that there are no elements, attributes or addresses but those of a page."""
    found = Reader(written)
    for tag, attributes in found.elements:
        assert tag in HTML | SVG
        assert not any(name.startswith("on") or name in {"src", "srcset"} for name in attributes)
        assert all(value.startswith("#") for name, value in attributes.items() if "href" in name)
        urls = [value for value in attributes.values() if "url(" in value]
        assert all(re.fullmatch(r"url\(#[a-z0-9-]+\)", value) for value in urls)
    ids = Counter(attributes["id"] for _, attributes in found.elements if "id" in attributes)
    assert max(ids.values()) == 1
    return found


@given(NAMES, journeys(NAMES))
def test_whatever_is_written_a_page_has_its_own_elements_only(text: str, callers: Journeys) -> None:
    assert_inert(page(shown(text, callers)))


@pytest.mark.parametrize("text", HOSTILE)
def test_labels_in_pictures_come_alive_nowhere(text: str) -> None:
    found = assert_inert(page(replace(whole(), trees=(tree(text),))))
    assert len(found.named("svg")) == 2


def test_a_page_is_in_order_for_a_screen_reader() -> None:
    found = assert_inert(page(whole()))
    levels = [int(tag[1]) for tag in found.named("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert found.elements[0] == ("html", {"lang": "en"})
    assert found.named("main", "header", "footer", "nav") == ["header", "nav", "main", "footer"]
    ids = {attributes["id"] for _, attributes in found.elements if "id" in attributes}
    for tag, attributes in found.elements:
        assert set(attributes.get("aria-labelledby", "").split()) <= ids
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-labelledby"]
        if tag == "a":
            assert attributes["href"][1:] in ids
        if attributes.get("role") == "region":  # what scrolls is reached by keys
            assert attributes["tabindex"] == "0"
            assert attributes["aria-label"]
        if tag == "th":
            assert attributes["scope"] in {"row", "col"}


def test_a_page_needs_no_network_and_runs_nothing() -> None:
    found = Reader(page(whole()))
    policies = [a["content"] for _, a in found.elements if "http-equiv" in a]
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline';")
    assert not re.search(r"url\(|@import|expression", STYLE)
    assert not found.named("script", "link", "iframe", "object", "img")


def luminance(colour: str) -> float:
    """Source: WCAG 2.2, "relative luminance"."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_text_stands_out_by_day_and_by_night() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    for inks in INKS.values():
        for text, ground in TEXTS:
            assert contrast(inks[text], inks[ground]) >= 4.5, (text, ground)
        for edge in ("line", "link"):
            assert contrast(inks[edge], inks["ground"]) >= 3
    assert contrast(MARK, "#f4f6f8") >= 4.5  # a mark on a panel; white words on it


def test_those_who_lose_a_human_come_first() -> None:
    callers = PLAN.journeys
    assert callers
    turned = replace(callers, changes=callers.changes[::-1])
    answer = replace(WHOLE, plan=replace(PLAN, journeys=turned))
    text = "".join(Reader(page(Page(answer=answer))).texts)
    assert text.index("Loses a human") < text.index("reach Service")


def test_what_differs_is_marked_in_the_picture_and_said_below_it() -> None:
    written = page(whole())
    assert 'marker-end="url(#t0a-mark)"' not in written  # words of a box changed, and no way
    assert written.count(">changed</text>") == 2  # the menu and the goodbye say it
    assert written.count(">changes</text>") == 2
    assert "It is not there." in Reader(written).texts


def test_many_changes_are_bounded_and_counted() -> None:
    changes = tuple(
        Change(
            "sydney",
            Action.UPDATE,
            Address("queue", f"queue-{number}"),
            Why.YOU,
            "0",
            tuple(Edit(f"field_{n}", "a" * 500, "b" * 500, why=Why.YOU) for n in range(100)),
            {},
        )
        for number in range(10_000)
    )
    plan = Plan("", (Step("sydney", changes),), {}, {})
    written = page(Page(answer=Answer(plan=plan)))
    assert len(written) < 4_000_000
    left = re.search(r"Left out, for the page has no more room: ([0-9,]+) more queues", written)
    assert left
    assert 10_000 - int(left[1].replace(",", "")) == written.count("<strong>Changed: ")


def test_many_pictures_are_bounded_and_named() -> None:
    trees = [Tree(f"Menu {number}", drawing("a", "b", "c"), None) for number in range(20)]
    written = page(replace(whole(), trees=trees))
    assert written.count("<svg") == 12
    assert "Not drawn here, for the page has no more room: Menu 12, " in written


def test_a_plan_without_changes_says_so() -> None:
    found = Reader(page(Page(answer=Answer(plan=Plan("", (), {}, {})))))
    text = "".join(found.texts)
    assert "Nothing would change" in text
    assert "Everything is already as the desired state says." in text
    assert "Who has to approve" not in text
