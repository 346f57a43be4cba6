"""`ccstate adopt`."""

from pathlib import Path
from typing import Any

import click

from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, print_remark, print_report
from ccstate.cli.progress import Terminal
from ccstate.project import ADOPTED_FILE, Project
from ccstate.render.receipt import ADOPTED, Adopted
from ccstate.render.values import plural


@click.command()
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--all", "everything", is_flag=True, help="Everything that is unmanaged.")
@click.option("--target", default="", help="Target that has the objects; the first where left out.")
@click.option(
    "--file",
    "into",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File to write to; {ADOPTED_FILE} in the desired state where left out.",
)
@in_format(ADOPTED)
@ENVIRONMENT
@click.pass_obj
def adopt(
    root: Any,
    *,
    addresses: tuple[str, ...],
    everything: bool,
    target: str,
    into: Path | None,
    form: str,
    environment: str,
) -> int:
    """Take objects made by hand under management.

    Writes each ADDRESS to YAML as it is on the platform. The next plan then takes it over
    without changing it. Passwords stay unmanaged: the platform does not show them.
    """
    if not addresses and not everything:
        print_report(ADOPTED, form, Adopted(None))
        print_remark("Name an object, or pass --all.")
        return 1
    project = Project.open(root, Terminal(), environment)
    adopted = project.adopt(None if everything else addresses, target=target, file=into)
    print_report(ADOPTED, form, adopted)
    if adopted.file is None:
        print_remark("Nothing is unmanaged.")
    elif form == "text":
        _name_left_out(adopted)
    return 0


def _name_left_out(adopted: Adopted) -> None:
    """Print which fields the defaults will set, and how many secrets are not written."""
    if adopted.defaults:
        defaults = ", ".join(sorted(adopted.defaults))
        print_remark(f"The project's defaults will set {defaults}: see the plan.")
    if adopted.secrets_left_out:
        left_out = plural(adopted.secrets_left_out, "secret")
        print_remark(f"Left out {left_out}; a secret is managed once a reference is declared.")
