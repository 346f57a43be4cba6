"""`ccstate apply --confirm-within`, and `ccstate confirm`: a change that goes unless somebody wants it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.apply.confirmation import Decision, Verdict, alone, decide
from ccstate.model import Address
from tests.cli.screens import PROGRAM
from tests.cli.screens import Screen as PlainScreen
from tests.waiting import GENEROUS, until

pytestmark = pytest.mark.process
Golden = Callable[[str, str], None]

PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}}\n"
STATE = """\
sites: {main: {timezone: UTC}}
numbers: {"+61255501234": {to: queue/sales, site: main}}
queues:
  sales: {label: Sales, ring_for: 20s, members: [{user: ana}], overflow: {after: 3m, to: queue/late}}
  late: {label: Late, members: [{user: ana}], overflow: {after: 9m, to: hangup}}
users: {ana: {name: Ana Example, extension: "2001"}}
extensions: {"2001": {label: Ana}}
call_tests:
  sales: {to: "+61255501234", at: "2026-11-24T11:30", expect: [queue/sales]}
"""
QUEUE = Address("queue", "sales")
SILENT = {"CCSTATE_PROJECT": "", "COLUMNS": "80"}


class Screen(PlainScreen):
    """A project whose platform is as the files say, and a plan that lets a queue ring longer."""

    def ring_for(self) -> object:
        platform = connect({"path": ".ccstate/demo.db"}, self.folder)
        return platform.observe(["queue"]).objects[QUEUE]["ring_for"]

    def is_locked(self) -> bool:
        return connect({"path": ".ccstate/demo.db"}, self.folder).holder() is not None

    def change(self, old: str = "ring_for: 20s", new: str = "ring_for: 30s") -> str:
        path = self.folder / "desired_state/all.yaml"
        content = path.read_text()
        assert old in content
        path.write_text(content.replace(old, new))
        assert self.run("plan", "--format", "json") == 0, self.out + self.err
        plan_id: str = json.loads(self.out)["digest"][:12]
        return plan_id

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command as a process of its own."""
        command = [sys.executable, "-c", PROGRAM, "--project", str(self.folder), *arguments]
        environment = {**os.environ, **SILENT}
        return subprocess.Popen(
            command,
            env={name: value for name, value in environment.items() if value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def waits(self, plan_id: str) -> bool:
        """Whether the change is written, and its time runs."""
        path = self.folder / "plans" / plan_id / "confirm-by.json"
        return path.exists() and json.loads(path.read_bytes())["until"] != ""


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    made = Screen(tmp_path, capsys)
    (tmp_path / "ccstate.yaml").write_text(PROJECT)
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state/all.yaml").write_text(STATE)
    assert made.run("plan") == 0, made.out + made.err
    assert made.run("apply") == 0
    return made


def without_ids(text: str) -> str:
    times = re.sub(r"20\d\d-\d\d-\d\dT[0-9:+]+", "2026-11-22T09:00:00+00:00", text)
    ids = re.sub(r"\b[0-9a-f]{12}\b", "0" * 12, times)
    return re.sub(
        r"by \S+@\S+,", "by ann@ci-7,", re.sub(r"Applied by .*", "Applied by ann on ci-7", ids)
    )


def test_what_is_not_confirmed_in_time_is_taken_back(screen: Screen, golden: Golden) -> None:
    plan_id = screen.change()
    assert screen.run("apply", plan_id, "--confirm-within", "1s") == 4
    assert "nobody confirmed it in time" in screen.out
    golden("cli/taken-back.txt", without_ids(screen.out))
    assert screen.ring_for() == "20s"
    assert not screen.is_locked()
    receipt = (screen.folder / "plans" / plan_id / "receipt.md").read_text()
    assert "The change was taken back" in receipt
    assert screen.run("plans", "--format", "json") == 0
    states = {plan["plan"]: plan["state"] for plan in json.loads(screen.out)["plans"]}
    assert states.pop(plan_id) == "taken back"
    assert set(states.values()) == {"applied"}
    assert screen.run("drift", "--detailed-exitcode") == 0
    assert screen.run("plan") == 3  # the files still say it
    assert "CC320" in screen.out


def test_a_confirmed_change_stays(screen: Screen) -> None:
    plan_id = screen.change()
    with screen.start("apply", plan_id, "--confirm-within", "1m") as applying:
        until(lambda: screen.waits(plan_id), "the change waits")
        other = screen.change("label: Late", "label: Later")
        assert screen.run("apply", other) == 5  # the lock is held while it waits
        assert screen.run("unlock") == 5
        assert screen.run("plans") == 0
        assert "unconfirmed" in screen.out
        assert screen.run("confirm") == 0, screen.err
        assert f"the change of plan {plan_id} stays" in screen.err_flat
        out, err = applying.communicate(timeout=GENEROUS)
    assert applying.returncode == 0, err
    assert "The change stays" in out
    assert screen.ring_for() == "30s"
    assert not screen.is_locked()
    assert screen.run("confirm", plan_id) == 1
    assert "CC326" in screen.err


def test_an_apply_settles_its_change_though_another_process_looks_at_it(screen: Screen) -> None:
    """`ccstate confirm` decides, looks whether it is to settle that, and leaves it to the apply."""
    plan_id = screen.change()
    folder = screen.folder / "plans" / plan_id
    stays = Decision(verdict=Verdict.STAYS, by="ben@two", at="2026-12-01T12:00:00+00:00")
    with screen.start("apply", plan_id, "--confirm-within", "1m") as applying:
        until(lambda: screen.waits(plan_id), "the change waits")
        with alone(folder) as is_alone:
            assert is_alone
            decide(folder, stays)
            until(
                lambda: applying.poll() is not None or queues_for_a_lock(applying.pid),
                "the apply ends, or waits its turn",
            )
        out, err = applying.communicate(timeout=GENEROUS)
    assert applying.returncode == 0, err
    assert "The change stays" in out
    assert not screen.is_locked()
    assert not (folder / "confirm-by.json").exists()


def queues_for_a_lock(pid: int) -> bool:
    """Whether a process waits for a lock on a file, as Linux lists them."""
    lines = map(str.split, Path("/proc/locks").read_text().splitlines())
    return any(words[1] == "->" and words[5] == str(pid) for words in lines)


def test_a_call_test_that_fails_takes_everything_back(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform is not as it was planned: a hand led the number elsewhere meanwhile."""
    plan_id = screen.change()
    platform = connect({"path": ".ccstate/demo.db"}, screen.folder)
    number = Address("number", "+61255501234")
    fields = {**platform.observe(["number"]).objects[number], "to": "queue/late"}
    platform.by_hand(number, fields)
    assert screen.run("apply", plan_id, "--confirm-within", "1m") == 4
    assert "call tests fail: sales" in screen.out
    assert screen.ring_for() == "20s"


def test_a_change_that_fails_in_part_is_taken_back_whole(screen: Screen) -> None:
    path = screen.folder / "ccstate.yaml"
    faulty = PROJECT.replace("demo.db}", "demo.db, faults: [{on: queue/late, fault: refuse}]}")
    path.write_text(faulty)
    state = screen.folder / "desired_state/all.yaml"
    state.write_text(state.read_text().replace("after: 9m", "after: 8m"))
    plan_id = screen.change()
    assert screen.run("apply", plan_id, "--confirm-within", "1m") == 4, screen.err
    assert "1 of 2 changes are not confirmed" in screen.out
    assert screen.ring_for() == "20s"


def test_who_confirms_too_late_takes_back_what_a_killed_apply_has_left(screen: Screen) -> None:
    plan_id = screen.change()
    with screen.start("apply", plan_id, "--confirm-within", "1s") as applying:
        until(lambda: screen.waits(plan_id), "the change waits")
        applying.kill()
    note = json.loads((screen.folder / "plans" / plan_id / "confirm-by.json").read_bytes())
    until(lambda: datetime.now(UTC).isoformat() > note["until"], "its time is over")
    assert screen.run("confirm") == 3
    assert "CC327" in screen.err
    assert screen.ring_for() == "20s"
    assert not screen.is_locked()


def test_a_killed_apply_is_settled_by_the_next_process(screen: Screen) -> None:
    plan_id = screen.change()
    with screen.start("apply", plan_id, "--confirm-within", "1m") as applying:
        until(lambda: screen.waits(plan_id), "the change waits")
        applying.kill()
    assert screen.is_locked()
    assert screen.run("unlock") == 5
    assert "CC329" in screen.err
    assert screen.run("confirm", "--take-back") == 0, screen.err
    assert "somebody decided so" in screen.out
    assert screen.ring_for() == "20s"
    assert not screen.is_locked()


def test_a_change_of_a_killed_apply_can_be_confirmed(screen: Screen) -> None:
    plan_id = screen.change()
    with screen.start("apply", plan_id, "--confirm-within", "1m") as applying:
        until(lambda: screen.waits(plan_id), "the change waits")
        applying.kill()
    assert screen.run("confirm", plan_id) == 0, screen.err
    assert screen.ring_for() == "30s"
    assert not screen.is_locked()
    assert "The change stays" in (screen.folder / "plans" / plan_id / "receipt.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_apply_that_is_stopped_while_it_waits_takes_back(screen: Screen, number: int) -> None:
    plan_id = screen.change()
    with screen.start("apply", plan_id, "--confirm-within", "1m") as applying:
        until(lambda: screen.waits(plan_id), "the change waits")
        applying.send_signal(number)
        out, err = applying.communicate(timeout=GENEROUS)
    assert applying.returncode == 4, err
    assert "was stopped before somebody confirmed it" in out
    assert screen.ring_for() == "20s"
    assert not screen.is_locked()


@pytest.mark.parametrize("text", ["soon", "0s", "25h", "-5m"])
def test_a_time_that_is_none_is_refused(screen: Screen, text: str) -> None:
    plan_id = screen.change()
    assert screen.run("apply", plan_id, f"--confirm-within={text}") == 1
    assert "CC809" in screen.err
    assert screen.ring_for() == "20s"


def test_where_nothing_waits_there_is_nothing_to_confirm(screen: Screen) -> None:
    assert screen.run("confirm") == 1
    assert "CC326 no change waits" in screen.err


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"format": 2}', b"\xff"])
def test_a_damaged_note_of_what_is_pending_is_said(screen: Screen, content: bytes) -> None:
    plan_id = screen.change()
    (screen.folder / "plans" / plan_id / "confirm-by.json").write_bytes(content)
    assert screen.run("confirm", plan_id) == 1
    assert "CC325" in screen.err


def test_a_forged_note_takes_nothing_back(screen: Screen) -> None:
    """A branch can bring such a file for a plan that was applied long ago; the platform's lock is not its."""
    plan_id = screen.change()
    assert screen.run("apply", plan_id) == 0
    digest = json.loads((screen.folder / "plans" / plan_id / "plan.json").read_bytes())["digest"]
    note = {
        "format": 1,
        "plan": digest,
        "within": 1.0,
        "started": "2026-01-01T00:00:00+00:00",
        "until": "2026-01-01T00:00:01+00:00",
        "before": {},
    }
    (screen.folder / "plans" / plan_id / "confirm-by.json").write_text(json.dumps(note))
    screen.run("confirm", plan_id, "--take-back")
    assert screen.ring_for() == "30s"
