"""How results and talk leave the process."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import click

from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.render.text import COLOUR, PLAIN, Palette

WIDEST = 100


def palette(stream: TextIO) -> Palette:
    """Colours where a person looks at them: on a terminal, unless NO_COLOR says otherwise."""
    if os.environ.get("NO_COLOR"):
        return PLAIN
    return COLOUR if os.environ.get("FORCE_COLOR") or stream.isatty() else PLAIN


def width() -> int:
    """Columns to write in: the terminal's, 80 where there is none, never very wide."""
    return min(shutil.get_terminal_size((80, 24)).columns, WIDEST)


def in_format(*forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --format of a command that knows these, the first where nothing is said.

    `CCSTATE_FORMAT` is for all commands of a job: one that does not know its format keeps its own.
    """

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


def say(text: str) -> None:
    """Writes a result to standard output."""
    click.echo(text.rstrip("\n"), color=True)


def talk(text: str) -> None:
    """Writes a remark to standard error."""
    click.echo(text, err=True, color=True)


def complain(problems: Sequence[Diagnostic]) -> None:
    """Writes problems to standard error."""
    from ccstate.render.diagnostics import diagnostics_text

    if problems:
        talk(diagnostics_text(problems, palette(sys.stderr)).rstrip("\n"))


def shown(path: Path) -> str:
    """A path as people name it: from where the command runs, where it is below that."""
    below = os.path.relpath(path)
    return str(path) if below.startswith("..") else below


def write_file(path: Path, content: str | bytes) -> None:
    """Writes a file whole, with the folders above it, or leaves what was there as it was.

    Raises InvalidInput where that cannot be.
    """
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(data)  # a link stays one; and nothing takes the place of a device
            return
        beside.write_bytes(data)
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
    click.echo(f"{words} …", err=True, nl=False)
    try:
        yield
    finally:
        click.echo("\r\x1b[K", err=True, nl=False, color=True)


@contextmanager
def progress(label: str, total: int) -> Iterator["click.progressbar"]:  # type: ignore[valid-type]  # a factory in click's types
    """A bar on a terminal, nothing elsewhere; `update(n)` moves it."""
    with click.progressbar(
        length=total, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield bar
