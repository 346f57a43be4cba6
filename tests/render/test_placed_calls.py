"""Call tests made as real calls, as people and build servers read them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from ccstate.journeys.call_tests import CallResult, Person, RealCall, Verdict, agreement
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.walk import Journey, Step, walk
from ccstate.journeys.ways import End, Event, Place, Transition
from ccstate.model import Address, Fields
from ccstate.render.call_tests import (
    PlacedCalls,
    is_good,
    placed_json,
    placed_junit,
    placed_line,
    placed_markdown,
    placed_text,
)

NUMBER = "+61255501000"
OBJECTS: dict[Address, Fields] = {
    Address("number", NUMBER): {"label": "Main line", "to": "ivr/main"},
    Address("ivr", "main"): {
        "start": "menu",
        "nodes": {
            "menu": {
                "type": "menu",
                "label": "Main menu",
                "prompt": "menu",
                "choices": {"1": "queue/sales"},
                "on_timeout": "hangup",
            }
        },
    },
    Address("prompt", "menu"): {"languages": {"en-AU": {"text": "Press 1."}}},
    Address("queue", "sales"): {"label": "Sales", "members": [{"extension": "2001"}]},
    Address("extension", "2001"): {},
}
FLOW = Flow(Centre(OBJECTS))
START = Place("number", NUMBER)
TEST = {"to": NUMBER, "label": "A weekday, press 1", "expect": ["queue/sales"]}


def walked(name: str, *keys: str, expect: str = "queue/sales") -> Verdict:
    journey = walk(FLOW, START, {}, keys)
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    return Verdict(name, {**TEST, "expect": [expect]}, at, journey)


def made(verdict: Verdict, observed: Journey | None, person: Person | None = None) -> CallResult:
    if observed is None or verdict.journey is None:
        return CallResult(verdict, None, None)
    call = RealCall("ccstate-1", observed, 6.4, person)
    return CallResult(verdict, call, agreement(verdict.journey, observed))


PRESSED = walked("pressed", "1")
SILENT = walked("silent", expect="hangup")
assert PRESSED.journey
assert SILENT.journey
ASTRAY = walked("astray", "1")
BROKEN = walked("broken-promise", "1", expect="voicemail/2001")
REFUSED = CallResult(
    PRESSED, RealCall("m", Journey((), End.CUT_OFF, ""), 0.2, None, "404 Not Found"), None
)
RESULTS = [
    made(PRESSED, PRESSED.journey, Person("priya.n", "2001")),
    made(SILENT, SILENT.journey),
    made(ASTRAY, SILENT.journey),
    made(BROKEN, PRESSED.journey, Person("2001", "2001")),
    made(Verdict("no-number", TEST, None, None, f"number {TEST['to']}"), None),
]


def test_real_calls_read_well(golden: Callable[[str, str], None]) -> None:
    golden("render/placed-calls.txt", placed_text(PlacedCalls(FLOW, RESULTS)))
    golden("render/placed-calls.md", placed_markdown(PlacedCalls(FLOW, RESULTS)))


def test_a_call_is_good_where_it_keeps_the_promise_and_the_model_tells_of_it() -> None:
    assert [is_good(result) for result in RESULTS] == [True, True, False, False, False]


def test_programs_find_both_ways() -> None:
    body = json.loads(placed_json(PlacedCalls(FLOW, RESULTS)))
    assert body["passed"] == 2
    assert body["agree"] == 3
    first, _, astray, *_ = body["tests"]
    assert first["answered_by"] == {"member": "priya.n", "extension": "2001"}
    assert first["call"] == first["model"]
    assert astray["call"]["reached"] == "hangup"
    assert astray["model"]["reached"] == "queue/sales"


def test_a_build_server_finds_a_case_for_each_call() -> None:
    files = {"pressed": "desired_state/tests.yaml"}
    root = ET.fromstring(placed_junit(PlacedCalls(FLOW, RESULTS, files)))  # noqa: S314 - our own report
    cases = list(root.iter("testcase"))
    assert [case.find("failure") is not None for case in cases] == [
        not is_good(result) for result in RESULTS
    ]
    assert cases[0].get("file") == "desired_state/tests.yaml"
    assert cases[0].get("time") == "6.400"


def test_a_call_that_sip_refused_says_with_what() -> None:
    assert "was refused by SIP: 404 Not Found" in placed_text(PlacedCalls(FLOW, [REFUSED]))


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_a_line_fits_the_terminal(columns: int) -> None:
    long = made(Verdict("x" * 50, {**TEST, "label": "y" * 90}, None, None), None)
    assert len(placed_line(long, 50, width=columns).rstrip("\n")) <= columns


def test_nothing_that_a_call_played_becomes_a_command() -> None:
    way = Transition(Event.KEY, None, End.HANGUP, key="\x1b[31m")
    journey = Journey((Step(START, way),), End.HANGUP, "hangup")
    text = placed_text(PlacedCalls(FLOW, [made(PRESSED, journey)])) + placed_markdown(
        PlacedCalls(FLOW, [REFUSED])
    )
    assert "\x1b" not in text
