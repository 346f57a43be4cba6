"""`ccstate worker`."""

import gc
import os
import re
import time as clock
from datetime import time
from typing import TYPE_CHECKING, Any

import click

from ccstate.cli.environment import ENVIRONMENT
from ccstate.cli.output import print_result
from ccstate.cli.progress import Terminal
from ccstate.errors import InvalidInput
from ccstate.project import Project, now

if TYPE_CHECKING:
    from ccstate.project.sharing import Shared

NIGHT = "02:30"


@click.command()
@click.option(
    "--drift-at",
    default=NIGHT,
    show_default=True,
    metavar="HH:MM",
    help="When to look for changes by hand, by the machine's clock; or never.",
)
@click.option("--health", "asks", is_flag=True, help="Say whether the worker here keeps up.")
@ENVIRONMENT
@click.pass_obj
def worker(root: Any, drift_at: str, asks: bool, environment: str) -> int:
    """Do what has its time: take back what nobody confirmed, look for drift at night.

    It runs until it is stopped, and ends what it has begun. Several may run, on one machine or, with
    CCSTATE_WORKER_DATABASE, on many.
    """
    shared = None if asks else shared_here()
    project = Project.open(root, Terminal(), environment, shared)
    at = _time(drift_at)
    if asks:
        return _health(project)
    from ccstate.worker.loop import work

    gc.enable()  # other commands live for seconds
    work(project, at, clock.sleep)
    return 0


def shared_here() -> "Shared | None":
    """Return where several machines keep what waits for a confirmation, as the environment says."""
    if not os.environ.get("CCSTATE_WORKER_DATABASE"):
        return None
    from ccstate.worker.shared import shared_changes

    return shared_changes(os.environ)


def _time(text: str) -> time | None:
    from ccstate.worker import codes

    if text == "never":
        return None
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise InvalidInput(codes.TIME_WRONG(text=text))
    return time.fromisoformat(text)


def _health(project: Project) -> int:
    import orjson

    from ccstate.worker.health import health

    found = health(project, now())
    said = {
        "healthy": found.is_healthy,
        "reasons": list(found.reasons),
        "since": found.since,
        "at": found.at,
        "overdue": list(found.overdue),
    }
    print_result(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
    return 0 if found.is_healthy else 1
