"""A comparison of one import: both sides set up, everything that can be dialled called."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccstate.adapters.asterisk.conf import Conf, Option, Section, resolved
from ccstate.adapters.asterisk.conf.dialplan import dialplan
from ccstate.adapters.asterisk.importing import Imported, Origins, Setting
from ccstate.adapters.asterisk.interpreter import (
    OTHER_CALLER,
    Call,
    Interpreter,
    Moments,
    NotFollowed,
    Survey,
    edges,
)
from ccstate.adapters.asterisk.interpreter.facts import dates_of, days_between, times_of, timing
from ccstate.adapters.asterisk.proof.lockstep import (
    Difference,
    EntryPoint,
    Lockstep,
    Proof,
    Unfollowed,
)
from ccstate.adapters.asterisk.proof.objects import At, Entrances, Leaving, Objects, Turns, Where
from ccstate.adapters.asterisk.proof.states import (
    Behind,
    Dialled,
    States,
    dialled_by_carriers,
    dialled_by_phones,
    listed_callers,
    numbers_handed_on,
)
from ccstate.adapters.asterisk.proof.written import Written
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.staffing import Lack, agents, is_ordered
from ccstate.journeys.ways import SWITCH, Place, Says
from ccstate.kinds.fields import seconds
from ccstate.model import Address, Json

EXTENSIONS = "extensions.conf"
_NOWHERE = Option("", "", EXTENSIONS, 0)
"""The line of what no line of the dialplan says."""
MOST_PHONES = 100
"""Phones of one context that call outside, each with a number of its own that is shown."""
MOST_CALLS = 100_000
"""Calls after which numbers that are left are not compared."""


class Proving:
    """A comparison of one import: both sides, and everything that can be dialled."""

    def __init__(
        self,
        confs: Mapping[str, Conf],
        found: Imported,
        setting: Setting,
        first: date,
    ) -> None:
        plan = dialplan(confs.get("extensions.conf") or Conf((), (), (), ()))
        self._found = found
        self._setting = setting
        self._flow = Flow(Centre(found.objects))
        minutes = edges(plan, _clocks(found))
        dates = {*dates_of(plan), *_dates(found)}
        self._moments = Moments(first, setting.timezone, minutes, dates)
        self._queues = (
            {s.name: s for s in resolved(confs["queues.conf"])} if "queues.conf" in confs else {}
        )
        known = Survey(plan).values("caller")
        self._survey = Survey(plan, listed_callers(self._flow.centre, known, setting.prefix))
        operators = _mailboxes(confs, found)
        self._interpreter = Interpreter(plan, self._moments, self._survey, operators)
        self.written = Written(
            self._interpreter, found.origins, setting.words, self._queues, _endpoints(confs)
        )
        self.entrances = Entrances(self._flow, setting.words)
        self._numbers = _shown_numbers(confs)
        self._proof = Proof()
        self._states = States(
            self._flow,
            Year(self._flow.centre, first),
            self._moments,
            self._survey,
            switches=found.origins.switches,
        )

    def proof(self) -> Proof:
        left_out: dict[str, int] = {}
        for entry_point, dialled, start in self._entry_points():
            if self._proof.calls >= MOST_CALLS:
                left_out[entry_point.by] = left_out.get(entry_point.by, 0) + 1
                continue
            self._proof.entry_points += 1
            self._proof.samples += dialled.is_sample
            self._compare(entry_point, dialled, start)
        self._compare_queues()
        self._compare_positions()
        for by, numbers in left_out.items():
            reason = f"these numbers are not dialled: there are more than {MOST_CALLS:,} calls"
            entry_point = EntryPoint(by, "", f"{numbers:,} numbers")
            self._proof.unfollowed.append(
                Unfollowed(entry_point, (), reason, EXTENSIONS, 0, numbers)
            )
        for fact, values in sorted(self._survey.cut.items()):
            reason = f"{values:,} values of {fact} are not tried: there are too many"
            entry_point = EntryPoint("any phone or carrier", "", "numbers that ask for it")
            self._proof.unfollowed.append(
                Unfollowed(entry_point, (), reason, EXTENSIONS, 0, values)
            )
        return self._proof

    def _compare_queues(self) -> None:
        """Compare what is said of queues themselves, each once."""
        found = self._found
        for name, address in sorted(found.origins.queues.items()):
            entry_point, centre = (
                EntryPoint("callers who wait", "", str(address)),
                self._flow.centre,
            )
            differs = compared_queue(
                self._queues[name], address, centre, found.origins, self._setting.words
            )
            for one in differs:
                self._differs(entry_point, one.about, one.before, one.after, one.line)

    def _compare_positions(self) -> None:
        """Compare the positions that switches have until they are turned."""
        for fact, said in self._found.origins.switches.items():
            value = self._survey.values(fact)[0]
            before = "on" if value in said.on else "off"
            after = self._flow.centre.of("switch")[said.address.name]["default"]
            if before != after:
                entry_point = EntryPoint("every caller", "", str(said.address))
                self._differs(
                    entry_point, "the position of a switch at first", before, after, _NOWHERE
                )

    def _differs(
        self, entry_point: EntryPoint, about: str, before: str, after: str, line: Option
    ) -> None:
        """Note what differs for all callers alike, as one call that differs."""
        self._proof.differ += 1
        found = Difference(entry_point, (), about, before, after, line.file, line.line)
        self._proof.differences.append(found)

    # What can be dialled

    def _entry_points(self) -> Iterator[tuple[EntryPoint, Dialled, Where]]:
        """List what carriers dial by each trunk, then what phones dial in each of their contexts.

        Numbers that objects alone know are dialled too: by the first that might.
        """
        yield from self._carriers()
        yield from self._phones()

    def _carriers(self) -> Iterator[tuple[EntryPoint, Dialled, Where]]:
        origins, taken = self._found.origins, set[str]()
        for endpoint, context in origins.trunk_contexts.items():
            trunk = origins.trunks[endpoint]
            for dialled in self._once_each(dialled_by_carriers(self._interpreter.lookup, context)):
                entry_point = EntryPoint(str(trunk), context, dialled.exten, trunk.name)
                start = self.entrances.number(trunk.name, dialled.exten)
                taken |= {start.place.name} if isinstance(start, At) else set()
                yield entry_point, dialled, start
        for number in self.entrances.numbers_beside(taken):
            for endpoint, context in origins.trunk_contexts.items():
                trunk = origins.trunks[endpoint]
                written = self.entrances.as_sent(trunk.name, number)
                if written and not self._interpreter.exists(
                    Call(context, written), context, written
                ):
                    entry_point = EntryPoint(str(trunk), context, written, trunk.name)
                    yield entry_point, Dialled(written, _NOWHERE), At(Place("number", number))
                    break

    def _phones(self) -> Iterator[tuple[EntryPoint, Dialled, Where]]:
        """List what phones dial: everything from one of those alike, a number of each line else."""
        origins, dialled_already = self._found.origins, set[str]()
        handed_on = numbers_handed_on(self._interpreter.plan, self._interpreter.lookup)
        known = tuple(sorted({*origins.phones, *self.entrances.inside, *handed_on}))
        callers = self.entrances.phones_alike(origins, self._numbers)
        for alike in callers:
            (context, phone), *others = alike.values()
            by_phones = dialled_by_phones(self._interpreter.lookup, context, known)
            outside: dict[Option, Dialled] = {}
            for dialled in self._once_each(by_phones):
                dialled_already.add(dialled.exten)
                for entry_point, _, start in self._dialled_by(phone, context, dialled):
                    yield entry_point, dialled, start
                    if isinstance(start, Leaving):
                        outside.setdefault(dialled.line, dialled)
            for _, other in others[:MOST_PHONES]:
                for dialled in outside.values():
                    yield from self._dialled_by(other, context, dialled)
            self._leaves_phones_out(context, len(others) - MOST_PHONES)
        for context, phone in [next(iter(alike.values())) for alike in callers[:1]]:
            for number in self.entrances.dialled_inside():
                if number not in dialled_already:
                    yield from self._dialled_by(phone, context, Dialled(number, _NOWHERE))

    def _leaves_phones_out(self, context: str, phones: int) -> None:
        if phones > 0:
            entry_point = EntryPoint(f"phones in [{context}]", context, "outside numbers")
            reason = f"{phones:,} phones with caller IDs of their own are not tried"
            self._proof.unfollowed.append(
                Unfollowed(entry_point, (), reason, EXTENSIONS, 0, phones)
            )

    def _dialled_by(
        self, phone: str, context: str, dialled: Dialled
    ) -> Iterator[tuple[EntryPoint, Dialled, Where]]:
        entry_point = EntryPoint(f"phones in [{context}]", context, dialled.exten, phone=phone)
        try:
            yield entry_point, dialled, self.entrances.phone(phone, dialled.exten)
        except NotFollowed as why:
            where = (dialled.line.file, dialled.line.line)
            self._proof.unfollowed.append(Unfollowed(entry_point, (), why.reason, *where))

    def _once_each(self, listed: Iterator[Dialled]) -> Iterator[Dialled]:
        """List each of them once; what ends the list is reported."""
        seen: set[str] = set()
        try:
            for dialled in listed:
                if dialled.exten not in seen:
                    seen.add(dialled.exten)
                    yield dialled
        except NotFollowed as why:
            line = (why.line.file, why.line.line) if why.line else ("", 0)
            entry_point = EntryPoint("every caller", "", "other numbers")
            self._proof.unfollowed.append(Unfollowed(entry_point, (), why.reason, *line))

    def _own_number(self, entry_point: EntryPoint) -> str:
        """Return the number that a phone shows by itself at an entry point; "" for carriers."""
        for endpoint, address in self._found.origins.phones.items():
            if address.name == entry_point.phone:
                return self._numbers.get(endpoint, "") or endpoint
        return ""

    # Comparing

    def _compare(self, entry_point: EntryPoint, dialled: Dialled, start: Where) -> None:
        if entry_point.carrier and isinstance(start, At):
            self._tells_form(entry_point, dialled, start)
        own = self._own_number(entry_point)
        states, left_out = self.states(start, entry_point.carrier)
        if left_out:
            place = (dialled.line.file, dialled.line.line)
            self._proof.unfollowed.append(Unfollowed(entry_point, (), left_out, *place))
        for state in states:
            number = start.place.name if isinstance(start, At) and entry_point.carrier else ""
            objects = Objects(self._flow, state.phases, entry_point.phone, number)
            moments, line = self._moments, dialled.line
            steps = Lockstep(
                self.written, objects, self._proof, entry_point, line, own=own, calendar=moments
            )
            facts = dict(state.facts)
            if own and self._survey.values("caller") == (OTHER_CALLER,):
                facts["caller"] = own
            steps.compare(start, state.moments, facts)

    def _tells_form(self, entry_point: EntryPoint, dialled: Dialled, start: At) -> None:
        """Note a number that the carrier writes in a form which the trunk does not take."""
        if self.entrances.as_carrier_writes(entry_point.carrier, entry_point.exten):
            return
        before = f"{entry_point.exten} is taken as it is written"
        after = f"refused: {start.place} is not reached by {entry_point.exten}, in this form"
        self._differs(entry_point, "how the carrier writes the number", before, after, dialled.line)

    def states(self, start: Where, trunk: str = "") -> Behind:
        """Return the states of schedules, switches and callers behind a number, with moments."""
        if isinstance(start, Turns):
            return self._states.behind((f"{SWITCH}{start.switch}",))
        if isinstance(start, At):
            names = tuple(self._flow.schedules(self._flow.reached(start.place)))
            return self._states.behind(names, trunk)
        return Behind((self._states.every_moment(),))

    def objects_at(
        self, start: Where, at: datetime, facts: Mapping[str, str], trunk: str = ""
    ) -> Objects:
        """Return the imported side at a moment, while what people change has these values."""
        if not isinstance(start, At):
            return Objects(self._flow, {})
        names = self._flow.schedules(self._flow.reached(start.place))
        return Objects(self._flow, self._states.phases(tuple(names), at, facts, trunk))

    def objects_saying(self, phases: Mapping[str, Says]) -> Objects:
        """Return the imported side while schedules, and switches, say this."""
        return Objects(self._flow, phases)

    def moments_like(self, at: datetime) -> int:
        """Return the moments at which all the dialplan's conditions on the clock are as now."""
        found = self._moments.every
        for times in times_of(self._interpreter.plan):
            holds = self._moments.holding(times)
            said = timing(times)
            zone = ZoneInfo(said.zone) if said.zone else at.tzinfo
            found &= holds if said.holds(at.astimezone(zone)) else ~holds
        return found


def _endpoints(confs: Mapping[str, Conf]) -> frozenset[str]:
    """Return the endpoints of pjsip.conf: no other one ever rings."""
    sections = resolved(confs["pjsip.conf"]) if "pjsip.conf" in confs else ()
    return frozenset(s.name for s in sections if (s.get("type") or "").lower() == "endpoint")


def _shown_numbers(confs: Mapping[str, Conf]) -> dict[str, str]:
    """Return the numbers in the caller IDs of endpoints."""
    sections = resolved(confs["pjsip.conf"]) if "pjsip.conf" in confs else ()
    found: dict[str, str] = {}
    for section in sections:
        match = re.search(r"<([+0-9]+)>", section.get("callerid") or "")
        if match and (section.get("type") or "").lower() == "endpoint":
            found[section.name] = match[1]
    return found


def _mailboxes(confs: Mapping[str, Conf], found: Imported) -> dict[str, bool]:
    """Return the mailboxes, and whether 0 leads from them to the extension `o`."""
    sections = resolved(confs["voicemail.conf"]) if "voicemail.conf" in confs else ()
    is_operator = any(
        s.name.lower() == "general" and (s.get("operator") or "").lower() in ("yes", "true", "1")
        for s in sections
    )
    written = {
        f"{option.key}@{s.name}": "operator=yes" in option.value.replace(" ", "").lower()
        for s in sections
        for option in s.options
    }
    return {box: is_operator or written.get(box, False) for box in found.origins.mailboxes}


def _clocks(found: Imported) -> set[int]:
    """Return the minutes of a day that schedules of the objects name."""
    minutes: set[int] = set()
    for address, fields in found.objects.items():
        if address.kind == "schedule":
            for match in re.finditer(r"([0-9]{2}):([0-9]{2})", repr(fields)):
                minutes.add((int(match[1]) * 60 + int(match[2])) % 1_440)
    return minutes


def _dates(found: Imported) -> set[tuple[int, int]]:
    """Return the months and days of every year that schedules of the objects name."""
    entries = [
        entry
        for address, fields in found.objects.items()
        if address.kind in ("schedule", "calendar")
        for name in ("seasons", "holidays", "exceptions")
        for entry in _as_list(fields.get(name))
    ]
    dates: set[tuple[int, int]] = set()
    for entry in entries:
        if isinstance(entry, dict) and entry.get("every"):
            begin, end = str(entry["every"]), str(entry.get("until") or entry["every"])
            dates |= days_between(begin, end)
    return dates


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


_STRATEGIES = {
    "ring_all": "ringall",
    "longest_idle": "leastrecent",
    "fewest_calls": "fewestcalls",
    "round_robin": "rrmemory",
    "in_order": "linear",
    "random": "random",
}
_NO = frozenset({"no", "false", "n", "f", "0", "off"})
"""`ast_false` of main/utils.c."""


class QueueDiffers(NamedTuple):
    """A difference of a queue, and the line that says what was."""

    about: str
    before: str
    after: str
    line: Option


def compared_queue(
    section: Section, address: Address, centre: Centre, origins: Origins, words: Mapping[str, str]
) -> Iterator[QueueDiffers]:
    """Compare a queue's object with the section of queues.conf that it stands for."""
    before = _written_settings(section, origins, words)
    after = _declared(centre, centre.of("queue").get(address.name, {}))
    for about, was in before.items():
        if was != after[about]:
            yield QueueDiffers(about, was, after[about], _line(section, about))


_OPTIONS = {
    "how the next member is chosen": ("strategy",),
    "who rings in the queue": ("member",),
    "how long a member rings": ("timeout",),
    "the pause until a member rings again": ("retry",),
    "the time after a call": ("wrapuptime",),
    "how many callers may wait": ("maxlen",),
    "which queue is served first": ("weight",),
    "the music of the queue": ("musicclass", "music"),
    "the announcements of place and wait": ("announce-frequency",),
    "what waiting callers hear again and again": ("periodic-announce",),
}
"""What is compared, and the options that say it."""


def _line(section: Section, about: str) -> Option:
    """Return the last option that says it; the header of the section where it is a default."""
    said = [o for o in section.options if o.key.lower() in _OPTIONS[about]]
    return said[-1] if said else Option("", "", section.file, section.line)


def _written_settings(
    section: Section, origins: Origins, words: Mapping[str, str]
) -> dict[str, str]:
    strategy = _text(section, "strategy", "ringall")
    strategy = "rrmemory" if strategy == "roundrobin" else strategy
    every = _number(section, "announce-frequency", 0)
    announced = [
        what
        for option, what in (("announce-position", "place"), ("announce-holdtime", "wait"))
        if every and _text(section, option, "yes") not in _NO
    ]
    sound = (section.get("periodic-announce") or "").strip()
    again = _number(section, "periodic-announce-frequency", 0)
    spoken = " ".join(words.get(name.strip(), f"«{name.strip()}»") for name in sound.split(","))
    numbers = (
        _number(section, "timeout", 15),
        _number(section, "retry", 5),
        _number(section, "wrapuptime", 0),
        _number(section, "maxlen", 0),
        _number(section, "weight", 0),
    )
    return _by_subject(
        strategy,
        _members(section, origins, is_in_order=strategy == "linear"),
        numbers,
        _music(section),
        _repeated(" and ".join(announced), every),
        _repeated(spoken if sound else "", again),
    )


def _declared(centre: Centre, queue: Filled) -> dict[str, str]:
    announced = queue.get("announcements") or {}
    what = [w for name, w in (("position", "place"), ("wait_time", "wait")) if announced.get(name)]
    prompt = announced.get("periodic")
    spoken = (centre.words(prompt, None) or f"«{prompt}»") if prompt else ""
    names = ("ring_for", "retry", "wrap_up")
    lasting = [seconds(queue[name]) for name in names]
    return _by_subject(
        _STRATEGIES[queue["strategy"]],
        _agents(centre, queue),
        (*lasting, queue["max_waiting"], queue["weight"]),
        queue["music"],
        _repeated(" and ".join(what), seconds(announced.get("every", "0s"))),
        _repeated(spoken, seconds(announced.get("periodic_every", "0s"))),
    )


def _by_subject(
    strategy: str,
    members: str,
    numbers: tuple[int, ...],
    music: str,
    *announced: str,
) -> dict[str, str]:
    timeout, retry, wrap_up, most, weight = numbers
    values = (
        *(strategy, members, f"{timeout} s", f"{retry} s", f"{wrap_up} s"),
        *(str(most) if most else "any number", f"weight {weight}", music, *announced),
    )
    return dict(zip(_OPTIONS, values, strict=True))


def _repeated(what: str, every: int) -> str:
    return f"{what}, every {every} s" if what and every else "nothing"


def _music(section: Section) -> str:
    return (section.get("musicclass") or section.get("music") or "").strip() or "default"


def _text(section: Section, option: str, default: str) -> str:
    return (section.get(option) or default).strip().lower()


def _number(section: Section, option: str, default: int) -> int:
    """Read a whole number as `atoi` does; the default where the option is not there."""
    text = (section.get(option) or "").strip()
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return int(digits[:9] or 0) if text else default


def _members(section: Section, origins: Origins, *, is_in_order: bool) -> str:
    """Write the members of the file: `extension/2001, extension/2002 behind 2`."""
    found: dict[str, str] = {}
    for option in section.options:
        if option.key.lower() == "member":
            device, *more = (part.strip() for part in option.value.split(","))
            technology, _, peer = device.partition("/")
            address = origins.phones.get(peer) if technology.upper() == "PJSIP" else None
            penalty = more[0] if more and more[0].isdigit() else "0"
            found[device] = _member(str(address or device), int(penalty))
    return _joined(list(found.values()), is_in_order=is_in_order)


def _agents(centre: Centre, queue: Filled) -> str:
    static = [
        agent
        for agent in agents(centre, queue)
        if agent.lack is Lack.NOTHING and not agent.is_dynamic
    ]
    found = [_member(f"extension/{agent.extension}", agent.penalty) for agent in static]
    return _joined(found, is_in_order=is_ordered(queue))


def _member(name: str, penalty: int) -> str:
    return f"{name} behind {penalty}" if penalty else name


def _joined(members: list[str], *, is_in_order: bool) -> str:
    return ", ".join(members if is_in_order else sorted(members)) or "only agents who log in"
