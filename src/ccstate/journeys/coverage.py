"""Which ends of calls the call tests speak of, and tests for those of which none does."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ccstate.journeys.call_tests import Ending, Verdict, endings
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import Place

LONGEST_LABEL = 200
LONGEST_NAME = 70


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every end of every number; `missing` are those that no test that passes speaks of."""

    ends: int
    numbers: int
    missing: tuple[Ending, ...]

    @property
    def covered(self) -> int:
        return self.ends - len(self.missing)


def coverage(flow: Flow, year: Year, verdicts: Iterable[Verdict]) -> Coverage:
    """How many ends of numbers the tests that pass cover, over the year."""
    tested = {(v.test["to"], v.journey.at) for v in verdicts if v.journey and v.passed}
    numbers = sorted(flow.centre.of("number"))
    found = [ending for number in numbers for ending in endings(flow, year, number)]
    missing = tuple(ending for ending in found if (ending.number, ending.at) not in tested)
    return Coverage(len(found), len(numbers), missing)


def missing_tests(
    flow: Flow, missing: Iterable[Ending], taken: Iterable[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A call test for each end, under a name that nobody has."""
    names = set(taken)
    for ending in missing:
        name = _name(flow, ending, names)
        names.add(name)
        zone = zone_of(flow, Place("number", ending.number))
        yield name, _test(flow, ending, zone)


def _test(flow: Flow, ending: Ending, zone: ZoneInfo) -> dict[str, Any]:
    keys = {"keys": list(ending.keys)} if ending.keys else {}
    turned = [words.split(" ") for words in ending.moment.switches]
    positions = [{"switch": name, "position": position} for name, position in turned]
    switches = {"switches": positions} if positions else {}
    return {
        "label": _label(flow, ending),
        "to": ending.number,
        "at": f"{ending.moment.at.astimezone(zone):%Y-%m-%dT%H:%M}",
        **keys,
        **switches,
        **({"caller": ending.moment.caller} if ending.moment.caller else {}),
        "expect": [ending.at],
    }


def _name(flow: Flow, ending: Ending, taken: set[str]) -> str:
    number = _slug(flow.centre.label(f"number/{ending.number}")) or _slug(ending.number)
    name = f"{number}-to-{_slug(ending.at)}"[:LONGEST_NAME].rstrip("-")
    count = 1
    while (name if count == 1 else f"{name}-{count}") in taken:
        count += 1
    return name if count == 1 else f"{name}-{count}"


def _label(flow: Flow, ending: Ending) -> str:
    """`Main line, press 2, then 1: Payment support`."""
    entries = [entry or "nothing" for entry in ending.keys]
    pressed = f", press {', then '.join(entries)}" if entries else ""
    occasions = "".join(f", {words}" for words in ending.moment.circumstances)
    label = flow.centre.label(ending.at)
    message = "a message for " if ending.at.startswith("voicemail/") else ""
    end = f"{message}{label}" if label else ending.at
    number = flow.centre.label(f"number/{ending.number}") or ending.number
    return f"{number}{occasions}{pressed}: {end}"[:LONGEST_LABEL]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
