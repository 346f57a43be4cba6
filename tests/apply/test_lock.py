"""One writer at a time on a platform: who holds its lock, and who may take it away."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapter import LARGEST_PID, UNKNOWN, Holder
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply import lock
from ccstate.apply.lock import Life, holding, holding_again, life, release, this_process
from ccstate.errors import Diagnostic, Locked, Unreadable
from tests.adapters.embedded_harness import Passing

HOST = socket.gethostname()
ME = f"ana@{HOST}"
NOON = "2026-05-04T12:00:00+00:00"
LATER = "2026-05-04T12:03:20+00:00"

# Tries for the lock and says whether it got it; holds it until its input ends.
CONTENDER = """
import sys
from pathlib import Path
from ccstate.adapters.embedded import connect
from ccstate.apply import lock
from ccstate.errors import Locked
folder, how, owner = sys.argv[1:]
adapters = {"here": connect({"path": "platform.db"}, Path(folder))}
sys.stdin.readline()
try:
    with getattr(lock, how)(adapters, lock.this_process(owner, "2026-05-04T12:00:00Z", "p1"), print):
        print("got it", flush=True)
        sys.stdin.readline()
except Locked:
    print("locked", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def platform(tmp_path: Path) -> EmbeddedAdapter:
    return connect({"path": "platform.db"}, tmp_path)


def nobody(problems: Sequence[Diagnostic]) -> None:
    raise AssertionError(problems)


def contender(folder: Path, how: str = "holding") -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CONTENDER, str(folder), how, ME]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def contenders(folder: Path, how: str, number: int) -> list[str]:
    """What several processes that start at the same moment report."""
    running = [contender(folder, how) for _ in range(number)]
    for each in running:
        go(each)
    reports = sorted(said(each) for each in running)
    for each in running:
        each.communicate("stop\n")
    return reports


@contextmanager
def living(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock."""
    process = contender(folder)
    go(process)
    assert said(process) == "got it"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def left_by_a_dead_process(folder: Path) -> Holder:
    with living(folder) as process:
        holder = connect({"path": "platform.db"}, folder).holder()
        assert holder is not None
        assert holder.pid == process.pid
    return holder


def refusal(platform: EmbeddedAdapter, plan: str = "p2") -> Diagnostic:
    with (
        pytest.raises(Locked) as refused,
        holding({"here": platform}, replace(this_process(ME, LATER, plan), pid=1), nobody),
    ):
        pass
    return refused.value.problems[0]


def test_who_comes_second_learns_who_is_first_and_for_how_long(platform: EmbeddedAdapter) -> None:
    with holding({"here": platform}, this_process(ME, NOON, "p1"), nobody) as held:
        assert held.lost("here") == ""
        problem = refusal(platform)
        assert problem.message == (
            f'plan "p1" is being applied to here by {ME} (process {os.getpid()}) for 3 min, '
            f"since {NOON}"
        )
        assert problem.hint == "wait until it has ended"
    assert platform.holder() is None


@pytest.mark.process
def test_of_processes_that_start_together_one_gets_the_lock(tmp_path: Path) -> None:
    assert contenders(tmp_path, "holding", 4) == ["got it", "locked", "locked", "locked"]


@pytest.mark.process
def test_of_processes_that_resume_together_one_takes_over(tmp_path: Path) -> None:
    left_by_a_dead_process(tmp_path)
    assert contenders(tmp_path, "holding_again", 4) == ["got it", "locked", "locked", "locked"]


def test_locks_are_taken_all_or_none_and_given_back_however_it_ends(tmp_path: Path) -> None:
    adapters = {name: connect({"path": f"{name}.db"}, tmp_path) for name in ("b", "a", "c")}
    other = this_process(ME, NOON, "p0")
    assert adapters["b"].lock(replace(other, pid=1)) is None
    with pytest.raises(Locked), holding(adapters, this_process(ME, NOON, "p1"), nobody):
        pass
    assert (adapters["a"].holder(), adapters["c"].holder()) == (None, None)
    adapters["b"].unlock(replace(other, pid=1))
    stopped = holding(adapters, other, nobody)
    stopped.__enter__()
    assert {adapter.holder() for adapter in adapters.values()} == {other}
    assert not stopped.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert {adapter.holder() for adapter in adapters.values()} == {None}


@pytest.mark.process
def test_a_dead_owner_is_named_dead_and_not_robbed(
    platform: EmbeddedAdapter, tmp_path: Path
) -> None:
    holder = left_by_a_dead_process(tmp_path)
    problem = refusal(platform)
    assert "no longer runs" in problem.cause
    assert "ccstate apply p1 --resume" in problem.hint
    assert "ccstate unlock" in problem.hint
    assert platform.holder() == holder


@pytest.mark.process
def test_resuming_takes_over_from_the_same_plan_s_dead_owner(
    platform: EmbeddedAdapter, tmp_path: Path
) -> None:
    left_by_a_dead_process(tmp_path)
    mine = this_process(f"ben@{HOST}", LATER, "p1")
    with holding_again({"here": platform}, mine, nobody) as held:
        assert held.lost("here") == ""
        refusal(platform)
    assert platform.holder() is None


@pytest.mark.process
def test_resuming_takes_over_from_no_other_owner(platform: EmbeddedAdapter, tmp_path: Path) -> None:
    dead = left_by_a_dead_process(tmp_path)
    platform.unlock(dead)
    mine = this_process(ME, LATER, "p1")
    others = [
        replace(dead, plan="p2"),  # another plan, half applied
        replace(dead, owner="ana@another"),  # nobody can say from here whether it is dead
        replace(dead, process=f"another {dead.process}"),  # another container, or before a restart
        UNKNOWN,
    ]
    for other in others:
        assert platform.lock(other) is None
        with pytest.raises(Locked), holding_again({"here": platform}, mine, nobody):
            pass
        assert platform.holder() == other
        platform.unlock(other)
    with (
        living(tmp_path),
        pytest.raises(Locked),
        holding_again({"here": platform}, mine, nobody),
    ):
        pass


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it() -> None:
    mine = this_process(ME, NOON, "p1")
    assert life(mine) is Life.ALIVE
    earlier = replace(mine, process=" ".join([*mine.process.split()[:2], "1"]))
    assert life(earlier) is Life.DEAD


@pytest.mark.process
def test_a_process_that_ended_and_that_its_parent_has_not_waited_for_is_dead(
    tmp_path: Path,
) -> None:
    with living(tmp_path) as process:
        holder = connect({"path": "platform.db"}, tmp_path).holder()
        assert holder is not None
        assert life(holder) is Life.ALIVE
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert life(holder) is Life.DEAD


@pytest.mark.process
def test_unlocking_removes_what_the_dead_left_and_says_whose_it_was(
    platform: EmbeddedAdapter, tmp_path: Path
) -> None:
    assert release("here", platform, "", LATER) is None
    holder = left_by_a_dead_process(tmp_path)
    assert release("here", platform, "", LATER) == holder
    assert platform.holder() is None


@pytest.mark.process
def test_unlocking_refuses_a_living_owner_even_by_name(
    platform: EmbeddedAdapter, tmp_path: Path
) -> None:
    with living(tmp_path):
        for owner in ("", ME):
            with pytest.raises(Locked) as refused:
                release("here", platform, owner, LATER)
            assert "runs on this machine" in refused.value.problems[0].cause
        assert platform.holder() is not None


@pytest.mark.parametrize(
    "holder",
    [
        Holder("ann@ci-7", 77, "boot pid:[1] 2", NOON, "p1"),
        replace(this_process(ME, NOON, "p1"), process="another-boot pid:[1] 2"),
        UNKNOWN,
    ],
    ids=["another host", "another boot", "torn"],
)
def test_unlocking_asks_for_the_name_of_an_owner_that_may_live(
    platform: EmbeddedAdapter, holder: Holder
) -> None:
    assert platform.lock(holder) is None
    for owner in ("", "ann@ci-8"):
        with pytest.raises(Locked) as refused:
            release("here", platform, owner, LATER)
        assert f"ccstate unlock --owner {holder.owner}" in refused.value.problems[0].hint
    assert platform.holder() == holder
    assert release("here", platform, holder.owner, LATER) == holder
    assert platform.holder() is None


RECORD = this_process(ME, NOON, "p1").encode().decode()


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        "null",
        RECORD[:20],
        RECORD.replace(f'"pid":{os.getpid()}', '"pid":null'),
        RECORD.replace(f'"pid":{os.getpid()}', '"pid":-1'),
        RECORD.replace(f'"pid":{os.getpid()}', '"pid":true'),
        RECORD.replace(f'"pid":{os.getpid()}', f'"pid":{"9" * 30}'),
        RECORD.replace(f'"pid":{os.getpid()}', f'"pid":{LARGEST_PID + 1}'),
        RECORD.replace(f'"{NOON}"', "5"),
        7,
        b"\xff",
        1.5,
    ],
)
def test_an_absurd_lock_locks_and_can_be_removed_by_name(
    platform: EmbeddedAdapter, record: object
) -> None:
    from ccstate.adapters.embedded import store

    with store.writing(platform.path) as database:
        database.execute("INSERT INTO meta VALUES ('lock', ?)", (record,))
    problem = refusal(platform)
    assert "does not say by whom" in problem.message
    assert "ccstate unlock --owner unknown" in problem.hint
    assert release("here", platform, "unknown", LATER) == UNKNOWN
    assert platform.holder() is None


@given(st.binary(max_size=60) | st.text(max_size=60) | st.integers() | st.none())
def test_whatever_a_record_holds_it_is_a_holder(record: object) -> None:
    assert isinstance(life(Holder.decode(record)), Life)


@given(st.builds(Holder, st.text(), st.integers(1, LARGEST_PID), st.text(), st.text(), st.text()))
def test_a_holder_is_read_back_as_it_was(holder: Holder) -> None:
    assert Holder.decode(holder.encode()) == holder


def test_a_lock_that_was_removed_or_taken_is_missed(platform: EmbeddedAdapter) -> None:
    mine = this_process(ME, NOON, "p1")
    with holding({"here": platform}, mine, nobody) as held:
        platform.unlock(mine)
        assert held.lost("here") == "it was removed"
        second = Holder("ben@laptop", 5, "", LATER, "p2")
        assert platform.lock(second) is None
        assert held.lost("here") == "ben@laptop has it now"
    assert platform.holder() == second


def test_a_lock_that_cannot_be_given_back_is_reported_and_changes_nothing_else(
    platform: EmbeddedAdapter,
) -> None:
    class Gone(Passing):
        def unlock(self, holder: Holder) -> None:
            raise Unreadable([Diagnostic("CC403", "the platform is gone")])

    told: list[Diagnostic] = []
    with holding({"here": Gone(platform)}, this_process(ME, NOON, "p1"), told.extend):
        pass
    assert [problem.code for problem in told] == ["CC403", "CC607"]
    assert "ccstate unlock" in told[1].hint
    assert lock.life(platform.holder() or UNKNOWN) is Life.ALIVE
