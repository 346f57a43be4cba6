"""The lock in Asterisk's folder: one holder at a time, also among the slow and the killed."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapter import UNKNOWN, Holder
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.storage import LocalFolder

ANN = Holder("ann@one", 77, "boot pid:[1] 5", "2026-05-04T12:00:00+00:00", "0f0f0f0f0f0f")
BEN = replace(ANN, owner="ben@two")


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


def test_nothing_but_one_small_file_is_left_of_a_lock(folder: LocalFolder, tmp_path: Path) -> None:
    for _ in range(3):
        assert transaction.take_lock(folder, ANN) is None
        assert transaction.take_lock(folder, BEN) == ANN
        transaction.release_lock(folder, BEN)
        assert transaction.lock_holder(folder) == ANN
        transaction.release_lock(folder, ANN)
        assert transaction.lock_holder(folder) is None
    (left,) = folder.listing()
    assert (left, (tmp_path / left).read_bytes()) == ("ccstate/lock/00000006", b"")


def test_a_lock_is_not_seen_before_its_holder_is_written(
    folder: LocalFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one is free: whoever saw it then would take it beside the one who writes it."""
    opening = os.open
    empty: list[Path] = []

    def open_and_look(path: str, flags: int, mode: int = 0o777) -> int:
        opened = opening(path, flags, mode)
        there = (tmp_path / "ccstate/lock").glob("[0-9]*")
        empty.extend(path for path in there if not path.stat().st_size)
        return opened

    (tmp_path / "ccstate/lock").mkdir(parents=True)
    monkeypatch.setattr(os, "open", open_and_look)
    assert transaction.take_lock(folder, ANN) is None
    assert not empty
    assert [path.name for path in (tmp_path / "ccstate/lock").iterdir()] == ["00000001"]


def test_an_empty_file_is_a_lock_that_was_given_back(folder: LocalFolder) -> None:
    assert folder.create("ccstate/lock/00000001", b"")
    assert transaction.lock_holder(folder) is None
    assert transaction.take_lock(folder, ANN) is None


@pytest.mark.parametrize("record", [b"{", b"\xff\xfe", b"[]", b'{"owner":"a'])
def test_a_torn_lock_holds_and_is_given_back_by_its_name(
    folder: LocalFolder, record: bytes
) -> None:
    assert folder.create("ccstate/lock/00000001", record)
    assert transaction.take_lock(folder, ANN) == UNKNOWN
    transaction.release_lock(folder, UNKNOWN)
    assert transaction.take_lock(folder, ANN) is None


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_a_folder_or_a_dangling_link_in_its_place_is_no_lock(
    folder: LocalFolder, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "ccstate/lock").mkdir(parents=True)
    for name in ("00000001", "00000003"):
        make(tmp_path / "ccstate/lock" / name)
    assert transaction.lock_holder(folder) is None
    assert transaction.take_lock(folder, ANN) is None
    assert transaction.take_lock(folder, BEN) == transaction.lock_holder(folder) == ANN
    transaction.release_lock(folder, ANN)
    assert transaction.take_lock(folder, BEN) is None


NAMES = st.from_regex(r"[0-9]{1,9}|0{7}[0-9]", fullmatch=True) | st.sampled_from(["x.json", "²"])


@given(st.dictionaries(NAMES, st.binary(max_size=20) | st.just(ANN.encode()), max_size=4))
def test_whatever_lies_in_its_folder_taking_and_seeing_agree(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = LocalFolder(Path(root))
        for name, content in files.items():
            folder.create(f"{transaction.LOCKS}/{name}", content)
        before = transaction.lock_holder(folder)
        assert transaction.take_lock(folder, BEN) == before
        holder = before or BEN
        assert transaction.lock_holder(folder) == holder
        transaction.release_lock(folder, holder)
        assert transaction.lock_holder(folder) is None


class Slow(LocalFolder):
    """A folder on which others do something just before a file is made."""

    def __init__(self, root: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__(root)
        self._meanwhile = [meanwhile]

    def create(self, path: str, content: bytes) -> bool:
        while self._meanwhile:
            self._meanwhile.pop()()
        return super().create(path, content)


def test_who_was_slow_does_not_get_a_lock_that_another_has_by_now(
    folder: LocalFolder, tmp_path: Path
) -> None:
    """The number that the slow one makes was used, and removed, while it slept."""

    def others() -> None:
        for _ in range(2):
            transaction.take_lock(folder, BEN)
            transaction.release_lock(folder, BEN)
        transaction.take_lock(folder, BEN)

    assert transaction.take_lock(Slow(tmp_path, others), ANN) == BEN
    assert transaction.lock_holder(folder) == BEN


def test_who_was_slow_does_not_give_back_the_lock_of_another(
    folder: LocalFolder, tmp_path: Path
) -> None:
    def others() -> None:
        transaction.release_lock(folder, ANN)
        transaction.take_lock(folder, BEN)

    transaction.take_lock(folder, ANN)
    transaction.release_lock(Slow(tmp_path, others), ANN)
    assert transaction.lock_holder(folder) == BEN


@given(st.lists(st.tuples(st.sampled_from(["take", "give_back"]), st.sampled_from([ANN, BEN]))))
def test_whatever_is_asked_in_turn_the_first_holder_holds(steps: list[tuple[str, Holder]]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder, holder = LocalFolder(Path(root)), None
        for what, who in steps:
            if what == "take":
                assert transaction.take_lock(folder, who) == holder
                holder = holder or who
            else:
                transaction.release_lock(folder, who)
                holder = None if holder == who else holder
            assert transaction.lock_holder(folder) == holder


def test_the_second_process_to_make_the_folder_of_locks_takes_part_too(
    tmp_path: Path,
) -> None:
    def ask(root: Path, together: threading.Barrier) -> Holder | None:
        together.wait()
        return transaction.take_lock(LocalFolder(root), ANN)

    with ThreadPoolExecutor(4) as askers:
        for number in range(100):
            root, together = tmp_path / str(number), threading.Barrier(4)
            root.mkdir()
            asked = [askers.submit(ask, root, together) for _ in range(4)]
            assert sorted(str(one.result()) for one in asked)[:3] == [str(ANN)] * 3


# Takes the lock and gives it back for ever anew, and looks that nobody else does what it does.
CONTENDER = """
import os, sys
from pathlib import Path
from ccstate.adapter import Holder
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.storage import LocalFolder
root = Path(sys.argv[1])
me = Holder("x@y", os.getpid(), "", "", "")
inside, got = root / "inside", 0
while got < 15:
    if transaction.take_lock(LocalFolder(root), me) is None:
        os.mkdir(inside)
        os.rmdir(inside)
        transaction.release_lock(LocalFolder(root), me)
        got += 1
"""


@pytest.mark.process
def test_processes_that_take_it_in_turns_never_hold_it_together(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONTENDER, str(tmp_path)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[1] for process in running] == ["", "", ""]
    assert transaction.lock_holder(LocalFolder(tmp_path)) is None
