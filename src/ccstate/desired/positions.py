"""Find where in a file values and comments are written.

Values are looked up only in files that have a problem. This reads the stream of events of libyaml (PyYAML's C parser), not a tree: a file of 5 MB takes under a
second, where composing it in pure Python takes ten.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from ccstate.errors import Span

Path: TypeAlias = tuple[str | int, ...]
_Steps: TypeAlias = tuple[str, ...]


def locate(data: bytes, file: str, paths: Iterable[Path]) -> dict[Path, Span]:
    """Find for each path its key, or its item in a list; else those of its nearest parent.

    Keys are compared as text: ("ivrs", "main", "1") finds the key `1`. A document that cannot be read
    to the end is searched as far as it goes; what is not found there is the file itself.
    """
    steps_of = {path: tuple(map(str, path)) for path in paths}
    wanted = {steps[:end] for steps in steps_of.values() for end in range(len(steps) + 1)}
    places = _places(data, wanted)
    spans: dict[Path, Span] = {}
    for path, steps in steps_of.items():
        ends = range(len(steps), 0 if path else -1, -1)
        place = next((places[steps[:end]] for end in ends if steps[:end] in places), None)
        spans[path] = Span(file, *place) if place else Span(file)
    return spans


@dataclass(slots=True)
class _Collection:
    """A mapping or list that is open; `steps` is None where no path inside is wanted."""

    steps: _Steps | None
    is_mapping: bool
    count: int = 0
    key: str | None = None
    key_place: tuple[int, int] = (0, 0)
    at_key: bool = True


def _places(data: bytes, wanted: set[_Steps]) -> dict[_Steps, tuple[int, int]]:
    import yaml

    places: dict[_Steps, tuple[int, int]] = {}
    collections: list[_Collection] = []
    missing = len(wanted)
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            name = type(event).__name__
            if name in ("MappingEndEvent", "SequenceEndEvent"):
                collections.pop()
                continue
            if name not in _NODES:
                continue
            steps = _enter(event, collections)
            if steps is not None and steps in wanted and steps not in places:
                by_key = collections and collections[-1].is_mapping
                places[steps] = collections[-1].key_place if by_key else _begin(event)
                missing -= 1
                if not missing:
                    break
            if name in ("MappingStartEvent", "SequenceStartEvent"):
                inside = steps if steps is not None and steps in wanted else None
                collections.append(_Collection(inside, name == "MappingStartEvent"))
    except (yaml.YAMLError, UnicodeDecodeError):
        pass  # Reported by `yaml_values.read`; here it only means that fewer places are known.
    return places


_NODES = frozenset(["ScalarEvent", "AliasEvent", "MappingStartEvent", "SequenceStartEvent"])


def _enter(event: Any, collections: list[_Collection]) -> _Steps | None:
    """Find the path of the node that begins; None for a key, and where no path is wanted."""
    if not collections:
        return ()
    box = collections[-1]
    if box.is_mapping:
        box.at_key = not box.at_key
        if not box.at_key:
            box.key = getattr(event, "value", None)
            box.key_place = _begin(event)
            return None
        step = box.key
    else:
        step = str(box.count)
        box.count += 1
    return None if box.steps is None or step is None else (*box.steps, step)


def _begin(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


_COMMENT = re.compile(r"(?<!\S)#[^\r\n]*")
_LINE_START = re.compile(r"\A|(?<=\n)|(?<=\r)(?!\n)")
_BLOCK_HEADER = re.compile(r"[|>][^\r\n]*")


class Comment(NamedTuple):
    """A comment; `about` is the line that it explains, its own or the next that is no comment."""

    line: int
    column: int
    text: str
    about: int


def comments(data: bytes) -> list[Comment]:
    """List the comments of a valid document, in order; lines and columns count from 1.

    A `#` in quotes or in a text block begins none.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").decode()
    starts = [found.start() for found in _LINE_START.finditer(text)]
    places = [
        (found.start(), found[0].rstrip())
        for begin, end in _gaps(text)
        for found in _COMMENT.finditer(text, begin, end)
    ]
    found: list[Comment] = []
    following = 0
    # From the end: several lines of comment all explain what the last of them explains.
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
    """Yield where comments can stand: between scalars, and in the line that begins a text block."""
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
