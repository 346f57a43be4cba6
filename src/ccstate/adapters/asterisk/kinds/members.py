"""Members of queues: lines of their phones in turn, and who may log in."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from ccstate.adapters.asterisk.entries import (
    MEMBER,
    QUEUES,
    Key,
    Step,
    member_value,
)
from ccstate.adapters.asterisk.kind import Unit
from ccstate.adapters.asterisk.places import shortened
from ccstate.adapters.asterisk.sections import Sections, Steps
from ccstate.adapters.asterisk.templates import Template
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Agent, agents, is_ordered, ringing, without_defaults
from ccstate.kinds.fields import canonical_order
from ccstate.model import Json

LOGS_IN = Template("Return", "<penalty>/<member>")


def compile_members(unit: Unit) -> None:
    """Members of one queue, each phone once: Asterisk holds one member a device.

    Those who log in are no members yet.
    """
    queue, present = unit.fields, ringing(unit.flow.centre, unit.fields)
    where = unit.context(logins(unit.name))
    for agent in (agent for agent in present if agent.is_dynamic):
        where.note(f"Who logs in to {unit.label}")
        leads = LOGS_IN.step("members", penalty=agent.penalty, member=_called(agent))
        where.add(agent_extension(agent.extension), [leads])
    if any(agent.is_dynamic for agent in present):
        where.add("_~.", [Step("Return")])  # everybody else
    for rank, agent in enumerate((agent for agent in present if not agent.is_dynamic), 1):
        key = Key(QUEUES, unit.name, MEMBER, agent.user or agent.extension)
        device = f"PJSIP/{agent.extension}"
        value = member_value(device, agent.penalty, device, rank if is_ordered(queue) else 0)
        unit.compiled.say(key, value, unit.address, "members")


def logins(queue: str) -> str:
    """The context of those who log in to a queue: by phone, their penalty and name."""
    return shortened(f"logins/{queue}")


def agent_extension(extension: str) -> str:
    """The extension of a phone in `logins`: Asterisk passes over `-` when it compares extensions."""
    return shortened(f"~{extension.replace('-', '~')}")


class _Line(NamedTuple):
    """A member as a file has it: its place in a queue in which that counts, else 0."""

    rank: int
    penalty: int
    is_dynamic: bool = False


def decode_members(sections: Sections, name: str) -> Json:
    """The members of a queue; an entry of the record stays whole where all its people are there.

    A team of which one has changed, or come between others, is taken apart: its people are named
    one by one. A member that `members` cannot say is left out.
    """
    centre = sections.centre
    queue: Filled = centre.of("queue").get(name, {})
    lines = {
        **dict(_logging_in(centre, sections.context(logins(name)))),
        **dict(_known_lines(centre, sections.members(name))),
    }
    is_ranked = any(line.rank for line in lines.values())
    present = ringing(centre, queue)
    behind: dict[int, list[Agent]] = {}
    for agent in agents(centre, queue):
        behind.setdefault(agent.member, []).append(agent)
    static = (agent for agent in present if not agent.is_dynamic)
    turns = {_called(agent): turn for turn, agent in enumerate(static, 1)}
    # By turn; people without a line stay behind whoever stands, or stood, before them.
    found: list[tuple[tuple[int, bool], Json]] = []
    last = 0
    for number, member in enumerate(queue.get("members") or ()):
        written = {_called(agent): agent for agent in present if agent.member == number}
        if _is_whole(written, lines):
            ranks = [here.rank for n in written if not (here := lines.pop(n)).is_dynamic]
            found.append(((min(ranks, default=last), not ranks), without_defaults(member)))
            last = max(ranks, default=last)
            continue
        for agent in behind[number]:
            called = _called(agent)
            line: _Line | None = _Line(last, agent.penalty, agent.is_dynamic)
            if called in written:
                line = lines.pop(called, None)
            last = (line.rank if line else turns.get(called, last)) or last
            if line is not None:
                is_behind = called not in written or line.is_dynamic
                found.append(((last, is_behind), _member(agent, line)))
    users = centre.of("user")
    last = max([last, *(line.rank for line in lines.values())])  # who logs in rings after them
    for called, line in lines.items():
        member = {"user" if called in users else "extension": called}
        found.append(((line.rank or last, line.is_dynamic), {**member, **_said(line)}))
    if is_ranked:
        return [member for _, member in sorted(found, key=itemgetter(0))]
    members = [member for _, member in found]
    recorded = [without_defaults(member) for member in queue.get("members") or ()]
    return members if members == recorded else [members[n] for n in canonical_order(members)]


def _called(agent: Agent) -> str:
    """What the line of a member is called by."""
    return agent.user or agent.extension


def _member(agent: Agent, line: _Line) -> dict[str, Json]:
    """A person or phone as a member by itself."""
    return {"user" if agent.user else "extension": _called(agent), **_said(line)}


def _said(line: _Line) -> dict[str, Json]:
    """What a line says beside whose it is."""
    login = "dynamic" if line.is_dynamic else "static"
    return without_defaults({"penalty": line.penalty, "login": login})


def _is_whole(written: Mapping[str, Agent], lines: Mapping[str, _Line]) -> bool:
    """Whether all who ring by one entry of `members` are there as it says, side by side."""
    if not all(
        n in lines and lines[n][1:] == (a.penalty, a.is_dynamic) for n, a in written.items()
    ):
        return False
    ranks = sorted(lines[name].rank for name in written if not lines[name].is_dynamic)
    return all(later - rank <= 1 for rank, later in pairwise(ranks))


def _known_lines(centre: Centre, members: Mapping[str, str]) -> Iterator[tuple[str, _Line]]:
    """Members that `members` can say: the device is that of the user, or the extension, so named."""
    for name, value in members.items():
        device, penalty, state, *rank = value.split(",")
        user = centre.of("user").get(name)
        extension = user.get("extension") if user else name
        if extension in centre.of("extension") and device == state == f"PJSIP/{extension}":
            yield name, _Line(int(rank[0]) if rank else 0, int(penalty))


def _logging_in(centre: Centre, context: Mapping[str, Steps]) -> Iterator[tuple[str, _Line]]:
    """Those who log in, where the phone is that of the user, or the extension, so named."""
    for extension, steps in context.items():
        found = LOGS_IN.find(steps)
        name = found.get("member", "")
        user = centre.of("user").get(name)
        phone = (user.get("extension") if user else name) or ""
        known = phone in centre.of("extension") and agent_extension(phone) == extension
        if known and found["penalty"].isdecimal():
            yield name, _Line(0, int(found["penalty"]), is_dynamic=True)
