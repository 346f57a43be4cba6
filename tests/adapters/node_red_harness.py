"""A real Node-RED for the conformance suite, and what an administrator does on it by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccstate.adapters.node_red.adapter import NodeRedAdapter, connect
from ccstate.adapters.node_red.api import Flows, Node, session
from ccstate.adapters.node_red.connection import parse
from ccstate.adapters.node_red.nodes import compile_display, dashboard
from ccstate.adapters.node_red.readback import Estate
from ccstate.adapters.node_red.records import NAME
from ccstate.model import Address, Fields
from ccstate_lab.node_red import NodeRed

FIGURES = "http://127.0.0.1:9"
"""Where nothing listens: what the nodes show is no matter here."""


def connection(server: NodeRed, **more: Any) -> dict[str, Any]:
    """What ccstate.yaml says about a Node-RED of the lab."""
    return {"url": server.url, "figures": FIGURES, **more}


def changed(told: dict[str, Any], change: Callable[[list[Node]], list[Node]]) -> None:
    """Deploy, as somebody in the editor does, what a function makes of all nodes."""
    with session(parse(told), Path()) as api:
        flows = api.flows()
        api.deploy(Flows(flows.rev, change(flows.nodes)))


class OnNodeRed:
    """One server, started for the first case that runs."""

    def __init__(self, start: Callable[[], NodeRed]) -> None:
        self._start = start
        self._server: NodeRed | None = None

    @property
    def _told(self) -> dict[str, Any]:
        # While tests are collected, nobody is asked for more than abilities.
        return connection(self._server) if self._server else {"url": "http://127.0.0.1:9"}

    def connect(self) -> NodeRedAdapter:
        return connect(self._told, Path())

    def reset(self) -> None:
        if self._server is None:
            self._server = self._start()
        changed(self._told, lambda _: [])

    def save(self) -> list[Node]:
        with session(parse(self._told), Path()) as api:
            return api.flows().nodes

    def restore(self, saved: list[Node]) -> None:
        changed(self._told, lambda _: saved)

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        """The display as somebody else deploys it: its nodes, and nothing of ccstate's records."""

        def with_display(nodes: list[Node]) -> list[Node]:
            estate = Estate(nodes)
            ids = {str(node["id"]) for node in estate.own(address.name).values()}
            others = [node for node in nodes if node["id"] not in ids]
            if fields is None:
                return others
            has_base = any(node["type"] == "ui-base" for node in nodes)
            made = compile_display(address.name, fields, FIGURES, estate.base)
            return [*others, *([] if has_base else [dashboard()]), *made.values()]

        changed(self._told, with_display)

    def break_(self) -> None:
        def without_sense(nodes: list[Node]) -> list[Node]:
            return [{**n, "info": "no records"} if n.get("name") == NAME else n for n in nodes]

        changed(self._told, without_sense)
