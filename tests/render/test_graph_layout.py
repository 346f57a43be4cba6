"""Layered drawings, whatever the graph: nothing lies on anything else."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.render.graph.layout import (
    MOST_STEPS,
    Edge,
    Layout,
    Point,
    Size,
    Tangled,
    layered_layout,
)
from ccstate.render.graph.lines import bold_width_of, width_of

NEARLY = 0.01


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], list[Edge]]:
    count = draw(st.integers(1, 12))
    lengths = st.integers(20, 200).map(float)
    sizes = draw(st.lists(st.builds(Size, lengths, lengths), min_size=count, max_size=count))
    boxes = st.integers(0, count - 1)
    words = st.one_of(st.just(Size(0, 0)), st.just(Size(60, 30)))
    pairs = draw(st.lists(st.tuples(boxes, boxes), unique=True, max_size=25))
    return sizes, [Edge(tail, head, draw(words)) for tail, head in pairs]


Rect = tuple[float, float, float, float]


def rects(sizes: list[Size], edges: list[Edge], found: Layout) -> list[Rect]:
    """Boxes, then words, as left, top, right, bottom."""
    boxes = [
        (p.x, p.y, p.x + s.width, p.y + s.height) for p, s in zip(found.boxes, sizes, strict=True)
    ]
    words = [
        (
            route.words.x - edge.words.width / 2,
            route.words.y - edge.words.height / 2,
            route.words.x + edge.words.width / 2,
            route.words.y + edge.words.height / 2,
        )
        for edge, route in zip(edges, found.routes, strict=True)
        if edge.words.width
    ]
    return boxes + words


def overlap(one: Rect, other: Rect) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > NEARLY and down > NEARLY


@pytest.mark.parametrize("rows", [315, 320])
def test_a_drawing_is_refused_by_the_rows_that_arrows_run_past(rows: int) -> None:
    """From each of so many boxes, which follow each other, an arrow to the last: 2n + n(n - 1)."""
    sizes = [Size(60, 20)] * rows
    down = [Edge(n, n + 1) for n in range(rows - 2)]
    edges = down + [Edge(n, rows - 1) for n in range(rows - 1)]
    if 2 * len(down) + rows * (rows - 1) > MOST_STEPS:
        with pytest.raises(Tangled, match=f"{len(edges):,} arrows"):
            layered_layout(sizes, edges)
    else:
        assert len(layered_layout(sizes, edges).routes) == len(edges)


@given(graphs())
def test_boxes_and_words_never_lie_on_each_other(graph: tuple[list[Size], list[Edge]]) -> None:
    sizes, edges = graph
    found = layered_layout(sizes, edges)
    for one, other in combinations(rects(sizes, edges, found), 2):
        assert not overlap(one, other)
    for left, top, right, bottom in rects(sizes, edges, found):
        assert left >= -NEARLY
        assert top >= -NEARLY
        assert right <= found.size.width + NEARLY
        assert bottom <= found.size.height + NEARLY


def bent(before: Point, after: Point) -> list[Point]:
    """Points of the curve that is drawn between two corners."""
    points = []
    for step in range(21):
        t = step / 20
        x = before.x + (after.x - before.x) * (3 * t**2 - 2 * t**3)
        middle = (before.y + after.y) / 2
        y = (1 - t) ** 3 * before.y + 3 * t * (1 - t) * middle + t**3 * after.y
        points.append(Point(x, y))
    return points


@given(graphs())
def test_no_arrow_runs_through_a_box(graph: tuple[list[Size], list[Edge]]) -> None:
    sizes, edges = graph
    found = layered_layout(sizes, edges)
    boxes = rects(sizes, edges, found)[: len(sizes)]
    for edge, route in zip(edges, found.routes, strict=True):
        if edge.tail == edge.head:
            continue
        for point in (p for pair in pairwise(route.points) for p in bent(*pair)):
            for left, top, right, bottom in boxes:
                inside_x = left + NEARLY < point.x < right - NEARLY
                assert not (inside_x and top + NEARLY < point.y < bottom - NEARLY)


@given(graphs())
def test_every_arrow_begins_and_ends_at_its_boxes(graph: tuple[list[Size], list[Edge]]) -> None:
    sizes, edges = graph
    found = layered_layout(sizes, edges)
    for edge, route in zip(edges, found.routes, strict=True):
        for box, point in ((edge.tail, route.points[0]), (edge.head, route.points[-1])):
            corner, size = found.boxes[box], sizes[box]
            assert corner.x - NEARLY <= point.x <= corner.x + size.width + NEARLY
            assert corner.y - NEARLY <= point.y <= corner.y + size.height + NEARLY


@given(graphs())
def test_the_same_graph_has_the_same_layout(graph: tuple[list[Size], list[Edge]]) -> None:
    assert layered_layout(*graph) == layered_layout(*graph)


def test_nothing_is_drawn_of_nothing() -> None:
    assert layered_layout([], []) == Layout((), (), Size(0, 0))


def test_an_arrow_down_is_straight_where_nothing_is_in_its_way() -> None:
    found = layered_layout([Size(100, 40)] * 2, [Edge(0, 1)])
    assert len({point.x for point in found.routes[0].points}) == 1


@pytest.mark.parametrize(
    "text, plain, bold",
    [
        # Widths at 13 units, the wider of DejaVu Sans 2.37 and Liberation Sans 2.1, as fontTools
        # adds them up from the fonts themselves.
        ("Retention and", 91.9, 103.8),
        ("+611300975707", 110.1, 119.4),
        ("your account number and…", 181.6, 201.4),
        ("Outage menu", 89.1, 98.8),
        ("WWWWmmmm", 102.1, 111.5),
        ("Illinois", 41.2, 48.6),
        ("Straße 9", 55.2, 62.5),
    ],
)
def test_no_common_font_is_wider_than_what_is_reckoned_with(
    text: str, plain: float, bold: float
) -> None:
    assert plain <= width_of(text) <= 1.15 * plain
    assert bold <= bold_width_of(text) <= 1.15 * bold
