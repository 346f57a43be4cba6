"""What stands in the rows of a layered drawing: boxes, words of arrows, places of passing arrows."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

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
    """For every element those that it is joined to, above and below."""
    above: list[list[int]] = [[] for _ in mesh.widths]
    below: list[list[int]] = [[] for _ in mesh.widths]
    for upper, lower in mesh.segments:
        above[lower].append(upper)
        below[upper].append(lower)
    return above, below
