"""The Node-RED adapter keeps the contract, on a real server."""

import shutil
import tempfile
import weakref
from pathlib import Path

import pytest

from ccstate.conformance import Case, cases
from ccstate_lab import node_red
from ccstate_lab.node_red import NodeRed
from tests.adapters.node_red_harness import OnNodeRed


def harness() -> OnNodeRed:
    """A harness whose server ends with the process."""

    def start() -> NodeRed:
        folder = Path(tempfile.mkdtemp(prefix="ccstate-node-red-"))
        server = node_red.start(folder)
        weakref.finalize(found, _end, server)
        return server

    found = OnNodeRed(start)
    return found


def _end(server: NodeRed) -> None:
    node_red.kill(server)
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.mark.node_red
@pytest.mark.no_cover
@pytest.mark.parametrize("case", cases(harness()), ids=str)
def test_node_red(case: Case) -> None:
    case()
