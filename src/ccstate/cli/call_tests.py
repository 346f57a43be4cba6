"""`ccstate test`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ccstate.cli import days
from ccstate.cli.output import (
    complain,
    in_format,
    palette,
    print_report,
    say,
    shown,
    talk,
    width,
)
from ccstate.cli.simulate import talk_of_open
from ccstate.cli.workspace import Workspace, call_tests, find_root
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.model import Address, Fields
from ccstate.render.call_tests import CALL_TESTS, TestRun, covered
from ccstate.render.placed_calls import PLACED_CALLS, PlacedCalls, is_good, placed_line
from ccstate.render.values import plural

FILE = "call_tests.yaml"


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
@click.pass_obj
def test(
    root: Any,
    *,
    names: tuple[str, ...],
    live: str | None,
    generate: bool,
    into: Path | None,
    form: str,
) -> int:
    """Run the call tests: does every promise to callers hold?

    Each call_test of the desired state, or those NAMEd, is walked through numbers, hours, trees
    and queues, where everybody answers who is there. Exits with 1 where one fails. With --live
    TARGET each is made as a real call there as well, and held against the walk.
    """
    from ccstate.journeys.call_tests import verdicts
    from ccstate.journeys.centre import Centre, centre_of
    from ccstate.journeys.coverage import coverage
    from ccstate.journeys.flow import Flow
    from ccstate.journeys.moments import Year

    workspace = Workspace(find_root(root))
    desired = workspace.valid()
    tests = call_tests(desired.state)
    chosen = {name: tests[name] for name in _known(names, tests)}
    is_live = live is not None
    centre = Centre(workspace.live_objects(desired)) if is_live else centre_of(desired.state)
    flow, year = Flow(centre), Year(centre, days.today())
    run = list(verdicts(flow, year, chosen))
    files = {name: desired.state[Address("call_test", name)].file for name in chosen}
    asked = {a: r for a, r in desired.state.items() if a.kind != "call_test" or a.name in chosen}
    complain(workspace.judged_by("CC228", replace(desired, state=asked), days.today()))
    if live:
        return _call(workspace, live, flow, run, files=files, form=form)
    if not is_live:
        talk_of_open(flow, [verdict.journey for verdict in run if verdict.journey])
    found = coverage(flow, year, run if not names else verdicts(flow, year, tests))
    if generate:
        return _generate(workspace, flow, found, into)
    if form == "text":
        talk(f"Walked on the {'platforms as they are' if is_live else 'desired state'}.")
    print_report(CALL_TESTS, form, TestRun(flow, run, found, files))
    return 0 if all(verdict.passed for verdict in run) else 1


def _call(
    workspace: Workspace,
    target: str,
    flow: Any,
    walked: list[Any],
    *,
    files: dict[str, str],
    form: str,
) -> int:
    """Makes the calls on a target, and says how they went."""
    from ccstate.journeys.placed import PlacesCalls

    adapter = workspace.adapter(workspace.targets([target])[0])
    if not isinstance(adapter, PlacesCalls):
        message = f'no calls can be made on the target "{target}"'
        hint = "leave the target out to walk the platform as it is: ccstate test --live"
        raise InvalidInput([Diagnostic("CC807", message, hint=hint)])
    names = max((len(verdict.name) for verdict in walked), default=0)
    talk(f"Calling {target}: {plural(len(walked), 'call test')} …")

    def told(result: Any) -> None:
        if sys.stderr.isatty() or form != "text":
            talk(placed_line(result, names, palette(sys.stderr), width()))

    results = list(adapter.place_calls(flow, walked, told))
    print_report(PLACED_CALLS, form, PlacedCalls(flow, results, files))
    return 0 if all(is_good(result) for result in results) else 1


def _known(names: tuple[str, ...], tests: dict[str, Fields]) -> list[str]:
    from ccstate.desired.findings import did_you_mean

    wanted = [name.removeprefix("call_test/") for name in names]
    unknown = [name for name in wanted if name not in tests]
    if unknown:
        raise InvalidInput(
            [
                Diagnostic(
                    "CC803",
                    f"no call test is named {name}",
                    hint=did_you_mean(name, tests) or "`ccstate test` runs all of them",
                )
                for name in unknown
            ]
        )
    return sorted(wanted) or sorted(tests)


def _generate(workspace: Workspace, flow: Any, found: Any, into: Path | None) -> int:
    """Writes the missing tests, each as it would be written by hand."""
    from ccstate.journeys.coverage import missing_tests

    if not found.missing:
        say(f"Every end has its test. {covered(found)}.")
        return 0
    path = workspace.inside(into, FILE)
    tests = missing_tests(flow, found.missing, flow.centre.of("call_test"))
    written = {Address("call_test", name): fields for name, fields in tests}
    workspace.declare(path, written)
    count = plural(len(found.missing), "call test")
    say(f"Wrote {count} to {shown(path)}. Read them, then: ccstate test")
    return 0
