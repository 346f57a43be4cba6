"""The plan as a file: JSON of one spelling, with a digest over everything it says.

The plan's id is the beginning of its digest, so the same plan has the same name everywhere, and
a plan that was edited no longer has the name of its folder.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, StringConstraints, ValidationError

from ccstate.errors import Blocked, Diagnostic, InvalidInput, Span
from ccstate.kinds.fields import Declared
from ccstate.model import (
    Action,
    Change,
    Edit,
    Fields,
    Plan,
    Refusal,
    Step,
    Unmanaged,
    Why,
    canonical,
    edited,
    parse_address,
)

FILE = "plan.json"
ID_LENGTH = 12
SPELLING = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE

ADDRESS_PATTERN = r"^[a-z_]+/[a-z0-9+][a-z0-9._+-]{0,79}$"

AddressText = Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN)]


class EditFile(Declared):
    """One field; a side that is left out means that the field is not there."""

    path: str
    """Field, nested ones joined by dots."""
    before: Any = None
    """Value on the platform when the plan was made."""
    after: Any = None
    """Value that the plan writes."""
    why: Literal[tuple(why.value for why in Why)]  # type: ignore[valid-type]  # from the enum
    """Whose doing the difference is."""


class ChangeFile(Declared):
    """What happens to one object."""

    action: Literal[tuple(action.value for action in Action)]  # type: ignore[valid-type]  # as above
    """create, update, delete, adopt (manage what was made by hand) or release (stop managing)."""
    address: AddressText
    """The object, as kind/name."""
    why: Literal[tuple(why.value for why in Why)]  # type: ignore[valid-type]  # as above
    """Whose doing the change is."""
    basis: str
    """Fingerprint of the live object that the plan was made from, or `absent`."""
    edits: list[EditFile]
    """Fields that change."""
    ledger: dict[str, Any] | None = None
    """Declared fields, as the platform records them afterwards; for a new object what the edits
    say, where left out."""
    needs: list[AddressText] = Field(default_factory=list)
    """Objects whose changes must have succeeded before."""
    secrets: dict[str, str] = Field(default_factory=dict)
    """Reference of each secret field; the plan itself holds only seals."""


class StepFile(Declared):
    """Changes on one target that are performed as one batch."""

    target: str
    """Name of the target in ccstate.yaml."""
    changes: list[ChangeFile]
    """Changes of the batch."""


class RefusalFile(Declared):
    """Why the plan may not be applied."""

    code: str
    """Stable code of the refusal."""
    message: str
    """What is too much, or forbidden."""
    hint: str
    """What to do."""


class UnmanagedFile(Declared):
    """Objects of one kind that nobody declared."""

    count: Annotated[int, Field(ge=1)]
    """How many there are."""
    names: list[str]
    """Some of their names."""


class PlanFile(Declared):
    """What ccstate will do, exactly; `ccstate apply` accepts nothing else."""

    version: Literal[1]
    """Version of this format."""
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 over the rest of the plan."""
    commit: str
    """Git commit of the desired state; `+` behind it when files differed; may be empty."""
    forced: str
    """Reason given for going beyond a limit."""
    repeat: Annotated[int, Field(ge=0)]
    """How many earlier plans said the same and were begun."""
    refusals: list[RefusalFile]
    """Why the plan may not be applied as it stands."""
    managed: dict[str, dict[str, int]]
    """Objects under management afterwards, by target and kind."""
    unmanaged: dict[str, dict[str, UnmanagedFile]]
    """Objects that nobody declared, by target and kind; they stay as they are."""
    steps: list[StepFile]
    """Batches, in order."""


def _head(plan: Plan) -> dict[str, Any]:
    return {
        "version": 1,
        "commit": plan.commit,
        "forced": plan.forced,
        "repeat": plan.repeat,
        "refusals": [
            {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
            for refusal in plan.refusals
        ],
        "managed": {name: dict(counts) for name, counts in plan.managed.items()},
        "unmanaged": {
            name: {kind: {"count": u.count, "names": list(u.names)} for kind, u in found.items()}
            for name, found in plan.unmanaged.items()
        },
    }


def _change(change: Change) -> dict[str, Any]:
    content: dict[str, Any] = {
        "action": change.action.value,
        "address": str(change.address),
        "why": change.why.value,
        "basis": change.basis,
        "edits": [_edit(edit) for edit in change.edits],
    }
    if change.ledger is not None and not _is_implied(change):
        content["ledger"] = dict(change.ledger)
    if change.needs:
        content["needs"] = [str(need) for need in change.needs]
    if change.secrets:
        content["secrets"] = dict(change.secrets)
    return content


def _is_implied(change: Change) -> bool:
    """Whether the ledger says just what the edits say, as it does for most new objects."""
    return change.action is Action.CREATE and edited({}, change.edits) == change.ledger


def _edit(edit: Edit) -> dict[str, Any]:
    content: dict[str, Any] = {"path": edit.path, "why": edit.why.value}
    if edit.before is not None:
        content["before"] = edit.before
    if edit.after is not None:
        content["after"] = edit.after
    return content


def _spelled(plan: Plan) -> tuple[bytes, list[bytes]]:
    """The plan in its one spelling: its head, and for each step its changes, a line each."""
    return canonical(_head(plan)), [
        b",\n".join([canonical(_change(change)) for change in step.changes]) for step in plan.steps
    ]


def _digest(plan: Plan, head: bytes, steps: list[bytes]) -> str:
    found = hashlib.sha256(head)
    for step, lines in zip(plan.steps, steps, strict=True):
        found.update(canonical([step.target, len(lines)]))
        found.update(lines)
    return found.hexdigest()


def digest(plan: Plan) -> str:
    """SHA-256 over everything that the plan says, in hexadecimal."""
    return _digest(plan, *_spelled(plan))


def plan_id(plan: Plan) -> str:
    """The name of the plan: the first characters of its digest."""
    return digest(plan)[:ID_LENGTH]


def packed(plan: Plan) -> tuple[str, bytes]:
    """The plan's id, and the bytes of plan.json, a line a change: the same plan, the same bytes."""
    head, steps = _spelled(plan)
    found = _digest(plan, head, steps)
    parts = [b'{"digest":', canonical(found), b",\n", head[1:-1], b',\n"steps":[']
    for number, (step, lines) in enumerate(zip(plan.steps, steps, strict=True)):
        parts += [b",\n" if number else b"\n", b'{"target":', canonical(step.target)]
        parts += [b',"changes":[\n', lines, b"\n]}"]
    parts.append(b"\n]}\n")
    return found[:ID_LENGTH], b"".join(parts)


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises InvalidInput where the file is no plan, Blocked where it was edited.
    """
    try:
        content = orjson.loads(path.read_bytes())
        plan = _plan(content)
        stated = content["digest"]
    except OSError as error:
        raise InvalidInput([_problem(path, f"cannot be read: {error.strerror}")]) from None
    except (ValidationError, ValueError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InvalidInput([_problem(path, f"is no plan: {first}")]) from None
    if digest(plan) != stated:
        raise Blocked(
            [
                Diagnostic(
                    "CC304",
                    "the plan was edited after it was made",
                    Span(str(path)),
                    cause="Its digest no longer fits: what was reviewed is not what it says now.",
                    hint="make a new plan with `ccstate plan`",
                )
            ]
        )
    return plan


def _problem(path: Path, message: str) -> Diagnostic:
    hint = "make a plan with `ccstate plan`; `ls plans` shows those there are"
    return Diagnostic("CC306", f"{path.name} {message}", Span(str(path)), hint=hint)


def _plan(content: Any) -> Plan:
    """The plan in the content of its file; ValidationError where it is none.

    Changes are validated one by one and let go: a large plan is held once, not twice.
    """
    listed = content.get("steps") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not all(isinstance(step, dict) for step in listed):
        raise ValueError("it has no steps")
    changes_of = [step.pop("changes", None) for step in listed]
    file = PlanFile.model_validate({**content, "steps": [{**s, "changes": []} for s in listed]})
    steps = []
    for step, changes in zip(file.steps, changes_of, strict=True):
        if not isinstance(changes, list):
            raise ValueError("a step has no changes")  # noqa: TRY004 - of the file, not of the code
        steps.append(Step(step.target, tuple(_read_change(step.target, c) for c in changes)))
        changes.clear()
    return Plan(
        commit=file.commit,
        steps=tuple(steps),
        managed=file.managed,
        unmanaged={
            name: {kind: Unmanaged(u.count, tuple(u.names)) for kind, u in found.items()}
            for name, found in file.unmanaged.items()
        },
        forced=file.forced,
        repeat=file.repeat,
        refusals=tuple(Refusal(r.code, r.message, r.hint) for r in file.refusals),
    )


def _read_change(target: str, content: Any) -> Change:
    file = ChangeFile.model_validate(content)
    action = Action(file.action)
    edits = tuple(Edit(e.path, e.before, e.after, Why(e.why)) for e in file.edits)
    ledger: Fields | None = file.ledger
    if ledger is None and action is Action.CREATE:
        ledger = edited({}, edits)
    return Change(
        target=target,
        action=action,
        address=parse_address(file.address),
        why=Why(file.why),
        basis=file.basis,
        edits=edits,
        ledger=ledger,
        needs=tuple(parse_address(need) for need in file.needs),
        secrets=file.secrets,
    )
