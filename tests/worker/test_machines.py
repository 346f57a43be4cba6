"""A change that has to be confirmed, between machines that share a database and no folder."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from ccstate.errors import CcstateError
from ccstate.project import now
from ccstate.project.plan_folder import SavedPlans
from ccstate.project.sharing import fetch
from ccstate.worker.database import VARIABLE
from ccstate.worker.shared import shared_changes
from tests.waiting import GENEROUS, until
from tests.worker.machines import SECRET, Machines, holder, lose
from tests.worker.postgres import Postgres

pytestmark = [pytest.mark.process, pytest.mark.postgres]


@pytest.fixture
def top(
    postgresql: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machines]:
    monkeypatch.setenv("SIP_2001", SECRET)
    with postgresql.database() as address:
        made = Machines(tmp_path, address)
        yield made
        made.end()


def test_a_change_goes_though_its_machine_is_gone(top: Machines) -> None:
    plan_id = top.killed_apply()
    lose(top.home)
    top.taken_back_by_the_other()
    plans = top.other / "plans"
    record = json.loads((plans / plan_id / "record.json").read_bytes())
    assert record["standing"] == "taken back"
    assert len(list(plans.glob("*/record.json"))) == 2  # there, and back


def test_what_became_of_a_change_elsewhere_comes_home(top: Machines) -> None:
    plan_id = top.killed_apply()
    top.taken_back_by_the_other()
    late = top.quick(top.home, "confirm", plan_id)
    _, err = late.communicate(timeout=GENEROUS)
    assert late.returncode == 3, err
    assert "CC327" in err
    home, other = top.home / "plans", top.other / "plans"
    for plan in (path.name for path in other.iterdir()):
        for name in ("record.json", "journal.jsonl", "receipt.md"):
            assert (home / plan / name).read_bytes() == (other / plan / name).read_bytes()
    assert not (home / plan_id / "confirm-by.json").exists()
    assert top.kept() == []


def test_a_change_is_confirmed_from_another_machine(top: Machines) -> None:
    applying, plan_id = top.applying(within="1h")
    confirming = top.quick(top.other, "confirm")
    _, err = confirming.communicate(timeout=GENEROUS)
    assert confirming.returncode == 0, err
    assert plan_id in err
    _, err = applying.communicate(timeout=GENEROUS)
    assert applying.returncode == 0, err
    assert top.label() == "Main building"
    assert top.kept() == []
    assert not (top.other / "plans").exists()


def test_nothing_is_written_that_other_machines_could_not_take_back(top: Machines) -> None:
    top.environment[VARIABLE] = "postgresql://nobody@127.0.0.1:1/none"
    applying, plan_id = top.home, top.saved()
    refused = top.quick(applying, "apply", plan_id, "--confirm-within", "1h")
    _, err = refused.communicate(timeout=GENEROUS)
    assert refused.returncode == 1, err
    assert "CC623" in err
    assert top.label() == "Main"
    assert not (top.home / "plans" / plan_id / "confirm-by.json").exists()


def test_who_is_cut_off_from_the_database_too_takes_the_change_back(
    top: Machines, postgresql: Postgres
) -> None:
    applying, _ = top.applying(within="3s")
    with postgresql.closed(top.address):
        out, err = applying.communicate(timeout=GENEROUS)
        assert applying.returncode == 4, err
        assert "CC623" in err
        assert "taken back" in out
        assert top.label() == "Main"
        assert holder(top.folder) is None
    worker = top.quick(top.home, "worker", "--drift-at", "never")
    until(lambda: top.kept() == [], "the others are told")
    assert not list((top.home / "plans").glob("*/confirm-by.json"))
    worker.kill()


def test_what_is_kept_has_no_secret_and_is_read_as_foreign(top: Machines) -> None:
    plan_id = top.killed_apply(within="1h")
    [(files,)] = top.kept("SELECT files FROM ccstate.unconfirmed")
    assert "SIP_2001" in files
    assert SECRET not in files
    shared = shared_changes({VARIABLE: top.address})
    plans = SavedPlans(top.other, top.other / ".ccstate", "", shared)
    later = now() + timedelta(hours=3)
    note = f"{plan_id}/confirm-by.json"
    for planted in ('{"../x": ""}', "[]", "{}", f'{{"{note}": "{{}}"}}'):
        with psycopg.connect(top.address) as asking:
            asking.execute("UPDATE ccstate.unconfirmed SET files = %s", [planted])
        with pytest.raises(CcstateError) as refused:
            fetch(plans, plan_id, later)
        assert refused.value.problems[0].code in {"CC325", "CC330"}
        assert not list((top.other / "plans").glob("*/*"))
