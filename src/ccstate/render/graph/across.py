"""Where the elements of a layered drawing stand across, in the order that they have.

By least squares for one row after the other (pool adjacent violators): as near to those that they
are joined to as their neighbours in the row allow.
"""

from collections.abc import Iterator, Sequence

from ccstate.render.graph.mesh import Mesh, neighbours

_SWEEPS = 80
_BEND = 14.0
"""Bends of less than this look like a slip of the pen."""
_MOST = 40_000
"""Elements that are settled before large drawings have to do with fewer sweeps."""


def across(mesh: Mesh, order: Sequence[Sequence[int]]) -> tuple[list[float], float]:
    """The middle of every element, and the width of all."""
    near = neighbours(mesh)
    x = [0.0] * len(mesh.widths)
    for row in order:
        at = 0.0
        for element, step in zip(row, _steps(mesh, row), strict=True):
            at += step
            x[element] = at
    sweeps = max(4, min(_SWEEPS, _MOST // (len(mesh.widths) + 1)))
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
    """How much those above and those below count in a sweep."""
    if last:
        return 1.0, 1.0
    return (0.1, 1.0) if sweep % 2 else (1.0, 0.1)


def _steps(mesh: Mesh, row: Sequence[int]) -> Iterator[float]:
    """How far each element of a row must stand from the one before it; 0 for the first."""
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
    """Puts the elements of a row as near to those that they are joined to as the order allows."""
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
    """Takes small bends out of arrows that pass, where their neighbours leave room."""
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
    """Places nearest to those wanted, by least squares, each at least its step behind the last.

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
