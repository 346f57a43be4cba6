"""The layout of a drawing: where boxes stand and how arrows run, in layers from top to bottom.

Boxes stand in rows with even numbers, the words of arrows in the rows between them, and whatever
passes a row has a place of its own in it, which it shares with other arrows to the same box. So
arrows cross nothing but each other, and words lie on nothing. Arrows to the same box run together
after their words.

Source: the steps of Sugiyama, Tagawa and Toda (1981): ranks, an order with few crossings, places
across. Why no library does it: docs/adr/0035-drawings-keep-their-own-layout.md.
"""

from bisect import bisect_right, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

BOX_GAP = 22.0
_WORD_GAP = 12.0
_PASS_GAP = 11.0

Wire: TypeAlias = tuple[int, int, float, float | None]
"""Tail, head, width of its words, and where it leaves the tail, from its left side."""


@dataclass
class Mesh:
    """All elements, and who is joined to whom in the next row, with what strength."""

    boxes: int
    """How many boxes there are; they come first."""
    widths: list[float]
    rank: list[int]
    gaps: list[float]
    chains: list[list[int]] = field(default_factory=list)
    words: list[int | None] = field(default_factory=list)
    segments: dict[tuple[int, int], float] = field(default_factory=dict)
    """Upper and lower element → strength with which they want to stand in line."""
    shifts: dict[tuple[int, int], float] = field(default_factory=dict)
    """Upper and lower element → how far from the middle of the upper one the wire leaves it."""
    falling: set[tuple[int, int]] = field(default_factory=set)
    rising: set[tuple[int, int]] = field(default_factory=set)
    _passes: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, wire: Wire, *, rises: bool) -> None:
        tail, head, width, leaves = wire
        if tail == head:
            self.chains.append([])
            self.words.append(None)
            return
        if rises:
            word = self._element(width, self.rank[tail] - 1, _WORD_GAP if width else _PASS_GAP)
            between = range(self.rank[head] + 1, self.rank[tail] - 1)
            chain = [head, *(self._pass(head, r) for r in between), word, tail]
            self.rising.add((chain[1], head))
        else:
            word = self._element(width, self.rank[tail] + 1, _WORD_GAP if width else _PASS_GAP)
            between = range(self.rank[tail] + 2, self.rank[head])
            chain = [tail, word, *(self._pass(head, r) for r in between), head]
            self.falling.add((chain[-2], head))
            if leaves is not None:
                self.shifts[tail, word] = leaves - self.widths[tail] / 2
        self.chains.append(chain)
        self.words.append(word)
        for upper, lower in pairwise(chain):
            passing = (upper >= self.boxes) + (lower >= self.boxes)
            self.segments[upper, lower] = (1.0, 4.0, 30.0)[passing]

    def _pass(self, head: int, rank: int) -> int:
        if (head, rank) not in self._passes:
            self._passes[head, rank] = self._element(0, rank, _PASS_GAP)
        return self._passes[head, rank]

    def _element(self, width: float, rank: int, gap: float) -> int:
        self.widths.append(width)
        self.rank.append(rank)
        self.gaps.append(gap)
        return len(self.widths) - 1

    def shift(self, upper: int, lower: int) -> float:
        return self.shifts.get((upper, lower), 0.0)


def neighbours(mesh: Mesh) -> tuple[list[list[int]], list[list[int]]]:
    """List for every element those that it is joined to, above and below."""
    above: list[list[int]] = [[] for _ in mesh.widths]
    below: list[list[int]] = [[] for _ in mesh.widths]
    for upper, lower in mesh.segments:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below


_ORDER_SWEEPS = 24
_MOST_ORDERED = 30_000
"""Elements that are put in order before large drawings have to do with fewer sweeps."""


def order_rows(mesh: Mesh) -> list[list[int]]:
    """Order the rows with few crossings: barycentres, down and up, the best is kept."""
    above, below = neighbours(mesh)
    order = _first_order(mesh, below)
    best, fewest = [list(row) for row in order], _crossings(mesh, order, below)
    place = [0.0] * len(mesh.widths)
    for row in order:
        _number(row, place)
    for sweep in range(max(4, min(_ORDER_SWEEPS, _MOST_ORDERED // (len(mesh.widths) + 1)))):
        if not fewest:
            break
        near = below if sweep % 2 else above
        for row in reversed(order) if sweep % 2 else order:
            seen = {n: _barycentre(mesh, n, near[n], place) for n in row}
            row.sort(key=seen.__getitem__)
            _number(row, place)
        crossings = _crossings(mesh, order, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in order], crossings
    return best


def _number(row: Sequence[int], place: list[float]) -> None:
    for index, element in enumerate(row):
        place[element] = float(index)


def _barycentre(mesh: Mesh, element: int, near: Sequence[int], place: Sequence[float]) -> float:
    if not near:
        return place[element]
    total = 0.0
    for other in near:
        shift = mesh.shift(other, element)
        total += place[other] + (shift / mesh.widths[other] * 0.98 if shift else 0.0)
    return total / len(near)


def _first_order(mesh: Mesh, below: Sequence[Sequence[int]]) -> list[list[int]]:
    """Order depth first, so that what hangs together begins together."""
    order: list[list[int]] = [[] for _ in range(max(mesh.rank, default=-1) + 1)]
    seen = [False] * len(mesh.widths)
    for start in sorted(range(len(mesh.widths)), key=lambda n: (mesh.rank[n], n)):
        todo = [start]
        while todo:
            element = todo.pop()
            if not seen[element]:
                seen[element] = True
                order[mesh.rank[element]].append(element)
                todo += reversed(below[element])
    return order


def _crossings(mesh: Mesh, order: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> int:
    """Count the pairs of segments that cross, by counting inversions."""
    place = [0.0] * len(mesh.widths)
    for row in order:
        _number(row, place)
    total = 0
    for row in order[:-1]:
        seen: list[int] = []
        for upper in row:
            for _, at in sorted((mesh.shift(upper, n), int(place[n])) for n in below[upper]):
                total += len(seen) - bisect_right(seen, at)
                insort(seen, at)
    return total


_ACROSS_SWEEPS = 80
_BEND = 14.0
"""Bends of less than this look like a slip of the pen."""
_MOST_SETTLED = 40_000
"""Elements that are settled before large drawings have to do with fewer sweeps."""


def place_across(mesh: Mesh, order: Sequence[Sequence[int]]) -> tuple[list[float], float]:
    """Place every element by its middle; return these, and the width of all."""
    near = neighbours(mesh)
    x = [0.0] * len(mesh.widths)
    for row in order:
        at = 0.0
        for element, step in zip(row, _steps(mesh, row), strict=True):
            at += step
            x[element] = at
    sweeps = max(4, min(_ACROSS_SWEEPS, _MOST_SETTLED // (len(mesh.widths) + 1)))
    for sweep in range(sweeps):
        rows = reversed(order) if sweep % 2 else iter(order)
        last = sweep >= sweeps // 2
        for row in rows:
            _settle(mesh, row, x, near, _sides(sweep, last=last))
    for row in order[1:]:
        _straighten(mesh, row, x, near[0])
    left = min((x[n] - w / 2 for n, w in enumerate(mesh.widths)), default=0.0)
    right = max((x[n] + w / 2 for n, w in enumerate(mesh.widths)), default=0.0)
    return [at - left for at in x], right - left


def _sides(sweep: int, *, last: bool) -> tuple[float, float]:
    """Weigh how much those above and those below count in a sweep."""
    if last:
        return 1.0, 1.0
    return (0.1, 1.0) if sweep % 2 else (1.0, 0.1)


def _steps(mesh: Mesh, row: Sequence[int]) -> Iterator[float]:
    """Measure how far each element of a row must stand from the one before; 0 for the first."""
    before = None
    for element in row:
        if before is None:
            yield 0.0
        else:
            half = (mesh.widths[before] + mesh.widths[element]) / 2
            yield half + max(mesh.gaps[before], mesh.gaps[element])
        before = element


def _settle(
    mesh: Mesh,
    row: Sequence[int],
    x: list[float],
    near: tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]],
    sides: tuple[float, float],
) -> None:
    """Move a row's elements as near to those that they are joined to as the order allows."""
    wanted, weights = [], []
    for element in row:
        pulls = [(0.001, x[element])]
        for other in near[0][element]:
            force = mesh.segments[other, element] * sides[0]
            pulls.append((force, x[other] + mesh.shift(other, element)))
        for other in near[1][element]:
            force = mesh.segments[element, other] * sides[1]
            pulls.append((force, x[other] - mesh.shift(element, other)))
        weight = sum(force for force, _ in pulls)
        wanted.append(sum(force * at for force, at in pulls) / weight)
        weights.append(weight)
    steps = list(_steps(mesh, row))
    for element, at in zip(row, isotonic(wanted, weights, steps), strict=True):
        x[element] = at


def _straighten(
    mesh: Mesh, row: Sequence[int], x: list[float], above: Sequence[Sequence[int]]
) -> None:
    """Straighten small bends of arrows that pass, where their neighbours leave room."""
    steps = list(_steps(mesh, row))
    for place, element in enumerate(row):
        upper = [other for other in above[element] if other >= mesh.boxes]
        if element < mesh.boxes or len(upper) != 1:
            continue
        wanted = x[upper[0]]
        low = x[row[place - 1]] + steps[place] if place else wanted
        high = x[row[place + 1]] - steps[place + 1] if place + 1 < len(row) else wanted
        if abs(wanted - x[element]) < _BEND and low <= wanted <= high:
            x[element] = wanted


def isotonic(
    wanted: Sequence[float], weights: Sequence[float], steps: Sequence[float]
) -> list[float]:
    """Find places nearest to those wanted, by least squares, each at least its step from the last.

    The first step means nothing.
    """
    offsets, offset = [], 0.0
    for index, step in enumerate(steps):
        offset += step if index else 0.0
        offsets.append(offset)
    blocks: list[tuple[float, float, int]] = []  # sum of weighted places, weight, how many
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        block = ((want - offset) * weight, weight, 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    places = [total / weight for total, weight, size in blocks for _ in range(size)]
    return [place + offset for place, offset in zip(places, offsets, strict=True)]


class Rows(NamedTuple):
    """The elements of a drawing, row by row, and the middle of each across."""

    mesh: Mesh
    order: list[list[int]]
    x: list[float]
    width: float


class Tangled(Exception):
    """A drawing with so many arrows past so many rows that no one could follow them."""

    def __init__(self, arrows: int) -> None:
        super().__init__(f"{arrows:,} arrows")
        self.arrows = arrows


MOST_STEPS = 100_000
"""Rows that all arrows together run past: time and size of a drawing grow with them (5 MB, 2 s)."""


def rows_of(widths: Sequence[float], wires: Sequence[Wire], sinks: Collection[int] = ()) -> Rows:
    """Make the rows for boxes of these widths; `sinks` stand in the last row, alone.

    Raises Tangled, before anything large is made, where arrows run past more than MOST_STEPS rows.
    """
    backwards = _backwards(len(widths), wires)
    rank = _ranks(len(widths), wires, backwards, sinks)
    if sum(2 * abs(rank[tail] - rank[head]) for tail, head, _, _ in wires) > MOST_STEPS:
        raise Tangled(len(wires))
    mesh = Mesh(len(widths), list(widths), [2 * r for r in rank], [BOX_GAP] * len(widths))
    for number, wire in enumerate(wires):
        mesh.add(wire, rises=number in backwards)
    order = order_rows(mesh)
    return Rows(mesh, order, *place_across(mesh, order))


def _backwards(count: int, wires: Sequence[Wire]) -> frozenset[int]:
    """Return the wires that close a circle, seen from the first box on."""
    leaving: list[list[int]] = [[] for _ in range(count)]
    for number, wire in enumerate(wires):
        if wire[0] != wire[1]:
            leaving[wire[0]].append(number)
    state = [0] * count  # 0 unseen, 1 on the way here, 2 done
    found = set()
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        trail = [(start, iter(leaving[start]))]
        while trail:
            box, ways = trail[-1]
            for number in ways:
                head = wires[number][1]
                if state[head] == 1:
                    found.add(number)
                elif state[head] == 0:
                    state[head] = 1
                    trail.append((head, iter(leaving[head])))
                    break
            else:
                state[box] = 2
                trail.pop()
    return frozenset(found)


def _ranks(
    count: int, wires: Sequence[Wire], backwards: Collection[int], sinks: Collection[int]
) -> list[int]:
    """Measure the longest way to each box, from those that nothing leads to."""
    below: list[list[int]] = [[] for _ in range(count)]
    left = [0] * count
    for number, (tail, head, _, _) in enumerate(wires):
        if tail != head:
            upper, lower = (head, tail) if number in backwards else (tail, head)
            below[upper].append(lower)
            left[lower] += 1
    rank = [0] * count
    for box in (todo := [box for box in range(count) if not left[box]]):
        for lower in below[box]:
            rank[lower] = max(rank[lower], rank[box] + 1)
            left[lower] -= 1
            if not left[lower]:
                todo.append(lower)
    others = [rank[box] for box in range(count) if box not in sinks]
    last = max(others, default=-1) + 1
    return [last if box in sinks else rank[box] for box in range(count)]


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


def layered_layout(
    sizes: Sequence[Size],
    edges: Sequence[Edge],
    sinks: Collection[int] = (),
    entries: Mapping[int, float] | None = None,
) -> Layout:
    """Lay out boxes and the edges between them; the same for the same input.

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
        self._ports = self._attachments()

    def _heights(self) -> tuple[list[float], list[float]]:
        rows = self._rows
        high = [0.0] * len(rows.order)
        for i, size in enumerate(self._sizes):
            high[rows.mesh.rank[i]] = max(high[rows.mesh.rank[i]], size.height)
        for edge, word in zip(self._edges, rows.mesh.words, strict=True):
            row = rows.mesh.rank[edge.tail if word is None else word]
            high[row] = max(high[row], edge.words.height)
        wide = [0.0] * len(rows.order)
        for upper, lower in rows.mesh.segments:
            offset = abs(rows.x[upper] - rows.x[lower])
            if upper < len(self._sizes):
                offset = max(0.0, offset - self._sizes[upper].width / 2)
            wide[rows.mesh.rank[upper]] = max(wide[rows.mesh.rank[upper]], offset)
        tops, bottoms, y = [], [], 0.0
        for height, offset in zip(high, wide, strict=True):
            tops.append(y)
            bottoms.append(y + height)
            y += height + _ROW_GAP + min(_LONGEST_FALL, _FALL * offset)
        return tops, bottoms

    def _attachments(self) -> dict[tuple[int, int], float]:
        """Return where an edge of the rows touches a box: (box, neighbour) → x."""
        above: dict[int, list[int]] = {}
        below: dict[int, list[int]] = {}
        boxes = len(self._sizes)
        for upper, lower in self._rows.mesh.segments:
            if upper < boxes:
                below.setdefault(upper, []).append(lower)
            if lower < boxes:
                above.setdefault(lower, []).append(upper)
        ports: dict[tuple[int, int], float] = {}
        for side, incoming in ((below, self._rows.mesh.rising), (above, self._rows.mesh.falling)):
            for box, others in side.items():
                together = [n for n in others if (n, box) in incoming]
                alone = [n for n in others if (n, box) not in incoming]
                ports |= self._side(box, alone, together)
                if side is above and box in self._entries:
                    entry = self._lefts[box] + self._entries[box]
                    ports |= {(box, n): entry for n in together}
        for edge, word in zip(self._edges, self._rows.mesh.words, strict=True):
            if edge.leaves is not None and word is not None:
                ports[edge.tail, word] = self._lefts[edge.tail] + edge.leaves
        return ports

    def _side(
        self, box: int, alone: Sequence[int], together: Sequence[int]
    ) -> dict[tuple[int, int], float]:
        """Share a side: arrows that come in have one point; each that leaves has its own."""
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
        boxes = tuple(
            Point(left, self._tops[rows.mesh.rank[i]]) for i, left in enumerate(self._lefts)
        )
        routes = [
            self._route(edge, rows.mesh.chains[i], rows.mesh.words[i], boxes)
            for i, edge in enumerate(self._edges)
        ]
        size = Size(rows.width, self._bottoms[-1] if self._bottoms else 0)
        return Layout(boxes, tuple(routes), size)

    def _route(
        self, edge: Edge, chain: Sequence[int], word: int | None, boxes: Sequence[Point]
    ) -> Route:
        if word is None:
            return self._loop(edge, boxes[edge.tail])
        rising = self._rows.mesh.rank[edge.tail] > self._rows.mesh.rank[edge.head]
        points: list[Point] = []
        for place, node in enumerate(chain):
            before = chain[place - 1] if place else None
            after = chain[place + 1] if place + 1 < len(chain) else None
            points += self._passing_corners(node, before, after, boxes)
        if rising:
            points = points[::-1]
        top = self._tops[self._rows.mesh.rank[word]]
        middle = Point(self._rows.x[word], top + edge.words.height / 2)
        if rising:
            middle = Point(
                middle.x, self._bottoms[self._rows.mesh.rank[word]] - edge.words.height / 2
            )
        return Route(_corners(points), middle)

    def _passing_corners(
        self, node: int, before: int | None, after: int | None, boxes: Sequence[Point]
    ) -> list[Point]:
        """Return the corners at one element of a chain, which runs downwards."""
        top, bottom = (
            self._tops[self._rows.mesh.rank[node]],
            self._bottoms[self._rows.mesh.rank[node]],
        )
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
    """Remove the points in the middle of a straight line."""
    kept: list[Point] = []
    for point in points:
        if len(kept) > 1 and kept[-2].x == kept[-1].x == point.x:
            kept.pop()
        if not kept or kept[-1] != point:
            kept.append(point)
    return tuple(kept)
