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
from ccstate.model import Fields, Json
from ccstate.wall.colours import FONT, THEMES, Theme
from ccstate.wall.screen import (
    GAP,
    HEIGHT,
    MARGIN,
    PAD,
    ROW,
    WORDS,
    Placed,
    Screen,
    heading_of,
    screen_of,
)
from ccstate.wall.values import STATES, limits_of

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

PATIENCE = 3000  # milliseconds that an answer of the exporter may take


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


def styled(wall: Mapping[str, Any], screen: Screen) -> str:
    """Write the style of a page: the colours of its theme, and the sizes of what is on it."""
    theme = THEMES[wall["theme"]]
    head = screen.header.height if screen.header else 0
    foot = screen.foot.height if screen.foot else 0
    told = {
        "page": theme.page,
        "words": theme.words,
        "line": theme.line,
        "font": FONT,
        "columns": wall["columns"],
        "margin": _high(MARGIN),
        "gap": _high(GAP),
        "pad": _high(PAD),
        "head": _high(head),
        "foot": _high(foot),
        "top": _high(MARGIN + (head + GAP if head else 0)),
        "bottom": _high(MARGIN + (foot + GAP if foot else 0)),
        "size": _high(screen.words_size),
        "heading": _high(screen.heading_high),
        "lines": max((len(tile.heading) for tile in screen.tiles), default=1),
        "least": _high(WORDS),
        "row": _high(ROW),
        **{f"is-{state}": colour for state, colour in theme.states.items()},
    }
    for level, ground in theme.tile.items():
        name = f"{level}-" if level else ""
        told |= {f"{name}fill": ground.fill, f"{name}figure": ground.figure}
        told[f"{name}words" if level else "label"] = ground.words
    lines = "".join(f"  --ccs-{name}: {value};\n" for name, value in told.items())
    return f":root {{\n{lines}}}\n{constant('style.css')}"


def _high(pixels: int) -> str:
    """Write a length of a screen of 1080 lines as a part of the height of any."""
    return f"{round(pixels * 100 / HEIGHT, 2)}vh"


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
    screen = screen_of(wall)
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
            "colors": _colours(THEMES[wall["theme"]]),
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
            # Of two pages with one name the dashboard shows one, whatever their paths (seen, 1.31).
            "name": f"{screen.title} ({name})" if screen.title else name,
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
            **_template(ids, "style", styled(wall, screen), y=140),
            "page": ids["page"],
            "templateScope": "page:style",
        },
        "frame": {
            **_template(ids, "frame", with_texts("frame.vue", _frame(wall)), y=200),
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
        node = _template(
            ids,
            heading_of(tile),
            with_texts(template, _texts(tile, screen.tiles[place])),
            y=80 + 60 * place,
        )
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


def _frame(wall: Mapping[str, Any]) -> dict[str, Json]:
    """Collect what the frame around the tiles says; each field as it is declared."""
    return {key: wall.get(key) for key in ("label", "title", "clock", "messages")}


def _texts(tile: Mapping[str, Any], placed: Placed) -> dict[str, Json]:
    """Collect what a tile says: its own fields, then what follows from them."""
    told: dict[str, Json] = {
        "label": tile.get("label"),
        "heading": heading_of({**tile, "label": ""}),
    }
    if "measure" in tile:
        limits = limits_of(tile)
        worse = limits.worse if limits else None
        return told | {"warn": tile.get("warn"), "alarm": tile.get("alarm"), "worse": worse}
    columns: list[Json] = [
        {"field": column.field, "title": column.title, "wide": _high(column.width)}
        for column in placed.columns
    ]
    told |= {"list": tile["list"], "team": tile.get("team")}
    return told | {"columns": columns, "states": dict(STATES)}


def _colours(theme: Theme) -> dict[str, Json]:
    return {
        "surface": theme.page,
        "primary": theme.words,
        "bgPage": theme.page,
        "groupBg": theme.page,
        "groupOutline": theme.page,
    }
