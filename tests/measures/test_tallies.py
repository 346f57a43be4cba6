"""Figures over events whose outcome is known beforehand, and laws that hold of any events."""

from collections import Counter
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.measures import MEASURES
from ccstate.measures.events import (
    Abandoned,
    Answered,
    Completed,
    Event,
    Joined,
    Left,
    Member,
    MemberIs,
    Overflow,
    Overflowed,
    RangOut,
    Refused,
    Snapshot,
    State,
)
from ccstate.measures.figures import Counts
from ccstate.measures.tallies import Tallies

HOUR, DAY = 3600.0, 86400.0


def day_of(moment: float) -> float:
    return moment // DAY * DAY


def tallies(*events: Event, within: int = 20, began: float = 0.0) -> Tallies:
    found = Tallies(began, day_of)
    queues = {event.queue for event in events} | {"sales"}
    found.begin(Snapshot(began, dict.fromkeys(queues, within), {}, ()))
    for event in events:
        found.record(event)
    return found


def figure(of: Tallies, name: str, *queues: str, now: float = HOUR) -> float | None:
    return MEASURES[name].value(of.moment(queues or ("sales",), now))


def answered(call: str, waited: int, queue: str = "sales", at: float = 100.0) -> list[Event]:
    return [
        Joined(at, queue, call),
        Left(at + waited, queue, call),
        Answered(at + waited, queue, call, waited),
    ]


def abandoned(call: str, waited: int, queue: str = "sales", at: float = 100.0) -> list[Event]:
    left = at + waited
    return [Joined(at, queue, call), Left(left, queue, call), Abandoned(left, queue, call, waited)]


def test_a_morning_of_ten_calls() -> None:
    found = tallies(
        *answered("1", 5),
        *answered("2", 20),  # 20 s are still in time, as in Asterisk
        *answered("3", 21),
        *answered("4", 54),
        *abandoned("5", 4),
        *abandoned("6", 5),  # not short
        *(Joined(300, "sales", call) for call in ("7", "8", "9")),
        Left(310, "sales", "7"),
        Overflowed(310, "sales", "7", "time"),
        Left(320, "sales", "8"),
        Overflowed(320, "sales", "8", "key"),
        Refused(330, "sales", "full"),
        RangOut(95, "sales"),
        RangOut(98, "sales"),
        Completed(200, "sales", talked=100, held=20, wrap_up=10),
        Completed(210, "sales", talked=50, held=0, wrap_up=10, is_transferred=True),
    )
    expected = {
        "waiting": 1,
        "longest_wait": 60,
        "offered": 9,
        "answered": 4,
        "abandoned": 2,
        "short_abandons": 1,
        "abandon_rate": 25,
        "refused": 1,
        "refused_full": 1,
        "refused_empty": 0,
        "overflowed": 2,
        "overflowed_time": 1,
        "overflowed_key": 1,
        "overflowed_empty": 0,
        "service_level": 25,
        "service_level_of_answered": 50,
        "service_level_less_short": pytest.approx(200 / 7),
        "average_speed_of_answer": 25,
        "average_handle_time": 95,
        "average_talk_time": 75,
        "average_hold_time": 10,
        "average_wrap_up_time": 10,
        "transferred": 1,
        "rang_out": 2,
    }
    assert {name: figure(found, name, now=360.0) for name in expected} == expected


def test_the_service_level_of_several_queues_is_of_their_sums() -> None:
    large = [event for n in range(99) for event in answered(f"a{n}", 60)]
    found = tallies(*large, *answered("b", 1, "billing"))
    assert figure(found, "service_level", "sales") == 0
    assert figure(found, "service_level", "billing") == 100
    assert figure(found, "service_level", "sales", "billing") == 1
    assert figure(found, "answered", "sales", "sales") == 99


def test_where_there_is_nothing_to_divide_by_there_is_no_value() -> None:
    empty = tallies()
    found = {name: figure(empty, name) for name, measure in MEASURES.items()}
    divided = {name for name, measure in MEASURES.items() if "÷" in measure.formula}
    assert {name for name, value in found.items() if value is None} == divided
    assert {found[name] for name in MEASURES.keys() - divided} == {0}


def test_a_day_begins_at_midnight_and_forgets_no_call_that_waits() -> None:
    found = tallies(
        *answered("1", 5, at=DAY - 100), Joined(DAY - 10, "sales", "2"), began=DAY - HOUR
    )
    assert figure(found, "offered", now=DAY - 1) == 2
    assert found.since == DAY - HOUR
    for event in (Left(DAY + 10, "sales", "2"), Answered(DAY + 10, "sales", "2", 20)):
        found.record(event)
    assert found.since == DAY
    assert figure(found, "offered", now=DAY + 20) == 0
    assert figure(found, "answered", now=DAY + 20) == 1
    assert found.total("sales").answered == 2, "what a counter shows goes on"


def test_calls_that_waited_before_the_start_are_offered_and_counted() -> None:
    found = Tallies(1000.0, day_of)
    found.begin(Snapshot(1000.0, {"sales": 20}, {("sales", "1"): 910.0}, ()))
    assert figure(found, "waiting") == 1
    assert figure(found, "longest_wait", now=1010.0) == 100
    found.record(Left(1011.0, "sales", "0"))  # it had left before its queue was read
    found.record(Answered(1011.0, "sales", "0", 50))
    assert figure(found, "offered") == 2


def test_what_happened_while_a_server_was_lost_is_not_made_up() -> None:
    found = tallies(Joined(100, "sales", "1"), Joined(110, "sales", "2"))
    waiting = {("sales", "2"): 110.0, ("sales", "3"): 190.0}
    found.begin(Snapshot(200.0, {"sales": 20}, waiting, ()), lost=150.0)
    assert figure(found, "waiting") == 2
    assert figure(found, "abandoned") == 0
    assert figure(found, "offered") == 3
    assert found.total("sales").unobserved == 1
    assert found.unobserved == 50


def test_a_call_that_had_left_when_its_server_was_lost_ended_unseen() -> None:
    found = tallies(*answered("1", 5), Joined(100, "sales", "2"), Left(110, "sales", "2"))
    found.begin(Snapshot(200.0, {"sales": 20}, {}, ()), lost=150.0)
    counts = found.total("sales")
    assert (counts.offered, counts.answered, counts.unobserved) == (2, 1, 1)


def test_a_call_whose_outcome_comes_first_was_offered() -> None:
    found = tallies(Answered(100, "sales", "1", 5))
    assert figure(found, "offered") == figure(found, "answered") == 1


def test_a_queue_that_is_gone_stays_while_calls_wait_there() -> None:
    found = tallies(Joined(100, "sales", "1"), *answered("2", 1, "old"))
    found.members(Snapshot(200.0, {"new": 20}, {}, ()))
    assert {*found.queues} == {"sales", "new"}
    found.record(Left(210, "sales", "1"))
    found.members(Snapshot(300.0, {"new": 20}, {}, ()))
    assert {*found.queues} == {"new"}


def agent(at: float, queue: str = "sales", name: str = "priya.n", **said: Any) -> MemberIs:
    return MemberIs(at, queue, name, Member(**said))


@pytest.mark.parametrize(
    "said, state",
    [
        ({}, "ready"),
        ({"device": "ringing"}, "ringing"),
        ({"device": "busy"}, "talking"),
        ({"device": "busy", "is_in_call": True, "is_paused": True}, "talking"),
        ({"device": "busy", "is_paused": True}, "paused"),
        ({"is_paused": True}, "paused"),
        ({"device": "away", "is_paused": True}, "logged_out"),
        ({"wraps_until": HOUR + 1}, "wrap_up"),
        ({"wraps_until": HOUR}, "ready"),
        ({"wraps_until": HOUR + 1, "device": "ringing"}, "ringing"),
    ],
)
def test_an_agent_is_in_one_state(said: dict[str, Any], state: State) -> None:
    found = tallies(agent(10, **said))
    assert [row.state for row in found.agents(["sales"], HOUR)] == [state]
    assert found.moment(["sales"], HOUR).agents == {state: 1}


def test_an_agent_is_paused_in_the_queues_in_which_that_is_so() -> None:
    found = tallies(agent(10, is_paused=True, reason="lunch"), agent(10, "billing"))
    rows = {queue: found.agents([queue], HOUR)[0] for queue in ("sales", "billing")}
    assert (rows["sales"].state, rows["sales"].reason) == ("paused", "lunch")
    assert (rows["billing"].state, rows["billing"].reason) == ("ready", "")
    assert figure(found, "agents_ready", "sales", "billing") == 1
    assert figure(found, "agents_logged_in", "sales", "billing") == 1


def test_occupancy_is_the_time_with_calls_of_the_time_for_calls() -> None:
    found = tallies(
        agent(0),
        agent(100, device="ringing"),
        agent(110, device="busy", is_in_call=True),
        agent(200, wraps_until=230.0),  # which ends by itself
        agent(300, is_paused=True),
    )
    # ready 100 + 70, ringing 10, talking 90, wrapping up 30, paused from 300 on.
    assert figure(found, "occupancy", now=1000.0) == 100 * 120 / 300


def test_a_member_that_is_gone_is_no_agent_of_the_queue() -> None:
    found = tallies(agent(0), agent(0, name="alex.k"), MemberIs(5, "sales", "priya.n", None))
    assert [row.agent for row in found.agents(["sales"], 10.0)] == ["alex.k"]
    found.members(Snapshot(20.0, {"sales": 30}, {}, [agent(20, name="maya.j")]))
    assert [row.agent for row in found.agents(["sales"], 30.0)] == ["maya.j"]


OUTCOMES = st.one_of(
    st.builds(lambda s: ("answered", s), st.integers(0, 90)),
    st.builds(lambda s: ("abandoned", s), st.integers(0, 90)),
    st.sampled_from([(cause, 30) for cause in get_args(Overflow)]),
    st.just(("waiting", 0)),
)
CALLS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2000), OUTCOMES), max_size=30)


@given(CALLS, st.integers(0, 2200))
def test_every_call_is_counted_once_and_sums_of_queues_are_sums(
    calls: list[tuple[str, int, tuple[str, int]]], lost: int
) -> None:
    events: list[Event] = []
    for number, (queue, at, (outcome, waited)) in enumerate(calls):
        call = str(number)
        events.append(Joined(at, queue, call))
        if outcome == "waiting":
            continue
        events.append(Left(at + waited, queue, call))
        match outcome:
            case "answered":
                events.append(Answered(at + waited, queue, call, waited))
            case "abandoned":
                events.append(Abandoned(at + waited, queue, call, waited))
            case "time" | "key" | "empty" | "withdrawn":
                events.append(Overflowed(at + waited, queue, call, outcome))
    events.sort(key=lambda event: event.at)  # stable: joined before left
    found = tallies(*events)
    expected = Counter(outcome for _, _, (outcome, _) in calls)
    whole = found.moment("abc", HOUR)
    assert whole.counts.answered == expected["answered"]
    assert whole.counts.abandoned == expected["abandoned"]
    assert whole.waiting == expected["waiting"]
    assert whole.counts.offered == len(calls) == whole.counts.ended + whole.waiting
    parts = sum((found.moment([queue], HOUR).counts for queue in "abc"), Counts())
    assert parts == whole.counts

    # Whenever a server is lost, every call that was seen ended somehow.
    partly = tallies(*(event for event in events if event.at <= lost))
    partly.begin(Snapshot(HOUR, dict.fromkeys("abc", 20), {}, ()), lost=float(lost))
    seen = partly.moment("abc", HOUR).counts
    assert seen.offered == sum(at <= lost for _, at, _ in calls) == seen.ended + seen.unobserved


def test_every_figure_is_said_in_words() -> None:
    for name, measure in MEASURES.items():
        assert name == measure.name
        assert measure.definition.endswith(".")
        assert measure.excludes.endswith(".")
        assert all(getattr(measure, each.name) != "" for each in fields(measure))
