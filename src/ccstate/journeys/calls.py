"""One call at one moment: what happens where everybody answers, and where nobody does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Hours, Position
from ccstate.journeys.moments import Positions, Year
from ccstate.journeys.walk import Answering, Journey, walk, zone_of
from ccstate.journeys.ways import GOOD, SWITCH, Event, Place


@dataclass(frozen=True, slots=True)
class Call:
    """A call to a place: `hours` is what each schedule says that can decide anything about it.

    `switches` has the position of each switch that can.
    """

    start: Place
    at: datetime
    zone: ZoneInfo
    keys: tuple[str, ...]
    hours: Mapping[str, Hours]
    answered: Journey
    unanswered: Journey
    switches: Mapping[str, Position] = field(default_factory=dict)

    @property
    def ends_well(self) -> bool:
        """Whether the caller comes to a person, a mailbox or an end that is meant."""
        return self.answered.end in GOOD

    @property
    def parts_at(self) -> int:
        """The step from which on the call goes otherwise where nobody answers."""
        pairs = zip(self.answered.steps, self.unanswered.steps, strict=False)
        return next(
            (number for number, (one, other) in enumerate(pairs) if one != other),
            min(len(self.answered.steps), len(self.unanswered.steps)),
        )

    @property
    def is_answered(self) -> bool:
        """Whether it makes any difference that somebody answers."""
        return self.answered != self.unanswered


def call(
    flow: Flow,
    year: Year,
    start: Place,
    at: datetime,
    keys: Sequence[str],
    *,
    positions: Positions | None = None,
    caller: str = "",
) -> Call:
    """The call of somebody who comes in at a place at a moment and presses these keys.

    `caller` is a number in international form, `withheld`, or "" where no list is meant to hold it.
    """
    schedules = sorted(flow.schedules(flow.reached(start)))
    found = {name: year.said(name, at, positions or {}, caller) for name in schedules}
    hours = {
        name: said
        for name, said in found.items()
        if isinstance(said, Hours) and year.timetable(name) is not None
    }
    phases = {n: said.phase if isinstance(said, Hours) else said for n, said in found.items()}
    switches = {n.removeprefix(SWITCH): s for n, s in found.items() if isinstance(s, Position)}
    answered = walk(flow, start, phases, keys)
    unanswered = walk(flow, start, phases, keys, answering=Answering.NOBODY)
    zone = zone_of(flow, start)
    return Call(start, at, zone, tuple(keys), hours, answered, unanswered, switches)


def keys_left(journey: Journey, keys: Sequence[str]) -> tuple[str, ...]:
    """The keys that nothing asked for."""
    used = sum(len(step.keys) for step in journey.steps)
    left: list[str] = []
    for entry in keys:
        if entry[used:]:
            left.append(entry[used:])
        used = max(used - len(entry), 0)
    return tuple(left)


def asked_in_vain(journey: Journey, keys: Sequence[str]) -> Iterator[Place]:
    """The places that asked for keys after all of them had been pressed."""
    silences = sum(1 for entry in keys if not entry)
    for step in journey.steps:
        if step.way.has_exits and not step.keys:
            silences -= 1
        elif step.way.event is Event.SILENCE:
            silences -= 1
            if silences < 0:
                yield step.place


def exists(moment: datetime) -> bool:
    """Whether clocks there ever show this time: they leave an hour out when they go forward."""
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)
