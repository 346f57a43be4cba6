"""The command line as its users meet it: a project in a folder, commands, exit codes, screens."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from ccstate.adapters.embedded import connect
from ccstate.cli import COMMANDS, run
from ccstate.model import Address, Fields
from tests.cli import screens
from tests.waiting import GENEROUS, until

TOP = Path(__file__).parent.parent.parent
Golden = Callable[[str, str], None]

PROJECT = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
QUEUES = """\
queues:
  sales:
    label: Sales
    ring_for: 20s
    members: [{user: ana}]
    overflow: {after: 3m, to: voicemail/2001}
users:
  ana: {name: Ana Example, extension: "2001"}
extensions:
  "2001": {label: Ana, secret: env:SIP_2001, voicemail: {}}
"""


class Screen(screens.Screen):
    """A project in a folder, and what its commands write."""

    def write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new), encoding="utf-8")

    def by_hand(self, kind: str, name: str, fields: Fields | None) -> None:
        connect({"path": ".ccstate/demo.db"}, self.folder).by_hand(Address(kind, name), fields)

    def live(self, kind: str, name: str) -> Fields | None:
        platform = connect({"path": ".ccstate/demo.db"}, self.folder)
        return platform.observe([kind]).objects.get(Address(kind, name))

    def plan_id(self) -> str:
        found = re.search(r"ccstate apply ([0-9a-f]{12})", self.out)
        assert found, self.out
        return found[1]

    def apply_all(self) -> None:
        assert self.run("plan") == 0
        assert self.run("apply") == 0, self.out + self.err


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIP_2001", "correct horse")
    made = Screen(tmp_path, capsys)
    made.write("ccstate.yaml", PROJECT)
    made.write("desired_state/all.yaml", QUEUES)
    return made


def test_the_main_way_plans_applies_confirms_and_finds_nothing_more(screen: Screen) -> None:
    assert screen.run("validate") == 0
    assert "3 resources in 1 file: no problems" in screen.out
    assert screen.run("plan", "--detailed-exitcode") == 2
    plan_id = screen.plan_id()
    assert screen.run("apply", plan_id) == 0
    assert "Every change is confirmed: 3 of 3." in screen.out
    assert {p.name for p in (screen.folder / "plans" / plan_id).iterdir()} == {
        "plan.json",
        "plan.md",
        "journal.jsonl",
        "receipt.md",
        "record.json",
    }
    assert screen.run("plan", "--detailed-exitcode") == 0
    assert "Nothing to do" in screen.out
    assert screen.run("verify") == 0


def test_a_field_that_is_not_declared_keeps_what_was_set_by_hand(screen: Screen) -> None:
    screen.apply_all()
    before = dict(screen.live("queue", "sales") or {})
    screen.by_hand("queue", "sales", {**before, "wrap_up": "9s"})
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    screen.apply_all()
    assert screen.live("queue", "sales") == {**before, "wrap_up": "9s", "ring_for": "25s"}


def test_a_change_by_hand_is_drift_and_the_plan_says_whose_it_is(screen: Screen) -> None:
    screen.apply_all()
    assert screen.run("drift", "--detailed-exitcode") == 0
    live = dict(screen.live("queue", "sales") or {})
    screen.by_hand("queue", "sales", {**live, "ring_for": "45s"})
    assert screen.run("drift", "--detailed-exitcode") == 2
    assert "20s → 45s" in screen.out
    assert screen.run("verify") == 4
    assert screen.run("plan") == 0
    assert "45s → 20s" in screen.out
    assert "changed by hand" in screen.out


def test_what_is_not_declared_is_reported_and_left_alone(screen: Screen) -> None:
    screen.apply_all()
    screen.by_hand("queue", "old", {"label": "Old", "strategy": "random"})
    assert screen.run("plan", "--detailed-exitcode") == 0
    assert "1 object is unmanaged" in screen.out
    assert "ccstate adopt queue/old" in screen.out
    assert screen.live("queue", "old") == {"label": "Old", "strategy": "random"}


def test_adopting_writes_yaml_and_changes_nothing_on_the_platform(screen: Screen) -> None:
    screen.apply_all()
    live = {"label": "Old: [sales]", "strategy": "random", "wrap_up": "5s"}
    screen.by_hand("queue", "old", live)
    assert screen.run("adopt", "queue/old") == 0
    assert screen.run("plan") == 0
    assert "1 to adopt" in screen.out
    assert screen.run("apply") == 0
    assert screen.live("queue", "old") == live
    screen.write("desired_state/adopted.yaml", "")
    assert screen.run("plan") == 0
    assert "1 to delete" in screen.out


def test_adopting_what_is_managed_already_is_refused(screen: Screen) -> None:
    screen.apply_all()
    assert screen.run("adopt", "queue/sales") == 1
    assert "CC805" in screen.err


def test_a_released_object_stays_on_the_platform(screen: Screen) -> None:
    screen.apply_all()
    content = (screen.folder / "desired_state/all.yaml").read_text(encoding="utf-8")
    _, rest = content.split("users:")
    screen.write("desired_state/all.yaml", "release: [queue/sales]\nusers:" + rest)
    screen.apply_all()
    assert screen.live("queue", "sales") is not None
    assert screen.run("plan") == 0
    assert "unmanaged" in screen.out


def test_a_protected_object_is_not_deleted(screen: Screen) -> None:
    screen.edit(
        "desired_state/all.yaml", "    label: Sales\n", "    label: Sales\n    protect: true\n"
    )
    screen.apply_all()
    _, rest = (screen.folder / "desired_state/all.yaml").read_text(encoding="utf-8").split("users:")
    screen.write("desired_state/all.yaml", "users:" + rest)
    assert screen.run("plan") == 3
    assert "CC302" in screen.out
    assert screen.run("apply") == 3
    assert screen.live("queue", "sales") is not None


@pytest.mark.parametrize("reason", ["", "  ", "--", "?!", "7"])
def test_a_reason_has_words(screen: Screen, reason: str) -> None:
    assert screen.run("plan", "--force", reason) == 1
    assert "'--force': a reason needs words" in screen.err


def test_an_emptied_desired_state_is_refused_however_small(screen: Screen) -> None:
    screen.apply_all()
    screen.write("desired_state/all.yaml", "")
    assert screen.run("plan") == 3
    assert "CC315 the plan would delete everything that ccstate manages on demo: 3 of 3" in (
        " ".join(screen.out.split())
    )
    assert screen.run("apply") == 3
    assert screen.live("queue", "sales") is not None
    (screen.folder / "desired_state/all.yaml").unlink()
    assert screen.run("plan") == 3
    (screen.folder / "desired_state").rmdir()
    assert screen.run("plan") == 1
    assert "there is no folder desired_state" in screen.err


URGENT = """\
users:
  ana: {name: Ana Kay, team: days}
  ben: {name: Ben}
teams:
  days: {label: Days}
  nights: {label: Nights}
"""


def test_a_plan_for_one_object_holds_what_it_needs_and_says_what_it_leaves(screen: Screen) -> None:
    screen.write("desired_state/all.yaml", "users:\n  ana: {name: Ana}\n  old: {name: Old}\n")
    screen.apply_all()
    screen.write("desired_state/all.yaml", URGENT)
    assert screen.run("plan", "--only", "user/ana", "--format", "json") == 0
    plan = orjson.loads(screen.out)
    addresses = [change["address"] for step in plan["steps"] for change in step["changes"]]
    assert addresses == ["team/days", "user/ana"]
    assert (plan["only"], plan["left_out"]) == (["user/ana"], 3)
    assert plan["managed"] == {"demo": {"team": 1, "user": 2}}
    assert screen.run("plan", "--only", "user/ana") == 0
    assert "3 other changes are left out" in screen.out
    assert screen.run("apply", screen.plan_id()) == 0
    live = screen.live("user", "ana") or {}
    assert (live["name"], live["team"]) == ("Ana Kay", "days")
    assert screen.live("team", "nights") is None
    assert screen.run("plan", "--only", "user/ana", "--detailed-exitcode") == 0
    assert "Nothing to do: user/ana is as the desired state says." in screen.out
    assert "3 other changes are left out" in screen.out
    assert screen.run("plan", "--only", "user/anna") == 1
    assert 'did you mean "user/ana"?' in screen.err


def test_what_names_a_deleted_object_lets_go_of_it_in_the_plan_for_it(screen: Screen) -> None:
    screen.write("desired_state/all.yaml", URGENT)
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "  days: {label: Days}\n", "")
    screen.edit("desired_state/all.yaml", "team: days", "team: null")
    screen.edit("desired_state/all.yaml", "name: Ben", "name: Benjamin")
    assert screen.run("plan", "--only", "team/days", "--format", "json") == 0
    plan = orjson.loads(screen.out)
    addresses = [change["address"] for step in plan["steps"] for change in step["changes"]]
    assert (addresses, plan["left_out"]) == (["user/ana", "team/days"], 1)


def test_a_deletion_that_can_never_succeed_is_no_plan_to_apply(screen: Screen) -> None:
    screen.write("desired_state/all.yaml", QUEUES + "  '3001': {}\n")
    screen.edit("desired_state/all.yaml", "after: 3m, to: voicemail/2001", "full: extension/3001")
    screen.apply_all()
    screen.write("desired_state/all.yaml", QUEUES)
    assert screen.run("plan") == 3
    text = " ".join(screen.out.split())
    assert "CC316 extension/3001 would be deleted on demo, but queue/sales still names it" in text
    assert (
        "declare overflow.full of queue/sales in desired_state/all.yaml, null to clear it" in text
    )
    screen.edit("desired_state/all.yaml", "{after: 3m,", "{full: null, after: 3m,")
    screen.apply_all()
    assert screen.live("extension", "3001") is None


def test_a_rename_is_reported_as_a_pair(screen: Screen) -> None:
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "  sales:\n", "  sales-au:\n")
    assert screen.run("plan") == 0
    text = " ".join(screen.out.split())
    assert "1 pair looks like one object with another name" in text
    assert "does not move to the new one: queue/sales → queue/sales-au" in text
    assert screen.run("plan", "--format", "markdown") == 0
    assert "`queue/sales → queue/sales-au`" in screen.out
    assert screen.run("plan", "--format", "json") == 0
    pair = {"before": "queue/sales", "after": "queue/sales-au"}
    assert orjson.loads(screen.out)["renames"] == [pair]


def test_a_plan_that_deletes_too_much_asks_for_a_reason(screen: Screen) -> None:
    many = "".join(f"  t{n}: {{label: T{n}}}\n" for n in range(12))
    screen.write("desired_state/many.yaml", "teams:\n" + many)
    screen.apply_all()
    screen.write("desired_state/many.yaml", "")
    assert screen.run("plan") == 3
    assert "the plan would delete 12 of 12 teams on demo; the limit is 30 %" in " ".join(
        screen.out.split()
    )
    assert screen.run("plan", "--force", "moving house") == 0
    assert "moving house" in screen.out
    assert screen.run("apply", screen.plan_id()) == 0


def test_a_plan_that_was_edited_is_refused(screen: Screen) -> None:
    screen.run("plan")
    path = screen.folder / "plans" / screen.plan_id() / "plan.json"
    path.write_bytes(path.read_bytes().replace(b'"20s"', b'"21s"'))
    assert screen.run("apply") == 3
    assert "CC304" in screen.err
    assert screen.live("queue", "sales") is None


def test_a_bare_apply_takes_what_the_latest_plan_said(screen: Screen) -> None:
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    screen.run("plan")
    first = screen.plan_id()
    screen.edit("desired_state/all.yaml", "ring_for: 25s", "ring_for: 30s")
    screen.run("plan")
    screen.edit("desired_state/all.yaml", "ring_for: 30s", "ring_for: 25s")
    screen.run("plan")
    assert screen.plan_id() == first
    assert screen.run("apply") == 0
    assert (screen.live("queue", "sales") or {})["ring_for"] == "25s"


def test_a_bare_apply_does_nothing_after_a_plan_of_nothing(screen: Screen) -> None:
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    screen.run("plan")
    screen.edit("desired_state/all.yaml", "ring_for: 25s", "ring_for: 20s")
    screen.run("plan")
    assert screen.run("apply") == 1
    assert "no plan waits" in screen.err
    assert (screen.live("queue", "sales") or {})["ring_for"] == "20s"


def test_what_was_done_and_undone_can_be_done_again(screen: Screen) -> None:
    screen.apply_all()
    ids = []
    for old, new in (("20s", "25s"), ("25s", "20s"), ("20s", "25s"), ("25s", "20s")):
        screen.edit("desired_state/all.yaml", f"ring_for: {old}", f"ring_for: {new}")
        screen.run("plan")
        ids.append(screen.plan_id())
        assert screen.run("apply", ids[-1]) == 0
        assert (screen.live("queue", "sales") or {})["ring_for"] == new
    assert len(set(ids)) == 4


def test_a_mailbox_without_fields_reaches_the_platform(screen: Screen) -> None:
    screen.apply_all()
    assert (screen.live("extension", "2001") or {})["voicemail"] == {}
    screen.edit("desired_state/all.yaml", "to: voicemail/2001", "to: extension/2001")
    screen.edit("desired_state/all.yaml", "voicemail: {}", "voicemail: null")
    screen.apply_all()
    assert "voicemail" not in (screen.live("extension", "2001") or {})
    screen.edit("desired_state/all.yaml", "voicemail: null", "voicemail: {email: a@example.com}")
    screen.apply_all()
    assert (screen.live("extension", "2001") or {})["voicemail"] == {"email": "a@example.com"}
    screen.edit("desired_state/all.yaml", "voicemail: {email: a@example.com}", "voicemail: {}")
    screen.apply_all()
    assert (screen.live("extension", "2001") or {})["voicemail"] == {"email": "a@example.com"}
    assert screen.run("plan", "--detailed-exitcode") == 0


def test_lifting_a_protection_shows_in_the_plan(screen: Screen) -> None:
    screen.edit(
        "desired_state/all.yaml", "    label: Sales\n", "    label: Sales\n    protect: true\n"
    )
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "    protect: true\n", "")
    screen.run("plan")
    assert "protect  true → (not set)" in screen.out


def test_a_plan_that_is_no_plan_is_reported(screen: Screen) -> None:
    screen.run("plan")
    path = screen.folder / "plans" / screen.plan_id() / "plan.json"
    for content in (b"", b"[]", b'{"version": 1}', b"\xff"):
        path.write_bytes(content)
        assert screen.run("apply") == 1
        assert "CC306" in screen.err


def test_a_plan_is_stale_once_the_platform_changed(screen: Screen) -> None:
    screen.apply_all()
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_for: 25s")
    screen.run("plan")
    live = dict(screen.live("queue", "sales") or {})
    screen.by_hand("queue", "sales", {**live, "ring_for": "45s"})
    assert screen.run("apply") == 3
    assert "CC303" in screen.err
    assert "queue/sales" in screen.err
    assert (screen.live("queue", "sales") or {})["ring_for"] == "45s"


def test_an_applied_plan_is_not_applied_again(screen: Screen) -> None:
    screen.run("plan")
    plan_id = screen.plan_id()
    assert screen.run("apply", plan_id[:5]) == 0
    assert screen.run("apply", plan_id) == 3
    assert "CC502" in screen.err


FAULTY = """\
version: 1
targets:
  demo:
    adapter: embedded
    connection: {path: .ccstate/demo.db, faults: [{on: queue/sales, fault: %s}]}
"""


@pytest.mark.parametrize(
    "fault,outcome",
    [
        ("drop", "queue/sales is not there"),
        ("alter, field: ring_for", "ring_for is"),
        ("refuse", "refused"),
    ],
)
def test_what_is_not_confirmed_exits_4_and_names_a_corrective_plan(
    screen: Screen, fault: str, outcome: str
) -> None:
    screen.write("ccstate.yaml", FAULTY % f"{fault}, times: 1")
    assert screen.run("plan") == 0
    assert screen.run("apply") == 4
    assert outcome in " ".join(screen.out.split())
    corrective = screen.plan_id()
    assert screen.run("apply", corrective) == 0
    assert screen.run("verify") == 0


def test_a_platform_that_vanishes_can_be_taken_up_again(screen: Screen) -> None:
    screen.write("ccstate.yaml", FAULTY % "vanish, times: 1")
    screen.run("plan")
    plan_id = screen.plan_id()
    assert screen.run("apply") == 4
    assert f"ccstate apply {plan_id} --resume" in screen.err
    assert screen.run("apply", plan_id) == 3
    assert "CC502" in screen.err
    assert screen.run("apply") == 1
    assert f"ccstate apply {plan_id} --resume" in screen.err
    assert screen.run("apply", "--resume") == 0, screen.out + screen.err
    assert screen.run("verify") == 0
    journal = (screen.folder / "plans" / plan_id / "journal.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["seq"] for line in journal] == list(range(1, len(journal) + 1))


@pytest.mark.process
def test_an_apply_stopped_from_the_keyboard_goes_on_where_it_was(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.write("ccstate.yaml", FAULTY % "slow, for: 5m")
    screen.run("plan")
    plan_id = screen.plan_id()
    # A shell's background job ignores Ctrl-C; the child listens to it again.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        f"from ccstate.cli import run; sys.exit(run(['--project', {str(screen.folder)!r}, 'apply']))"
    )
    journal = screen.folder / "plans" / plan_id / "journal.jsonl"
    with subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True
    ) as child:
        until(
            lambda: (
                child.poll() is not None
                or (journal.exists() and b"queue/sales" in journal.read_bytes())
            ),
            "the apply has begun",
        )
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=GENEROUS)
    assert child.returncode == 130
    assert f"ccstate apply {plan_id} --resume" in said
    assert "Traceback" not in said
    monkeypatch.setattr("ccstate.adapters.embedded.connection.time.sleep", lambda _: None)
    assert screen.run("apply", plan_id, "--resume") == 0
    assert screen.run("verify") == 0


def test_secrets_never_reach_a_file_that_people_read(screen: Screen) -> None:
    screen.apply_all()
    assert screen.run("show", "extension/2001") == 0
    assert "correct horse" not in screen.out
    written = [p for p in screen.folder.rglob("*") if p.is_file() and p.suffix != ".db"]
    assert not [p for p in written if b"correct horse" in p.read_bytes()]


def test_a_changed_secret_is_seen_and_not_shown(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.apply_all()
    monkeypatch.setenv("SIP_2001", "battery staple")
    assert screen.run("plan") == 0
    assert "secret replaced, from env:SIP_2001" in screen.out
    monkeypatch.setenv("SIP_2001", "yet another")
    assert screen.run("apply") == 4
    assert "the secret changed since the plan was made" in " ".join(screen.out.split())


@pytest.mark.parametrize("form", ["json", "github", "sarif", "junit", "markdown", "text"])
def test_validate_reports_in_every_form(screen: Screen, form: str) -> None:
    screen.edit("desired_state/all.yaml", "ring_for: 20s", "ring_fro: 20s")
    assert screen.run("validate", "--format", form) == 1
    assert "CC101" in screen.out


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_a_plan_in_another_form_leaves_standard_output_to_the_plan(
    screen: Screen, form: str
) -> None:
    assert screen.run("plan", "--format", form) == 0
    if form == "json":
        assert orjson.loads(screen.out)["version"] == 2
    assert "plan.json" in screen.err


def test_the_same_plan_has_the_same_bytes(screen: Screen) -> None:
    screen.run("plan", "--format", "json")
    first = screen.out
    screen.run("plan", "--format", "json")
    assert screen.out == first


def test_show_tells_what_is_declared_applied_and_live(screen: Screen, golden: Golden) -> None:
    screen.apply_all()
    live = dict(screen.live("queue", "sales") or {})
    screen.by_hand("queue", "sales", {**live, "ring_for": "45s", "wrap_up": "9s"})
    screen.edit("desired_state/all.yaml", "after: 3m", "after: 4m")
    assert screen.run("show", "queue/sales") == 0
    golden("cli/show.txt", screen.out)


def test_show_finds_no_difference_where_verify_finds_none(screen: Screen) -> None:
    members = 'members: [{user: ana}, {extension: "2001", penalty: 10}]'
    screen.edit("desired_state/all.yaml", "members: [{user: ana}]", members)
    screen.edit(
        "desired_state/all.yaml", "extensions:\n", 'extensions:\n  "2900": {voicemail: {}}\n'
    )
    screen.apply_all()
    with_mail: Fields = {"voicemail": {"email": "ana@centre.example"}}
    screen.by_hand("extension", "2900", {**(screen.live("extension", "2900") or {}), **with_mail})
    assert screen.run("verify") == 0, screen.out
    assert screen.run("show", "queue/sales") == 0
    assert "members         extension 2001 (penalty 10), user ana\n" in screen.out
    for address in ("queue/sales", "extension/2001", "extension/2900", "user/ana"):
        assert screen.run("show", address) == 0
        assert "desired:" not in screen.out
        assert "changed by hand" not in screen.out
    screen.edit("desired_state/all.yaml", "{voicemail: {}}", "{voicemail: null}")
    assert screen.run("show", "extension/2900") == 0
    assert "email ana@centre.example  desired: (not set)\n" in screen.out


def test_drift_and_verify_as_people_read_them(screen: Screen, golden: Golden) -> None:
    screen.apply_all()
    live = dict(screen.live("queue", "sales") or {})
    screen.by_hand("queue", "sales", {**live, "ring_for": "45s"})
    screen.by_hand("queue", "new", {"label": "New"})
    screen.by_hand("user", "ana", None)
    screen.run("drift")
    drift = screen.out
    screen.run("verify")
    golden("cli/drift-and-verify.txt", drift + "-- verify --\n" + screen.out)


def test_a_plan_can_be_shown_again(screen: Screen) -> None:
    screen.run("plan")
    first, plan_id = screen.out, screen.plan_id()
    assert screen.run("show", plan_id[:6]) == 0
    assert screen.out == first


WRONG = [
    (["show", "queue"], "CC306"),
    (["show", "quue/sales"], "CC802"),
    (["show", "queue/salse"], "did you mean"),
    (["plan", "--target", "dmeo"], "CC801"),
    (["apply", "zzzz"], "CC306"),
    (["apply", "--resume"], "no apply was interrupted"),
    (["adopt", "queue/none"], "CC805"),
    (["adopt", "queue/none", "--file", "/etc/x.yaml"], "CC804"),
    (["fmt", "missing.yaml"], "CC001"),
    (["plna"], "Did you mean `ccstate plan`?"),
    (["plan", "--frobnicate"], "No such option"),
]


@pytest.mark.parametrize("arguments,words", WRONG, ids=str)
def test_a_mistake_on_the_command_line_is_reported(
    screen: Screen, arguments: list[str], words: str
) -> None:
    assert screen.run(*arguments) == 1
    assert words in screen.err
    assert "Traceback" not in screen.err


def test_without_a_project_the_way_to_one_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--project", str(tmp_path), "plan"]) == 1
    assert "ccstate init" in capsys.readouterr().err


def test_init_makes_a_project_that_plans_and_applies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    assert run(["validate"]) == 0
    assert run(["fmt", "--check"]) == 0
    capsys.readouterr()
    assert run(["plan"]) == 0
    shown = capsys.readouterr().out
    assert shown in (TOP / "README.md").read_text(encoding="utf-8"), "the README shows this plan"
    assert run(["apply"]) == 0
    assert run(["init"]) == 1
    assert "CC008" in capsys.readouterr().err


def test_the_project_is_found_from_a_folder_inside(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(screen.folder / "desired_state")
    assert run(["validate"]) == 0


def test_a_resource_that_no_target_manages_is_a_warning(screen: Screen) -> None:
    screen.edit(
        "ccstate.yaml", "adapter: embedded,", "adapter: embedded, kinds: [queue, extension],"
    )
    assert screen.run("validate") == 0
    assert "CC115" in screen.out


def test_targets_share_the_desired_state_by_site(screen: Screen) -> None:
    two = "version: 1\ntargets:\n" + "".join(
        f"  {name}: {{adapter: embedded, sites: [{name}], connection: {{path: .ccstate/{name}.db}}}}\n"
        for name in ("north", "south")
    )
    screen.write("ccstate.yaml", two)
    sites = "sites: {north: {timezone: UTC}, south: {timezone: UTC}}\n"
    teams = "teams: {n: {site: north}, s: {site: south}, both: {}}\n"
    screen.write("desired_state/all.yaml", sites + teams)
    screen.apply_all()
    north = connect({"path": ".ccstate/north.db"}, screen.folder).observe(["team", "site"]).objects
    assert {str(address) for address in north} == {"site/north", "team/n", "team/both"}
    assert screen.run("plan", "--detailed-exitcode") == 0


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert run([command, "--help"]) == 0
        assert len(capsys.readouterr().out.splitlines()) > 5


@pytest.mark.process
def test_help_imports_nothing_heavy() -> None:
    heavy = "pydantic ruamel deepdiff git networkx jsonschema orjson"
    program = (
        "import sys; from ccstate.cli import run; run(['--help']);"
        f"sys.exit(str([m for m in '{heavy}'.split() if m in sys.modules] or ''))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == ""
    assert "Commands:" in done.stdout


@pytest.mark.process
def test_a_closed_pipe_is_no_error(screen: Screen) -> None:
    command = [sys.executable, "-m", "ccstate", "--project", str(screen.folder), "schema"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stderr
        assert child.stdout.readline() == "{\n"
        child.stdout.close()
        assert child.stderr.read() == ""


def test_the_worked_example_is_planned_applied_and_confirmed(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    golden: Golden,
) -> None:
    for name in ("desired_state", "ccstate.yaml"):
        source = TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    text = "".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.yaml"))
    for name in set(re.findall(r"env:([A-Z0-9_]+)", text)):
        monkeypatch.setenv(name, f"made up for {name}")
    screen = Screen(tmp_path, capsys)
    assert screen.run("fmt", "--check") == 0, screen.out + screen.err
    assert screen.run("plan") == 0
    golden("cli/worked-example-plan.txt", re.sub(r"[0-9a-f]{12}", "PLAN-ID", screen.out))
    assert screen.run("apply") == 0
    assert screen.run("plan", "--detailed-exitcode") == 0


@pytest.mark.parametrize(
    "target, code, message",
    [
        ("{^adapter: embeded}", "CC401", 'did you mean "embedded"?'),
        ("{adapter: embedded}", "CC402", '"path" is missing'),
        ("{adapter: embedded, connection: {^pth: x}}", "CC402", 'did you mean "path"?'),
        ('{adapter: embedded, connection: {^path: ""}}', "CC402", "the path of a file"),
        ("{adapter: embedded, connection: {^path: 7}}", "CC402", "path must be text, not 7"),
        (
            "{adapter: embedded, connection: {path: x, faults: [{^on: quee/a, fault: drop}]}}",
            "CC402",
            'did you mean "queue"?',
        ),
        (
            "{adapter: embedded, connection: {path: x, faults: [{on: '*', ^fault: dropp}]}}",
            "CC402",
            'did you mean "drop"?',
        ),
        (
            "{adapter: asterisk, connection: {etc: ast, ami: {secret: env:A, ^port: 99999}}}",
            "CC402",
            "connection.ami.port must be at most 65535",
        ),
        (
            "{adapter: asterisk, connection: {ami: {secret: env:A, ^timeout: soon}}}",
            "CC402",
            "a duration",
        ),
        ("{adapter: asterisk, connection: {ami: {^secret: hunter2}}}", "CC116", "in clear"),
    ],
)
def test_what_is_wrong_with_a_platform_is_reported_with_its_place(
    screen: Screen, target: str, code: str, message: str
) -> None:
    line = f"    {target}"
    place = f"4:{line.index('^') + 1}" if "^" in target else "3:3"
    screen.write("ccstate.yaml", f"version: 1\ntargets:\n  a:\n{line.replace('^', '')}\n")
    assert screen.run("validate") == 1
    assert f"ccstate.yaml:{place}: {code} " in screen.out
    assert message in screen.out
    assert "hunter2" not in screen.out
    assert "should match pattern" not in screen.out
    for command in (
        ("plan",),
        ("verify",),
        ("drift",),
        ("show", "queue/sales"),
        ("adopt", "--all"),
    ):
        assert screen.run(*command) == 1
        assert f"ccstate.yaml:{place}: {code} " in screen.err


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("embedded, connection: {path: a.db}", "embedded, connection: {path: a.db}", True),
        ("embedded, connection: {path: a.db}", "embedded, connection: {path: ./x/../a.db}", True),
        ("embedded, connection: {path: a.db}", "embedded, connection: {path: linked.db}", True),
        ("embedded, connection: {path: a.db}", "embedded, connection: {path: b.db}", False),
        (
            "asterisk, connection: {etc: ast, ami: {secret: env:A}}",
            "asterisk, connection: {etc: ./ast/, ami: {secret: env:B, port: 5039}}",
            True,
        ),
        (
            "asterisk, connection: {etc: ast, ami: {secret: env:A, host: localhost}}",
            "asterisk, connection: {etc: other, ami: {secret: env:A}}",
            True,
        ),
        (
            "asterisk, connection: {etc: /e, ami: {secret: env:A, host: a}, sftp: {host: PBX, username: x}}",
            "asterisk, connection: {etc: /e/, ami: {secret: env:A, host: b}, sftp: {host: pbx, username: y}}",
            True,
        ),
        (
            "asterisk, connection: {etc: ast, ami: {secret: env:A, host: a}}",
            "asterisk, connection: {etc: other, ami: {secret: env:A, host: b}}",
            False,
        ),
    ],
)
def test_two_targets_on_one_platform_are_refused(
    screen: Screen, one: str, other: str, same: bool
) -> None:
    (screen.folder / "linked.db").symlink_to(screen.folder / "a.db")
    targets = f"  a: {{adapter: {one}}}\n  b: {{adapter: {other}, kinds: [queue]}}\n"
    screen.write("ccstate.yaml", f"version: 1\ntargets:\n{targets}")
    assert screen.run("validate") == (1 if same else 0)
    text = "ccstate.yaml:4:3: CC123 targets a and b are the same platform"
    assert (text in screen.out) == same
    if same:
        assert screen.run("plan") == 1
        assert text in screen.err


def test_rules_are_not_spoken_of_where_there_is_no_project(screen: Screen) -> None:
    (screen.folder / "ccstate.yaml").unlink()
    assert screen.run("validate") == 1
    assert "CC007" in screen.out
    assert "rules" not in screen.err


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1999-12-31", "2100-01-01"])
def test_a_day_that_cannot_be_judged_is_refused(screen: Screen, day: str) -> None:
    assert screen.run("validate", "--at", day) == 1
    assert f"{day} is too far away" in screen.err
    for more in ((), ("--all",)):
        assert screen.run("simulate", "queue/sales", "--at", day, *more) == 1
        assert "is no moment" in screen.err


@pytest.mark.parametrize("day", ["2000-01-01", "2099-12-31", "2096-02-29"])
def test_the_first_and_last_days_are_judged(screen: Screen, day: str) -> None:
    assert screen.run("validate", "--at", day) == 0
    assert screen.run("simulate", "queue/sales", "--at", f"{day}T12:00") == 0
    assert screen.run("simulate", "--all", "--at", day) == 0


@pytest.mark.parametrize(
    "command",
    [
        ("schema", "--write", "taken/below"),
        ("init", "taken/new"),
        ("graph", "queue/sales", "--output", "taken/a.svg"),
        ("graph", "queue/sales", "--output", "/dev/full", "--format", "svg"),
        ("graph", "queue/sales", "--output", "/proc/a.svg"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_written_is_reported_in_one_way(
    screen: Screen, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen.write("taken", "a file, where a folder would have to be")
    monkeypatch.chdir(screen.folder)
    assert screen.run(*command) == 1
    assert "CC813" in screen.err
    assert "cannot be written: " in screen.err
    assert (screen.folder / "taken").read_text() == "a file, where a folder would have to be"


@pytest.mark.parametrize("blocked", ["plans", ".ccstate"])
def test_a_plan_that_cannot_be_kept_is_reported(screen: Screen, blocked: str) -> None:
    screen.write(blocked, "in the way")
    screen.edit("ccstate.yaml", ".ccstate/demo.db", "demo.db")
    assert screen.run("plan") == 1
    assert "CC813" in screen.err


def test_nothing_is_left_half_written_by_adopt_and_fmt(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(screen.folder)
    screen.apply_all()
    screen.by_hand("team", "night", {"label": "Night"})
    assert screen.run("adopt", "team/night") == 0
    assert screen.out == "Wrote 1 object to desired_state/adopted.yaml. Next: ccstate plan\n"
    screen.by_hand("team", "day", {"label": "Day"})
    (screen.folder / "desired_state/in-the-way").write_text("x")
    assert screen.run("adopt", "team/day", "--file", "desired_state/in-the-way/a.yaml") == 1
    assert "desired_state/in-the-way/a.yaml cannot be" in screen.err
    assert sorted(p.name for p in (screen.folder / "desired_state").iterdir()) == [
        "adopted.yaml",
        "all.yaml",
        "in-the-way",
    ]


@pytest.mark.git
def test_a_history_says_whether_it_is_all(screen: Screen) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=screen.folder, check=True)

    git("init", "-q")
    for ring in ("20s", "25s", "30s"):
        screen.write("desired_state/all.yaml", QUEUES.replace("ring_for: 20s", f"ring_for: {ring}"))
        git("add", "-A")
        git("commit", "-qm", f"Ring for {ring}")
    assert screen.run("history", "queue/sales") == 0
    assert screen.out.startswith("queue/sales: 3 commits\n")
    assert screen.run("history", "queue/sales", "--limit", "1") == 0
    assert screen.out.startswith("queue/sales: the newest 1 commit; --limit shows more\n")
    assert "Ring for 30s" in screen.out
    assert "Ring for 25s" not in screen.out
    assert screen.run("history", "queue/sales", "--limit", "3") == 0
    assert screen.out.startswith("queue/sales: 3 commits\n")
    assert screen.run("history", "queue/sales", "--limit", "-1") == 1


def test_a_site_of_a_target_that_is_not_declared_is_reported(screen: Screen) -> None:
    screen.edit("ccstate.yaml", "adapter: embedded", "adapter: embedded, sites: [perth, sydny]")
    screen.write(
        "desired_state/sites.yaml", "sites:\n  sydney: {timezone: UTC}\n  perth: {timezone: UTC}\n"
    )
    assert screen.run("validate") == 0
    assert 'CC124 target demo manages the site "sydny", which no file declares' in screen.out
    assert 'did you mean "sydney"?' in screen.out
    assert '"perth"' not in screen.out
    assert "ccstate.yaml:3:" in screen.out


def test_places_are_shown_as_seen_from_here(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert screen.run("plan") == 0
    plan_id = screen.plan_id()
    screen.edit(f"plans/{plan_id}/plan.json", "Sales", "Salse")
    monkeypatch.chdir(screen.folder / "desired_state")
    assert screen.run("apply", plan_id) == 3
    assert f"{screen.folder}/plans/{plan_id}/plan.json: CC304" in screen.err
    monkeypatch.chdir(screen.folder)
    assert screen.run("apply", plan_id) == 3
    assert f"\nplans/{plan_id}/plan.json: CC304" in f"\n{screen.err}"
