"""Where more resources go in the text of a document; every other character stays."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ccstate import kinds
from ccstate.desired.layout import Node, entry_shape, shape_at
from ccstate.desired.spelling import block, one_line, text
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields, Json

Named: TypeAlias = Mapping[str, Fields]
"""Resources of one kind by their names."""


def kind_lines(kind: str, resources: Named, column: int) -> list[str]:
    """A kind with its resources, from a column on."""
    return [f"{' ' * column}{KINDS[kind].plural}:", *_lines(kind, resources, column + 2)]


def _lines(kind: str, resources: Named, column: int) -> list[str]:
    lines: list[str] = []
    for name, fields in resources.items():
        start = f"{' ' * column}{text(name)}:"
        if fields:
            lines += [start, *block(dict(fields), kinds.shape(kind), column + 2)]
        else:
            lines.append(f"{start} {{}}")
    return lines


def inserted(source: str, root: Node | None, kind: str, resources: Named) -> str | None:
    """The text with the resources at the end of their kind; None where there is no place."""
    if root is None:
        return _below_everything(source, kind_lines(kind, resources, 0))
    plural = KINDS[kind].plural
    named = next((value for key, value in root.value if key.value == plural), None)
    if named is None:
        if root.flow_style:
            return _in_brackets(source, root, f"{plural}: {{{_entries(kind, resources)}}}")
        return _below_everything(source, kind_lines(kind, resources, root.start_mark.column))
    if isinstance(named.value, str):
        if named.value or root.flow_style:
            return None
        lines = _lines(kind, resources, root.start_mark.column + 2)
        return _after_line(source, named.start_mark.line, lines)
    if named.flow_style:
        return _in_brackets(source, named, _entries(kind, resources))
    column = named.start_mark.column
    return _after_line(source, _last_line(source, named, column), _lines(kind, resources, column))


def extended(
    source: str, root: Node | None, address: Address, field: str, items: Sequence[Json]
) -> str | None:
    """The text with more items at the end of a list of a resource; None where there is no list."""
    node = root
    for key in (KINDS[address.kind].plural, address.name, field):
        if node is None or isinstance(node.value, str):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    if node is None or isinstance(node.value, str):
        return None
    shape = entry_shape(shape_at(kinds.shape(address.kind), {}, field))
    spelled = [one_line(item, shape, alone=not node.flow_style) for item in items]
    if node.flow_style:
        return _in_brackets(source, node, ", ".join(spelled))
    column = node.start_mark.column
    lines = [f"{' ' * column}- {item}" for item in spelled]
    return _after_line(source, _last_line(source, node, column), lines)


def _entries(kind: str, resources: Named) -> str:
    shape = kinds.shape(kind)
    return ", ".join(f"{text(n)}: {one_line(dict(f), shape)}" for n, f in resources.items())


def _in_brackets(source: str, node: Node, entry: str) -> str:
    if node.value:
        last = node.value[-1]
        # An entry of a mapping is a key and a value.
        last = last[1] if isinstance(last, tuple) else last
        mark, entry = last.end_mark, f", {entry}"
    else:
        mark = node.end_mark
    lines = source.split("\n")
    line = lines[mark.line]
    column = mark.column if node.value else mark.column - 1
    lines[mark.line] = line[:column] + entry + line[column:]
    return "\n".join(lines)


def _last_line(source: str, node: Node, column: int) -> int:
    """The last line of a mapping, with the comments that are indented as its entries are."""
    lines = source.split("\n")
    end = min(node.end_mark.line, len(lines))
    last: int = node.start_mark.line
    for number in range(node.start_mark.line, end):
        body = lines[number].strip()
        depth = len(lines[number]) - len(lines[number].lstrip())
        if body and (depth >= column or not body.startswith("#")):
            last = number
    return last


def _after_line(source: str, number: int, new: list[str]) -> str:
    ending = "\r\n" if "\r\n" in source else "\n"
    lines = source.split("\n")
    above = "\n".join(lines[: number + 1])
    below = "\n".join(lines[number + 1 :])
    if number + 1 == len(lines):  # the last line is not ended
        return above + ending + ending.join(new) + ending
    return f"{above}\n{ending.join(new)}{ending}{below}"


def _below_everything(source: str, new: list[str]) -> str:
    ending = "\r\n" if "\r\n" in source else "\n"
    gap = "" if source.endswith("\n") else ending
    return source + gap + ending + ending.join(new) + ending
