"""The agents of a queue: its members, one by one, and what keeps a member from answering."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum, StrEnum, auto
from typing import Any, NamedTuple

from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.location import site_of
from ccstate.kinds.fields import canonical_order


class Lack(StrEnum):
    """The reason that keeps a member of a queue from answering it."""

    NOTHING = ""
    SKILLS = "lacks a skill"
    EXTENSION = "has no extension"
    DEVICE = "has no device"


class Agent(NamedTuple):
    """One person or device behind a queue; `member` is its place in the queue's `members`.

    `user` is "" for a device that is a member by itself. `site` is where the device stands, or
    where a person without one works; "" where that is not declared.
    """

    member: int
    user: str
    extension: str
    site: str
    penalty: int
    lack: Lack
    is_dynamic: bool = False
    """Whether the person logs in and out; who is logged in is not known."""


class Presence(Enum):
    """Certainty that a queue is answered: certainly, possibly, or never."""

    NONE = auto()
    UNCERTAIN = auto()
    """Perhaps: every member logs in and out, or the members are not declared."""
    CERTAIN = auto()


def presence(centre: Centre, queue: Filled) -> Presence:
    """Judge whether the queue is answered: certainly, possibly, or never."""
    if "members" not in queue:
        return Presence.UNCERTAIN
    found = Presence.NONE
    for agent in unordered_agents(centre, queue):
        if agent.lack is Lack.NOTHING:
            if not agent.is_dynamic:
                return Presence.CERTAIN
            found = Presence.UNCERTAIN
    return found


def unordered_agents(centre: Centre, queue: Filled) -> Iterator[Agent]:
    """Yield the agents of `agents` as they come: to bring members into order takes most time."""
    return _agents_at(centre, queue, range(len(queue.get("members") or ())))


def agents(centre: Centre, queue: Filled) -> Iterator[Agent]:
    """Yield every agent of a queue, teams taken apart by the names of their people.

    In the order of its members, where that counts, else in one that is always the same. A person
    who is a member twice comes twice.
    """
    return _agents_at(centre, queue, _order(queue))


def _agents_at(centre: Centre, queue: Filled, places: Iterable[int]) -> Iterator[Agent]:
    """Yield the devices, the people and the people of teams that are members of a queue."""
    people, skills = centre.once(_People), queue.get("skills") or ()
    for place in places:
        member = queue["members"][place]
        penalty, is_dynamic = member["penalty"], member["login"] == "dynamic"
        if extension := member.get("extension"):
            device = centre.of("extension").get(extension, {})
            lack = Lack.NOTHING if _rings(device) else Lack.DEVICE
            site = site_of(centre, extension)
            yield Agent(place, "", extension, site, penalty, lack, is_dynamic)
            continue
        user = member.get("user")
        for name in [user] if user else sorted(centre.people.get(member.get("team") or "", ())):
            extension, site, lack, owned = people[name]
            for skill in skills:
                if skill not in owned:
                    lack = Lack.SKILLS
            yield Agent(place, name, extension, site, penalty, lack, is_dynamic)


def _order(queue: Filled) -> list[int]:
    """Return the places of the members of a queue, in order."""
    members = queue.get("members") or ()
    if is_ordered(queue):
        return list(range(len(members)))
    return canonical_order([without_defaults(member) for member in members])


def without_defaults(member: Filled) -> dict[str, Any]:
    """Return a member of a queue as people write it."""
    return {name: value for name, value in member.items() if _DEFAULTS.get(name) != value}


_DEFAULTS: Mapping[str, object] = {"penalty": 0, "login": "static"}


def is_ordered(queue: Filled) -> bool:
    """Check whether the members of a queue ring as they stand."""
    return bool(queue.get("strategy") == "in_order")


def counted(centre: Centre, queue: Filled) -> Iterator[tuple[Agent, Agent]]:
    """Yield the agents who can answer, each with the entry that counts for that phone.

    A phone that is in a queue twice, by its person, a team or itself, is always in where one entry
    is static, and rings by the lowest penalty; among those its person counts, whom reports name, and
    then the first entry.
    """
    there = [agent for agent in agents(centre, queue) if agent.lack is Lack.NOTHING]
    counts: dict[str, Agent] = {}
    for agent in there:
        kept = counts.setdefault(agent.extension, agent)
        if _precedence(agent) < _precedence(kept):
            counts[agent.extension] = agent
    for agent in there:
        yield agent, counts[agent.extension]


def _precedence(agent: Agent) -> tuple[bool, int, bool]:
    return agent.is_dynamic, agent.penalty, not agent.user


def ringing(centre: Centre, queue: Filled) -> list[Agent]:
    """Return the agents who can answer, each phone once: by the entry that counts."""
    return [agent for agent, counts in counted(centre, queue) if agent is counts]


class _People(dict[str, tuple[str, str, Lack, Collection[str]]]):
    """Of each person the phone, where they work, what keeps them from answering, and their skills.

    Each is worked out once: most people are asked for by several queues, and by several rules.
    """

    def __init__(self, centre: Centre) -> None:
        super().__init__()
        self._centre = centre

    def __missing__(self, name: str) -> tuple[str, str, Lack, Collection[str]]:
        user = self._centre.of("user").get(name, {})
        extension = user.get("extension") or ""
        site = site_of(self._centre, extension) or user.get("site") or ""
        if not extension:
            lack = Lack.EXTENSION
        elif not _rings(self._centre.of("extension").get(extension, {})):
            lack = Lack.DEVICE
        else:
            lack = Lack.NOTHING
        self[name] = extension, site, lack, user.get("skills") or {}
        return self[name]


def ringing_follows(centre: Centre, extension: Filled) -> list[Filled]:
    """Return the phones that ring after the device of an extension; outside numbers always do."""
    extensions = centre.of("extension")
    return [
        follow
        for follow in extension.get("follow_me") or ()
        if follow.get("number") or _rings(extensions.get(follow.get("extension") or "", {}))
    ]


def ringing_members(centre: Centre, group: Filled) -> list[str]:
    """Return the extensions of a ring group whose phones ring, in their order."""
    extensions = centre.of("extension")
    return [name for name in group["members"] if _rings(extensions.get(name, {}))]


def _rings(device: Filled) -> bool:
    """Check whether the extension is there, and anything rings for it."""
    return bool(device.get("device", "none") != "none")


def is_staffed(centre: Centre, queue: Filled) -> bool:
    """Check whether the queue may be answered."""
    return presence(centre, queue) is not Presence.NONE


def listed(centre: Centre, queues: Iterable[str], team: str) -> list[Agent]:
    """Return the agents whom a list on a wall shows: of these queues, each phone once, by name.

    `team` is "" for those of every team.
    """
    found: dict[str, Agent] = {}
    people = centre.of("user")
    for queue in queues:
        for agent in ringing(centre, centre.of("queue").get(queue, {})):
            if not team or people.get(agent.user, {}).get("team") == team:
                found.setdefault(agent.extension, agent)
    return sorted(
        found.values(), key=lambda agent: (agent.user or agent.extension, agent.extension)
    )
