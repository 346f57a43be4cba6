"""Rules about people, their desks and phones."""

from collections.abc import Callable, Container, Iterator
from functools import cache
from typing import Any

from ccstate import kinds
from ccstate.errors import Severity
from ccstate.journeys.centre import Filled
from ccstate.journeys.staffing import counted
from ccstate.kinds import Path
from ccstate.kinds.shape import Leaf, walker
from ccstate.model import Address
from ccstate.rules.rule import Estate, Found, Reach, Rule


def _member_twice(estate: Estate) -> Iterator[Found]:
    for name, queue in estate.of("queue").items():
        if len(queue.get("members") or ()) < 2:
            continue
        address = Address("queue", name)
        for (kept, idle), people in _twice(estate, queue).items():
            yield _idle_member(address, kept, idle, people)


def _twice(
    estate: Estate, queue: Filled
) -> dict[tuple[tuple[int, int], tuple[int, int]], list[str]]:
    """People by the two entries that both ring them, each with its penalty; the first counts."""
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
) -> Found:
    many = "" if len(people) == 1 else f" and {len(people) - 1} more"
    are = "is" if not many else "are"
    if kept[1] == idle[1]:
        penalties = f"both times with penalty {idle[1]}"
        cause = "The second entry changes nothing, and whoever removes the first one is misled."
    else:
        penalties = f"with penalties {kept[1]} and {idle[1]}"
        cause = (
            f"The lower penalty rings, so {idle[1]} never counts: calls come here before they "
            "reach others who were meant to answer first."
        )
    return Found(
        address,
        ("members", idle[0]),
        f"{people[0]}{many} {are} in {address} twice, {penalties}",
        cause,
        "keep one entry; to let one person of a team ring later, name the people one by one",
    )


def _one_desk(estate: Estate) -> Iterator[Found]:
    # Desks are known by their names: no site has the same one in two areas.
    first: dict[tuple[str, str], str] = {}
    for name, user in estate.of("user").items():
        site, desk = user.get("site"), user.get("desk")
        if not site or not desk or user["hot_desking"]:
            continue
        sitting = first.setdefault((site, desk), name)
        if sitting != name:
            yield Found(
                Address("user", name),
                ("desk",),
                f'user/{sitting} and user/{name} both sit at desk "{desk}" of site/{site}',
                "One of the two is somewhere else: whoever looks for them, in an emergency too, "
                "goes to the wrong desk.",
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


def _used(estate: Estate) -> set[str]:
    """Extensions that calls are sent to, or messages: `2101`, and as a destination's last part."""
    return {
        text.rpartition("/")[2]
        for (kind, _), resource in estate.state.items()
        if (walk := _uses(kind))
        for _, _, text in walk(resource.fields, ())
    }


def _idle_extensions(estate: Estate) -> Iterator[Found]:
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
    used = _used(estate) if alone else set()
    for name in alone:
        if name not in used:
            why, hint = _unexplained(extensions[name].get("label"))
            yield Found(
                Address("extension", name),
                (),
                f"extension/{name} has a phone that belongs to nobody",
                f"No user has it, nothing sends calls to it, and {why}: "
                "a phone that is left over can still make calls.",
                hint,
            )


def _unexplained(label: str | None) -> tuple[str, str]:
    """Why a phone's label does not say what it is for, and what to do."""
    if label:
        why = "its label can name no place, for it is a softphone of a team"
        return why, "give it to a user, or remove it"
    hint = "give it to a user, say in label: where it stands, or remove it"
    return "no label says what it is for", hint


def _is_personal(extension: Filled, groups: Container[str | None]) -> bool:
    """Whether a phone must have been a person's: it stands nowhere, and people pick up its calls.

    `groups` are the pickup groups of phones that have a user. A desk phone in one of them may
    well belong to the room, and its label says to which.
    """
    group = extension.get("pickup_group")
    return extension["device"] in {"softphone", "webrtc"} and bool(group) and group in groups


def _nowhere(estate: Estate) -> Iterator[Found]:
    for name, extension in estate.of("extension").items():
        if extension["device"] == "none" and extension.get("voicemail") is None:
            yield Found(
                Address("extension", name),
                ("device",),
                f"extension/{name} has neither a device nor a mailbox",
                "Whoever calls it hears nothing, and cannot leave a message.",
                "give it a device or a voicemail:, or remove it",
            )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC215",
        "member-twice",
        Severity.WARNING,
        "Somebody is in a queue twice, and the higher penalty never counts",
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
        "An extension belongs to nobody, or has neither a device nor a mailbox",
        _idle_extensions,
    ),
)
