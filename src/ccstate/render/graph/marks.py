"""What one drawing has and another one lacks: boxes and arrows to mark, and the same in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ccstate.journeys.ways import Place
from ccstate.render.graph.drawing import Box, Drawing
from ccstate.render.values import join_words

_Key: TypeAlias = Place | Box


class Marks(NamedTuple):
    """Boxes of a drawing, each with a word for its mark, and arrows, by their numbers."""

    boxes: Mapping[int, str]
    arrows: frozenset[int]
    ways: tuple[str, ...]
    """The marked arrows in words: `Main menu → press 1 → Sales queue`."""


MARK = "#a3128a"
"""Colour of what is marked, which is thick as well."""
UNMARKED = Marks({}, frozenset(), ())


def marks_before(before: Drawing, after: Drawing | None) -> Marks:
    """Mark what goes or changes."""
    return _marks(before, after, "goes", "changes")


def marks_after(before: Drawing | None, after: Drawing) -> Marks:
    """Mark what is new or was changed."""
    return _marks(after, before, "new", "changed")


def _marks(drawing: Drawing, other: Drawing | None, alone: str, differs: str) -> Marks:
    if other is None:  # all of it: marks would tell nothing apart
        return UNMARKED
    keys, boxes = _keys(drawing), {}
    known = dict(zip(_keys(other), other.boxes, strict=True))
    for number, (key, box) in enumerate(zip(keys, drawing.boxes, strict=True)):
        if key not in known:
            boxes[number] = alone
        elif box != known[key]:
            boxes[number] = differs
    there = {way for ways in _ways(other) for way in ways}
    arrows = {
        number: differing
        for number, ways in enumerate(_ways(drawing))
        if (differing := [way.cause for way in ways if way not in there])
    }
    words = tuple(_words(drawing, number, causes) for number, causes in arrows.items())
    return Marks(boxes, frozenset(arrows), words)


def _keys(drawing: Drawing) -> list[_Key]:
    """Return by what each box is known in another drawing: its place, or the end that it is."""
    places = {number: place for place, number in drawing.places.items()}
    return [places.get(number, box) for number, box in enumerate(drawing.boxes)]


class _Way(NamedTuple):
    tail: _Key
    cause: str
    head: _Key


def _ways(drawing: Drawing) -> Iterator[list[_Way]]:
    """List the ways that each arrow stands for."""
    keys = _keys(drawing)
    for (tail, head, _), causes in zip(drawing.arrows, drawing.causes, strict=True):
        yield [_Way(keys[tail], cause, keys[head]) for cause in causes]


def _words(drawing: Drawing, number: int, causes: Sequence[str]) -> str:
    """Write an arrow in words, with those of its causes that differ."""
    tail, head, words = drawing.arrows[number]
    if len(causes) < len(drawing.causes[number]):
        words = join_words(causes, "or")
    names = [box.title or " ".join(box.body) for box in (drawing.boxes[tail], drawing.boxes[head])]
    return " → ".join(filter(None, (names[0], words, names[1])))
