"""What somebody changes in the editor is named, by tile and field, and put back; the rest stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccstate.adapters.node_red.adapter import NodeRedAdapter, connect
from ccstate.adapters.node_red.api import session
from ccstate.adapters.node_red.connection import parse
from ccstate.kinds import flatten
from ccstate.model import ALTERED, Fields
from ccstate_lab.node_red import NodeRed
from tests.adapters.node_red_harness import changed, connection
from tests.walls import applied, changes, display

pytestmark = pytest.mark.node_red

WALL = display("desk")
FIELDS: Fields = {
    "label": "Desk",
    "columns": 3,
    "refresh": "5s",
    "messages": [{"text": "Welcome"}],
    "tiles": [
        {"label": "Waiting", "queues": ["sales"], "measure": "waiting", "warn": "5", "alarm": "9"},
        {"label": "In time", "queues": ["sales", "moves"], "measure": "service_level", "width": 2},
        {"label": "Queues", "queues": ["moves"], "list": "queues"},
    ],
}

Nodes = dict[str, dict[str, Any]]
"""All nodes, by a word that people would call them."""


def words(nodes: list[dict[str, Any]]) -> Nodes:
    """Name the nodes of the wall as its tab and page show them."""
    named = {}
    for node in nodes:
        match node["type"]:
            case "inject" | "http request" | "function" | "ui-page" | "ui-group" | "ui-theme":
                named[node["type"]] = node
            case "ui-template":
                named[node["name"]] = node
            case "tab" if node["label"].startswith("ccstate display/"):
                named["tab"] = node
    scopes = {node["templateScope"]: node for node in named.values() if "templateScope" in node}
    return {**named, "style": scopes["page:style"], "frame": scopes["widget:page"]}


def text(node: dict[str, Any], before: str, after: str) -> None:
    assert before in node["format"]
    node["format"] = node["format"].replace(before, after)


def swap_wires(nodes: Nodes) -> None:
    nodes["function"]["wires"][:2] = nodes["function"]["wires"][1::-1]


def set_to(word: str, key: str, value: object) -> Callable[[Nodes], None]:
    return lambda nodes: nodes[word].__setitem__(key, value)


Edit = Callable[[Nodes], Any]
AS_FIELDS: dict[str, tuple[Edit, dict[str, object]]] = {
    "the size of a tile, as the editor writes it": (
        set_to("Waiting", "width", "2"),
        {"tiles.0.width": 2},
    ),
    "the height of a list": (set_to("Queues", "height", 3), {"tiles.2.height": 3}),
    "a label": (
        lambda n: text(n["Waiting"], '"label": "Waiting"', '"label": "Patience"'),
        {"tiles.0.label": "Patience"},
    ),
    "a threshold": (
        lambda n: text(n["Waiting"], '"warn": "5"', '"warn": "7"'),
        {"tiles.0.warn": "7"},
    ),
    "a threshold is taken away": (
        lambda n: text(n["Waiting"], '"alarm": "9"', '"alarm": null'),
        {"tiles.0.alarm": None},
    ),
    "the figure that is asked for": (
        lambda n: n["http request"].update(
            url=n["http request"]["url"].replace("=waiting:", "=answered:")
        ),
        {"tiles.0.measure": "answered"},
    ),
    "the queues that are counted": (
        lambda n: n["http request"].update(
            url=n["http request"]["url"].replace("sales,moves", "sales")
        ),
        {"tiles.1.queues": ["sales"]},
    ),
    "wires that are swapped": (
        swap_wires,
        {
            "tiles.0.measure": "service_level",
            "tiles.0.queues": ["sales", "moves"],
            "tiles.1.measure": "waiting",
            "tiles.1.queues": ["sales"],
            ALTERED: ["the parts: where it leads is altered"],
        },
    ),
    "the columns": (set_to("ui-group", "width", "4"), {"columns": 4}),
    "how often figures come": (
        lambda n: (
            n["inject"].update(repeat="30"),
            n["inject"]["props"][0].update(v="30"),
            n["inject"].update(name="every 30s"),
        ),
        {"refresh": "30s"},
    ),
    "what a stale tile shows": (
        lambda n: n["inject"]["props"][1].update(v="last"),
        {"when_stale": "last"},
    ),
    "a title": (
        lambda n: text(n["frame"], '"title": null', '"title": "Hello"'),
        {"title": "Hello"},
    ),
    "the clock": (lambda n: text(n["frame"], '"clock": true', '"clock": false'), {"clock": False}),
    "a message": (
        lambda n: text(n["frame"], '"text": "Welcome"', '"text": "Go home"'),
        {"messages": [{"text": "Go home"}]},
    ),
}
"""What is done, and the fields that are otherwise then, with the values that they have."""

ASKED = "/figures.json?figure=waiting:sales&figure"
AS_LINES: dict[str, tuple[Edit, str]] = {
    "code of a tile": (
        lambda n: (
            text(n["Waiting"], "isStale ?", "false ?")
            if "isStale ?" in n["Waiting"]["format"]
            else text(n["Waiting"], "return 'ccs-stale'", "return ''")
        ),
        'tile 1 "Waiting": its template is altered',
    ),
    "a class": (
        set_to("In time", "className", "mine"),
        'tile 2 "In time": className is "mine" instead of ""',
    ),
    "a tile is disabled": (
        set_to("In time", "d", True),
        'tile 2 "In time": d is true instead of not set',
    ),
    "a tile is moved before another": (
        set_to("Queues", "order", 1),
        'tile 3 "Queues": order is 1 instead of 3',
    ),
    "code of the function": (
        lambda n: n["function"].update(func="return []"),
        "the parts: its code is altered",
    ),
    "the exporter's address": (
        lambda n: n["http request"].update(
            url=n["http request"]["url"].replace("127.0.0.1:9", "127.0.0.1:8")
        ),
        f'the request: url is "http://127.0.0.1:8{ASKED}… instead of "http://127.0.0.1:9{ASKED}…',
    ),
    "a colour": (
        lambda n: text(n["style"], "--ccs-gap", "--my-gap"),
        "the style: its template is altered",
    ),
    "the tab is switched off": (
        set_to("tab", "disabled", True),
        "the tab: disabled is true instead of false",
    ),
    "the page's path": (
        set_to("ui-page", "path", "/other"),
        'the page: path is "/other" instead of "/desk"',
    ),
    "the page is hidden": (
        set_to("ui-page", "visible", False),
        "the page: visible is false instead of true",
    ),
}
"""What is done, and the one line that says so."""


@pytest.fixture
def adapter(empty_server: NodeRed) -> NodeRedAdapter:
    """A server with one wall on it."""
    found = connect(connection(empty_server), Path())
    applied(found, {WALL: FIELDS})
    return found


def edit(adapter: NodeRedAdapter, by_hand: Edit) -> None:
    def edited(nodes: list[Any]) -> list[Any]:
        by_hand(words(nodes))
        return nodes

    changed(adapter.connection.model_dump(exclude_unset=True), edited)


def shown(adapter: NodeRedAdapter) -> dict[str, Any]:
    """The wall with every field of every tile, by path."""
    found = dict(adapter.observe(["display"]).objects[WALL])
    tiles: Any = found.pop("tiles")
    altered = found.pop(ALTERED, None)
    inside = {f"tiles.{n}.{k}": v for n, tile in enumerate(tiles) for k, v in tile.items()}
    return {**flatten("display", found), **inside, ALTERED: altered}


def stored(adapter: NodeRedAdapter) -> dict[str, Any]:
    with session(parse(adapter.connection.model_dump(exclude_unset=True)), Path()) as api:
        return {node["id"]: node for node in json.loads(json.dumps(api.flows().nodes))}


@pytest.mark.parametrize("what", AS_FIELDS)
def test_a_field_that_was_changed_in_the_editor_is_that_field(
    adapter: NodeRedAdapter, what: str
) -> None:
    by_hand, expected = AS_FIELDS[what]
    before, nodes = shown(adapter), stored(adapter)
    edit(adapter, by_hand)
    after = shown(adapter)
    paths = before.keys() | after.keys()
    assert {p: after.get(p) for p in paths if before.get(p) != after.get(p)} == expected
    put_back = {path: before.get(path) for path in expected if "." not in path and path != ALTERED}
    applied(adapter, {WALL: {**FIELDS, **put_back}})
    applied(adapter, {WALL: FIELDS})
    assert {i: n for i, n in stored(adapter).items() if n["type"] != "comment"} == {
        i: n for i, n in nodes.items() if n["type"] != "comment"
    }


@pytest.mark.parametrize("what", AS_LINES)
def test_what_no_field_says_is_named_by_its_tile_and_property(
    adapter: NodeRedAdapter, what: str
) -> None:
    by_hand, line = AS_LINES[what]
    before, nodes = shown(adapter), stored(adapter)
    edit(adapter, by_hand)
    assert shown(adapter) == {**before, ALTERED: [line]}
    applied(adapter, {WALL: FIELDS})
    assert stored(adapter) == nodes


def test_a_tile_that_is_gone_is_named_and_comes_back(adapter: NodeRedAdapter) -> None:
    def without(nodes: list[Any]) -> list[Any]:
        return [node for node in nodes if node.get("name") != "In time"]

    changed(adapter.connection.model_dump(exclude_unset=True), without)
    assert shown(adapter)[ALTERED] == ['tile 2 "In time" is gone']
    applied(adapter, {WALL: FIELDS})


def test_nodes_of_others_are_named_taken_off_the_wall_and_stay(adapter: NodeRedAdapter) -> None:
    def with_others(nodes: list[Any]) -> list[Any]:
        ours = words(nodes)
        tab, tile = ours["tab"]["id"], ours["Waiting"]
        return [
            *nodes,
            {"id": "aa", "type": "tab", "label": "Mine"},
            {
                "id": "ab",
                "type": "inject",
                "z": "aa",
                "name": "Test",
                "wires": [[tile["id"], "ac"]],
            },
            {"id": "ac", "type": "debug", "z": "aa", "name": "Log", "wires": []},
            {"id": "ad", "type": "comment", "z": tab, "name": "Ask Kim before you change this"},
            {**tile, "id": "ae", "name": "Copy"},
        ]

    told = adapter.connection.model_dump(exclude_unset=True)
    changed(told, with_others)
    assert shown(adapter)[ALTERED] == [
        '"Copy" (ui-template) stands on the wall',
        '"Test" (inject) leads to tile 1 "Waiting"',
    ]
    applied(adapter, {WALL: FIELDS})
    kept = stored(adapter)
    assert kept["ab"]["wires"] == [["ac"]]
    assert kept["ae"]["group"] == ""
    applied(adapter, {})
    left = stored(adapter)
    assert left.keys() >= {"aa", "ab", "ac", "ad", "ae"}
    assert {node["type"] for node in left.values() if node.get("path")} == set()


def test_a_node_that_is_moved_and_renamed_in_the_editor_is_no_drift_and_stays_there(
    adapter: NodeRedAdapter,
) -> None:
    edit(adapter, lambda nodes: nodes["Waiting"].update(x=999, y=777, name="Mine"))
    assert changes(adapter, {WALL: FIELDS}) == []
    applied(adapter, {WALL: {**FIELDS, "columns": 4}})
    moved = [n for n in stored(adapter).values() if n.get("x") == 999]
    assert [(node["x"], node["y"]) for node in moved] == [(999, 777)]
