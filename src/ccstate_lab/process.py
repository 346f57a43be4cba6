"""Processes of the lab, which outlive the command that starts them, and the ports they listen on.

A process is its number together with the moment it began, for Linux gives numbers again.
"""

import fcntl
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccstate.errors import Diagnostic, InvalidInput
from ccstate_lab.programs import cache

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Started by this process, which has to wait for their end."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    began: int
    """In ticks since the machine started: field 22 of /proc/PID/stat, proc(5)."""


def spawn(
    argv: Sequence[str],
    *,
    folder: Path,
    output: Path,
    inherited: Collection[int],
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a process in a session of its own, so that no ^C ends it; its output goes to a file."""
    with output.open("ab") as file:
        child = subprocess.Popen(  # noqa: S603 - argv is ours, and no shell reads it
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(inherited),
        )
    _children[child.pid] = child
    return Process(child.pid, _began(child.pid) or 0)


def alive(process: Process) -> bool:
    began = _began(process.pid)
    if began is None and (child := _children.pop(process.pid, None)):
        child.wait()  # it is over, and a zombie until it is waited for
    return began == process.began


def ended(process: Process, *, within: float) -> bool:
    """Wait until a process is over; False where it is not after so many seconds."""
    deadline = time.monotonic() + within
    while alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def end(process: Process, *, within: float = 5.0) -> None:
    """Ask a process to end, and kill it where it has not after so many seconds."""
    _signal(process, signal.SIGTERM)
    if not ended(process, within=within):
        kill(process)


def kill(process: Process) -> None:
    """Kill a process, and wait until it is over."""
    _signal(process, signal.SIGKILL)
    ended(process, within=5.0)


def _signal(process: Process, number: signal.Signals) -> None:
    if alive(process):
        os.kill(process.pid, number)


def _began(pid: int) -> int | None:
    """When the process of that number began; None where it is over, or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets, and may hold anything.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])


FIRST, SIZE, BLOCKS = 10_000, 400, 55
"""Each site has a block of ports that no other site on this machine has.

A block is held by a lock that the site's Asterisk inherits, so that it is free again when that
process ends, however it ends. Blocks lie below the ports that Linux hands out by itself
(32768 and up, `net.ipv4.ip_local_port_range`).
"""
PHONES = 100  # of a block's ports; then RTP: two a leg, so for 70 calls of two legs


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one site, all of loopback."""

    block: int

    @property
    def ami(self) -> int:
        return FIRST + self.block * SIZE

    @property
    def sip(self) -> int:
        return self.ami + 1

    @property
    def ami_tls(self) -> int:
        return self.ami + 2

    @property
    def sip_tls(self) -> int:
        return self.ami + 3

    @property
    def phones(self) -> range:
        """Where phones and carriers of this site may listen."""
        return range(self.ami + 4, self.ami + PHONES)

    @property
    def rtp(self) -> range:
        return range(self.ami + PHONES, self.ami + SIZE)


@dataclass(frozen=True, slots=True)
class Held:
    """Ports with the lock that holds them: an open file, to be inherited and closed."""

    ports: Ports
    lock: int

    def close(self) -> None:
        os.close(self.lock)


def hold() -> Held:
    """Take a block that is free now."""
    for block in random.sample(range(BLOCKS), BLOCKS):
        held = _held(block)
        if held is None:
            continue
        if _free(held.ports.ami, socket.SOCK_STREAM) and _free(held.ports.sip, socket.SOCK_DGRAM):
            return held
        held.close()
    raise InvalidInput(
        Diagnostic(
            "CC922",
            f"no free ports for another site: {BLOCKS} are taken",
            hint="stop a site that is no longer needed: make lab-stop",
        )
    )


def hold_again(block: int, *, wait: float = 5.0) -> Held:
    """Take the block that a site had before, `wait` seconds at most after its process ended."""
    deadline = time.monotonic() + wait
    while (held := _held(block)) is None:
        if time.monotonic() > deadline:
            ports = Ports(block)
            raise InvalidInput(
                Diagnostic(
                    "CC922",
                    f"the ports {ports.ami} to {ports.rtp[-1]} of this site are taken",
                    cause="another site was started on them while this one was down",
                    hint="stop that one, or start this one in another folder",
                )
            )
        time.sleep(0.02)
    return held


def _held(block: int) -> Held | None:
    folder = cache() / "lab-ports"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / f"{block}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return Held(Ports(block), lock)


def _free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        # As Asterisk does: connections of before that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
