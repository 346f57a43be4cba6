"""Rules about where help is sent to: a place that is known, by a line that carries it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.location import Location, conflict_at, location_of, person_of
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.naming import some
from ccstate.rules.rule import Estate, Found, Reach, Rule

NEEDED = ("street", "city", "country")
"""What a street address must have. The dispatchable location of the United States (RAY BAUM's
Act, 47 CFR 9.3) is that, and what finds the caller in the building: room, floor, wing.
"""


class _Lack(NamedTuple):
    """What somebody's location lacks: a site (""), an address, or the area in the building."""

    what: str
    site: str


def _no_location(estate: Estate) -> Iterator[Found]:
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
    for lack, everybody in lacking.items():
        yield _found(lack, sites, everybody)


def _lack(sites: Mapping[str, Filled], location: Location) -> _Lack | None:
    site = location.site
    if not site:
        return _Lack("site", "")
    if site not in sites:
        return None
    if _missing(sites[site]):
        return _Lack("address", site)
    # Somebody who sits at any free desk needs an area too: the one where they usually sit is
    # what a dispatcher hears unless the phone system knows better.
    if sites[site].get("areas") and not location.area:
        return _Lack("area", site)
    return None


def _missing(site: Filled) -> list[str]:
    address = site.get("address") or {}
    return [field for field in NEEDED if not address.get(field)]


def _found(lack: _Lack, sites: Mapping[str, Filled], who: list[Address]) -> Found:
    first, named = who[0], some(who)
    path: Path = ()
    if lack.what == "site":
        return Found(
            first,
            path,
            f"nobody knows where {named} can be found",
            "Without a site there is no address to send an ambulance to.",
            "give the user, or the extension, its site:",
        )
    if lack.what == "address":
        fields = ", ".join(_missing(sites[lack.site]))
        return Found(
            Address("site", lack.site),
            ("address",) if sites[lack.site].get("address") else (),
            f"the address of site/{lack.site} lacks {fields}",
            f"An ambulance called by {named} does not know where to go.",
            "write the whole street address",
        )
    return Found(
        first,
        path,
        f"no area at site/{lack.site} is given for {named}",
        "An ambulance finds the building, and nobody can say on which floor the caller is.",
        f"give each an area: of site/{lack.site}, for hot-desking the one where they mostly sit",
    )


def _apart(estate: Estate) -> Iterator[Found]:
    for name in estate.centre.owners:
        if conflict := conflict_at(estate.centre, name):
            field = conflict.field
            persons, phones = (
                f"site/{place}" if field == "site" else f'{field} "{place}"'
                for place in (conflict.persons, conflict.phones)
            )
            yield Found(
                Address("user", conflict.user),
                (field,),
                f"user/{conflict.user} works at {persons}, and their phone stands at {phones}",
                f"An ambulance that extension/{name} calls goes to {phones}; whoever looks for "
                f"the caller in the directory goes to {persons}.",
                f"write the same {field}: in user/{conflict.user} and extension/{name}, where the "
                "phone really is; or leave it out of the extension, which then follows the person",
            )


def _by_another_site(estate: Estate) -> Iterator[Found]:
    trunks = estate.of("trunk")
    for name, route in estate.of("outbound_route").items():
        if not (route["emergency"] and route.get("site") and route.get("trunks")):
            continue
        first = route["trunks"][0]
        stands = trunks.get(first, {}).get("site")
        if stands and stands != route["site"]:
            yield Found(
                Address("outbound_route", name),
                ("trunks", 0),
                f"emergency calls from site/{route['site']} leave by a trunk of site/{stands} first",
                f"The carrier of trunk/{first} has another address on file: that is where an "
                "ambulance is sent.",
                f"put a trunk of site/{route['site']} first",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC232",
        "no-dispatchable-location",
        Severity.WARNING,
        "A phone whose place cannot be told to an ambulance",
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
