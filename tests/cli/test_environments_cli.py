"""Staging and production in one project: each command works in one, and their plans do not mix."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from ccstate import schemas
from ccstate.adapters.embedded import connect
from ccstate.model import Address, Fields
from tests.cli.test_cli import Screen
from tests.cli.test_reports import git

Golden = Callable[[str, str], None]

PROJECT = """\
version: 1
environments:
  staging:
    targets: {pbx: {adapter: embedded, connection: {path: .ccstate/staging.db}}}
  production:
    targets: {pbx: {adapter: embedded, connection: {path: .ccstate/production.db}}}
"""
BASE = """\
queues:
  sales:
    label: Sales
    ring_for: 20s
    members: [{user: ana}]
    overflow: {after: 3m, to: voicemail/2001}
users:
  ana: {name: Ana Example, extension: "2001"}
extensions:
  "2001": {label: Ana, voicemail: {}}
"""
STAGING = "queues:\n  sales:\n    ring_for: 15s\n"


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "CCSTATE_ENVIRONMENT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    made = Screen(tmp_path, capsys)
    made.write("ccstate.yaml", PROJECT)
    made.write("desired_state/all.yaml", BASE)
    made.write("environments/staging/sales.yaml", STAGING)
    return made


def live(screen: Screen, environment: str) -> Fields | None:
    platform = connect({"path": f".ccstate/{environment}.db"}, screen.folder)
    return platform.observe(["queue"]).objects.get(Address("queue", "sales"))


def test_each_environment_gets_the_base_with_what_it_changes(screen: Screen) -> None:
    for environment in ("staging", "production"):
        assert screen.run("plan", "--environment", environment) == 0
        assert f"for pbx of {environment}: 3 to create" in screen.out
        assert screen.run("apply", "--environment", environment) == 0, screen.err
        assert screen.run("verify", "--environment", environment) == 0
    staging, production = live(screen, "staging"), live(screen, "production")
    assert staging is not None
    assert production is not None
    assert (staging["ring_for"], production["ring_for"]) == ("15s", "20s")


def test_a_variable_names_the_environment_for_all_commands_of_a_job(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCSTATE_ENVIRONMENT", "staging")
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    assert live(screen, "staging") is not None
    assert live(screen, "production") is None


@pytest.mark.parametrize("command", ["plan", "apply", "verify", "drift", "unlock", "test", "graph"])
def test_a_command_that_needs_an_environment_asks_for_one(screen: Screen, command: str) -> None:
    assert screen.run(command) == 1
    assert "CC829 no environment is chosen" in screen.err
    assert "--environment or in CCSTATE_ENVIRONMENT: staging, production" in screen.err


def test_an_environment_that_is_not_there_is_refused_with_those_that_are(screen: Screen) -> None:
    assert screen.run("plan", "--environment", "stagin") == 1
    assert 'ccstate.yaml: CC829 no environment is named "stagin"' in screen.err
    assert 'did you mean "staging"?' in screen.err
    screen.write("ccstate.yaml", "version: 1\ntargets: {pbx: {adapter: embedded}}\n")
    assert screen.run("plan", "--environment", "staging") == 1
    assert "ccstate.yaml names none: it names targets" in screen.err


def test_a_plan_is_applied_in_its_own_environment_only(screen: Screen) -> None:
    assert screen.run("plan", "--environment", "staging") == 0
    plan_id = screen.plan_id()
    assert screen.run("apply", plan_id, "--environment", "production") == 3
    assert "CC318 the plan is of staging, and this is of production" in screen.err
    assert "apply it there: --environment staging" in screen.err_flat
    assert live(screen, "production") is None
    assert screen.run("apply", plan_id) == 0, "it names its environment itself"
    assert live(screen, "staging") is not None


def test_the_latest_plan_is_that_of_the_environment(screen: Screen) -> None:
    assert screen.run("plan", "--environment", "staging") == 0
    staging = screen.plan_id()
    assert screen.run("plan", "--environment", "production") == 0
    production = screen.plan_id()
    assert screen.run("apply", "--environment", "staging") == 0
    assert f"Receipt for plan {staging}" in screen.out
    assert screen.run("plans", "--environment", "staging") == 0
    assert staging in screen.out
    assert production not in screen.out
    assert screen.run("plans", "--format", "json") == 0
    listed = orjson.loads(screen.out)["plans"]
    assert {(p["plan"], p["environment"], p["state"]) for p in listed} == {
        (staging, "staging", "applied"),
        (production, "production", "waiting"),
    }


def test_a_fresh_clone_takes_the_only_plan_of_the_environment(screen: Screen) -> None:
    for environment in ("staging", "production"):
        assert screen.run("plan", "--environment", environment) == 0
        (screen.folder / ".ccstate" / f"latest-plan-{environment}").unlink()
    assert screen.run("apply", "--environment", "production") == 0
    assert live(screen, "staging") is None


def test_a_project_without_environments_has_none_in_its_plans(screen: Screen) -> None:
    screen.write(
        "ccstate.yaml",
        "version: 1\ntargets: {pbx: {adapter: embedded, connection: {path: .ccstate/a.db}}}\n",
    )
    assert screen.run("plan") == 0
    plan_id = screen.plan_id()
    assert b'"environment"' not in (screen.folder / "plans" / plan_id / "plan.json").read_bytes()
    screen.write("ccstate.yaml", PROJECT)
    assert screen.run("apply", plan_id, "--environment", "staging") == 3
    assert "CC318 the plan is of no environment, and this is of staging" in screen.err


def test_validate_judges_every_environment_and_says_in_which_a_problem_is(
    screen: Screen, golden: Golden
) -> None:
    screen.write(
        "environments/staging/sales.yaml",
        "queues:\n  sales:\n    members: [{user: anna}]\n  trial: {label: Trial}\n",
    )
    screen.edit("desired_state/all.yaml", "to: voicemail/2001", "to: voicemail/2002")
    assert screen.run("validate", "--at", "2026-11-22") == 1
    golden("cli/validate-environments.txt", screen.out)
    assert screen.run("validate", "--environment", "production", "--at", "2026-11-22") == 1
    assert "anna" not in screen.out
    assert "(in " not in screen.out


def test_validate_says_how_much_each_environment_has(screen: Screen) -> None:
    screen.write("environments/staging/sales.yaml", "teams: {trial: {label: Trial}}\n")
    screen.edit("desired_state/all.yaml", "users:", "teams: {b: {}}\nusers:")
    screen.run("validate")
    assert screen.run("validate", "--environment", "staging") == 0


def test_a_comment_may_silence_what_only_one_environment_has(screen: Screen) -> None:
    silenced = "  # ccstate: ignore CC219 they like the music"
    screen.edit("desired_state/all.yaml", "  sales:", f"  sales:{silenced}")
    assert screen.run("validate") == 0
    assert "CC200 there is no CC219 to silence here\n" in screen.out, "no environment needs it"
    screen.write(
        "environments/staging/sales.yaml", "queues:\n  sales:\n    overflow: {after: null}\n"
    )
    assert screen.run("validate") == 0
    assert "CC2" not in screen.out


def test_two_environments_are_two_platforms(screen: Screen) -> None:
    screen.edit("ccstate.yaml", ".ccstate/production.db", ".ccstate/../.ccstate/staging.db")
    for arguments in (["validate"], ["plan", "--environment", "staging"]):
        assert screen.run(*arguments) == 1
        assert "CC123 targets pbx of staging and pbx of production are the same" in (
            screen.out + screen.err
        )


def test_fmt_puts_files_of_environments_into_their_layout(screen: Screen) -> None:
    name = "environments/staging/sales.yaml"
    screen.write(
        name, "queues:\n    sales: {ring_for: 60s, label: Shop}   # louder\n    b: {remove: true}\n"
    )
    assert screen.run("fmt") == 0
    text = (screen.folder / name).read_text()
    assert text == (
        "queues:\n  sales: {label: Shop, ring_for: 1m}   # louder\n  b: {remove: true}\n"
    )
    assert screen.run("fmt", "--check") == 0


def test_what_is_adopted_in_an_environment_is_written_to_its_files(screen: Screen) -> None:
    assert screen.run("plan", "--environment", "staging") == 0
    assert screen.run("apply", "--environment", "staging") == 0
    platform = connect({"path": ".ccstate/staging.db"}, screen.folder)
    platform.by_hand(Address("team", "trial"), {"label": "Trial"})
    assert screen.run("adopt", "team/trial", "--environment", "staging") == 0, screen.err
    path = screen.folder / "environments" / "staging" / "adopted.yaml"
    assert path.read_text() == (
        "# yaml-language-server: $schema=../../schema/overlay.json\n"
        "teams:\n  trial:\n    label: Trial\n"
    )
    platform.by_hand(Address("team", "other"), {"label": "Other"})
    into = str(screen.folder / "environments" / "staging" / "sales.yaml")
    assert screen.run("adopt", "team/other", "--environment", "staging", "--file", into) == 0
    assert Path(into).read_text() == STAGING + "\nteams:\n  other:\n    label: Other\n"
    assert screen.run("plan", "--environment", "staging") == 0
    assert "2 to adopt" in screen.out
    into = str(screen.folder / "environments" / "production" / "x.yaml")
    assert screen.run("adopt", "--all", "--environment", "staging", "--file", into) == 1
    assert "CC804" in screen.err


def test_holidays_are_added_where_the_environment_has_its_calendar(screen: Screen) -> None:
    screen.write(
        "environments/staging/days.yaml",
        'calendars:\n  au:\n    holidays:\n      - {name: Day, date: "2027-02-02"}\n',
    )
    assert screen.run("holidays", "AU", "2027", "--name", "au", "--environment", "staging") == 0
    assert "environments/staging/days.yaml" in screen.out
    assert "Christmas Day" in (screen.folder / "environments/staging/days.yaml").read_text()


def test_an_object_is_shown_with_both_files_that_declare_it(screen: Screen) -> None:
    assert screen.run("show", "queue/sales", "--environment", "staging") == 0
    where = "declared in desired_state/all.yaml and environments/staging/sales.yaml"
    assert where in " ".join(screen.out.split())
    assert screen.run("graph", "queue/sales", "--environment", "staging") == 0
    assert "flowchart" in screen.out


def test_the_way_back_is_of_a_plan_of_the_same_environment(screen: Screen) -> None:
    for environment in ("staging", "production"):
        assert screen.run("plan", "--environment", environment) == 0
        assert screen.run("apply", "--environment", environment) == 0
    screen.edit("desired_state/all.yaml", "label: Sales", "label: Shop")
    assert screen.run("plan", "--environment", "staging") == 0
    plan_id = screen.plan_id()
    assert screen.run("apply", "--environment", "staging") == 0
    assert screen.run("rollback", plan_id, "--environment", "production") == 3
    assert "CC318 the plan is of staging, and this is of production" in screen.err
    assert screen.run("rollback", plan_id, "--environment", "staging") == 0, screen.err
    assert screen.run("apply", "--environment", "staging") == 0
    assert (live(screen, "staging") or {})["label"] == "Sales"
    assert screen.run("plan", "--environment", "staging") == 3
    assert "CC320" in screen.out
    assert screen.run("plan", "--environment", "production") == 0, "nothing was taken back there"


@pytest.mark.git
def test_a_plan_is_overtaken_only_by_files_of_its_environment(screen: Screen) -> None:
    def commit() -> None:
        git(screen.folder, "add", "desired_state", "environments", "ccstate.yaml")
        git(screen.folder, "commit", "-qm", "a change of the configuration")

    git(screen.folder, "init", "-q")
    commit()
    plans = {}
    for environment in ("staging", "production"):
        assert screen.run("plan", "--environment", environment) == 0
        plans[environment] = screen.plan_id()
    screen.write("environments/staging/sales.yaml", STAGING.replace("15s", "10s"))
    commit()
    assert screen.run("apply", plans["staging"]) == 3
    assert "queue/sales" in screen.err
    assert screen.run("apply", plans["production"]) == 0, screen.err


def test_what_results_is_shown_with_the_origin_of_each_line(screen: Screen, golden: Golden) -> None:
    screen.edit("ccstate.yaml", "version: 1", "version: 1\ndefaults: {queue: {music: brolga}}")
    screen.write(
        "environments/staging/sales.yaml",
        "queues:\n  sales:\n    overflow:\n      after: 1m\n"
        "  trial: {label: Trial}\nusers:\n  bo: {remove: true}\n",
    )
    screen.edit("desired_state/all.yaml", "users:\n", "users:\n  bo: {name: Bo}\n")
    assert screen.run("show", "--environment", "staging", "--resolved") == 0, screen.err
    golden("cli/show-resolved.txt", screen.out)
    assert screen.run("show", "--environment", "staging", "--resolved", "queues") == 0
    assert "extensions:" not in screen.out
    assert screen.run("show", "--environment", "staging", "--resolved", "user/bo") == 0
    assert screen.out == "# user/bo is removed: environments/staging/sales.yaml:7\n"
    assert screen.run("show", "--environment", "staging", "--resolved", "queue/sale") == 1
    assert 'did you mean "queue/sales"?' in screen.err
    assert screen.run("show", "--environment", "staging") == 1
    assert "pass --resolved" in screen.err


def test_what_results_is_shown_for_programs(screen: Screen) -> None:
    arguments = ("--environment", "staging", "--resolved", "queue/sales", "--format", "json")
    assert screen.run("show", *arguments) == 0
    found = orjson.loads(screen.out)
    Draft202012Validator(schemas.schema("report/show-resolved")).validate(found)
    [sales] = found["resources"]
    assert sales["fields"]["ring_for"] == "15s"
    assert {
        "path": "ring_for",
        "file": "environments/staging/sales.yaml",
        "line": 3,
        "default": False,
    } in sales["origins"]


@pytest.mark.git
def test_history_says_in_which_environments_files_a_commit_changed_an_object(
    screen: Screen,
) -> None:
    def commit(subject: str) -> None:
        git(screen.folder, "add", "--all")
        git(screen.folder, "commit", "-qm", subject)

    git(screen.folder, "init", "-q")
    screen.write("environments/staging/sales.yaml", "teams: {a: {label: A}}\n")
    commit("the first state of the centre")
    screen.write("environments/staging/sales.yaml", STAGING)
    commit("staging rings for a shorter time")
    assert screen.run("history", "queue/sales", "--format", "json") == 0, screen.err
    found = orjson.loads(screen.out)["commits"]
    assert [(c["subject"], c["action"], c["environment"]) for c in found] == [
        ("staging rings for a shorter time", "changed", "staging"),
        ("the first state of the centre", "created", None),
    ]
    assert found[0]["edits"] == [{"path": "ring_for", "before": None, "after": "15s"}]
    assert screen.run("history", "queue/sales") == 0
    assert "in staging" in screen.out
    assert screen.run("history", "queue/sales", "--environment", "production") == 0
    assert "staging" not in screen.out
    for environment, value in (("staging", "15s"), ("production", "20s")):
        where = ("--environment", environment, "--format", "json")
        assert screen.run("blame", "queue/sales", *where) == 0, screen.err
        by_path = {found["path"]: found for found in orjson.loads(screen.out)["fields"]}
        assert by_path["ring_for"]["value"] == value
        own = environment if environment == "staging" else None
        assert by_path["ring_for"]["commit"]["environment"] == own
        assert by_path["label"]["commit"]["environment"] is None
