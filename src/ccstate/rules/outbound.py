"""Rules about calls that leave: which route carries them, and who may make the dear ones."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from ccstate.dialling.countries import Country, country_of
from ccstate.dialling.dear_calls import DearCalls, dear_calls, examples
from ccstate.dialling.routing import Dialling
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule, some


def _overlap(estate: Estate) -> Iterator[Breach]:
    for site, patterns in Dialling(estate.centre).patterns.items():
        shared: dict[tuple[str, str], list[str]] = {}
        for pattern, (first, *others) in patterns.routes.items():
            for other in others:
                shared.setdefault((other, first), []).append(pattern)
        for (other, first), same in shared.items():
            index = estate.of("outbound_route")[other]["patterns"].index(same[0])
            where = f"for site/{site}" if site else "for every site"
            yield Breach(
                Address("outbound_route", other),
                ("patterns", index),
                f"outbound_route/{first} has {_quoted(same)} too, {where}",
                "Nothing says which of the two takes the call, with whose permission and trunks.",
                "keep the pattern in one of them, or make one of the patterns longer",
            )


def _quoted(patterns: list[str]) -> str:
    return some(f'"{pattern}"' for pattern in patterns)


class _Bills:
    """The routes that carry calls that cost more than their permission says."""

    def __init__(self, estate: Estate) -> None:
        self._sites = estate.of("site")
        self._dialling = Dialling(estate.centre)

    @cached_property
    def _by_country(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self._sites:
            if self._country(name):
                found.setdefault(self._country(name), []).append(name)
        return found

    def _country(self, site: str) -> str:
        return (self._sites.get(site, {}).get("address") or {}).get("country") or ""

    def found(self) -> Iterator[Breach]:
        for name, route in self._dialling.routes.items():
            site = route.get("site")
            if not site:
                places = self._by_country
            elif country := self._country(site):
                places = {country: [site]}
            else:
                continue
            yield from self._of_route(name, route, places)

    def _of_route(
        self, name: str, route: Filled, places: Mapping[str, list[str]]
    ) -> Iterator[Breach]:
        said = set()
        for code, sites in places.items():
            country = country_of(code)
            if country is None:
                continue
            for dear in dear_calls(country):
                if dear.kind in said or _is_guarded(route, dear):
                    continue
                if hit := self._carrying_pattern(name, route, dear, country, sites):
                    said.add(dear.kind)
                    yield _bill(name, route, dear, *hit)

    def _carrying_pattern(
        self, name: str, route: Filled, dear: DearCalls, country: Country, sites: list[str]
    ) -> tuple[int, str] | None:
        """Find the first pattern that carries such a call, and what is dialled for it."""
        # A route for every site loses to another such route everywhere, or nowhere.
        first = () if route.get("site") else ("",)
        for index, pattern in enumerate(route["patterns"]):
            for dialled in examples(route, pattern, dear, country):
                if dialled in self._dialling.inside:
                    continue
                if all(self._takes(name, site, dialled) for site in first) and any(
                    self._takes(name, site, dialled) for site in sites
                ):
                    return index, dialled
        return None

    def _takes(self, name: str, site: str, dialled: str) -> bool:
        call = self._dialling.leave(site, dialled)
        return call is not None and name in (call.route, *call.rivals)


def _is_guarded(route: Filled, dear: DearCalls) -> bool:
    return not route["emergency"] and route.get("permission") in dear.permissions


def _bill(name: str, route: Filled, dear: DearCalls, index: int, dialled: str) -> Breach:
    permission = route.get("permission")
    if route["emergency"]:
        who = "every extension, because the route is for emergencies"
    elif permission:
        who = f'everyone with the permission "{permission}"'
    else:
        who = "everybody, because the route asks for no permission"
    return Breach(
        Address("outbound_route", name),
        ("patterns", index),
        f'"{route["patterns"][index]}" carries {dear.kind} calls for {who}',
        f"A user who dials {dialled} runs up a bill that was never allowed.",
        f"narrow the pattern, or give these calls a route of their own, with "
        f"permission: {dear.kind}",
    )


def _bills(estate: Estate) -> Iterator[Breach]:
    yield from _Bills(estate).found()


def _place_phones(estate: Estate) -> Iterator[Breach]:
    owners = estate.centre.owners
    for name, extension in estate.of("extension").items():
        permissions = extension.get("permissions") or ()
        if "premium" in permissions and name not in owners and extension["device"] != "none":
            yield Breach(
                Address("extension", name),
                ("permissions", permissions.index("premium")),
                f"extension/{name} belongs to no user and may call premium-rate numbers",
                "A passer-by can run up a bill, and no one can be asked about it.",
                "take premium out of its permissions, or name the user who answers for it",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC250",
        "overlapping-patterns",
        Severity.WARNING,
        "Two routes of one site carry the same dialled numbers",
        _overlap,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC251",
        "dear-calls-for-all",
        Severity.WARNING,
        "Premium-rate or international calls with a lesser permission",
        _bills,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC252",
        "public-phone-premium",
        Severity.WARNING,
        "A phone without a user may call premium-rate numbers",
        _place_phones,
        Reach.UNLABELLED,
    ),
)
