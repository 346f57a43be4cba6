"""Everything that can be dialled: by carriers, and by the phones of each context."""

import re
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan
from ccstate.adapters.asterisk.conf.patterns import pattern
from ccstate.adapters.asterisk.interpreter.lookup import Extension, Lookup

MOST_NUMBERS = 200
"""Numbers of one pattern that are all dialled; of others a few are."""
_LENGTHS = ("", "5550143", "2025550143")
"""What stands for the open end of a pattern."""


class Dialled(NamedTuple):
    """Something that can be dialled in a context; `is_sample` where it stands for others too."""

    exten: str
    line: Option
    is_sample: bool = False


def dialled_by_carriers(lookup: Lookup, context: str) -> Iterator[Dialled]:
    """Numbers that carriers may dial there: three digits or more, five in what is included.

    Shorter ones are keys of menus. `s` takes calls of carriers that send no number, where the
    context knows none.
    """
    is_numbered, without = False, None
    for extension, path in lookup.extensions(context):
        if extension.name == "s" and not path:
            without = Dialled("s", next(iter(extension.steps.values())).option)
        for found in _numbers(extension, ()):
            if len(found.exten.lstrip("+")) >= (3 if not path else 5):
                is_numbered = True
                yield found
    if without and not is_numbered:
        yield without


def dialled_by_phones(lookup: Lookup, context: str, known: tuple[str, ...]) -> Iterator[Dialled]:
    """What phones may dial there; `known` are numbers of which each is tried where it fits."""
    for extension, _ in lookup.extensions(context):
        for found in _numbers(extension, known):
            if len(found.exten) >= 2:
                yield found


_HANDED_ON = re.compile(r"([\w-]+),\$\{EXTEN\},")


def numbers_handed_on(plan: Dialplan, lookup: Lookup) -> Iterator[str]:
    """Numbers of contexts to which the dialplan hands on what was dialled, as it was dialled.

    Nobody sees them at the context of a phone, where a pattern such as `_X.` takes them.
    """
    steps = (step for context in plan.contexts.values() for step in context.steps)
    contexts = {name for step in steps for name in _HANDED_ON.findall(step.data)}
    for context in sorted(contexts):
        for extension, _ in lookup.extensions(context):
            if set(extension.name) <= _KEYS:
                yield extension.name


def samples_of(route: str) -> Iterator[str]:
    """Numbers that the pattern of an outbound route takes, such as `9NXXXXXX.`."""
    is_pattern = not set(route) <= _KEYS
    yield from (number for number, _ in _spelled(f"_{route}" if is_pattern else route, ()))


def _numbers(extension: Extension, known: tuple[str, ...]) -> Iterator[Dialled]:
    line = next(iter(extension.steps.values())).option
    for number, is_sample in _spelled(extension.name, known):
        yield Dialled(number, line, is_sample)


def _spelled(name: str, known: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """The numbers that an extension or pattern stands for; a few with True where they are many."""
    if not name.startswith("_"):
        number = name.replace("-", "")
        if number and set(number) <= _KEYS:
            yield number, False
        return
    said = pattern(name)
    places = [sorted(place & _KEYS) for place in said.places]
    if not all(places):
        return
    if not said.end and prod(map(len, places)) <= MOST_NUMBERS:
        yield from (("".join(digits), False) for digits in product(*places))
        return
    fits = [number for number in known if _fits(number, said.places, said.end)]
    ends = [e for e in _LENGTHS if said.end] or [""]
    samples = [
        "".join(pick(place) for place in places) + end
        for end in ends
        for pick in (_lowest, _highest)
        if end or said.end != "."
    ]
    yield from ((number, True) for number in dict.fromkeys([*fits, *samples]))


_KEYS = frozenset("0123456789*#+")
"""What a telephone can dial."""


def _lowest(place: list[str]) -> str:
    return place[0]


def _highest(place: list[str]) -> str:
    digits = [char for char in place if char.isdigit()]
    return (digits or place)[-1]


def _fits(number: str, places: tuple[frozenset[str], ...], end: str) -> bool:
    if len(number) < len(places) + (end == ".") or (not end and len(number) != len(places)):
        return False
    return all(char in place for char, place in zip(number, places, strict=False))
