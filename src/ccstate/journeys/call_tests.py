"""Call tests as they are walked and made, and the ends of calls that no test covers."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from ccstate.journeys.enumeration import pressed
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import Moment, Phases, Positions, Year
from ccstate.journeys.walk import ASKED, Journey, Step, asks, walk, zone_of
from ccstate.journeys.ways import GOOD, Event, Place
from ccstate.kinds.call_test import moment_named
from ccstate.model import Address


@dataclass(frozen=True, slots=True)
class Verdict:
    """The walk of one call test: `journey` is None where something that it names is not there."""

    name: str
    test: Mapping[str, Any]
    at: datetime | None
    journey: Journey | None
    lacks: str = ""
    """What is not there: `number +61255501234`, `moment 2026-02-30T10:00`."""
    phases: Phases = field(default_factory=dict)
    """Of the schedules that this caller meets, at that moment."""

    @property
    def passed(self) -> bool:
        """Whether the call ended as it should, and where it should."""
        found = self.journey
        return found is not None and found.end in GOOD and found.at in self.test["expect"]


def verdicts(flow: Flow, year: Year, tests: Mapping[str, Mapping[str, Any]]) -> Iterator[Verdict]:
    """Walk every call test of this centre, where every agent who is there answers."""
    for name, test in sorted(tests.items()):
        start = flow.entrance(Address("number", test["to"]))
        if start is None:
            yield Verdict(name, test, None, None, f"number {test['to']}")
            continue
        at = moment_named(test["at"], zone_of(flow, start))
        if at is None:
            yield Verdict(name, test, None, None, f"moment {test['at']}")
            continue
        phases = year.phases(
            flow.schedules(flow.reached(start)), at, positions_of(test), test.get("caller") or ""
        )
        journey = walk(flow, start, phases, test.get("keys") or ())
        yield Verdict(name, test, at, journey, phases=phases)


def positions_of(test: Mapping[str, Any]) -> Positions:
    """Return the positions in which the call of a test finds switches."""
    return {p["switch"]: Position(p["position"]) for p in test.get("switches") or ()}


class Ending(NamedTuple):
    """One end that callers of a number can come to, and the shortest call that does."""

    number: str
    at: str
    moment: Moment
    keys: tuple[str, ...]


def endings(flow: Flow, year: Year, number: str) -> Iterator[Ending]:
    """Yield every good end of a number over a year, where every agent who is there answers.

    Ends outside of the house, `number/+61…` of a dialled mobile, are no promise of this one.
    """
    start = flow.entrance(Address("number", number))
    if start is None:
        return
    zone = zone_of(flow, start)
    seen: set[str] = set()
    for state in year.states(flow.schedules(flow.reached(start))):
        moment = next((m for m in state.moments if _is_plain(m.at, zone)), None)
        for at, keys in _ends(flow, start, state.phases) if moment else ():
            if moment and at not in seen:
                seen.add(at)
                yield Ending(number, at, moment, keys)


def _is_plain(at: datetime, zone: ZoneInfo) -> bool:
    """Check whether the clock there shows this time at this moment only, and to the minute."""
    there = at.astimezone(zone).replace(tzinfo=None, second=0)
    return {there.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)} == {at}


def _ends(flow: Flow, start: Place, phases: Phases) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the good ends in one schedule state, each with the keys of a shortest way there."""
    keys: dict[Place, tuple[str, ...]] = {start: ()}
    for place in (todo := [start]):
        ways = flow.possible(place, phases)
        for way in (way for way in ways if way.event in ASKED or way is ways[0]):
            entry = (pressed(flow, place, way),) if asks(way) else ()
            if way.to is None:
                if way.end in GOOD and not way.at.startswith("number/"):
                    yield way.at, _without_last_silence((*keys[place], *entry))
            elif way.to not in keys:
                keys[way.to] = (*keys[place], *entry)
                todo.append(way.to)


def _without_last_silence(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Drop a last silence, which needs no entry."""
    while entries and not entries[-1]:
        entries = entries[:-1]
    return entries


LONGEST_LABEL = 200
LONGEST_NAME = 70


@dataclass(frozen=True, slots=True)
class Coverage:
    """The ends of every number; `missing` are those that no passing test covers."""

    ends: int
    numbers: int
    missing: tuple[Ending, ...]

    @property
    def covered(self) -> int:
        return self.ends - len(self.missing)


def coverage(flow: Flow, year: Year, verdicts: Iterable[Verdict]) -> Coverage:
    """Count the ends of numbers that the passing tests cover, over the year."""
    tested = {(v.test["to"], v.journey.at) for v in verdicts if v.journey and v.passed}
    numbers = sorted(flow.centre.of("number"))
    found = [ending for number in numbers for ending in endings(flow, year, number)]
    missing = tuple(ending for ending in found if (ending.number, ending.at) not in tested)
    return Coverage(len(found), len(numbers), missing)


def missing_tests(
    flow: Flow, missing: Iterable[Ending], taken: Iterable[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Write a call test for each end, under a name that is not taken."""
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
    """Name an end by its number and keys: `Main line, press 2, then 1: Payment support`."""
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


class Person(NamedTuple):
    """The person who answered: `member` as a queue names it, `extension` the phone; or a number."""

    member: str = ""
    extension: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class RealCall:
    """A call that was made: its journey, in the form of a walked one, and the person who answered.

    A call that was given up after `seconds` ends as WAITS. `refused` is the SIP status with which
    it was turned away; "" where it was not. `mark` finds it in Asterisk's log.
    """

    mark: str
    journey: Journey
    seconds: float
    person: Person | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """A comparison of a call that was made with its walk.

    `common`: so many steps are the same, by place, event and key. `walked` and `observed` are the
    steps at which they part, None where there are no more, or where nothing parts.
    """

    common: int
    walked: Step | None
    observed: Step | None
    same_end: bool

    @property
    def agrees(self) -> bool:
        return self.same_end and self.walked is None and self.observed is None


def agreement(walked: Journey, observed: Journey) -> Agreement:
    """Compare a call that was made with its walk, and find where the two part."""
    pairs = zip(walked.steps, observed.steps, strict=False)
    common = next(
        (number for number, (one, other) in enumerate(pairs) if _met(one) != _met(other)),
        min(len(walked.steps), len(observed.steps)),
    )
    return Agreement(
        common,
        walked.steps[common] if common < len(walked.steps) else None,
        observed.steps[common] if common < len(observed.steps) else None,
        (walked.end, walked.at) == (observed.end, observed.at),
    )


def _met(step: Step) -> tuple[Place, Event, str]:
    return step.place, step.way.event, step.way.key


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call test, walked and made; `observed` is None where there is nothing to call."""

    walked: Verdict
    observed: RealCall | None
    agreement: Agreement | None

    @property
    def passed(self) -> bool:
        """Whether the call that was made ended as it should, and where it should."""
        found = self.observed.journey if self.observed else None
        return found is not None and found.end in GOOD and found.at in self.walked.test["expect"]

    @property
    def agrees(self) -> bool:
        """Whether it met, step by step, what the walk says."""
        return self.agreement is not None and self.agreement.agrees


@runtime_checkable
class PlacesCalls(Protocol):
    """An adapter that can have real calls made on its platform."""

    def place_calls(
        self, flow: Flow, walked: Sequence[Verdict], report: Callable[[CallResult], None]
    ) -> Sequence[CallResult]:
        """Place each test as a real call, in their order; `report` gets each as soon as it is over.

        `flow` is that of the state that runs there, on which the tests were walked. Raises Blocked
        where no test calls may be made there.
        """
