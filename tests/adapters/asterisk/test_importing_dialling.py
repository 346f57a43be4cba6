"""Numbers that carriers dial and numbers that phones dial become the same numbers."""

import pytest

from ccstate.adapters.asterisk.importing import Setting
from tests.adapters.asterisk.estates import WORDS, estate, fields, imported, kinds, listed


def setting(prefix: str) -> Setting:
    return Setting(prefix=prefix, timezone="Australia/Sydney", words=WORDS)


@pytest.mark.parametrize(
    "dialled, prefix, number",
    [
        ("12125550001", "+1", "+12125550001"),
        ("2125550001", "+1", "+12125550001"),
        ("61255501000", "+61", "+61255501000"),
        ("0255501000", "+61", "+61255501000"),
        ("255501000", "+61", "+61255501000"),
        ("+61255501000", "", "+61255501000"),
        ("+4930555010", "+61", "+4930555010"),
        ("030555010", "+49", "+4930555010"),
        ("4930555010", "+49", "+4930555010"),
        ("555010", "+4930", "+4930555010"),
        ("030555010", "+4930", "+4930555010"),
        ("0612345678", "+39", "+390612345678"),
    ],
)
def test_the_number_that_a_carrier_dials(dialled: str, prefix: str, number: str) -> None:
    text = estate(f"[inbound]\nexten => {dialled},1,Goto(phones,2001,1)\n")
    found = imported(text, setting(prefix))
    assert kinds(found)["number"] == [number]


@pytest.mark.parametrize("dialled, prefix", [("5551000", "+1"), ("123456", "+61"), ("55501", "")])
def test_what_is_no_whole_number_is_listed(dialled: str, prefix: str) -> None:
    text = estate(f"[inbound]\nexten => {dialled},1,Goto(phones,2001,1)\n")
    found = imported(text, setting(prefix))
    assert "number" not in kinds(found)
    assert any(dialled in line for line in listed(found))


def test_one_number_that_is_written_twice_is_listed() -> None:
    text = "[inbound]\nexten => 0255501000,1,Goto(phones,2001,1)\n"
    text += "exten => 61255501000,1,Goto(phones,2002,1)\n"
    found = imported(estate(text), setting("+61"))
    assert fields(found, "number/+61255501000")["to"] == "extension/2001"
    assert any("another way of writing it" in line for line in listed(found))


ROUTES = """\
exten => 911,1,Dial(PJSIP/911@line)
exten => 411,1,Dial(PJSIP/411@line,120)
exten => _1800NXXXXXX,1,Dial(PJSIP/${EXTEN}@line,120)
exten => 112,1,Dial(PJSIP/911@line,120)
"""


def test_numbers_that_became_routes_are_said_by_them() -> None:
    found = imported(estate(ROUTES), setting("+1"))
    routes = {
        name: fields(found, f"outbound_route/{name}") for name in kinds(found)["outbound_route"]
    }
    assert routes == {
        "phones": {"patterns": ["1800NXXXXXX", "411"], "trunks": ["line"]},
        "phones-911": {"patterns": ["112"], "trunks": ["line"], "strip": 3, "prepend": "911"},
        "phones-emergency": {"patterns": ["911"], "trunks": ["line"], "emergency": True},
    }
    told = [line for line in listed(found) if "Dial(PJSIP/" in line]
    (only,) = told
    assert only.startswith("exten => 911,1,Dial(PJSIP/911@line): differs: ccstate lets an outside")


def test_a_number_for_help_that_some_phones_cannot_call_is_reported() -> None:
    text = estate("[other]\nexten => 911,1,Dial(PJSIP/911@line,120)\n[phones]\ninclude => none\n")
    text["pjsip.conf"] = text["pjsip.conf"].replace("context=phones", "context=other", 1)
    found = imported(text, setting("+1"))
    assert fields(found, "outbound_route/other-emergency")["emergency"] is True
    assert any("every phone may call for help" in line for line in listed(found))


def test_a_number_that_is_cut_from_the_callers_own_is_not_shown_as_it_is() -> None:
    text = "exten => _0.,1,Set(CALLERID(num)=0255501${CALLERID(num):1})\n"
    text += " same => n,Dial(PJSIP/${EXTEN}@line,120)\n"
    found = imported(estate(text), setting("+61"))
    assert "caller_id" not in fields(found, "extension/2001")
    assert any("an extension shows one number" in line for line in listed(found))
