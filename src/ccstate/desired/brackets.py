"""Values in brackets, `{percent: 80}` and `[a, b]`: on one line, as typed, or entry by entry."""

from collections.abc import Sequence

from ccstate.desired.layout import (
    WIDTH,
    Box,
    Item,
    Node,
    Scalar,
    by_rank,
    entry_shape,
    is_mapping,
    ranks,
    scalars,
    shape_at,
    source_lines,
    texts_of,
)
from ccstate.kinds.shape import Shape


def bracketed(
    lines: Sequence[str], node: Node, shape: Shape | None, head: str, indent: int
) -> Scalar | Box:
    """The value of an entry that begins in column `indent`, as it will be written.

    Several lines stay as the author broke them while they fit and their fields are in order,
    and always where a comment stands among them.
    """
    typed = source_lines(lines, node)
    room = WIDTH - indent - len(head) - 2
    if len(typed) > 1:
        kept = _as_typed(typed)
        widest = max(map(len, kept.rest)) + indent + (2 if head else 4)
        fits = len(kept.first) <= room and widest <= WIDTH
        if has_comment(lines, node) or (fits and _is_in_order(node, shape)):
            return kept
    text = _one_line(lines, node, shape)
    if text is not None and (len(text) <= room or not node.value):
        return Scalar(text)
    return opened(lines, node, shape, indent + 2)


def opened(lines: Sequence[str], node: Node, shape: Shape | None, indent: int) -> Box:
    """The value entry by entry, each beginning in column `indent`."""
    if is_mapping(node):
        tags = texts_of(node)
        items = [
            _entry(lines, value, shape_at(shape, tags, key.value), key, indent)
            for key, value in node.value
        ]
        return Box(indent, items, ranks=ranks((key.value for key, _ in node.value), shape, tags))
    inner = entry_shape(shape)
    return Box(indent, [_entry(lines, value, inner, None, indent) for value in node.value])


def _entry(
    lines: Sequence[str], node: Node, shape: Shape | None, key: Node | None, indent: int
) -> Item:
    head = " ".join(source_lines(lines, key)) if key else ""
    if isinstance(node.value, str):
        return Item(head, typed_scalar(lines, node))
    return Item(head, bracketed(lines, node, shape, head, indent))


def typed_scalar(lines: Sequence[str], node: Node) -> Scalar:
    """A scalar as it was typed; how far its further lines are indented means nothing."""
    first, *rest = source_lines(lines, node)
    return Scalar(first, [text.lstrip(" \t") for text in rest])


def _as_typed(typed: Sequence[str]) -> Scalar:
    first, *rest = (text.rstrip() for text in typed)
    closes = rest[-1].lstrip()[:1] in ("]", "}")
    body = rest[:-1] if closes else rest
    margin = min((len(text) - len(text.lstrip()) for text in body if text), default=0)
    shifted = [text[margin:] for text in body]
    return Scalar(first, [*shifted, rest[-1].lstrip()] if closes else shifted, outdent=closes)


def _one_line(lines: Sequence[str], node: Node, shape: Shape | None) -> str | None:
    """The value on one line, with the usual spaces; None where a text in it has several."""
    if isinstance(node.value, str):
        typed = source_lines(lines, node)
        return typed[0] if len(typed) == 1 else None
    parts: list[str] = []
    if is_mapping(node):
        tags = texts_of(node)
        for key, value in node.value:
            name = _one_line(lines, key, None)
            text = _one_line(lines, value, shape_at(shape, tags, key.value))
            if name is None or text is None:
                return None
            parts.append(f"{name}: {text}".rstrip())
        places = ranks((key.value for key, _ in node.value), shape, tags)
        return f"{{{', '.join(by_rank(parts, places))}}}"
    for value in node.value:
        text = _one_line(lines, value, entry_shape(shape))
        if text is None:
            return None
        parts.append(text)
    return f"[{', '.join(parts)}]"


def _is_in_order(node: Node, shape: Shape | None) -> bool:
    if isinstance(node.value, str):
        return True
    if not is_mapping(node):
        return all(_is_in_order(value, entry_shape(shape)) for value in node.value)
    tags = texts_of(node)
    places = ranks((key.value for key, _ in node.value), shape, tags)
    return places == sorted(places) and all(
        _is_in_order(value, shape_at(shape, tags, key.value)) for key, value in node.value
    )


def has_comment(lines: Sequence[str], node: Node) -> bool:
    """Whether a comment stands between the brackets."""
    start, end = node.start_mark, node.end_mark
    rest = list(lines)[start.line : end.line + 1]
    rest[-1] = rest[-1][: end.column]
    for scalar in scalars(node):
        first, last = scalar.start_mark, scalar.end_mark
        for line in range(first.line, last.line + 1):
            text = rest[line - start.line]
            begin = first.column if line == first.line else 0
            stop = last.column if line == last.line else len(text)
            rest[line - start.line] = text[:begin] + "x" * (stop - begin) + text[stop:]
    return any("#" in text for text in rest)
