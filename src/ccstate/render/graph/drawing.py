"""A drawing of what callers meet: which boxes there are, and which arrows between them.

What differs only technically is not drawn: a goto, a node that only puts the caller into a queue
or before a mailbox, an extension without a phone. Their arrows go on to where the call goes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby
from typing import NamedTuple, TypeAlias

from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import WEEKDAYS
from ccstate.journeys.staffing import Lack, agents, ringing_members
from ccstate.journeys.ways import (
    CALLERS,
    KEYS,
    MAILBOX,
    SWITCH,
    TURNED,
    End,
    Event,
    Place,
    Transition,
)
from ccstate.kinds import DESTINATIONS
from ccstate.kinds.fields import seconds
from ccstate.model import Address
from ccstate.render.journey_words import address_words, keys_words, length_words
from ccstate.render.values import join_words


class Look(Enum):
    """The look of a box; each looks different, without colours too."""

    NUMBER = auto()
    HOURS = auto()
    QUESTION = auto()
    SPEECH = auto()
    TREE = auto()
    PEOPLE = auto()
    UNSTAFFED = auto()
    MAILBOX = auto()
    END = auto()
    BAD = auto()


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its title and what stands below that; `tree` is the IVR whose panel it is in."""

    look: Look
    title: str
    body: tuple[str, ...] = ()
    tree: str = ""


_TIED = "\N{NO-BREAK SPACE}"
"""Between words that stay on one line."""


def box_of(flow: Flow, place: Place) -> Box:
    """Make the box of a place."""
    fields = flow.centre.of(place.kind)[place.name]
    label = fields.get("label") or ""
    match place.kind:
        case "number":
            if place.node == TURNED:
                switch = _switch_name(flow, fields["switch"])
                return Box(Look.HOURS, f"Switch: {switch}")
            if place.node:
                return Box(Look.HOURS, f"Open? {hours_words(flow, fields['hours'])}")
            body = (place.name,) if label else ()
            return Box(Look.NUMBER, label or place.name, (*body, *_hours_of_number(flow, place)))
        case "queue":
            return _queue(flow, label or place.name, fields)
        case "conference_room":
            return Box(Look.PEOPLE, f"Conference room: {label or place.name}")
        case "ring_group":
            return _ring_group(flow, label or place.name, fields)
        case "ivr":
            return _node(flow, place, fields)
        case _:
            return _extension(flow, place, label)


def _hours_of_number(flow: Flow, place: Place) -> tuple[str, ...]:
    """Write the hours where they decide anything."""
    ways = flow.ways(place)
    if len({(way.to, way.end) for way in ways}) == 1:
        return ()
    schedule = ways[0].schedule
    if schedule.startswith(CALLERS):
        return ("asks who calls",)
    if schedule.startswith(SWITCH):
        return (f"asks switch {_switch_name(flow, schedule.removeprefix(SWITCH))}",)
    return (hours_words(flow, schedule),)


def _queue(flow: Flow, name: str, queue: Filled) -> Box:
    title = name if "queue" in name.lower() else f"{name} queue"
    who = list(agents(flow.centre, queue))
    people = len({agent.user for agent in who if agent.user and agent.lack is Lack.NOTHING})
    phones = {agent.extension for agent in who if not agent.user and agent.lack is Lack.NOTHING}
    there = [_count(people, "person", "people")] if people else []
    there += [_count(len(phones), "phone", "phones")] if phones else []
    look = Look.PEOPLE if there else Look.UNSTAFFED
    week = week_words(flow.centre.of("schedule").get(queue.get("hours") or "", {}))
    body = (week,) if week else ()
    return Box(look, f"{title}: {join_words(there) if there else 'no agents'}", body)


def _ring_group(flow: Flow, name: str, group: Filled) -> Box:
    title = name if "group" in name.lower() else f"{name} group"
    count = len(ringing_members(flow.centre, group))
    if not count:
        return Box(Look.UNSTAFFED, f"{title}: no phones")
    each = "each rings" if group["strategy"] == "in_order" and count > 1 else "rings"
    rings = f"{each} for {length_words(seconds(group['ring_for']))}"
    return Box(Look.PEOPLE, f"{title}: {_count(count, 'phone', 'phones')}", (rings,))


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _extension(flow: Flow, place: Place, label: str) -> Box:
    name = label or _owner(flow, place.name)
    if place.node == MAILBOX:
        return Box(Look.MAILBOX, f"Mailbox: {name}")
    if place.node:
        rings = flow.centre.of("extension")[place.name]["ring_for"]
        return _phone(flow, place.node, "", rings)
    return _phone(flow, name, place.name, flow.centre.of("extension")[place.name]["ring_for"])


def _owner(flow: Flow, extension: str) -> str:
    users = flow.centre.of("user")
    names = [str(users[user]["name"]) for user in flow.centre.owners.get(extension, ())]
    return join_words(names) if names else extension


def _phone(flow: Flow, name: str, extension: str, ring_for: str) -> Box:
    device = flow.centre.of("extension").get(extension, {}).get("device", "none")
    if extension and device == "none":
        return Box(Look.UNSTAFFED, f"Phone: {name}", ("there is no phone",))
    return Box(Look.PEOPLE, f"Phone: {name}", (f"rings for {length_words(seconds(ring_for))}",))


def _node(flow: Flow, place: Place, tree: Filled) -> Box:
    node = tree["nodes"].get(place.node, {"type": ""})
    label = node.get("label") or ""
    quoted = spoken(flow, node.get("prompt"), tree.get("language"))
    match node["type"]:
        case "menu":
            return Box(Look.QUESTION, label or "Menu", quoted, place.name)
        case "collect":
            few, most = node["min_digits"], node["max_digits"]
            digits = f"{most} digits" if few == most else f"{few} to {most} digits"
            return Box(Look.QUESTION, label or f"Asks for {digits}", quoted, place.name)
        case "hours":
            title = f"Open? {_schedule_name(flow, node['schedule'])}"
            week = week_words(flow.centre.of("schedule").get(node["schedule"], {}))
            return Box(Look.HOURS, label or title, (week,) if week else (), place.name)
        case "switch":
            title = f"Switch: {_switch_name(flow, node['switch'])}"
            return Box(Look.HOURS, label or title, (), place.name)
        case "callers":
            return Box(Look.HOURS, label or "Who calls?", (), place.name)
        case "dial":
            extension = node.get("extension") or ""
            found = flow.centre.of("extension").get(extension, {}).get("label")
            name = label or found or (extension and _owner(flow, extension)) or node["number"]
            box = _phone(flow, name, extension, node["ring_for"])
            return Box(box.look, box.title, box.body, place.name)
        case "hangup":
            return Box(Look.END, "Call ends", (*((label,) if label else ()), *quoted), place.name)
        case "play":
            return Box(Look.SPEECH, label, quoted, place.name)
        case _:
            return Box(Look.SPEECH, label or place.node, (), place.name)


def spoken(flow: Flow, prompt: str | None, language: str | None) -> tuple[str, ...]:
    """Quote a prompt; its label or name where only a recording knows the words."""
    if prompt is None:
        return ()
    fields = flow.centre.of("prompt").get(prompt, {})
    text = " ".join(flow.centre.words(prompt, language).split())
    return (f"“{text}”",) if text else (f"plays {fields.get('label') or prompt}",)


def _schedule_name(flow: Flow, schedule: str) -> str:
    return str(flow.centre.of("schedule").get(schedule, {}).get("label") or schedule)


def _switch_name(flow: Flow, switch: str) -> str:
    return str(flow.centre.of("switch").get(switch, {}).get("label") or switch)


def hours_words(flow: Flow, schedule: str) -> str:
    """Write hours: `Any office open (Mon–Fri 07:30–19:00, Sat 08:30–17:00)`."""
    week = week_words(flow.centre.of("schedule").get(schedule, {}))
    name = _schedule_name(flow, schedule)
    return f"{name} ({week})" if week else name


def week_words(schedule: Filled) -> str:
    """Write the hours of a usual week: `Mon–Fri 08:00–18:00`, `day and night`, `never`."""
    week = _week_words(schedule)
    return f"{week}, by season" if week and schedule.get("seasons") else week


def _week_words(schedule: Filled) -> str:
    weekly = schedule.get("weekly")
    if weekly is None:
        return ""
    spans = [tuple(weekly.get(day) or ()) for day in WEEKDAYS]
    if all(span in {("00:00-24:00",), ("00:00-00:00",)} for span in spans):
        return "day and night"
    groups = [
        (list(group), times)
        for times, group in groupby(range(len(WEEKDAYS)), key=spans.__getitem__)
        if times
    ]
    texts = [
        f"{_days(days)}{_TIED}{' and '.join(time.replace('-', '–') for time in times)}"
        for days, times in groups
    ]
    return ", ".join(texts) or "never"


def _days(days: Sequence[int]) -> str:
    first, last = WEEKDAYS[days[0]].title(), WEEKDAYS[days[-1]].title()
    if len(days) == 1:
        return first
    return f"{first}, {last}" if len(days) == 2 else f"{first}–{last}"


def tree_box(flow: Flow, name: str) -> Box:
    """Make one box of another tree."""
    return Box(Look.TREE, f"Menus: {flow.centre.of('ivr')[name].get('label') or name}")


END_BOXES: Mapping[End, Box] = {
    End.HANGUP: Box(Look.END, "Call ends"),
    End.CUT_OFF: Box(Look.BAD, "Cut off"),
    End.WAITS: Box(Look.BAD, "Waits without end"),
    End.ENDLESS: Box(Look.BAD, "Goes round without end"),
}


def arrow_words(ways: Iterable[Transition], jumps: str = "") -> str:
    """Write what makes a call take any of these ways: `press 1 or 2, or says nothing`.

    `jumps` says how the caller joins the queue: `priority 5`.
    """
    found = list(ways)
    keys = sorted({way.key for way in found if way.event is Event.KEY}, key=KEYS.index)
    words = [f"press {join_words([keys_words(key) for key in keys], 'or')}"] if keys else []
    if lists := sorted({way.key for way in found if way.event is Event.LISTED}):
        words.append(f"callers in {join_words(lists, 'or')}")
    waits = {way.seconds for way in found if way.event in {Event.NO_ANSWER, Event.EMPTY}}
    for event in Event:
        if any(way.event is event for way in found) and event not in {
            Event.THEN,
            Event.KEY,
            Event.LISTED,
        }:
            longest = max(waits, default=0) if event is Event.NO_ANSWER else 0
            words.append(
                _EVENTS[event]
                + (f" for {length_words(longest).replace(' ', _TIED)}" if longest else "")
            )
    text = join_words(words, "or") if words else ""
    jumps = jumps.replace(" ", _TIED)
    return f"{text} ({jumps})" if text and jumps else text or jumps


_EVENTS: Mapping[Event, str] = {
    Event.OPEN: "open",
    Event.CLOSED: "closed",
    Event.HOLIDAY: "holiday",
    Event.ON: "on",
    Event.OFF: "off",
    Event.OTHERS: "other callers",
    Event.DIGITS: "enters digits",
    Event.SILENCE: "says nothing",
    Event.WRONG_KEY: "wrong key",
    Event.ANSWERED: "somebody answers",
    Event.NO_ANSWER: "nobody answers",
    Event.EMPTY: "nobody there",
    Event.FULL: "queue full",
    Event.BUSY: "busy",
}


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
    causes: tuple[tuple[str, ...], ...]
    """What makes a call take each arrow, one by one, where its words put them together."""

    @property
    def description(self) -> str:
        """The drawing in sentences, for those who cannot see it."""
        names = [box.title or " ".join(box.body) for box in self.boxes]
        return " ".join(
            f"{names[tail]} → {f'{words} → ' if words else ''}{names[head]}."
            for tail, head, words in self.arrows
        )


DRAWN = ("number", *DESTINATIONS)
"""Kinds that calls enter, in the order in which they are listed."""

_Spot: TypeAlias = Place | tuple[Place, End]
"""What has a box: a place, or an end, each at the place where the call ended."""


def drawing_of(flow: Flow, address: Address) -> Drawing:
    """Draw what callers meet from there on; of other trees only where calls enter them.

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
        causes=tuple(sketch.causes()),
    )


class _Sketch:
    """Spots with their numbers, and the ways between them."""

    def __init__(self, flow: Flow, tree: str | None) -> None:
        self._flow = flow
        self._tree = tree
        self.numbers: dict[_Spot, int] = {}
        self._ways: dict[tuple[_Spot, _Spot], list[tuple[Transition, str]]] = {}

    def beginning(self, start: Place) -> _Spot:
        """Return the spot where calls come in, which gets the first number."""
        spot, _ = self._through(start, start)
        first = spot if isinstance(spot, Place) else start
        self.numbers[first] = 0
        return first

    def leave(self, spot: _Spot) -> Iterator[_Spot]:
        """Yield every spot to which the ways of this one lead, and note the ways."""
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

    def _tells_holidays(self, spot: Place, holiday: Transition) -> bool:
        """Check whether holidays are worth a word: there are some, or they go elsewhere."""
        schedule = self._flow.centre.of("schedule").get(holiday.schedule, {})
        closed = (way for way in self._flow.ways(spot) if way.event is Event.CLOSED)
        has_some = schedule.get("holidays") or schedule.get("calendars")
        return bool(has_some) or all(way.to != holiday.to for way in closed)

    def _through(self, place: Place, origin: Place) -> tuple[_Spot, str]:
        """Return the first spot at or behind a place that has a box, and how a queue is joined."""
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

    def causes(self) -> Iterator[tuple[str, ...]]:
        for found in self._ways.values():
            yield tuple(dict.fromkeys(arrow_words([way], jumps) for way, jumps in found))


def _words(tail: _Spot, found: list[tuple[Transition, str]], *, alone: bool) -> str:
    """Write the words of an arrow; `alone` where no other leaves there."""
    if alone and _is_door_with_hours(tail) and all(way.schedule for way, _ in found):
        return ""
    by_jump: dict[str, list[Transition]] = {}
    for way, jumps in found:
        by_jump.setdefault(jumps, []).append(way)
    return ", ".join(filter(None, (arrow_words(by_jump[j], j) for j in sorted(by_jump)[::-1])))


def _is_door_with_hours(spot: _Spot) -> bool:
    """Check whether schedules alone decide there where a call goes on."""
    return isinstance(spot, Place) and spot.kind in {"number", "ivr"}


def _is_tree(place: Place) -> bool:
    """Check whether another tree as a whole is meant."""
    return place.kind == "ivr" and not place.node


def _hangs_up(flow: Flow, place: Place) -> bool:
    way = flow.ways(place)[0]
    return place.kind == "ivr" and way.end is End.HANGUP and way.event is Event.THEN


def drawable(addresses: Mapping[Address, object]) -> list[Address]:
    """List what can be drawn, numbers first."""
    found = [address for address in addresses if address.kind in DRAWN]
    return sorted(found, key=lambda a: (DRAWN.index(a.kind), a.name))
