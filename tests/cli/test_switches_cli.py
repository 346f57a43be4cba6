"""Switches on the command line: both positions are walked, and a plan leaves the position alone."""

from datetime import date
from pathlib import Path

import orjson
import pytest

from ccstate.cli import days
from tests.cli import screens

NUMBER = "+61255501234"
PROJECT = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
DESIRED = """\
users:
  ana: {name: Ana Example, extension: "2001"}
extensions:
  "2001": {label: Ana, voicemail: {}}
trunks:
  carrier: {host: sip.carrier.example}
switches:
  night: {label: Night}
feature_codes:
  night: {code: "*28", action: switch, switch: night}
numbers:
  "+61255501234": {label: Main, trunk: carrier, to: extension/2001, switch: night, on: voicemail/2001}
"""


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> screens.Screen:
    for name in ("CCSTATE_PROJECT", "CCSTATE_FORMAT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(days, "today", lambda: date(2026, 11, 22))
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "desired_state" / "all.yaml").write_text(DESIRED, encoding="utf-8")
    return screens.Screen(tmp_path, capsys)


def simulated(screen: screens.Screen, *arguments: str) -> tuple[str, dict[str, str]]:
    screen.run("simulate", NUMBER, *arguments, "--format", "json")
    found = orjson.loads(screen.out)
    return found["call"]["where"], found["switches"]


def test_a_call_is_walked_in_the_position_that_is_given(screen: screens.Screen) -> None:
    assert simulated(screen) == ("extension/2001", {"night": "off"})
    assert simulated(screen, "--switch", "night=on") == ("voicemail/2001", {"night": "on"})


def test_a_walk_tells_what_the_switch_decides(screen: screens.Screen) -> None:
    screen.run("simulate", NUMBER, "--switch", "night=on")
    assert "switch night: on" in screen.out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((NUMBER, "--switch", "night=up"), '"night=up" is no position of a switch'),
        ((NUMBER, "--switch", "nihgt=on"), 'did you mean "night"?'),
        (("--all", "--switch", "night=on"), "--all walks every position of every switch"),
    ],
)
def test_a_position_that_cannot_be_is_refused(
    screen: screens.Screen, arguments: tuple[str, ...], message: str
) -> None:
    assert screen.run("simulate", *arguments) == 1
    assert message in screen.err_flat


def test_every_call_is_shown_in_both_positions(screen: screens.Screen) -> None:
    screen.run("simulate", "--all", "--format", "json")
    [number] = orjson.loads(screen.out)["numbers"]
    positions = [
        situation["hours"]["switch/night"]
        for block in number["blocks"]
        for situation in block["situations"]
    ]
    assert sorted(positions) == ["off", "on"]
    screen.run("simulate", "--all")
    assert "switch night on" in screen.out


CALL_TESTS = """\
call_tests:
  by-day: {to: "+61255501234", at: "2026-11-24T10:00", expect: [extension/2001]}
  by-night:
    to: "+61255501234"
    at: "2026-11-24T10:00"
    switches: [{switch: night, position: on}]
    expect: [voicemail/2001]
"""


def test_a_call_test_names_the_position_of_a_switch(screen: screens.Screen) -> None:
    (screen.folder / "desired_state" / "tests.yaml").write_text(CALL_TESTS, encoding="utf-8")
    assert screen.run("test") == 0, screen.out
    broken = CALL_TESTS.replace("position: on", "position: off")
    (screen.folder / "desired_state" / "tests.yaml").write_text(broken, encoding="utf-8")
    assert screen.run("test") == 1
    assert "--switch night=off" in " ".join(screen.out.split())


def test_tests_are_generated_for_both_positions(screen: screens.Screen) -> None:
    assert screen.run("test", "--generate") == 0
    assert screen.run("test") == 0
    assert "Covered: 2 of 2 ends" in screen.out
    written = (screen.folder / "desired_state" / "call_tests.yaml").read_text(encoding="utf-8")
    assert "switch: night" in written


def test_a_plan_tells_callers_what_changes_in_which_position(screen: screens.Screen) -> None:
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0, screen.err
    path = screen.folder / "desired_state" / "all.yaml"
    changed = DESIRED.replace("on: voicemail/2001", "on: hangup")
    path.write_text(changed, encoding="utf-8")
    assert screen.run("plan", "--format", "json") in {0, 3}
    [change] = orjson.loads(screen.out)["journeys"]["changes"]
    assert (change["before"]["at"], change["after"]["at"]) == ("voicemail/2001", "hangup")
    assert all("switch night on" in when for when in change["when"])
