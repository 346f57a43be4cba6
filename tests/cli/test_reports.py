"""What commands print with `--format json` is what its schema says, and stays what it was."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson
import pytest
from jsonschema import Draft202012Validator

from ccstate import cli, schemas
from ccstate.adapter import Holder
from ccstate.adapters.embedded import connect
from ccstate.model import Action, Address, Change, Edit, Json, Plan, Step, Why
from ccstate.project.plan_folder import SavedPlans
from ccstate.render.call_tests import PlacedCalls, placed_json
from ccstate.report_format import REPORTS
from tests.cli.screens import Screen as PlainScreen
from tests.cli.test_cli import Screen, screen
from tests.render.test_placed_calls import FLOW, RESULTS

__all__ = ["screen"]


def valid(name: str, text: str) -> Any:
    """The report, which is as its schema says."""
    found = orjson.loads(text)
    Draft202012Validator(schemas.schema(f"report/{name}")).validate(found)
    return found


def test_a_platform_as_desired_and_one_that_is_not(screen: Screen) -> None:
    assert screen.run("verify", "--format", "json") == 4
    found = valid("verify", screen.out)
    assert found["as_desired"] is False
    (target,) = found["targets"]
    assert (target["target"], target["objects"], len(target["differences"])) == ("demo", 3, 3)
    screen.apply_all()
    assert screen.run("verify", "--format", "json") == 0
    assert valid("verify", screen.out)["as_desired"] is True


def test_what_was_changed_by_hand(screen: Screen) -> None:
    screen.apply_all()
    assert screen.run("drift", "--format", "json") == 0
    assert valid("drift", screen.out)["drifted"] is False
    screen.by_hand("queue", "sales", {**(screen.live("queue", "sales") or {}), "ring_for": "45s"})
    screen.by_hand("team", "Über uns", {"label": "By hand"})
    assert screen.run("drift", "--format", "json", "--detailed-exitcode") == 2
    (target,) = valid("drift", screen.out)["targets"]
    assert target["unmanaged"] == ["team/Über uns"]
    (difference,) = target["differences"]
    assert difference["address"] == "queue/sales"
    assert difference["edits"] == [
        {"path": "ring_for", "before": "20s", "after": "45s", "why": "changed by hand"}
    ]


def test_an_object_in_all_its_views_without_its_secret(screen: Screen) -> None:
    screen.apply_all()
    assert screen.run("show", "extension/2001", "--format", "json") == 0
    found = valid("show", screen.out)
    assert (found["file"], found["targets"][0]["standing"]) == ("desired_state/all.yaml", "managed")
    assert found["declared"]["secret"] == "env:SIP_2001"
    assert "correct horse" not in screen.out
    screen.by_hand("team", "night", {"label": "Night"})
    assert screen.run("show", "team/night", "--format", "json") == 0
    found = valid("show", screen.out)
    assert (found["file"], found["declared"]) == (None, None)
    assert found["targets"][0]["live"] == {"label": "Night"}


def test_a_plan_is_shown_as_it_is_kept(screen: Screen) -> None:
    assert screen.run("plan") == 0
    plan_id = screen.plan_id()
    assert screen.run("show", plan_id, "--format", "json") == 0
    found = orjson.loads(screen.out)
    Draft202012Validator(schemas.schema("plan")).validate(found)
    assert found == orjson.loads((screen.folder / "plans" / plan_id / "plan.json").read_bytes())


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.mark.git
def test_who_changed_an_object(screen: Screen) -> None:
    git(screen.folder, "init", "-q")
    git(screen.folder, "add", "-A")
    git(screen.folder, "commit", "-qm", "Sales has a queue", "-m", "Request: CHG-123")
    assert screen.run("history", "queue/sales", "--format", "json") == 0
    found = valid("history", screen.out)
    (commit,) = found["commits"]
    assert (found["is_all"], commit["request"], commit["action"]) == (True, "CHG-123", "created")
    assert {"path": "label", "before": None, "after": "Sales"} in commit["edits"]


def test_what_was_applied_and_what_was_not(screen: Screen) -> None:
    assert screen.run("plan") == 0
    plan_id = screen.plan_id()
    assert screen.run("apply", "--format", "json") == 0
    found = valid("apply", screen.out)
    assert (found["plan"], found["confirmed"], found["corrective"]) == (plan_id, True, "")
    assert {change["outcome"] for change in found["changes"]} == {"confirmed"}
    fault = "faults: [{on: queue/sales, fault: drop}]"
    screen.edit("ccstate.yaml", "path: .ccstate/demo.db", f"path: .ccstate/demo.db, {fault}")
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    assert screen.run("plan") == 0
    assert screen.run("apply", "--format", "json") == 4
    found = valid("apply", screen.out)
    assert found["confirmed"] is False
    assert found["changes"][0]["outcome"] == "not confirmed"
    assert (screen.folder / "plans" / found["corrective"] / "plan.json").is_file()


def test_nothing_was_locked(screen: Screen) -> None:
    assert screen.run("unlock", "--format", "json") == 0
    assert valid("unlock", screen.out) == {"removed": [], "interrupted": []}


def test_a_lock_was_removed(screen: Screen) -> None:
    platform = connect({"path": ".ccstate/demo.db"}, screen.folder)
    platform.lock(Holder("kim@elsewhere", 77, "", "2026-01-01T00:00:00+00:00", "x"))
    assert screen.run("unlock", "--owner", "kim@elsewhere", "--format", "json") == 0
    found = valid("unlock", screen.out)
    (removed,) = found["removed"]
    assert (removed["target"], removed["owner"]) == ("demo", "kim@elsewhere")


def test_calls_that_were_made() -> None:
    found = valid("test-live", placed_json(PlacedCalls(FLOW, RESULTS)))
    assert [test["name"] for test in found["tests"]] == [r.walked.name for r in RESULTS]


def test_what_was_adopted(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(screen.folder)
    screen.apply_all()
    assert screen.run("adopt", "--all", "--format", "json") == 0
    assert valid("adopt", screen.out)["file"] is None
    screen.by_hand("team", "night", {"label": "Night"})
    assert screen.run("adopt", "--all", "--format", "json") == 0
    found = valid("adopt", screen.out)
    assert (found["file"], found["adopted"]) == ("desired_state/adopted.yaml", ["team/night"])


def test_what_validate_finds(screen: Screen) -> None:
    assert screen.run("validate", "--format", "json") == 0
    assert valid("validate", screen.out)["problems"] == []
    screen.edit("desired_state/all.yaml", "user: ana", "user: anna")
    assert screen.run("validate", "--format", "json") == 1
    (problem,) = valid("validate", screen.out)["problems"]
    assert (problem["code"], problem["file"]) == ("CC103", "desired_state/all.yaml")


NUMBER = """
numbers:
  "+61255501234": {to: queue/sales}
call_tests:
  main: {to: "+61255501234", at: 2026-11-24T11:00, expect: [queue/sales]}
"""


def test_calls(screen: Screen) -> None:
    screen.write("desired_state/number.yaml", NUMBER)
    for more in ((), ("--from", "+61491570006", "--keys", "1,2")):
        screen.run(
            "simulate", "+61255501234", "--at", "2026-11-24T11:00", *more, "--format", "json"
        )
        assert valid("simulate", screen.out)["call"]["end"] == "human"
    screen.run("simulate", "--all", "--format", "json")
    found = valid("simulate-all", screen.out)
    assert (found["called"], found["numbers"][0]["to"]) == (1, "number/+61255501234")
    screen.run("test", "--format", "json")
    assert valid("test", screen.out)["tests"][0]["name"] == "main"


AGES = [("0m", True), ("1h", False), ("400d", False)]


@pytest.mark.parametrize("age, is_removed", AGES)
def test_plans_are_listed_and_those_that_were_not_applied_are_removed(
    screen: Screen, age: str, is_removed: bool
) -> None:
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    assert screen.run("plan") == 0
    waiting = screen.plan_id()
    screen.write("plans/damaged/plan.json", "{}")
    screen.write("desired_state/all.yaml", "")
    assert screen.run("plan") == 3
    assert screen.run("plans", "--format", "json") == 0
    states = {p["plan"]: p["state"] for p in valid("plans", screen.out)["plans"]}
    assert sorted(states.values()) == ["applied", "damaged", "refused", "waiting"]
    (applied,) = (name for name, state in states.items() if state == "applied")
    assert screen.run("plans") == 0
    assert re.search(rf"^{waiting}  waiting +0 min  - +demo: 1 to change$", screen.out, re.M)
    assert screen.run("plans", "--prune", age, "--format", "json") == 0
    removed = set(valid("plans", screen.out)["removed"])
    assert removed == (states.keys() - {applied} if is_removed else set())
    assert (screen.folder / "plans" / waiting).exists() is not is_removed
    assert (screen.folder / "plans" / applied / "journal.jsonl").is_file()


@pytest.mark.git
def test_a_plan_of_another_commit_is_stale(screen: Screen) -> None:
    git(screen.folder, "init", "-q")
    git(screen.folder, "add", "-A")
    git(screen.folder, "commit", "-qm", "One")
    assert screen.run("plan") == 0
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    git(screen.folder, "commit", "-qam", "Two")
    assert screen.run("plans") == 0
    assert " stale " in screen.out
    assert screen.run("plans", "--prune", "soon") == 1
    assert "CC818" in screen.err


@pytest.mark.git
def test_git_sees_a_plan_once_it_is_applied(screen: Screen) -> None:
    git(screen.folder, "init", "-q")
    assert screen.run("plan") == 0
    plan_id = screen.plan_id()
    assert "plans/" not in git(screen.folder, "status", "--porcelain", "-uall")
    assert screen.run("apply", plan_id) == 0
    status = git(screen.folder, "status", "--porcelain", "-uall")
    for name in ("plan.json", "plan.md", "journal.jsonl", "receipt.md"):
        assert f"?? plans/{plan_id}/{name}" in status
    assert ".gitignore" not in status


def commands() -> Iterator[tuple[str, click.Command]]:
    group = cli.cli
    for name in cli.COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield name, command


def test_every_command_that_speaks_json_has_a_schema() -> None:
    known = {name.partition("-")[0] for name in REPORTS}
    for name, command in commands():
        kinds = [option.type for option in command.params if option.name == "form"]
        forms = [form for kind in kinds if isinstance(kind, click.Choice) for form in kind.choices]
        assert ("json" in forms) == (name in known | {"plan", "rollback", "rule"}), name


def test_a_format_for_a_whole_job_stops_no_command_that_does_not_know_it(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCSTATE_FORMAT", "markdown")
    screen.apply_all()
    assert screen.run("verify") == 0
    assert "exactly as desired" in screen.out
    monkeypatch.setenv("CCSTATE_FORMAT", "json")
    assert screen.run("verify") == 0
    assert valid("verify", screen.out)["as_desired"] is True


def test_schemas_are_printed_by_name_and_written_in_folders(
    screen: PlainScreen, tmp_path: Path
) -> None:
    assert screen.run("schema", "verify") == 0
    assert orjson.loads(screen.out) == schemas.schema("report/verify")
    assert screen.run("schema", "verfy") == 1
    assert 'did you mean "verify"?' in screen.err
    assert screen.run("init", str(tmp_path / "new")) == 0
    assert sorted(p.name for p in (tmp_path / "new/schema").rglob("*.json")) == [
        "document.json",
        "overlay.json",
        "plan.json",
        "project.json",
    ]


def test_what_people_review_does_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    members: Json = [{"user": "cy.d", "penalty": 5}, {"team": "sales", "penalty": 1}]
    change = Change(
        target="demo",
        action=Action.UPDATE,
        address=Address("queue", "sales"),
        why=Why.NOT_LOADED,
        basis="0" * 32,
        edits=(Edit("running.members", members, "as stored", why=Why.NOT_LOADED),),
        ledger={"members": members, "label": "Sales"},
    )
    plan = Plan("", (Step("demo", (change,)),), {"demo": {"queue": 1}}, {})
    plans = SavedPlans(tmp_path, tmp_path / ".ccstate")
    plan_id, _ = plans.write(plan)
    assert plans.reviewed(plan_id).steps == plan.steps
