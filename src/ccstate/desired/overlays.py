"""Merge what an environment changes into the base.

By kind, name and key; a list is replaced as a whole, and so is a node of a tree that gets another type.
`remove: true` takes a resource away. null means in a field what it means everywhere, not set; where
names are free, as of nodes and keys of a menu, it takes the entry away.
Why: docs/adr/0040-an-environment-is-an-overlay.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from pydantic import ValidationError

from ccstate import codes, kinds
from ccstate.desired.checks import check_alone
from ccstate.desired.crosschecks import declared_twice
from ccstate.desired.documents import (
    Document,
    mentions,
    read_entries,
    well_named,
)
from ccstate.desired.findings import Finding, diagnose, did_you_mean, explain, quote
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.kinds import KINDS, PLURALS, Path
from ccstate.kinds.shape import MapOf, OneOf, Shape, inner_shape
from ccstate.model import Address, Fields, Json, Resource

REMOVE = "remove"

_Mapping: TypeAlias = dict[str, Json]


@dataclass(slots=True)
class Overlay:
    """What one file of an environment says: the fields of each resource as they are written there.

    `removed` are the resources that the environment does not have; `broken` counts as declared.
    """

    fields: dict[Address, _Mapping] = field(default_factory=dict)
    removed: list[Address] = field(default_factory=list)
    release: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def parse_overlay(data: bytes, file: str) -> tuple[Overlay, list[Diagnostic], list[Finding]]:
    """Parse a file of an environment; what it makes of the base is checked once they are merged."""
    overlay = Overlay()
    problems, findings = read_entries(
        data, file, overlay, lambda plural, named: _entries(overlay, plural, named, file)
    )
    return overlay, problems, findings


def overlay_document(data: bytes, file: str) -> Document:
    """Parse a file of an environment as it is written; InvalidInput where it has an error.

    What it says is not complete: whoever edits the file compares this with what it becomes.
    """
    overlay, problems, findings = parse_overlay(data, file)
    if found := [*problems, *diagnose(findings, lambda _: data)]:
        raise InvalidInput(found)
    resources: list[tuple[str, str, Fields]] = [
        (*a, fields) for a, fields in overlay.fields.items()
    ]
    resources += [(*address, {REMOVE: True}) for address in overlay.removed]
    return Document(resources, release=overlay.release, moved=overlay.moved, merged=True)


def _entries(overlay: Overlay, plural: str, named: Any, file: str) -> Iterator[Finding]:
    kind = PLURALS[plural]
    sound, found = well_named(kind, named, file)
    for finding in found:
        yield finding
        overlay.broken += [f"{kind.name}/{name}" for name in finding.path[1:]]
    for name, fields in sound.items():
        address, root = Address(kind.name, name), (plural, name)
        if not isinstance(fields, dict) or not fields:
            yield Finding(file, root, codes.OVERLAY_NO_FIELDS(address=address))
        elif REMOVE not in fields:
            overlay.fields[address] = fields
            continue
        elif fields[REMOVE] is not True:
            value = quote(fields[REMOVE])
            yield Finding(file, (*root, REMOVE), codes.REMOVE_NOT_TRUE(value=value))
        elif len(fields) > 1:
            yield Finding(file, (*root, REMOVE), codes.REMOVE_NOT_ALONE())
        else:
            overlay.removed.append(address)
            continue
        overlay.broken.append(str(address))


@dataclass(slots=True)
class Merged:
    """A base with the files of an environment merged into it.

    `documents` says what each file declares in the end, those of the base without what the
    environment changes; `removed` in which file each resource of the base is taken away.
    """

    state: dict[Address, Resource]
    documents: dict[str, Document]
    removed: dict[Address, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(
        self, file: str, own: Document, below: Resource | None, address: Address, fields: _Mapping
    ) -> None:
        """Add a resource as the environment has it, and report what is wrong with that."""
        kind = KINDS[address.kind]
        root: Path = (kind.plural, address.name)
        resource = Resource(address, {}, file)
        if below is not None:
            layers = _Layers()
            shape = kinds.shape(kind.name)
            fields = layers.merged(shape, cast("_Mapping", below.fields), fields, ())
            resource = replace(below, overlay=file, overlaid=frozenset(layers.given))
            for path in layers.missing:
                problem = codes.REMOVES_NOTHING(what=quote(path[-1]), hint="drop the line")
                self.findings.append(Finding(file, (*root, *path), problem))
        try:
            valid = kind.model.model_validate(fields)
        except ValidationError as error:
            for finding in explain(error, kinds.shape(kind.name), file, root):
                at = resource.file_at(finding.path[2:])
                # What comes from the base has its sets in canonical order.
                self.findings.append(replace(finding, file=at, canonical=at != file))
            own.broken.append(str(address))
            self.state.pop(address, None)
            return
        own.resources.append((kind.name, address.name, fields))
        self.state[address] = replace(resource, fields=valid.model_dump(exclude_unset=True))
        for finding in check_alone(file, kind, address.name, self.state[address].fields):
            at = resource.file_at(finding.path[2:])
            self.findings.append(replace(finding, file=at))


def merge(
    base: Mapping[Address, Resource],
    documents: Mapping[str, Document],
    overlays: Mapping[str, Overlay],
) -> Merged:
    """Merge the files of an environment into the base, without the project's defaults."""
    merged = Merged(dict(base), dict(documents))
    broken = {name for document in documents.values() for name in document.broken}
    known: dict[str, list[str]] = {}
    for kind, name in base:
        known.setdefault(kind, []).append(name)
    first: dict[Address, str] = {}
    for file, overlay in overlays.items():
        own = Document(
            release=overlay.release, broken=overlay.broken, moved=overlay.moved, merged=True
        )
        for address in (*overlay.fields, *overlay.removed):
            if address in first:
                merged.findings.append(declared_twice(address, file, first[address]))
                continue
            first[address] = file
            if str(address) in broken:
                own.broken.append(str(address))  # what is wrong in the base is reported there
            elif address in overlay.fields:
                merged.add(file, own, base.get(address), address, overlay.fields[address])
            elif address in base:
                merged.removed[address] = file
                del merged.state[address]
            else:
                hint = _near(address, known) or "drop the line, or correct the name"
                problem = codes.REMOVES_NOTHING(what=address, hint=hint)
                place = (KINDS[address.kind].plural, address.name)
                merged.findings.append(Finding(file, place, problem))
        own.mentions = mentions(own)
        merged.documents[file] = own
    merged.findings = [_with_near_name(finding, base, known) for finding in merged.findings]
    for file, document in documents.items():
        merged.documents[file] = _rest(document, first)
    return merged


@dataclass(slots=True)
class _Layers:
    """Mappings merged one into another, and the paths that this leaves behind.

    `given` are those of the values that come from above, `missing` those of entries that are to be
    taken away and are not there.
    """

    keeps_null: bool = False
    """Whether null stays where it would take an entry away: for another file below."""
    given: set[tuple[str, ...]] = field(default_factory=set)
    missing: list[tuple[str, ...]] = field(default_factory=list)

    def merged(
        self, shape: Shape | None, below: _Mapping, above: _Mapping, path: tuple[str, ...]
    ) -> _Mapping:
        """Merge the mapping above into the one below, which are at this path of a resource."""
        result = dict(below)
        tags = {key: value for key, value in {**below, **above}.items() if isinstance(value, str)}
        for key, value in above.items():
            here, old = (*path, key), below.get(key)
            inner = inner_shape(shape, tags, key)
            if value is None and isinstance(shape, MapOf) and not self.keeps_null:
                if key not in below:
                    self.missing.append(here)
                result.pop(key, None)
            elif (
                isinstance(value, dict)
                and isinstance(old, dict)
                and not _has_other_type(inner, old, value)
            ):
                result[key] = self.merged(inner, old, value, here)
            else:
                result[key] = value
                self.given.add(here)
        return result


def layered(kind: str, below: Fields, above: Fields) -> Fields:
    """Merge what an environment says of a resource into the resource, as both are written."""
    return _Layers().merged(kinds.shape(kind), dict(below), dict(above), ())


def joined(kind: str, below: Fields, above: Fields) -> Fields:
    """Merge what an environment says of a resource into what another one says of it."""
    return _Layers(keeps_null=True).merged(kinds.shape(kind), dict(below), dict(above), ())


def _has_other_type(shape: Shape | None, below: _Mapping, above: _Mapping) -> bool:
    """Tell whether a mapping gets another type, and with it other fields."""
    return isinstance(shape, OneOf) and above.get(shape.tag, below.get(shape.tag)) != below.get(
        shape.tag
    )


def _rest(document: Document, changed: Mapping[Address, str]) -> Document:
    """Return a document of the base without the resources that the environment changes."""
    kept = [each for each in document.resources if Address(each[0], each[1]) not in changed]
    if len(kept) == len(document.resources):
        return document
    rest = Document(kept, [], document.release, document.broken, moved=document.moved)
    rest.mentions = mentions(rest)
    return rest


def _near(address: Address, known: Mapping[str, list[str]]) -> str:
    return did_you_mean(address.name, known.get(address.kind, ()))


def _with_near_name(
    finding: Finding, base: Mapping[Address, Fields | Resource], known: Mapping[str, list[str]]
) -> Finding:
    """Hint at the name that is meant, where a resource is incomplete that the base does not have."""
    if finding.problem.code != codes.FIELD_MISSING.code or len(finding.path) != 2:
        return finding
    address = Address(PLURALS[str(finding.path[0])].name, str(finding.path[1]))
    near = "" if address in base else _near(address, known)
    if not near:
        return finding
    hint = f"the base declares no {address}: {near}"
    return replace(finding, problem=replace(finding.problem, hint=hint))
