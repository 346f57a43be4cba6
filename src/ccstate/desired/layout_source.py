"""A document taken apart into entries with their comments.

Works on lines and on the places that libyaml gives, not on a round trip through values: what is
not moved stays as it was typed, and no comment can be lost. A comment belongs to the entry below
it; where it is indented deeper than that entry, to what stands above.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ccstate.desired.brackets import bracketed, has_comment, opened, typed_scalar
from ccstate.desired.layout import (
    Box,
    Item,
    Node,
    Scalar,
    document_shape,
    entry_shape,
    is_mapping,
    ranks,
    shape_at,
    texts_of,
)
from ccstate.kinds.shape import Shape

_HEADER = re.compile(r"[|>][-+0-9]*")


class Unusual(Exception):
    """Valid YAML, written in a way that this layout does not know; holds the line, from 0."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def taken_apart(text: str, root: Node) -> tuple[list[str], Box]:
    """The comments that stay at the top of a document that is a mapping, and its entries."""
    lines = text.split("\n")
    reader = _Reader(lines)
    read = reader.brackets if root.flow_style else reader.document
    box = read(root)
    reader.comments(len(lines), box, -1)
    header, box.items[0].lead = _header(box.items[0].lead)
    return header, box


def _header(lead: list[str]) -> tuple[list[str], list[str]]:
    """What speaks of the file, up to the last blank line, and what of its first entry."""
    blanks = [place for place, text in enumerate(lead) if not text]
    end = blanks[-1] if blanks else 0
    if not blanks and lead and lead[0].startswith("# yaml-language-server:"):
        end = 1
    return lead[:end], lead[end:]


class _Place(NamedTuple):
    """Where a colon or dash ends, the column of its box, and the column that it will have."""

    line: int
    column: int
    parent: int
    indent: int


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0  # the first line of which nothing has been taken

    def brackets(self, root: Node) -> Box:
        """A document that is one value in brackets, opened."""
        if has_comment(self.lines, root) or not root.value:
            raise Unusual(root.start_mark.line)
        above = self.comments(root.start_mark.line, Box(0), 0)
        box = opened(self.lines, root, document_shape(), 0)
        end = Item("")
        self._rest(end, root.end_mark.line, root.end_mark.column)
        box.items[0].lead = [*above, *([end.note.strip()] if end.note else [])]
        return box

    def document(self, root: Node) -> Box:
        return self._mapping(root, document_shape(), 0)

    def _mapping(self, node: Node, shape: Shape | None, indent: int) -> Box:
        box = Box(node.start_mark.column)
        tags = texts_of(node)
        for key, value in node.value:
            start, end = key.start_mark, key.end_mark
            colon = self.lines[end.line].find(":", end.column) + 1
            explicit = self.lines[start.line][: start.column].rstrip().endswith("?")
            if explicit or start.line != end.line or not colon:
                raise Unusual(start.line)
            item = Item(self.lines[start.line][start.column : end.column])
            item.lead = self.comments(start.line, box, box.column)
            box.items.append(item)
            inner = shape_at(shape, tags, key.value)
            place = _Place(end.line, colon, box.column, indent)
            self._value(item, value, inner, place)
        box.ranks = ranks((key.value for key, _ in node.value), shape, tags)
        return box

    def _list(self, node: Node, shape: Shape | None, indent: int) -> Box:
        box = Box(node.start_mark.column)
        for value in node.value:
            line = self._dash(value, box.column)
            item = Item("")
            item.lead = self.comments(line, box, box.column)
            box.items.append(item)
            inner = entry_shape(shape)
            place = _Place(line, box.column + 1, box.column, indent)
            self._value(item, value, inner, place)
        return box

    def _dash(self, node: Node, column: int) -> int:
        """The line of the dash that introduces an entry; it may stand above the entry."""
        line: int = node.start_mark.line
        limit: int | None = node.start_mark.column
        while line >= self.at:
            before = self.lines[line][:limit]
            if before[column : column + 1] == "-" and not before[:column].strip(" -"):
                return line
            line, limit = line - 1, None
        raise Unusual(node.start_mark.line)

    def _value(self, item: Item, node: Node, shape: Shape | None, place: "_Place") -> None:
        """Reads what stands behind a colon or a dash."""
        line, column, parent, indent = place
        start, end = node.start_mark, node.end_mark
        if isinstance(node.value, str):
            if node.style is None and not node.value:
                self._rest(item, line, column)
                return
            self._between(item, line, column, start.line)
            if node.style in ("|", ">"):
                self._text_block(item, start.line, start.column, parent)
                return
            item.value = typed_scalar(self.lines, node)
            self._rest(item, end.line, end.column)
        elif node.flow_style:
            self._between(item, line, column, start.line)
            item.value = bracketed(self.lines, node, shape, item.head, indent)
            self._rest(item, end.line, end.column)
        else:
            if start.line > line:
                self._rest(item, line, column)
            read = self._mapping if is_mapping(node) else self._list
            item.value = read(node, shape, indent + 2)

    def _between(self, item: Item, line: int, column: int, until: int) -> None:
        """Comments between a key and its value go above the key."""
        if until > line:
            found = Item("")
            self._rest(found, line, column)
            texts = [found.note, *self.lines[self.at : until]]
            item.lead += [text.strip() for text in texts if text.strip()]

    def _rest(self, item: Item, line: int, column: int) -> None:
        """Takes the rest of a line, which can only be a comment."""
        behind = self.lines[line][column:]
        note = behind.strip()
        if note and not note.startswith("#"):
            raise Unusual(line)
        if note:
            item.note = " " * max(2, len(behind) - len(behind.lstrip())) + note
        self.at = line + 1

    def _text_block(self, item: Item, line: int, column: int, parent: int) -> None:
        header = _HEADER.match(self.lines[line], column)
        if header is None:
            raise Unusual(line)
        self._rest(item, line, header.end())
        digit = re.search("[1-9]", header[0])
        base = parent + int(digit[0]) if digit else 0
        content: list[str] = []
        filled = 0
        for text in self.lines[self.at :]:
            if text.strip(" "):
                depth = len(text) - len(text.lstrip(" "))
                base = base or max(depth, parent + 1)
                if depth < base:
                    break
                filled = len(content) + 1
            content.append(text)
        keeps = "+" in header[0]
        if keeps and self.at + len(content) == len(self.lines):
            content.pop()  # behind the last line break there is no line
        if not keeps:
            content = content[:filled]
        first = header[0].replace(digit[0], "2") if digit else header[0]
        rest = [text[base:] for text in content]
        item.value = Scalar(first, rest, is_text=True, keeps=keeps)
        self.at += len(content)

    def comments(self, line: int, box: Box, next_column: int) -> list[str]:
        """Takes the comments above a line; those of what is even higher up are handed there."""
        lead: list[str] = []
        boxes = list(_last_boxes(box))
        blank = False
        for number in range(self.at, line):
            text = self.lines[number]
            comment = text.strip()
            if not comment:
                blank = True
                continue
            if not comment.startswith("#"):
                raise Unusual(number)
            depth = len(text) - len(text.lstrip())
            target = lead
            if box.items and not lead and depth > next_column:
                while len(boxes) > 1 and (boxes[-1].column > depth or boxes[-2].column == depth):
                    boxes.pop()
                target = _below(boxes[-1], depth, is_closed=boxes[-1] is not box or next_column < 0)
            if blank:
                target.append("")
            blank = False
            target.append(comment)
        self.at = max(self.at, line)
        return [*lead, ""] if blank else lead


def _last_boxes(box: Box) -> Iterator[Box]:
    """The box, the box that its last entry holds, and so on."""
    yield box
    while box.items and isinstance(inner := box.items[-1].value, Box):
        box = inner
        yield box


def _below(box: Box, depth: int, *, is_closed: bool) -> list[str]:
    """Where a comment goes that stands below the last entry of a box."""
    last = box.items[-1]
    if box.foot or (is_closed and depth <= box.column):
        return box.foot
    if isinstance(last.value, Scalar) and last.value.is_text:
        return last.lead  # below the text it would become part of it
    return last.after
