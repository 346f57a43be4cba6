"""Rules about caller lists."""

import pytest

from ccstate.rules.callers import RULES
from ccstate.rules.rule import Breach
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in RULES}

HOUSE = """
sites:
  sydney: {timezone: Australia/Sydney, emergency_callback: "+61255501000"}
trunks: {carrier: {host: sip.carrier.example}}
users: {ana.p: {name: Ana Petrov, site: sydney, extension: "2101"}}
extensions: {"2101": {site: sydney, voicemail: {}}}
prompts: {refused: {languages: {en-AU: {text: We do not take calls from this number.}}}}
"""


def found(code: str, document: str) -> list[Breach]:
    return list(CHECKS[code](estate(document)))


def number(callers: str, lists: str, more: str = "") -> str:
    return (
        f"{HOUSE}caller_lists: {{{lists}}}\nnumbers:\n"
        f'  "+61255501000": {{trunk: carrier, callers: [{callers}], to: extension/2101}}\n{more}'
    )


SILENT = "ivrs: {no: {start: go, nodes: {go: {type: goto, to: end}, end: {type: hangup}}}}\n"
SPOKEN = "ivrs: {no: {start: end, nodes: {end: {type: hangup, prompt: refused}}}}\n"


@pytest.mark.parametrize(
    "to, more, count",
    [
        ("hangup", "", 1),
        ("ivr/no", SILENT, 1),
        ("ivr/no", SPOKEN, 0),
        ("voicemail/2101", "", 0),
        ("extension/2101", "", 0),
    ],
)
def test_callers_who_are_sent_away_hear_why(to: str, more: str, count: int) -> None:
    text = number(f"{{list: blocked, to: {to}}}", 'blocked: {numbers: ["+61491570006"]}', more)
    reported = found("CC290", text)
    assert [(str(one.address), one.path) for one in reported] == [
        ("number/+61255501000", ("callers", 0, "to"))
    ] * count


def test_a_node_that_ends_calls_of_a_list_in_silence_is_reported() -> None:
    tree = (
        "ivrs: {who: {start: ask, nodes: {ask: {type: callers, "
        "callers: [{list: blocked, to: hangup}], others: extension/2101}}}}\n"
    )
    text = number("", "blocked: {withheld: true}", tree).replace(
        "to: extension/2101}\n", "to: ivr/who}\n"
    )
    (one,) = found("CC290", text)
    assert (str(one.address), one.path) == ("ivr/who", ("nodes", "ask", "callers", 0, "to"))
    assert found("CC291", text) == []


def test_a_list_without_a_reference_is_reported() -> None:
    text = number("{list: vip, to: voicemail/2101}", "vip: {}, blocked: {withheld: true}")
    assert [str(one.address) for one in found("CC291", text)] == ["caller_list/blocked"]


@pytest.mark.parametrize(
    "lists, to, count",
    [
        ("private: {withheld: true}", "voicemail/2101", 1),
        ("private: {withheld: true}", "hangup", 1),
        ("private: {withheld: true}", "extension/2101", 0),
        ('private: {prefixes: ["+6149"]}', "voicemail/2101", 0),
        # A number of the list stands for its class; that others are in it counts all the same.
        ('private: {numbers: ["+61491570006"], withheld: true}', "voicemail/2101", 1),
    ],
)
def test_who_calls_back_without_a_number_reaches_a_human(lists: str, to: str, count: int) -> None:
    assert len(found("CC292", number(f"{{list: private, to: {to}}}", lists))) == count


def test_a_number_that_no_emergency_call_shows_may_refuse_them() -> None:
    text = number("{list: private, to: voicemail/2101}", "private: {withheld: true}")
    assert found("CC292", text.replace(', emergency_callback: "+61255501000"', "")) == []
