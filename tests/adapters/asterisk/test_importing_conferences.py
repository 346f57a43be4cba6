"""Conferences of a dialplan: rooms with what is set for them, and what they do not say."""

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import WORDS, estate, fields, imported, kinds, listed

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)


def whole(*steps: str, more: str = "") -> Imported:
    """The estate in which these steps are behind 600; for a platform that can hold everything."""
    lines = "".join(f" same => n,{step}\n" for step in steps)
    text = f"[phones]\nexten => 600,1,Answer()\n{lines} same => n,Hangup()\n{more}"
    return imported(estate(text), SETTING)


@pytest.mark.parametrize(
    "steps, expected",
    [
        ([], {}),
        (["Set(CONFBRIDGE(bridge,max_members)=9)"], {"max_members": 9}),
        (["Set(CONFBRIDGE(user,music_on_hold_class)=jazz)"], {"music": "jazz"}),
        (
            ["Set(CONFBRIDGE(bridge,record_conference)=yes)"],
            {"recording": {"when": "always"}},
        ),
        (["Set(CONFBRIDGE(user,pin)=8319)"], {"pin": "env:CONFERENCE_TALK_PIN"}),
    ],
)
def test_a_room_has_what_is_set_for_it(steps: list[str], expected: dict[str, object]) -> None:
    found = whole(*steps, "ConfBridge(talk)")
    assert fields(found, "conference_room/talk") == {**expected, "extension": "600"}
    assert not [line for line in listed(found) if "ConfBridge" in line or "CONFBRIDGE" in line]


def test_the_pin_of_a_room_is_a_secret_and_in_no_report() -> None:
    found = whole("Set(CONFBRIDGE(user,pin)=8319)", "ConfBridge(talk,,boss)")
    assert found.secrets["CONFERENCE_TALK_PIN"] == "8319"
    lost = whole("Set(CONFBRIDGE(user,pin)=8319)", "ConfBridge(${SHARED(room)})")
    assert any("CONFBRIDGE(user,pin)=…" in line for line in listed(lost))
    assert not any("8319" in line for line in [*listed(found), *listed(lost)])


@pytest.mark.parametrize(
    "steps, told",
    [
        (["ConfBridge(talk,default_bridge,boss)"], "profile boss of confbridge.conf"),
        (
            ["Set(CONFBRIDGE(user,quiet)=yes)", "ConfBridge(talk)"],
            "does not set CONFBRIDGE(user,quiet)",
        ),
        (["ConfBridge(talk)", "Queue(help)"], "the call ends where the conference does"),
    ],
)
def test_what_no_field_of_a_room_says_is_told(steps: list[str], told: str) -> None:
    found = whole(*steps)
    assert "conference_room" in kinds(found)
    assert any(told in line for line in listed(found) if "ConfBridge" in line), listed(found)


def test_a_room_that_two_numbers_reach_is_one_object() -> None:
    more = "[inbound]\nexten => +61255501000,1,Set(CONFBRIDGE(bridge,max_members)=2)\n"
    found = whole("ConfBridge(talk)", more=f"{more} same => n,ConfBridge(talk)\n")
    assert kinds(found)["conference_room"] == ["talk"]
    assert fields(found, "number/+61255501000")["to"] == "conference_room/talk"
    assert any("as other callers meet it" in line for line in listed(found))


def test_a_room_that_depends_on_the_call_is_listed() -> None:
    found = whole("ConfBridge(${SHARED(room)})")
    assert "conference_room" not in kinds(found)
    assert any("which conference room it is depends on the call" in line for line in listed(found))
