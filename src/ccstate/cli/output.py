"""The output of results, warnings and remarks."""

import errno
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from ccstate import codes
from ccstate.checkout import display_path
from ccstate.errors import Diagnostic, Span
from ccstate.render.formats import ANNOTATIONS, Report
from ccstate.render.text import COLOUR, PLAIN, Palette, inert, inert_annotations

T = TypeVar("T")

WIDEST = 100


def palette(stream: TextIO) -> Palette:
    """Return colours for a terminal, none elsewhere or where NO_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return PLAIN
    return COLOUR if os.environ.get("FORCE_COLOR") or stream.isatty() else PLAIN


def width() -> int:
    """Return the columns to write in: the terminal's, 80 where there is none, at most WIDEST."""
    return min(shutil.get_terminal_size((80, 24)).columns, WIDEST)


def in_format(*reports: Report[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the option --format of a command that writes these reports, their first format by default.

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


class OutputFailed(Exception):
    """A result that standard output did not take; the warning about it has been printed."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__("the output could not be written")


def print_result(text: str) -> None:
    """Write a result to standard output; OutputFailed where that fails."""
    _print(inert(text))


def print_report(report: Report[T], form: str, value: T) -> None:
    """Write a report to standard output in a format; nothing where it is empty."""
    text = report.render(form, value, width(), palette(sys.stdout))
    if text:
        (print_annotations if form == ANNOTATIONS else print_result)(text)


def print_annotations(text: str) -> None:
    """Write annotations to standard output: commands to a build server, and no others."""
    _print(inert_annotations(text))


def _print(text: str) -> None:
    try:
        click.echo(text.rstrip("\n"), color=True)
    except OSError as error:
        # What is left in the buffer goes nowhere: else it would fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # The reader may have gone away, as `head` does: nothing is wrong then.
        if isinstance(error, BrokenPipeError):
            raise OutputFailed(0) from error
        print_problems([codes.OUTPUT_UNWRITTEN(reason=error.strerror or error)])
        raise OutputFailed(1) from error


def print_remark(text: str) -> None:
    """Write a remark to standard error."""
    with suppress(OSError):  # standard error may be closed
        click.echo(inert(text), err=True, color=True)


_OF_OUTPUT = {errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC}


def file_problem(error: OSError) -> Diagnostic:
    """Describe an unforeseen error of a file, or of the output."""
    if error.filename is None and error.errno in _OF_OUTPUT:
        return codes.OUTPUT_UNWRITTEN(reason=error.strerror or error)
    named = isinstance(error.filename, str | bytes)
    file = os.fsdecode(error.filename) if named else "something that ccstate needs"
    return codes.FILE_UNUSABLE(
        Span(file) if named else None, file=file, reason=error.strerror or error
    )


def print_problems(problems: Sequence[Diagnostic]) -> None:
    """Write problems to standard error."""
    from ccstate.render.diagnostics import diagnostics_text

    if problems:
        shown = [_from_here(problem) for problem in problems]
        print_remark(diagnostics_text(shown, palette(sys.stderr)).rstrip("\n"))


def _from_here(problem: Diagnostic) -> Diagnostic:
    """Name the place of a problem relative to the current folder."""
    span = problem.span
    if span is None or not Path(span.file).is_absolute():
        return problem
    return replace(problem, span=replace(span, file=display_path(Path(span.file))))
