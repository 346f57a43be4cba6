from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings

from ccstate.adapters.asterisk.calls.run import AGAIN, BETWEEN, SETTLING, Keypad
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Phase
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import walk
from ccstate.journeys.ways import Place
from tests.examples import scaled
from tests.journeys.strategies_journeys import (
    FIRST,
    Plain,
    centre,
    centres,
    entries,
    moments,
)

MENU = {
    "type": "menu",
    "prompt": "hello",
    "retries": 2,
    "timeout": "5s",
    "choices": {"1": "hangup"},
}
QUESTION = {
    "type": "collect",
    "prompt": "hello",
    "retries": 1,
    "timeout": "5s",
    "min_digits": 3,
    "max_digits": 4,
    "save_as": "account",
    "then": "hangup",
}


def asked(node: dict[str, Any], keys: list[str]) -> list[tuple[float, str]]:
    flow = Flow(centre({"ivr": {"main": {"start": "door", "nodes": {"door": node}}}}))
    presses = Keypad(keys, {}).asked(flow, Place("ivr", "main", "door"))
    return [(press.after, press.key) for press in presses]


@settings(max_examples=scaled(300))
@given(centres(), moments, entries)
def test_at_every_place_what_the_walk_says_is_pressed(
    plain: Plain, at: datetime, keys: list[str]
) -> None:
    flow = Flow(centre(plain))
    for name in plain["number"]:
        start = Place("number", name)
        phases = Year(flow.centre, FIRST).phases(flow.schedules(flow.reached(start)), at)
        keypad = Keypad(keys, phases)
        for step in walk(flow, start, phases, keys).steps:
            pressed = "".join(press.key for press in keypad.asked(flow, step.place))
            assert pressed == step.keys


@pytest.mark.parametrize("phase, pressed", [(Phase.OPEN, "0"), (Phase.CLOSED, "")])
def test_no_key_is_pressed_at_a_queue_that_is_closed(phase: Phase, pressed: str) -> None:
    queue = {"hours": "day", "keys": {"0": "hangup"}, "members": [{"extension": "10"}]}
    day = {"timezone": "UTC", "weekly": {"mon": ["09:00-17:00"]}}
    known: Plain = {
        "queue": {"sales": queue},
        "schedule": {"day": day},
        "extension": {"10": {}},
    }
    flow = Flow(centre(known))
    place = Place("queue", "sales")
    [schedule] = flow.schedules([place])
    presses = Keypad(["0"], {schedule: phase}).asked(flow, place)
    assert "".join(press.key for press in presses) == pressed


@pytest.mark.parametrize(
    "keys, pressed",
    [
        (["1"], [(SETTLING, "1")]),
        (["9", "1"], [(SETTLING, "9"), (AGAIN, "1")]),
        (["91"], [(SETTLING, "9"), (AGAIN, "1")]),
        (["9", "8", "7", "1"], [(SETTLING, "9"), (AGAIN, "8"), (AGAIN, "7")]),
        ([""], []),
        ([], []),
    ],
)
def test_a_wrong_key_is_followed_by_the_next_entry(
    keys: list[str], pressed: list[tuple[float, str]]
) -> None:
    assert asked(MENU, keys) == pressed


@pytest.mark.parametrize(
    "keys, pressed",
    [
        (["123#"], [(SETTLING, "1"), (BETWEEN, "2"), (BETWEEN, "3"), (BETWEEN, "#")]),
        (["12345"], [(SETTLING, "1"), (BETWEEN, "2"), (BETWEEN, "3"), (BETWEEN, "4")]),
        (["#", "123"], [(SETTLING, "#"), (AGAIN, "1"), (BETWEEN, "2"), (BETWEEN, "3")]),
        # Read waits five seconds for a digit more, before it asks again.
        (["1", "#"], [(SETTLING, "1"), (5 + AGAIN, "#")]),
    ],
)
def test_too_few_digits_are_followed_by_the_next_entry_once_the_question_has_given_up(
    keys: list[str], pressed: list[tuple[float, str]]
) -> None:
    assert asked(QUESTION, keys) == pressed


def test_where_nothing_is_asked_nothing_is_pressed() -> None:
    assert asked({"type": "hangup"}, ["1"]) == []
