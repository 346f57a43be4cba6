"""The rule about people who are there, and whom no caller can reach."""

from collections.abc import Iterator, Mapping

from ccstate.errors import Severity
from ccstate.journeys.backwards import ancestors
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Phase
from ccstate.journeys.moments import Moment, Phases
from ccstate.journeys.walk import zone_of
from ccstate.journeys.ways import Place
from ccstate.rules.rule import Estate, Found, Reach, Rule

MOST_SCHEDULES = 20
"""Beyond so many schedules on the ways to one queue nobody can say any more what was meant."""


def _unreached(estate: Estate) -> Iterator[Found]:
    before = estate.called
    for name, queue in estate.of("queue").items():
        place = Place("queue", name)
        hours = queue.get("hours")
        if hours and place in before and (moments := _missed(estate, place, hours, before)):
            moment = min(moments, key=lambda found: (bool(found.occasions), found.at))
            yield _found(estate.flow, place, hours, moment)


def _missed(
    estate: Estate, queue: Place, hours: str, before: Mapping[Place, list[Place]]
) -> list[Moment]:
    """Moments at which the queue is open and no number leads there, though some do at others."""
    near = ancestors(before, [queue])
    schedules = estate.flow.schedules(near) | {hours}
    if len(schedules) > MOST_SCHEDULES:
        return []
    missed: list[Moment] = []
    is_reached = False
    for world in estate.year.worlds(schedules):
        # Whoever turns a switch, or puts a caller into a list, means the call to go elsewhere.
        is_meant = world.moments[0].switches or world.moments[0].caller
        if world.phases[hours] is not Phase.OPEN or is_meant:
            continue
        if _leads(estate.flow, near, queue, world.phases):
            is_reached = True
        else:
            missed += world.moments
    return missed if is_reached else []


def _leads(flow: Flow, near: set[Place], queue: Place, phases: Phases) -> bool:
    seen = {place for place in near if place.kind == "number" and not place.node}
    todo = list(seen)
    for place in todo:
        if place == queue:
            return True
        for way in flow.possible(place, phases):
            if way.to in near and way.to not in seen:
                seen.add(way.to)
                todo.append(way.to)
    return False


def _found(flow: Flow, queue: Place, hours: str, moment: Moment) -> Found:
    local = moment.at.astimezone(zone_of(flow, queue))
    occasion = f" ({', '.join(moment.occasions)})" if moment.occasions else ""
    return Found(
        queue.address,
        ("hours",),
        f"no number leads to {queue} on {local:%A} {local.day} {local:%B %Y} at "
        f"{local:%H:%M}{occasion}",
        f"Its people are there by schedule/{hours}, and callers are told that it is closed.",
        "let the hours of the numbers and trees before it be at least as long",
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "CC218",
        "open-unreached",
        Severity.WARNING,
        "A queue that is open while no number leads to it",
        _unreached,
        Reach.JOINED,
    ),
)
