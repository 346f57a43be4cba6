"""What becomes of callers without an answer."""

import pytest

from ccstate.rules import RULES, Breach
from ccstate.rules.pages import judged_example
from tests.rules.estates import estate

PHONES = """
extensions:
  "2001": {label: One, voicemail: {}}
  "2002": {label: Two}
  "2003": {label: Three}
  "2004": {label: Four}
  "2900": {label: Gone, device: none, voicemail: {}}
schedules:
  days: {timezone: UTC, weekly: {mon: ["09:00-17:00"]}}
numbers:
  "+61255501000": {to: queue/q}
"""
FOUR = (
    'members: [{extension: "2001"}, {extension: "2002"}, {extension: "2003"}, {extension: "2004"}]'
)


def found(code: str, queue: str, more: str = "") -> list[Breach]:
    text = f"{PHONES}\nqueues:\n  q: {{{FOUR}, {queue}}}\n{more}"
    return [f for f in RULES[code].check(estate(text)) if f.address.name == "q" or more]


def paths(code: str, queue: str, more: str = "") -> list[str]:
    return [".".join(map(str, finding.path)) for finding in found(code, queue, more)]


@pytest.mark.parametrize(
    "queue, path",
    [
        ("overflow: {after: 3m}", ["overflow.after"]),
        ("overflow: {after: 3m, empty: voicemail/2001, full: voicemail/2001}", ["overflow.after"]),
        ("overflow: {after: 3m, to: null}", ["overflow.after"]),
        ("hours: days, overflow: {after: 3m}", ["overflow.after"]),
        ("overflow: {after: 3m, to: hangup}", []),
        ("overflow: {after: 3m, to: voicemail/2001}", []),
        ("overflow: {to: voicemail/2001}", []),
    ],
)
def test_callers_who_are_cut_off_after_waiting(queue: str, path: list[str]) -> None:
    assert paths("CC209", queue) == path


@pytest.mark.parametrize(
    "queue, path",
    [
        ("overflow: {to: voicemail/2001}", ["overflow.to"]),
        ("overflow: {to: voicemail/2001, after: null}", ["overflow.to"]),
        ("overflow: {full: hangup}, max_waiting: 3", ["overflow"]),
        ("overflow: null", [""]),
        ("label: Q", [""]),
        ("overflow: {after: 3m}", []),
        ("overflow: {after: 3m, to: voicemail/2001}", []),
    ],
)
def test_callers_who_wait_without_end(queue: str, path: list[str]) -> None:
    assert paths("CC219", queue) == path


@pytest.mark.parametrize(
    "queue, more, path",
    [
        ("max_waiting: 0, overflow: {full: hangup}", "", ["overflow.full"]),
        ("overflow: {full: hangup}", "", ["overflow.full"]),
        ("max_waiting: 1, overflow: {full: hangup}", "", []),
        ("max_waiting: 0", "", []),
    ],
)
def test_a_queue_that_is_never_full(queue: str, more: str, path: list[str]) -> None:
    assert paths("CC261", queue, more) == path


@pytest.mark.parametrize(
    "number, path",
    [
        ("{to: hangup, closed: extension/2001}", ["closed"]),
        ("{to: hangup, hours: null, holiday: extension/2001}", ["holiday"]),
        ("{to: hangup, hours: days, closed: extension/2001}", []),
    ],
)
def test_a_number_that_is_never_closed(number: str, path: list[str]) -> None:
    state = PHONES.replace("{to: queue/q}", number)
    assert [f.path for f in RULES["CC261"].check(estate(state))] == [tuple(path)] * len(path)


# Four phones that ring one after another, each for 20 s and 5 s apart: the second has rung at 45 s.


@pytest.mark.parametrize(
    "queue, path",
    [
        ("strategy: in_order, ring_for: 20s, overflow: {after: 30s, to: hangup}", "overflow.after"),
        ("strategy: random, ring_for: 20s, overflow: {after: 44s, to: hangup}", "overflow.after"),
        ("strategy: random, ring_for: 20s, overflow: {after: 45s, to: hangup}", ""),
        ("strategy: ring_all, ring_for: 20s, overflow: {after: 30s, to: hangup}", ""),
        ("ring_for: 60s, overflow: {after: 30s, to: hangup}", "ring_for"),
        ("ring_for: 30s, overflow: {after: 30s, to: hangup}", ""),
        ("overflow: {after: 10s, to: hangup}", "overflow.after"),
        ("overflow: {after: 0s, to: hangup}", "overflow.after"),
    ],
)
def test_callers_who_leave_before_a_second_phone_has_rung(queue: str, path: str) -> None:
    assert paths("CC262", queue) == ([path] if path else [])


def test_a_single_phone_has_no_second_and_a_higher_penalty_waits() -> None:
    rings = "strategy: in_order, ring_for: 20s, overflow: {after: 30s, to: hangup}"
    for members in (
        '[{extension: "2001"}]',
        '[{extension: "2001"}, {extension: "2002", penalty: 1}]',
    ):
        text = f"{PHONES}\nqueues: {{q: {{members: {members}, {rings}}}}}"
        assert list(RULES["CC262"].check(estate(text))) == []


NIGHT = '  night: {hours: days, members: [{extension: "2001"}], overflow: %s}\n'


def test_an_overflow_to_a_queue_that_is_closed_then() -> None:
    sent = "overflow: {after: 1m, to: queue/night}"
    [closed] = found("CC263", sent, NIGHT % "null")
    assert closed.address.name == "night"
    assert "callers of +61255501000 who are not answered in time reach no one" in closed.message
    assert found("CC201", sent, NIGHT % "null") == []
    assert found("CC263", sent, NIGHT % "{empty: voicemail/2001}") == []
    assert found("CC263", "overflow: {after: 1m, to: hangup}", NIGHT % "null") == []


def test_a_chain_of_overflows_is_followed_to_its_end() -> None:
    chain = '  second: {members: [{extension: "2001"}], overflow: {after: 1m, to: queue/night}}\n'
    sent = "overflow: {after: 1m, to: queue/second}"
    [closed] = found("CC263", sent, chain + NIGHT % "null")
    assert closed.address.name == "night"


@pytest.mark.parametrize("way", ["full", "empty", "to"])
def test_a_queue_that_leads_back_to_itself_is_a_circle(way: str) -> None:
    queue = f"max_waiting: 5, overflow: {{after: 1m, to: queue/q, {way}: queue/q}}"
    queue = queue if way != "to" else "overflow: {after: 1m, to: queue/q}"
    assert found("CC213", queue) or found("CC203", queue)


# What is not declared is not known


def codes_of(document: str) -> set[str]:
    return {problem.code for problem in judged_example(document)}


@pytest.mark.parametrize(
    "document",
    [
        "queues: {q: {label: Q}}",  # members may be kept by hand
        "queues: {q: {skills: [gas]}}\nusers: {ann: {name: Ann}}",  # and so may skills
        "queues: {q: {skills: [gas], members: [{user: ann}]}}\nusers: {ann: {name: Ann}}",
        "teams: {t: {}}\nusers: {ann: {name: Ann}}\nqueues: {q: {members: [{team: t}]}}",
        "queues: {q: {max_waiting: 3}}",  # there may be an overflow
        "queues: {q: {overflow: {after: 1m, to: hangup, full: hangup}}}",  # and a limit
        "queues: {q: {service_level: {within: 10s}, strategy: random}}",  # rings shorter, perhaps
        'extensions: {"2001": {device: none}}',  # there may be a mailbox
        'numbers: {"+61255501000": {to: hangup, closed: hangup}}',  # and hours
    ],
)
def test_of_what_is_not_declared_nothing_is_claimed(document: str) -> None:
    assert codes_of(document) == set()


@pytest.mark.parametrize(
    "document, code",
    [
        ("queues: {q: {members: []}}", "CC210"),
        ("queues: {q: {members: null}}", "CC210"),
        ("queues: {q: {skills: [gas]}}\nusers: {ann: {name: Ann, skills: {oil: 5}}}", "CC211"),
        ("queues: {q: {max_waiting: 3, overflow: {after: 1m, to: hangup}}}", "CC217"),
        ("queues: {q: {overflow: {after: 3m}}}", "CC209"),
        ("queues: {q: {overflow: {to: hangup}}}", "CC219"),
        ("queues: {q: {max_waiting: 0, overflow: {after: 1m, to: hangup, full: hangup}}}", "CC261"),
        ("queues: {q: {ring_for: 60s, overflow: {after: 30s, to: hangup}}}", "CC262"),
        ('extensions: {"2001": {device: none, voicemail: null}}', "CC240"),
    ],
)
def test_what_is_declared_empty_is_empty(document: str, code: str) -> None:
    assert codes_of(document) == {code}
