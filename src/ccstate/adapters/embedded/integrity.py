"""Which changes of a batch would leave an object that names one which is not there.

The platform is strict like an exchange: it refuses those changes and takes the others. Refusing
one may orphan more, so this goes on until nothing changes; every refusal is looked at once, which
keeps it linear in the mentions of the batch.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from ccstate.adapters.embedded import store
from ccstate.adapters.embedded.drafts import Draft
from ccstate.model import Address


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the platform holds around a batch.

    `present` are those objects which exist now among all that the drafts name; `namers` says
    who names each object that the batch removes, now.
    """

    present: frozenset[Address]
    namers: Mapping[Address, frozenset[Address]]


def around(database: sqlite3.Connection, drafts: Mapping[Address, Draft]) -> Surroundings:
    """What `refusals` needs to know, in one query a kind."""
    named = {target for draft in drafts.values() for target in draft.names}
    removed = [address for address, draft in drafts.items() if removes(draft)]
    return Surroundings(
        frozenset(store.present(database, named)),
        {target: frozenset(sources) for target, sources in store.namers(database, removed).items()},
    )


def removes(draft: Draft) -> bool:
    return draft.after is None and draft.before is not None


def refusals(drafts: Mapping[Address, Draft], held: Surroundings) -> dict[Address, str]:
    """The drafts that cannot be taken, and why; all others can be, together."""
    batch = _Batch(drafts, held)
    # Removals first: refusing one only makes more objects stay, so that an update is refused
    # for naming something which nobody has, never for naming what stays after all.
    batch.settle([address for address, draft in drafts.items() if removes(draft)])
    batch.settle([address for address, draft in drafts.items() if draft.names])
    return batch.refused


class _Batch:
    def __init__(self, drafts: Mapping[Address, Draft], held: Surroundings) -> None:
        self.refused: dict[Address, str] = {}
        self._drafts = drafts
        self._held = held
        self._named_after: dict[Address, list[Address]] = {}
        """Who names an object after the batch."""
        for address, draft in drafts.items():
            for target in draft.names:
                self._named_after.setdefault(target, []).append(address)
        self._named_before: dict[Address, list[Address]] = {}
        """Which removed objects somebody names before the batch."""
        for target, sources in held.namers.items():
            for source in sources:
                self._named_before.setdefault(source, []).append(target)

    def settle(self, waiting: list[Address]) -> None:
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
                    waiting.extend(self._named_after.get(address, ()))

    def _still_named(self, target: Address) -> str:
        namers = {
            source for source in self._held.namers.get(target, ()) if not self._changes(source)
        }
        namers.update(
            source for source in self._named_after.get(target, ()) if source not in self.refused
        )
        if not namers:
            return ""
        more = f" and {len(namers) - 1} more" if len(namers) > 1 else ""
        return f"{target} is still named by {min(namers)}{more}"

    def _dangling(self, draft: Draft) -> str:
        for target in sorted(draft.names):
            if not self._stays(target):
                return f"{draft.address} names {target}, which is not here"
        return ""

    def _stays(self, target: Address) -> bool:
        """Whether an object is there after the batch."""
        if self._changes(target):
            return self._drafts[target].after is not None
        return target in self._held.present

    def _changes(self, address: Address) -> bool:
        """Whether an object is written or removed, so that what it named before is over."""
        draft = self._drafts.get(address)
        return draft is not None and draft.touches and address not in self.refused
