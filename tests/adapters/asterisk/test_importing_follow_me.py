"""followme.conf and FollowMe(): the phones that ring after an extension's own."""

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import PHONES, WORDS, estate, fields, imported, listed

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
DIALPLAN = PHONES.replace(
    " same => n,VoiceMail(2001@box,u)", " same => n,FollowMe(ann)\n same => n,VoiceMail(2001@box,u)"
)


def following(lines: str) -> Imported:
    follow = f"[ann]\ncontext=phones\n{lines}\n"
    files = {**estate(), "extensions.conf": DIALPLAN, "followme.conf": follow}
    return imported(files, SETTING)


@pytest.mark.parametrize(
    "lines, expected",
    [
        ("number=2002,15", [{"extension": "2002", "ring_for": "15s"}]),
        ("number=0491570006", [{"number": "+61491570006", "ring_for": "25s"}]),
        (
            "number=0491570006,30,2\nnumber=2002,15,1",
            [
                {"extension": "2002", "ring_for": "15s"},
                {"number": "+61491570006", "ring_for": "30s"},
            ],
        ),
    ],
)
def test_the_numbers_of_follow_me(lines: str, expected: list[dict[str, str]]) -> None:
    found = following(lines)
    assert fields(found, "extension/2001")["follow_me"] == expected
    assert "voicemail" in fields(found, "extension/2001")
    assert not [u for u in found.unexpressed if u.file == "followme.conf"]
    (told,) = [line for line in listed(found) if "FollowMe" in line]
    assert "the person who answers is asked to take the call by a key" in told


@pytest.mark.parametrize("lines", ["number=2002&0491570006", "number=99x", "number=2002,soon", ""])
def test_numbers_that_no_field_says_are_reported(lines: str) -> None:
    found = following(lines)
    assert "follow_me" not in fields(found, "extension/2001")
    assert any("no extension goes on to this FollowMe()" in line for line in listed(found))


def test_prompts_of_follow_me_are_reported() -> None:
    found = following("number=2002\ntakecall=5")
    assert any("takecall = 5: ccstate does not ask" in line for line in listed(found))


def test_settings_of_all_are_reported() -> None:
    found = following("number=2002\n[general]\ntakecall=5")
    assert any("writes nothing into [general]" in line for line in listed(found))


def test_a_number_that_only_follows_is_reported() -> None:
    dialplan = f"{DIALPLAN}exten => 2900,1,FollowMe(ann)\n"
    files = {**estate(), "extensions.conf": dialplan, "followme.conf": "[ann]\nnumber=2002\n"}
    found = imported(files, SETTING)
    assert any("once an extension's own has rung" in line for line in listed(found))
