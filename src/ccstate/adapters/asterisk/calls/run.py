"""Call tests, placed as real calls, many side by side; watched, and held against the walk."""

import heapq
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.calls import faults
from ccstate.adapters.asterisk.calls.dialled import (
    ANONYMOUS,
    ANSWERED,
    REFUSED,
    SILENT,
    Caller,
    Dial,
    Entrance,
    Report,
)
from ccstate.adapters.asterisk.calls.heard import (
    Ending,
    human,
    journey,
)
from ccstate.adapters.asterisk.calls.keypad import Keypad
from ccstate.adapters.asterisk.calls.sipp import Sipp
from ccstate.adapters.asterisk.calls.turns import Turns
from ccstate.adapters.asterisk.calls.watch import CLASSES, Stop, Watch, Watched
from ccstate.errors import Unreadable
from ccstate.journeys.call_tests import Verdict, positions_of
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.placed import CallResult, Heard, agreement
from ccstate.journeys.ways import End, Event, Place

AT_ONCE = 8
PATIENCE = 60.0
"""Seconds beyond one and a half times those of the walk, after which a call is given up."""
LOOKING = 0.03
"""Seconds between two looks at what SIP says."""
RECORDING = 0.1
"""Seconds between two looks at who is in VoiceMail. Twice there, the mailbox is: the call that
has none returns at once. Who leaves then, during the beep, leaves an empty message (16.28 and 22.10,
seen), unless voicemail.conf says `minsecs`."""
UNSEEN = 5.0
"""Seconds in which AMI has to tell of a call that was answered."""


def run(
    flow: Flow,
    walked: Sequence[Verdict],
    login: Login,
    entrance: Entrance,
    *,
    at_once: int = AT_ONCE,
    patience: float = PATIENCE,
    caller: Callable[[Entrance], Caller] = Sipp,
    told: Callable[[CallResult], None] | None = None,
) -> list[CallResult]:
    """Every test as a real call, in the order of the tests; `told` of each as soon as it is over.

    `flow` is that of the state that runs there, on which the tests were walked. Phones have to be
    there for whoever is to answer. The AMI user needs `read = call,user,agent` and the right to
    CoreShowChannels.

    Raises Unreadable where the site lets no test call in, or does not tell what becomes of it.
    """
    placed = [verdict for verdict in walked if verdict.journey is not None]
    results: dict[str, CallResult] = {}
    if placed:
        with Ami.connect(login, events=CLASSES) as ami, caller(entrance) as line:
            calls = _Calls(flow, ami, line, entrance, at_once, patience)
            for result in calls.results(placed):
                results[result.walked.name] = result
                if told:
                    told(result)
    return [results.get(v.name) or CallResult(v, None, None) for v in walked]


@dataclass(slots=True)
class _Call:
    verdict: Verdict
    seen: Watched
    keypad: Keypad
    deadline: float
    answered: float | None = None
    refused: str = ""
    recorded: float | None = None


@dataclass(slots=True)
class _Calls:
    """The calls of one run; `under_way` by their marks.

    `due` holds keys to be pressed: when, in which order, in which call, at which stop, which.
    """

    flow: Flow
    ami: Ami
    line: Caller
    entrance: Entrance
    at_once: int
    patience: float
    watch: Watch = field(default_factory=Watch)
    under_way: dict[str, _Call] = field(default_factory=dict)
    due: list[tuple[float, int, str, Stop, str]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    looked: float = 0.0

    def results(self, tests: Sequence[Verdict]) -> Iterator[CallResult]:
        """All tests as they end; the longest begin first, so that none is left for the end."""
        waiting = sorted(tests, key=_length, reverse=True)
        turns = Turns(self.flow.centre)
        while waiting or self.under_way:
            self._begin(waiting, turns)
            for event in self.ami.events(time.monotonic() + LOOKING):
                self.watch.see(event, time.monotonic())
            for report in self.line.reports():
                self._reported(report)
            self._press(time.monotonic())
            self._look_for_messages(time.monotonic())
            for result in filter(None, map(self._ended, list(self.under_way.values()))):
                turns.end(_at(result.walked), time.monotonic())
                yield result

    def _begin(self, waiting: list[Verdict], turns: Turns) -> None:
        """As many as may; those that nobody is free to answer let others go first."""
        now = time.monotonic()
        for verdict in list(waiting):
            if len(self.under_way) >= self.at_once:
                return
            if turns.may_begin(_at(verdict), now):
                turns.begin(_at(verdict))
                waiting.remove(verdict)
                self._dial(verdict, now)

    def _dial(self, verdict: Verdict, now: float) -> None:
        test = verdict.test
        at = int(verdict.at.timestamp()) if verdict.at else 0
        dial = Dial(test["to"], at, test.get("caller") or ANONYMOUS, self._switches_on(test))
        deadline = now + 1.5 * _length(verdict) + self.patience
        seen = self.watch.expect(dial.mark, now)
        self.under_way[dial.mark] = _Call(verdict, seen, Keypad(test.get("keys") or ()), deadline)
        self.line.dial(dial)

    def _switches_on(self, test: Mapping[str, Any]) -> str:
        """The switches that are on for a test, as `Dial` writes them."""
        named = positions_of(test)
        switches = self.flow.centre.of("switch").items()
        on = [n for n, s in switches if named.get(n, s["default"]) == Position.ON]
        return "/".join(("", *sorted(on), "")) if on else "/"

    def _reported(self, report: Report) -> None:
        call = self.under_way.get(report.mark)
        if call is None:
            return
        if report.said == ANSWERED:
            call.answered = time.monotonic()
        elif report.said == SILENT:
            raise Unreadable([faults.unreachable(self.entrance.place)])
        elif report.said == REFUSED:
            if report.status in {"401", "403"}:
                raise Unreadable([faults.not_let_in(self.entrance.place)])
            call.refused = report.status

    def _press(self, now: float) -> None:
        """The keys that are due, of those that are asked for at the places entered since."""
        for call in self.under_way.values():
            for stop in call.seen.entered:
                at = stop.entered
                for press in call.keypad.asked(self.flow, stop.place):
                    at += press.after
                    entry = (at, next(self.numbers), call.seen.mark, stop, press.key)
                    heapq.heappush(self.due, entry)
            call.seen.entered.clear()
        while self.due and self.due[0][0] <= now:
            _, _, mark, stop, key = heapq.heappop(self.due)
            # Whoever has gone on already, though keys were left for that place, presses them no more.
            if mark in self.under_way and self.under_way[mark].seen.stops[-1] is stop:
                stop.pressed += key
                self.line.press(mark, key)

    def _look_for_messages(self, now: float) -> None:
        """AMI tells of no event when VoiceMail begins, and it returns at once where it cannot."""
        at_mailboxes = [call for call in self.under_way.values() if call.seen.is_at_mailbox]
        if not at_mailboxes or now - self.looked < RECORDING:
            return
        self.looked = now
        recording = self.watch.recording(self.ami.read("CoreShowChannels"))
        for call in at_mailboxes:
            if call.seen.mark not in recording:
                call.recorded = None
            elif call.recorded is None:
                call.recorded = now

    def _ended(self, call: _Call) -> CallResult | None:
        """The result of a call whose end is known, or for which nobody waits any longer."""
        now, seen, last = time.monotonic(), call.seen, call.seen.last
        if seen.is_talking and last and seen.answering:
            seen.stops[-1].event = _answered(self.flow, last)
            return self._result(call, human(last, seen.answering), now)
        if seen.is_over or (call.refused and not seen.channel):
            return self._result(call, None, now)
        if call.recorded is not None and now - call.recorded >= RECORDING and last:
            return self._result(call, Ending(End.MESSAGE, f"voicemail/{last.name}"), now)
        if now > call.deadline:
            return self._result(call, Ending(End.WAITS, str(last) if last else ""), now)
        if call.answered is not None and not seen.channel and now > call.answered + UNSEEN:
            raise Unreadable([faults.unseen(self.entrance.place)])
        return None

    def _result(self, call: _Call, ending: Ending | None, now: float) -> CallResult:
        seen = call.seen
        self.line.hang_up(seen.mark)
        del self.under_way[seen.mark]
        met = journey(self.flow, seen.stops, ending, now)
        heard = Heard(seen.mark, met, now - seen.began, seen.answering, call.refused)
        walked = call.verdict.journey
        return CallResult(call.verdict, heard, agreement(walked, met) if walked else None)


def _answered(flow: Flow, place: Place) -> Event:
    """What the model calls it when a caller is with somebody there."""
    events = (way.event for way in flow.ways(place) if way.end is End.HUMAN)
    return next(events, Event.ANSWERED)


def _length(verdict: Verdict) -> int:
    return verdict.journey.seconds if verdict.journey else 0


def _at(verdict: Verdict) -> str:
    return verdict.journey.at if verdict.journey else ""
