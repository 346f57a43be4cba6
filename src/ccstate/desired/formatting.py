"""Write files in the canonical layout, comments kept (`ccstate fmt`).

Works on the lines of a file and on the places that libyaml reports, not on a round trip through
values: what is not moved stays as it was typed (docs/adr/0033-the-layout-of-files-is-our-own.md).
A comment belongs to the entry below it; where it is indented deeper than that entry, to what stands
above.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any, TypeAlias, get_args

from ccstate import codes, kinds
from ccstate.desired.documents import Document, valid_document
from ccstate.desired.positions import comments
from ccstate.errors import InvalidInput, Span
from ccstate.kinds.fields import Duration, Expectation, PositiveDuration, duration, seconds
from ccstate.kinds.shape import Leaf, Shape, field_ranks, inner_shape, item_shape

WIDTH = 100
"""Columns that a value in brackets may reach before it is written entry by entry."""

Node: TypeAlias = Any
"""A node of PyYAML; its stubs leave the marks untyped."""

_BOM = "\ufeff"


def format_document(
    data: bytes, file: str, parsed: Callable[[bytes, str], Document] = valid_document
) -> bytes:
    """Write the file in the canonical layout; formatting it again changes nothing.

    `parsed` is how the file is parsed, another way for files of an environment.
    Raises InvalidInput where the file has problems, or is written in a way that cannot be laid
    out without changing what it means.
    """
    document = parsed(data, file)
    source = _without_marker(data.decode().removeprefix(_BOM))
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    root = compose_nodes(source)
    if root is None:
        result = _tidy_comments(source)
    else:
        changed = _with_canonical_durations(source, root)
        if changed != source:
            source, root = changed, compose_nodes(changed)
            if document.merged:  # its durations are as they are written
                document = parsed(source.encode(), file)
        result = _Layout(source, file).document(root)
    encoded = result.encode()
    if not _is_same(document, parsed, encoded, file) or _comment_texts(source) != _comment_texts(
        result
    ):
        raise _unusual(Span(file))
    return encoded


def compose_nodes(source: str) -> Node | None:
    """Parse a document into nodes with their places; None where it holds nothing."""
    import yaml

    # The compiled parser makes nodes only, never objects.
    root: Any = yaml.compose(source, Loader=yaml.CBaseLoader)
    return None if root is None or not root.value else root


def _is_same(
    document: Document, parsed: Callable[[bytes, str], Document], data: bytes, file: str
) -> bool:
    try:
        after = parsed(data, file)
    except InvalidInput:
        return False
    before_by_name, after_by_name = (
        {(kind, name): fields for kind, name, fields in one.resources} for one in (document, after)
    )
    lists = document.release == after.release and document.moved == after.moved
    return before_by_name == after_by_name and lists


def _comment_texts(source: str) -> list[str]:
    return sorted(c.text for c in comments(source.encode())) if "#" in source else []


def _without_marker(source: str) -> str:
    """Remove the three dashes that may begin a document."""
    lines = source.split("\n")
    for place, line in enumerate(lines):
        if line.startswith("---") and not line[3:4].strip():
            lines[place] = f"   {line[3:]}"
            break
        if line.strip() and not line.startswith("#"):
            break
    return "\n".join(lines)


def _tidy_comments(source: str) -> str:
    lines = [line.rstrip() for line in source.split("\n")]
    text = "\n".join(line for line in lines if line.lstrip().startswith("#") or not line)
    return text.strip("\n") + "\n" if text.strip("\n") else ""


_DURATIONS = {
    mark.words
    for kind in (Duration, PositiveDuration)
    for mark in get_args(kind)
    if isinstance(mark, Expectation)
}


def _with_canonical_durations(source: str, root: Node) -> str:
    lines = source.split("\n")
    for node in reversed(list(_durations(root, kinds.document_shape()))):
        start, end = node.start_mark, node.end_mark
        shortest = duration(seconds(node.value))
        if shortest != node.value and start.line == end.line:
            line = lines[start.line]
            lines[start.line] = line[: start.column] + shortest + line[end.column :]
    return "\n".join(lines)


def _durations(node: Node, shape: Shape | None) -> Iterator[Node]:
    """Yield every duration below a node, in the order of the file."""
    if not _is_scalar(node):
        for part in _parts(node, shape):
            yield from _durations(part.value, part.shape)
    elif isinstance(shape, Leaf) and shape.expected in _DURATIONS and not _is_text_block(node):
        yield node


@dataclass(frozen=True, slots=True)
class _Part:
    """An entry of a mapping, or of a list (`key` is None), with its place in the canonical order."""

    rank: int
    key: Node | None
    value: Node
    shape: Shape | None


def _parts(node: Node, shape: Shape | None) -> list[_Part]:
    """List the entries of a mapping or list in the order of the file."""
    if not _is_mapping(node):
        return [_Part(0, None, value, item_shape(shape)) for value in node.value]
    tags = {key.value: value.value for key, value in node.value if _is_scalar(value)}
    ranks = field_ranks((key.value for key, _ in node.value), shape, tags)
    return [
        _Part(rank, key, value, inner_shape(shape, tags, key.value))
        for rank, (key, value) in zip(ranks, node.value, strict=True)
    ]


def _is_scalar(node: Node) -> bool:
    return isinstance(node.value, str)


def _is_text_block(node: Node) -> bool:
    return _is_scalar(node) and node.style in ("|", ">")


def _is_mapping(node: Node) -> bool:
    return type(node).__name__ == "MappingNode"


def _is_in_order(node: Node, shape: Shape | None) -> bool:
    if _is_scalar(node):
        return True
    parts = _parts(node, shape)
    ranks = [part.rank for part in parts]
    return ranks == sorted(ranks) and all(_is_in_order(part.value, part.shape) for part in parts)


@dataclass(slots=True)
class _Entry:
    """An entry of a mapping or list as it will be written, each line with its margin.

    Comments: `lead` stands above it, `after` below it, indented to `deeper`; "" is a blank line.
    """

    rank: int
    lead: list[str]
    lines: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    deeper: int = 0
    is_text: bool = False


class _KeptLine(str):
    """The last line of a text block to which the blank lines below it belong (`|+`)."""

    __slots__ = ()


def _add_comments(lines: list[str], texts: Iterable[str], indent: int) -> None:
    """Append comments; at most one blank line, and none where nothing stands above."""
    for text in texts:
        if text:
            lines.append(" " * indent + text)
        elif lines and lines[-1] and not isinstance(lines[-1], _KeptLine):
            lines.append("")


def _join(entries: list[_Entry], foot: list[str], indent: int) -> tuple[list[str], list[str]]:
    """Join entries in canonical order; the comments above the first of them are apart."""
    entries = sorted(entries, key=lambda entry: entry.rank)
    lead, entries[0].lead = entries[0].lead, []
    lines: list[str] = []
    for entry in entries:
        _add_comments(lines, entry.lead, indent)
        lines += entry.lines
        _add_comments(lines, entry.after, entry.deeper)
    _add_comments(lines, foot, indent)
    return lead, lines


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


class _Layout:
    """A reader that goes through a document once; `at` is the first line that is not yet read."""

    def __init__(self, source: str, file: str) -> None:
        self.lines = source.split("\n")
        self.file = file
        self.at = 0

    def document(self, root: Node) -> str:
        """Write the document: one blank line between kinds, at most one elsewhere."""
        if root.flow_style:
            entries = self._read_brackets_document(root)
        else:
            entries = self._read_entries(root, kinds.document_shape(), 0)
        foot = self._comments_below(entries[-1], root.start_mark.column, least=0)
        header, entries[0].lead = _header(entries[0].lead)
        lines: list[str] = []
        _add_comments(lines, header, 0)
        for entry in sorted(entries, key=lambda entry: entry.rank):
            _add_comments(lines, ["", *entry.lead], 0)
            lines += entry.lines
            _add_comments(lines, entry.after, entry.deeper)
        _add_comments(lines, foot, 0)
        return "\n".join(lines) + "\n"

    def _read_brackets_document(self, root: Node) -> list[_Entry]:
        """Read a document that is one value in brackets."""
        if self._holds_comment(root):
            raise _unusual(Span(self.file, root.start_mark.line + 1))
        lead = self._comments_above(root.start_mark.line)
        entries = self._open_brackets(root, kinds.document_shape(), 0)
        note = self._note(root.end_mark.line, root.end_mark.column).strip()
        entries[0].lead = [*lead, note] if note else lead
        return entries

    def _read_entries(self, node: Node, shape: Shape | None, indent: int) -> list[_Entry]:
        """Read the entries of a mapping or list in block style, to be written at `indent`."""
        column = node.start_mark.column
        entries: list[_Entry] = []
        for part in _parts(node, shape):
            line = self._line_of(part, column)
            last = entries[-1] if entries else None
            entry = _Entry(part.rank, self._comments_above(line, column, last), deeper=indent + 2)
            entries.append(entry)
            self._read(entry, part, line, column, indent)
        return entries

    def _line_of(self, part: _Part, column: int) -> int:
        """Find the line of a key or a dash; a dash may stand above its entry."""
        line: int = part.value.start_mark.line
        if part.key:
            start, end = part.key.start_mark, part.key.end_mark
            explicit = self.lines[start.line][: start.column].rstrip().endswith("?")
            if explicit or start.line != end.line or ":" not in self.lines[end.line][end.column :]:
                raise _unusual(Span(self.file, start.line + 1))
            return int(start.line)
        limit: int | None = part.value.start_mark.column
        while line >= self.at:
            before = self.lines[line][:limit]
            if before[column : column + 1] == "-" and not before[:column].strip(" -"):
                return line
            line, limit = line - 1, None
        raise _unusual(Span(self.file, part.value.start_mark.line + 1))

    def _read(self, entry: _Entry, part: _Part, line: int, column: int, indent: int) -> None:
        """Read what stands behind a key or a dash at `column` of a line."""
        node = part.value
        start, end = node.start_mark, node.end_mark
        margin = " " * indent + (f"{self._key(part.key)}:" if part.key else "-")
        behind = part.key.end_mark.column if part.key else column + 1
        note = ""
        if _is_scalar(node) and not node.style and not node.value:
            entry.lines = [margin + self._note(line, behind)]
        elif not _is_scalar(node) and not node.flow_style:
            if start.line > line:
                note = self._note(line, behind)
            inner = self._read_entries(node, part.shape, indent + 2)
            foot = self._comments_below(inner[-1], start.column, column)
            self._nest(entry, margin, note, *_join(inner, foot, indent + 2))
        else:
            if start.line > line:  # comments between a key and its value go above the key
                note = self._note(line, behind).strip()
                between = [note, *map(str.strip, self.lines[self.at : start.line])]
                entry.lead += filter(None, between)
            if _is_text_block(node):
                self._read_text_block(entry, margin, node, column)
                return
            rows = self._inline(part, margin, indent)
            note = self._note(end.line, end.column)
            if rows is None:
                inner = self._open_brackets(node, part.shape, indent + 2)
                self._nest(entry, margin, note, *_join(inner, [], indent + 2))
                return
            entry.lines = [f"{margin} {rows[0]}", *rows[1:]]
            if note:
                entry.lines[-1] += note
                entry.deeper = max(indent + 2, len(entry.lines[-1]) - len(note.lstrip()))

    def _nest(
        self, entry: _Entry, margin: str, note: str, lead: list[str], lines: list[str]
    ) -> None:
        """Write entries below their key; of a list item the first one behind the dash."""
        if margin.endswith("-"):
            entry.lead += [*([note.strip()] if note else []), *lead]
            entry.lines = [f"{margin} {lines[0].lstrip()}", *lines[1:]]
        else:
            above: list[str] = []
            _add_comments(above, lead, len(margin) - len(margin.lstrip()) + 2)
            entry.lines = [margin + note, *above, *lines]

    def _read_text_block(self, entry: _Entry, margin: str, node: Node, column: int) -> None:
        line, start = node.start_mark.line, node.start_mark.column
        header = self.lines[line][start:].split()[0]
        note = self._note(line, start)
        digit = re.search("[1-9]", header)
        first = next((text for text in self._lines_below() if text.strip(" ")), "")
        base = column + int(digit[0]) if digit else max(_depth(first), column + 1)
        content = list(
            takewhile(lambda text: not text.strip(" ") or _depth(text) >= base, self._lines_below())
        )
        keeps = "+" in header
        if keeps and self.at + len(content) == len(self.lines):
            content.pop()  # behind the last line break there is no line
        while not keeps and content and not content[-1].strip(" "):
            content.pop()
        self.at += len(content)
        header = header.replace(digit[0], "2") if digit else header
        inside = " " * entry.deeper
        rows = [inside + text[base:] if text[base:] else "" for text in content]
        entry.lines = [f"{margin} {header}{note}", *rows]
        if keeps:
            entry.lines[-1] = _KeptLine(entry.lines[-1])
        entry.is_text = True

    def _lines_below(self) -> Iterator[str]:
        return (self.lines[line] for line in range(self.at, len(self.lines)))

    def _inline(self, part: _Part, margin: str, indent: int) -> list[str] | None:
        """Write a scalar or brackets on the line of their key, or from there on; None to open them.

        Brackets over several lines stay as their author broke them while they fit and their fields
        are in order, and always where a comment stands among them.
        """
        node, typed = part.value, self._source_lines(part.value)
        if _is_scalar(node):
            return _indent_scalar(typed, indent + 2)
        if len(typed) > 1:
            rows = _indent_brackets(typed, indent, is_item=part.key is None)
            fits = len(margin) + 1 + len(rows[0]) <= WIDTH and max(map(len, rows[1:])) <= WIDTH
            if self._holds_comment(node) or (fits and _is_in_order(node, part.shape)):
                return rows
        text = self._one_line(node, part.shape)
        if text is not None and (len(margin) + 1 + len(text) <= WIDTH or not node.value):
            return [text]
        return None

    def _open_brackets(self, node: Node, shape: Shape | None, indent: int) -> list[_Entry]:
        """Write what stands in brackets entry by entry."""
        entries = []
        for part in _parts(node, shape):
            entry = _Entry(part.rank, [], deeper=indent + 2)
            margin = " " * indent + (f"{self._key(part.key)}:" if part.key else "-")
            rows = self._inline(part, margin, indent)
            if rows is None:
                inner = self._open_brackets(part.value, part.shape, indent + 2)
                self._nest(entry, margin, "", *_join(inner, [], indent + 2))
            else:
                entry.lines = [f"{margin} {rows[0]}".rstrip(), *rows[1:]]
            entries.append(entry)
        return entries

    def _one_line(self, node: Node, shape: Shape | None) -> str | None:
        """Write a value on one line, with the usual spaces; None where a text in it has several."""
        if _is_scalar(node):
            typed = self._source_lines(node)
            return typed[0] if len(typed) == 1 else None
        texts = []
        for part in sorted(_parts(node, shape), key=lambda part: part.rank):
            key = self._one_line(part.key, None) if part.key else ""
            text = self._one_line(part.value, part.shape)
            if key is None or text is None:
                return None
            texts.append(f"{key}: {text}".rstrip() if part.key else text)
        inside = ", ".join(texts)
        return f"{{{inside}}}" if _is_mapping(node) else f"[{inside}]"

    def _source_lines(self, node: Node) -> list[str]:
        """Read the lines of a value as they were typed, from its first to its last character."""
        start, end = node.start_mark, node.end_mark
        if start.line == end.line:
            return [self.lines[start.line][start.column : end.column]]
        between = self.lines[start.line + 1 : end.line]
        return [
            self.lines[start.line][start.column :],
            *between,
            self.lines[end.line][: end.column],
        ]

    def _key(self, node: Node) -> str:
        return " ".join(self._source_lines(node))

    @cached_property
    def _comment_lines(self) -> set[int]:
        return {comment.line - 1 for comment in comments("\n".join(self.lines).encode())}

    def _holds_comment(self, node: Node) -> bool:
        """Whether a comment stands between the brackets."""
        inside = range(node.start_mark.line, node.end_mark.line)
        return bool(inside) and not self._comment_lines.isdisjoint(inside)

    def _note(self, line: int, column: int) -> str:
        """Take the rest of a line, which can hold a comment only; two spaces or more before it."""
        self.at = line + 1
        before, sign, words = self.lines[line][column:].partition("#")
        spaces = max(2, len(before) - len(before.rstrip()))
        return " " * spaces + sign + words.rstrip() if sign else ""

    def _comments_above(self, line: int, column: int = 0, last: _Entry | None = None) -> list[str]:
        """Take the comments above an entry; those indented deeper go to the entry before it."""
        lead: list[str] = []
        blank = False
        for text in self.lines[self.at : line]:
            comment = text.strip()
            if comment:
                target = lead
                if last and not lead and _depth(text) > column:
                    target = _comments_of(last)
                target += ["", comment] if blank else [comment]
            blank = not comment
        self.at = max(self.at, line)
        return [*lead, ""] if blank else lead

    def _comments_below(
        self, last: _Entry, column: int, outer: int = -1, *, least: int | None = None
    ) -> list[str]:
        """Take the comments below the last entry of a mapping or list, indented as it is or deeper.

        Those in the column of what is around it, `outer`, belong there.
        """
        foot: list[str] = []
        blank = False
        least = column if least is None else least
        for line in range(self.at, len(self.lines)):
            text = self.lines[line]
            comment, depth = text.strip(), _depth(text)
            if comment:
                if not comment.startswith("#") or depth < least or depth == outer:
                    break
                target = foot if foot or depth <= column else _comments_of(last)
                target += ["", comment] if blank else [comment]
                self.at = line + 1
            blank = not comment
        return foot


def _comments_of(last: _Entry) -> list[str]:
    # Below a text block a comment would become part of it.
    return last.lead if last.is_text else last.after


def _header(lead: list[str]) -> tuple[list[str], list[str]]:
    """Divide comments: what explains the file, up to the last blank line, and its first entry."""
    blanks = [place for place, text in enumerate(lead) if not text]
    end = blanks[-1] if blanks else 0
    if not blanks and lead and lead[0].startswith("# yaml-language-server:"):
        end = 1
    return lead[:end], lead[end:]


def _indent_scalar(typed: list[str], column: int) -> list[str]:
    """Indent the further lines of a scalar; their spaces mean nothing."""
    rest = [text.lstrip(" \t") for text in typed[1:]]
    return [typed[0], *(" " * column + text if text else "" for text in rest)]


def _indent_brackets(typed: list[str], indent: int, *, is_item: bool) -> list[str]:
    """Indent brackets over several lines; a closing one stands in the column of its key."""
    first, *rest = (text.rstrip() for text in typed)
    closes = rest[-1].lstrip()[:1] in ("]", "}")
    closing = [rest.pop().lstrip()] if closes else []
    least = min((_depth(text) for text in rest if text), default=0)
    column = indent + (4 if is_item and closes else 2)
    body = [" " * column + text[least:] if text else "" for text in rest]
    return [first, *body, *(" " * (column - 2) + text for text in closing)]


def _unusual(span: Span) -> InvalidInput:
    return InvalidInput(codes.NO_LAYOUT(span))
