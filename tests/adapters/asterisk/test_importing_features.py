"""Codes that phones dial become feature codes, and agents who log in by them become members."""

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import QUEUES, WORDS, estate, fields, imported, kinds, listed

EMBEDDED = Setting(timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)


def with_codes(extensions: str, **files: str) -> Imported:
    return imported(estate(extensions, **files), EMBEDDED)


def codes(found: Imported) -> dict[str, dict[str, object]]:
    """The feature codes by what is dialled."""
    made = [fields(found, f"feature_code/{name}") for name in kinds(found).get("feature_code", [])]
    return {str(one["code"]): {k: v for k, v in one.items() if k != "code"} for one in made}


@pytest.mark.parametrize(
    "steps, action",
    [
        ("VoiceMailMain(${CALLERID(num)}@box)", {"action": "mailbox"}),
        ("Answer()\n same => n,Pickup()", {"action": "pick_up"}),
        (
            "PauseQueueMember(,PJSIP/${CALLERID(num)},,Lunch)",
            {"action": "pause", "reason": "Lunch"},
        ),
        ("UnpauseQueueMember(,PJSIP/${CALLERID(num)})\n same => n,Hangup()", {"action": "unpause"}),
    ],
)
def test_a_code_is_said_by_what_it_runs(steps: str, action: dict[str, object]) -> None:
    found = with_codes(f"exten => *41,1,{steps}\n")
    assert codes(found) == {"*41": action}
    assert not [line for line in listed(found) if "*41" in line or "Member" in line]


def test_a_code_of_digits_is_no_number_inside() -> None:
    found = with_codes("exten => 8000,1,VoiceMailMain(${CALLERID(num)}@box,s)\n")
    assert codes(found) == {"8000": {"action": "mailbox"}}
    assert "ivr" not in kinds(found)
    assert any("asks for the PIN" in line for line in listed(found))


def test_the_code_that_phones_have_anyway_is_no_object() -> None:
    found = with_codes("exten => *97,1,VoiceMailMain(${CALLERID(num)}@box)\n")
    assert codes(found) == {}
    assert not [line for line in listed(found) if "*97" in line]


LOGINS = """\
exten => *45,1,AddQueueMember(help,PJSIP/${CALLERID(num)})
 same => n,Playback(welcome)
 same => n,Hangup()
exten => *46,1,RemoveQueueMember(help)
"""


def test_agents_who_log_in_by_code_are_members_who_are_not_always_there() -> None:
    found = with_codes(LOGINS, queues="[help]\nstrategy=ringall\n")
    assert codes(found) == {
        "*45": {"action": "log_in", "queue": "help"},
        "*46": {"action": "log_out", "queue": "help"},
    }
    assert fields(found, "queue/help")["members"] == [
        {"user": "ann.lee", "login": "dynamic"},
        {"user": "bo.orr", "login": "dynamic"},
    ]


def test_members_of_the_file_stay_always_there() -> None:
    one = QUEUES.replace("member => PJSIP/2002\n", "")
    members = fields(with_codes(LOGINS, queues=one), "queue/help")["members"]
    assert members == [
        {"user": "ann.lee", "penalty": 2},
        {"user": "bo.orr", "login": "dynamic"},
    ]


@pytest.mark.parametrize(
    "steps",
    [
        "AddQueueMember(none)",
        "AddQueueMember(help,Local/7@agents)",
        "AddQueueMember(help,${DB(x/y)})",
        "VoiceMailMain(${CALLERID(num)}@box)\n same => n,AddQueueMember(help)",
        "Foo()",
    ],
)
def test_a_code_that_does_something_else_is_listed(steps: str) -> None:
    found = with_codes(f"exten => *41,1,{steps}\n")
    assert codes(found) == {}
    assert any("*41" in line for line in listed(found))


NIGHT = """\
[inbound]
exten => +61255501000,1,GotoIf($["${DB(mode/night)}" = "1"]?phones,2002,1:phones,2001,1)
[phones]
"""


@pytest.mark.parametrize(
    "steps",
    [
        'Set(DB(mode/night)=${IF($["${DB(mode/night)}" = "1"]?0:1)})',
        (
            'GotoIf($["${DB(mode/night)}" = "1"]?off)\n same => n,Set(DB(mode/night)=1)\n'
            " same => n,Hangup()\n same => n(off),Set(DB(mode/night)=0)"
        ),
    ],
)
def test_a_code_that_turns_a_switch(steps: str) -> None:
    found = with_codes(f"{NIGHT}exten => *28,1,{steps}\n same => n,Hangup()\n")
    assert codes(found) == {"*28": {"action": "switch", "switch": "mode-night"}}
    assert not [line for line in listed(found) if "*28" in line]


def test_of_two_codes_for_two_positions_one_turns_the_switch() -> None:
    two = "exten => *28,1,Set(DB(mode/night)=1)\nexten => *29,1,Set(DB(mode/night)=0)\n"
    found = with_codes(NIGHT + two)
    assert codes(found) == {"*28": {"action": "switch", "switch": "mode-night"}}
    assert any("*28 turns this switch in both directions" in line for line in listed(found))


def test_where_there_are_no_feature_codes_they_are_listed() -> None:
    only = {kind: support for kind, support in SUPPORTS.items() if kind != "feature_code"}
    setting = Setting(timezone="Australia/Sydney", words=WORDS, supports=only)
    found = imported(estate("exten => *41,1,Pickup()\n"), setting)
    assert "feature_code" not in kinds(found)
    assert any("*41" in line for line in listed(found))
