import pytest

from ccstate.rules import Breach
from ccstate.rules.queues import RULES
from tests.rules.estates import estate

RULE = {rule.code: rule for rule in RULES}

PEOPLE = """
teams:
  sales: {}
  night: {}
users:
  ana.p: {name: Ana Petrov, team: sales, skills: {sales: 5}, extension: "2101"}
  kim.l: {name: Kim Larsen, team: sales, skills: {billing: 5}, extension: "2102"}
  lee.m: {name: Lee Marsh, skills: {sales: 5, billing: 5}}
  may.q: {name: May Quill, skills: {sales: 5}, extension: "2103"}
extensions:
  "2101": {}
  "2102": {}
  "2103": {device: none, voicemail: {}}
prompts:
  short: {languages: {en-AU: {text: "Thank you for calling."}}}
  recorded: {languages: {en-AU: {audio: audio/welcome.wav}}}
  long:
    languages:
      en-AU: {text: "Thank you for calling."}
      zh: {text: "感谢您的来电。我们会尽快接听您的电话。请您耐心等待，不要挂断。"}
"""


def found(code: str, queue: str) -> list[Breach]:
    """What the rule finds in one queue, of which only the fields are written."""
    return list(RULE[code].check(estate(f"{PEOPLE}\nqueues: {{q: {{{queue}}}}}")))


# No agent can answer, CC210


@pytest.mark.parametrize(
    "queue, why",
    [
        ("members: []", "It has no members"),
        ("members: null", "It has no members"),
        ("members: [{team: night}]", "No user belongs to team/night"),
        ("members: [{user: lee.m}]", "Its only member lacks an extension"),
        ("members: [{user: may.q}]", "Its only member lacks a device"),
        ('members: [{extension: "2103"}]', "Its only member lacks a device"),
        ("skills: [billing], members: [{user: ana.p}]", 'only member lacks the skill "billing"'),
        (
            "skills: [billing], members: [{user: ana.p}, {user: may.q}, {user: lee.m}]",
            '2 of 3 members lack the skill "billing", 1 of 3 members lacks an extension',
        ),
        (
            "skills: [billing, sales], members: [{team: sales}]",
            '1 of 2 members lacks the skill "billing", 1 of 2 members lacks the skill "sales"',
        ),
    ],
)
def test_a_queue_says_what_keeps_all_agents_from_answering(queue: str, why: str) -> None:
    [problem] = found("CC210", queue)
    assert problem.message == "no agent can answer queue/q"
    assert problem.path == (("members",) if "members" in queue else ())
    assert why in problem.cause


@pytest.mark.parametrize(
    "queue",
    [
        "members: [{user: ana.p}]",
        "members: [{user: lee.m}, {user: ana.p}]",
        "skills: [billing], members: [{team: sales}]",
        'skills: [billing], members: [{extension: "2101"}]',
    ],
)
def test_one_who_can_answer_is_enough(queue: str) -> None:
    assert found("CC210", queue) == []


# Skills, CC211


def test_a_skill_that_no_agent_has_is_reported_once() -> None:
    queue = "skills: [biling, sales], members: [{user: ana.p}]"
    [problem] = found("CC211", queue)
    assert problem.path == ("skills", 0)
    assert problem.message == 'no user has the skill "biling"'
    assert problem.hint == 'did you mean "billing"?'
    assert found("CC210", queue) == []


def test_a_skill_of_any_agent_anywhere_is_known() -> None:
    assert found("CC211", "skills: [billing, sales], members: [{user: ana.p}]") == []
    assert found("CC211", "members: [{user: ana.p}]") == []


# Targets, CC214


@pytest.mark.parametrize(
    "queue, path",
    [
        (
            "service_level: {percent: 80, within: 30s}, overflow: {after: 29s}",
            ("overflow", "after"),
        ),
        (
            "service_level: {percent: 80, within: 20s}, strategy: random, ring_for: 20s",
            ("ring_for",),
        ),
        (
            "service_level: {percent: 80, within: 10s}, strategy: in_order",
            ("service_level", "within"),
        ),
        (
            "service_level: {percent: 80, within: 6s}, announcements: {welcome: long}",
            ("announcements", "welcome"),
        ),
        ("service_level: {percent: 100, within: 20s}", ("service_level", "percent")),
        (
            "service_level: {percent: 80, within: 0s}, strategy: in_order",
            ("service_level", "within"),
        ),
    ],
)
def test_a_target_that_the_queue_itself_prevents(queue: str, path: tuple[str, ...]) -> None:
    [problem] = found("CC214", queue)
    assert problem.path == path


@pytest.mark.parametrize(
    "queue",
    [
        "ring_for: 60s, strategy: in_order, overflow: {after: 1s}",
        "service_level: {percent: 80, within: 30s}, overflow: {after: 30s}",
        "service_level: {percent: 80, within: 20s}, ring_for: 60s",
        "service_level: {percent: 80, within: 20s}, strategy: random, ring_for: 19s",
        "service_level: {percent: 80, within: 2s}, announcements: {welcome: short}",
        "service_level: {percent: 80, within: 7s}, announcements: {welcome: long}",
        "service_level: {percent: 80, within: 1s}, announcements: {welcome: recorded}",
        "service_level: {percent: 99, within: 1s}",
        "service_level: {}, strategy: in_order",
    ],
)
def test_a_target_that_can_be_met(queue: str) -> None:
    assert found("CC214", queue) == []
