"""The comparison of one import: both sides set up, everything that can be dialled called."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import islice, product
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ccstate.adapters.asterisk.conf import Conf, resolved
from ccstate.adapters.asterisk.conf.dialplan import dialplan
from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.asterisk.importing.estate import Positions
from ccstate.adapters.asterisk.interpreter import (
    OTHER_CALLER,
    Interpreter,
    Moments,
    NotFollowed,
    Survey,
    edges,
)
from ccstate.adapters.asterisk.interpreter.timing import timing
from ccstate.adapters.asterisk.interpreter.world import times_of
from ccstate.adapters.asterisk.kinds.outbound_route import OUTSIDE_RINGS
from ccstate.adapters.asterisk.proof import turns
from ccstate.adapters.asterisk.proof.doors import (
    Dialled,
    dialled_by_carriers,
    dialled_by_phones,
)
from ccstate.adapters.asterisk.proof.lockstep import Compared, Lockstep
from ccstate.adapters.asterisk.proof.objects import At, Done, Leaving, Objects, Turns, Where
from ccstate.adapters.asterisk.proof.results import Difference, Door, Proof, Unfollowed
from ccstate.adapters.asterisk.proof.written import Written
from ccstate.dialling.called import ending_alike
from ccstate.dialling.number_formats import carrier_formats, read_as_e164, rewritten, written_for
from ccstate.dialling.routing import Dialling, Leaves
from ccstate.dialling.shown import Shown, Source, number_shown
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import Year
from ccstate.journeys.ways import SWITCH, Place, Says

MOST_POSITIONS = 64
"""Combinations of what switches are turned to that are walked behind one number."""
MOST_CALLS = 100_000
"""Calls after which numbers that are left are not compared."""


class World(NamedTuple):
    """What schedules and switches say, at which moments, and the values that say so by hand."""

    phases: Mapping[str, Says]
    moments: int
    facts: Mapping[str, str]


class Proving:
    """The comparison of one import: both sides, and everything that can be dialled."""

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
        self._dialling = Dialling(self._flow.centre)
        self._year = Year(self._flow.centre, first)
        minutes = edges(plan, _clocks(found))
        self._moments = Moments(first, setting.timezone, minutes)
        queues = (
            {s.name: s for s in resolved(confs["queues.conf"])} if "queues.conf" in confs else {}
        )
        self._survey = Survey(plan)
        operators = _mailboxes(confs, found)
        self._interpreter = Interpreter(plan, self._moments, self._survey, operators)
        self.written = Written(
            self._interpreter, found.origins, setting.words, queues, _endpoints(confs)
        )
        codes = self._flow.centre.of("feature_code").values()
        self._codes = {"*97": {"action": "mailbox"}} | {str(code["code"]): code for code in codes}
        """What codes that phones dial do; the first of them is there without any object."""
        self._shown = Shown(self._flow.centre)
        self._numbers = _shown_numbers(confs)
        self._proof = Proof()
        self._worlds: dict[tuple[str, ...], list[World]] = {}

    def proof(self) -> Proof:
        for door, dialled, start in self._doors():
            if self._proof.calls >= MOST_CALLS:
                self._proof.incomplete.append(f"{door} and what follows")
                break
            self._proof.doors += 1
            self._proof.samples += dialled.is_sample
            self._compare(door, dialled, start)
        for fact in sorted(self._survey.cut):
            self._proof.incomplete.append(f"{fact} has more values than are tried")
        return self._proof

    # What can be dialled

    def _doors(self) -> Iterator[tuple[Door, Dialled, Where]]:
        """What carriers dial by each trunk, then what phones dial in each of their contexts."""
        origins = self._found.origins
        for endpoint, context in origins.trunk_contexts.items():
            trunk = origins.trunks[endpoint]
            for dialled in self._listed(dialled_by_carriers(self._interpreter.lookup, context)):
                door = Door(str(trunk), context, dialled.exten, trunk.name)
                yield door, dialled, self.number(trunk.name, dialled.exten)
        known = tuple(sorted({*origins.phones, *self._dialling.inside}))
        of_context: dict[str, str] = {}
        for endpoint, context in origins.phone_contexts.items():
            of_context.setdefault(context, origins.phones[endpoint].name)
        for context, phone in of_context.items():
            by_phones = dialled_by_phones(self._interpreter.lookup, context, known)
            for dialled in self._listed(by_phones):
                door = Door(f"phones in [{context}]", context, dialled.exten, phone=phone)
                try:
                    start = self.inside(phone, dialled.exten)
                except NotFollowed as why:
                    where = (dialled.line.file, dialled.line.line)
                    self._proof.unfollowed.append(Unfollowed(door, (), why.reason, *where))
                    continue
                yield door, dialled, start

    def _listed(self, listed: Iterator[Dialled]) -> Iterator[Dialled]:
        """Each of them once; what ends the list is told."""
        seen: set[str] = set()
        try:
            for dialled in listed:
                if dialled.exten not in seen:
                    seen.add(dialled.exten)
                    yield dialled
        except NotFollowed as why:
            line = (why.line.file, why.line.line) if why.line else ("", 0)
            door = Door("anybody", "", "other numbers")
            self._proof.unfollowed.append(Unfollowed(door, (), why.reason, *line))

    def number(self, trunk: str, dialled: str) -> Where:
        """Where a call comes in that a carrier sends with this number."""
        written = self._as_carrier_writes(trunk, dialled)
        name = written or next(iter(ending_alike(self._flow, dialled)), "")
        return At(Place("number", name)) if name else Done(turns.NOTHING)

    def _as_carrier_writes(self, trunk: str, dialled: str) -> str:
        """The number that takes a call of this trunk; "" where its form is not the trunk's."""
        numbers = self._flow.centre.of("number")
        formats = carrier_formats(self._flow.centre, trunk)
        names = [dialled, f"+{dialled}"]
        if formats.inbound:
            names = [rewritten(read_as_e164(formats.inbound, formats.country), dialled)]
            names.append(f"+{names[0]}")
        found = (n for n in names if n in numbers and numbers[n].get("trunk") in (None, trunk))
        return next(found, "")

    def inside(self, phone: str, dialled: str) -> Where:
        """Where a call goes that a phone dials."""
        extension = self._flow.centre.of("extension").get(phone, {})
        if code := self._codes.get(dialled):
            return _coded(phone, code)
        reached = self._dialling.dial(extension.get("site") or "", dialled)
        if isinstance(reached, Leaves):
            route = self._dialling.routes[reached.route]
            needed = route.get("permission")
            if needed and needed not in (extension.get("permissions") or ()):
                return Done(turns.Over(turns.OVER, "cause 21"))
            return self._leaving(phone, extension, route, reached.sent)
        place = self._flow.entrance(reached) if reached else None
        return At(place) if place else Done(turns.NOTHING)

    def _leaving(self, phone: str, extension: Filled, route: Filled, sent: str) -> Leaving:
        """A call by the trunks of a route, as the carrier of the first of them gets it."""
        centre, first = self._flow.centre, route["trunks"][0]
        formats = carrier_formats(centre, first)
        if formats.outbound:
            sent = rewritten(written_for(formats.outbound, formats.country), sent)
        own = str((extension.get("caller_id") or {}).get("number") or "")
        sources = self._shown.sources(route, first, extension.get("site") or "")
        told = {**sources, Source.EXTENSION: own}
        internal = str(extension.get("number") or phone)
        shown = number_shown(told, is_emergency=bool(route["emergency"]), internal=internal)
        trunks = tuple(f"trunk/{trunk}" for trunk in route["trunks"])
        return Leaving(trunks, sent, OUTSIDE_RINGS, shown)

    def _own(self, door: Door) -> str:
        """The number that the phone behind a door shows by itself; "" for carriers."""
        origins = self._found.origins
        for endpoint, context in origins.phone_contexts.items():
            if context == door.context and not door.carrier:
                return self._numbers.get(endpoint, "") or endpoint
        return ""

    # Comparing

    def _compare(self, door: Door, dialled: Dialled, start: Where) -> None:
        if door.carrier and isinstance(start, At):
            self._tells_form(door, dialled, start)
        own = self._own(door)
        for world in self.worlds(start):
            steps = Lockstep(self.written, Objects(self._flow, world.phases, door.phone), own)
            facts = dict(world.facts)
            if own and self._survey.values("caller") == (OTHER_CALLER,):
                facts["caller"] = own
            found = steps.compare(door.context, door.exten, start, world.moments, facts)
            self._take(door, dialled, found)

    def _tells_form(self, door: Door, dialled: Dialled, start: At) -> None:
        """Notes a number that the carrier writes in a form which the trunk does not take."""
        if self._as_carrier_writes(door.carrier, door.exten):
            return
        before = f"{door.exten} is taken as it is written"
        after = f"refused: {start.place} is not reached by {door.exten}, in this form"
        line = (dialled.line.file, dialled.line.line)
        told = Difference(door, (), "how the carrier writes the number", before, after, *line)
        self._proof.differences.append(told)
        self._proof.differ += 1

    def worlds(self, start: Where) -> list[World]:
        """What the schedules and switches behind a number say, at which moments, and why."""
        if isinstance(start, Turns):
            names: tuple[str, ...] = (f"{SWITCH}{start.switch}",)
        elif isinstance(start, At):
            names = tuple(sorted(self._flow.schedules(self._flow.reached(start.place))))
        else:
            return [World({}, self._moments.every, {})]
        if names not in self._worlds:
            self._worlds[names] = [
                world for facts in self._switched(names) for world in self._timed(names, facts)
            ]
        return self._worlds[names]

    def _switched(self, names: tuple[str, ...]) -> list[dict[str, str]]:
        """Every combination of the values by which people turn the switches that are asked here."""
        closing = {
            f"{SWITCH}{schedule.get('closed_by')}"
            for name, schedule in self._flow.centre.of("schedule").items()
            if name in names and schedule.get("closed_by")
        }
        asked = {name for name in (*names, *closing) if name.startswith(SWITCH)}
        turned = [
            [(fact, value) for value in self._values(fact, positions)]
            for fact, positions in sorted(self._found.origins.switches.items())
            if str(positions.address) in asked
        ]
        return [dict(values) for values in islice(product(*turned), MOST_POSITIONS)]

    def _values(self, fact: str, positions: Positions) -> list[str]:
        return sorted({*positions.off, *positions.on, *self._survey.values(fact)})

    def _positions(self, facts: Mapping[str, str]) -> dict[str, Position]:
        """The positions of switches while what people change has these values."""
        return {
            said.address.name: Position.ON if value in said.on else Position.OFF
            for fact, value in facts.items()
            if (said := self._found.origins.switches.get(fact))
        }

    def _timed(self, names: tuple[str, ...], facts: Mapping[str, str]) -> list[World]:
        positions = self._positions(facts)
        by_phases: dict[tuple[Says, ...], int] = {}
        if not names:
            by_phases[()] = self._moments.every
        for bit, at in enumerate(self._moments.all() if names else ()):
            phases = self._year.phases(names, at, positions)
            key = tuple(phases[name] for name in names)
            by_phases[key] = by_phases.get(key, 0) | 1 << bit
        return [
            World(dict(zip(names, said, strict=True)), bits, facts)
            for said, bits in by_phases.items()
        ]

    def objects_at(self, start: Where, at: datetime, facts: Mapping[str, str]) -> Objects:
        """The imported side at a moment, while what people change has these values."""
        if not isinstance(start, At):
            return Objects(self._flow, {})
        names = self._flow.schedules(self._flow.reached(start.place))
        return Objects(self._flow, self._year.phases(sorted(names), at, self._positions(facts)))

    def objects_saying(self, phases: Mapping[str, Says]) -> Objects:
        """The imported side while schedules, and switches, say this."""
        return Objects(self._flow, phases)

    def moments_like(self, at: datetime) -> int:
        """The moments at which every condition of the dialplan on the clock is as at this one."""
        found = self._moments.every
        for times in times_of(self._interpreter.plan):
            holds = self._moments.holding(times)
            said = timing(times)
            zone = ZoneInfo(said.zone) if said.zone else at.tzinfo
            found &= holds if said.holds(at.astimezone(zone)) else ~holds
        return found

    def _take(self, door: Door, dialled: Dialled, found: Compared) -> None:
        proof = self._proof
        proof.same += found.same
        proof.differ += found.differ
        if not found.is_complete:
            proof.incomplete.append(str(door))
        for one in found.differences:
            line = one.line or dialled.line
            at = None
            if one.moments != self._moments.every:
                at = self._moments.first_of(one.moments)
            told = (one.about, one.before, one.after, line.file, line.line, at)
            proof.differences.append(Difference(door, one.did, *told))
        for lost in found.unfollowed:
            line = lost.line or dialled.line
            where = (line.file, line.line)
            proof.unfollowed.append(Unfollowed(door, lost.did, lost.reason, *where))


def _coded(phone: str, code: Filled) -> Where:
    """Where a phone is that dials a feature code."""
    match code["action"]:
        case "mailbox":
            return Done(turns.Over("listens to messages", f"voicemail/{phone}"))
        case "pick_up":
            return Done(turns.Over("picks up"))
        case "switch":
            return Turns(code["switch"])
        case other:
            raise NotFollowed(f"what the feature code {other} does is not walked")


def _endpoints(confs: Mapping[str, Conf]) -> frozenset[str]:
    """The endpoints of pjsip.conf: no other one ever rings."""
    sections = resolved(confs["pjsip.conf"]) if "pjsip.conf" in confs else ()
    return frozenset(s.name for s in sections if (s.get("type") or "").lower() == "endpoint")


def _shown_numbers(confs: Mapping[str, Conf]) -> dict[str, str]:
    """The numbers in the caller IDs of endpoints."""
    sections = resolved(confs["pjsip.conf"]) if "pjsip.conf" in confs else ()
    found: dict[str, str] = {}
    for section in sections:
        match = re.search(r"<([+0-9]+)>", section.get("callerid") or "")
        if match and (section.get("type") or "").lower() == "endpoint":
            found[section.name] = match[1]
    return found


def _mailboxes(confs: Mapping[str, Conf], found: Imported) -> dict[str, bool]:
    """The mailboxes, and whether 0 leads from them to the extension `o`."""
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
    """The minutes of a day that schedules of the objects name."""
    minutes: set[int] = set()
    for address, fields in found.objects.items():
        if address.kind == "schedule":
            for match in re.finditer(r"([0-9]{2}):([0-9]{2})", repr(fields)):
                minutes.add((int(match[1]) * 60 + int(match[2])) % 1_440)
    return minutes
