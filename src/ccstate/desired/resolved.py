"""What is desired in the end, as YAML, each line with the place that it comes from."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ccstate import kinds
from ccstate.desired.findings import source_paths
from ccstate.desired.load import Desired
from ccstate.desired.positions import locate
from ccstate.desired.settings import FILE
from ccstate.desired.yaml_text import block, scalar
from ccstate.desired.yaml_values import read
from ccstate.errors import Span
from ccstate.kinds import KINDS, Path
from ccstate.model import Address, Resource


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line of YAML: the resource it is of, the path in it, () for its name, and where that is written.

    `address` and `origin` are None for the name of a kind.
    """

    text: str
    address: Address | None = None
    path: Path = ()
    origin: Span | None = None
    is_default: bool = False


def resolved_lines(
    desired: Desired, wanted: Collection[Address], content: Callable[[str], bytes]
) -> list[ResolvedLine]:
    """Write the wanted resources as one document; `content` gives the bytes of a file."""
    lines: list[ResolvedLine] = []
    for kind in KINDS.values():
        of_kind = [a for a in desired.state if a.kind == kind.name and a in wanted]
        if of_kind:
            lines.append(ResolvedLine(f"{kind.plural}:"))
        for address in of_kind:
            lines += _lines(desired.state[address])
    return _with_origins(lines, desired, content)


def _lines(resource: Resource) -> Iterator[ResolvedLine]:
    address = resource.address
    name = f"  {scalar(address.name)}:"
    if not resource.fields:
        yield ResolvedLine(f"{name} {{}}", address)
        return
    yield ResolvedLine(name, address)
    for text, path in block(resource.fields, kinds.shape(address.kind), 4):
        yield ResolvedLine(text, address, path, is_default=path[0] in resource.defaulted)


def _with_origins(
    lines: list[ResolvedLine], desired: Desired, content: Callable[[str], bytes]
) -> list[ResolvedLine]:
    """Look up where each line is written, once for all lines of a file."""
    places: dict[str, dict[int, Path]] = {}
    for number, line in enumerate(lines):
        if line.address is not None:
            kind, name = line.address
            resource = desired.state[line.address]
            file = FILE if line.is_default else resource.file_at(line.path)
            above: Path = ("defaults", kind) if line.is_default else (KINDS[kind].plural, name)
            places.setdefault(file, {})[number] = (*above, *line.path)
    found: dict[int, Span] = {}
    for file, paths in places.items():
        data = content(file)
        written = source_paths(paths.values(), read(data, file)[0])
        spans = locate(data, file, written)
        found |= {number: spans[path] for number, path in zip(paths, written, strict=True)}
    return [
        ResolvedLine(line.text, line.address, line.path, found.get(number), line.is_default)
        for number, line in enumerate(lines)
    ]
