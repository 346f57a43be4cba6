"""Where AMI listens and who asks; the connection itself, in the clear or by TLS."""

import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from ccstate.adapters.asterisk.ami import faults
from ccstate.errors import Unreadable


@dataclass(frozen=True, slots=True)
class Tls:
    """How the server's certificate is judged: always verified, by `ca` or the system's."""

    ca: Path | None = None
    name: str = ""
    """The name that the certificate must bear; the host where empty."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where AMI listens, and who asks.

    `timeout`: seconds that the server may take to get on with an answer, and to boot.
    """

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: Tls | None = None
    timeout: float = 30.0

    @property
    def place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def line_to(login: Login) -> socket.socket:
    """A connection that has not said anything yet; Unreadable where there is none to be had."""
    try:
        line = socket.create_connection((login.host, login.port), timeout=login.timeout)
    except OSError as error:
        raise Unreadable([faults.unreachable(login.place, error, login.timeout)]) from None
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if login.tls is None:
        return line
    try:
        context = ssl.create_default_context(cafile=login.tls.ca)
        return context.wrap_socket(line, server_hostname=login.tls.name or login.host)
    except (OSError, ValueError) as error:
        line.close()
        raise Unreadable([faults.untrusted(login.place, error)]) from None
