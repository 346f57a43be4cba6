import pytest

from ccstate.rules import RULES, Breach
from tests.rules.estates import estate

CHECK = RULES["CC218"].check
STATE = """
schedules:
  short: {timezone: Australia/Sydney, weekly: {mon: ["09:00-17:00"]}}
  long: {timezone: Australia/Sydney, weekly: {mon: ["08:00-17:00"]}}
  sunday: {timezone: Australia/Sydney, weekly: {sun: ["08:00-17:00"]}}
  holidays:
    timezone: Australia/Sydney
    weekly: {mon: ["09:00-17:00"]}
    holidays: [{name: Labour Day, date: "2027-10-04"}]
extensions:
  "2101": {label: Desk}
prompts:
  menu: {languages: {en-AU: {text: "For sales, press 1."}}}
"""


def found(number: str, hours: str, more: str = "", overflow: str = "") -> list[Breach]:
    queue = f'{{hours: {hours}, members: [{{extension: "2101"}}]}}'
    return list(
        CHECK(
            estate(
                f'{STATE}\nnumbers:\n  "+61255501000": {{{number}}}\n{more}\n'
                f"queues:\n  sales: {queue}\n{overflow}"
            )
        )
    )


def test_a_door_that_opens_after_the_room() -> None:
    (reported,) = found("to: queue/sales, hours: short, closed: hangup", "long")
    assert reported.path == ("hours",)
    assert reported.message == "no number leads to queue/sales on Monday 23 November 2026 at 08:30"


def test_a_holiday_that_only_the_door_knows_is_named() -> None:
    (reported,) = found("to: queue/sales, hours: holidays, closed: hangup", "short")
    assert reported.message.endswith("(Labour Day)")


@pytest.mark.parametrize(
    "number, hours",
    [
        ("to: queue/sales, hours: long, closed: hangup", "short"),
        ("to: queue/sales, hours: short, closed: hangup", "short"),
        ("to: queue/sales, hours: short, closed: queue/sales", "long"),
        ("to: queue/sales", "long"),
        ("to: hangup", "long"),  # no number leads there at all: that is meant, or CC202's
        ("to: queue/sales, hours: short, closed: hangup", "sunday"),  # never both
    ],
)
def test_a_door_that_is_open_as_long(number: str, hours: str) -> None:
    assert found(number, hours) == []


def test_another_number_may_lead_there() -> None:
    other = '  "+61255501001": {to: queue/sales}'
    assert found("to: queue/sales, hours: short, closed: hangup", "long", other) == []


def test_a_key_and_an_overflow_lead_there_too() -> None:
    tree = """
ivrs:
  main:
    start: menu
    nodes:
      menu: {type: menu, prompt: menu, choices: {"1": queue/first}, on_timeout: hangup}
"""
    overflow = (
        "  first: {members: [{extension: '2101'}], overflow: {after: 1m, to: queue/sales}}\n" + tree
    )
    assert found("to: ivr/main", "long", overflow=overflow) == []
    assert found("to: ivr/main, hours: short, closed: hangup", "long", overflow=overflow)
