"""Which machine is reached by SSH, and as whom."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SshLogin:
    """Which machine, and who we are there.

    `key`: the file of a private key without passphrase; without one, what an ssh-agent holds, and
    the keys in ~/.ssh. Passwords are not offered. `known_hosts` is always obeyed: a machine that
    it does not name is not written to. `timeout`: seconds to connect, and for each file.
    """

    host: str
    username: str
    port: int = 22
    key: Path | None = None
    known_hosts: Path = field(default_factory=lambda: Path("~/.ssh/known_hosts").expanduser())
    timeout: float = 30.0
