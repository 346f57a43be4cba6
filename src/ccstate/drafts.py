"""What a change makes of an object, for adapters whose platforms keep objects field by field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never, cast

from ccstate import kinds
from ccstate.model import ANNOTATIONS, UNSEEN_SEAL, Action, Change, Edit, Fields, Json, Why, edited
from ccstate.secrets import is_seal, seal

CHANGED = "changed since the plan was made"


class Refused(Exception):
    """The platform does not take this change; the text says why."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The platform's sealing key, the secrets behind references, and why others have none.

    `is_sealed`: secrets are not known here; a draft has seals in their place, and is never written.
    `is_preview`: the same for those alone that could not be read when the plan was made.
    """

    key: bytes
    resolved: Mapping[str, str]
    causes: Mapping[str, str]
    is_sealed: bool = False
    is_preview: bool = False


def sealed(key: bytes, kind: str, fields: Fields) -> dict[str, Json]:
    """Return the fields as an observation shows them: seals in place of secrets."""
    found = kinds.secrets(kind, fields) if kinds.holds_secrets(kind) else {}
    edits = [Edit(path, None, seal(key, text), why=Why.YOU) for path, text in found.items()]
    return edited(fields, edits) if edits else cast("dict[str, Json]", fields)


def effective(change: Change) -> list[Edit]:
    """Return the edits that reach the object.

    `protect` is between ccstate and its ledger, what is no longer managed stays as it is, and what
    stands beside fields is put right by writing them.
    """
    return [
        edit
        for edit in change.edits
        if edit.path != "protect"
        and edit.why is not Why.RELEASED
        and edit.path.partition(".")[0] not in ANNOTATIONS
    ]


def references(changes: Iterable[Change]) -> set[str]:
    """Collect every reference to a secret that these changes write."""
    return {
        reference
        for change in changes
        for path, reference in change.secrets.items()
        if _is_written(path, effective(change))
    }


def after(
    change: Change, before: Fields | None, secrets: Secrets, source: Fields | None = None
) -> Fields | None:
    """The object after the change, with real secrets; None is no object. Refused where it fails.

    `source` is the object whose place a move takes, for adapters that can rename.
    """
    match change.action:
        case Action.CREATE:
            return _with_edits(kinds.defaults(change.address.kind), change, secrets)
        case Action.UPDATE | Action.ADOPT:
            if before is None:
                raise Refused(f"{change.address} is not here")
            return _with_edits(before, change, secrets)
        case Action.MOVE:
            if source is None:
                raise Refused(f"{change.moved} is not here")
            return _with_edits(source, change, secrets)
        case Action.DELETE:
            return None
        case Action.RELEASE:
            return before
        case _:
            assert_never(change.action)


def _with_edits(fields: Fields, change: Change, secrets: Secrets) -> Fields:
    edits = effective(change)
    result = edited(fields, edits)
    real = [
        Edit(path, None, _secret(path, text, change, secrets), why=Why.YOU)
        for path, text in kinds.secrets(change.address.kind, result).items()
        if _is_written(path, edits)
    ]
    return edited(result, real)


def _is_written(path: str, edits: Iterable[Edit]) -> bool:
    return any(path == edit.path or path.startswith(f"{edit.path}.") for edit in edits)


def _secret(path: str, written: str, change: Change, secrets: Secrets) -> str:
    """Return the secret for a path at which the edits wrote a seal, or something else."""
    if secrets.is_sealed or (secrets.is_preview and written == UNSEEN_SEAL):
        return written
    reference = change.secrets.get(path)
    if reference is None:
        raise Refused(f"the plan names no reference for the secret {path}")
    if reference in secrets.causes:
        raise Refused(f"{reference} {secrets.causes[reference]}")
    found = secrets.resolved[reference]
    if is_seal(written) and written != seal(secrets.key, found):
        raise Refused("the secret changed since the plan was made")
    return found
