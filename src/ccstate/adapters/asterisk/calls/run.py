"""The call tests of a project, placed as real calls on a test site, many side by side.

Each call is watched and compared with the walk. A call begins when an agent is free to answer it:
an agent who has answered is not rung again until the wrap-up of the queue is over, and a call that
came then would wait, and perhaps overflow. Keys are pressed as the caller of `journeys.walk` does.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ccstate import machine
from ccstate.adapters.asterisk import codes, transaction
from ccstate.adapters.asterisk import connection as connections
from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.calls.caller import (
    ANONYMOUS,
    ANSWERED,
    REFUSED,
    SILENT,
    Dial,
    Entrance,
    Report,
)
from ccstate.adapters.asterisk.calls.observed_call import (
    CLASSES,
    CallObserver,
    Ending,
    ObservedCall,
    Stop,
    answered_ending,
    observed_journey,
)
from ccstate.adapters.asterisk.calls.sipp import Sipp, find_sipp
from ccstate.adapters.asterisk.compiling import TEST
from ccstate.adapters.asterisk.connection import Connection
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.adapters.asterisk.storage import Storage
from ccstate.errors import Blocked, InvalidInput, Unreadable
from ccstate.journeys.call_tests import CallResult, RealCall, Verdict, agreement, positions_of
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import Phases
from ccstate.journeys.staffing import Lack, agents
from ccstate.journeys.walk import entered
from ccstate.journeys.ways import End, Event, Place, Transition
from ccstate.kinds.fields import seconds
from ccstate.model import parse_address

SETTLING = 0.5
"""Seconds after a place is entered until its first key. None at all was enough for Asterisk 16 and
22 on loopback (measured), for a key waits in the channel until Background or Read looks at it."""
AGAIN = 1.0
"""Seconds until the first key of another try."""
BETWEEN = 0.15
"""Seconds between the keys of one entry; Asterisk takes 45 ms at least (AST_MIN_DTMF_GAP)."""


DIGIT_TIMEOUT = 5
"""Seconds that Asterisk waits for the next digit of a number (main/pbx.c, `dtimeoutms`, 16 and 22)."""
SLOWER = 2
"""A prompt takes at most so many times the seconds that its words are counted as."""


class Press(NamedTuple):
    """A key, and the seconds after the one before it, or after the place was entered."""

    after: float
    key: str


class Keypad:
    """The entries that are left, of a call that meets schedules in these phases; see `walk`."""

    def __init__(self, entries: Iterable[str], phases: Phases) -> None:
        self._left = list(entries)[::-1]
        self._phases = phases

    def asked(self, flow: Flow, place: Place) -> list[Press]:
        """List the keys to press at a place when a call comes there; none where none are asked for."""
        node = flow.centre.of(place.kind).get(place.name, {}).get("nodes", {}).get(place.node, {})
        match node.get("type"):
            case "menu":
                known = {way.key for way in flow.ways(place) if way.event is Event.KEY}
                return list(self._chosen(node, known, flow.next_keys(place)))
            case "collect":
                return list(self._collected(node))
            case _:
                return list(self._leaving(flow.possible(place, self._phases)))

    def _leaving(self, ways: Sequence[Transition]) -> Iterator[Press]:
        """Keys during a wait that a key can end: after the welcome, which takes none."""
        by_key = {way.key: way for way in ways if way.event is Event.KEY}
        if not ways[0].has_exits:
            return
        after = SETTLING + max(way.seconds for way in by_key.values()) * SLOWER
        entry = self._next()
        for place, key in enumerate(entry, 1):
            yield Press(after if place == 1 else BETWEEN, key)
            if key in by_key:
                self._put_back(entry[place:])
                return

    def _next(self) -> str:
        """Return the next entry, taken out; "" for silence."""
        return self._left.pop() if self._left else ""

    def _put_back(self, typed_ahead: str) -> None:
        if typed_ahead:
            self._left.append(typed_ahead)

    def _chosen(
        self, menu: Any, known: Collection[str], next_keys: Mapping[str, frozenset[str]]
    ) -> Iterator[Press]:
        after = SETTLING
        for _ in range(menu["retries"] + 1):
            entry = self._next()
            if not entry:
                return
            pressed, typed_ahead = entered(entry, next_keys)
            self._put_back(typed_ahead)
            for number, key in enumerate(pressed):
                yield Press(BETWEEN if number else after, key)
            if pressed in known:
                return
            after = AGAIN + (DIGIT_TIMEOUT if pressed in next_keys else 0)

    def _collected(self, question: Any) -> Iterator[Press]:
        most, after = question["max_digits"], SETTLING
        for _ in range(question["retries"] + 1):
            entry = self._next()
            if not entry:
                return
            head, ended, _ = entry.partition("#")
            digits = head[:most]
            is_ended = len(head) < most and bool(ended)
            pressed = f"{digits}#" if is_ended else digits
            self._put_back(entry[len(pressed) :])
            for number, key in enumerate(pressed):
                yield Press(BETWEEN if number else after, key)
            if len(digits) >= question["min_digits"] and "*" not in digits:
                return
            waits = 0 if is_ended or len(digits) >= most else seconds(question["timeout"])
            after = waits + AGAIN


class Turns:
    """The turns of one run; times by the monotonic clock."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._begun: dict[str, int] = {}
        self._over: dict[str, list[float]] = {}

    def may_begin(self, at: str, now: float) -> bool:
        """Whether a call that should end there would find an agent free."""
        if not (queue := self._queue(at)):
            return True
        wrap_up = seconds(queue["wrap_up"])
        resting = [over for over in self._over.get(at, ()) if now - over <= wrap_up + 1]
        self._over[at] = resting
        return self._begun.get(at, 0) + len(resting) < self._people(queue)

    def begin(self, at: str) -> None:
        self._begun[at] = self._begun.get(at, 0) + 1

    def end(self, at: str, now: float) -> None:
        self._begun[at] -= 1
        self._over.setdefault(at, []).append(now)

    def _queue(self, at: str) -> Filled | None:
        address = parse_address(at) if at.startswith("queue/") else None
        return self._centre.of("queue").get(address.name) if address else None

    def _people(self, queue: Filled) -> int:
        present = {a.extension for a in agents(self._centre, queue) if a.lack is Lack.NOTHING}
        return max(len(present), 1)


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
    sipp: Sequence[str] = (),
    report: Callable[[CallResult], None] | None = None,
) -> list[CallResult]:
    """Place every test as a real call; results in the order of the tests.

    `flow` is that of the state that runs there, on which the tests were walked; `report` gets each
    result as soon as its call is over. The phones of the agents who are to answer have to be there.
    The AMI user needs `read = call,user,agent` and the right to CoreShowChannels.

    Raises Unreadable where the site lets no test call in, or AMI does not show what becomes of it.
    """
    placed = [verdict for verdict in walked if verdict.journey is not None]
    results: dict[str, CallResult] = {}
    if placed:
        with Ami.connect(login, events=CLASSES) as ami, Sipp(entrance, program=sipp) as line:
            calls = _Calls(flow, ami, line, entrance, at_once, patience)
            for result in calls.results(placed):
                results[result.walked.name] = result
                if report:
                    report(result)
    return [results.get(v.name) or CallResult(v, None, None) for v in walked]


@dataclass(slots=True)
class _Call:
    verdict: Verdict
    seen: ObservedCall
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
    line: Sipp
    entrance: Entrance
    at_once: int
    patience: float
    watch: CallObserver = field(default_factory=CallObserver)
    under_way: dict[str, _Call] = field(default_factory=dict)
    due: list[tuple[float, int, str, Stop, str]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    looked: float = 0.0

    def results(self, tests: Sequence[Verdict]) -> Iterator[CallResult]:
        """Place all tests, and yield results as calls end; the longest begin first."""
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
        """Begin as many calls as may; one for which no agent is free lets others go first."""
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
        keypad = Keypad(test.get("keys") or (), verdict.phases)
        self.under_way[dial.mark] = _Call(verdict, seen, keypad, deadline)
        self.line.dial(dial)

    def _switches_on(self, test: Mapping[str, Any]) -> str:
        """Return the switches that are on for a test, as `Dial` writes them."""
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
            raise Unreadable(codes.SIP_SILENT(place=self.entrance.place))
        elif report.said == REFUSED:
            if report.status in {"401", "403"}:
                raise Unreadable(codes.CALLS_NOT_LET_IN(place=self.entrance.place))
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
            # A caller who has gone on already, though keys were left for that place, presses them no more.
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
        """Return the result of a call whose end is known, or that has taken too long; else None."""
        now, seen, last = time.monotonic(), call.seen, call.seen.last
        if seen.is_talking and last and seen.answering:
            seen.stops[-1].event = _answered(self.flow, last)
            return self._result(call, answered_ending(last, seen.answering), now)
        if seen.is_over or (call.refused and not seen.channel):
            return self._result(call, None, now)
        if call.recorded is not None and now - call.recorded >= RECORDING and last:
            return self._result(call, Ending(End.MESSAGE, f"voicemail/{last.name}"), now)
        if now > call.deadline:
            return self._result(call, Ending(End.WAITS, str(last) if last else ""), now)
        if call.answered is not None and not seen.channel and now > call.answered + UNSEEN:
            raise Unreadable(codes.CALL_UNSEEN(place=self.entrance.place))
        return None

    def _result(self, call: _Call, ending: Ending | None, now: float) -> CallResult:
        seen = call.seen
        self.line.hang_up(seen.mark)
        del self.under_way[seen.mark]
        met = observed_journey(self.flow, seen.stops, ending, now)
        heard = RealCall(seen.mark, met, now - seen.began, seen.answering, call.refused)
        walked = call.verdict.journey
        return CallResult(call.verdict, heard, agreement(walked, met) if walked else None)


def _answered(flow: Flow, place: Place) -> Event:
    """Name the event of a caller who is answered there, as the model does."""
    events = (way.event for way in flow.ways(place) if way.end is End.HUMAN)
    return next(events, Event.ANSWERED)


def _length(verdict: Verdict) -> int:
    return verdict.journey.seconds if verdict.journey else 0


def _at(verdict: Verdict) -> str:
    return verdict.journey.at if verdict.journey else ""


def place(
    connection: Connection,
    folder: Path,
    storage: Storage,
    flow: Flow,
    walked: Sequence[Verdict],
    *,
    report: Callable[[CallResult], None],
) -> list[CallResult]:
    """Place each test that was walked on what runs there, as a real call.

    `folder` is the project's, `storage` that of the server's configuration.

    Raises Blocked where the platform is no test site, and InvalidInput where ccstate has not
    written there yet.
    """
    if not connection.test_site:
        raise Blocked(codes.NO_TEST_SITE())
    records = transaction.read_records(storage.read(transaction.RECORDS), storage.place)
    if records is None:
        raise InvalidInput(codes.NOTHING_WRITTEN(place=storage.place))
    machine.check_hosts([connection.sip.host])
    entrance = Entrance(
        connection.sip.host, connection.sip.port, unknown_password(records.key, TEST)
    )
    login = connections.login(connection, folder)
    return run(flow, walked, login, entrance, sipp=find_sipp(), report=report)
