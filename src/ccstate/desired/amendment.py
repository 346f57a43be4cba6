"""Change and remove values in files; every other byte stays (promote).

Works on the places that libyaml reports, as `insertion` does. A comment right above an entry that is
removed goes with it. What comes out is read again: where it is not what was meant, nothing is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from ccstate import codes, kinds
from ccstate.desired.formatting import WIDTH, Node, compose_nodes
from ccstate.desired.insertion import Parsed, with_resources
from ccstate.desired.yaml_text import block, one_line
from ccstate.desired.yaml_values import read
from ccstate.errors import InvalidInput, Span
from ccstate.kinds import KINDS
from ccstate.kinds.shape import MapOf, Shape, inner_shape
from ccstate.model import Address, Fields, Json

_BOM = "\ufeff"
_Mapping: TypeAlias = Mapping[str, Json]
_Wanted: TypeAlias = Mapping[Address, Fields | None]
"""The fields of resources as they are to be written; None for one that is to go."""


def amended(data: bytes, file: str, wanted: _Wanted, *, schema: str, parsed: Parsed) -> bytes:
    """Give resources of a file other fields, add those that are new, remove those that are to go.

    Raises InvalidInput where the file has problems, or cannot be changed without changing more.
    """
    parsed(data, file)
    content: Any = read(data, file)[0]
    source = data.decode().removeprefix(_BOM)
    if source and not source.endswith("\n"):
        source += "\n"
    editing = _Editing(source.split("\n"))
    try:
        editing.document(compose_nodes(source), content, wanted)
    except _Uneditable:
        raise _unchangeable(file) from None
    result = data[:3] * data.startswith(_BOM.encode()) + editing.result().encode()
    if new := {a: f for a, f in wanted.items() if f is not None and not _has(content, a)}:
        result = with_resources(result, file, new, schema, parsed)
    if read(result, file)[0] != _expected(content, wanted):
        raise _unchangeable(file)
    return result


def _unchangeable(file: str) -> InvalidInput:
    return InvalidInput(codes.NO_LAYOUT(Span(file)))


def _has(content: Any, address: Address) -> bool:
    return address.name in (content.get(KINDS[address.kind].plural) or {})


def _expected(content: Any, wanted: _Wanted) -> Any:
    """Return the document as it is to be read afterwards."""
    expected = dict(content)
    for address, fields in wanted.items():
        plural = KINDS[address.kind].plural
        others = {n: f for n, f in (expected.get(plural) or {}).items() if n != address.name}
        expected[plural] = others if fields is None else {**others, address.name: dict(fields)}
        if not expected[plural]:
            del expected[plural]
    return expected


class _Uneditable(Exception):
    """A value that is written in a way that cannot be changed alone."""


class _Edit(NamedTuple):
    """Text in place of what stands from one place to another; line and column from 0."""

    begin: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(slots=True)
class _Editing:
    """The lines of a file, and the edits to them that do not overlap."""

    lines: list[str]
    edits: list[_Edit] = field(default_factory=list)

    def document(self, root: Node | None, content: Any, wanted: _Wanted) -> None:
        """Edit the resources that the document has."""
        by_kind: dict[str, dict[str, Fields | None]] = {}
        for address, fields in wanted.items():
            if _has(content, address):
                by_kind.setdefault(address.kind, {})[address.name] = fields
        for kind, named in by_kind.items():
            plural = KINDS[kind].plural
            before = content[plural]
            after = {name: named.get(name, fields) for name, fields in before.items()}
            after = {name: fields for name, fields in after.items() if fields is not None}
            key, node = _entry(root, plural)
            if after:
                self.value(key, node, before, after, MapOf(kinds.shape(kind)))
            else:
                self.remove(root, key, node)

    def value(self, key: Node, node: Node, before: Json, after: Json, shape: Shape | None) -> None:
        """Change the value of an entry of a mapping that is written line by line."""
        if before == after:
            return
        is_open = not isinstance(node.value, str) and not node.flow_style
        if is_open and isinstance(before, dict) and isinstance(after, dict) and after:
            self.entries(node, before, after, shape)
            return
        on_one_line = key.start_mark.line == node.start_mark.line == node.end_mark.line
        short = one_line(after, shape, alone=True)
        if on_one_line and len(short) + node.start_mark.column <= WIDTH:
            begin, end = node.start_mark, node.end_mark
            self.edits.append(_Edit((begin.line, begin.column), (end.line, end.column), short))
            return
        first, last = key.start_mark.line, self.last_line(node)
        if any("#" in line for line in self.lines[first : last + 1]):
            raise _Uneditable  # a comment inside of what is written anew
        self.put(first, last + 1, self.written(key.value, after, shape, key.start_mark.column))

    def entries(
        self, mapping: Node, before: _Mapping, after: _Mapping, shape: Shape | None
    ) -> None:
        """Change the entries of a mapping that is written line by line."""
        tags = {key: text for key, text in after.items() if isinstance(text, str)}
        for name in before:
            key, node = _entry(mapping, name)
            if name in after:
                inner = inner_shape(shape, tags, name)
                self.value(key, node, before[name], after[name], inner)
            else:
                self.remove(mapping, key, node)
        added: list[str] = []
        for name in (each for each in after if each not in before):
            inner = inner_shape(shape, tags, name)
            added += self.written(name, after[name], inner, mapping.start_mark.column)
        if added:
            end = self.last_line(mapping.value[-1][1]) + 1
            self.put(end, end, added)

    def remove(self, mapping: Node, key: Node, node: Node) -> None:
        """Remove an entry, with the lines of comment right above it."""
        if mapping.flow_style:
            raise _Uneditable
        begin = key.start_mark.line
        margin = " " * key.start_mark.column
        if self.lines[begin][: len(margin)] != margin:
            raise _Uneditable  # behind a dash or another key
        while begin and self.lines[begin - 1].startswith(f"{margin}#"):
            begin -= 1
        self.put(begin, self.last_line(node) + 1, [])

    def written(self, name: str, value: Json, shape: Shape | None, column: int) -> list[str]:
        """Write an entry line by line, its value in the order that the shape says."""
        around = MapOf(shape) if shape is not None else None
        return [text for text, _ in block({name: value}, around, column)]

    def put(self, first: int, end: int, lines: list[str]) -> None:
        """Put lines in place of those from `first` up to `end`."""
        ending = "\r\n" if self.lines[0].endswith("\r") else "\n"
        self.edits.append(_Edit((first, 0), (end, 0), "".join(line + ending for line in lines)))

    def last_line(self, node: Node) -> int:
        """Find the last line of a value, without blank lines and comments below it."""
        is_text = isinstance(node.value, str)
        if (is_text and node.style not in ("|", ">")) or (not is_text and node.flow_style):
            return int(node.end_mark.line)
        last = int(node.end_mark.line) - 1  # what is open ends where the next thing begins
        while last > node.start_mark.line and self.is_empty(last, is_text=is_text):
            last -= 1
        return last

    def is_empty(self, number: int, *, is_text: bool) -> bool:
        """Tell whether a line is blank or, outside of a text block, a comment."""
        line = self.lines[number].strip()
        return not line or (line.startswith("#") and not is_text)

    def result(self) -> str:
        """Apply the edits from the end, so that places before them stay."""
        source = "\n".join(self.lines)
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line) + 1)
        for begin, end, text in sorted(self.edits, reverse=True):
            first, last = starts[begin[0]] + begin[1], starts[end[0]] + end[1]
            source = source[:first] + text + source[last:]
        return source


def _entry(mapping: Node | None, name: str) -> tuple[Node, Node]:
    """Find the key and the value of an entry."""
    for key, value in mapping.value if mapping is not None else ():
        if key.value == name:
            return key, value
    raise _Uneditable
