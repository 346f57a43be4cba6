"""The comments of a document: what stands behind a `#` that is neither in quotes nor in text."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

_COMMENT = re.compile(r"(?<!\S)#[^\r\n]*")
_LINE_START = re.compile(r"\A|(?<=\n)|(?<=\r)(?!\n)")
_BLOCK_HEADER = re.compile(r"[|>][^\r\n]*")


class Comment(NamedTuple):
    """A comment; `about` is the line it speaks of, its own or the next that is no comment."""

    line: int
    column: int
    text: str
    about: int


def comments(data: bytes) -> list[Comment]:
    """Every comment in a document that can be read, in order; lines and columns count from 1."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode()
    starts = [found.start() for found in _LINE_START.finditer(text)]
    places = [
        (found.start(), found[0].rstrip())
        for begin, end in _gaps(text)
        for found in _COMMENT.finditer(text, begin, end)
    ]
    found: list[Comment] = []
    following = 0
    # From the end: of several comment lines each speaks of what the last of them speaks of.
    for index, words in reversed(places):
        line = bisect_right(starts, index)
        column = index - starts[line - 1]
        about = line
        if not text[starts[line - 1] : index].strip():
            about = following if found and found[-1].line == line + 1 else line + 1
        following = about
        found.append(Comment(line, column + 1, words, about))
    return found[::-1]


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """Where comments can stand: between scalars, and in the line that begins a block of text."""
    before = 0
    for event in _scalars(text):
        yield before, event.start_mark.index
        before = event.end_mark.index
        if event.style and (head := _BLOCK_HEADER.match(text, event.start_mark.index)):
            yield head.span()
    yield before, len(text)


def _scalars(text: str) -> Iterator[Any]:
    import yaml

    for event in yaml.parse(text, Loader=yaml.CBaseLoader):
        if type(event).__name__ == "ScalarEvent":
            yield event
