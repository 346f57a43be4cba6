"""What a plan is refused for: promises and rules that hold now, and would not afterwards."""

from datetime import date

import pytest

from ccstate.errors import Diagnostic, Span
from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Observation,
    Plan,
    Resource,
    Step,
    Why,
)
from ccstate.plan import TargetPlan, objects_after
from ccstate.plan_callers import MOST_REFUSALS, objects_now, refused, with_callers
from ccstate.rules import Comparison, Estate

TODAY = date(2026, 11, 22)
NUMBER = Address("number", "+61255501000")
DESK: dict[Address, Fields] = {
    Address("extension", "2101"): {"label": "Desk"},
    Address("extension", "2900"): {"label": "Messages", "device": "none", "voicemail": {}},
}
PROMISE = {"to": NUMBER.name, "at": "2026-11-24T10:00", "expect": ["extension/2101"]}


def estate(to: str) -> Estate:
    objects: dict[Address, Fields] = {**DESK, NUMBER: {"to": to}}
    return Estate({a: Resource(a, fields, "all.yaml") for a, fields in objects.items()}, TODAY)


def plan(*changes: Change) -> Plan:
    return Plan("c", (Step("demo", changes),), {}, {})


def codes(now: str, then: str) -> list[str]:
    made = with_callers(plan(), Comparison(estate(now), estate(then)), {"desk": PROMISE})
    return [refusal.code for refusal in made.refusals]


@pytest.mark.parametrize(
    "now, then, expected",
    [
        ("extension/2101", "voicemail/2900", ["CC308"]),
        ("extension/2101", "extension/2101", []),
        ("voicemail/2900", "extension/2101", []),
        ("voicemail/2900", "hangup", []),  # it failed before: this plan breaks nothing
    ],
)
def test_only_a_promise_that_holds_now_can_be_broken(
    now: str, then: str, expected: list[str]
) -> None:
    assert codes(now, then) == expected


def test_many_broken_promises_are_counted() -> None:
    tests = {f"t{number}": PROMISE for number in range(MOST_REFUSALS + 5)}
    made = with_callers(plan(), Comparison(estate("extension/2101"), estate("hangup")), tests)
    assert len(made.refusals) == MOST_REFUSALS + 1
    assert made.refusals[-1].message == "5 more call tests would fail"


def share(desired: dict[Address, Fields], live: dict[Address, Fields]) -> TargetPlan:
    wanted = {address: Resource(address, fields, "all.yaml") for address, fields in desired.items()}
    return TargetPlan("demo", (), wanted, Observation(live, {}), {}, 30, 30)


def test_what_a_platform_of_the_plan_does_not_have_yet_is_not_there_now() -> None:
    queue, site = Address("queue", "sales"), Address("site", "sydney")
    desired = {queue: Resource(queue, {}, "all.yaml"), site: Resource(site, {}, "all.yaml")}
    found = objects_now([share({queue: {}}, {})], desired)
    assert found.keys() == {site}, "the site is on no platform of the plan"


def test_what_is_there_now_is_what_the_platforms_show() -> None:
    queue, stray = Address("queue", "sales"), Address("queue", "stray")
    live: dict[Address, Fields] = {queue: {"label": "Old"}, stray: {}}
    desired = {queue: Resource(queue, {"label": "New"}, "all.yaml")}
    assert objects_now([share({queue: {"label": "New"}}, live)], desired) == live


def test_afterwards_fields_that_are_not_declared_keep_what_they_have() -> None:
    kept, gone, new, bare = (Address("queue", name) for name in ("kept", "gone", "new", "bare"))
    edit = Edit("label", "Old", "New", why=Why.YOU)
    made = plan(
        Change("demo", Action.UPDATE, kept, Why.YOU, "", (edit,)),
        Change("demo", Action.DELETE, gone, Why.DELETED, ""),
        Change("demo", Action.CREATE, new, Why.YOU, "", (edit,)),
        Change("demo", Action.CREATE, bare, Why.YOU, ""),
    )
    before: dict[Address, Fields] = {kept: {"label": "Old", "weight": 3}, gone: {}}
    assert objects_after(before, made.changes()) == {
        kept: {"label": "New", "weight": 3},
        new: {"label": "New"},
        bare: {},
    }


def test_errors_of_rules_refuse_with_their_places_and_a_long_list_is_cut() -> None:
    errors = [Diagnostic("CC210", "nobody", Span("a.yaml", 3, 5), hint="add")] * 30
    made = refused(plan(), errors)
    assert made.refusals[0].message == "nobody (a.yaml:3:5)"
    assert [refusal.code for refusal in made.refusals] == ["CC210"] * MOST_REFUSALS + ["CC309"]
