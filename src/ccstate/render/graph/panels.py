"""Where everything in a drawing is: its boxes and arrows, and the panels of trees around them.

A tree is laid out by itself; its panel then stands among the other boxes as one of them. What
leads out of a tree leaves its panel at the lower side, all that goes to the same place together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ccstate.render.graph.drawing import Arrow, Drawing
from ccstate.render.graph.layout import Edge, Layout, Point, Route, Size, layered
from ccstate.render.graph.lines import LINE, bold_width_of, width_of, wrapped
from ccstate.render.graph.words import Box, Look

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
    """The drawing with everything in its place; the same for the same drawing."""
    return _Picture(drawing).picture()


def _text_of(box: Box) -> tuple[tuple[str, ...], tuple[str, ...]]:
    title = wrapped(box.title, _BOX, 3, bold_width_of)
    body = tuple(line for text in box.body for line in wrapped(text, _BOX, 4))
    return title, body


def _size_of(box: Box, title: tuple[str, ...], body: tuple[str, ...]) -> Size:
    widths = [*map(bold_width_of, title), *map(width_of, body), 60.0]
    lines = max(len(title) + len(body), 1)
    slant = 14.0 if box.look in {Look.HOURS, Look.BAD, Look.NUMBER, Look.END} else 0.0
    return Size(
        round(max(widths) + 2 * (_SIDE + slant), 1), round(lines * LINE + 2 * _ABOVE + 2, 1)
    )


def size_of_words(lines: Sequence[str]) -> Size:
    """The room that the words of an arrow take."""
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
        self._words = [wrapped(arrow.words, _WORDS, 4) for arrow in drawing.arrows]
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
        """What stands in the outer drawing for a box: itself, or its tree."""
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
        outer = layered(sizes, found, entries=entries)
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
        self._layout = layered(sizes, edges, sinks=self._ports.values())
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
        """The route of an arrow that begins in the tree, as far as it is in the panel."""
        route = self._layout.routes[self._edges[index]]
        move = Point(_PAD, _HEADING)
        return Route(tuple(_moved(p, move) for p in route.points), _moved(route.words, move))


def _moved(point: Point, by: Point) -> Point:
    return Point(point.x + by.x, point.y + by.y)
