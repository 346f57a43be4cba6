"""What phones keep in the database: calls that are turned away, or sent elsewhere."""

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import WORDS, estate, fields, imported, kinds, listed

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS, supports=SUPPORTS)
SILENCED = """\
[phones]
exten => _200X,1,GotoIf($["${DB(DND/${EXTEN})}" = "1"]?away)
 same => n,Dial(PJSIP/${EXTEN},25)
 same => n,Hangup()
 same => n(away),Busy(5)
"""
TWO_CODES = """\
exten => *78,1,Set(DB(DND/${CALLERID(num)})=1)
 same => n,Hangup()
exten => *79,1,DBdel(DND/${CALLERID(num)})
 same => n,Hangup()
"""
ONE_CODE = """\
exten => *76,1,GotoIf($["${DB(DND/${CALLERID(num)})}" = "1"]?off)
 same => n,Set(DB(DND/${CALLERID(num)})=1)
 same => n,Hangup()
 same => n(off),Set(DB(DND/${CALLERID(num)})=0)
 same => n,Hangup()
"""
FORWARDED = """\
[phones]
exten => _200X,1,Set(TO=${DB(CFIM/${EXTEN})})
 same => n,GotoIf($["${TO}" != ""]?away)
 same => n,Dial(PJSIP/${EXTEN},25)
 same => n,Hangup()
 same => n(away),Dial(PJSIP/${TO}@line,40)
 same => n,Hangup()
exten => _*72.,1,Set(DB(CFIM/${CALLERID(num)})=${EXTEN:3})
 same => n,Hangup()
exten => *73,1,DBdel(CFIM/${CALLERID(num)})
 same => n,Hangup()
"""


def whole(dialplan: str) -> Imported:
    """The estate with this dialplan alone, for a platform that can hold everything."""
    return imported({**estate(), "extensions.conf": dialplan}, SETTING)


def lines(found: Imported, text: str) -> list[str]:
    return [line for line in listed(found) if text in line.partition(": ")[0]]


@pytest.mark.parametrize("dialplan", [SILENCED + TWO_CODES, FORWARDED])
def test_a_phone_rings_as_it_does_while_the_database_has_nothing_for_it(dialplan: str) -> None:
    found = whole(dialplan)
    assert fields(found, "extension/2001")["ring_for"] == "25s"
    assert fields(found, "extension/2002")["ring_for"] == "25s"
    assert "ivr" not in kinds(found)
    assert "switch" not in kinds(found)


def test_a_code_that_sets_and_one_that_clears_are_one_code_in_ccstate() -> None:
    found = whole(SILENCED + TWO_CODES)
    code = fields(found, "feature_code/do_not_disturb")
    assert code == {"code": "*78", "action": "do_not_disturb"}
    assert any("*78 sets one position" in line for line in lines(found, "*78"))
    assert any("so *79 is no code" in line for line in lines(found, "*79"))
    assert any("DB(DND/…) turns calls of phones away" in line for line in lines(found, "_200X"))


def test_a_code_that_turns_calls_away_and_no_longer_is_said_wholly() -> None:
    found = whole(SILENCED + ONE_CODE)
    code = fields(found, "feature_code/do_not_disturb")
    assert code == {"code": "*76", "action": "do_not_disturb"}
    assert not lines(found, "*76")
    assert not lines(found, "(off)")


def test_forwarding_is_reported_where_it_is_asked_and_where_it_is_set() -> None:
    found = whole(FORWARDED)
    code = fields(found, "feature_code/forward")
    assert code == {"code": "*72", "action": "forward"}
    assert any("DB(CFIM/…) sends calls of phones elsewhere" in x for x in lines(found, "_200X"))
    assert any("the number is dialled behind *72" in line for line in lines(found, "_*72"))
    assert any("so *73 is no code" in line for line in lines(found, "*73"))


def test_forwarding_that_asks_for_a_code_first_is_listed() -> None:
    asks = FORWARDED.replace("exten => _*72.,1,", "exten => _*72.,1,Authenticate(1)\n same => n,")
    found = whole(asks)
    assert "feature_code" not in kinds(found)
    assert any("no code was made of this" in line for line in lines(found, "Set(DB(CFIM"))


def test_the_report_does_not_grow_with_the_number_of_phones() -> None:
    (told,) = lines(whole(FORWARDED), "_200X")
    assert told.count("sends calls of phones elsewhere") == 1


def test_a_value_that_no_phone_is_asked_for_is_no_code() -> None:
    found = whole(FORWARDED + TWO_CODES)
    assert kinds(found)["feature_code"] == ["forward"]
