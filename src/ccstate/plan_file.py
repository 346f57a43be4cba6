"""The plan as a file: JSON of one spelling, with a digest over everything it says.

The plan's id is the beginning of its digest, so the same plan has the same name everywhere, and
a plan that was edited no longer has the name of its folder.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from ccstate.errors import Blocked, Diagnostic, InvalidInput, Span
from ccstate.model import (
    Action,
    Arrival,
    Change,
    Edit,
    Fields,
    JourneyChange,
    Journeys,
    NumberChange,
    Plan,
    Platform,
    Refusal,
    Step,
    Unmanaged,
    Why,
    canonical,
    edited,
    parse_address,
)
from ccstate.plan_format import (
    ArrivalFile,
    ChangeFile,
    JourneyChangeFile,
    JourneysFile,
    NumberChangeFile,
    PlanFile,
)

FILE = "plan.json"
ID_LENGTH = 12
VERSION = 2
"""Of the format; 2 names what was not compared, ccstate's release and the platforms."""
SPELLING = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def _head(plan: Plan) -> dict[str, Any]:
    told = {
        "journeys": None if plan.journeys is None else asdict(plan.journeys),
        "renames": [{"before": str(old), "after": str(new)} for old, new in plan.renames],
        "only": [str(address) for address in plan.only],
        "left_out": plan.left_out,
        "unseen": {name: list(words) for name, words in plan.unseen.items()},
        "kept": {name: list(fields) for name, fields in plan.kept.items() if fields},
    }
    return {
        **{name: value for name, value in told.items() if value},
        "version": VERSION,
        "made_by": plan.made_by,
        "platforms": {name: asdict(platform) for name, platform in plan.platforms.items()},
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


def _joined(changes: Iterable[Any]) -> bytes:
    return b",\n".join([canonical(change) for change in changes])


def _digest(head: bytes, steps: Iterable[tuple[str, bytes]]) -> str:
    found = hashlib.sha256(head)
    for target, lines in steps:
        found.update(canonical([target, len(lines)]))
        found.update(lines)
    return found.hexdigest()


def digest(plan: Plan) -> str:
    """SHA-256 over everything that the plan says, in hexadecimal."""
    head, steps = _spelled(plan)
    return _digest(head, zip((step.target for step in plan.steps), steps, strict=True))


def plan_id(plan: Plan) -> str:
    """The name of the plan: the first characters of its digest."""
    return digest(plan)[:ID_LENGTH]


def packed(plan: Plan) -> tuple[str, bytes]:
    """The plan's id, and the bytes of plan.json, a line a change: the same plan, the same bytes."""
    head, steps = _spelled(plan)
    found = _digest(head, zip((step.target for step in plan.steps), steps, strict=True))
    parts = [b'{"digest":', canonical(found), b",\n", head[1:-1], b',\n"steps":[']
    for number, (step, lines) in enumerate(zip(plan.steps, steps, strict=True)):
        parts += [b",\n" if number else b"\n", b'{"target":', canonical(step.target)]
        parts += [b',"changes":[\n', lines, b"\n]}"]
    parts.append(b"\n]}\n")
    return found[:ID_LENGTH], b"".join(parts)


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises InvalidInput where the file is no plan, Blocked where it was edited: the bytes are those
    that this plan has, so that no reader can take a part of them for anything else.
    """
    try:
        raw = path.read_bytes()
        content = orjson.loads(raw)
        _check_version(content)
        plan, found = _plan(content)
        stated, again = content["digest"], packed(plan)[1]
    except OSError as error:
        raise InvalidInput([_problem(path, f"cannot be read: {error.strerror}")]) from None
    except (ValidationError, ValueError, TypeError, RecursionError) as error:
        # orjson raises TypeError for what is nested too deep to be written.
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InvalidInput([_problem(path, f"is no plan: {first}")]) from None
    if found != stated:
        raise Blocked([_edited(path, "Its digest no longer fits")])
    if again != raw:
        raise Blocked([_edited(path, "It is no longer spelled as ccstate writes it")])
    return plan


def _check_version(content: Any) -> None:
    version = content.get("version") if isinstance(content, dict) else None
    if isinstance(version, int) and version != VERSION:
        release = "an earlier" if version < VERSION else "a later"
        raise ValueError(
            f"its format is version {version}, of {release} release of ccstate; this one reads "
            f"version {VERSION}"
        )


def _edited(path: Path, how: str) -> Diagnostic:
    return Diagnostic(
        "CC304",
        "the plan was edited after it was made",
        Span(str(path)),
        cause=f"{how}: what was reviewed is not what it says now.",
        hint="make a new plan with `ccstate plan`",
    )


def _problem(path: Path, message: str) -> Diagnostic:
    hint = "make a plan with `ccstate plan`; `ccstate plans` lists those there are"
    return Diagnostic("CC306", f"{path.name} {message}", Span(str(path)), hint=hint)


def _plan(content: Any) -> tuple[Plan, str]:
    """The plan in the content of its file, and its digest; ValidationError where it is none.

    Changes are taken in step by step and let go: a large plan is held once, not twice.
    """
    listed = content.get("steps") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not all(isinstance(step, dict) for step in listed):
        raise ValueError("it has no steps")
    changes_of = [step.pop("changes", None) for step in listed]
    file = PlanFile.model_validate({**content, "steps": [{**s, "changes": []} for s in listed]})
    spelled: list[tuple[str, bytes]] = []
    steps = []
    for step, changes in zip(file.steps, changes_of, strict=True):
        if not isinstance(changes, list):
            raise ValueError("a step has no changes")  # noqa: TRY004 - of the file, not of the code
        spelled.append((step.target, _joined(changes)))
        steps.append(Step(step.target, tuple(_read_change(step.target, c) for c in changes)))
        changes.clear()
    head = {key: value for key, value in content.items() if key not in {"digest", "steps"}}
    plan = Plan(
        made_by=file.made_by,
        platforms={n: Platform(p.adapter, p.connection) for n, p in file.platforms.items()},
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
        journeys=_journeys(file.journeys) if file.journeys else None,
        renames=tuple((parse_address(r.before), parse_address(r.after)) for r in file.renames),
        only=tuple(parse_address(address) for address in file.only),
        left_out=file.left_out,
        unseen={name: tuple(words) for name, words in file.unseen.items()},
        kept={name: tuple(fields) for name, fields in file.kept.items()},
    )
    return plan, _digest(canonical(head), spelled)


def _journeys(file: JourneysFile) -> Journeys:
    plain = file.model_dump(exclude={"changes", "uncompared", "added", "removed"})
    return Journeys(
        **plain,
        changes=tuple(map(_journey_change, file.changes)),
        uncompared=_numbers(file.uncompared),
        added=_numbers(file.added),
        removed=_numbers(file.removed),
    )


def _numbers(files: Iterable[NumberChangeFile]) -> tuple[NumberChange, ...]:
    return tuple(
        NumberChange(file.number, file.label, tuple(map(_arrival, file.arrivals)), file.more)
        for file in files
    )


def _journey_change(file: JourneyChangeFile) -> JourneyChange:
    plain = file.model_dump(exclude={"before", "after", "keys", "outcomes", "when"})
    return JourneyChange(
        **plain,
        before=_arrival(file.before),
        after=_arrival(file.after),
        keys=tuple(file.keys),
        outcomes=tuple(file.outcomes),
        when=tuple(file.when),
    )


def _arrival(file: ArrivalFile) -> Arrival:
    return Arrival(file.end, file.at, file.label)


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
