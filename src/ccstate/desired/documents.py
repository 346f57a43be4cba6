"""Parse one file into the resources that it declares, in canonical form, and what they mention."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError

from ccstate import codes, kinds
from ccstate.desired.checks import check_alone
from ccstate.desired.findings import Finding, diagnose, did_you_mean, explain, quote
from ccstate.desired.yaml_values import read
from ccstate.errors import Diagnostic, InvalidInput, Severity
from ccstate.kinds import KINDS, PLURALS, Kind
from ccstate.model import Address, Fields

MOVED = "moved"
"""Top-level list of objects that got another name."""
RELEASE = "release"
"""Top-level list of addresses that ccstate stops managing without deleting them."""


@dataclass(slots=True)
class Document:
    """What one file declares.

    `mentions` are the addresses its resources name, each once; `voicemail/…` stands for a
    mailbox. `broken` are declared but wrong: they count as declared, so that one mistake does
    not show up as many. `merged` is True for what an environment makes of the base: its resources
    are no longer as one file has them.
    """

    resources: list[tuple[str, str, Fields]] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    release: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    merged: bool = False
    moved: list[tuple[str, str]] = field(default_factory=list)
    """Addresses that were renamed, each with the one that it has now."""


@cache
def _many(kind: str) -> "TypeAdapter[dict[str, BaseModel]]":
    many: Any = dict.__class_getitem__((str, KINDS[kind].model))
    return TypeAdapter(many)


@cache
def _name_pattern(kind: str) -> re.Pattern[str]:
    return re.compile(KINDS[kind].name_pattern.replace("$", r"\Z"))


def parse(data: bytes, file: str) -> tuple[Document, list[Diagnostic], list[Finding]]:
    """Parse a document: what it declares, what the reader refused, and what is wrong with the values."""
    document = Document()
    problems, findings = read_entries(
        data,
        file,
        document,
        lambda plural, named: _resources(document, PLURALS[plural], named, file),
    )
    document.mentions = mentions(document)
    return document, problems, findings


class Entries(Protocol):
    """What every file may say besides resources."""

    release: list[str]
    moved: list[tuple[str, str]]


def read_entries(
    data: bytes,
    file: str,
    into: Entries,
    resources: Callable[[str, Any], Iterable[Finding]],
) -> tuple[list[Diagnostic], list[Finding]]:
    """Read a file entry by entry; `resources` takes those of each kind, by its plural.

    Returns what the reader refused, and what is wrong with the values.
    """
    content, problems = read(data, file)
    if problems:
        return problems, []
    if not isinstance(content, dict):
        return [], [Finding(file, (), codes.NO_DOCUMENT())]
    findings: list[Finding] = []
    for plural, named in content.items():
        if plural == RELEASE:
            findings += release_entries(into.release, named, file)
        elif plural == MOVED:
            findings += moved_entries(into.moved, named, file)
        elif plural not in PLURALS:
            findings.append(unknown_kind(plural, file))
        elif named is not None:
            findings += resources(plural, named)
    return [], findings


def valid_document(data: bytes, file: str) -> Document:
    """Parse a document; raises InvalidInput with every problem where it has an error."""
    document, problems, findings = parse(data, file)
    problems = problems + diagnose(findings, lambda _: data)
    if errors := [problem for problem in problems if problem.severity is Severity.ERROR]:
        raise InvalidInput(errors)
    return document


def unknown_kind(plural: str, file: str) -> Finding:
    """Report a key of a document that is no kind."""
    singular = KINDS.get(plural)
    hint = did_you_mean(plural, PLURALS) or f"known: {', '.join(PLURALS)}"
    if singular:
        hint = f'write the plural: "{singular.plural}"'
    return Finding(file, (plural,), codes.KIND_UNKNOWN(kind=quote(plural), hint=hint))


def _resources(document: Document, kind: Kind, named: Any, file: str) -> Iterator[Finding]:
    root = (kind.plural,)
    named, found = well_named(kind, named, file)
    for finding in found:
        yield finding
        document.broken += [f"{kind.name}/{name}" for name in finding.path[1:]]
    adapter = _many(kind.name)
    try:
        valid = adapter.validate_python(named)
    except ValidationError:
        valid = {}
        for name, fields in named.items():
            try:
                valid[name] = kind.model.model_validate(fields)
            except ValidationError as error:
                yield from explain(error, kinds.shape(kind.name), file, (*root, name))
                if (sound := _validate_rest(kind, fields, error)) is None:
                    document.broken.append(f"{kind.name}/{name}")
                else:
                    valid[name] = sound
    dumped = adapter.dump_python(valid, exclude_unset=True)
    for name, fields in dumped.items():
        document.resources.append((kind.name, name, fields))
        yield from check_alone(file, kind, name, fields)


def well_named(kind: Kind, named: Any, file: str) -> tuple[dict[str, Any], list[Finding]]:
    """Select the resources whose names are possible, and report the others."""
    if not isinstance(named, dict):
        return {}, [Finding(file, (kind.plural,), codes.KIND_NO_MAPPING(kind=kind.plural))]
    pattern = _name_pattern(kind.name)
    bad = [_bad_name(kind, name, file) for name in named if not pattern.match(name)]
    return {name: fields for name, fields in named.items() if pattern.match(name)}, bad


def _validate_rest(kind: Kind, fields: Any, error: ValidationError) -> BaseModel | None:
    """Validate a resource without the fields that are wrong, so that the others are checked as well."""
    if not isinstance(fields, dict):
        return None
    wrong = {detail["loc"][0] for detail in error.errors(include_url=False) if detail["loc"]}
    try:
        return kind.model.model_validate({k: v for k, v in fields.items() if k not in wrong})
    except ValidationError:
        return None


def _bad_name(kind: Kind, name: str, file: str) -> Finding:
    if kind.name == "number":
        hint = 'write it in international form and in quotes, such as "+61255501234"'
    else:
        hint = 'use lower-case letters, digits, ".", "_" and "-"; put the name for people in label:'
    return Finding(
        file,
        (kind.plural, name),
        codes.NAME_IMPOSSIBLE(name=quote(name), kind=kind.name, hint=hint),
    )


def release_entries(released: list[str], listed: Any, file: str) -> Iterator[Finding]:
    """Collect the addresses that a document releases in `released`, and report what is none."""
    entries = listed if isinstance(listed, list) else []
    if not isinstance(listed, list):
        yield Finding(file, (RELEASE,), codes.RELEASE_NO_LIST())
    for index, entry in enumerate(entries):
        kind, _, name = str(entry).partition("/")
        if kind in KINDS and _name_pattern(kind).match(name):
            released.append(entry)
        else:
            yield Finding(file, (RELEASE, index), codes.RELEASE_NO_ADDRESS(entry=quote(entry)))


def moved_entries(moved: list[tuple[str, str]], listed: Any, file: str) -> Iterator[Finding]:
    """Collect the renamed addresses of a document in `moved`, and report what is no such entry."""
    if not isinstance(listed, list):
        yield Finding(file, (MOVED,), codes.MOVED_NO_LIST())
        return
    for index, entry in enumerate(listed):
        if not isinstance(entry, dict) or entry.keys() != {"from", "to"}:
            yield Finding(file, (MOVED, index), codes.MOVED_NO_LIST())
            continue
        before, after = str(entry["from"]), str(entry["to"])
        for way, text in (("from", before), ("to", after)):
            kind, _, name = text.partition("/")
            is_known = kind in KINDS and _name_pattern(kind).match(name)
            if not is_known or before == after or kind != before.partition("/")[0]:
                problem = codes.MOVED_NO_PAIR(what=quote(text), way=way)
                yield Finding(file, (MOVED, index, way), problem)
                break
        else:
            moved.append((before, after))


def mentions(document: Document) -> list[str]:
    """List the addresses that the resources of a document name, sorted."""
    found: set[str] = set()
    for kind, _, fields in document.resources:
        for target, name in kinds.mentions(kind, fields):
            found.add(f"{target}/{name}")
            if target == "voicemail":
                found.add(f"extension/{name}")
    return sorted(found)


def list_mentions(
    document: Document, targets: Collection[str]
) -> Iterator[tuple[Address, kinds.Path, str]]:
    """List where a document mentions one of these addresses: by which resource, at which path, which."""
    for kind, name, fields in document.resources:
        for reference in kinds.references(kind, fields):
            named = [str(reference.target)]
            if reference.mailbox:
                named.append(f"voicemail/{reference.target.name}")
            for target in named:
                if target in targets:
                    yield Address(kind, name), reference.path, target


def in_source_order(document: Document, data: bytes, file: str) -> Document:
    """Restore the fields of a document as its author wrote them: sets in their written order."""
    content: Any = read(data, file)[0]
    resources = [(k, name, content[KINDS[k].plural][name]) for k, name, _ in document.resources]
    return Document(resources, document.mentions, document.release, moved=document.moved)
