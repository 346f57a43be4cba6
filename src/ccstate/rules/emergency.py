"""Rules about emergency calls: that they leave, show the right number, and say where help is sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ccstate.dialling.countries import Country
from ccstate.dialling.emergency_calls import NOWHERE, EmergencyCall, EmergencyCalls
from ccstate.dialling.routing import Leaves, sent
from ccstate.errors import Severity
from ccstate.journeys.backwards import ancestors, sources
from ccstate.journeys.centre import Filled
from ccstate.journeys.location import Location, conflict_at, location_of, person_of
from ccstate.journeys.ways import End, Place
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule, some


def _extensions(names: Sequence[str]) -> str:
    return f"{len(names)} extension{'s' if len(names) != 1 else ''}"


def _sites(names: Sequence[str]) -> str:
    return some([f"site/{name}" if name else "phones without a site" for name in names])


class _Place(NamedTuple):
    """A pattern of a route that takes an emergency call."""

    route: str
    pattern: str
    dialled: str


def _places(call: EmergencyCall) -> Iterator[_Place]:
    """Yield each route that may take the call: with one pattern in two, it is undecided which."""
    if isinstance(call.goes, Leaves):
        for route in (call.goes.route, *call.goes.rivals):
            yield _Place(route, call.goes.pattern, call.dialled)


def _at(place: _Place, route: Filled) -> tuple[Address, Path]:
    index = route["patterns"].index(place.pattern)
    return Address("outbound_route", place.route), ("patterns", index)


def _not_reachable(estate: Estate) -> Iterator[Breach]:
    calls = estate.emergency_calls
    asked = [call for call in calls if call.is_promised and call.is_known]
    lost = [call for call in asked if call.goes is None]
    for call in lost:
        if call.site != NOWHERE:
            yield _nowhere(call, calls.phones[call.site].names())
    if homeless := [call for call in lost if call.site == NOWHERE]:
        yield _nowhere_without_site(homeless, calls.phones[NOWHERE].names())
    barred: dict[_Place, dict[str, None]] = {}
    for call in asked:
        phones = calls.phones[call.site]
        for place in _places(call):
            route = calls.routes[place.route]
            if refused := phones.barred(route) if route["trunks"] else phones.names():
                barred.setdefault(place, {}).update(dict.fromkeys(refused))
    for place, names in barred.items():
        yield _barred(place, calls.routes[place.route], list(names))
    for doubtful in _doubtful(calls):
        if not doubtful.is_any_answered:
            yield _none(doubtful, calls.phones[doubtful.site].names())


def _at_site(site: str, names: Sequence[str]) -> Address:
    return Address("extension", names[0]) if site == NOWHERE else Address("site", site)


def _phones_words(site: str, names: Sequence[str]) -> str:
    """Name in words where the phones are that call."""
    if site != NOWHERE:
        return f"site/{site}"
    return some([f"extension/{name}" for name in names])


def _nowhere(call: EmergencyCall, names: Sequence[str]) -> Breach:
    return Breach(
        Address("site", call.site),
        (),
        f'"{call.dialled}" cannot be called from site/{call.site}',
        f"No outbound route carries it: {_extensions(names)} there ({some(names)}) "
        "cannot call for help.",
        f'add "{call.dialled}" to a route of its site with emergency: true'
        + (f" and strip: {len(call.line)}" if call.line else ""),
    )


def _nowhere_without_site(lost: Sequence[EmergencyCall], names: Sequence[str]) -> Breach:
    """Report the numbers of any country of the house that no route for every site carries."""
    numbers = some(dict.fromkeys(f'"{call.dialled}"' for call in lost))
    countries = some(dict.fromkeys(call.country.name for call in lost))
    return Breach(
        _at_site(NOWHERE, names),
        (),
        f"{numbers} cannot be called from {_phones_words(NOWHERE, names)}",
        f"Nothing says where {'they stand' if len(names) > 1 else 'it stands'}, which may be in "
        f"{countries}: only routes for every site are of use there, and none carries it.",
        f"give the phone, or its user, a site:, or add {numbers} to a route for every site",
    )


class _Doubtful(NamedTuple):
    """Emergency numbers of a site of which it is not known whether its line must reach them.

    `lost` says what becomes of those that reach no one. `is_any_answered`: another one, or a
    number that is known, is carried.
    """

    site: str
    country: Country
    lost: tuple[str, ...]
    is_any_answered: bool


def _doubtful(calls: EmergencyCalls) -> Iterator[_Doubtful]:
    groups: dict[tuple[str, Country], list[EmergencyCall]] = {}
    for call in calls:
        if not call.is_known:
            groups.setdefault((call.site, call.country), []).append(call)
    for (site, country), unsure in groups.items():
        lost = [words for call in unsure if (words := _loss(calls, call))]
        if lost:
            is_any_answered = bool(country.main) or len(lost) < len(unsure)
            yield _Doubtful(site, country, tuple(lost), is_any_answered)


def _loss(calls: EmergencyCalls, call: EmergencyCall) -> str:
    """Describe what becomes of a call that does not reach the emergency services.

    The text is "" where it may reach them.
    """
    if call.goes is None:
        return f'"{call.dialled}" goes nowhere'
    if isinstance(call.goes, Address):
        return f'"{call.dialled}" rings {call.goes}'
    for place in _places(call):
        route = calls.routes[place.route]
        sent_digits = sent(route, call.dialled)
        if sent_digits not in call.country.all_emergency:
            return f'"{call.dialled}" leaves as "{sent_digits}"'
        if not route["trunks"] or calls.phones[call.site].barred(route):
            return f'"{call.dialled}" is barred for some'
    return ""


def _none(doubtful: _Doubtful, names: Sequence[str]) -> Breach:
    country, site = doubtful.country, doubtful.site
    return Breach(
        _at_site(site, names),
        (),
        f"no emergency number of {country.name} can be called from {_phones_words(site, names)}",
        f"{_extensions(names)} ({some(names)}) cannot call for help: {some(doubtful.lost)}.",
        f"ask the carrier which of {some(country.others)} it takes, and add them to a route "
        "with emergency: true",
    )


def _in_doubt(estate: Estate) -> Iterator[Breach]:
    calls = estate.emergency_calls
    for doubtful in _doubtful(calls):
        if doubtful.is_any_answered:
            names = calls.phones[doubtful.site].names()
            where = _phones_words(doubtful.site, names)
            yield Breach(
                _at_site(doubtful.site, names),
                (),
                f"not every emergency number of {doubtful.country.name} can be called from {where}",
                f"People there may dial them: {some(doubtful.lost)}.",
                "ask the carrier which of them it takes, and add those to a route with "
                "emergency: true; else silence this rule at the site",
            )


def _not_judged(estate: Estate) -> Iterator[Breach]:
    calls = estate.emergency_calls
    for site, phones in calls.phones.items() if calls.routes else ():
        names = phones.names()
        if site == NOWHERE:
            if not calls.countries(site):
                yield _without_country(site, names)
        elif site in estate.of("site") and not calls.country(site):
            code = calls.country_code(site)
            yield _unknown(site, code, names) if code else _without_country(site, names)


def _unknown(site: str, code: str, names: Sequence[str]) -> Breach:
    return Breach(
        Address("site", site),
        ("address", "country"),
        f'no emergency number of "{code}" is known',
        f"Whether {_extensions(names)} at site/{site} can call for help is not judged.",
        "correct the country, or test emergency calls there by arrangement and silence this rule "
        "at the site",
    )


def _without_country(site: str, names: Sequence[str]) -> Breach:
    stand = "stand" if site == NOWHERE and len(names) > 1 else "stands"
    more = ", and give the phone, or its user, that site:" if site == NOWHERE else ""
    return Breach(
        _at_site(site, names),
        (),
        f"nothing says in which country {_phones_words(site, names)} {stand}",
        f"Whether {_extensions(names)} can call for help is not judged.",
        f"write the country in the address of the site{more}",
    )


def _barred(place: _Place, route: Filled, names: Sequence[str]) -> Breach:
    if not route["trunks"]:
        return Breach(
            Address("outbound_route", place.route),
            ("trunks",),
            f'outbound_route/{place.route} carries "{place.dialled}" and has no trunk',
            f"{_extensions(names)} ({some(names)}) cannot call for help.",
            "name the trunks that take emergency calls, best first",
        )
    return Breach(
        *_at(place, route),
        f'"{place.dialled}" is barred for {_extensions(names)}',
        f'outbound_route/{place.route} asks for the permission "{route["permission"]}", '
        f"which {some(names)} {'lack' if len(names) != 1 else 'lacks'}.",
        "set emergency: true"
        if route["patterns"] == [place.dialled]
        else f'give "{place.dialled}" a route of its own with emergency: true',
    )


def _shadowed(estate: Estate) -> Iterator[Breach]:
    calls = estate.emergency_calls
    inside: dict[tuple[Address, str], list[str]] = {}
    mangled: dict[tuple[_Place, str], list[str]] = {}
    strips: dict[str, int] = {}
    for call in calls:
        if not call.is_known:
            continue
        if isinstance(call.goes, Address):
            inside.setdefault((call.goes, call.dialled), []).append(call.site)
        for place in _places(call):
            sent_digits = sent(calls.routes[place.route], call.dialled)
            if sent_digits not in call.country.all_emergency:
                mangled.setdefault((place, sent_digits), []).append(call.site)
                strips[call.dialled] = len(call.line)
    for (address, dialled), sites in inside.items():
        yield _answered(estate, address, dialled, sites)
    for (place, sent_digits), sites in mangled.items():
        yield _mangled(place, calls.routes[place.route], sent_digits, sites, strips[place.dialled])


def _answered(estate: Estate, address: Address, dialled: str, sites: Sequence[str]) -> Breach:
    field = "number" if address.kind == "extension" else "extension"
    fields = estate.of(address.kind)[address.name]
    return Breach(
        address,
        (field,) if fields.get(field) else (),
        f'{address} has the emergency number "{dialled}"',
        f"A caller who dials it at {_sites(sites)} rings {address}, not the emergency services.",
        "give it another number",
    )


def _mangled(
    place: _Place, route: Filled, sent_digits: str, sites: Sequence[str], strip: int
) -> Breach:
    return Breach(
        *_at(place, route),
        f'"{place.dialled}" leaves as "{sent_digits}"'
        if sent_digits
        else f'"{place.dialled}" leaves as nothing',
        f"outbound_route/{place.route} takes the call at {_sites(sites)}, "
        "and the carrier does not know it for an emergency.",
        "take strip: and prepend: off this route"
        if route["patterns"] == [place.dialled]
        else f'give "{place.dialled}" a route of its own, with emergency: true and '
        + (f"strip: {strip}" if strip else "no strip:"),
    )


def _caller_id(estate: Estate) -> Iterator[Breach]:
    calls = estate.emergency_calls
    leaving: dict[str, dict[str, Country]] = {}
    callbacks: dict[str, str] = {}
    for call in calls:
        for place in _places(call):
            leaving.setdefault(call.site, {})[place.route] = call.country
    for site, routes in leaving.items():
        country = next(iter(routes.values()))
        faults: dict[str, str] = {}
        phones: dict[str, None] = {}
        for name in calls.phones[site].names():
            for shown in calls.shown(name, site, routes):
                if shown not in faults:
                    faults[shown] = _fault(calls, site, shown, country)
                if faults[shown]:
                    phones[name] = None
        if phones:
            wrong = {shown: fault for shown, fault in faults.items() if fault}
            yield _uncallable(calls, site, wrong, list(phones))
        elif number := calls.callback(site):
            callbacks[site] = number
    yield from _callback_fault(estate, callbacks)


def _fault(calls: EmergencyCalls, site: str, number: str, country: Country) -> str:
    """Explain why the emergency services cannot call a number back; "" where they can."""
    if calls.is_internal(number):
        return "an internal number"
    code = country.calling_code_of(number)
    if not code:
        return "no number that can be called from outside"
    here = {home.calling_code: home.name for home in calls.countries(site)}
    return "" if code in here else f"no number of {some(here.values())}"


def _uncallable(
    calls: EmergencyCalls, site: str, wrong: dict[str, str], names: Sequence[str]
) -> Breach:
    faults = [f'"{shown}" is {fault}' for shown, fault in wrong.items()]
    callback = calls.callback(site)
    if callback in wrong:
        hint = "write a number of the site itself"
    elif callback:
        hint = "carry them by a route with emergency: true, which shows the number of the site"
    elif site == NOWHERE:
        hint = "give the phone, or its user, a site:, and that site an emergency_callback:"
    else:
        hint = f"give site/{site} an emergency_callback:, a number of its own that is answered"
    return Breach(
        _at_site(site, names),
        ("emergency_callback",) if callback in wrong else (),
        "the emergency services cannot call back those who call for help from "
        f"{_phones_words(site, names)}",
        f"What their calls show: {some(faults)}. A call that was cut off stays cut off "
        f"({_extensions(names)}: {some(names)}).",
        hint,
    )


def _callback_fault(estate: Estate, callbacks: Mapping[str, str]) -> Iterator[Breach]:
    """Explain what keeps the emergency services from reaching a person at the numbers of sites."""
    numbers = estate.of("number")
    if not numbers:
        return
    answered = _answered_numbers(estate, [n for n in callbacks.values() if n in numbers])
    for site, number in callbacks.items():
        if number not in numbers:
            yield Breach(
                Address("site", site),
                ("emergency_callback",),
                f"number/{number} is declared nowhere, and emergency calls from site/{site} show it",
                "Nothing says who answers when the emergency services call back.",
                "declare it below numbers:, and let it lead to a person who is there at all hours",
            )
        elif number not in answered:
            yield Breach(
                Address("site", site),
                ("emergency_callback",),
                f"no one answers number/{number}, and emergency calls from site/{site} show it",
                "The emergency services call back, and reach no one at any hour.",
                "let the number lead to a person who is there at all hours",
            )


def _answered_numbers(estate: Estate, numbers: Iterable[str]) -> set[str]:
    """Return the numbers at which callers reach an agent, at some hour and by some key."""
    came = sources(estate.flow, {Place("number", number): None for number in numbers})
    humans = [p for p in came if any(way.end is End.HUMAN for way in estate.flow.ways(p))]
    return {place.name for place in ancestors(came, humans) if place.kind == "number"}


NEEDED = ("street", "city", "country")
"""What a street address must have. The dispatchable location of the United States (RAY BAUM's
Act, 47 CFR 9.3) is that, and what finds the caller in the building: room, floor, wing.
"""


class _Lack(NamedTuple):
    """The thing that a location lacks: a site (""), an address, or the area in the building."""

    what: str
    site: str


def _no_location(estate: Estate) -> Iterator[Breach]:
    if not estate.of("outbound_route"):
        return
    sites = estate.of("site")
    lacking: dict[_Lack, list[Address]] = {}
    for name, extension in estate.of("extension").items():
        if extension["device"] == "none":
            continue
        person = person_of(estate.centre, name)
        who = Address("user", person) if person else Address("extension", name)
        if lack := _lack(sites, location_of(estate.centre, name)):
            lacking.setdefault(lack, []).append(who)
    for lack, lacking_it in lacking.items():
        yield _found(lack, sites, lacking_it)


def _lack(sites: Mapping[str, Filled], location: Location) -> _Lack | None:
    site = location.site
    if not site:
        return _Lack("site", "")
    if site not in sites:
        return None
    if _missing(sites[site]):
        return _Lack("address", site)
    # A person who sits at any free desk needs an area too: the one where they usually sit is
    # what a dispatcher hears unless the phone system knows better.
    if sites[site].get("areas") and not location.area:
        return _Lack("area", site)
    return None


def _missing(site: Filled) -> list[str]:
    address = site.get("address") or {}
    return [field for field in NEEDED if not address.get(field)]


def _found(lack: _Lack, sites: Mapping[str, Filled], who: list[Address]) -> Breach:
    first, named = who[0], some(who)
    path: Path = ()
    if lack.what == "site":
        return Breach(
            first,
            path,
            f"nothing says where {named} can be found",
            "Without a site there is no address to send an ambulance to.",
            "give the user, or the extension, its site:",
        )
    if lack.what == "address":
        fields = ", ".join(_missing(sites[lack.site]))
        return Breach(
            Address("site", lack.site),
            ("address",) if sites[lack.site].get("address") else (),
            f"the address of site/{lack.site} lacks {fields}",
            f"An ambulance called by {named} does not know where to go.",
            "write the whole street address",
        )
    return Breach(
        first,
        path,
        f"no area at site/{lack.site} is given for {named}",
        "An ambulance finds the building, and cannot know on which floor the caller is.",
        f"give each an area: of site/{lack.site}, for hot-desking the one where they mostly sit",
    )


def _apart(estate: Estate) -> Iterator[Breach]:
    for name in estate.centre.owners:
        if conflict := conflict_at(estate.centre, name):
            field = conflict.field
            persons, phones = (
                f"site/{place}" if field == "site" else f'{field} "{place}"'
                for place in (conflict.persons, conflict.phones)
            )
            yield Breach(
                Address("user", conflict.user),
                (field,),
                f"user/{conflict.user} works at {persons}, and their phone stands at {phones}",
                f"An ambulance that extension/{name} calls goes to {phones}; a colleague who looks for "
                f"the caller in the directory goes to {persons}.",
                f"write the same {field}: in user/{conflict.user} and extension/{name}, where the "
                "phone really is; or leave it out of the extension, which then follows the person",
            )


def _by_another_site(estate: Estate) -> Iterator[Breach]:
    trunks = estate.of("trunk")
    for name, route in estate.of("outbound_route").items():
        if not (route["emergency"] and route.get("site") and route.get("trunks")):
            continue
        first = route["trunks"][0]
        stands = trunks.get(first, {}).get("site")
        if stands and stands != route["site"]:
            yield Breach(
                Address("outbound_route", name),
                ("trunks", 0),
                f"emergency calls from site/{route['site']} leave by a trunk of site/{stands} first",
                f"The carrier of trunk/{first} has another address on file: that is where an "
                "ambulance is sent.",
                f"put a trunk of site/{route['site']} first",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC230",
        "emergency-not-reachable",
        Severity.ERROR,
        "An emergency number that phones of a site cannot call",
        _not_reachable,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC231",
        "emergency-shadowed",
        Severity.ERROR,
        "An emergency number that rings inside, or leaves as another number",
        _shadowed,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC237",
        "emergency-number-in-doubt",
        Severity.WARNING,
        "An emergency number that is dialled in the country, and goes nowhere",
        _in_doubt,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC238",
        "emergency-not-judged",
        Severity.WARNING,
        "Emergency calls of an unknown country",
        _not_judged,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC243",
        "emergency-caller-id",
        Severity.WARNING,
        "Emergency calls that show a number which cannot be called back",
        _caller_id,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC232",
        "no-dispatchable-location",
        Severity.WARNING,
        "A phone whose place an ambulance cannot learn",
        _no_location,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC239",
        "person-and-phone-apart",
        Severity.ERROR,
        "A person at one site, and their phone at another",
        _apart,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC236",
        "emergency-by-another-site",
        Severity.WARNING,
        "Emergency calls that leave by the trunk of another site first",
        _by_another_site,
        Reach.UNLABELLED,
    ),
)
