import pytest

from ccstate.rules import Breach
from ccstate.rules.people import RULES
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}

PEOPLE = """
teams:
  sales: {}
users:
  ana.p: {name: Ana Petrov, team: sales, extension: "2101"}
  kim.l: {name: Kim Larsen, team: sales, skills: {sales: 5}, extension: "2102"}
extensions:
  "2101": {}
  "2102": {}
  "2109": {label: Front desk}
"""


def found(code: str, text: str) -> list[Breach]:
    return list(RULE[code].check(estate(text)))


def twice(queue: str) -> list[Breach]:
    return found("CC215", f"{PEOPLE}\nqueues: {{q: {{{queue}}}}}")


# Members twice, CC215: at the entry that does not count


@pytest.mark.parametrize(
    "members, path, message",
    [
        (
            "[{team: sales}, {user: kim.l, penalty: 5}]",
            ("members", 1),
            "user/kim.l is in queue/q twice, with penalties 0 and 5",
        ),
        (
            "[{team: sales, penalty: 5}, {user: kim.l}]",
            ("members", 0),
            "user/kim.l is in queue/q twice, with penalties 0 and 5",
        ),
        (
            '[{user: ana.p, penalty: 1}, {extension: "2101", penalty: 3}]',
            ("members", 1),
            "user/ana.p is in queue/q twice, with penalties 1 and 3",
        ),
        (
            '[{user: ana.p}, {extension: "2101"}]',
            ("members", 1),
            "user/ana.p is in queue/q twice, both times with penalty 0",
        ),
        (
            "[{team: sales}, {team: sales, penalty: 2}]",
            ("members", 1),
            "user/ana.p and 1 more are in queue/q twice, with penalties 0 and 2",
        ),
        (
            '[{extension: "2109"}, {extension: "2109", penalty: 2}]',
            ("members", 1),
            "extension/2109 is in queue/q twice, with penalties 0 and 2",
        ),
    ],
)
def test_a_user_who_is_a_member_twice_rings_by_the_lower_penalty(
    members: str, path: tuple[str | int, ...], message: str
) -> None:
    [problem] = twice(f"members: {members}")
    assert (problem.path, problem.message) == (path, message)


@pytest.mark.parametrize(
    "queue",
    [
        "members: [{user: ana.p}, {user: kim.l, penalty: 5}]",
        "members: [{team: sales}, {extension: '2109', penalty: 5}]",
        "members: []",
        # Ana lacks the skill, so only her device rings.
        "skills: [sales], members: [{user: ana.p}, {extension: '2101', penalty: 5}]",
    ],
)
def test_each_member_once(queue: str) -> None:
    assert twice(queue) == []


# Desks, CC216


def desks(first: str, second: str, third: str = "") -> list[tuple[str, tuple[str | int, ...]]]:
    text = f"""
    sites:
      sydney:
        timezone: Australia/Sydney
        areas: {{level-3: {{desks: [s3-01, s3-02]}}, level-4: {{desks: [s4-01]}}}}
      perth:
        timezone: Australia/Perth
        areas: {{level-3: {{desks: [s3-01]}}}}
    users:
      ana.p: {{name: Ana Petrov, {first}}}
      kim.l: {{name: Kim Larsen, {second}}}
      lee.m: {{name: Lee Marsh, {third}}}
    """
    return [(problem.address.name, problem.path) for problem in found("CC216", text)]


AT_DESK = "site: sydney, area: level-3, desk: s3-01"


def test_two_people_at_one_desk() -> None:
    assert desks(AT_DESK, AT_DESK) == [("kim.l", ("desk",))]
    assert desks(AT_DESK, "site: sydney, desk: s3-01") == [("kim.l", ("desk",))]
    assert desks(AT_DESK, AT_DESK, AT_DESK) == [("kim.l", ("desk",)), ("lee.m", ("desk",))]


@pytest.mark.parametrize(
    "other",
    [
        "site: sydney, area: level-3, desk: s3-02",
        "site: perth, area: level-3, desk: s3-01",
        "site: sydney, area: level-3",
        f"{AT_DESK}, hot_desking: true",
    ],
)
def test_a_desk_of_ones_own_or_one_that_is_shared_on_purpose(other: str) -> None:
    assert desks(AT_DESK, other) == []
    assert desks(other, AT_DESK) == []


# Extensions, CC240


def idle(extension: str, others: str = "") -> list[tuple[str | int, ...]]:
    return [p.path for p in found("CC240", f"extensions: {{'2150': {{{extension}}}}}\n{others}")]


def test_a_phone_without_a_user() -> None:
    assert idle("") == [()]
    assert idle("device: softphone, voicemail: {}") == [()]
    assert idle("", "call_tests: {}") == [()]


@pytest.mark.parametrize(
    "others",
    [
        "users: {ana.p: {name: Ana Petrov, extension: '2150'}}",
        "queues: {q: {members: [{extension: '2150'}]}}",
        "queues: {q: {members: [], overflow: {empty: extension/2150}}}",
        "numbers: {'+61255501001': {to: extension/2150}}",
        "ivrs: {t: {start: a, nodes: {a: {type: dial, extension: '2150'}}}}",
    ],
)
def test_a_phone_with_a_user_or_with_calls_sent_to_it(others: str) -> None:
    assert idle("", others) == []


def test_a_label_says_what_a_phone_without_a_user_is_for() -> None:
    assert idle("label: Lift 2") == []


def test_the_label_of_a_softphone_among_those_of_people_is_the_name_of_a_person() -> None:
    team = """
users: {ana.p: {name: Ana Petrov, extension: '2101'}}
extensions:
  '2101': {pickup_group: sales}
  '2150': {label: Bo Lind, device: %s, pickup_group: %s}
"""
    for device, group, places in (
        ("softphone", "sales", [()]),
        ("webrtc", "sales", [()]),
        ("deskphone", "sales", []),
        ("softphone", "moves", []),
    ):
        assert [p.path for p in found("CC240", team % (device, group))] == places


def test_neither_a_device_nor_a_mailbox() -> None:
    assert idle("device: none") == [("device",)]
    assert idle("device: none", "users: {ana.p: {name: Ana Petrov, extension: '2150'}}") == [
        ("device",)
    ]
    assert idle("device: none, voicemail: {}") == []
