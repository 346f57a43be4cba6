"""Rules about people, their desks, phones and buildings."""

from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from ccstate import kinds
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.location import site_of
from ccstate.journeys.staffing import Lack, counted, unordered_agents
from ccstate.kinds import Path
from ccstate.kinds.shape import Leaf, walker
from ccstate.model import Address
from ccstate.rules.rule import Breach, Estate, Reach, Rule


def _member_twice(estate: Estate) -> Iterator[Breach]:
    for name, queue in estate.of("queue").items():
        if len(queue.get("members") or ()) < 2 or not _has_doubles(estate, queue):
            continue
        address = Address("queue", name)
        for (kept, idle), people in _double_entries(estate, queue).items():
            yield _idle_member(address, kept, idle, people)


def _has_doubles(estate: Estate, queue: Filled) -> bool:
    """Check whether a phone is in the queue twice: only then the order of members matters."""
    phones = [
        agent.extension
        for agent in unordered_agents(estate.centre, queue)
        if agent.lack is Lack.NOTHING
    ]
    return len(set(phones)) < len(phones)


def _double_entries(
    estate: Estate, queue: Filled
) -> dict[tuple[tuple[int, int], tuple[int, int]], list[str]]:
    """Return people by the two entries that both ring them, each with its penalty.

    The first counts.
    """
    found: dict[tuple[tuple[int, int], tuple[int, int]], list[str]] = {}
    for agent, kept in counted(estate.centre, queue):
        if kept is not agent:
            owners = estate.centre.owners.get(agent.extension)
            who = f"user/{agent.user or owners[0]}" if owners else f"extension/{agent.extension}"
            pair = (kept.member, kept.penalty), (agent.member, agent.penalty)
            found.setdefault(pair, []).append(who)
    return found


def _idle_member(
    address: Address, kept: tuple[int, int], idle: tuple[int, int], people: list[str]
) -> Breach:
    many = "" if len(people) == 1 else f" and {len(people) - 1} more"
    are = "is" if not many else "are"
    if kept[1] == idle[1]:
        penalties = f"both times with penalty {idle[1]}"
        cause = "The second entry changes nothing, and misleads those who remove the first one."
    else:
        penalties = f"with penalties {kept[1]} and {idle[1]}"
        cause = (
            f"The lower penalty rings, so {idle[1]} never counts: calls come here before they "
            "reach others who were meant to answer first."
        )
    return Breach(
        address,
        ("members", idle[0]),
        f"{people[0]}{many} {are} in {address} twice, {penalties}",
        cause,
        "keep one entry; to let one person of a team ring later, name the people one by one",
    )


def _one_desk(estate: Estate) -> Iterator[Breach]:
    # Desks are known by their names: no site has the same one in two areas.
    first: dict[tuple[str, str], str] = {}
    for name, user in estate.of("user").items():
        site, desk = user.get("site"), user.get("desk")
        if not site or not desk or user["hot_desking"]:
            continue
        sitting = first.setdefault((site, desk), name)
        if sitting != name:
            yield Breach(
                Address("user", name),
                ("desk",),
                f'user/{sitting} and user/{name} both sit at desk "{desk}" of site/{site}',
                "One of the two is somewhere else: those who look for them, in an emergency too, "
                "go to the wrong desk.",
                "correct the desk, or set hot_desking: true where people share it by shifts",
            )


# Naming an extension here is no use of it: its user's, its own, a promise about calls.
_NO_USE = frozenset({"user", "extension", "call_test"})


@cache
def _uses(kind: str) -> Callable[[Any, Path], Iterator[tuple[Path, Leaf, str]]] | None:
    if kind in _NO_USE:
        return None
    targets = {"extension", "voicemail"}
    return walker(kinds.shape(kind), lambda leaf: leaf.ref in targets or leaf.destination)


def _used_extensions(estate: Estate) -> set[str]:
    """Name the extensions that calls or messages are sent to: `2101`, last in a destination."""
    return {
        text.rpartition("/")[2]
        for (kind, _), resource in estate.state.items()
        if (walk := _uses(kind))
        for _, _, text in walk(resource.fields, ())
    }


def _idle_extensions(estate: Estate) -> Iterator[Breach]:
    yield from _nowhere(estate)
    owned, extensions = estate.centre.owners, estate.of("extension")
    groups = {extensions[name].get("pickup_group") for name in owned if name in extensions}
    alone = [
        name
        for name, extension in extensions.items()
        if extension["device"] != "none"
        and name not in owned
        and (not extension.get("label") or _is_personal(extension, groups))
    ]
    used = _used_extensions(estate) if alone else set()
    for name in alone:
        if name not in used:
            why, hint = _label_fault(extensions[name].get("label"))
            yield Breach(
                Address("extension", name),
                (),
                f"extension/{name} has a phone that belongs to no user",
                f"No user has it, nothing sends calls to it, and {why}: "
                "a phone that is left over can still make calls.",
                hint,
            )


def _label_fault(label: str | None) -> tuple[str, str]:
    """Explain why a phone's label does not say what it is for, and what to do."""
    if label:
        why = "its label can name no place, for it is a softphone of a team"
        return why, "give it to a user, or remove it"
    hint = "give it to a user, say in label: where it stands, or remove it"
    return "no label says what it is for", hint


def _is_personal(extension: Filled, groups: Container[str | None]) -> bool:
    """Check whether a phone was a person's: it stands nowhere, and people pick up its calls.

    `groups` are the pickup groups of phones that have a user. A desk phone in one of them may
    well belong to the room, and its label says to which.
    """
    group = extension.get("pickup_group")
    return extension["device"] in {"softphone", "webrtc"} and bool(group) and group in groups


def _nowhere(estate: Estate) -> Iterator[Breach]:
    for name, extension in estate.of("extension").items():
        if extension["device"] == "none" and extension.get("voicemail") is None:
            yield Breach(
                Address("extension", name),
                ("device",),
                f"extension/{name} has neither a device nor a mailbox",
                "Its callers hear nothing, and cannot leave a message.",
                "give it a device or a voicemail:, or remove it",
            )


ELSEWHERE = "*"
"""Where people are whose site is not declared: they may well be in another building."""
ENOUGH = 2
"""With people at two sites, callers survive the loss of any one; more need not be known."""


def _one_building(estate: Estate) -> Iterator[Breach]:
    if len(_occupied_sites(estate)) < ENOUGH:
        return
    answering = {
        Address("queue", name): _sites(estate, queue) for name, queue in estate.of("queue").items()
    }
    lonely = {address: sites for address, sites in answering.items() if len(sites) == 1}
    if not lonely:
        return
    reached = _sites_reached(estate, answering)
    for address, sites in lonely.items():
        site = next(iter(sites))
        if site != ELSEWHERE and len(reached[address]) == 1:
            yield Breach(
                address,
                ("members",),
                f"everybody who can answer {address} works at site/{site}",
                "When that building is lost, callers reach no one: no overflow of the queue leads "
                "to people at another site.",
                "add members of another site, or let overflow.empty lead to a queue that has some",
            )


def _occupied_sites(estate: Estate) -> set[str]:
    """Name the sites where people work or a device stands."""
    devices = {e.get("site") for e in estate.of("extension").values() if e["device"] != "none"}
    return {s for s in devices | {u.get("site") for u in estate.of("user").values()} if s}


def _sites(estate: Estate, queue: Mapping[str, Any]) -> frozenset[str]:
    """Name the sites of people who can answer the queue; no more than needs to be known."""
    found: set[str] = set()
    for agent in unordered_agents(estate.centre, queue):
        if agent.lack is Lack.NOTHING:
            found.add(agent.site or ELSEWHERE)
            if len(found) == ENOUGH:
                break
    return frozenset(found)


def _sites_reached(
    estate: Estate, answering: Mapping[Address, frozenset[str]]
) -> dict[Address, frozenset[str]]:
    """Return where callers find people from each address on, wherever overflows lead.

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
    """Return where callers may be sent from each queue, tree and number; a mailbox is no person."""
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
    """Name the sites where calls are answered at this very address."""
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
        "CC215",
        "member-twice",
        Severity.WARNING,
        "A person is in a queue twice, and the higher penalty never counts",
        _member_twice,
        Reach.JOINED,
    ),
    Rule(
        "CC216",
        "two-at-one-desk",
        Severity.WARNING,
        "Two people sit at one desk and do not share it",
        _one_desk,
        Reach.UNLABELLED,
    ),
    Rule(
        "CC240",
        "idle-extension",
        Severity.WARNING,
        "An extension belongs to no user, or has neither a device nor a mailbox",
        _idle_extensions,
    ),
    Rule(
        "CC212",
        "all-in-one-building",
        Severity.WARNING,
        "All who can answer a queue work at one site, and no overflow leads to another",
        _one_building,
        Reach.UNLABELLED,
    ),
)
