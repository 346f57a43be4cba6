"""The form of what commands print about problems, objects, plans and platforms."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from ccstate.authority import Authority
from ccstate.model import Action, Edit, Outcome, Why

Whole = Annotated[int, Field(ge=0)]

AddressText = Annotated[str, Field(examples=["queue/sales"])]
"""Objects by hand may have names that no document could give them."""

PlanState: TypeAlias = Literal[
    "waiting",
    "running",
    "unconfirmed",
    "handed over",
    "applied",
    "taken back",
    "interrupted",
    "stale",
    "refused",
    "damaged",
]
Standing: TypeAlias = Literal["managed", "unmanaged", "not there yet", "deleted by hand"]
_Action: TypeAlias = Literal[tuple(action.value for action in Action)]  # type: ignore[valid-type]  # from the enum
_Why: TypeAlias = Literal[tuple(why.value for why in Why)]  # type: ignore[valid-type]  # as above
_Outcome: TypeAlias = Literal[tuple(outcome.value for outcome in Outcome)]  # type: ignore[valid-type]  # as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem."""

    code: str
    """Stable code, such as CC103."""
    severity: Literal["error", "warning"]
    """How bad it is."""
    message: str
    """What is wrong."""
    file: str | None
    """File, as seen from the project's folder; null where no file is concerned."""
    line: Whole
    """Line, from 1; 0 where unknown."""
    column: Whole
    """Column, from 1; 0 where unknown."""
    cause: str
    """Why it matters; may be empty."""
    hint: str
    """What to do; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """The report of `ccstate validate`."""

    errors: Whole
    """How many problems are errors."""
    warnings: Whole
    """How many are warnings."""
    problems: list[Problem]
    """All of them, by place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object that is not as it should be."""

    address: AddressText
    """The object, as kind/name."""
    action: _Action
    """For `verify` what a plan would do; for `drift` what was done by hand."""
    why: _Why
    """Cause of the difference."""
    edits: list[Edit]
    """The fields; of a secret only its seal is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTarget:
    """One platform beside the desired state."""

    target: str
    """Name of the target in ccstate.yaml."""
    objects: Whole
    """Objects that are desired there."""
    differences: list[Difference]
    """Those that are not as desired."""
    kept: list[str]
    """Fields, such as queue.label, that the platform has no place for: nothing of them was compared."""
    unseen: list[str]
    """What could not be compared for lack of rights, or of secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The report of `ccstate verify`."""

    as_desired: bool
    """Whether every platform is exactly as desired."""
    targets: list[VerifiedTarget]
    """Platform by platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Activity at an object now."""

    address: AddressText
    """The object."""
    callers: Whole
    """Callers who wait or talk there."""
    words: list[str]
    """All of it in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftedTarget:
    """One platform beside what was applied to it."""

    target: str
    """Name of the target in ccstate.yaml."""
    managed: Whole
    """Objects under management there."""
    differences: list[Difference]
    """Those that were changed by hand: `before` as applied, `after` as they are."""
    unmanaged: list[AddressText]
    """Objects that no file declares."""
    activity: list[Going]
    """Activity there now; it is no drift."""
    kept: list[str]
    """Fields, such as queue.label, that the platform has no place for: nothing of them was compared."""
    unseen: list[str]
    """What could not be compared for lack of rights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """The report of `ccstate drift`."""

    drifted: bool
    """Whether anything was changed by hand since the last apply."""
    targets: list[DriftedTarget]
    """Platform by platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectThere:
    """An object on one platform."""

    target: str
    """Name of the target in ccstate.yaml."""
    standing: Standing
    """How it stands there."""
    live: dict[str, Any] | None
    """Its fields there; null where it is not."""
    applied: dict[str, Any] | None
    """Its fields as ccstate applied them last; null where it never did."""
    kept: dict[str, str]
    """Its fields that the platform has no place for, and why: they stand in ccstate's records only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An object, as `ccstate show ADDRESS` reports it."""

    address: AddressText
    """The object."""
    file: str | None
    """File that declares it; null where none does."""
    declared: dict[str, Any] | None
    """Its fields as declared, with the project's defaults."""
    targets: list[ObjectThere]
    """Platform by platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value comes from."""

    path: str
    """Field, nested ones and items joined by dots; empty for the name of the resource."""
    file: str
    """File that gives the value."""
    line: Whole
    """Line, from 1; 0 where unknown."""
    default: bool
    """Whether it is a default of the project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedResource:
    """One resource as it results."""

    address: AddressText
    """The resource."""
    fields: dict[str, Any]
    """Its fields, with the project's defaults."""
    origins: list[Origin]
    """Where they come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedResource:
    """One resource of the base that an environment does not have."""

    address: AddressText
    """The resource."""
    file: str
    """File of the environment that removes it."""
    line: Whole
    """Line, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The desired state as it results, as `ccstate show --resolved` reports it."""

    environment: str | None
    """Environment that was chosen; null in a project that has none."""
    resources: list[ResolvedResource]
    """The resources, by kind."""
    removed: list[RemovedResource]
    """Resources of the base that the environment does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldThen:
    """One field that a commit changed; null stands for a field that was not there."""

    path: str
    """Field, nested ones joined by dots."""
    before: Any
    """Its value before."""
    after: Any
    """Its value after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit that changed the object."""

    commit: str
    """Its id."""
    date: str
    """When it was written, ISO 8601 with the author's offset."""
    author: str
    """Name and address."""
    subject: str
    """First line of its message."""
    action: str
    """created, changed, deleted, cut off (a shallow clone), unreadable, or put back: no commit, a plan
    undid a change by hand."""
    edits: list[FieldThen]
    """The fields."""
    request: str
    """What the commit or its merge names as the reason; may be empty."""
    plan: str
    """Plan that was made of it; may be empty."""
    outcome: _Outcome | None
    """What became of that plan; null where there is none."""
    reason: str
    """Why it is not confirmed; may be empty."""
    authority: Authority
    """On whose word that plan was applied."""
    settled: str
    """When that outcome was recorded, ISO 8601; may be empty."""
    environment: str | None
    """Environment whose files it changed; null for the base."""
    name: AddressText | None
    """Earlier name that the object had then; null where it had the one that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrigin:
    """One field, and the commit that gave it its value."""

    path: str
    """Field, nested ones joined by dots."""
    value: Any
    """Its value as the checked-out commit declares it; null where it declares none any more."""
    commit: Commit
    """The commit."""
    put_back: list[Commit]
    """Applies that undid a change of the field by hand since then, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """The report of `ccstate blame`."""

    address: AddressText
    """The object."""
    fields: list[FieldOrigin]
    """Its fields."""
    sources: list[str]
    """Where plans and records were found: plans/, and branches; empty where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The report of `ccstate history`."""

    address: AddressText
    """The object."""
    is_all: bool
    """False where `--limit` left out older commits."""
    commits: list[Commit]
    """Commits that changed it, newest first."""
    sources: list[str]
    """Where plans and records were found: plans/, and branches; empty where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The result of one change."""

    target: str
    """Name of the target in ccstate.yaml."""
    address: AddressText
    """The object."""
    action: _Action
    """What was to be done."""
    outcome: _Outcome
    """What the platform showed when it was read again."""
    reason: str
    """Why it is not confirmed; of what was handed over, what somebody said of it; may be empty."""
    method: Literal["api", "instructions", "vendor"]
    """Who carries it out: ccstate, a person by a sheet, or a vendor who is asked."""
    sheet: str
    """The file that tells a person what to do, or asks a vendor; empty where nothing was handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledChange:
    """What became of a change that had to be confirmed."""

    standing: Literal["stays", "taken back", "not taken back"]
    """Whether it stays."""
    by: str
    """Who decided that, user@host."""
    at: str
    """ISO 8601."""
    reason: str
    """Why it does not stay; may be empty."""
    plan: str
    """Plan that took it back; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The receipt of `ccstate apply`."""

    plan: str
    """Id of the plan."""
    started: str
    """ISO 8601."""
    finished: str
    """ISO 8601."""
    confirmed: bool
    """Whether every change is confirmed."""
    corrective: str
    """Id of the plan for what is missing; may be empty."""
    kept: dict[str, list[str]]
    """Fields that the plan wrote to ccstate's records only, such as queue.label, by target."""
    changes: list[Settled]
    """Every change, in the order in which they were performed."""
    authority: Authority
    """On whose word it was applied."""
    settled: SettledChange | None
    """What became of a change that had to be confirmed; null where it had not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """One lock that was removed."""

    target: str
    """Name of the target in ccstate.yaml."""
    owner: str
    """Who held it, user@host."""
    pid: Whole
    """Their process."""
    since: str
    """ISO 8601."""
    plan: str
    """Plan that they applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """The report of `ccstate unlock`."""

    removed: list[Removed]
    """The locks; those that stay are named on standard error, with exit code 5."""
    interrupted: list[str]
    """Plans whose apply was interrupted: go on with `ccstate apply ID --resume`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The report of `ccstate adopt`."""

    file: str | None
    """File that was written; null where there was nothing to adopt."""
    adopted: list[AddressText]
    """The objects."""
    defaults: list[str]
    """Fields that the project's defaults will set, as `queue ring_for`."""
    secrets_left_out: Whole
    """Secrets that the platform does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanListed:
    """One plan in the folder."""

    plan: str
    """Its id."""
    state: PlanState
    """waiting to be applied; unconfirmed: taken back unless it is confirmed; stale: of another commit than is checked out; refused: a reason in it
    forbids applying; damaged: edited, or no plan."""
    made: str
    """When it was written, ISO 8601."""
    commit: str
    """Commit of the desired state; `+` behind it when files differed; may be empty."""
    targets: list[str]
    """Platforms that it changes."""
    changes: dict[str, Whole]
    """How many changes, by action."""
    environment: str | None
    """Environment of these platforms; null in a project that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """The report of `ccstate plans`."""

    plans: list[PlanListed]
    """The plans, newest first."""
    removed: list[str]
    """Ids of those that `--prune` removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyThatCounts:
    """The report of `ccstate policy`."""

    commit: str
    """Commit whose policy counts; empty where it is that of the files as they are, or there is none."""
    policy: dict[str, Any]
    """The policy, as the project file declares it."""
    at: str | None
    """Moment that was asked about, as ISO 8601; null where none was."""
    open: bool | None
    """Whether changes may be applied then, as far as windows and freezes for every change say."""
    until: str | None
    """When that changes, as ISO 8601 in UTC; null where that is not within 400 days, or not asked."""
    freezes: list[str]
    """Freezes at that moment."""
    windows: list[str]
    """Change windows to wait for; empty where one is open, or there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedEnvironment:
    """What a promotion changes of what is desired in one environment."""

    environment: str
    """The environment."""
    differences: list[Difference]
    """Objects that are desired otherwise; none where it stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """The report of `ccstate promote`."""

    source: str
    """Environment whose changes are promoted."""
    destination: str
    """Environment that gets them; base for all."""
    written: bool
    """Whether files were written."""
    files: list[str]
    """Files that change; none where nothing is to be promoted."""
    environments: list[PromotedEnvironment]
    """Every environment of the project."""
