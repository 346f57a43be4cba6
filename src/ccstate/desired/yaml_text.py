"""Write values as YAML text: quoted wherever a reader could stumble, fields in canonical order."""

import re
from collections.abc import Iterator, Mapping

from ccstate.desired.formatting import WIDTH
from ccstate.kinds import Path
from ccstate.kinds.shape import Shape, field_ranks, inner_shape, item_shape
from ccstate.model import Json

# Words that some version of YAML reads as a truth value, nothing or a number.
_RESERVED = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|nan|inf)")
_PLAIN = re.compile(r"[^\W\d_](?:[\w./@:+-]| (?=[\w(]))*(?<!:)|(?:[0-9]{1,6}[hms])+")
_PLAIN_ALONE = re.compile(r"[^\W\d_](?:[\w./@:+'(),;!?%–—’-]| (?!#))*(?<![ :])")


def scalar(value: str, *, alone: bool = False) -> str:
    """Write a text; `alone` on its line it needs quotes less often than between brackets."""
    plain = (alone and _PLAIN_ALONE.fullmatch(value)) or _PLAIN.fullmatch(value)
    if plain and not _RESERVED.fullmatch(value) and ": " not in value:
        return value
    return f'"{"".join(map(_escape, value))}"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(value: Json, shape: Shape | None, *, alone: bool = False) -> str:
    """Write a value on one line, lists and mappings in brackets, fields in canonical order."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return scalar(value, alone=alone)
        case list():
            return f"[{', '.join(one_line(item, item_shape(shape)) for item in value)}]"
        case dict():
            parts = (f"{scalar(k)}: {one_line(v, s)}" for k, v, s in _in_order(value, shape))
            return f"{{{', '.join(parts)}}}"
    return repr(value)


def _in_order(
    value: Mapping[str, Json], shape: Shape | None
) -> list[tuple[str, Json, Shape | None]]:
    """Sort the entries of a mapping in canonical order, each with its shape."""
    tags = {key: inner for key, inner in value.items() if isinstance(inner, str)}
    rank = dict(zip(value, field_ranks(value, shape, tags), strict=True))
    return [
        (key, value[key], inner_shape(shape, tags, key))
        for key in sorted(value, key=rank.__getitem__)
    ]


def block(
    value: Mapping[str, Json], shape: Shape | None, indent: int, path: Path = ()
) -> Iterator[tuple[str, Path]]:
    """Write a mapping entry by entry, each line with the path of what it says.

    Lists of plain values stay on one line while they fit.
    """
    for key, inner, field_shape in _in_order(value, shape):
        margin, here = f"{' ' * indent}{scalar(key)}:", (*path, key)
        line = f"{margin} {one_line(inner, field_shape, alone=True)}"
        if isinstance(inner, dict) and inner:
            yield margin, here
            yield from block(inner, field_shape, indent + 2, here)
        elif isinstance(inner, list) and not _is_short(inner, line):
            yield margin, here
            yield from _list(inner, item_shape(field_shape), indent + 2, here)
        else:
            yield line, here


def _is_short(value: list[Json], line: str) -> bool:
    return len(line) <= WIDTH and not any(isinstance(item, dict | list) and item for item in value)


def _list(
    value: list[Json], shape: Shape | None, indent: int, path: Path
) -> Iterator[tuple[str, Path]]:
    margin = f"{' ' * indent}- "
    for place, item in enumerate(value):
        line, here = f"{margin}{one_line(item, shape, alone=True)}", (*path, place)
        if isinstance(item, dict) and len(line) > WIDTH:
            (first, _), *rest = block(item, shape, indent + 2, here)
            yield margin + first.lstrip(" "), here
            yield from rest
        else:
            yield line, here
