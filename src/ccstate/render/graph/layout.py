"""Where boxes stand and how arrows run: a layered drawing, from top to bottom.

Boxes stand in rows, the words of arrows in rows between them, and whatever passes a row has a
place of its own in it. So arrows cross nothing but each other, and words lie on nothing. Arrows to
the same box run together once their words are said.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ccstate.render.graph.across import isotonic
from ccstate.render.graph.rows import Rows, rows_of

_ROW_GAP = 14.0
_FALL = 0.08
"""How far a row stands below the next for each unit that an arrow runs sideways between them."""
_LONGEST_FALL = 70.0
_PORT_GAP = 12.0
_EDGE = 20.0
"""What is left free at each end of a side, as shapes have corners."""
_INWARD = 0.3
"""Arrows come in no nearer to a corner than this share of the side."""
_LOOP = 34.0
"""Room at the right of a box for an arrow that comes back to it, beside the words."""


class Size(NamedTuple):
    width: float
    height: float


class Point(NamedTuple):
    x: float
    y: float


class Edge(NamedTuple):
    """An arrow between two boxes; `leaves` fixes where, from the left side of the tail."""

    tail: int
    head: int
    words: Size = Size(0, 0)
    leaves: float | None = None


class Route(NamedTuple):
    """The corners of an arrow, between which it bends smoothly, and the middle of its words."""

    points: tuple[Point, ...]
    words: Point


class Layout(NamedTuple):
    """The upper left corner of every box, the route of every edge, and the size of it all."""

    boxes: tuple[Point, ...]
    routes: tuple[Route, ...]
    size: Size


def layered(
    sizes: Sequence[Size],
    edges: Sequence[Edge],
    sinks: Collection[int] = (),
    entries: Mapping[int, float] | None = None,
) -> Layout:
    """The drawing of boxes and the edges between them; the same for the same input.

    `sinks` stand in the last row, alone. `entries` fixes where arrows from above come in, from the
    left side of the box; elsewhere they come in where it is nearest.
    """
    loops: dict[int, float] = {}
    for edge in edges:
        if edge.tail == edge.head:
            loops[edge.tail] = max(loops.get(edge.tail, 0), edge.words.width + _LOOP)
    rooms = [Size(w + loops.get(i, 0), h) for i, (w, h) in enumerate(sizes)]
    rows = rows_of(
        [room.width for room in rooms],
        [(e.tail, e.head, e.words.width, e.leaves) for e in edges],
        sinks,
    )
    return _Drawing(rows, sizes, edges, rooms, entries or {}).layout()


class _Drawing:
    """Rows with their heights, from which routes are read."""

    def __init__(
        self,
        rows: Rows,
        sizes: Sequence[Size],
        edges: Sequence[Edge],
        rooms: Sequence[Size],
        entries: Mapping[int, float],
    ) -> None:
        self._rows = rows
        self._sizes = sizes
        self._edges = edges
        self._entries = entries
        self._lefts = [rows.x[i] - room.width / 2 for i, room in enumerate(rooms)]
        self._tops, self._bottoms = self._heights()
        self._ports = self._attached()

    def _heights(self) -> tuple[list[float], list[float]]:
        rows = self._rows
        high = [0.0] * len(rows.order)
        for i, size in enumerate(self._sizes):
            high[rows.rank[i]] = max(high[rows.rank[i]], size.height)
        for edge, word in zip(self._edges, rows.words, strict=True):
            row = rows.rank[edge.tail if word is None else word]
            high[row] = max(high[row], edge.words.height)
        wide = [0.0] * len(rows.order)
        for upper, lower in rows.segments:
            offset = abs(rows.x[upper] - rows.x[lower])
            if upper < len(self._sizes):
                offset = max(0.0, offset - self._sizes[upper].width / 2)
            wide[rows.rank[upper]] = max(wide[rows.rank[upper]], offset)
        tops, bottoms, y = [], [], 0.0
        for height, offset in zip(high, wide, strict=True):
            tops.append(y)
            bottoms.append(y + height)
            y += height + _ROW_GAP + min(_LONGEST_FALL, _FALL * offset)
        return tops, bottoms

    def _attached(self) -> dict[tuple[int, int], float]:
        """Where an edge of the rows touches a box: (box, neighbour) → x."""
        above: dict[int, list[int]] = {}
        below: dict[int, list[int]] = {}
        boxes = len(self._sizes)
        for upper, lower in self._rows.segments:
            if upper < boxes:
                below.setdefault(upper, []).append(lower)
            if lower < boxes:
                above.setdefault(lower, []).append(upper)
        ports: dict[tuple[int, int], float] = {}
        for side, incoming in ((below, self._rows.rising), (above, self._rows.falling)):
            for box, others in side.items():
                together = [n for n in others if (n, box) in incoming]
                alone = [n for n in others if (n, box) not in incoming]
                ports |= self._side(box, alone, together)
                if side is above and box in self._entries:
                    entry = self._lefts[box] + self._entries[box]
                    ports |= {(box, n): entry for n in together}
        for edge, word in zip(self._edges, self._rows.words, strict=True):
            if edge.leaves is not None and word is not None:
                ports[edge.tail, word] = self._lefts[edge.tail] + edge.leaves
        return ports

    def _side(
        self, box: int, alone: Sequence[int], together: Sequence[int]
    ) -> dict[tuple[int, int], float]:
        """Arrows that come in share one point of the side; each that leaves has its own."""
        x, left, width = self._rows.x, self._lefts[box], self._sizes[box].width
        margin = min(_EDGE, width / 4)
        groups = [[n] for n in alone] + ([list(together)] if together else [])
        spots = sorted((sum(x[n] for n in g) / len(g), index) for index, g in enumerate(groups))
        step = min(_PORT_GAP, (width - 2 * margin) / max(len(spots) - 1, 1))
        low, high = left + margin, left + width - margin
        inward = width * _INWARD
        wanted = [
            min(max(spot, left + inward), left + width - inward)
            if index == len(alone)
            else min(max(spot, low), high)
            for spot, index in spots
        ]
        found = isotonic(wanted, [1.0] * len(spots), [step] * len(spots))
        if found:
            shift = min(0.0, high - found[-1])
            shift = max(shift, low - found[0])
            found = [at + shift for at in found]
        return {
            (box, n): at for at, (_, index) in zip(found, spots, strict=True) for n in groups[index]
        }

    def layout(self) -> Layout:
        rows = self._rows
        boxes = tuple(Point(left, self._tops[rows.rank[i]]) for i, left in enumerate(self._lefts))
        routes = [
            self._route(edge, rows.chains[i], rows.words[i], boxes)
            for i, edge in enumerate(self._edges)
        ]
        size = Size(rows.width, self._bottoms[-1] if self._bottoms else 0)
        return Layout(boxes, tuple(routes), size)

    def _route(
        self, edge: Edge, chain: Sequence[int], word: int | None, boxes: Sequence[Point]
    ) -> Route:
        if word is None:
            return self._loop(edge, boxes[edge.tail])
        rising = self._rows.rank[edge.tail] > self._rows.rank[edge.head]
        points: list[Point] = []
        for place, node in enumerate(chain):
            before = chain[place - 1] if place else None
            after = chain[place + 1] if place + 1 < len(chain) else None
            points += self._passing(node, before, after, boxes)
        if rising:
            points = points[::-1]
        top = self._tops[self._rows.rank[word]]
        middle = Point(self._rows.x[word], top + edge.words.height / 2)
        if rising:
            middle = Point(middle.x, self._bottoms[self._rows.rank[word]] - edge.words.height / 2)
        return Route(_corners(points), middle)

    def _passing(
        self, node: int, before: int | None, after: int | None, boxes: Sequence[Point]
    ) -> list[Point]:
        """The corners at one element of a chain, which runs downwards."""
        top, bottom = self._tops[self._rows.rank[node]], self._bottoms[self._rows.rank[node]]
        if before is None and after is not None:
            x = self._ports[node, after]
            return [Point(x, boxes[node].y + self._sizes[node].height), Point(x, bottom)]
        if after is None and before is not None:
            return [Point(self._ports[node, before], top)]
        return [Point(self._rows.x[node], top), Point(self._rows.x[node], bottom)]

    def _loop(self, edge: Edge, box: Point) -> Route:
        width, height = self._sizes[edge.tail]
        right = box.x + width
        out, back = box.y + height * 0.7, box.y + height * 0.3
        far = right + _LOOP - 14
        middle = max(height, edge.words.height) / 2
        points = (Point(right, out), Point(far, out), Point(far, back), Point(right, back))
        return Route(points, Point(far + 4 + edge.words.width / 2, box.y + middle))


def _corners(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points without those in the middle of a straight line."""
    kept: list[Point] = []
    for point in points:
        if len(kept) > 1 and kept[-2].x == kept[-1].x == point.x:
            kept.pop()
        if not kept or kept[-1] != point:
            kept.append(point)
    return tuple(kept)
