"""Every journey from a place: each key, silence, a wrong key; answered or not, empty, full.

A caller who comes back to a place where he has been can do nothing there that is not listed already:
the journey ends as one that returns. So every enumeration ends, and `loops` says which returns
happen without the caller doing anything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

from ccstate.journeys.flow import Flow, other_digits, wrong_keys
from ccstate.journeys.moments import Phases, ScheduleState, Year
from ccstate.journeys.walk import ASKED, Answering, Journey, Step, walk
from ccstate.journeys.ways import GOOD, End, Event, Place, Transition

MOST = 2_000
"""Journeys from one number in one state; a tree that has more is not one that a person made."""


class Journeys(NamedTuple):
    """The journeys in the order of the keys; `is_complete` is false where there are more."""

    found: tuple[Journey, ...]
    is_complete: bool


def journeys(flow: Flow, start: Place, phases: Phases, most: int = MOST) -> Journeys:
    """Enumerate the journeys from a place in one schedule state, up to so many."""
    found = tuple(islice(_journeys(flow, start, phases), most + 1))
    return Journeys(found[:most], len(found) <= most)


def _journeys(flow: Flow, start: Place, phases: Phases) -> Iterator[Journey]:
    known: dict[Place, list[Step]] = {}
    steps: list[Step] = []
    path: set[Place | None] = {start}
    todo = [iter(_steps(flow, start, phases, known))]
    while todo:
        for step in todo[-1]:
            to = step.way.to
            if to is None:
                yield Journey((*steps, step), step.way.end or End.CUT_OFF, step.way.at)
            elif to in path:
                yield Journey((*steps, step), End.RETURNS, str(to))
            else:
                steps.append(step)
                path.add(to)
                todo.append(iter(_steps(flow, to, phases, known)))
                break
        else:
            todo.pop()
            if steps:
                path.remove(steps.pop().way.to)


def _steps(flow: Flow, place: Place, phases: Phases, known: dict[Place, list[Step]]) -> list[Step]:
    if place not in known:
        ways = flow.possible(place, phases)
        known[place] = [Step(place, way, pressed(flow, place, way)) for way in ways]
    return known[place]


def pressed(flow: Flow, place: Place, way: Transition) -> str:
    """Return the keys that a caller can press to go this way; "" where none are needed."""
    if way.event is Event.KEY:
        return way.key
    if way.event not in {Event.DIGITS, Event.WRONG_KEY}:
        return ""
    node = flow.centre.of("ivr")[place.name]["nodes"][place.node]
    if way.event is Event.WRONG_KEY:
        return wrong_keys(flow, node) * (int(node["retries"]) + 1)
    digits = way.key or other_digits(node)
    return digits + ("#" if len(digits) < node["max_digits"] else "")


def reached_in(flow: Flow, start: Place, phases: Phases) -> dict[Place, Step | None]:
    """Return the places that a call can come to in one schedule state, each with its last step.

    The way of fewest steps; None for the start.
    """
    previous: dict[Place, Step | None] = {start: None}
    for place in (todo := [start]):
        for way in flow.possible(place, phases):
            if way.to is not None and way.to not in previous:
                previous[way.to] = Step(place, way, pressed(flow, place, way))
                todo.append(way.to)
    return previous


_ACTIVE = frozenset({Event.KEY, Event.DIGITS, Event.WRONG_KEY, Event.ANSWERED})


def left_alone(flow: Flow, place: Place, phases: Phases) -> Iterator[Place]:
    """Yield where a caller who does nothing, and is not answered, may come to from a place.

    There can be two such places: a queue may be full, or have no agent logged in.
    """
    for way in flow.possible(place, phases):
        if way.to is not None and way.event not in _ACTIVE:
            yield way.to


def loops(flow: Flow, start: Place, phases: Phases) -> list[tuple[Place, ...]]:
    """Find the rounds in which a caller who does nothing, and is not answered, may go for ever.

    Each begins at its least place. Of rounds that share places not every one is listed. Where there
    is none, every call ends: a caller can come back only by pressing a key, and a question is asked
    no more often than its retries say.
    """
    found: set[tuple[Place, ...]] = set()
    done: set[Place] = set()
    trail: list[Place] = []
    todo = [iter(reached_in(flow, start, phases))]
    while todo:
        at = next(todo[-1], None)
        if at is None:
            todo.pop()
            done.update(trail[-1:])
            del trail[-1:]
        elif at in trail:
            ring = trail[trail.index(at) :]
            first = ring.index(min(ring))
            found.add((*ring[first:], *ring[:first]))
        elif at not in done:
            trail.append(at)
            todo.append(left_alone(flow, at, phases))
    return sorted(found)


Decision: TypeAlias = tuple[Event, str]
"""What a caller pressed, or what became of a wait that could have gone otherwise."""

UNANSWERED = frozenset({Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY})
BAD = frozenset(End) - GOOD - {End.RETURNS}
"""Ends at which a caller is lost: cut off, or made to wait without end."""


class FoldedCall(NamedTuple):
    """One journey, and the decisions that lead along it."""

    decisions: tuple[Decision, ...]
    journey: Journey


@dataclass(frozen=True, slots=True)
class Block:
    """Schedule states in which the same decisions lead to the same ends.

    `calls` are of the first.
    """

    states: tuple[ScheduleState, ...]
    calls: tuple[FoldedCall, ...]
    is_complete: bool

    @property
    def ends_badly(self) -> bool:
        return any(call.journey.end in BAD for call in self.calls)


class Lost(NamedTuple):
    """A place where a caller is lost, and how."""

    place: Place
    end: End


class Silence(NamedTuple):
    """The call of a caller who does nothing and is not answered."""

    state: ScheduleState
    journey: Journey


@dataclass(frozen=True, slots=True)
class Calls:
    """Every call to one place; `silent` is the longest without any key and answer.

    `rounds` are those in which such a call would go for ever; where there is none, every call
    ends. `unfollowed` is where callers are lost whose journeys are beyond those that are listed:
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


def enumerate_year(
    flow: Flow, year: Year, starts: Iterable[Place], most: int = MOST
) -> Iterator[Calls]:
    """Enumerate the calls of a year to each of the places, in their order."""
    for start in starts:
        yield calls(flow, year, start, most)


def calls(flow: Flow, year: Year, start: Place, most: int = MOST) -> Calls:
    """Enumerate the calls to one place: in every schedule state, by every key, answered or not."""
    folded: dict[tuple[object, ...], list[ScheduleState]] = {}
    first: dict[tuple[object, ...], tuple[tuple[FoldedCall, ...], bool]] = {}
    rounds: dict[tuple[Place, ...], None] = {}
    silences: list[Silence] = []
    unfollowed: dict[Lost, None] = {}
    for state in year.states(flow.schedules(flow.reached(start))):
        found = journeys(flow, start, state.phases, most)
        folded_calls = tuple(_folded_calls(flow, state.phases, found.found))
        same = tuple((t.decisions, t.journey.end, t.journey.at) for t in folded_calls)
        folded.setdefault(same, []).append(state)
        first.setdefault(same, (folded_calls, found.is_complete))
        rounds.update(dict.fromkeys(loops(flow, start, state.phases)))
        if not found.is_complete:
            unfollowed.update(
                dict.fromkeys(_unfollowed_losses(flow, start, state.phases, found.found))
            )
        unanswered = walk(flow, start, state.phases, answering=Answering.NEVER)
        silences.append(Silence(state, unanswered))
    blocks = tuple(Block(tuple(states), *first[same]) for same, states in folded.items())
    longest = max(silences, key=lambda silence: silence.journey.seconds)
    return Calls(start, blocks, longest, tuple(sorted(rounds)), tuple(sorted(unfollowed)))


def _unfollowed_losses(
    flow: Flow, start: Place, phases: Phases, found: Iterable[Journey]
) -> Iterator[Lost]:
    """Find where callers are lost in none of these journeys, and in another."""
    known = {Lost(journey.steps[-1].place, journey.end) for journey in found}
    for place in reached_in(flow, start, phases):
        for way in flow.possible(place, phases):
            if way.to is None and way.end in BAD and Lost(place, way.end) not in known:
                yield Lost(place, way.end)


def _folded_calls(flow: Flow, phases: Phases, found: Iterable[Journey]) -> Iterator[FoldedCall]:
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
        yield FoldedCall(tuple(decisions), journey)


@dataclass(slots=True)
class Tally:
    """Counts of all calls; `situations` counts what schedules say together, by number."""

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
        """Count the calls to one more place."""
        self.numbers += 1
        for block in calls.blocks:
            times = len(block.states)
            self.situations += times
            self.journeys += times * len(block.calls)
            for call in block.calls:
                self.ends[call.journey.end] += times
        if not all(block.is_complete for block in calls.blocks):
            self.incomplete.append(calls.start)
        self.rounds += [(calls.start, ring) for ring in calls.rounds]
        self.unfollowed += [(calls.start, lost) for lost in calls.unfollowed]
        longest = self.silent[1].journey.seconds if self.silent else -1
        if calls.silent.journey.seconds > longest:
            self.silent = (calls.start, calls.silent)

    @property
    def bad(self) -> int:
        """The number of journeys that lose their caller."""
        return sum(count for end, count in self.ends.items() if end in BAD)

    @property
    def waits(self) -> bool:
        """Whether some caller waits without end."""
        beyond = any(lost.end is End.WAITS for _, lost in self.unfollowed)
        return bool(self.ends[End.WAITS]) or beyond

    @property
    def is_good(self) -> bool:
        return not self.bad and not self.rounds and not self.unfollowed
