"""The values of expressions, as Asterisk 16.28 and 22.10 gave them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.conf.expressions import NoExpression, expression_value, is_true
from tests.asterisk_sites import SiteOf, site

__all__ = ["site"]

VALUES = {
    "1+2*3": "7",
    '"10" > "9"': "1",
    '"a"="a" & 1': "1",
    "!0": "1",
    '"b" =~ "[a-c]"': "1",
    '"" = ""': "1",
    '"BUSY" = "NOANSWER" | "BUSY" = "BUSY"': "1",
    '"2001" =~ "^20"': "2",
    '"2001" : "01"': "0",
    "7 / 2": "3.5",
    "7 % 4": "3",
    "-3 + 1": "-2",
    "(1 + 2) * 3": "9",
    "1 ? yes :: no": "yes",
    "0 ? yes :: no": "no",
    "abc < abd": "1",
    "01 = 1": "1",
    '"1" != "1"': "0",
    "3 - 1 - 1": "1",
    "0 | 5": "5",
    "4 & 5": "4",
    "4 & 0": "0",
}


@pytest.mark.parametrize("text, value", VALUES.items())
def test_an_expression_has_this_value(text: str, value: str) -> None:
    assert expression_value(text) == value


@pytest.mark.parametrize("release", ["22", "16"])
def test_asterisk_gives_the_same_values(release: str, site: SiteOf) -> None:
    running = site(release)
    login = Login(running.ami_host, running.ami_port, running.lab_username, running.lab_secret)
    with Ami.connect(login) as ami:
        found = {
            text: ami.do("Getvar", ("Variable", f"IF($[$[{text}] = {value}]?same:other)"))["Value"]
            for text, value in VALUES.items()
        }
    assert found == dict.fromkeys(VALUES, "same")


@pytest.mark.parametrize("text", ["", "1 +", "(1", '"a', "1 2", "1 / 0", '"a" =~ "(a*)*"', "~"])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NoExpression):
        expression_value(text)


@given(st.text('"ab01 =!<>|&+*/%()?:~^.-', max_size=40))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    with suppress(NoExpression):
        assert isinstance(expression_value(text), str)


@pytest.mark.parametrize(
    "value, truth",
    [("", False), ("0", False), ("1", True), ("-1", True), ("no", True), (" 0", False)],
)
def test_what_goto_if_takes_as_true(value: str, truth: bool) -> None:
    assert is_true(value) is truth
