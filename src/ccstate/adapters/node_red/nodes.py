"""A display as nodes of Node-RED: what asks for its figures, and what shows them.

A tab with a timer, a request to the exporter and a function that hands each tile its part; a page
with one group of tiles. Texts reach a browser as JSON alone, inside of code that is always the same.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias
from urllib.parse import urlencode

from ccstate.adapters.node_red.api import Node
from ccstate.kinds import with_defaults
from ccstate.kinds.fields import seconds
from ccstate.measures import MEASURES
from ccstate.model import Fields, Json

Nodes: TypeAlias = Mapping[str, Node]
"""Nodes of one display, by their parts: `page`, `tile 3`."""

TYPES = frozenset(
    {
        "comment",
        "function",
        "http request",
        "inject",
        "ui-base",
        "ui-group",
        "ui-page",
        "ui-template",
        "ui-theme",
    }
)
"""Types that Node-RED has to have."""
DASHBOARD = "@flowfuse/node-red-dashboard"

LISTS = {"agents": "Agents", "queues": "Queues"}
"""Headings of lists that have no label."""
PATIENCE = 3000  # milliseconds that an answer of the exporter may take

PALETTES: Mapping[str, Mapping[str, str]] = {
    "dark": {
        "page": "#0b1622",
        "text": "#f2f6fa",
        "foot": "#1c3550",
        "calm": "#16293d",
        "warn": "#f2b134",
        "warn-text": "#1c1300",
        "alarm": "#c8202f",
        "alarm-text": "#ffffff",
        "stale": "#2b3036",
        "stale-text": "#b9c1c9",
        "line": "#274058",
        "ready": "#6fd08c",
    },
    "light": {
        "page": "#e9edf1",
        "text": "#10202e",
        "foot": "#cfdbe6",
        "calm": "#ffffff",
        "warn": "#f2b134",
        "warn-text": "#1c1300",
        "alarm": "#b3141f",
        "alarm-text": "#ffffff",
        "stale": "#d5d9dd",
        "stale-text": "#4a535c",
        "line": "#d3dae1",
        "ready": "#0c6b34",
    },
}


def node_id(name: str, part: str) -> str:
    """Make the id of a display's node; of the form that the editor gives, since it stands in HTML."""
    return hashlib.sha256(f"ccstate display/{name} {part}".encode()).hexdigest()[:16]


def own_id(part: str) -> str:
    """Make the id of a node that is no single display's."""
    return hashlib.sha256(f"ccstate {part}".encode()).hexdigest()[:16]


@cache
def constant(file: str) -> str:
    """Read a part of a wall that is the same on every wall."""
    return (files(__package__) / "wall" / file).read_text(encoding="utf-8")


_TEXT = re.compile(r"/\*text\*/(.*?)/\*end\*/", re.DOTALL)
# What could end a script, a comment or a line there is written as JSON also allows.
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&*'\u2028\u2029"}


def with_texts(template: str, texts: Mapping[str, Any]) -> str:
    """Put texts into a template, as data."""
    written = json.dumps(texts, ensure_ascii=False).translate(_ESCAPED)
    return _TEXT.sub(lambda _: f"/*text*/{written}/*end*/", constant(template), count=1)


def texts_in(template: Json) -> dict[str, Json]:
    """Read the texts of a template; none where it holds none."""
    found = _TEXT.search(template) if isinstance(template, str) else None
    try:
        texts = json.loads(found[1]) if found else {}
    except (ValueError, RecursionError):
        texts = {}
    return texts if isinstance(texts, dict) else {}


def styled(theme: str, columns: int) -> str:
    """Write the style of a page: the colours of its theme, and the columns of its tiles."""
    colours = "".join(f" --ccs-{name}: {value};" for name, value in PALETTES[theme].items())
    return f":root {{ --ccs-columns: {columns};{colours} }}\n{constant('style.css')}"


def plain_name(text: str) -> str:
    """Write a text that is the whole value of a property.

    Node-RED puts a variable of its environment in place of `${NAME}` and `$(NAME)` (runtime 4.1,
    `flows/util.js`), where that is all of the value.
    """
    return f"“{text}”" if text.startswith("$") else text


def question(figures: str, tiles: list[Any]) -> str:
    """Write the address at which the figures of all tiles are asked for at once."""
    asked = [("figure", tile, tile["measure"]) for tile in tiles if "measure" in tile]
    asked += [("list", tile, tile["list"]) for tile in tiles if "list" in tile]
    query = [(key, f"{what}:{','.join(tile['queues'])}") for key, tile, what in asked]
    return f"{figures.rstrip('/')}/figures.json?{urlencode(query, safe=':,')}"


def in_order_of_the_question(tiles: list[Any]) -> list[int]:
    """Return the places of the tiles in the order in which the answer has them."""
    return sorted(range(len(tiles)), key=lambda place: "measure" not in tiles[place])


def compile_display(name: str, fields: Fields, figures: str, base: str) -> Nodes:
    """Make the nodes of a display on the dashboard with that id (`ui-base`)."""
    wall: Any = with_defaults("display", _without_null(fields))
    tiles = [_without_null(tile) for tile in wall["tiles"]]
    ids = {part: node_id(name, part) for part in (*PARTS, *map(tile_part, range(len(tiles))))}
    heading = wall.get("title") or wall.get("label") or name
    every = str(seconds(wall["refresh"]))
    answered = in_order_of_the_question(tiles)
    nodes: dict[str, Node] = {
        "tab": {
            "type": "tab",
            "label": f"ccstate display/{name}",
            "disabled": False,
            "info": "Managed by ccstate. What is changed here by hand is drift.",
            "env": [],
        },
        "timer": {
            "type": "inject",
            "z": ids["tab"],
            "name": f"every {wall['refresh']}",
            "props": [
                {"p": "refresh", "v": every, "vt": "num"},
                {"p": "when_stale", "v": wall["when_stale"], "vt": "str"},
                {"p": "requestTimeout", "v": str(PATIENCE), "vt": "num"},
            ],
            "repeat": every,
            "crontab": "",
            "once": True,
            "onceDelay": 0.1,
            "topic": "",
            "x": 120,
            "y": 80,
            "wires": [[ids["request"]]],
        },
        "request": {
            "type": "http request",
            "z": ids["tab"],
            "name": "ask the exporter",
            "method": "GET",
            "ret": "obj",
            "paytoqs": "ignore",
            "url": question(figures, tiles),
            "tls": "",
            "persist": True,
            "proxy": "",
            "insecureHTTPParser": False,
            "authType": "",
            "senderr": False,
            "headers": [],
            "x": 320,
            "y": 80,
            "wires": [[ids["parts"]]],
        },
        "parts": {
            "type": "function",
            "z": ids["tab"],
            "name": "one part for each tile",
            "func": constant("answer.js"),
            "outputs": len(tiles),
            "timeout": 0,
            "noerr": 0,
            "initialize": "",
            "finalize": "",
            "libs": [],
            "x": 540,
            "y": 80,
            "wires": [[ids[tile_part(place)]] for place in answered],
        },
        "theme": {
            "type": "ui-theme",
            "name": f"ccstate display/{name}",
            "colors": _colours(PALETTES[wall["theme"]]),
            "sizes": {
                "density": "default",
                "pagePadding": "0px",
                "groupGap": "0px",
                "groupBorderRadius": "0px",
                "widgetGap": "0px",
            },
        },
        "page": {
            "type": "ui-page",
            "name": plain_name(heading),
            "ui": base,
            "path": f"/{name}",
            "icon": "monitor-dashboard",
            "layout": "grid",
            "theme": ids["theme"],
            "breakpoints": [{"name": "Default", "px": "0", "cols": "12"}],
            "order": -1,
            "className": "",
            "visible": True,
            "disabled": False,
        },
        "style": {
            **_template(ids, "style", styled(wall["theme"], wall["columns"]), y=140),
            "page": ids["page"],
            "templateScope": "page:style",
        },
        "frame": {
            **_template(ids, "frame", with_texts("frame.vue", _frame(name, wall)), y=200),
            "page": ids["page"],
            "templateScope": "widget:page",
        },
        "tiles": {
            "type": "ui-group",
            "name": "tiles",
            "page": ids["page"],
            "width": str(wall["columns"]),
            "height": "1",
            "order": 1,
            "showTitle": False,
            "className": "ccs-tiles",
            "visible": "true",
            "disabled": "false",
            "groupType": "default",
        },
    }
    for place, tile in enumerate(tiles):
        template = "list.vue" if "list" in tile else "figure.vue"
        node = _template(ids, _heading(tile), with_texts(template, _texts(tile)), y=80 + 60 * place)
        nodes[tile_part(place)] = {
            **node,
            "group": ids["tiles"],
            "order": place + 1,
            "width": str(tile.get("width", 1)),
            "height": str(tile.get("height", 1)),
            "x": 800,
        }
    return {part: {"id": ids[part], **node} for part, node in nodes.items()}


PARTS = ("tab", "timer", "request", "parts", "theme", "page", "style", "frame", "tiles")


def tile_part(place: int) -> str:
    return f"tile {place + 1}"


def dashboard() -> Node:
    """Make the dashboard itself, for a Node-RED that has none."""
    return {
        "id": own_id("base"),
        "type": "ui-base",
        "name": "Walls",
        "path": "/dashboard",
        "appIcon": "",
        "includeClientData": True,
        "acceptsClientConfig": ["ui-notification", "ui-control"],
        "showPathInSidebar": False,
        "headerContent": "none",
        "navigationStyle": "none",
        "titleBarStyle": "hidden",
        "showReconnectNotification": False,
        "notificationDisplayTime": 1,
        "showDisconnectNotification": False,
        "allowInstall": False,
    }


def _without_null(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _template(ids: Mapping[str, str], name: str, text: str, *, y: int) -> Node:
    return {
        "type": "ui-template",
        "z": ids["tab"],
        "group": "",
        "page": "",
        "ui": "",
        "name": plain_name(name),
        "order": 0,
        "width": "0",
        "height": "0",
        "head": "",
        "format": text,
        "storeOutMessages": True,
        "passthru": False,
        "resendOnRefresh": True,
        "templateScope": "local",
        "className": "",
        "x": 320,
        "y": y,
        "wires": [[]],
    }


def _frame(name: str, wall: Mapping[str, Any]) -> dict[str, Json]:
    """Collect what the frame around the tiles says; each field as it is declared."""
    told: dict[str, Json] = {key: wall.get(key) for key in ("label", "title", "clock", "messages")}
    return told | {"name": name}


def _texts(tile: Mapping[str, Any]) -> dict[str, Json]:
    told: dict[str, Json] = {key: tile.get(key) for key in ("label", "warn", "alarm", "list")}
    worse = MEASURES[tile["measure"]].worse if "measure" in tile else None
    return told | {"heading": _heading(tile), "worse": worse}


def _heading(tile: Mapping[str, Any]) -> str:
    if label := tile.get("label"):
        return str(label)
    return LISTS[tile["list"]] if "list" in tile else MEASURES[tile["measure"]].title


def _colours(palette: Mapping[str, str]) -> dict[str, Json]:
    return {
        "surface": palette["page"],
        "primary": palette["text"],
        "bgPage": palette["page"],
        "groupBg": palette["page"],
        "groupOutline": palette["page"],
    }
