"""Switches: whether a user can turn them, what they change, and where they strand callers."""

from ccstate.rules import RULES, Breach
from tests.rules.estates import estate

PHONES = """
users:
  ana: {name: Ana Petrov, extension: "2101"}
extensions:
  "2101": {voicemail: {}}
  "2102": {device: none}
switches:
  night: {}
"""
CODE = 'feature_codes: {night: {code: "*28", action: switch, switch: night}}\n'


def found(code: str, *documents: str) -> list[Breach]:
    return list(RULES[code].check(estate(PHONES + "".join(documents))))


def number(fields: str) -> str:
    return f'numbers: {{"+61255501000": {{to: extension/2101, {fields}}}}}\n'


def test_a_switch_without_a_feature_code_is_reported() -> None:
    [problem] = found("CC274", number("switch: night, on: voicemail/2101"))
    assert problem.message == "no phone can turn switch/night from a phone"
    assert "stays off" in problem.cause


def test_a_switch_with_a_feature_code_is_not_reported() -> None:
    assert not found("CC274", CODE)


def test_a_switch_that_nothing_asks_is_reported() -> None:
    [problem] = found("CC275", CODE)
    assert problem.message == "switch/night changes nothing"


def test_a_number_that_asks_a_switch_and_goes_nowhere_else_is_reported() -> None:
    [problem] = found("CC275", number("switch: night"))
    assert problem.path == ("switch",)


def test_what_asks_a_switch_is_a_number_a_node_or_a_schedule() -> None:
    node = "{type: switch, switch: night, on: hangup, off: hangup}"
    for asks in (
        number("switch: night, on: voicemail/2101"),
        f"ivrs: {{main: {{start: ask, nodes: {{ask: {node}}}}}}}\n",
        "schedules: {week: {timezone: UTC, weekly: {}, closed_by: night}}\n",
    ):
        assert not found("CC275", asks)


def test_a_branch_that_strands_callers_is_reported_with_the_position() -> None:
    [problem] = found("CC201", number("switch: night, on: extension/2102"))
    assert problem.message == "callers of +61255501000 reach no one while switch night on"


def test_hours_that_a_switch_closes_count_as_closed() -> None:
    queue = """
schedules: {all: {timezone: UTC, weekly: {}, closed_by: night}}
queues: {sales: {members: [{user: ana}], hours: all}}
"""
    open_all_day = queue.replace("weekly: {}", f"weekly: {{{WEEK}}}")
    [problem] = found("CC201", number("").replace("extension/2101", "queue/sales"), open_all_day)
    assert problem.message == "callers of +61255501000 reach no one while switch night on"


WEEK = ", ".join(
    f'{day}: ["00:00-24:00"]' for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
)


def test_on_without_a_switch_is_never_taken() -> None:
    [problem] = found("CC261", number("on: voicemail/2101"))
    assert problem.path == ("on",)
