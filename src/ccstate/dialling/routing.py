"""The way of a dialled number: what answers it inside, or by which route it leaves, and as what.

The most specific pattern carries a call, and permissions are asked afterwards: a caller who may
not use that route does not fall through to a wider one. A site's own route goes before a route
for every site where both have the same pattern.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from ccstate.journeys.centre import Centre, Filled
from ccstate.kinds import DESTINATIONS, internal_number_field
from ccstate.model import Address

DIGITS: Mapping[str, str] = {"N": "23456789", "Z": "123456789", "X": "0123456789"}
"""What a letter of a pattern stands for, fewest digits first."""


class Leaves(NamedTuple):
    """A call that leaves: `sent` is what the trunk receives.

    `rivals` are other routes with the same pattern, of which none is declared to be meant.
    """

    route: str
    pattern: str
    sent: str
    rivals: tuple[str, ...] = ()


# A literal before N before Z before X before `.` before `!` before the end, compared from the
# left; a number without any letter before all of them. So two patterns never stand equal unless
# they are the same text. Source: Asterisk 11, main/pbx.c, `ext_cmp` and `ext_cmp_pattern_pos`, of
# which docs.asterisk.org, "Pattern Matching" (read 2026-11), is the description.
_PLACES = {"N": 1, "Z": 2, "X": 3, ".": 4, "!": 5}
_END = 6


def specificity(pattern: str) -> tuple[int, ...]:
    """Rank a pattern among those that match the same digits: the least one carries."""
    places = [_PLACES.get(symbol, 0) for symbol in pattern]
    return (1, *places, _END) if any(places) else (0,)


def sent(route: Filled, dialled: str) -> str:
    """Return what the trunk receives when the route carries these digits."""
    return f"{route.get('prepend') or ''}{dialled[route['strip'] :]}"


@dataclass(slots=True)
class _Node:
    """A node of patterns that begin alike.

    `ends` holds those that end here: with "", `.` or `!`.
    """

    after: dict[str, "_Node"] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)


class Patterns:
    """The patterns of some routes, so that the most specific one is found without trying all."""

    def __init__(self, routes: Mapping[str, Filled]) -> None:
        self.by_name = routes
        self.routes: dict[str, list[str]] = {}
        """Names of the routes that have a pattern, in order."""
        for name in sorted(routes):
            for pattern in routes[name]["patterns"]:
                self.routes.setdefault(pattern, []).append(name)
        self._root = _Node()
        for pattern in self.routes:
            self._plant(pattern)

    def _plant(self, pattern: str) -> None:
        end = pattern[-1] if pattern[-1] in ".!" else ""
        node = self._root
        for symbol in pattern.removesuffix(end):
            node = node.after.setdefault(symbol, _Node())
        node.ends[end] = pattern

    def best(self, digits: str) -> str | None:
        """Return the pattern that carries these digits; None where none matches."""
        if digits in self.routes and specificity(digits) == (0,):
            return digits
        return _first_match(self._root, digits, 0)


def _first_match(node: _Node, digits: str, at: int) -> str | None:
    """Return the most specific pattern from here on; branches are tried in that order."""
    if at == len(digits):
        return node.ends.get("!") or node.ends.get("")
    digit = digits[at]
    for symbol in (digit, *(letter for letter, those in DIGITS.items() if digit in those)):
        if symbol in node.after and (found := _first_match(node.after[symbol], digits, at + 1)):
            return found
    return node.ends.get(".") or node.ends.get("!")


class Dialling:
    """The dialling of a centre: what becomes of dialled digits at each site."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self.routes = centre.of("outbound_route")
        by_site: dict[str, dict[str, Filled]] = {}
        for name, route in self.routes.items():
            by_site.setdefault(route.get("site") or "", {})[name] = route
        self.patterns = {site: Patterns(routes) for site, routes in by_site.items()}
        """Patterns by site; "" holds those of routes for every site."""
        self._everywhere: dict[str, str | None] = {}

    @cached_property
    def inside(self) -> Mapping[str, Address]:
        """The party behind each internal number: an extension, a queue or a tree."""
        centre = self._centre
        numbered: Iterable[tuple[str, Address]] = (
            (
                fields.get(internal_number_field(kind)) or (name if kind == "extension" else ""),
                Address(kind, name),
            )
            for kind in DESTINATIONS
            for name, fields in centre.of(kind).items()
        )
        return {number: address for number, address in numbered if number.isdigit()}

    def dial(self, site: str, digits: str) -> Address | Leaves | None:
        """Return what answers inside, or how the call leaves; None where it goes nowhere.

        `site` may be "", or one without routes: then only the routes for every site count.
        """
        return self.inside.get(digits) or self.leave(site, digits)

    def leave(self, site: str, digits: str) -> Leaves | None:
        """Return how the digits leave the house, even where something inside has that number."""
        own = self.patterns.get(site)
        here = own.best(digits) if own and site else None
        anywhere = self._best_everywhere(digits)
        if own and here and (not anywhere or specificity(here) <= specificity(anywhere)):
            return self._leaves(own, here, digits)
        return self._leaves(self.patterns[""], anywhere, digits) if anywhere else None

    def _best_everywhere(self, digits: str) -> str | None:
        if "" not in self.patterns:
            return None
        if digits not in self._everywhere:
            self._everywhere[digits] = self.patterns[""].best(digits)
        return self._everywhere[digits]

    def _leaves(self, patterns: Patterns, pattern: str, digits: str) -> Leaves:
        name, *rivals = patterns.routes[pattern]
        return Leaves(name, pattern, sent(self.routes[name], digits), tuple(rivals))
