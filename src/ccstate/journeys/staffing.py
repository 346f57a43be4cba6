"""Who can answer a queue: its members, one by one, and what keeps a member from answering."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from ccstate.journeys.centre import Centre, Filled


class Lack(StrEnum):
    """What keeps a member of a queue from answering it."""

    NOTHING = ""
    SKILLS = "lacks a skill"
    EXTENSION = "has no extension"
    DEVICE = "has no device"


class Agent(NamedTuple):
    """One person or device behind a queue; `member` is its place in the queue's `members`.

    `user` is "" for a device that is a member by itself. `site` is where the person works, or
    else where the device stands; "" where nobody says.
    """

    member: int
    user: str
    extension: str
    site: str
    penalty: int
    lack: Lack


def agents(centre: Centre, queue: Filled) -> Iterator[Agent]:
    """Everybody behind a queue, teams taken apart, in the order of its members.

    A person who is a member twice comes twice.
    """
    skills = frozenset(queue.get("skills") or ())
    for place, member in enumerate(queue.get("members") or ()):
        penalty = member["penalty"]
        if extension := member.get("extension"):
            device = centre.of("extension").get(extension, {})
            lack = Lack.NOTHING if _rings(device) else Lack.DEVICE
            yield Agent(place, "", extension, device.get("site") or "", penalty, lack)
            continue
        user = member.get("user")
        for name in [user] if user else centre.people.get(member.get("team") or "", ()):
            yield _person(centre, place, name, penalty, skills)


def _person(centre: Centre, place: int, name: str, penalty: int, skills: frozenset[str]) -> Agent:
    user = centre.of("user").get(name, {})
    extension = user.get("extension") or ""
    device = centre.of("extension").get(extension, {})
    site = user.get("site") or device.get("site") or ""
    if not skills <= (user.get("skills") or {}).keys():
        lack = Lack.SKILLS
    elif not extension:
        lack = Lack.EXTENSION
    elif not _rings(device):
        lack = Lack.DEVICE
    else:
        lack = Lack.NOTHING
    return Agent(place, name, extension, site, penalty, lack)


def _rings(device: Filled) -> bool:
    """Whether the extension is there, and anything rings for it."""
    return bool(device.get("device", "none") != "none")


def is_staffed(centre: Centre, queue: Filled) -> bool:
    """Whether anybody behind the queue can answer."""
    return any(agent.lack is Lack.NOTHING for agent in agents(centre, queue))
