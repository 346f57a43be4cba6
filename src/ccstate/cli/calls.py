"""`ccstate simulate` and `ccstate test`: calls walked, and call tests."""

import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ccstate import codes
from ccstate.checkout import display_path
from ccstate.cli import days
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, palette, print_remark, print_report, print_result, width
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.model import Address
from ccstate.project import Project
from ccstate.render.call_tests import (
    CALL_TESTS,
    PLACED_CALLS,
    PlacedCalls,
    coverage_words,
    is_good,
    placed_line,
)
from ccstate.render.call_tests import TestRun as WalkedTests
from ccstate.render.enumeration import ENUMERATION
from ccstate.render.simulation import SIMULATION
from ccstate.render.values import plural

if TYPE_CHECKING:
    from ccstate.journeys.call_tests import CallResult
    from ccstate.journeys.flow import Flow
    from ccstate.journeys.walk import Journey
    from ccstate.project.calls import TestRun

FILE = "call_tests.yaml"
MOST_OPEN = 6
"""Fields that are not declared and on which walks depend: so many are named."""


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
@ENVIRONMENT
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
    environment: str,
) -> int:
    """Call a number, and say what the caller meets and where the call ends.

    NUMBER may also be an internal number, an address such as queue/sales or, with --from an internal
    number, whatever that phone dials. With --all: every number, or this one, at every distinct moment
    of the twelve months from --at, with every key.
    Exits with 1 where a caller is lost.
    """
    if number and to and number != to:
        _refuse(f"two numbers are called, {number} and {to}", "name one of them")
    project, wanted = Project.open(root, Terminal(), environment), number or to
    if everything:
        if keys or caller:
            _refuse("--all presses every key, from every caller", "leave --keys and --from out")
        if switches:
            _refuse("--all walks every position of every switch", "leave --switch out")
        report = project.enumerate_calls(wanted, at, live=live)
        with project.listener.during("Calling every number"):
            text = ENUMERATION.render(form, report, width(), palette(sys.stdout))
        print_result(text)
        return 0 if report.tally.is_good else 1
    found = project.simulate(
        wanted,
        at,
        caller=caller,
        keys=[entry.strip() for entry in keys.split(",")] if keys.strip() else [],
        switches=dict(text.partition("=")[::2] for text in switches),
        live=live,
    )
    print_report(SIMULATION, form, found)
    if not live:
        _name_open_fields(found.flow, [found.call.answered, found.call.unanswered])
    return 0 if found.call.ends_well else 1


def _name_open_fields(flow: "Flow", journeys: Iterable["Journey"]) -> None:
    """Name the fields on which journeys through the desired state depend and that it does not declare."""
    from ccstate.journeys.walk import left_open
    from ccstate.render.values import join_words

    if found := left_open(flow, journeys):
        more = [f"{len(found) - MOST_OPEN:,} more"] if len(found) > MOST_OPEN else []
        words = (
            f"Not declared here, and so not managed: {join_words([*found[:MOST_OPEN], *more])}. Walked as a new object has "
            "it; --live walks what the platforms hold."
        )
        print_remark(fill(words, width(), break_long_words=False, break_on_hyphens=False))


def _refuse(message: str, hint: str) -> NoReturn:
    raise InvalidInput(codes.CALL_IMPOSSIBLE(fault=message, cause="", hint=hint))


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--live",
    is_flag=False,
    flag_value="",
    metavar="[TARGET]",
    help="Walk the platforms as they are; with a TARGET, make real calls there.",
)
@click.option("--generate", is_flag=True, help="Write a test for every end that has none.")
@click.option(
    "--file",
    "into",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File that --generate writes to; {FILE} in the desired state where left out.",
)
@in_format(CALL_TESTS, PLACED_CALLS)
@ENVIRONMENT
@click.pass_obj
def test(
    root: Any,
    *,
    names: tuple[str, ...],
    live: str | None,
    generate: bool,
    into: Path | None,
    form: str,
    environment: str,
) -> int:
    """Run the call tests: does every promise to callers hold?

    Each call_test of the desired state, or those NAMEd, is walked through numbers, hours, trees
    and queues, where everyone who is there answers. Exits with 1 where one fails. With --live
    TARGET each is made as a real call there as well, and held against the walk.
    """
    project = Project.open(root, Terminal(), environment)
    is_live = live is not None
    run = project.test(names, live=is_live, today=days.today())
    if live:
        return _place(project, live, run, form)
    if not is_live:
        _name_open_fields(
            run.flow, [verdict.journey for verdict in run.verdicts if verdict.journey]
        )
    if generate:
        return _generate(project, run, into)
    if form == "text":
        print_remark(f"Walked on the {'platforms as they are' if is_live else 'desired state'}.")
    print_report(CALL_TESTS, form, WalkedTests(run.flow, run.verdicts, run.coverage, run.files))
    return 0 if run.passed else 1


def _place(project: Project, target: str, run: "TestRun", form: str) -> int:
    """Make the calls on a target, and print how they went."""
    names = max((len(verdict.name) for verdict in run.verdicts), default=0)

    def show(result: "CallResult") -> None:
        if sys.stderr.isatty() or form != "text":
            print_remark(placed_line(result, names, palette(sys.stderr), width()))

    results = project.place_calls(target, run, show)
    print_report(PLACED_CALLS, form, PlacedCalls(run.flow, results, run.files))
    return 0 if all(is_good(result) for result in results) else 1


def _generate(project: Project, run: "TestRun", into: Path | None) -> int:
    """Write the missing tests, each as it would be written by hand."""
    from ccstate.journeys.call_tests import missing_tests

    missing = run.coverage.missing
    if not missing:
        print_result(f"Every end has its test. {coverage_words(run.coverage)}.")
        return 0
    path = project.inside(into, FILE)
    tests = missing_tests(run.flow, missing, run.flow.centre.of("call_test"))
    project.declare(path, {Address("call_test", name): fields for name, fields in tests})
    count = plural(len(missing), "call test")
    print_result(f"Wrote {count} to {display_path(path)}. Read them, then: ccstate test")
    return 0
