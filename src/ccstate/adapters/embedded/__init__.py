"""The embedded platform: a contact centre's configuration in one SQLite file, for every kind.

It serves a first look at ccstate, its tests and its demonstrations: strict about references as
an exchange is, and able to misbehave on demand.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccstate import codes, secrets
from ccstate.adapter import Holder, Result, Support, placed
from ccstate.adapters.embedded import store
from ccstate.adapters.embedded.batch import carry_out
from ccstate.adapters.embedded.connection import Connection, Fault, Faults, parse
from ccstate.drafts import Secrets, references, sealed
from ccstate.errors import Diagnostic
from ccstate.kinds import KINDS, field_paths, holds_secrets
from ccstate.model import Address, Change, Fields, Json, Observation

SUPPORTS: Mapping[str, Support] = {
    kind: placed(kind, mapped=field_paths(kind), moves=True) for kind in KINDS
}
"""Every field of every kind: an object is stored as the JSON that it is, whatever its name."""

__all__ = ["Connection", "EmbeddedAdapter", "connect", "places"]


def connect(connection: Mapping[str, Json], folder: Path) -> "EmbeddedAdapter":
    """Return the platform in the file at `path`; InvalidInput where the connection is wrong.

    A file that does not exist is an empty platform, made when something has to be kept: on the
    first write, or the first seal.
    """
    parsed = parse(connection)
    return EmbeddedAdapter(folder / parsed.path, folder, tuple(parsed.faults))


def places(connection: Mapping[str, Json], folder: Path) -> frozenset[str]:
    """Return the file that is the platform, however its path is spelled."""
    return frozenset({os.path.realpath(folder / parse(connection).path)})


@dataclass(frozen=True, slots=True)
class EmbeddedAdapter:
    """One file; each call opens it, so that any thread and any process may take its turn."""

    path: Path
    folder: Path
    faults: tuple[Fault, ...] = ()
    supports: Mapping[str, Support] = field(default_factory=lambda: SUPPORTS)

    def observe(self, kinds: Collection[str]) -> Observation:
        """See `ccstate.adapter.Adapter`."""
        if not self.path.exists():
            return Observation({}, {})
        with store.reading(self.path) as database:
            key = store.key(database)
            objects = store.everything(database, "object", kinds)
            ledger = store.everything(database, "ledger", kinds)
            with_secrets = {kind for kind in kinds if kind in KINDS and holds_secrets(kind)}
            sources = store.written_references(database, with_secrets)
            for address, fields in objects.items():
                if address.kind in with_secrets:
                    objects[address] = sealed(key, address.kind, fields)
        return Observation(objects, ledger, references=sources)

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        """See `ccstate.adapter.Adapter`."""
        found = secrets.resolve(references, self.folder)
        if not found:
            return {}
        store.make(self.path)
        with store.reading(self.path) as database:
            key = store.key(database)
        return {reference: secrets.seal(key, secret) for reference, secret in found.items()}

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        """Report only what no state of the platform could take; the rest shows when it is performed."""
        unknown = sorted({change.address.kind for change in changes} - set(self.supports))
        return [
            codes.KIND_UNSUPPORTED(kind=kind, known=", ".join(self.supports)) for kind in unknown
        ]

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        """See `ccstate.adapter.Adapter`; one transaction."""
        found, causes = secrets.attempt(references(batch), self.folder)
        with store.writing(self.path) as database:
            faults = Faults(self.faults, store.counts(database))
            sealing = Secrets(store.key(database), found, causes)
            results = carry_out(database, batch, sealing, faults)
            store.write_counts(database, faults.counts)
        if len(results) < len(batch):
            raise store.unreadable(
                f"{self.path} was lost after {len(results)} of {len(batch)} changes",
                "run the apply again: it reads what took effect, and does the rest",
            )
        return results

    def recover(self) -> str:
        """See `ccstate.adapter.Adapter`; a transaction leaves nothing half done."""
        return ""

    def lock(self, holder: Holder) -> Holder | None:
        """See `ccstate.adapter.Adapter`; a row in the platform's file."""
        if (held := self.holder()) is not None:
            return held  # asked without waiting for its turn: the holder may be writing for long
        with store.writing(self.path) as database:
            found = store.lock(database)
            if found is None:
                store.write_lock(database, holder.encode())
        return None if found is None else Holder.decode(found)

    def unlock(self, holder: Holder) -> None:
        """See `ccstate.adapter.Adapter`."""
        if self.holder() == holder:
            with store.writing(self.path) as database:
                found = store.lock(database)
                if found is not None and Holder.decode(found) == holder:
                    store.write_lock(database, None)

    def holder(self) -> Holder | None:
        """See `ccstate.adapter.Adapter`."""
        if not self.path.exists():
            return None
        with store.reading(self.path) as database:
            found = store.lock(database)
        return None if found is None else Holder.decode(found)

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        """Change an object on the platform itself, past ccstate; None removes it."""
        with store.writing(self.path) as database:
            store.write_objects(database, {address: fields})
