"""One caller in two centres at once, held against walking each call by itself."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ccstate.journeys import differences as bounds
from ccstate.journeys.differences import differences
from ccstate.journeys.enumeration import journeys, reached_in
from ccstate.journeys.flow import Flow
from ccstate.journeys.lockstep import Side, compare
from ccstate.journeys.moments import Phases, Year
from ccstate.journeys.walk import RUNG, keys_of, walk
from ccstate.journeys.ways import KEYS, End, Event, Place
from ccstate.model import Journeys
from tests.examples import scaled
from tests.journeys.strategies_journeys import FIRST, Plain, centre, centres, entries, moments
from tests.journeys.tangles import changed, estate, large, tangle, wide

Ends = tuple[tuple[End, str], tuple[End, str]]
NUMBER = Place("number", "+61255500001")
outcomes = st.lists(st.sampled_from(sorted(RUNG)), max_size=4)


@pytest.fixture(autouse=True, scope="module")
def _fewer_pairs() -> Iterator[None]:
    """A fifth of the pairs that are looked at: as many trees are too large for that, sooner said."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bounds, "MOST_PAIRS", 4_000)
        yield


def ends(
    flows: tuple[Flow, Flow], start: Place, phases: Iterable[Phases], keys: Iterable[str],
    rings: Iterable[Event] = (),
) -> Ends:  # fmt: skip
    """How both calls of one caller end, each walked by itself."""
    keys, rings = list(keys), list(rings)
    one, other = (
        walk(flow, start, said, keys, outcomes=rings)
        for flow, said in zip(flows, phases, strict=True)
    )
    return (one.end, one.at), (other.end, other.at)


def is_reported(found: Journeys, number: str) -> bool:
    """Check whether a reader knows that callers of the number may end elsewhere."""
    unlooked = {uncompared.number for uncompared in found.uncompared}
    return bool(found.changed or number in unlooked or found.more_uncompared)


def test_the_last_leaf_of_a_hundred_and_fifty_seven_menus_is_reported_with_its_keys() -> None:
    nodes = wide(3)
    assert len(nodes) == 157
    after = {name: {**node, "choices": dict(node["choices"])} for name, node in nodes.items()}
    at = "n0"
    for key in "*#":
        at = after[at]["choices"][key]
    leaf = after[at]["choices"]["0"]
    after[at]["choices"]["0"] = "hangup"
    found = differences(Flow(centre(estate(nodes))), Flow(centre(estate(after))), FIRST)
    assert found.uncompared == ()
    worst = found.changes[0]
    assert (worst.keys, worst.before.at, worst.after.end) == (("*", "#", "0"), leaf, "hangup")
    assert (found.lost, worst.ways) == (2, 1)  # by two numbers


@given(large())
@settings(max_examples=scaled(60), deadline=None)
def test_of_a_tree_of_any_size_nothing_is_passed_over_in_silence(
    drawn: tuple[Plain, Plain, str, random.Random],
) -> None:
    before, after, name, chance = drawn
    flows = Flow(centre(before)), Flow(centre(after))
    found = differences(*flows, FIRST)
    number = chance.choice(sorted(before["number"]))
    start = Place("number", number)
    differing = [
        keys for keys, rings in callers(flows, start, Place("ivr", "main", name), chance)
        if len(set(ends(flows, start, ({}, {}), keys, rings))) > 1
    ]  # fmt: skip
    event(f"differing: {bool(differing)}, complete: {not found.uncompared}")
    assert is_reported(found, number) or not differing


def callers(
    flows: tuple[Flow, Flow], start: Place, changed_at: Place, chance: random.Random
) -> Iterator[tuple[tuple[str, ...], tuple[Event, ...]]]:
    """Those who go the shortest way to the change and do each thing there; and some who do not."""
    for flow in flows:
        came = reached_in(flow, start, {})
        steps = []
        at: Place | None = changed_at
        while at is not None and (step := came.get(at)):
            steps.append(step)
            at = step.place
        keys = tuple(s.keys for s in reversed(steps) if s.way.event not in {Event.THEN, *RUNG})
        rings = tuple(s.way.event for s in reversed(steps) if s.way.event in RUNG)
        for last in ("", *KEYS, "111", "11", "99", "1#"):
            for ring in sorted(RUNG):
                yield (*keys, last, chance.choice(KEYS)), (*rings, ring)
    for _ in range(100):
        pressed = tuple(chance.choice(["", *KEYS, "12", "1#"]) for _ in range(chance.randrange(20)))
        yield pressed, tuple(chance.choice(sorted(RUNG)) for _ in range(4))


@given(large(), entries, outcomes)
@settings(max_examples=scaled(60), deadline=None)
def test_where_a_small_change_is_not_reported_no_call_ends_elsewhere(
    drawn: tuple[Plain, Plain, str, random.Random], keys: list[str], rings: list[Event]
) -> None:
    before, after, _, _ = drawn
    flows = Flow(centre(before)), Flow(centre(after))
    found = differences(*flows, FIRST)
    for number in before["number"]:
        was, now = ends(flows, Place("number", number), ({}, {}), keys, rings)
        assert was == now or is_reported(found, number)


@given(centres(), centres(), moments)
@settings(max_examples=scaled(60), deadline=None)
def test_whatever_ends_elsewhere_by_itself_does_so_in_step(
    before: Plain, after: Plain, at: datetime
) -> None:
    """Every journey of either centre, walked in both, against the pairs."""
    after = {**after, "number": before["number"]}
    flows = Flow(centre(before)), Flow(centre(after))
    for number in before["number"]:
        start = Place("number", number)
        said = tuple(_said(flow, start, at) for flow in flows)
        found = compare(Side(flows[0], said[0]), Side(flows[1], said[1]), start, set(), 100_000)
        pairs = {(moved.before, moved.after) for moved in found.moved}
        for flow, phases in zip(flows, said, strict=True):
            for journey in journeys(flow, start, phases, 300).found:
                rings = [s.way.event for s in journey.steps if s.way.event in RUNG]
                was, now = ends(flows, start, said, keys_of(journey), rings)
                assert was == now or (was, now) in pairs or not found.is_complete
        for moved in found.moved:
            was, now = ends(flows, start, said, moved.decision.keys, moved.decision.outcomes)
            assert (was, now) == (moved.before, moved.after)


def _said(flow: Flow, start: Place, at: datetime) -> Phases:
    return Year(flow.centre, FIRST).phases(flow.schedules(flow.reached(start)), at)


@given(st.integers(0, 2**32))
@settings(max_examples=scaled(30), deadline=None)
def test_whatever_one_change_does_to_calls_is_reported(seed: int) -> None:
    """Both ways round: what no caller notices is not reported."""
    chance = random.Random(seed)  # noqa: S311 - chance for a test, no secret
    nodes = tangle(chance, 4, 3, 0.5)
    after, _ = changed(chance, nodes)
    flows = Flow(centre(estate(nodes))), Flow(centre(estate(after)))
    found = compare(Side(flows[0], {}), Side(flows[1], {}), NUMBER, set(), 100_000)
    for moved in found.moved:
        was, now = ends(flows, NUMBER, ({}, {}), moved.decision.keys, moved.decision.outcomes)
        assert (was, now) == (moved.before, moved.after)


def test_what_is_too_much_to_compare_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_PAIRS", 40)
    monkeypatch.setattr(bounds, "MOST_TOGETHER", 60)
    chance = random.Random(1)  # noqa: S311 - chance for a test, no secret
    nodes = tangle(chance, 60, 6, 0.3)
    after = {**nodes, "n1": {**nodes["n1"], "type": "play", "prompt": "hello", "then": "n9"}}
    found = differences(Flow(centre(estate(nodes, 3))), Flow(centre(estate(after, 3))), FIRST)
    assert [number.number for number in found.uncompared] == sorted(estate(nodes, 3)["number"])
