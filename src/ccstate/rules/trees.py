"""Rules about IVR trees: nodes that no caller reaches, callers who cannot press keys."""

from collections.abc import Iterator, Mapping

from ccstate import kinds
from ccstate.desired.checks import exits
from ccstate.desired.findings import quote
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule, listed


def reached_nodes(tree: Filled) -> dict[str, Filled]:
    """Return the nodes of a tree that a call can come to from its start, nearest first."""
    nodes: Mapping[str, Filled] = tree["nodes"]
    starts = [tree["start"]] if tree["start"] in nodes else []
    return {name: nodes[name] for name in _reachable_nodes(starts, nodes)}


def _reachable_nodes(starts: list[str], nodes: Mapping[str, Filled]) -> list[str]:
    """Return these nodes and all that calls come to from there, each once."""
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


def _unreached(estate: Estate) -> Iterator[Breach]:
    led_to = _trees_led_to(estate)
    for name, tree in estate.of("ivr").items():
        address = Address("ivr", name)
        if name not in led_to and not tree.get("extension"):
            yield Breach(
                address,
                (),
                f"no call comes to {address}",
                "No number, tree, queue or ring group leads there, and it has no extension of its own.",
                "let a number, a tree or a queue lead there, or remove it",
            )
        nodes: Mapping[str, Filled] = tree["nodes"]
        unreached = nodes.keys() - reached_nodes(tree).keys()
        if unreached:
            rest = {node: nodes[node] for node in nodes if node in unreached}
            for head, behind in _heads(rest):
                yield _unreached_node(address, tree["start"], head, behind)


def _unreached_node(address: Address, start: str, head: str, behind: list[str]) -> Breach:
    cause = f"Nothing on the way from {quote(start)} leads there."
    if behind:
        named = listed([quote(node) for node in behind])
        cause += f" So no caller comes to {named} either."
    hint = "lead to it from a node that callers reach, or remove it"
    if head == "hangup":
        cause = 'As a destination, "hangup" ends the call at once and is never this node.'
        hint = "give the node another name, and lead to that"
    return Breach(address, ("nodes", head), f"no caller comes to node {quote(head)}", cause, hint)


def _heads(nodes: Mapping[str, Filled]) -> Iterator[tuple[str, list[str]]]:
    """Yield nodes from which all of these can be reached, and the others behind each.

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
            behind = [node for node in _reachable_nodes([name], nodes) if node not in covered]
            covered.update(behind)
            yield name, behind[1:]


def _trees_led_to(estate: Estate) -> set[str]:
    """Name the trees that numbers, queues, ring groups or other trees lead to."""
    return {
        name
        for address, resource in estate.state.items()
        if address.kind != "call_test"
        for kind, name in kinds.mentions(address.kind, resource.fields)
        if kind == "ivr" and (kind, name) != address
    }


RULES: tuple[Rule, ...] = (
    Rule(
        "CC202",
        "unreached-node",
        Severity.WARNING,
        "A node of a tree, or a whole tree, that no call comes to",
        _unreached,
        Reach.JOINED,
    ),
)
