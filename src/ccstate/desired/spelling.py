"""Values that ccstate itself writes into a document: quoted wherever a reader could stumble."""

import re
from collections.abc import Iterator

from ccstate.desired.layout import WIDTH, by_rank, entry_shape, ranks, shape_at
from ccstate.kinds.shape import Shape
from ccstate.model import Json

# Words that some version of YAML reads as a truth value, nothing or a number.
_OTHERWISE = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|nan|inf)")
_PLAIN = re.compile(r"[^\W\d_](?:[\w./@:+-]| (?=[\w(]))*(?<!:)|(?:[0-9]{1,6}[hms])+")
_PLAIN_ALONE = re.compile(r"[^\W\d_](?:[\w./@:+'(),;!?%–—’-]| (?!#))*(?<![ :])")


def text(value: str, *, alone: bool = False) -> str:
    """A text; `alone` on its line it needs quotes less often than between brackets."""
    pattern = _PLAIN_ALONE if alone else _PLAIN
    plain = pattern.fullmatch(value) or _PLAIN.fullmatch(value)
    if plain and not _OTHERWISE.fullmatch(value) and ": " not in value:
        return value
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(value: Json, shape: Shape | None, *, alone: bool = False) -> str:
    """A value on one line, lists and mappings in brackets, fields in canonical order."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return text(value, alone=alone)
        case list():
            return f"[{', '.join(one_line(item, entry_shape(shape)) for item in value)}]"
        case dict():
            parts = (f"{text(k)}: {one_line(v, s)}" for k, v, s in entries(value, shape))
            return f"{{{', '.join(parts)}}}"
    return repr(value)


def entries(value: dict[str, Json], shape: Shape | None) -> list[tuple[str, Json, Shape | None]]:
    """The entries of a mapping in canonical order, each with its shape."""
    tags = {key: inner for key, inner in value.items() if isinstance(inner, str)}
    found = [(key, inner, shape_at(shape, tags, key)) for key, inner in value.items()]
    return by_rank(found, ranks(value, shape, tags))


def block(value: dict[str, Json], shape: Shape | None, indent: int) -> Iterator[str]:
    """A mapping entry by entry; lists of plain values stay on one line while they fit."""
    for key, inner, inner_shape in entries(value, shape):
        margin = f"{' ' * indent}{text(key)}:"
        line = f"{margin} {one_line(inner, inner_shape, alone=True)}"
        if isinstance(inner, dict) and inner:
            yield margin
            yield from block(inner, inner_shape, indent + 2)
        elif isinstance(inner, list) and not _is_short(inner, line):
            yield margin
            yield from _list(inner, entry_shape(inner_shape), indent + 2)
        else:
            yield line


def _is_short(value: list[Json], line: str) -> bool:
    return len(line) <= WIDTH and not any(isinstance(item, dict | list) and item for item in value)


def _list(value: list[Json], shape: Shape | None, indent: int) -> Iterator[str]:
    margin = f"{' ' * indent}- "
    for item in value:
        line = f"{margin}{one_line(item, shape, alone=True)}"
        if isinstance(item, dict) and len(line) > WIDTH:
            first, *rest = block(item, shape, indent + 2)
            yield margin + first.lstrip(" ")
            yield from rest
        else:
            yield line
