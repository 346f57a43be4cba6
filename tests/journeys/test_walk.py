"""One call, held against the same call as it was played."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import Answering, Journey, Step, keys_of, walk, zone_of
from ccstate.journeys.ways import End, Event, Place, Transition
from tests.examples import scaled
from tests.journeys import interpreter
from tests.journeys.strategies_journeys import FIRST, Plain, centre, centres, entries, moments

outcomes = st.lists(
    st.sampled_from([Event.ANSWERED, Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY]),
    max_size=3,
)


@settings(max_examples=scaled(120), deadline=None)
@given(centres(), moments, entries, st.booleans(), outcomes)
def test_a_call_goes_as_it_was_played(
    plain: Plain, at: datetime, keys: list[str], answered: bool, coming: list[Event]
) -> None:
    flow = Flow(centre(plain))
    answering = Answering.ALWAYS if answered else Answering.NEVER
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


# What tells calls apart

NUMBER = "+61255500000"
HERE = Place("number", NUMBER)
ANY: dict[str, Any] = {"weekly": {}}


def zone(number: dict[str, Any], **trees: dict[str, Any]) -> str:
    plain: Plain = {
        "schedule": {
            "shop": {**ANY, "timezone": "Europe/London"},
            "day": {**ANY, "timezone": "UTC"},
        },
        "site": {"perth": {"timezone": "Australia/Perth"}},
        "number": {NUMBER: number},
        "ivr": trees,
    }
    return str(zone_of(Flow(centre(plain)), HERE))


DOOR = {"type": "hours", "schedule": "shop", "open": "hangup", "closed": "hangup"}


@pytest.mark.parametrize(
    "number, expected",
    [
        ({"to": "ivr/main", "hours": "day", "site": "perth"}, "UTC"),
        ({"to": "ivr/main", "site": "perth"}, "Europe/London"),
        ({"to": "hangup", "site": "perth"}, "Australia/Perth"),
        ({"to": "hangup"}, "UTC"),
        ({"to": "hangup", "hours": "gone", "site": "perth"}, "Australia/Perth"),
    ],
)
def test_the_time_of_a_call_is_that_of_its_first_schedule_or_else_of_its_site(
    number: dict[str, Any], expected: str
) -> None:
    assert zone(number, main={"start": "door", "nodes": {"door": DOOR}}) == expected


def test_the_keys_of_a_journey_are_an_entry_for_each_question() -> None:
    def step(event: Event, keys: str = "") -> Step:
        return Step(HERE, Transition(event, None), keys)

    asked = (step(Event.THEN), step(Event.SILENCE), step(Event.OPEN), step(Event.DIGITS, "12#"))
    gives_up = (step(Event.WRONG_KEY, "##"), step(Event.SILENCE))
    assert keys_of(Journey((*asked, *gives_up), End.CUT_OFF, "")) == ("", "12#", "##")
    assert keys_of(Journey((step(Event.SILENCE),), End.CUT_OFF, "")) == ()
