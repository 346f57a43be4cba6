"""Calls that leave the house: by which route and trunks, and whose number and name they show.

Asterisk is configured in the same order (seen on 16.28 and 22.10); see `shown` for the precedence.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from ccstate.dialling.routing import Dialling, Leaves
from ccstate.dialling.shown import EMERGENCY, ORDINARY, Shown, Source, number_shown
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import zone_named
from ccstate.journeys.location import location_of, person_of
from ccstate.journeys.moments import WITHHELD
from ccstate.journeys.walk import Call, Journey, Step
from ccstate.journeys.ways import MAILBOX, End, Event, Place, Transition

CALLER = "caller"
"""The source of a number that the caller brings along: an internal one, or that of an outside caller."""


class TrunkCall(NamedTuple):
    """A call to `number` that leaves by a trunk, as the called party is shown it.

    `shown` is a number, `withheld`, or "" where the caller is not known; `source` is the field that
    says it, or `caller`. `name` is "" where none is shown.
    """

    number: str
    trunk: str
    shown: str
    name: str
    source: str


def extension_of(centre: Centre, caller: str) -> str:
    """Name the extension behind an internal number; "" for any other caller."""
    found = Dialling(centre).inside.get(caller)
    return found.name if found and found.kind == "extension" else ""


def dialled_out(flow: Flow, extension: str, digits: str, at: datetime) -> Call | None:
    """Dial an outside number from a phone; None where no route takes it.

    Where the extension lacks the permission that the route asks for, the call is cut off.
    """
    centre = flow.centre
    site = location_of(centre, extension).site
    dialling = Dialling(centre)
    leaves = dialling.dial(site, digits)
    if not isinstance(leaves, Leaves):
        return None
    start = Place("outbound_route", leaves.route)
    way = Transition(Event.ANSWERED, None, End.HUMAN, f"number/{digits}")
    if lacking_permission(centre, extension, leaves.route):
        way = Transition(Event.THEN, None, End.CUT_OFF)
    journey = Journey((Step(start, way),), way.end or End.CUT_OFF, way.at)
    zone = zone_named(centre.of("site").get(site, {}).get("timezone") or "UTC")
    return Call(start, at, zone, (), {}, journey, journey)


def lacking_permission(centre: Centre, extension: str, route: str) -> str:
    """Name the permission that a route asks for and an extension lacks; "" for none."""
    fields = centre.of("outbound_route")[route]
    wanted = str(fields.get("permission") or "")
    held = centre.of("extension")[extension].get("permissions") or ()
    return "" if fields["emergency"] or wanted in held else wanted


def trunk_calls(flow: Flow, call: Call, caller: str) -> list[TrunkCall]:
    """Return what is shown to the outside parties that a call may ring, trunk by trunk in order.

    `caller` is an internal number, one in international form, `withheld`, or "".
    """
    extension = extension_of(flow.centre, caller)
    found: dict[TrunkCall, None] = {}
    for step in (*call.answered.steps, *call.unanswered.steps):
        if step.place.kind == "outbound_route":
            if step.way.end is End.HUMAN:
                number = step.way.at.partition("/")[2]
                found |= dict.fromkeys(_by_route(flow.centre, step.place.name, number, extension))
            continue
        for number in _outside_numbers(flow, step.place):
            found |= dict.fromkeys(_by_any_trunk(flow.centre, number, caller, extension))
    return list(found)


def _outside_numbers(flow: Flow, place: Place) -> Iterator[str]:
    """Yield the outside numbers that a place rings: forwarded to, followed, dialled by a tree."""
    fields: Any = flow.centre.of(place.kind).get(place.name, {})
    if place.kind == "ivr":
        node = fields["nodes"].get(place.node, {})
        yield from filter(None, [node.get("number") if node.get("type") == "dial" else ""])
    elif place.kind == "extension" and not place.node:
        if not (fields.get("forward") or {}).get("always"):
            yield from filter(None, (f.get("number") for f in fields.get("follow_me") or ()))
    elif place.kind == "extension" and place.node != MAILBOX:
        yield place.node


def _by_route(centre: Centre, name: str, number: str, extension: str) -> Iterator[TrunkCall]:
    """Show a call that a phone dials, by the trunks of its route."""
    route = centre.of("outbound_route")[name]
    site = location_of(centre, extension).site
    for trunk in route["trunks"]:
        sources = Shown(centre).sources(route, trunk, site)
        is_emergency = bool(route["emergency"])
        yield _of_phone(centre, number, trunk, extension, sources, is_emergency=is_emergency)


def _by_any_trunk(centre: Centre, number: str, caller: str, extension: str) -> Iterator[TrunkCall]:
    """Show a call that is forwarded: trunks are tried by their names, and no route is asked."""
    for trunk, fields in sorted(centre.of("trunk").items()):
        own = str(fields.get("caller_id") or "")
        if extension:
            sources = {Source.TRUNK: own}
            yield _of_phone(centre, number, trunk, extension, sources, is_emergency=False)
        elif own and caller != WITHHELD:
            yield TrunkCall(number, trunk, own, "", Source.TRUNK.value)
        else:
            yield TrunkCall(number, trunk, caller, "", CALLER)


def _of_phone(
    centre: Centre,
    number: str,
    trunk: str,
    extension: str,
    sources: dict[Source, str],
    *,
    is_emergency: bool,
) -> TrunkCall:
    phone = centre.of("extension")[extension]
    identity: Filled = phone.get("caller_id") or {}
    internal = str(phone.get("number") or extension)
    numbers = {**sources, Source.EXTENSION: str(identity.get("number") or "")}
    shown = number_shown(numbers, is_emergency=is_emergency, internal=internal)
    source = _source(numbers, shown, is_emergency=is_emergency)
    person = centre.of("user").get(person_of(centre, extension), {})
    name = str(person.get("name") or phone.get("label") or "")
    if source in {Source.SITE, Source.EXTENSION}:
        name = str(identity.get("name") or name)
    return TrunkCall(number, trunk, shown, name, source)


def _source(numbers: dict[Source, str], shown: str, *, is_emergency: bool) -> str:
    """Name the field that says the number; of several the one that counts first."""
    order: Iterable[Source] = EMERGENCY if is_emergency else ORDINARY
    return next((s.value for s in (*order, Source.EXTENSION) if numbers.get(s) == shown), CALLER)
