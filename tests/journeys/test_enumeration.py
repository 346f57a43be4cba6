"""Every call that is enumerated, held against every call that was played."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from hypothesis import event, given, settings

from ccstate.journeys.enumeration import journeys, loops, reached_in
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Phases, Year
from ccstate.journeys.walk import Journey, keys_of, walk
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address
from tests.examples import scaled
from tests.journeys.interpreter import Call, Everything
from tests.journeys.strategies_journeys import FIRST, Plain, centre, centres, moments

FEW = 600
"""Journeys that a test looks at; a tangle of menus has many more."""


def folded(journey: Journey) -> Call:
    """A journey in the words of the interpreter."""
    decisions = tuple((s.place, s.way.event.value, s.way.key) for s in journey.steps)
    return Call(decisions, journey.end.value, journey.at)


def entered(plain: Plain, at: datetime) -> Iterable[tuple[Flow, Place, Phases]]:
    """Each number of the estate as a place, and what its schedules say."""
    flow = Flow(centre(plain))
    year = Year(flow.centre, FIRST)
    for name in plain["number"]:
        start = flow.entrance(Address("number", name))
        assert start is not None
        yield flow, start, year.phases(flow.schedules(flow.reached(start)), at)


@settings(max_examples=scaled(120), deadline=None)
@given(centres(), moments)
def test_all_that_can_happen_is_enumerated_and_nothing_else(plain: Plain, at: datetime) -> None:
    for flow, start, phases in entered(plain, at):
        played = list(islice(Everything(plain, at).calls(start), FEW + 1))
        found = journeys(flow, start, phases, FEW)
        assert found.is_complete == (len(played) <= FEW)
        if found.is_complete:
            event(f"journeys: {len(played).bit_length()} bits")
            assert len(found.found) == len(set(found.found))
            assert {folded(journey) for journey in found.found} == set(played)
        assert set(reached_in(flow, start, phases)) == Everything(plain, at).reached(start)


@settings(max_examples=scaled(100), deadline=None)
@given(centres(), moments)
def test_the_way_to_a_place_is_one_that_a_call_can_go(plain: Plain, at: datetime) -> None:
    for flow, start, phases in entered(plain, at):
        everything = Everything(plain, at)
        for place, step in reached_in(flow, start, phases).items():
            if step is None:
                assert place == start
                continue
            ways = {(o.event, o.key, o.then) for o in everything.outcomes(step.place)}
            assert (step.way.event.value, step.way.key, place) in ways


def is_up_to_the_caller(flow: Flow, journey: Journey, phases: Phases) -> bool:
    """Whether only the caller decides: everybody answers who can."""
    return all(
        step.way == flow.possible(step.place, phases)[0]
        for step in journey.steps
        if step.way.event in {Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY}
    )


@settings(max_examples=scaled(100), deadline=None)
@given(centres(), moments)
def test_pressing_the_keys_of_a_journey_walks_it_again(plain: Plain, at: datetime) -> None:
    for flow, start, phases in entered(plain, at):
        for journey in journeys(flow, start, phases, FEW).found:
            if not is_up_to_the_caller(flow, journey, phases):
                continue
            again = walk(flow, start, phases, keys_of(journey))
            if journey.end is End.RETURNS:
                assert again.steps[: len(journey.steps)] == journey.steps
            else:
                assert again == journey
                assert again.seconds == journey.seconds


@settings(max_examples=scaled(120), deadline=None)
@given(centres(), moments)
def test_there_is_a_round_exactly_when_a_caller_left_alone_may_never_arrive(
    plain: Plain, at: datetime
) -> None:
    for flow, start, phases in entered(plain, at):
        everything = Everything(plain, at)
        endless = any(map(everything.may_never_end, everything.reached(start)))
        rings = loops(flow, start, phases)
        event(f"endless: {endless}")
        assert bool(rings) == endless
        for ring in rings:
            assert ring[0] == min(ring)
            for place, following in zip(ring, (*ring[1:], ring[0]), strict=True):
                left_alone = everything.left_alone(place)
                assert following in {outcome.then for outcome in left_alone}


@settings(max_examples=scaled(60), deadline=None)
@given(centres())
def test_one_schedule_decides_at_a_place_or_none(plain: Plain) -> None:
    flow = Flow(centre(plain))
    for name in plain["number"]:
        for place in flow.reached(Place("number", name)):
            ways = flow.ways(place)
            assert len({way.schedule for way in ways}) == 1
            assert all(bool(way.schedule) == bool(way.phases) for way in ways)
            assert all((way.to is None) == (way.end is not None) for way in ways)
