"""Phones that ring together, keys out of queues, numbers dialled at menus, rights during calls."""

from typing import Any

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import QUEUES, WORDS, estate, fields, imported, kinds, listed

INBOUND = "[inbound]\nexten => +61255501000,1,Answer()\n same => n,"


def whole(extensions: str, **files: str) -> Imported:
    """For a platform that can hold everything."""
    setting = Setting(timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
    return imported(estate(extensions, **files), setting)


def reached(found: Imported) -> Any:
    return fields(found, "number/+61255501000")["to"]


def test_phones_that_ring_at_once_are_a_ring_group() -> None:
    found = whole(INBOUND + "Dial(PJSIP/2001&PJSIP/2002,12)\n same => n,Queue(help)\n")
    assert reached(found).startswith("ring_group/")
    assert fields(found, reached(found)) == {
        "members": ["2001", "2002"],
        "ring_for": "12s",
        "no_answer": "queue/help",
    }


def test_one_group_that_two_numbers_reach_is_one_object() -> None:
    text = INBOUND + "Dial(PJSIP/2001&PJSIP/2002,12)\n"
    text += "[phones]\nexten => 600,1,Dial(PJSIP/2001&PJSIP/2002,12)\n"
    found = whole(text)
    (name,) = kinds(found)["ring_group"]
    assert fields(found, f"ring_group/{name}")["extension"] == "600"
    assert "ivr" not in kinds(found)


@pytest.mark.parametrize("devices", ["PJSIP/2001&SIP/7", "PJSIP/2001&PJSIP/9999", "Local/7@x"])
def test_what_is_no_group_of_phones_is_listed(devices: str) -> None:
    found = whole(f"{INBOUND}Dial({devices},12)\n")
    assert "number" not in kinds(found)
    assert any("Dial(" in line for line in listed(found))


def test_keys_by_which_callers_leave_a_queue() -> None:
    text = (
        INBOUND + "Queue(help)\n[out]\nexten => 1,1,Goto(phones,2001,1)\nexten => 22,1,Hangup()\n"
    )
    found = whole(text, queues=QUEUES + "context=out\n")
    assert fields(found, "queue/help")["keys"] == {"1": "extension/2001"}


def test_a_context_without_keys_is_listed() -> None:
    found = whole(INBOUND + "Queue(help)", queues=QUEUES + "context=none\n")
    assert "keys" not in fields(found, "queue/help")
    assert any("no key of [none] leads anywhere" in line for line in listed(found))


MENU = """\
[inbound]
exten => +61255501000,1,Goto(menu,s,1)
[menu]
exten => s,1,Background(menu)
 same => n,WaitExten(5)
exten => 1,1,Queue(help)
"""


def test_numbers_of_phones_that_can_be_dialled_at_a_menu() -> None:
    found = whole(MENU + "include => phones\n")
    node = fields(found, "ivr/menu")["nodes"]["top"]  # type: ignore[index]  # a tree has nodes
    assert node["dial_extensions"] is True
    assert not [line for line in listed(found) if "callers may dial" in line]


def test_a_menu_that_takes_the_number_of_one_phone_only_is_reported() -> None:
    found = whole(MENU + "exten => 2001,1,Goto(phones,2001,1)\n")
    node = fields(found, "ivr/menu")["nodes"]["top"]  # type: ignore[index]  # a tree has nodes
    assert "dial_extensions" not in node
    assert any("callers may dial 2001" in line for line in listed(found))


@pytest.mark.parametrize(
    "options, rights, told",
    [
        ("tT", ["transfer"], []),
        ("t", ["transfer"], ["can also pass on the calls that it makes"]),
        ("tTkK", ["park", "transfer"], []),
        ("tTr", ["transfer"], ["rings without the options r"]),
        ("T", None, ["rings without the options T"]),
        ("U(sub^x)tT", ["transfer"], ["rings without the options U(sub^x)"]),
    ],
)
def test_what_a_phone_can_do_during_a_call(
    options: str, rights: list[str] | None, told: list[str]
) -> None:
    text = estate()
    text["extensions.conf"] = text["extensions.conf"].replace("25)", f"25,{options})", 1)
    setting = Setting(timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
    found = imported(text, setting)
    assert fields(found, "extension/2001").get("rights") == rights
    lines = [line for line in listed(found) if "Dial(PJSIP/2001" in line]
    assert len(lines) == len(told)
    assert all(word in line for word, line in zip(told, lines, strict=True))


def test_what_agents_and_callers_of_a_queue_can_do() -> None:
    found = whole(INBOUND + "Queue(help,tTn)")
    assert fields(found, "queue/help")["member_rights"] == ["transfer"]
    assert fields(found, "queue/help")["caller_rights"] == ["transfer"]
    assert any("ccstate queues callers without n" in line for line in listed(found))
