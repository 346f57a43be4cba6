"""Inbound numbers: calls arrive, once, and their hours matter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.dialling.countries import without_national_prefix
from ccstate.rules import Breach
from ccstate.rules.numbers import RULES
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in RULES}


def found(code: str, text: str, today: str = "2026-11-22") -> list[Breach]:
    return list(CHECKS[code](estate(text, today)))


LINES = """
sites:
  sydney: {timezone: Australia/Sydney}
  perth: {timezone: Australia/Perth}
trunks:
  east: {host: sip.carrier.example, site: sydney}
  anywhere: {host: sip.carrier.example}
numbers:
  "+61255501234": {to: hangup, site: sydney, trunk: east}
"""


def test_a_number_names_a_trunk_where_trunks_are_declared() -> None:
    text = LINES.replace(", trunk: east", "")
    (one,) = found("CC233", text)
    assert (str(one.address), one.path) == ("number/+61255501234", ())
    assert found("CC233", LINES) == []
    assert found("CC233", 'numbers: {"+61255501234": {to: hangup}}') == []


def test_the_trunk_of_a_number_stands_at_its_site() -> None:
    text = LINES.replace("site: sydney, trunk", "site: perth, trunk")
    (one,) = found("CC233", text)
    assert one.path == ("trunk",)
    assert one.message == 'trunk/east stands at site "sydney", the number at "perth"'
    assert found("CC233", text.replace("trunk: east", "trunk: anywhere")) == []
    assert found("CC233", text.replace("site: perth, ", "")) == []


ONE = 'numbers: {"+610255501234": {to: hangup}}'
BOTH = 'numbers: {"+610255501234": {to: hangup}, "+61255501234": {to: hangup}}'


def test_no_call_arrives_on_a_number_with_the_national_zero() -> None:
    (one,) = found("CC233", ONE)
    assert (
        one.message
        == '"+610255501234" is written with the zero, or trunk prefix, of national dialling'
    )
    assert one.hint == 'write "+61255501234"'
    assert found("CC234", ONE) == []


def test_a_line_that_is_written_twice_is_said_once() -> None:
    (one,) = found("CC234", BOTH)
    assert str(one.address) == "number/+610255501234"
    assert found("CC233", BOTH) == []


@pytest.mark.parametrize(
    "number, real",
    [
        ("+6402155501234", "+642155501234"),
        ("+3530155501234", "+353155501234"),
        ("+61255501234", None),
        ("+390655501234", None),  # Italy keeps its zero
        ("+12025550123", None),
        ("+3551234567", None),  # Albania, and not 35
        ("+2250712345678", None),  # numbers of Ivory Coast begin with a zero
        ("+788123456789", "+78123456789"),  # Russia dials an 8
        ("+78123456789", None),
        ("+112025550123", "+12025550123"),  # North America dials a 1
    ],
)
def test_the_zero_is_dropped_where_a_country_surely_drops_it(number: str, real: str | None) -> None:
    assert without_national_prefix(number) == real


@given(
    st.sampled_from(["31", "33", "353", "43", "44", "46", "49", "61", "64"]),
    st.from_regex(r"\A[1-9][0-9]{6,9}\Z"),
)
def test_a_zero_is_taken_out_once(code: str, rest: str) -> None:
    assert without_national_prefix(f"+{code}0{rest}") == f"+{code}{rest}"
    assert without_national_prefix(f"+{code}{rest}") is None


HOURS = """
schedules:
  office:
    timezone: Australia/Sydney
    weekly: {weekly}
extensions:
  "2101": {{voicemail: {{}}}}
numbers:
  "+61255501234": {{to: extension/2101, hours: office{more}}}
"""
ALWAYS = "{" + ", ".join(
    f'{day}: ["00:00-24:00"]' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
) + "}"  # fmt: skip


def hours(weekly: str = '{mon: ["09:00-17:00"]}', more: str = "", special: str = "") -> str:
    return HOURS.format(weekly=weekly + special, more=more)


def test_hours_without_a_branch_change_nothing() -> None:
    (one,) = found("CC235", hours())
    assert one.path == ("hours",)
    assert "extension/2101 at any hour" in one.cause


@pytest.mark.parametrize(
    "more", [", closed: voicemail/2101", ", holiday: hangup", ", closed: extension/2101"]
)
def test_a_branch_says_that_the_hours_are_meant(more: str) -> None:
    assert found("CC235", hours(more=more)) == []


@pytest.mark.parametrize(
    "weekly",
    [
        ALWAYS,
        ALWAYS.replace('mon: ["00:00-24:00"]', 'mon: ["00:00-12:00", "12:00-24:00"]'),
        ALWAYS.replace('"00:00-24:00"', '"06:00-06:00"'),
        ALWAYS.replace('mon: ["00:00-24:00"]', 'mon: ["22:00-24:00", "00:00-22:00"]'),
        ALWAYS.replace('sun: ["00:00-24:00"]', 'sun: ["00:00-06:00"]').replace(
            'sat: ["00:00-24:00"]', 'sat: ["00:00-06:00"]'
        ).replace('["00:00-06:00"]', '["00:00-12:00", "12:00-00:00"]'),
    ],
)  # fmt: skip
def test_a_schedule_that_never_closes_needs_no_branch(weekly: str) -> None:
    assert found("CC235", hours(weekly)) == []


@pytest.mark.parametrize(
    "weekly",
    [
        ALWAYS.replace('mon: ["00:00-24:00"]', 'mon: ["00:00-23:59"]'),
        ALWAYS.replace('sun: ["00:00-24:00"]', 'sun: ["00:01-24:00"]'),
        ALWAYS.replace('wed: ["00:00-24:00"], ', ""),
    ],
)
def test_a_minute_is_enough_to_be_closed(weekly: str) -> None:
    assert len(found("CC235", hours(weekly))) == 1


@pytest.mark.parametrize(
    "special, today, closes",
    [
        ("\n    holidays: [{name: Day off, date: 2026-12-25}]", "2026-12-25", True),
        ("\n    holidays: [{name: Day off, date: 2026-12-25}]", "2026-12-26", False),
        (
            "\n    holidays: [{name: Days off, date: 2026-12-25, until: 2026-12-27}]",
            "2026-12-26",
            True,
        ),
        ("\n    exceptions: [{date: 2026-12-24, hours: []}]", "2026-12-24", True),
        ("\n    exceptions: [{date: 2026-12-24, hours: []}]", "2026-12-25", False),
        ('\n    exceptions: [{date: 2026-12-24, hours: ["00:00-24:00"]}]', "2026-12-01", False),
    ],
)
def test_special_days_close_until_they_are_past(special: str, today: str, closes: bool) -> None:
    assert bool(found("CC235", hours(ALWAYS, special=special), today)) == closes


TREE = """
ivrs:
  main:
    start: open
    nodes:
      open: {type: hours, schedule: office, open: end, closed: end}
      end: {type: hangup}
"""


def test_a_tree_that_asks_a_schedule_looks_after_its_callers() -> None:
    text = hours().replace("to: extension/2101", "to: ivr/main") + TREE
    assert found("CC235", text) == []
    blind = text.replace(
        "{type: hours, schedule: office, open: end, closed: end}", "{type: goto, to: end}"
    )
    assert len(found("CC235", blind)) == 1
