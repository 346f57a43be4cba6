"""sipp of a site: started on a free port of loopback, and noted down so that it can be ended later.

What phones, carriers and callers say and expect is in scenarios/ (sipp 3.6, documented at
sipp.readthedocs.io). A pause in which something may come is a `recv` with a timeout: sipp reads
nothing in a `pause`.
"""

import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from socket import inet_aton

from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate_lab import process
from ccstate_lab.etc import write_private
from ccstate_lab.process import Process
from ccstate_lab.programs import sipp
from ccstate_lab.site import Site

LOOPBACK = "127.0.0.1"
STEP = 4  # ports of one sipp: SIP, its console, sound and pictures


@dataclass(frozen=True, slots=True)
class Account:
    """The name and password of a phone.

    Raises InvalidInput where sipp would read a part of it as its own.
    """

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if re.fullmatch(r"[\w.+-]+", self.username) and re.fullmatch(
            r'[^\s;\[\]"]+', self.password
        ):
            return
        raise InvalidInput(
            Diagnostic(
                "CC928",
                f'the phone "{self.username}" cannot register with such a name or password',
                cause='sipp would read a space, a line break or one of ; [ ] " as its own',
                hint="use others in the lab",
            )
        )

    @property
    def proof(self) -> str:
        """The account as a scenario has it."""
        return f"[authentication username={self.username} password={self.password}]"


def scenario(name: str, **values: object) -> str:
    """The scenario of that name, with these values in its places, such as `{after}`."""
    text = (files("ccstate_lab") / "scenarios" / f"{name}.xml").read_text(encoding="utf-8")
    return text.format(**values)


def milliseconds(seconds: float) -> int:
    """A time as sipp takes it; at least 1, since 0 would mean never."""
    return max(1, round(seconds * 1000))


def answering(after: float, sound: str = "") -> str:
    """The scenario that answers after so many seconds.

    `sound`: a file of mu-law samples that is sent again and again meanwhile; none where empty.
    """
    sends = f'<nop><action><exec rtp_stream="{sound},-1,0"/></action></nop>\n' if sound else ""
    # sipp sends a file from a port of its own, for which it has this word alone (3.6.1, seen).
    port = "rtpstream_audio_port" if sound else "media_port"
    return scenario("answer", after=milliseconds(after), audio_port=port, sound=sends)


def free_port(site: Site, host: str = LOOPBACK) -> int:
    """The first of four ports that are free at that address of loopback."""
    for port in site.ports.phones[: 1 - STEP : STEP]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise InvalidInput(
        Diagnostic(
            "CC922",
            f"no free port for more phones at {site.name}",
            hint="start phones that behave alike together, and stop those no longer needed",
        )
    )


def start(folder: Path, port: int, options: Sequence[str], *, host: str = LOOPBACK) -> Process:
    """Start sipp in a process that stays, noted down in the folder; `options` name files there.

    Returns once it listens; raises Unreadable where it cannot.
    """
    started = begin(folder, port, options, host=host)
    if not _listening(started, host, port):
        process.kill(started)
        raise Unreadable(
            Diagnostic(
                "CC927",
                f"sipp cannot listen on {host}:{port}",
                cause="another program may have that port",
                hint=f"read {folder / 'sipp.log'}, or take another port",
            )
        )
    return started


def begin(folder: Path, port: int, options: Sequence[str], *, host: str = LOOPBACK) -> Process:
    """Start sipp in a process that may end by itself, noted down in the folder; it may not listen yet."""
    # Its screen, a page of numbers, goes to a file: once a day is enough.
    command = [*_command(host, port), "-f", "86400", *options]
    started = process.spawn(command, folder=folder, output=folder / "sipp.log", inherited=())
    facts = {"pid": started.pid, "began": started.began, "port": port}
    write_private(folder / "process.json", json.dumps(facts) + "\n")
    return started


def run(
    folder: Path, port: int, options: Sequence[str], *, within: float, host: str = LOOPBACK
) -> None:
    """Run sipp until it ends, or for so many seconds."""
    running = process.spawn(
        [*_command(host, port), *options], folder=folder, output=folder / "sipp.log", inherited=()
    )
    if not process.ended(running, within=within):
        process.kill(running)


def _listening(started: Process, host: str, port: int) -> bool:
    """Whether it listens there; not where it ends, or has not for five seconds."""
    deadline = time.monotonic() + 5
    while not _listens(started, host, port):
        if time.monotonic() > deadline or not process.alive(started):
            return False
        time.sleep(0.01)
    return True


def _listens(started: Process, host: str, port: int) -> bool:
    """Source: /proc/net/udp, whose second column is the address, and tenth the socket's inode."""
    wanted = f"{inet_aton(host)[::-1].hex().upper()}:{port:04X}"
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    sockets = {f"socket:[{row[9]}]" for row in map(str.split, lines) if row[1] == wanted}
    try:
        files = list(Path(f"/proc/{started.pid}/fd").iterdir())
        return any(str(file.readlink()) in sockets for file in files)
    except OSError:  # it ended, or closed a file, just now
        return False


def received(log: Path) -> Iterator[str]:
    """The messages in what sipp writes down: a line of dashes, a line about it, an empty one, it."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    for part in text.replace("\r", "").split("-----------------------------------------------"):
        about, _, message = part.partition("\n\n")
        if " received " in about and message:
            yield message


def noted(folder: Path) -> list[Process]:
    """The processes that were started for the site in that folder; they may be over."""
    records = sorted((folder.absolute() / "phones").glob("*/process.json"))
    facts = [json.loads(record.read_text(encoding="utf-8")) for record in records]
    return [Process(int(fact["pid"]), int(fact["began"])) for fact in facts]


def _command(host: str, port: int) -> list[str]:
    where = ["-i", host, "-bind_local", "-p", str(port), "-mp", str(port + 1)]
    # Left alone, its console listens on all interfaces (3.6.1, seen).
    console = ["-ci", host, "-cp", str(port + 2)]
    # Left alone, it gives up for good once a busy machine has held it up 120 times.
    patient = ["-watchdog_interval", "0"]
    # A trunk registers again with the Call-ID of before, and means it.
    forgets = ["-deadcall_wait", "1000"]
    behaviour = [
        *patient,
        *forgets,
        "-aa",
        "-nostdin",
        "-skip_rlimit",
        "-default_behaviors",
        "all,-abortunexp",
    ]
    return [*sipp(), *where, *console, *behaviour]
