"""How results and talk leave the process."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import click

from ccstate.errors import Diagnostic
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
