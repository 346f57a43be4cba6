"""What is drawn of a centre: boxes, arrows and their words; and the drawings as people see them."""

import random
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import Place
from ccstate.model import Address, Fields
from ccstate.project import Project
from ccstate.render.graph.drawing import Drawing, Look, drawing_of, week_words
from ccstate.render.graph.mermaid import mermaid
from ccstate.render.graph.svg import svg
from tests.journeys.strategies_journeys import centre
from tests.journeys.tangles import estate, tangle

TOP = Path(__file__).parent.parent.parent
Golden = Callable[[str, str], None]
NUMBER = Address("number", "+61255501234")
HOURS: Fields = {
    "label": "Shop",
    "timezone": "Australia/Sydney",
    "weekly": {"mon": ["09:00-17:00"], "tue": ["09:00-17:00"], "sat": ["10:00-12:00"]},
    "holidays": [{"name": "Christmas Day", "date": "2026-12-25"}],
}
SHOP: dict[Address, Fields] = {
    NUMBER: {"label": "Shop line", "to": "ivr/shop"},
    Address("schedule", "shop"): HOURS,
    Address("prompt", "menu"): {"languages": {"en-AU": {"text": "For sales, press 1."}}},
    Address("ivr", "shop"): {
        "label": "Shop",
        "start": "door",
        "nodes": {
            "door": {"type": "hours", "schedule": "shop", "open": "on", "closed": "bye"},
            "on": {"type": "goto", "to": "menu"},
            "menu": {
                "type": "menu",
                "label": "Main menu",
                "prompt": "menu",
                "choices": {"1": "vip", "2": "vip", "3": "ivr/more", "*": "menu"},
                "on_timeout": "queue/sales",
            },
            "vip": {"type": "queue", "queue": "sales", "priority": 3},
            "bye": {"type": "voicemail", "mailbox": "2900"},
        },
    },
    Address("ivr", "more"): {
        "label": "More",
        "start": "ask",
        "nodes": {
            "ask": {
                "type": "collect",
                "prompt": "menu",
                "save_as": "account",
                "then": "bye",
            },
            "bye": {"type": "hangup"},
        },
    },
    Address("queue", "sales"): {
        "label": "Sales",
        "hours": "shop",
        "max_waiting": 5,
        "members": [{"user": "ana"}, {"extension": "2001"}],
        "overflow": {"after": "4m", "to": "voicemail/2900", "empty": "voicemail/2900"},
    },
    Address("user", "ana"): {"name": "Ana Example", "extension": "2002"},
    Address("extension", "2001"): {},
    Address("extension", "2002"): {},
    Address("extension", "2900"): {
        "label": "General messages",
        "device": "none",
        "voicemail": {},
    },
}


def flow_of(objects: dict[Address, Fields]) -> Flow:
    return Flow(Centre(objects))


def said(drawing: Drawing) -> set[tuple[str, str, str]]:
    names = [box.title for box in drawing.boxes]
    return {
        (names[tail], words.replace("\N{NO-BREAK SPACE}", " "), names[head])
        for tail, head, words in drawing.arrows
    }


def test_a_number_is_drawn_with_all_that_calls_can_come_to() -> None:
    assert said(drawing_of(flow_of(SHOP), NUMBER)) == {
        ("Shop line", "", "Open? Shop"),
        ("Open? Shop", "open", "Main menu"),
        ("Open? Shop", "closed or holiday", "Mailbox: General messages"),
        (
            "Main menu",
            "press 1 or 2 (priority 3), says nothing or wrong key",
            "Sales queue: 1 person and 1 phone",
        ),
        ("Main menu", "press 3", "Asks for 1 to 20 digits"),
        ("Main menu", "press star", "Main menu"),
        ("Asks for 1 to 20 digits", "enters digits", "Call ends"),
        ("Asks for 1 to 20 digits", "says nothing", "Cut off"),
        (
            "Sales queue: 1 person and 1 phone",
            "nobody answers for 4 min or nobody there",
            "Mailbox: General messages",
        ),
        ("Sales queue: 1 person and 1 phone", "queue full", "Cut off"),
    }


def test_a_tree_is_drawn_with_the_doors_of_what_it_leads_to() -> None:
    drawing = drawing_of(flow_of(SHOP), Address("ivr", "shop"))
    assert {box.title for box in drawing.boxes} == {
        "Open? Shop",
        "Main menu",
        "Menus: More",
        "Mailbox: General messages",
        "Sales queue: 1 person and 1 phone",
        "Cut off",
    }
    assert not drawing.trees


def test_what_waits_without_end_is_bad_and_says_so() -> None:
    objects: dict[Address, Fields] = {
        Address("queue", "sales"): {"members": [{"extension": "2001"}]},
        Address("extension", "2001"): {},
    }
    drawing = drawing_of(flow_of(objects), Address("queue", "sales"))
    assert said(drawing) == {("sales queue: 1 phone", "nobody answers", "Waits without end")}
    assert drawing.boxes[1].look is Look.BAD


def test_gotos_that_go_round_are_bad_and_end() -> None:
    objects: dict[Address, Fields] = {
        Address("ivr", "t"): {
            "start": "a",
            "nodes": {
                "a": {"type": "play", "prompt": "p", "then": "b"},
                "b": {"type": "goto", "to": "c"},
                "c": {"type": "goto", "to": "b"},
            },
        },
    }
    drawing = drawing_of(flow_of(objects), Address("ivr", "t"))
    assert [box.title for box in drawing.boxes] == ["", "Goes round without end"]


@pytest.mark.parametrize(
    "weekly, words",
    [
        ({}, "never"),
        ({d: ["00:00-24:00"] for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
         "day and night"),
        ({"mon": ["09:00-12:00", "13:00-17:00"]}, "Mon 09:00–12:00 and 13:00–17:00"),
        ({"sat": ["10:00-12:00"], "sun": ["10:00-12:00"]}, "Sat, Sun 10:00–12:00"),
        ({d: ["08:00-18:00"] for d in ("mon", "tue", "wed")}, "Mon–Wed 08:00–18:00"),
    ],
)  # fmt: skip
def test_a_week_is_said_in_short(weekly: Fields, words: str) -> None:
    assert week_words({"weekly": weekly}).replace("\N{NO-BREAK SPACE}", " ") == words
    seasonal = week_words({"weekly": weekly, "seasons": [{"every": "12-01", "weekly": {}}]})
    assert seasonal.replace("\N{NO-BREAK SPACE}", " ") == f"{words}, by season"


def test_the_drawings_look_like_this(golden: Golden) -> None:
    flow = flow_of(SHOP)
    for name, address in (("number", NUMBER), ("tree", Address("ivr", "shop"))):
        drawing = drawing_of(flow, address)
        golden(f"graph/{name}.svg", svg(drawing))
        golden(f"graph/{name}.mmd", mermaid(drawing))


@pytest.fixture(scope="module")
def example() -> Flow:
    state = Project(TOP).read().state
    return flow_of({address: resource.fields for address, resource in state.items()})


def vanishes(flow: Flow, place: Place) -> bool:
    if place.kind == "ivr":
        node = flow.centre.of("ivr")[place.name]["nodes"][place.node]
        return node["type"] in {"goto", "queue", "voicemail"}
    return False


def test_every_place_that_calls_reach_is_drawn(example: Flow) -> None:
    for number in example.centre.of("number"):
        start = example.entrance(Address("number", number))
        assert start is not None
        drawing = drawing_of(example, Address("number", number))
        reached = {p for p in example.reached(start) if not vanishes(example, p)}
        assert reached == drawing.places.keys()
        assert {head for _, head, _ in drawing.arrows} == set(range(1, len(drawing.boxes)))


def test_the_drawing_of_the_worked_example_is_current(
    example: Flow, request: pytest.FixtureRequest
) -> None:
    path = TOP / "docs" / "worked-example" / "main-line.svg"
    text = svg(drawing_of(example, Address("number", "+611300975707")))
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    how = "ccstate graph +611300975707 --output docs/worked-example/main-line.svg"
    assert path.read_bytes().decode() == text, f"out of date: {how}"


def test_the_same_centre_is_drawn_in_the_same_bytes() -> None:
    backwards = dict(reversed(list(SHOP.items())))
    assert svg(drawing_of(flow_of(SHOP), NUMBER)) == svg(drawing_of(flow_of(backwards), NUMBER))


def test_the_picture_tells_those_who_cannot_see_it() -> None:
    root = ET.fromstring(svg(drawing_of(flow_of(SHOP), NUMBER)))  # noqa: S314  # our own text
    title, desc = root[0], root[1]
    assert title.text == "What callers meet: Shop line (+61255501234)"
    assert desc.text is not None
    assert "Main menu → press 3 → Asks for 1 to 20 digits." in desc.text


def test_holidays_are_shown_where_there_are_some_or_where_they_lead_elsewhere() -> None:
    hours: Fields = {"timezone": "UTC", "weekly": {"mon": ["09:00-17:00"]}}
    number: Fields = {"to": "queue/q", "hours": "s", "closed": "extension/1", "holiday": "hangup"}
    objects: dict[Address, Fields] = {
        Address("schedule", "s"): hours,
        Address("queue", "q"): {"overflow": {"after": "1m", "to": "hangup"}},
        Address("extension", "1"): {},
    }
    elsewhere = said(drawing_of(flow_of({**objects, NUMBER: number}), NUMBER))
    assert (NUMBER.name, "holiday", "Call ends") in elsewhere
    alike = {**number, "holiday": "extension/1"}
    same = said(drawing_of(flow_of({**objects, NUMBER: alike}), NUMBER))
    assert (NUMBER.name, "closed", "Phone: 1") in same


def test_an_outside_phone_a_desk_without_one_and_a_recording_have_words() -> None:
    objects: dict[Address, Fields] = {
        Address("ivr", "t"): {
            "start": "say",
            "nodes": {
                "say": {"type": "play", "prompt": "tune", "then": "mobile"},
                "mobile": {"type": "dial", "number": "+61491570006", "on_no_answer": "desk"},
                "desk": {"type": "dial", "extension": "2001", "ring_for": "10s"},
            },
        },
        Address("prompt", "tune"): {"languages": {"en": {"audio": "tune.wav"}}},
        Address("extension", "2001"): {"device": "none"},
    }
    drawing = drawing_of(flow_of(objects), Address("ivr", "t"))
    assert said(drawing) == {
        ("", "", "Phone: +61491570006"),
        ("Phone: +61491570006", "nobody answers for 20 s", "Phone: 2001"),
        ("Phone: 2001", "nobody there", "Cut off"),
    }
    assert drawing.boxes[0].body == ("plays tune",)


def test_a_tree_of_any_size_is_drawn_in_linear_time() -> None:
    """Lines are counted, for loops within a line call nothing."""

    def lines(size: int) -> int:
        nodes = tangle(random.Random(7), size, 10, 0.1)  # noqa: S311 - for tests
        flow = Flow(centre(estate(nodes)))
        count = 0

        def traced(frame: FrameType, event: str, _argument: object) -> Any:
            nonlocal count
            if frame.f_code.co_filename != drawing_module:
                return None
            count += event == "line"
            return traced

        before = sys.gettrace()
        sys.settrace(traced)
        try:
            drawing_of(flow, Address("ivr", "main"))
        finally:
            sys.settrace(before)
        return count

    drawing_module = drawing_of.__code__.co_filename
    assert lines(200) <= 5 * lines(50)
