"""What `ccstate measure` says where it cannot measure, and what a target's day is."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ccstate.cli import run
from ccstate.project import Project
from ccstate.project.measuring import queue_sources

PROJECT = """version: 1
targets:
  pbx: {adapter: asterisk, connection: {ami: {port: 1, secret: "env:CCSTATE_SECRET_AMI"}}}
  demo: {adapter: embedded, connection: {path: demo.db}}
"""
SYDNEY = ZoneInfo("Australia/Sydney")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CCSTATE_SECRET_AMI", "secret")
    return tmp_path


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["demo"], "CC861 demo has no figures"),
        (["gone"], 'CC801 no target is named "gone"'),
        (["--serve", "9469"], 'CC862 --serve "9469" is no address'),
        (["--serve", "127.0.0.1:99999"], "CC862"),
        (["--serve", "192.0.2.1:9469"], "CC863 192.0.2.1:9469 cannot be listened at"),
        (["pbx"], "CC420 no connection to Asterisk's AMI at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_measured_is_said(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(["measure", *arguments]) == 1
    assert said in capsys.readouterr().err


def test_where_no_target_has_figures_that_is_said(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "ccstate.yaml").write_text(
        PROJECT.replace("  pbx: {adapter: asterisk", "  #"), encoding="utf-8"
    )
    assert run(["measure"]) == 1
    assert "CC861 no target has figures" in capsys.readouterr().err


def test_a_day_begins_at_midnight_where_the_sites_are(project: Path) -> None:
    (project / "desired_state").mkdir()
    (project / "desired_state/all.yaml").write_text(
        "sites: {sydney: {timezone: Australia/Sydney}}\n"
        "queues: {sales: {label: Sales}}\n"
        "users: {priya.n: {name: Priya Nair}}\n",
        encoding="utf-8",
    )
    found = queue_sources(Project.open(project), ["pbx"])
    (pbx,) = found.each
    # Clocks were put forward on this day, at two in the morning.
    noon = datetime(2026, 10, 4, 12, tzinfo=SYDNEY)
    assert pbx.day(noon.timestamp()) == datetime(2026, 10, 4, tzinfo=SYDNEY).timestamp()
    assert noon.timestamp() - pbx.day(noon.timestamp()) == 11 * 3600
    assert found.labels == {("queue", "sales"): "Sales", ("user", "priya.n"): "Priya Nair"}
    assert found.queues == {"sales"}


def test_without_a_desired_state_a_day_begins_as_on_this_machine(project: Path) -> None:
    found = queue_sources(Project.open(project), [])
    (pbx,) = found.each
    noon = datetime(2026, 10, 4, 12).astimezone()
    assert pbx.day(noon.timestamp()) == datetime(2026, 10, 4).astimezone().timestamp()
    assert (found.labels, found.queues) == ({}, frozenset())


def test_an_error_in_the_desired_state_is_said_and_costs_the_names_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "desired_state").mkdir()
    (project / "desired_state/all.yaml").write_text("queues: [\n", encoding="utf-8")
    assert run(["measure", "pbx"]) == 1
    said = capsys.readouterr().err
    assert "desired_state/all.yaml" in said
    assert "CC420" in said


def test_in_a_project_with_environments_one_is_to_be_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = PROJECT.partition("targets:\n")[2].replace("  pbx", "      pbx")
    targets = targets.replace("\n  demo", "\n      demo")
    environments = f"version: 1\nenvironments:\n  live:\n    targets:\n{targets}"
    (project / "ccstate.yaml").write_text(environments, encoding="utf-8")
    assert run(["measure"]) == 1
    assert "CC829" in capsys.readouterr().err
    assert run(["measure", "pbx", "--environment", "live"]) == 1
    assert "CC420" in capsys.readouterr().err
