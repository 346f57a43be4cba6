"""How results and talk leave the process."""

import errno
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TextIO, TypeVar

import click

from ccstate.checkout import outermost_top, refuse_links, write_new
from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.render.formats import ANNOTATIONS, Report
from ccstate.render.text import COLOUR, PLAIN, Palette, inert, inert_annotations

T = TypeVar("T")

WIDEST = 100


def palette(stream: TextIO) -> Palette:
    """Colours where a person looks at them: on a terminal, unless NO_COLOR says otherwise."""
    if os.environ.get("NO_COLOR"):
        return PLAIN
    return COLOUR if os.environ.get("FORCE_COLOR") or stream.isatty() else PLAIN


def width() -> int:
    """Columns to write in: the terminal's, 80 where there is none, never very wide."""
    return min(shutil.get_terminal_size((80, 24)).columns, WIDEST)


def in_format(*reports: Report[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --format of a command that writes these reports, their first format by default.

    `CCSTATE_FORMAT` is for all commands of a job: one that does not know its format keeps its own.
    """
    forms = tuple(dict.fromkeys(form for report in reports for form in report.formats))

    def usual() -> str:
        wanted = os.environ.get("CCSTATE_FORMAT", "")
        return wanted if wanted in forms else forms[0]

    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=usual,
        show_default=forms[0],
        help="What is written to standard output.",
    )


class Unsaid(Exception):
    """A result that standard output did not take; that has been told."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__("the output could not be written")


def say(text: str) -> None:
    """Writes a result to standard output; Unsaid where that fails."""
    _put(inert(text))


def print_report(report: Report[T], form: str, value: T) -> None:
    """Writes a report to standard output in a format; nothing where there is nothing in it."""
    text = report.render(form, value, width(), palette(sys.stdout))
    if text:
        (annotate if form == ANNOTATIONS else say)(text)


def annotate(text: str) -> None:
    """Writes annotations to standard output: commands to a build server, and no others."""
    _put(inert_annotations(text))


def _put(text: str) -> None:
    try:
        click.echo(text.rstrip("\n"), color=True)
    except OSError as error:
        # What is left in the buffer goes nowhere: else it would fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # The reader may have gone away, as `head` does: nothing is wrong then.
        if isinstance(error, BrokenPipeError):
            raise Unsaid(0) from error
        complain([_unprinted(error)])
        raise Unsaid(1) from error


def talk(text: str) -> None:
    """Writes a remark to standard error."""
    with suppress(OSError):  # nobody is left to be told
        click.echo(inert(text), err=True, color=True)


_OF_OUTPUT = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}


def unusable(error: OSError) -> Diagnostic:
    """A file, or the output, with which something failed that nobody foresaw."""
    if error.filename is None and error.errno in _OF_OUTPUT:
        return _unprinted(error)
    named = isinstance(error.filename, str | bytes)
    file = os.fsdecode(error.filename) if named else "something that ccstate needs"
    message = f"{file} cannot be used: {error.strerror or error}"
    hint = "check what it is, its owner, its permissions and the disk"
    return Diagnostic("CC609", message, Span(file) if named else None, hint=hint)


def _unprinted(error: OSError) -> Diagnostic:
    message = f"the output could not be written: {error.strerror or error}"
    hint = "the command itself may have done its work: see with `ccstate verify`"
    return Diagnostic("CC611", message, hint=hint)


def complain(problems: Sequence[Diagnostic]) -> None:
    """Writes problems to standard error."""
    from ccstate.render.diagnostics import diagnostics_text

    if problems:
        told = [_from_here(problem) for problem in problems]
        talk(diagnostics_text(told, palette(sys.stderr)).rstrip("\n"))


def _from_here(problem: Diagnostic) -> Diagnostic:
    """The problem with its place as people name it who stand where the command runs."""
    span = problem.span
    if span is None or not Path(span.file).is_absolute():
        return problem
    return replace(problem, span=replace(span, file=shown(Path(span.file))))


def shown(path: Path) -> str:
    """A path as people name it: from where the command runs, where it is below that."""
    below = os.path.relpath(path)
    return str(path) if below.startswith("..") else below


def write_file(path: Path, content: str | bytes) -> None:
    """Writes a file whole, with the folders above it, or leaves what was there as it was.

    A path that the user names is the user's word, a link in a working copy is a branch's. Raises
    InvalidInput where such a link leads there, and where the file cannot be written.
    """
    path = path.absolute()
    refuse_links(outermost_top(path), path)
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(
                data
            )  # a link that the user named stays one; and nothing takes the place of a device
            return
        beside.unlink(missing_ok=True)  # of a process that was killed
        write_new(beside, data)
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        message = f"{shown(path)} cannot be written: {(error.strerror or str(error)).lower()}"
        hint = "correct its permissions, make room, or choose another place"
        raise InvalidInput([Diagnostic("CC813", message, Span(shown(path)), hint=hint)]) from None


@contextmanager
def stage(words: str) -> Iterator[None]:
    """Says on a terminal what is being waited for, and takes it away when that is over."""
    if not sys.stderr.isatty():
        yield
        return
    _replace_line(f"{words} …")
    try:
        yield
    finally:
        _replace_line("")


class Progress:
    """How far something is: a line on a terminal that changes, lines now and then elsewhere."""

    SHOWN = 0.5
    """Seconds between two looks of a terminal's line; elsewhere `TOLD` between two lines."""
    TOLD = 10.0

    def __init__(self, label: str, total: int) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._doing = ""
        self._since = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._ended = threading.Event()
        self._teller = threading.Thread(target=self._tell_again, daemon=True)

    def update(self, done: int) -> None:
        """So many more are done."""
        self._done += done

    def doing(self, words: str) -> None:
        """Says what is being done now, which may take long and tell nothing by itself."""
        self._doing, self._since = words, time.monotonic()

    def __enter__(self) -> Self:
        if not self._is_terminal:
            talk(self._line())
        self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._teller.join()
        if self._is_terminal:
            _replace_line("")

    def _tell_again(self) -> None:
        while not self._ended.wait(self.SHOWN if self._is_terminal else self.TOLD):
            if self._is_terminal:
                _replace_line(self._line()[: width() - 1])
            else:
                talk(self._line())

    def _line(self) -> str:
        from ccstate.render.values import plural

        waited = int(time.monotonic() - self._since)
        doing = f"; {self._doing}, for {waited} s" if self._doing else ""
        return f"{self._label}: {self._done:,} of {plural(self._total, 'change')} done{doing}"


def _replace_line(text: str) -> None:
    with suppress(OSError):  # nobody is left to be told
        click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)
