"""`ccstate test` on the worked example, and plans that would break what it promises."""

import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

from ccstate.cli import days
from tests.cli import screens

Golden = Callable[[str, str], None]
TOP = Path(__file__).parent.parent.parent


class Screen(screens.Screen):
    """A copy of the worked example, and what commands say there."""

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / "desired_state" / name
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1
        path.write_text(content.replace(old, new), encoding="utf-8")


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("desired_state", "ccstate.yaml"):
        source = TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    text = "".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.yaml"))
    for name in set(re.findall(r"env:([A-Z0-9_]+)", text)):
        monkeypatch.setenv(name, f"made up for {name}")
    for name in ("CCSTATE_PROJECT", "CCSTATE_FORMAT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(days, "today", lambda: date(2026, 11, 22))
    return Screen(tmp_path, capsys)


SALES_TO_MAILBOX = ("ivrs/main.yaml", "open: queue/sales", "open: voicemail/2910")


def test_the_promises_of_the_example_hold(screen: Screen, golden: Golden) -> None:
    assert screen.run("test") == 0
    golden("cli/test-passes.txt", screen.out)
    assert "desired state" in screen.err


def test_a_broken_promise_is_reported_with_the_call_that_breaks_it(
    screen: Screen, golden: Golden
) -> None:
    screen.edit(*SALES_TO_MAILBOX)
    assert screen.run("test") == 1
    golden("cli/test-fails.txt", screen.out)
    assert screen.run("test", "--format", "markdown") == 1
    golden("cli/test-fails.md", screen.out)


def test_the_command_that_a_failure_names_shows_that_call(screen: Screen) -> None:
    screen.edit(*SALES_TO_MAILBOX)
    screen.run("test", "ordinary-sales")
    found = re.search(r"ccstate (simulate .*)", screen.out)
    assert found
    screen.run(*found[1].replace("'", "").split())
    assert "Sales messages (voicemail/2910)" in screen.out


def test_a_call_in_the_past_or_at_a_time_that_comes_twice_is_reported_when_it_is_walked(
    screen: Screen,
) -> None:
    screen.edit("call_tests.yaml", 'at: "2026-11-24T11:00"', 'at: "2020-11-24T11:00"')
    screen.edit("call_tests.yaml", 'at: "2026-11-24T10:00"', 'at: "2027-04-04T02:30"')
    screen.run("test", "ordinary-billing")
    assert (
        "CC228 call_test/ordinary-billing calls on 2020-11-24, more than a year ago"
        in screen.err_flat
    )
    assert "ordinary-sales" not in screen.err
    screen.run("test")
    assert "show 02:30 twice" in screen.err_flat
    assert "walked at the first, 02:30 with the offset +1100" in screen.err_flat
    with (screen.folder / "ccstate.yaml").open("a", encoding="utf-8") as project:
        project.write("rules: {CC228: ignore}\n")
    screen.run("test")
    assert "CC228" not in screen.err


def test_a_build_server_reads_a_case_for_each_test(screen: Screen) -> None:
    screen.edit(*SALES_TO_MAILBOX)
    assert screen.run("test", "--format", "junit") == 1
    suite = ET.fromstring(screen.out)  # noqa: S314 - we wrote it
    counts = {"tests": "15", "failures": "2", "errors": "0"}
    assert suite.attrib == {"name": "ccstate", **counts, "time": "0.000"}, "no call was made"
    cases = {case.attrib["name"]: case for case in suite.iter("testcase")}
    failed = [name for name, case in cases.items() if case.find("failure") is not None]
    assert failed == ["ordinary-sales", "saturday-sales"]
    assert cases["ordinary-sales"].attrib["file"] == "desired_state/call_tests.yaml"


def test_the_report_as_json_says_everything(screen: Screen) -> None:
    assert screen.run("test", "--format", "json", "christmas-main") == 0
    report = orjson.loads(screen.out)
    assert (report["passed"], report["failed"]) == (1, 0)
    assert report["tests"] == [
        {
            "name": "christmas-main",
            "passed": True,
            "to": "+611300975707",
            "at": "2026-12-25T10:00:00+11:00",
            "keys": ["1"],
            "expect": ["voicemail/2900"],
            "end": "message",
            "reached": "voicemail/2900",
            "seconds": 32,
        }
    ]
    missing = len(report["coverage"]["missing"])
    assert report["coverage"]["covered"] == report["coverage"]["ends"] - missing


def test_tests_are_written_until_every_end_has_one(screen: Screen) -> None:
    assert screen.run("test", "--generate") == 0
    assert re.search(r"Wrote \d+ call tests to .*call_tests.yaml", screen.out)
    assert screen.run("fmt", "--check") == 0
    assert screen.run("test") == 0
    covered = re.search(r"Covered: (\d+) of (\d+) ends of 11 numbers", screen.out)
    assert covered
    assert covered[1] == covered[2]
    assert screen.run("test", "--generate") == 0
    assert "Every end has its test." in screen.out


def test_tests_are_written_to_another_file_inside_only(screen: Screen) -> None:
    into = screen.folder / "desired_state" / "promises" / "all.yaml"
    assert screen.run("test", "--generate", "--file", str(into)) == 0
    assert into.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../../sch")
    assert screen.run("test", "--generate", "--file", "/tmp/outside.yaml") in (0, 1)  # noqa: S108 - never written
    screen.edit("call_tests.yaml", "  ordinary-sales:", "  ordinary-sale:")
    into.unlink()
    assert screen.run("test", "--generate", "--file", "/tmp/outside.yaml") == 1  # noqa: S108 - as above
    assert "CC804" in screen.err
    assert not Path("/tmp/outside.yaml").exists()  # noqa: S108 - as above


def test_an_unknown_name_is_reported_with_a_near_one(screen: Screen) -> None:
    assert screen.run("test", "christmas-mian") == 1
    assert "CC803" in screen.err
    assert 'did you mean "christmas-main"?' in screen.err


def test_live_means_the_platforms_as_they_are(screen: Screen) -> None:
    assert screen.run("test", "--live") == 1  # nothing is there yet
    assert "there is no number +611300975707" in screen.out
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    screen.edit(*SALES_TO_MAILBOX)
    assert screen.run("test", "--live") == 0
    assert screen.run("test") == 1


def test_a_plan_that_breaks_a_promise_is_refused_and_says_what_callers_notice(
    screen: Screen, golden: Golden
) -> None:
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    screen.edit(*SALES_TO_MAILBOX)
    assert screen.run("plan") == 3
    golden("cli/plan-breaks-promises.txt", re.sub(r"[0-9a-f]{12}", "PLAN-ID", screen.out))
    assert screen.run("apply") == 3
    assert screen.run("plan", "--force", "we know") == 3, "force knows limits only"
    for name in ("ordinary-sales", "saturday-sales"):
        path = screen.folder / "desired_state" / "call_tests.yaml"
        before, after = path.read_text(encoding="utf-8").split(f"  {name}:\n")
        after = after.replace("[queue/sales]", "[voicemail/2910]", 1)
        path.write_text(f"{before}  {name}:\n{after}", encoding="utf-8")
    assert screen.run("plan") == 0, "who says so in the same change may do it"
    assert "no longer" in screen.out


def test_a_plan_brings_no_new_errors_of_rules(screen: Screen) -> None:
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    screen.edit("queues/reception.yaml", '      - {extension: "2000"}\n', "")
    screen.edit("queues/reception.yaml", '      - {extension: "3000", penalty: 1}\n', "")
    screen.edit("queues/reception.yaml", '      - {extension: "4000", penalty: 2}\n', "")
    screen.edit("queues/reception.yaml", "    members:\n", "    members: []\n")
    assert screen.run("plan") == 3
    assert "CC210" in screen.out
    assert "desired_state/queues/reception.yaml:" in screen.out
    (screen.folder / "ccstate.yaml").write_text(
        (TOP / "ccstate.yaml").read_text(encoding="utf-8") + "rules: {CC210: warning}\n",
        encoding="utf-8",
    )
    screen.run("plan")
    assert "CC210" not in screen.out


def test_rules_judge_what_will_be_and_not_only_what_is_declared(screen: Screen) -> None:
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0
    # No longer declared, overflow.empty keeps its live value: callers at night are still served.
    screen.edit("queues/faults.yaml", "hours: faults-24h", "hours: weekdays-vic")
    screen.edit(
        "queues/faults.yaml",
        "overflow: {after: 5m, to: extension/3500, empty: extension/3500, full: extension/3500}",
        "overflow: {full: extension/3500}",
    )
    assert screen.run("validate") == 1
    assert "CC201" in screen.out
    screen.run("plan")
    assert "CC201" not in screen.out


def test_no_calls_are_made_on_a_platform_that_takes_none(screen: Screen) -> None:
    assert screen.run("test", "--live", "demo") == 1
    assert 'CC807 no calls can be made on the target "demo"' in screen.err
    assert "ccstate test --live" in screen.err


def test_no_calls_are_made_where_real_callers_are(screen: Screen) -> None:
    path = screen.folder / "ccstate.yaml"
    text = path.read_text(encoding="utf-8")
    real = "  pbx: {adapter: asterisk, kinds: [user], connection: {ami: {secret: env:AMI}}}\n"
    path.write_text(text.replace("targets:\n", f"targets:\n{real}"), encoding="utf-8")
    assert screen.run("test", "--live", "pbx", "ordinary-sales") != 0
    assert "Calling" not in screen.out
