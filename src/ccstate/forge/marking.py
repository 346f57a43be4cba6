"""Markers: the first line of a text of ccstate on a code host, hidden when the text is shown."""

import re

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


def _line(marker: str) -> str:
    if len(marker) > _LONGEST or not _WORD.fullmatch(marker):
        raise ValueError(f"{marker!r} is no marker")
    return f"<!-- ccstate: {marker} -->"
