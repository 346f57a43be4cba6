"""`ccstate promote`."""

from typing import Any

import click

from ccstate.cli.output import in_format, print_report
from ccstate.cli.progress import Terminal
from ccstate.project import Project, address_of
from ccstate.project.promotion import promote as promoted
from ccstate.render.promotion import PROMOTED


@click.command()
@click.argument("source")
@click.argument("destination")
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@in_format(PROMOTED)
@click.pass_obj
def promote(
    root: Any,
    *,
    source: str,
    destination: str,
    addresses: tuple[str, ...],
    dry_run: bool,
    form: str,
) -> int:
    """Write what one environment changes into another one, or into the base.

    SOURCE is an environment, such as staging; DESTINATION another one, or base for all of them. With
    ADDRESSES, what it says of these objects. The files are changed, to be committed and reviewed; no
    platform is read.
    """
    project = Project.open(root, Terminal())
    chosen = [address_of(each) for each in addresses]
    found = promoted(project, source, destination, chosen, write=not dry_run)
    print_report(PROMOTED, form, found)
    return 0
