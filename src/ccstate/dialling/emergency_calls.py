"""Emergency calls from inside the house: every number that counts, dialled from every site."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ccstate.dialling.countries import Country, country_of
from ccstate.dialling.routing import DIGITS, Dialling, Leaves
from ccstate.dialling.shown import Shown, Source, number_shown
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.location import site_of
from ccstate.model import Address

NOWHERE = ""
"""The site of phones whose place is not declared."""


@dataclass(frozen=True, slots=True)
class Phones:
    """Extensions with a device at one site, by the permissions that they have."""

    by_permissions: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def names(self) -> list[str]:
        return [name for names in self.by_permissions.values() for name in names]

    def barred(self, route: Filled) -> list[str]:
        """Return the phones that may not use the route."""
        permission = route.get("permission")
        if route["emergency"] or not permission:
            return []
        groups = self.by_permissions.items()
        return [name for has, names in groups if permission not in has for name in names]


class EmergencyCall(NamedTuple):
    """One number, dialled at one site, and what becomes of the call.

    `line` is dialled before `number` for an outside line, or "". `is_promised`: people there may
    count on it; `is_known`: a source says so, or that it is dialled there. `goes` is None where no
    route carries it.
    """

    site: str
    country: Country
    line: str
    number: str
    is_promised: bool
    is_known: bool
    goes: Address | Leaves | None

    @property
    def dialled(self) -> str:
        return self.line + self.number


class EmergencyCalls:
    """The emergency calls of a centre; none where it declares no outbound routes."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._sites = centre.of("site")
        self._dialling = Dialling(centre)
        self.routes = self._dialling.routes
        self._lines: dict[tuple[str, Country], frozenset[str]] = {}
        self._numbers_shown = Shown(centre)
        self._said: dict[tuple[str, str], tuple[Mapping[Source, str], ...]] = {}

    def __iter__(self) -> Iterator[EmergencyCall]:
        return iter(self._calls)

    @cached_property
    def _calls(self) -> tuple[EmergencyCall, ...]:
        return tuple(
            call
            for site in (self.phones if self.routes else ())
            for country in self.countries(site)
            for call in self._dialled(site, country)
        )

    @cached_property
    def phones(self) -> Mapping[str, Phones]:
        """The phones of each site, and those that stand nowhere in particular."""
        found: dict[str, Phones] = {}
        for name, extension in self._centre.of("extension").items():
            if extension["device"] != "none":
                site = site_of(self._centre, name)
                permissions = tuple(extension.get("permissions") or ())
                here = found.setdefault(site, Phones())
                here.by_permissions.setdefault(permissions, []).append(name)
        return found

    def countries(self, site: str) -> tuple[Country, ...]:
        """Return the country of a site.

        Where a phone has none, it may stand in that of any site.
        """
        if site != NOWHERE:
            country = self.country(site)
            return (country,) if country else ()
        found = filter(None, map(self.country, self._sites))
        return tuple({country.name: country for country in found}.values())

    def country(self, site: str) -> Country | None:
        """Return the country in a site's address.

        None where it says none, or none that is known.
        """
        code = self.country_code(site)
        return country_of(code) if code else None

    def country_code(self, site: str) -> str:
        address = self._sites.get(site, {}).get("address") or {}
        return str(address.get("country") or "")

    def is_internal(self, number: str) -> bool:
        """Check whether the number rings inside the house."""
        return number in self._dialling.inside

    def shown(self, extension: str, site: str, routes: Iterable[str]) -> Iterator[str]:
        """Yield the numbers that calls of a phone at a site may show, by whatever trunk."""
        phone = self._centre.of("extension")[extension]
        own = str((phone.get("caller_id") or {}).get("number") or "")
        internal = str(phone.get("number") or extension)
        for route in routes:
            is_emergency = bool(self.routes[route]["emergency"])
            for numbers in self._sources(site, route):
                known = {**numbers, Source.EXTENSION: own}
                yield number_shown(known, is_emergency=is_emergency, internal=internal)

    def _sources(self, site: str, route: str) -> tuple[Mapping[Source, str], ...]:
        """Return what site, route and trunks say, for every caller: once for each trunk."""
        if (site, route) not in self._said:
            fields = self.routes[route]
            self._said[site, route] = tuple(
                self._numbers_shown.sources(fields, trunk, site) for trunk in fields["trunks"]
            )
        return self._said[site, route]

    def callback(self, site: str) -> str:
        """Return the number that emergency calls from a site show; "" where it has none."""
        return str(self._sites.get(site, {}).get("emergency_callback") or "")

    def _promised(self, country: Country) -> frozenset[str]:
        """Return the secondary numbers that a country's routes name: every site should reach them."""
        return self._patterns_by_country.get(country, frozenset()) | self._patterns_by_country.get(
            None, frozenset()
        )

    @cached_property
    def _patterns_by_country(self) -> Mapping[Country | None, frozenset[str]]:
        found: dict[Country | None, set[str]] = {}
        for route in self.routes.values():
            site = route.get("site")
            country = self.country(site) if site else None
            if country or not site:
                found.setdefault(country, set()).update(route["patterns"])
        return {country: frozenset(patterns) for country, patterns in found.items()}

    def _dialled(self, site: str, country: Country) -> Iterator[EmergencyCall]:
        promised = self._promised(country)
        numbers = [
            *((number, True, True) for number in country.main),
            *((number, number in promised, True) for number in country.secondary),
            *((number, True, True) for number in country.text if number in promised),
            *((number, True, False) for number in country.others),
        ]
        lines = ("", *self._outside_lines(site, country))
        for number, is_promised, is_known in numbers:
            for line in lines if is_promised and is_known else ("",):
                goes = self._dialling.dial(site, line + number)
                yield EmergencyCall(site, country, line, number, is_promised, is_known, goes)

    def _outside_lines(self, site: str, country: Country) -> list[str]:
        """Return what is dialled for an outside line, before a number of the public network."""
        return sorted(self._lines_of(site, country) | self._lines_of("", country))

    def _lines_of(self, place: str, country: Country) -> frozenset[str]:
        """Return the outside lines by the routes of one site, or by those for every site."""
        if (place, country) not in self._lines:
            patterns = self._dialling.patterns.get(place)
            self._lines[place, country] = frozenset(
                line
                for route in (patterns.by_name.values() if patterns else ())
                if not route["emergency"]
                for pattern in route["patterns"]
                if (line := _outside_line(route, pattern, country))
            )
        return self._lines[place, country]


def _outside_line(route: Filled, pattern: str, country: Country) -> str:
    """Return the digits that the pattern begins with for an outside line; "" for none.

    There are where a route takes them off, what is dialled with them is no number of the public
    network, and what follows them is one.
    """
    strip = route["strip"]
    taken = pattern[:strip]
    if not strip or len(taken) < strip or not set(taken) <= set("0123456789*#"):
        return ""
    if pattern[-1] in ".!":
        return _open_line(taken, pattern[strip:], country, prepends=bool(route.get("prepend")))
    if country.is_abroad(taken) or any(map(country.is_domestic, _numbers(pattern))):
        return ""
    for end in range(1, strip + 1):
        if any(map(country.is_public, _numbers(pattern[end:], country.national_prefix))):
            return taken[:end]
    return ""


_FILLS = "2839"
"""Digits with which numbers begin, in one country or another."""


def _numbers(pattern: str, prefix: str = "") -> Iterator[str]:
    """Yield some of the numbers that match a pattern.

    With the country's prefix, where it may be.
    """
    for fill in _FILLS:
        number = "".join(fill if symbol in DIGITS else symbol for symbol in pattern)
        yield number
        places = zip(prefix, pattern, strict=False)
        if prefix and all(digit in DIGITS.get(symbol, symbol) for digit, symbol in places):
            yield prefix + number[len(prefix) :]


def _open_line(taken: str, rest: str, country: Country, *, prepends: bool) -> str:
    """Return the same, where anything may follow: a country's own prefixes are no outside line."""
    prefix = country.national_prefix
    if country.is_abroad(taken):
        return ""
    if prefix and taken.startswith(prefix) and (prepends or rest[0] not in f"X.!{prefix[0]}"):
        return ""
    for end in range(1, len(taken)):
        if taken[end:] == prefix or country.is_abroad(taken[end:]):
            return taken[:end]
    return taken
