"""Feature codes: whether they take a number away, and whether they do anything."""

import pytest

from ccstate.desired.crosschecks import check_together
from ccstate.desired.documents import parse
from ccstate.model import Address, Resource
from ccstate.rules import RULES, Breach
from tests.rules.estates import FILE, estate

SITES = """
sites:
  sydney: {timezone: Australia/Sydney, address: {country: AU}}
  leeds: {timezone: Europe/London, address: {country: GB}}
extensions:
  "2101": {site: sydney}
trunks: {carrier: {host: sip.carrier.example}}
outbound_routes: {short: {site: sydney, patterns: ["9X", "000"], trunks: [carrier]}}
"""


def found(code: str, feature: str, more: str = "") -> list[Breach]:
    document = f"{SITES}{more}feature_codes: {{it: {{{feature}}}}}\n"
    return list(RULES[code].check(estate(document)))


MAILBOX = "action: mailbox"


@pytest.mark.parametrize(
    "code, sites, message",
    [
        ("000", "[sydney]", 'feature_code/it takes the emergency number "000"'),
        ("999", "[sydney, leeds]", 'feature_code/it takes the emergency number "999"'),
    ],
)
def test_a_code_that_is_an_emergency_number_is_reported(
    code: str, sites: str, message: str
) -> None:
    [problem] = found("CC271", f'code: "{code}", sites: {sites}, {MAILBOX}')
    assert problem.message == message


@pytest.mark.parametrize("code, sites", [("999", "[sydney]"), ("*112", "[sydney]")])
def test_a_code_that_is_no_emergency_number_there_is_not_reported(code: str, sites: str) -> None:
    assert not found("CC271", f'code: "{code}", sites: {sites}, {MAILBOX}')


def test_a_code_that_a_route_would_carry_is_reported_where_it_may_be_dialled() -> None:
    [problem] = found("CC272", f'code: "97", {MAILBOX}')
    assert problem.message == 'feature_code/it takes "97" from outbound_route/short'
    assert not found("CC272", f'code: "97", sites: [leeds], {MAILBOX}')
    assert not found("CC272", f'code: "*97", {MAILBOX}')


QUEUES = """
queues:
  sales: {members: [{extension: "2101", login: dynamic}]}
  static: {members: [{extension: "2101"}]}
"""


@pytest.mark.parametrize(
    "action, more, message",
    [
        ("log_in", "", "logs in no one"),
        ("log_out, queue: static", QUEUES, "logs out no one"),
        ("mailbox", "", "opens no mailbox"),
        ("pick_up", "", "picks up no call"),
        ("log_in", QUEUES, ""),
        ("log_in, queue: sales", QUEUES, ""),
        ("pause, reason: Lunch", "", ""),
    ],
)
def test_a_code_that_does_nothing_is_reported(action: str, more: str, message: str) -> None:
    problems = [p.message for p in found("CC273", f'code: "*45", action: {action}', more)]
    assert problems == ([f"feature_code/it {message}"] if message else [])


# One code, two things: CC105


def owned_twice(text: str) -> list[str]:
    document, _, findings = parse(text.encode(), FILE)
    assert not findings
    state = {Address(k, n): Resource(Address(k, n), f, FILE) for k, n, f in document.resources}
    found = check_together({FILE: document}, state, lambda _: text.encode())
    return [finding.problem.message for finding in found if finding.problem.code == "CC105"]


def two_codes(one: str, other: str) -> str:
    code = f'code: "*45", {MAILBOX}'
    return f"""
sites: {{sydney: {{timezone: UTC}}, leeds: {{timezone: UTC}}}}
feature_codes:
  a: {{{code}{one}}}
  b: {{{code}{other}}}
"""


@pytest.mark.parametrize(
    "one, other, messages",
    [
        ("", "", ["code *45 has two owners"]),
        (", sites: [sydney]", "", ["code *45 has two owners"]),
        (", sites: [sydney, leeds]", ", sites: [leeds]", ["code *45 has two owners"]),
        (", sites: [sydney]", ", sites: [leeds]", []),
    ],
)
def test_one_code_does_one_thing_at_a_site(one: str, other: str, messages: list[str]) -> None:
    assert owned_twice(two_codes(one, other)) == messages


def test_a_code_is_no_internal_number_at_the_same_time() -> None:
    text = f'extensions: {{"2101": {{}}}}\nfeature_codes: {{it: {{code: "2101", {MAILBOX}}}}}\n'
    assert owned_twice(text) == ["code 2101 has two owners"]


# Fields that an action takes: CC111


@pytest.mark.parametrize(
    "fields, message",
    [
        ("action: switch", 'the action "switch" does not say which switch'),
        ("action: mailbox, reason: Lunch", 'reason means nothing to the action "mailbox"'),
        ("action: pause, queue: sales", 'queue means nothing to the action "pause"'),
        ("action: log_in, switch: night", 'switch means nothing to the action "log_in"'),
    ],
)
def test_a_field_that_the_action_does_not_take_is_refused(fields: str, message: str) -> None:
    text = f'feature_codes: {{it: {{code: "*45", {fields}}}}}\n'
    _, _, findings = parse(text.encode(), FILE)
    [found] = [finding.problem for finding in findings]
    assert (found.code, found.message) == ("CC111", message)
