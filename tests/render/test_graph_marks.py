"""What differs between two drawings is marked in both, and nothing else."""

from ccstate.journeys.ways import Place
from ccstate.render.graph.drawing import Arrow, Box, Drawing, Look
from ccstate.render.graph.marks import UNMARKED, marks_after, marks_before
from ccstate.render.graph.mermaid import mermaid
from ccstate.render.graph.svg import svg

MENU, SALES, MAILBOX = Place("ivr", "m", "n"), Place("queue", "s"), Place("extension", "1", "box")
TITLES = {MENU: "Menu", SALES: "Sales queue: 3 people", MAILBOX: "Mailbox: Kim"}


def drawn(*ways: tuple[Place, str, Place], sales: str = TITLES[SALES]) -> Drawing:
    titles = {**TITLES, SALES: sales}
    places = list(dict.fromkeys(place for tail, _, head in ways for place in (tail, head)))
    number = {place: at for at, place in enumerate(places)}
    return Drawing(
        "What callers meet: Menu",
        tuple(Box(Look.QUESTION, titles[place]) for place in places),
        tuple(Arrow(number[tail], number[head], words) for tail, words, head in ways),
        {},
        number,
        tuple(tuple(words.split(" or ")) for _, words, _ in ways),
    )


def test_a_way_that_leads_elsewhere_is_marked_on_both_sides() -> None:
    before = drawn((MENU, "press 1", SALES), (MENU, "press 2", SALES))
    after = drawn((MENU, "press 2", SALES), (MENU, "press 1", MAILBOX))
    goes, comes = marks_before(before, after), marks_after(before, after)
    assert (goes.boxes, goes.arrows) == ({}, frozenset({0}))
    assert goes.ways == ("Menu → press 1 → Sales queue: 3 people",)
    assert (comes.boxes, comes.arrows) == ({2: "new"}, frozenset({1}))
    assert comes.ways == ("Menu → press 1 → Mailbox: Kim",)


def test_of_an_arrow_with_several_causes_only_those_that_differ_are_said() -> None:
    before = drawn((MENU, "press 1 or says nothing", SALES), (MENU, "press 2", MAILBOX))
    after = drawn((MENU, "press 1 or press 2", MAILBOX), (MENU, "says nothing", SALES))
    goes, comes = marks_before(before, after), marks_after(before, after)
    assert goes == ({}, frozenset({0}), ("Menu → press 1 → Sales queue: 3 people",))
    assert comes == ({}, frozenset({0}), ("Menu → press 1 → Mailbox: Kim",))


def test_a_box_that_says_something_else_is_marked_and_the_ways_to_it_are_not() -> None:
    before = drawn((MENU, "press 1", SALES))
    after = drawn((MENU, "press 1", SALES), sales="Sales queue: no agents")
    assert marks_before(before, after) == ({1: "changes"}, frozenset(), ())
    assert marks_after(before, after) == ({1: "changed"}, frozenset(), ())


def test_the_same_drawing_and_one_that_is_alone_are_not_marked() -> None:
    one = drawn((MENU, "press 1", SALES))
    assert marks_before(one, one) == marks_after(one, one) == UNMARKED
    assert marks_before(one, None) == marks_after(None, one) == UNMARKED


def test_marks_are_drawn_thick_and_with_a_word() -> None:
    before, after = drawn((MENU, "press 1", SALES)), drawn((MENU, "press 1", MAILBOX))
    written = svg(after, marks_after(before, after), "a-")
    assert written.count('stroke-width="3.4" marker-end="url(#a-mark)"') == 1
    assert ">new</text>" in written
    assert "mark" not in svg(after).replace("marker", "")


def test_marks_are_thick_in_mermaid_too() -> None:
    before = drawn((MENU, "press 1", SALES))
    after = drawn((MENU, "press 2", SALES), (MENU, "press 1", MAILBOX))
    plain, marked = mermaid(after), mermaid(after, marks_after(before, after))
    assert marked.removeprefix(plain).splitlines() == [
        "    linkStyle 0,1 stroke:#a3128a,stroke-width:4px",
        "    style n3 stroke:#a3128a,stroke-width:5px",
    ]
