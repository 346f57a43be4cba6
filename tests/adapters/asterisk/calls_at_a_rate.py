"""Calls at a steady rate, to see whether any fails while something else is done to the site."""

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.calls.caller import ANSWERED, Dial, Entrance
from ccstate.adapters.asterisk.calls.run import Press
from ccstate.adapters.asterisk.calls.sipp import Sipp
from tests.waiting import GENEROUS, until

LATE = "not answered in time"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the calls: `failed` counts them by what SIP said, `refused 503`, `ended`."""

    succeeded: int
    failed: Mapping[str, int]
    seconds: float


def load(
    entrance: Entrance,
    number: str,
    *,
    at: int,
    keys: Sequence[Press] = (),
    count: int = 100,
    per_second: float = 5.0,
    stays: float = 3.0,
    answering: float = 10.0,
    caller: Callable[[Entrance], Sipp] = Sipp,
) -> Loaded:
    """So many calls to a number; one succeeds that is answered, and is there until its caller leaves.

    `at`: the moment that counts for schedules, in seconds since 1970. `keys` are pressed after the
    answer. `stays`, `answering`: seconds after which a caller leaves, and does not wait any longer.
    """
    began = time.monotonic()
    with caller(entrance) as line:
        calls = _Load(line, count, keys, stays, answering)
        for index in range(count):
            calls.plan(began + index / per_second, calls.begin, Dial(number, at))
        calls.work_off()
    ended = {state: n for state, n in Counter(calls.states.values()).items() if state != LEFT}
    succeeded = sum(state == LEFT for state in calls.states.values())
    return Loaded(succeeded, ended, time.monotonic() - began)


LEFT = "left"
_DIALLED, _TALKING = "dialled", "talking"


@dataclass(slots=True)
class _Load:
    """`due`: what is to be done, by when."""

    line: Sipp
    count: int
    keys: Sequence[Press]
    stays: float
    answering: float
    states: dict[str, str] = field(default_factory=dict)
    due: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = field(
        default_factory=list
    )
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def plan(self, when: float, act: Callable[..., None], *words: object) -> None:
        heapq.heappush(self.due, (when, next(self.numbers), act, words))

    def work_off(self) -> None:
        until(self._round, "all calls are over", within=GENEROUS + self.planned_until())

    def planned_until(self) -> float:
        """Seconds until the last call begins."""
        return max(when for when, *_ in self.due) - time.monotonic() if self.due else 0.0

    def _round(self) -> bool:
        """Do what is due, and take note of what SIP says; whether all is done."""
        while self.due and self.due[0][0] <= time.monotonic():
            _, _, act, words = heapq.heappop(self.due)
            act(*words)
        for report in self.line.reports():
            if report.said == ANSWERED:
                self._answered(report.mark, time.monotonic())
            elif self.states[report.mark] in {_DIALLED, _TALKING}:
                self.states[report.mark] = f"{report.said} {report.status}".strip()
        return not self.due or self._is_done()

    def _is_done(self) -> bool:
        """Whether all calls are over, and what is due is only what is not needed any more."""
        is_over = all(state not in {_DIALLED, _TALKING} for state in self.states.values())
        return is_over and len(self.states) == self.count

    def begin(self, dial: Dial) -> None:
        self.states[dial.mark] = _DIALLED
        self.line.dial(dial)
        self.plan(time.monotonic() + self.answering, self._give_up, dial.mark)

    def _answered(self, mark: str, now: float) -> None:
        self.states[mark] = _TALKING
        self.plan(now + self.stays, self._leave, mark)
        for press in self.keys:
            now += press.after
            self.plan(now, self.line.press, mark, press.key)

    def _leave(self, mark: str) -> None:
        if self.states[mark] == _TALKING:
            self.states[mark] = LEFT
            self.line.hang_up(mark)

    def _give_up(self, mark: str) -> None:
        if self.states[mark] == _DIALLED:
            self.states[mark] = LATE
            self.line.hang_up(mark)
