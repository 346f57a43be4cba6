"""Real processes, really killed: what is recorded is never done again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from ccstate.apply import durable
from ccstate.apply.durable import Progress, Step, progress, run
from ccstate.errors import Blocked, InvalidInput
from ccstate.model import Json

# Runs three steps, each leaving a line in the effects file, and dies where it is told to.
VICTIM = """
import os, signal, sys
from ccstate.apply.durable import Step, run
store, effects, workflow, where = sys.argv[1:]

def die(here):
    if here == where:
        os.kill(os.getpid(), signal.SIGKILL)

def effect(name):
    def do():
        die("before " + name)
        with open(effects, "a") as file:
            file.write(name + "\\n")
        die("after " + name)
        return {"effect": name}
    return do

print(run(store, workflow, [Step(name, effect(name)) for name in "abc"]))
"""
RESULTS: list[Json] = [{"effect": "a"}, {"effect": "b"}, {"effect": "c"}]


def victim(store: str, effects: Path, where: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", VICTIM, store, str(effects), "plan-1", where],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'apply.db'}"


@pytest.fixture
def store(tmp_path: Path) -> str:
    return sqlite(tmp_path)


def counting(effects: list[str]) -> list[Step]:
    def effect(name: str) -> Step:
        def do() -> Json:
            effects.append(name)
            return {"effect": name}

        return Step(name, do)

    return [effect(name) for name in "abc"]


def kill_then_resume(store: str, folder: Path, where: str, done_by_resume: str) -> None:
    effects = folder / "effects"
    killed = victim(store, effects, where)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert progress(store, "plan-1") is Progress.RESUMABLE
    before = effects.read_text().split() if effects.exists() else []

    here: list[str] = []
    assert run(store, "plan-1", counting(here)) == RESULTS
    assert here == list(done_by_resume)
    # A step killed after its effect and before its record is done again, and only that one.
    repeated = [name for name in before if name in here]
    assert repeated == ([where[-1]] if where.startswith("after") else [])
    assert progress(store, "plan-1") is Progress.FINISHED


@pytest.mark.parametrize(
    "where, done_by_resume",
    [
        ("before a", "abc"),
        ("after a", "abc"),
        ("before b", "bc"),
        ("after b", "bc"),
        ("before c", "c"),
        ("after c", "c"),
    ],
)
def test_a_killed_run_goes_on_with_the_first_step_that_has_no_record(
    store: str, tmp_path: Path, where: str, done_by_resume: str
) -> None:
    kill_then_resume(store, tmp_path, where, done_by_resume)


def test_a_run_says_nothing_on_stdout_or_stderr(store: str, tmp_path: Path) -> None:
    whole = victim(store, tmp_path / "effects", "nowhere")
    assert (whole.stdout, whole.stderr) == (f"{RESULTS}\n", "")


def test_a_finished_run_returns_its_results_again_and_does_nothing(store: str) -> None:
    effects: list[str] = []
    assert run(store, "plan-1", counting(effects)) == RESULTS
    assert run(store, "plan-1", counting(effects)) == RESULTS
    assert effects == ["a", "b", "c"]


@pytest.mark.parametrize("interruption", [ValueError("refused"), KeyboardInterrupt()])
def test_a_step_that_raises_stops_the_run_and_is_tried_again_by_the_next(
    store: str, interruption: BaseException
) -> None:
    effects: list[str] = []
    a, b, c = counting(effects)

    def fail() -> Json:
        raise interruption

    with pytest.raises(type(interruption)):
        run(store, "plan-1", [a, Step("b", fail), c])
    assert effects == ["a"]
    assert progress(store, "plan-1") is Progress.RESUMABLE
    assert run(store, "plan-1", [a, b, c]) == RESULTS
    assert effects == ["a", "b", "c"]


def test_a_result_that_is_no_json_stops_the_run_and_leaves_it_resumable(store: str) -> None:
    with pytest.raises(TypeError):
        run(store, "plan-1", [Step("a", lambda: cast(Json, object()))])
    assert run(store, "plan-1", [Step("a", lambda: [1, 2])]) == [[1, 2]]


def test_other_steps_under_the_same_id_are_refused(store: str) -> None:
    effects: list[str] = []
    steps = counting(effects)
    run(store, "plan-1", steps)
    with pytest.raises(Blocked, match="begun with other steps"):
        run(store, "plan-1", steps[:2])
    with pytest.raises(Blocked, match="begun with other steps"):
        run(store, "plan-1", [steps[1], steps[0], steps[2]])


def test_another_plan_that_waits_to_be_resumed_is_left_alone(store: str) -> None:
    effects: list[str] = []

    def fail() -> Json:
        effects.append("tried")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        run(store, "plan-1", [Step("a", fail)])
    with durable._open(store) as client:  # as if killed between this and taking it up
        client.resume_workflow("plan-1")

    def slow() -> Json:
        # Longer than the engine's poll for waiting workflows, about a second.
        threading.Event().wait(1.3)
        return None

    run(store, "plan-2", [Step("a", slow)])
    assert effects == ["tried"]
    assert progress(store, "plan-1") is Progress.RESUMABLE


def test_steps_run_in_the_calling_thread_also_when_resumed(store: str) -> None:
    threads: list[threading.Thread] = []

    def note() -> Json:
        threads.append(threading.current_thread())
        if len(threads) == 1:
            raise ValueError("stop")
        return None

    with pytest.raises(ValueError, match="stop"):
        run(store, "plan-1", [Step("a", note)])
    run(store, "plan-1", [Step("a", note)])
    assert threads == [threading.current_thread()] * 2


def test_no_thread_and_no_listening_socket_outlives_or_serves_a_run(store: str) -> None:
    inodes: list[bool] = []

    def look() -> Json:
        listening = {
            line.split()[9]
            for table in ("tcp", "tcp6")
            for line in Path("/proc/net", table).read_text().splitlines()[1:]
            if line.split()[3] == "0A"
        }
        own = (
            str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()
        )
        inodes.extend(name[8:-1] in listening for name in own if name.startswith("socket:["))
        return None

    before = set(threading.enumerate())
    run(store, "plan-1", [Step("look", look if Path("/proc/net").exists() else lambda: None)])
    assert not any(inodes)
    assert set(threading.enumerate()) <= before


def test_asking_about_a_store_that_is_not_there_creates_nothing(tmp_path: Path) -> None:
    assert progress(sqlite(tmp_path), "plan-1") is Progress.NEW
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_opened_is_named_without_its_password() -> None:
    with pytest.raises(InvalidInput) as refused:
        run("postgresql://me:hidden@127.0.0.1:1/apply", "plan-1", [])
    assert "127.0.0.1:1/apply" in refused.value.problems[0].message
    assert "hidden" not in repr(refused.value.problems)


def postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own, on a free port of 127.0.0.1, in a folder that goes away."""
    programs = postgres_programs()
    if programs is None:
        missing = "no PostgreSQL server here; install it: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    data = Path(tempfile.mkdtemp(prefix="ccstate-pg-"))  # short: a socket's path has 107 bytes
    user = "postgres" if os.geteuid() == 0 else None  # initdb refuses root
    if user:
        shutil.chown(data, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(*command: str) -> None:
        subprocess.run(
            [str(programs / command[0]), *command[1:]],
            user=user,
            cwd=data,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )

    cluster = str(data / "cluster")
    try:
        call("initdb", "-D", cluster, "-U", "apply", "-A", "trust", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"
        call("pg_ctl", "-D", cluster, "-w", "-l", str(data / "log"), "-o", options, "start")
        try:
            yield f"postgresql://apply@127.0.0.1:{port}/ccstate_apply"
        finally:
            call("pg_ctl", "-D", cluster, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(data, ignore_errors=True)


@pytest.mark.postgres
def test_a_postgresql_store_does_the_same(postgres: str, tmp_path: Path) -> None:
    kill_then_resume(postgres, tmp_path, "after b", "bc")
    effects: list[str] = []
    assert run(postgres, "plan-1", counting(effects)) == RESULTS
    assert effects == []
    with pytest.raises(Blocked):
        run(postgres, "plan-1", counting(effects)[:1])
