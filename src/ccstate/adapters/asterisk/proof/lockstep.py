"""One caller in the hand-written dialplan and in the imported objects at once.

Both sides read the same keys, silences, answers and hours in step. A pair of situations stands for
everything that a caller may do from there on, so each pair is looked at once, by the shortest way.
Where callers meet something else, the difference is noted; where they then are in situations that
cannot be compared in step any more, the way ends there.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ccstate.adapters.asterisk import interpreter as by_hand
from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.interpreter import NotFollowed
from ccstate.adapters.asterisk.interpreter.facts import Moments
from ccstate.adapters.asterisk.proof import turns
from ccstate.adapters.asterisk.proof.objects import Objects, Where
from ccstate.adapters.asterisk.proof.turns import Heard, Turn
from ccstate.adapters.asterisk.proof.written import Written
from ccstate.journeys.ways import KEYS

MOST_PAIRS = 3_000
"""Pairs of situations behind one number."""
_UNANSWERED = (turns.NO_ANSWER, turns.BUSY, turns.UNAVAILABLE, turns.CONGESTED)


class EntryPoint(NamedTuple):
    """An entry point of calls: a context, and what is dialled there; `by` is who dials."""

    by: str
    context: str
    exten: str
    carrier: str = ""
    """The trunk by which the call comes in; "" where a phone dials."""
    phone: str = ""
    """The extension that stands for all that dial there."""

    def __str__(self) -> str:
        return f"{self.exten} dialled by {self.by}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference that callers meet, where the dialplan says what was, and who the callers are."""

    entry_point: EntryPoint
    did: tuple[str, ...]
    about: str
    before: str
    after: str
    file: str
    line: int
    at: datetime | None = None
    """A moment at which it is so, where not at all."""


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """Calls that are not compared, and why."""

    entry_point: EntryPoint
    did: tuple[str, ...]
    reason: str
    file: str
    line: int
    calls: int = 1
    """How many calls that are, at the least."""


@dataclass(slots=True)
class Proof:
    """The result of the comparison: numbers, and the calls of each to their ends."""

    entry_points: int = 0
    samples: int = 0
    """Numbers among them that stand for all that a pattern takes."""
    same: int = 0
    differ: int = 0
    differences: list[Difference] = field(default_factory=list)
    unfollowed: list[Unfollowed] = field(default_factory=list)
    """What is not interpreted, and what the bounds of the comparison left out."""

    @property
    def not_followed(self) -> int:
        """List the calls that are not compared."""
        return sum(one.calls for one in self.unfollowed)

    @property
    def calls(self) -> int:
        return self.same + self.differ + self.not_followed


class _Pair(NamedTuple):
    before: "by_hand.Stop | turns.Over"
    after: Where
    moments: int
    did: tuple[str, ...]
    differs: bool


class Lockstep:
    """A comparison of one caller's calls from an entry point, whose results go to a proof.

    `line` is that of the extension which was dialled; `own` the number that the caller's phone shows
    by itself; `calendar` the moments of a year.
    """

    def __init__(
        self,
        written: Written,
        objects: Objects,
        proof: Proof,
        entry_point: EntryPoint,
        line: Option,
        *,
        own: str,
        calendar: Moments,
    ) -> None:
        self._written, self._objects, self._own = written, objects, own
        self._proof, self._entry_point, self._line, self._calendar = (
            proof,
            entry_point,
            line,
            calendar,
        )

    def compare(self, after: Where, moments: int, facts: Mapping[str, str]) -> None:
        """Compare every call that comes in at these moments, while these facts hold."""
        context, exten, calls = (
            self._entry_point.context,
            self._entry_point.exten,
            self._proof.calls,
        )
        todo: deque[_Pair] = deque()
        seen: set[tuple[object, ...]] = set()
        left_out = 0
        try:
            first = self._written.begins(context, exten, moments, facts, self._objects.phone)
        except NotFollowed as why:
            self._note_unfollowed((), why)
            return
        known = tuple(
            f"{_fact(fact)} is {value or 'empty'}"
            for fact, value in facts.items()
            if fact != "caller" or value != self._own
        )
        todo.append(_Pair(first, after, moments, known, differs=False))
        while todo:
            pair = todo.popleft()
            try:
                for following in self._following(pair):
                    key = _key(following)
                    if key in seen:
                        continue
                    if len(seen) >= MOST_PAIRS:
                        left_out += 1
                        continue
                    seen.add(key)
                    todo.append(following)
            except NotFollowed as why:
                self._note_unfollowed(pair.did, why)
        if left_out:
            reason = (
                f"{left_out:,} ways from there are not walked: "
                f"there are more than {MOST_PAIRS:,} situations"
            )
            self._note_unfollowed((), NotFollowed(reason, first.line))
        if self._proof.calls == calls:
            # Every way comes back to where it was: one call that goes round in both.
            self._proof.same += 1

    def _note_unfollowed(self, did: tuple[str, ...], why: NotFollowed) -> None:
        line = why.line or self._line
        self._proof.unfollowed.append(
            Unfollowed(self._entry_point, did, why.reason, line.file, line.line)
        )

    # One pair

    def _following(self, pair: _Pair) -> Iterator[_Pair]:
        before = self._turn(pair.before)
        if isinstance(before.what, turns.Open) and not isinstance(pair.before, turns.Over):
            for value in before.what.values:
                did = (*pair.did, f"{_fact(before.what.fact)} is {value or 'empty'}")
                stop = self._hand_side(pair._replace(did=did), value)
                if stop:
                    yield stop
            return
        if isinstance(pair.before, by_hand.Clock):
            for moments in (pair.before.holds, pair.moments & ~pair.before.holds):
                stop_then = self._written.at(pair.before, moments)
                yield pair._replace(before=_said_before(stop_then, pair.before), moments=moments)
            return
        where, after = self._objects.turn(pair.after)
        yield from self._compare_turns(pair, before, where, after)

    def _hand_side(self, pair: _Pair, did: str) -> _Pair | None:
        """Return the pair once the hand-written side went on alone; sounds are kept for later."""
        if isinstance(pair.before, turns.Over):
            return None
        try:
            stop = self._written.goes(pair.before, did)
        except NotFollowed as why:
            self._note_unfollowed(pair.did, why)
            return None
        if isinstance(stop, turns.Over):
            return pair._replace(before=stop)
        return pair._replace(before=_said_before(stop, pair.before))

    def _turn(self, stop: "by_hand.Stop | turns.Over") -> Turn:
        return Turn(Heard(), stop) if isinstance(stop, turns.Over) else self._written.turn(stop)

    def _compare_turns(
        self, pair: _Pair, before: Turn, where: Where, after: Turn
    ) -> Iterator[_Pair]:
        one, other = before.what, after.what
        if isinstance(one, turns.Asks) and one.typed and not _awaits_digits(other):
            # The other side has taken the first keys, and is heard once this one goes on too.
            yield from self._typed_alone(pair, before, where, after)
            return
        differs = self._note_sounds(pair, before, after) or pair.differs
        pair = pair._replace(differs=differs)
        match one, other:
            case turns.Asks(), turns.Asks():
                if one.typed == "" == other.typed and one.seconds != other.seconds:
                    self._notes(pair, "time for a key", one, other, before.line)
                    pair = pair._replace(differs=True)
                yield from self._pressed(pair, where, after)
            case turns.Rings() as rings, turns.Rings() as others:
                yield from self._rung(pair, rings, others, before.line, where)
            case turns.Waits() as waits, turns.Waits() as others_wait:
                yield from self._queued(pair, waits, others_wait, before.line, where)
            case turns.Message() as leaves, turns.Message() as others_leave:
                yield from self._left(pair, leaves, others_leave, before.line, where)
            case turns.Over(), turns.Over():
                if one != other and not _is_nothing(one, other):
                    self._note_end(pair, one, other, before.line)
                else:
                    self._count_end(pair)
            case _:
                self._note_end(pair, one, other, before.line)

    def _note_end(
        self, pair: _Pair, one: turns.What, other: turns.What, line: Option | None
    ) -> None:
        """Note that from here on callers are in different situations."""
        self._notes(pair, "what happens", one, other, line)
        self._proof.differ += 1

    def _notes(
        self, pair: _Pair, about: str, one: turns.What, other: turns.What, line: Option | None
    ) -> None:
        self._note(pair, about, turns.shown(one), turns.shown(other), line)

    def _note(self, pair: _Pair, about: str, was: str, now: str, line: Option | None) -> None:
        line = line or self._line
        is_always = pair.moments == self._calendar.every
        at = None if is_always else self._calendar.first_of(pair.moments)
        found = Difference(self._entry_point, pair.did, about, was, now, line.file, line.line, at)
        self._proof.differences.append(found)

    def _note_names(self, pair: _Pair, was: str, now: str, line: Option | None) -> None:
        """Note that phones show another name of the caller."""
        as_sent = "the name that the caller sends"
        self._note(pair, "the caller's name on phones", was or as_sent, now or as_sent, line)

    def _note_sounds(self, pair: _Pair, before: Turn, after: Turn) -> bool:
        """Note sounds that differ; return whether any does."""
        differs = False
        one, other = before.heard, after.heard
        if _plain(one.words) != _plain(other.words):
            self._note(pair, "what is heard", one.words or "nothing", other.words or "nothing", before.line)  # fmt: skip
            differs = True
        if sorted(one.things) != sorted(other.things):
            was, now = (", ".join(h.things) or "nothing" for h in (one, other))
            self._note(pair, "what else happens", was, now, before.line)
            differs = True
        if abs(one.pause - other.pause) > turns.PAUSE_TOLERANCE:
            pauses = f"a pause of {one.pause} s", f"a pause of {other.pause} s"
            self._note(pair, "pauses", *pauses, before.line)
            differs = True
        return differs

    def _step(self, pair: _Pair, did: str, where: Where, shown: str = "") -> _Pair | None:
        """Take both sides on after what the caller did, or what came of it."""
        onwards = pair._replace(did=(*pair.did, shown or did), after=where)
        if isinstance(pair.before, turns.Over):
            return None
        try:
            return onwards._replace(before=self._written.goes(pair.before, did))
        except NotFollowed as why:
            self._note_unfollowed(onwards.did, why)
            return None

    def _pressed(self, pair: _Pair, where: Where, after: Turn) -> Iterator[_Pair]:
        """Press the same key on both sides, where both ask; waiting digits end on their own."""
        is_typing = isinstance(pair.before, by_hand.Keys) and bool(pair.before.typed)
        for did in (*self._keys(pair, where), turns.SILENCE):
            is_alone = did == turns.SILENCE and is_typing and not _awaits_digits(after.what)
            is_asked = isinstance(after.what, turns.Asks) and not is_alone
            then = self._objects.goes(where, did) if is_asked else where
            shown = did if did == turns.SILENCE else f"presses {did}"
            if found := self._step(pair, did, then, shown):
                yield found

    def _keys(self, pair: _Pair, where: Where) -> Sequence[str]:
        """Return the keys to try: all, or those that lead on to what a side distinguishes.

        One other digit stands for all others, and `*` counts once, as the first key.
        """
        stop = pair.before
        if isinstance(stop, turns.Over) or (known := self._written.distinguished(stop)) is None:
            return KEYS
        typed = stop.typed if isinstance(stop, by_hand.Keys) else ""
        words = known | self._objects.distinguished(where)
        onwards = {w[len(typed)] for w in words if w.startswith(typed) and len(w) > len(typed)}
        other = next((key for key in "1234567890" if key not in onwards), "")
        return sorted({*onwards, other, "#", *(() if typed else "*")} - {""})

    def _count_end(self, pair: _Pair) -> None:
        """Count calls that end alike; they differ where they did on the way."""
        if pair.differs:
            self._proof.differ += 1
        else:
            self._proof.same += 1

    def _typed_alone(self, pair: _Pair, before: Turn, where: Where, after: Turn) -> Iterator[_Pair]:
        """Follow callers who stop typing where only the dialplan waits for more digits."""
        if isinstance(after.what, turns.Asks):
            yield from self._pressed(pair, where, after)
            return
        typing = pair._replace(did=(*pair.did, "and types on"))
        self._notes(typing, "numbers with more digits", before.what, after.what, before.line)
        self._proof.differ += 1
        if found := self._step(pair, turns.SILENCE, where):
            yield found

    def _rung(
        self,
        pair: _Pair,
        one: turns.Rings,
        other: turns.Rings,
        line: Option | None,
        where: Where,
    ) -> Iterator[_Pair]:
        if not _is_one_target(one.targets, other.targets):
            self._note_end(pair, one, other, line)
            return
        if (one.seconds, one.options) != (other.seconds, other.options):
            about = "rights in the call" if one.seconds == other.seconds else "how long it rings"
            self._notes(pair, about, one, other, line)
            pair = pair._replace(differs=True)
        if one.named != other.named:
            self._note_names(pair, one.named, other.named, line)
            pair = pair._replace(differs=True)
        if not _is_one_number(one.shown or self._own, other.shown or self._own):
            self._notes(pair, "the number that is shown", one, other, line)
            pair = pair._replace(differs=True)
        self._count_end(pair)
        for did in _UNANSWERED:
            if found := self._step(pair, did, self._objects.goes(where, did)):
                yield found

    def _queued(
        self,
        pair: _Pair,
        one: turns.Waits,
        other: turns.Waits,
        line: Option | None,
        where: Where,
    ) -> Iterator[_Pair]:
        if one.queue != other.queue:
            self._note_end(pair, one, other, line)
            return
        if (one.seconds, one.options) != (other.seconds, other.options):
            self._notes(pair, "the wait in the queue", one, other, line)
            pair = pair._replace(differs=True)
        if one.named != other.named:
            self._note_names(pair, one.named, other.named, line)
            pair = pair._replace(differs=True)
        self._count_end(pair)
        for key in sorted(one.keys ^ other.keys):
            there = pair._replace(did=(*pair.did, f"presses {key} in the queue"))
            happens = ("leaves the queue", "nothing")
            self._note(
                there, "what happens", *(happens if key in one.keys else happens[::-1]), line
            )
            self._proof.differ += 1
        outcomes = [turns.NO_ANSWER, *sorted(one.keys & other.keys)]
        outcomes += [turns.FULL] * (one.can_be_full or other.can_be_full)
        outcomes += [turns.EMPTY] * (one.can_be_empty or other.can_be_empty)
        for did in outcomes:
            if found := self._step(pair, did, self._objects.goes(where, did)):
                yield found

    def _left(
        self,
        pair: _Pair,
        one: turns.Message,
        other: turns.Message,
        line: Option | None,
        where: Where,
    ) -> Iterator[_Pair]:
        if one.mailbox != other.mailbox:
            self._note_end(pair, one, other, line)
            return
        if one.greeting != other.greeting:
            self._notes(pair, "the greeting", one, other, line)
            pair = pair._replace(differs=True)
        for key in one.keys:
            there = pair._replace(did=(*pair.did, f"presses {key} instead of a message"))
            happens = "goes on in the dialplan", "nothing"
            self._note(there, "what happens", *happens, line)
            self._proof.differ += 1
        if found := self._step(pair, turns.LEFT, self._objects.goes(where, turns.LEFT)):
            yield found


def _is_nothing(one: turns.Over, other: turns.Over) -> bool:
    """Check whether the dialplan hangs up where no object answers: both reach nothing."""
    return one == turns.Over(turns.OVER) and other == turns.NOTHING


_FEWEST = 6
"""Digits by whose end two numbers are known to be one, written in two forms."""


def _is_one_number(one: str, other: str) -> bool:
    one, other = one.removeprefix("+"), other.removeprefix("+")
    short, long = sorted((one.removeprefix("0"), other.removeprefix("0")), key=len)
    return one == other or (len(short) >= _FEWEST and long.endswith(short))


def _is_one_target(one: frozenset[str], other: frozenset[str]) -> bool:
    """Check whether the same phones ring; objects may name an outside number without its trunk."""
    if one == other or len(one) != 1 or len(other) != 1:
        return one == other
    (written,), (named,) = one, other
    number = named.removeprefix("number/")
    is_outside = number != named and written.startswith("trunk/")
    return is_outside and _is_one_number(written.rpartition(" ")[2], number)


def _awaits_digits(what: turns.What) -> bool:
    """Check whether digits of an entry wait for more."""
    return isinstance(what, turns.Asks) and bool(what.typed)


def _key(pair: _Pair) -> tuple[object, ...]:
    stop = pair.before
    if isinstance(stop, turns.Over):
        here: tuple[object, ...] = (stop,)
    else:
        asks = (stop.typed, stop.read) if isinstance(stop, by_hand.Keys) else ()
        here = (type(stop).__name__, stop.call.key(), stop.line, asks, _noticed(stop.heard))
    return (here, pair.after, pair.moments, pair.differs)


def _noticed(heard: tuple[by_hand.Heard, ...]) -> tuple[object, ...]:
    return tuple(h[:2] for h in heard if h.kind != "event")


def _said_before(stop: by_hand.Stop, earlier: by_hand.Stop) -> by_hand.Stop:
    """Return the stop with the sounds before it, which were not compared yet."""
    return stop._replace(heard=earlier.heard + stop.heard)


def _plain(words: str) -> str:
    """Return words as they sound: without capitals, signs and spaces."""
    return "".join(re.findall(r"[^\W_]+|«[^»]*»", words.lower()))


def _fact(fact: str) -> str:
    return "the caller's number" if fact == "caller" else fact
