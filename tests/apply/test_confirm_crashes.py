"""A change that has to be confirmed, and processes killed at every boundary: it stays whole, or goes whole."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from ccstate.adapters.embedded import connect
from ccstate.kinds import KINDS
from ccstate.project import Project

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent
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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose platform is as before, with a plan that updates, creates and deletes."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "desired_state").mkdir()
    (folder / "ccstate.yaml").write_text(PROJECT)
    state = folder / "desired_state/all.yaml"
    state.write_text(BEFORE)
    project = Project(folder)
    project.apply(project.plan().plan)
    state.write_text(AFTER)
    saved = Project(folder).save(Project(folder).plan(force="all of it").plan)
    assert not saved.plan.refusals
    (folder / "plan-id").write_text(saved.id)
    with closing(sqlite3.connect(folder / ".ccstate/demo.db")) as database:
        # Written by SQLite itself, in the transaction of the effect: no kill comes between.
        database.executescript(
            """
            CREATE TABLE effect (address TEXT);
            CREATE TRIGGER wrote AFTER INSERT ON object
                BEGIN INSERT INTO effect VALUES (new.kind || '/' || new.name); END;
            CREATE TRIGGER deleted AFTER DELETE ON object
                BEGIN INSERT INTO effect VALUES (old.kind || '/' || old.name); END;
            """
        )
    copy = tmp_path_factory.mktemp("applied") / "copy"
    shutil.copytree(folder, copy)
    Project(copy).apply(saved.id)
    objects = connect({"path": ".ccstate/demo.db"}, copy).observe(list(KINDS)).objects
    after = {str(address): fields for address, fields in objects.items()}
    (folder / "after.json").write_bytes(orjson.dumps(after))
    return folder


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder in memory where there is such: hundreds of lives wait for the disk a thousand times."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
    folder = Path(tempfile.mkdtemp(prefix="ccstate-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


def lives(prepared: Path, work: Path, mode: str) -> dict[str, Any]:
    """The boundaries that were passed, and what was wrong after a kill at each of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.apply.confirm_child", prepared, work, mode],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = orjson.loads(done.stdout)
    return said


def test_confirmed_at_once_and_killed_anywhere(prepared: Path, work: Path) -> None:
    said = lives(prepared, work, "confirm")
    assert said["wrong"] == {}
    assert said["passed"].count("decide") == 1


def test_not_confirmed_and_killed_anywhere(prepared: Path, work: Path) -> None:
    """The process dies; another one takes back what it wrote, and that one dies at any boundary too."""
    said = lives(prepared, work / "apply", "expire")
    assert said["wrong"] == {}
    assert said["passed"].count("perform") > 2  # there, and back
    (prepared / "waiting").write_text(str(said["passed"].index("decide")))
    said = lives(prepared, work / "settle", "settle")
    assert said["wrong"] == {}
    assert "perform" in said["passed"]
