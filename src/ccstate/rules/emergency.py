"""Rules about emergency calls: that they leave, as what they should, from a place that is known."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ccstate.dialling.emergency_calls import EmergencyCall, EmergencyCalls
from ccstate.dialling.routing import Leaves, sent
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.naming import some
from ccstate.rules.rule import Estate, Found, Rule


def _extensions(names: Sequence[str]) -> str:
    return f"{len(names)} extension{'s' if len(names) != 1 else ''}"


def _sites(names: Sequence[str]) -> str:
    return some([f"site/{name}" for name in names])


class _Place(NamedTuple):
    """A pattern of a route that takes an emergency call."""

    route: str
    pattern: str
    dialled: str


def _places(call: EmergencyCall) -> Iterator[_Place]:
    """Every route that may take the call: with the same pattern in two, nobody knows which."""
    if isinstance(call.goes, Leaves):
        for route in (call.goes.route, *call.goes.rivals):
            yield _Place(route, call.goes.pattern, call.dialled)


def _at(place: _Place, route: Filled) -> tuple[Address, Path]:
    index = route["patterns"].index(place.pattern)
    return Address("outbound_route", place.route), ("patterns", index)


def _not_reachable(estate: Estate) -> Iterator[Found]:
    calls = EmergencyCalls(estate.centre)
    barred: dict[_Place, list[str]] = {}
    for call in calls:
        if not call.is_promised:
            continue
        if call.goes is None:
            yield _nowhere(call, calls.phones[call.site].names())
        for place in _places(call):
            route = calls.routes[place.route]
            phones = calls.phones[call.site]
            if refused := phones.barred(route) if route["trunks"] else phones.names():
                barred.setdefault(place, []).extend(refused)
    for place, names in barred.items():
        yield _barred(place, calls.routes[place.route], names)


def _nowhere(call: EmergencyCall, names: Sequence[str]) -> Found:
    return Found(
        Address("site", call.site),
        (),
        f'"{call.dialled}" cannot be called from site/{call.site}',
        f"No outbound route carries it: {_extensions(names)} there ({some(names)}) "
        "cannot call for help.",
        f'add "{call.dialled}" to a route of its site with emergency: true'
        + (f" and strip: {strip}" if (strip := _strip(call)) else ""),
    )


def _strip(call: EmergencyCall) -> int:
    """Digits for an outside line in front of the number, which a route must take off."""
    numbers = call.country.all_emergency
    return 0 if call.dialled in numbers else len(call.dialled) - len(numbers[0])


def _barred(place: _Place, route: Filled, names: Sequence[str]) -> Found:
    if not route["trunks"]:
        return Found(
            Address("outbound_route", place.route),
            ("trunks",),
            f'outbound_route/{place.route} carries "{place.dialled}" and has no trunk',
            f"{_extensions(names)} ({some(names)}) cannot call for help.",
            "name the trunks that take emergency calls, best first",
        )
    return Found(
        *_at(place, route),
        f'"{place.dialled}" is barred for {_extensions(names)}',
        f'outbound_route/{place.route} asks for the permission "{route["permission"]}", '
        f"which {some(names)} {'lack' if len(names) != 1 else 'lacks'}.",
        "set emergency: true"
        if route["patterns"] == [place.dialled]
        else f'give "{place.dialled}" a route of its own with emergency: true',
    )


def _shadowed(estate: Estate) -> Iterator[Found]:
    calls = EmergencyCalls(estate.centre)
    inside: dict[tuple[Address, str], list[str]] = {}
    mangled: dict[tuple[_Place, str], list[str]] = {}
    strips: dict[str, int] = {}
    for call in calls:
        if isinstance(call.goes, Address):
            inside.setdefault((call.goes, call.dialled), []).append(call.site)
        for place in _places(call):
            told = sent(calls.routes[place.route], call.dialled)
            if told not in call.country.all_emergency:
                mangled.setdefault((place, told), []).append(call.site)
                strips[call.dialled] = _strip(call)
    for (address, dialled), sites in inside.items():
        yield _answered(estate, address, dialled, sites)
    for (place, told), sites in mangled.items():
        yield _mangled(place, calls.routes[place.route], told, sites, strips[place.dialled])


def _answered(estate: Estate, address: Address, dialled: str, sites: Sequence[str]) -> Found:
    field = "number" if address.kind == "extension" else "extension"
    fields = estate.of(address.kind)[address.name]
    return Found(
        address,
        (field,) if fields.get(field) else (),
        f'{address} has the emergency number "{dialled}"',
        f"Whoever dials it at {_sites(sites)} rings {address}, not the emergency services.",
        "give it another number",
    )


def _mangled(place: _Place, route: Filled, told: str, sites: Sequence[str], strip: int) -> Found:
    return Found(
        *_at(place, route),
        f'"{place.dialled}" leaves as "{told}"' if told else f'"{place.dialled}" leaves as nothing',
        f"outbound_route/{place.route} takes the call at {_sites(sites)}, "
        "and the carrier does not know it for an emergency.",
        "take strip: and prepend: off this route"
        if route["patterns"] == [place.dialled]
        else f'give "{place.dialled}" a route of its own, with emergency: true and '
        + (f"strip: {strip}" if strip else "no strip:"),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC230",
        "emergency-not-reachable",
        Severity.ERROR,
        "An emergency number that phones of a site cannot call",
        _not_reachable,
    ),
    Rule(
        "CC231",
        "emergency-shadowed",
        Severity.ERROR,
        "An emergency number that rings inside, or leaves as another number",
        _shadowed,
    ),
)
