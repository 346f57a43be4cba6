"""One command in a process of its own: how long it took, and how much memory at its peak."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds by the clock, seconds of processor time, megabytes (2^20) of resident memory."""

    wall: float
    cpu: float
    peak: float


def best(
    command: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    repeats: int,
    exit_code: int,
    log: Path,
    before: Callable[[int], None],
) -> Run:
    """The quickest of several runs, and the largest peak; `before` prepares each.

    SystemExit where one does not end with the expected code: its figures would mean nothing.
    """
    runs = []
    for turn in range(repeats):
        before(turn)
        runs.append(_run(command, environment, exit_code, log))
    quickest = min(runs, key=lambda run: run.wall)
    return Run(quickest.wall, min(run.cpu for run in runs), max(run.peak for run in runs))


def _run(
    command: tuple[str, ...], environment: Mapping[str, str], exit_code: int, log: Path
) -> Run:
    with log.open("wb") as said:
        began = time.perf_counter()
        actions = [(os.POSIX_SPAWN_DUP2, said.fileno(), descriptor) for descriptor in (1, 2)]
        process = os.posix_spawn(command[0], command, environment, file_actions=actions)
        _, status, used = os.wait4(process, 0)
        wall = time.perf_counter() - began
    if (code := os.waitstatus_to_exitcode(status)) != exit_code:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        sys.exit(f"{' '.join(command)} ended with {code}, not {exit_code}:\n{tail}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / scale)
