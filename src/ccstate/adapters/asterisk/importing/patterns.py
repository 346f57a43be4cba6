"""Extensions and patterns: which one answers what is dialled.

What is dialled may be a text with places that are open, as in "any seven digits of which the first
is 2 to 9": characters of a private range stand for them, so that they can be cut and joined like
digits. Source: docs.asterisk.org, "Pattern Matching"; main/pbx.c of Asterisk 18, `ext_cmp_pattern`.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product

from ccstate.adapters.asterisk.conf.dialplan import without_hyphens
from ccstate.adapters.asterisk.conf.patterns import CLASSES, Pattern, parsed

_OPEN = {"X": "\ue000", "Z": "\ue001", "N": "\ue002", ".": "\ue003", "!": "\ue004"}
_MEANS = {_OPEN[letter]: frozenset(digits) for letter, digits in CLASSES.items()}
_SHOWN = {mark: letter for letter, mark in _OPEN.items()}
_BY_DIGITS = {digits: mark for mark, digits in _MEANS.items()}
MORE = (_OPEN["."], _OPEN["!"])


@lru_cache(maxsize=10_000)
def pattern(exten: str) -> Pattern:
    """The pattern of an extension, written as in extensions.conf."""
    return parsed(without_hyphens(exten) if exten.startswith("_") else exten)


MOST_WAYS = 200
"""Ways of saying a pattern whose classes are none of X, Z, N: one for each of their characters."""


def openings(exten: str) -> list[str]:
    """What is dialled for a pattern, with its places open; none where there are too many ways."""
    if not exten.startswith("_"):
        return [exten]
    said = pattern(exten)
    return _ways(said.places, _OPEN.get(said.end, "")) or []


def opened(exten: str) -> str | None:
    """What is dialled for a pattern where one way says it; None otherwise."""
    ways = openings(exten)
    return ways[0] if len(ways) == 1 else None


def _ways(places: Iterable[frozenset[str]], end: str) -> list[str] | None:
    """Every way of saying these places; None where there are too many."""
    choices: list[list[str]] = []
    count = 1
    for place in places:
        mark = _BY_DIGITS.get(place)
        choices.append([mark] if mark else sorted(place))
        count *= len(choices[-1])
        if count > MOST_WAYS:
            return None
    return ["".join(way) + end for way in product(*choices)]


def shown(dialled: str) -> str:
    """What is dialled, as a pattern of an outbound route: `1256NXXXXXX`."""
    return "".join(_SHOWN.get(char, char) for char in dialled)


def is_open(dialled: str) -> bool:
    """Whether any place is open."""
    return any(char in _SHOWN for char in dialled)


def covers(said: Pattern, dialled: str) -> bool:
    """Whether the pattern matches whatever the open places may be."""
    body, more = (dialled[:-1], True) if dialled.endswith(MORE) else (dialled, False)
    if more and not said.end:
        return False
    least = len(said.places) + (said.end == ".")
    if len(body) < least - (dialled.endswith(MORE[0])):
        return False
    if not said.end and len(body) != len(said.places):
        return False
    return all(
        _MEANS.get(char, {char}) <= place for char, place in zip(body, said.places, strict=False)
    )


def common(said: Pattern, dialled: str) -> list[str] | None:
    """What both mean, as things dialled; [] where nothing is, None where it is too much to say."""
    body, more = (dialled[:-1], dialled[-1]) if dialled.endswith(MORE) else (dialled, "")
    if not more and not said.end and len(body) != len(said.places):
        return []
    if not more and len(body) < len(said.places) + (said.end == "."):
        return []
    if not said.end and len(body) > len(said.places):
        return []
    both: list[frozenset[str]] = []
    for at in range(max(len(body), len(said.places))):
        here = _MEANS.get(body[at], frozenset(body[at])) if at < len(body) else None
        there = said.places[at] if at < len(said.places) else None
        place = here & there if here is not None and there is not None else here or there
        if not place:
            return []
        both.append(place)
    return _ways(both, _OPEN.get(said.end, "") if more and said.end else "")


def in_order(extens: Iterable[str]) -> list[str]:
    """Extensions in the order in which Asterisk tries them: names, then patterns, narrow first."""
    return sorted(extens, key=_rank)


def _rank(exten: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    if not exten.startswith("_"):
        return (0, ((0, exten),))
    said = pattern(exten)
    places = [(len(place), min(place, default="")) for place in said.places]
    places.append({".": (500, ""), "!": (600, ""), "": (700, "")}[said.end])
    return (1, tuple(places))
