"""The targets whose queues can be followed, with what the desired state calls things there."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from ccstate import codes
from ccstate.adapter import module_of
from ccstate.desired import Target
from ccstate.desired.settings import FILE
from ccstate.errors import InvalidInput, Severity, Span
from ccstate.measures.events import QueueUpdate
from ccstate.model import State
from ccstate.project import Project
from ccstate.project.targets import Targets

Day = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class QueueSource:
    """A target whose queues can be followed; `day` says when the day of a moment began there."""

    name: str
    follow: Callable[[], Iterator[QueueUpdate]]
    day: Day


@dataclass(frozen=True, slots=True)
class QueueSources:
    """Targets to be followed; `labels`: by kind and name, what people call queues and agents."""

    each: tuple[QueueSource, ...]
    labels: Mapping[tuple[str, str], str]
    queues: frozenset[str]
    """Those that the desired state declares."""
    teams: Mapping[str, str] = field(default_factory=dict)
    """The team of each agent who has one, by user and by extension."""


def queue_sources(project: Project, names: Collection[str]) -> QueueSources:
    """Find the targets that can be followed: those that are named, or all that can.

    What the desired state has no name for is called as the platform does.
    Raises InvalidInput where a target that is named cannot be followed, or none can.
    """
    project.settings.require_environment()
    state = _state(project)
    targets = Targets(project.settings, project.listener)
    found = []
    for target in targets.named(names):
        follow = module_of(target.adapter).follow_queues
        if follow is not None:
            run = partial(follow, target.connection, project.root)
            found.append(QueueSource(target.name, run, _day(target, state)))
        elif names:
            raise InvalidInput(codes.NOT_MEASURED(Span(FILE), name=target.name))
    if not found:
        raise InvalidInput(codes.NOTHING_MEASURED(Span(FILE)))
    queues = frozenset(address.name for address in state if address.kind == "queue")
    return QueueSources(tuple(found), dict(_labels(state)), queues, _teams(state))


def _state(project: Project) -> State:
    """Read the desired state as far as it can be; errors in it are said. Nothing where there is none."""
    if not (project.root / project.settings.desired_state).is_dir():
        return {}
    desired = project.read()
    project.listener.warn([p for p in desired.problems if p.severity is Severity.ERROR])
    return desired.state


def _labels(state: State) -> Iterator[tuple[tuple[str, str], str]]:
    for (kind, name), resource in state.items():
        label = resource.fields.get("name" if kind == "user" else "label")
        if kind in ("queue", "user", "extension") and isinstance(label, str):
            yield (kind, name), label


def _teams(state: State) -> dict[str, str]:
    users = {
        a.name: r.fields for a, r in state.items() if a.kind == "user" and r.fields.get("team")
    }
    by_phone = {str(u["extension"]): str(u["team"]) for u in users.values() if u.get("extension")}
    return by_phone | {name: str(user["team"]) for name, user in users.items()}


def _day(target: Target, state: State) -> Day:
    """Days begin as the sites of a target have it; where these differ, or there are none, as here."""
    zones = {
        str(resource.fields["timezone"])
        for address, resource in state.items()
        if address.kind == "site" and (target.sites is None or address.name in target.sites)
        if resource.fields.get("timezone")
    }
    if len(zones) != 1:
        return _here
    return partial(_day_in, ZoneInfo(zones.pop()))


def _day_in(zone: ZoneInfo, moment: float) -> float:
    then = datetime.fromtimestamp(moment, zone)
    return then.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _here(moment: float) -> float:
    then = time.localtime(moment)
    return time.mktime((then.tm_year, then.tm_mon, then.tm_mday, 0, 0, 0, 0, 0, -1))
