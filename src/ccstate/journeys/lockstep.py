"""One caller in two centres at once: where the same keys, answered or not, come to other ends.

The caller is an automaton's input: keys, pauses, and what comes of rings and waits. Both centres
read the same input in step, so a pair of situations stands for everything that a caller may do
from there on, however he came: each pair is looked at once, by the shortest way to it. The number
of pairs grows with the places, not with the journeys, of which a tree of menus has any number.
A pair of one and the same place from which nothing that differs can be reached is not followed.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeAlias

from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Phases
from ccstate.journeys.walk import RUNG, came_of
from ccstate.journeys.ways import KEYS, End, Event, Place, Transition

PAUSE = "|"
"""The caller stops pressing: an entry is over, or nothing is said at all."""
MOST_DUE = 8
"""Outcomes of rings in one centre that are kept for the other, which still asks for keys."""

_Due: TypeAlias = tuple[Event, ...]
_Made: TypeAlias = tuple[Place, Event, str]
"""A place and the way that the call took there."""


class Decision(NamedTuple):
    """The decision of a caller: an entry for each question, and the outcomes of the waits."""

    keys: tuple[str, ...]
    outcomes: tuple[Event, ...]


class Moved(NamedTuple):
    """One decision that ends elsewhere in the second centre."""

    decision: Decision
    before: tuple[End, str]
    after: tuple[End, str]


class Compared(NamedTuple):
    """Last decisions that were compared, those that end elsewhere, and the pairs looked at.

    Not complete where there are more pairs than were allowed.
    """

    walked: int
    moved: tuple[Moved, ...]
    pairs: int
    is_complete: bool


class _Turn(NamedTuple):
    """A call that waits for its caller: at a question, at a ring, or at its end.

    `typed` is what was entered at the question so far, where it can be the beginning of something
    that leads to a place of its own; else as many `x`, for nothing but their number counts.
    `starred` says whether * is among them. Who `waits` presses no key any more.
    """

    place: Place
    end: End | None = None
    at: str = ""
    tries: int = 0
    typed: str = ""
    starred: bool = False
    waits: bool = False


_NOWHERE = Place("", "")
_ENDLESS = _Turn(_NOWHERE, End.ENDLESS)


class Question(NamedTuple):
    """A question: entries, how often it is asked, fewest and most digits (0: a menu, or a wait)."""

    entered: AbstractSet[str]
    tries: int
    fewest: int = 0
    most: int = 0


class _Pair(NamedTuple):
    """Two calls in step; `due` are outcomes that the other one has met, and this one not yet."""

    before: _Turn
    after: _Turn
    due_before: _Due = ()
    due_after: _Due = ()


class Side:
    """The calls of one centre while its schedules say this, each situation worked out once."""

    def __init__(self, flow: Flow, phases: Phases) -> None:
        self._flow, self._phases = flow, phases
        self._arrived: dict[Place, _Turn] = {}
        self._keyed: dict[tuple[_Turn, str], tuple[_Turn, _Made | None]] = {}
        self._rung: dict[tuple[Place, Event], tuple[_Turn, _Made]] = {}
        self._idle: dict[_Turn, _Turn] = {}
        self._questions: dict[Place, Question] = {}
        self._entered: dict[Place, Mapping[str, Transition]] = {}

    def arrives(self, place: Place) -> _Turn:
        """Return the next place at which anything is decided."""
        passed: dict[Place, None] = {}
        at = place
        while at not in self._arrived:
            ways = self._ways(at)
            if at in passed:
                self._arrived[at] = _ENDLESS
            elif ways[0].event in RUNG or any(way.event is Event.SILENCE for way in ways):
                self._arrived[at] = _Turn(at)
            else:
                passed[at] = None
                if ways[0].to is None:
                    self._arrived[at] = _ended(ways[0])
                else:
                    at = ways[0].to
        turn = self._arrived[at]
        self._arrived.update(dict.fromkeys(passed, turn))
        return turn

    def _ways(self, place: Place) -> tuple[Transition, ...]:
        return self._flow.possible(place, self._phases)

    def rings(self, turn: _Turn) -> bool:
        """Check whether something rings, and no key that the caller may press comes first."""
        first = self._ways(turn.place)[0] if not turn.end else None
        return first is not None and first.event in RUNG and (turn.waits or not first.has_exits)

    def outcomes(self, turn: _Turn) -> set[Event]:
        return {way.event for way in self._ways(turn.place)} & RUNG

    def apart(self, turn: _Turn) -> set[str]:
        """Return the keys that a question tells apart, after what was entered so far."""
        keys = {*self._flow.next_keys(turn.place).get(turn.typed, ())}
        return keys | {"*", "#"} if self.question(turn.place).most else keys

    def rung(self, turn: _Turn, outcome: Event) -> tuple[_Turn, _Made]:
        """Return the way of a ring; an outcome that cannot be is taken as `walk` takes it."""
        key = turn.place, outcome
        if key not in self._rung:
            way = came_of(self._ways(turn.place), outcome)
            self._rung[key] = self._goes(turn.place, way)
        return self._rung[key]

    def _goes(self, place: Place, way: Transition) -> tuple[_Turn, _Made]:
        turn = self.arrives(way.to) if way.to is not None else _ended(way)
        return turn, (place, way.event, way.key)

    def question(self, place: Place) -> Question:
        """Return what a menu or a collect node asks for."""
        if place not in self._questions:
            self._questions[place] = question(self._flow, place) or Question(frozenset(), 1)
        return self._questions[place]

    def keyed(self, turn: _Turn, symbol: str) -> tuple[_Turn, _Made | None]:
        """Return the way of a key, several wrong ones, or a pause.

        No way while the question goes on.
        """
        found = self._keyed.get((turn, symbol))
        if found is None:
            found = self._keyed[turn, symbol] = self._answers(turn, symbol)
        return found

    def _answers(self, turn: _Turn, symbol: str) -> tuple[_Turn, _Made | None]:
        place = turn.place
        ways = self._ways(place)
        if ways[0].has_exits:
            return self._leaves(turn, symbol)
        _, tries, fewest, most = self.question(place)
        by_key = self._by_key(place)
        silence = next(way for way in ways if way.event is Event.SILENCE)
        if symbol == PAUSE and not turn.typed:
            return self._goes(place, silence)
        if not most:
            return self._chooses(turn, symbol, tries)
        ends = symbol in {PAUSE, "#"}
        typed = turn.typed if ends else turn.typed + symbol
        if typed not in by_key and typed not in self._flow.next_keys(place):
            typed = "x" * len(typed)
        starred = turn.starred or symbol == "*"
        if not ends and len(typed) < most:
            return turn._replace(typed=typed, starred=starred), None
        if len(typed) >= fewest and not starred:
            return self._goes(place, by_key.get(typed) or by_key[""])
        if turn.tries + 1 < tries:
            return _Turn(place, tries=turn.tries + 1), None
        return self._goes(place, silence)

    def _chooses(self, turn: _Turn, symbol: str, tries: int) -> tuple[_Turn, _Made | None]:
        """Return the way of a key, several wrong ones, or the end of a number at a menu."""
        place = turn.place
        typed = turn.typed + symbol.removesuffix(PAUSE)
        if symbol != PAUSE and typed in self._flow.next_keys(place):
            return turn._replace(typed=typed), None
        if way := self._by_key(place).get(typed):
            return self._goes(place, way)
        if turn.tries + len(symbol) < tries:
            return _Turn(place, tries=turn.tries + len(symbol)), None
        given_up = {way.event: way for way in self._ways(place) if way.event in _GIVEN_UP}
        return self._goes(place, given_up.get(Event.WRONG_KEY) or given_up[Event.SILENCE])

    def _by_key(self, place: Place) -> Mapping[str, Transition]:
        """Return where each entry leads; "" stands for all digits that lead to no other place."""
        if place not in self._entered:
            entered = {Event.KEY, Event.DIGITS}
            found = {way.key: way for way in self._ways(place) if way.event in entered}
            self._entered[place] = found
        return self._entered[place]

    def _leaves(self, turn: _Turn, symbol: str) -> tuple[_Turn, _Made | None]:
        """Return the way by which a key ends a wait; none where it does nothing."""
        if symbol == PAUSE:
            return _Turn(turn.place, waits=True), None
        found = self._by_key(turn.place).get(symbol)
        return self._goes(turn.place, found) if found else (turn._replace(typed="x"), None)

    def idle(self, turn: _Turn, due: _Due) -> _Turn:
        """Return the end of a caller who does nothing more, where every agent answers."""
        passed: list[_Turn] = []
        seen: set[tuple[_Turn, int]] = set()
        while not turn.end and (due or turn not in self._idle):
            if (turn, len(due)) in seen:
                turn = _ENDLESS
                break
            seen.add((turn, len(due)))
            if not due:
                passed.append(turn)
            if self.rings(turn):
                turn = self.rung(turn, due[0] if due else Event.ANSWERED)[0]
                due = due[1:]
            else:
                turn = self.keyed(turn, PAUSE)[0]
        turn = self._idle.get(turn, turn)
        self._idle.update(dict.fromkeys(passed, turn))
        return turn


def question(flow: Flow, place: Place) -> Question | None:
    """Return what a node of a tree asks of a caller; None where it asks nothing."""
    if place.kind != "ivr":
        return None
    node = flow.centre.of("ivr").get(place.name, {}).get("nodes", {}).get(place.node, {})
    entered = frozenset(way.key for way in flow.ways(place) if way.key)
    match node.get("type"):
        case "menu":
            return Question(entered, node["retries"] + 1)
        case "collect":
            most = node["max_digits"]
            return Question(entered, node["retries"] + 1, node["min_digits"], most)
        case _:
            return None


def _ended(way: Transition) -> _Turn:
    return _Turn(_NOWHERE, way.end or End.CUT_OFF, way.at)


def compare(
    before: Side, after: Side, start: Place, same: AbstractSet[Place], most: int
) -> Compared:
    """Compare every decision of callers who come in at a place, up to so many pairs.

    `same` holds the places from which nothing can be reached that differs.
    """
    first = _Pair(before.arrives(start), after.arrives(start))
    previous: dict[_Pair, tuple[_Pair, str] | None] = {first: None}
    found = _Comparison(before, after, previous)
    todo = deque([first])
    if _is_over(first) or _is_same(first, same):
        todo.clear()
        found.ends(None, "", first, ())
    else:
        found.may_be_endless(first)
    is_complete = True
    while todo:
        pair = todo.popleft()
        for symbol, then, made in _next_pairs(before, after, pair):
            if _is_over(then) or _is_same(then, same):
                found.ends(pair, symbol, then, made)
            elif then not in previous:
                if len(previous) >= most or max(map(len, then[2:])) > MOST_DUE:
                    is_complete = False
                    continue
                previous[then] = pair, symbol
                todo.append(then)
                if symbol not in _IDLE:
                    found.may_be_endless(then)
    return Compared(len(found.seen), tuple(found.moved), len(previous), is_complete)


_GIVEN_UP = frozenset({Event.WRONG_KEY, Event.SILENCE})
_IDLE = frozenset({PAUSE, Event.ANSWERED, ""})


def _is_over(pair: _Pair) -> bool:
    return bool(pair.before.end and pair.after.end)


def _is_same(pair: _Pair, same: AbstractSet[Place]) -> bool:
    return (
        pair.before == pair.after
        and not pair.due_before
        and not pair.due_after
        and pair.before.place in same
    )


class _Comparison:
    """The result so far; a last decision at one pair of places counts once."""

    def __init__(
        self, before: Side, after: Side, previous: Mapping[_Pair, tuple[_Pair, str] | None]
    ) -> None:
        self._before, self._after, self._previous = before, after, previous
        self.seen: set[tuple[object, ...]] = set()
        self.moved: list[Moved] = []

    def ends(self, pair: _Pair | None, symbol: str, then: _Pair, made: tuple[_Made, ...]) -> None:
        """Note how both calls end, or that they go on alike from here."""
        key = (made, then)
        if key not in self.seen:
            self.seen.add(key)
            self._compare(pair, symbol, then, then.before, then.after)

    def may_be_endless(self, pair: _Pair) -> None:
        """Note a pair where a caller who does nothing more goes round for ever in one centre."""
        was = self._before.idle(pair.before, pair.due_before)
        now = self._after.idle(pair.after, pair.due_after)
        key = (pair.before.place, pair.after.place, was, now)
        if was != now and _ENDLESS in {was, now} and key not in self.seen:
            self.seen.add(key)
            come_from, symbol = self._previous[pair] or (None, "")
            self._compare(come_from, symbol, pair, was, now)

    def _compare(
        self, pair: _Pair | None, symbol: str, then: _Pair, was: _Turn, now: _Turn
    ) -> None:
        if (was.end, was.at) != (now.end, now.at) and was.end and now.end:
            decision = self._decision(pair, symbol, then)
            self.moved.append(Moved(decision, (was.end, was.at), (now.end, now.at)))

    def _decision(self, pair: _Pair | None, symbol: str, then: _Pair) -> Decision:
        """Return what a caller does who comes by the way on which the pair was found first."""
        done = []
        while pair is not None:
            done.append((symbol, then))
            then = pair
            pair, symbol = self._previous[pair] or (None, "")
        keys: list[str] = []
        outcomes: list[Event] = []
        entry = ""
        for symbol, then in reversed(done):
            if isinstance(symbol, Event):
                outcomes.append(symbol)
            elif symbol and symbol != PAUSE:
                entry += symbol
                if not _is_between_digits(then):
                    keys.append(entry)
                    entry = ""
            elif symbol:
                keys.append(entry)
                entry = ""
        keys.append(entry)
        while keys and not keys[-1]:
            keys.pop()
        return Decision(tuple(keys), tuple(outcomes))


def _is_between_digits(pair: _Pair) -> bool:
    return bool(pair.before.typed or pair.after.typed)


def _next_pairs(
    before: Side, after: Side, pair: _Pair
) -> Iterator[tuple[str, _Pair, tuple[_Made, ...]]]:
    """Yield what may come next: what was done, the pair then, and the ways that calls took."""
    was, now, due_was, due_now = pair
    was_rings, now_rings = before.rings(was), after.rings(now)
    if was_rings and due_was:
        turn, made = before.rung(was, due_was[0])
        yield "", _pair(turn, now, due_was[1:], due_now), (made,)
    elif now_rings and due_now:
        turn, made = after.rung(now, due_now[0])
        yield "", _pair(was, turn, due_was, due_now[1:]), (made,)
    elif was_rings and now_rings:
        for outcome in sorted(before.outcomes(was) | after.outcomes(now), key=_RUNG.index):
            (one, made), (other, too) = before.rung(was, outcome), after.rung(now, outcome)
            yield outcome, _pair(one, other, (), ()), (made, too)
    elif was_rings:
        for outcome in _RUNG if not now.end else sorted(before.outcomes(was), key=_RUNG.index):
            turn, made = before.rung(was, outcome)
            yield outcome, _pair(turn, now, (), (*due_now, outcome)), (made,)
    elif now_rings:
        for outcome in _RUNG if not was.end else sorted(after.outcomes(now), key=_RUNG.index):
            turn, made = after.rung(now, outcome)
            yield outcome, _pair(was, turn, (*due_was, outcome), ()), (made,)
    else:
        yield from _asked(before, after, pair)


_RUNG = (Event.ANSWERED, Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY)


def _pair(was: _Turn, now: _Turn, due_was: _Due, due_now: _Due) -> _Pair:
    """Make the pair; a caller who has hung up hears of nothing more."""
    return _Pair(was, now, () if was.end else due_was, () if now.end else due_now)


def _asked(
    before: Side, after: Side, pair: _Pair
) -> Iterator[tuple[str, _Pair, tuple[_Made, ...]]]:
    was, now, due_was, due_now = pair
    between = _is_between_digits(pair)
    for symbol in _symbols(before, after, pair):
        made: list[_Made] = []
        turns = []
        for side, turn in ((before, was), (after, now)):
            # The pause that ends an entry is nothing to the question before which it stands.
            is_deaf = turn.end or (symbol == PAUSE and between and not turn.typed)
            then, way = (turn, None) if is_deaf else side.keyed(turn, symbol)
            turns.append(then)
            if way:
                made.append(way)
        one, other = turns
        yield symbol, _pair(one, other, due_was, due_now), tuple(made)


def _symbols(before: Side, after: Side, pair: _Pair) -> list[str]:
    """Return the keys that either question tells apart, one for all others, and the pause."""
    asking = [
        (side, turn) for side, turn in ((before, pair.before), (after, pair.after)) if not turn.end
    ]
    asked = [side.question(turn.place) for side, turn in asking]
    apart = set().union(*(side.apart(turn) for side, turn in asking))
    symbols = [key for key in KEYS if key in apart]
    is_menu = all(not question.most for question in asked)
    other = next((key for key in (KEYS[::-1] if is_menu else KEYS) if key not in apart), "")
    if other:
        tries = {q.tries - turn.tries for q, (_, turn) in zip(asked, asking, strict=True)}
        is_alike = len(tries) == 1 and all(q.entered == asked[0].entered for q in asked)
        is_one = is_menu and is_alike and not _is_between_digits(pair)
        symbols.append(other * tries.pop() if is_one else other)
    return [*symbols, PAUSE]
