"""Emergency calls from inside the house: every number that counts, dialled from every site."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ccstate.dialling.countries import COUNTRIES, Country
from ccstate.dialling.routing import Dialling, Leaves
from ccstate.journeys.centre import Centre, Filled
from ccstate.model import Address

OUTSIDE_LINE = "09"
"""Digits dialled for an outside line. A 1 is not among them: it begins numbers of its own."""


@dataclass(frozen=True, slots=True)
class Phones:
    """Extensions with a device at one site, by the permissions that they have."""

    by_permissions: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def names(self) -> list[str]:
        return [name for names in self.by_permissions.values() for name in names]

    def barred(self, route: Filled) -> list[str]:
        """Those that may not use the route."""
        permission = route.get("permission")
        if route["emergency"] or not permission:
            return []
        groups = self.by_permissions.items()
        return [name for has, names in groups if permission not in has for name in names]


class EmergencyCall(NamedTuple):
    """One number, dialled at one site, and what becomes of the call.

    `is_promised`: people there may count on it. `goes` is None where no route carries it.
    """

    site: str
    dialled: str
    country: Country
    is_promised: bool
    goes: Address | Leaves | None


class EmergencyCalls:
    """The emergency calls of a centre; none where it declares no outbound routes."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._sites = centre.of("site")
        self._dialling = Dialling(centre)
        self.routes = self._dialling.routes

    def __iter__(self) -> Iterator[EmergencyCall]:
        for site in self.phones if self.routes else ():
            country = self._country(site)
            if country is None:
                continue
            promised = self._promised(country)
            for dialled in self._dialled(site, country, promised):
                is_promised = dialled not in country.secondary or dialled in promised
                goes = self._dialling.dial(site, dialled)
                yield EmergencyCall(site, dialled, country, is_promised, goes)

    @cached_property
    def phones(self) -> Mapping[str, Phones]:
        """The phones of each site; a phone stands where it says, or else where its user works."""
        found: dict[str, Phones] = {}
        users, owners = self._centre.of("user"), self._centre.owners
        for name, extension in self._centre.of("extension").items():
            if extension["device"] == "none":
                continue
            site = extension.get("site") or next(
                (users[user].get("site") for user in owners.get(name, ())), None
            )
            if site:
                permissions = tuple(extension.get("permissions") or ())
                found.setdefault(site, Phones()).by_permissions.setdefault(permissions, []).append(
                    name
                )
        return found

    def _country(self, site: str) -> Country | None:
        address = self._sites.get(site, {}).get("address") or {}
        return COUNTRIES.get(address.get("country") or "")

    def _promised(self, country: Country) -> frozenset[str]:
        """Secondary numbers that the country's routes name: who serves one, means to everywhere."""
        return self._patterns_by_country.get(country, frozenset()) | self._patterns_by_country.get(
            None, frozenset()
        )

    @cached_property
    def _patterns_by_country(self) -> Mapping[Country | None, frozenset[str]]:
        found: dict[Country | None, set[str]] = {}
        for route in self.routes.values():
            site = route.get("site")
            country = self._country(site) if site else None
            if country or not site:
                found.setdefault(country, set()).update(route["patterns"])
        return {country: frozenset(patterns) for country, patterns in found.items()}

    def _dialled(self, site: str, country: Country, promised: frozenset[str]) -> Iterator[str]:
        yield from country.emergency
        yield from country.secondary
        yield from (number for number in country.text if number in promised)
        if line := self._outside_line(site):
            yield line + country.emergency[0]

    def _outside_line(self, site: str) -> str:
        """The digit dialled for an outside line, where there surely is one; else ""."""
        patterns: list[str] = []
        whole: list[str] = []
        for route in self._routes_of(site):
            if not route["emergency"]:
                if route["strip"] != 1:
                    return ""
                patterns += route["patterns"]
                whole += () if route.get("prepend") else route["patterns"]
        first = {pattern[0] for pattern in patterns}
        digit = first.pop() if len(first) == 1 else ""
        if not digit or digit not in OUTSIDE_LINE:
            return ""
        # A route may also take off the zero that national numbers begin with, and nothing else, or
        # put something in its place: only what leaves as it was dialled after the digit is sure.
        is_sure = any(digit != "0" or pattern[1:2] in set("0X.!") for pattern in whole)
        return digit if is_sure else ""

    def _routes_of(self, site: str) -> Iterator[Filled]:
        for place in (site, ""):
            if patterns := self._dialling.patterns.get(place):
                yield from patterns.by_name.values()
