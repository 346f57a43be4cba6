"""Who calls, as far as caller lists ask: the classes of callers that they tell apart."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ccstate.journeys.centre import Centre, Filled

WITHHELD = "withheld"
"""The number of a caller who shows none."""
LONGEST = 15
"""Digits of a number in international form (ITU-T E.164)."""


class Caller(NamedTuple):
    """A class of callers: a number that stands for it, and the lists that hold the number.

    `number` is "" for callers of whom no list knows anything, and `withheld` where none is shown.
    """

    number: str
    lists: frozenset[str]


def lists_of(centre: Centre, number: str, lists: Collection[str]) -> frozenset[str]:
    """Those of the lists that hold a number in international form, or `withheld`."""
    return frozenset(name for name in lists if _holds(centre.of("caller_list").get(name), number))


def _holds(fields: Filled | None, number: str) -> bool:
    if fields is None:
        return False
    if number == WITHHELD:
        return bool(fields["withheld"])
    if number in (fields.get("numbers") or ()):
        return True
    return any(number.startswith(prefix) for prefix in fields.get("prefixes") or ())


def callers(centre: Centre, lists: Sequence[str]) -> list[Caller]:
    """The classes of callers that the lists tell apart; those whom no list holds come first."""
    found = {frozenset[str](): Caller("", frozenset())}
    index = _Index(centre.of("caller_list"), lists)
    for number in index.examples():
        held = index.lists_of(number)
        found.setdefault(held, Caller(number, held))
    return list(found.values())


class _Index:
    """What some lists hold, so that a number is looked up in no more steps than it has digits."""

    def __init__(self, known: Mapping[str, Filled], lists: Sequence[str]) -> None:
        self._numbers: dict[str, set[str]] = {}
        self._prefixes: dict[str, set[str]] = {}
        self._withheld = frozenset(n for n in lists if known.get(n, {}).get("withheld"))
        for name in lists:
            fields = known.get(name, {})
            for number in fields.get("numbers") or ():
                self._numbers.setdefault(number, set()).add(name)
            for prefix in fields.get("prefixes") or ():
                self._prefixes.setdefault(prefix, set()).add(name)

    def lists_of(self, number: str) -> frozenset[str]:
        if number == WITHHELD:
            return self._withheld
        found = set(self._numbers.get(number, ()))
        for length in range(2, len(number) + 1):
            found |= self._prefixes.get(number[:length], set())
        return frozenset(found)

    def examples(self) -> Iterator[str]:
        """A number for whatever an entry can tell apart: each number, each prefix, none shown."""
        yield from sorted(self._numbers)
        entries = self._numbers.keys() | self._prefixes.keys()
        beginnings = {e[:length] for e in entries for length in range(2, len(e) + 1)}
        for prefix in sorted(self._prefixes):
            yield from _beyond(prefix, entries, beginnings)
        yield WITHHELD


def _beyond(prefix: str, entries: Collection[str], beginnings: Collection[str]) -> Iterator[str]:
    """A number that begins so, and that no longer entry holds; none where there is no such number."""
    todo = [prefix]
    for number in todo:
        for digit in "0123456789" if len(number) <= LONGEST else "":
            longer = f"{number}{digit}"
            if longer not in beginnings:
                yield longer.ljust(_SHORTEST, "0")
                return
            if longer not in entries:
                todo.append(longer)


_SHORTEST = 11
"""Characters of a number that is made of a prefix, where that is shorter."""
