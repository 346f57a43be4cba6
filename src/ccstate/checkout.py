"""Files of a working copy: read and written where they are, never where a link leads.

A branch can hold a link to any file of the machine, as a file or as a folder on the way to one.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from errno import ELOOP, EMLINK, ENOTDIR
from pathlib import Path

from ccstate import codes
from ccstate.errors import Diagnostic, InvalidInput, Span

_LINK = {ELOOP, EMLINK}
"""What opening a link with O_NOFOLLOW ends in: on Linux and macOS the one, on FreeBSD the other."""

_TOPS = (".git", "ccstate.yaml")


class Linked(Exception):
    """A link stands on the way to a file; the text is its name."""


def open_below(folder: Path, parts: Sequence[str]) -> int:
    """Open for reading the file at these steps below the folder, none of which is a link.

    Each step is opened from the one before: nothing can be put in between. Raises Linked, OSError.
    """
    step = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for place, part in enumerate(parts):
        kind = 0 if place == len(parts) - 1 else os.O_DIRECTORY
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | kind
        try:
            found = os.open(part, flags, dir_fd=step)
        except OSError as error:
            # A link in place of a folder is ENOTDIR to Linux. Source: open(2), O_DIRECTORY.
            if error.errno in _LINK or (error.errno == ENOTDIR and _is_link(part, step)):
                raise Linked("/".join(parts[: place + 1])) from None
            raise
        finally:
            os.close(step)
        step = found
    return step


def _is_link(part: str, step: int) -> bool:
    try:
        os.readlink(part, dir_fd=step)
    except OSError:
        return False
    return True


def outermost_top(path: Path) -> Path:
    """Find the outermost folder on the way to an absolute path below which a branch chooses the links.

    That is the top of a working copy, the folder of a project, or the one that the command runs in.
    The path itself where there is none of them: then the user who named it chose all of it.
    """
    here = Path.cwd()
    for folder in reversed(path.parents):
        if folder == here or any(os.path.lexists(folder / name) for name in _TOPS):
            return folder
    return path


def refuse_links(root: Path, *paths: Path) -> None:
    """Refuse paths that lead through a link below the root, or are one."""
    for path in paths:
        if not path.is_relative_to(root):
            continue
        way = root
        for part in path.relative_to(root).parts:
            way /= part
            if way.is_symlink():
                raise InvalidInput(_refused(way.relative_to(root)))


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; OSError where it is, as a link too."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        file.write(content)


def display_path(path: Path) -> str:
    """Return the path relative to the current folder, where it is below that; else as it is."""
    below = os.path.relpath(path)
    return str(path) if below.startswith("..") else below


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole, with the folders above it, or leaves what was there as it was.

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
            path.write_bytes(data)  # a link that the user named stays one; a device is not replaced
            return
        beside.unlink(missing_ok=True)  # of a process that was killed
        write_new(beside, data)
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise InvalidInput(
            codes.FILE_UNWRITTEN(
                Span(display_path(path)),
                file=display_path(path),
                reason=(error.strerror or str(error)).lower(),
            )
        ) from None


def _refused(path: Path) -> Diagnostic:
    return codes.LINK_WRITTEN(Span(str(path)), file=path)
