"""Rules about calls that are cut off: because nothing happens, or because there is no room."""

from collections.abc import Iterator, Mapping
from typing import Any

from ccstate import kinds
from ccstate.desired.findings import quote
from ccstate.errors import Severity
from ccstate.journeys.staffing import ringing_members
from ccstate.model import Address, Resource
from ccstate.rules.rule import Breach, Estate, Reach, Rule
from ccstate.rules.trees import reached_nodes


def _cut_off_in_silence(estate: Estate) -> Iterator[Breach]:
    yield from _silence(estate)
    yield from _ring_groups(estate)
    for resource in estate.state.values():
        if resource.address.kind in {"number", "queue", "ring_group", "ivr"}:
            yield from _phones(estate, resource)


def _silence(estate: Estate) -> Iterator[Breach]:
    for name, tree in estate.of("ivr").items():
        for node_name, node in reached_nodes(tree).items():
            if words := _cut_off(estate, node_name, node):
                message, cause, field = words
                hint = f"add {field}: with a queue, a mailbox, or hangup where that is meant"
                yield Breach(Address("ivr", name), ("nodes", node_name), message, cause, hint)


def _ring_groups(estate: Estate) -> Iterator[Breach]:
    for name, group in estate.of("ring_group").items():
        if group.get("no_answer") or not ringing_members(estate.centre, group):
            continue  # one in which nothing rings is a dead end, which CC201 finds
        yield Breach(
            Address("ring_group", name),
            (),
            f"ring_group/{name} cuts off callers when no phone answers",
            "After the last ring the call ends; mailboxes of the phones take no call of the group.",
            "add no_answer: with a mailbox, a queue, or hangup where that is meant",
        )


def _cut_off(estate: Estate, name: str, node: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Explain a node that cuts off callers who do nothing: message, cause and missing field."""
    kind = node["type"]
    if kind == "menu" and not node.get("on_timeout"):
        message = f"menu {quote(name)} cuts off callers who press nothing"
        cause = "Not everybody can press keys: the phone is old, the hands are full, or shaking."
        return message, cause, "on_timeout"
    if kind == "collect" and not node.get("on_timeout"):
        message = f"{quote(name)} cuts off callers who enter no digits"
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
    message = f"{quote(name)} cuts off callers when {called} does not answer"
    cause = f"After {node['ring_for']} of ringing the call ends."
    if device.get("voicemail") is not None:
        cause += f" The mailbox of {called} takes no call that a tree dials."
    return message, cause, "on_no_answer"


def _phones(estate: Estate, resource: Resource) -> Iterator[Breach]:
    """Yield destinations that are phones without a mailbox, but no members or dialled phones."""
    address = resource.address
    alive = reached_nodes(estate.of("ivr")[address.name]) if address.kind == "ivr" else None
    sent = {name: value for name, value in resource.fields.items() if name != "members"}
    for path, target, mailbox in kinds.references(address.kind, sent):
        if target.kind != "extension" or mailbox or path[-1] in {"extension", "mailbox"}:
            continue
        device = estate.of("extension").get(target.name)
        if device is None or device["device"] == "none" or device.get("voicemail") is not None:
            continue
        if alive is None or path[1] in alive:
            yield Breach(
                address,
                path,
                f"{address} cuts off callers when {target} does not answer",
                f"After {device['ring_for']} of ringing the call ends, for {target} has no mailbox.",
                f"give {target} a voicemail:, or send callers to a queue",
            )


def _full(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        if queue["max_waiting"] and not (queue.get("overflow") or {}).get("full"):
            yield Breach(
                Address("queue", name),
                ("max_waiting",),
                f"queue/{name} cuts off callers who come while {queue['max_waiting']:,} wait",
                "On the worst day callers hear nothing but the line go dead.",
                "add overflow.full: with a mailbox, another queue, or hangup where that is meant",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC204",
        "silence-cut-off",
        Severity.WARNING,
        "A menu, a question or a ringing phone that cuts off callers when nothing happens",
        _cut_off_in_silence,
        Reach.JOINED,
    ),
    Rule(
        "CC217",
        "full-cut-off",
        Severity.WARNING,
        "A queue that cuts off callers once it is full",
        _full,
        Reach.JOINED,
    ),
)
