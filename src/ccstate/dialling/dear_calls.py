"""Calls that cost more than others, and what is dialled to make one by a given route."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ccstate.dialling.countries import Country, Places
from ccstate.dialling.routing import DIGITS, sent
from ccstate.journeys.centre import Filled


class DearCalls(NamedTuple):
    """One class of calls: what trunks receive for it, and the permissions that it needs.

    `numbers` are what is sent, with digits that are open; one may be `longer` digits longer.
    """

    kind: str
    permissions: frozenset[str]
    numbers: tuple[Places, ...]
    longer: int = 0


# Fewer digits after the prefix exist (Andorra has nine), but so does a national number of that
# length where the pattern has X for its every digit: 0XXXXXXXXXX in the United Kingdom.
_ABROAD = tuple(DIGITS[symbol] for symbol in "Z" + "X" * 9)
_LONGEST = 15 - len(_ABROAD)


@cache
def dear_calls(country: Country) -> tuple[DearCalls, ...]:
    """List the classes of calls that cost more, from a phone in this country."""
    abroad = tuple((*prefix, *_ABROAD) for prefix in (*country.international, ("+",)))
    return (
        DearCalls("premium", frozenset({"premium"}), country.premium),
        DearCalls(
            "international", frozenset({"premium", "international"}), abroad, longer=_LONGEST
        ),
    )


_FILLS = ("5830214679", "8352160479", "3586142079")
"""Which digit is taken where several are possible: one may belong to another route."""


def examples(route: Filled, pattern: str, dear: DearCalls, country: Country) -> Iterator[str]:
    """Yield what to dial so that the pattern matches and such a call is sent; nothing for none."""
    home = country.calling_code
    for number in dear.numbers:
        if fitted := _fit(route, pattern, number, dear.longer):
            for fill in _FILLS:
                dialled, sent = _fill(fitted, route, fill)
                if dear.kind != "international" or not _abroad(sent, number).startswith(home):
                    yield dialled


def _abroad(sent: str, number: Places) -> str:
    """Return what is sent of a call abroad after its prefix: calling code and number."""
    return sent[len(number) - len(_ABROAD) :]


def _fit(route: Filled, pattern: str, number: Places, longer: int) -> Sequence[str] | None:
    """Return the digits possible at each place of what is dialled; None where there are none."""
    prepend, strip = route.get("prepend") or "", route["strip"]
    end = pattern[-1] if pattern[-1] in ".!" else ""
    body = [_possible(symbol) for symbol in pattern.removesuffix(end)]
    for length in range(len(number), len(number) + longer + 1):
        more = length - len(prepend) + strip - len(body)
        if length < len(prepend) or not _may_follow(end, more):
            continue
        places = [*body, *[DIGITS["X"]] * more]
        wanted = [*number, *[DIGITS["X"]] * (length - len(number))]
        both = [
            "".join(digit for digit in have if digit in want)
            for have, want in zip([*prepend, *places[strip:]], wanted, strict=True)
        ]
        return [*places[:strip], *both[len(prepend) :]] if all(both) else None
    return None


def _may_follow(end: str, more: int) -> bool:
    """Check whether so many digits may follow what the pattern spells out."""
    least: Mapping[str, int] = {".": 1, "!": 0}
    return more >= least[end] if end else more == 0


def _possible(symbol: str) -> str:
    return DIGITS.get(symbol, symbol)


def _fill(places: Sequence[str], route: Filled, fill: str) -> tuple[str, str]:
    """Fill in one way to dial, and what the trunk receives then."""
    dialled = "".join(min(place, key=(fill + "+*#").index) for place in places)
    return dialled, sent(route, dialled)
