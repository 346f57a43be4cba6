"""Exports of a platform: the only thing that says what is there.

A table has a row for each object; a YAML file is written as the desired state is. Files of a branch, so
that they are read inside of the project alone, bounded, and refused as a whole where a part is not sure.
"""

import csv
import hashlib
import io
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from ccstate import kinds
from ccstate.adapters.manual import codes
from ccstate.adapters.manual.columns import typed, writing_of
from ccstate.adapters.manual.connection import Export
from ccstate.checkout import Linked, open_below
from ccstate.errors import Diagnostic, Span, Unreadable
from ccstate.kinds import KINDS
from ccstate.model import Address, Fields, Json

MOST_BYTES = 64 << 20
"""Of a file: 100,000 objects take a third of that."""
MOST_IN_A_CELL = 100_000
MOST_PROBLEMS = 20
_SEPARATORS = (",", ";", "\t")
"""Of the columns: spreadsheets choose by the country."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What exports show: objects, and the digest of the file that shows each kind."""

    objects: dict[Address, Fields] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def read_exports(exports: Mapping[str, Export], names: Collection[str], root: Path) -> Seen:
    """Read what shows these kinds; Unreadable with every problem, up to a number, in the files."""
    seen, problems = Seen(), list[Diagnostic]()
    for kind in names:
        export = exports[kind]
        content = read_file(root, export.file)
        seen.digests[kind] = hashlib.sha256(content).hexdigest()
        read = _table if export.is_table else _document
        for name, fields in read(kind, export, content, problems).items():
            seen.objects[Address(kind, name)] = fields
    if problems:
        raise Unreadable(problems)
    return seen


def read_file(root: Path, path: str) -> bytes:
    """Read a file of the project; Unreadable where it cannot be, or is too large."""
    try:
        handle = open_below(root, PurePosixPath(path).parts)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
                raise Unreadable(
                    _unreadable(path, f"it is no file of {MOST_BYTES >> 20} MB at most")
                )
            return file.read(MOST_BYTES + 1)
    except Linked as link:
        raise Unreadable(_unreadable(path, f"{link} is a link")) from None
    except OSError as error:
        raise Unreadable(_unreadable(path, (error.strerror or str(error)).lower())) from None


def _unreadable(path: str, reason: str) -> Diagnostic:
    return codes.EXPORT_UNREADABLE(Span(path), file=path, reason=reason)


def _table(
    kind: str, export: Export, content: bytes, problems: list[Diagnostic]
) -> dict[str, Fields]:
    columns = export.columns or {}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(codes.EXPORT_WRONG(Span(export.file), fault="it is not in UTF-8"))
        return {}
    csv.field_size_limit(MOST_IN_A_CELL)
    wanted = {column.column for column in columns.values()}
    head = text.partition("\n")[0]
    between = max(_SEPARATORS, key=head.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    found: dict[str, Fields] = {}
    try:
        headings = [heading.strip() for heading in rows.fieldnames or ()]
        rows.fieldnames = headings
        if missing := sorted(wanted - set(headings)):
            fault = f'it has no column "{missing[0]}"'
            problems.append(codes.EXPORT_WRONG(Span(export.file, 1, 1), fault=fault))
            return {}
        if twice := [name for name in sorted(wanted) if headings.count(name) > 1]:
            fault = f'it has the column "{twice[0]}" twice'
            problems.append(codes.EXPORT_WRONG(Span(export.file, 1, 1), fault=fault))
            return {}
        for row in rows:
            if len(problems) >= MOST_PROBLEMS:
                break
            span = Span(export.file, rows.line_num, 1)
            if None in row or None in row.values():
                fault = "a row has another number of cells than the first line has headings"
                problems.append(codes.EXPORT_WRONG(span, fault=fault))
                continue
            name, fields = _row(kind, export, row, span, problems)
            if name in found:
                problems.append(codes.EXPORT_WRONG(span, fault=f'it has "{name}" twice'))
            found[name] = fields
    except csv.Error as error:
        span = Span(export.file, rows.line_num, 1)
        problems.append(codes.EXPORT_WRONG(span, fault=f"it is no CSV: {error}"))
    return found


def _row(
    kind: str, export: Export, row: Mapping[str, str], span: Span, problems: list[Diagnostic]
) -> tuple[str, Fields]:
    columns = export.columns or {}
    naming = columns["name"]
    written = row[naming.column].strip()
    name = (naming.values or {}).get(written, written)
    if not name:
        problems.append(codes.EXPORT_WRONG(span, fault="a row has no name"))
    fields: dict[str, Json] = {}
    for path, column in columns.items():
        if path == "name":
            continue
        cell = row[column.column]
        try:
            value = writing_of(column).read(kind, path, cell)
        except ValueError as error:
            problems.append(
                codes.CELL_WRONG(
                    span, column=column.column, cell=cell[:60], fault=error, kind=kind, field=path
                )
            )
            continue
        if value is not None:
            put(fields, path, value)
    return name, fields


def put(fields: dict[str, Json], path: str, value: Json) -> None:
    """Put a value at a dotted path, with the mappings above it."""
    *above, last = path.split(".")
    inner = fields
    for step in above:
        deeper = inner.setdefault(step, {})
        if not isinstance(deeper, dict):
            return
        inner = deeper
    inner[last] = value


def _document(
    kind: str, export: Export, content: bytes, problems: list[Diagnostic]
) -> dict[str, Fields]:
    from ccstate.desired.yaml_values import read

    document, wrong = read(content, export.file)
    problems += wrong
    if wrong:
        return {}
    plural = KINDS[kind].plural
    objects = document.get(plural) if isinstance(document, dict) else None
    if not isinstance(objects, dict):
        fault = (
            f"it has no mapping {plural}: an empty one, {plural}: {{}}, says that there are none"
        )
        problems.append(codes.EXPORT_WRONG(Span(export.file), fault=fault))
        return {}
    found: dict[str, Fields] = {}
    for name, written in objects.items():
        if len(problems) >= MOST_PROBLEMS:
            break
        fields = written if isinstance(written, dict) else {}
        try:
            found[name] = _canonical(kind, fields)
        except ValueError as error:
            fault = f"{kind}/{name}: {error}"
            problems.append(codes.EXPORT_WRONG(Span(export.file), fault=fault))
    return found


def _canonical(kind: str, fields: Mapping[str, Json]) -> Fields:
    """Return the fields of an object in canonical form; ValueError where one cannot be."""
    try:
        if kinds.secrets(kind, fields):
            raise ValueError("an export must hold no secret: leave it out")
        read = KINDS[kind].model.model_validate(fields)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        if first["type"] == "missing":
            return {
                name: typed(kind, name, value) for name, value in fields.items() if _is(kind, name)
            }
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (TypeError, AttributeError):  # no walk fits what is no such value
        raise ValueError("a value has the wrong form") from None
    found: Fields = {
        name: value
        for name, value in read.model_dump(exclude_unset=True).items()
        if value is not None
    }
    return found


def _is(kind: str, name: str) -> bool:
    if name not in kinds.shape(kind).fields:
        raise ValueError(f"{name} is no field of a {kind}")
    return True
