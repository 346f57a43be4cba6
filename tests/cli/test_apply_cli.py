"""`ccstate apply` where its surroundings fail: streams, disks, signals, commits."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ccstate.adapter import Holder
from ccstate.adapters.embedded import connect
from tests.cli.screens import PROGRAM, Screen

FULL = "/dev/full"
PLATFORM = ".ccstate/demo.db"
PROJECT = (
    f"version: 1\ntargets: {{demo: {{adapter: embedded, connection: {{path: {PLATFORM}}}}}}}\n"
)
FAULTY = (
    "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: "
    f"{PLATFORM}, faults: [{{on: site/north, fault: %s}}]}}}}}}\n"
)
SITES = "sites: {north: {timezone: UTC, label: One}, south: {timezone: UTC}}\n"


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    made = Screen(tmp_path, capsys)
    (tmp_path / "ccstate.yaml").write_text(PROJECT)
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state/all.yaml").write_text(SITES)
    return made


def planned(screen: Screen) -> str:
    """Plans, and returns the plan's id."""
    assert screen.run("plan") == 0, screen.err
    (plan,) = (p.parent for p in (screen.folder / "plans").glob("*/plan.json") if is_new(p.parent))
    return plan.name


def is_new(plan: Path) -> bool:
    return not (plan / "journal.jsonl").exists()


def live(screen: Screen) -> set[str]:
    seen = connect({"path": PLATFORM}, screen.folder).observe(["site"])
    return {address.name for address in seen.objects}


def waited_for(condition: Callable[[], bool]) -> None:
    """Returns once it holds; after a minute, however slow the machine, it never will."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


def started(screen: Screen, *arguments: str) -> "subprocess.Popen[str]":
    """`ccstate` in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, "--project", str(screen.folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def in_a_shell(screen: Screen, command: str) -> "subprocess.CompletedProcess[str]":
    """`ccstate` with the redirections of a shell."""
    line = command.replace("ccstate", f"{sys.executable} -m ccstate --project {screen.folder}")
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


# Standard streams that are full, closed, or without a reader.


@pytest.mark.process
@pytest.mark.parametrize("stream", [">/dev/full", ">&-", ">&- <&-", ">/dev/full 2>/dev/full"])
def test_an_apply_that_cannot_print_says_by_its_code_what_became_of_the_plan(
    screen: Screen, stream: str
) -> None:
    plan_id = planned(screen)
    done = in_a_shell(screen, f"ccstate apply {stream}")
    assert done.returncode == 0, done.stderr
    assert live(screen) == {"north", "south"}
    assert (screen.folder / "plans" / plan_id / "receipt.md").exists()
    if "2>" not in stream:
        assert "CC611 the output could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert connect({"path": PLATFORM}, screen.folder).holder() is None


@pytest.mark.process
@pytest.mark.parametrize("reader", ["| head -c0", ">/dev/full", ">&-"])
def test_an_apply_that_is_not_confirmed_exits_4_in_every_format(
    screen: Screen, reader: str
) -> None:
    (screen.folder / "ccstate.yaml").write_text(FAULTY % "drop")
    planned(screen)
    done = in_a_shell(screen, f"set -o pipefail; (sleep 0.1; ccstate apply) {reader}")
    assert done.returncode == 4, done.stderr


@pytest.mark.process
@pytest.mark.parametrize("command", ["validate", "plan", "schema", "--help", "rule", "verify"])
@pytest.mark.parametrize("stream", [">/dev/full", ">&-"])
def test_a_command_that_only_prints_fails_where_it_cannot(
    screen: Screen, command: str, stream: str
) -> None:
    done = in_a_shell(screen, f"ccstate {command} {stream}")
    assert done.returncode == 1, done.stderr
    assert "CC611 the output could not be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.process
@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-"])
def test_remarks_without_a_reader_change_nothing(screen: Screen, stream: str) -> None:
    planned(screen)
    done = in_a_shell(screen, f"ccstate apply {stream}")
    assert done.returncode == 0
    assert "Every change is confirmed" in done.stdout
    assert in_a_shell(screen, f"ccstate apply {stream}").returncode == 1


@pytest.mark.process
def test_signs_that_a_terminal_does_not_know_are_written_otherwise(screen: Screen) -> None:
    screen.run("plan")
    (screen.folder / "desired_state/all.yaml").write_text(SITES.replace("One", "Two"))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "ccstate", "--project", str(screen.folder), "graph", "--all"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert "Traceback" not in done.stderr


# Records that cannot be written. As root nothing is forbidden, but a folder is no file.


@pytest.mark.parametrize(
    "blocked, code, said",
    [
        ("plans/{}/receipt.md/", 0, "CC612 the receipt could not be written: Is a directory"),
        (".ccstate/latest-plan/", 0, "CC612 which plan is the latest could not be noted"),
    ],
)
def test_a_record_that_cannot_be_written_after_an_apply_is_reported_and_changes_no_code(
    screen: Screen, blocked: str, code: int, said: str
) -> None:
    plan_id = planned(screen)
    place = screen.folder / blocked.format(plan_id)
    place.unlink(missing_ok=True)
    place.mkdir(parents=True)
    assert screen.run("apply", plan_id) == code
    assert said in screen.err_flat
    assert "Every change is confirmed: 2 of 2." in screen.out
    assert live(screen) == {"north", "south"}


def test_a_journal_that_is_a_folder_is_refused_before_anything_is_written(screen: Screen) -> None:
    plan_id = planned(screen)
    (screen.folder / "plans" / plan_id / "journal.jsonl").mkdir()
    for arguments in ((plan_id,), (plan_id, "--resume"), ("--resume",), ()):
        assert screen.run("apply", *arguments) in {1, 3}
        assert "Traceback" not in screen.err
    assert screen.run("apply", plan_id, "--resume") == 1
    assert "CC605 the journal cannot be read and written: Is a directory" in screen.err_flat
    assert live(screen) == set()
    assert screen.run("history", "site/north") == 1
    assert screen.run("unlock") == 0


@pytest.mark.parametrize("spoiled", ["plans", ".ccstate"])
def test_a_file_in_place_of_a_folder_is_reported_with_its_name(
    screen: Screen, spoiled: str
) -> None:
    shutil.rmtree(screen.folder / spoiled, ignore_errors=True)
    (screen.folder / spoiled).write_text("")
    assert screen.run("plan") == 1
    assert spoiled in screen.err
    assert "Traceback" not in screen.err
    assert screen.run("apply") == 1


def test_a_full_disk_in_the_middle_is_reported_and_the_rest_is_done_later(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each write of the journal in turn; nothing is done twice, nothing is left out."""
    from ccstate.apply import journal

    real = journal._append
    for turn in range(1, 6):
        for name in ("plans", ".ccstate"):
            shutil.rmtree(screen.folder / name, ignore_errors=True)
        plan_id = planned(screen)
        writes: list[Path] = []

        def full(
            path: Path, content: bytes, size: int, *, at: int = turn, seen: list[Path] = writes
        ) -> int:
            seen.append(path)
            if len(seen) == at:
                raise OSError(28, "No space left on device", str(path))
            return real(path, content, size)

        with monkeypatch.context() as patch:
            patch.setattr(journal, "_append", full)
            assert screen.run("apply", plan_id) == 4
        assert "CC608" in screen.err
        assert "No space left on device" in screen.err_flat
        assert f"ccstate apply {plan_id} --resume" in screen.err_flat
        is_reported = "2 changes were performed and not recorded" in screen.err_flat
        assert is_reported == (turn == 3)
        assert live(screen) == (set() if turn < 3 else {"north", "south"})
        assert screen.run("apply", plan_id, "--resume") == 0, screen.err
        assert live(screen) == {"north", "south"}


# Signals.

# Asks the process to stop at the moment when something is imported for the first time.
IMPORTING = """
import builtins, os, signal, sys
name, number = sys.argv[1], int(sys.argv[2])
signal.signal(signal.SIGINT, signal.default_int_handler)
real = builtins.__import__
def importing(module, *rest, **named):
    if module == name and module not in sys.modules:
        os.kill(os.getpid(), number)
    return real(module, *rest, **named)
builtins.__import__ = importing
sys.argv = ["ccstate", *sys.argv[3:]]
from ccstate.__main__ import main
main()
"""


@pytest.mark.process
@pytest.mark.parametrize(
    "module", ["click", "pydantic", "ryaml", "orjson", "ccstate.plan", "sqlite3"]
)
def test_ctrl_c_while_something_is_imported_shows_no_traceback(screen: Screen, module: str) -> None:
    command = [sys.executable, "-c", IMPORTING, module, str(int(signal.SIGINT))]
    done = subprocess.run(
        [*command, "--project", str(screen.folder), "plan"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == "interrupted"
    assert done.returncode == 130


# Ctrl-C reaches every process of a terminal's group, also those that parse beside this one.
PARSING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import ccstate.desired
load = sys.modules["ccstate.desired.load"]
load.PARALLEL_FROM, os.cpu_count = 1, lambda: 2
here, keep = os.getpid(), load._keep
def kept(*arguments):
    if os.getpid() != here:
        os.killpg(0, signal.SIGINT)
    keep(*arguments)
kept.__module__, kept.__qualname__ = keep.__module__, keep.__qualname__
load._keep = kept
from ccstate.__main__ import main
main()
"""


@pytest.mark.process
def test_ctrl_c_while_files_are_parsed_side_by_side_shows_no_traceback(screen: Screen) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARSING, "--project", str(screen.folder), "validate"],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        env={**os.environ, "CCSTATE_CACHE": str(screen.folder / "cache")},
    )
    assert (done.stderr.strip(), done.returncode) == ("interrupted", 130)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_stops_an_apply_the_locks_are_given_back(
    screen: Screen, number: signal.Signals
) -> None:
    (screen.folder / "ccstate.yaml").write_text(FAULTY % "slow, for: 60s")
    plan_id = planned(screen)
    journal = screen.folder / "plans" / plan_id / "journal.jsonl"
    running = started(screen, "apply")
    waited_for(lambda: journal.exists() and b"attempted" in journal.read_bytes())
    platform = connect({"path": PLATFORM}, screen.folder)
    assert platform.holder() is not None
    running.send_signal(number)
    said = running.communicate()[1]
    assert running.returncode == 128 + number
    assert f"ccstate apply {plan_id} --resume" in said
    assert "Traceback" not in said
    assert platform.holder() is None


@pytest.mark.process
def test_an_apply_that_lasts_says_what_it_does_where_no_bar_is_shown(screen: Screen) -> None:
    (screen.folder / "ccstate.yaml").write_text(FAULTY % "slow, for: 1s")
    plan_id = planned(screen)
    program = (
        "import sys; from ccstate.cli import progress, run; progress.ApplyTerminal.INTERVAL = 0.2;"
        f"sys.exit(run(['--project', {str(screen.folder)!r}, 'apply']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    lines = done.stderr.splitlines()
    assert lines[0] == f"Applying {plan_id}: 0 of 2 changes done"
    assert f"Applying {plan_id}: 0 of 2 changes done; writing 2 changes on demo, for 0 s" in lines
    assert "\x1b" not in done.stderr


# The latest plan, and what is checked out now.


def git(folder: Path, *arguments: str) -> None:
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    environment: Mapping[str, str] = {**os.environ, **dict.fromkeys(names, "sam@example.com")}
    subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        check=True,
        env=environment,
        capture_output=True,
    )


@pytest.fixture
def committed(screen: Screen) -> Screen:
    (screen.folder / ".gitignore").write_text(".ccstate/\nplans/\n")
    git(screen.folder, "init")
    git(screen.folder, "add", "-A")
    git(screen.folder, "commit", "-m", "First")
    return screen


def renamed(screen: Screen) -> None:
    (screen.folder / "desired_state/all.yaml").write_text(SITES.replace("One", "Two"))


@pytest.fixture
def changed(committed: Screen) -> Screen:
    """A project whose second commit has a plan that nobody applied yet."""
    planned(committed)
    assert committed.run("apply") == 0
    renamed(committed)
    git(committed.folder, "commit", "-am", "Two")
    return committed


def labels(screen: Screen) -> set[object]:
    seen = connect({"path": PLATFORM}, screen.folder).observe(["site"])
    return {fields.get("label") for fields in seen.objects.values()}


@pytest.mark.parametrize("named", [False, True])
def test_no_plan_is_applied_once_its_commit_was_reverted(changed: Screen, named: bool) -> None:
    plan_id = planned(changed)
    git(changed.folder, "revert", "--no-edit", "HEAD")
    assert changed.run("apply", *([plan_id] if named else [])) == 3
    plan = f"CC610 plan {plan_id}" if named else f"CC610 the latest plan, {plan_id},"
    assert f"{plan} was made from commit" in changed.err_flat
    if named:
        assert "; site/north is declared otherwise since then" in changed.err_flat
    assert "Two" not in labels(changed)
    # Taking back what took it back: the same is declared again.
    git(changed.folder, "revert", "--no-edit", "HEAD")
    assert changed.run("apply", plan_id) == 0
    assert "Two" in labels(changed)


@pytest.mark.parametrize("named", [False, True])
def test_no_plan_is_applied_once_its_commit_was_dropped(changed: Screen, named: bool) -> None:
    plan_id = planned(changed)
    git(changed.folder, "reset", "--hard", "HEAD~1")
    assert changed.run("apply", *([plan_id] if named else [])) == 3
    if named:
        assert f"CC610 plan {plan_id} was made from commit" in changed.err_flat
        assert "which is not in the history of commit" in changed.err_flat
    assert "Two" not in labels(changed)


def test_a_plan_of_a_commit_that_git_does_not_have_is_not_applied(changed: Screen) -> None:
    plan_id = planned(changed)
    shutil.rmtree(changed.folder / ".git")
    git(changed.folder, "init")
    git(changed.folder, "add", "ccstate.yaml")
    git(changed.folder, "commit", "-m", "Another history")
    assert changed.run("apply", plan_id) == 3
    assert "which is not in the history of commit" in changed.err_flat


def test_a_named_plan_is_applied_where_only_other_objects_changed_since(changed: Screen) -> None:
    plan_id = planned(changed)
    more = (changed.folder / "desired_state/all.yaml").read_text() + "users: {a: {name: A}}\n"
    (changed.folder / "desired_state/all.yaml").write_text(more)
    git(changed.folder, "commit", "-am", "More")
    assert changed.run("apply") == 3
    assert changed.run("apply", plan_id) == 0, changed.err
    assert "Two" in labels(changed)


def test_no_plan_is_applied_once_a_default_of_its_objects_changed(changed: Screen) -> None:
    plan_id = planned(changed)
    project = (changed.folder / "ccstate.yaml").read_text()
    (changed.folder / "ccstate.yaml").write_text(f"{project}defaults: {{site: {{label: D}}}}\n")
    git(changed.folder, "commit", "-am", "Defaults")
    assert changed.run("apply", plan_id) == 3
    assert "site/north is declared otherwise since then" in changed.err_flat


@pytest.mark.parametrize(
    "since, code",
    [
        (lambda screen: git(screen.folder, "reset", "--hard", "HEAD~1"), 3),
        (renamed, 3),
        (lambda screen: git(screen.folder, "commit", "--allow-empty", "-m", "Nothing"), 0),
        (lambda screen: (screen.folder / "README.md").write_text("Hello"), 0),
        (id, 0),
        (lambda screen: git(screen.folder, "commit", "--amend", "-m", "Another word"), 0),
    ],
    ids=["reset", "changed", "empty commit", "another file", "nothing", "amended"],
)
def test_the_latest_plan_is_applied_where_the_desired_state_is_the_same(
    committed: Screen, since: Callable[[Screen], object], code: int
) -> None:
    (committed.folder / "desired_state/all.yaml").write_text(SITES.replace("One", "Three"))
    git(committed.folder, "commit", "-am", "Second")
    planned(committed)
    since(committed)
    assert committed.run("apply") == code, committed.err


@pytest.mark.parametrize(
    "arguments", [("apply", ""), ("apply", "", "--resume"), ("show", ""), ("apply", " ")]
)
def test_an_empty_id_names_no_plan(screen: Screen, arguments: tuple[str, ...]) -> None:
    planned(screen)
    assert screen.run(*arguments) == 1
    assert f'CC306 no plan is called "{arguments[1]}"' in screen.err_flat
    assert live(screen) == set()


def test_a_plan_of_changes_that_are_committed_since_is_not_taken_by_itself(
    committed: Screen,
) -> None:
    renamed(committed)
    plan_id = planned(committed)
    git(committed.folder, "commit", "-am", "Longer")
    assert committed.run("apply") == 3
    assert "with changes that are not committed" in committed.err_flat
    assert committed.run("apply", plan_id) == 0


# Locks.

KIM = Holder("kim@elsewhere", 77, "", "2026-01-01T00:00:00+00:00", "x")


def test_a_lock_is_respected_named_and_removed_by_its_owner_s_name(screen: Screen) -> None:
    platform = connect({"path": PLATFORM}, screen.folder)
    screen.run("plan")
    platform.lock(KIM)
    assert screen.run("plan") == 0
    assert screen.run("apply") == 5
    assert 'plan "x" is being applied to demo by kim@elsewhere (process 77)' in screen.err_flat
    assert "ccstate unlock --owner kim@elsewhere" in screen.err_flat
    assert screen.run("unlock") == 5
    assert screen.run("unlock", "--owner", "kim@here") == 5
    assert platform.holder() == KIM
    assert screen.run("unlock", "--target", "demo", "--owner", "kim@elsewhere") == 0
    assert "Removed the lock of kim@elsewhere" in screen.out
    assert screen.run("apply") == 0
    assert screen.run("unlock") == 0
    assert "Nothing was locked" in screen.err


def test_a_platform_that_is_away_keeps_no_other_locked(screen: Screen) -> None:
    two = "version: 1\ntargets:\n" + "".join(
        f"  {name}: {{adapter: embedded, connection: {{path: {name}.db}}, kinds: [{kind}]}}\n"
        for name, kind in (("away", "site"), ("here", "team"))
    )
    (screen.folder / "ccstate.yaml").write_text(two)
    (screen.folder / "away.db").write_bytes(b"no database")
    here = connect({"path": "here.db"}, screen.folder)
    here.lock(KIM)
    assert screen.run("unlock", "--owner", KIM.owner) == 1
    assert here.holder() is None
    assert "Removed the lock of kim@elsewhere (process 77) on here" in screen.out
    assert "away.db" in screen.err


def test_unlock_in_a_folder_that_is_no_project_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Screen(tmp_path, capsys)
    assert nowhere.run("unlock") == 1
    assert "CC007" in nowhere.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_an_apply_that_runs_is_not_interrupted_whatever_is_asked(screen: Screen) -> None:
    """Neither a second apply, nor --resume, nor unlock touches it; each exits with 5."""
    (screen.folder / "ccstate.yaml").write_text(FAULTY % "slow, for: 60s")
    plan_id = planned(screen)
    journal = screen.folder / "plans" / plan_id / "journal.jsonl"
    running = started(screen, "apply")
    try:
        waited_for(lambda: journal.exists() and b"attempted" in journal.read_bytes())
        # The platform itself is in the middle of a transaction, which is waited for in vain.
        for command in (
            ("apply", plan_id),
            ("apply",),
            ("apply", plan_id, "--resume"),
            ("unlock",),
            ("unlock", "--owner", f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"),
        ):
            assert screen.run(*command) == 5, (command, screen.err)
            assert f'plan "{plan_id}" is being applied to demo' in screen.err_flat
        assert state_of(screen, plan_id) == "running"
    finally:
        running.send_signal(signal.SIGINT)
        said = running.communicate()[1]
    assert running.returncode == 130
    assert f"ccstate apply {plan_id} --resume" in said
    assert state_of(screen, plan_id) == "interrupted"
    platform = connect({"path": PLATFORM}, screen.folder)
    platform.lock(KIM)  # for another plan
    assert state_of(screen, plan_id) == "interrupted"
    platform.unlock(KIM)
    there = replace(KIM, plan=plan_id)
    platform.lock(there)  # on another machine, where it may run
    assert state_of(screen, plan_id) == "running"
    platform.unlock(there)
    (screen.folder / PLATFORM).write_bytes(b"no database")
    assert state_of(screen, plan_id) == "interrupted"
    assert PLATFORM in screen.err, "that its platform could not be asked is reported"


def test_no_platform_is_asked_where_no_apply_was_begun(screen: Screen) -> None:
    plan_id = planned(screen)
    (screen.folder / PLATFORM).parent.mkdir(exist_ok=True)
    (screen.folder / PLATFORM).write_bytes(b"no database")
    assert state_of(screen, plan_id) == "waiting"
    assert screen.err == ""


def state_of(screen: Screen, plan_id: str) -> str:
    """The state of a plan, as `ccstate plans` lists it."""
    assert screen.run("plans", "--format", "json") == 0
    (state,) = [p["state"] for p in json.loads(screen.out)["plans"] if p["plan"] == plan_id]
    assert isinstance(state, str)
    return state
