"""Rules about IVR trees: nodes that no caller reaches, callers who cannot press keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from ccstate.desired.checks import exits
from ccstate.desired.findings import repr_
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Rule

MOST_NAMED = 3
"""Names that a message gives before it counts the others."""


def listed(names: list[str], joint: str = "and") -> str:
    """Names as people list them: `a, b and c`, or `a, b, c and 4 more`."""
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    *most, last = names
    return f"{', '.join(most)} {joint} {last}" if most else last


def reached_nodes(tree: Filled) -> dict[str, Filled]:
    """The nodes of a tree that a call can come to from its start, nearest first."""
    nodes: Mapping[str, Filled] = tree["nodes"]
    starts = [tree["start"]] if tree["start"] in nodes else []
    return {name: nodes[name] for name in _behind(starts, nodes)}


def _behind(starts: list[str], nodes: Mapping[str, Filled]) -> list[str]:
    """These nodes and all that calls come to from there, each once."""
    seen = set(starts)
    for name in (found := list(starts)):
        for target in _targets(nodes[name], nodes):
            if target not in seen:
                seen.add(target)
                found.append(target)
    return found


def _targets(node: Filled, nodes: Mapping[str, Filled]) -> list[str]:
    # As a destination, `hangup` ends the call, even where a node has that name.
    return [target for _, target in exits(node) if target in nodes and target != "hangup"]


def _unreached(estate: Estate) -> Iterator[Found]:
    led_to = _trees_led_to(estate)
    for name, tree in estate.of("ivr").items():
        address = Address("ivr", name)
        if name not in led_to and not tree.get("extension"):
            yield Found(
                address,
                (),
                f"no call comes to {address}",
                "No number, tree or queue leads there, and it has no extension of its own.",
                "let a number, a tree or a queue lead there, or remove it",
            )
        nodes: Mapping[str, Filled] = tree["nodes"]
        unreached = nodes.keys() - reached_nodes(tree).keys()
        if unreached:
            rest = {node: nodes[node] for node in nodes if node in unreached}
            for head, behind in _heads(rest):
                yield _unreached_node(address, tree["start"], head, behind)


def _unreached_node(address: Address, start: str, head: str, behind: list[str]) -> Found:
    cause = f"Nothing on the way from {repr_(start)} leads there."
    if behind:
        named = listed([repr_(node) for node in behind])
        cause += f" So no caller comes to {named} either."
    hint = "lead to it from a node that callers reach, or remove it"
    if head == "hangup":
        cause = 'As a destination, "hangup" ends the call at once and is never this node.'
        hint = "give the node another name, and lead to that"
    return Found(address, ("nodes", head), f"no caller comes to node {repr_(head)}", cause, hint)


def _heads(nodes: Mapping[str, Filled]) -> Iterator[tuple[str, list[str]]]:
    """Nodes from which all of these can be reached, and the others behind each.

    None of them is reached from another; of a ring it is the one that is written first.
    """
    finished: list[str] = []
    seen: set[str] = set()
    for name in nodes:
        if name in seen:
            continue
        seen.add(name)
        todo = [(name, iter(_targets(nodes[name], nodes)))]
        while todo:
            node, targets = todo[-1]
            following = next((target for target in targets if target not in seen), None)
            if following is None:
                finished.append(node)
                todo.pop()
            else:
                seen.add(following)
                todo.append((following, iter(_targets(nodes[following], nodes))))
    covered: set[str] = set()
    for name in reversed(finished):
        if name not in covered:
            behind = [node for node in _behind([name], nodes) if node not in covered]
            covered.update(behind)
            yield name, behind[1:]


def _trees_led_to(estate: Estate) -> set[str]:
    """The trees that numbers, queues or other trees lead to."""
    targets: set[str | None] = set()
    for number in estate.of("number").values():
        targets.update(number.get(field) for field in ("to", "closed", "holiday"))
    for queue in estate.of("queue").values():
        if overflow := queue.get("overflow"):
            targets.update(overflow.get(field) for field in ("to", "empty", "full"))
    for name, tree in estate.of("ivr").items():
        own = f"ivr/{name}"
        for node in tree["nodes"].values():
            targets.update(target for _, target in exits(node) if target != own)
    return {target[4:] for target in targets if target and target.startswith("ivr/")}


def _silence(estate: Estate) -> Iterator[Found]:
    for name, tree in estate.of("ivr").items():
        for node_name, node in reached_nodes(tree).items():
            if words := _cut_off(estate, node_name, node):
                message, cause, field = words
                hint = f"add {field}: with a queue, a mailbox, or hangup where that is meant"
                yield Found(Address("ivr", name), ("nodes", node_name), message, cause, hint)


def _cut_off(estate: Estate, name: str, node: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Message, cause and missing field of a node that cuts off callers who do nothing."""
    kind = node["type"]
    if kind == "menu" and not node.get("on_timeout"):
        message = f"menu {repr_(name)} cuts off callers who press nothing"
        cause = "Not everybody can press keys: the phone is old, the hands are full, or shaking."
        return message, cause, "on_timeout"
    if kind == "collect" and not node.get("on_timeout"):
        message = f"{repr_(name)} cuts off callers who enter no digits"
        cause = "Not everybody can enter them, or has them at hand."
        return message, cause, "on_timeout"
    if kind == "dial" and not node.get("on_no_answer"):
        return _unanswered(estate, name, node)
    return None


def _unanswered(estate: Estate, name: str, node: Mapping[str, Any]) -> tuple[str, str, str] | None:
    extension = node.get("extension")
    device = estate.of("extension").get(extension or "", {})
    if extension and device.get("device") == "none":
        return None  # it never rings: CC201 says so
    called = f"extension/{extension}" if extension else str(node["number"])
    message = f"{repr_(name)} cuts off callers when {called} does not answer"
    cause = f"After {node['ring_for']} of ringing the call ends."
    if device.get("voicemail") is not None:
        cause += f" The mailbox of {called} takes no call that a tree dials."
    return message, cause, "on_no_answer"


RULES: tuple[Rule, ...] = (
    Rule(
        "CC202",
        "unreached-node",
        Severity.WARNING,
        "A node of a tree, or a whole tree, that no call comes to",
        _unreached,
    ),
    Rule(
        "CC204",
        "silence-cut-off",
        Severity.WARNING,
        "A menu, a question or a ringing phone that cuts off callers when nothing happens",
        _silence,
    ),
)
