"""One batch carried out inside a transaction: drafted, struck by faults, checked, written."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from ccstate.adapter import Result
from ccstate.adapters.embedded import integrity, store
from ccstate.adapters.embedded.connection import Fault
from ccstate.adapters.embedded.drafts import Draft, draft
from ccstate.adapters.embedded.faults import Faults, altered
from ccstate.drafts import Refused, Secrets
from ccstate.model import Address, Change

DONE = Result(done=True)


def carry_out(
    database: sqlite3.Connection, batch: Sequence[Change], secrets: Secrets, faults: Faults
) -> list[Result]:
    """One result for each change; fewer where the platform is lost on the way."""
    live = store.found(database, (change.address for change in batch))
    drafts: dict[Address, Draft] = {}
    places: dict[Address, int] = {}
    said: list[Result] = []
    for place, change in enumerate(batch):
        if places.setdefault(change.address, place) != place:
            said.append(Result(done=False, reason="the batch changes it twice"))
            continue
        try:
            drafted = draft(change, live.get(change.address), secrets)
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
    for address, reason in integrity.refusals(drafts, integrity.around(database, drafts)).items():
        said[places[address]] = Result(done=False, reason=reason)
        del drafts[address]
    _write(database, drafts)
    return said


def _struck(drafted: Draft, fault: Fault | None) -> Draft | None:
    """What the platform makes of a draft; None where it stores nothing and says that it did."""
    match fault.fault if fault else "none":
        case "refuse":
            raise Refused("the platform refused: its connection says so")
        case "drop":
            return None
        case _ if fault and fault.field and drafted.after is not None and drafted.touches:
            return replace(drafted, after=altered(drafted.after, fault.field))
        case _:
            return drafted


def _write(database: sqlite3.Connection, drafts: dict[Address, Draft]) -> None:
    touched = {address: each.after for address, each in drafts.items() if each.touches}
    store.write_objects(database, touched)
    store.write_ledger(database, {address: each.ledger for address, each in drafts.items()})
