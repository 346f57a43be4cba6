"""The few words that the lab itself exchanges with a site over AMI."""

import socket
import time
from typing import TYPE_CHECKING

from ccstate.errors import Diagnostic, Unreadable
from ccstate.lab.process import alive

if TYPE_CHECKING:
    from ccstate.lab.site import Site


def fully_booted(site: "Site", *, within: float) -> None:
    """Wait until it has loaded everything; Unreadable where it has not after so many seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and alive(site.process):
        try:
            with _session(site, timeout=deadline - time.monotonic()) as session:
                heard = b""
                while b"Event: FullyBooted" not in heard:
                    more = session.recv(65536)
                    if not more:
                        break
                    heard += more
                else:
                    return
        except OSError:
            pass
        time.sleep(0.01)
    raise Unreadable([Diagnostic("CC926", f"{site.name} has not booted")])


def told_to_stop(site: "Site") -> bool:
    """Whether it could be told."""
    try:
        with _session(site, timeout=2.0) as session:
            session.sendall(b"Action: Command\r\nCommand: core stop now\r\n\r\n")
            while session.recv(65536):
                pass
    except OSError:
        return False
    return True


def _session(site: "Site", *, timeout: float) -> socket.socket:
    session = socket.create_connection((site.ami_host, site.ami_port), timeout=max(timeout, 0.1))
    login = f"Action: Login\r\nUsername: {site.lab_username}\r\nSecret: {site.lab_secret}\r\n\r\n"
    session.sendall(login.encode())
    return session
