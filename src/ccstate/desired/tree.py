"""List and read the YAML files below a folder: in order, bounded, never outside of it."""

import os
import stat
from collections.abc import Iterator
from errno import ELOOP
from pathlib import Path

from ccstate import codes
from ccstate.desired.yaml_values import MAX_BYTES
from ccstate.errors import Diagnostic, InvalidInput, Span

_SUFFIXES = (".yaml", ".yml")


def yaml_files(folder: Path, root: Path) -> Iterator[tuple[str, Path] | Diagnostic]:
    """List the YAML files below the folder as (name relative to `root`, path), sorted; or refusals.

    Hidden files and folders are passed over. A link is refused, wherever it leads.
    """
    if not folder.is_dir():
        raise InvalidInput(codes.FOLDER_MISSING(folder=name_of(folder, root)))
    yield from _below(folder, root)


def _below(folder: Path, root: Path) -> Iterator[tuple[str, Path] | Diagnostic]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield _unreadable(name_of(folder, root), error)
        return
    for path in entries:
        if path.name.startswith("."):
            continue
        name = name_of(path, root)
        if path.is_symlink():
            if path.suffix in _SUFFIXES or path.is_dir():
                yield link_refused(name)
        elif path.is_dir():
            yield from _below(path, root)
        elif path.suffix in _SUFFIXES:
            yield name, path


def link_refused(name: str) -> Diagnostic:
    """Report that a link is not followed: a branch can lead it to any file of the machine."""
    return codes.LINK_READ(Span(name), file=name)


def name_of(path: Path, root: Path) -> str:
    """Shorten a path for messages: relative to the project where it lies inside."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def content_of(path: Path, name: str) -> bytes | Diagnostic:
    """Read the file's bytes, or report why not: a link, no file, too large."""
    try:
        # A pipe would keep its reader waiting: O_NONBLOCK, and a look at what was opened.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                return codes.NO_FILE(Span(name), file=name)
            if about.st_size > MAX_BYTES:
                return codes.FILE_TOO_LARGE(
                    Span(name), file=name, size=about.st_size // 2**20, most=MAX_BYTES // 2**20
                )
            return file.read()
    except OSError as error:
        # Of a link: ELOOP. Source: open(2), O_NOFOLLOW.
        return link_refused(name) if error.errno == ELOOP else _unreadable(name, error)


def _unreadable(name: str, error: OSError) -> Diagnostic:
    return codes.FILE_UNREADABLE(Span(name), file=name, reason=error.strerror)
