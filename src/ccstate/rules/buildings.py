"""The rule about buildings: whether callers are answered when one of them is lost."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ccstate import kinds
from ccstate.errors import Severity
from ccstate.journeys.location import site_of
from ccstate.journeys.staffing import Lack, unordered_agents
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule

ELSEWHERE = "*"
"""Where people are of whom nobody says where: they may well be in another building."""
ENOUGH = 2
"""With people at two sites, callers survive the loss of any one; more need not be known."""


def _one_building(estate: Estate) -> Iterator[Found]:
    if len(_peopled(estate)) < ENOUGH:
        return
    answering = {
        Address("queue", name): _sites(estate, queue) for name, queue in estate.of("queue").items()
    }
    lonely = {address: sites for address, sites in answering.items() if len(sites) == 1}
    if not lonely:
        return
    reached = _reached(estate, answering)
    for address, sites in lonely.items():
        site = next(iter(sites))
        if site != ELSEWHERE and len(reached[address]) == 1:
            yield Found(
                address,
                ("members",),
                f"everybody who can answer {address} works at site/{site}",
                "When that building is lost, callers reach nobody: no overflow of the queue leads "
                "to people at another site.",
                "add members of another site, or let overflow.empty lead to a queue that has some",
            )


def _peopled(estate: Estate) -> set[str]:
    """Sites where somebody works or a device stands."""
    devices = {e.get("site") for e in estate.of("extension").values() if e["device"] != "none"}
    return {s for s in devices | {u.get("site") for u in estate.of("user").values()} if s}


def _sites(estate: Estate, queue: Mapping[str, Any]) -> frozenset[str]:
    """Where people are who can answer the queue; no more than needs to be known."""
    found: set[str] = set()
    for agent in unordered_agents(estate.centre, queue):
        if agent.lack is Lack.NOTHING:
            found.add(agent.site or ELSEWHERE)
            if len(found) == ENOUGH:
                break
    return frozenset(found)


def _reached(
    estate: Estate, answering: Mapping[Address, frozenset[str]]
) -> dict[Address, frozenset[str]]:
    """Where callers find people from each address on, wherever overflows lead.

    What is found flows back along the ways of the callers. A set grows at most twice, so the
    work is linear in the ways.
    """
    ways = _ways(estate)
    reached = {address: _answer(estate, address, answering) for address in ways}
    coming: dict[Address, list[Address]] = {}
    for address, targets in ways.items():
        for target in targets:
            if target not in reached:
                reached[target] = _answer(estate, target, answering)
            coming.setdefault(target, []).append(address)
    grown = [address for address, sites in reached.items() if sites]
    while grown:
        target = grown.pop()
        for address in coming.get(target, ()):
            sites = reached[address]
            if len(sites) < ENOUGH and not reached[target] <= sites:
                reached[address] = frozenset(islice(sorted(sites | reached[target]), ENOUGH))
                grown.append(address)
    return reached


def _ways(estate: Estate) -> dict[Address, list[Address]]:
    """Where callers may be sent from each queue, tree and number; a mailbox is nobody."""
    ways: dict[Address, list[Address]] = {}
    for kind in ("queue", "ring_group", "ivr", "number"):
        for name, fields in estate.of(kind).items():
            sent = {"overflow": fields.get("overflow")} if kind == "queue" else fields
            ways[Address(kind, name)] = [
                reference.target
                for reference in kinds.references(kind, sent)
                if not reference.mailbox
            ]
    return ways


def _answer(
    estate: Estate, address: Address, answering: Mapping[Address, frozenset[str]]
) -> frozenset[str]:
    """Where somebody answers at this very address."""
    if address.kind == "queue":
        return answering.get(address, frozenset())
    if address.kind == "extension":
        device = estate.of("extension").get(address.name, {"device": "none"})
        site = site_of(estate.centre, address.name) or ELSEWHERE
        return frozenset() if device["device"] == "none" else frozenset({site})
    if address.kind == "ivr":
        nodes = estate.of("ivr").get(address.name, {"nodes": {}})["nodes"].values()
        dials_out = any(node.get("type") == "dial" and node.get("number") for node in nodes)
        return frozenset({ELSEWHERE}) if dials_out else frozenset()
    return frozenset()


RULES: tuple[Rule, ...] = (
    Rule(
        "CC212",
        "all-in-one-building",
        Severity.WARNING,
        "All who can answer a queue work at one site, and no overflow leads to another",
        _one_building,
        Reach.UNLABELLED,
    ),
)
