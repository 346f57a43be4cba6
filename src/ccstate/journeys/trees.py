"""What the nodes of an IVR tree do with a call."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from ccstate.journeys.centre import Filled
from ccstate.journeys.doors import Doors
from ccstate.journeys.ways import (
    BRANCHES,
    CALLERS,
    KEYS,
    POSITIONS,
    SWITCH,
    End,
    Event,
    Listed,
    Place,
    Says,
    Way,
)
from ccstate.kinds import Path
from ccstate.kinds.fields import seconds


def node_ways(doors: Doors, place: Place, node: Filled, language: str | None) -> Iterator[Way]:
    """Everything that can happen at a node of a tree in that language."""
    match node["type"]:
        case "play":
            yield _play(doors, place, node, language)
        case "menu":
            yield from _menu(doors, place, node, language)
        case "hours" | "switch" | "callers":
            yield from _decided(doors, place, node)
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
    choices = node["choices"]
    for key in sorted(choices, key=KEYS.index):
        way = Way(Event.KEY, None, seconds=heard, key=key)
        yield doors.leads(choices[key], place.name, _in(place, "choices", key), way)
    for number, name in dialled_extensions(doors, node).items():
        way = Way(Event.KEY, None, seconds=heard, key=number)
        yield doors.leads(f"extension/{name}", place.name, _in(place, "dial_extensions"), way)
    tries = node["retries"] + 1
    yield _silence(doors, place, node, tries * (heard + seconds(node["timeout"])))
    if wrong_keys(doors, node):
        field = "on_invalid" if node.get("on_invalid") else "on_timeout"
        way = Way(Event.WRONG_KEY, None, seconds=tries * heard)
        yield doors.leads(node.get(field), place.name, _in(place, field), way)


def dialled_extensions(doors: Doors, menu: Filled) -> Mapping[str, str]:
    """Extensions that callers can dial at a menu, by their numbers; a choice goes first."""
    if not menu["dial_extensions"]:
        return {}
    found = doors.dialled_extensions(menu.get("dial_sites"))
    return {number: name for number, name in found.items() if number not in menu["choices"]}


def wrong_keys(doors: Doors, menu: Filled) -> str:
    """Keys with which a caller presses nothing that the menu knows; "" where there are none.

    One key where any is free, or else a number that no extension has.
    """
    dialled = dialled_extensions(doors, menu)
    taken = {*menu["choices"], *(number[0] for number in dialled)}
    free = next((key for key in reversed(KEYS) if key not in taken), "")
    begun = next((number[0] for number in dialled if len(number) > 1), "")
    return free or (f"{begun}#" if begun else "")


def other_digits(node: Filled) -> str:
    """Digits that a question takes and that are none of its choices; "" where all of them are."""
    fewest, most = int(node["min_digits"]), int(node["max_digits"])
    choices = node.get("choices") or {}
    ones = (("1" * length) for length in range(fewest, most + 1))
    counted = (
        str(number).zfill(length)
        for length in range(fewest, most + 1)
        for number in range(min(10**length, len(choices) + 1))
    )
    return next((digits for digits in chain(ones, counted) if digits not in choices), "")


def _silence(doors: Doors, place: Place, node: Filled, length: int) -> Way:
    way = Way(Event.SILENCE, None, seconds=length)
    return doors.leads(node.get("on_timeout"), place.name, _in(place, "on_timeout"), way)


def asked_lists(entries: Sequence[Filled]) -> tuple[list[tuple[Way, str]], Way]:
    """The way of each list that is asked, and where it leads; and the way of all other callers."""
    name = CALLERS + ",".join(entry["list"] for entry in entries)
    ways = [
        (
            Way(Event.LISTED, None, key=e["list"], schedule=name, phases=_says(e["list"])),
            str(e["to"]),
        )
        for e in entries
    ]
    return ways, Way(Event.OTHERS, None, schedule=name, phases=_says(""))


def _says(name: str) -> frozenset[Says]:
    return frozenset({Listed(name)})


def _callers(doors: Doors, place: Place, node: Filled) -> Iterator[Way]:
    ways, others = asked_lists(node["callers"])
    for index, (way, to) in enumerate(ways):
        yield doors.leads(to, place.name, (*_in(place, "callers"), index, "to"), way)
    yield doors.leads(node["others"], place.name, _in(place, "others"), others)


def _decided(doors: Doors, place: Place, node: Filled) -> Iterator[Way]:
    """A node that a schedule, a switch or lists of callers decide."""
    if node["type"] == "callers":
        yield from _callers(doors, place, node)
        return
    is_switch = node["type"] == "switch"
    schedule = SWITCH + node["switch"] if is_switch else node["schedule"]
    for phase, (event, phases) in (POSITIONS if is_switch else BRANCHES).items():
        field = phase if node.get(phase) else "closed"
        way = Way(event, None, schedule=schedule, phases=phases)
        yield doors.leads(node[field], place.name, _in(place, field), way)


def _collect(doors: Doors, place: Place, node: Filled, language: str | None) -> Iterator[Way]:
    heard = doors.speech(node["prompt"], language)
    choices = node.get("choices") or {}
    for digits in sorted(choices):
        way = Way(Event.DIGITS, None, seconds=heard, key=digits)
        yield doors.leads(choices[digits], place.name, _in(place, "choices", digits), way)
    if other_digits(node):
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
