"""Marks of tests by the programs they start, and a watch that fails a test without its mark.

A fixture brings its mark along, and some files do; a test that starts a program by other means is marked by hand, and
fails until it is. `make test-fast` leaves out all of them by the mark `starts`.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FIXTURES = {
    "site": "asterisk",
    "new_site": "asterisk",
    "applied": "asterisk",
    "estate": "asterisk",
    "asterisk_22": "asterisk",
    "asterisk_16": "asterisk",
    "asterisk": "asterisk",
    "lab": "asterisk",
    "served": "asterisk",
    "server": "sshd",
    "reading": "process",
    "killed": "process",
    "attacked": "git",
    "committed": "git",
    "git": "git",
    "signed": "git",
    "openbao_server": "openbao",
    "sops": "process",
}
"""Fixtures that start a program, with the mark of the tests that ask for them."""
FILES = {
    "*_live.py": ("asterisk",),
    "lab/*.py": ("asterisk", "process", "node_red"),
}
"""Files in which all tests have a mark, as `Path.match` reads them."""

MARKS = {
    "espeak": {"espeak-ng"},
    "sipp": {"sipp"},
    "asterisk": {"asterisk", "sipp", "espeak-ng"},
    "sshd": {"sshd", "ssh-keygen", "ssh-add", "ssh-agent"},
    "postgres": {"postgres", "initdb"},
    "node_red": {"node"},
    "browser": {"chromium", "google-chrome", "chromium-headless-shell"},
    "openbao": {"bao"},
    "git": {"git", "ssh-keygen"},  # which makes and checks signatures
}
"""The servers and programs that a test with a mark may start; with any mark, each that is no server."""
# Each process asks this once, in whichever of its tests comes first.
_ASKED = ("--version", "--voices")
# So does ctypes, which finds libraries by these while asyncssh and soundfile are imported.
_FIND_LIBRARIES = frozenset({"ldconfig", "gcc", "cc", "ld", "objdump"})
SERVERS = frozenset({"asterisk", "sipp", "sshd", "postgres", "node", "bao"})

_current: list[pytest.Item] = []
"""The test that runs."""


def mark(item: pytest.Item) -> None:
    """Add the marks that the fixtures and the file of a test bring, and `starts` where it has any."""
    for fixture in getattr(item, "fixturenames", ()):
        if fixture in FIXTURES:
            item.add_marker(FIXTURES[fixture])
    for pattern, marks in FILES.items():
        if item.path.match(pattern):
            for name in marks:
                item.add_marker(name)
    if marks_of(item):
        item.add_marker("starts")


def marks_of(item: pytest.Item) -> set[str]:
    """The marks that say which programs a test starts."""
    return {found.name for found in item.iter_markers()} & {*MARKS, "process"}


def takes_long(item: pytest.Item) -> bool:
    """Whether a test waits for a server, or goes through more than a fast run may."""
    servers = any(SERVERS & MARKS.get(name, set()) for name in marks_of(item))
    return servers or item.get_closest_marker("thorough") is not None


@contextmanager
def watched(item: pytest.Item) -> Iterator[None]:
    """Watch what a test and its fixtures start."""
    _current.append(item)
    try:
        yield
    finally:
        _current.pop()


def program(argv: Sequence[Any]) -> str:
    """The name of a program, also where the loader of an unpacked one starts it."""
    words = [os.fsdecode(word) for word in argv]
    if "--library-path" in words[1:3]:
        words = words[words.index("--library-path") + 2 :]
    return Path(words[0]).name


def missing_mark(item: pytest.Item, name: str) -> str:
    """The mark that a test needs to start a program; "" where it has it."""
    marks = marks_of(item)
    needed = next((mark for mark, programs in MARKS.items() if name in programs), "process")
    allowed = set().union(*(MARKS.get(mark, set()) for mark in marks))
    # A fixture of a module starts its programs in whichever test comes first: any mark will do for
    # what is no server, since each of them keeps a test out of `make test-fast`.
    is_other = bool(marks) and needed not in SERVERS
    return "" if name in allowed or is_other else needed


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "subprocess.Popen" or not _current:
        return
    executable, argv = arguments[:2]
    argv = [argv] if isinstance(argv, str | bytes | os.PathLike) else argv or [executable]
    name = program(argv)
    if name in _FIND_LIBRARIES or (name == "espeak-ng" and argv[-1] in _ASKED):
        return
    if needed := missing_mark(_current[-1], name):
        pytest.fail(f"this test starts {name}: mark it with @pytest.mark.{needed}")


# For as long as the process lives: Python cannot take a hook away again.
sys.addaudithook(_watch)
