"""The flow of calls: what each place of a centre does with a call.

This is the one place that says what a number, a tree, a queue, an extension or a mailbox does with
a call. Simulation, rules and drawings read it from here, and platforms are tested against it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from ccstate.journeys.centre import Centre, Filled, spoken_seconds
from ccstate.journeys.location import site_of
from ccstate.journeys.moments import Phases
from ccstate.journeys.staffing import Presence, presence, ringing_follows, ringing_members
from ccstate.journeys.ways import (
    ANY,
    BRANCHES,
    CALLERS,
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
    Listed,
    Place,
    Says,
    Transition,
    unknown,
)
from ccstate.kinds import Path
from ccstate.kinds.fields import seconds
from ccstate.model import Address


class EntryPoints:
    """The entrances of one centre, as destinations name them."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self._numbers: dict[str, str] | None = None

    def entrance(self, address: Address) -> Place | None:
        """Return the place where calls to an address come in; None where there is no such thing."""
        kind = "extension" if address.kind == "voicemail" else address.kind
        fields = self.centre.of(kind).get(address.name)
        if fields is None:
            return None
        if kind == "ivr":
            return Place("ivr", address.name, fields["start"])
        node = "voicemail" if address.kind == "voicemail" else ""
        return Place(kind, address.name, node)

    def leads(self, target: str | None, tree: str, path: Path, way: Transition) -> Transition:
        """Lead the way to its destination: a node of the tree, an address, or an end.

        None is a destination that is not declared: the call is cut off there.
        """
        if target is None:
            return way._replace(end=End.CUT_OFF, path=path)
        if target == "hangup":
            return way._replace(end=End.HANGUP, at="hangup", path=path)
        kind, slash, name = target.partition("/")
        if slash:
            to = self.entrance(Address(kind, name))
        else:
            nodes = self.centre.of("ivr")[tree]["nodes"] if tree else {}
            to = Place("ivr", tree, target) if target in nodes else None
        return way._replace(to=to, end=None if to else End.CUT_OFF, path=path)

    def dialled_extensions(self, sites: Iterable[str] | None) -> dict[str, str]:
        """Return the extensions of these sites by the digits dialled for them.

        None is every site.
        """
        if self._numbers is None:
            found = {
                fields.get("number") or name: name
                for name, fields in sorted(self.centre.of("extension").items())
            }
            self._numbers = {number: name for number, name in found.items() if number.isdigit()}
        if sites is None:
            return self._numbers
        chosen = frozenset(sites)
        return {
            number: name
            for number, name in self._numbers.items()
            if site_of(self.centre, name) in chosen
        }

    def notice(self, fields: Filled) -> int:
        """Return the seconds of the notice of a recording; 0 where calls are not recorded."""
        recording = fields.get("recording") or {}
        records = recording.get("when", "never") != "never"
        return self.speech(recording.get("notice")) if records else 0

    def speech(self, prompt: str | None, language: str | None = None) -> int:
        """Return the seconds that a prompt takes, by its words; 0 where it has none."""
        return spoken_seconds(self.centre.words(prompt, language))


class Flow(EntryPoints):
    """The ways of calls through one centre; each place is worked out once."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre)
        self._ways: dict[Place, tuple[Transition, ...]] = {}
        self._possible: dict[tuple[Place, Says], tuple[Transition, ...]] = {}
        self._next_keys: dict[Place, Mapping[str, frozenset[str]]] = {}

    def ways(self, place: Place) -> tuple[Transition, ...]:
        """Return the ways of calls from a place, whatever the hour."""
        found = self._ways.get(place)
        if found is None:
            fields = self.centre.of(place.kind).get(place.name)
            found = () if fields is None else tuple(_ways(self, place, fields))
            if not found:
                found = (Transition(Event.THEN, None, End.CUT_OFF),)
            self._ways[place] = found
        return found

    def possible(self, place: Place, phases: Phases) -> tuple[Transition, ...]:
        """Return the ways of calls from a place in one schedule state; never empty."""
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
        """Return the keys that may follow each beginning of an entry at a place, "" included."""
        if place not in self._next_keys:
            found: dict[str, set[str]] = {}
            for entered in (way.key for way in self.ways(place)):
                for length, key in enumerate(entered):
                    found.setdefault(entered[:length], set()).add(key)
            self._next_keys[place] = {start: frozenset(keys) for start, keys in found.items()}
        return self._next_keys[place]

    def reached(self, start: Place) -> list[Place]:
        """Return the places that a call from there can come to, whatever the hour.

        Nearest first.
        """
        seen = {start: None}
        for place in (todo := [start]):
            for way in self.ways(place):
                if way.to is not None and way.to not in seen:
                    seen[way.to] = None
                    todo.append(way.to)
        return todo

    def schedules(self, places: Iterable[Place]) -> frozenset[str]:
        """Name the schedules, switches and caller lists that decide anything at these places."""
        return frozenset(w.schedule for place in places for w in self.ways(place) if w.schedule)


def _ways(flow: Flow, place: Place, fields: Filled) -> Iterator[Transition]:
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


def _number(flow: Flow, place: Place, number: Filled) -> Iterator[Transition]:
    """Yield the ways from a number, which asks its lists first, then switch and schedule."""
    if number.get("callers") and not place.node:
        yield from _by_caller(flow, place, number)
    elif number.get("switch") and place.node != HOURS:
        yield from _at_switch(flow, place, number)
    else:
        yield from _by_hours(flow, number)


def _by_caller(flow: Flow, place: Place, number: Filled) -> Iterator[Transition]:
    ways, others = asked_lists(number["callers"])
    for index, (way, to) in enumerate(ways):
        yield flow.leads(to, "", ("callers", index, "to"), way)
    for field, node in (("switch", TURNED), ("hours", HOURS)):
        if number.get(field):
            yield others._replace(to=place._replace(node=node), path=(field,))
            return
    yield flow.leads(number["to"], "", ("to",), others)


def _at_switch(flow: Flow, place: Place, number: Filled) -> Iterator[Transition]:
    """Yield the ways from a number that asks a switch; behind it, it is at its hours."""
    schedule = SWITCH + number["switch"]
    hours = place._replace(node=HOURS)
    for position, (event, phases) in POSITIONS.items():
        way = Transition(event, None, schedule=schedule, phases=phases)
        if position == "on" and number.get("on"):
            yield flow.leads(number["on"], "", ("on",), way)
        elif number.get("hours"):
            yield way._replace(to=hours, path=("hours",))
        else:
            yield flow.leads(number["to"], "", ("to",), way)


def _by_hours(flow: Flow, number: Filled) -> Iterator[Transition]:
    schedule = number.get("hours")
    if not schedule:
        yield flow.leads(number["to"], "", ("to",), Transition(Event.THEN, None))
        return
    closed = "closed" if number.get("closed") else "to"
    holiday = "holiday" if number.get("holiday") else closed
    for phase, field in (("open", "to"), ("closed", closed), ("holiday", holiday)):
        event, phases = BRANCHES[phase]
        way = Transition(event, None, schedule=schedule, phases=phases)
        yield flow.leads(number[field], "", (field,), way)


def _mailbox(flow: Flow, place: Place, extension: Filled) -> Iterator[Transition]:
    if (mailbox := extension.get("voicemail")) is not None:
        length = flow.speech(mailbox.get("greeting"))
        at = f"voicemail/{place.name}"
        yield Transition(Event.THEN, None, End.MESSAGE, at, length, path=("voicemail",))


def _extension(flow: Flow, place: Place, extension: Filled) -> Iterator[Transition]:
    forward = extension.get("forward") or {}
    if forward.get("always"):
        yield _forwarding(flow, place, forward, "always", Transition(Event.THEN, None))
        return
    rings = extension["device"] != "none"
    turns = [extension["ring_for"]] if rings else []
    turns += [follow["ring_for"] for follow in ringing_follows(flow.centre, extension)]
    notice = flow.notice(extension) if turns else 0
    if turns:
        yield Transition(Event.ANSWERED, None, End.HUMAN, str(place), notice)
    event = Event.NO_ANSWER if turns else Event.EMPTY
    way = Transition(event, None, seconds=notice + sum(map(seconds, turns)))
    if forward.get("no_answer"):
        yield _forwarding(flow, place, forward, "no_answer", way)
    else:
        yield _to_mailbox(place, extension, way)
    for field, event in (("busy", Event.BUSY), ("unavailable", Event.EMPTY)) if rings else ():
        if forward.get(field):
            yield _forwarding(flow, place, forward, field, Transition(event, None, seconds=notice))


def _forwarding(
    flow: Flow, place: Place, forward: Filled, field: str, way: Transition
) -> Transition:
    """Return a way to where the extension forwards.

    An outside number is a node of the extension.
    """
    path = ("forward", field)
    if forward[field].startswith("+"):
        return way._replace(to=place._replace(node=forward[field]), path=path)
    return flow.leads(forward[field], "", path, way)


def _forwarded_outside(place: Place, extension: Filled) -> Iterator[Transition]:
    yield Transition(Event.ANSWERED, None, End.HUMAN, f"number/{place.node}")
    way = Transition(Event.NO_ANSWER, None, seconds=seconds(extension["ring_for"]))
    yield _to_mailbox(place, extension, way)


def _to_mailbox(place: Place, extension: Filled, way: Transition) -> Transition:
    """Return a way to the extension's mailbox, or to the end of the call where it has none."""
    if extension.get("voicemail") is None:
        return way._replace(end=End.CUT_OFF)
    return way._replace(to=place._replace(node=MAILBOX), path=("voicemail",))


def _conference_room(flow: Flow, place: Place, room: Filled) -> Iterator[Transition]:
    """Yield the ways into a conference room: callers who come here know its PIN."""
    notice = flow.notice(room)
    event = Event.ANSWERED if room["max_members"] else Event.THEN
    yield Transition(event, None, End.HUMAN, str(place), notice)
    if room["max_members"]:
        yield Transition(Event.BUSY, None, End.CUT_OFF, seconds=notice)


def _ring_group(flow: Flow, place: Place, group: Filled) -> Iterator[Transition]:
    phones = ringing_members(flow.centre, group)
    if phones:
        yield Transition(Event.ANSWERED, None, End.HUMAN, str(place))
    turns = len(phones) if group["strategy"] == "in_order" else min(len(phones), 1)
    event = Event.NO_ANSWER if phones else Event.EMPTY
    way = Transition(event, None, seconds=turns * seconds(group["ring_for"]))
    yield flow.leads(group.get("no_answer"), "", ("no_answer",), way)


def _exits(flow: Flow, keys: Mapping[str, str], welcome: int) -> Iterator[Transition]:
    """Yield the ways out of a queue by key, once its welcome is over."""
    for key in sorted(keys, key=KEYS.index):
        way = Transition(Event.KEY, None, seconds=welcome, key=key)
        yield flow.leads(keys[key], "", ("keys", key), way)


def _queue(flow: Flow, place: Place, queue: Filled) -> Iterator[Transition]:
    overflow = queue.get("overflow") or {}
    hours = queue.get("hours") or ""
    announcements = queue.get("announcements") or {}
    welcome = flow.notice(queue) + flow.speech(announcements.get("welcome"))
    waited = Transition(Event.NO_ANSWER, None, End.WAITS, str(place))
    if overflow.get("after"):
        way = Transition(Event.NO_ANSWER, None, seconds=seconds(overflow["after"]))
        waited = flow.leads(overflow.get("to"), "", ("overflow", "to"), way)
    empty = waited._replace(event=Event.EMPTY)
    if overflow.get("empty"):
        empty = flow.leads(
            overflow["empty"], "", ("overflow", "empty"), Transition(Event.EMPTY, None)
        )
    present = presence(flow.centre, queue)
    if present is Presence.NONE:
        yield empty
        return
    staffed = Transition(Event.ANSWERED, None, End.HUMAN, str(place), welcome)
    ways = [staffed, waited]
    if queue["max_waiting"]:
        way = Transition(Event.FULL, None)
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


def node_ways(
    entries: EntryPoints, place: Place, node: Filled, language: str | None
) -> Iterator[Transition]:
    """Yield what can happen at a node of a tree in that language."""
    match node["type"]:
        case "play":
            yield _play(entries, place, node, language)
        case "menu":
            yield from _menu(entries, place, node, language)
        case "hours" | "switch" | "callers":
            yield from _decision(entries, place, node)
        case "collect":
            yield from _collect(entries, place, node, language)
        case "goto":
            yield entries.leads(
                node["to"], place.name, _in(place, "to"), Transition(Event.THEN, None)
            )
        case "queue":
            yield _enters(entries, place, f"queue/{node['queue']}", "queue")
        case "dial":
            yield from _dial(entries, place, node)
        case "voicemail":
            yield _enters(entries, place, f"voicemail/{node['mailbox']}", "mailbox")
        case "hangup":
            length = entries.speech(node.get("prompt"), language)
            yield Transition(Event.THEN, None, End.HANGUP, "hangup", length, path=_in(place))


def _enters(entries: EntryPoints, place: Place, target: str, field: str) -> Transition:
    return entries.leads(target, place.name, _in(place, field), Transition(Event.THEN, None))


def _play(entries: EntryPoints, place: Place, node: Filled, language: str | None) -> Transition:
    way = Transition(Event.THEN, None, seconds=entries.speech(node["prompt"], language))
    return entries.leads(node["then"], place.name, _in(place, "then"), way)


def _menu(
    entries: EntryPoints, place: Place, node: Filled, language: str | None
) -> Iterator[Transition]:
    prompt_seconds = entries.speech(node["prompt"], language)
    choices = node["choices"]
    for key in sorted(choices, key=KEYS.index):
        way = Transition(Event.KEY, None, seconds=prompt_seconds, key=key)
        yield entries.leads(choices[key], place.name, _in(place, "choices", key), way)
    for number, name in dialled_extensions(entries, node).items():
        way = Transition(Event.KEY, None, seconds=prompt_seconds, key=number)
        yield entries.leads(f"extension/{name}", place.name, _in(place, "dial_extensions"), way)
    tries = node["retries"] + 1
    yield _silence(entries, place, node, tries * (prompt_seconds + seconds(node["timeout"])))
    if wrong_keys(entries, node):
        field = "on_invalid" if node.get("on_invalid") else "on_timeout"
        way = Transition(Event.WRONG_KEY, None, seconds=tries * prompt_seconds)
        yield entries.leads(node.get(field), place.name, _in(place, field), way)


def dialled_extensions(entries: EntryPoints, menu: Filled) -> Mapping[str, str]:
    """Return the extensions that callers can dial at a menu; a choice goes first."""
    if not menu["dial_extensions"]:
        return {}
    found = entries.dialled_extensions(menu.get("dial_sites"))
    return {number: name for number, name in found.items() if number not in menu["choices"]}


def wrong_keys(entries: EntryPoints, menu: Filled) -> str:
    """Return the keys of which the menu knows none; "" where there are no such keys.

    One key where any is free, or else a number that no extension has.
    """
    dialled = dialled_extensions(entries, menu)
    taken = {*menu["choices"], *(number[0] for number in dialled)}
    free = next((key for key in reversed(KEYS) if key not in taken), "")
    begun = next((number[0] for number in dialled if len(number) > 1), "")
    return free or (f"{begun}#" if begun else "")


def other_digits(node: Filled) -> str:
    """Return the digits that a question takes and that are none of its choices; "" for none."""
    fewest, most = int(node["min_digits"]), int(node["max_digits"])
    choices = node.get("choices") or {}
    ones = (("1" * length) for length in range(fewest, most + 1))
    counted = (
        str(number).zfill(length)
        for length in range(fewest, most + 1)
        for number in range(min(10**length, len(choices) + 1))
    )
    return next((digits for digits in chain(ones, counted) if digits not in choices), "")


def _silence(entries: EntryPoints, place: Place, node: Filled, length: int) -> Transition:
    way = Transition(Event.SILENCE, None, seconds=length)
    return entries.leads(node.get("on_timeout"), place.name, _in(place, "on_timeout"), way)


def asked_lists(entries: Sequence[Filled]) -> tuple[list[tuple[Transition, str]], Transition]:
    """Return the way of each list, with where it leads, and the way of all other callers."""
    name = CALLERS + ",".join(entry["list"] for entry in entries)
    ways = [
        (
            Transition(Event.LISTED, None, key=e["list"], schedule=name, phases=_says(e["list"])),
            str(e["to"]),
        )
        for e in entries
    ]
    return ways, Transition(Event.OTHERS, None, schedule=name, phases=_says(""))


def _says(name: str) -> frozenset[Says]:
    return frozenset({Listed(name)})


def _callers(entries: EntryPoints, place: Place, node: Filled) -> Iterator[Transition]:
    ways, others = asked_lists(node["callers"])
    for index, (way, to) in enumerate(ways):
        yield entries.leads(to, place.name, (*_in(place, "callers"), index, "to"), way)
    yield entries.leads(node["others"], place.name, _in(place, "others"), others)


def _decision(entries: EntryPoints, place: Place, node: Filled) -> Iterator[Transition]:
    """Make the step of a node that a schedule, a switch or lists of callers decide."""
    if node["type"] == "callers":
        yield from _callers(entries, place, node)
        return
    is_switch = node["type"] == "switch"
    schedule = SWITCH + node["switch"] if is_switch else node["schedule"]
    for phase, (event, phases) in (POSITIONS if is_switch else BRANCHES).items():
        field = phase if node.get(phase) else "closed"
        way = Transition(event, None, schedule=schedule, phases=phases)
        yield entries.leads(node[field], place.name, _in(place, field), way)


def _collect(
    entries: EntryPoints, place: Place, node: Filled, language: str | None
) -> Iterator[Transition]:
    prompt_seconds = entries.speech(node["prompt"], language)
    choices = node.get("choices") or {}
    for digits in sorted(choices):
        way = Transition(Event.DIGITS, None, seconds=prompt_seconds, key=digits)
        yield entries.leads(choices[digits], place.name, _in(place, "choices", digits), way)
    if other_digits(node):
        way = Transition(Event.DIGITS, None, seconds=prompt_seconds)
        yield entries.leads(node["then"], place.name, _in(place, "then"), way)
    yield _silence(
        entries, place, node, (node["retries"] + 1) * (prompt_seconds + seconds(node["timeout"]))
    )


def _dial(entries: EntryPoints, place: Place, node: Filled) -> Iterator[Transition]:
    extension, number = node.get("extension"), node.get("number")
    device = entries.centre.of("extension").get(extension or "", {}).get("device", "none")
    rings = bool(number) or device != "none"
    if rings:
        at = f"number/{number}" if number else f"extension/{extension}"
        field = "number" if number else "extension"
        yield Transition(Event.ANSWERED, None, End.HUMAN, at, path=_in(place, field))
    event = Event.NO_ANSWER if rings else Event.EMPTY
    way = Transition(event, None, seconds=seconds(node["ring_for"]) if rings else 0)
    path = _in(place, "on_no_answer")
    yield entries.leads(node.get("on_no_answer"), place.name, path, way)


def _in(place: Place, *path: str) -> Path:
    return ("nodes", place.node, *path)
