"""Every call to every number in the twelve months ahead, folded: equal journeys are told once.

One number at a time, so that a centre of thousands of numbers needs no more room than one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ccstate.journeys.enumeration import MOST, journeys, loops, reached_in
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Phases, World, Year
from ccstate.journeys.walk import ASKED, Answering, Journey, walk
from ccstate.journeys.ways import GOOD, End, Event, Place

Decision: TypeAlias = tuple[Event, str]
"""What a caller pressed, or what became of a wait that could have gone otherwise."""

UNANSWERED = frozenset({Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY})
BAD = frozenset(End) - GOOD - {End.RETURNS}
"""Ends at which a caller is lost: cut off, or made to wait without end."""


class Told(NamedTuple):
    """One journey, and the decisions that lead along it."""

    decisions: tuple[Decision, ...]
    journey: Journey


@dataclass(frozen=True, slots=True)
class Block:
    """Worlds in which the same decisions lead to the same ends; `told` is that of the first."""

    worlds: tuple[World, ...]
    told: tuple[Told, ...]
    is_complete: bool

    @property
    def ends_badly(self) -> bool:
        return any(told.journey.end in BAD for told in self.told)


class Lost(NamedTuple):
    """A place where a caller is lost, and how."""

    place: Place
    end: End


class Silence(NamedTuple):
    """The call of somebody who does nothing and whom nobody answers."""

    world: World
    journey: Journey


@dataclass(frozen=True, slots=True)
class Calls:
    """Every call to one place; `silent` is the longest without any key and answer.

    `rounds` are those in which such a call would go for ever; where there is none, every call
    ends. `unfollowed` is where callers are lost whose journeys are beyond those that are told:
    places are few, however many ways lead through them.
    """

    start: Place
    blocks: tuple[Block, ...]
    silent: Silence
    rounds: tuple[tuple[Place, ...], ...]
    unfollowed: tuple[Lost, ...] = ()

    @property
    def ends_badly(self) -> bool:
        blocks = any(block.ends_badly for block in self.blocks)
        return bool(self.rounds or self.unfollowed) or blocks


def every(flow: Flow, year: Year, starts: Iterable[Place], most: int = MOST) -> Iterator[Calls]:
    """Every call to each of the places, in their order."""
    for start in starts:
        yield calls(flow, year, start, most)


def calls(flow: Flow, year: Year, start: Place, most: int = MOST) -> Calls:
    """Every call to one place: in every world of the year, by every key, answered or not."""
    folded: dict[tuple[object, ...], list[World]] = {}
    first: dict[tuple[object, ...], tuple[tuple[Told, ...], bool]] = {}
    rounds: dict[tuple[Place, ...], None] = {}
    silences: list[Silence] = []
    unfollowed: dict[Lost, None] = {}
    for world in year.worlds(flow.schedules(flow.reached(start))):
        found = journeys(flow, start, world.phases, most)
        told = tuple(_told(flow, world.phases, found.found))
        same = tuple((t.decisions, t.journey.end, t.journey.at) for t in told)
        folded.setdefault(same, []).append(world)
        first.setdefault(same, (told, found.is_complete))
        rounds.update(dict.fromkeys(loops(flow, start, world.phases)))
        if not found.is_complete:
            unfollowed.update(dict.fromkeys(_unfollowed(flow, start, world.phases, found.found)))
        nobody = walk(flow, start, world.phases, answering=Answering.NOBODY)
        silences.append(Silence(world, nobody))
    blocks = tuple(Block(tuple(worlds), *first[same]) for same, worlds in folded.items())
    longest = max(silences, key=lambda silence: silence.journey.seconds)
    return Calls(start, blocks, longest, tuple(sorted(rounds)), tuple(sorted(unfollowed)))


def _unfollowed(
    flow: Flow, start: Place, phases: Phases, found: Iterable[Journey]
) -> Iterator[Lost]:
    """Where callers are lost in none of these journeys, and in another."""
    known = {Lost(journey.steps[-1].place, journey.end) for journey in found}
    for place in reached_in(flow, start, phases):
        for way in flow.possible(place, phases):
            if way.to is None and way.end in BAD and Lost(place, way.end) not in known:
                yield Lost(place, way.end)


def _told(flow: Flow, phases: Phases, found: Iterable[Journey]) -> Iterator[Told]:
    several: dict[Place, bool] = {}
    for journey in found:
        decisions: list[Decision] = []
        for step in journey.steps:
            event = step.way.event
            if event is Event.WRONG_KEY:
                decisions.append((event, ""))
            elif event is Event.DIGITS and step.way.key:
                decisions.append((Event.KEY, step.way.key))
            elif event in ASKED:
                decisions.append((event, step.keys))
            elif event in UNANSWERED:
                if step.place not in several:
                    several[step.place] = len(flow.possible(step.place, phases)) > 1
                if several[step.place]:
                    decisions.append((event, ""))
        yield Told(tuple(decisions), journey)


@dataclass(slots=True)
class Tally:
    """What all calls come to; `situations` counts what schedules say together, by number."""

    numbers: int = 0
    situations: int = 0
    journeys: int = 0
    ends: Counter[End] = field(default_factory=Counter)
    incomplete: list[Place] = field(default_factory=list)
    rounds: list[tuple[Place, tuple[Place, ...]]] = field(default_factory=list)
    """Where callers go round for ever: the place that is called, and the places of the round."""
    unfollowed: list[tuple[Place, Lost]] = field(default_factory=list)
    """Where callers are lost beyond the journeys that were followed: the place that is called."""
    silent: tuple[Place, Silence] | None = None
    """The longest call without any key and answer, and the place that is called."""

    def add(self, calls: Calls) -> None:
        """Counts the calls to one more place."""
        self.numbers += 1
        for block in calls.blocks:
            times = len(block.worlds)
            self.situations += times
            self.journeys += times * len(block.told)
            for told in block.told:
                self.ends[told.journey.end] += times
        if not all(block.is_complete for block in calls.blocks):
            self.incomplete.append(calls.start)
        self.rounds += [(calls.start, ring) for ring in calls.rounds]
        self.unfollowed += [(calls.start, lost) for lost in calls.unfollowed]
        longest = self.silent[1].journey.seconds if self.silent else -1
        if calls.silent.journey.seconds > longest:
            self.silent = (calls.start, calls.silent)

    @property
    def bad(self) -> int:
        """How many journeys lose their caller."""
        return sum(count for end, count in self.ends.items() if end in BAD)

    @property
    def waits(self) -> bool:
        """Whether some caller waits without end."""
        beyond = any(lost.end is End.WAITS for _, lost in self.unfollowed)
        return bool(self.ends[End.WAITS]) or beyond

    @property
    def is_good(self) -> bool:
        return not self.bad and not self.rounds and not self.unfollowed
