"""A process killed at every boundary of an apply: the next one finishes, and repeats nothing."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply.journal import Event, open_journal
from ccstate.diff import diff
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields, Plan, Resource
from ccstate.plan import TargetPlan, make_plan
from ccstate.plan_file import packed, read_plan
from tests.effects import count_effects, effects

pytestmark = pytest.mark.process

CHILD = Path(__file__).parent / "crash_child.py"
AT_ONCE = 2

SITE = Address("site", "main")
HOURS = Address("schedule", "hours")
NEW = Address("queue", "new")
OLD = Address("queue", "old")
PROMPT = Address("prompt", "old")

BEFORE: dict[Address, Fields] = {
    SITE: {"timezone": "UTC", "label": "Main"},
    PROMPT: {"languages": {"en-AU": {"text": "Please hold."}}},
    OLD: {"announcements": {"welcome": "old"}},
}
AFTER: dict[Address, Fields] = {
    SITE: {"timezone": "UTC", "label": "Main building"},
    HOURS: {"timezone": "UTC", "weekly": {"mon": ["09:00-17:00"]}},
    NEW: {"hours": "hours", "ring_for": "30s"},
}
STEPS = "~site/main +schedule/hours | +queue/new | -queue/old | -prompt/old"

OF_A_STEP = (
    "before step {}",
    "attempted, not performed: batch {}",
    "performed, not recorded: batch {}",
    "recorded: step {}",
)
BOUNDARIES = (
    "locked",
    "before started",
    "started, no step yet",
    *(name.format(number) for number in range(4) for name in OF_A_STEP),
    "all steps recorded, not read back",
    "before confirmed",
    "before finished",
    "finished",
    "before unlock",
)


def plan_for(adapter: EmbeddedAdapter, desired: dict[Address, Fields]) -> Plan:
    state = {address: Resource(address, fields, "") for address, fields in desired.items()}
    seen = adapter.observe(list(KINDS))
    changes = diff("here", state, seen, secrets={}, release=())
    share = TargetPlan("here", changes, state, seen, adapter.supports, 100, 100)
    return make_plan([share], commit="", forced="")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the platform as it is before, a log of its writes, and the plan."""
    folder = tmp_path_factory.mktemp("prepared")
    adapter = connect({"path": "platform.db"}, folder)
    for step in plan_for(adapter, BEFORE).steps:
        adapter.perform(step.changes)
    count_effects(folder / "platform.db")
    plan = plan_for(adapter, AFTER)
    signs = {"create": "+", "update": "~", "delete": "-"}
    steps = [" ".join(f"{signs[c.action]}{c.address}" for c in step.changes) for step in plan.steps]
    assert " | ".join(steps) == STEPS
    (folder / "plan.json").write_bytes(packed(plan)[1])
    return folder


def crash(prepared: Path, folder: Path, boundaries: Sequence[str]) -> list[str]:
    """What is wrong after these kills, one after the other, and a last run; nothing, it is hoped."""
    shutil.copytree(prepared, folder)
    child = subprocess.run(
        [sys.executable, CHILD, folder, *boundaries],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if child.returncode:
        return [child.stderr]
    return [*wrong_on_the_platform(folder), *wrong_in_the_journal(folder)]


def wrong_on_the_platform(folder: Path) -> list[str]:
    problems = []
    adapter = connect({"path": "platform.db"}, folder)
    seen = adapter.observe(list(KINDS))
    if dict(seen.ledger) != AFTER or set(seen.objects) != set(AFTER):
        problems.append(f"the platform is not as desired: {seen}")
    if left := list(plan_for(adapter, AFTER).changes()):
        problems.append(f"a new plan finds something to do: {left}")
    wanted = Counter(str(change.address) for change in read_plan(folder / "plan.json").changes())
    if (found := effects(folder / "platform.db")) != wanted:
        problems.append(f"not every change took effect once: {found}")
    said = orjson.loads((folder / "outcome.json").read_bytes())
    if set(said["outcomes"]) != {"confirmed"} or said["corrected"]:
        problems.append(f"apply said {said}")
    if adapter.holder() is not None:
        problems.append("the platform is still locked")
    return problems


def wrong_in_the_journal(folder: Path) -> list[str]:
    recorded = open_journal(folder / "journal.jsonl").recorded
    problems = []
    if [line.seq for line in recorded] != list(range(1, len(recorded) + 1)):
        problems.append("the journal has gaps")
    if recorded[0].entry.event is not Event.STARTED:
        problems.append("the journal does not begin with started")
    if recorded[-1].entry.event is not Event.FINISHED:
        problems.append("the journal does not end with finished")
    for change in read_plan(folder / "plan.json").changes():
        events = [
            line.entry.event for line in recorded if line.entry.address == str(change.address)
        ]
        if events != [Event.ATTEMPTED, Event.DONE, Event.CONFIRMED]:
            problems.append(f"the journal says of {change.address}: {events}")
    return problems


def crash_all(prepared: Path, folder: Path, kills: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """What went wrong, by the boundaries at which processes were killed."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = {
            ", then ".join(boundaries): pool.submit(
                crash, prepared, folder / str(number), boundaries
            )
            for number, boundaries in enumerate(kills)
        }
        return {name: problems for name, job in jobs.items() if (problems := job.result())}


def test_these_are_all_the_boundaries(prepared: Path, tmp_path: Path) -> None:
    assert crash(prepared, tmp_path / "alive", []) == []
    said = orjson.loads((tmp_path / "alive" / "outcome.json").read_bytes())
    assert tuple(said["passed"]) == BOUNDARIES


def test_killed_at_any_boundary_an_apply_goes_on(prepared: Path, tmp_path: Path) -> None:
    assert crash_all(prepared, tmp_path, [[boundary] for boundary in BOUNDARIES]) == {}


def test_killed_again_and_again_an_apply_goes_on(prepared: Path, tmp_path: Path) -> None:
    """Batches are counted anew in each process, so each of the first gets one batch further."""
    once_a_batch = ["performed, not recorded: batch 0"] * 4
    at_the_end = ["before finished", "before resumed", "before finished"]
    assert crash_all(prepared, tmp_path, [once_a_batch, at_the_end]) == {}
