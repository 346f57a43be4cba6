"""The rows of a layered drawing: who stands in which, in what order, and where across.

Rows with an even number hold boxes, those with an odd number the words of arrows. An arrow that
passes a row has a place in it, which it shares with others that go to the same box.

Source: the steps of Sugiyama, Tagawa and Toda (1981).
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ccstate.render.graph.across import across
from ccstate.render.graph.mesh import BOX_GAP, Mesh, Wire
from ccstate.render.graph.order import ordered


class Rows(NamedTuple):
    """Boxes come first, then words and places of passing arrows; all by their number.

    `chains` are the elements of each wire from the upper box to the lower one, `words` the one
    that holds its words; [] and None where it comes back to its own box. `falling` and `rising`
    are the steps (neighbour, box) at which an arrow comes in, from above or from below.
    """

    order: list[list[int]]
    rank: list[int]
    x: list[float]
    width: float
    segments: list[tuple[int, int]]
    chains: list[list[int]]
    words: list[int | None]
    falling: frozenset[tuple[int, int]]
    rising: frozenset[tuple[int, int]]


class Tangled(Exception):
    """So many arrows run past so many rows that nobody could follow them, or wait for the drawing."""

    def __init__(self, arrows: int) -> None:
        super().__init__(f"{arrows:,} arrows")
        self.arrows = arrows


MOST_STEPS = 100_000
"""Rows that all arrows together run past: time and size of a drawing grow with them (5 MB, 2 s)."""


def rows_of(widths: Sequence[float], wires: Sequence[Wire], sinks: Collection[int] = ()) -> Rows:
    """The rows for boxes of these widths; `sinks` stand in the last row, alone.

    Raises Tangled, before anything large is made, where arrows run past more than MOST_STEPS rows.
    """
    backwards = _backwards(len(widths), wires)
    rank = _ranks(len(widths), wires, backwards, sinks)
    if sum(2 * abs(rank[tail] - rank[head]) for tail, head, _, _ in wires) > MOST_STEPS:
        raise Tangled(len(wires))
    mesh = Mesh(len(widths), list(widths), [2 * r for r in rank], [BOX_GAP] * len(widths))
    for number, wire in enumerate(wires):
        mesh.add(wire, rises=number in backwards)
    order = ordered(mesh)
    x, width = across(mesh, order)
    return Rows(
        order=order,
        rank=mesh.rank,
        x=x,
        width=width,
        segments=list(mesh.segments),
        chains=mesh.chains,
        words=mesh.words,
        falling=frozenset(mesh.falling),
        rising=frozenset(mesh.rising),
    )


def _backwards(count: int, wires: Sequence[Wire]) -> frozenset[int]:
    """The wires that close a circle, seen from the first box on."""
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
    """The longest way to each box, from those that nothing leads to."""
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
