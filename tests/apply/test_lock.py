"""One writer at a time, and a killed one can be followed by its own resume."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccstate.apply.lock import NAME, Holder, acquire, acquire_to_resume, force_release
from ccstate.errors import Diagnostic, InvalidInput, Locked
from ccstate.model import canonical

ME = "ana@pbx1"
NOON = "2026-05-04T12:00:00+00:00"
LATER = "2026-05-04T12:03:20+00:00"

# Tries for the lock and says whether it got it; holds it until its input ends.
CONTENDER = """
import sys
from pathlib import Path
from ccstate.apply import lock
from ccstate.errors import Locked
folder, how = sys.argv[1:]
sys.stdin.readline()
try:
    getattr(lock, how)(Path(folder), owner="ana@pbx1", since="2026-05-04T12:00:00Z", purpose="p1")
    print("got it", flush=True)
except Locked:
    print("locked", flush=True)
sys.stdin.readline()
"""


def contenders(folder: Path, how: str, number: int) -> list[str]:
    """What several processes that start at the same moment report."""
    command = [sys.executable, "-c", CONTENDER, str(folder), how]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    said: list[str] = []
    for each in running:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    for each in running:
        assert each.stdout
        said.append(each.stdout.readline().strip())
    for each in running:
        each.communicate("stop\n", timeout=10)
    return sorted(said)


def dead_pid() -> int:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def left_behind(folder: Path, owner: str = ME, pid: int = 0, purpose: str = "p1") -> Holder:
    holder = Holder(owner, pid or dead_pid(), NOON, purpose)
    (folder / NAME).write_bytes(
        canonical({"owner": owner, "pid": holder.pid, "since": NOON, "purpose": purpose})
    )
    return holder


def refusal(folder: Path, owner: str = "ben@laptop") -> Diagnostic:
    with pytest.raises(Locked) as refused:
        acquire(folder, owner=owner, since=LATER, purpose="p2")
    return refused.value.problems[0]


def test_who_comes_second_is_told_who_is_first_and_for_how_long(tmp_path: Path) -> None:
    with acquire(tmp_path, owner=ME, since=NOON, purpose="p1"):
        problem = refusal(tmp_path)
        assert f'ana@pbx1 (process {os.getpid()}) has been applying plan "p1" for 3 min' in (
            problem.message
        )
        assert "ccstate unlock" in problem.hint
    with acquire(tmp_path, owner="ben@laptop", since=LATER, purpose="p2"):
        pass
    assert not (tmp_path / NAME).exists()


def test_of_processes_that_start_together_one_gets_the_lock(tmp_path: Path) -> None:
    assert contenders(tmp_path, "acquire", 4) == ["got it", "locked", "locked", "locked"]


def test_of_processes_that_resume_together_one_takes_over(tmp_path: Path) -> None:
    left_behind(tmp_path)
    said = contenders(tmp_path, "acquire_to_resume", 4)
    assert said == ["got it", "locked", "locked", "locked"]


def test_a_dead_owner_is_named_dead_and_not_robbed(tmp_path: Path) -> None:
    left_behind(tmp_path)
    problem = refusal(tmp_path, owner=ME)
    assert "no longer runs" in problem.cause
    assert "--resume" in problem.hint
    assert "ccstate unlock" in problem.hint


def test_resuming_takes_over_from_the_same_plan_s_dead_owner(tmp_path: Path) -> None:
    left_behind(tmp_path)
    with acquire_to_resume(tmp_path, owner="ben@pbx1", since=LATER, purpose="p1") as lock:
        assert lock.holder.owner == "ben@pbx1"
        refusal(tmp_path)
    assert not (tmp_path / NAME).exists()


def test_resuming_takes_over_from_a_dead_owner_whose_pid_is_ours(tmp_path: Path) -> None:
    left_behind(tmp_path, pid=os.getpid())
    with acquire_to_resume(tmp_path, owner=ME, since=LATER, purpose="p1"):
        pass


@pytest.mark.parametrize(
    "owner, pid, purpose",
    [
        ("ana@pbx2", 0, "p1"),  # another host: nobody can say from here whether it is dead
        ("ana@pbx1", os.getppid(), "p1"),  # alive
        ("ana@pbx1", 0, "p2"),  # another plan, half applied
    ],
)
def test_resuming_takes_over_from_nobody_else(
    tmp_path: Path, owner: str, pid: int, purpose: str
) -> None:
    left_behind(tmp_path, owner, pid, purpose)
    with pytest.raises(Locked):
        acquire_to_resume(tmp_path, owner=ME, since=LATER, purpose="p1")


@pytest.mark.parametrize("content", [b"", b'{"owner":"ana@pb', b"[]", b'{"owner":"a","pid":null}'])
def test_a_torn_lock_file_locks_and_can_be_unlocked(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    problem = refusal(tmp_path)
    assert "does not say who" in problem.message
    assert "ccstate unlock" in problem.hint
    assert force_release(tmp_path) == Holder("unknown", 0, "", "")
    acquire(tmp_path, owner=ME, since=NOON, purpose="p1").release()


def test_unlocking_says_who_held_the_lock(tmp_path: Path) -> None:
    assert force_release(tmp_path) is None
    holder = left_behind(tmp_path)
    assert force_release(tmp_path) == holder
    assert force_release(tmp_path) is None


def test_releasing_leaves_the_lock_of_who_came_after_an_unlock(tmp_path: Path) -> None:
    first = acquire(tmp_path, owner=ME, since=NOON, purpose="p1")
    force_release(tmp_path)
    second = acquire(tmp_path, owner="ben@laptop", since=LATER, purpose="p2")
    first.release()
    assert (tmp_path / NAME).exists()
    second.release()
    assert not (tmp_path / NAME).exists()


def test_a_state_folder_that_cannot_be_made_is_a_users_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="state folder"):
        acquire(tmp_path / "file" / "state", owner=ME, since=NOON, purpose="p1")
