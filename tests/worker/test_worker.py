"""`ccstate worker`: what it takes back, with other workers and after them."""

import json
import signal
from datetime import time
from functools import partial
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.project import now
from ccstate.worker.database import database_url
from ccstate.worker.engine import DONE, LATER, Task, running
from ccstate.worker.health import health
from ccstate.worker.tasks import due
from tests.waiting import GENEROUS, until
from tests.worker.place import Place, is_at_work

pytestmark = pytest.mark.process


def test_a_worker_takes_back_what_a_killed_apply_left(place: Place) -> None:
    plan_id = place.killed_apply("Two")
    worker = place.worker()
    until(lambda: plan_id not in place.project.unconfirmed.waiting(), "it is taken back")
    assert place.label() == "One"
    assert connect({"path": ".ccstate/demo.db"}, place.folder).holder() is None
    worker.send_signal(signal.SIGTERM)
    _, err = worker.communicate(timeout=GENEROUS)
    assert worker.returncode == 0, err
    assert f"The change of plan {plan_id}: taken back." in err


def test_of_several_workers_that_die_nothing_is_lost_and_nothing_doubled(place: Place) -> None:
    """Three workers, and two of them are killed; at which moment, `test_kills` says for each."""
    plan_id = place.killed_apply("Two", within="1s")
    workers = [place.worker() for _ in range(3)]
    for worker in workers[:2]:
        until(partial(is_at_work, place, worker), "the worker runs")
        worker.kill()
    until(lambda: plan_id not in place.project.unconfirmed.waiting(), "it is taken back")
    assert place.label() == "One"
    workers[2].send_signal(signal.SIGTERM)
    assert workers[2].wait(timeout=GENEROUS) == 0
    backs = [
        json.loads((folder / "plan.json").read_bytes())["rollback"]["plan"]
        for folder in (place.folder / "plans").iterdir()
        if (folder / "journal.jsonl").exists()
        and b'"rollback":{' in (folder / "plan.json").read_bytes()
    ]
    assert backs == [plan_id]


def test_a_change_that_can_still_be_confirmed_is_left_alone(alone: Place) -> None:
    plan_id = alone.killed_apply("Two", within="1h")
    assert list(due(alone.project, now(), None)) == []
    assert alone.project.unconfirmed.settle(plan_id) is None
    assert alone.project.unconfirmed.confirm() == plan_id
    assert alone.label() == "Two"


def test_drift_is_due_once_a_night(alone: Place) -> None:
    night = now().replace(hour=2, minute=29)
    assert list(due(alone.project, night, time(2, 30))) == []
    (task,) = due(alone.project, night.replace(minute=30), time(2, 30))
    assert (task.kind, task.subject) == ("drift", night.date().isoformat())
    assert list(due(alone.project, night.replace(hour=23), None)) == []


def test_drift_is_reported_by_one_of_several_workers(place: Place) -> None:
    workers = [place.start("worker", "--drift-at", "00:00") for _ in range(2)]
    for worker in workers:
        until(partial(is_at_work, place, worker), "the worker runs")
    # Each round asks again what is due; two more are enough to see that nothing is done twice.
    note = next((place.folder / ".ccstate").glob("worker-*.json"))
    rounds = set()

    def have_passed() -> bool:
        rounds.add(note.read_bytes())
        return len(rounds) > 3

    until(have_passed, "three rounds have passed")
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    said = "".join(worker.communicate(timeout=GENEROUS)[1] for worker in workers)
    assert said.count("No drift.") == 1, said


def test_a_change_may_be_settled_again_and_a_night_is_looked_at_once(tmp_path: Path) -> None:
    """A plan whose apply died before its first write waits again: it may be applied, and left, once more."""
    settle, drift = Task("settle", "", "0123456789ab"), Task("drift", "", "2026-12-01")
    ended: list[Task] = []

    def work(task: Task) -> str:
        ended.append(task)
        return DONE if task == drift else LATER

    tomorrow = now().timestamp() + 86_400
    with running(database_url(tmp_path, {}), "one", work) as engine:
        assert engine.attempt(settle, tomorrow)
        until(lambda: ended == [settle], "it is settled")
        assert engine.attempt(settle, tomorrow)
        assert engine.attempt(drift, tomorrow)
        until(lambda: not engine.attempt(drift, tomorrow), "it is done for good")


def test_health_is_an_exit_code_and_json(alone: Place) -> None:
    asked = alone.start("worker", "--health")
    out, _ = asked.communicate(timeout=GENEROUS)
    assert asked.returncode == 1
    assert json.loads(out)["reasons"] == ["no worker runs here"]
    worker = alone.worker()
    until(lambda: health(alone.project, now()).is_healthy, "it is healthy")
    asked = alone.start("worker", "--health")
    out, _ = asked.communicate(timeout=GENEROUS)
    assert (asked.returncode, json.loads(out)["healthy"]) == (0, True)
    worker.kill()
    worker.wait()
    assert health(alone.project, now()).reasons == ["the worker has died"]


@pytest.mark.parametrize("text", ["24:00", "2:30", "soon", "", "02:30:00"])
def test_a_time_that_is_none_is_refused(alone: Place, text: str) -> None:
    worker = alone.start("worker", "--drift-at", text)
    _, err = worker.communicate(timeout=GENEROUS)
    assert worker.returncode == 1
    assert "CC625" in err
