"""A promotion: what staging changes, written into production or the base, ready to commit."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from jsonschema import Draft202012Validator

from ccstate import schemas
from tests.cli.test_cli import Screen
from tests.cli.test_environments_cli import BASE, PROJECT

Golden = Callable[[str, str], None]

STAGING = """\
# what we try
queues:
  sales:
    ring_for: 15s   # they wait too long
    overflow: {after: 1m}
  trial:
    label: Trial
users:
  bo: {remove: true}
"""


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "CCSTATE_ENVIRONMENT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    made = Screen(tmp_path, capsys)
    made.write("ccstate.yaml", PROJECT)
    made.write("desired_state/all.yaml", BASE.replace("users:\n", "users:\n  bo: {name: Bo}\n"))
    made.write("environments/staging/sales.yaml", STAGING)
    return made


def text(screen: Screen, name: str) -> str:
    return (screen.folder / name).read_text(encoding="utf-8")


def resolved(screen: Screen, environment: str) -> str:
    assert screen.run("show", "--environment", environment, "--resolved", "--format", "json") == 0
    found = orjson.loads(screen.out)
    return str([(one["address"], one["fields"]) for one in found["resources"]])


def test_all_that_staging_changes_is_promoted_to_production(screen: Screen, golden: Golden) -> None:
    assert screen.run("promote", "staging", "production") == 0, screen.err
    golden("cli/promote.txt", screen.out)
    assert text(screen, "environments/production/sales.yaml") == (
        "# yaml-language-server: $schema=../../schema/overlay.json\n"
        "queues:\n  sales:\n    ring_for: 15s\n    overflow:\n      after: 1m\n"
        "  trial:\n    label: Trial\n\nusers:\n  bo:\n    remove: true\n"
    )
    assert resolved(screen, "production") == resolved(screen, "staging")
    assert screen.run("promote", "staging", "production") == 0
    assert "production says all of this already: nothing to promote." in screen.out


def test_what_production_says_of_the_same_object_otherwise_stays(screen: Screen) -> None:
    before = (
        "queues:\n  sales:\n    # long enough\n    ring_for: 25s  # agreed\n"
        "    overflow: {to: hangup}\n    weight: 3\n"
    )
    screen.write("environments/production/own.yaml", before)
    assert screen.run("promote", "staging", "production", "queue/sales") == 0, screen.err
    assert text(screen, "environments/production/own.yaml") == (
        "queues:\n  sales:\n    # long enough\n    ring_for: 15s  # agreed\n"
        "    overflow: {after: 1m, to: hangup}\n    weight: 3\n"
    )
    assert not (screen.folder / "environments/production/sales.yaml").exists()


def test_what_is_promoted_to_the_base_is_there_for_all_and_no_longer_in_staging(
    screen: Screen,
) -> None:
    staging = resolved(screen, "staging")
    assert screen.run("promote", "staging", "base") == 0, screen.err
    assert "staging: stays as it is" in screen.out
    assert "production: 3 changes to what is desired" in screen.out
    assert text(screen, "desired_state/all.yaml") == (
        "queues:\n  sales:\n    label: Sales\n    ring_for: 15s\n    members: [{user: ana}]\n"
        "    overflow: {after: 1m, to: voicemail/2001}\n"
        'users:\n  ana: {name: Ana Example, extension: "2001"}\n'
        'extensions:\n  "2001": {label: Ana, voicemail: {}}\n'
    )
    assert text(screen, "desired_state/sales.yaml").endswith(
        "queues:\n  trial:\n    label: Trial\n"
    )
    assert not (screen.folder / "environments/staging/sales.yaml").exists(), "nothing is left"
    assert resolved(screen, "staging") == resolved(screen, "production") == staging


def test_what_stands_beside_it_in_the_file_stays(screen: Screen) -> None:
    screen.write("environments/staging/sales.yaml", f"# Staging\n\n{STAGING}release: [team/old]\n")
    assert screen.run("promote", "staging", "base") == 0, screen.err
    assert text(screen, "environments/staging/sales.yaml") == "# Staging\n\nrelease: [team/old]\n"


def test_one_object_is_promoted_and_the_others_wait(screen: Screen) -> None:
    assert screen.run("promote", "staging", "base", "queue/trial") == 0
    assert text(screen, "environments/staging/sales.yaml") == STAGING.replace(
        "  trial:\n    label: Trial\n", ""
    )


def test_a_dry_run_says_it_and_writes_nothing(screen: Screen) -> None:
    assert screen.run("promote", "staging", "production", "--dry-run") == 0
    assert "Would write environments/production/sales.yaml." in screen.out
    assert not (screen.folder / "environments/production").exists()
    assert screen.run("promote", "staging", "production", "--dry-run", "--format", "json") == 0
    found = orjson.loads(screen.out)
    Draft202012Validator(schemas.schema("report/promote")).validate(found)
    assert found["written"] is False
    assert found["environments"][0] == {"environment": "staging", "differences": []}
    assert [d["address"] for d in found["environments"][1]["differences"]] == [
        "queue/sales",
        "queue/trial",
        "user/bo",
    ]


def test_what_would_leave_an_error_anywhere_is_not_written(screen: Screen) -> None:
    screen.write("environments/production/own.yaml", "users:\n  bo: {name: Bob}\n")
    before = text(screen, "desired_state/all.yaml")
    assert screen.run("promote", "staging", "base") == 0, "production adds its own user then"
    screen.write("desired_state/all.yaml", before)
    screen.write("environments/production/own.yaml", "users:\n  bo: {skills: {french: 1}}\n")
    screen.write("environments/staging/sales.yaml", "users:\n  bo: {remove: true}\n")
    assert screen.run("promote", "staging", "base") == 1
    assert '"name" is missing (in production, once promoted)' in screen.err_flat
    assert text(screen, "desired_state/all.yaml") == before


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("staging", "staging"), "CC828 staging cannot be promoted to itself"),
        (("production", "staging"), "CC828 production changes nothing of the base"),
        (("staging", "prod"), 'CC829 no environment is named "prod"'),
        (("base", "staging"), 'CC829 no environment is named "base"'),
        (
            ("staging", "production", "queue/trail"),
            "CC828 staging changes nothing of queue/trail",
        ),
    ],
)
def test_what_cannot_be_promoted_is_refused(
    screen: Screen, arguments: tuple[str, ...], said: str
) -> None:
    assert screen.run("promote", *arguments) == 1
    assert said in screen.err


def test_a_file_that_cannot_be_changed_alone_stays_as_it_is(screen: Screen) -> None:
    own = "queues: {sales: {weight: 3,   # a comment\n  ring_for: 9s}}\n"
    screen.write("environments/production/own.yaml", own)
    assert screen.run("promote", "staging", "production", "queue/sales") == 1
    assert "own.yaml: CC009 the file is written in a way" in screen.err_flat
    assert text(screen, "environments/production/own.yaml") == own
