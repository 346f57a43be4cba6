"""Parking lots on real Asterisks: a call is parked by a phone, fetched by another, or comes back."""

from collections.abc import Callable, Iterator

import pytest

from ccstate.adapters.asterisk.entries import FILES, PARKING
from ccstate_lab import phones
from tests.adapters.asterisk.estate import PHONES, Estate
from tests.waiting import until

LOT = {"extension": "750", "slots": "751-753"}


@pytest.fixture
def estate(estate: Estate) -> Iterator[Estate]:
    yield estate
    phones.end_all(estate.site.folder)


def declare(estate: Estate, **lot: object) -> None:
    estate.edit("extensions", "2001", "rights", value=["park", "transfer"])
    estate.edit("parking_lots", value={"office": {**LOT, **lot}})
    estate.apply()


def talks(estate: Estate) -> str:
    """Somebody outside talks to 2001; returns the channel of the phone."""
    phones.answer(estate.site, {"2001": PHONES["2001"]}, after=0.1)
    estate.call("extension,2001,1")
    return until(lambda: channel_of(estate, "2001"), "2001 has answered")


def channel_of(estate: Estate, phone: str) -> str:
    """The channel of a phone that talks; "" where it does not."""
    lines = estate.command("core show channels concise").splitlines()
    found = [line.split("!") for line in lines if line.startswith(f"PJSIP/{phone}-")]
    return next((parts[0] for parts in found if parts[4] == "Up" and parts[12]), "")


def parked(estate: Estate) -> dict[str, str]:
    """The slots of calls that are parked, with who parked them."""
    with estate.ami() as ami:
        found = ami.read("ParkedCalls", ("ParkingLot", "office"))
    return {m["ParkingSpace"]: m["ParkerDialString"] for m in found if m.is_event("ParkedCall")}


def transfers(estate: Estate, channel: str) -> None:
    """A phone transfers its call to the lot, without asking there first."""
    with estate.ami() as ami:
        to = (("Context", "site/sydney"), ("Exten", "750"))
        ami.do("BlindTransfer", ("Channel", channel), *to)


def presses_the_code(estate: Estate, channel: str) -> None:
    """The person at a phone presses the key code during a call."""
    with estate.ami() as ami:
        for key in "*5":
            ami.do("PlayDTMF", ("Channel", channel), ("Digit", key), ("Receive", "1"))


@pytest.mark.parametrize("park", [presses_the_code, transfers])
def test_a_call_is_parked_by_a_phone_and_fetched_by_another(
    estate: Estate, park: Callable[[Estate, str], None]
) -> None:
    declare(estate)
    park(estate, talks(estate))
    until(lambda: parked(estate) == {"751": "PJSIP/2001"}, "the call is parked")
    phones.answer(estate.site, {"2002": PHONES["2002"]}, after=0.1)
    with estate.ami() as ami:
        place = (("Context", "site/sydney"), ("Exten", "751"), ("Priority", "1"))
        ami.do("Originate", ("Channel", "PJSIP/2002"), *place, ("Async", "true"))
    until(lambda: channel_of(estate, "2002"), "2002 talks")
    assert parked(estate) == {}
    assert estate.plan() == ""


def test_a_call_that_is_not_fetched_comes_back_to_who_parked_it(estate: Estate) -> None:
    declare(estate, timeout="3s")
    first = talks(estate)
    presses_the_code(estate, first)
    until(lambda: parked(estate), "the call is parked")
    until(lambda: channel_of(estate, "2001") not in {"", first}, "2001 talks again")
    assert parked(estate) == {}


def test_a_call_that_is_not_fetched_goes_where_the_lot_says(estate: Estate) -> None:
    declare(estate, timeout="3s", on_timeout="voicemail/2900")
    presses_the_code(estate, talks(estate))
    estate.wait_for_channel("!VoiceMail!2900@ccstate")


def test_what_is_changed_by_hand_is_seen_as_stored_and_as_running(estate: Estate) -> None:
    declare(estate)
    path = estate.site.etc / FILES[PARKING]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("parkpos=751-753", "parkpos=751-755"), encoding="utf-8")
    assert estate.run("drift") == 0
    assert "slots 751-753 → 751-755" in estate.lines
    path.write_text(text, encoding="utf-8")
    estate.reload(PARKING)
    assert estate.plan() == ""


def test_a_server_without_the_line_that_includes_lots_is_reported_where_there_is_one(
    estate: Estate,
) -> None:
    main = estate.site.etc / "res_parking.conf"
    text = main.read_text(encoding="utf-8")
    main.write_text("[general]\n", encoding="utf-8")
    assert estate.plan() == ""
    estate.edit("parking_lots", value={"office": LOT})
    assert estate.run("plan") == 3
    assert "add the line `#tryinclude res_parking.d/*.conf` at its end" in estate.lines
    main.write_text(text, encoding="utf-8")


def test_the_last_lot_leaves_an_empty_file_and_no_numbers(estate: Estate) -> None:
    declare(estate)
    assert "ParkedCall" in estate.command("dialplan show 751@internal")
    estate.edit("parking_lots", value={})
    estate.apply()
    assert "office" not in estate.command("parking show")
    assert b"[office]" not in (estate.site.etc / FILES[PARKING]).read_bytes()
    assert estate.plan() == ""
