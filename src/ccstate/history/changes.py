"""One object before and after a commit, from the files that the commit changed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from ccstate import kinds
from ccstate.desired.yaml_values import read
from ccstate.kinds import KINDS
from ccstate.kinds.shape import Leaf, Shape, Struct
from ccstate.model import Address, Fields, Json

HIDDEN = "(not a reference, not shown)"
"""Stands for what should have been a reference to a secret, and was perhaps the secret."""

_REFERENCE = re.compile(r"(env|file|bundle):")


class CommitAction(StrEnum):
    """What a commit did to the object."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    UNREADABLE = "unreadable"
    """A file that names the object was no valid YAML before or after the commit."""
    CUT_OFF = "cut off"
    """Where a shallow clone begins: the object was there, what came before is not known."""
    PUT_BACK = "put back"
    """No commit: a plan undid what had been changed by hand on a platform."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, nested ones joined by dots; None stands for a field that is not there."""

    path: str
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Version:
    """The object as a file has it: None where it has none; `readable` is False where that is unknown."""

    fields: Fields | None
    readable: bool = True


def version_in(data: bytes, address: Address) -> Version:
    """Read the object as the bytes of one file declare it."""
    # Names are ASCII, so most files are ruled out unread; a backslash may spell anything.
    if address.name.encode() not in data and b"\\" not in data:
        return Version(None)
    content, problems = read(data, "")
    if problems or not isinstance(content, dict):
        return Version(None, readable=False)
    named = content.get(KINDS[address.kind].plural)
    if not isinstance(named, dict) or address.name not in named:
        return Version(None)
    fields = named[address.name]
    return Version(canonical(address.kind, fields if isinstance(fields, dict) else {}))


def canonical(kind: str, fields: dict[str, Any]) -> Fields:
    """Normalize fields, so that a new layout is no change; as written where they are wrong."""
    try:
        return KINDS[kind].model.model_validate(fields).model_dump(exclude_unset=True)
    except ValidationError:
        return fields


def combine_versions(versions: Iterable[Version]) -> Version:
    """Find the object in all files that a commit changed: it may move from one to another."""
    found = list(versions)
    there = next((version for version in found if version.fields is not None), None)
    if there:
        return there
    return Version(None, readable=all(version.readable for version in found))


def compare_versions(
    kind: str, before: Version, after: Version
) -> tuple[CommitAction, tuple[FieldChange, ...]] | None:
    """Compare two versions; None where they are the same."""
    if not (before.readable and after.readable):
        return CommitAction.UNREADABLE, ()
    if before.fields == after.fields:
        return None
    beside = {**(before.fields or {}), **(after.fields or {})}
    old, new = (
        kinds.flatten(kind, kinds.with_sorted_lists(kind, version.fields or {}, beside))
        for version in (before, after)
    )
    edits = tuple(
        FieldChange(path, shown(kind, path, old.get(path)), shown(kind, path, new.get(path)))
        for path in [*new, *(path for path in old if path not in new)]
        if old.get(path) != new.get(path)
    )
    if before.fields is None:
        return CommitAction.CREATED, edits
    if after.fields is None:
        return CommitAction.DELETED, edits
    return (CommitAction.CHANGED, edits) if edits else None


def shown(kind: str, path: str, value: Json) -> Json:
    """Return the value of a field as it may be shown: of a secret its reference only."""
    if value is None or not _holds_secret(kinds.shape(kind), path.split(".")):
        return value
    return value if isinstance(value, str) and _REFERENCE.match(value) else HIDDEN


def _holds_secret(shape: Shape | None, steps: list[str]) -> bool:
    """Whether the field is a secret, or should hold one and is something else."""
    for step in steps:
        shape = shape.fields.get(step) if isinstance(shape, Struct) else None
    match shape:
        case Leaf(secret=secret):
            return secret
        case Struct(fields):
            return any(isinstance(leaf, Leaf) and leaf.secret for leaf in fields.values())
    return False
