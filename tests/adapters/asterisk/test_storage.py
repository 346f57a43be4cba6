"""The folder on this machine: whole files or none, in order, never outside; disks that fill up."""

import contextlib
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.storage import LocalFolder, check_paths
from ccstate.errors import CcstateError, InvalidInput, Unreadable

PJSIP = "pjsip.d/ccstate.conf"
QUEUES = "queues.d/ccstate.conf"
NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def words(error: CcstateError) -> str:
    return " ".join(f"{one.code} {one.message} {one.cause} {one.hint}" for one in error.problems)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_what_is_staged_is_not_there_until_it_is_committed(root: Path) -> None:
    folder = LocalFolder(root)
    folder.stage({PJSIP: b"new", QUEUES: b"more"}, mode=0o640)
    assert folder.read([PJSIP, QUEUES]) == {}
    folder.commit([PJSIP, QUEUES])
    assert folder.read([PJSIP, QUEUES, "absent.conf"]) == {PJSIP: b"new", QUEUES: b"more"}
    assert files(root) == {PJSIP, QUEUES}


def test_what_is_discarded_leaves_the_old_file(root: Path) -> None:
    folder = LocalFolder(root)
    folder.stage({PJSIP: b"old"}, mode=0o640)
    folder.commit([PJSIP])
    folder.stage({PJSIP: b"new"}, mode=0o640)
    folder.discard([PJSIP, "never/staged.conf"])
    folder.discard([PJSIP])
    assert folder.read([PJSIP]) == {PJSIP: b"old"}
    assert files(root) == {PJSIP}


def test_what_a_killed_process_left_is_overwritten_also_where_it_is_a_link(root: Path) -> None:
    outside = root.parent / "passwd"
    outside.write_bytes(b"root")
    (root / "pjsip.d").mkdir()
    (root / f"{PJSIP}.new").symlink_to(outside)
    folder = LocalFolder(root)
    folder.stage({PJSIP: b"new"}, mode=0o640)
    folder.commit([PJSIP])
    assert (outside.read_bytes(), folder.read([PJSIP])) == (b"root", {PJSIP: b"new"})


@pytest.mark.parametrize("mode, folders", [(0o640, 0o750), (0o644, 0o755), (0o600, 0o750)])
def test_modes_are_as_asked_whatever_the_umask(root: Path, mode: int, folders: int) -> None:
    before = os.umask(0o077)
    try:
        LocalFolder(root).stage({"sounds/ccstate/hello.wav": b""}, mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "sounds/ccstate/hello.wav.new").stat().st_mode) == mode
    assert stat.S_IMODE((root / "sounds").stat().st_mode) == folders
    assert stat.S_IMODE((root / "sounds/ccstate").stat().st_mode) == folders


def test_a_file_takes_the_group_of_its_folder_so_that_asterisk_can_read_it(root: Path) -> None:
    group = NOBODY if os.geteuid() == 0 else os.getgroups()[-1]
    os.chown(root, -1, group)
    folder = LocalFolder(root)
    folder.stage({"records.json": b"{}"}, mode=0o640)
    folder.commit(["records.json"])
    assert (root / "records.json").stat().st_gid == group


def test_removing_passes_over_what_is_not_there(root: Path) -> None:
    folder = LocalFolder(root)
    folder.stage({PJSIP: b"x"}, mode=0o640)
    folder.commit([PJSIP])
    folder.remove([PJSIP, QUEUES])
    assert files(root) == set()


def test_a_listing_tells_sizes_below_a_folder_and_follows_no_link_to_a_folder(root: Path) -> None:
    folder = LocalFolder(root)
    assert folder.listing() == folder.listing("sounds") == {}
    folder.stage({"sounds/a/b.wav": b"12345", "pjsip.conf": b"1"}, mode=0o644)
    folder.commit(["sounds/a/b.wav", "pjsip.conf"])
    (root / "sounds/loop").symlink_to(root)
    (root / "sounds/out.wav").symlink_to("/etc/passwd")
    (root / "sounds/nowhere.wav").symlink_to("missing")
    (root / "sounds/same.wav").symlink_to("a/b.wav")
    listed = folder.listing("sounds")
    assert {path: one.size for path, one in listed.items()} == {
        "sounds/a/b.wav": 5,
        "sounds/same.wav": 5,
    }
    assert abs(listed["sounds/a/b.wav"].mtime - time.time()) < 600
    assert folder.listing()["pjsip.conf"].size == 1


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "",
        ".",
        "a//b",
        "a/./b",
        "a/",
        "a\nb",
        "a\0b",
        "..",
        "a\\b",
    ],
)
def test_a_path_that_could_lead_out_is_refused_by_every_call(root: Path, path: str) -> None:
    folder = LocalFolder(root)
    calls: list[Callable[[], object]] = [
        lambda: folder.read([path]),
        lambda: folder.stage({path: b""}, mode=0o644),
        lambda: folder.commit([path]),
        lambda: folder.discard([path]),
        lambda: folder.remove([path]),
    ]
    for call in calls:
        with pytest.raises(InvalidInput, match="no path inside"):
            call()
    assert files(root.parent) == set()


@given(st.text(alphabet="ab./\\\0~\n", max_size=12))
def test_what_is_accepted_stays_inside(path: str) -> None:
    with contextlib.suppress(InvalidInput):
        check_paths([path])
        assert os.path.normpath(f"/root/{path}").startswith("/root/")


def test_a_link_that_leads_out_is_neither_read_nor_written_through(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "ccstate.conf").write_bytes(b"theirs")
    (root / "pjsip.d").symlink_to(outside)
    (root / "users.conf").symlink_to(outside / "ccstate.conf")
    folder = LocalFolder(root)
    calls: list[Callable[[], object]] = [
        lambda: folder.read([PJSIP]),
        lambda: folder.read(["users.conf"]),
        lambda: folder.listing("pjsip.d"),
        lambda: folder.stage({PJSIP: b""}, mode=0o644),
        lambda: folder.commit([PJSIP]),
        lambda: folder.remove([PJSIP]),
    ]
    for call in calls:
        with pytest.raises(Unreadable, match="leads out"):
            call()
    assert files(outside) == {"ccstate.conf"}


def test_a_link_that_stays_inside_is_read_and_replaced_by_a_file(root: Path) -> None:
    (root / "a.conf").write_bytes(b"a")
    (root / "b.conf").symlink_to("a.conf")
    folder = LocalFolder(root)
    assert folder.read(["b.conf"]) == {"b.conf": b"a"}
    folder.stage({"b.conf": b"b"}, mode=0o644)
    folder.commit(["b.conf"])
    assert folder.read(["a.conf", "b.conf"]) == {"a.conf": b"a", "b.conf": b"b"}


def test_a_folder_that_is_missing_is_no_empty_folder(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path / "etc")
    calls: list[Callable[[], object]] = [
        lambda: folder.read([PJSIP]),
        folder.listing,
        lambda: folder.stage({PJSIP: b""}, mode=0o644),
    ]
    for call in calls:
        with pytest.raises(Unreadable) as caught:
            call()
        assert "no such file" in words(caught.value)
        assert "astetcdir" in words(caught.value)


def test_what_is_no_file_is_not_read(root: Path) -> None:
    os.mkfifo(root / "pipe.conf")
    (root / "folder.conf").mkdir()
    for name in ("pipe.conf", "folder.conf"):
        with pytest.raises(Unreadable, match="it is no file"):
            LocalFolder(root).read([name])


def test_a_file_beyond_all_bounds_is_not_read(root: Path) -> None:
    with (root / "huge.conf").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(Unreadable, match="more than 64 MB"):
        LocalFolder(root).read(["huge.conf"])


def test_nothing_is_replaced_where_one_file_was_not_staged(root: Path) -> None:
    folder = LocalFolder(root)
    folder.stage({PJSIP: b"new"}, mode=0o644)
    with pytest.raises(Unreadable, match=r"queues\.d"):
        folder.commit([PJSIP, QUEUES])
    assert files(root) == {f"{PJSIP}.new"}


def test_a_replacement_that_fails_says_what_was_replaced_before(root: Path) -> None:
    folder = LocalFolder(root)
    folder.stage({PJSIP: b"new", QUEUES: b"new"}, mode=0o644)
    (root / QUEUES).mkdir()  # a rename cannot replace a folder
    with pytest.raises(Unreadable) as caught:
        folder.commit([PJSIP, QUEUES])
    assert f"{QUEUES} in" in words(caught.value)
    assert f"{PJSIP} had been done before" in words(caught.value)
    assert (root / PJSIP).read_bytes() == b"new"


@contextlib.contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root may write anywhere, so root steps down for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def ours() -> Iterator[Path]:
    """A folder of an ordinary user's, reachable by one: pytest's own folders are private."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, -1)
        with as_ordinary_user():
            yield folder
        folder.chmod(0o755)


def test_a_folder_that_may_not_be_written_says_so_and_stays_as_it_was(ours: Path) -> None:
    folder = LocalFolder(ours)
    folder.stage({"queues.conf": b"old"}, mode=0o644)
    folder.commit(["queues.conf"])
    folder.stage({"queues.conf": b"new"}, mode=0o644)
    ours.chmod(0o555)
    calls: list[Callable[[], object]] = [
        lambda: folder.stage({"pjsip.conf": b""}, mode=0o644),
        lambda: folder.commit(["queues.conf"]),
        lambda: folder.remove(["queues.conf"]),
    ]
    for call in calls:
        with pytest.raises(Unreadable) as caught:
            call()
        assert "permission denied" in words(caught.value)
        assert "owner, group and mode" in words(caught.value)
    assert folder.read(["queues.conf", "pjsip.conf"]) == {"queues.conf": b"old"}


def test_a_file_or_folder_that_may_not_be_read_says_so(ours: Path) -> None:
    (ours / "secret").mkdir()
    (ours / "secret/a.conf").write_bytes(b"x")
    (ours / "b.conf").write_bytes(b"x")
    (ours / "b.conf").chmod(0)
    (ours / "secret").chmod(0)
    try:
        for path in ("b.conf", "secret/a.conf"):
            with pytest.raises(Unreadable, match="permission denied"):
                LocalFolder(ours).read([path])
        with pytest.raises(Unreadable, match="permission denied"):
            LocalFolder(ours).listing()
    finally:
        (ours / "secret").chmod(0o700)


# Runs where it may mount: prints what went wrong, and which files there are then.
FULL = """
import pathlib, sys
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.errors import Unreadable
root = pathlib.Path(sys.argv[1])
folder = LocalFolder(root)
folder.stage({"a.conf": b"old"}, mode=0o644)
folder.commit(["a.conf"])
limit()
try:
    folder.stage({"a.conf": b"new", "sub/b.conf": b"x" * 1_000_000}, mode=0o644)
except Unreadable as error:
    print(error.problems[0].message, error.problems[0].hint)
print(sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()), folder.read(["a.conf"]))
"""
ONLY_THE_OLD = "['a.conf'] {'a.conf': b'old'}"


@pytest.mark.process
def test_a_full_disk_leaves_the_old_files_and_no_halves(tmp_path: Path) -> None:
    """A disk of 256 KB, mounted where nobody else sees it."""
    program = f"limit = lambda: None\n{FULL}"
    mount = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    told = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", tmp_path, sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "sub/b.conf could not be written" in told.stdout
    assert "no space left on device free space" in told.stdout
    assert ONLY_THE_OLD in told.stdout


@pytest.mark.process
def test_a_limit_on_the_size_of_files_leaves_the_old_files_and_no_halves(tmp_path: Path) -> None:
    program = f"""
def limit():
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
{FULL}"""
    told = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert "file too large raise the limit" in told.stdout
    assert ONLY_THE_OLD in told.stdout


# Replaces two files over and over; whoever kills it finds each whole, the first never older.
BUSY = """
import pathlib, sys
from ccstate.adapters.asterisk.storage import LocalFolder
folder = LocalFolder(pathlib.Path(sys.argv[1]))
for round in range(1_000_000):
    content = b"%09d" % round * 20_000
    folder.stage({"d/first": content, "d/second": content}, mode=0o644)
    folder.commit(["d/first", "d/second"])
    print(round, flush=True)
"""


@pytest.mark.process
@pytest.mark.parametrize("after", range(5))
def test_a_killed_process_leaves_whole_files_in_order(tmp_path: Path, after: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, tmp_path], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(after * 0.0037)
        process.kill()
    folder = LocalFolder(tmp_path)
    found = folder.read(["d/first", "d/second"])
    rounds = [int(content[:9]) for content in found.values()]
    assert [
        len({content[i : i + 9] for i in range(0, 180_000, 9)}) for content in found.values()
    ] == [1, 1]
    assert rounds[0] - rounds[1] in {0, 1}
    folder.stage(dict.fromkeys(found, b"again"), mode=0o644)
    folder.commit(list(found))
    assert files(tmp_path) == {"d/first", "d/second"}
