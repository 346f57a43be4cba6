"""Every call to one number in words: when, by which keys, to which end."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from ccstate.journeys.enumeration import UNANSWERED, Block, Calls, Decision, FoldedCall
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Phase, Position
from ccstate.journeys.moments import ScheduleState
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import CALLERS, KEYS, NOT_OPEN, End, Event, Place, Says
from ccstate.render.journey_words import (
    called_words,
    end_words,
    moment_words,
    place_words,
)
from ccstate.render.values import join_words, plural

MOST_PATHS = 4
MOST_OCCASIONS = 6
MOST_PLACES = 6
MOST_PARTS = 3


class EndPaths(NamedTuple):
    """The paths to an end: keys, or the places where no agent answers."""

    by: str
    end: End
    words: str


class HoursGroup(NamedTuple):
    """The words of one block: `when` by the schedules, `example` by the calendar."""

    when: str
    example: str
    keyed: tuple[EndPaths, ...]
    unanswered: tuple[EndPaths, ...]
    is_complete: bool


class NumberCalls(NamedTuple):
    """Every call to a number; `rounds` are those that never end."""

    title: str
    zone: str
    groups: tuple[HoursGroup, ...]
    rounds: tuple[str, ...]
    ends_badly: bool


def number_calls(flow: Flow, calls: Calls) -> NumberCalls:
    """Describe the calls to one place in words."""
    zone = zone_of(flow, calls.start)
    states = [state for block in calls.blocks for state in block.states]
    groups = tuple(_hours_group(flow, block, states, zone) for block in calls.blocks)
    rounds = tuple(round_words(flow, ring) for ring in calls.rounds)
    return NumberCalls(called_words(flow, calls.start), str(zone), groups, rounds, calls.ends_badly)


def round_words(flow: Flow, ring: Iterable[Place]) -> str:
    """Write a round: `a → b → a`."""
    words = [place_words(flow, place) for place in ring]
    return " → ".join([*words, words[0]])


def _hours_group(
    flow: Flow, block: Block, states: Sequence[ScheduleState], zone: ZoneInfo
) -> HoursGroup:
    waited = [call for call in block.calls if _last_wait(call) is not None]
    straight = [call for call in block.calls if _last_wait(call) is None]
    return HoursGroup(
        _when_words(block.states, states),
        _example(block.states, zone),
        tuple(_keyed(flow, straight)),
        tuple(_unanswered(flow, waited)),
        block.is_complete,
    )


def _phases_by_name(states: Iterable[ScheduleState]) -> dict[str, frozenset[Says]]:
    """Return what each schedule and switch says in any of the states."""
    found: dict[str, set[Says]] = {}
    for state in states:
        for name, phase in state.phases.items():
            found.setdefault(name, set()).add(phase)
    return {name: frozenset(phases) for name, phases in found.items()}


def _when_words(states: Sequence[ScheduleState], known: Sequence[ScheduleState]) -> str:
    """Write what the schedules say in these states only; "" where these are all states."""
    says = _phases_by_name(known)
    parts = _parts_by_hours(states, known)
    words = [_hours_words(_phases_by_name(part), says) for part in parts[:MOST_PARTS]]
    if len(parts) > MOST_PARTS:
        words.append(f"{len(parts) - MOST_PARTS} more combinations")
    return "; or ".join(words)


def _parts_by_hours(
    states: Sequence[ScheduleState], known: Sequence[ScheduleState]
) -> list[Sequence[ScheduleState]]:
    """Split the states into as few parts as what every schedule says in them can name exactly."""
    if _is_exact(states, known):
        return [states]
    for name in states[0].phases:
        parts: dict[Says, list[ScheduleState]] = {}
        for state in states:
            parts.setdefault(state.phases[name], []).append(state)
        if all(_is_exact(part, known) for part in parts.values()):
            return list(parts.values())
    return [[state] for state in states]


def _is_exact(states: Sequence[ScheduleState], known: Sequence[ScheduleState]) -> bool:
    phases_by_name = _phases_by_name(states)
    alike = [
        w for w in known if all(phase in phases_by_name[name] for name, phase in w.phases.items())
    ]
    return len(alike) == len(states)


def _hours_words(
    in_part: Mapping[str, frozenset[Says]], known: Mapping[str, frozenset[Says]]
) -> str:
    by_words: dict[str, list[str]] = {}
    lists = []
    for name, phases in sorted(in_part.items()):
        if name.startswith(CALLERS) and phases != known[name]:
            lists.append(_caller_words(phases))
        elif phases != known[name]:
            by_words.setdefault(_phase_words(phases, known[name]), []).append(name)
    order = sorted(by_words, key=lambda words: (words != "open", words))
    hours = [f"{join_words(by_words[words])} {words}" for words in order]
    return "; ".join([*lists, *hours])


def _caller_words(says: frozenset[Says]) -> str:
    """Name the callers who are meant, by the lists that hold them."""
    held = [*(["list " + join_words(names, "or")] if (names := sorted(filter(None, says))) else [])]
    others = ["none of the lists"] if "" in says else []
    return f"caller in {join_words([*held, *others], 'or')}"


def _phase_words(phases: frozenset[Says], known: frozenset[Says]) -> str:
    if phases == known & NOT_OPEN and len(phases) > 1:
        return "not open"
    return join_words([says for says in (*Phase, *Position) if says in phases], "or")


def _example(states: Iterable[ScheduleState], zone: ZoneInfo) -> str:
    moments = sorted(moment for state in states for moment in state.moments)
    first = next((moment for moment in moments if moment.is_ordinary), moments[0])
    occasions = dict.fromkeys(name for moment in moments for name in moment.occasions)
    others = [name for name in occasions if name not in first.occasions]
    shown = others[:MOST_OCCASIONS]
    if len(others) > MOST_OCCASIONS:
        shown.append(f"{len(others) - MOST_OCCASIONS} more")
    also = f"; also {join_words(shown)}" if shown else ""
    return f"e.g. {moment_words(first, zone)}{also}"


def _last_wait(call: FoldedCall) -> Place | None:
    """Find the last place where a wait could have gone otherwise; None where none could."""
    if not any(event in UNANSWERED for event, _ in call.decisions):
        return None
    steps = reversed(call.journey.steps)
    return next(step.place for step in steps if step.way.event in UNANSWERED)


def _keyed(flow: Flow, straight: Iterable[FoldedCall]) -> Iterator[EndPaths]:
    paths: dict[tuple[End, str], list[tuple[Decision, ...]]] = {}
    for call in straight:
        key = call.journey.end, call.journey.at
        paths.setdefault(key, []).append(asked(call.decisions))
    for (end, at), found in paths.items():
        yield EndPaths(path_words(found, MOST_PATHS), end, brief_end(flow, end, at))


def _unanswered(flow: Flow, waited: Iterable[FoldedCall]) -> Iterator[EndPaths]:
    places: dict[tuple[End, str], dict[Place, None]] = {}
    for call in waited:
        if (place := _last_wait(call)) is not None:
            places.setdefault((call.journey.end, call.journey.at), {})[place] = None
    for (end, at), found in places.items():
        names = [place_words(flow, place) for place in list(found)[:MOST_PLACES]]
        if len(found) > MOST_PLACES:
            names.append(f"{len(found) - MOST_PLACES} more")
        yield EndPaths(join_words(names, "or"), end, brief_end(flow, end, at))


def brief_end(flow: Flow, end: End, at: str) -> str:
    """Write the end as the place to which an arrow points: `Sales (queue/sales)`, `cut off`."""
    words = end_words(flow, end, at)
    if end is End.MESSAGE:
        return words.removeprefix("leaves a ")
    return words.removeprefix("reaches ").removeprefix("is ")


_Choices: TypeAlias = tuple[frozenset[Decision], ...]
"""What may be decided at each turn of a path."""


def asked(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return what the caller pressed, without what became of waits."""
    return tuple(decision for decision in decisions if decision[0] not in UNANSWERED)


def path_words(paths: Iterable[Sequence[Decision]], most: int) -> str:
    """Write the paths, those that differ in one turn together; "" where nothing is asked.

    Beyond so many, the rest is counted.
    """
    folded = sorted(_folded({tuple(frozenset({d}) for d in path) for path in paths}), key=_rank)
    named = [_path(path) for path in folded[:most] if path]
    if len(folded) > most:
        named.append(plural(len(folded) - most, "more way"))
    return "; ".join(named)


MOST_TURNS = 24
"""Longer paths are counted, each by itself: they say little, and folding looks at all pairs."""


def _folded(found: set[_Choices]) -> set[_Choices]:
    paths = {path for path in found if len(path) <= MOST_TURNS}
    longer = found - paths
    longest = max((len(path) for path in paths), default=0)
    for turn in reversed(range(longest)):
        alike: dict[tuple[_Choices, _Choices], set[Decision]] = {}
        rest = set()
        for path in paths:
            if turn < len(path):
                alike.setdefault((path[:turn], path[turn + 1 :]), set()).update(path[turn])
            else:
                rest.add(path)
        paths = rest | {(*head, frozenset(at), *tail) for (head, tail), at in alike.items()}
    return paths | longer


_ORDER = (Event.KEY, Event.DIGITS, Event.SILENCE, Event.WRONG_KEY)


def _place(decision: Decision) -> tuple[int, int, str]:
    event, keys = decision
    return _ORDER.index(event), KEYS.find(keys[:1]), keys


def _rank(path: _Choices) -> tuple[int, list[list[tuple[int, int, str]]]]:
    return len(path), [sorted(map(_place, turn)) for turn in path]


def _path(path: _Choices) -> str:
    turns = [join_words([_word(d) for d in sorted(turn, key=_place)], "or") for turn in path]
    first = min(path[0], key=_place)
    return ("press " if first[0] is Event.KEY else "") + ", then ".join(turns)


def _word(decision: Decision) -> str:
    event, keys = decision
    match event:
        case Event.KEY:
            return {"*": "star", "#": "hash"}.get(keys, keys)
        case Event.DIGITS:
            fewest = plural(len(keys.removesuffix("#")), "digit")
            return f"{fewest} or more" if keys.endswith("#") else fewest
        case Event.SILENCE:
            return "silence"
        case _:
            return "a wrong key"
