"""The order of the elements in the rows of a layered drawing, so that few arrows cross."""

from collections.abc import Sequence
from itertools import pairwise

from ccstate.render.graph.mesh import Mesh, neighbours

_SWEEPS = 24
_MOST = 30_000
"""Elements that are put in order before large drawings have to do with fewer sweeps."""


def ordered(mesh: Mesh) -> list[list[int]]:
    """The rows in an order with few crossings: barycentres, down and up, the best is kept."""
    above, below = neighbours(mesh)
    order = _first_order(mesh, below)
    best, fewest = [list(row) for row in order], _crossings(mesh, order, below)
    place = [0.0] * len(mesh.widths)
    for row in order:
        _number(row, place)
    for sweep in range(max(4, min(_SWEEPS, _MOST // (len(mesh.widths) + 1)))):
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
    """Depth first, so that what hangs together begins together."""
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
    """Pairs of segments that cross, by counting inversions."""
    place = [0.0] * len(mesh.widths)
    for row in order:
        _number(row, place)
    total = 0
    for row, under in pairwise(order):
        tree = [0] * (len(under) + 1)
        seen = 0
        for upper in row:
            for _, at in sorted((mesh.shift(upper, n), int(place[n])) for n in below[upper]):
                total += seen - _up_to(tree, at + 1)
                _count(tree, at + 1)
                seen += 1
    return total


def _up_to(tree: Sequence[int], at: int) -> int:
    total = 0
    while at:
        total += tree[at]
        at &= at - 1
    return total


def _count(tree: list[int], at: int) -> None:
    while at < len(tree):
        tree[at] += 1
        at += at & -at
