"""`ccstate adopt`."""

from pathlib import Path
from typing import Any

import click

from ccstate import codes, kinds
from ccstate.checkout import display_path
from ccstate.cli.output import in_format, print_remark, print_report
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.model import ANNOTATIONS, Address, Edit, Fields, Why, edited
from ccstate.project import Project, address_of
from ccstate.render.receipt import ADOPTED, Adopted
from ccstate.render.values import plural

FILE = "adopted.yaml"


@click.command()
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--all", "everything", is_flag=True, help="Everything that is unmanaged.")
@click.option("--target", default="", help="Target that has the objects; the first where left out.")
@click.option(
    "--file",
    "into",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File to write to; {FILE} in the desired state where left out.",
)
@in_format(ADOPTED)
@click.pass_obj
def adopt(
    root: Any,
    *,
    addresses: tuple[str, ...],
    everything: bool,
    target: str,
    into: Path | None,
    form: str,
) -> int:
    """Take objects made by hand under management.

    Writes each ADDRESS to YAML as it is on the platform. The next plan then takes it over
    without changing it. Passwords stay unmanaged: the platform does not show them.
    """
    project = Project.open(root, Terminal())
    path = project.inside(into, FILE)
    unmanaged = project.unmanaged(target)
    chosen = list(unmanaged) if everything else [address_of(text) for text in addresses]
    if problems := [
        codes.NOT_UNMANAGED(address=address) for address in chosen if address not in unmanaged
    ]:
        raise InvalidInput(problems)
    if not chosen:
        print_report(ADOPTED, form, Adopted(None))
        print_remark("Nothing is unmanaged." if everything else "Name an object, or pass --all.")
        return 0 if everything else 1
    withheld = 0
    adopted: dict[Address, Fields] = {}
    filled: set[str] = set()
    for address in chosen:
        defaults = project.settings.defaults.get(address.kind, {})
        filled |= {f"{address.kind} {name}" for name in defaults.keys() - unmanaged[address].keys()}
        fields, left_out = _declarable(address, unmanaged[address])
        withheld += left_out
        adopted[address] = fields
    project.declare(path, adopted)
    print_report(ADOPTED, form, Adopted(display_path(path), chosen, filled, withheld))
    if form != "text":
        return 0
    if filled:
        print_remark(f"The project's defaults will set {', '.join(sorted(filled))}: see the plan.")
    if withheld:
        print_remark(
            f"Left out {plural(withheld, 'secret')}; a secret is managed once a reference is declared."
        )
    return 0


def _declarable(address: Address, fields: Fields) -> tuple[Fields, int]:
    """Return the fields that YAML can hold, and how many secrets that leaves out."""
    paths = kinds.secrets(address.kind, fields)
    taken = [*paths, *(key for key in ANNOTATIONS if key in fields)]
    return edited(fields, [Edit(path, None, None, why=Why.NEW) for path in taken]), len(paths)
