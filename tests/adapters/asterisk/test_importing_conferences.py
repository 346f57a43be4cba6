"""Conferences of a dialplan: rooms with what is set for them, and what they do not say."""

from dataclasses import replace

import pytest

from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.ami.message import Message
from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import WORDS, estate, fields, imported, kinds, listed
from tests.adapters.asterisk.running_estate import connect
from tests.asterisk_sites import NewSite
from tests.waiting import until

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)


def whole(*steps: str, more: str = "", profiles: str = "") -> Imported:
    """The estate in which these steps are behind 600; for a platform that can hold everything."""
    lines = "".join(f" same => n,{step}\n" for step in steps)
    text = f"[phones]\nexten => 600,1,Answer()\n{lines} same => n,Hangup()\n{more}"
    return imported({**estate(text), "confbridge.conf": profiles}, SETTING)


@pytest.mark.parametrize(
    "steps, expected",
    [
        ([], {}),
        (["Set(CONFBRIDGE(bridge,max_members)=9)"], {"max_members": 9}),
        (
            [
                "Set(CONFBRIDGE(user,music_on_hold_when_empty)=yes)",
                "Set(CONFBRIDGE(user,music_on_hold_class)=jazz)",
            ],
            {"music": "jazz"},
        ),
        (["Set(CONFBRIDGE(user,music_on_hold_class)=jazz)"], {}),
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
    found = whole("Set(CONFBRIDGE(user,pin)=8319)", "ConfBridge(talk)")
    assert found.secrets["CONFERENCE_TALK_PIN"] == "8319"
    lost = whole("Set(CONFBRIDGE(user,pin)=8319)", "ConfBridge(${SHARED(room)})")
    assert any("CONFBRIDGE(user,pin)=…" in line for line in listed(lost))
    assert not any("8319" in line for line in [*listed(found), *listed(lost)])


@pytest.mark.parametrize(
    "steps, told",
    [
        (["ConfBridge(talk,default_bridge,boss)"], "there is no user profile boss"),
        (
            ["Set(CONFBRIDGE(user,quiet)=yes)", "ConfBridge(talk)"],
            "conference rooms have quiet=no",
        ),
        (["ConfBridge(talk)", "Queue(help)"], "the call ends where the conference does"),
    ],
)
def test_what_no_field_of_a_room_says_is_reported(steps: list[str], told: str) -> None:
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


# Profiles of confbridge.conf


GUEST = "[guest]\ntype=user\n"
BOSS = "[boss]\ntype=user\nadmin=yes\nmarked=yes\npin=9911\n"


@pytest.mark.parametrize(
    "profile, expected",
    [
        ("pin=8319", {"pin": "env:CONFERENCE_TALK_PIN"}),
        ("music_on_hold_when_empty=yes", {"music": "default"}),
        ("music_on_hold_when_empty=1\nmusic_on_hold_class=jazz", {"music": "jazz"}),
        ("music_on_hold_class=jazz", {}),
        ("admin=no\nquiet=off\nannounce_only_user=yes", {}),
    ],
)
def test_a_room_has_what_a_profile_of_users_says(profile: str, expected: dict[str, str]) -> None:
    found = whole("ConfBridge(talk,,guest)", profiles=f"{GUEST}{profile}\n")
    assert fields(found, "conference_room/talk") == {**expected, "extension": "600"}
    assert not [u for u in found.unexpressed if u.file == "confbridge.conf"]


def test_a_room_has_what_a_profile_of_bridges_says() -> None:
    bridge = "[small]\ntype=bridge\nmax_members=4\nrecord_conference=true\n"
    found = whole("ConfBridge(talk,small)", profiles=bridge)
    assert fields(found, "conference_room/talk") == {
        "extension": "600",
        "max_members": 4,
        "recording": {"when": "always"},
    }


def test_the_default_profiles_hold_where_none_is_named() -> None:
    profiles = (
        "[default_bridge]\ntype=bridge\nmax_members=9\n[default_user]\ntype=user\nquiet=yes\n"
    )
    found = whole("ConfBridge(talk)", profiles=profiles)
    assert fields(found, "conference_room/talk")["max_members"] == 9
    (told,) = [line for line in listed(found) if "quiet" in line]
    assert "stays by hand: it holds for the rooms that ccstate writes, too" in told


def test_what_is_set_for_a_call_does_not_count_beside_a_profile_that_is_named() -> None:
    found = whole("Set(CONFBRIDGE(user,pin)=8319)", "ConfBridge(talk,,guest)", profiles=GUEST)
    assert "pin" not in fields(found, "conference_room/talk")


def test_moderators_have_a_pin_of_their_own_and_others_wait_for_them() -> None:
    more = "exten => 601,1,ConfBridge(talk,,boss)\n"
    profiles = f"{BOSS}{GUEST}wait_marked=yes\n"
    found = whole("ConfBridge(talk,,guest)", more=more, profiles=profiles)
    room = fields(found, "conference_room/talk")
    assert room == {"extension": "600", "moderator_pin": "env:CONFERENCE_TALK_MODERATOR_PIN"}
    assert found.secrets["CONFERENCE_TALK_MODERATOR_PIN"] == "9911"
    assert any("moderators dial the number of the room" in line for line in listed(found))
    assert not any("wait" in line for line in listed(found))
    assert not any("9911" in line for line in listed(found))


@pytest.mark.parametrize(
    "profiles, told",
    [
        (f"{GUEST}wait_marked=yes\n", "here callers wait for a moderator"),
        (f"{GUEST}quiet=yes\n", "conference rooms have quiet=no"),
        (f"{GUEST}pin=ABC\n", "a PIN has digits"),
        (f"{GUEST}[keys]\ntype=menu\n1=toggle_mute\n", "no conference that became a room"),
    ],
)
def test_what_a_room_does_not_say_of_a_profile_is_reported(profiles: str, told: str) -> None:
    found = whole("ConfBridge(talk,,guest)", profiles=profiles)
    assert any(told in line for line in listed(found)), listed(found)


def test_keys_in_a_conference_are_reported() -> None:
    menu = "[keys]\ntype=menu\n1=toggle_mute\n"
    found = whole("ConfBridge(talk,,,keys)", profiles=menu)
    assert any("1 = toggle_mute: differs: with ccstate keys do nothing" in t for t in listed(found))


def test_profiles_are_listed_where_the_platform_has_no_rooms() -> None:
    without = {kind: has for kind, has in SUPPORTS.items() if kind != "conference_room"}
    found = imported({**estate(), "confbridge.conf": BOSS}, replace(SETTING, supports=without))
    assert any("the platform has none" in line for line in listed(found))
    assert not any("9911" in line for line in listed(found))


# Asterisk itself


PROFILES = "[default_user]\ntype=user\nmarked=yes\n[guest]\ntype=user\n"
ROOMS = """\
[rooms]
exten => default,1,Answer()
 same => n,Set(CONFBRIDGE(user,admin)=yes)
 same => n,ConfBridge(default)
exten => named,1,Answer()
 same => n,Set(CONFBRIDGE(user,admin)=yes)
 same => n,ConfBridge(named,,guest)
"""


def caller_in(ami: Ami, room: str) -> Message:
    """Somebody who has called a room, as Asterisk lists it."""
    there = ("Application", "Wait"), ("Data", "20"), ("Async", "true")
    ami.do("Originate", ("Channel", f"Local/{room}@rooms"), *there)
    until(lambda: "Local/" in "".join(ami.command(f"confbridge list {room}")), f"one is in {room}")
    listed = ami.read("ConfbridgeList", ("Conference", room))
    return next(message for message in listed if message.get("Admin"))


@pytest.mark.parametrize("release", ["22", "16"])
def test_asterisk_sets_options_of_the_default_profile_and_of_no_other(
    release: str, new_site: NewSite
) -> None:
    files = {"confbridge.conf": PROFILES, "extensions.d/rooms.conf": ROOMS}
    with connect(new_site(release, files=files)) as ami:
        default, named = caller_in(ami, "default"), caller_in(ami, "named")
    assert (default["Admin"], default["MarkedUser"]) == ("Yes", "Yes")
    assert (named["Admin"], named["MarkedUser"]) == ("No", "No")
