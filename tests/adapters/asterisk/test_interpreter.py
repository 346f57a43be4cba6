"""The interpreter of dialplans stops where the world decides, and follows nothing that it cannot."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.conf import parse
from ccstate.adapters.asterisk.conf.dialplan import dialplan
from ccstate.adapters.asterisk.interpreter import (
    ENDLESS,
    Call,
    Clock,
    Decides,
    Ended,
    Interpreter,
    Keys,
    Moments,
    NotFollowed,
    Rings,
    Stop,
    Survey,
    Waits,
    edges,
)
from ccstate.adapters.asterisk.interpreter.text import evaluate

FIRST = date(2026, 11, 30)
ZONE = "Australia/Sydney"


def interpreter(text: str) -> Interpreter:
    plan = dialplan(parse(text.encode(), "extensions.conf"))
    return Interpreter(plan, Moments(FIRST, ZONE, edges(plan)), Survey(plan))


def played(steps: str, more: str = "") -> tuple[Interpreter, Stop]:
    """A call into an extension with these steps, up to its first stop."""
    lines = "\n".join(f" same => n,{step}" for step in steps.split("; "))
    play = interpreter(f"[in]\nexten => s,1,NoOp()\n{lines}\n{more}")
    return play, play.run(play.begin("in", "s"))


@pytest.mark.parametrize(
    "steps, reason",
    [
        ("AGI(x)", "AGI() is not interpreted"),
        ("Answer(); System(rm)", "System() is not interpreted"),
        ("GotoIf($[${EPOCH} > 5]?a)", "depends on EPOCH"),
        ("GotoIf($[${RAND(1,2)} = 1]?a)", "depends on RAND()"),
        ("GotoIf($[a b c]?a)", "is a syntax error"),
        ("Set(HASH(a)=1)", "Set(HASH()=) is not followed"),
        ("Dial(Local/5@x&PJSIP/1,10)", "beside other phones"),
        ("Dial(Local/5@x,10,tg)", "with such options"),
        ("Dial(PJSIP/1,10,G(x))", "the option G"),
        ("GotoIfTime(9-17,*,*,*?a)", "no span of hours"),
        ("VoiceMail(1@a&2@a)", "more than one mailbox"),
        ("ConfBridge(1,,guests)", "the profiles of ConfBridge()"),
        ("Goto(${UNIQUEID},1)", "depends on UNIQUEID"),
    ],
)
def test_what_it_does_not_know_it_does_not_follow_and_says_where(steps: str, reason: str) -> None:
    with pytest.raises(NotFollowed) as raised:
        played(steps)
    assert reason in raised.value.reason
    assert raised.value.line is not None
    assert raised.value.line.file == "extensions.conf"
    assert raised.value.line.line == 2 + steps.count(";") + 1


@pytest.mark.parametrize("written, seconds", [("", None), (",,,,0", 0), (",,,,45", 45)])
def test_a_wait_in_a_queue_has_no_end_only_where_none_is_said(
    written: str, seconds: int | None
) -> None:
    _, stop = played(f"Queue(help{written})")
    assert isinstance(stop, Waits)
    assert stop.seconds == seconds


def test_a_value_that_no_one_knows_may_be_carried_along() -> None:
    _, stop = played("Set(FILE=${UNIQUEID}-${EPOCH}.wav); MixMonitor(${FILE}); Queue(help)")
    assert isinstance(stop, Waits)
    assert [heard.kind for heard in stop.heard] == ["records"]


def test_a_callers_number_is_asked_for_where_the_dialplan_compares_with_it() -> None:
    play, stop = played('GotoIf($["${CALLERID(num)}" = "0400000000"]?v); Hangup(); Queue(help)')
    assert isinstance(stop, Decides)
    assert (stop.fact, stop.values) == ("caller", ("12025550143", "0400000000"))
    assert isinstance(play.decided(stop, "12025550143"), Ended)


def test_a_global_that_calls_set_has_each_of_its_values() -> None:
    more = "exten => *1,1,Set(GLOBAL(N)=1)\nexten => *2,1,Set(GLOBAL(N)=2)\n[globals]\nN=0\n"
    play, stop = played("GotoIf($[${N} = 2]?in,x,1); Hangup()", more)
    assert isinstance(stop, Decides)
    assert (stop.fact, stop.values) == ("GLOBAL(N)", ("0", "1", "2"))
    turned = play.run(play.begin("in", "*1"))
    assert turned.call.facts == {"GLOBAL(N)": "1"}
    assert [heard.what for heard in turned.heard] == ["GLOBAL(N)=1"]


def test_a_global_that_nothing_sets_is_a_constant() -> None:
    _, stop = played("GotoIf($[${N} = 2]?in,s,4); Hangup(); Queue(help)", "[globals]\nN=2\n")
    assert isinstance(stop, Waits)


def test_the_clock_divides_the_moments_of_a_year() -> None:
    play, stop = played("GotoIfTime(9:00-16:59,mon-fri,*,*?in,s,4); Hangup(); Queue(help)")
    assert isinstance(stop, Clock)
    closed = play.moments.every & ~stop.holds
    assert isinstance(play.at(stop, stop.holds), Waits)
    assert isinstance(play.at(stop, closed), Ended)
    for bit, at in enumerate(play.moments.all()):
        is_open = at.weekday() < 5 and 9 <= at.hour < 17
        assert bool(stop.holds >> bit & 1) is is_open, at


def test_the_edges_of_hours_are_among_the_moments() -> None:
    play, _ = played("GotoIfTime(9:00-16:59,mon-fri,*,*?in,s,4); Hangup(); Queue(help)")
    monday = datetime(2026, 11, 30, tzinfo=ZoneInfo(ZONE))
    minutes = {at.hour * 60 + at.minute for at in play.moments.all() if at.date() == monday.date()}
    assert {539, 540, 1019, 1020} <= minutes


def test_steps_that_go_round_without_the_caller_are_endless() -> None:
    _, stop = played("Answer(); Playback(a); Goto(2)")
    assert isinstance(stop, Ended)
    assert stop.end == ENDLESS
    assert [heard.what for heard in stop.heard] == ["a"]


def test_phones_ring_together_and_the_status_decides() -> None:
    play, stop = played(
        "Dial(PJSIP/1&PJSIP/2,20,tT); Goto(s-${DIALSTATUS},1)", "exten => s-BUSY,1,Queue(q)"
    )
    assert isinstance(stop, Rings)
    assert (stop.targets, stop.seconds, stop.options) == (("PJSIP/1", "PJSIP/2"), 20, "tT")
    assert isinstance(play.rung(stop, "BUSY"), Waits)
    assert isinstance(play.rung(stop, "NOANSWER"), Ended)


def test_an_announcement_with_a_wait_behind_it_asks_once() -> None:
    _, stop = played("Background(a); Background(b); WaitExten(7)")
    assert isinstance(stop, Keys)
    assert stop.seconds == 7
    assert [heard.what for heard in stop.heard] == ["a", "b"]


@given(st.text(max_size=60))
def test_no_expression_raises_anything_else(text: str) -> None:
    try:
        evaluate(text)
    except NotFollowed:
        return


@given(st.text(alphabet='()$[]{}"=<>|&+-*/%!:?~ab01., ', max_size=40))
def test_no_expression_of_signs_raises_anything_else(text: str) -> None:
    try:
        evaluate(text)
    except NotFollowed:
        return


APPS = st.sampled_from(
    [
        *("Set", "Goto", "GotoIf", "Gosub", "Read", "Dial", "Queue", "VoiceMail", "ExecIf"),
        *("Background", "WaitExten", "Macro", "Return", "While", "EndWhile", "GotoIfTime"),
        *("Hangup", "Wait"),
    ]
)
DATA = st.text(alphabet='${}[]()=?:,&|"sabXN019.@/-+ ', max_size=24)


@given(st.lists(st.tuples(APPS, DATA), min_size=1, max_size=5))
def test_no_dialplan_raises_anything_else(steps: list[tuple[str, str]]) -> None:
    text = "".join(f" same => n,{app}({data})\n" for app, data in steps)
    play = interpreter(f"[in]\nexten => s,1,NoOp()\n{text}exten => i,1,Hangup()\n")
    call = Call("in", "s", facts={"caller": "5"}, moments=play.moments.every)
    try:
        stop = play.run(call)
        if isinstance(stop, Keys):
            play.pressed(stop, "1")
            play.silent(stop)
    except NotFollowed:
        return
