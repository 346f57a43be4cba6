"""A call through a generated dialplan, played by the product's interpreter of dialplans.

The interpreter knows nothing of what ccstate writes. Keys come from a list with an entry for each
question, what comes of rings and waits from another; user events say what happened where.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from ccstate.adapters.asterisk.conf import parse
from ccstate.adapters.asterisk.conf.dialplan import Dialplan, dialplan
from ccstate.adapters.asterisk.interpreter import (
    ENDLESS,
    HANGUP,
    NO_WAY,
    WAITS_FOR_EVER,
    Decides,
    Ended,
    Interpreter,
    Keys,
    Mailbox,
    Moments,
    Rings,
    Stop,
    Survey,
    Waits,
)
from ccstate.adapters.asterisk.interpreter import Call as Channel

ANSWERED, NO_ANSWER, NOBODY, FULL = "answered", "no answer", "nobody there", "full"
QUEUE_STATUS = {NO_ANSWER: "TIMEOUT", NOBODY: "JOINEMPTY", FULL: "FULL"}
DIAL_STATUS = {
    NO_ANSWER: "NOANSWER",
    "busy": "BUSY",
    "line down": "CHANUNAVAIL",
    NOBODY: "CHANUNAVAIL",
}
ANYBODY = "+15005550006"
"""A caller whom no list holds."""
OVER = "over"
WAITS_END = "waits without end"
ENDLESS_END = "goes round without end"
ROUNDS = 2
"""Times that a call comes back to where it was before it counts as one that goes round."""


class Told(NamedTuple):
    """A place, what happened there, and the key that led on."""

    place: str
    event: str
    key: str = ""


def loaded(text: bytes) -> Dialplan:
    """The dialplan of one include file; everything in it has to mean something."""
    conf = parse(text, "extensions.d/ccstate.conf")
    assert not conf.problems
    assert not conf.refused
    found = dialplan(conf)
    assert not found.problems
    return found


def interpreter(plan: Dialplan) -> Interpreter:
    return Interpreter(plan, Moments(date(2026, 1, 1), "UTC", ()), Survey(plan))


def subroutine(plan: Dialplan, context: str) -> Callable[[Mapping[str, str]], str]:
    """What a subroutine of the dialplan returns, by the variables of the channel."""
    calling = parse(f"[test]\nexten => s,1,Gosub({context},s,1)\n".encode(), "test.conf")
    both = Dialplan({**plan.contexts, **dialplan(calling).contexts}, plan.globals, (), (), ())
    player = interpreter(both)

    def call(variables: Mapping[str, str]) -> str:
        stop = player.run(Channel("test", "s", variables=dict(variables)))
        assert isinstance(stop, Ended)
        return stop.call.variables["GOSUB_RETVAL"]

    return call


class Call:
    """One channel: where it is, and what has become of it."""

    def __init__(
        self, plan: Dialplan, keys: Iterable[str] = (), outcomes: Iterable[str] = ()
    ) -> None:
        self.told: list[Told] = []
        self.dialled: list[str] = []
        self.caller = ""
        self.end = self.at = ""
        self._interpreter = interpreter(plan)
        self._keys = list(keys)
        self._outcomes = list(outcomes)
        self._place = ""
        self._rang = False
        """Whether somebody was rung here already, whom the next phone of the same place follows."""
        self._silent = False
        self._typing = ""

    def run(
        self,
        context: str,
        exten: str,
        variables: Mapping[str, str] | None = None,
        caller: str = ANYBODY,
    ) -> None:
        """From an extension to the end of the call; afterwards `end` and `at` say what it was.

        `caller`: the number that the call shows; "" where it is withheld.
        """
        told = {"CALLERID(num-pres)": "allowed_not_screened", **(variables or {})}
        self._play(Channel(context, exten, variables=told, facts={"caller": caller}))

    def _play(self, call: Channel) -> None:
        stop = self._interpreter.run(call)
        seen: Counter[object] = Counter()
        while True:
            self._listen(stop)
            self.caller = stop.call.caller
            left = (len(self._keys), len(self._typing), len(self._outcomes), self._silent)
            asks = (stop.typed, stop.read) if isinstance(stop, Keys) else ()
            here = (stop.call.key(), type(stop), asks, left)
            following = None
            match stop:
                case Ended(end=end, at=at):
                    self._ends(end, at)
                    return
                case Keys():
                    following = self._asked(stop)
                case Rings():
                    following = self._rung(stop)
                case Waits():
                    following = self._waited(stop)
                case Mailbox():
                    self.end, self.at = (
                        "message",
                        f"voicemail/{stop.mailbox.removesuffix('@ccstate')}",
                    )
                case Decides(fact=fact) if fact.startswith("DB(ccstate/switch/"):
                    following = self._interpreter.decided(stop, "")  # nobody has turned it
                case _:
                    raise AssertionError(f"the world decides: {stop}")
            if following is None:
                return
            seen[here] += 1
            if seen[here] > ROUNDS:
                self.end = ENDLESS_END
                return
            stop = following

    def _ends(self, end: str, at: str) -> None:
        if end == "conference":
            self.told.append(Told(self._place, "then"))
            self.end, self.at = "human", self._place
            return
        ends = {HANGUP: OVER, NO_WAY: OVER, WAITS_FOR_EVER: WAITS_END, ENDLESS: ENDLESS_END}
        self.end = ends[end]
        self.at = self._place if end == WAITS_FOR_EVER else ""

    def _listen(self, stop: Stop) -> None:
        for heard in stop.heard:
            if heard.kind == "event":
                self._user_event(heard.what)

    def _user_event(self, data: str) -> None:
        kind, *headers = data.split(",")
        said = dict(header.split(": ", 1) for header in headers)
        if kind != "Ccstate":
            return
        if said["Event"] == "enter":
            self._place, self._silent, self._rang = said["Place"], False, False
            return
        assert said["Place"] == self._place, f"{said} at {self._place}"
        self.told.append(Told(self._place, said["Event"], said.get("Key", "")))

    def _asked(self, stop: Keys) -> Stop:
        """An entry is typed at one question, and what is left of it at the next ones."""
        if stop.typed and self._typing:
            entry = self._typing
        elif stop.typed or self._silent or not (self._typing or self._keys):
            return self._interpreter.silent(stop)
        else:
            entry = self._typing or self._keys.pop(0)
        self._typing = entry[1:]
        if not entry:
            self._silent = True
            return self._interpreter.silent(stop)
        return self._interpreter.pressed(stop, entry[0])

    def _rung(self, stop: Rings) -> Stop | None:
        is_next = self._rang and self._place.startswith(("extension/", "ring_group/"))
        outcome = NO_ANSWER if is_next else self._coming()
        self._rang = True
        for target in stop.targets:
            self.dialled.append(target)
        called, at, _trunk = stop.targets[0].removeprefix("PJSIP/").partition("@")
        if outcome == ANSWERED:
            self.told.append(Told(self._place, ANSWERED))
            self.end, self.at = "human", f"number/{called}" if at else f"extension/{called}"
            kind, _, rest = self._place.partition("/")
            if kind in {"extension", "ring_group"} and " " not in rest:
                self.at = self._place
            return None
        return self._interpreter.rung(stop, DIAL_STATUS[outcome])

    def _waited(self, stop: Waits) -> Stop | None:
        if key := self._key_out(stop.queue):
            out = replace(stop.call, context=f"keys/{stop.queue}", exten=key, priority=1)
            return self._interpreter.run(out)
        outcome = self._coming()
        if outcome == ANSWERED or (outcome == NO_ANSWER and stop.seconds is None):
            self.told.append(Told(self._place, outcome))
            self.end = "human" if outcome == ANSWERED else WAITS_END
            self.at = f"queue/{stop.queue}"
            return None
        return self._interpreter.left_queue(stop, QUEUE_STATUS[outcome])

    def _key_out(self, queue: str) -> str:
        """The key of the next entry that leads out of a queue, as queues.conf says by `context`."""
        steps = self._interpreter.plan.contexts.get(f"keys/{queue}")
        exits = {step.exten for step in steps.steps} if steps else set()
        entry = self._typing or (self._keys.pop(0) if self._keys and exits else "")
        if not exits:
            return ""
        self._typing = ""
        for place, key in enumerate(entry, 1):
            if key in exits:
                self._typing = entry[place:]
                return key
        return ""

    def _coming(self) -> str:
        return self._outcomes.pop(0) if self._outcomes else NO_ANSWER
