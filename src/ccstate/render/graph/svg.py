"""A drawing as SVG: one file without scripts, fonts or links, for screens and for paper.

Shapes and words carry the meaning; colours, which also tell apart when printed grey, only help.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

from ccstate.render.graph.drawing import Arrow, Box, Drawing, Look
from ccstate.render.graph.layout import Edge, Layout, Point, Route, Size, layered_layout
from ccstate.render.graph.lines import LINE, SIZE, bold_width_of, width_of, wrap_text
from ccstate.render.graph.marks import MARK, UNMARKED, Marks
from ccstate.render.text import safe

_BOX = 190.0
_WORDS = 118.0
_SIDE = 12.0
_ABOVE = 9.0
_PAD = 18.0
_HEADING = 38.0


class Panel(NamedTuple):
    """The background of a tree, and from where in its upper side calls enter it."""

    corner: Point
    size: Size
    title: str
    entry: Point


class Placed(NamedTuple):
    """A box in its place, and its text in lines."""

    corner: Point
    size: Size
    title: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes, arrows and panels in their places; boxes and arrows in the order of the drawing."""

    boxes: tuple[Placed, ...]
    routes: tuple[Route, ...]
    words: tuple[tuple[str, ...], ...]
    panels: tuple[Panel, ...]
    size: Size


def picture_of(drawing: Drawing) -> Picture:
    """Place everything in the drawing; the same for the same drawing."""
    return _Picture(drawing).picture()


def _text_of(box: Box) -> tuple[tuple[str, ...], tuple[str, ...]]:
    title = wrap_text(box.title, _BOX, 3, bold_width_of)
    body = tuple(line for text in box.body for line in wrap_text(text, _BOX, 4))
    return title, body


def _size_of(box: Box, title: tuple[str, ...], body: tuple[str, ...]) -> Size:
    widths = [*map(bold_width_of, title), *map(width_of, body), 60.0]
    lines = max(len(title) + len(body), 1)
    slant = 14.0 if box.look in {Look.HOURS, Look.BAD, Look.NUMBER, Look.END} else 0.0
    return Size(
        round(max(widths) + 2 * (_SIDE + slant), 1), round(lines * LINE + 2 * _ABOVE + 2, 1)
    )


def size_of_words(lines: Sequence[str]) -> Size:
    """Measure the room that the words of an arrow take."""
    if not lines:
        return Size(0, 0)
    return Size(round(max(map(width_of, lines)) + 8, 1), len(lines) * (LINE - 1.5))


class _Picture:
    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._texts = [_text_of(box) for box in drawing.boxes]
        self._sizes = [
            _size_of(box, *text) for box, text in zip(drawing.boxes, self._texts, strict=True)
        ]
        self._words = [wrap_text(arrow.words, _WORDS, 4) for arrow in drawing.arrows]
        boxes: dict[str, list[int]] = {}
        for number, box in enumerate(drawing.boxes):
            boxes.setdefault(box.tree, []).append(number)
        arrows: dict[str, list[int]] = {}
        for number, arrow in enumerate(drawing.arrows):
            arrows.setdefault(drawing.boxes[arrow.tail].tree, []).append(number)
        self._inner = {
            tree: _Inner(self, tree, there, arrows.get(tree, ()))
            for tree, there in boxes.items()
            if tree in drawing.trees
        }

    def unit(self, box: int) -> int | str:
        """Return what stands in the outer drawing for a box: itself, or its tree."""
        tree = self._drawing.boxes[box].tree
        return tree if tree in self._drawing.trees else box

    def edge(self, number: int, tail: int, head: int) -> Edge:
        return Edge(tail, head, size_of_words(self._words[number]))

    def sized(self, box: int) -> Size:
        return self._sizes[box]

    @property
    def drawing(self) -> Drawing:
        return self._drawing

    def picture(self) -> Picture:
        units = list(dict.fromkeys(self.unit(box) for box in range(len(self._sizes))))
        number = {unit: place for place, unit in enumerate(units)}
        sizes = [self._unit_size(unit) for unit in units]
        edges: dict[tuple[int | str, int | str, int], int] = {}
        found: list[Edge] = []
        for index, arrow in enumerate(self._drawing.arrows):
            tail, head = self.unit(arrow.tail), self.unit(arrow.head)
            if isinstance(tail, str) and tail == head:
                continue
            key = (tail, head, -1 if isinstance(tail, str) else index)
            if key in edges:
                continue
            edges[key] = len(found)
            if isinstance(tail, str):
                leaves = self._inner[tail].leaves(head)
                found.append(Edge(number[tail], number[head], leaves=leaves))
            else:
                found.append(self.edge(index, number[tail], number[head]))
        entries = {
            number[tree]: inner.entry.x for tree, inner in self._inner.items() if tree in number
        }
        outer = layered_layout(sizes, found, entries=entries)
        corners = {unit: outer.boxes[place] for unit, place in number.items()}
        routes = tuple(
            self._route(index, arrow, outer, edges, corners)
            for index, arrow in enumerate(self._drawing.arrows)
        )
        return Picture(
            boxes=tuple(self._placed(box, corners) for box in range(len(self._sizes))),
            routes=routes,
            words=tuple(self._words),
            panels=tuple(
                Panel(corners[tree], inner.size, self._drawing.trees[tree], inner.entry)
                for tree, inner in self._inner.items()
            ),
            size=outer.size,
        )

    def _unit_size(self, unit: int | str) -> Size:
        return self._inner[unit].size if isinstance(unit, str) else self._sizes[unit]

    def _placed(self, box: int, corners: dict[int | str, Point]) -> Placed:
        unit = self.unit(box)
        corner = corners[unit]
        if isinstance(unit, str):
            corner = _moved(self._inner[unit].corner(box), corner)
        return Placed(corner, self._sizes[box], *self._texts[box])

    def _route(
        self,
        index: int,
        arrow: Arrow,
        outer: Layout,
        edges: dict[tuple[int | str, int | str, int], int],
        corners: dict[int | str, Point],
    ) -> Route:
        tail, head = self.unit(arrow.tail), self.unit(arrow.head)
        if not isinstance(tail, str):
            return outer.routes[edges[tail, head, index]]
        inner = self._inner[tail].route(index)
        points = tuple(_moved(point, corners[tail]) for point in inner.points)
        words = _moved(inner.words, corners[tail])
        if tail != head:
            points += outer.routes[edges[tail, head, -1]].points
        return Route(tuple(dict.fromkeys(points)), words)


class _Inner:
    """One tree, laid out by itself: its boxes, and the arrows that begin in it."""

    def __init__(
        self, picture: _Picture, tree: str, boxes: Sequence[int], arrows: Sequence[int]
    ) -> None:
        drawing = picture.drawing
        self._number = {box: place for place, box in enumerate(boxes)}
        sizes = [picture.sized(box) for box in boxes]
        self._ports: dict[int | str, int] = {}
        self._edges: dict[int, int] = {}
        edges: list[Edge] = []
        for index in arrows:
            arrow = drawing.arrows[index]
            head = self._number.get(arrow.head)
            if head is None:
                unit = picture.unit(arrow.head)
                head = self._ports.setdefault(unit, len(boxes) + len(self._ports))
            self._edges[index] = len(edges)
            edges.append(picture.edge(index, self._number[arrow.tail], head))
        sizes += [Size(0, 0)] * len(self._ports)
        self._layout = layered_layout(sizes, edges, sinks=self._ports.values())
        first = self._layout.boxes[0]
        self.entry = Point(_PAD + first.x + sizes[0].width / 2, _HEADING + first.y)
        wide = max(self._layout.size.width, bold_width_of(drawing.trees[tree]))
        high = self._layout.size.height + (0 if self._ports else _PAD)
        self.size = Size(wide + 2 * _PAD, high + _HEADING)

    def leaves(self, unit: int | str) -> float:
        return self._layout.boxes[self._ports[unit]].x + _PAD

    def corner(self, box: int) -> Point:
        return _moved(self._layout.boxes[self._number[box]], Point(_PAD, _HEADING))

    def route(self, index: int) -> Route:
        """Return the route of an arrow that begins in the tree, as far as it is in the panel."""
        route = self._layout.routes[self._edges[index]]
        move = Point(_PAD, _HEADING)
        return Route(tuple(_moved(p, move) for p in route.points), _moved(route.words, move))


def _moved(point: Point, by: Point) -> Point:
    return Point(point.x + by.x, point.y + by.y)


_MARGIN = 24.0
_TITLE = 40.0
_RED = "#b00020"
_LINE = "#4a5560"
_PAPER = "#ffffff"
_PANEL = "#f4f6f8"


class _Ink(NamedTuple):
    fill: str
    line: str
    text: str = "#1b1f24"
    width: float = 1.4


# Okabe and Ito (2008): hues that everybody can tell apart, here light enough for black text.
_INKS: Mapping[Look, _Ink] = {
    Look.NUMBER: _Ink("#0b4f7a", "#0b4f7a", "#ffffff"),
    Look.HOURS: _Ink("#fdf3c0", "#9a7b00"),
    Look.QUESTION: _Ink("#dceefa", "#0072b2"),
    Look.SPEECH: _Ink("#ffffff", "#7a8691", width=1),
    Look.TREE: _Ink("#efe6f5", "#7a4b96"),
    Look.PEOPLE: _Ink("#d3efe4", "#00694c", width=2),
    Look.UNSTAFFED: _Ink("#f3f4f5", "#5b6670"),
    Look.MAILBOX: _Ink("#fde5c4", "#a85b00"),
    Look.END: _Ink("#3a4149", "#3a4149", "#ffffff"),
    Look.BAD: _Ink("#ffe3e3", _RED, "#7a0016", 3),
}


def svg(drawing: Drawing, marks: Marks = UNMARKED, ids: str = "") -> str:
    """Write the drawing as an SVG document.

    `ids` begins its ids, so that several stand in one document.
    """
    picture = picture_of(drawing)
    heading = wrap_text(drawing.title, max(picture.size.width, 420) / 1.25, 2, bold_width_of)
    top = _TITLE + (len(heading) - 1) * 22
    width = max(picture.size.width, *(bold_width_of(line) * 1.25 for line in heading))
    size = Size(width + 2 * _MARGIN, picture.size.height + top + 2 * _MARGIN)
    return "\n".join(
        (
            _opening(size, ids),
            f'<title id="{ids}title">{_text(drawing.title)}</title>',
            f'<desc id="{ids}desc">{_text(drawing.description)}</desc>',
            "<defs>",
            *(_marker(f"{ids}{name}", colour) for name, colour in _tips(marks)),
            "</defs>",
            f'<rect width="{_n(size.width)}" height="{_n(size.height)}" fill="{_PAPER}"/>',
            *_heading(heading),
            f'<g transform="translate({_n(_MARGIN)} {_n(_MARGIN + top)})">',
            *_content(drawing, picture, marks, ids),
            "</g>",
            "</svg>\n",
        )
    )


def _tips(marks: Marks) -> Iterator[tuple[str, str]]:
    """List the tips of arrows with their colours."""
    yield from (("tip", _LINE), ("bad", _RED))
    if marks.arrows:
        yield "mark", MARK


def _opening(size: Size, ids: str) -> str:
    width, height = _n(size.width), _n(size.height)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        f' aria-labelledby="{ids}title {ids}desc"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' font-family="Helvetica, Arial, sans-serif" font-size="{_n(SIZE)}">'
    )


def _marker(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9"'
        ' markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path d="M0 1L10 5L0 9z" fill="{colour}"/></marker>'
    )


def _heading(lines: Sequence[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        y = _MARGIN + 16 + place * 22
        yield (
            f'<text x="{_n(_MARGIN)}" y="{_n(y)}" font-size="16" font-weight="bold"'
            f' fill="#1b1f24">{_text(line)}</text>'
        )


def _content(drawing: Drawing, picture: Picture, marks: Marks, ids: str) -> Iterator[str]:
    for panel in picture.panels:
        yield from _panel(panel, ids)
    for number, (arrow, route) in enumerate(zip(drawing.arrows, picture.routes, strict=True)):
        is_bad = drawing.boxes[arrow.head].look is Look.BAD
        tip, colour, width = ("bad", _RED, 1.3) if is_bad else ("tip", _LINE, 1.3)
        if number in marks.arrows:
            tip, colour, width = "mark", MARK, 3.4
        yield _path(route.points, f"{ids}{tip}", colour, width)
    for number, (arrow, words, route) in enumerate(
        zip(drawing.arrows, picture.words, picture.routes, strict=True)
    ):
        in_panel = drawing.boxes[arrow.tail].tree in drawing.trees
        ground = f'fill="{_PANEL if in_panel else _PAPER}"'
        yield from _words(words, route.words, ground + _MARKED * (number in marks.arrows))
    for number, (box, placed) in enumerate(zip(drawing.boxes, picture.boxes, strict=True)):
        yield from _box(box.look, placed)
        if number in marks.boxes:
            yield from _marked(marks.boxes[number], placed)


_MARKED = f' stroke="{MARK}" stroke-width="1.5"'


def _marked(word: str, box: Placed) -> Iterator[str]:
    """Draw a frame around a box, with the word at its upper corner."""
    (x, y), (width, height) = box.corner, box.size
    frame = f'fill="none" stroke="{MARK}" stroke-width="3"'
    yield _rect(Point(x - 5, y - 5), Size(width + 10, height + 10), 8, frame)
    size = Size(round(bold_width_of(word) + 10, 1), 16)
    corner = Point(x + width + 8 - size.width, y - 14)
    yield _rect(corner, size, 8, f'fill="{MARK}"')
    yield (
        f'<text x="{_n(corner.x + size.width / 2)}" y="{_n(corner.y + 12)}" text-anchor="middle"'
        f' font-weight="bold" fill="#ffffff">{_text(word)}</text>'
    )


def _panel(panel: Panel, ids: str) -> Iterator[str]:
    x, y = panel.corner
    yield (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(panel.size.width)}"'
        f' height="{_n(panel.size.height)}" rx="10" fill="{_PANEL}" stroke="#c3cad1"/>'
    )
    at = panel.entry.x
    left, right = at - 24, panel.size.width - at - 24
    place, anchor = (x + 12, "start") if left > right else (x + panel.size.width - 12, "end")
    for line in wrap_text(panel.title, max(left, right), 1, bold_width_of):
        yield (
            f'<text x="{_n(place)}" y="{_n(y + 21)}" text-anchor="{anchor}" font-weight="bold"'
            f' fill="{_LINE}">{_text(line)}</text>'
        )
    yield _path((Point(x + at, y), Point(x + at, y + panel.entry.y)), f"{ids}tip", _LINE, 1.3)


def _path(points: Sequence[Point], marker: str, colour: str, width: float) -> str:
    steps = [f"M{_n(points[0].x)} {_n(points[0].y)}"]
    for before, after in pairwise(points):
        if before.x == after.x or before.y == after.y:
            steps.append(f"L{_n(after.x)} {_n(after.y)}")
        else:
            middle = (before.y + after.y) / 2
            steps.append(
                f"C{_n(before.x)} {_n(middle)} {_n(after.x)} {_n(middle)}"
                f" {_n(after.x)} {_n(after.y)}"
            )
    return (
        f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"'
        f' marker-end="url(#{marker})"/>'
    )


def _words(lines: Sequence[str], middle: Point, style: str) -> Iterator[str]:
    """Write the words of an arrow, on a patch that interrupts it."""
    if not lines:
        return
    size = size_of_words(lines)
    corner = Point(middle.x - size.width / 2, middle.y - size.height / 2)
    yield _rect(corner, size, 3, style)
    step = size.height / len(lines)
    for place, line in enumerate(lines):
        y = corner.y + place * step + step * 0.76
        yield (
            f'<text x="{_n(middle.x)}" y="{_n(y)}" text-anchor="middle" fill="#1b1f24">'
            f"{_text(line)}</text>"
        )


def _box(look: Look, box: Placed) -> Iterator[str]:
    ink = _INKS[look]
    yield from _shape(look, ink, box.corner, box.size)
    lines = [*((line, True) for line in box.title), *((line, False) for line in box.body)]
    y = box.corner.y + (box.size.height - len(lines) * LINE) / 2 + LINE * 0.76
    for place, (line, is_title) in enumerate(lines):
        weight = ' font-weight="bold"' if is_title else ""
        yield (
            f'<text x="{_n(box.corner.x + box.size.width / 2)}" y="{_n(y + place * LINE)}"'
            f' text-anchor="middle"{weight} fill="{ink.text}">{_text(line)}</text>'
        )


def _shape(look: Look, ink: _Ink, corner: Point, size: Size) -> Iterator[str]:
    """Draw the outline: rounded, pointed, double, dashed, folded or stacked, by what the box is."""
    style = f'fill="{ink.fill}" stroke="{ink.line}" stroke-width="{_n(ink.width)}"'
    (x, y), (width, height) = corner, size
    match look:
        case Look.NUMBER | Look.END:
            yield _rect(corner, size, min(height / 2, 22), style)
        case Look.HOURS:
            yield _polygon(corner, size, (14, height / 2), style)
        case Look.BAD:
            yield _polygon(corner, size, (12, 12), style)
        case Look.PEOPLE:
            yield _rect(corner, size, 5, style)
            inner = f'fill="none" stroke="{ink.line}" stroke-width="1"'
            inside = Size(width - 7, height - 7)
            yield _rect(Point(x + 3.5, y + 3.5), inside, 3, inner)
        case Look.UNSTAFFED:
            yield _rect(corner, size, 5, f'{style} stroke-dasharray="5 4"')
        case Look.TREE:
            yield _rect(Point(x + 4, y + 4), Size(width - 4, height - 4), 5, style)
            yield _rect(corner, Size(width - 4, height - 4), 5, style)
        case Look.MAILBOX:
            yield _rect(corner, size, 2, style)
            flap = f"M{_n(x)} {_n(y)}L{_n(x + width / 2)} {_n(y + 8)}L{_n(x + width)} {_n(y)}"
            yield f'<path d="{flap}" fill="none" stroke="{ink.line}"/>'
        case Look.SPEECH:
            yield _rect(corner, size, 14, style)
        case Look.QUESTION:
            yield _rect(corner, size, 5, style)


def _rect(corner: Point, size: Size, round_: float, style: str) -> str:
    return (
        f'<rect x="{_n(corner.x)}" y="{_n(corner.y)}" width="{_n(size.width)}"'
        f' height="{_n(size.height)}" rx="{_n(round_)}" {style}/>'
    )


def _polygon(corner: Point, size: Size, cut: tuple[float, float], style: str) -> str:
    """Draw a rectangle with its corners cut off, so far across and so far down."""
    (x, y), (width, height), (a, b) = corner, size, cut
    right, bottom = x + width, y + height
    corners = (
        (x + a, y), (right - a, y), (right, y + b), (right, bottom - b),
        (right - a, bottom), (x + a, bottom), (x, bottom - b), (x, y + b),
    )  # fmt: skip
    points = " ".join(f"{_n(px)},{_n(py)}" for px, py in dict.fromkeys(corners))
    return f'<polygon points="{points}" {style}/>'


def _n(value: float) -> str:
    """Write a number in as few digits as a drawing needs."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _text(text: str) -> str:
    return escape(safe(text), {'"': "&quot;"})
