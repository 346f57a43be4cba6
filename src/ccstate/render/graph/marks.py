"""What one drawing has and another one lacks: boxes and arrows to mark, and the same in words."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ccstate.journeys.ways import Place
from ccstate.render.graph.drawing import Box, Drawing

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
    there = set(_ways(other))
    arrows = [number for number, way in enumerate(_ways(drawing)) if way not in there]
    return Marks(boxes, frozenset(arrows), tuple(_words(drawing, number) for number in arrows))


def _keys(drawing: Drawing) -> list[_Key]:
    """Return by what each box is known in another drawing: its place, or the end that it is."""
    places = {number: place for place, number in drawing.places.items()}
    return [places.get(number, box) for number, box in enumerate(drawing.boxes)]


def _ways(drawing: Drawing) -> Iterator[tuple[_Key, str, _Key]]:
    keys = _keys(drawing)
    for tail, head, words in drawing.arrows:
        yield keys[tail], words, keys[head]


def _words(drawing: Drawing, number: int) -> str:
    tail, head, words = drawing.arrows[number]
    names = [box.title or " ".join(box.body) for box in (drawing.boxes[tail], drawing.boxes[head])]
    return " → ".join(filter(None, (names[0], words, names[1])))
