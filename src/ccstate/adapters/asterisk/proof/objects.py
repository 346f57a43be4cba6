"""The imported side: where calls come in, and their way through objects, one turn at a time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from ccstate.adapters.asterisk.importing import Origins
from ccstate.adapters.asterisk.interpreter import NotFollowed
from ccstate.adapters.asterisk.kinds.feature_code import SOUND_WHEN_DONE, SOUND_WHEN_REFUSED
from ccstate.adapters.asterisk.kinds.outbound_route import OUTSIDE_RINGS
from ccstate.adapters.asterisk.proof import turns
from ccstate.adapters.asterisk.proof.states import samples_of
from ccstate.adapters.asterisk.proof.turns import Heard, Turn
from ccstate.dialling.called import ending_alike
from ccstate.dialling.number_formats import carrier_formats, read_as_e164, rewritten, written_for
from ccstate.dialling.routing import Dialling, Leaves
from ccstate.dialling.shown import Shown, Source, number_shown
from ccstate.journeys.centre import Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.lockstep import question
from ccstate.journeys.moments import Phases
from ccstate.journeys.staffing import Lack, agents, ringing_follows, ringing_members
from ccstate.journeys.walk import came_of
from ccstate.journeys.ways import KEYS, SWITCH, End, Event, Place, Transition
from ccstate.kinds.fields import seconds
from ccstate.model import Address

_WAITS = "waits for ever"


class At(NamedTuple):
    """A place of a call: how often it was asked there, the digits typed, the sounds so far."""

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
    """The phones that ring at once, before others do."""

    phones: frozenset[str]
    seconds: int | None


class Done(NamedTuple):
    """A call that is over."""

    over: turns.Over


class Turns(NamedTuple):
    """A code that turns a switch to its other position."""

    switch: str


class Acts(NamedTuple):
    """A code that does something and hangs up: what is noticed of it, and the words it plays."""

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
    """The calls through one centre while its schedules and switches say this.

    `phone` is the extension that calls; "" for callers from outside, who call a `number`.
    """

    def __init__(self, flow: Flow, phases: Phases, phone: str = "", number: str = "") -> None:
        self._flow, self._phases, self.phone = flow, phases, phone
        self._caller = flow.centre.of("extension").get(phone, {})
        self._number = flow.centre.of("number").get(number, {})

    def turn(self, where: Where) -> tuple[Where, Turn]:
        """Return where a call asks, rings, waits or ends next, and what it meets until then."""
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
                return where, Turn(Heard("", (self._turn_thing(where),)), turns.Over(turns.OVER))
            heard = _join_sounds(heard, self._prompt_sounds(where))
            what = self._situation(where)
            if what is not None:
                return where, Turn(heard, what)
            if where.place in seen:
                return where, Turn(heard, turns.Over("goes round"))
            seen.add(where.place)
            where = self._along(self._ways(where.place)[0])

    def _ways(self, place: Place) -> tuple[Transition, ...]:
        return self._flow.possible(place, self._phases)

    def _fields(self, place: Place) -> Filled:
        fields = self._flow.centre.of(place.kind).get(place.name, {})
        if place.kind == "ivr":
            found: Filled = fields.get("nodes", {}).get(place.node, {})
            return found
        return fields

    def _prompt_sounds(self, where: At) -> Heard:
        """Return the prompt of the place."""
        place = where.place
        if where.typed:
            return Heard()
        fields = self._fields(place)
        if place.kind == "ivr":
            language = self._flow.centre.of("ivr")[place.name].get("language")
            return self._prompt_words(fields.get("prompt"), language)
        if place.kind == "extension" and place.node:
            return Heard()
        recording = fields.get("recording") or {}
        if recording.get("when", "never") == "never":
            recording = {}
        recorded = ("the call is recorded",) if recording.get("when") == "always" else ()
        heard = _join_sounds(self._prompt_words(recording.get("notice"), None), Heard("", recorded))
        if place.kind == "queue":
            welcome = (fields.get("announcements") or {}).get("welcome")
            return _join_sounds(heard, self._prompt_words(welcome, None))
        return heard

    def _turn_thing(self, where: Turns) -> str:
        """Return what is noticed of a code that turns a switch."""
        is_on = self._phases.get(f"{SWITCH}{where.switch}") is Position.ON
        return f"turns switch/{where.switch} {'off' if is_on else 'on'}"

    def _prompt_words(self, prompt: str | None, language: str | None) -> Heard:
        if not prompt:
            return Heard()
        return Heard(self._flow.centre.words(prompt, language) or f"«{prompt}»")

    def _situation(self, where: At) -> turns.What | None:
        """Return what the place asks or does; None where the call goes on by itself."""
        place, ways = where.place, self._ways(where.place)
        events = {way.event: way for way in ways}
        if place.kind == "conference_room":
            by = ", with a PIN" if self._fields(place).get("pin") else ""
            return turns.Over("conference", place.name + by)
        if place.kind == "extension" and place.node == "voicemail":
            prompt = (self._fields(place).get("voicemail") or {}).get("greeting")
            greeting = self._prompt_words(prompt, None).words or "u"
            return turns.Message(f"voicemail/{place.name}", greeting)
        if Event.SILENCE in events:
            return turns.Asks(seconds(self._fields(place)["timeout"]), where.typed)
        if Event.ANSWERED in events:
            return self._rings(where, ways)
        if len(ways) == 1:
            return None
        raise NotFollowed(f"{place} is not walked: {', '.join(sorted(events))}")

    def _rings(self, where: At, ways: tuple[Transition, ...]) -> turns.What:
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
            named = self._name_prefix(queue)
            return turns.Waits(str(place), length, rights, full, empty, keys, named)
        turn = self._in_turn(place)[where.tries :]
        phones = turn[0].phones if turn else frozenset({by_event[Event.ANSWERED].at})
        length = turn[0].seconds if turn else length
        if place.kind == "ring_group":
            return turns.Rings(phones, length, named=self._name_prefix({}))
        (target,) = phones
        called = self._flow.centre.of("extension").get(target.removeprefix("extension/"), {})
        rights = _letters(self._caller.get("rights"), "TK") + _letters(called.get("rights"), "tk")
        rights += _on_demand(self._caller, "X") + _on_demand(called, "x")
        options = "".join(sorted(rights))
        return turns.Rings(phones, length, options, named=self._name_prefix({}))

    def _in_turn(self, place: Place) -> list["_Ring"]:
        """Return the phones of a ring group, or an extension's `follow_me`, as they ring in turn."""
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

    def _name_prefix(self, queue: Filled) -> str:
        """Return the prefix before the caller's name on ringing phones: first that of the queue."""
        name = "caller_name_prefix"
        prefix = queue.get(name) or self._number.get(name)
        return f"{prefix} …" if prefix else ""

    def _along(self, way: Transition) -> Where:
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
        """Return where the call is after what the caller did, or what came of a ring or wait."""
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

    def distinguished(self, where: Where) -> frozenset[str]:
        """Return what callers can type here that leads to a place of its own."""
        ways = self._ways(where.place) if isinstance(where, At) else ()
        return frozenset(way.key for way in ways if way.key)

    def _left(self, where: Leaving, did: str) -> Where:
        if did == turns.ANSWERED:
            return Done(turns.Over("talks to", f"{where.trunks[0]} {where.sent}"))
        if did in (turns.UNAVAILABLE, turns.CONGESTED) and where.trunks[1:]:
            return where._replace(trunks=where.trunks[1:])
        return Done(turns.Over(turns.OVER))

    def _asked(self, where: At, ways: tuple[Transition, ...], did: str) -> Where:
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
    """Return rights in a call as options of Dial() and Queue(): to transfer and to park it."""
    names = zip(("park", "transfer"), (letters[1], letters[0]), strict=True)
    return "".join(letter for name, letter in names if name in (rights or ()))


def _on_demand(fields: Filled, letter: str) -> str:
    """Return the option by which a party may record the call."""
    return letter if (fields.get("recording") or {}).get("when") == "on_demand" else ""


def _is_in_order(group: Filled) -> bool:
    return bool(group["strategy"] == "in_order")


def _join_sounds(one: Heard, other: Heard) -> Heard:
    words = " ".join(part for part in (one.words, other.words) if part)
    return Heard(words, one.things + other.things, one.pause + other.pause)


class Entrances:
    """The answers of the objects to a dialled number."""

    def __init__(self, flow: Flow, words: Mapping[str, str]) -> None:
        self._flow = flow
        self._words = words
        """Of Asterisk's recordings, by their names."""
        self._dialling = Dialling(flow.centre)
        codes = flow.centre.of("feature_code").values()
        self._codes = {"*97": {"action": "mailbox"}} | {str(code["code"]): code for code in codes}
        """What codes that phones dial do; the first of them is there without any object."""
        self._shown = Shown(flow.centre)

    @property
    def inside(self) -> Mapping[str, Address]:
        """Return what has a number inside the house."""
        return self._dialling.inside

    def number(self, trunk: str, dialled: str) -> Where:
        """Return where a call comes in that a carrier sends with this number."""
        written = self.as_carrier_writes(trunk, dialled)
        name = written or next(iter(ending_alike(self._flow, dialled)), "")
        return At(Place("number", name)) if name else Done(turns.NOTHING)

    def as_carrier_writes(self, trunk: str, dialled: str) -> str:
        """Return the number that takes a trunk's call; "" where its form is not the trunk's."""
        numbers = self._flow.centre.of("number")
        formats = carrier_formats(self._flow.centre, trunk)
        names = [dialled, f"+{dialled}"]
        if formats.inbound:
            names = [rewritten(read_as_e164(formats.inbound, formats.country), dialled)]
            names.append(f"+{names[0]}")
        found = (n for n in names if n in numbers and numbers[n].get("trunk") in (None, trunk))
        return next(found, "")

    def phone(self, phone: str, dialled: str) -> Where:
        """Return where a call goes that a phone dials."""
        extension = self._flow.centre.of("extension").get(phone, {})
        if code := self._codes.get(dialled):
            return self._code_place(phone, code)
        reached = self._dialling.dial(extension.get("site") or "", dialled)
        if isinstance(reached, Leaves):
            route = self._dialling.routes[reached.route]
            needed = route.get("permission")
            is_allowed = not needed or needed in (extension.get("permissions") or ())
            if not is_allowed or not route["trunks"]:
                return Done(turns.Over(turns.OVER, "cause 21"))
            return self._leaving(phone, extension, route, reached.sent)
        place = self._flow.entrance(reached) if reached else None
        return At(place) if place else Done(turns.NOTHING)

    def _leaving(self, phone: str, extension: Filled, route: Filled, sent: str) -> Leaving:
        """Return a call by the trunks of a route, as the carrier of the first of them gets it."""
        centre, first = self._flow.centre, route["trunks"][0]
        formats = carrier_formats(centre, first)
        if formats.outbound:
            sent = rewritten(written_for(formats.outbound, formats.country), sent)
        own = str((extension.get("caller_id") or {}).get("number") or "")
        sources = {
            **self._shown.sources(route, first, extension.get("site") or ""),
            Source.EXTENSION: own,
        }
        internal = str(extension.get("number") or phone)
        shown = number_shown(sources, is_emergency=bool(route["emergency"]), internal=internal)
        trunks = tuple(f"trunk/{trunk}" for trunk in route["trunks"])
        return Leaving(trunks, sent, OUTSIDE_RINGS, shown)

    def phones_alike(
        self, origins: Origins, numbers: Mapping[str, str]
    ) -> list[dict[object, tuple[str, str]]]:
        """Group phones whose calls inside go alike, as (context, extension): one a shown number.

        They are of one site, have the same rights, and log in to the same queues. `numbers` are
        those of the endpoints' caller IDs; phones that show their own number stand for each other.
        """
        found: dict[tuple[object, ...], dict[object, tuple[str, str]]] = {}
        for endpoint, context in origins.phone_contexts.items():
            phone = origins.phones[endpoint].name
            fields = self._flow.centre.of("extension").get(phone, {})
            shown = (fields.get("caller_id") or {}).get("number")
            is_own = shown in (None, numbers.get(endpoint, endpoint))
            rights = (tuple(sorted(fields.get(name) or ())) for name in ("permissions", "rights"))
            logins = tuple(sorted(self._logins.get(phone, {}).items()))
            alike = found.setdefault((context, fields.get("site"), *rights, logins), {})
            alike.setdefault("" if is_own else shown, (context, phone))
        return list(found.values())

    def _code_place(self, phone: str, code: Filled) -> Where:
        """Return the place of a call from a phone that dials a feature code."""
        action = str(code["action"])
        match action:
            case "mailbox":
                return Done(turns.Over("listens to messages", f"voicemail/{phone}"))
            case "pick_up":
                return Done(turns.Over("picks up"))
            case "switch":
                return Turns(code["switch"])
            case "log_in" | "log_out":
                logins = self._logins.get(phone, {})
                asked = [code["queue"]] if code.get("queue") else sorted(logins)
                return self._action(
                    action,
                    tuple(
                        _act(action, f"queue/{queue}", phone, logins[queue])
                        for queue in asked
                        if queue in logins
                    ),
                )
            case "pause" | "unpause":
                return self._action(action, (_act(action, turns.ALL_QUEUES, phone, 0),))
            case _:
                raise NotFollowed(f"what the feature code {action} does is not walked")

    def _action(self, action: str, things: tuple[str, ...]) -> Acts:
        """Return what an action does, with the sound that confirms it; another if it does nothing."""
        sound = SOUND_WHEN_DONE[action] if things else SOUND_WHEN_REFUSED
        return Acts(things, self._words.get(sound) or f"«{sound}»")

    @cached_property
    def _logins(self) -> Mapping[str, Mapping[str, int]]:
        """Return the queues in which each extension logs in, with its penalty there."""
        found: dict[str, dict[str, int]] = {}
        for name, queue in self._flow.centre.of("queue").items():
            for agent in agents(self._flow.centre, queue):
                if agent.is_dynamic and agent.lack is Lack.NOTHING:
                    found.setdefault(agent.extension, {})[name] = agent.penalty
        return found

    # What objects alone know

    def numbers_beside(self, taken: Collection[str]) -> Iterator[str]:
        """Return the numbers of the objects without those."""
        yield from (n for n in sorted(self._flow.centre.of("number")) if n not in taken)

    def as_sent(self, trunk: str, number: str) -> str:
        """Write a number as a trunk's carrier sends it; "" where it comes in by another trunk."""
        if self._flow.centre.of("number")[number].get("trunk") not in (None, trunk):
            return ""
        formats = carrier_formats(self._flow.centre, trunk)
        if formats.inbound:
            return rewritten(written_for(formats.inbound, formats.country), number)
        return number.removeprefix("+")

    def dialled_inside(self) -> Iterator[str]:
        """List numbers inside, codes, and a few numbers of each pattern by which calls leave."""
        yield from sorted(self.inside)
        yield from sorted(code for code in self._codes if code != "*97")
        for route in self._dialling.routes.values():
            for pattern in route["patterns"]:
                yield from samples_of(pattern)


_DOES = {
    "log_in": "joins",
    "log_out": "leaves",
    "pause": "pauses in",
    "unpause": "is back in",
}


def _act(action: str, queue: str, phone: str, penalty: int) -> str:
    behind = str(penalty) if action == "log_in" else ""
    return turns.agent(_DOES[action], queue, f"extension/{phone}", behind)
