"""The choices that divide calls: hours, callers, values that are changed, keys that are pressed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from ccstate.adapters.asterisk.conf import Option
from ccstate.adapters.asterisk.conf.patterns import matches, pattern
from ccstate.adapters.asterisk.importing.destinations import KnownObjects, ringing
from ccstate.adapters.asterisk.importing.estate import Positions, Work, name_of, prompt_of
from ccstate.adapters.asterisk.importing.following import Follower
from ccstate.adapters.asterisk.importing.outcomes import (
    At,
    Callers,
    Hangs,
    Menu,
    Outcome,
    Place,
    Plays,
    Reads,
    Switched,
    Trail,
    claim_trail,
    legible,
    same,
)
from ccstate.adapters.asterisk.importing.values import OTHER, entered_in
from ccstate.adapters.asterisk.interpreter.call import NotFollowed
from ccstate.adapters.asterisk.interpreter.facts import timing
from ccstate.dialling.international import international
from ccstate.journeys.hours import WEEKDAYS
from ccstate.model import Address, Json

_YEAR = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]
"""The days of a leap year; what is said of 29 February holds in leap years."""


def schedule(work: Work, times: tuple[str, ...], near: str) -> tuple[str, str]:
    """Return the name of a schedule that is open at these times, or "", and why there is none.

    `times` is `times,weekdays,days of the month,months[,timezone]` of GotoIfTime.
    """
    unclear = "", f"{','.join(times[:4])} are no hours that ccstate can read"
    try:
        open_at = timing(",".join(times))
    except NotFollowed:
        return unclear
    zone = open_at.zone or work.setting.timezone
    if not zone:
        return "", "the timezone of these hours is not given"
    spans = [f"{_clock(a)}-{_clock(b + 1)}" for a, b in _runs(open_at.minutes)]
    days = [day for number, day in enumerate(WEEKDAYS, 1) if number % 7 in open_at.weekdays]
    weekly: dict[str, Json] = {day: [*spans] for day in days}
    seasons = _runs(
        number
        for number, day in enumerate(_YEAR)
        if day.month in open_at.months and day.day in open_at.days
    )
    if not seasons:
        return unclear
    fields: dict[str, Json] = {"timezone": zone, "weekly": weekly}
    if seasons != [(0, 365)]:
        if len(seasons) > 1 and (seasons[0][0], seasons[-1][1]) == (0, 365):
            seasons[0] = seasons.pop()[0], seasons[0][1]  # over New Year
        every: list[Json] = [
            {"every": f"{_YEAR[a]:%m-%d}", "until": f"{_YEAR[b]:%m-%d}", "weekly": weekly}
            for a, b in seasons
        ]
        fields.update(weekly={}, seasons=every)
    return work.one("schedule", near, fields).name, ""


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Return the runs of numbers that follow each other, by first and last."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return runs


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


_KEY = re.compile(r"(?:GLOBAL|DB|DEVICE_STATE)\((?:Custom:)?(.*)\)", re.IGNORECASE)


def asked(work: Work, outcome: Switched) -> tuple[str, Outcome, Outcome] | None:
    """Return the name of a switch, and the ways of a call while it is on and off.

    Off is the position that holds after a start. None where there are more than two ways, or what
    decides cannot be a switch.
    """
    if not work.setting.holds("switch") or not work.setting.holds("ivr", "nodes.*.switch.switch"):
        return None
    off = outcome.ways[outcome.initial]
    others = {value: way for value, way in outcome.ways.items() if not same(off, way)}
    if not others or OTHER in others:
        return None
    on = next(iter(others.values()))
    if not all(same(on, way) for way in others.values()):
        return None
    switch = work.switches.get(outcome.name)
    values = frozenset(outcome.ways) - frozenset(others)
    if switch is None:
        key = _KEY.fullmatch(outcome.name)
        name = work.names.free("switch", name_of(key[1] if key else outcome.name))
        switch = Positions(Address("switch", name), values, frozenset(others))
        work.switches[outcome.name] = switch
        work.objects[switch.address] = {"default": "off"}
    elif (switch.on & values) or (switch.off & frozenset(others)):
        return None
    return switch.address.name, on, off


def changed_elsewhere(work: Work, outcome: Switched) -> str:
    """Return the places in files where the value is changed; "" where no step changes it."""
    steps = work.follower.values.changed.get(outcome.name, ())
    places = [f"{step.option.file}:{step.option.line}" for step, _ in steps]
    return ", ".join(dict.fromkeys(map(legible, places[:4])))


def listed_callers(work: Work, outcome: Callers) -> list[tuple[dict[str, Json], Outcome]]:
    """Return the fields of a list for each way of callers, in order; none where a number is none.

    An empty number is that of callers who show none, and so is `anonymous` of SIP.
    """
    field = "nodes.*.callers.callers.*.list"
    if not work.setting.holds("caller_list") or not work.setting.holds("ivr", field):
        return []
    found: list[tuple[dict[str, Json], Outcome]] = []
    for written, way in outcome.ways.items():
        number = international(written, work.setting.prefix)
        is_withheld = written in ("", "anonymous")
        if not (is_withheld or number):
            return []
        fields = next((known for known, other in found if same(other, way)), None)
        if fields is None:
            fields = {}
            found.append((fields, way))
        if is_withheld:
            fields["withheld"] = True
            continue
        work.callers[written] = number, outcome.line
        numbers = fields.setdefault("numbers", [])
        if isinstance(numbers, list) and number not in numbers:
            numbers.append(number)
    return found


def list_name(work: Work, fields: dict[str, Json], near: str) -> str:
    """Return the name of the list with these callers; it is made where there is none yet."""
    numbers = fields.get("numbers")
    if isinstance(numbers, list):
        fields["numbers"] = [*sorted(map(str, numbers))]
    return work.one("caller_list", f"{near}-callers", fields).name


KEYS = "0123456789*#"
MOST_ATTEMPTS = 5
MOST_DIGITS = 30
MOST_RETRIES = 9


class NoMenu(Exception):
    """The reason why no menu can be made of this wait for keys, from wherever it is reached."""


def keys(work: Work, outcome: Menu) -> Mapping[str, Outcome]:
    """Return what each key leads to that any extension answers."""
    reached = {key: work.follower.pressed(outcome, key) for key in KEYS}
    return {key: way for key, way in reached.items() if way is not None}


def special(follower: Follower, menu: Menu, exten: str) -> Outcome:
    """Return what becomes of a caller by `i` or `t`, or `e` in its place; hung up without them."""
    return follower.pressed(menu, exten) or follower.pressed(menu, "e") or Hangs(Trail())


def silence(follower: Follower, menu: Menu) -> Outcome:
    """Return what becomes of a caller who presses nothing.

    The next step runs where there is one, and only otherwise `t` (pbx_builtin_waitexten,
    main/pbx_builtins.c; 16.28 and 22.10, seen).
    """
    if menu.seconds and follower.resolver.step(menu.call.at) is None:
        return special(follower, menu, "t")
    return follower.after(menu.call)


def entered(follower: Follower, reads: Reads, keys: str) -> Outcome:
    """Return what becomes of a caller who has entered these digits at a Read()."""
    return follower.after(reads.call.assuming(reads.variable, keys))


def others_entered(follower: Follower, reads: Reads) -> tuple[Outcome, list[str]]:
    """Return what becomes of callers who have entered anything that no step compares."""
    follower.values.entered.pop(reads.variable, None)
    outcome = entered(follower, reads, entered_in(reads.variable))
    return outcome, compared_with(follower, reads.variable)


def compared_with(follower: Follower, variable: str) -> list[str]:
    """Return the digits with which steps that were followed compare what was entered."""
    return sorted(filter(str.isdigit, follower.values.entered.get(variable, ())))


def without_keys(work: Work, outcome: Menu) -> Outcome:
    """Return what becomes of a call in a menu in which no key leads anywhere."""
    then = silence(work.follower, outcome)
    for _, sound in reversed(outcome.sounds):
        then = Plays(sound, then, outcome.trail)
    note = "differs: a key that is pressed here ends the call; with ccstate nothing happens"
    work.ledger.leave(outcome.wait, note)
    if not outcome.sounds:
        claim_trail(work.ledger, outcome.trail, "a wait for keys that nothing answers")
    return then


def prompt(work: Work, sounds: tuple[tuple[Option, str], ...]) -> str:
    """Return the prompt of a menu; raises NoMenu, for a menu has to have one."""
    if not sounds:
        raise NoMenu("a menu needs a recording, and none is played before this wait for keys")
    names = tuple(sound for _, sound in sounds)
    found = prompt_of(work, names)
    if not found:
        unknown = legible(", ".join(names))
        note = f"a menu needs the words of what it plays, and those of {unknown} are not given"
        raise NoMenu(note)
    return found


def is_mute(outcome: Outcome) -> bool:
    """Check whether keys are waited for without a sound before."""
    return isinstance(outcome, Menu | Reads) and not outcome.sounds


def spoken_before(outcome: Plays) -> Outcome:
    """Return a Playback() and the wait for keys behind it, as one menu."""
    then = outcome.then
    if not isinstance(then, Menu | Reads):
        return outcome
    line = outcome.trail.lines[-1]
    note = "differs: here keys count once the recording is over; with ccstate while it plays, too"
    trail = outcome.trail + then.trail
    trail = replace(trail, notes=(*trail.notes, (line, note)))
    # With the recording it is another menu than without it.
    place: Place = (*then.place[:3], ~then.place[3])
    sounds = ((line, outcome.sound.partition(",")[0]),)
    return replace(then, sounds=sounds, place=place, trail=trail)


def dials_extensions(work: Work, known: KnownObjects, outcome: Menu) -> bool:
    """Check whether callers can dial every phone's number in a menu, and reach it as inside."""
    follower = work.follower
    phones = [phone for phone in known.phones.values() if phone.name in known.ringing]
    for phone in phones:
        at = At(outcome.context, phone.number)
        found = (
            ringing(work, known, follower.follow(at)) if follower.resolver.extension(at) else None
        )
        if found is None or found.endpoint != phone.endpoint.name:
            return False
    return bool(phones)


def report_longer(work: Work, outcome: Menu, numbers: frozenset[str] = frozenset()) -> None:
    """Report what else can be dialled in a menu, for which Asterisk waits after the first key.

    `numbers` are those of extensions that the menu takes.
    """
    longer = sorted(
        {
            candidate.exten
            for candidate in work.follower.resolver.candidates(outcome.context)
            if (said := pattern(candidate.exten)).places
            and len(said.places) + bool(said.end) > 1
            and all(place & set(KEYS) for place in said.places)
            and not _only(candidate.exten, numbers)
        }
    )
    if longer:
        note = f"differs: callers may dial {', '.join(longer[:8])} in [{outcome.context}]; "
        work.ledger.leave(outcome.wait, f"{note}a menu of ccstate takes one key, at once")


def _only(exten: str, numbers: frozenset[str]) -> bool:
    """Check whether an extension is the number of a phone, or a pattern for such numbers alone."""
    if not exten.startswith("_"):
        return exten in numbers
    said = pattern(exten)
    return not said.end and any(matches(exten, number) for number in numbers)


def report_other_keys(work: Work, outcome: Menu, address: str, looked_up: str) -> None:
    """Report where a menu leads elsewhere because it is entered from another context."""
    resolver = work.follower.resolver
    for key in (*KEYS, "t", "i"):
        here = resolver.answer(outcome.context, key)
        there = resolver.answer(looked_up, key)
        if (here and here[:2]) != (there and there[:2]):
            note = f"differs: from [{outcome.context}] key {key} of {address} leads elsewhere"
            work.ledger.leave(outcome.trail.lines[-1], note)


@dataclass(slots=True)
class Tree:
    """A tree while its nodes are made."""

    address: Address
    home: str = ""
    """The context of its """
    nodes: dict[str, Json] = field(default_factory=dict)
    menus: dict[Place, str] = field(default_factory=dict)
    """The node of each menu, by the place where it begins."""


@dataclass(frozen=True, slots=True)
class TreePlace:
    """The place where an outcome is said: `by` explains its lines, `near` names new trees."""

    by: object
    near: str
    tree: Tree | None = None
    """The tree that leads here, in which nodes can be made."""
    deep: int = 0

    @property
    def below(self) -> "TreePlace":
        return replace(self, deep=self.deep + 1)

    def near_to(self, key: str) -> "TreePlace":
        """Return the place of what a key leads to."""
        return replace(self.below, near=f"{self.near}-{key}")
