"""A plan from the desired state and the platforms as they are, judged for what callers notice."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from ccstate import codes
from ccstate.desired import Desired
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.history import head_commit
from ccstate.model import Activity, Address, Fields, Plan, Resource, State
from ccstate.plan import TargetPlan, make_plan, narrow, objects_after
from ccstate.project.targets import Targets, activity_of

if TYPE_CHECKING:
    from ccstate.rules import Comparison


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan; what is going on, by target, at the objects that it changes; and warnings.

    `shares` is what it was made from, target by target; none where nothing changes.
    """

    plan: Plan
    activity: Mapping[str, Mapping[Address, Activity]]
    warnings: Sequence[Diagnostic]
    shares: Sequence[TargetPlan] = ()


Judge: TypeAlias = Callable[
    [Targets, Plan, Sequence[TargetPlan], Desired, date], tuple[Plan, list[Diagnostic]]
]


def plan_changes(
    targets: Targets,
    desired: Desired,
    names: Collection[str],
    only: Collection[Address],
    *,
    force: str,
    today: date,
    judge: Judge | None = None,
) -> Planned:
    """Plan the named targets; see `Project.plan`. `judge` adds what the plan means to callers."""
    found = [targets.compare(each, desired) for each in targets.named(names)]
    commit = head_commit(targets.settings.root, *targets.settings.folders)
    whole = sum(len(target.changes) for target in found)
    if only:
        _refuse_unknown(only, [desired.state, *(target.seen.ledger for target in found)])
        found = [narrow(target, only) for target in found]
    plan = make_plan(found, commit=commit, forced=force, environment=targets.settings.environment)
    if only:
        left_out = whole - sum(len(target.changes) for target in found)
        plan = replace(plan, only=tuple(sorted(set(only))), left_out=left_out)
    if not plan.steps:
        return Planned(plan, {}, desired.problems)
    with targets.listener.during("Walking the calls"):
        plan, warnings = (judge or _judge)(targets, plan, found, desired, today)
    return complete(targets, plan, found, (*desired.problems, *warnings), warnings)


def complete(
    targets: Targets,
    plan: Plan,
    found: Sequence[TargetPlan],
    problems: Sequence[Diagnostic],
    warnings: Sequence[Diagnostic],
) -> Planned:
    """Add what the platforms would refuse, and what is going on at the objects that change."""
    targets.listener.warn(warnings)
    active = {target.name: activity_of(plan, target.name, target.seen) for target in found}
    plan = replace(plan, refusals=(*plan.refusals, *targets.audit(plan)))
    return Planned(plan, {target: seen for target, seen in active.items() if seen}, problems, found)


def compared(
    plan: Plan, found: Sequence[TargetPlan], desired: Desired, today: date
) -> "Comparison":
    """Compare what callers meet before and after the plan."""
    from ccstate.plan_callers import objects_now, with_new_names
    from ccstate.rules import Comparison, Estate

    objects = objects_now(found, desired.state)
    before = with_new_names(objects, plan.changes())
    now = Estate(_placed(before, desired.state), today)
    then = Estate(_placed(objects_after(objects, plan.changes()), desired.state), today)
    return Comparison(now, then)


def _judge(
    targets: Targets, plan: Plan, found: Sequence[TargetPlan], desired: Desired, today: date
) -> tuple[Plan, list[Diagnostic]]:
    """Add what callers notice, and refusals where promises or rules break; return warnings too."""
    from ccstate.plan_callers import refused, with_callers
    from ccstate.rules import Estate
    from ccstate.rules.judge import new_errors, new_warnings

    rules, content = targets.settings.rules, targets.content
    comparison = compared(plan, found, desired, today)
    plan = with_callers(plan, comparison, call_tests(desired.state))
    plan = refused(plan, new_errors(comparison, rules, content))
    declared = Estate(desired.state, today)
    return plan, new_warnings(comparison, declared, rules, content)


def call_tests(state: State) -> dict[str, Fields]:
    """Return the fields of every call test by its name."""
    return {a.name: resource.fields for a, resource in state.items() if a.kind == "call_test"}


def _placed(objects: Mapping[Address, Fields], desired: State) -> State:
    """Place each object of platforms in the files that declare it; "" where none does."""
    return {
        address: Resource(address, fields, of.file, overlay=of.overlay, overlaid=of.overlaid)
        if (of := desired.get(address))
        else Resource(address, fields, "")
        for address, fields in objects.items()
    }


def _refuse_unknown(wanted: Iterable[Address], known: Sequence[Collection[Address]]) -> None:
    """Refuse objects that are in none of the collections."""
    unknown = [address for address in wanted if not any(address in some for some in known)]
    if unknown:
        from ccstate.desired.findings import did_you_mean

        names = [str(address) for some in known for address in some]
        raise InvalidInput(
            [
                codes.ONLY_UNKNOWN(
                    address=address,
                    hint=did_you_mean(str(address), names) or "`ccstate plan` lists what changes",
                )
                for address in unknown
            ]
        )
