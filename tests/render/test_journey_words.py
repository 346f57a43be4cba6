"""Journeys in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Moment
from ccstate.journeys.ways import End, Event, Place, Transition
from ccstate.model import Address
from ccstate.render import journey_words as words
from ccstate.render.values import join_words

SYDNEY = ZoneInfo("Australia/Sydney")
FLOW = Flow(
    Centre(
        {
            Address("queue", "sales"): {"label": "Sales"},
            Address("queue", "bare"): {},
            Address("extension", "2900"): {"label": "General messages", "voicemail": {}},
            Address("number", "+61255501234"): {"label": "Main line", "to": "ivr/main"},
            Address("ivr", "main"): {
                "start": "welcome",
                "nodes": {
                    "welcome": {"type": "play", "prompt": "welcome", "then": "menu"},
                    "menu": {"type": "hangup", "label": "Main menu"},
                },
            },
        }
    )
)


@pytest.mark.parametrize(
    "place, said",
    [
        (Place("ivr", "main", "menu"), "Main menu"),
        (Place("ivr", "main", "welcome"), "ivr/main node welcome"),
        (Place("ivr", "gone", "welcome"), "ivr/gone node welcome"),
        (Place("queue", "sales"), "Sales (queue/sales)"),
        (Place("queue", "bare"), "queue/bare"),
        (Place("extension", "2900"), "General messages (extension/2900)"),
        (Place("extension", "2900", "voicemail"), "General messages (voicemail/2900)"),
        (Place("number", "+61255501234"), "Main line (+61255501234)"),
    ],
)
def test_a_place_is_called_by_its_label(place: Place, said: str) -> None:
    assert words.place_words(FLOW, place) == said


@pytest.mark.parametrize(
    "way, keys, said",
    [
        (Transition(Event.KEY, None, key="1"), "", "presses 1"),
        (Transition(Event.KEY, None, key="1"), "9*1", "presses 9, then star, then 1"),
        (Transition(Event.DIGITS, None), "", "enters digits"),
        (Transition(Event.DIGITS, None), "5550#", "enters 5550#"),
        (Transition(Event.SILENCE, None, seconds=9), "", "says nothing"),
        (Transition(Event.SILENCE, None), "9", "presses 9, then says nothing"),
        (Transition(Event.WRONG_KEY, None), "", "presses a wrong key"),
        (Transition(Event.WRONG_KEY, None), "9", "presses 9: wrong key"),
        (Transition(Event.WRONG_KEY, None), "99", "presses 9, then 9: wrong keys"),
        (Transition(Event.NO_ANSWER, None, seconds=240), "", "nobody answers for 4 min"),
        (Transition(Event.NO_ANSWER, None), "", "nobody answers"),
        (Transition(Event.EMPTY, None), "", "nobody is there"),
        (Transition(Event.EMPTY, None, seconds=60), "", "nobody is there, for 1 min"),
        (Transition(Event.FULL, None), "", "the queue is full"),
        (Transition(Event.OPEN, None), "", "open"),
        (Transition(Event.THEN, None), "", ""),
    ],
)
def test_what_happens_is_said(way: Transition, keys: str, said: str) -> None:
    assert words.event_words(way, keys) == said


def test_every_event_has_words() -> None:
    assert all(isinstance(words.event_words(Transition(event, None)), str) for event in Event)


@pytest.mark.parametrize(
    "end, at, said",
    [
        (End.HUMAN, "queue/sales", "reaches Sales (queue/sales)"),
        (End.HUMAN, "number/+61491570006", "reaches +61491570006"),
        (End.MESSAGE, "voicemail/2900", "leaves a message for General messages (voicemail/2900)"),
        (End.HANGUP, "hangup", "the call ends, as intended"),
        (End.CUT_OFF, "", "is cut off"),
        (End.WAITS, "queue/sales", "waits without end in Sales (queue/sales)"),
        (End.ENDLESS, "", "goes round for ever"),
        (End.RETURNS, "ivr/main menu", "is back at Main menu"),
        (End.RETURNS, "queue/sales", "is back at Sales (queue/sales)"),
    ],
)
def test_how_a_call_ends_is_said(end: End, at: str, said: str) -> None:
    assert words.end_words(FLOW, end, at) == said


@pytest.mark.parametrize(
    "seconds, said, clock",
    [
        (0, "0 s", "0:00"),
        (12, "12 s", "0:12"),
        (80, "1 min 20 s", "1:20"),
        (240, "4 min", "4:00"),
        (600, "10 min", "10:00"),
        (3905, "1 h 5 min 5 s", "1:05:05"),
    ],
)
def test_lengths_and_clocks(seconds: int, said: str, clock: str) -> None:
    assert words.length_words(seconds) == said
    assert words.clock_words(seconds) == clock


def test_a_moment_is_shown_in_local_time_with_its_occasion() -> None:
    at = datetime(2026, 12, 24, 23, 0, tzinfo=UTC)
    assert words.moment_words(Moment(at, ()), SYDNEY) == "Fri 25 Dec 2026, 10:00"
    with_name = words.moment_words(Moment(at, ("Christmas Day", "team day")), SYDNEY)
    assert with_name == "Fri 25 Dec 2026, 10:00 (Christmas Day and team day)"


def test_an_hour_that_comes_twice_is_shown_with_its_offset() -> None:
    first = datetime(2027, 4, 3, 15, 30, tzinfo=UTC)
    assert words.time_words(first, SYDNEY) == "Sun 4 Apr 2027, 02:30 +11:00"
    assert words.time_words(first + timedelta(hours=1), SYDNEY) == "Sun 4 Apr 2027, 02:30 +10:00"
    assert words.time_words(first - timedelta(hours=1), SYDNEY) == "Sun 4 Apr 2027, 01:30"


def test_words_are_joined_as_in_a_sentence() -> None:
    assert join_words(["a"]) == "a"
    assert join_words(["a", "b", "c"]) == "a, b and c"
    assert join_words(["1", "2"], "or") == "1 or 2"
