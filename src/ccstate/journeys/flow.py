"""Everything a caller can meet: what each place does with a call.

This is the one place that says what a number, a tree, a queue, an extension or a mailbox does with
a call. Simulation, rules and drawings read it from here, and platforms are tested against it.
"""

from collections.abc import Iterable, Iterator, Mapping

from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.doors import Doors
from ccstate.journeys.moments import Phases
from ccstate.journeys.staffing import Presence, presence, ringing_follows, ringing_members
from ccstate.journeys.trees import asked_lists, node_ways
from ccstate.journeys.ways import (
    ANY,
    BRANCHES,
    HOURS,
    KEYS,
    MAILBOX,
    NOT_OPEN,
    OPEN,
    POSITIONS,
    SWITCH,
    TURNED,
    End,
    Event,
    Place,
    Says,
    Way,
    unknown,
)
from ccstate.kinds.fields import seconds


class Flow(Doors):
    """The ways of calls through one centre; each place is worked out once."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre)
        self._ways: dict[Place, tuple[Way, ...]] = {}
        self._possible: dict[tuple[Place, Says], tuple[Way, ...]] = {}
        self._next_keys: dict[Place, Mapping[str, frozenset[str]]] = {}

    def ways(self, place: Place) -> tuple[Way, ...]:
        """Everything that can happen at a place, whatever the hour."""
        found = self._ways.get(place)
        if found is None:
            fields = self.centre.of(place.kind).get(place.name)
            found = () if fields is None else tuple(_ways(self, place, fields))
            if not found:
                found = (Way(Event.THEN, None, End.CUT_OFF),)
            self._ways[place] = found
        return found

    def possible(self, place: Place, phases: Phases) -> tuple[Way, ...]:
        """What can happen at a place while schedules, switches and caller lists say this; never empty."""
        ways = self.ways(place)
        schedule = ways[0].schedule  # the same for all ways of a place
        if not schedule:
            return ways
        phase = phases.get(schedule) or unknown(schedule)
        found = self._possible.get((place, phase))
        if found is None:
            found = tuple(way for way in ways if phase in way.phases)
            self._possible[place, phase] = found
        return found

    def next_keys(self, place: Place) -> Mapping[str, frozenset[str]]:
        """Keys that may follow each beginning of what can be entered at a place, "" included."""
        if place not in self._next_keys:
            found: dict[str, set[str]] = {}
            for entered in (way.key for way in self.ways(place)):
                for length, key in enumerate(entered):
                    found.setdefault(entered[:length], set()).add(key)
            self._next_keys[place] = {start: frozenset(keys) for start, keys in found.items()}
        return self._next_keys[place]

    def reached(self, start: Place) -> list[Place]:
        """Every place that a call from there can come to, whatever the hour; nearest first."""
        seen = {start: None}
        for place in (todo := [start]):
            for way in self.ways(place):
                if way.to is not None and way.to not in seen:
                    seen[way.to] = None
                    todo.append(way.to)
        return todo

    def schedules(self, places: Iterable[Place]) -> frozenset[str]:
        """The schedules, switches and caller lists that decide anything at these places."""
        return frozenset(w.schedule for place in places for w in self.ways(place) if w.schedule)


def _ways(flow: Flow, place: Place, fields: Filled) -> Iterator[Way]:
    match place.kind:
        case "number":
            yield from _number(flow, place, fields)
        case "extension" if place.node == MAILBOX:
            yield from _mailbox(flow, place, fields)
        case "extension" if place.node:
            yield from _forwarded_outside(place, fields)
        case "extension":
            yield from _extension(flow, place, fields)
        case "queue":
            yield from _queue(flow, place, fields)
        case "conference_room":
            yield from _conference_room(flow, place, fields)
        case "ring_group":
            yield from _ring_group(flow, place, fields)
        case "ivr" if place.node in fields["nodes"]:
            yield from node_ways(flow, place, fields["nodes"][place.node], fields.get("language"))


def _number(flow: Flow, place: Place, number: Filled) -> Iterator[Way]:
    """Caller lists are asked first, then the switch, then the schedule."""
    if number.get("callers") and not place.node:
        yield from _by_caller(flow, place, number)
    elif number.get("switch") and place.node != HOURS:
        yield from _switched(flow, place, number)
    else:
        yield from _by_hours(flow, number)


def _by_caller(flow: Flow, place: Place, number: Filled) -> Iterator[Way]:
    ways, others = asked_lists(number["callers"])
    for index, (way, to) in enumerate(ways):
        yield flow.leads(to, "", ("callers", index, "to"), way)
    for field, node in (("switch", TURNED), ("hours", HOURS)):
        if number.get(field):
            yield others._replace(to=place._replace(node=node), path=(field,))
            return
    yield flow.leads(number["to"], "", ("to",), others)


def _switched(flow: Flow, place: Place, number: Filled) -> Iterator[Way]:
    """A number that asks a switch; behind it, it is at its hours."""
    schedule = SWITCH + number["switch"]
    hours = place._replace(node=HOURS)
    for position, (event, phases) in POSITIONS.items():
        way = Way(event, None, schedule=schedule, phases=phases)
        if position == "on" and number.get("on"):
            yield flow.leads(number["on"], "", ("on",), way)
        elif number.get("hours"):
            yield way._replace(to=hours, path=("hours",))
        else:
            yield flow.leads(number["to"], "", ("to",), way)


def _by_hours(flow: Flow, number: Filled) -> Iterator[Way]:
    schedule = number.get("hours")
    if not schedule:
        yield flow.leads(number["to"], "", ("to",), Way(Event.THEN, None))
        return
    closed = "closed" if number.get("closed") else "to"
    holiday = "holiday" if number.get("holiday") else closed
    for phase, field in (("open", "to"), ("closed", closed), ("holiday", holiday)):
        event, phases = BRANCHES[phase]
        way = Way(event, None, schedule=schedule, phases=phases)
        yield flow.leads(number[field], "", (field,), way)


def _mailbox(flow: Flow, place: Place, extension: Filled) -> Iterator[Way]:
    if (mailbox := extension.get("voicemail")) is not None:
        length = flow.speech(mailbox.get("greeting"))
        at = f"voicemail/{place.name}"
        yield Way(Event.THEN, None, End.MESSAGE, at, length, path=("voicemail",))


def _extension(flow: Flow, place: Place, extension: Filled) -> Iterator[Way]:
    forward = extension.get("forward") or {}
    if forward.get("always"):
        yield _forwarded(flow, place, forward, "always", Way(Event.THEN, None))
        return
    rings = extension["device"] != "none"
    turns = [extension["ring_for"]] if rings else []
    turns += [follow["ring_for"] for follow in ringing_follows(flow.centre, extension)]
    notice = flow.notice(extension) if turns else 0
    if turns:
        yield Way(Event.ANSWERED, None, End.HUMAN, str(place), notice)
    event = Event.NO_ANSWER if turns else Event.EMPTY
    way = Way(event, None, seconds=notice + sum(map(seconds, turns)))
    if forward.get("no_answer"):
        yield _forwarded(flow, place, forward, "no_answer", way)
    else:
        yield _to_mailbox(place, extension, way)
    for field, event in (("busy", Event.BUSY), ("unavailable", Event.EMPTY)) if rings else ():
        if forward.get(field):
            yield _forwarded(flow, place, forward, field, Way(event, None, seconds=notice))


def _forwarded(flow: Flow, place: Place, forward: Filled, field: str, way: Way) -> Way:
    """A way to where the extension forwards; an outside number is a node of the extension."""
    path = ("forward", field)
    if forward[field].startswith("+"):
        return way._replace(to=place._replace(node=forward[field]), path=path)
    return flow.leads(forward[field], "", path, way)


def _forwarded_outside(place: Place, extension: Filled) -> Iterator[Way]:
    yield Way(Event.ANSWERED, None, End.HUMAN, f"number/{place.node}")
    way = Way(Event.NO_ANSWER, None, seconds=seconds(extension["ring_for"]))
    yield _to_mailbox(place, extension, way)


def _to_mailbox(place: Place, extension: Filled, way: Way) -> Way:
    """A way to the mailbox of the extension, or to the end of the call where it has none."""
    if extension.get("voicemail") is None:
        return way._replace(end=End.CUT_OFF)
    return way._replace(to=place._replace(node=MAILBOX), path=("voicemail",))


def _conference_room(flow: Flow, place: Place, room: Filled) -> Iterator[Way]:
    """Whoever comes here knows the PIN that is asked for."""
    notice = flow.notice(room)
    event = Event.ANSWERED if room["max_members"] else Event.THEN
    yield Way(event, None, End.HUMAN, str(place), notice)
    if room["max_members"]:
        yield Way(Event.BUSY, None, End.CUT_OFF, seconds=notice)


def _ring_group(flow: Flow, place: Place, group: Filled) -> Iterator[Way]:
    phones = ringing_members(flow.centre, group)
    if phones:
        yield Way(Event.ANSWERED, None, End.HUMAN, str(place))
    turns = len(phones) if group["strategy"] == "in_order" else min(len(phones), 1)
    event = Event.NO_ANSWER if phones else Event.EMPTY
    way = Way(event, None, seconds=turns * seconds(group["ring_for"]))
    yield flow.leads(group.get("no_answer"), "", ("no_answer",), way)


def _exits(flow: Flow, keys: Mapping[str, str], welcome: int) -> Iterator[Way]:
    """The ways out of a queue by key, once its welcome is over."""
    for key in sorted(keys, key=KEYS.index):
        way = Way(Event.KEY, None, seconds=welcome, key=key)
        yield flow.leads(keys[key], "", ("keys", key), way)


def _queue(flow: Flow, place: Place, queue: Filled) -> Iterator[Way]:
    overflow = queue.get("overflow") or {}
    hours = queue.get("hours") or ""
    announcements = queue.get("announcements") or {}
    welcome = flow.notice(queue) + flow.speech(announcements.get("welcome"))
    waited = Way(Event.NO_ANSWER, None, End.WAITS, str(place))
    if overflow.get("after"):
        way = Way(Event.NO_ANSWER, None, seconds=seconds(overflow["after"]))
        waited = flow.leads(overflow.get("to"), "", ("overflow", "to"), way)
    empty = waited._replace(event=Event.EMPTY)
    if overflow.get("empty"):
        empty = flow.leads(overflow["empty"], "", ("overflow", "empty"), Way(Event.EMPTY, None))
    present = presence(flow.centre, queue)
    if present is Presence.NOBODY:
        yield empty
        return
    staffed = Way(Event.ANSWERED, None, End.HUMAN, str(place), welcome)
    ways = [staffed, waited]
    if queue["max_waiting"]:
        way = Way(Event.FULL, None)
        ways.append(flow.leads(overflow.get("full"), "", ("overflow", "full"), way))
    is_uncertain = present is Presence.UNCERTAIN
    keys = queue.get("keys") or {}
    may_be_empty = not hours and (is_uncertain or bool(overflow.get("empty")))
    if may_be_empty or (is_uncertain and keys):
        ways.append(empty)
    if keys:
        ways = [*(way._replace(has_exits=True) for way in ways), *_exits(flow, keys, welcome)]
    if not hours:
        yield from ways
        return
    for way in ways:
        yield way._replace(schedule=hours, phases=OPEN)
    yield empty._replace(schedule=hours, phases=ANY if is_uncertain and not keys else NOT_OPEN)
