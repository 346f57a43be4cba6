"""Trailers of commit messages: who asked for a change, why, and when it may be applied.

They are found by git's own rules, so that `git log --format='%(trailers)'` shows the same:
git-interpret-trailers(1) and trailer.c of git 2.39.
"""

import re
from collections.abc import Collection, Iterable

from ccstate.authority import Request

MOST_LINES = 400
"""Lines at the end of a message in which trailers are looked for."""
LONGEST = 500
"""Characters of a value."""

_TRAILER = re.compile(r"([A-Za-z0-9-]+)[ \t]*:(.*)", re.DOTALL)
_GENERATED = ("Signed-off-by: ", "(cherry picked from commit ")
"""Beginnings of lines by which git knows trailers among other lines."""
_COMMENT = "#"
_BLANKS = " \t\n\v\f\r"


def trailers(message: str) -> list[tuple[str, str]]:
    """List the trailers of a message: each key in small letters, and its value on one line."""
    found: list[tuple[str, str]] = []
    folds = False
    for line in _block(message):
        if line[0] in _BLANKS and folds:
            key, value = found[-1]
            found[-1] = key, f"{value} {line.strip(_BLANKS)}"
            continue
        match = _TRAILER.fullmatch(line)
        folds = match is not None
        if match:
            found.append((match[1].lower(), match[2].strip(_BLANKS)))
    return [(key, _plain(value)) for key, value in found if _plain(value)]


def request_of(message: str) -> Request:
    """Read what a message says of the request; where a trailer is repeated, all that it says."""
    found: dict[str, list[str]] = {}
    for key, value in trailers(message):
        found.setdefault(key, []).append(value)

    def said(key: str) -> str:
        return ", ".join(dict.fromkeys(found.get(key, ())))[:LONGEST]

    return Request(
        request=said("request"),
        requested_by=said("requested-by"),
        reason=said("reason"),
        window=said("window"),
        emergency=said("emergency"),
    )


def first_of(message: str, keys: Collection[str]) -> str:
    """Find the value of the first trailer with one of these keys, in small letters; "" where none."""
    return next((value for key, value in trailers(message) if key in keys), "")


def _plain(value: str) -> str:
    """Take out what does not print, and cut what is too long."""
    printable = "".join(c if c.isprintable() else " " for c in value[: 4 * LONGEST])
    return " ".join(printable.split())[:LONGEST]


def _block(message: str) -> list[str]:
    """Find the lines of the last paragraph, where it is one of trailers; never the subject's."""
    lines = message.split("\n")
    body = lines[_end_of_subject(lines) :]
    if len(body) > MOST_LINES:
        body = body[-MOST_LINES:]
    end = len(body)
    while end and (_is_blank(body[end - 1]) or body[end - 1].startswith(_COMMENT)):
        end -= 1
    start = end
    while start and not _is_blank(body[start - 1]):
        start -= 1
    # Without a line before it, the paragraph may have begun earlier than what is looked at.
    return body[start:end] if start and _holds_trailers(body[start:end]) else []


def _end_of_subject(lines: Iterable[str]) -> int:
    """Count the lines of the first paragraph."""
    count = 0
    for line in lines:
        if _is_blank(line):
            break
        count += 1
    return count


def _holds_trailers(lines: list[str]) -> bool:
    """Check whether all lines are trailers; or one is git's own, and at least every fourth one is."""
    trailing = other = possible = 0
    is_generated = False
    for line in reversed(lines):
        if line.startswith(_COMMENT):
            other += possible
            possible = 0
        elif line.startswith(_GENERATED):
            trailing, possible, is_generated = trailing + 1, 0, True
        elif _TRAILER.fullmatch(line):
            trailing, possible = trailing + 1, 0
        elif line[0] in _BLANKS:
            possible += 1
        else:
            other, possible = other + 1 + possible, 0
    other += possible
    if is_generated and trailing * 3 >= other:
        return True
    return trailing > 0 and not other


def _is_blank(line: str) -> bool:
    return not line.strip(_BLANKS)
