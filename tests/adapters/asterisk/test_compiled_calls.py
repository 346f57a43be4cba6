"""Calls through the dialplan that is written for an estate go as the one model of calls says."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.conf.dialplan import Dialplan
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import WITHHELD, Year
from ccstate.journeys.walk import RUNG, Answering, Journey, Step, walk
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address
from tests.adapters.asterisk.played_calls import (
    ANYBODY,
    ENDLESS_END,
    NO_ANSWER,
    OVER,
    WAITS_END,
    Call,
    Told,
    loaded,
)
from tests.examples import scaled
from tests.journeys.strategies_journeys import (
    CALLING,
    FIRST,
    SCHEDULES,
    Plain,
    centre,
    centres,
    either,
    entries,
    moments,
    some_schedule,
)

TRUNKS = {"one": {"host": "192.0.2.1"}, "two": {"host": "192.0.2.2"}}
SITE = Setting(b"k" * 32, is_test_site=True)
ENDS = {
    End.HUMAN: "human",
    End.MESSAGE: "message",
    End.HANGUP: OVER,
    End.CUT_OFF: OVER,
    End.WAITS: WAITS_END,
    End.ENDLESS: ENDLESS_END,
}


def planned(plain: Plain) -> Dialplan:
    """The dialplan of a test site for the estate, as its include file says it."""
    objects = {Address(k, n): fields for k, named in plain.items() for n, fields in named.items()}
    text = serialize(compile_objects(objects, SITE))["extensions.d/ccstate.conf"]
    # The interpreter knows no headers: the switches that are on stand where they would be read.
    on = [name for name, switch in plain.get("switch", {}).items() if switch.get("default") == "on"]
    brought = f"/{'/'.join(on)}/".encode()
    # The interpreter does not follow how a room is set up, which changes no way of a call.
    text = text.replace(b"Set(CONFBRIDGE(", b"NoOp((")
    return loaded(text.replace(b"${PJSIP_HEADER(read,X-Ccstate-On)}", brought))


def called(
    plan: Dialplan,
    number: str,
    at: datetime | None = None,
    keys: Any = (),
    outcomes: Any = (),
    *,
    caller: str = ANYBODY,
) -> Call:
    """A call to a number, as it comes in on a test site."""
    call = Call(plan, keys, outcomes)
    moment = {"CC_AT": str(int(at.timestamp()))} if at else {}
    call.run("ccstate-test-numbers", number, moment, caller)
    return call


some_centres = centres()


@st.composite
def whole_centres(draw: st.DrawFn) -> Plain:
    """Centres as loading lets them through, where what decides about a call is really there."""
    text = (
        json.dumps(draw(some_centres))
        .replace('"list": "gone"', '"list": "vip"')
        .replace('"switch": "gone"', '"switch": "night"')
    )
    plain: Plain = json.loads(text)
    plain["schedule"] = {name: draw(some_schedule) for name in SCHEDULES}
    plain["trunk"] = dict(TRUNKS)
    for room in plain["conference_room"].values():
        room.pop("max_members", None)  # a call that is played has the room to itself
    for number in plain["number"].values():
        if number.get("hours") == "gone":
            del number["hours"]
        if draw(either):
            number["trunk"] = "two"
    for tree in plain["ivr"].values():
        if tree["start"] not in tree["nodes"]:
            tree["start"] = "n0"
    sent = repr(plain)
    for name, extension in plain["extension"].items():
        is_named = f"voicemail/{name}" in sent or f"'mailbox': '{name}'" in sent
        if is_named and extension.get("voicemail") is None:
            extension["voicemail"] = {}
    return plain


def observable(flow: Flow, step: Step) -> Event:
    """What a platform can tell of a step: callers wait in a queue that does not send them on when empty."""
    ways = flow.ways(step.place)
    is_entered = any(way.event is Event.ANSWERED for way in ways)
    overflow = flow.centre.of("queue").get(step.place.name, {}).get("overflow") or {}
    is_wait = step.place.kind == "queue" and is_entered and not overflow.get("empty")
    if step.way.event is Event.EMPTY and is_wait and not step.way.schedule:
        return Event.NO_ANSWER
    return step.way.event


def rung(flow: Flow, journey: Journey) -> list[str]:
    """What comes of each place of a journey at which something rings."""
    return [
        observable(flow, step).value
        for step in journey.steps
        if any(way.event is Event.ANSWERED for way in flow.ways(step.place))
        and step.way.event in RUNG
        and not (step.way.event is Event.EMPTY and step.way.schedule)
    ]


outcomes = st.lists(
    st.sampled_from([Event.ANSWERED, Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY]),
    max_size=3,
)


calling = st.sampled_from([ANYBODY, *CALLING[:2], "+61491579999", "+442079460000", WITHHELD])


@settings(max_examples=scaled(150))
@given(whole_centres(), moments, entries, st.booleans(), outcomes, calling)
def test_a_call_goes_through_the_dialplan_as_the_model_says(  # noqa: PLR0917 - all that is drawn
    plain: Plain, at: datetime, keys: list[str], answered: bool, coming: list[Event], caller: str
) -> None:
    flow = Flow(centre(plain))
    plan = planned(plain)
    answering = Answering.ALWAYS if answered else Answering.NEVER
    for name in plain["number"]:
        start = Place("number", name)
        phases = Year(flow.centre, FIRST).phases(
            flow.schedules(flow.reached(start)), at, caller=caller
        )
        said = walk(flow, start, phases, keys, answering=answering, outcomes=coming)
        went = [Told(str(s.place), observable(flow, s).value, s.way.key) for s in said.steps]
        shows = "" if caller == WITHHELD else caller
        found = called(plan, name.removeprefix("+"), at, keys, rung(flow, said), caller=shows)
        event(said.end.value)
        if said.end is End.ENDLESS:
            # Each of the two notices in its own time that a call goes round.
            both = min(len(found.told), len(went))
            assert found.told[:both] == went[:both]
            assert both
        else:
            assert found.told == went
        assert found.end == ENDS[said.end]
        if said.end in (End.HUMAN, End.MESSAGE, End.WAITS):
            assert found.at == said.at


def small(**nodes: dict[str, Any]) -> Plain:
    """One number that leads into a tree, two trunks, one phone with a mailbox."""
    return {
        "number": {"+61255500000": {"to": "ivr/main", "trunk": "one"}},
        "ivr": {"main": {"start": next(iter(nodes)), "nodes": nodes}},
        "trunk": dict(TRUNKS),
        "extension": {"2001": {"voicemail": {}}},
        "prompt": {"hello": {"languages": {"en-AU": {"text": "Hello"}}}},
    }


OUTSIDE = {"type": "dial", "number": "+61255501234", "ring_for": "0s", "on_no_answer": "voicemail/2001"}  # fmt: skip


@pytest.mark.parametrize(
    "outcomes, dialled",
    [
        ([NO_ANSWER], ["one"]),
        (["busy"], ["one"]),
        (["line down", NO_ANSWER], ["one", "two"]),
        (["line down", "line down"], ["one", "two"]),
    ],
)
def test_only_a_line_that_is_down_is_tried_on_the_next_trunk(
    outcomes: list[str], dialled: list[str]
) -> None:
    call = called(planned(small(door=OUTSIDE)), "61255500000", outcomes=outcomes)
    assert call.dialled == [f"PJSIP/+61255501234@trunk-{name}" for name in dialled]
    assert (call.end, call.at) == ("message", "voicemail/2001")


def test_a_number_of_a_trunk_is_reached_by_it_alone() -> None:
    plan = planned(small(door={"type": "hangup"}))
    for context, expected in (("trunk/one", 2), ("trunk/two", 0), ("numbers", 0)):
        call = Call(plan)
        call.run(context, "+61255500000")
        assert len(call.told) == expected


HELP: Plain = {
    "site": {
        "lon": {"timezone": "Europe/London", "emergency_callback": "+442079460000"},
        "dub": {"timezone": "Europe/Dublin"},
    },
    "trunk": {"one": {"host": "192.0.2.1", "caller_id": "+442079460001"}},
    "outbound_route": {
        "emergency": {"patterns": ["999"], "trunks": ["one"], "emergency": True},
        "abroad": {"patterns": ["00."], "strip": 2, "prepend": "+", "trunks": ["one"]},
        "plus": {"patterns": ["+."], "trunks": ["one"]},
    },
    "extension": {"2001": {"site": "lon"}},
}


@pytest.mark.parametrize(
    "site, own, dialled, shown",
    [
        ("lon", "", "999", "+442079460000"),
        ("lon", "+442079460002", "999", "+442079460000"),
        ("dub", "", "999", "+442079460001"),
        ("dub", "+442079460002", "999", "+442079460002"),
        ("lon", "", "0035315550100", "+442079460001"),
        ("lon", "+442079460002", "0035315550100", "+442079460002"),
    ],
)
def test_an_emergency_call_shows_the_number_at_which_its_site_is_called_back(
    site: str, own: str, dialled: str, shown: str
) -> None:
    call = Call(planned(HELP), outcomes=["line down"])
    call.run(f"site/{site}", dialled, {"CC_EXTENSION": "2001", "CC_CALLER": own})
    assert call.caller == shown


@pytest.mark.parametrize(
    "dialled, sent", [("0035315550100", "+35315550100"), ("+35315550100", "+35315550100")]
)
def test_a_lone_plus_is_put_in_front_and_dialled(dialled: str, sent: str) -> None:
    call = Call(planned(HELP), outcomes=["line down"])
    call.run("site/lon", dialled)
    assert call.dialled == [f"PJSIP/{sent}@trunk-one"]


ASKING: Plain = {
    **small(ask={
        "type": "callers",
        "callers": [{"list": "staff", "to": "extension/2001"}],
        "others": "hangup",
    }),
    "caller_list": {
        "vip": {"numbers": ["+61491570006"], "prefixes": ["+4420", "+61491570010"]},
        "blocked": {"withheld": True},
        "staff": {"prefixes": ["+6139555"]},
    },
}  # fmt: skip
ASKING["number"]["+61255500000"]["callers"] = [
    {"list": "blocked", "to": "voicemail/2001"},
    {"list": "vip", "to": "extension/2001"},
]


@pytest.mark.parametrize(
    "caller, told",
    [
        ("+61491570006", [("number/+61255500000", "caller in list", "vip")]),
        ("+442079460000", [("number/+61255500000", "caller in list", "vip")]),
        ("+61491570010", [("number/+61255500000", "caller in list", "vip")]),
        ("", [("number/+61255500000", "caller in list", "blocked")]),
        # What is no number is filtered to nothing: it can name no extension of a list.
        ("withheld", [("number/+61255500000", "caller in list", "blocked")]),
        (
            "+61395550123",
            [("number/+61255500000", "other caller"), ("ivr/main ask", "caller in list", "staff")],
        ),
        (ANYBODY, [("number/+61255500000", "other caller"), ("ivr/main ask", "other caller")]),
    ],
)
def test_a_list_is_asked_by_the_digits_of_the_caller(
    caller: str, told: list[tuple[str, ...]]
) -> None:
    call = called(planned(ASKING), "61255500000", caller=caller)
    assert call.told[: len(told)] == [Told(*one) for one in told]
