"""What the nodes of an IVR tree do with a call."""

from collections.abc import Iterator

from ccstate.journeys.centre import Filled
from ccstate.journeys.doors import Doors
from ccstate.journeys.ways import BRANCHES, KEYS, End, Event, Place, Way
from ccstate.kinds import Path
from ccstate.kinds.fields import seconds


def node_ways(doors: Doors, place: Place, node: Filled, language: str | None) -> Iterator[Way]:
    """Everything that can happen at a node of a tree in that language."""
    match node["type"]:
        case "play":
            yield _play(doors, place, node, language)
        case "menu":
            yield from _menu(doors, place, node, language)
        case "hours":
            yield from _hours(doors, place, node)
        case "collect":
            yield from _collect(doors, place, node, language)
        case "goto":
            yield doors.leads(node["to"], place.name, _in(place, "to"), Way(Event.THEN, None))
        case "queue":
            yield _enters(doors, place, f"queue/{node['queue']}", "queue")
        case "dial":
            yield from _dial(doors, place, node)
        case "voicemail":
            yield _enters(doors, place, f"voicemail/{node['mailbox']}", "mailbox")
        case "hangup":
            length = doors.speech(node.get("prompt"), language)
            yield Way(Event.THEN, None, End.HANGUP, "hangup", length, path=_in(place))


def _enters(doors: Doors, place: Place, target: str, field: str) -> Way:
    return doors.leads(target, place.name, _in(place, field), Way(Event.THEN, None))


def _play(doors: Doors, place: Place, node: Filled, language: str | None) -> Way:
    way = Way(Event.THEN, None, seconds=doors.speech(node["prompt"], language))
    return doors.leads(node["then"], place.name, _in(place, "then"), way)


def _menu(doors: Doors, place: Place, node: Filled, language: str | None) -> Iterator[Way]:
    heard = doors.speech(node["prompt"], language)
    for key in sorted(node["choices"], key=KEYS.index):
        way = Way(Event.KEY, None, seconds=heard, key=key)
        path = _in(place, "choices", key)
        yield doors.leads(node["choices"][key], place.name, path, way)
    tries = node["retries"] + 1
    yield _silence(doors, place, node, tries * (heard + seconds(node["timeout"])))
    if any(key not in node["choices"] for key in KEYS):
        field = "on_invalid" if node.get("on_invalid") else "on_timeout"
        way = Way(Event.WRONG_KEY, None, seconds=tries * heard)
        yield doors.leads(node.get(field), place.name, _in(place, field), way)


def _silence(doors: Doors, place: Place, node: Filled, length: int) -> Way:
    way = Way(Event.SILENCE, None, seconds=length)
    return doors.leads(node.get("on_timeout"), place.name, _in(place, "on_timeout"), way)


def _hours(doors: Doors, place: Place, node: Filled) -> Iterator[Way]:
    for phase, (event, phases) in BRANCHES.items():
        field = phase if node.get(phase) else "closed"
        way = Way(event, None, schedule=node["schedule"], phases=phases)
        yield doors.leads(node[field], place.name, _in(place, field), way)


def _collect(doors: Doors, place: Place, node: Filled, language: str | None) -> Iterator[Way]:
    heard = doors.speech(node["prompt"], language)
    way = Way(Event.DIGITS, None, seconds=heard)
    yield doors.leads(node["then"], place.name, _in(place, "then"), way)
    yield _silence(doors, place, node, (node["retries"] + 1) * (heard + seconds(node["timeout"])))


def _dial(doors: Doors, place: Place, node: Filled) -> Iterator[Way]:
    extension, number = node.get("extension"), node.get("number")
    device = doors.centre.of("extension").get(extension or "", {}).get("device", "none")
    rings = bool(number) or device != "none"
    if rings:
        at = f"number/{number}" if number else f"extension/{extension}"
        field = "number" if number else "extension"
        yield Way(Event.ANSWERED, None, End.HUMAN, at, path=_in(place, field))
    event = Event.NO_ANSWER if rings else Event.EMPTY
    way = Way(event, None, seconds=seconds(node["ring_for"]) if rings else 0)
    path = _in(place, "on_no_answer")
    yield doors.leads(node.get("on_no_answer"), place.name, path, way)


def _in(place: Place, *path: str) -> Path:
    return ("nodes", place.node, *path)
