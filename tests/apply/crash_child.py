"""Applies the plan in a folder, and dies by SIGKILL at a boundary; then, anew, goes on to the end.

    python crash_child.py FOLDER [BOUNDARY …]

Each process is a fork of this one, which has imported everything and done nothing, so that only
the processes that matter are waited for. One is killed for each boundary named; the last one is
not. It writes the boundaries that it passed, and what apply said, to outcome.json.
"""

import os
import signal
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from socket import gethostname
from typing import Any

import orjson

from ccstate.adapter import Holder, Result, Support
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply import perform
from ccstate.apply.journal import Entry, Journal, Recorded, open_journal
from ccstate.apply.lock import holding_again, this_process
from ccstate.apply.perform import ApplyContext, FreshPlan, apply, check_fresh, check_resumable
from ccstate.errors import Diagnostic
from ccstate.model import Change, Observation, Step
from ccstate.plan_file import read_plan

TARGET = "here"


class Boundaries:
    """What lies between two things that happen; the process may end at one of them."""

    def __init__(self, deadly: str) -> None:
        self.passed: list[str] = []
        self._deadly = deadly

    def reach(self, name: str) -> None:
        self.passed.append(name)
        if name == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """The platform, with boundaries around every batch."""

    def __init__(self, real: EmbeddedAdapter, boundaries: Boundaries) -> None:
        self._real = real
        self._boundaries = boundaries
        self._batches = count()
        self._looks = count()

    @property
    def supports(self) -> Mapping[str, Support]:
        return self._real.supports

    def observe(self, kinds: Collection[str]) -> Observation:
        if next(self._looks):  # the first look is whether the plan is fresh
            self._boundaries.reach("all steps recorded, not read back")
        return self._real.observe(kinds)

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        return self._real.seal(references)

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        return self._real.audit(changes)

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        number = next(self._batches)
        self._boundaries.reach(f"attempted, not performed: batch {number}")
        results = self._real.perform(batch)
        self._boundaries.reach(f"performed, not recorded: batch {number}")
        return results

    def recover(self) -> str:
        return self._real.recover()

    def lock(self, holder: Holder) -> Holder | None:
        found = self._real.lock(holder)
        self._boundaries.reach("locked")
        return found

    def unlock(self, holder: Holder) -> None:
        self._boundaries.reach("before unlock")
        self._real.unlock(holder)

    def holder(self) -> Holder | None:
        return self._real.holder()


class WatchedJournal(Journal):
    """The journal, with boundaries before the events of the whole run and after each outcome."""

    boundaries: Boundaries

    def record(self, entries: Iterable[Entry], clock: Callable[[], str]) -> list[Recorded]:
        entries = list(entries)
        event = entries[0].event if entries else None
        if event in {"started", "resumed", "confirmed", "finished"}:
            self.boundaries.reach(f"before {event}")
        stands = super().record(entries, clock)
        if event in {"started", "resumed"}:
            self.boundaries.reach("started, no step yet")
        return stands


def watch_steps(boundaries: Boundaries) -> None:
    """Boundaries around each step."""
    do, numbers = perform._perform, count()

    def watched(step: Step, fresh: FreshPlan, context: ApplyContext, course: Any) -> None:
        number = next(numbers)
        boundaries.reach(f"before step {number}")
        do(step, fresh, context, course)
        boundaries.reach(f"recorded: step {number}")

    perform._perform = watched


def go(folder: Path, deadly: str) -> None:
    boundaries = Boundaries(deadly)
    watch_steps(boundaries)
    plan = read_plan(folder / "plan.json")
    adapters = {TARGET: Watched(connect({"path": "platform.db"}, folder), boundaries)}
    opened = open_journal(folder / "journal.jsonl")
    journal = WatchedJournal(opened.path, opened.recorded, opened._standing, opened._size)
    journal.boundaries = boundaries
    ticks = count(len(opened.recorded))
    holder = this_process(f"ana@{gethostname()}", "2026-11-22T10:00:00Z", "crashing")
    with holding_again(adapters, holder, print) as held:
        fresh = (check_resumable if opened.recorded else check_fresh)("crashing", plan, adapters)
        at = (f"2026-11-22T10:00:{tick:02}Z" for tick in ticks)
        context = ApplyContext(held, journal, lambda: next(at), lambda _: None, lambda _: None)
        applied = apply(fresh, context)
        boundaries.reach("finished")
    said = {
        "passed": boundaries.passed,
        "outcomes": [one.outcome.value for one in applied.results],
        "corrected": applied.corrective is not None,
    }
    (folder / "outcome.json").write_bytes(orjson.dumps(said))


def in_a_process(do: Callable[[], None]) -> int:
    """The wait status of a fork that does it."""
    pid = os.fork()
    if pid == 0:
        try:
            do()
        except BaseException:  # noqa: BLE001 - a fork must not return into its parent's code
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def main(folder: Path, boundaries: list[str]) -> int:
    for deadly in boundaries:
        status = in_a_process(partial(go, folder, deadly))
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            sys.stderr.write(f"did not die at {deadly!r}: status {status}\n")
            return 1
    return os.waitstatus_to_exitcode(in_a_process(lambda: go(folder, "")))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
