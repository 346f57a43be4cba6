"""Rules about where help is sent to: a place that is known, by a line that carries it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.kinds import Path
from ccstate.model import Address
from ccstate.rules.naming import some
from ccstate.rules.rule import Estate, Found, Rule

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
    sites, users, owners = estate.of("site"), estate.of("user"), estate.centre.owners
    lacking: dict[_Lack, list[Address]] = {}
    for name, extension in estate.of("extension").items():
        if extension["device"] == "none":
            continue
        owner = next(iter(owners.get(name, ())), "")
        who = Address("user", owner) if owner else Address("extension", name)
        if lack := _lack(sites, extension, users[owner] if owner else None):
            lacking.setdefault(lack, []).append(who)
    for lack, everybody in lacking.items():
        yield _found(lack, sites, everybody)


def _lack(sites: Mapping[str, Filled], extension: Filled, user: Filled | None) -> _Lack | None:
    site = (user.get("site") if user else None) or extension.get("site")
    if not site:
        return _Lack("site", "")
    if site not in sites:
        return None
    if _missing(sites[site]):
        return _Lack("address", site)
    # Somebody who sits at any free desk needs an area too: the one where they usually sit is
    # what a dispatcher hears unless the phone system knows better.
    if user and sites[site].get("areas") and not user.get("area"):
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
        f"give each an area of site/{lack.site}, for hot-desking the one where they mostly sit",
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
    ),
    Rule(
        "CC236",
        "emergency-by-another-site",
        Severity.WARNING,
        "Emergency calls that leave by the trunk of another site first",
        _by_another_site,
    ),
)
