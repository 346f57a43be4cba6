"""Pictures of the trees and walls that a plan changes, before and after it."""

from collections.abc import Iterator
from typing import NamedTuple

from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.model import Address
from ccstate.render.comment import Picture
from ccstate.render.graph.drawing import DRAWN, Drawing, drawing_of
from ccstate.render.graph.layout import Tangled
from ccstate.render.graph.marks import UNMARKED, Marks, marks_after, marks_before
from ccstate.render.graph.mermaid import mermaid
from ccstate.render.graph.svg import svg
from ccstate.render.wall import wall_svg, wall_table
from ccstate.rules import Comparison

MOST_DRAWN = 300
"""Objects that are drawn to see whether they differ."""
MOST_SHOWN = 40
MOST_ARROWS = 250
"""Arrows of a drawing that a code host shows: Mermaid 11 refuses 500 (`maxEdges`), and draws both slowly."""
MOST_CHARACTERS = 20_000
"""Of a drawing: Mermaid 11 refuses 50,000 (`maxTextSize`)."""


class ChangedTree(NamedTuple):
    """One object as callers meet it, before and after; None where it is not there."""

    address: Address
    before: Drawing | None
    after: Drawing | None

    @property
    def title(self) -> str:
        drawing = self.after or self.before
        return drawing.title.partition(": ")[2] if drawing else str(self.address)

    @property
    def picture(self) -> Picture | None:
        """Both drawings as Mermaid; None where a code host would not draw them."""
        drawn = [mermaid(each, marks) if each else "" for _, each, marks in self._marked()]
        fenced = (f"```mermaid\n{text}```\n" if text else "" for text in drawn)
        arrows = [len(each.arrows) for each in (self.before, self.after) if each]
        if max(arrows, default=0) > MOST_ARROWS or max(map(len, drawn)) > MOST_CHARACTERS:
            return None
        return Picture(self.title, *fenced)

    def _marked(self) -> Iterator[tuple[str, Drawing | None, Marks]]:
        """List both drawings, with what each has and the other lacks."""
        before, after = self.before, self.after
        yield "before", before, marks_before(before, after) if before else UNMARKED
        yield "after", after, marks_after(before, after) if after else UNMARKED

    def files(self) -> Iterator[tuple[str, str]]:
        """Write each drawing as SVG, or as Mermaid where it is too tangled, with a name for it."""
        for when, drawing, marks in self._marked():
            if drawing is None:
                continue
            name = f"{self.address.kind}-{self.address.name}-{when}"
            try:
                yield f"{name}.svg", svg(drawing, marks)
            except Tangled:
                yield f"{name}.mmd", mermaid(drawing, marks)


class ChangedWall(NamedTuple):
    """One display before and after, each with the objects that it names; None where it is not there."""

    address: Address
    before: Filled | None
    after: Filled | None
    then: Centre
    """The objects after the change: the names in the picture."""

    @property
    def title(self) -> str:
        fields = self.after or self.before or {}
        return f"{fields.get('label') or self.address.name} ({self.address})"

    @property
    def picture(self) -> Picture:
        """Both as tables in which each tile has its place and its size."""
        before, after = (each and wall_table(each) for each in (self.before, self.after))
        return Picture(self.title, before or "", after or "")

    @property
    def drawn(self) -> tuple[str, str]:
        """Both as SVG; "" where it is not there."""
        before, after = (
            each and wall_svg(each, self.then, f"{self.address.name}-{when}-")
            for when, each in (("before", self.before), ("after", self.after))
        )
        return before or "", after or ""

    def files(self) -> Iterator[tuple[str, str]]:
        """Write each as SVG, with a name for it."""
        for when, drawn in zip(("before", "after"), self.drawn, strict=True):
            if drawn:
                yield f"display-{self.address.name}-{when}.svg", drawn


def changed_walls(comparison: Comparison) -> list[ChangedWall]:
    """Draw the displays that change, before and after."""
    was, now = comparison.before.of("display"), comparison.after.of("display")
    then = comparison.after.centre
    changed = sorted(address for address in comparison.changed if address.kind == "display")
    return [
        ChangedWall(address, was.get(address.name), now.get(address.name), then)
        for address in changed[:MOST_SHOWN]
    ]


def changed_trees(comparison: Comparison) -> list[ChangedTree]:
    """Draw the trees and the changed objects where drawings before and after differ.

    Trees first, then numbers and what else calls enter; an object that is in the picture of a tree
    already is not drawn again.
    """
    before, after = comparison.before, comparison.after
    both = {**before.state, **after.state}
    trees = sorted(address for address in both if address.kind == "ivr")
    changed = [a for kind in DRAWN for a in sorted(comparison.changed) if a.kind == kind != "ivr"]
    found: list[ChangedTree] = []
    shown: set[Address] = set()
    for address in [*trees, *changed][:MOST_DRAWN]:
        if address in shown or len(found) == MOST_SHOWN:
            continue
        old, new = _drawing(before.flow, address), _drawing(after.flow, address)
        if (old and (old.boxes, old.arrows)) != (new and (new.boxes, new.arrows)):
            found.append(ChangedTree(address, old, new))
            for drawing in (old, new):
                shown |= {Address(p.kind, p.name) for p in (drawing.places if drawing else ())}
    return found


def _drawing(flow: Flow, address: Address) -> Drawing | None:
    try:
        return drawing_of(flow, address)
    except KeyError:
        return None
