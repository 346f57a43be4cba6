"""The canonical layout: entries with their comments, their order, and how they are written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias, TypeVar

from ccstate import kinds
from ccstate.kinds import KINDS
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct

WIDTH = 100
"""Columns that a value in brackets may reach before it is written entry by entry."""

Node: TypeAlias = Any
"""A node of PyYAML; its stubs leave the marks untyped."""


@dataclass(slots=True)
class Scalar:
    """A value as it was typed: its first line, and more lines by their indentation.

    `outdent` takes the last line, a closing bracket, back to the column of its key. `is_text`
    marks a text block, `keeps` one to which the blank lines below it belong (`|+`).
    """

    first: str = ""
    rest: Sequence[str] = ()
    outdent: bool = False
    is_text: bool = False
    keeps: bool = False


@dataclass(slots=True)
class Item:
    """An entry of a mapping (`head` is its key) or of a list (`head` is empty).

    Comments: `lead` stands above it, `note` behind it (with the spaces before it), `after`
    below it, deeper; "" is a blank line.
    """

    head: str
    value: "Scalar | Box" = field(default_factory=Scalar)
    lead: list[str] = field(default_factory=list)
    note: str = ""
    after: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Box:
    """A mapping or a list over several lines; `foot` stands below its last entry.

    `column` is where its entries were typed; `ranks` is the order in which they belong.
    """

    column: int
    items: list[Item] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)


@cache
def document_shape() -> Struct:
    """A whole document: kinds in their order."""
    return Struct({k.plural: MapOf(kinds.shape(k.name)) for k in KINDS.values()})


def shape_at(shape: Shape | None, tag_of: "TagOf", name: str) -> Shape | None:
    """The shape of one entry of a mapping; None where nothing is declared about it."""
    match shape:
        case MapOf(item):
            return item
        case Struct() | OneOf():
            struct = _struct(shape, tag_of)
            return struct.fields.get(name) if struct else None
    return None


def entry_shape(shape: Shape | None) -> Shape | None:
    """The shape of every entry of a list."""
    return shape.item if isinstance(shape, ListOf) else None


TagOf: TypeAlias = dict[str, str]
"""The texts of a mapping by key, of which one says what kind of mapping it is."""


def _struct(shape: Struct | OneOf, tag_of: TagOf) -> Struct | None:
    if isinstance(shape, OneOf):
        return shape.variants.get(tag_of.get(shape.tag, ""))
    return shape


T = TypeVar("T")


def ranks(names: Iterable[str], shape: Shape | None, tag_of: TagOf) -> list[int]:
    """The place of each field as its kind declares them; all alike where the author chose names.

    `protect` comes last, or before a tree of parts: it speaks of the object as a whole.
    """
    struct = _struct(shape, tag_of) if isinstance(shape, Struct | OneOf) else None
    rank = _ranks(tuple(struct.fields.items())) if struct else {}
    return [rank.get(name, len(rank)) for name in names]


def _ranks(fields: tuple[tuple[str, Shape], ...]) -> dict[str, int]:
    names = [name for name, _ in fields if name != "protect"]
    if len(names) < len(fields):
        *_, (last, shape) = fields
        parts = isinstance(shape, MapOf) and not isinstance(shape.item, Leaf)
        names.insert(names.index(last) if parts else len(names), "protect")
    return {name: place for place, name in enumerate(names)}


def by_rank(entries: Iterable[T], places: Iterable[int]) -> list[T]:
    """Entries by their places; those of one place stay in their order."""
    pairs = sorted(zip(places, entries, strict=True), key=lambda pair: pair[0])
    return [entry for _, entry in pairs]


def arrange(box: Box) -> None:
    """Brings everything in order; comments between a dash and its mapping go above the dash."""
    if box.ranks:
        box.items = by_rank(box.items, box.ranks)
    for item in box.items:
        if isinstance(item.value, Box):
            arrange(item.value)
            if not item.head:
                first = item.value.items[0]
                item.lead += [item.note.strip()] * bool(item.note) + first.lead
                item.note, first.lead = "", []


def written(header: Iterable[str], root: Box) -> str:
    """The document as text: one blank line between kinds, at most one elsewhere."""
    writer = _Writer()
    for text in header:
        writer.comment(text, 0)
    arrange(root)
    for place, item in enumerate(root.items):
        if place or writer.lines:
            writer.blank()
        writer.item(item, 0)
    writer.comments(root.foot, 0)
    return "\n".join(writer.lines) + "\n"


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.opening = True  # nothing but a key stands above: no blank line
        self.kept = False  # a text block stands above to which a blank line would belong

    def blank(self) -> None:
        if not self.opening and not self.kept and self.lines[-1]:
            self.lines.append("")

    def line(self, text: str) -> None:
        self.lines.append(text)
        self.opening = self.kept = False

    def comment(self, text: str, indent: int) -> None:
        if text:
            self.line(" " * indent + text)
        else:
            self.blank()

    def comments(self, texts: Iterable[str], indent: int) -> None:
        for text in texts:
            self.comment(text, indent)

    def item(self, item: Item, indent: int, dashes: str = "") -> None:
        """One entry; `dashes` are those of the lists that begin with it, on the same line."""
        self.comments(item.lead, indent - len(dashes))
        margin = " " * (indent - len(dashes)) + dashes
        if isinstance(item.value, Scalar):
            self._scalar(item, item.value, margin, indent)
        elif item.head:
            self.line(f"{margin}{item.head}:{item.note}")
            self.opening = True
            self._box(item.value, indent + 2, "")
        else:
            self._box(item.value, indent + 2, dashes + "- ")
        deeper = indent + 2
        if item.note and isinstance(item.value, Scalar):
            deeper = max(deeper, len(self.lines[-1]) - len(item.note.lstrip()))
        self.comments(item.after, deeper)

    def _box(self, box: Box, indent: int, dashes: str) -> None:
        for place, item in enumerate(box.items):
            self.item(item, indent, "" if place else dashes)
        self.comments(box.foot, indent)

    def _scalar(self, item: Item, value: Scalar, margin: str, indent: int) -> None:
        head = f"{item.head}:" if item.head else "-"
        note = "" if value.rest and not value.is_text else item.note
        self.line(f"{margin}{head}{' ' * bool(value.first)}{value.first}{note}")
        column = indent + (2 if item.head or not value.outdent else 4)
        for place, text in enumerate(value.rest, start=1):
            is_last = place == len(value.rest)
            shift = column - 2 if is_last and value.outdent else column
            ending = item.note if is_last and not value.is_text else ""
            self.lines.append(f"{' ' * shift}{text}{ending}" if text else "")
        self.kept = value.keeps


def source_lines(lines: Sequence[str], node: Node) -> list[str]:
    """What was typed for a value, from its first to its last character."""
    start, end = node.start_mark, node.end_mark
    if start.line == end.line:
        return [lines[start.line][start.column : end.column]]
    between = lines[start.line + 1 : end.line]
    return [lines[start.line][start.column :], *between, lines[end.line][: end.column]]


def texts_of(node: Node) -> TagOf:
    """The texts of a mapping, by key."""
    return {key.value: value.value for key, value in node.value if isinstance(value.value, str)}


def is_mapping(node: Node) -> bool:
    return type(node).__name__ == "MappingNode"


def scalars(node: Node) -> Iterator[Node]:
    """Every key and scalar of a node."""
    if isinstance(node.value, str):
        yield node
    elif is_mapping(node):
        for key, value in node.value:
            yield key
            yield from scalars(value)
    else:
        for value in node.value:
            yield from scalars(value)
