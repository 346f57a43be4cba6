"""`ccstate measure`."""

import gc
import re
import time
from importlib.util import find_spec
from typing import Any

import click

from ccstate import codes
from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import in_format, print_remark, print_report
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.project import Project
from ccstate.project.measuring import queue_sources
from ccstate.render.measured import MEASURED


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "--serve",
    metavar="HOST:PORT",
    help="Follow the queues, and serve their figures for Prometheus and displays.",
)
@in_format(MEASURED)
@ENVIRONMENT
@click.pass_obj
def measure(
    root: Any, *, targets: tuple[str, ...], serve: str | None, form: str, environment: str
) -> int:
    """Say how queues stand, once; or serve figures that are counted.

    With --serve it runs until it is stopped: /metrics for Prometheus, /figures.json for others.
    """
    address = _address(serve) if serve is not None else None
    if address and find_spec("prometheus_client") is None:
        raise InvalidInput(codes.EXPORTER_MISSING())
    project = Project.open(root, Terminal(), environment)
    found = queue_sources(project, targets)
    if address is None:
        from ccstate.exporter.once import measured

        print_report(MEASURED, form, measured(found, project.listener, time.time()))
        return 0
    from ccstate.exporter import serving

    gc.enable()  # other commands live for seconds
    try:
        serving.serve(found, *address, project.listener)
    except KeyboardInterrupt:
        print_remark("The exporter is stopped.")
    return 0


def _address(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"\[?([0-9A-Za-z.:-]{1,253}?)\]?:([0-9]{1,5})", text)
    if not match or int(match[2]) > 65535:
        raise InvalidInput(codes.SERVE_UNCLEAR(text=text))
    return match[1], int(match[2])
