"""Node-RED servers for tests: one that all share, and new ones for those that stop or lock theirs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccstate_lab import node_red
from ccstate_lab.node_red import NodeRed
from tests.adapters.node_red_harness import changed, connection

NewServer = Callable[..., NodeRed]


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeRed]:
    server = node_red.start(tmp_path_factory.mktemp("node-red"))
    yield server
    node_red.kill(server)


@pytest.fixture
def empty_server(_shared: NodeRed) -> NodeRed:
    """The server of this worker, without any node."""
    changed(connection(_shared), lambda _: [])
    return _shared


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[NewServer]:
    """Start a server that this test may stop; with further settings."""
    started: list[NodeRed] = []

    def start(**settings: Any) -> NodeRed:
        folder = tmp_path / f"node-red-{len(started)}"
        started.append(node_red.start(folder, settings=settings))
        return started[-1]

    yield start
    for server in started:
        node_red.kill(server)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Put a secret into the environment, and return the reference to it."""

    def put(name: str, value: str) -> str:
        monkeypatch.setenv(f"CCSTATE_SECRET_{name}", value)
        return f"env:CCSTATE_SECRET_{name}"

    assert "CCSTATE_SECRET_NAMES" in os.environ
    return put
