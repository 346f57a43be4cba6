from ccstate.model import Address
from ccstate.rules.rule import Breach, listed
from ccstate.rules.trees import RULES
from tests.rules.estates import estate

CHECKS = {rule.code: rule.check for rule in RULES}
MAILBOX = """
extensions:
  "2900": {device: none, voicemail: {}}
prompts:
  menu: {languages: {en-AU: {text: "Press 1."}}}
"""


def tree(nodes: str, start: str = "start", fields: str = 'extension: "1000"') -> str:
    """A document with one tree."""
    lines = "".join(f"      {line}\n" for line in nodes.strip().splitlines())
    return f"ivrs:\n  main:\n    {fields}\n    start: {start}\n    nodes:\n{lines}{MAILBOX}"


def found(code: str, document: str) -> list[Breach]:
    return list(CHECKS[code](estate(document)))


def paths(code: str, document: str) -> list[str]:
    return [".".join(map(str, finding.path)) for finding in found(code, document)]


# --- CC202, nodes and trees that no call comes to


def test_a_node_that_nothing_leads_to() -> None:
    nodes = "start: {type: goto, to: end}\nend: {type: hangup}\nold: {type: hangup}"
    (finding,) = found("CC202", tree(nodes))
    assert finding.address == Address("ivr", "main")
    assert finding.path == ("nodes", "old")
    assert finding.message == 'no caller comes to node "old"'


def test_every_exit_of_a_node_leads_somewhere() -> None:
    nodes = """
start: {type: hours, schedule: week, open: menu, closed: closed, holiday: holiday}
menu:
  {type: menu, prompt: menu, choices: {"1": one}, on_timeout: silent, on_invalid: wrong}
one: {type: collect, prompt: menu, save_as: x, then: digits, on_timeout: none}
digits: {type: dial, extension: "2900", on_no_answer: away}
silent: {type: play, prompt: menu, then: after}
wrong: {type: hangup}
none: {type: hangup}
away: {type: hangup}
after: {type: hangup}
closed: {type: hangup}
holiday: {type: hangup}
"""
    week = "schedules:\n  week: {timezone: UTC, weekly: {}}\n"
    assert paths("CC202", tree(nodes) + week) == []


def test_of_nodes_that_hang_together_the_first_is_named() -> None:
    nodes = """
start: {type: hangup}
b: {type: goto, to: c}
c: {type: hangup}
a: {type: goto, to: b}
"""
    (finding,) = found("CC202", tree(nodes))
    assert finding.path == ("nodes", "a")
    assert 'So no caller comes to "b" and "c" either.' in finding.cause


def test_a_ring_of_unreached_nodes_is_one_finding() -> None:
    nodes = """
start: {type: hangup}
x: {type: play, prompt: menu, then: y}
y: {type: play, prompt: menu, then: x}
"""
    assert paths("CC202", tree(nodes)) == ["nodes.x"]


def test_two_heads_of_one_node_are_two_findings_that_name_it_once() -> None:
    nodes = """
start: {type: hangup}
a: {type: goto, to: c}
b: {type: goto, to: c}
c: {type: hangup}
"""
    findings = found("CC202", tree(nodes))
    assert sorted(finding.path[1] for finding in findings) == ["a", "b"]
    assert sum('"c"' in finding.cause for finding in findings) == 1


def test_a_tree_that_only_leads_to_itself() -> None:
    nodes = 'start: {type: menu, prompt: menu, choices: {"1": ivr/main}, on_timeout: hangup}'
    (finding,) = found("CC202", tree(nodes, fields="label: Main"))
    assert finding.path == ()
    assert finding.message == "no call comes to ivr/main"


def test_what_leads_to_a_tree() -> None:
    nodes = "start: {type: hangup}"
    bare = tree(nodes, fields="label: Main")
    assert paths("CC202", bare) == [""]
    week = "schedules:\n  w: {timezone: UTC, weekly: {}}\n"
    number = week + 'numbers:\n  "+61255501000": '
    for more in (
        number + "{to: ivr/main}\n",
        number + "{to: hangup, hours: w, closed: ivr/main}\n",
        number + "{to: hangup, hours: w, holiday: ivr/main}\n",
        "queues:\n  q: {overflow: {empty: ivr/main}}\n",
        "queues:\n  q: {overflow: {full: ivr/main}}\n",
        "queues:\n  q: {overflow: {after: 1m, to: ivr/main}}\n",
    ):
        assert paths("CC202", bare + more) == [], more
    other = "  other: {extension: '1001', start: s, nodes: {s: {type: goto, to: ivr/main}}}\n"
    assert paths("CC202", bare.replace("ivrs:\n", "ivrs:\n" + other)) == []


def test_a_node_of_the_name_hangup_is_not_what_hangup_means() -> None:
    nodes = "start: {type: goto, to: hangup}\nhangup: {type: hangup, prompt: menu}"
    (finding,) = found("CC202", tree(nodes))
    assert finding.path == ("nodes", "hangup")
    assert "ends the call at once" in finding.cause


def test_many_names_are_counted() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c", "d"]) == "a, b, c and d"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
