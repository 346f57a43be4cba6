"""Every call to a place, folded; and one call without an answer."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from ccstate.journeys.centre import Centre
from ccstate.journeys.enumeration import Calls, Lost, Tally, calls, enumerate_year
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import asked_in_vain, call, exists, keys_left
from ccstate.journeys.ways import End, Event, Place
from ccstate.model import Address, Fields
from ccstate.render.enumeration import ends_counted, proof
from tests.journeys.strategies_journeys import centre
from tests.journeys.tangles import estate, wide

SYDNEY = ZoneInfo("Australia/Sydney")
FIRST = date(2026, 11, 22)
OBJECTS: dict[Address, Fields] = {
    Address("schedule", "days"): {
        "timezone": "Australia/Sydney",
        "weekly": {"mon": ["09:00-17:00"]},
        "holidays": [{"name": "Christmas", "date": "2026-12-25"}],
    },
    Address("schedule", "shop"): {
        "timezone": "Australia/Sydney",
        "weekly": {"mon": ["10:00-17:00"]},
    },
    Address("extension", "2001"): {"device": "softphone", "voicemail": {}},
    Address("extension", "2002"): {"device": "none", "voicemail": {}},
    Address("queue", "sales"): {
        "members": [{"extension": "2001"}],
        "max_waiting": 5,
        "overflow": {"after": "3m", "to": "voicemail/2002", "full": "hangup"},
    },
    Address("queue", "ping"): {"overflow": {"after": "1m", "to": "queue/pong"}},
    Address("queue", "pong"): {"overflow": {"after": "1m", "to": "queue/ping"}},
    Address("ivr", "main"): {
        "start": "door",
        "nodes": {
            "door": {"type": "hours", "schedule": "shop", "open": "menu", "closed": "menu"},
            "menu": {
                "type": "menu",
                "prompt": "menu",
                "choices": {"1": "queue/sales", "2": "account", "*": "door"},
                "on_timeout": "hangup",
            },
            "account": {
                "type": "collect",
                "prompt": "menu",
                "save_as": "account",
                "min_digits": 4,
                "max_digits": 4,
                "then": "hangup",
                "on_timeout": "menu",
            },
        },
    },
    Address("number", "+61255501234"): {
        "to": "ivr/main",
        "hours": "days",
        "closed": "voicemail/2002",
    },
    Address("number", "+61255501235"): {"to": "queue/ping"},
    Address("number", "+61255501236"): {"to": "queue/gone"},
}
FLOW = Flow(Centre(OBJECTS))
YEAR = Year(FLOW.centre, FIRST)


def made(name: str, most: int = 2_000) -> Calls:
    return calls(FLOW, YEAR, Place("number", name), most)


def test_states_in_which_the_same_keys_lead_to_the_same_ends_are_one_block() -> None:
    found = made("+61255501234")
    assert len(YEAR.states(["days", "shop"])) == 4
    assert [len(block.states) for block in found.blocks] == [2, 2]
    closed, is_open = found.blocks
    assert {call.journey.at for call in closed.calls} == {"voicemail/2002"}
    assert {call.journey.end for call in is_open.calls} == {
        End.HUMAN,
        End.MESSAGE,
        End.HANGUP,
        End.RETURNS,
    }


def test_decisions_are_keys_and_what_became_of_waits() -> None:
    ends = {t.decisions: t.journey.at for t in made("+61255501234").blocks[1].calls}
    one = (Event.KEY, "1")
    assert ends[(one,)] == "queue/sales"
    assert ends[one, (Event.NO_ANSWER, "")] == "voicemail/2002"
    assert ends[one, (Event.FULL, "")] == "hangup"
    assert ends[(Event.KEY, "2"), (Event.DIGITS, "1111")] == "hangup"
    assert ends[((Event.WRONG_KEY, ""),)] == "hangup"


def test_what_cannot_go_otherwise_is_no_decision() -> None:
    assert all(not call.decisions for call in made("+61255501236").blocks[0].calls)


def test_rounds_without_end_are_found() -> None:
    found = made("+61255501235")
    assert found.rounds == ((Place("queue", "ping"), Place("queue", "pong")),)
    assert found.ends_badly
    assert found.silent.journey.end is End.ENDLESS


def test_an_enumeration_that_is_cut_off_says_so() -> None:
    assert [block.is_complete for block in made("+61255501234", 3).blocks] == [True, False]


def test_the_sum_counts_every_state() -> None:
    tally = Tally()
    starts = [Place("number", name) for name in sorted(FLOW.centre.of("number"))]
    for found in enumerate_year(FLOW, YEAR, starts):
        tally.add(found)
    assert tally.numbers == 3
    assert tally.situations == 4 + 1 + 1
    assert tally.journeys == sum(tally.ends.values())
    assert tally.ends[End.CUT_OFF] == 1
    assert tally.bad == 1
    assert not tally.is_good
    assert [start.name for start, _ in tally.rounds] == ["+61255501235"]
    assert tally.incomplete == []
    assert tally.unfollowed == []
    assert tally.silent is not None
    tally = Tally()
    tally.add(made("+61255501234", 3))
    assert tally.incomplete == [Place("number", "+61255501234")]


def test_a_call_says_where_it_parts_without_an_answer() -> None:
    at = datetime(2026, 11, 23, 11, 0, tzinfo=SYDNEY)
    found = call(FLOW, YEAR, Place("number", "+61255501234"), at, ["1"])
    assert found.answered.at == "queue/sales"
    assert found.unanswered.at == "voicemail/2002"
    assert found.answered.steps[found.parts_at].place == Place("queue", "sales")
    assert found.is_answered
    assert found.ends_well
    alone = call(FLOW, YEAR, Place("number", "+61255501234"), at, [""])
    assert not alone.is_answered
    assert alone.parts_at == len(alone.answered.steps)


@pytest.mark.parametrize(
    "keys, left, asked",
    [
        (["1"], (), []),
        (["1", "7"], ("7",), []),
        (["17"], ("7",), []),
        (["1", "", "8#"], ("8#",), []),
        ([], (), ["menu"]),
        ([""], (), []),
        (["2"], (), ["account", "menu"]),
        (["2", ""], (), ["menu"]),
        (["2", "12345"], ("5",), []),
    ],
)
def test_keys_that_are_left_and_questions_without_keys(
    keys: list[str], left: tuple[str, ...], asked: list[str]
) -> None:
    at = datetime(2026, 11, 23, 11, 0, tzinfo=SYDNEY)
    journey = call(FLOW, YEAR, Place("number", "+61255501234"), at, keys).answered
    assert keys_left(journey, keys) == left
    assert [place.node for place in asked_in_vain(journey, keys)] == asked


def test_an_hour_that_no_clock_shows_does_not_exist() -> None:
    assert not exists(datetime(2026, 10, 4, 2, 30, tzinfo=SYDNEY))
    assert exists(datetime(2026, 10, 4, 3, 0, tzinfo=SYDNEY))
    assert exists(datetime(2027, 4, 4, 2, 30, tzinfo=SYDNEY))
    assert exists(datetime(2027, 4, 4, 2, 30, tzinfo=SYDNEY, fold=1))


def test_a_bad_end_is_known_however_many_journeys_come_before_it() -> None:
    nodes = wide(3)
    last = nodes[nodes[nodes["n0"]["choices"]["#"]]["choices"]["#"]]["choices"]
    last["#"] = "extension/gone"
    flow = Flow(centre(estate(nodes)))
    start = Place("number", "+61255500001")
    tally = Tally()
    tally.add(calls(flow, Year(flow.centre, FIRST), start))
    assert tally.bad == 0
    node = nodes[nodes["n0"]["choices"]["#"]]["choices"]["#"]
    assert tally.unfollowed == [(start, Lost(Place("ivr", "main", node), End.CUT_OFF))]
    assert not tally.is_good
    sentences = [words for words, _ in (*ends_counted(tally), *proof(flow, tally))]
    assert "none ends badly" not in sentences
    assert any(words.startswith("Among them, callers of") for words in sentences)
