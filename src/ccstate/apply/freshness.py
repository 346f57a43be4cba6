"""A plan may be applied only to the platforms it was made from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ccstate.adapter import Adapter, audited
from ccstate.diff import discrepancy
from ccstate.errors import Blocked, Diagnostic
from ccstate.model import Change, Observation, Plan, fingerprint

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class FreshPlan:
    """A plan that holds for what the platforms show now; only `freshen` and `take_up` make one.

    `seen` is what they showed, by target; `taken_up` says that an earlier run may have done a
    part of the plan already.
    """

    id: str
    plan: Plan
    seen: Mapping[str, Observation]
    taken_up: bool


def observe(plan: Plan, adapters: Mapping[str, Adapter]) -> dict[str, Observation]:
    """Each target as it is now, in one read of every kind that the plan touches there."""
    kinds: dict[str, set[str]] = {}
    for change in plan.changes():
        kinds.setdefault(change.target, set()).add(change.address.kind)
    return {target: adapters[target].observe(sorted(found)) for target, found in kinds.items()}


def freshen(plan_id: str, plan: Plan, adapters: Mapping[str, Adapter]) -> FreshPlan:
    """The plan, where every object it touches is still as it was.

    Raises Blocked where the plan carries a refusal or is for reading only, an object changed
    since, or a platform would refuse a change.
    """
    refuse_preview(plan)
    _recover(plan, adapters)
    _refuse(plan, plan.changes(), adapters)
    seen = observe(plan, adapters)
    stale = [change for change in plan.changes() if not is_as_planned(change, seen)]
    if stale:
        raise Blocked([_stale(stale)])
    return FreshPlan(plan_id, plan, seen, taken_up=False)


def take_up(plan_id: str, plan: Plan, adapters: Mapping[str, Adapter]) -> FreshPlan:
    """The plan of an interrupted apply; what took effect in the meantime will show.

    An object that is neither as planned nor as wanted blocks its own change, not the others.
    """
    refuse_preview(plan)
    _recover(plan, adapters)
    seen = observe(plan, adapters)
    # What took effect is not asked for again: a platform may refuse to create what it has.
    left = [change for change in plan.changes() if not has_taken_effect(change, seen)]
    _refuse(plan, left, adapters)
    return FreshPlan(plan_id, plan, seen, taken_up=True)


def _recover(plan: Plan, adapters: Mapping[str, Adapter]) -> None:
    for target in sorted({step.target for step in plan.steps}):
        adapters[target].recover()


def is_as_planned(change: Change, seen: Mapping[str, Observation]) -> bool:
    """Whether the live object is the one that the plan was made from."""
    return fingerprint(seen[change.target].objects.get(change.address)) == change.basis


def has_taken_effect(change: Change, seen: Mapping[str, Observation]) -> bool:
    """Whether the platform shows the outcome of the change already."""
    return not discrepancy(change, seen[change.target])


def refuse_preview(plan: Plan) -> None:
    """Blocked where the plan was made by somebody who could not see all that it is about."""
    if plan.unseen:
        first = next(iter(plan.unseen.values()))[0]
        raise Blocked(
            [
                Diagnostic(
                    "CC317",
                    "the plan is for reading: it was made without the rights to see everything",
                    cause=f"Not seen: {first}.",
                    hint="plan again as the user who applies, and review that: `ccstate plan`",
                )
            ]
        )


def _refuse(plan: Plan, changes: Iterable[Change], adapters: Mapping[str, Adapter]) -> None:
    problems = [
        Diagnostic(refusal.code, refusal.message, hint=refusal.hint) for refusal in plan.refusals
    ]
    by_target: dict[str, list[Change]] = {}
    for change in changes:
        by_target.setdefault(change.target, []).append(change)
    for target, asked in by_target.items():
        problems += audited(adapters[target], asked)
    if problems:
        raise Blocked(problems)


def _stale(stale: list[Change]) -> Diagnostic:
    named = ", ".join(str(change.address) for change in stale[:MOST_NAMED])
    more = f" and {len(stale) - MOST_NAMED} more" if len(stale) > MOST_NAMED else ""
    return Diagnostic(
        "CC303",
        "the plan is stale: the platform changed since it was made",
        cause=f"No longer as they were: {named}{more}.",
        hint="make a new plan with `ccstate plan` and review that",
    )
