"""Applies a plan that has to be confirmed, dies by SIGKILL at a boundary, and lets others settle it.

    python -m tests.apply.confirm_child PREPARED WORK confirm|expire|settle

Boundaries are counted: before each thing that outlives the process, which is after the one before. For each of them there
is one life: the apply (or, with `settle`, the process that takes back what a killed apply left) dies
there; then fresh processes settle what is pending until nothing is. What is wrong afterwards is
written to standard output as JSON, by the number and name of the boundary.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import orjson

from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply import confirmation
from ccstate.apply.journal import Journal
from ccstate.errors import CcstateError
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields
from ccstate.project import Listener, Project
from ccstate.project.plan_folder import SavedPlans
from ccstate.project.sharing import Shared
from tests.effects import count_effects, effects
from tests.waiting import until

WITHIN = 0.05


PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}}\n"
BEFORE = """\
sites: {main: {timezone: UTC, label: Main}}
queues:
  old: {label: Old, overflow: {after: 3m, to: hangup}}
"""
AFTER = """\
sites: {main: {timezone: UTC, label: Main building}}
schedules: {hours: {timezone: UTC, weekly: {mon: ["09:00-17:00"]}}}
queues:
  new: {hours: hours, ring_for: 30s, overflow: {after: 3m, to: hangup}}
"""


def prepare(folder: Path, spare: Path) -> None:
    """Make a project whose platform is as before, with a plan that updates, creates and deletes."""
    (folder / "desired_state").mkdir()
    (folder / "ccstate.yaml").write_text(PROJECT)
    desired = folder / "desired_state/all.yaml"
    desired.write_text(BEFORE)
    project = Project(folder)
    project.apply(project.plan().plan)
    objects, ledger = state(folder)
    (folder / "before.json").write_bytes(orjson.dumps({"objects": objects, "ledger": ledger}))
    desired.write_text(AFTER)
    saved = Project(folder).save(Project(folder).plan(force="all of it").plan)
    assert not saved.plan.refusals
    (folder / "plan-id").write_text(saved.id)
    count_effects(folder / ".ccstate/demo.db")
    shutil.copytree(folder, spare)
    Project(spare).apply(saved.id)
    (folder / "after.json").write_bytes(orjson.dumps(state(spare)[0]))


class Boundaries:
    """Counts boundaries, and ends the process at one of them."""

    def __init__(self, deadly: int) -> None:
        self.names: list[str] = []
        self.deadly = deadly

    def reach(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        real: Callable[..., Any] = getattr(owner, name)

        @wraps(real)
        def watched(*given: Any, **more: Any) -> Any:
            self.reach(name)
            return real(*given, **more)

        setattr(owner, name, watched)

    def watch(self) -> None:
        for name in ("perform", "lock", "unlock", "recover"):
            self.around(EmbeddedAdapter, name)
        for name in ("write_pending", "decide", "forget"):
            self.around(confirmation, name)
        for name in ("write", "record", "remember", "keep"):
            self.around(SavedPlans, name)
        self.around(Journal, "record")
        self.around(Path, "unlink")


class Silent(Listener):
    """Confirms at once, or never."""

    def __init__(self, confirms: bool) -> None:
        self.confirms = confirms

    def is_confirmed(self, seconds: float) -> bool:
        del seconds
        time.sleep(0.01)
        return self.confirms


def in_a_fork(work: Callable[[], None]) -> int:
    """How a process of its own ended: its exit code, or minus the signal."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except CcstateError as error:
            sys.stderr.write(f"{error}\n")
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def applied(folder: Path, confirms: bool, deadly: int) -> Callable[[], None]:
    def work() -> None:
        boundaries = Boundaries(deadly)
        boundaries.watch()
        project = Project(folder, Silent(confirms))
        project.apply(plan_of(folder), confirm_within=WITHIN)
        (folder / "passed.json").write_bytes(orjson.dumps(boundaries.names))

    return work


def settled(folder: Path, deadly: int = -1) -> Callable[[], None]:
    def work() -> None:
        boundaries = Boundaries(deadly)
        boundaries.watch()
        project = Project(folder)
        for plan_id in project.unconfirmed.waiting():
            project.unconfirmed.settle(plan_id)
        (folder / "passed.json").write_bytes(orjson.dumps(boundaries.names))

    return work


class Dying(Listener):
    """Dies when all is written and read back, and somebody should confirm."""

    def is_confirmed(self, seconds: float) -> bool:
        del seconds
        os.kill(os.getpid(), signal.SIGKILL)
        return False


def left_unconfirmed(folder: Path, plan_id: str, shared: Shared | None = None) -> None:
    """Let an apply die while it waits for its confirmation, whose time is up soon."""

    def work() -> None:
        Project(folder, Dying(), shared=shared).apply(plan_id, confirm_within=1.0)

    assert in_a_fork(work) == -signal.SIGKILL
    time.sleep(1.0)


def plan_of(folder: Path) -> str:
    return (folder / "plan-id").read_text()


def settle_all(folder: Path, problems: list[str]) -> None:
    """Let fresh processes settle what is pending, one after the other, until nothing is."""

    def is_settled() -> bool:
        waiting = Project(folder).unconfirmed.waiting()
        if waiting and (code := in_a_fork(settled(folder))):
            problems.append(f"settling ended with {code}")
        return not waiting or bool(problems)

    until(is_settled, "nothing is pending")


def state(folder: Path) -> tuple[Any, Any]:
    adapter = connect({"path": ".ccstate/demo.db"}, folder)
    seen = adapter.observe(list(KINDS))
    return by_name(seen.objects), by_name(seen.ledger)


def by_name(objects: Mapping[Address, Fields]) -> dict[str, Fields]:
    return {str(address): fields for address, fields in objects.items()}


def holder(folder: Path) -> Any:
    return connect({"path": ".ccstate/demo.db"}, folder).holder()


def life(prepared: Path, folder: Path, mode: str, number: int) -> tuple[str, list[str]]:
    """The number of the boundary, "" where there are not so many, and what is wrong."""
    shutil.copytree(prepared, folder)
    problems: list[str] = []
    if mode == "settle":
        # The apply dies when all is written and read back, and nobody has decided yet.
        in_a_fork(applied(folder, False, int((folder / "waiting").read_text())))
        time.sleep(2 * WITHIN)
        code = in_a_fork(settled(folder, number))
    else:
        code = in_a_fork(applied(folder, mode == "confirm", number))
    if code == 1:
        problems.append("it ended with 1")
    verdict = confirmation.read_decision(folder / "plans" / plan_of(folder))
    was_pending = bool(Project(folder).unconfirmed.waiting())
    settle_all(folder, problems)
    if (
        not was_pending and code
    ):  # killed before it wrote down what is pending, or when all was done
        Project(folder).unlock()
    problems += wrong(folder, before(folder), verdict, mode, code)
    return ("" if code == 0 else str(number)), problems


def before(folder: Path) -> tuple[Any, Any]:
    """Read what the platform had before the plan: its objects, and what was applied last."""
    found = orjson.loads((folder / "before.json").read_bytes())
    return found["objects"], found["ledger"]


def wrong(folder: Path, before: Any, verdict: Any, mode: str, code: int) -> list[str]:
    now = state(folder)
    wanted = orjson.loads((folder / "after.json").read_bytes())
    is_new = now[0] == wanted
    is_decided = verdict is not None and verdict.verdict is confirmation.Verdict.STAYS
    left = [p.name for p in (folder / "plans" / plan_of(folder)).iterdir()]
    amiss = {
        f"the platform is neither as before nor as planned: {now[0]}": not is_new
        and now[0] != before[0],
        f"the ledger is another: {now[1]}, not {before[1]}": now[0] == before[0]
        and now[1] != before[1],
        "nobody confirmed, and the change stays": is_new and mode != "confirm",
        "it was confirmed, and is gone": mode == "confirm" and code == 0 and not is_new,
        "it was decided that it stays, and it is gone": is_decided and not is_new,
        "the platform is still locked": holder(folder) is not None,
        f"something is left: {left}": confirmation.PENDING in left,
    }
    found = [words for words, is_so in amiss.items() if is_so]
    return [*found, *wrong_in_journals(folder), *twice(folder, is_new)]


def wrong_in_journals(folder: Path) -> list[str]:
    problems = []
    for journal in (folder / "plans").glob("*/journal.jsonl"):
        lines = [orjson.loads(line) for line in journal.read_bytes().splitlines()]
        if [line["seq"] for line in lines] != list(range(1, len(lines) + 1)):
            problems.append(f"{journal} has gaps")
        done = [(e["address"], e["event"]) for e in lines if e["event"] in {"done", "failed"}]
        if len(done) != len(set(done)):
            problems.append(f"{journal} says something twice")
    return problems


def twice(folder: Path, is_new: bool) -> list[str]:
    """Changes that took effect more often than once there, and once back."""
    usual = 1 if is_new else 2
    found = effects(folder / ".ccstate/demo.db")
    return [f"{a} took effect {n} times" for a, n in found.items() if n != usual]


def main() -> None:
    prepared, work, mode = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    # Once in this process: what is imported and built here, each fork has.
    shutil.copytree(prepared, work / "warm")
    Project(work / "warm", Silent(confirms=False)).apply(
        plan_of(work / "warm"), confirm_within=WITHIN
    )
    wrong_at: dict[str, list[str]] = {}
    number = 0
    while True:
        name, problems = life(prepared, work / str(number), mode, number)
        if problems:
            wrong_at[f"boundary {number}"] = problems
        if not name:
            break
        shutil.rmtree(work / str(number))
        number += 1
    passed = orjson.loads((work / str(number) / "passed.json").read_bytes())
    sys.stdout.buffer.write(orjson.dumps({"passed": passed, "wrong": wrong_at}))


if __name__ == "__main__":
    main()
