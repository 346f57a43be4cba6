"""Workers killed at every boundary of what they do: what is due is done once, as the platform and the host say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from ccstate.adapters.embedded import connect
from ccstate.project import Project
from ccstate.worker.shared import shared_changes
from tests.apply.confirm_child import left_unconfirmed
from tests.effects import count_effects
from tests.worker.machines import PLATFORM, SECRET, SITE, bring_before, lose, machine, objects
from tests.worker.postgres import Postgres

pytestmark = [pytest.mark.process, pytest.mark.postgres]

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def database(postgresql: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("ccstate.apply.confirmation.GRACE", 0.0)
    with postgresql.database() as address:
        yield address


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine of an apply, with a platform as before."""
    monkeypatch.setenv("SIP_2001", SECRET)
    return bring_before(machine(tmp_path / "prepared", "home"))


def lives(prepared: Path, database: str, mode: str) -> dict[str, Any]:
    """The boundaries that were passed, and what was wrong after a kill at each of them."""
    work = prepared.parent / "work"
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker.kill_child", prepared, work, database, mode],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = orjson.loads(done.stdout)
    return said


def planned(home: Path) -> str:
    """Save a plan, and write down what was before, and what takes effect from now on; its id."""
    top = home.parent
    (top / "before.json").write_bytes(orjson.dumps(objects(top)))
    plan_id = Project(home).save(Project(home).plan(force="all of it").plan).id
    (top / "plan-id").write_text(plan_id)
    count_effects(top / "platform.db")
    return plan_id


def test_what_an_apply_wrote_is_taken_back_wherever_its_machine_is_lost(
    home: Path, database: str
) -> None:
    planned(home)
    said = lives(home.parent, database, "apply")
    assert said["wrong"] == {}
    assert {"commit", "lock", "perform"} <= set(said["passed"])


def test_a_change_is_taken_back_once_on_whichever_machine_workers_die(
    home: Path, database: str
) -> None:
    plan_id = planned(home)
    left_unconfirmed(home, plan_id, shared_changes({"CCSTATE_WORKER_DATABASE": database}))
    lose(home)
    said = lives(home.parent, database, "revert")
    assert said["wrong"] == {}
    assert {"commit", "perform", "unlock"} <= set(said["passed"])


def test_drift_is_one_issue_whichever_worker_dies(home: Path, database: str) -> None:
    connect({"path": PLATFORM}, home).by_hand(SITE, {"timezone": "UTC", "label": "By hand"})
    said = lives(home.parent, database, "drift")
    assert said["wrong"] == {}
    assert {"commit", "_exchange"} <= set(said["passed"])
