"""`ccstate worker`: what it takes back, with other workers and after them, and whom it trusts."""

import base64
import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import time
from functools import partial
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.errors import CcstateError
from ccstate.model import Address
from ccstate.project import Project
from ccstate.worker.database import Untrusted, database_url
from ccstate.worker.engine import checked
from ccstate.worker.health import health
from ccstate.worker.loop import local_now
from ccstate.worker.tasks import due
from tests.waiting import GENEROUS, until
from tests.worker.postgres import Postgres

pytestmark = pytest.mark.process

PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}}\n"
SITE = Address("site", "main")
STATE = "desired_state/all.yaml"


class Place:
    """A project, and processes that work on it; each is ended with the test."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {**os.environ, **environment}
        self.started: list[subprocess.Popen[str]] = []
        (folder / "desired_state").mkdir()
        (folder / "ccstate.yaml").write_text(PROJECT)
        self.write("One")
        self.project.apply(self.project.plan().plan)

    @property
    def project(self) -> Project:
        return Project(self.folder)

    def write(self, label: str) -> None:
        (self.folder / STATE).write_text(f"sites: {{main: {{timezone: UTC, label: {label}}}}}\n")

    def label(self) -> object:
        seen = connect({"path": ".ccstate/demo.db"}, self.folder).observe(["site"])
        return seen.objects[SITE]["label"]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "ccstate", "--project", str(self.folder), *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def worker(self) -> "subprocess.Popen[str]":
        return self.start("worker", "--drift-at", "never")

    def killed_apply(self, label: str, within: str = "2s") -> str:
        """Begin a change that has to be confirmed, and kill its process while it waits; its plan's id."""
        self.write(label)
        plan_id = self.project.save(self.project.plan(force="again").plan).id
        applying = self.start("apply", plan_id, "--confirm-within", within)
        note = self.folder / "plans" / plan_id / "confirm-by.json"
        until(lambda: note.exists() and json.loads(note.read_bytes())["until"], "the change waits")
        applying.kill()
        applying.wait()
        assert self.label() == label
        return plan_id

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        made = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": ""})
        yield made
        made.end()
        return
    server: Postgres = request.getfixturevalue("postgresql")
    with server.database() as address:
        made = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": address})
        yield made
        made.end()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": ""})
    yield made
    made.end()


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
    """Two changes, one after the other; each time three workers, and two of them are killed."""
    ids = []
    for label in ("Two", "Three"):
        ids.append(place.killed_apply(label, within="1s"))
        workers = [place.worker() for _ in range(3)]
        for worker in workers[:2]:
            until(partial(is_at_work, place, worker), "the worker runs")
            worker.kill()
        until(lambda: ids[-1] not in place.project.unconfirmed.waiting(), "it is taken back")
        assert place.label() == "One"
        workers[2].send_signal(signal.SIGTERM)
        assert workers[2].wait(timeout=GENEROUS) == 0
    backs = [
        json.loads((folder / "plan.json").read_bytes())["rollback"]["plan"]
        for folder in (place.folder / "plans").iterdir()
        if (folder / "journal.jsonl").exists()
        and b'"rollback":{' in (folder / "plan.json").read_bytes()
    ]
    assert Counter(backs) == Counter(ids)


def is_at_work(place: Place, worker: "subprocess.Popen[str]") -> bool:
    assert worker.poll() is None, worker.communicate()[1]
    return any((place.folder / ".ccstate").glob("worker-*.json"))


def test_a_change_that_can_still_be_confirmed_is_left_alone(alone: Place) -> None:
    plan_id = alone.killed_apply("Two", within="1h")
    now = local_now()
    assert list(due(alone.project, now, None)) == []
    assert alone.project.unconfirmed.settle(plan_id) is None
    assert alone.project.unconfirmed.confirm() == plan_id
    assert alone.label() == "Two"


def test_drift_is_due_once_a_night(alone: Place) -> None:
    night = local_now().replace(hour=2, minute=29)
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


def test_health_is_an_exit_code_and_json(alone: Place) -> None:
    asked = alone.start("worker", "--health")
    out, _ = asked.communicate(timeout=GENEROUS)
    assert asked.returncode == 1
    assert json.loads(out)["reasons"] == ["no worker runs here"]
    worker = alone.worker()
    until(lambda: health(alone.project, local_now()).is_healthy, "it is healthy")
    asked = alone.start("worker", "--health")
    out, _ = asked.communicate(timeout=GENEROUS)
    assert (asked.returncode, json.loads(out)["healthy"]) == (0, True)
    worker.kill()
    worker.wait()
    assert health(alone.project, local_now()).reasons == ["the worker has died"]


class Planted:
    """What runs code where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch pickled",)


def test_a_row_that_would_be_unpickled_is_refused_and_not_run(alone: Place) -> None:
    worker = alone.worker()
    until(lambda: is_at_work(alone, worker), "the worker runs")
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=GENEROUS)
    planted = base64.b64encode(pickle.dumps({"args": (Planted(),), "kwargs": {}})).decode()
    with closing(sqlite3.connect(alone.folder / ".ccstate/worker.db")) as database, database:
        columns = "workflow_uuid, status, name, serialization, inputs, application_version, created_at, updated_at"
        columns += ", executor_id, queue_name"
        values = (
            "x",
            "ENQUEUED",
            "ccstate.task",
            "py_pickle",
            planted,
            "1",
            0,
            0,
            "local",
            "_dbos_internal_queue",
        )
        known = {row[1] for row in database.execute("PRAGMA table_info(workflow_status)")}
        chosen = [(c, v) for c, v in zip(columns.split(", "), values, strict=True) if c in known]
        names, marks = ", ".join(c for c, _ in chosen), ", ".join("?" for _ in chosen)
        database.execute(
            f"INSERT INTO workflow_status ({names}) VALUES ({marks})",  # noqa: S608 - names of columns
            [v for _, v in chosen],
        )
    worker = alone.worker()
    _, err = worker.communicate(timeout=GENEROUS)
    assert worker.returncode == 3, err
    assert "CC622" in err
    assert not list(alone.folder.rglob("pickled"))
    assert not Path("pickled").exists()


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_a_database_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    database_url(tmp_path, {})
    (tmp_path / ".ccstate/worker.db").chmod(mode)
    with pytest.raises(Untrusted) as refused:
        database_url(tmp_path, {})
    assert "CC621" in refused.value.problems[0].code


def test_a_database_is_made_for_this_user_alone_and_never_behind_a_link(tmp_path: Path) -> None:
    assert database_url(tmp_path, {}) == f"sqlite:///{tmp_path}/.ccstate/worker.db"
    path = tmp_path / ".ccstate/worker.db"
    assert path.stat().st_mode & 0o777 == 0o600
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CcstateError):
        database_url(tmp_path, {})


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Untrusted):
        database_url(tmp_path, {"CCSTATE_WORKER_DATABASE": "mysql://host/name"})


@pytest.mark.parametrize(
    "inputs",
    [
        ("apply", "", "0123456789ab"),
        ("settle", "", "../../etc"),
        ("settle", "a b", "0123456789ab"),
        ("settle", "", ["0123456789ab"]),
        (None, "", ""),
        ("drift", "", ""),
        ("drift", "", "x" * 101),
    ],
)
def test_inputs_in_the_database_are_checked(inputs: tuple[object, object, object]) -> None:
    with pytest.raises(ValueError, match="no task of a worker"):
        checked(*inputs)


@pytest.mark.parametrize("text", ["24:00", "2:30", "soon", "", "02:30:00"])
def test_a_time_that_is_none_is_refused(alone: Place, text: str) -> None:
    worker = alone.start("worker", "--drift-at", text)
    _, err = worker.communicate(timeout=GENEROUS)
    assert worker.returncode == 1
    assert "CC625" in err
