"""A drawing of what callers meet: which boxes there are, and which arrows between them.

What differs only technically is not drawn: a goto, a node that only puts the caller into a queue
or before a mailbox, an extension without a phone. Their arrows go on to where the call goes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import End, Event, Place, Way
from ccstate.model import Address
from ccstate.render.graph.words import END_BOXES, Box, arrow_words, box_of, tree_box
from ccstate.render.journey_words import address_words


class Arrow(NamedTuple):
    """An arrow between two boxes, by their numbers."""

    tail: int
    head: int
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, the one where the call comes in first; `trees` names those that have panels."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    trees: Mapping[str, str]
    places: Mapping[Place, int]
    """The box of each place that has one."""

    @property
    def description(self) -> str:
        """The drawing in sentences, for those who cannot see it."""
        names = [box.title or " ".join(box.body) for box in self.boxes]
        return " ".join(
            f"{names[tail]} → {f'{words} → ' if words else ''}{names[head]}."
            for tail, head, words in self.arrows
        )


DRAWN = ("number", "ivr", "queue", "ring_group", "conference_room", "extension")
"""Kinds that calls enter, in the order in which they are listed."""

_Spot: TypeAlias = Place | tuple[Place, End]
"""What has a box: a place, or an end, each at the place where the call ended."""


def drawing_of(flow: Flow, address: Address) -> Drawing:
    """What callers meet from there on; of another tree and of what a tree leads to, the doors.

    From a number, a queue or an extension everything that calls can come to is drawn. KeyError
    where there is no such object.
    """
    start = flow.entrance(address)
    if start is None:
        raise KeyError(str(address))
    tree = address.name if address.kind == "ivr" else None
    sketch = _Sketch(flow, tree)
    for spot in (todo := [sketch.beginning(start)]):
        for head in sketch.leave(spot):
            if head not in sketch.numbers:
                todo.append(head)
                sketch.numbers[head] = len(sketch.numbers)
    boxes = tuple(sketch.box(spot) for spot in sketch.numbers)
    named = {} if tree else {box.tree: sketch.tree_name(box.tree) for box in boxes if box.tree}
    return Drawing(
        title=f"What callers meet: {address_words(flow, address)}",
        boxes=boxes if named else tuple(Box(b.look, b.title, b.body) for b in boxes),
        arrows=tuple(sketch.arrows()),
        trees=named,
        places={spot: n for spot, n in sketch.numbers.items() if isinstance(spot, Place)},
    )


class _Sketch:
    """Spots with their numbers, and the ways between them."""

    def __init__(self, flow: Flow, tree: str | None) -> None:
        self._flow = flow
        self._tree = tree
        self.numbers: dict[_Spot, int] = {}
        self._ways: dict[tuple[_Spot, _Spot], list[tuple[Way, str]]] = {}

    def beginning(self, start: Place) -> _Spot:
        """The spot where calls come in, which gets the first number."""
        spot, _ = self._through(start, start)
        first = spot if isinstance(spot, Place) else start
        self.numbers[first] = 0
        return first

    def leave(self, spot: _Spot) -> Iterator[_Spot]:
        """Every spot to which the ways of this one lead; the ways are written down."""
        if not isinstance(spot, Place) or _is_tree(spot):
            return
        for way in self._flow.ways(spot):
            if way.end in {End.HUMAN, End.MESSAGE} or _hangs_up(self._flow, spot):
                continue
            if way.event is Event.HOLIDAY and not self._tells_holidays(spot, way):
                continue
            head, jumps = (
                self._through(way.to, spot) if way.to else ((spot, way.end or End.CUT_OFF), "")
            )
            if self._is_door(spot) and isinstance(head, Place):
                continue
            self._ways.setdefault((spot, head), []).append((way, jumps))
            yield head

    def _is_door(self, spot: Place) -> bool:
        return self._tree is not None and (spot.kind, spot.name) != ("ivr", self._tree)

    def _tells_holidays(self, spot: Place, holiday: Way) -> bool:
        """Whether holidays are worth a word: there are some, or they go elsewhere."""
        schedule = self._flow.centre.of("schedule").get(holiday.schedule, {})
        closed = (way for way in self._flow.ways(spot) if way.event is Event.CLOSED)
        has_some = schedule.get("holidays") or schedule.get("calendars")
        return bool(has_some) or all(way.to != holiday.to for way in closed)

    def _through(self, place: Place, origin: Place) -> tuple[_Spot, str]:
        """The first spot at or behind a place that has a box, and how the caller joins a queue."""
        jumps = ""
        seen = set()
        while self._vanishes(place):
            if place in seen:
                return (origin, End.ENDLESS), ""
            seen.add(place)
            way = self._flow.ways(place)[0]
            if way.to is None:
                return (origin, way.end or End.CUT_OFF), ""
            jumps = self._jumps(place) or jumps
            place = way.to
        if self._is_door(place) and place.kind == "ivr":
            return Place("ivr", place.name, ""), jumps
        return place, jumps

    def _vanishes(self, place: Place) -> bool:
        if self._is_door(place) and place.kind == "ivr":
            return False
        if place.kind == "ivr":
            return self._node_type(place) in {"goto", "queue", "voicemail"}
        if place.kind != "extension" or place.node:
            return False
        ways = self._flow.ways(place)
        return len(ways) == 1 and ways[0].to is not None

    def _node_type(self, place: Place) -> str:
        nodes = self._flow.centre.of("ivr")[place.name]["nodes"]
        return str(nodes.get(place.node, {}).get("type", ""))

    def _jumps(self, place: Place) -> str:
        if self._node_type(place) != "queue":
            return ""
        node = self._flow.centre.of("ivr")[place.name]["nodes"][place.node]
        return f"priority {node['priority']}" if node["priority"] else ""

    def box(self, spot: _Spot) -> Box:
        if not isinstance(spot, Place):
            end = END_BOXES[spot[1]]
            tree = spot[0].name if spot[0].kind == "ivr" else ""
            return Box(end.look, end.title, (), tree)
        if _is_tree(spot):
            return tree_box(self._flow, spot.name)
        return box_of(self._flow, spot)

    def tree_name(self, tree: str) -> str:
        return str(self._flow.centre.of("ivr")[tree].get("label") or tree)

    def arrows(self) -> Iterator[Arrow]:
        leaving = Counter(tail for tail, _ in self._ways)
        for (tail, head), found in self._ways.items():
            words = _words(tail, found, alone=leaving[tail] == 1)
            yield Arrow(self.numbers[tail], self.numbers[head], words)


def _words(tail: _Spot, found: list[tuple[Way, str]], *, alone: bool) -> str:
    """The words of an arrow; `alone` where no other leaves there."""
    if alone and _is_door_with_hours(tail) and all(way.schedule for way, _ in found):
        return ""
    by_jump: dict[str, list[Way]] = {}
    for way, jumps in found:
        by_jump.setdefault(jumps, []).append(way)
    return ", ".join(filter(None, (arrow_words(by_jump[j], j) for j in sorted(by_jump)[::-1])))


def _is_door_with_hours(spot: _Spot) -> bool:
    """Whether schedules alone decide there where a call goes on."""
    return isinstance(spot, Place) and spot.kind in {"number", "ivr"}


def _is_tree(place: Place) -> bool:
    """Whether another tree as a whole is meant."""
    return place.kind == "ivr" and not place.node


def _hangs_up(flow: Flow, place: Place) -> bool:
    way = flow.ways(place)[0]
    return place.kind == "ivr" and way.end is End.HANGUP and way.event is Event.THEN


def drawable(addresses: Mapping[Address, object]) -> list[Address]:
    """What can be drawn, numbers first."""
    found = [address for address in addresses if address.kind in DRAWN]
    return sorted(found, key=lambda a: (DRAWN.index(a.kind), a.name))
