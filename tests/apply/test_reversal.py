"""The way back of a plan: whatever it did, the platform is as it was, and later work stays."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccstate import kinds
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.apply.reversal import CHANGED_SINCE, Known, reversal, taking_back
from ccstate.conformance.samples import estate
from ccstate.diff import diff
from ccstate.model import Address, Change, Fields, Observation, Resource
from ccstate.plan import TargetPlan, make_plan
from tests.examples import scaled
from tests.strategies import objects

KNOWN = frozenset({"site", "team", "user", "schedule", "prompt", "queue"})
State = dict[Address, Fields]


def changes_to(adapter: EmbeddedAdapter, desired: Mapping[Address, Fields]) -> list[Change]:
    state = {address: Resource(address, fields, "") for address, fields in desired.items()}
    seen = adapter.observe(KNOWN)
    return diff("here", state, seen, secrets={}, release=())


def perform(adapter: EmbeddedAdapter, changes: list[Change], desired: State) -> list[Change]:
    seen = adapter.observe(KNOWN)
    state = {address: Resource(address, fields, "") for address, fields in desired.items()}
    share = TargetPlan("here", changes, state, seen, adapter.supports, 100, 100)
    plan = make_plan([share], commit="", forced="")
    for step in plan.steps:
        results = adapter.perform(step.changes)
        assert all(result.done for result in results), results
    return list(plan.changes())


def take_back(
    adapter: EmbeddedAdapter, done: list[Change], known: Mapping[Address, Fields]
) -> list[tuple[Address, str, str]]:
    """Take the changes back; what remains, as address, path and reason."""
    seen = adapter.observe(KNOWN)
    back = reversal(done, seen, lambda address: Known(known.get(address)))
    narrowed = Observation(
        {a: f for a, f in seen.objects.items() if a in back.addresses},
        {a: f for a, f in seen.ledger.items() if a in back.addresses},
    )
    changes = diff("here", back.wanted, narrowed, secrets={}, release=back.release)
    perform(adapter, list(taking_back(back, changes)), {})
    return [(one.address, one.path, one.reason) for one in back.remains]


def with_references(state: State) -> State:
    """The state, and all that its objects name, with what is required of it."""
    result, waiting = dict(state), list(state)
    while waiting:
        address = waiting.pop()
        for reference in kinds.references(address.kind, result[address]):
            if reference.target not in result:
                result[reference.target] = estate()[reference.target.kind].required
                waiting.append(reference.target)
    return result


@st.composite
def states(draw: st.DrawFn) -> State:
    chosen = draw(st.sets(st.sampled_from(sorted(KNOWN))))
    found: State = {}
    for kind in sorted(chosen):
        address = draw(st.sampled_from([estate()[kind].walked, estate()[kind].near]))
        found[address] = draw(objects(kind, KNOWN))
    return with_references(found)


@settings(max_examples=scaled(150))
@given(before=states(), after=states())
def test_what_a_plan_did_can_be_taken_back(
    tmp_path_factory: pytest.TempPathFactory, before: State, after: State
) -> None:
    folder = tmp_path_factory.mktemp("back")
    adapter = connect({"path": "platform.db"}, folder)
    perform(adapter, changes_to(adapter, before), before)
    was = adapter.observe(KNOWN)
    named = {
        reference.target
        for address, fields in was.objects.items()
        for reference in kinds.references(address.kind, fields)
    }
    # What undeclared fields name cannot be deleted, by no plan.
    wanted = {**{a: f for a, f in before.items() if a in named}, **after}
    done = perform(adapter, changes_to(adapter, wanted), wanted)
    assert take_back(adapter, done, was.ledger) == []
    now = adapter.observe(KNOWN)
    assert now.objects == was.objects
    assert now.ledger.keys() == was.ledger.keys()


QUEUE = Address("queue", "sales")


def test_a_field_that_was_changed_since_stays_and_is_named(tmp_path: Path) -> None:
    adapter = connect({"path": "platform.db"}, tmp_path)
    perform(adapter, changes_to(adapter, {QUEUE: {"ring_for": "20s", "wrap_up": "5s"}}), {})
    later = {QUEUE: {"ring_for": "30s", "wrap_up": "9s"}}
    done = perform(adapter, changes_to(adapter, later), {})
    adapter.by_hand(QUEUE, {**adapter.observe(["queue"]).objects[QUEUE], "ring_for": "45s"})
    assert take_back(adapter, done, {}) == [(QUEUE, "ring_for", CHANGED_SINCE)]
    live = adapter.observe(["queue"]).objects[QUEUE]
    assert (live["ring_for"], live["wrap_up"]) == ("45s", "5s")
    assert adapter.observe(["queue"]).ledger[QUEUE] == {"ring_for": "30s", "wrap_up": "5s"}


def test_an_object_that_was_changed_since_it_was_created_stays(tmp_path: Path) -> None:
    adapter = connect({"path": "platform.db"}, tmp_path)
    done = perform(adapter, changes_to(adapter, {QUEUE: {"ring_for": "20s"}}), {})
    perform(adapter, changes_to(adapter, {QUEUE: {"ring_for": "25s"}}), {})
    (left,) = take_back(adapter, done, {})
    assert left[0] == QUEUE
    assert "ring_for was changed since" in left[2]
    assert QUEUE in adapter.observe(["queue"]).objects


def test_an_adopted_object_is_let_go_of_again(tmp_path: Path) -> None:
    adapter = connect({"path": "platform.db"}, tmp_path)
    adapter.by_hand(QUEUE, {"ring_for": "20s"})
    done = perform(adapter, changes_to(adapter, {QUEUE: {"ring_for": "20s"}}), {})
    assert take_back(adapter, done, {}) == []
    seen = adapter.observe(["queue"])
    assert QUEUE in seen.objects
    assert QUEUE not in seen.ledger


def test_a_released_object_is_managed_again_as_far_as_its_fields_are_known(tmp_path: Path) -> None:
    adapter = connect({"path": "platform.db"}, tmp_path)
    perform(adapter, changes_to(adapter, {QUEUE: {"ring_for": "20s"}}), {})
    seen = adapter.observe(KNOWN)
    done = perform(adapter, diff("here", {}, seen, secrets={}, release={QUEUE}), {})
    (left,) = take_back(adapter, done, {})
    assert "not known" in left[2]
    assert take_back(adapter, done, {QUEUE: {"ring_for": "20s"}}) == []
    assert adapter.observe(["queue"]).ledger[QUEUE] == {"ring_for": "20s"}


def test_a_struct_that_was_cleared_comes_back_with_its_fields(tmp_path: Path) -> None:
    adapter = connect({"path": "platform.db"}, tmp_path)
    site = Address("site", "main")
    full: State = {site: {"timezone": "UTC", "address": {"street": "1 Main Street"}}}
    perform(adapter, changes_to(adapter, full), full)
    done = perform(adapter, changes_to(adapter, {site: {"timezone": "UTC", "address": None}}), {})
    assert take_back(adapter, done, {}) == []
    assert adapter.observe(["site"]).objects[site]["address"] == {"street": "1 Main Street"}
