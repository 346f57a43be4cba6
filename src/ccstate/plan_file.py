"""The plan as a file: JSON of one spelling, with a digest over everything it says.

The plan's id is the beginning of its digest, so the same plan has the same name everywhere, and
a plan that was edited no longer has the name of its folder. What stands in the file are the fields
of `model.Plan` and of what it holds: written by orjson, a line a change, and read by pydantic.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ccstate import codes
from ccstate.errors import Blocked, InvalidInput, Span
from ccstate.model import SEAL, Action, Address, Change, Edit, Plan, Rename, Step, Why, edited

FOLDER = "plans"
"""Of all plans, in the folder of the project; each has a folder of its own there."""
FILE = "plan.json"
ID_LENGTH = 12
VERSION = 2
"""Of the format; 2 names what was not compared, ccstate's release and the platforms."""
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
DIGEST_PATTERN = r"^[0-9a-f]{64}$"

# What stands in the file: a plan with version and digest, whose steps name the target of their changes.


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadChange(Change):
    target: str = ""


@dataclass(frozen=True, slots=True)
class _ReadStep(Step):
    changes: tuple[_ReadChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadPlan(Plan):
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    version: Literal[2]
    digest: str = field(metadata={"pattern": DIGEST_PATTERN})
    steps: tuple[_ReadStep, ...]


LEFT_OUT: Mapping[str, frozenset[str]] = {
    Plan.__name__: frozenset(
        {
            "journeys",
            "renames",
            "moving",
            "only",
            "left_out",
            "unseen",
            "unchecked",
            "kept",
            "rollback",
            "environment",
        }
    ),
    Change.__name__: frozenset({"ledger", "needs", "secrets", "moved", "method"}),
    Rename.__name__: frozenset({"declared"}),
    Edit.__name__: frozenset({"before", "after"}),
}
"""Fields that the file leaves out where they are as by default, by class; all others are written."""
_ELSEWHERE = {(Plan.__name__, "steps"), (Change.__name__, "target")}
"""Fields that do not stand beside the others: steps come behind the head, a line a change."""


class _Written(dict[type, tuple[tuple[str, object], ...]]):
    """The fields of each class as they are written, each with the value that is left out."""

    def __missing__(self, kind: type) -> tuple[tuple[str, object], ...]:
        left_out = LEFT_OUT.get(kind.__name__, ())
        written = [f for f in fields(kind) if (kind.__name__, f.name) not in _ELSEWHERE]
        self[kind] = tuple(
            (f.name, _default(f) if f.name in left_out else MISSING) for f in written
        )
        return self[kind]


_WRITTEN = _Written()


def _default(one: Field[Any]) -> object:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _plain(value: Any) -> Any:
    """Return what stands in a plan file for a value that JSON does not know."""
    if isinstance(value, Address):
        return str(value)
    content = {}
    for name, absent in _WRITTEN[type(value)]:
        found = getattr(value, name)
        if found is not absent and found != absent:
            content[name] = found
    if isinstance(value, Change) and _is_implied(value):
        del content["ledger"]
    return content


def _is_implied(change: Change) -> bool:
    """Tell whether the ledger says just what the edits say, as it does for most new objects."""
    return change.action is Action.CREATE and edited({}, change.edits) == change.ledger


def _serialize(value: object) -> bytes:
    return orjson.dumps(
        value, default=_plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    )


def _parts(plan: Plan) -> tuple[str, bytes, list[bytes]]:
    """Write the parts of a plan: its digest, its head, and for each step its changes, a line each."""
    head = _serialize({**_plain(plan), "version": VERSION})
    steps = [b",\n".join(map(_serialize, step.changes)) for step in plan.steps]
    found = hashlib.sha256(head)
    for step, lines in zip(plan.steps, steps, strict=True):
        found.update(_serialize([step.target, len(lines)]))
        found.update(lines)
    return found.hexdigest(), head, steps


def digest(plan: Plan) -> str:
    """Return the SHA-256 over everything that the plan says, in hexadecimal."""
    return _parts(plan)[0]


def content_digest(plan: Plan) -> str:
    """Return the SHA-256 over what the plan does, in hexadecimal: its changes, in order, and where.

    Two plans have the same where they say the same to the platforms, though they were made from other
    commits, by another release, or saw other fields that neither of them touches. Of a secret that
    changes its reference counts: its seal depends on who may read the platform.
    """
    found = hashlib.sha256(_serialize([plan.forced, dict(plan.platforms)]))
    for change in plan.changes():
        found.update(_serialize([change.target, _plain(_without_basis(change))]))
    return found.hexdigest()


def _without_basis(change: Change) -> Change:
    """Take out of a change what it was made from, and the seals of the secrets that it sets."""
    edits = tuple(
        replace(edit, before=SEAL, after=SEAL) if edit.path in change.secrets else edit
        for edit in change.edits
    )
    ledger = change.ledger
    if ledger is not None:
        sealed = [Edit(path, None, SEAL, why=Why.YOU) for path in change.secrets]
        ledger = edited(ledger, sealed)
    return replace(change, basis="", edits=edits, ledger=ledger)


def packed(plan: Plan) -> tuple[str, bytes]:
    """Write a plan: its digest, and the bytes of plan.json, a line a change. Same plan, same bytes."""
    found, head, steps = _parts(plan)
    parts = [b'{"digest":', _serialize(found), b",\n", head[1:-1], b',\n"steps":[']
    for number, (step, lines) in enumerate(zip(plan.steps, steps, strict=True)):
        parts += [b",\n" if number else b"\n", b'{"target":', _serialize(step.target)]
        parts += [b',"changes":[\n', lines, b"\n]}"]
    parts.append(b"\n]}\n")
    return found, b"".join(parts)


def read_plan(path: Path) -> Plan:
    """Read the plan in a file, as `read_with_digest` does."""
    return read_with_digest(path)[0]


def read_with_digest(path: Path) -> tuple[Plan, str]:
    """Read the plan in a file, and its digest, as `parse_with_digest` does."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            codes.PLAN_UNREADABLE(
                Span(str(path)), file=path.name, fault=f"cannot be read: {error.strerror}"
            )
        ) from None
    return parse_with_digest(raw, path)


def parse_with_digest(raw: bytes, path: Path) -> tuple[Plan, str]:
    """Read the plan that stands in a file, and its digest; `path` is how the file is called.

    Raises InvalidInput where the file is no plan, Blocked where it was edited: the bytes are those
    that this plan has, so that no reader can take a part of them for anything else.
    """
    stated, plan = _parse(raw, path)
    try:
        found, again = packed(plan)
    except TypeError as error:  # of orjson, for what cannot be written again, such as large numbers
        raise _no_plan(raw, path, str(error)) from None
    if again != raw:
        is_named = found[:ID_LENGTH] == stated[:ID_LENGTH]
        how = (
            "It is no longer spelled as ccstate writes it"
            if is_named
            else "Its digest no longer fits"
        )
        raise Blocked(codes.PLAN_EDITED(Span(str(path)), how=how))
    return plan, found


def as_read(plan: Plan) -> Plan:
    """Return the plan with the keys of its own mappings in the order in which a file has them.

    Its changes are as they were: `change_as_read` does the same for each that is shown.
    """
    return replace(plan, **{f.name: _in_key_order(getattr(plan, f.name)) for f in fields(plan)})


def change_as_read(change: Change) -> Change:
    """Return the change as it is read from a file, for what people review of it."""
    edits = tuple(
        replace(edit, before=_in_key_order(edit.before), after=_in_key_order(edit.after))
        for edit in change.edits
    )
    ledger = edited({}, edits) if _is_implied(change) else _in_key_order(change.ledger)
    return replace(change, edits=edits, ledger=ledger)


def _in_key_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _in_key_order(value[key]) for key in sorted(value)}
    return list(map(_in_key_order, value)) if isinstance(value, list) else value


def environment_of(path: Path) -> str:
    """Read for which environment the plan in a file was made, without its changes; "" where for none."""
    try:
        head, _, _ = path.read_bytes().partition(b',\n"steps":[')
        found = orjson.loads(head + b"}").get("environment", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


@cache  # made for each plan, it took longer than reading most of them
def _form() -> TypeAdapter[_ReadPlan]:
    return TypeAdapter(_ReadPlan)


def _parse(raw: bytes, path: Path) -> tuple[str, Plan]:
    """Read the digest that stands in a file, and the plan. Raises InvalidInput."""
    try:
        content = _form().validate_json(raw)
        return content.digest, _plan(content)
    except (ValidationError, TypeError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise _no_plan(raw, path, first) from None


def _no_plan(raw: bytes, path: Path, why: str) -> InvalidInput:
    fault = f"is no plan: {_other_release(raw) or why}"
    return InvalidInput(codes.PLAN_UNREADABLE(Span(str(path)), file=path.name, fault=fault))


def _other_release(raw: bytes) -> str:
    """Name the release that wrote a file of another version; "" where the version is ours."""
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return ""
    version = content.get("version") if isinstance(content, dict) else None
    if not isinstance(version, int) or version == VERSION:
        return ""
    release = "an earlier" if version < VERSION else "a later"
    return (
        f"its format is version {version}, of {release} release of ccstate; this one reads "
        f"version {VERSION}"
    )


def _plan(content: _ReadPlan) -> Plan:
    own = {f.name: getattr(content, f.name) for f in fields(Plan)}
    steps = tuple(
        Step(step.target, tuple(_change(step.target, change) for change in step.changes))
        for step in content.steps
    )
    return Plan(**{**own, "steps": steps})


def _change(target: str, content: _ReadChange) -> Change:
    ledger = content.ledger
    if ledger is None and content.action is Action.CREATE:
        ledger = edited({}, content.edits)
    return Change(
        target,
        content.action,
        content.address,
        content.why,
        content.basis,
        content.edits,
        ledger,
        content.needs,
        content.secrets,
        content.moved,
        content.method,
    )
