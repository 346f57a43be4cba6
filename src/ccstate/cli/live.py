"""`ccstate verify`, `drift` and `show`: what the platforms are."""

from pathlib import Path
from typing import Any

import click

from ccstate import codes
from ccstate.checkout import display_path, write_file
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, print_remark, print_report, print_result
from ccstate.cli.plan import show_plan
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.project import Project, address_of
from ccstate.project.environments import resolve
from ccstate.render.comparison import DRIFT, OBJECT, VERIFY
from ccstate.render.plan import PLAN
from ccstate.render.resolved import RESOLVED

TARGET = click.option(
    "--target",
    "targets",
    multiple=True,
    envvar="CCSTATE_TARGET",
    help="Only this target; repeatable.",
)


@click.command()
@TARGET
@in_format(VERIFY)
@ENVIRONMENT
@click.pass_obj
def verify(root: Any, *, targets: tuple[str, ...], form: str, environment: str) -> int:
    """Read the platforms and compare them with the desired state.

    Exits with 4 where something is not as desired; writes nothing.
    """
    found = Project.open(root, Terminal(), environment).verify(targets)
    print_report(VERIFY, form, found)
    return 4 if any(target.changes for target in found.values()) else 0


@click.command()
@TARGET
@in_format(DRIFT)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something drifted.")
@ENVIRONMENT
@click.pass_obj
def drift(
    root: Any, *, targets: tuple[str, ...], form: str, detailed_exitcode: bool, environment: str
) -> int:
    """Say what was changed by hand since the last apply.

    Compares each platform with its own ledger of what ccstate applied; needs no desired state.
    """
    found = Project.open(root, Terminal(), environment).drift(targets)
    print_report(DRIFT, form, found)
    drifted = any(target.changes for target in found.values())
    return 2 if drifted and detailed_exitcode else 0


@click.command()
@click.argument("what", metavar="[ADDRESS|PLAN]", required=False)
@click.option(
    "--resolved",
    is_flag=True,
    help="Show what is desired in the end, as YAML with the origin of each line: of an ADDRESS, "
    "of a kind, or of everything.",
)
@click.option(
    "--picture",
    is_flag=True,
    help="Draw the wall of a display as it is declared, as SVG, with figures for example.",
)
@click.option(
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the picture; standard output where left out.",
)
@TARGET
@in_format(OBJECT, RESOLVED, PLAN)
@ENVIRONMENT
@click.pass_obj
def show(
    root: Any,
    *,
    what: str | None,
    resolved: bool,
    picture: bool,
    file: Path | None,
    targets: tuple[str, ...],
    form: str,
    environment: str,
) -> int:
    """Show an object as declared, applied and live; or a plan.

    ADDRESS is kind/name, such as queue/sales; PLAN the id of a plan, or its beginning. Markdown is
    for plans; an object is shown as text then.
    """
    project = Project.open(root, Terminal(), environment)
    if file and not picture:
        raise click.UsageError("--output is for --picture.")
    if picture:
        _draw_wall(project, what or "", file)
    elif resolved:
        print_report(RESOLVED, form, resolve(project, what or ""))
    elif what is None:
        raise click.UsageError("Name an object or a plan, or pass --resolved.")
    elif "/" not in what:
        show_plan(project.read_plan(what), form)
    else:
        print_report(OBJECT, form, project.show(what, targets))
    return 0


def _draw_wall(project: Project, what: str, file: Path | None) -> None:
    from ccstate.desired.findings import did_you_mean
    from ccstate.journeys.centre import centre_of
    from ccstate.render.wall import wall_svg

    centre = centre_of(project.load().state)
    displays = centre.of("display")
    known = [f"display/{name}" for name in displays]
    if not what:
        raise click.UsageError(f"Name a display: {', '.join(known) or 'none is declared'}.")
    address = address_of(what)
    if address.kind != "display" or address.name not in displays:
        hint = did_you_mean(what, known) or f"displays: {', '.join(known) or 'none is declared'}"
        raise InvalidInput(codes.NO_SUCH_WALL(address=address, hint=hint))
    drawn = wall_svg(displays[address.name], centre)
    if file is None:
        print_result(drawn)
    else:
        write_file(file, drawn)
        print_remark(f"Wrote {display_path(file)}")
