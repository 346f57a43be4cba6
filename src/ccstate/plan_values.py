"""Whether the changes of a plan are such as the kinds allow: a plan file may come from anywhere.

A module beside `plan_file`, which many commands need: this one loads the kinds. A digest says that a plan was not edited after it was computed, not who computed it. What no
desired state can say is refused here, before any platform is asked.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import TypeAdapter, ValidationError

from ccstate import kinds
from ccstate.kinds import KINDS
from ccstate.kinds.fields import SecretReference
from ccstate.kinds.shape import Struct
from ccstate.model import (
    ANNOTATIONS,
    SEAL,
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Plan,
    Why,
    edited,
)

_WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.ADOPT, Action.MOVE})


def faults(plan: Plan) -> Iterator[tuple[Change, str]]:
    """Find every change that ccstate would not have planned, and why."""
    addresses = {(change.target, change.address) for change in plan.changes()}
    moves = {
        (change.target, change.address, change.moved, change.action is Action.MOVE)
        for change in plan.changes()
        if change.moved is not None and change.action in {Action.MOVE, Action.DELETE}
    }
    by_hand = {change.address for change in plan.changes() if change.method != "api"}
    seen: set[tuple[str, Address]] = set()
    for change in plan.changes():
        key = (change.target, change.address)
        if key in seen:
            yield change, "stands in the plan twice"
        seen.add(key)
        for need in change.needs:
            if (change.target, need) not in addresses and need not in by_hand:
                yield change, f"needs {need}, which is not in the plan"
        yield from ((change, fault) for fault in _faults(change))
        if change.moved is None and change.action is not Action.MOVE:
            continue
        other = (change.target, change.moved, change.address, change.action is Action.DELETE)
        if other not in moves or (change.moved and change.moved.kind != change.address.kind):
            yield change, "is half of a move: the other half is not in the plan"


def _faults(change: Change) -> Iterator[str]:
    kind = KINDS.get(change.address.kind)
    if kind is None:
        yield f'is of no kind: there is no "{change.address.kind}"'
        return
    if not _name_pattern(kind.name).match(change.address.name):
        yield f"has a name that no {kind.name} can have"
    if change.action not in _WRITES:
        if change.ledger is not None or change.secrets:
            yield f"records fields, though it is to {change.action.value}"
        yield from _edit_faults(change, {}, {})
    elif change.ledger is None:
        yield "records no fields"
    else:
        yield from _ledger_faults(change, change.ledger)


def _ledger_faults(change: Change, ledger: Fields) -> Iterator[str]:
    kind = KINDS[change.address.kind]
    try:
        found = kinds.secrets(kind.name, ledger) if kinds.holds_secrets(kind.name) else {}
        flat = kinds.flatten(kind.name, ledger)
        known = {path: change.secrets.get(path, "env:SECRET") for path in found}
        plain = edited(ledger, [Edit(path, None, ref, why=Why.YOU) for path, ref in known.items()])
        kind.model.model_validate(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        yield f"has a value that cannot be: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        return
    except (TypeError, AttributeError, KeyError, ValueError):  # no walk fits what is no such value
        yield "has a value of the wrong form"
        return
    for path in sorted(found):
        if not found[path].startswith(SEAL):
            yield f"holds a secret in clear at {path}"
    for path, reference in sorted(change.secrets.items()):
        if path not in found or not _is_reference(reference):
            yield f"names a secret where none can be, at {path}"
    yield from _edit_faults(change, ledger, flat)


def _edit_faults(change: Change, ledger: Fields, flat: Mapping[str, Json]) -> Iterator[str]:
    for edit in change.edits:
        head = edit.path.partition(".")[0]
        if head in ANNOTATIONS and change.action in _WRITES:
            continue
        if not _is_field(change.address.kind, edit.path):
            yield f'edits "{edit.path}", which is no field of its kind'
        elif edit.why is Why.RELEASED:
            if edit.before != edit.after:
                yield f"edits {edit.path}, which it says it lets go of"
        elif edit.after != (flat[edit.path] if edit.path in flat else ledger.get(edit.path)):
            yield f"writes another {edit.path} than it records"


def _is_field(kind: str, path: str) -> bool:
    shape: object = kinds.shape(kind)
    for name in path.split("."):
        if not isinstance(shape, Struct) or name not in shape.fields:
            return False
        shape = shape.fields[name]
    return True


@cache
def _name_pattern(kind: str) -> re.Pattern[str]:
    return re.compile(KINDS[kind].name_pattern.removesuffix("$") + r"\Z")


@cache
def _reference() -> TypeAdapter[str]:
    return TypeAdapter(SecretReference)


def _is_reference(text: str) -> bool:
    try:
        _reference().validate_python(text)
    except ValidationError:
        return False
    return True
