"""One call, held against the same call as it was played."""

from datetime import datetime

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import Answering, walk
from ccstate.journeys.ways import End, Event, Place
from tests.journeys import interpreter
from tests.journeys.strategies_journeys import FIRST, Plain, centre, centres, entries, moments

outcomes = st.lists(
    st.sampled_from([Event.ANSWERED, Event.NO_ANSWER, Event.EMPTY, Event.FULL]), max_size=3
)


@settings(max_examples=120, deadline=None)
@given(centres(), moments, entries, st.booleans(), outcomes)
def test_a_call_goes_as_it_was_played(
    plain: Plain, at: datetime, keys: list[str], answered: bool, coming: list[Event]
) -> None:
    flow = Flow(centre(plain))
    answering = Answering.EVERYBODY if answered else Answering.NOBODY
    words = [outcome.value for outcome in coming]
    for name in plain["number"]:
        start = Place("number", name)
        phases = Year(flow.centre, FIRST).phases(flow.schedules(flow.reached(start)), at)
        found = walk(flow, start, phases, keys, answering=answering, outcomes=coming)
        played = interpreter.call(plain, start, at, keys, words, answered=answered)
        went = tuple((s.place, s.way.event.value, s.way.key) for s in found.steps)
        event(found.end.value)
        event(f"steps: {len(went)}")
        assert (found.end.value, found.at) == (played.end, played.at)
        if found.end is End.ENDLESS:
            assert went == played.decisions[: len(went)]
        else:
            assert (went, found.seconds) == (played.decisions, played.seconds)
