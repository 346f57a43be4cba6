"""Runs `ccstate` in a project, in a process of its own that ends by SIGKILL at a boundary.

    python killed_apply.py PROJECT OUTPUT

Each line on standard input names a boundary and, after a tab, the arguments of the command line; a
boundary that is not reached ends nothing. What the process said goes to OUTPUT, how it ended is
answered on standard output. Each is a fork of this process, which has imported everything.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk import adapter, mailboxes, moving, perform, storage, transaction
from ccstate.cli import apply, plan, run  # noqa: F401 - imported before the first fork


class Boundaries:
    """What was done how often; at one of them the process ends."""

    def __init__(self, deadly: str) -> None:
        self._deadly = deadly
        self._count: Counter[str] = Counter()

    def reach(self, name: str) -> None:
        self._count[name] += 1
        if f"{name} {self._count[name]}" == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        """Boundaries before and after each call of a function."""
        real: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            self.reach(f"before {name}")
            result = real(*arguments, **named)
            self.reach(f"after {name}")
            return result

        setattr(owner, name, watched)


class Watched(storage.LocalFolder):
    """A folder with a boundary after each file that is put in place: `renamed queues.d/… 1`."""

    boundaries: Boundaries

    def commit(self, paths: Sequence[str]) -> None:
        for path in paths:
            super().commit([path])
            self.boundaries.reach(f"renamed {path}")

    def stage(self, files: Mapping[str, bytes], *, mode: int) -> None:
        super().stage(files, mode=mode)
        self.boundaries.reach("staged")

    def remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            super().remove([path])
            self.boundaries.reach(f"removed {path}")


def child(boundary: str, project: str, output: Path, arguments: list[str]) -> int:
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    boundaries = Boundaries(boundary)
    Watched.boundaries = boundaries
    adapter.connections.LocalFolder = Watched  # type: ignore[attr-defined] # the folder it opens
    for owner, name in (
        (transaction, "begin"),
        (transaction, "write"),
        (transaction, "end"),
        (perform, "reload"),
        (perform, "await_revisions"),
        (perform, "write_and_load"),
        (moving, "forget_strangers"),
        (moving, "settle"),
        (moving, "reload"),
        (moving, "_take_agents"),
        (moving, "_await_calls"),
        (moving, "_remove_agents"),
        (mailboxes, "rename"),
        (mailboxes, "end_links"),
    ):
        boundaries.around(owner, name)
    code = run(["--project", project, *arguments])
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    project, output = sys.argv[1], Path(sys.argv[2])
    for line in sys.stdin:
        boundary, _, arguments = line.rstrip("\n").partition("\t")
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = child(boundary, project, output, arguments.split())
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - whoever asks reads it


main()
