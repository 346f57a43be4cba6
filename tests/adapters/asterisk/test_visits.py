"""What AMI says of a call in a queue, in the order of 16.28 and 22.10, and what it means."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.ami.message import Message
from ccstate.adapters.asterisk.measuring.visits import Visits
from ccstate.measures.events import (
    Abandoned,
    Answered,
    Completed,
    Event,
    Joined,
    Left,
    Member,
    MemberIs,
    Overflowed,
    RangOut,
    Refused,
)
from ccstate.measures.tallies import Tallies

CALL, LINE = "1796126671.0", "1796126671.1"


def said(event: str, **headers: object) -> Message:
    lines = {"Event": event, "Uniqueid": CALL, "Context": "in", "Exten": "s", **headers}
    return Message("\r\n".join(f"{key}: {value}" for key, value in lines.items()).encode())


def step(queue: str = "sales", **headers: object) -> Message:
    return said("Newexten", Application="Queue", AppData=f"{queue},t,,,4", **headers)


def join(queue: str = "sales", **headers: object) -> Message:
    return said("QueueCallerJoin", Queue=queue, **headers)


def abandon(waited: int) -> Message:
    return said("QueueCallerAbandon", Queue="sales", HoldTime=waited)


def leave(**headers: object) -> Message:
    return said("QueueCallerLeave", Queue="sales", **headers)


def status(value: str) -> Message:
    return said("VarSet", Variable="QUEUESTATUS", Value=value)


def connect(waited: int = 3) -> Message:
    return said("AgentConnect", Queue="sales", HoldTime=waited, DestUniqueid=LINE)


def complete(talked: int, reason: str = "caller") -> Message:
    return said("AgentComplete", Queue="sales", TalkTime=talked, Reason=reason, DestUniqueid=LINE)


def events(*messages: Message, visits: Visits | None = None) -> list[Event]:
    """What they mean, one a second, without who joined and left."""
    visits = visits or Visits()
    found = [
        event for at, message in enumerate(messages) for event in visits.events(message, float(at))
    ]
    return [event for event in found if not isinstance(event, Joined | Left)]


HANGUP = said("Hangup", Cause=16)
ENTERED = (step(), join())
GONE = (abandon(5), leave())


@pytest.mark.parametrize(
    "messages, meaning",
    [
        ([*ENTERED, leave(), connect(), HANGUP], [Answered(3, "sales", CALL, 3)]),
        ([*ENTERED, *GONE, HANGUP], [Abandoned(4, "sales", CALL, 5)]),
        ([*ENTERED, *GONE, status("TIMEOUT"), HANGUP], [Overflowed(4, "sales", CALL, "time")]),
        ([*ENTERED, *GONE, status("LEAVEEMPTY")], [Overflowed(4, "sales", CALL, "empty")]),
        ([*ENTERED, *GONE, status("LEAVEUNAVAIL")], [Overflowed(4, "sales", CALL, "empty")]),
        ([*ENTERED, *GONE, status("WITHDRAW")], [Overflowed(4, "sales", CALL, "withdrawn")]),
        ([step(), status("FULL"), HANGUP], [Refused(1, "sales", "full")]),
        ([step(), status("JOINEMPTY"), HANGUP], [Refused(1, "sales", "empty")]),
        ([step(), status("JOINUNAVAIL"), HANGUP], [Refused(1, "sales", "empty")]),
        ([step(), status("UNKNOWN"), HANGUP], []),
        ([step(), HANGUP, status("FULL")], []),
        # Answered, and the dialplan goes on after the agent has hung up.
        ([*ENTERED, leave(), connect(), status("CONTINUE")], [Answered(3, "sales", CALL, 3)]),
    ],
)
def test_what_became_of_a_call(messages: list[Message], meaning: list[Event]) -> None:
    assert events(*messages) == meaning


def test_a_key_leads_out_at_once_on_22_which_repeats_the_step() -> None:
    moved = {"Context": "keys/sales", "Exten": "1"}
    found = events(*ENTERED, step(**moved), leave(**moved))
    assert found == [Overflowed(3, "sales", CALL, "key")]


@pytest.mark.parametrize(
    "then", [[HANGUP], [step("late")], [join("late")], [step("late"), join("late")]]
)
def test_a_key_shows_on_16_by_what_the_call_does_then(then: list[Message]) -> None:
    assert events(*ENTERED, leave(), *then) == [Overflowed(3, "sales", CALL, "key")]


def test_a_call_that_joins_while_the_queues_are_read_has_joined_once() -> None:
    visits = Visits()
    visits.waits(CALL, "sales", 0.0)
    found = events(*ENTERED, leave(), connect(), visits=visits)
    assert found == [Answered(3, "sales", CALL, 3)]


def test_a_call_that_waited_before_counting_began_has_its_outcome() -> None:
    for then, meaning in (
        ([leave(), connect()], Answered(1, "sales", CALL, 3)),
        ([*GONE, HANGUP], Abandoned(2, "sales", CALL, 5)),
        ([leave(Context="keys/sales"), HANGUP], Overflowed(1, "sales", CALL, "key")),
        ([leave(), join("late")], Overflowed(1, "sales", CALL, "key")),
    ):
        visits = Visits()
        visits.waits(CALL, "sales", -9.0)
        assert events(*then, visits=visits) == [meaning]


def test_a_call_that_overflows_into_another_queue_is_there_a_call_of_its_own() -> None:
    found = events(*ENTERED, *GONE, status("TIMEOUT"), step("late"), join("late"), HANGUP)
    assert found == [Overflowed(4, "sales", CALL, "time"), Abandoned(7, "late", CALL, 1)]


def test_a_call_that_was_taken_out_by_a_redirect_counts_when_it_ends() -> None:
    assert events(*ENTERED, *GONE) == []
    assert events(*ENTERED, *GONE, HANGUP) == [Abandoned(4, "sales", CALL, 5)]


def test_time_on_hold_is_taken_from_the_talk() -> None:
    hold, unhold = said("Hold", Uniqueid=LINE), said("Unhold", Uniqueid=LINE)
    of_caller = said("Hold", Uniqueid=CALL)
    visits = Visits()
    visits.wrap_ups = {"sales": 15}
    found = events(
        *ENTERED, leave(), connect(), of_caller, hold, hold, unhold, unhold, hold, complete(20),
        visits=visits,
    )  # fmt: skip
    assert found[1:] == [Completed(10, "sales", talked=17, held=3, wrap_up=15)]


def test_a_call_that_was_passed_on_is_completed_once() -> None:
    found = events(*ENTERED, leave(), connect(), complete(9, "transfer"), complete(20), HANGUP)
    assert found[1:] == [Completed(4, "sales", 9, 0, 0, is_transferred=True)]
    twice = (*ENTERED, leave(), connect(), complete(9))
    assert len(events(*twice, *twice)) == 4, "a caller who is answered twice talks twice"


def test_a_ring_that_nobody_takes() -> None:
    assert events(said("AgentRingNoAnswer", Queue="sales")) == [RangOut(0, "sales")]


@pytest.mark.parametrize(
    "headers, member",
    [
        ({}, Member()),
        ({"Status": 0}, Member()),
        ({"Status": 5}, Member(device="away")),
        ({"Status": 6}, Member(device="ringing")),
        ({"Status": 2, "InCall": 1}, Member(device="busy", is_in_call=True)),
        ({"Paused": 1, "PausedReason": "tea"}, Member(is_paused=True, reason="tea")),
        ({"Paused": 0, "PausedReason": "tea"}, Member()),
        ({"LastCall": 1000}, Member(wraps_until=1010 - 60)),
        ({"LastCall": 1000, "Wrapuptime": 30}, Member(wraps_until=1030 - 60)),
    ],
)
def test_what_an_agent_does(headers: dict[str, object], member: Member) -> None:
    visits = Visits()
    visits.wrap_ups = {"sales": 10}
    visits.ahead = 60.0
    known = {"Queue": "sales", "MemberName": "priya.n", "Status": 1, "Paused": 0, "LastCall": 0}
    (found,) = events(said("QueueMemberStatus", **{**known, **headers}), visits=visits)
    assert found == MemberIs(0, "sales", "priya.n", member)
    (gone,) = events(said("QueueMemberRemoved", **known))
    assert gone == MemberIs(0, "sales", "priya.n", None)


MESSAGES: dict[str, Any] = {
    "step": step(), "other": step("late"), "join": join(), "late": join("late"), "abandon": abandon(5),
    "leave": leave(), "moved": leave(Context="keys/sales"), "timeout": status("TIMEOUT"),
    "full": status("FULL"), "connect": connect(), "complete": complete(5), "hangup": HANGUP,
}  # fmt: skip


@given(st.lists(st.sampled_from(sorted(MESSAGES)), max_size=20))
def test_whatever_comes_calls_add_up_and_nothing_is_kept_of_a_call_that_is_over(
    names: Iterable[str],
) -> None:
    visits, tallies = Visits(), Tallies(0.0, lambda moment: moment * 0)
    for at, message in enumerate([*map(MESSAGES.__getitem__, names), HANGUP, complete(5)]):
        for event in visits.events(message, float(at)):
            tallies.record(event)
    whole = tallies.moment(tallies.queues, 100.0)
    assert whole.waiting == 0
    assert whole.counts.offered == whole.counts.ended
    kept = (visits._visits, visits._talks, visits._attempts, visits._lines)
    assert all(not each for each in kept)
