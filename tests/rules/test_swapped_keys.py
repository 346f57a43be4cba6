import pytest

from ccstate.rules import RULES, Breach
from tests.rules.estates import estate

CHECK = RULES["CC208"].check
REST = """
queues:
  billing: {label: Accounts and bills, members: [{extension: "2101"}]}
  sales: {members: [{extension: "2101"}]}
  care: {label: Customer care, members: [{extension: "2101"}]}
schedules:
  week: {timezone: Australia/Sydney, weekly: {mon: ["09:00-17:00"]}}
extensions:
  "2101": {label: Desk}
  "2900": {label: Complaints, device: none, voicemail: {}}
"""


def found(text: str, choices: str, more: str = "", language: str = "en-AU") -> list[Breach]:
    tree = f"""
ivrs:
  main:
    extension: "1000"
    start: menu
    nodes:
      menu: {{type: menu, prompt: menu, choices: {{{choices}}}, on_timeout: hangup}}
{more}
prompts:
  menu:
    languages: {{{language}: {{text: "{text}"}}}}
  hello: {{languages: {{en-AU: {{text: "Hello."}}}}}}
"""
    return list(CHECK(estate(tree + REST)))


def keys(*found_: Breach) -> list[str]:
    return [str(finding.path[-1]) for finding in found_]


TEXT = "For sales, press 1. For your bill, press 2."
RIGHT = '"1": queue/sales, "2": queue/billing'
SWAPPED = '"1": queue/billing, "2": queue/sales'


def test_two_keys_that_are_swapped_are_both_reported() -> None:
    reported = found(TEXT, SWAPPED)
    assert [finding.path for finding in reported] == [
        ("nodes", "menu", "choices", "1"),
        ("nodes", "menu", "choices", "2"),
    ]
    assert reported[0].message == "key 1 is announced for what key 2 leads to"
    assert 'says "For sales, press 1", and key 1 leads to "queue/billing"' in reported[0].cause


def test_keys_in_their_places_are_fine() -> None:
    assert found(TEXT, RIGHT) == []


@pytest.mark.parametrize(
    "more",
    [
        "      one: {type: goto, to: queue/billing}",
        "      one: {type: play, prompt: hello, then: queue/billing}",
        "      one: {type: queue, queue: billing}",
        "      one: {type: hours, schedule: week, open: queue/billing, closed: hangup}",
    ],
)
def test_what_lies_behind_nodes_that_ask_nothing_counts(more: str) -> None:
    assert keys(*found(TEXT, '"1": one, "2": queue/sales', more)) == ["1", "2"]


def test_the_label_of_a_mailbox_counts() -> None:
    text = "For sales, press 1. To complain, press 2."
    assert keys(*found(text, '"1": voicemail/2900, "2": queue/sales')) == ["1", "2"]


def test_one_key_that_leads_elsewhere_is_reported_where_the_other_fits_nothing() -> None:
    assert keys(*found(TEXT, '"1": queue/billing, "2": queue/care')) == ["2"]


def test_two_keys_to_one_place_are_fine() -> None:
    text = "For sales, press 1. For your bill, press 2. For sales of gas, press 3."
    assert found(text, RIGHT + ', "3": queue/care') == []


def test_words_that_fit_nothing_say_nothing() -> None:
    assert found("For Anna, press 1. For Ben, press 2.", SWAPPED) == []
    assert found("Nhấn 1 để mua. Nhấn 2 để trả.", SWAPPED, language="vi") == []


def test_a_round_of_nodes_ends() -> None:
    more = """
      one: {type: play, prompt: hello, then: two}
      two: {type: play, prompt: hello, then: one}
"""
    assert keys(*found(TEXT, '"1": one, "2": queue/sales', more)) == ["1"]
