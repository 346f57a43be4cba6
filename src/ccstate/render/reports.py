"""What commands found, as JSON for programs; `report_format` says what stands in it."""

from collections.abc import Iterable, Mapping, Sequence

import orjson

from ccstate.adapter import Holder
from ccstate.model import Address, Change, Edit, Fields, Outcome, Resource
from ccstate.render.comparison import Drifted, Verified, View, as_drift, standing
from ccstate.render.history_text import Entry
from ccstate.render.receipt import Receipt
from ccstate.render.text import well_formed


def spelled(body: object) -> str:
    """The JSON as it is printed."""
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n"


def verify_json(found: Mapping[str, Verified]) -> str:
    """Each platform beside the desired state."""
    targets = [
        {
            "target": name,
            "objects": target.desired,
            "differences": [_difference(change) for change in target.changes],
            "kept": list(target.kept),
            "unseen": list(target.unseen),
        }
        for name, target in found.items()
    ]
    differs = any(target.changes for target in found.values())
    return spelled({"as_desired": not differs, "targets": targets})


def drift_json(found: Mapping[str, Drifted]) -> str:
    """Each platform beside what was applied to it."""
    targets = [
        {
            "target": name,
            "managed": len(seen.ledger),
            "differences": [_difference(as_drift(change)) for change in changes],
            "unmanaged": sorted(str(a) for a in seen.objects if a not in seen.ledger),
            "activity": [
                {"address": str(a), "callers": at.callers, "words": list(at.words)}
                for a, at in sorted(seen.activity.items())
            ],
            "kept": list(kept),
            "unseen": list(seen.unseen),
        }
        for name, (changes, seen, kept) in found.items()
    ]
    drifted = any(target.changes for target in found.values())
    return spelled({"drifted": drifted, "targets": targets})


def _difference(change: Change) -> dict[str, object]:
    return {
        "address": str(change.address),
        "action": change.action.value,
        "why": change.why.value,
        "edits": [_edit(edit) for edit in change.edits],
    }


def _edit(edit: Edit) -> dict[str, object]:
    return {
        "path": edit.path,
        "before": edit.before,
        "after": edit.after,
        "why": edit.why.value,
    }


def object_json(address: Address, resource: Resource | None, views: Sequence[View]) -> str:
    """One object as declared, applied and live."""
    targets = [
        {
            "target": target,
            "standing": standing(live, applied),
            "live": _fields(live),
            "applied": _fields(applied),
            "kept": dict(sorted(kept.items())),
        }
        for target, live, applied, kept in views
    ]
    file = well_formed(resource.file) if resource else None
    declared = _fields(resource.fields) if resource else None
    return spelled(
        {"address": str(address), "file": file, "declared": declared, "targets": targets}
    )


def _fields(fields: Fields | None) -> dict[str, object] | None:
    return None if fields is None else dict(sorted(fields.items()))


def history_json(entries: Sequence[Entry], address: Address, *, is_all: bool) -> str:
    """The commits that changed an object, newest first."""
    commits = [
        {
            "commit": entry.commit,
            "date": entry.date,
            "author": well_formed(entry.author),
            "subject": well_formed(entry.subject),
            "action": str(entry.action),
            "edits": [{"path": e.path, "before": e.before, "after": e.after} for e in entry.edits],
            "request": well_formed(entry.request),
            "plan": entry.plan_id,
            "outcome": entry.outcome.value if entry.outcome else None,
            "reason": well_formed(entry.reason),
        }
        for entry in entries
    ]
    return spelled({"address": str(address), "is_all": is_all, "commits": commits})


def receipt_json(receipt: Receipt) -> str:
    """What became of every change of an apply."""
    changes = [
        {
            "target": verdict.change.target,
            "address": str(verdict.change.address),
            "action": verdict.change.action.value,
            "outcome": verdict.outcome.value,
            "reason": well_formed(verdict.reason),
        }
        for verdict in receipt.settled
    ]
    return spelled(
        {
            "plan": receipt.plan_id,
            "started": receipt.started,
            "finished": receipt.finished,
            "confirmed": all(v.outcome is Outcome.CONFIRMED for v in receipt.settled),
            "corrective": receipt.corrective,
            "kept": {name: list(fields) for name, fields in sorted(receipt.kept.items())},
            "changes": changes,
        }
    )


def unlocked_json(removed: Mapping[str, Holder], interrupted: Sequence[str]) -> str:
    """The locks that were removed, by target, and the plans whose apply they stopped in."""
    locks = [
        {
            "target": target,
            "owner": well_formed(holder.owner),
            "pid": holder.pid,
            "since": well_formed(holder.since),
            "plan": well_formed(holder.plan),
        }
        for target, holder in removed.items()
    ]
    return spelled({"removed": locks, "interrupted": list(interrupted)})


def adopted_json(
    file: str | None, adopted: Iterable[Address], defaults: Iterable[str], left_out: int
) -> str:
    """What was adopted, into which file."""
    body = {
        "file": None if file is None else well_formed(file),
        "adopted": [str(address) for address in adopted],
        "defaults": sorted(defaults),
        "secrets_left_out": left_out,
    }
    return spelled(body)
