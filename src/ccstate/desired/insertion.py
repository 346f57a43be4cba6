"""Where one resource more goes in the text of a document; every other character stays."""

from ccstate import kinds
from ccstate.desired.layout import Node
from ccstate.desired.spelling import block, one_line, text
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields


def resource_lines(address: Address, fields: Fields, column: int) -> list[str]:
    """A kind with one resource, from a column on."""
    return [f"{' ' * column}{KINDS[address.kind].plural}:", *_lines(address, fields, column + 2)]


def _lines(address: Address, fields: Fields, column: int) -> list[str]:
    name = f"{' ' * column}{text(address.name)}:"
    if not fields:
        return [f"{name} {{}}"]
    return [name, *block(dict(fields), kinds.shape(address.kind), column + 2)]


def inserted(source: str, root: Node | None, address: Address, fields: Fields) -> str | None:
    """The text with the resource at the end of its kind; None where there is no place for it."""
    if root is None:
        return _below_everything(source, resource_lines(address, fields, 0))
    plural = KINDS[address.kind].plural
    named = next((value for key, value in root.value if key.value == plural), None)
    entry = f"{text(address.name)}: {one_line(dict(fields), kinds.shape(address.kind))}"
    if named is None:
        if root.flow_style:
            return _in_brackets(source, root, f"{plural}: {{{entry}}}")
        return _below_everything(source, resource_lines(address, fields, root.start_mark.column))
    if isinstance(named.value, str):
        if named.value or root.flow_style:
            return None
        lines = _lines(address, fields, root.start_mark.column + 2)
        return _after_line(source, named.start_mark.line, lines)
    if named.flow_style:
        return _in_brackets(source, named, entry)
    column = named.start_mark.column
    return _after_line(source, _last_line(source, named, column), _lines(address, fields, column))


def _in_brackets(source: str, node: Node, entry: str) -> str:
    if node.value:
        _, last = node.value[-1]
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
