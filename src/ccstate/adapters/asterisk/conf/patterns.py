"""Patterns of extensions, such as `_0[1-9]XXX.`: which characters each place takes.

Source: docs.asterisk.org, "Pattern Matching"; `_extension_match_core` in main/pbx.c of Asterisk 18.
"""

from collections.abc import Mapping
from typing import NamedTuple

CLASSES: Mapping[str, str] = {"X": "0123456789", "Z": "123456789", "N": "23456789"}
"""Letters that stand for any of some digits."""


class Pattern(NamedTuple):
    """What an extension matches: a set of characters for each place, and an open end.

    `end` is `.` for one or more characters, `!` for none or more, "" where the end is closed.
    """

    places: tuple[frozenset[str], ...]
    end: str = ""


def parsed(exten: str) -> Pattern:
    """The pattern of an extension from which hyphens for the eye are taken; a name is each of its characters."""
    if not exten.startswith("_"):
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


def _characters(text: str) -> frozenset[str]:
    """The characters between square brackets; a hyphen makes a range."""
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
