"""Markers: the first line of a text of ccstate on a code host, and that there is one text of each."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

_WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST = 100


def marked(marker: str, body: str) -> str:
    """Put the line of the marker before a body."""
    return f"{_line(marker)}\n{body}"


def unmarked(marker: str, text: str) -> str | None:
    """Return the body below the line of the marker; None where that is not the first line.

    Hosts that keep texts as a form on a web page sends them end lines with CR LF.
    """
    first, _, body = text.replace("\r\n", "\n").partition("\n")
    return body if first.rstrip() == _line(marker) else None


def marker_of(text: str) -> str:
    """Return the marker in the first line of a text; "" where there is none."""
    first = text.replace("\r\n", "\n").partition("\n")[0]
    found = re.fullmatch(r"<!-- ccstate: ([a-z0-9-]{1,100}) -->\s*", first)
    return found[1] if found else ""


def _line(marker: str) -> str:
    if len(marker) > _LONGEST or not _WORD.fullmatch(marker):
        raise ValueError(f"{marker!r} is no marker")
    return f"<!-- ccstate: {marker} -->"


def write_one(
    ours: Callable[[], Iterator[T]],
    make: Callable[[Callable[[], T | None]], T],
    change: Callable[[T], T],
    drop: Callable[[T], None],
) -> T:
    """Have one text with a marker, and return it: the oldest changed, others dropped, or one made.

    `make` is given a function that looks whether it was made after all, though no answer came. One
    that was under way for longer than that is dropped by the next call.
    """
    found = list(ours())
    if not found:
        return make(lambda: next(ours(), None))
    for other in found[1:]:
        drop(other)
    return change(found[0])
