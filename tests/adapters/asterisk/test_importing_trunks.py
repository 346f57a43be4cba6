"""Carriers as people write them in pjsip.conf, the numbers that they dial and are shown."""

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from tests.adapters.asterisk.estates import PJSIP, WORDS, estate, fields, imported, listed

AU = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS)
LINE = PJSIP.partition("[line]")[0]


def with_line(endpoint: str, more: str = "", extensions: str = "") -> Imported:
    """The small estate with a carrier's line of these options, and sections behind it."""
    text = f"""{LINE}[line]
type=endpoint
context=inbound
direct_media=no
aors=line
{endpoint}
[line]
type=aor
contact=sip:sip.carrier.example:5062
qualify_frequency=60
{more}
"""
    return imported(estate(extensions, pjsip=text), AU)


AUTH = "[line]\ntype=auth\nauth_type=userpass\nusername=house\npassword=hidden-line\n"
REGISTRATION = """\
[line]
type=registration
server_uri=sip:sip.carrier.example:5062
client_uri=sip:house@sip.carrier.example
outbound_auth=line
"""
IDENTIFY = "[line]\ntype=identify\nendpoint=line\nmatch={}\n"


def test_a_carrier_that_asks_for_a_password_and_takes_no_registration() -> None:
    found = with_line("outbound_auth=line", AUTH)
    trunk = fields(found, "trunk/line")
    assert (trunk["username"], trunk["secret"]) == ("house", "env:TRUNK_LINE")
    assert trunk["registers"] is False
    assert not [line for line in listed(found) if "username" in line or "password" in line]


def test_a_carrier_that_registers() -> None:
    trunk = fields(with_line("outbound_auth=line", AUTH + REGISTRATION), "trunk/line")
    assert trunk["username"] == "house"
    assert "registers" not in trunk


def test_the_from_address_of_a_carrier() -> None:
    trunk = fields(with_line("from_user=61255501000\nfrom_domain=sip.house.example"), "trunk/line")
    assert trunk["from_user"] == "61255501000"
    assert trunk["from_domain"] == "sip.house.example"


def test_addresses_from_which_a_carrier_calls() -> None:
    matches = "sip.carrier.example,198.51.100.7/32\nmatch=203.0.113.0/24"
    found = with_line("", IDENTIFY.format(matches))
    assert fields(found, "trunk/line")["addresses"] == ["198.51.100.7", "203.0.113.0/24"]
    assert not [line for line in listed(found) if "match" in line or "takes calls from" in line]


def test_a_carrier_that_never_calls_from_the_host_that_it_is_called_at_is_reported() -> None:
    found = with_line("", IDENTIFY.format("198.51.100.7"))
    assert fields(found, "trunk/line")["addresses"] == ["198.51.100.7"]
    assert any("takes calls from sip.carrier.example" in line for line in listed(found))


@pytest.mark.parametrize(
    "options, codecs",
    [
        ("allow=!all,alaw,ulaw", ["alaw", "ulaw"]),
        ("disallow=all\nallow=alaw\nallow=g722", ["alaw", "g722"]),
        ("disallow=all\nallow=alaw,ulaw,g722\ndisallow=ulaw", ["alaw", "g722"]),
        ("allow=ulaw\nallow=!all,g729", ["g729"]),
    ],
)
def test_the_codecs_of_a_carrier(options: str, codecs: list[str]) -> None:
    found = with_line(options)
    assert fields(found, "trunk/line")["codecs"] == codecs
    assert not [line for line in listed(found) if "allow" in line]


def test_a_codec_that_no_trunk_has_is_reported() -> None:
    found = with_line("allow=!all,gsm")
    assert "codecs" not in fields(found, "trunk/line")
    assert any("a trunk has no codec gsm" in line for line in listed(found))


def test_a_phone_with_its_codecs_in_several_lines() -> None:
    text = PJSIP.replace(
        "allow=!all,alaw,ulaw,g722", "disallow=all\nallow=g722\nallow=ulaw,alaw", 1
    )
    assert not [line for line in listed(imported(estate(pjsip=text))) if "allow" in line]


# How a carrier writes numbers


def arriving(*dialled: str) -> Imported:
    lines = "".join(f"exten => {number},1,Goto(phones,2001,1)\n" for number in dialled)
    return imported(estate(f"[inbound]\n{lines}"), AU)


def test_national_numbers_say_how_the_carrier_writes_them() -> None:
    found = arriving("0255501000", "1300975707", "0255501001")
    trunk = fields(found, "trunk/line")
    assert (trunk["inbound_number_format"], trunk["country"]) == ("national", "AU")
    told = [
        line for line in listed(found) if "callers of this carrier in international form" in line
    ]
    assert len(told) == 1
    assert not [line for line in listed(found) if "the carrier dials" in line]


@pytest.mark.parametrize("dialled", [("+61255501000",), ("61255501000", "+61255501001")])
def test_international_numbers_need_no_format(dialled: tuple[str, ...]) -> None:
    assert "inbound_number_format" not in fields(arriving(*dialled), "trunk/line")


def test_numbers_in_no_common_form_are_reported() -> None:
    found = arriving("0255501000", "255501001")
    assert "inbound_number_format" not in fields(found, "trunk/line")
    assert any("the carrier dials 0255501000" in line for line in listed(found))


# What is shown


ROUTES = """\
exten => _0NXXXXXXXX,1,Set(CALLERID(num)=+61255501000)
 same => n,Dial(PJSIP/${EXTEN}@line,120)
exten => 000,1,Set(CALLERID(num)=0255501099)
 same => n,Dial(PJSIP/000@line,120)
"""


def test_the_number_that_a_route_shows() -> None:
    found = imported(estate(ROUTES), AU)
    assert fields(found, "outbound_route/phones")["caller_id"] == "+61255501000"
    assert fields(found, "outbound_route/phones-emergency")["caller_id"] == "+61255501099"
    assert "caller_id" not in fields(found, "extension/2001")
    (told,) = [line for line in listed(found) if "CALLERID" in line]
    assert "the carrier is shown 0255501099 here" in told


def test_an_extensions_own_number_goes_before_that_of_a_route() -> None:
    own = ROUTES.replace("=+61255501000)", "=025550${CALLERID(num)})")
    found = imported(estate(own), AU)
    assert fields(found, "extension/2001")["caller_id"] == {"number": "0255502001"}
    assert "caller_id" not in fields(found, "outbound_route/phones")
    assert fields(found, "outbound_route/phones-emergency")["caller_id"] == "+61255501099"


NAMED = """\
[inbound]
exten => +61255501000,1,Set(CALLERID(name)=Sales: ${CALLERID(name)})
 same => n,Goto(phones,2001,1)
"""


def test_words_before_the_names_of_callers() -> None:
    found = imported(estate(NAMED))
    assert fields(found, "number/+61255501000")["caller_name_prefix"] == "Sales:"
    assert not [line for line in listed(found) if "CALLERID" in line]


@pytest.mark.parametrize("name", ["Sales", "${CALLERID(name)} for sales", "${DB(cid/1)}"])
def test_another_name_in_place_of_the_callers_is_reported(name: str) -> None:
    found = imported(estate(NAMED.replace("Sales: ${CALLERID(name)}", name)))
    assert "caller_name_prefix" not in fields(found, "number/+61255501000")
    assert any("CALLERID(name)" in line for line in listed(found))


# Members


def test_a_queue_without_members_in_its_file_says_nothing_of_them() -> None:
    text = estate(queues="[help]\nstrategy=ringall\n")
    found = imported(text)
    assert "members" not in fields(found, "queue/help")
    assert any("agents who log in" in line for line in listed(found))
