"""Files changed without harm: brought into the canonical layout, or given more resources.

Comments stay with what they speak of, and what is not ours to change stays byte for byte.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from ccstate.desired.documents import Document, parse
from ccstate.desired.findings import diagnose
from ccstate.desired.insertion import extended, inserted, kind_lines
from ccstate.desired.layout import (
    Node,
    document_shape,
    entry_shape,
    is_mapping,
    shape_at,
    texts_of,
    written,
)
from ccstate.desired.layout_source import Unusual, taken_apart
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.kinds import KINDS
from ccstate.kinds.fields import Duration, Expectation, Lasting, duration, seconds
from ccstate.kinds.shape import Leaf, Shape
from ccstate.model import Address, Fields, Json

_BOM = "\ufeff"


def formatted(data: bytes, file: str) -> bytes:
    """The file in the canonical layout; formatting it again changes nothing.

    Raises InvalidInput where the file has problems, or is written in a way that cannot be laid
    out without changing what it means.
    """
    document = _sound(data, file)
    source = _without_marker(data.decode().removeprefix(_BOM))
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    root = _composed(source)
    if root is None:
        result = _tidied(source)
    else:
        changed = _canonical_durations(source, root)
        if changed != source:
            source, root = changed, _composed(changed)
        try:
            result = written(*taken_apart(source, root))
        except Unusual as unusual:
            raise InvalidInput([_unusual(Span(file, unusual.line + 1))]) from None
    encoded = result.encode()
    if not _same(document, encoded, file):
        raise InvalidInput([_unusual(Span(file))])
    return encoded


def with_resources(
    data: bytes, file: str, resources: Mapping[Address, Fields], schema: str = ""
) -> bytes:
    """The file with more resources, each at the end of its kind; every other byte stays.

    `schema` is the path from the file to the schema of documents, named in a file that is new.
    Raises InvalidInput where the file has problems, or declares one of the resources already.
    """
    by_kind: dict[str, dict[str, Fields]] = {}
    for (kind, name), fields in resources.items():
        by_kind.setdefault(kind, {})[name] = fields
    for kind, named in by_kind.items():
        data = _with_kind(data, file, kind, named, schema)
    return data


def _with_kind(
    data: bytes, file: str, kind: str, named: Mapping[str, Fields], schema: str
) -> bytes:
    before = _sound(data, file)
    declared = {(kind, name) for kind, name, _ in before.resources}
    if twice := [name for name in named if (kind, name) in declared]:
        raise InvalidInput([_declared_already(Address(kind, name), file) for name in twice])
    source = data.decode().removeprefix(_BOM)
    if not source:
        head = f"# yaml-language-server: $schema={schema}\n" if schema else ""
        source_after = head + "\n".join(kind_lines(kind, named, 0)) + "\n"
    else:
        found = inserted(source, _composed(source), kind, named)
        if found is None:
            raise InvalidInput([_no_place(kind, file)])
        source_after = found
    result = data[:3] * data.startswith(_BOM.encode()) + source_after.encode()
    after, problems, findings = parse(result, file)
    if problems or findings:
        raise InvalidInput(problems + diagnose(findings, lambda _: result))
    kept = [r for r in after.resources if r[0] != kind or r[1] not in named]
    if kept != before.resources or len(after.resources) != len(kept) + len(named):
        raise InvalidInput([_no_place(kind, file)])
    return result


def with_items(
    data: bytes, file: str, address: Address, field: str, items: Sequence[Json]
) -> bytes:
    """The file with more items at the end of a list of a resource; every other byte stays.

    Raises InvalidInput where the file has problems, or the list is not written in it.
    """
    before = _sound(data, file)
    source = data.decode().removeprefix(_BOM)
    found = extended(source, _composed(source), address, field, items)
    if found is None:
        raise InvalidInput([_no_list(address, field, file)])
    result = data[:3] * data.startswith(_BOM.encode()) + found.encode()
    after, problems, findings = parse(result, file)
    if problems or findings:
        raise InvalidInput(problems + diagnose(findings, lambda _: result))
    old, new = ({(k, n): dict(f) for k, n, f in d.resources} for d in (before, after))
    listed = new[address].pop(field)
    kept = old[address].pop(field)
    grown = isinstance(listed, list) and isinstance(kept, list) and len(listed) - len(kept)
    if old != new or grown != len(items):
        raise InvalidInput([_no_list(address, field, file)])
    return result


def _sound(data: bytes, file: str) -> Document:
    document, problems, findings = parse(data, file)
    problems = problems + diagnose(findings, lambda _: data)
    wrong = [problem for problem in problems if problem.severity is Severity.ERROR]
    if wrong:
        raise InvalidInput(wrong)
    return document


def _same(document: Document, data: bytes, file: str) -> bool:
    after, problems, _ = parse(data, file)
    by_name = {(kind, name): fields for kind, name, fields in document.resources}
    found = {(kind, name): fields for kind, name, fields in after.resources}
    return not problems and by_name == found and document.release == after.release


def _composed(source: str) -> Node | None:
    """The nodes of a document, with their places; None where it holds nothing."""
    import yaml

    # The compiled parser makes nodes only, never objects.
    root: Any = yaml.compose(source, Loader=yaml.CBaseLoader)
    return None if root is None or not root.value else root


def _without_marker(source: str) -> str:
    """The document without the three dashes that may begin it."""
    lines = source.split("\n")
    for place, line in enumerate(lines):
        if line.startswith("---") and not line[3:4].strip():
            lines[place] = f"   {line[3:]}"
            break
        if line.strip() and not line.startswith("#"):
            break
    return "\n".join(lines)


def _tidied(source: str) -> str:
    lines = [line.rstrip() for line in source.split("\n")]
    text = "\n".join(line for line in lines if line.lstrip().startswith("#") or not line)
    return text.strip("\n") + "\n" if text.strip("\n") else ""


_DURATIONS = {
    mark.words
    for kind in (Duration, Lasting)
    for mark in get_args(kind)
    if isinstance(mark, Expectation)
}


def _canonical_durations(source: str, root: Node) -> str:
    lines = source.split("\n")
    for node in reversed(list(_durations(root, document_shape()))):
        start, end = node.start_mark, node.end_mark
        shortest = duration(seconds(node.value))
        if shortest != node.value and start.line == end.line:
            line = lines[start.line]
            lines[start.line] = line[: start.column] + shortest + line[end.column :]
    return "\n".join(lines)


def _durations(node: Node, shape: Shape | None) -> Iterator[Node]:
    """Every duration below a node, as they follow each other in the file."""
    if isinstance(node.value, str):
        if (
            isinstance(shape, Leaf)
            and shape.expected in _DURATIONS
            and node.style not in ("|", ">")
        ):
            yield node
    elif is_mapping(node):
        tags = texts_of(node)
        for key, value in node.value:
            yield from _durations(value, shape_at(shape, tags, key.value))
    else:
        for value in node.value:
            yield from _durations(value, entry_shape(shape))


def _unusual(span: Span) -> Diagnostic:
    return Diagnostic(
        "CC009",
        "the file is written in a way that cannot be laid out anew",
        span,
        "its meaning, or a comment, might be lost",
        "write this part more simply, one `key: value` a line; the file stays as it is",
    )


def _declared_already(address: Address, file: str) -> Diagnostic:
    return Diagnostic(
        "CC106",
        f"{address} is declared here already",
        Span(file),
        hint="edit its fields, or name another file",
    )


def _no_list(address: Address, field: str, file: str) -> Diagnostic:
    return Diagnostic(
        "CC009",
        f"nothing can be added to {field} of {address} without changing other lines",
        Span(file),
        hint="run `ccstate fmt` on the file first, or write the entries by hand",
    )


def _no_place(kind: str, file: str) -> Diagnostic:
    return Diagnostic(
        "CC009",
        f"{KINDS[kind].plural} cannot be added without changing other lines",
        Span(file),
        hint="run `ccstate fmt` on the file first, or name another file",
    )
