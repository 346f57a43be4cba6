"""Conference rooms on real Asterisks: who comes in, who waits, who is turned away."""

from collections.abc import Iterator

import pytest

from tests.adapters.asterisk.estate import Estate
from tests.waiting import until

PIN, MODERATOR = "0475", "475"
"""Different PINs that are the same number."""


@pytest.fixture
def estate(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    monkeypatch.setenv("PIN_ROOM", PIN)
    monkeypatch.setenv("PIN_MODERATOR", MODERATOR)
    yield estate
    estate.command("channel request hangup all")
    until(lambda: "weekly" not in estate.command("confbridge list"), "the room is empty")


def declare(estate: Estate, **room: object) -> None:
    estate.edit("conference_rooms", value={"weekly": {"extension": "8300", **room}})
    estate.apply()


def types(estate: Estate, digits: str) -> None:
    """Somebody calls the room, and types these digits when asked."""
    estate.call("internal,8300,1", ("Wait", "2"), ("SendDTMF", f"{digits}#"))


def in_room(estate: Estate) -> list[str]:
    """A line for each caller in the room."""
    said = estate.command("confbridge list weekly") if "weekly" in _rooms(estate) else ""
    return [line for line in said.splitlines() if line.startswith("Local/")]


def flags(estate: Estate) -> set[str]:
    """A moderator is A, admin, and M, marked; a member W, waits for one; w, waits now."""
    return {line.split()[1] for line in in_room(estate)}


def _rooms(estate: Estate) -> str:
    return estate.command("confbridge list")


def test_callers_meet_and_a_wrong_pin_is_turned_away(estate: Estate) -> None:
    declare(estate, pin="env:PIN_ROOM")
    types(estate, PIN)
    until(lambda: len(in_room(estate)) == 1, "the first is in the room")
    types(estate, MODERATOR)
    estate.wait_for_channel("!Playback!conf-invalidpin")
    types(estate, PIN)
    until(lambda: len(in_room(estate)) == 2, "the second is in the room")
    assert estate.plan() == ""
    shown = "".join(
        (estate.site.etc / path).read_text("utf-8")
        for path in ("extensions.d/ccstate.conf", "ccstate/records.json")
    )
    assert PIN not in shown
    assert PIN not in estate.command("dialplan show conference_room/weekly")


def test_members_wait_for_a_moderator(estate: Estate) -> None:
    declare(estate, pin="env:PIN_ROOM", moderator_pin="env:PIN_MODERATOR", music="default")
    types(estate, PIN)
    until(lambda: flags(estate) == {"Ww"}, "a member waits")
    types(estate, MODERATOR)
    until(lambda: flags(estate) == {"AM", "W"}, "the moderator is there, and nobody waits")


def test_who_knows_no_pin_is_a_member_where_only_moderators_have_one(estate: Estate) -> None:
    declare(estate, moderator_pin="env:PIN_MODERATOR")
    types(estate, "")
    until(lambda: len(in_room(estate)) == 1, "a member is there")


def test_a_room_that_is_full_says_so(estate: Estate) -> None:
    declare(estate, max_members=1)
    types(estate, "")
    until(lambda: len(in_room(estate)) == 1, "the first is in the room")
    types(estate, "")
    estate.wait_for_channel("!Playback!conf-full")
    assert len(in_room(estate)) == 1


def test_a_room_is_recorded_in_its_folder(estate: Estate) -> None:
    recording = {"when": "always", "notice": "welcome", "folder": "rooms"}
    declare(estate, recording=recording)
    types(estate, "")
    folder = estate.site.spool / "monitor/ccstate/rooms"
    until(lambda: any(f.stat().st_size > 1000 for f in folder.glob("*.wav")), "a recording")


def test_a_moderator_begins_and_ends_a_recording_by_key(estate: Estate) -> None:
    declare(
        estate,
        moderator_pin="env:PIN_MODERATOR",
        recording={"when": "on_demand", "folder": "asked"},
    )
    keys = [("SendDTMF", f"{MODERATOR}#"), ("Wait", "4"), ("SendDTMF", "*1"), ("Wait", "2")]
    keys += [("Playback", "conf-getpin"), ("SendDTMF", "*1")]
    estate.call("internal,8300,1", ("Wait", "2"), *keys)
    folder = estate.site.spool / "monitor/ccstate/asked"
    until(lambda: "MixMonitor" in _audio_hooks(estate), "it is recorded")
    until(lambda: "MixMonitor" not in _audio_hooks(estate), "it is recorded no more")
    until(lambda: [f.stat().st_size > 1000 for f in folder.glob("*.wav")] == [True], "a recording")
    assert len(in_room(estate)) == 1


def _audio_hooks(estate: Estate) -> str:
    channels = estate.command("core show channels concise").splitlines()
    found = [line.split("!")[0] for line in channels if "!ConfBridge!" in line]
    return "".join(estate.command(f"mixmonitor list {channel}") for channel in found)
