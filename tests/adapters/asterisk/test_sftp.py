"""The folder on another machine, by a real OpenSSH server: same promises, and machines that are not who they say."""

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncssh
import pytest

from ccstate.adapter import Holder
from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.storage import SshLogin
from ccstate.adapters.asterisk.storage.sftp import SftpFolder
from ccstate.errors import CcstateError, InvalidInput, Unreadable
from tests.adapters.asterisk.sshd import Sshd, client, free_port, serving
from tests.waiting import until

PJSIP = "pjsip.d/ccstate.conf"
QUEUES = "queues.d/ccstate.conf"


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    with serving() as running:
        yield running


@pytest.fixture
def root(server: Sshd, request: pytest.FixtureRequest) -> Path:
    """A folder for each test, which belongs to the user of the server."""
    made = server.folder / f"etc{abs(hash(request.node.name))}"
    made.mkdir()
    give(made, server)
    return made


def give(path: Path, server: Sshd) -> None:
    if os.geteuid() == 0:
        owner = server.folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def login_to(server: Sshd) -> SshLogin:
    return SshLogin(
        "127.0.0.1",
        server.user,
        server.port,
        key=server.key,
        known_hosts=server.known_hosts,
        timeout=60,
    )


@contextlib.contextmanager
def reached(login: SshLogin, root: Path) -> Iterator[SftpFolder]:
    folder = SftpFolder(login, str(root))
    try:
        yield folder
    finally:
        folder.close()


@pytest.fixture
def folder(server: Sshd, root: Path) -> Iterator[SftpFolder]:
    with reached(login_to(server), root) as opened:
        yield opened


def words(error: CcstateError) -> str:
    return " ".join(f"{one.code} {one.message} {one.cause} {one.hint}" for one in error.problems)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def refusal(login: SshLogin, root: Path) -> str:
    with reached(login, root) as folder, pytest.raises(Unreadable) as caught:
        folder.read([PJSIP])
    return words(caught.value)


def test_what_is_staged_is_there_once_it_is_committed(folder: SftpFolder, root: Path) -> None:
    folder.stage({PJSIP: b"new", QUEUES: b"x" * 3_000_000}, mode=0o640)
    assert folder.read([PJSIP, QUEUES]) == {}
    folder.commit([PJSIP, QUEUES])
    read = folder.read([PJSIP, QUEUES, "absent.conf", "no/such.conf"])
    assert read == {PJSIP: b"new", QUEUES: b"x" * 3_000_000}
    assert files(root) == {PJSIP, QUEUES}
    assert stat.S_IMODE((root / PJSIP).stat().st_mode) == 0o640
    assert stat.S_IMODE((root / "pjsip.d").stat().st_mode) == 0o750


def test_what_is_discarded_or_removed_is_gone_and_the_rest_stays(
    folder: SftpFolder, root: Path
) -> None:
    folder.stage({PJSIP: b"old", QUEUES: b"old"}, mode=0o644)
    folder.commit([PJSIP, QUEUES])
    folder.stage({PJSIP: b"new"}, mode=0o644)
    folder.discard([PJSIP, "never/staged.conf"])
    folder.remove([QUEUES, "never/there.conf"])
    assert files(root) == {PJSIP}
    assert folder.read([PJSIP]) == {PJSIP: b"old"}


def test_a_listing_tells_sizes_and_times_and_follows_no_link_to_a_folder(
    folder: SftpFolder, root: Path
) -> None:
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
    assert set(folder.listing()) == {*listed, "pjsip.conf"}
    assert folder.listing("absent") == {}


def test_a_path_that_could_lead_out_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    nowhere = SshLogin("127.0.0.1", "nobody", free_port())
    with reached(nowhere, tmp_path) as folder:
        calls: list[Callable[[], object]] = [
            lambda: folder.read(["../x"]),
            lambda: folder.listing("/etc"),
            lambda: folder.stage({"a/../../x": b""}, mode=0o644),
            lambda: folder.commit(["/etc/passwd"]),
            lambda: folder.discard([""]),
            lambda: folder.remove(["a\nb"]),
        ]
        for call in calls:
            with pytest.raises(InvalidInput):
                call()


def test_a_link_that_leads_out_is_neither_read_nor_written_through(
    folder: SftpFolder, root: Path, server: Sshd
) -> None:
    outside = root.with_name(f"{root.name}-outside")
    outside.mkdir()
    give(outside, server)
    (outside / "ccstate.conf").write_bytes(b"theirs")
    (root / "pjsip.d").symlink_to(outside)
    (root / "users.conf").symlink_to(outside / "ccstate.conf")
    (root / "queues.conf.new").symlink_to(outside / "ccstate.conf")
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
    folder.stage({"queues.conf": b"ours"}, mode=0o644)
    folder.commit(["queues.conf"])
    assert files(outside) == {"ccstate.conf"}
    assert (outside / "ccstate.conf").read_bytes() == b"theirs"


def test_what_is_no_file_or_too_large_is_not_read(folder: SftpFolder, root: Path) -> None:
    os.mkfifo(root / "pipe.conf")
    (root / "folder.conf").mkdir()
    with (root / "huge.conf").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    for name, why in (("pipe", "no file"), ("folder", "no file"), ("huge", "more than 64 MB")):
        with pytest.raises(Unreadable, match=why):
            folder.read([f"{name}.conf"])


def test_a_folder_that_is_missing_is_no_empty_folder(server: Sshd, root: Path) -> None:
    told = refusal(login_to(server), root / "missing")
    assert "there is no folder sftp://" in told
    assert "no such file" in told


def test_a_folder_that_may_not_be_written_says_so_and_stays_as_it_was(
    folder: SftpFolder, root: Path
) -> None:
    folder.stage({"queues.conf": b"old"}, mode=0o644)
    folder.commit(["queues.conf"])
    folder.stage({"queues.conf": b"new"}, mode=0o644)
    root.chmod(0o555)
    calls: list[Callable[[], object]] = [
        lambda: folder.stage({"pjsip.conf": b""}, mode=0o644),
        lambda: folder.commit(["queues.conf"]),
        lambda: folder.remove(["queues.conf"]),
    ]
    for call in calls:
        with pytest.raises(Unreadable) as caught:
            call()
        assert "permission denied" in words(caught.value)
    assert folder.read(["queues.conf", "pjsip.conf"]) == {"queues.conf": b"old"}


def test_nothing_is_replaced_where_one_file_was_not_staged(folder: SftpFolder, root: Path) -> None:
    folder.stage({PJSIP: b"new"}, mode=0o644)
    with pytest.raises(Unreadable, match=r"queues\.d"):
        folder.commit([PJSIP, QUEUES])
    assert files(root) == {f"{PJSIP}.new"}


def test_a_machine_that_is_unknown_is_refused_with_its_fingerprint(
    server: Sshd, root: Path, tmp_path: Path
) -> None:
    fingerprint = asyncssh.read_public_key(server.known_hosts.parent / "host_key").get_fingerprint()
    (tmp_path / "empty").touch()
    for known_hosts in (tmp_path / "missing", tmp_path / "empty"):
        told = refusal(dataclasses.replace(login_to(server), known_hosts=known_hosts), root)
        assert fingerprint in told
        assert f"ssh-keyscan -p {server.port} 127.0.0.1" in told


def test_a_machine_with_another_key_than_it_had_is_refused_in_stronger_words(
    server: Sshd, root: Path, tmp_path: Path
) -> None:
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256"):
        other = asyncssh.generate_private_key(kind).export_public_key().decode()
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{server.port} {other}")
        told = refusal(dataclasses.replace(login_to(server), known_hosts=known_hosts), root)
        assert "is not the machine that" in told


def test_a_key_that_the_server_does_not_know_is_refused(
    server: Sshd, root: Path, tmp_path: Path
) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "other")
    told = refusal(dataclasses.replace(login_to(server), key=tmp_path / "other"), root)
    assert "did not let" in told
    assert "authorized_keys" in told


def test_a_key_that_cannot_be_used_says_why(server: Sshd, root: Path, tmp_path: Path) -> None:
    new = ["-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "locked")]
    subprocess.run([*client("ssh-keygen"), *new], check=True)
    (tmp_path / "garbage").write_text("garbage")
    for name, why in (("locked", "passphrase"), ("garbage", "no private key"), ("no", "no such")):
        told = refusal(dataclasses.replace(login_to(server), key=tmp_path / name), root)
        assert why in told


def test_keys_of_an_agent_are_used(
    server: Sshd, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "agent"
    with subprocess.Popen(
        [*client("ssh-agent"), "-D", "-a", path], stdout=subprocess.DEVNULL
    ) as agent:
        try:
            until(path.exists, "the agent listens")
            monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
            subprocess.run([*client("ssh-add"), "-q", server.key], check=True)
            with reached(dataclasses.replace(login_to(server), key=None), root) as folder:
                assert folder.listing() == {}
        finally:
            agent.terminate()


def test_where_no_one_listens_it_is_said(root: Path) -> None:
    told = refusal(SshLogin("127.0.0.1", "nobody", free_port()), root)
    assert "no SSH connection to 127.0.0.1" in told
    assert "connect" in told


def test_a_server_that_says_nothing_is_given_up_in_time(server: Sshd, root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        login = dataclasses.replace(login_to(server), port=port, timeout=0.3)
        assert "no answer within 0.3 s" in refusal(login, root)


@pytest.mark.sshd
def test_a_server_without_sftp_says_so() -> None:
    with serving("ForceCommand /bin/false") as server:
        assert "offers no SFTP" in refusal(login_to(server), server.folder)


def test_a_server_that_hangs_later_is_given_up_in_time_and_asked_anew(
    server: Sshd, root: Path
) -> None:
    with reached(dataclasses.replace(login_to(server), timeout=1), root) as folder:
        calls: list[Callable[[], object]] = [
            folder.listing,
            lambda: folder.read([PJSIP]),
            lambda: folder.stage({PJSIP: b""}, mode=0o644),
        ]
        for call in calls:
            assert folder.listing() == {}
            server.signal(signal.SIGSTOP)
            try:
                with pytest.raises(Unreadable, match="no answer within 1 s"):
                    call()
            finally:
                server.signal(signal.SIGCONT)


def test_the_next_call_connects_again_after_the_connection_was_cut(
    folder: SftpFolder, server: Sshd
) -> None:
    folder.stage({PJSIP: b"x"}, mode=0o644)
    server.cut()
    with contextlib.suppress(Unreadable):  # or the cut was noticed before
        folder.commit([PJSIP])
    folder.stage({PJSIP: b"y"}, mode=0o644)
    folder.commit([PJSIP])
    assert folder.read([PJSIP]) == {PJSIP: b"y"}


def test_a_commit_that_is_cut_in_the_middle_leaves_whole_files_in_order_and_says_which(
    folder: SftpFolder, root: Path, server: Sshd
) -> None:
    names = [f"{number:04}.conf" for number in range(500)]
    folder.stage(dict.fromkeys(names, b"old"), mode=0o644)
    folder.commit(names)
    folder.stage(dict.fromkeys(names, b"new"), mode=0o644)

    def cut_in_the_middle() -> None:
        until(lambda: not (root / f"{names[20]}.new").exists(), "the commit is under way")
        server.cut()

    cutting = threading.Thread(target=cut_in_the_middle)
    cutting.start()
    with pytest.raises(Unreadable, match="the connection was cut, so it is not known") as caught:
        folder.commit(names)
    cutting.join()
    contents = [(root / name).read_bytes() for name in names]
    replaced = contents.count(b"new")
    assert contents == [b"new"] * replaced + [b"old"] * (len(names) - replaced)
    assert 20 < replaced < len(names)
    assert f"{names[replaced - 2]}" in words(caught.value)
    left = names[replaced:]
    folder.stage(dict.fromkeys(left, b"new"), mode=0o644)
    folder.commit(left)
    assert set(folder.read(names).values()) == {b"new"}
    assert files(root) == set(names)


@pytest.mark.process
def test_a_full_disk_over_there_is_named_and_leaves_no_halves() -> None:
    """A program of its own, in whose eyes the folder lies on a disk of 256 KB."""
    program = f"""
import ctypes, os, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from tests.adapters.asterisk.sshd import serving
from tests.adapters.asterisk.test_sftp import files, login_to, reached
from ccstate.errors import Unreadable
# mount(8) asks for root, whatever one may do.
libc = ctypes.CDLL(None, use_errno=True)
with serving() as server:
    place = os.fsencode(server.folder)
    if libc.mount(b"tmpfs", place, b"tmpfs", 0, b"size=256k,mode=0777"):
        raise OSError(ctypes.get_errno(), "mount")
    with reached(login_to(server), server.folder) as folder:
        folder.stage({{"a.conf": b"old"}}, mode=0o644)
        folder.commit(["a.conf"])
        try:
            folder.stage({{"a.conf": b"new", "sub/b.conf": b"x" * 1_000_000}}, mode=0o644)
        except Unreadable as error:
            print(error.problems[0].message, error.problems[0].hint)
        print(sorted(files(server.folder)), folder.read(["a.conf"]))
    if libc.umount(place):
        raise OSError(ctypes.get_errno(), "umount")
"""
    told = subprocess.run(
        ["unshare", *mapping(), sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "no space left on device free space" in told.stdout
    assert "['a.conf'] {'a.conf': b'old'}" in told.stdout


def mapping() -> list[str]:
    """Mounts of one's own; not root, one stays who one is, for sshd, and may mount all the same."""
    return ["-m"] if os.geteuid() == 0 else ["-mU", "--map-current-user", "--keep-caps"]


def test_without_the_library_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    with pytest.raises(InvalidInput) as caught:
        SftpFolder(SshLogin("127.0.0.1", "nobody"), str(tmp_path)).listing()
    assert "pip install 'ccstate[asterisk]'" in words(caught.value)


def test_it_can_be_used_where_a_loop_runs_already(folder: SftpFolder) -> None:
    async def within() -> object:
        return folder.listing()

    assert asyncio.run(within()) == {}


def test_of_many_that_make_a_file_one_does(server: Sshd, folder: SftpFolder, root: Path) -> None:
    path = "ccstate/lock/00000001"
    assert folder.create(path, b"ann")
    with reached(login_to(server), root) as other:
        assert not other.create(path, b"ben")
    assert folder.read([path]) == {path: b"ann"}
    assert stat.S_IMODE((root / path).stat().st_mode) == 0o600
    (root / "ccstate/lock/00000002").symlink_to("nowhere")
    assert not folder.create("ccstate/lock/00000002", b"ann")
    with ThreadPoolExecutor(4) as pool, contextlib.ExitStack() as stack:
        others = [stack.enter_context(reached(login_to(server), root)) for _ in range(4)]
        made = list(pool.map(lambda one: one.create("ccstate/lock/3", b"x"), others))
    assert sorted(made) == [False, False, False, True]


def test_a_file_that_may_not_be_made_says_why(folder: SftpFolder, root: Path) -> None:
    root.chmod(0o500)
    with pytest.raises(Unreadable, match="permission denied"):
        folder.create("ccstate/lock/00000001", b"ann")
    root.chmod(0o700)


def test_the_lock_of_an_asterisk_on_another_machine_has_one_holder(
    server: Sshd, folder: SftpFolder, root: Path
) -> None:
    ann = Holder("ann@one", 77, "", "", "p1")
    ben = dataclasses.replace(ann, owner="ben@two")
    assert transaction.take_lock(folder, ann) is None
    with reached(login_to(server), root) as other:
        assert transaction.take_lock(other, ben) == ann
        transaction.release_lock(other, ben)
        assert transaction.lock_holder(folder) == ann
        transaction.release_lock(folder, ann)
        assert transaction.take_lock(other, ben) is None
