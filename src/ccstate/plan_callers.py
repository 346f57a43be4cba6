"""What a plan means to callers: journeys that end elsewhere, promises that would be broken."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ccstate import codes, kinds
from ccstate.errors import Diagnostic
from ccstate.journeys.call_tests import Verdict, verdicts
from ccstate.journeys.differences import differences
from ccstate.journeys.ways import GOOD
from ccstate.model import Action, Address, Change, Fields, Journeys, Plan, Refusal, State
from ccstate.plan import TargetPlan, refusal
from ccstate.rules import Comparison, Reach

Tests: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Fields of call tests by their names."""
MOST_REFUSALS = 20
"""Broken promises that are listed one by one."""


def with_callers(plan: Plan, comparison: Comparison, tests: Tests) -> Plan:
    """Add its journeys to the plan, and refuse it where a call test would newly fail."""
    part = comparison.part(Reach.JOINED)
    if part is None:  # labels alone: every call ends where it ended
        return replace(plan, journeys=Journeys())
    before, after = part
    return replace(
        plan,
        journeys=differences(before.flow, after.flow, after.today),
        refusals=(*plan.refusals, *_call_test_refusals(list(_broken_tests(comparison, tests)))),
    )


def refused(plan: Plan, errors: Sequence[Diagnostic]) -> Plan:
    """Refuse the plan where it brings what rules call an error."""
    refusals = [
        refusal(replace(problem, message=f"{problem.message} ({problem.span})"))
        for problem in errors[:MOST_REFUSALS]
    ]
    if len(errors) > len(refusals):
        refusals.append(refusal(codes.MORE_ERRORS()))
    return replace(plan, refusals=(*plan.refusals, *refusals))


def objects_now(targets: Sequence[TargetPlan], desired: State) -> dict[Address, Fields]:
    """Return what callers meet now; what no platform of the plan holds is as it is desired."""
    planned = {address for target in targets for address in target.desired}
    found: dict[Address, Fields] = {
        address: resource.fields for address, resource in desired.items() if address not in planned
    }
    for target in reversed(targets):
        found.update(target.seen.objects)
    return found


def with_new_names(
    objects: Mapping[Address, Fields], changes: Iterable[Change]
) -> Mapping[Address, Fields]:
    """Call objects by the names that a plan gives them, and in what names them too.

    So a caller who comes to the same object under another name ends where he did before.
    """
    names = {c.moved: c.address for c in changes if c.action is Action.MOVE and c.moved}
    if not names:
        return objects
    result: dict[Address, Fields] = {}
    for address, fields in objects.items():
        named: Any = fields
        for reference in kinds.references(address.kind, fields):
            if new := names.get(reference.target):
                named = _with_name(named, reference.path, new.name)
        result[names.get(address, address)] = named
    return result


def _with_name(value: Any, path: kinds.Path, name: str) -> Any:
    """Put another name at a path, in a copy: `queue/sales-au` for `queue/sales`, `2002` for `2001`."""
    if not path:
        kind, slash, _ = str(value).rpartition("/")
        return f"{kind}{slash}{name}"
    step, *rest = path
    copy: Any = value.copy()
    copy[step] = _with_name(copy[step], tuple(rest), name)
    return copy


def _broken_tests(comparison: Comparison, tests: Tests) -> Iterator[Verdict]:
    """Yield the call tests that pass before the plan and fail after it, as they are after it."""
    estates = comparison.before, comparison.after
    old, new = (verdicts(estate.flow, estate.year, tests) for estate in estates)
    for was, will in zip(old, new, strict=True):
        if was.passed and not will.passed:
            yield will


def _call_test_refusals(broken: Sequence[Verdict]) -> Iterator[Refusal]:
    shown = broken[:MOST_REFUSALS]
    for verdict in shown:
        yield refusal(_failing(verdict, HINT if verdict is shown[-1] else ""))
    if more := len(broken) - len(shown):
        tests = f"{more:,} more call test{'s' * (more > 1)}"
        yield refusal(codes.MORE_CALL_TESTS_FAIL(tests=tests))


HINT = (
    "mend the desired state; or change what the tests expect, where callers are meant to end "
    "elsewhere"
)


def _failing(verdict: Verdict, hint: str) -> Diagnostic:
    test, journey = verdict.test, verdict.journey
    keys = f" pressing {', '.join(map(_key, test['keys']))}" if test.get("keys") else ""
    if journey is None:
        end = f"there is no {verdict.lacks}"
    else:
        end = f"would reach {journey.at}" if journey.end in GOOD else f"{journey.end.value}"
    return codes.CALL_TEST_FAILS(
        name=verdict.name,
        call=f"{test['to']} at {test['at']}{keys}",
        expected=" or ".join(test["expect"]),
        end=end,
        hint=hint,
    )


def _key(entry: str) -> str:
    return entry or "nothing"
