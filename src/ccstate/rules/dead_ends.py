"""Rules about whole journeys: every caller of a number comes to a person, a mailbox or a goodbye.

Reasoned backwards, for most estates have few dead ends: from the places where a call can fail to
the numbers that lead there, and only then by the hours, for numbers that differ in nothing once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ccstate.errors import Severity
from ccstate.journeys.backwards import ancestors, sources
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Moment, Phases, ScheduleState
from ccstate.journeys.staffing import is_staffed
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import GOOD, Event, Place, Transition
from ccstate.kinds import Path
from ccstate.rules.rule import Breach, Estate, Reach, Rule

# Where all calls are answered, no caller waits; and who is silent at a menu is CC204's.
_NOT_TAKEN = frozenset({Event.NO_ANSWER, Event.FULL})
# Where no call is answered, callers come on to the next queue, which may be closed.
_NOT_TAKEN_UNANSWERED = frozenset({Event.ANSWERED, Event.FULL})
_SILENT = frozenset({Event.SILENCE, Event.WRONG_KEY})


class _Case(NamedTuple):
    """One number that leads to a dead end: when, and by which keys."""

    number: str
    moment: Moment | None
    keys: tuple[str, ...]


class _Search:
    """A search for dead ends, and for the callers who come to them."""

    def __init__(self, estate: Estate, not_taken: frozenset[Event] = _NOT_TAKEN) -> None:
        self.not_taken = not_taken
        self.flow = estate.flow
        self.year = estate.year
        numbers = [Place("number", name) for name in estate.of("number")]
        before = sources(self.flow, numbers, not_taken)
        self.ends = {place for place in before if self._may_fail(place)}
        self.relevant = ancestors(before, self.ends)

    def _may_fail(self, place: Place) -> bool:
        """Check whether some call fails at the place, at whatever hour."""
        return any(
            way.to is None and way.event not in self.not_taken and self._fails(place, way)
            for way in self.flow.ways(place)
        )

    def _fails(self, place: Place, way: Transition) -> bool:
        if way.end in GOOD or way.event in _SILENT:
            return False
        if way.event is Event.NO_ANSWER:  # of queues CC209 and CC219 tell it, of phones CC204
            return False
        if place.kind == "conference_room":  # a full one, as its max_members means
            return False
        if place.kind == "queue":  # one that no agent can ever answer is CC210's
            return is_staffed(self.flow.centre, self.flow.centre.of("queue")[place.name])
        return True

    def taken(self, place: Place, phases: Phases) -> list[Transition]:
        """Return the ways that callers can take where every agent who is there answers, or none."""
        ways = self.flow.possible(place, phases)
        may_answer = any(way.event is Event.ANSWERED for way in ways)
        if may_answer and Event.ANSWERED not in self.not_taken:
            return [way for way in ways if way.event is Event.KEY]
        # That an open queue may have no agent logged in is CC270's.
        return [
            way
            for way in ways
            if way.event not in self.not_taken
            and not (may_answer and way.event is Event.EMPTY and way.to is None)
        ]

    def cases(self) -> dict[Place, list[_Case]]:
        """Return the numbers that lead to each dead end."""
        alike: dict[tuple[Transition, ...], list[str]] = defaultdict(list)
        for place in sorted(self.relevant):
            if place.kind == "number" and not place.node:
                alike[self.flow.ways(place)].append(place.name)
        found: dict[Place, list[_Case]] = defaultdict(list)
        for names in alike.values():
            for end, (moment, keys) in self._from(Place("number", names[0])).items():
                found[end] += [_Case(name, moment, keys) for name in names]
        return found

    def _from(self, start: Place) -> dict[Place, tuple[Moment | None, tuple[str, ...]]]:
        """Return the dead ends that calls to a number come to: when first, and by which keys."""
        near = self._near(start)
        schedules = self.flow.schedules(near)
        states = self.year.states(schedules)
        ends = [place for place in near if place in self.ends]
        hits: dict[Place, list[tuple[ScheduleState, tuple[str, ...]]]] = defaultdict(list)
        for state in states:
            previous = self._reached(start, state.phases)
            for end in ends:
                if end in previous and self._fails_in(end, state.phases):
                    hits[end].append((state, _keys(previous, end)))
        return {end: _earliest(hit, is_always=len(hit) == len(states)) for end, hit in hits.items()}

    def _fails_in(self, end: Place, phases: Phases) -> bool:
        ways = self.taken(end, phases)
        return any(way.to is None and self._fails(end, way) for way in ways)

    def _near(self, start: Place) -> list[Place]:
        """Return the places on the ways from there to dead ends."""
        seen = {start}
        for place in (todo := [start]):
            for way in self.flow.ways(place):
                is_near = way.to in self.relevant and way.event not in self.not_taken
                if way.to is not None and is_near and way.to not in seen:
                    seen.add(way.to)
                    todo.append(way.to)
        return todo

    def _reached(
        self, start: Place, phases: Phases
    ) -> dict[Place, tuple[Place, Transition] | None]:
        previous: dict[Place, tuple[Place, Transition] | None] = {start: None}
        for place in (todo := [start]):
            for way in self.taken(place, phases):
                if way.to in self.relevant and way.to not in previous:
                    previous[way.to] = place, way
                    todo.append(way.to)
        return previous


def _earliest(
    hits: list[tuple[ScheduleState, tuple[str, ...]]], *, is_always: bool
) -> tuple[Moment | None, tuple[str, ...]]:
    """Choose the moment that best tells when, an ordinary one where there is one, and its keys."""
    if is_always:
        return None, hits[0][1]
    moments = [(moment, keys) for state, keys in hits for moment in state.moments]
    return min(moments, key=lambda hit: (not hit[0].is_ordinary, hit[0].at))


def _keys(previous: Mapping[Place, tuple[Place, Transition] | None], end: Place) -> tuple[str, ...]:
    keys: list[str] = []
    while step := previous[end]:
        end, way = step
        if way.key:
            keys.append(way.key)
    return tuple(reversed(keys))


def _dead_ends(estate: Estate) -> Iterator[Breach]:
    yield from _found(estate, _Search(estate), "", frozenset())


def _unanswered_dead_ends(estate: Estate) -> Iterator[Breach]:
    known = frozenset(_Search(estate).cases())
    search = _Search(estate, _NOT_TAKEN_UNANSWERED)
    yield from _found(estate, search, " who are not answered in time", known)


def _found(
    estate: Estate, search: _Search, which: str, known: Collection[Place]
) -> Iterator[Breach]:
    for end, cases in sorted(search.cases().items()):
        if end in known:
            continue
        ordinary = [case for case in cases if case.moment is None or case.moment.is_ordinary]
        case = min(ordinary or cases, key=lambda case: (case.moment is not None, case.number))
        others = len({other.number for other in cases}) - 1
        who = case.number
        if others:
            who += f" and {others:,} more number{'s' if others > 1 else ''}"
        when = _when(search.flow, case)
        pressed = f" They come there by pressing {', '.join(case.keys)}." if case.keys else ""
        path, cause, hint = _words(estate, end)
        yield Breach(
            end.address, path, f"callers of {who}{which} reach no one{when}", cause + pressed, hint
        )


def _when(flow: Flow, case: _Case) -> str:
    if case.moment is None:
        return ""
    if case.moment.caller:
        return f" where the caller is {case.moment.caller}"
    if case.moment.switches:
        return f" while switch {' and switch '.join(case.moment.switches)}"
    local = case.moment.at.astimezone(zone_of(flow, Place("number", case.number)))
    if case.moment.occasions:
        return (
            f" on {' and '.join(case.moment.occasions)} ({local.day} {local:%B %Y}, {local:%H:%M})"
        )
    return f" on {local:%A} {local.day} {local:%B %Y} at {local:%H:%M}"


def _words(estate: Estate, end: Place) -> tuple[Path, str, str]:
    """Describe a dead end: path, cause and hint."""
    if end.kind == "queue":
        return _queue_words(estate, end)
    if end.kind == "extension":
        cause = f"{end} has no device that rings and no mailbox."
        return ("device",), cause, f"give {end} a voicemail:, or a device"
    if end.kind == "ring_group":
        cause = f"No member of {end} has a device that rings, and it has no no_answer."
        return ("members",), cause, "add a member with a device, or no_answer:"
    if end.kind == "number":
        return (), "What it leads to does not exist.", "lead it to a queue, a tree or a mailbox"
    node = estate.of("ivr")[end.name]["nodes"].get(end.node, {})
    if node.get("type") == "dial":
        cause = f"extension/{node['extension']} has no device that rings, and the call ends."
        return ("nodes", end.node), cause, "add on_no_answer:, or ring a phone that can answer"
    return ("nodes", end.node), "The call ends there.", "lead it to a queue or a mailbox"


def _queue_words(estate: Estate, end: Place) -> tuple[Path, str, str]:
    queue = estate.of("queue")[end.name]
    overflow = queue.get("overflow")
    waited = (overflow or {}).get("after")
    if waited:
        cause = f"{end} is closed then, and ends the call after {waited}: overflow has no to."
    else:
        cause = f"{end} is closed then, and has no overflow: callers wait until they give up."
    hint = f"give {end} overflow.empty, such as a mailbox"
    return ("overflow",) if overflow else ("hours",), cause, hint


RULES: tuple[Rule, ...] = (
    Rule(
        "CC201",
        "dead-end",
        Severity.ERROR,
        "A call that ends without a person, a mailbox or a hangup that was meant",
        _dead_ends,
        Reach.JOINED,
    ),
    Rule(
        "CC263",
        "unanswered-dead-end",
        Severity.WARNING,
        "Unanswered callers are sent on to where they reach no one",
        _unanswered_dead_ends,
        Reach.JOINED,
    ),
)
