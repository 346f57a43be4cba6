"""Calls placed by sipp (3.6): one process for all of them, steered over a connection on loopback."""

import contextlib
import math
import re
import socket
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami.message import printable
from ccstate.adapters.asterisk.calls.caller import (
    ANSWERED,
    REFUSED,
    SIPP,
    Dial,
    Entrance,
    Report,
)
from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate.machine import command, program

SCENARIO = Path(__file__).with_name("scenario.xml")
PRESSED, LEFT, BYE = "pressed", "left", "bye"
"""Words of the scenario beside those that a `Report` has."""
SILENCE = "silence.ulaw"
"""The file that is sent as sound, over and over. Without any, Asterisk never ends a key that comes
where no keys are looked for, in Answer say, and takes no other (16.28, seen)."""
SILENT_SECOND = b"\xff" * 8000
LONGEST_WORDS = 65536
REPEATS = "4"
"""A request without an answer is sent so many times more, which takes 15.5 seconds: Asterisk
22 with 10,000 endpoints has been seen to say nothing for 7, while it reloads."""


def find_sipp() -> tuple[str, ...]:
    """Find the one that `CCSTATE_SIPP` names, or on the PATH; InvalidInput where there is none."""
    if named := command(SIPP):
        return named
    if path := program("sipp"):
        return (path,)
    raise InvalidInput(codes.SIPP_MISSING(variable=SIPP))


@dataclass(frozen=True, slots=True)
class SippProcess:
    """One that was started, and the folder of what it says."""

    process: subprocess.Popen[bytes]
    folder: Path

    def ended(self) -> Diagnostic:
        """Report why sipp ended, in its own words."""
        paths = [*self.folder.glob("*_errors.log"), self.folder / "said"]
        texts = (path.read_text(errors="replace")[:LONGEST_WORDS] for path in paths)
        lines = [line for text in texts for line in text.splitlines() if line.strip()]
        why = printable(lines[-1] if lines else "") or "it does not say why"
        return codes.SIPP_ENDED(why=why)


@contextmanager
def running(sipp: Sequence[str], entrance: Entrance, more: Sequence[str]) -> Iterator[SippProcess]:
    """Start sipp with the scenario; it is ended on leaving; only this user may read its folder."""
    with tempfile.TemporaryDirectory(prefix="ccstate-") as name:
        folder = Path(name)
        path = folder / "calls.xml"
        path.touch(mode=0o600)  # it holds the password
        scenario = SCENARIO.read_text(encoding="ascii")
        path.write_text(scenario.replace("{password}", entrance.password), encoding="ascii")
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
            yield SippProcess(process, folder)
        finally:
            _end(process)


def _options(entrance: Entrance) -> Sequence[str]:
    """Choose options: our address for SIP and sound, no keyboard, the screen of numbers once a day."""
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
    """Find our address as the site sees it; nothing is sent. Unreadable where there is no way to it."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((entrance.host, entrance.port))
            return str(probe.getsockname()[0])
    except OSError:
        raise Unreadable(codes.SIP_SILENT(place=entrance.place)) from None


def free_port(kind: socket.SocketKind, host: str = "127.0.0.1") -> int:
    """Find a port that is free at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


STARTING = 5.0
LEAVING = 3.0
"""Seconds that sipp may take to start or to take a command, and calls to end."""
GIVING_UP = 1.0
"""Seconds until a call is given up that is not yet known to be answered: AMI may have shown the
answer first, and sipp loses a call that is given up while it takes note of the answer."""
LONGEST_REPORT = 4096
_END = b"\x1b"
_KEYS = re.compile(r"[0-9*#]")


@dataclass(slots=True)
class _Call:
    """A call with the commands that are left for it; sipp takes one at a time."""

    is_answered: bool = False
    is_ready: bool = False
    is_leaving: bool = False
    is_over: bool = False
    gives_up: float = math.inf
    commands: deque[str] = field(default_factory=deque)


class Sipp:
    """Places calls, many at once; none of its methods waits. Leaving its context hangs up.

    `program`: the words before the arguments of sipp; those that `find_sipp` finds where left out.

    `longest`: seconds after which sipp ends by itself, should no process be left to end it.
    """

    def __init__(
        self, entrance: Entrance, *, program: Sequence[str] = (), longest: float = 3600.0
    ) -> None:
        self._entrance = entrance
        self._program = tuple(program) or find_sipp()
        self._longest = longest
        self._calls: dict[str, _Call] = {}
        self._heard = b""
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._resources.close()
            raise
        return self

    def _start(self) -> None:
        steering = free_port(socket.SOCK_STREAM)
        more = ("-3pcc", f"127.0.0.1:{steering}", "-timeout", f"{self._longest:.0f}s")
        started = running(self._program, self._entrance, more)
        self._running = self._resources.enter_context(started)
        self._line = self._resources.enter_context(self._connected(steering))

    def _connected(self, port: int) -> socket.socket:
        deadline = time.monotonic() + STARTING
        while self._running.process.poll() is None and time.monotonic() < deadline:
            try:
                line = socket.create_connection(("127.0.0.1", port), timeout=STARTING)
            except ConnectionRefusedError:
                time.sleep(0.02)
                continue
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return line
        raise Unreadable(self._running.ended())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up, wait a moment until that is heard, and end sipp."""
        try:
            self._leave()
        except (Unreadable, OSError):
            pass  # sipp is gone already, and its calls with it
        finally:
            self._resources.close()

    def _leave(self) -> None:
        for mark in self._calls:
            self.hang_up(mark)
        deadline = time.monotonic() + LEAVING
        while not all(call.is_over for call in self._calls.values()):
            if time.monotonic() > deadline:
                return
            list(self.reports())
            time.sleep(0.01)

    def dial(self, call: Dial) -> None:
        """Begin a call."""
        self._calls[call.mark] = _Call()
        parts = (call.number, call.caller, str(call.at), call.on, call.mark)
        words = zip(("Number", "Caller", "At", "On", "Mark"), parts, strict=True)
        self._tell(call.mark, "\r\n".join(f"{key}: {value}" for key, value in words))

    def press(self, mark: str, key: str) -> None:
        """Press a key; keys come in the order in which they are pressed."""
        if _KEYS.fullmatch(key):
            self._queue(mark, f"Key: {key}")

    def hang_up(self, mark: str) -> None:
        """End a call, or give it up where it was not answered yet; nothing where it is over."""
        call = self._calls[mark]
        call.commands.clear()
        call.gives_up = min(call.gives_up, time.monotonic() + GIVING_UP)
        self._queue(mark, f"Do: {BYE}")

    def reports(self) -> Iterator[Report]:
        """Return the reports since the last call."""
        for waiting in self._calls.items():
            self._go_on(*waiting)
        for mark, said, status in self._said():
            if (call := self._calls.get(mark)) is None:
                continue
            if said in {ANSWERED, PRESSED}:
                call.is_answered = call.is_ready = True
                self._go_on(mark, call)
            else:
                call.is_over = True
                call.commands.clear()
            if said not in {PRESSED, LEFT}:
                yield Report(mark, said, status if said == REFUSED else "")

    def _queue(self, mark: str, command: str) -> None:
        call = self._calls[mark]
        if not call.is_over and not call.is_leaving:
            call.commands.append(command)
            self._go_on(mark, call)

    def _go_on(self, mark: str, call: _Call) -> None:
        if not call.commands:
            return
        is_leaving = call.commands[0].startswith("Do:")
        # A call that was not answered takes one command only: to give up.
        gives_up = is_leaving and not call.is_answered and time.monotonic() >= call.gives_up
        if call.is_ready or gives_up:
            self._tell(mark, call.commands.popleft())
            call.is_ready = False
            call.is_leaving = is_leaving

    def _tell(self, mark: str, words: str) -> None:
        try:
            self._line.settimeout(STARTING)
            self._line.sendall(f"Call-ID: {mark}\r\n{words}\r\n".encode() + _END)
        except OSError:
            raise Unreadable(self._running.ended()) from None

    def _said(self) -> Iterator[tuple[str, str, str]]:
        """Reports that have come whole: the call, the word, the status or ""."""
        self._line.settimeout(0)
        try:
            while chunk := self._line.recv(65536):
                self._heard += chunk
            raise Unreadable(self._running.ended())
        except BlockingIOError:
            pass
        except OSError:
            raise Unreadable(self._running.ended()) from None
        *whole, self._heard = self._heard.split(_END)
        if len(self._heard) > LONGEST_REPORT:
            raise Unreadable(self._running.ended())
        for report in whole:
            lines = report.decode("ascii", "replace").splitlines()
            pairs = (line.partition(":") for line in lines)
            words = {key.strip(): value.strip() for key, _, value in pairs}
            yield words.get("Call-ID", ""), words.get("Said", ""), words.get("Status", "")
