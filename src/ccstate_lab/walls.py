"""The walls of a site: a Node-RED with its dashboard, the exporter that it asks, and calls to show.

FOLDER/node-red     the server, with its flows
FOLDER/walls.json   ports and processes, for `find` and `stop`
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccstate_lab import node_red, process, sipp
from ccstate_lab.etc import write_private
from ccstate_lab.node_red import NodeRed
from ccstate_lab.process import Process
from ccstate_lab.site import Site

TARGET = "walls"
_NOTES = "walls.json"
BETWEEN = 5  # seconds between two calls
SHORTEST, LONGEST = 8.0, 40.0  # seconds of a call
AT_ONCE = 12


@dataclass(frozen=True, slots=True)
class Walls:
    """A Node-RED that runs, and the port at which it asks for figures."""

    server: NodeRed
    figures: int

    @property
    def connection(self) -> Mapping[str, str]:
        """What ccstate.yaml says of it."""
        return {"url": self.server.url, "figures": f"http://127.0.0.1:{self.figures}"}


def start(folder: Path) -> Walls:
    """Start Node-RED, on the ports that it had before, if any."""
    noted = _noted(folder)
    end(folder)
    server = node_red.start(folder / "node-red", port=noted.get("node_red_port") or None)
    walls = Walls(server, noted.get("figures_port") or node_red.free_port())
    _note(folder, walls, [server.process])
    return walls


def serve(walls: Walls, folder: Path, project: Path, environment: Mapping[str, str]) -> None:
    """Start the exporter of a project; its answers come once it follows the site."""
    of = ["--project", str(project.absolute())]
    command = [sys.executable, "-m", "ccstate", *of, "measure", "lab"]
    exporter = process.spawn(
        [*command, "--serve", f"127.0.0.1:{walls.figures}"],
        folder=folder,
        output=folder / "exporter.log",
        inherited=(),
        environment={**os.environ, **environment},
    )
    _note(folder, walls, [walls.server.process, exporter])


def call(site: Site, numbers: Iterable[str]) -> None:
    """Have calls come to these numbers, one every few seconds; they end with the phones."""
    port = sipp.free_port(site)
    folder = site.folder / "phones" / f"traffic-{port}"
    told = {"shortest": sipp.milliseconds(SHORTEST), "longest": sipp.milliseconds(LONGEST)}
    write_private(folder / "calls.xml", sipp.scenario("traffic", **told))
    write_private(folder / "numbers.csv", "".join(f"{line}\n" for line in ["RANDOM", *numbers]))
    options = ["-sf", "calls.xml", "-inf", "numbers.csv", "-r", "1", "-rp", str(BETWEEN * 1000)]
    target = f"{sipp.LOOPBACK}:{site.sip_port}"
    sipp.start(folder, port, [*options, "-l", str(AT_ONCE), "-mi", sipp.LOOPBACK, target])


def end(folder: Path) -> None:
    """End Node-RED and the exporter; the flows stay."""
    for one in _noted(folder).get("processes") or ():
        process.end(Process(*one))


def find(folder: Path) -> NodeRed | None:
    """The Node-RED of that folder; None where none runs."""
    noted = _noted(folder)
    for one in (noted.get("processes") or ())[:1]:
        if process.alive(Process(*one)):
            return NodeRed(folder=folder, port=noted["node_red_port"], process=Process(*one))
    return None


def _note(folder: Path, walls: Walls, processes: Iterable[Process]) -> None:
    facts = {
        "node_red_port": walls.server.port,
        "figures_port": walls.figures,
        "processes": [[one.pid, one.began] for one in processes],
    }
    write_private(folder / _NOTES, json.dumps(facts) + "\n")


def _noted(folder: Path) -> dict[str, Any]:
    try:
        noted = json.loads((folder / _NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}
