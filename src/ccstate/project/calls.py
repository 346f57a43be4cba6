"""The call that is meant: the number, the moment, the caller, the keys, as texts name them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo

from ccstate import codes
from ccstate.adapter import Adapter
from ccstate.dialling.called import CALLED, callable_names, called, ending_alike
from ccstate.dialling.leaving import dialled_out, extension_of
from ccstate.dialling.number_formats import country_of_number, in_e164
from ccstate.errors import Blocked, CcstateError, Diagnostic, InvalidInput
from ccstate.journeys.call_tests import (
    CallResult,
    Coverage,
    PlacesCalls,
    Verdict,
    coverage,
    verdicts,
)
from ccstate.journeys.enumeration import Calls, Tally, enumerate_year
from ccstate.journeys.flow import Flow
from ccstate.journeys.hours import Position
from ccstate.journeys.moments import WITHHELD, Positions, Year
from ccstate.journeys.walk import Call, call, exists, zone_of
from ccstate.journeys.ways import Place
from ccstate.kinds.call_test import YEARS, moment_named
from ccstate.model import Fields, Plan
from ccstate.project.listener import Listener
from ccstate.render.call_tests import is_good
from ccstate.render.enumeration import Enumeration
from ccstate.render.simulation import Simulation
from ccstate.render.values import plural

if TYPE_CHECKING:
    from ccstate.project import Project

_DAY = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_MOMENT = re.compile(_DAY + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")
_KEYS = re.compile(r"[0-9*#]{0,30}")
_DIALLED = re.compile(r"\+?[0-9*#]{1,30}")
_CALLER = re.compile(r"\+?[0-9]{2,15}")


@dataclass(frozen=True)
class TestRun:
    """Call tests that were walked: the verdict on each, and the file that declares it."""

    __test__ = False  # no class of tests for pytest
    flow: Flow
    verdicts: Sequence[Verdict]
    files: dict[str, str]
    warnings: Sequence[Diagnostic]
    tests: Mapping[str, Fields]
    """All tests of the project, also those that were not chosen."""
    year: Year

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)

    @cached_property
    def coverage(self) -> Coverage:
        """Return which ends of numbers all tests of the project cover."""
        is_all = len(self.verdicts) == len(self.tests)
        run = self.verdicts if is_all else verdicts(self.flow, self.year, self.tests)
        return coverage(self.flow, self.year, run)


def simulate_call(
    flow: Flow,
    number: str,
    at: str | datetime,
    *,
    caller: str,
    keys: Sequence[str],
    switches: Mapping[str, str],
) -> Simulation:
    """Walk the call to a number, an address, or to what an extension dials.

    Raises InvalidInput where one of the texts names nothing.
    """
    entries, positions = _checked_keys(keys), _positions(flow, switches)
    if number and caller and (dialled := _outgoing_call(flow, number, at, caller)):
        return Simulation(flow, replace(dialled, keys=entries), caller)
    if not number:
        names = ", ".join(sorted(flow.centre.of("number"))[:3])
        hint = f"name a number, such as {names}" if names else "declare a number, or call queue/…"
        _refuse("no number is called", f"{hint}; --all calls all of them")
    start = _start(flow, number)
    caller = _caller(caller, start)
    moment = _moment(at, zone_of(flow, start))
    year = Year(flow.centre, moment.date())
    made = call(flow, year, start, moment, entries, positions=positions, caller=caller)
    return Simulation(flow, made, caller)


def enumerate_calls(flow: Flow, number: str, at: str | date) -> Enumeration:
    """Enumerate every call to a number, or to all, in the year from the day on."""
    only = _start(flow, number) if number else None
    zone = zone_of(flow, only) if only else ZoneInfo("UTC")
    text = at if isinstance(at, str) else at.isoformat()
    first = _moment(f"{text}T00:00" if re.fullmatch(_DAY, text) else text, zone).date()
    starts = [only] if only else [Place("number", n) for n in sorted(flow.centre.of("number"))]
    tally = Tally()
    calls = _counted(enumerate_year(flow, Year(flow.centre, first), starts), tally)
    return Enumeration(flow, calls, len(starts), tally, first)


def _counted(found: Iterable[Calls], tally: Tally) -> Iterator[Calls]:
    for calls in found:
        tally.add(calls)
        yield calls


def select_tests(tests: Mapping[str, Fields], names: Sequence[str]) -> dict[str, Fields]:
    """Select the named tests, all where none is named; InvalidInput where one is unknown."""
    from ccstate.desired.findings import did_you_mean

    wanted = [name.removeprefix("call_test/") for name in names]
    if unknown := [name for name in wanted if name not in tests]:
        raise InvalidInput(
            [
                codes.CALL_TEST_UNKNOWN(
                    name=name, hint=did_you_mean(name, tests) or "`ccstate test` runs all of them"
                )
                for name in unknown
            ]
        )
    return {name: tests[name] for name in sorted(wanted) or sorted(tests)}


def place_calls(
    adapter: Adapter,
    target: str,
    run: TestRun,
    each: Callable[[CallResult], None] | None,
    listener: Listener,
) -> Sequence[CallResult]:
    """Make the tests of a run as real calls; InvalidInput where an adapter makes none."""
    if not isinstance(adapter, PlacesCalls):
        raise InvalidInput(codes.NO_CALLS_THERE(target=target))
    listener.remark(f"Calling {target}: {plural(len(run.verdicts), 'call test')} …")
    return list(adapter.place_calls(run.flow, run.verdicts, each or (lambda _: None)))


def failing_tests(project: "Project", plan: Plan) -> list[str]:
    """Name the call tests that fail on the platforms as they are: walked, and called where that is allowed.

    Of a way back none is asked: the tests in the files speak of the state that was left.
    """
    if plan.rollback is not None:
        return []
    try:
        run = project.test(live=True)
        failing = [verdict.name for verdict in run.verdicts if not verdict.passed]
        for target in dict.fromkeys(step.target for step in plan.steps) if run.verdicts else ():
            try:
                placed = project.place_calls(target, run)
            except (Blocked, InvalidInput) as error:  # no place for calls; the walk has to do
                project.listener.remark(f"No calls on {target}: {error.problems[0].message}")
            else:
                failing += [result.walked.name for result in placed if not is_good(result)]
    except CcstateError as error:
        return [f"they could not be run: {error.problems[0].message}"]
    return list(dict.fromkeys(failing))


def _outgoing_call(flow: Flow, number: str, at: str | datetime, caller: str) -> Call | None:
    """Walk the call of an extension to an outside number; None where it is another call."""
    digits = re.sub(r"[\s().-]", "", number)
    extension = extension_of(flow.centre, caller)
    if not extension or not _DIALLED.fullmatch(digits) or called(flow, number):
        return None
    moment = _moment(at, zone_of(flow, Place("extension", extension)))
    return dialled_out(flow, extension, digits, moment)


def _start(flow: Flow, text: str) -> Place:
    from ccstate.desired.findings import did_you_mean

    found = called(flow, text)
    if found is not None:
        return found
    kind, slash, _ = text.partition("/")
    if near := ending_alike(flow, text):
        hint = f"several numbers end like that: {', '.join(near[:5])}"
    else:
        hint = did_you_mean(text, callable_names(flow))
    if slash and kind not in CALLED:
        hint = hint or f"call a number, or one of these by kind/name: {', '.join(CALLED[1:])}"
    hint = hint or f"numbers: {', '.join(sorted(flow.centre.of('number'))[:5]) or 'there are none'}"
    raise InvalidInput(codes.NOTHING_REACHED(number=text, hint=hint))


def _moment(at: str | datetime, zone: ZoneInfo) -> datetime:
    if isinstance(at, datetime):
        at = at.isoformat(timespec="seconds")
    if not at:
        return datetime.now(UTC).astimezone(zone)
    hint = "write it as 2026-12-25T10:00, with an offset such as +11:00 where it is meant elsewhere"
    if not _MOMENT.fullmatch(at):
        _refuse(f'"{at}" is no moment from {YEARS[0]} to {YEARS[-1]}', hint)
    moment = moment_named(at, zone)
    if moment is None:
        hint = f"name one of the years {YEARS[0]} to {YEARS[-1]}"
        _refuse(f'there is no moment "{at}"', hint)
    if not exists(moment):
        cause = f"Clocks go forward in {zone} and leave that hour out."
        _refuse(f'there is no moment "{at}" in {zone}', "choose an hour before or after", cause)
    return moment.astimezone(zone)


def _checked_keys(keys: Sequence[str]) -> tuple[str, ...]:
    for entry in keys:
        if not _KEYS.fullmatch(entry):
            hint = "keys are 0 to 9, * and #, an entry for each question: --keys 1,5550012345,2"
            _refuse(f'"{entry}" cannot be pressed', hint)
    return tuple(keys)


def _positions(flow: Flow, switches: Mapping[str, str]) -> Positions:
    from ccstate.desired.findings import did_you_mean

    found = {}
    for name, position in switches.items():
        if position not in {"on", "off"}:
            text = f"{name}={position}" if position else name
            _refuse(f'"{text}" is no position of a switch', "write --switch night=on")
        if name not in flow.centre.of("switch"):
            near = did_you_mean(name, flow.centre.of("switch"))
            _refuse(f'there is no switch "{name}"', near or "declare it below switches:")
        found[name] = Position(position)
    return found


def _caller(text: str, start: Place) -> str:
    """Write the caller in international form, as the country of the number says, or `withheld`."""
    if text == WITHHELD:
        return text
    digits = re.sub(r"[\s().-]", "", text)
    if digits and not _CALLER.fullmatch(digits):
        _refuse(
            f'no call comes from "{text}"',
            "write a number of 2 to 15 digits, such as +61491570006, or withheld",
        )
    country = country_of_number(start.name) if start.kind == "number" else ""
    return in_e164(digits, country)


def _refuse(message: str, hint: str, cause: str = "") -> NoReturn:
    raise InvalidInput(codes.CALL_IMPOSSIBLE(fault=message, cause=cause, hint=hint))
