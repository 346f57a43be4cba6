"""The imported side: calls through objects, as `journeys` has them, one turn at a time."""

from collections.abc import Sequence
from typing import NamedTuple

from ccstate.adapters.asterisk.interpreter import NotFollowed
from ccstate.adapters.asterisk.proof import turns
from ccstate.adapters.asterisk.proof.turns import Heard, Turn
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.lockstep import question
from ccstate.journeys.moments import Phases
from ccstate.journeys.staffing import ringing_follows, ringing_members
from ccstate.journeys.walk import came_of
from ccstate.journeys.ways import KEYS, SWITCH, End, Event, Place, Way
from ccstate.kinds.fields import seconds

_WAITS = "waits for ever"


class At(NamedTuple):
    """A call at a place: how often it was asked there, the digits typed, what was heard so far."""

    place: Place
    tries: int = 0
    """Or, in a ring group whose phones ring in order, and with follow_me, which of them rings."""
    typed: str = ""


class Leaving(NamedTuple):
    """A call that leaves by one of these trunks, the first of them first."""

    trunks: tuple[str, ...]
    sent: str
    seconds: int
    shown: str = ""


class _Ring(NamedTuple):
    """Phones that ring at once, before others do."""

    phones: frozenset[str]
    seconds: int | None


class Done(NamedTuple):
    """A call that is over."""

    over: turns.Over


class Turns(NamedTuple):
    """A code that turns a switch to its other position."""

    switch: str


class Acts(NamedTuple):
    """A code that does something and hangs up: what is noticed of it, and the words that are heard."""

    things: tuple[str, ...]
    words: str


Where = At | Leaving | Done | Turns | Acts
EVENTS = {
    turns.ANSWERED: Event.ANSWERED,
    turns.NO_ANSWER: Event.NO_ANSWER,
    turns.BUSY: Event.BUSY,
    turns.UNAVAILABLE: Event.EMPTY,
    turns.CONGESTED: Event.NO_ANSWER,
    turns.FULL: Event.FULL,
    turns.EMPTY: Event.EMPTY,
}


class Objects:
    """Calls through one centre while its schedules and switches say this.

    `phone` is the extension that calls; "" for callers from outside, who call a `number`.
    """

    def __init__(self, flow: Flow, phases: Phases, phone: str = "", number: str = "") -> None:
        self._flow, self._phases, self.phone = flow, phases, phone
        self._caller = flow.centre.of("extension").get(phone, {})
        self._number = flow.centre.of("number").get(number, {})

    def turn(self, where: Where) -> tuple[Where, Turn]:
        """Where the caller is asked, rings, waits or ends next, and what he meets until then."""
        heard = Heard()
        seen: set[Place] = set()
        while True:
            if isinstance(where, Done):
                return where, Turn(heard, where.over)
            if isinstance(where, Leaving):
                target = frozenset({f"{where.trunks[0]} {where.sent}"})
                rights = _letters(self._caller.get("rights"), "TK")
                ring = turns.Rings(target, where.seconds, rights, where.shown)
                return where, Turn(heard, ring)
            if isinstance(where, Acts):
                return where, Turn(Heard(where.words, where.things), turns.Over(turns.OVER))
            if isinstance(where, Turns):
                return where, Turn(Heard("", (self._turned(where),)), turns.Over(turns.OVER))
            heard = _joined(heard, self._hears(where))
            what = self._what(where)
            if what is not None:
                return where, Turn(heard, what)
            if where.place in seen:
                return where, Turn(heard, turns.Over("goes round"))
            seen.add(where.place)
            where = self._along(self._ways(where.place)[0])

    def _ways(self, place: Place) -> tuple[Way, ...]:
        return self._flow.possible(place, self._phases)

    def _fields(self, place: Place) -> Filled:
        fields = self._flow.centre.of(place.kind).get(place.name, {})
        if place.kind == "ivr":
            found: Filled = fields.get("nodes", {}).get(place.node, {})
            return found
        return fields

    def _hears(self, where: At) -> Heard:
        """The prompt of the place."""
        place = where.place
        if where.typed:
            return Heard()
        fields = self._fields(place)
        if place.kind == "ivr":
            language = self._flow.centre.of("ivr")[place.name].get("language")
            return self._spoken(fields.get("prompt"), language)
        if place.kind == "extension" and place.node:
            return Heard()
        recording = fields.get("recording") or {}
        if recording.get("when", "never") == "never":
            recording = {}
        recorded = ("the call is recorded",) if recording.get("when") == "always" else ()
        told = _joined(self._spoken(recording.get("notice"), None), Heard("", recorded))
        if place.kind == "queue":
            welcome = (fields.get("announcements") or {}).get("welcome")
            return _joined(told, self._spoken(welcome, None))
        return told

    def _turned(self, where: Turns) -> str:
        """What is noticed of a code that turns a switch."""
        is_on = self._phases.get(f"{SWITCH}{where.switch}") is Position.ON
        return f"turns switch/{where.switch} {'off' if is_on else 'on'}"

    def _spoken(self, prompt: str | None, language: str | None) -> Heard:
        if not prompt:
            return Heard()
        return Heard(self._flow.centre.words(prompt, language) or f"«{prompt}»")

    def _what(self, where: At) -> turns.What | None:
        """What the place asks or does; None where the call goes on by itself."""
        place, ways = where.place, self._ways(where.place)
        events = {way.event: way for way in ways}
        if place.kind == "conference_room":
            by = ", with a PIN" if self._fields(place).get("pin") else ""
            return turns.Over("conference", place.name + by)
        if place.kind == "extension" and place.node == "voicemail":
            prompt = (self._fields(place).get("voicemail") or {}).get("greeting")
            greeting = self._spoken(prompt, None).words or "u"
            return turns.Message(f"voicemail/{place.name}", greeting)
        if Event.SILENCE in events:
            return turns.Asks(seconds(self._fields(place)["timeout"]), where.typed)
        if Event.ANSWERED in events:
            return self._rings(where, ways)
        if len(ways) == 1:
            return None
        raise NotFollowed(f"{place} is not walked: {', '.join(sorted(events))}")

    def _rings(self, where: At, ways: tuple[Way, ...]) -> turns.What:
        place = where.place
        by_event = {way.event: way for way in ways}
        waited = by_event.get(Event.NO_ANSWER)
        length = waited.seconds if waited and waited.end is not End.WAITS else None
        if place.kind == "queue":
            keys = frozenset(way.key for way in ways if way.event is Event.KEY)
            empty, full = Event.EMPTY in by_event, Event.FULL in by_event
            queue = self._fields(place)
            rights = _letters(queue.get("caller_rights"), "TK")
            rights += _letters(queue.get("member_rights"), "tk") + _on_demand(queue, "x")
            rights = "".join(sorted(rights))
            named = self._named(queue)
            return turns.Waits(str(place), length, rights, full, empty, keys, named)
        turn = self._in_turn(place)[where.tries :]
        phones = turn[0].phones if turn else frozenset({by_event[Event.ANSWERED].at})
        length = turn[0].seconds if turn else length
        if place.kind == "ring_group":
            return turns.Rings(phones, length, named=self._named({}))
        (target,) = phones
        called = self._flow.centre.of("extension").get(target.removeprefix("extension/"), {})
        rights = _letters(self._caller.get("rights"), "TK") + _letters(called.get("rights"), "tk")
        rights += _on_demand(self._caller, "X") + _on_demand(called, "x")
        options = "".join(sorted(rights))
        return turns.Rings(phones, length, options, named=self._named({}))

    def _in_turn(self, place: Place) -> list["_Ring"]:
        """The phones of a ring group, or of an extension with `follow_me`, as they ring in turn."""
        fields = self._fields(place)
        if place.kind == "ring_group":
            phones = [f"extension/{n}" for n in ringing_members(self._flow.centre, fields)]
            ring_for = seconds(fields["ring_for"])
            if not _is_in_order(fields):
                return [_Ring(frozenset(phones), ring_for)]
            return [_Ring(frozenset({phone}), ring_for) for phone in phones]
        if place.kind != "extension" or place.node or not fields.get("follow_me"):
            return []
        own = [{"extension": place.name, "ring_for": fields["ring_for"]}]
        follows = ringing_follows(self._flow.centre, fields)
        return [
            _Ring(frozenset({_followed(follow)}), seconds(follow["ring_for"]))
            for follow in (*(own if fields["device"] != "none" else ()), *follows)
        ]

    def _named(self, queue: Filled) -> str:
        """The prefix before the caller's name on phones that ring: that of the queue goes first."""
        name = "caller_name_prefix"
        prefix = queue.get(name) or self._number.get(name)
        return f"{prefix} …" if prefix else ""

    def _along(self, way: Way) -> Where:
        if way.to is not None:
            return At(way.to)
        match way.end:
            case End.HANGUP | End.CUT_OFF | None:
                return Done(turns.Over(turns.OVER))
            case End.HUMAN:
                return Done(turns.Over("talks to", way.at))
            case End.WAITS:
                return Done(turns.Over(_WAITS, way.at))
            case End.MESSAGE:
                return Done(turns.Over(turns.OVER))
            case _:
                return Done(turns.Over(str(way.end), way.at))

    def goes(self, where: Where, did: str) -> Where:
        """Where the call is after what the caller did, or what came of a ring or wait."""
        if isinstance(where, Leaving):
            return self._left(where, did)
        if not isinstance(where, At):
            raise TypeError("a call that is over goes nowhere")
        ways = self._ways(where.place)
        if where.place.node == "voicemail" and where.place.kind == "extension":
            return Done(turns.Over(turns.OVER))
        if any(way.event is Event.SILENCE for way in ways):
            return self._asked(where, ways, did)
        if did in KEYS:
            return self._along(next(w for w in ways if w.event is Event.KEY and w.key == did))
        if did != turns.ANSWERED and where.tries + 1 < len(self._in_turn(where.place)):
            forward = self._fields(where.place).get("forward") or {}
            if where.tries or not forward.get(_FORWARDS.get(did, "")):
                return where._replace(tries=where.tries + 1)
        if where.tries and did != turns.ANSWERED:
            did = turns.NO_ANSWER
        return self._along(came_of(ways, EVENTS[did]))

    def told_apart(self, where: Where) -> frozenset[str]:
        """What callers can type here that leads to a place of its own."""
        ways = self._ways(where.place) if isinstance(where, At) else ()
        return frozenset(way.key for way in ways if way.key)

    def _left(self, where: Leaving, did: str) -> Where:
        if did == turns.ANSWERED:
            return Done(turns.Over("talks to", f"{where.trunks[0]} {where.sent}"))
        if did in (turns.UNAVAILABLE, turns.CONGESTED) and where.trunks[1:]:
            return where._replace(trunks=where.trunks[1:])
        return Done(turns.Over(turns.OVER))

    def _asked(self, where: At, ways: tuple[Way, ...], did: str) -> Where:
        asks = question(self._flow, where.place)
        if asks is None:
            raise NotFollowed(f"{where.place} is not walked: it asks for keys")
        by_event = {way.event: way for way in ways}
        silence = by_event[Event.SILENCE]
        again = At(where.place, where.tries + 1)
        is_last = where.tries + 1 >= asks.tries
        is_ended = did == turns.SILENCE or (did == "#" and bool(asks.most))
        typed = where.typed + ("" if is_ended else did)
        if not asks.most:
            is_open = not is_ended and typed in self._flow.next_keys(where.place)
            by_key = {way.key: way for way in ways if way.event is Event.KEY}
        else:
            is_open = not is_ended and len(typed) < asks.most
            by_key = {way.key: way for way in ways if way.event is Event.DIGITS}
        if is_open:
            return where._replace(typed=typed)
        if asks.most and len(typed) >= asks.fewest and "*" not in typed:
            return self._along(by_key.get(typed) or by_key[""])
        if not asks.most and typed in by_key:
            return self._along(by_key[typed])
        if not is_last:
            return again
        is_silent = not typed or bool(asks.most)
        return self._along(silence if is_silent else by_event.get(Event.WRONG_KEY, silence))


_FORWARDS = {turns.BUSY: "busy", turns.UNAVAILABLE: "unavailable"}
"""What sends a call elsewhere at once, by what came of the extension's own phone."""


def _followed(follow: Filled) -> str:
    number = follow.get("number")
    return f"number/{number}" if number else f"extension/{follow['extension']}"


def _letters(rights: Sequence[str] | None, letters: str) -> str:
    """Rights in a call as options of Dial() and Queue(): to transfer it, and to park it."""
    names = zip(("park", "transfer"), (letters[1], letters[0]), strict=True)
    return "".join(letter for name, letter in names if name in (rights or ()))


def _on_demand(fields: Filled, letter: str) -> str:
    """The option by which a party may record the call."""
    return letter if (fields.get("recording") or {}).get("when") == "on_demand" else ""


def _is_in_order(group: Filled) -> bool:
    return bool(group["strategy"] == "in_order")


def _joined(one: Heard, other: Heard) -> Heard:
    words = " ".join(part for part in (one.words, other.words) if part)
    return Heard(words, one.things + other.things, one.pause + other.pause)
