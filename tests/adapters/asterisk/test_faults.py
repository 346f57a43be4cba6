"""Whatever breaks during an apply: nothing half-written stays, and the message says what to do."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccstate.adapters.asterisk import perform
from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.entries import FILES, OPTIONAL, PJSIP, QUEUES
from ccstate.adapters.asterisk.running.reload import reload
from ccstate.adapters.asterisk.storage.sftp import SftpFolder
from ccstate_lab import site as sites
from ccstate_lab.site import Site
from tests.adapters.asterisk import sshd
from tests.adapters.asterisk.estate import (
    BY_HAND,
    DESIRED,
    SECRETS,
    Applied,
    Estate,
    applied_on,
    flat,
    running_site,
    set_secrets,
    settled,
    write_connection,
    write_project,
)
from tests.adapters.asterisk.killed import Killed
from tests.adapters.asterisk.renames import leave_message, messages, rename

ROOT = Path(__file__).parents[3]
RECORDS, NOTE = "ccstate/records.json", "ccstate/transaction.json"
SECRETS_FILE = "ccstate/secrets.json"


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    with applied_on("22", tmp_path_factory.mktemp("faults-")) as found:
        yield found


@pytest.fixture
def estate(
    applied: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Estate:
    shutil.rmtree(applied.project / ".ccstate", ignore_errors=True)
    shutil.rmtree(applied.project / "plans", ignore_errors=True)
    write_project(applied.project, Estate(applied.project, applied.site, capsys).connection)
    return settled(applied, capsys, monkeypatch)


@pytest.fixture(scope="module")
def killed(applied: Applied) -> Iterator[Killed]:
    process = Killed(applied.project)
    yield process
    process.close()


def change_all(estate: Estate) -> None:
    """Something else in every file of ours, and in a sound."""
    desired = yaml.safe_load((estate.folder / "desired_state/estate.yaml").read_text("utf-8"))
    was = desired["queues"]["sales"]["ring_for"]
    one, other = ("25s", "20s")
    now = one if was == other else other
    estate.edit("queues", "sales", "ring_for", value=now)
    estate.edit("ivrs", "main", "nodes", "menu", "timeout", value="6s" if now == one else "5s")
    voicemail = {"pin": "env:PIN_2001", "email": f"ann-{now}@example.test"}
    estate.edit("extensions", "2001", "voicemail", value=voicemail)
    estate.edit("extensions", "2002", "caller_id", value={"name": f"Bo {now}"})
    estate.edit("users", "bo.o", "name", value=f"Bo Orr {now}")


def contents(estate: Estate) -> dict[str, bytes]:
    """Our files, as they are."""
    etc = estate.site.etc
    return {
        p: (etc / p).read_bytes()
        for p in (*FILES.values(), SECRETS_FILE, RECORDS)
        if (etc / p).exists()
    }


def is_consistent(estate: Estate) -> None:
    """Everything is as desired at both levels, and nothing is left over."""
    assert estate.plan() == ""
    assert estate.leftovers() == []
    assert "as they were applied" in estate.drift()


BOUNDARIES = (
    "before begin 1",
    "staged 1",
    "renamed ccstate/before/queues.d/ccstate.conf 1",
    f"renamed {NOTE} 1",
    "after begin 1",
    "staged 2",
    "staged 3",
    *(f"renamed {path} 1" for name, path in FILES.items() if name not in OPTIONAL),
    f"renamed {SECRETS_FILE} 1",
    f"renamed {RECORDS} 1",
    "after write 1",
    "before reload 1",
    "after reload 1",
    "after await_revisions 1",
    "before end 1",
    f"removed {NOTE} 1",
    "after end 1",
    "after write_and_load 1",
)


@pytest.mark.no_cover  # the same plan and apply each time, as the tests below measure them
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_killed_apply_is_finished_by_the_next(
    boundary: str, estate: Estate, killed: Killed
) -> None:
    change_all(estate)
    by_hand = estate.hand_written()
    assert estate.plan()
    assert killed.run(boundary, "apply") == -signal.SIGKILL, killed.said
    assert estate.run("apply") == 5
    assert "hint: finish it: ccstate apply" in estate.lines
    assert estate.run("apply", "--resume") == 0, estate.lines
    assert "Every change is confirmed" in estate.out
    is_consistent(estate)
    assert estate.hand_written() == by_hand


@pytest.mark.parametrize(
    "boundary",
    ["staged 1", "staged 2", "renamed queues.d/ccstate.conf 1", f"renamed {RECORDS} 1"],
)
def test_a_killed_apply_may_be_given_up_for_a_new_plan(
    boundary: str, estate: Estate, killed: Killed
) -> None:
    change_all(estate)
    assert estate.plan()
    assert killed.run(boundary, "apply") == -signal.SIGKILL, killed.said
    assert estate.run("unlock") == 0
    estate.edit("queues", "reception", "weight", value=7)
    assert estate.plan()
    if code := estate.run("apply"):
        assert code == 3
        assert "CC303 the plan is stale" in estate.lines
        estate.apply()
    is_consistent(estate)


def restarted(estate: Estate) -> None:
    site = estate.site
    estate.site = sites.start(site.folder, name=site.name, programs=site.programs, files=BY_HAND)


def test_an_asterisk_that_is_killed_while_it_loads(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(ami: Ami, files: Collection[str]) -> None:
        reload(ami, [PJSIP])
        sites.kill(estate.site)
        reload(ami, files)

    change_all(estate)
    assert estate.plan()
    monkeypatch.setattr(perform, "reload", dying)
    assert estate.run("apply") == 4
    assert re.search("CC424 the AMI connection .* ended in the middle", estate.lines)
    assert re.search("hint: when the platform is back: ccstate apply .* --resume", estate.lines)
    monkeypatch.undo()
    set_secrets(monkeypatch)
    assert estate.run("apply", "--resume") == 1
    assert "CC420 no connection to Asterisk's AMI" in estate.lines
    restarted(estate)
    assert estate.run("apply", "--resume") == 0, estate.lines
    is_consistent(estate)


def test_what_asterisk_does_not_take_is_put_back(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def once_in_vain(ami: Ami, files: Collection[str]) -> None:
        asked.append(files)
        if len(asked) > 1:
            reload(ami, files)

    monkeypatch.setattr(perform, "reload", once_in_vain)
    monkeypatch.setattr(perform, "SECONDS_TO_LOAD", 0.5)
    before = contents(estate)
    change_all(estate)
    assert estate.plan()
    assert estate.run("apply") == 4
    why = (
        "Asterisk did not load pjsip.d/secrets/ccstate.conf and pjsip.d/ccstate.conf "
        "and queues.d/ccstate.conf"
    )
    assert why in estate.lines
    assert "the old files were put back and loaded" in estate.lines
    for name in ("receipt.md", "journal*"):
        texts = [f.read_text(encoding="utf-8") for f in estate.folder.glob(f"plans/*/{name}")]
        assert any("the old files were put back and loaded" in text for text in texts)
    assert contents(estate) == before
    assert estate.leftovers() == []
    assert "as they were applied" in estate.drift()
    estate.apply()
    is_consistent(estate)


def test_a_wrong_ami_secret_is_reported_and_nothing_is_written(estate: Estate) -> None:
    change_all(estate)
    assert estate.plan()
    before = contents(estate)
    estate.site.secret_file.write_text("guessed\n", encoding="utf-8")
    try:
        assert estate.run("apply") == 1
        assert "CC423 Asterisk at" in estate.lines
        assert 'did not let "ccstate" in' in estate.lines
        assert "hint: compare with the user's section in manager.conf" in estate.lines
        assert "guessed" not in estate.lines
    finally:
        estate.site.secret_file.write_text(estate.site.ami_secret + "\n", encoding="utf-8")
    assert contents(estate) == before
    estate.apply()
    is_consistent(estate)


@pytest.mark.parametrize("is_comment", [False, True], ids=["taken out", "made a comment"])
def test_an_include_line_that_vanishes_during_an_apply_leaves_nothing_confirmed(
    is_comment: bool, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = estate.site.etc / "queues.conf"
    whole, line = main.read_text(encoding="utf-8"), "#tryinclude queues.d/*.conf"
    write_and_load = perform.write_and_load

    def then_without_the_line(*given: Any) -> str:
        failure = write_and_load(*given)
        main.write_text(whole.replace(line, f";{line}" if is_comment else ""), encoding="utf-8")
        return failure

    # Not the first queue: the problem is told at that one, and concerns all.
    estate.edit("queues", "sales", "weight", value=9)
    estate.edit("extensions", "2002", "ring_for", value="25s")
    assert estate.plan()
    monkeypatch.setattr(perform, "write_and_load", then_without_the_line)
    try:
        assert estate.run("apply") == 4, estate.lines
        assert "Not confirmed: 1 of 2 changes ~ queue/sales" in estate.lines
        assert "does not include queues.d/ccstate.conf" in estate.lines
        assert "Confirmed: 1 of 2 changes (1 changed) ~ extension/2002" in estate.lines
        receipts = estate.folder.glob("plans/*/receipt.md")
        assert any("1 of 2 changes confirmed" in r.read_text(encoding="utf-8") for r in receipts)
    finally:
        main.write_text(whole, encoding="utf-8")
    is_consistent(estate)


class Cut:
    """A line to AMI: one of its connections ends after so many bytes of what Asterisk says.

    They are counted from `arm` on.
    """

    def __init__(self, port: int, *, after: int) -> None:
        self._to, self._deadly, self._after = port, 0, after
        self._count = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def arm(self, connection: int) -> None:
        """Let that connection be the one, of those that come."""
        self._count, self._deadly = 0, connection

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._count += 1
                far = socket.create_connection(("127.0.0.1", self._to))
                left = self._after if self._count == self._deadly else 1 << 40
                for a, b, most in ((near, far, 1 << 40), (far, near, left)):
                    threading.Thread(target=_pass_on, args=(a, b, most), daemon=True).start()


def _pass_on(near: socket.socket, far: socket.socket, most: int) -> None:
    """What one says to the other, until either ends or so many bytes have passed."""
    with near, far, contextlib.suppress(OSError):
        while most > 0 and (data := near.recv(min(4096, most))):
            far.sendall(data)
            most -= len(data)
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "connection, after",
    [(1, 20), (1, 5000), (2, 200), (3, 5000), (4, 500), (4, 1500), (4, 9000), (5, 3000)],
)
def test_an_ami_that_is_cut_in_the_middle(connection: int, after: int, estate: Estate) -> None:
    """The first connections read, one loads, the last confirms."""
    change_all(estate)
    line = Cut(estate.site.ami_port, after=after)
    try:
        # All the way: a plan is for the connection that it was made with.
        connected = estate.connection
        connected["ami"]["port"] = line.port
        write_connection(estate.folder, connected)
        assert estate.plan()
        before = contents(estate)
        line.arm(connection)
        code = estate.run("apply")
        assert re.search("CC42[0-9] ", estate.lines)
        assert "hint:" in estate.lines
        if code == 1:
            assert contents(estate) == before
            assert estate.run("apply") == 0, estate.lines
        else:
            assert code == 4
            assert re.search("ccstate apply .* --resume", estate.lines)
            assert estate.run("apply", "--resume") == 0, estate.lines
    finally:
        line.close()
        write_connection(estate.folder, estate.connection)
    is_consistent(estate)


FULL = """
cp -a "$1" "$1.saved" && mount -t tmpfs -o size="$2" tmpfs "$1" && cp -a "$1.saved/." "$1" || exit 90
shift 2; exec "$@"
"""
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 90; shift 2; exec "$@"'


@pytest.mark.process
@pytest.mark.parametrize(
    "mounting, says, hint, code",
    [
        (FULL, "no space left on device", "hint: free space on that disk, then try again", 4),
        # The lock lies there too: without one, nothing is begun.
        (READ_ONLY, "read-only file system", "hint: mount it writable", 1),
    ],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing(
    mounting: str, says: str, hint: str, code: int, estate: Estate
) -> None:
    """Mounted where nobody else sees it."""
    change_all(estate)
    assert estate.plan()
    before, etc = contents(estate), estate.site.etc
    pages = sum(-(-f.stat().st_size // 4096) if f.is_file() else 1 for f in etc.rglob("*"))
    size = str((pages + 6) * 4096)
    command = ["unshare", "-rm", "sh", "-c", mounting, "sh", str(etc), size, sys.executable]
    ended = subprocess.run(
        [*command, "-m", "ccstate", "--project", str(estate.folder), "apply"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **SECRETS, "PYTHONPATH": str(ROOT / "src")},
    )
    shutil.rmtree(f"{etc}.saved", ignore_errors=True)
    assert ended.returncode == code, ended.stderr
    said = flat(ended.stderr)
    assert "CC435" in said
    assert says in said
    assert hint in said
    assert contents(estate) == before
    assert estate.leftovers() == []
    assert estate.run("apply", *(["--resume"] if code == 4 else [])) == 0, estate.lines
    is_consistent(estate)


@pytest.fixture(scope="module")
def remote_site() -> Iterator[tuple[sshd.Sshd, Site]]:
    """A site whose folders are on another machine, where they belong to who logs in."""
    with (
        sshd.serving() as server,
        running_site(server.folder / "site", "22", files=BY_HAND) as site,
    ):
        known = pwd.getpwnam(server.user)
        for path in [site.folder, *site.folder.rglob("*")]:
            os.chown(path, known.pw_uid, known.pw_gid, follow_symlinks=False)
        yield server, site


@pytest.fixture
def remote(
    remote_site: tuple[sshd.Sshd, Site],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Estate:
    """The estate as it is desired there."""
    server, site = remote_site
    set_secrets(monkeypatch)
    monkeypatch.setenv("CCSTATE_SECRET_FILES", str(server.key.parent))
    estate = Estate(server.folder / "project", site, capsys)
    estate.folder.mkdir(exist_ok=True)
    there = {
        "host": "127.0.0.1",
        "port": server.port,
        "username": server.user,
        "identity": str(server.key),
        "known_hosts": str(server.known_hosts),
    }
    write_project(estate.folder, {**estate.connection, "sftp": there})
    if estate.plan():
        estate.apply()
    return estate


@pytest.mark.asterisk
@pytest.mark.sshd
def test_an_sftp_that_is_cut_between_two_files(
    remote: Estate, remote_site: tuple[sshd.Sshd, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    estate, (server, _) = remote, remote_site
    change_all(estate)
    assert estate.plan()
    real = SftpFolder.commit

    def cut(folder: SftpFolder, paths: Sequence[str]) -> None:
        if RECORDS not in paths or FILES[QUEUES] not in paths:
            return real(folder, paths)
        real(folder, paths[:2])
        server.cut()
        return real(folder, paths[2:])

    monkeypatch.setattr(SftpFolder, "commit", cut)
    assert estate.run("apply") == 4, estate.lines
    assert re.search("CC43[59] .*the connection was cut", estate.lines)
    assert "hint: when the platform is back: ccstate apply" in estate.lines
    monkeypatch.setattr(SftpFolder, "commit", real)
    assert estate.run("apply", "--resume") == 0, estate.lines
    is_consistent(estate)


@pytest.mark.asterisk
@pytest.mark.sshd
def test_a_mailbox_on_another_machine_goes_along_or_nothing_is_written(
    remote: Estate, remote_site: tuple[sshd.Sshd, Site]
) -> None:
    estate, (server, _) = remote, remote_site
    folder = leave_message(estate, "2001")
    desired = rename(dict(DESIRED), "extension", "2001", "2011")
    before = contents(estate)
    estate.declare(desired)
    assert "messages and greetings do, too" in flat(estate.plan())
    folder.chmod(0o755)  # whoever logs in there may look at it, and no more
    assert estate.run("apply") != 0
    assert "permission denied" in estate.lines
    assert contents(estate) == before
    assert estate.leftovers() == []
    known = pwd.getpwnam(server.user)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, known.pw_uid, known.pw_gid)
    assert estate.run("apply", "--resume") == 0, estate.lines
    assert messages(estate, "2011") == ("1", "0")
    assert [found.name for found in folder.iterdir()] == ["2011"]
    is_consistent(estate)


@dataclass(frozen=True)
class Beside:
    """What somebody writes into a file of his own, and what is said about it."""

    what: str
    file: str
    old: str
    new: str
    says: str
    hint: str

    def __str__(self) -> str:
        return self.what.replace(" ", "-")


BESIDE = [
    Beside(
        "no include",
        "queues.conf",
        "#tryinclude queues.d/*.conf",
        "",
        "CC412 ETC/queues.conf does not include queues.d/ccstate.conf",
        "hint: add the line `#tryinclude queues.d/*.conf` at its end",
    ),
    Beside(
        "a main file that is broken",
        "queues.conf",
        "autofill = yes",
        "[unclosed",
        "ETC/queues.conf:3:1: CC412 Asterisk does not get to queues.d/ccstate.conf",
        "hint: correct that line",
    ),
    Beside(
        "a broken file before ours",
        "queues.d/by-hand.conf",
        "[night-shift]",
        "[night-shift",
        "ETC/queues.d/by-hand.conf:1:1: CC412 Asterisk does not get to queues.d/ccstate.conf",
        "hint: correct that line",
    ),
    Beside(
        "a comment before ours that is never closed",
        "queues.d/by-hand.conf",
        "[night-shift]",
        "[night-shift]\n;-- until further notice",
        "ETC/queues.d/by-hand.conf:2:1: CC412 Asterisk does not get to queues.d/ccstate.conf",
        "hint: correct that line",
    ),
    Beside(
        "a section of the same name",
        "queues.d/by-hand.conf",
        "[night-shift]",
        "[sales]",
        "CC413 [sales] in queues.d/by-hand.conf would be written by ccstate too",
        "hint: take it out there, or name the object otherwise in the desired state",
    ),
    Beside(
        "a context of the same name",
        "extensions.conf",
        "[lab]",
        "[queue/sales]",
        "CC413 [queue/sales] in extensions.conf would be written by ccstate too",
        "hint: take it out there",
    ),
]


@pytest.mark.parametrize("beside", BESIDE, ids=str)
def test_what_would_not_go_with_ours_is_reported_before_the_first_write(
    beside: Beside, estate: Estate
) -> None:
    path = estate.site.etc / beside.file
    whole = path.read_text(encoding="utf-8")
    assert whole.count(beside.old) == 1
    change_all(estate)
    assert estate.plan()
    before = contents(estate)
    path.write_text(whole.replace(beside.old, beside.new), encoding="utf-8")
    try:
        assert estate.run("apply") == 3, estate.lines
        assert beside.says in estate.lines.replace(str(estate.site.etc), "ETC")
        assert beside.hint in estate.lines
        assert contents(estate) == before
        assert estate.leftovers() == []
    finally:
        path.write_text(whole, encoding="utf-8")
    assert estate.run("apply") == 0, estate.lines
    is_consistent(estate)
