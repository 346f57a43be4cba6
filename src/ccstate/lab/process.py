"""Processes that outlive who started them, and are found again without being mistaken.

A process is its number together with the moment it began, for Linux gives numbers again.
"""

import os
import signal
import subprocess
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Those of this very process: whoever starts a process has to take note of its end."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    began: int
    """In ticks since the machine started: field 22 of /proc/PID/stat, proc(5)."""


def spawn(argv: Sequence[str], *, folder: Path, says: Path, inherits: Collection[int]) -> Process:
    """A process in a session of its own, so that nobody's ^C ends it; its words go to a file."""
    with says.open("ab") as file:
        child = subprocess.Popen(  # noqa: S603 - argv is ours, and no shell reads it
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(inherits),
        )
    _children[child.pid] = child
    return Process(child.pid, _began(child.pid) or 0)


def alive(process: Process) -> bool:
    began = _began(process.pid)
    if began is None and (child := _children.pop(process.pid, None)):
        child.wait()  # it is over; this buries it
    return began == process.began


def ended(process: Process, *, within: float) -> bool:
    """Whether it is over, at the latest after so many seconds."""
    deadline = time.monotonic() + within
    while alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def end(process: Process, *, within: float = 5.0) -> None:
    """Ask it to end, and end it where it has not after so many seconds."""
    _signal(process, signal.SIGTERM)
    if not ended(process, within=within):
        kill(process)


def kill(process: Process) -> None:
    """End it on the spot."""
    _signal(process, signal.SIGKILL)
    ended(process, within=5.0)


def _signal(process: Process, number: signal.Signals) -> None:
    if alive(process):
        os.kill(process.pid, number)


def _began(pid: int) -> int | None:
    """When the process of that number began; None where it is over, or dead and not yet buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets, and may hold anything.
    state, *rest = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])
