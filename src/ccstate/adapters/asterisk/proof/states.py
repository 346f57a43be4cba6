"""The numbers that can be dialled, and the states behind each of schedules, switches and callers."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product
from math import prod
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.dialplan import Dialplan
from ccstate.adapters.asterisk.conf.patterns import pattern
from ccstate.adapters.asterisk.importing.estate import Positions
from ccstate.adapters.asterisk.interpreter import OTHER_CALLER, Moments, Survey
from ccstate.adapters.asterisk.interpreter.lookup import Extension, Lookup
from ccstate.dialling.international import international, region_of
from ccstate.dialling.number_formats import (
    NATIONAL,
    carrier_formats,
    read_as_e164,
    rewritten,
    written_for,
)
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import WITHHELD, Year, callers
from ccstate.journeys.ways import CALLERS, SWITCH, Says

MOST_NUMBERS = 200
"""Numbers of one pattern that are all dialled; of others a few are."""
_LENGTHS = ("", "5550143", "2025550143")
"""What stands for the open end of a pattern."""


class Dialled(NamedTuple):
    """A number or code that can be dialled; `is_sample` where it stands for others too."""

    exten: str
    line: Option
    is_sample: bool = False


def dialled_by_carriers(lookup: Lookup, context: str) -> Iterator[Dialled]:
    """List numbers that carriers may dial there: three digits or more, five in what is included.

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
    """List what phones may dial there; `known` are numbers of which each is tried where it fits."""
    for extension, _ in lookup.extensions(context):
        for found in _numbers(extension, known):
            if len(found.exten) >= 2:
                yield found


_HANDED_ON = re.compile(r"([\w-]+),\$\{EXTEN\},")


def numbers_handed_on(plan: Dialplan, lookup: Lookup) -> Iterator[str]:
    """List numbers of contexts to which the dialplan hands on what was dialled, unchanged.

    They are not seen at the context of a phone, where a pattern such as `_X.` takes them.
    """
    steps = (step for context in plan.contexts.values() for step in context.steps)
    contexts = {name for step in steps for name in _HANDED_ON.findall(step.data)}
    for context in sorted(contexts):
        for extension, _ in lookup.extensions(context):
            if set(extension.name) <= _KEYS:
                yield extension.name


def samples_of(route: str) -> Iterator[str]:
    """List numbers that the pattern of an outbound route takes, such as `9NXXXXXX.`."""
    is_pattern = not set(route) <= _KEYS
    yield from (number for number, _ in _spelled(f"_{route}" if is_pattern else route, ()))


def _numbers(extension: Extension, known: tuple[str, ...]) -> Iterator[Dialled]:
    line = next(iter(extension.steps.values())).option
    for number, is_sample in _spelled(extension.name, known):
        yield Dialled(number, line, is_sample)


def _spelled(name: str, known: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """List the numbers of an extension or pattern; a few with True where they are many."""
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


MOST_POSITIONS = 64
"""Combinations of what switches are turned to that are walked behind one number."""
ANONYMOUS = "anonymous"
"""The number of a caller who shows none, as PJSIP reads it from a header `From` (RFC 3323)."""


class State(NamedTuple):
    """A state of schedules, switches and lists, its moments, and the facts that say so by hand."""

    phases: Mapping[str, Says]
    moments: int
    facts: Mapping[str, str]


class Behind(NamedTuple):
    """The states that are walked behind a number, and in words those that are left out."""

    states: Sequence[State]
    left_out: str = ""


class States:
    """The states of one import: values of switches and callers, and the moments of a year."""

    def __init__(
        self,
        flow: Flow,
        year: Year,
        moments: Moments,
        survey: Survey,
        *,
        switches: Mapping[str, Positions],
    ) -> None:
        self._flow, self._year, self._moments, self._survey = flow, year, moments, survey
        self._switches = switches
        self._found: dict[tuple[str, ...], Behind] = {}
        self._said: dict[tuple[object, ...], Sequence[Says]] = {}

    def every_moment(self) -> State:
        """Return the state of a call that nothing decides."""
        return State({}, self._moments.every, {})

    def behind(self, names: Sequence[str], trunk: str = "") -> Behind:
        """Return every state that these schedules, `switch/night` and `callers/vip` can tell apart.

        Callers come by that trunk; from phones where there is none.
        """
        asked = tuple(sorted(names))
        lists = [name for name in asked if name.startswith(CALLERS)]
        key = (trunk if lists else "", *asked)
        if key not in self._found:
            positions, left_out = self._switched(asked)
            others = tuple(name for name in asked if name not in lists)
            states = [
                State({**state.phases, **said}, state.moments, {**state.facts, **caller})
                for facts in positions
                for state in self._timed(others, facts)
                for said, caller in self._called(lists, trunk)
            ]
            self._found[key] = Behind(states, left_out)
        return self._found[key]

    def phases(
        self, names: Sequence[str], at: datetime, facts: Mapping[str, str], trunk: str = ""
    ) -> Mapping[str, Says]:
        """Return what schedules, switches and lists say at a moment while facts are these."""
        caller = self._as_read(facts["caller"], trunk) if "caller" in facts else ""
        return self._year.phases(sorted(names), at, self._positions(facts), caller)

    def _switched(self, names: tuple[str, ...]) -> tuple[list[dict[str, str]], str]:
        """Return combinations of values by which people turn the switches asked here."""
        schedules = self._flow.centre.of("schedule")
        closing = {f"{SWITCH}{schedules.get(name, {}).get('closed_by')}" for name in names}
        asked = {name for name in (*names, *closing) if name.startswith(SWITCH)}
        turned = {
            fact: sorted({*said.off, *said.on, *self._survey.values(fact)})
            for fact, said in sorted(self._switches.items())
            if str(said.address) in asked
        }
        rows = combinations(list(turned.values()))
        walked, every = rows[:MOST_POSITIONS], prod(map(len, turned.values()))
        left_out = ""
        if len(walked) < every:
            pairs = "each value beside each of the others" if walked == rows else "each value"
            left_out = (
                f"{every - len(walked):,} of {every:,} combinations of {', '.join(turned)} are not "
                f"walked, only {len(walked)} that show {pairs}"
            )
        return [dict(zip(turned, row, strict=True)) for row in walked], left_out

    def _positions(self, facts: Mapping[str, str]) -> dict[str, Position]:
        """Return the positions of switches while what people change has these values."""
        return {
            said.address.name: Position.ON if value in said.on else Position.OFF
            for fact, value in facts.items()
            if (said := self._switches.get(fact))
        }

    def _timed(self, names: tuple[str, ...], facts: Mapping[str, str]) -> Iterator[State]:
        positions = self._positions(facts)
        by_phases: dict[tuple[Says, ...], int] = {}
        if not names:
            by_phases[()] = self._moments.every
        each = (self._each_moment(name, positions) for name in names)
        for bit, key in enumerate(zip(*each, strict=True)):
            by_phases[key] = by_phases.get(key, 0) | 1 << bit
        for said, bits in by_phases.items():
            yield State(dict(zip(names, said, strict=True)), bits, facts)

    def _each_moment(self, name: str, positions: Mapping[str, Position]) -> Sequence[Says]:
        """Return what a schedule or switch says at each moment; numbers share many of these."""
        key = (name, *sorted(positions.items()))
        if key not in self._said:
            self._said[key] = self._year.says_at(name, [*self._moments.all()], positions)
        return self._said[key]

    def _called(
        self, lists: Sequence[str], trunk: str
    ) -> list[tuple[Mapping[str, Says], Mapping[str, str]]]:
        """Return what lists say to each caller that they or the dialplan tell apart."""
        if not lists:
            return [({}, {})]
        at = next(self._moments.all())
        return [
            (self._year.phases(lists, at, None, self._as_read(written, trunk)), {"caller": written})
            for written in self._survey.values("caller")
        ]

    def _as_read(self, written: str, trunk: str) -> str:
        """Write a caller's number as lists get it: in E.164 where the trunk says its format."""
        number = "".join(char for char in written if char in "+0123456789")
        if not number:
            return WITHHELD
        formats = carrier_formats(self._flow.centre, trunk)
        if not formats.inbound:
            return number
        return rewritten(read_as_e164(formats.inbound, formats.country), number)


def listed_callers(centre: Centre, known: Sequence[str], prefix: str) -> Iterator[str]:
    """Return the callers that lists tell apart, as the dialplan would read them.

    `known` are the numbers that the dialplan compares with: their form is that of the carrier.
    """
    lists = centre.of("caller_list")
    numbers = {n for fields in lists.values() for n in fields.get("numbers") or ()}
    numbers |= {caller.number for caller in callers(centre, sorted(lists)) if caller.number}
    numbers |= {WITHHELD for fields in lists.values() if fields["withheld"]}
    compared = {international(number, prefix) for number in known}
    for number in sorted(numbers - compared):
        if number != WITHHELD:
            yield _written_like(known, number, prefix)
        elif not {"", ANONYMOUS} & set(known):
            yield ANONYMOUS


def _written_like(known: Sequence[str], number: str, prefix: str) -> str:
    """Write a number in the form in which most of the known ones are written."""
    forms = {
        "": number.removeprefix("+"),
        "+": number,
        "0": rewritten(written_for(NATIONAL, region_of(prefix)), number),
    }
    counts = Counter(one[:1] if one[:1] in forms else "" for one in known if one != OTHER_CALLER)
    return forms[max(forms, key=lambda form: counts[form])]


def combinations(choices: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Make rows with one value of each choice: all, or a part where they are too many.

    That part shows each value first, then each value of one choice beside each of every other.
    """
    if prod(map(len, choices)) <= MOST_POSITIONS:
        return list(product(*choices))
    most = max(map(len, choices))
    rows = [tuple(_at(choice, n) for choice in choices) for n in range(most)]
    bits = range((len(choices) - 1).bit_length())
    # Two choices differ in some bit of their places: there one has the first of two values while
    # the other has the second, and once more the other way round.
    for first in range(most):
        for second in range(first + 1, most):
            for pair in ((first, second), (second, first)):
                rows += [
                    tuple(_at(choice, pair[n >> bit & 1]) for n, choice in enumerate(choices))
                    for bit in bits
                ]
    return list(dict.fromkeys(rows))


def _at(choice: Sequence[str], number: int) -> str:
    return choice[min(number, len(choice) - 1)]
