"""Transfers, recordings, forwards and ring groups, by calls of phones of real Asterisks."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ccstate.dialling.leaving import dialled_out, trunk_calls
from ccstate.journeys.moments import Year
from ccstate.journeys.walk import call as walked
from ccstate.journeys.ways import Place
from ccstate_lab import carriers
from tests.adapters.asterisk.phone_calls import (
    CALLER,
    CARRIER_SHOWS,
    FORWARDED_NUMBER,
    MOBILE,
    NUMBER,
    QUEUE_NUMBER,
    Exchange,
    running,
)
from tests.waiting import until

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module", params=["22", "16"])
def exchange(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exchange]:
    folder = tmp_path_factory.mktemp(f"phones-{request.param}-")
    with running(request.param, folder / "site") as found:
        yield found


@pytest.mark.parametrize("caller, called", [("2002", "2001"), ("2001", "2002")])
def test_who_has_the_right_transfers_the_other_party_by_code(
    exchange: Exchange, caller: str, called: str
) -> None:
    with exchange.dials(caller, called) as call:
        call.talk(caller, called)
        call.press("2001", "##")
        call.hears("2001", "pbx-transfer")
        call.press("2001", "2003")
        call.talk("2002", "2003")


@pytest.mark.parametrize("caller, called", [("2002", "2001"), ("2001", "2002")])
def test_a_party_without_the_right_presses_the_code_in_vain(
    exchange: Exchange, caller: str, called: str
) -> None:
    with exchange.dials(caller, called) as call:
        call.talk(caller, called)
        call.press("2002", "##")
        # Keys that are no code are passed on to the other party.
        call.until(lambda: call.keys_sent_to("2001") == "##", "both keys are passed on")
        assert {"2001", "2002"} in call.talking()


def test_a_transfer_after_asking_connects_the_two_others(exchange: Exchange) -> None:
    with exchange.dials("2002", "2001") as call:
        call.talk("2001", "2002")
        call.press("2001", "*2")
        call.hears("2001", "pbx-transfer")
        call.press("2001", "2003")
        call.talk("2001", "2003")
        call.hang_up_phone("2001")
        call.talk("2002", "2003")


def test_who_asks_first_reaches_no_route_that_asks_for_a_permission(
    exchange: Exchange,
) -> None:
    with exchange.dials("2002", "2001") as call:
        call.talk("2001", "2002")
        call.press("2001", "*2")
        call.hears("2001", "pbx-transfer")
        call.press("2001", "0491570006")
        call.until(lambda: "0491570006@site" in call.ended(), "the call that asks is over")
        call.talk("2001", "2002")
        assert "trunk-carrier" not in call.rung()


def test_an_outside_caller_is_transferred_inside(exchange: Exchange) -> None:
    with exchange.arrives(NUMBER) as call:
        call.talk("trunk-carrier", "2001")
        call.press("2001", "##")
        call.hears("2001", "pbx-transfer")
        call.press("2001", "2003")
        call.talk("trunk-carrier", "2003")


@pytest.mark.parametrize("number, is_inside", [("2003", True), ("0491570006", False)])
def test_an_outside_caller_with_the_right_transfers_to_numbers_inside_only(
    exchange: Exchange, number: str, is_inside: bool
) -> None:
    with exchange.arrives(QUEUE_NUMBER) as call:
        call.talk("trunk-carrier", "2005")
        call.press("trunk-carrier", "##")
        call.hears("trunk-carrier", "pbx-transfer")
        call.press("trunk-carrier", number)
        if is_inside:
            call.talk("2005", "2003")
        else:
            call.hears("trunk-carrier", "pbx-invalid")


def test_calls_from_and_to_a_phone_that_is_recorded_are(exchange: Exchange) -> None:
    before = exchange.recordings()
    with exchange.dials("2004", "2002") as call:
        call.talk("2002", "2004")
        until(lambda: len(exchange.recordings()) > len(before), "the call from it is recorded")
    with exchange.dials("2002", "2004") as call:
        call.talk("2002", "2004")
        until(lambda: len(exchange.recordings()) > len(before) + 1, "the call to it is recorded")
    made = exchange.recordings() - before
    assert {str(file.parent) for file in made} == {"ccstate/front"}


def test_a_recorded_queue_makes_a_file_and_another_none(exchange: Exchange) -> None:
    before = exchange.recordings()
    with exchange.dials("2002", "8201") as call:
        call.talk("2002", "2005")
        until(lambda: len(exchange.recordings()) > len(before), "the call is recorded")
    [made] = exchange.recordings() - before
    assert str(made.parent) == "ccstate/sales"


@pytest.mark.parametrize("number", ["2005", "8202"])
def test_what_is_never_recorded_makes_no_file(exchange: Exchange, number: str) -> None:
    with exchange.dials("2002", number) as call:
        call.talk("2002", "2005")
        assert call.recorded() == []


def test_a_code_starts_a_recording_that_ends_with_the_call(exchange: Exchange) -> None:
    before = exchange.recordings()
    with exchange.dials("2002", "2001") as call:
        call.talk("2001", "2002")
        assert call.recorded() == []
        call.press("2001", "*1")
        until(call.recorded, "the code starts a recording")
        until(lambda: len(exchange.recordings()) > len(before), "the call is recorded")
    [made] = exchange.recordings() - before
    assert str(made.parent) == "."
    until(lambda: not exchange.are_made(), "the recording has ended")


def test_the_code_stops_a_recording(exchange: Exchange) -> None:
    with exchange.dials("2002", "2001") as call:
        call.talk("2001", "2002")
        call.press("2001", "*1")
        until(call.recorded, "the code starts a recording")
        call.press("2001", "*1")
        until(lambda: not call.recorded(), "the code stops it")
        assert {"2001", "2002"} in call.talking()


@pytest.mark.parametrize("number", ["2004", "2001", "8201"])
def test_callers_hear_of_a_recording_before_a_phone_rings(exchange: Exchange, number: str) -> None:
    with exchange.dials("2002", number) as call:
        call.talk("2002", "2005" if number == "8201" else number)
        assert call.notices_and_rings() == ["told", "rings"]


def test_no_notice_is_played_where_nothing_is_recorded(exchange: Exchange) -> None:
    with exchange.dials("2001", "2002") as call:
        call.talk("2001", "2002")
        assert call.notices_and_rings() == ["rings"]


FORWARDED = {
    "always": ("2021", "2022"),
    "busy": ("2023", "2024"),
    "no_answer": ("2025", "2026"),
    "unavailable": ("2027", "2028"),
}


@pytest.mark.parametrize("reason", FORWARDED)
def test_a_call_is_forwarded_inside(exchange: Exchange, reason: str) -> None:
    phone = FORWARDED[reason][0]
    with exchange.dials("2003", phone) as call:
        call.talk("2003", "2002")
        rings = {"busy", "no_answer"}
        assert call.rung() == ([phone] if reason in rings else []) + ["2002"]


@pytest.mark.parametrize("reason", FORWARDED)
@pytest.mark.parametrize("caller, shown", [("2002", CARRIER_SHOWS), ("2003", "+61255501003")])
def test_a_call_is_forwarded_outside_and_shows_the_number_of_its_caller_or_trunk(
    exchange: Exchange, reason: str, caller: str, shown: str
) -> None:
    with exchange.dials(caller, FORWARDED[reason][1]) as call:
        call.talk(caller, "trunk-carrier")
        assert exchange.sent() == (MOBILE, shown)


def test_an_outside_call_that_is_forwarded_outside_shows_the_number_of_the_trunk(
    exchange: Exchange,
) -> None:
    with exchange.arrives(FORWARDED_NUMBER) as call:
        call.until(lambda: call.outcomes() != [], "the carrier answers")
        assert exchange.sent() == (MOBILE, CARRIER_SHOWS)


@pytest.mark.parametrize("caller", ["2002", "2003"])
@pytest.mark.parametrize("number", ["0491570006", "131234", "000", "2022", "2014"])
def test_the_model_says_what_a_call_shows_outside(
    exchange: Exchange, caller: str, number: str
) -> None:
    flow = exchange.flow
    if number in {"2022", "2014"}:
        year, start = Year(flow.centre, NOW.date()), Place("extension", number)
        made = walked(flow, year, start, NOW, [], caller=caller)
    else:
        found = dialled_out(flow, caller, number, NOW)
        assert found
        made = found
    [leg] = trunk_calls(flow, made, caller)
    with exchange.dials(caller, number) as call:
        call.talk(caller, "trunk-carrier")
        assert exchange.sent() == (leg.number, leg.shown)
        assert exchange.name_sent() == leg.name


@pytest.mark.parametrize(
    "caller, shown", [(CALLER, CARRIER_SHOWS), (carriers.WITHHELD, "")], ids=["shown", "withheld"]
)
def test_an_outside_caller_who_withholds_the_number_is_not_shown_by_a_forward(
    exchange: Exchange, caller: str, shown: str
) -> None:
    with exchange.watching() as call:
        status = carriers.call(exchange.site, FORWARDED_NUMBER, caller, host=exchange.carrier.host)
        assert status == 200
        call.until(call.is_over, "the call is over")
        assert exchange.sent() == (MOBILE, shown)


def test_the_next_phone_of_a_person_rings_and_then_the_mailbox_takes_the_call(
    exchange: Exchange,
) -> None:
    with exchange.dials("2002", "2012") as call:
        call.comes_to("extension/2012 voicemail")
        assert call.outcomes() == [("2012", "NOANSWER"), ("2013", "NOANSWER")]


def test_an_outside_phone_of_a_person_answers(exchange: Exchange) -> None:
    with exchange.dials("2003", "2014") as call:
        call.talk("2003", "trunk-carrier")
        assert call.outcomes() == [("2014", "NOANSWER"), ("trunk-carrier", "ANSWER")]
        assert exchange.sent() == (MOBILE, "+61255501003")


def test_phones_of_a_group_ring_together_and_one_answers(exchange: Exchange) -> None:
    with exchange.dials("2002", "8101") as call:
        call.talk("2002", "2005")
        assert set(call.rung()) == {"2011", "2005"}


def test_phones_of_a_group_ring_in_turn_until_one_answers(exchange: Exchange) -> None:
    with exchange.dials("2002", "8102") as call:
        call.talk("2002", "2005")
        assert call.outcomes()[:2] == [("2013", "NOANSWER"), ("2011", "NOANSWER")]
        assert call.rung() == ["2013", "2011", "2005"]


@pytest.mark.parametrize("number", ["8103", "8104"])
def test_a_group_that_is_not_answered_sends_the_caller_on(exchange: Exchange, number: str) -> None:
    with exchange.dials("2002", number) as call:
        call.comes_to("extension/2900 voicemail")
        assert sorted(call.outcomes()) == [("2011", "NOANSWER"), ("2013", "NOANSWER")]
