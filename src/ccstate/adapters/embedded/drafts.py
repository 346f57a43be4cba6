"""What each change would make of its object, before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from ccstate import kinds
from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Why,
    edited,
    fingerprint,
)
from ccstate.secrets import is_seal, seal


@dataclass(frozen=True, slots=True)
class Draft:
    """One change, carried out in thought; fields hold real secrets, None is no object."""

    address: Address
    before: Fields | None
    after: Fields | None
    ledger: Fields | None
    names: frozenset[Address]
    """What the object names afterwards; empty where its fields stay as they are."""

    @property
    def touches(self) -> bool:
        """Whether the object differs afterwards, and not only the ledger."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Secrets:
    """The platform's sealing key, the secrets behind references, and why others have none."""

    key: bytes
    resolved: Mapping[str, str]
    causes: Mapping[str, str]


class Refused(Exception):
    """The platform does not take this change; the text says why."""


def sealed(key: bytes, kind: str, fields: Fields) -> Fields:
    """The fields as the platform shows them: seals in place of secrets."""
    found = kinds.secrets(kind, fields)
    if not found:
        return fields
    return _with(fields, {path: seal(key, text) for path, text in found.items()})


def draft(change: Change, live: Fields | None, secrets: Secrets) -> Draft:
    """The change carried out on the live fields; Refused where it cannot be."""
    kind = change.address.kind
    if kind not in kinds.KINDS:
        raise Refused(f'this platform does not know the kind "{kind}"')
    shown = None if live is None else sealed(secrets.key, kind, live)
    if fingerprint(shown) != change.basis:
        raise Refused("changed since the plan was made")
    after = _after(change, live, secrets)
    keeps = change.action not in (Action.DELETE, Action.RELEASE)
    return Draft(
        address=change.address,
        before=live,
        after=after,
        ledger=change.ledger if keeps else None,
        names=frozenset(mention.target for mention in kinds.references(kind, after))
        if after is not None and after != live
        else frozenset(),
    )


def references(changes: Iterable[Change]) -> set[str]:
    """Every reference to a secret that these changes write."""
    return {
        change.secrets[path]
        for change in changes
        for path in change.secrets
        if _written(path, _effective(change))
    }


def _effective(change: Change) -> list[Edit]:
    """The edits that reach the object.

    `protect` is between ccstate and its ledger, and what is no longer managed stays as it is.
    """
    return [
        edit for edit in change.edits if edit.path != "protect" and edit.why is not Why.RELEASED
    ]


def _after(change: Change, live: Fields | None, secrets: Secrets) -> Fields | None:
    match change.action:
        case Action.CREATE:
            return _edited(kinds.defaults(change.address.kind), change, secrets)
        case Action.UPDATE | Action.ADOPT:
            if live is None:
                raise Refused(f"{change.address} is not here")
            return _edited(live, change, secrets)
        case Action.DELETE:
            return None
        case Action.RELEASE:
            return live
        case _:
            assert_never(change.action)


def _edited(fields: Fields, change: Change, secrets: Secrets) -> Fields:
    edits = _effective(change)
    result = edited(fields, edits)
    written = {
        path: text
        for path, text in kinds.secrets(change.address.kind, result).items()
        if _written(path, edits)
    }
    real = {path: _secret(path, text, change, secrets) for path, text in written.items()}
    return _with(result, real)


def _secret(path: str, written: str, change: Change, secrets: Secrets) -> str:
    """The secret for a path at which the edits wrote a seal, or something else."""
    reference = change.secrets.get(path)
    if reference is None:
        raise Refused(f"the plan names no reference for the secret {path}")
    if reference in secrets.causes:
        raise Refused(f"{reference} {secrets.causes[reference]}")
    found = secrets.resolved[reference]
    if is_seal(written) and written != seal(secrets.key, found):
        raise Refused("the secret changed since the plan was made")
    return found


def _written(path: str, edits: Sequence[Edit]) -> bool:
    return any(path == edit.path or path.startswith(f"{edit.path}.") for edit in edits)


def _with(fields: Fields, texts: Mapping[str, str]) -> Fields:
    """The fields with other texts at these dotted paths, which exist."""
    result: dict[str, Any] = dict(fields)
    for path, text in texts.items():
        *trail, last = path.split(".")
        inner = result
        for name in trail:
            inner[name] = inner = dict(inner[name])
        inner[last] = text
    return result
