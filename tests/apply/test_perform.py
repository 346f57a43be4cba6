"""From a fresh plan to an outcome: what is refused, lost, dropped or altered on the way."""

import errno
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from ccstate.adapter import Adapter, Result, Support
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply import perform
from ccstate.apply.journal import Entry, Event, open_journal
from ccstate.apply.lock import holding, this_process
from ccstate.apply.perform import (
    Applied,
    ApplyContext,
    Interrupted,
    apply,
    check_fresh,
    check_resumable,
)
from ccstate.diff import diff
from ccstate.errors import Blocked, Diagnostic, Locked, Unreadable
from ccstate.kinds import KINDS
from ccstate.model import (
    Address,
    Change,
    Fields,
    Json,
    Observation,
    Outcome,
    Plan,
    Resource,
    parse_address,
)
from ccstate.plan import TargetPlan, make_plan
from ccstate.plan_file import ID_LENGTH, digest
from tests.adapters.embedded_harness import Passing

Objects = dict[str, Fields]
HOURS: Fields = {"timezone": "UTC", "weekly": {}}


class Ground:
    """A project's folder with one platform, whose faults can be set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress: list[int] = []
        self.doing: list[str] = []

    def adapter(self, *faults: Json) -> EmbeddedAdapter:
        return connect({"path": "platform.db", "faults": list(faults)}, self.folder)

    def plan(self, desired: Objects, release: tuple[str, ...] = ()) -> Plan:
        state = {
            address: Resource(address, fields, "")
            for address, fields in ((parse_address(text), given) for text, given in desired.items())
        }
        seen = self.adapter().observe(list(KINDS))
        released = [parse_address(text) for text in release]
        changes = diff("here", state, seen, secrets={}, release=released)
        share = TargetPlan("here", changes, state, seen, self.adapter().supports, 100, 100)
        return make_plan([share], commit="", forced="")

    def apply(
        self,
        plan: Plan,
        *faults: Json,
        resume: bool = False,
        through: Callable[[EmbeddedAdapter], Adapter] = lambda real: real,
    ) -> Applied:
        adapters = {"here": through(self.adapter(*faults))}
        journal = open_journal(self.journal(plan))
        with holding(adapters, this_process("ana@here", "", plan_id(plan)), print) as held:
            fresh = (check_resumable if resume else check_fresh)(plan_id(plan), plan, adapters)
            context = ApplyContext(
                held,
                journal,
                lambda: "2026-11-22T10:00:00Z",
                self.progress.append,
                self.doing.append,
            )
            return apply(fresh, context)

    def journal(self, plan: Plan) -> Path:
        return self.folder / f"{plan_id(plan)}.jsonl"

    def events(self, plan: Plan) -> list[str]:
        return [
            f"{line.entry.event} {line.entry.address}".strip()
            for line in open_journal(self.journal(plan)).recorded
        ]

    def live(self) -> Objects:
        return {str(a): dict(f) for a, f in self.adapter().observe(list(KINDS)).objects.items()}


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def plan_id(plan: Plan) -> str:
    return digest(plan)[:ID_LENGTH]


def outcomes(applied: Applied) -> dict[str, tuple[Outcome, str]]:
    return {str(one.change.address): (one.outcome, one.reason) for one in applied.results}


DESIRED: Objects = {"schedule/a": HOURS, "queue/b": {"hours": "a"}, "site/c": {"timezone": "UTC"}}
CONFIRMED = (Outcome.CONFIRMED, "")


def test_a_plan_is_confirmed(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    applied = ground.apply(plan)
    assert set(outcomes(applied).values()) == {CONFIRMED}
    assert applied.corrective is None
    assert ground.plan(DESIRED).steps == ()
    assert ground.progress == [2, 1]
    assert ground.events(plan) == [
        "started",
        "attempted site/c",
        "attempted schedule/a",
        "done site/c",
        "done schedule/a",
        "attempted queue/b",
        "done queue/b",
        "confirmed site/c",
        "confirmed schedule/a",
        "confirmed queue/b",
        "finished",
    ]


def test_nothing_to_do_is_confirmed_too(ground: Ground) -> None:
    applied = ground.apply(ground.plan({}))
    assert applied == Applied((), None)


def test_what_needs_a_refused_change_is_not_attempted(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    applied = ground.apply(plan, {"on": "schedule/a", "fault": "refuse"})
    assert outcomes(applied) == {
        "site/c": CONFIRMED,
        "schedule/a": (
            Outcome.NOT_CONFIRMED,
            "the platform refused: its connection says so",
        ),
        "queue/b": (Outcome.NOT_ATTEMPTED, "schedule/a was not done"),
    }
    assert ground.events(plan)[-4:] == [
        "not_attempted queue/b",
        "confirmed site/c",
        "not_confirmed schedule/a",
        "finished",
    ]


def test_what_needs_what_was_not_attempted_is_not_attempted_either(ground: Ground) -> None:
    chain: Objects = {
        "schedule/a": HOURS,
        "queue/b": {"hours": "a"},
        "display/c": {"tiles": [{"queues": ["b"], "measure": "waiting"}]},
    }
    applied = ground.apply(ground.plan(chain), {"on": "schedule/a", "fault": "refuse"})
    assert outcomes(applied)["display/c"] == (Outcome.NOT_ATTEMPTED, "queue/b was not done")


def test_an_object_that_is_still_named_is_not_deleted(ground: Ground) -> None:
    ground.apply(ground.plan(DESIRED))
    plan = ground.plan({"site/c": {"timezone": "UTC"}})
    applied = ground.apply(plan, {"on": "queue/b", "fault": "refuse"})
    assert outcomes(applied)["schedule/a"] == (Outcome.NOT_ATTEMPTED, "queue/b was not done")
    assert "schedule/a" in ground.live()


@pytest.mark.parametrize(
    "fault, said",
    [
        ({"on": "queue/b", "fault": "drop"}, "queue/b is not there"),
        ({"on": "queue/b", "fault": "alter", "field": "weight"}, "weight is 6, not 5"),
        ({"on": "queue/b", "fault": "refuse"}, "the platform refused: its connection says so"),
    ],
)
def test_the_corrective_plan_holds_just_what_is_missing(
    fault: Json, said: str, ground: Ground
) -> None:
    desired: Objects = {**DESIRED, "queue/b": {"hours": "a", "weight": 5}}
    applied = ground.apply(ground.plan(desired), fault)
    assert outcomes(applied)["queue/b"] == (Outcome.NOT_CONFIRMED, said)
    assert applied.corrective is not None
    assert [str(c.address) for c in applied.corrective.changes()] == ["queue/b"]
    assert applied.corrective.refusals == ()
    corrected = ground.apply(applied.corrective)
    assert outcomes(corrected) == {"queue/b": CONFIRMED}
    assert corrected.corrective is None
    assert ground.plan(desired).steps == ()


def test_a_deletion_that_was_dropped_is_corrected(ground: Ground) -> None:
    ground.apply(ground.plan(DESIRED))
    rest: Objects = {"site/c": {"timezone": "UTC"}}
    applied = ground.apply(ground.plan(rest), {"on": "queue/b", "fault": "drop"})
    assert outcomes(applied)["queue/b"] == (Outcome.NOT_CONFIRMED, "queue/b is still there")
    assert applied.corrective is not None
    assert set(outcomes(ground.apply(applied.corrective)).values()) == {CONFIRMED}
    assert ground.plan(rest).steps == ()


def test_a_release_that_was_dropped_is_released_by_the_corrective_plan(ground: Ground) -> None:
    ground.apply(ground.plan(DESIRED))
    rest = {name: fields for name, fields in DESIRED.items() if name != "queue/b"}
    plan = ground.plan(rest, release=("queue/b",))
    applied = ground.apply(plan, {"on": "queue/b", "fault": "drop"})
    assert outcomes(applied) == {"queue/b": (Outcome.NOT_CONFIRMED, "the ledger still lists it")}
    assert applied.corrective is not None
    ground.apply(applied.corrective)
    assert "queue/b" in ground.live()
    assert ground.plan(rest).steps == ()


def test_a_platform_that_vanishes_interrupts_and_the_plan_is_taken_up_again(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    # Within the first batch, by kind: site/c takes effect, schedule/a does not.
    with pytest.raises(Interrupted, match="interrupted") as lost:
        ground.apply(plan, {"on": "schedule/a", "fault": "vanish"})
    assert lost.value.exit_code == 4
    assert f"ccstate apply {plan_id(plan)} --resume" in "".join(p.hint for p in lost.value.problems)
    assert set(ground.live()) == {"site/c"}
    applied = ground.apply(plan, resume=True)
    assert set(outcomes(applied).values()) == {CONFIRMED}
    events = ground.events(plan)
    assert events.count("attempted site/c") == events.count("done site/c") == 1
    assert events[-1] == "finished"
    (found,) = [
        line.entry.reason
        for line in open_journal(ground.journal(plan)).recorded
        if line.entry.event is Event.DONE and line.entry.address == "site/c"
    ]
    assert found == "found done"


def test_what_was_changed_since_the_interruption_is_left_alone(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    with pytest.raises(Interrupted):
        ground.apply(plan, {"on": "schedule/a", "fault": "vanish"})
    ground.adapter().by_hand(Address("schedule", "a"), {"timezone": "Europe/Berlin", "weekly": {}})
    applied = ground.apply(plan, resume=True)
    assert outcomes(applied) == {
        "site/c": CONFIRMED,
        "schedule/a": (
            Outcome.NOT_ATTEMPTED,
            "changed by another hand since the plan was made",
        ),
        "queue/b": (Outcome.NOT_ATTEMPTED, "schedule/a was not done"),
    }
    assert ground.live()["schedule/a"]["timezone"] == "Europe/Berlin"
    assert applied.corrective is not None
    assert {str(c.address) for c in applied.corrective.changes()} == {"schedule/a", "queue/b"}


def test_a_finished_plan_taken_up_again_does_nothing_more(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    first = ground.apply(plan)
    events = ground.events(plan)
    assert ground.apply(plan, resume=True) == first
    assert ground.events(plan) == events


def test_a_stale_plan_is_refused_before_the_first_write(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    ground.adapter().by_hand(Address("queue", "b"), {"weight": 3})
    with pytest.raises(Blocked, match="stale") as refused:
        ground.apply(plan)
    assert "queue/b" in refused.value.problems[0].cause
    assert set(ground.live()) == {"queue/b"}
    assert not ground.journal(plan).exists()


def test_a_plan_with_a_refusal_is_refused(ground: Ground) -> None:
    ground.apply(ground.plan({"queue/b": {"protect": True}}))
    with pytest.raises(Blocked, match="queue/b is protected"):
        ground.apply(ground.plan({}))
    assert "queue/b" in ground.live()


def test_a_platform_lost_while_it_is_read_back_interrupts(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ground.plan(DESIRED)

    real, looks = perform.observe, iter([False, True])  # the first look is at whether it is fresh

    def breaking(*arguments: Any) -> dict[str, Observation]:
        if next(looks):
            raise Unreadable([Diagnostic("CC403", "the platform is gone")])
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(perform, "observe", breaking)
        with pytest.raises(Interrupted):
            ground.apply(plan)
    assert set(outcomes(ground.apply(plan, resume=True)).values()) == {CONFIRMED}


def test_what_a_journal_does_not_know_the_platform_does(ground: Ground) -> None:
    """Cut before its outcomes: what took effect is found, and not done again."""
    plan = ground.plan(DESIRED)
    ground.apply(plan)
    journal = ground.journal(plan)
    whole = journal.read_bytes().splitlines(keepends=True)
    for cut in range(len(whole)):
        journal.write_bytes(b"".join(whole[:cut]))
        applied = ground.apply(plan, resume=True)
        assert {one.outcome for one in applied.results} == {Outcome.CONFIRMED}
        assert {one.reason for one in applied.results} <= {"", "found done"}
        events = ground.events(plan)
        for name in DESIRED:
            of_one = [event.split()[0] for event in events if event.endswith(f" {name}")]
            assert of_one == ["attempted", "done", "confirmed"]


def test_a_forged_journal_confirms_nothing(ground: Ground) -> None:
    """Whatever it claims, what is confirmed was read on the platform."""
    plan = ground.plan(DESIRED)
    other = Ground(ground.folder / "elsewhere")
    other.folder.mkdir()
    assert other.plan(DESIRED) == plan
    other.apply(plan)
    forged = other.journal(plan).read_bytes().splitlines(keepends=True)
    for length in range(1, len(forged) + 1):
        ground.journal(plan).write_bytes(b"".join(forged[:length]))
        claimed = {
            line.entry.address
            for line in open_journal(ground.journal(plan)).recorded
            if line.entry.event is Event.DONE
        }
        applied = ground.apply(plan, resume=True)
        seen = {name for name, (outcome, _) in outcomes(applied).items() if outcome == "confirmed"}
        assert seen == set(DESIRED) - claimed - ({"queue/b"} if "schedule/a" in claimed else set())
        assert seen == set(ground.live())
        if claimed:
            assert applied.corrective is not None
        for address in ground.live():
            ground.adapter().by_hand(parse_address(address), None)
        with closing(sqlite3.connect(ground.folder / "platform.db")) as database, database:
            database.execute("DELETE FROM ledger")


def test_a_journal_of_another_plan_is_refused(ground: Ground) -> None:
    plan, other = ground.plan(DESIRED), ground.plan({"site/c": {"timezone": "UTC"}})
    with pytest.raises(Interrupted):
        ground.apply(other, {"on": "site/c", "fault": "vanish"})
    ground.journal(other).rename(ground.journal(plan))
    with pytest.raises(Blocked, match=f"that of plan {plan_id(other)}"):
        ground.apply(plan, resume=True)
    assert ground.live() == {}


def test_a_journal_of_another_format_is_refused(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    with pytest.raises(Interrupted):
        ground.apply(plan, {"on": "site/c", "fault": "vanish"})
    journal = ground.journal(plan)
    first, rest = journal.read_bytes().split(b"\n", 1)
    journal.write_bytes(orjson.dumps({**orjson.loads(first), "format": 99}) + b"\n" + rest)
    with pytest.raises(Blocked, match="a plan that it does not name"):
        ground.apply(plan, resume=True)


def test_a_second_writer_stops_the_apply_and_every_line_has_its_number(ground: Ground) -> None:
    plan = ground.plan(DESIRED)

    class Disturbed(Passing):
        def perform(self, batch: Sequence[Change]) -> list[Result]:
            results = self.real.perform(batch)
            second = open_journal(ground.journal(plan))
            second.record([Entry(Event.RESUMED)], lambda: "2026-11-22T10:00:01Z")
            return results

    with pytest.raises(Interrupted, match="written by another process") as stopped:
        ground.apply(plan, through=Disturbed)
    assert "2 changes were performed and not recorded" in stopped.value.problems[0].cause
    assert [line.seq for line in open_journal(ground.journal(plan)).recorded] == [1, 2, 3, 4]
    assert set(outcomes(ground.apply(plan, resume=True)).values()) == {CONFIRMED}


@pytest.mark.parametrize(
    "fails_at, unrecorded", [(1, ""), (2, ""), (3, "2 changes"), (5, "1 change")]
)
def test_a_full_disk_is_reported_with_what_became_of_the_platform(
    fails_at: int, unrecorded: str, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ground.plan(DESIRED)
    writes = count(1)
    sync = os.fsync

    def full(handle: int) -> None:
        if (
            Path(f"/proc/self/fd/{handle}").readlink().suffix == ".jsonl"
            and next(writes) == fails_at
        ):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(Interrupted, match="No space left on device") as stopped:
            ground.apply(plan)
    (problem,) = stopped.value.problems
    assert (unrecorded in problem.cause) if unrecorded else "nothing more" in problem.cause
    assert "--resume" in problem.hint
    assert set(outcomes(ground.apply(plan, resume=True)).values()) == {CONFIRMED}


def test_an_apply_that_lost_its_lock_writes_nothing_more(ground: Ground) -> None:
    plan = ground.plan(DESIRED)

    class Robbed(Passing):
        """Somebody removes the lock while the first batch is written."""

        def perform(self, batch: Sequence[Change]) -> list[Result]:
            holder = self.real.holder()
            assert holder is not None
            self.real.unlock(holder)
            return self.real.perform(batch)

    with pytest.raises(Interrupted, match="no longer holds the lock of here, it was removed"):
        ground.apply(plan, through=Robbed)
    assert set(ground.live()) == {"site/c", "schedule/a"}
    assert ground.events(plan)[-1] == "done schedule/a"
    assert set(outcomes(ground.apply(plan, resume=True)).values()) == {CONFIRMED}


def test_of_two_applies_on_one_platform_the_second_is_refused(ground: Ground) -> None:
    plan = ground.plan(DESIRED)
    second = Ground(ground.folder / "another machine")
    second.folder.mkdir()

    class Meanwhile(Passing):
        def perform(self, batch: Sequence[Change]) -> list[Result]:
            elsewhere = connect({"path": "../platform.db"}, second.folder)
            with (
                pytest.raises(Locked),
                holding({"here": elsewhere}, this_process("ben@there", "", "p2"), print),
            ):
                pass
            assert elsewhere.observe(list(KINDS)) == self.real.observe(list(KINDS))
            return self.real.perform(batch)

    assert set(outcomes(ground.apply(plan, through=Meanwhile)).values()) == {CONFIRMED}


@pytest.mark.parametrize("loads, words", [(False, "writing"), (True, "writing and loading")])
def test_what_is_being_done_is_shown_before_it_is_done(
    loads: bool, words: str, ground: Ground
) -> None:
    class Platform(Passing):
        @property
        def supports(self) -> Mapping[str, Support]:
            return {k: replace(found, needs_reload=loads) for k, found in super().supports.items()}

    ground.apply(ground.plan(DESIRED), through=Platform)
    assert ground.doing == [
        f"{words} 2 changes on here",
        f"{words} 1 change on here",
        "reading everything back",
    ]
