"""Ports for one site: a block that no other site on this machine has, and nobody listens on.

A block is held by a lock that the site's Asterisk inherits, so that it is free again when that
process ends, however it ends. Blocks lie below the ports that Linux hands out by itself
(32768 and up, `net.ipv4.ip_local_port_range`).
"""

import fcntl
import os
import random
import socket
import time
from dataclasses import dataclass

from ccstate.errors import Diagnostic, InvalidInput
from ccstate.lab.debian import cache

FIRST, SIZE, BLOCKS = 10_000, 400, 55
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
    """A block that is free now."""
    for block in random.sample(range(BLOCKS), BLOCKS):
        held = _held(block)
        if held is None:
            continue
        if _free(held.ports.ami, socket.SOCK_STREAM) and _free(held.ports.sip, socket.SOCK_DGRAM):
            return held
        held.close()
    raise InvalidInput(
        [
            Diagnostic(
                "CC922",
                f"no free ports for another site: {BLOCKS} are taken",
                hint="stop a site that is no longer needed: make lab-stop",
            )
        ]
    )


def hold_again(block: int, *, wait: float = 5.0) -> Held:
    """The block that a site had before, `wait` seconds at most after its process ended."""
    deadline = time.monotonic() + wait
    while (held := _held(block)) is None:
        if time.monotonic() > deadline:
            ports = Ports(block)
            raise InvalidInput(
                [
                    Diagnostic(
                        "CC922",
                        f"the ports {ports.ami} to {ports.rtp[-1]} of this site are taken",
                        cause="another site was started on them while this one was down",
                        hint="stop that one, or start this one in another folder",
                    )
                ]
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
