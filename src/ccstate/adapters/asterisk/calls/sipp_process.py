"""The program sipp (3.6): where it is, how it is started and ended, and what it said."""

import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ccstate.adapters.asterisk.calls import faults
from ccstate.adapters.asterisk.calls.dialled import Entrance
from ccstate.adapters.asterisk.calls.scenario import SILENCE, SILENT_SECOND
from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate.machine import command, program

LONGEST_WORDS = 65536
REPEATS = "4"
"""A request to which nobody answers is sent so many times more, which takes 15.5 seconds: Asterisk
22 with 10,000 endpoints has been seen to say nothing for 7, while it reloads."""


def find_sipp() -> tuple[str, ...]:
    """The one that `CCSTATE_SIPP` names, or on the PATH; InvalidInput where there is none."""
    if named := command(faults.SIPP):
        return named
    if path := program("sipp"):
        return (path,)
    raise InvalidInput([faults.no_sipp()])


@dataclass(frozen=True, slots=True)
class Running:
    """One that was started, and the folder of what it says."""

    process: subprocess.Popen[bytes]
    folder: Path

    def ended(self) -> Diagnostic:
        """Why it ended, in its own words."""
        paths = [*self.folder.glob("*_errors.log"), self.folder / "said"]
        texts = (path.read_text(errors="replace")[:LONGEST_WORDS] for path in paths)
        lines = [line for text in texts for line in text.splitlines() if line.strip()]
        return faults.sipp_ended(lines[-1] if lines else "")


@contextmanager
def running(
    sipp: Sequence[str], entrance: Entrance, told: str, more: Sequence[str]
) -> Iterator[Running]:
    """One with a scenario, ended on leaving; only this user may read its folder."""
    with tempfile.TemporaryDirectory(prefix="ccstate-") as name:
        folder = Path(name)
        path = folder / "calls.xml"
        path.touch(mode=0o600)  # it holds the password
        path.write_text(told, encoding="ascii")
        (folder / SILENCE).write_bytes(SILENT_SECOND)
        arguments = [*sipp, "-sf", str(path), *_options(entrance), *more, entrance.place]
        with (folder / "said").open("wb") as says:
            process = subprocess.Popen(  # noqa: S603 - ours or checked, and no shell reads them
                arguments,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=says,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Running(process, folder)
        finally:
            _end(process)


def _options(entrance: Entrance) -> Sequence[str]:
    """Our own address for SIP and sound, no keyboard, its screen of numbers once a day."""
    own = own_address(entrance)
    port = free_port(socket.SOCK_DGRAM, own)
    addresses = ("-i", own, "-mi", own, "-p", str(port), "-bind_local", "-ci", "127.0.0.1")
    # What comes twice, or late, is no reason to give a call up.
    lenient = ("-aa", "-default_behaviors", "all,-abortunexp", "-watchdog_interval", "0")
    quiet = ("-nostdin", "-f", "86400", "-trace_err", "-max_invite_retrans", REPEATS)
    return (*addresses, *quiet, *lenient)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def own_address(entrance: Entrance) -> str:
    """Ours, as the site sees it; nothing is sent. Unreadable where there is no way to the site."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((entrance.host, entrance.port))
            return str(probe.getsockname()[0])
    except OSError:
        raise Unreadable([faults.unreachable(entrance.place)]) from None


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1") -> int:
    """One that nobody has at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
