"""`ccstate simulate`."""

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

import click

from ccstate.cli import days
from ccstate.cli.output import in_format, palette, print_report, say, stage, talk, width
from ccstate.cli.workspace import Workspace, find_root
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.render.enumeration import ENUMERATION, Enumeration
from ccstate.render.simulation import SIMULATION, Simulation

if TYPE_CHECKING:
    from ccstate.journeys.calls import Call
    from ccstate.journeys.every import Calls, Tally
    from ccstate.journeys.flow import Flow
    from ccstate.journeys.moments import Positions, Year
    from ccstate.journeys.walk import Journey
    from ccstate.journeys.ways import Place

_DAY = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_MOMENT = re.compile(_DAY + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")
_KEYS = re.compile(r"[0-9*#]{0,30}")
_DIALLED = re.compile(r"\+?[0-9*#]{1,30}")
_CALLER = re.compile(r"\+?[0-9]{2,15}")
MOST_OPEN = 6
"""Fields that nobody declares and on which walks depend: so many are named."""


@click.command()
@click.argument("number", required=False)
@click.option("--to", default="", help="Number that is called; the same as NUMBER.")
@click.option(
    "--at", default="", help="Moment, 2026-12-25T10:00, in the number's timezone. Default: now."
)
@click.option("--from", "caller", default="", help="Number that the call comes from, or withheld.")
@click.option("--keys", default="", help='Keys, an entry for each question: 1,2. "1,,2": silence.')
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=on|off",
    help="Position of a switch; others are in their default position. May be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="Every call that can be, in a year.")
@click.option("--live", is_flag=True, help="Call the platforms as they are, not the files.")
@in_format(SIMULATION, ENUMERATION)
@click.pass_obj
def simulate(
    root: Any,
    *,
    number: str | None,
    to: str,
    at: str,
    caller: str,
    keys: str,
    switches: tuple[str, ...],
    everything: bool,
    live: bool,
    form: str,
) -> int:
    """Call a number, and say what the caller meets and where the call ends.

    NUMBER may also be an internal number, an address such as queue/sales or, with --from an internal
    number, whatever that phone dials. With --all: every number, or this one, at every distinct moment
    of the twelve months from --at, with every key.
    Exits with 1 where a caller is lost.
    """
    if number and to and number != to:
        _refuse(f"two numbers are called, {number} and {to}", "name one of them")
    wanted = number or to
    flow = _flow(find_root(root), live=live)
    if wanted and caller and not everything:
        given = _Given(caller, _entries(keys), _positions(flow, switches))
        if made := _dialled_out(flow, wanted, at, given):
            return _tell_one(flow, made, caller, live=live, form=form)
    start = _start(flow, wanted) if wanted else None
    if everything:
        if keys or caller:
            _refuse("--all presses every key, whoever calls", "leave --keys and --from out")
        if switches:
            _refuse("--all walks every position of every switch", "leave --switch out")
        return _all(flow, start, at, form)
    if start is None:
        names = ", ".join(sorted(flow.centre.of("number"))[:3])
        hint = f"name a number, such as {names}" if names else "declare a number, or call queue/…"
        _refuse("nobody is called", f"{hint}; --all calls all of them")
    given = _Given(_caller(caller, start), _entries(keys), _positions(flow, switches))
    return _one(flow, start, at, given=given, live=live, form=form)


class _Given(NamedTuple):
    """Who calls, which keys are pressed, and how switches stand."""

    caller: str
    keys: tuple[str, ...]
    positions: "Positions"


def _flow(root: Any, *, live: bool) -> "Flow":
    from ccstate.journeys.centre import Centre, centre_of
    from ccstate.journeys.flow import Flow

    workspace = Workspace(root)
    desired = workspace.valid()
    if live:
        return Flow(Centre(workspace.live_objects(desired)))
    return Flow(centre_of(desired.state))


def _one(
    flow: "Flow",
    start: "Place",
    at: str,
    *,
    given: _Given,
    live: bool,
    form: str,
) -> int:
    from ccstate.journeys.calls import call
    from ccstate.journeys.moments import Year
    from ccstate.journeys.walk import zone_of

    moment = _moment(at, zone_of(flow, start))
    caller, keys, positions = given
    year = Year(flow.centre, moment.date())
    made = call(flow, year, start, moment, keys, positions=positions, caller=caller)
    return _tell_one(flow, made, caller, live=live, form=form)


def _dialled_out(flow: "Flow", number: str, at: str, given: _Given) -> "Call | None":
    """The call of a phone to a number that is nobody's here; None where it is another call."""
    from dataclasses import replace

    from ccstate.dialling.called import called
    from ccstate.dialling.leaving import dialled_out, extension_of
    from ccstate.journeys.walk import zone_of
    from ccstate.journeys.ways import Place

    digits = re.sub(r"[\s().-]", "", number)
    extension = extension_of(flow.centre, given.caller)
    if not extension or not _DIALLED.fullmatch(digits) or called(flow, number):
        return None
    moment = _moment(at, zone_of(flow, Place("extension", extension)))
    found = dialled_out(flow, extension, digits, moment)
    return replace(found, keys=given.keys) if found else None


def _tell_one(flow: "Flow", made: "Call", caller: str, *, live: bool, form: str) -> int:
    print_report(SIMULATION, form, Simulation(flow, made, caller))
    if not live:
        talk_of_open(flow, [made.answered, made.unanswered])
    return 0 if made.ends_well else 1


def talk_of_open(flow: "Flow", journeys: Iterable["Journey"]) -> None:
    """Says on which fields journeys through the desired state depend that it does not declare."""
    from ccstate.journeys.walk import left_open
    from ccstate.render.tally import listed

    if found := left_open(flow, journeys):
        more = [f"{len(found) - MOST_OPEN:,} more"] if len(found) > MOST_OPEN else []
        words = (
            f"Not declared here, and so not managed: {listed([*found[:MOST_OPEN], *more])}. Walked as a new object has "
            "it; --live walks what the platforms hold."
        )
        talk(fill(words, width(), break_long_words=False, break_on_hyphens=False))


def _all(flow: "Flow", only: "Place | None", at: str, form: str) -> int:
    from ccstate.journeys.every import Tally
    from ccstate.journeys.moments import Year
    from ccstate.journeys.walk import zone_of
    from ccstate.journeys.ways import Place

    zone = zone_of(flow, only) if only else ZoneInfo("UTC")
    first = _moment(f"{at}T00:00" if re.fullmatch(_DAY, at) else at, zone).date()
    starts = [only] if only else [Place("number", n) for n in sorted(flow.centre.of("number"))]
    tally = Tally()
    found = _calls(flow, Year(flow.centre, first), starts, tally)
    report = Enumeration(flow, found, len(starts), tally, first)
    with stage("Calling every number"):
        text = ENUMERATION.render(form, report, width(), palette(sys.stdout))
    say(text)
    return 0 if tally.is_good else 1


def _calls(
    flow: "Flow", year: "Year", starts: Iterable["Place"], tally: "Tally"
) -> Iterator["Calls"]:
    from ccstate.journeys.every import every

    for calls in every(flow, year, starts):
        tally.add(calls)
        yield calls


def _start(flow: "Flow", text: str) -> "Place":
    from ccstate.desired.findings import did_you_mean
    from ccstate.dialling.called import CALLED, callable_names, called, ending_alike

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
    raise InvalidInput([Diagnostic("CC803", f"nothing is reached by calling {text}", hint=hint)])


def _moment(text: str, zone: ZoneInfo) -> datetime:
    from ccstate.journeys.calls import exists
    from ccstate.kinds.call_test import YEARS, moment_named

    if not text:
        return days.now().astimezone(zone)
    hint = "write it as 2026-12-25T10:00, with an offset such as +11:00 where it is meant elsewhere"
    if not _MOMENT.fullmatch(text):
        _refuse(f'"{text}" is no moment from {YEARS[0]} to {YEARS[-1]}', hint)
    moment = moment_named(text, zone)
    if moment is None:
        hint = f"name one of the years {YEARS[0]} to {YEARS[-1]}"
        _refuse(f'there is no moment "{text}"', hint)
    if not exists(moment):
        cause = f"Clocks go forward in {zone} and leave that hour out."
        _refuse(f'there is no moment "{text}" in {zone}', "choose an hour before or after", cause)
    return moment.astimezone(zone)


def _entries(text: str) -> tuple[str, ...]:
    entries = tuple(entry.strip() for entry in text.split(",")) if text.strip() else ()
    for entry in entries:
        if not _KEYS.fullmatch(entry):
            hint = "keys are 0 to 9, * and #, an entry for each question: --keys 1,5550012345,2"
            _refuse(f'"{entry}" cannot be pressed', hint)
    return entries


def _positions(flow: "Flow", texts: tuple[str, ...]) -> "Positions":
    from ccstate.desired.findings import did_you_mean
    from ccstate.journeys.hours import Position

    found = {}
    for text in texts:
        name, _, position = text.partition("=")
        if position not in {"on", "off"}:
            _refuse(f'"{text}" is no position of a switch', "write --switch night=on")
        if name not in flow.centre.of("switch"):
            near = did_you_mean(name, flow.centre.of("switch"))
            _refuse(f'there is no switch "{name}"', near or "declare it below switches:")
        found[name] = Position(position)
    return found


def _caller(text: str, start: "Place") -> str:
    """The caller in international form, as the country of the number says, or `withheld`."""
    from ccstate.dialling.number_formats import country_of_number, in_e164
    from ccstate.journeys.callers import WITHHELD

    if text == WITHHELD:
        return text
    digits = re.sub(r"[\s().-]", "", text)
    if digits and not _CALLER.fullmatch(digits):
        _refuse(
            f'nobody calls from "{text}"',
            "write a number of 2 to 15 digits, such as +61491570006, or withheld",
        )
    country = country_of_number(start.name) if start.kind == "number" else ""
    return in_e164(digits, country)


def _refuse(message: str, hint: str, cause: str = "") -> NoReturn:
    raise InvalidInput([Diagnostic("CC806", message, cause=cause, hint=hint)])
