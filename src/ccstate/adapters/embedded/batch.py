"""One batch carried out inside a transaction: drafted, changed by faults, checked, written.

The platform is strict like an exchange: it refuses changes that would leave an object which names
a missing one, and takes the others. Refusing one may orphan more, so this goes on until nothing
changes; every refusal is looked at once, which keeps it linear in the mentions of the batch.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ccstate import kinds
from ccstate.adapter import Result
from ccstate.adapters.embedded import store
from ccstate.adapters.embedded.connection import Fault, Faults, altered
from ccstate.drafts import CHANGED, Refused, Secrets, after, sealed
from ccstate.model import Action, Address, Change, Fields, fingerprint


@dataclass(frozen=True, slots=True)
class DraftedChange:
    """One change, carried out in memory; fields hold real secrets, None is no object."""

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


def draft(
    change: Change, live: Fields | None, secrets: Secrets, source: Fields | None
) -> DraftedChange:
    """Carry out the change on the live fields; Refused where that cannot be.

    `source` is the object that a move takes the place of: what nobody declares comes from there.
    """
    kind = change.address.kind
    if kind not in kinds.KINDS:
        raise Refused(f'this platform does not know the kind "{kind}"')
    shown = None if live is None else sealed(secrets.key, kind, live)
    if fingerprint(shown) != change.basis:
        raise Refused(CHANGED)
    then = after(change, live, secrets, source)
    keeps = change.action not in (Action.DELETE, Action.RELEASE)
    return DraftedChange(
        address=change.address,
        before=live,
        after=then,
        ledger=change.ledger if keeps else None,
        names=frozenset(kinds.named(kind, then))
        if then is not None and then != live
        else frozenset(),
    )


def removes(draft: DraftedChange) -> bool:
    return draft.after is None and draft.before is not None


class _References:
    """Who names whom around a batch: `refused` has the drafts that cannot be taken, and why."""

    def __init__(
        self, database: sqlite3.Connection, drafts: Mapping[Address, DraftedChange]
    ) -> None:
        self.refused: dict[Address, str] = {}
        self._drafts = drafts
        removed = [address for address, draft in drafts.items() if removes(draft)]
        self._namers = store.namers(database, removed)
        """Who names each object that the batch removes, before it."""
        self._namers_after: dict[Address, list[Address]] = {}
        """Who names an object after the batch."""
        for address, draft in drafts.items():
            for target in draft.names:
                self._namers_after.setdefault(target, []).append(address)
        self._present = store.present(database, self._namers_after)
        self._named_before: dict[Address, list[Address]] = {}
        """The removed objects that each object names before the batch."""
        for target, sources in self._namers.items():
            for source in sources:
                self._named_before.setdefault(source, []).append(target)
        # Removals first: refusing one only makes more objects stay, so that an update is refused
        # for naming something which does not exist, never for naming what stays after all.
        self._refuse(removed)
        self._refuse([address for address, draft in drafts.items() if draft.names])

    def _refuse(self, waiting: list[Address]) -> None:
        """Refuses what must be, and looks again at everything that this concerns."""
        waiting.reverse()
        while waiting:
            address = waiting.pop()
            if address in self.refused:
                continue
            draft = self._drafts[address]
            reason = self._still_named(address) if removes(draft) else self._dangling(draft)
            if reason:
                self.refused[address] = reason
                waiting.extend(self._named_before.get(address, ()))
                if draft.before is None:
                    waiting.extend(self._namers_after.get(address, ()))

    def _still_named(self, target: Address) -> str:
        namers = {source for source in self._namers.get(target, ()) if not self._changes(source)}
        namers.update(
            source for source in self._namers_after.get(target, ()) if source not in self.refused
        )
        if not namers:
            return ""
        more = f" and {len(namers) - 1} more" if len(namers) > 1 else ""
        return f"{target} is still named by {min(namers)}{more}"

    def _dangling(self, draft: DraftedChange) -> str:
        for target in sorted(draft.names):
            if not self._stays(target):
                return f"{draft.address} names {target}, which is not here"
        return ""

    def _stays(self, target: Address) -> bool:
        """Whether an object is there after the batch."""
        if self._changes(target):
            return self._drafts[target].after is not None
        return target in self._present

    def _changes(self, address: Address) -> bool:
        """Whether an object is written or removed, so that what it named before is over."""
        draft = self._drafts.get(address)
        return draft is not None and draft.touches and address not in self.refused


DONE = Result(done=True)


def carry_out(
    database: sqlite3.Connection, batch: Sequence[Change], secrets: Secrets, faults: Faults
) -> list[Result]:
    """Carry out a batch: a result for each change; fewer where the platform is lost on the way."""
    wanted = [change.address for change in batch]
    wanted += [change.moved for change in batch if change.moved is not None]
    live = store.found(database, wanted)
    drafts: dict[Address, DraftedChange] = {}
    places: dict[Address, int] = {}
    said: list[Result] = []
    for place, change in enumerate(batch):
        if places.setdefault(change.address, place) != place:
            said.append(Result(done=False, reason="the batch changes it twice"))
            continue
        try:
            source = None if change.moved is None else live.get(change.moved)
            drafted = draft(change, live.get(change.address), secrets, source)
            fault = faults.strike(change.address)
            if fault and fault.fault == "vanish":
                break
            stored = _struck(drafted, fault)
        except Refused as refusal:
            said.append(Result(done=False, reason=str(refusal)))
            continue
        said.append(DONE)
        if stored:
            drafts[change.address] = stored
    for address, reason in _References(database, drafts).refused.items():
        said[places[address]] = Result(done=False, reason=reason)
        del drafts[address]
    _write(database, drafts)
    done = [change for change in batch if change.address in drafts]
    _keep_references(database, done, drafts)
    return said


def _struck(drafted: DraftedChange, fault: Fault | None) -> DraftedChange | None:
    """Apply a fault to a draft; None where the platform stores nothing and reports that it did."""
    match fault.fault if fault else "none":
        case "refuse":
            raise Refused("the platform refused: its connection says so")
        case "drop":
            return None
        case _ if fault and fault.field and drafted.after is not None and drafted.touches:
            return replace(drafted, after=altered(drafted.after, fault.field))
        case _:
            return drafted


def _write(database: sqlite3.Connection, drafts: dict[Address, DraftedChange]) -> None:
    touched = {address: each.after for address, each in drafts.items() if each.touches}
    store.write_objects(database, touched)
    store.write_ledger(database, {address: each.ledger for address, each in drafts.items()})


def _keep_references(
    database: sqlite3.Connection,
    done: Sequence[Change],
    drafts: Mapping[Address, DraftedChange],
) -> None:
    """Record from which references the secrets come that the objects have afterwards."""
    holding = [change for change in done if kinds.holds_secrets(change.address.kind)]
    if not holding:
        return
    known = store.written_references(database, {change.address.kind for change in holding})
    kept: dict[Address, dict[str, str]] = {}
    for change in holding:
        source = change.moved or change.address
        paths = {**known.get(source, {}), **change.secrets}
        then = drafts[change.address].after
        has = kinds.secrets(change.address.kind, then) if then is not None else {}
        kept[change.address] = {path: paths[path] for path in has if path in paths}
    store.write_references(database, kept)
