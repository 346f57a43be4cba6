"""The worked example on a real Asterisk, the whole way of a change, as its users go it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from ccstate import schemas
from ccstate_lab import phones, walls
from ccstate_lab import site as sites
from ccstate_lab.__main__ import main
from tests.cli.screens import Screen

TOP = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab that serves the worked example, with all its phones."""
    folder = tmp_path_factory.mktemp("lab")
    assert main(["up", "--folder", str(folder), "--project", str(TOP)]) == 0
    yield folder
    phones.end_all(folder)
    walls.end(folder)
    if site := sites.find(folder):
        sites.kill(site)


@pytest.fixture
def screen(
    lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for reference, value in json.loads((lab / "secrets.json").read_text(encoding="utf-8")).items():
        monkeypatch.setenv(reference.removeprefix("env:"), value)
    monkeypatch.setenv("CCSTATE_SIPP", str(lab / "sipp"))
    for name in ("CCSTATE_PROJECT", "CCSTATE_FORMAT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Screen(lab / "project", capsys)


@pytest.mark.process
def test_what_was_applied_is_what_runs_and_a_second_plan_is_empty(screen: Screen) -> None:
    (receipt,) = (screen.folder / "plans").glob("*/receipt.md")
    said = receipt.read_text(encoding="utf-8")
    assert re.search(r"Every change is confirmed: (\d+) of \1\b", said), said
    assert screen.run("plan") == 0
    assert "lab and walls match the desired state" in screen.out
    assert screen.run("verify") == 0
    assert "exactly as desired" in screen.out
    assert screen.run("drift", "--detailed-exitcode") == 0


def test_real_calls_agree_with_the_model(screen: Screen) -> None:
    tests = ("ordinary-sales", "crew-after-midnight", "cup-day-billing")
    assert screen.run("test", "--live", "lab", *tests, "--format", "junit") == 0, screen.err
    cases = list(ET.fromstring(screen.out).iter("testcase"))  # noqa: S314 - our own report
    assert [case.get("name") for case in cases] == sorted(tests)
    assert not any(case.find("failure") is not None for case in cases)
    assert screen.run("test", "--live", "lab", "ordinary-sales", "--format", "json") == 0
    report = json.loads(screen.out)
    Draft202012Validator(schemas.schema("report/test-live")).validate(report)
    assert [(test["name"], test["agrees"]) for test in report["tests"]] == [
        ("ordinary-sales", True)
    ]


def test_a_change_is_planned_applied_and_audible(screen: Screen) -> None:
    queues = screen.folder / "desired_state/queues/sydney.yaml"
    before = queues.read_text(encoding="utf-8")
    after = before.replace("overflow: {after: 4m,", "overflow: {after: 5m,")
    assert after != before
    queues.write_text(after, encoding="utf-8")
    assert screen.run("plan") == 0
    assert re.search(r"overflow\.after +4m → 5m", screen.out)
    assert screen.run("apply") == 0
    assert "Every change is confirmed: 1 of 1." in screen.out
    include = screen.folder.parent / "etc/extensions.d/ccstate.conf"
    assert "Queue(sales,,,,300)" in include.read_text(encoding="utf-8")


def test_a_line_changed_by_hand_is_reported_with_its_place_and_put_back(screen: Screen) -> None:
    include = screen.folder.parent / "etc/queues.d/ccstate.conf"
    before = include.read_text(encoding="utf-8")
    by_hand = before.replace("[sales]\nstrategy=leastrecent", "[sales]\nstrategy=ringall")
    assert by_hand != before
    include.write_text(by_hand, encoding="utf-8")
    assert screen.run("drift", "--detailed-exitcode") == 2
    assert "longest_idle → ring_all" in screen.out
    assert "stored, but not loaded" in screen.out or "running.strategy" in screen.out
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    assert include.read_text(encoding="utf-8") == before
