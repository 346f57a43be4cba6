"""Displays of a desired state on a platform that shows them: planned, performed, read back."""

from collections.abc import Mapping
from pathlib import Path

from ccstate.adapter import Adapter, Result, audited
from ccstate.desired import ParseCache, load, load_settings
from ccstate.diff import diff
from ccstate.model import Address, Change, Fields, Plan, Resource
from ccstate.plan import TargetPlan, make_plan

Objects = Mapping[Address, Fields]
ROOT = Path(__file__).parent.parent


def worked_example() -> dict[Address, Fields]:
    """The displays of this repository's own desired state."""
    state = load(load_settings(ROOT), ParseCache(None)).state
    return {a: resource.fields for a, resource in state.items() if a.kind == "display"}


def display(name: str) -> Address:
    return Address("display", name)


def plan(adapter: Adapter, desired: Objects) -> Plan:
    """Plan from the platform as it is now."""
    wanted = {address: Resource(address, fields, "") for address, fields in desired.items()}
    seen = adapter.observe(["display"])
    found = diff("walls", wanted, seen, secrets={}, release=())
    share = TargetPlan("walls", found, wanted, seen, adapter.supports, 100, 100)
    return make_plan([share], commit="", forced="")


def changes(adapter: Adapter, desired: Objects) -> list[Change]:
    return list(plan(adapter, desired).changes())


def performed(adapter: Adapter, planned: Plan) -> list[Result]:
    """Carry out a plan that the platform does not refuse."""
    assert audited(adapter, list(planned.changes())) == []
    return [result for step in planned.steps for result in adapter.perform(step.changes)]


def applied(adapter: Adapter, desired: Objects) -> None:
    """Apply a desired state: all of it is done, and a second plan is empty."""
    results = performed(adapter, plan(adapter, desired))
    assert [result.reason for result in results if not result.done] == []
    left = changes(adapter, desired)
    assert left == [], left
