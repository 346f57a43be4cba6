"""What goes wrong with a Node-RED: others who deploy, logins, a server that dies, nodes that it lacks."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3

from ccstate.adapter import Holder, audited
from ccstate.adapters.node_red import api as admin
from ccstate.adapters.node_red.adapter import NodeRedAdapter, connect, places
from ccstate.adapters.node_red.api import Api, Flows, Node, session
from ccstate.adapters.node_red.connection import parse
from ccstate.errors import InvalidInput, Unreadable
from ccstate.model import RUNNING, Fields
from ccstate_lab import node_red
from ccstate_lab.node_red import DASHBOARD, NodeRed
from tests.adapters.node_red.conftest import NewServer
from tests.adapters.node_red_harness import changed, connection
from tests.walls import Objects, applied, changes, display, performed, plan, worked_example

pytestmark = pytest.mark.node_red

WALL = display("desk")
FIELDS: Fields = {"tiles": [{"queues": ["sales"], "measure": "waiting", "label": "Waiting"}]}
OTHER: Fields = {"tiles": [{"queues": ["sales"], "measure": "answered", "label": "Answered"}]}
SecretOf = Callable[[str, str], str]


def codes_of(call: Callable[[], object]) -> list[str]:
    with pytest.raises((Unreadable, InvalidInput)) as refused:
        call()
    return [problem.code for problem in refused.value.problems]


def test_the_worked_example_is_applied_to_an_empty_server(empty_server: NodeRed) -> None:
    adapter = connect(connection(empty_server), Path())
    desired = worked_example()
    assert len(desired) == 2
    applied(adapter, desired)
    shown = adapter.observe(["display"]).objects
    assert {a: {**shown[a], **fields} for a, fields in desired.items()} == shown


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something once, after the flows were read for a write and before it."""
    real, done = Api.deploy, list[bool]()

    def deploy(self: Api, flows: Flows) -> None:
        if not done:
            done.append(True)
            act()
        real(self, flows)

    monkeypatch.setattr(Api, "deploy", deploy)


def test_a_deployment_of_others_in_between_is_not_undone(
    empty_server: NodeRed, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = connection(empty_server)
    adapter = connect(told, Path())
    theirs: Node = {"id": "aa", "type": "tab", "label": "Theirs"}
    planned = plan(adapter, {WALL: FIELDS})
    between(monkeypatch, lambda: changed(told, lambda nodes: [*nodes, theirs]))
    assert [result.done for result in performed(adapter, planned)] == [True]
    with session(parse(told), Path()) as api:
        assert "aa" in {node["id"] for node in api.flows().nodes}
    assert changes(adapter, {WALL: FIELDS}) == []


def test_a_plan_is_stale_once_others_have_changed_its_wall(
    empty_server: NodeRed, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = connection(empty_server)
    adapter = connect(told, Path())
    applied(adapter, {WALL: FIELDS})
    planned = plan(adapter, {WALL: OTHER})

    def without_tile(nodes: list[Any]) -> list[Any]:
        return [node for node in nodes if node.get("name") != "Waiting"]

    between(monkeypatch, lambda: changed(told, without_tile))
    (result,) = performed(adapter, planned)
    assert (result.done, result.reason) == (False, "changed since the plan was made")
    assert "Answered" not in str(adapter.observe(["display"]))


def test_a_write_on_an_older_revision_is_refused_by_node_red(empty_server: NodeRed) -> None:
    with session(parse(connection(empty_server)), Path()) as api:
        old = api.flows()
        api.deploy(replace_nodes(old, [{"id": "aa", "type": "tab", "label": "One"}]))
        with pytest.raises(admin.Overtaken):
            api.deploy(replace_nodes(old, []))


def replace_nodes(flows: Flows, nodes: list[Any]) -> Flows:
    return flows._replace(nodes=nodes)


ANN = Holder("ann@one", 77, "boot pid:[1] 5", "2026-05-04T12:00:00+00:00", "0f0f0f0f0f0f")


def test_who_asks_for_the_lock_at_the_same_moment_is_told_who_has_it(
    empty_server: NodeRed, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter, ben = connect(connection(empty_server), Path()), replace(ANN, owner="ben@two")
    between(monkeypatch, lambda: adapter.lock(ben))  # type: ignore[arg-type]  # it is free
    assert adapter.lock(ANN) == ben
    assert adapter.holder() == ben


USERS = {
    "type": "credentials",
    "users": [
        {
            "username": "ccstate",
            "password": "$2b$08$oIysTNr.5ntTVKvJ/ioi0O9MHm6wBVN/pwv22FgBAL8d6Od8JhAza",
            "permissions": ["read", "flows.write"],
        },
        {
            "username": "reader",
            "password": "$2b$08$6Fzqn9q1UsKKsigT7ifp5OKhYKYbh3khIEuUUiT9vBcehon70RfPm",
            "permissions": ["read"],
        },
    ],
    "tokens": [{"token": "token-of-the-lab", "user": "ccstate", "scope": ["*"]}],
}
"""The passwords are `of the lab` and `reader`."""


def test_a_login_is_by_password_or_token_and_needs_the_right_to_write(
    new_server: NewServer, secret: SecretOf
) -> None:
    server = new_server(adminAuth=USERS, runtimeState={"enabled": True})

    def adapter(**more: str) -> NodeRedAdapter:
        return connect(connection(server, **more), Path())

    own = adapter(username="ccstate", password=secret("OWN", "of the lab"))
    applied(own, {WALL: FIELDS})
    assert (server.folder / ".sessions.json").read_text() == "{}", "each login is given back"
    by_token = adapter(token=secret("TOKEN", "token-of-the-lab"))
    assert changes(by_token, {WALL: FIELDS}) == []
    reader = adapter(username="reader", password=secret("READER", "reader"))
    planned = plan(reader, {WALL: OTHER})
    problems = audited(reader, list(planned.changes()))
    assert [(p.code, p.message) for p in problems] == [
        ("CC871", f"the user of Node-RED at {server.url} has no right to write flows")
    ]
    assert codes_of(lambda: reader.perform(planned.steps[0].changes)) == ["CC871"]
    wrong = [
        adapter(token=secret("WRONG", "no-such-token")),
        adapter(username="ccstate", password=secret("WORD", "no such word")),
        adapter(),
    ]
    assert [codes_of(lambda a=a: a.observe(["display"])) for a in wrong] == [["CC871"]] * 3  # type: ignore[misc]  # bound
    assert codes_of(lambda: adapter(token="env:CCSTATE_SECRET_NOWHERE").holder()) == ["CC410"]
    assert changes(own, {WALL: FIELDS}) == []

    asked = urllib3.request("GET", server.wall("desk"), redirect=False)
    assert asked.status == 200, "the wall itself needs no login"


def dying(server: NodeRed, moment: str) -> Callable[..., Any]:
    """Kill the server before, or after, it gets the flows that are to be deployed."""
    real = Api._call

    def call(self: Api, method: str, path: str, **more: Any) -> Any:
        if (method, path) == ("POST", "flows"):
            if moment == "after":
                real(self, method, path, **more)
            node_red.kill(server)
        return real(self, method, path, **more)

    return call


def test_a_server_that_dies_in_the_middle_of_an_apply_has_all_of_it_or_nothing(
    new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = new_server()
    adapter = connect(connection(server), Path())
    desired = {WALL: FIELDS, display("lobby"): OTHER}
    planned = plan(adapter, desired)
    for moment, expected in (("before", 0), ("after", 2)):
        with monkeypatch.context() as patched:
            patched.setattr(Api, "_call", dying(server, moment))
            assert codes_of(lambda: performed(adapter, planned)) == ["CC870"]
        assert codes_of(lambda: adapter.observe(["display"])) == ["CC870"]
        server = node_red.start(server.folder, port=server.port)
        assert len(adapter.observe(["display"]).objects) == expected
    assert adapter.recover() == ""
    assert changes(adapter, desired) == []
    node_red.kill(server)


def test_a_dashboard_that_is_not_there_is_said_before_the_write_and_after(
    new_server: NewServer,
) -> None:
    server = new_server()
    adapter = connect(connection(server), Path())

    def switch(*, on: bool) -> None:
        urllib3.request("PUT", f"{server.url}/nodes/{DASHBOARD}", json={"enabled": on})

    switch(on=False)
    (problem,) = audited(adapter, changes(adapter, {WALL: FIELDS}))
    assert problem.code == "CC874"
    assert problem.message.endswith("ui-base, ui-group, ui-page, ui-template, ui-theme")
    planned = plan(adapter, {WALL: FIELDS})
    assert codes_of(lambda: adapter.perform(planned.steps[0].changes)) == ["CC874"]
    assert adapter.observe(["display"]).objects == {}
    switch(on=True)
    applied(adapter, {WALL: FIELDS})
    node_red.kill(server)
    state = server.folder / ".config.nodes.json"
    known = json.loads(state.read_text())
    for one in known[DASHBOARD]["nodes"].values():
        one["enabled"] = False
    state.write_text(json.dumps(known))
    again = node_red.start(server.folder, port=server.port)
    shown = adapter.observe(["display"]).objects[WALL]
    assert str(shown[RUNNING]).startswith("nothing runs: Node-RED waits for nodes of the types ui-")
    assert [change.address for change in changes(adapter, {WALL: FIELDS})] == [WALL]
    node_red.kill(again)


def test_a_wall_of_which_nothing_runs_is_not_confirmed(new_server: NewServer) -> None:
    server = new_server(runtimeState={"enabled": True})
    told = connection(server)
    adapter = connect(told, Path())
    applied(adapter, {WALL: FIELDS})
    urllib3.request("POST", f"{server.url}/flows/state", json={"state": "stop"})
    shown = adapter.observe(["display"]).objects[WALL]
    assert shown[RUNNING] == "nothing runs: the flows are stopped"
    assert [p.code for p in audited(adapter, changes(adapter, {WALL: OTHER}))] == ["CC875"]
    urllib3.request("POST", f"{server.url}/flows/state", json={"state": "start"})
    lacking: list[Node] = [
        {"id": "aa", "type": "tab", "label": "Mine"},
        {"id": "ab", "type": "no such", "z": "aa", "wires": []},
    ]
    changed(told, lambda nodes: [*nodes, *lacking])
    shown = adapter.observe(["display"]).objects[WALL]
    assert shown[RUNNING] == "nothing runs: Node-RED waits for nodes of the types no such"
    (problem,) = audited(adapter, changes(adapter, {WALL: OTHER}))
    assert (problem.code, problem.message.endswith("the types no such")) == ("CC875", True)
    changed(told, lambda nodes: [{**n, "disabled": True} if n["id"] == "aa" else n for n in nodes])
    assert changes(adapter, {WALL: FIELDS}) == []


def test_records_that_make_no_sense_are_no_empty_platform(empty_server: NodeRed) -> None:
    told = connection(empty_server)
    adapter = connect(told, Path())
    applied(adapter, {WALL: FIELDS})

    def with_info(info: str) -> Callable[[list[Any]], list[Any]]:
        return lambda nodes: [{**n, "info": info} if n["type"] == "comment" else n for n in nodes]

    for info in ("", "{}", "[1]", '{"format": 9}', '{"format": 1, "key": "x", "displays": {}}'):
        changed(told, with_info(info))
        assert codes_of(lambda: adapter.observe(["display"])) == ["CC873"]


def test_what_is_no_node_red_is_said(empty_server: NodeRed) -> None:
    for url, code in (
        (f"{empty_server.url}/dashboard", "CC872"),
        ("http://127.0.0.1:9", "CC870"),
        (f"https://127.0.0.1:{empty_server.port}", "CC870"),
    ):
        adapter = connect({"url": url}, Path())
        assert codes_of(lambda a=adapter: a.observe(["display"])) == [code]  # type: ignore[misc]  # bound


CONNECTIONS: dict[str, dict[str, Any]] = {
    "connection.url": {},
    "an address of another machine begins https://": {"url": "http://walls.example.org"},
    "give username and password together": {"url": "https://walls.example.org", "username": "a"},
    "give token, or username and password": {
        "url": "https://walls.example.org",
        "token": "env:A",
        "username": "a",
        "password": "env:B",
    },
    "connection.figures": {"url": "https://walls.example.org", "figures": "http://a/{{flow}}"},
    "connection.flows": {"url": "https://walls.example.org", "flows": []},
}


@pytest.mark.parametrize("fault", CONNECTIONS)
def test_a_connection_that_is_wrong_is_refused(fault: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        connect(CONNECTIONS[fault], Path())
    assert fault in refused.value.problems[0].message


def test_a_host_that_nobody_allowed_is_not_asked() -> None:
    adapter = connect({"url": "https://walls.example.org"}, Path())
    assert codes_of(lambda: adapter.observe(["display"])) == ["CC452"]


def test_two_targets_with_one_editor_are_one_platform() -> None:
    spelled = ("http://localhost:1880", "http://127.0.0.1:1880/", "http://127.1.1.1:1880")
    assert len({places({"url": url}, Path()) for url in spelled}) == 1
    other = places({"url": "http://127.0.0.1:1880/second"}, Path())
    assert other != places({"url": spelled[0]}, Path())


def test_fifty_walls_of_twenty_tiles_are_one_deployment(empty_server: NodeRed) -> None:
    adapter = connect(connection(empty_server), Path())
    tile: Fields = {"measure": "waiting", "queues": ["sales", "moves"], "warn": "5", "alarm": "9"}
    desired: Objects = {
        display(f"wall-{n}"): {
            "columns": 5,
            "tiles": [{**tile, "label": f"Figure {n}.{place}"} for place in range(20)],
        }
        for n in range(50)
    }
    applied(adapter, desired)
    with session(parse(connection(empty_server)), Path()) as api:
        assert len(api.flows().nodes) == 50 * 29 + 3
    changed_one: Objects = {
        **desired,
        display("wall-7"): {**desired[display("wall-7")], "columns": 4},
    }
    assert [change.address.name for change in changes(adapter, changed_one)] == ["wall-7"]
    applied(adapter, {})
