import pytest

from ccstate.rules.cut_offs import RULES
from ccstate.rules.rule import Breach
from tests.rules.estates import estate
from tests.rules.test_trees import tree

CHECKS = {rule.code: rule.check for rule in RULES}


def found(code: str, document: str) -> list[Breach]:
    return list(CHECKS[code](estate(document)))


def paths(code: str, document: str) -> list[str]:
    return [".".join(map(str, finding.path)) for finding in found(code, document)]


# --- CC204, callers who do nothing


def test_a_menu_without_on_timeout() -> None:
    nodes = 'start: {type: menu, prompt: menu, choices: {"1": voicemail/2900}}'
    (finding,) = found("CC204", tree(nodes))
    assert finding.path == ("nodes", "start")
    assert finding.message == 'menu "start" cuts off callers who press nothing'
    assert finding.hint.startswith("add on_timeout:")


def test_on_invalid_does_not_stand_in_for_on_timeout() -> None:
    nodes = 'start: {type: menu, prompt: menu, choices: {"1": hangup}, on_invalid: hangup}'
    assert paths("CC204", tree(nodes)) == ["nodes.start"]


def test_a_timeout_that_hangs_up_was_meant() -> None:
    nodes = 'start: {type: menu, prompt: menu, choices: {"1": hangup}, on_timeout: hangup}'
    assert paths("CC204", tree(nodes)) == []


def test_a_question_for_digits() -> None:
    asks = "start: {type: collect, prompt: menu, save_as: account, then: voicemail/2900"
    (finding,) = found("CC204", tree(asks + "}"))
    assert finding.message == '"start" cuts off callers who enter no digits'
    assert paths("CC204", tree(asks + ", on_timeout: hangup}")) == []


def test_a_phone_without_an_answer() -> None:
    phone = 'start: {type: dial, extension: "2001"'
    more = '\n  "2001": {voicemail: {}}'
    document = tree(phone + "}").replace("extensions:", "extensions:" + more)
    (finding,) = found("CC204", document)
    assert finding.path == ("nodes", "start")
    assert finding.message == '"start" cuts off callers when extension/2001 does not answer'
    assert finding.cause.startswith("After 20s of ringing the call ends.")
    assert "The mailbox of extension/2001" in finding.cause
    assert paths("CC204", document.replace('"2001"}', '"2001", on_no_answer: hangup}')) == []


def test_an_outside_number_may_not_answer_either() -> None:
    (finding,) = found("CC204", tree('start: {type: dial, number: "+61255501999"}'))
    assert "when +61255501999 does not answer" in finding.message


def test_a_phone_that_cannot_ring_is_not_a_matter_of_patience() -> None:
    assert paths("CC204", tree('start: {type: dial, extension: "2900"}')) == []


def test_no_caller_is_silent_at_an_unreachable_menu() -> None:
    nodes = """
start: {type: hangup}
old: {type: menu, prompt: menu, choices: {"1": hangup}}
"""
    assert paths("CC204", tree(nodes)) == []


PHONES = """
extensions:
  "2001": {label: Desk, ring_for: 25s}
  "2002": {label: Office, voicemail: {}}
  "2003": {label: Messages, device: none, voicemail: {}}
  "2004": {label: Nothing, device: none}
"""


@pytest.mark.parametrize(
    "sends, path",
    [
        ('numbers: {"+61255501000": {to: extension/EXT}}', "to"),
        ("queues: {q: {overflow: {after: 1m, to: extension/EXT}}}", "overflow.to"),
        ("ivrs: {t: {start: s, nodes: {s: {type: goto, to: extension/EXT}}}}", "nodes.s.to"),
    ],
)
def test_a_phone_without_a_mailbox_to_which_callers_are_sent(sends: str, path: str) -> None:
    (finding,) = found("CC204", PHONES + sends.replace("EXT", "2001"))
    assert ".".join(map(str, finding.path)) == path
    assert "cuts off callers when extension/2001 does not answer" in finding.message
    assert "After 25s of ringing" in finding.cause
    for kept in ("2002", "2003", "2004"):  # the last rings nowhere: CC201 tells it
        assert not found("CC204", PHONES + sends.replace("EXT", kept))


def test_a_phone_that_is_a_member_of_a_queue_needs_no_mailbox() -> None:
    assert not found("CC204", PHONES + 'queues: {q: {members: [{extension: "2001"}]}}')


def test_a_phone_behind_an_unreachable_node_is_passed_over() -> None:
    nodes = "{s: {type: hangup}, old: {type: goto, to: extension/2001}}"
    assert not found("CC204", PHONES + f"ivrs: {{t: {{start: s, nodes: {nodes}}}}}")


# --- CC217, no room


@pytest.mark.parametrize(
    "queue, count",
    [
        ("max_waiting: 20", 1),
        ("max_waiting: 20, overflow: {after: 1m, to: hangup, empty: hangup}", 1),
        ("max_waiting: 20, overflow: {full: hangup}", 0),
        ("max_waiting: 0", 0),
        ("label: Sales", 0),
    ],
)
def test_a_queue_that_fills_up(queue: str, count: int) -> None:
    reported = found("CC217", f"queues: {{q: {{{queue}}}}}")
    assert len(reported) == count
    assert all(finding.path == ("max_waiting",) for finding in reported)
    assert all("while 20 wait" in finding.message for finding in reported)
