"""The hand-written side: stops of the interpreter as turns, with the names that objects have."""

import re
from collections.abc import Iterable, Mapping

from ccstate.adapters.asterisk import interpreter as by_hand
from ccstate.adapters.asterisk.conf import Section
from ccstate.adapters.asterisk.importing import Origins
from ccstate.adapters.asterisk.proof import turns
from ccstate.adapters.asterisk.proof.turns import Heard, Turn
from ccstate.journeys.ways import KEYS

STATUSES = {
    turns.NO_ANSWER: "NOANSWER",
    turns.BUSY: "BUSY",
    turns.UNAVAILABLE: "CHANUNAVAIL",
    turns.CONGESTED: "CONGESTION",
}
QUEUE_STATUSES = {turns.NO_ANSWER: "TIMEOUT", turns.FULL: "FULL", turns.EMPTY: "JOINEMPTY"}
MOST_RINGS = 100
_SILENT = "abBcCeEfIijNnoRrvyYzZu"
"""Options of Dial() of which neither side of a call notices anything."""


class Written:
    """The calls through the hand-written dialplan."""

    def __init__(
        self,
        interpreter: by_hand.Interpreter,
        origins: Origins,
        words: Mapping[str, str],
        queues: Mapping[str, Section],
        endpoints: frozenset[str],
    ) -> None:
        self._interpreter = interpreter
        self._origins = origins
        self._words = words
        self._queues = queues
        self._endpoints = endpoints

    def begins(
        self,
        context: str,
        exten: str,
        moments: int,
        facts: Mapping[str, str] | None = None,
        phone: str = "",
    ) -> by_hand.Stop:
        """Begin a call that comes in there, with the known facts and the extension that calls."""
        endpoints = (name for name, a in self._origins.phones.items() if a.name == phone)
        device = f"PJSIP/{next(endpoints, phone)}" if phone else ""
        call = by_hand.Call(context, exten, facts=facts or {}, moments=moments, device=device)
        return self._skip_dead_rings(self._interpreter.run(call))

    def _skip_dead_rings(self, stop: by_hand.Stop) -> by_hand.Stop:
        """Return the call behind rings of phones that do not exist, which end at once."""
        for _ in range(MOST_RINGS):
            if not isinstance(stop, by_hand.Rings) or not all(map(self._is_dead, stop.targets)):
                return stop
            following = self._interpreter.rung(stop, "CHANUNAVAIL")
            stop = following._replace(heard=stop.heard + following.heard)
        raise by_hand.NotFollowed("phones that do not exist ring again and again", stop.line)

    def _is_dead(self, device: str) -> bool:
        technology, _, peer = device.partition("/")
        endpoint = peer.partition("@")[2] or peer
        return technology.upper() == "PJSIP" and endpoint not in self._endpoints

    def turn(self, stop: by_hand.Stop) -> Turn:
        """Return what the caller meets now."""
        return Turn(self._sounds(stop.heard), self._situation(stop), stop.line)

    def _situation(self, stop: by_hand.Stop) -> turns.What:
        match stop:
            case by_hand.Keys(seconds=seconds, typed=typed):
                return turns.Asks(seconds, typed)
            case by_hand.Rings():
                targets = frozenset(self._target(target) for target in stop.targets)
                shown = (
                    self._shown_number(stop) if any(t.startswith("trunk/") for t in targets) else ""
                )
                options = _options(stop.options)
                return turns.Rings(targets, stop.seconds, options, shown, _caller_name(stop.call))
            case by_hand.Waits():
                return self._queue(stop)
            case by_hand.Mailbox(mailbox=mailbox):
                owner = self._origins.mailboxes.get(mailbox, "")
                at = f"voicemail/{owner}" if owner else f"mailbox {mailbox}"
                return turns.Message(at, stop.greeting, stop.keys)
            case by_hand.Decides(fact=fact, values=values):
                return turns.Open(fact, values)
            case by_hand.Clock(holds=holds):
                return turns.Clock(holds)
            case by_hand.Ended():
                return self._ended(stop)

    def _ended(self, stop: by_hand.Ended) -> turns.Over:
        if stop.end == by_hand.NO_WAY:
            return turns.Over(turns.OVER)
        if stop.end == by_hand.HANGUP:
            return turns.Over(turns.OVER, "" if stop.call.is_answered else stop.at)
        at = self._owner(stop.at) if stop.end == "listens to messages" else stop.at
        return turns.Over(stop.end, at)

    def _owner(self, at: str) -> str:
        """Return a mailbox, `2001@box`, as its extension's; what stands behind a comma stays."""
        box, comma, how = at.partition(",")
        named = box if "@" in box else f"{box}@default"
        owner = self._origins.mailboxes.get(named, "")
        return (f"voicemail/{owner}" if owner else box) + comma + how

    def _shown_number(self, stop: by_hand.Rings) -> str:
        """Return the caller's number, where the dialplan sets one or asks for it."""
        call = stop.call
        number = call.caller or call.facts.get("caller", "")
        if by_hand.OPAQUE in number:
            raise by_hand.NotFollowed("the number that is shown cannot be known", stop.line)
        return number

    def _target(self, device: str) -> str:
        """Return a phone as an extension, an outside number with its trunk; else as written."""
        technology, _, peer = device.partition("/")
        number, at, endpoint = peer.partition("@")
        if technology.upper() != "PJSIP":
            return device
        if at and endpoint in self._origins.trunks:
            return f"{self._origins.trunks[endpoint]} {number}"
        if not at and peer in self._origins.phones:
            return str(self._origins.phones[peer])
        return device

    def _queue(self, stop: by_hand.Waits) -> turns.What:
        section = self._queues.get(stop.queue)
        address = self._origins.queues.get(stop.queue)
        name = str(address) if address else f"no queue ({stop.queue[:60]})"
        if "n" in stop.options:
            raise by_hand.NotFollowed("Queue() with the option n tries once only", stop.line)
        options = " ".join((_options(stop.options), *stop.others)).strip()
        if section is None:
            return turns.Waits(name, stop.seconds, options)
        full = (section.get("maxlen") or "0").strip() not in ("", "0")
        join, leave = section.get("joinempty") or "yes", section.get("leavewhenempty") or "no"
        # app_queue.c: without joinempty every caller may join, without leavewhenempty none is sent out.
        empty = join.strip().lower() not in ("yes", "true", "1", "on") or (
            leave.strip().lower() not in ("no", "false", "0", "off")
        )
        context = (section.get("context") or "").strip()
        is_exit = self._interpreter.exists
        keys = frozenset(k for k in KEYS if context and is_exit(stop.call, context, k))
        return turns.Waits(name, stop.seconds, options, full, empty, keys, _caller_name(stop.call))

    def _sounds(self, heard: Iterable[by_hand.Heard]) -> Heard:
        words: list[str] = []
        things: list[str] = []
        pause = 0
        for kind, what, _, seconds in heard:
            match kind:
                case "sound":
                    words.append(self._words.get(what) or f"«{what}»")
                case "pause":
                    pause += seconds
                case "event":
                    pass
                case "agent":
                    things.append(self._agent(what))
                case "records":
                    things.append("the call is recorded")
                case "music":
                    things.append(f"music for {seconds} s")
                case "sets":
                    things.append(self._set(what))
                case _:
                    things.append(f"{kind} {what}".strip())
        return Heard(" ".join(words), tuple(things), pause)

    def _agent(self, what: str) -> str:
        """Return what a phone does in a queue, with the names of the objects."""
        does, queue, device, penalty = what.split(by_hand.AGENT)
        address = self._origins.queues.get(queue)
        named = str(address or queue or turns.ALL_QUEUES)
        return turns.agent(does, named, self._target(device), penalty)

    def _set(self, what: str) -> str:
        """Return a value kept for other calls; for a switch, the position that it turns to."""
        fact, _, value = what.partition("=")
        switch = self._origins.switches.get(fact)
        if switch is None:
            return f"sets {what}"
        return f"turns {switch.address} {'on' if value in switch.on else 'off'}"

    def distinguished(self, stop: by_hand.Stop) -> frozenset[str] | None:
        """Return what callers can type that the dialplan tells apart; None where every key counts."""
        is_several = isinstance(stop, by_hand.Keys) and stop.read and stop.read.most > 1
        return self._interpreter.survey.digits if is_several else None

    # Going on

    def goes(self, stop: by_hand.Stop, did: str) -> by_hand.Stop | turns.Over:
        """Return the call after what the caller did, or what came of a ring or wait."""
        found = self._goes(stop, did)
        return found if isinstance(found, turns.Over) else self._skip_dead_rings(found)

    def _goes(self, stop: by_hand.Stop, did: str) -> by_hand.Stop | turns.Over:
        play = self._interpreter
        match stop:
            case by_hand.Keys():
                return play.silent(stop) if did == turns.SILENCE else play.pressed(stop, did)
            case by_hand.Rings():
                if did == turns.ANSWERED:
                    return turns.Over("talks to", ", ".join(sorted(self._names(stop))))
                if did == turns.NO_ANSWER and stop.seconds is None:
                    return turns.Over(by_hand.WAITS_FOR_EVER, "ringing")
                return play.rung(stop, STATUSES[did])
            case by_hand.Waits():
                return self._left(stop, did)
            case by_hand.Mailbox():
                return play.recorded(stop, "SUCCESS")
            case by_hand.Decides():
                return play.decided(stop, did)
            case _:
                raise ValueError(f"nothing follows {stop}")

    def at(self, stop: by_hand.Clock, moments: int) -> by_hand.Stop:
        return self._skip_dead_rings(self._interpreter.at(stop, moments))

    def _names(self, stop: by_hand.Rings) -> list[str]:
        return [self._target(target) for target in stop.targets]

    def _left(self, stop: by_hand.Waits, did: str) -> by_hand.Stop | turns.Over:
        what = self._queue(stop)
        if not isinstance(what, turns.Waits):
            raise TypeError("a queue is a wait")
        if stop.queue not in self._queues:
            return self._interpreter.left_queue(stop, "UNKNOWN")
        if did == turns.ANSWERED:
            return turns.Over("talks to", what.queue)
        if did in what.keys:
            context = (self._queues[stop.queue].get("context") or "").strip()
            return self._interpreter.moved(stop, context, did)
        if (did == turns.FULL and not what.can_be_full) or (
            did == turns.EMPTY and not what.can_be_empty
        ):
            did = turns.NO_ANSWER
        if did == turns.NO_ANSWER and stop.seconds is None:
            return turns.Over(by_hand.WAITS_FOR_EVER, what.queue)
        return self._interpreter.left_queue(stop, QUEUE_STATUSES[did])


def _caller_name(call: by_hand.Call) -> str:
    """Return the name that the dialplan gives the caller: `Sales: …` before the own one."""
    name = call.variables.get("CALLERID(name)", "")
    return re.sub(f"{by_hand.OPAQUE}[^{by_hand.OPAQUE}]*{by_hand.OPAQUE}", "…", name).strip()


def _options(text: str) -> str:
    """Return the options that callers or agents notice, in order."""
    letters = re.findall(r"([A-Za-z])(\([^)]*\))?", text)
    kept = [letter + inside for letter, inside in letters if letter not in _SILENT]
    return "".join(sorted(set(kept)))
