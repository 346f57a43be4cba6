"""One call, from the number to its end: what the caller does, what happens, how long it takes;
where everyone answers and where no one does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Hours, Position, zone_named
from ccstate.journeys.moments import Phases, Positions, Year
from ccstate.journeys.ways import CALLERS, GOOD, SWITCH, End, Event, Place, Transition


class Answering(Enum):
    """The behaviour of agents when their phones ring."""

    ALWAYS = auto()
    NEVER = auto()


class Step(NamedTuple):
    """One place of a journey, what happened there, and which keys were pressed."""

    place: Place
    way: Transition
    keys: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """A call: its steps, how it ended, with whom or what (`queue/sales`), and its seconds."""

    steps: tuple[Step, ...]
    end: End
    at: str

    @property
    def seconds(self) -> int:
        """From the first place to the end; a conversation or message not counted."""
        return sum(step.way.seconds for step in self.steps)


def walk(
    flow: Flow,
    start: Place,
    phases: Phases,
    keys: Iterable[str] = (),
    *,
    answering: Answering = Answering.ALWAYS,
    outcomes: Iterable[Event] = (),
) -> Journey:
    """Walk the journey of a caller who enters at a place.

    `keys` holds an entry for each time that something is asked, and for each wait that a key can
    end; at a menu the first key of an entry counts, or the extension's number that it begins with,
    and the rest is typed ahead. A caller who runs out of keys says nothing; an empty
    entry says nothing once, until the question gives up. The hours are those of the moment at
    which the call comes in, however long it takes.

    `outcomes` holds what comes of the first rings and waits; one that cannot be is taken as no
    answer, or as the only thing that can be. `answering` says what comes of those after them.
    """
    left = list(keys)[::-1]
    coming = list(outcomes)[::-1]
    steps: list[Step] = []
    seen: set[tuple[Place, int, int, int]] = set()
    place = start
    while True:
        here = place, len(left), sum(map(len, left)), len(coming)
        if here in seen:
            return Journey(tuple(steps), End.ENDLESS, "")
        seen.add(here)
        ways = flow.possible(place, phases)
        if ways[0].event in RUNG:
            way, pressed = _leaving_key(ways, left)
            step = Step(place, way or _outcome(ways, coming, answering), pressed)
        else:
            step = _step(flow, place, ways, left)
        steps.append(step)
        if step.way.to is None:
            return Journey(tuple(steps), step.way.end or End.CUT_OFF, step.way.at)
        place = step.way.to


RUNG = frozenset({Event.ANSWERED, Event.NO_ANSWER, Event.EMPTY, Event.FULL, Event.BUSY})
"""What comes of a ring or a wait."""
_UNANSWERED = frozenset({Event.NO_ANSWER, Event.EMPTY})


def _outcome(ways: Sequence[Transition], coming: list[Event], answering: Answering) -> Transition:
    default = Event.ANSWERED if answering is Answering.ALWAYS else Event.NO_ANSWER
    return came_of(ways, coming.pop() if coming else default)


def came_of(ways: Sequence[Transition], outcome: Event) -> Transition:
    """Return the way of a ring or wait; an outcome that cannot be is no answer, or what can be."""
    exactly = next((way for way in ways if way.event is outcome), None)
    if exactly is None and outcome is not Event.ANSWERED:
        return next((way for way in ways if way.event in _UNANSWERED), ways[0])
    return exactly or ways[0]


def _step(flow: Flow, place: Place, ways: Sequence[Transition], left: list[str]) -> Step:
    events = {way.event for way in ways}
    if Event.DIGITS in events:
        return _step_question(flow, place, ways, left)
    if Event.SILENCE in events:
        return _step_menu(flow, place, ways, left)
    return Step(place, ways[0])


def _leaving_key(ways: Sequence[Transition], left: list[str]) -> tuple[Transition | None, str]:
    """Return the way by which a key ends a wait, and the keys; no way where the caller waits.

    Keys of the entry that lead nowhere do nothing.
    """
    by_key = {way.key: way for way in ways if way.event is Event.KEY}
    entry = left.pop() if by_key and left else ""
    for place, key in enumerate(entry, 1):
        if key in by_key:
            if entry[place:]:
                left.append(entry[place:])
            return by_key[key], entry[:place]
    return None, entry


def entered(entry: str, next_keys: Mapping[str, frozenset[str]]) -> tuple[str, str]:
    """Split an entry into the keys that a menu takes and those that are typed ahead.

    It takes more as long as a number can begin with what it has.
    """
    taken = 1
    while taken < len(entry) and entry[:taken] in next_keys:
        taken += 1
    return entry[:taken], entry[taken:]


def _step_menu(flow: Flow, place: Place, ways: Sequence[Transition], left: list[str]) -> Step:
    """Step through a menu: by the first key, or number, that leads anywhere, or the last try."""
    node = flow.centre.of("ivr")[place.name]["nodes"][place.node]
    by_key = {way.key: way for way in ways if way.event is Event.KEY}
    next_keys = flow.next_keys(place)
    silence = next(way for way in ways if way.event is Event.SILENCE)
    wrong = next((way for way in ways if way.event is Event.WRONG_KEY), silence)
    tries = node["retries"] + 1
    prompt_seconds = wrong.seconds // tries if wrong is not silence else 0
    pressed = ""
    spent = 0
    for number in range(tries):
        if not left or not left[-1]:
            del left[-1:]
            rest = (tries - number) * (silence.seconds // tries)
            return Step(place, silence._replace(seconds=spent + rest), pressed)
        entry = left.pop()
        key, more = entered(entry, next_keys)
        if more:
            left.append(more)
        pressed += key
        spent += prompt_seconds
        if key in by_key:
            return Step(place, by_key[key]._replace(seconds=spent or by_key[key].seconds), pressed)
    return Step(place, wrong._replace(seconds=spent), pressed)


def _step_question(flow: Flow, place: Place, ways: Sequence[Transition], left: list[str]) -> Step:
    """Step through a question for digits: `#` ends them, too few are asked for again."""
    node = flow.centre.of("ivr")[place.name]["nodes"][place.node]
    tries = node["retries"] + 1
    given = {way.key: way for way in ways if way.event is Event.DIGITS}
    silent = next(way for way in ways if way.event is Event.SILENCE)
    prompt_seconds = next(iter(given.values())).seconds
    pressed = ""
    for number in range(tries):
        if not left or not left[-1]:
            del left[-1:]
            rest = (tries - number) * (silent.seconds // tries)
            return Step(place, silent._replace(seconds=number * prompt_seconds + rest), pressed)
        entry = left.pop()
        digits, more = _digits(entry, node["max_digits"])
        if more:
            left.append(more)
        pressed += entry[: len(entry) - len(more)]
        if len(digits) >= node["min_digits"] and "*" not in digits:
            way = given.get(digits) or given[""]
            return Step(place, way._replace(seconds=(number + 1) * prompt_seconds), pressed)
    return Step(place, silent._replace(seconds=tries * prompt_seconds), pressed)


def _digits(entry: str, most: int) -> tuple[str, str]:
    """Split an entry into the digits that a question takes and those typed ahead for the next."""
    head, ended, rest = entry.partition("#")
    if len(head) >= most:
        return head[:most], entry[most:]
    return head, rest if ended else ""


ASKED = frozenset({Event.KEY, Event.DIGITS, Event.SILENCE, Event.WRONG_KEY})


def asks(way: Transition) -> bool:
    """Check whether a caller takes this way by pressing a key, or by pressing nothing."""
    return way.event in ASKED or way.has_exits


def keys_of(journey: Journey) -> tuple[str, ...]:
    """Return the entries that make a caller's way again: one for each question, "" for silence."""
    entries = [step.keys for step in journey.steps if asks(step.way)]
    while entries and not entries[-1]:
        entries.pop()
    return tuple(entries)


_DECIDES: Mapping[tuple[str, Event], tuple[str, ...]] = {
    ("queue", Event.NO_ANSWER): ("overflow",),
    ("queue", Event.ANSWERED): ("members",),
    ("queue", Event.EMPTY): ("members", "overflow"),
    ("ring_group", Event.NO_ANSWER): ("no_answer",),
    ("ring_group", Event.EMPTY): ("no_answer",),
    ("extension", Event.NO_ANSWER): ("voicemail",),
    ("extension", Event.EMPTY): ("voicemail",),
    ("number", Event.CLOSED): ("closed",),
    ("number", Event.HOLIDAY): ("holiday", "closed"),
}
"""Whole fields that decide what happens there, by what happens."""


def left_open(flow: Flow, journeys: Iterable[Journey]) -> list[str]:
    """Name fields that decide these journeys and are not declared: `queue/sales overflow`."""
    found: dict[str, None] = {}
    for step in (step for journey in journeys for step in journey.steps):
        fields = _DECIDES.get((step.place.kind, step.way.event), ())
        address = step.place.address
        declared_fields = [field for field in fields if flow.centre.declares(address, field)]
        if step.place.kind == "number" and declared_fields:
            continue  # one of the two is enough
        found.update(
            {f"{address} {field}": None for field in fields if field not in declared_fields}
        )
    return list(found)


def zone_of(flow: Flow, start: Place) -> ZoneInfo:
    """Return the timezone in which a call to a place is described: of its hours, its site, or UTC.

    Where the number has no hours of its own, the first schedule that it comes to decides.
    """
    fields = flow.centre.of(start.kind).get(start.name, {})
    site = flow.centre.of("site").get(fields.get("site") or "", {})
    ways = (way for place in flow.reached(start) for way in flow.ways(place))
    near = (w.schedule for w in ways if w.schedule and not w.schedule.startswith((SWITCH, CALLERS)))
    names = [name] if (name := fields.get("hours")) else near
    schedule: Mapping[str, str] = {}
    for name in names:
        schedule = flow.centre.of("schedule").get(name, {})
        break
    return zone_named(schedule.get("timezone") or site.get("timezone") or "UTC")


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
        """The step from which on the call goes otherwise where no one answers."""
        pairs = zip(self.answered.steps, self.unanswered.steps, strict=False)
        return next(
            (number for number, (one, other) in enumerate(pairs) if one != other),
            min(len(self.answered.steps), len(self.unanswered.steps)),
        )

    @property
    def is_answered(self) -> bool:
        """Whether it makes any difference that the call is answered."""
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
    """Walk the call of a caller who comes in at a place at a moment and presses these keys.

    `caller` is a number in international form, `withheld`, or "" where no list is meant to hold it.
    """
    schedules = sorted(flow.schedules(flow.reached(start)))
    found = {name: year.answer(name, at, positions or {}, caller) for name in schedules}
    hours = {
        name: answer
        for name, answer in found.items()
        if isinstance(answer, Hours) and year.timetable(name) is not None
    }
    phases = {
        n: answer.phase if isinstance(answer, Hours) else answer for n, answer in found.items()
    }
    switches = {n.removeprefix(SWITCH): s for n, s in found.items() if isinstance(s, Position)}
    answered = walk(flow, start, phases, keys)
    unanswered = walk(flow, start, phases, keys, answering=Answering.NEVER)
    zone = zone_of(flow, start)
    return Call(start, at, zone, tuple(keys), hours, answered, unanswered, switches)


def keys_left(journey: Journey, keys: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that no place asked for."""
    used = sum(len(step.keys) for step in journey.steps)
    left: list[str] = []
    for entry in keys:
        if entry[used:]:
            left.append(entry[used:])
        used = max(used - len(entry), 0)
    return tuple(left)


def asked_in_vain(journey: Journey, keys: Sequence[str]) -> Iterator[Place]:
    """Yield the places that asked for keys after all of them had been pressed."""
    silences = sum(1 for entry in keys if not entry)
    for step in journey.steps:
        if step.way.has_exits and not step.keys:
            silences -= 1
        elif step.way.event is Event.SILENCE:
            silences -= 1
            if silences < 0:
                yield step.place


def exists(moment: datetime) -> bool:
    """Check whether clocks there show this time; they leave an hour out when they go forward."""
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)
