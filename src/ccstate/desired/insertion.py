"""Add resources, and items of lists, to files; every other byte stays (adopt, import, holidays)."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ccstate import codes, kinds
from ccstate.desired.documents import Document, valid_document
from ccstate.desired.formatting import Node, compose_nodes
from ccstate.desired.yaml_text import block, one_line, scalar
from ccstate.errors import InvalidInput, Span
from ccstate.kinds import KINDS
from ccstate.kinds.shape import inner_shape, item_shape
from ccstate.model import Address, Fields, Json

_BOM = "\ufeff"

Parsed: TypeAlias = Callable[[bytes, str], Document]
"""How a file is parsed before and after: `valid_document`, or that for files of an environment."""

_Named: TypeAlias = Mapping[str, Fields]
"""Resources of one kind by their names."""


def with_resources(
    data: bytes,
    file: str,
    resources: Mapping[Address, Fields],
    schema: str = "",
    parsed: Parsed = valid_document,
) -> bytes:
    """Add resources to the file, each at the end of its kind; every other byte stays.

    `schema` is the path from the file to the schema of documents, named in a file that is new.
    Raises InvalidInput where the file has problems, or declares one of the resources already.
    """
    by_kind: dict[str, dict[str, Fields]] = {}
    for (kind, name), fields in resources.items():
        by_kind.setdefault(kind, {})[name] = fields
    for kind, named in by_kind.items():
        data = _with_kind(data, file, kind, named, schema=schema, parsed=parsed)
    return data


def _with_kind(
    data: bytes, file: str, kind: str, named: _Named, *, schema: str, parsed: Parsed
) -> bytes:
    before = parsed(data, file)
    declared = {(kind, name) for kind, name, _ in before.resources}
    if twice := [name for name in named if (kind, name) in declared]:
        raise InvalidInput(
            [codes.DECLARED_HERE(Span(file), address=Address(kind, name)) for name in twice]
        )
    source = data.decode().removeprefix(_BOM)
    if source:
        text = _insert(source, compose_nodes(source), kind, named)
    else:
        head = f"# yaml-language-server: $schema={schema}\n" if schema else ""
        text = head + "\n".join(_kind_lines(kind, named, 0)) + "\n"
    if text is None:
        raise InvalidInput(codes.KIND_UNADDABLE(Span(file), kind=KINDS[kind].plural))
    result, after = _reread(data, text, file, parsed)
    kept = [r for r in after.resources if r[0] != kind or r[1] not in named]
    if kept != before.resources or len(after.resources) != len(kept) + len(named):
        raise InvalidInput(codes.KIND_UNADDABLE(Span(file), kind=KINDS[kind].plural))
    return result


def with_items(
    data: bytes,
    file: str,
    address: Address,
    field: str,
    items: Sequence[Json],
    *,
    parsed: Parsed = valid_document,
) -> bytes:
    """Add items at the end of a list of a resource; every other byte stays.

    Raises InvalidInput where the file has problems, or the list is not written in it.
    """
    before = parsed(data, file)
    source = data.decode().removeprefix(_BOM)
    text = _extend(source, compose_nodes(source), address, field, items)
    if text is None:
        raise InvalidInput(codes.ENTRIES_UNADDABLE(Span(file), field=field, address=address))
    result, after = _reread(data, text, file, parsed)
    old, new = ({(k, n): dict(f) for k, n, f in d.resources} for d in (before, after))
    kept, listed = (fields[address].pop(field) for fields in (old, new))
    grown = isinstance(listed, list) and isinstance(kept, list) and len(listed) - len(kept)
    if old != new or grown != len(items):
        raise InvalidInput(codes.ENTRIES_UNADDABLE(Span(file), field=field, address=address))
    return result


def _reread(data: bytes, text: str, file: str, parsed: Parsed) -> tuple[bytes, Document]:
    """Encode the new text of a file, and parse it again."""
    result = data[:3] * data.startswith(_BOM.encode()) + text.encode()
    return result, parsed(result, file)


def _kind_lines(kind: str, resources: _Named, column: int) -> list[str]:
    """Write a kind with its resources, from a column on."""
    return [f"{' ' * column}{KINDS[kind].plural}:", *_lines(kind, resources, column + 2)]


def _lines(kind: str, resources: _Named, column: int) -> list[str]:
    lines: list[str] = []
    for name, fields in resources.items():
        start = f"{' ' * column}{scalar(name)}:"
        if fields:
            lines += [start, *(line for line, _ in block(fields, kinds.shape(kind), column + 2))]
        else:
            lines.append(f"{start} {{}}")
    return lines


def _insert(source: str, root: Node | None, kind: str, resources: _Named) -> str | None:
    """Insert resources at the end of their kind; None where there is no place."""
    if root is None:
        return _below_everything(source, _kind_lines(kind, resources, 0))
    plural, shape = KINDS[kind].plural, kinds.shape(kind)
    entries = ", ".join(f"{scalar(n)}: {one_line(dict(f), shape)}" for n, f in resources.items())
    node = _value_of(root, plural)
    if node is None:
        if root.flow_style:
            return _in_brackets(source, root, f"{plural}: {{{entries}}}")
        return _below_everything(source, _kind_lines(kind, resources, root.start_mark.column))
    if isinstance(node.value, str):
        if node.value or root.flow_style:
            return None
        lines = _lines(kind, resources, root.start_mark.column + 2)
        return _after_line(source, node.start_mark.line, lines)
    if node.flow_style:
        return _in_brackets(source, node, entries)
    column = node.start_mark.column
    return _after_line(source, _last_line(source, node, column), _lines(kind, resources, column))


def _extend(
    source: str, root: Node | None, address: Address, field: str, items: Sequence[Json]
) -> str | None:
    """Insert items at the end of a list of a resource; None where there is no list."""
    node = root
    for key in (KINDS[address.kind].plural, address.name, field):
        node = _value_of(node, key)
    if node is None or isinstance(node.value, str):
        return None
    shape = item_shape(inner_shape(kinds.shape(address.kind), {}, field))
    written = [one_line(item, shape, alone=not node.flow_style) for item in items]
    if node.flow_style:
        return _in_brackets(source, node, ", ".join(written))
    column = node.start_mark.column
    lines = [f"{' ' * column}- {item}" for item in written]
    return _after_line(source, _last_line(source, node, column), lines)


def _value_of(node: Node | None, name: str) -> Node | None:
    if node is None or isinstance(node.value, str):
        return None
    return next((value for key, value in node.value if key.value == name), None)


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
    """Find the last line of a mapping or list, with the comments that are indented as its entries."""
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
