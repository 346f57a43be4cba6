"""Patterns of extensions, such as `_0[1-9]XXX.`: what they match, and which of them is tried first.

What is dialled may be a text with open places, as in "any seven digits of which the first is 2 to
9": characters of a private range stand for them, so that they can be cut and joined like digits.
Source: docs.asterisk.org, "Pattern Matching"; `ext_cmp_pattern`, `_extension_match_core` in
main/pbx.c of Asterisk 18; 16.28 and 22.10, seen.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import product
from typing import NamedTuple, TypeAlias

CLASSES: Mapping[str, str] = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
"""Letters that stand for any of some digits."""
MOST_WAYS = 200
"""Ways of saying a pattern whose classes are none of X, Z, N: one for each of their characters."""
_OPEN = {"X": "\ue000", "Z": "\ue001", "N": "\ue002", ".": "\ue003", "!": "\ue004"}
_MEANS = {_OPEN[letter]: frozenset(digits) for letter, digits in CLASSES.items()}
_SHOWN = {mark: letter for letter, mark in _OPEN.items()}
_BY_DIGITS = {digits: mark for mark, digits in _MEANS.items()}
MORE = (_OPEN["."], _OPEN["!"])
_HYPHENS = re.compile(r"\[[^\]]*\]?|-")
_END_ORDER = {".": 500, "!": 600, "": 700}


class Pattern(NamedTuple):
    """What an extension matches: a set of characters for each place, and an open end.

    `end` is `.` for one or more characters, `!` for none or more, "" where the end is closed.
    """

    places: tuple[frozenset[str], ...]
    end: str = ""


@lru_cache(maxsize=20_000)
def pattern(exten: str) -> Pattern:
    """The pattern of an extension, as extensions.conf has it; a name is each of its characters."""
    is_name = not exten.startswith("_")
    exten = without_hyphens(exten)
    if is_name:
        return Pattern(tuple(frozenset(char) for char in exten))
    places: list[frozenset[str]] = []
    at = 1
    while at < len(exten):
        char = exten[at]
        if char in ".!":
            return Pattern(tuple(places), char)
        if char == "[" and (close := exten.find("]", at)) > 0:
            places.append(_characters(exten[at + 1 : close]))
            at = close
        else:
            places.append(frozenset(CLASSES.get(char.upper(), char)))
        at += 1
    return Pattern(tuple(places))


def without_hyphens(exten: str) -> str:
    """Remove the hyphens that are for the eye; inside of brackets they mean a range."""
    return _HYPHENS.sub(lambda found: "" if found[0] == "-" else found[0], exten)


def _characters(text: str) -> frozenset[str]:
    """Return the characters between square brackets; a hyphen makes a range."""
    found: set[str] = set()
    at = 0
    while at < len(text):
        if text[at + 1 : at + 2] == "-" and at + 2 < len(text):
            found.update(map(chr, range(ord(text[at]), ord(text[at + 2]) + 1)))
            at += 3
        else:
            found.add(text[at])
            at += 1
    return frozenset(found)


Rank: TypeAlias = tuple[int, tuple[tuple[int, str], ...]]


@lru_cache(maxsize=20_000)
def rank(exten: str) -> Rank:
    """Return the place of an extension among those of its context, which are tried in this order.

    Names come before patterns; of patterns, the one whose first place takes fewer characters, then
    lower ones; an open end comes before an end. Two extensions of one rank are one extension:
    `_1N` and `_1[2-9]` (16.28 and 22.10, seen).
    """
    if not exten.startswith("_"):
        return 0, ((0, without_hyphens(exten)),)
    places, end = pattern(exten)
    ranked = [(len(place), "".join(sorted(place))) for place in places]
    return 1, (*ranked, (_END_ORDER[end], ""))


# What is dialled, with open places


def openings(exten: str) -> list[str]:
    """List what is dialled for a pattern, with its places open; none where there are too many ways."""
    if not exten.startswith("_"):
        return [exten]
    places, end = pattern(exten)
    return _ways(places, _OPEN.get(end, "")) or []


def opened(exten: str) -> str | None:
    """Return what is dialled for a pattern where one way says it; None otherwise."""
    ways = openings(exten)
    return ways[0] if len(ways) == 1 else None


def _ways(places: Iterable[frozenset[str]], end: str) -> list[str] | None:
    """List every way of saying these places; None where there are too many."""
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
    """Write what is dialled as a pattern of an outbound route: `1256NXXXXXX`."""
    return "".join(_SHOWN.get(char, char) for char in dialled)


def is_open(dialled: str) -> bool:
    """Whether any place is open."""
    return any(char in _SHOWN for char in dialled)


def matches(exten: str, dialled: str) -> bool:
    """Whether an extension stands for what was dialled, whatever its open places may be."""
    places, end = pattern(exten)
    dialled = without_hyphens(dialled) if "-" in dialled else dialled
    more = dialled[-1:] if dialled.endswith(MORE) else ""
    body = dialled[: len(dialled) - len(more)]
    least = len(places) + (end == ".")
    if (more and not end) or len(body) < least - (more == MORE[0]):
        return False
    if not end and len(body) != len(places):
        return False
    return all(_meant(char) <= place for char, place in zip(body, places, strict=False))


def _meant(char: str) -> frozenset[str]:
    return _MEANS.get(char) or frozenset(char)


def grows(exten: str, dialled: str) -> bool | None:
    """Whether more digits could make a pattern match; None where `!` says that these are enough."""
    places, end = pattern(exten)
    if not all(char in place for char, place in zip(dialled, places, strict=False)):
        return False
    if len(dialled) < len(places) or end == ".":
        return True
    return None if end == "!" else False


def common(exten: str, dialled: str) -> list[str] | None:
    """List what both mean, as things dialled; [] where nothing is, None where it is too much to say."""
    places, end = pattern(exten)
    body, more = (dialled[:-1], dialled[-1]) if dialled.endswith(MORE) else (dialled, "")
    if not more and not end and len(body) != len(places):
        return []
    if not more and len(body) < len(places) + (end == "."):
        return []
    if not end and len(body) > len(places):
        return []
    both: list[frozenset[str]] = []
    for at in range(max(len(body), len(places))):
        here = _meant(body[at]) if at < len(body) else None
        there = places[at] if at < len(places) else None
        place = here & there if here is not None and there is not None else here or there
        if not place:
            return []
        both.append(place)
    return _ways(both, _OPEN.get(end, "") if more and end else "")
