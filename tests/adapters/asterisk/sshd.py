"""A real OpenSSH server on loopback, as an ordinary user: own port, own host key, one known key."""

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from ccstate_lab.programs import Packages, command, unpacked
from tests.unpacked import copy_libraries
from tests.waiting import until

OPENSSH = Packages("sshd", "bookworm", ("openssh-server",))
"""Of Debian 12: 9.2. Its client comes along, and with that ssh-agent."""


@dataclass(frozen=True, slots=True)
class Sshd:
    """`folder` belongs to `user`, whom `key` lets in."""

    port: int
    user: str
    folder: Path
    key: Path
    known_hosts: Path
    process: subprocess.Popen[bytes]

    def cut(self) -> None:
        """End every session, in the middle of whatever it does."""
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """To every session."""
        for pid in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def children(pid: int) -> list[int]:
    """All processes below that one: a session is a monitor, and under it one that serves."""
    with contextlib.suppress(FileNotFoundError):
        mine = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [one for child in map(int, mine) for one in (child, *children(child))]
    return []


@contextlib.contextmanager
def serving(*more: str, groups: Sequence[int] = ()) -> Iterator[Sshd]:
    """`more`: further lines of sshd_config; `groups`: those of its user, where root starts it."""
    # Not pytest's tmp_path: root's is closed to the user that sshd runs as. In memory where that
    # can be had: on a busy disk the tests wait for fsync, and little else.
    memory = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes its own folder there
    place = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sshd-", dir=place) as made:
        top = Path(made)
        top.chmod(0o755)
        user = "nobody" if os.geteuid() == 0 else getpass.getuser()
        host_key, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        for name, private in (("host_key", host_key), ("key", key)):
            private.write_private_key(top / name)
            (top / name).chmod(0o600)
        key.write_public_key(top / "authorized_keys")
        (top / "folder").mkdir()
        port = free_port()
        public = host_key.export_public_key().decode()
        (top / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
        (top / "sshd_config").write_text(config(top, port, *more))
        known = pwd.getpwnam(user)
        if os.geteuid() == 0:
            for owned in ("host_key", "folder"):
                os.chown(top / owned, known.pw_uid, known.pw_gid)
        command = [*program(top), "-D", "-e", "-f", str(top / "sshd_config")]
        with (top / "log").open("wb") as log:
            step_down = os.geteuid() == 0
            process = subprocess.Popen(
                command,
                stderr=log,
                user=user if step_down else None,
                group=known.pw_gid if step_down else None,
                extra_groups=groups if step_down else None,
            )
        served = Sshd(port, user, top / "folder", top / "key", top / "known_hosts", process)
        try:
            wait_until_it_listens(process, port, top / "log")
            yield served
        finally:
            served.cut()
            process.terminate()
            process.wait()


def config(top: Path, port: int, *more: str) -> str:
    lines = [
        *more,
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {top}/host_key",
        f"AuthorizedKeysFile {top}/authorized_keys",
        "PidFile none",
        "StrictModes no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM yes",
        "Subsystem sftp internal-sftp",
    ]
    return "".join(f"{line}\n" for line in lines)


def on_this_machine() -> str | None:
    return shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def program(folder: Path) -> list[str]:
    """That of this machine, or Debian's, unpacked with its libraries; sshd wants a full path.

    Of what is unpacked the folder gets a copy: the cache of root is closed to the user that sshd
    runs as.
    """
    if found := on_this_machine():
        return [str(Path(found).resolve())]
    root = unpacked(OPENSSH)
    copies = folder / "openssh"
    copies.mkdir()
    loader = copy_libraries(root, "usr/sbin/sshd", copies)
    server = shutil.copy(root / "usr/sbin/sshd", copies)
    # -r: it does not start itself again for each session, which it could not without the loader.
    return [str(loader), "--library-path", str(copies), str(server), "-r"]


def client(name: str) -> list[str]:
    """ssh-agent, ssh-add or ssh-keygen, that of this machine or Debian's."""
    found = shutil.which(name)
    return [found] if found else [*command(unpacked(OPENSSH), f"usr/bin/{name}")]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def listens() -> bool:
        assert process.poll() is None, f"sshd does not run: {log.read_text()}"
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    until(listens, "sshd listens")
