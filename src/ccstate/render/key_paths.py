"""Many ways of pressing keys in few words: `press 2, then 10 digits, then 1, 3 or 0`."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from ccstate.journeys.every import UNANSWERED, Decision
from ccstate.journeys.ways import KEYS, Event
from ccstate.render.tally import listed
from ccstate.render.values import plural

_Choices: TypeAlias = tuple[frozenset[Decision], ...]
"""What may be decided at each turn of a path."""


def asked(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """What the caller pressed, without what became of waits."""
    return tuple(decision for decision in decisions if decision[0] not in UNANSWERED)


def path_words(paths: Iterable[Sequence[Decision]], most: int) -> str:
    """All of the paths, those that differ in one turn told together; "" where nothing is asked.

    Beyond so many, the rest is counted.
    """
    folded = sorted(_folded({tuple(frozenset({d}) for d in path) for path in paths}), key=_rank)
    told = [_path(path) for path in folded[:most] if path]
    if len(folded) > most:
        told.append(plural(len(folded) - most, "more way"))
    return "; ".join(told)


MOST_TURNS = 24
"""Longer paths are counted, each by itself: nobody reads them, and folding looks at all pairs."""


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
    turns = [listed([_word(d) for d in sorted(turn, key=_place)], "or") for turn in path]
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
