"""`ccstate graph`."""

from pathlib import Path
from typing import Any

import click

from ccstate import codes
from ccstate.checkout import display_path, write_file
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import print_remark, print_result
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.model import Address, State
from ccstate.project import Project, address_of
from ccstate.render.graph import FORMATS, SUFFIXES
from ccstate.render.graph.drawing import DRAWN, drawable, drawing_of
from ccstate.render.graph.layout import Tangled


@click.command()
@click.argument("what", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="How it is drawn; by the name of the file where left out, Mermaid where there is none.",
)
@click.option(
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; standard output where left out.",
)
@ENVIRONMENT
@click.pass_obj
def graph(
    root: Any, *, what: str | None, form: str | None, file: Path | None, environment: str
) -> int:
    """Draw what callers meet: from a number, a tree, a queue or an extension.

    Without one, lists what can be drawn.
    """
    state = Project.open(root, Terminal(), environment).load().state
    if what is None:
        _list(state)
        return 0
    text = _drawn(state, _wanted(what, state), form or _format_of(file))
    if file is None:
        print_result(text)
    else:
        write_file(file, text)
        print_remark(f"Wrote {display_path(file)}")
    return 0


def _format_of(file: Path | None) -> str:
    """Read the format from the name of the file."""
    if file is None:
        return "mermaid"
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        hint = "name the file .svg or .mmd, or give --format"
        raise click.BadParameter(f'"{suffix or file.name}" does not say how to draw: {hint}')
    return SUFFIXES[suffix]


def _drawn(state: State, address: Address, form: str) -> str:
    from ccstate.journeys.centre import centre_of
    from ccstate.journeys.flow import Flow

    drawing = drawing_of(Flow(centre_of(state)), address)
    try:
        return FORMATS[form](drawing)
    except Tangled as tangled:
        raise InvalidInput(codes.TREE_TOO_TANGLED(address=address, arrows=tangled.arrows)) from None


def _wanted(what: str, state: State) -> Address:
    """Find the object that is meant; a number may be given without its kind."""
    from ccstate.desired.findings import did_you_mean

    known = [_short(address) for address in drawable(state)]
    address = Address("number", what) if what.startswith("+") else address_of(what)
    if address in state and address.kind in DRAWN:
        return address
    if address in state:
        raise InvalidInput(codes.NO_CALL_ENTERS(address=address, kinds=", ".join(DRAWN)))
    hint = did_you_mean(_short(address), known) or "`ccstate graph` lists what can be drawn"
    raise InvalidInput(codes.TREE_UNKNOWN(name=_short(address), hint=hint))


def _short(address: Address) -> str:
    return address.name if address.kind == "number" else str(address)


def _list(state: State) -> None:
    from ccstate.render.text import columns, safe

    found = [
        (_short(address), str(state[address].fields.get("label") or ""))
        for address in drawable(state)
    ]
    widest = max((columns(name) for name, _ in found), default=0)
    for name, label in found:
        print_result(f"{name.ljust(widest)}  {safe(label)}".rstrip())
    if not found:
        print_remark("Nothing is declared that calls can enter.")
