"""List and read the YAML files below a folder: in order, bounded, never outside of it."""

import os
import stat
from collections.abc import Iterator
from errno import ELOOP
from pathlib import Path

from ccstate.desired.yaml_values import MAX_BYTES
from ccstate.errors import Diagnostic, InvalidInput, Span

_SUFFIXES = (".yaml", ".yml")


def yaml_files(folder: Path, root: Path) -> Iterator[tuple[str, Path] | Diagnostic]:
    """List the YAML files below the folder as (name relative to `root`, path), sorted; or refusals.

    Hidden files and folders are passed over. A link is refused, wherever it leads.
    """
    if not folder.is_dir():
        raise InvalidInput(
            [
                Diagnostic(
                    "CC001",
                    f"there is no folder {name_of(folder, root)}",
                    hint="set desired_state: in ccstate.yaml, or run `ccstate init`",
                )
            ]
        )
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
    return Diagnostic(
        "CC006",
        f"{name} is a link",
        Span(name),
        cause="A branch can hold a link to any file of this machine, so none is followed.",
        hint="put the file itself here",
    )


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
                return Diagnostic("CC001", f"{name} is no file", Span(name), hint="remove it")
            if about.st_size > MAX_BYTES:
                return _too_large(name, about.st_size)
            return file.read()
    except OSError as error:
        # Of a link: ELOOP. Source: open(2), O_NOFOLLOW.
        return link_refused(name) if error.errno == ELOOP else _unreadable(name, error)


def _too_large(name: str, size: int) -> Diagnostic:
    return Diagnostic(
        "CC005",
        f"{name} is too large: {size // 2**20} MB",
        Span(name),
        cause=f"A file may have {MAX_BYTES // 2**20} MB.",
        hint="split it; every file of the folder is read",
    )


def _unreadable(name: str, error: OSError) -> Diagnostic:
    return Diagnostic("CC001", f"{name} cannot be read: {error.strerror}", Span(name))
