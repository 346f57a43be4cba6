"""The desired state as it results, as YAML whose comments say where each line comes from."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from ccstate.desired.resolved import ResolvedLine
from ccstate.errors import Span
from ccstate.model import Address, Fields
from ccstate.render.formats import Report, as_json
from ccstate.render.text import Palette, Style, columns, safe, well_formed
from ccstate.report_format import objects as form

WIDEST = 60
"""Columns up to which comments stand below each other."""


class Resolved(NamedTuple):
    """Resources of one environment, "" in a project without any, as they result.

    `removed` are those of the base that it does not have, each with the place that says so.
    """

    environment: str
    resources: Mapping[Address, Fields]
    lines: Sequence[ResolvedLine]
    removed: Sequence[tuple[Address, Span]]


def resolved_yaml(found: Resolved, _: int, palette: Palette) -> str:
    """Write a YAML document; a comment at each line names file and line."""
    texts: list[str] = []
    for _address, group in groupby(found.lines, key=lambda line: line.address):
        lines = list(group)
        widest = max((w for line in lines if (w := columns(line.text)) <= WIDEST), default=0)
        for line in lines:
            if line.origin is None:
                texts.append(line.text)
                continue
            gap = " " * max(widest - columns(line.text), 0)
            origin = palette.paint(
                Style.DIM, f"# {_place(line.origin)}{' (default)' * line.is_default}"
            )
            texts.append(f"{line.text}{gap}  {origin}")
    texts += [f"# {safe(str(a))} is removed: {_place(span)}" for a, span in found.removed]
    return "\n".join(texts) + "\n" if texts else ""


def _place(span: Span) -> str:
    return f"{safe(span.file)}:{span.line}" if span.line else safe(span.file)


def resolved_json(found: Resolved) -> str:
    """Write the resources with the origin of each field."""
    resources = [
        form.ResolvedResource(
            address=str(address),
            fields=dict(found.resources[address]),
            origins=list(_origins(group)),
        )
        for address, group in groupby(found.lines, key=lambda line: line.address)
        if address is not None
    ]
    removed = [
        form.RemovedResource(address=str(a), file=well_formed(span.file), line=span.line)
        for a, span in found.removed
    ]
    return as_json(
        form.Resolved(environment=found.environment or None, resources=resources, removed=removed)
    )


def _origins(lines: Iterator[ResolvedLine]) -> Iterator[form.Origin]:
    for line in lines:
        if line.origin is not None:
            yield form.Origin(
                path=".".join(map(str, line.path)),
                file=well_formed(line.origin.file),
                line=line.origin.line,
                default=line.is_default,
            )


RESOLVED: Report[Resolved] = Report(resolved_yaml, json=resolved_json)
