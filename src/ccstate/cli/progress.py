"""Progress and warnings of a project on standard error."""

import select
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import click

from ccstate.cli.output import print_problems, print_remark, width
from ccstate.errors import Diagnostic
from ccstate.project import Listener, Progress


class Terminal(Listener):
    """A reporter of progress and warnings on standard error; stages only where that is a terminal."""

    def stage(self, words: str) -> None:
        if sys.stderr.isatty():
            _replace_line(f"{words} …" if words else "")

    def remark(self, words: str) -> None:
        print_remark(words)

    def warn(self, warnings: Sequence[Diagnostic]) -> None:
        print_problems(warnings)


class ApplyTerminal(Terminal):
    """A display of how far an apply is: on a terminal a line that changes, elsewhere a line now and then."""

    REFRESH = 0.5
    """Seconds between two updates of a terminal's line."""
    INTERVAL = 10.0
    """Seconds between two lines elsewhere."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._since = 0.0
        self._asked = False
        self._is_terminal = sys.stderr.isatty()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._repeat, daemon=True)

    def applying(self, progress: Progress) -> None:
        begins = self._progress is None
        self._progress, self._since = progress, time.monotonic()
        if begins:
            if not self._is_terminal:
                print_remark(self._line(progress))
            self._thread.start()

    def remark(self, words: str) -> None:
        if self._is_terminal:
            _replace_line("")
        print_remark(words)

    def is_confirmed(self, seconds: float) -> bool:
        """Take a line on the terminal as the confirmation: Enter."""
        if not sys.stdin.isatty():
            return super().is_confirmed(seconds)
        if not self._asked:
            self._asked = True
            self.remark("Press Enter to confirm it here.")
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if ready and sys.stdin.readline():
            return True
        return super().is_confirmed(seconds) if ready else False  # the end of input says nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._progress:
            self._thread.join()
            if self._is_terminal:
                _replace_line("")

    def _repeat(self) -> None:
        while not self._ended.wait(self.REFRESH if self._is_terminal else self.INTERVAL):
            if self._progress and self._is_terminal:
                _replace_line(self._line(self._progress)[: width() - 1])
            elif self._progress:
                print_remark(self._line(self._progress))

    def _line(self, progress: Progress) -> str:
        from ccstate.render.values import plural

        waited = int(time.monotonic() - self._since)
        doing = f"; {progress.doing}, for {waited} s" if progress.doing else ""
        total = plural(progress.total, "change")
        return f"Applying {progress.plan_id}: {progress.done:,} of {total} done{doing}"


def _replace_line(text: str) -> None:
    with suppress(OSError):  # standard error may be closed
        click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)
