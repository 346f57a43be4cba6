"""What a call met, in the words of journeys."""

from collections.abc import Sequence
from dataclasses import dataclass

from ccstate.adapters.asterisk.calls.watch import Stop
from ccstate.journeys.flow import Flow
from ccstate.journeys.placed import Person
from ccstate.journeys.walk import Journey, Step
from ccstate.journeys.ways import End, Event, Place, Way


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: as `journeys.walk.Journey` says it."""

    end: End
    at: str


def journey(flow: Flow, stops: Sequence[Stop], ending: Ending | None, over: float) -> Journey:
    """The stops as steps; where no ending is given, the site ended the call, at `over`."""
    steps = []
    for number, stop in enumerate(stops):
        following = stops[number + 1] if number + 1 < len(stops) else None
        seconds = round((following.entered if following else over) - stop.entered)
        way = _way(flow, stop)
        if following:
            way = way._replace(to=following.place, end=None, at="", seconds=seconds)
        else:
            found = ending or _ended_by_site(way)
            way = way._replace(to=None, end=found.end, at=found.at, seconds=seconds)
        steps.append(Step(stop.place, way, stop.pressed))
    if not steps:
        found = ending or Ending(End.CUT_OFF, "")
        return Journey((), found.end, found.at)
    last = steps[-1].way
    return Journey(tuple(steps), last.end or End.CUT_OFF, last.at)


def _way(flow: Flow, stop: Stop) -> Way:
    """The declared way by which a call left a place; one that nobody declared, where there is none."""
    event = stop.event or Event.THEN
    for way in flow.ways(stop.place):
        if way.event is event and (event not in {Event.KEY, Event.DIGITS} or way.key == stop.key):
            return way
    return Way(event, None, End.CUT_OFF, key=stop.key)


def _ended_by_site(way: Way) -> Ending:
    """Meant, where the way that was told of says so; cut off else."""
    if way.end is End.HANGUP:
        return Ending(End.HANGUP, way.at)
    return Ending(End.CUT_OFF, "")


def human(place: Place, person: Person) -> Ending:
    """Somebody answered: for a queue, in a conference room, for an extension, or elsewhere."""
    if place.kind in {"queue", "conference_room"}:
        return Ending(End.HUMAN, str(place))
    if person.number:
        return Ending(End.HUMAN, f"number/{person.number}")
    return Ending(End.HUMAN, f"extension/{person.extension}")
