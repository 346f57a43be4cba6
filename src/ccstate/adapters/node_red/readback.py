"""Nodes → displays: what a wall is, read from its nodes and proved by making them again.

Each field is read from the nodes themselves. The display with these fields is compiled; what is there
and does not come of it was altered by hand, and is named by its tile and property.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import ValidationError

from ccstate import kinds
from ccstate.adapters.node_red.api import Node
from ccstate.adapters.node_red.nodes import (
    PARTS,
    Nodes,
    compile_display,
    node_id,
    own_id,
    texts_in,
    tile_part,
)
from ccstate.adapters.node_red.records import Record
from ccstate.kinds.display import Tile
from ccstate.kinds.fields import duration
from ccstate.model import Fields, Json, canonical
from ccstate.wall.colours import THEMES

KEPT = frozenset({"site", "area"})
OWN_BASE = own_id("base")
OUTDATED = "written by another ccstate, or for another exporter"

_LAYOUT = frozenset({"x", "y", "w", "h", "g", "l", "icon", "info", "name"})
"""Properties of how a node looks in the editor; no wall shows them."""
_DEFAULTS: Mapping[str, Json] = {
    name: field.default for name, field in Tile.model_fields.items() if not field.is_required()
}
SHOWN = 60


@dataclass(frozen=True)
class Estate:
    """All nodes of a Node-RED, looked up by the displays that they belong to."""

    nodes: Sequence[Node]

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        return {str(node["id"]): node for node in self.nodes}

    @cached_property
    def base(self) -> str:
        """The id of the dashboard; the one that ccstate makes where there is none.

        The first counts: the dashboard serves all pages below it (seen, 1.31, `ui_base.js`).
        """
        bases = (str(node["id"]) for node in self.nodes if node.get("type") == "ui-base")
        return next(bases, OWN_BASE)

    @cached_property
    def names(self) -> Sequence[str]:
        """The displays whose page is there under its own path."""
        paths = [str(n.get("path")) for n in self.nodes if n.get("type") == "ui-page"]
        return [
            path[1:]
            for path in paths
            if path.startswith("/") and node_id(path[1:], "page") in self.by_id
        ]

    @cached_property
    def _members(self) -> Mapping[str, list[Node]]:
        """Nodes by the group, page or tab that they stand in, and by the nodes that they lead to."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            places = {str(node.get(key)) for key in ("group", "page", "z") if node.get(key)}
            for place in places | set(targets(node)):
                found.setdefault(place, []).append(node)
        return found

    def own(self, name: str) -> dict[str, Node]:
        """Return the nodes of a display by their parts, as far as they are there."""
        most = len(self._members.get(node_id(name, "tiles"), ())) + len(
            self._members.get(node_id(name, "tab"), ())
        )
        parts = (*PARTS, *map(tile_part, range(most)))
        found = ((part, self.by_id.get(node_id(name, part))) for part in parts)
        return {part: node for part, node in found if node is not None}

    def strange(self, name: str, own: Mapping[str, Node]) -> Iterator[tuple[Node, str]]:
        """Yield the nodes of others that take part in a wall, with the id by which they do."""
        ids = {str(node["id"]): part for part, node in own.items()}
        for place, part in ids.items():
            for node in self._members.get(place, ()):
                if str(node["id"]) in ids or (part == "tab" and node.get("z") == place):
                    continue
                yield node, place


def targets(node: Node) -> Iterator[str]:
    """Yield the ids of the nodes that a node leads to."""
    wires = node.get("wires")
    for port in wires if isinstance(wires, list) else ():
        yield from map(str, port if isinstance(port, list) else ())


@dataclass(frozen=True, slots=True)
class Found:
    """A display as its nodes say it; `altered` has what no field says, as `model.ALTERED` does."""

    fields: Fields
    altered: "list[str] | str"


def read_displays(estate: Estate, records: Mapping[str, Record], figures: str) -> dict[str, Found]:
    """Read every display of which the page is there."""
    names = {*estate.names, *(n for n in records if node_id(n, "page") in estate.by_id)}
    found = ((name, _read(estate, name, records.get(name), figures)) for name in sorted(names))
    return {name: display for name, display in found if display is not None}


def _read(estate: Estate, name: str, record: Record | None, figures: str) -> Found | None:
    own = estate.own(name)
    base, written = _recorded(record), record.written if record else {}
    touched = {p for p in {*own, *written} if p not in own or written.get(p) != digest(own[p])}
    strange = list(_strangers(estate, name, own))
    read: list[tuple[Fields, list[str], bool]] = []
    for proposal in _proposals(own, base):
        fields = _validated(base, proposal)
        if fields is None:
            continue
        lines = list(differences(compile_display(name, fields, figures, estate.base), own))
        # A node that is as it was written is not altered, whatever follows for it from another one.
        altered = [line for part, line in lines if part in touched]
        read.append((fields, altered, bool(lines)))
        if not lines:
            break
    if not read:
        return None
    fields, altered, differs = min(read, key=lambda one: len(one[1]))
    is_outdated = differs and not touched and not altered
    return Found(fields, OUTDATED if is_outdated and not strange else [*altered, *strange])


def _recorded(record: Record | None) -> Fields:
    if record is None:
        return {}
    applied = {name: value for name, value in (record.ledger or {}).items() if name != "protect"}
    return {**kinds.defaults("display"), **applied, **record.kept}


def _proposals(own: Mapping[str, Node], base: Fields) -> Iterator[dict[str, Json]]:
    """Yield what the nodes say: all of it, unless a tile between others is gone; and all but the tiles."""
    tiles = _tiles(own, base)
    read: dict[str, Json] = {**_wall(own), "tiles": tiles}
    if sum(part not in PARTS for part in own) == len(tiles):
        yield read
    if "tiles" in base:
        yield {**read, "tiles": base["tiles"]}


def _wall(own: Mapping[str, Node]) -> dict[str, Json]:
    """Read the fields of the wall as a whole; None for one that is not set."""
    told = texts_in(own.get("frame", {}).get("format"))
    read: dict[str, Json] = {
        key: told[key] for key in ("label", "title", "clock", "messages") if key in told
    }
    style = re.search(r"--ccs-page: (#[0-9a-f]{6});", str(own.get("style", {}).get("format")))
    themes = {theme.page: name for name, theme in THEMES.items()}
    if style and style[1] in themes:
        read["theme"] = themes[style[1]]
    timer = own.get("timer", {})
    if (every := _whole(timer.get("repeat"))) is not None:
        read["refresh"] = duration(every)
    props = timer.get("props")
    for prop in props if isinstance(props, list) else ():
        if isinstance(prop, dict) and prop.get("p") == "when_stale":
            read["when_stale"] = prop.get("v")
    if (columns := _whole(own.get("tiles", {}).get("width"))) is not None:
        read["columns"] = columns
    return read


def _tiles(own: Mapping[str, Node], base: Fields) -> list[Json]:
    """Read the tiles: their texts and sizes, and what the wires hand to each of them."""
    wires = own.get("parts", {}).get("wires")
    ports = {
        str(target): port
        for port, leads in enumerate(wires if isinstance(wires, list) else ())
        for target in (leads if isinstance(leads, list) else ())
    }
    asked = _asked(str(own.get("request", {}).get("url")))
    before: Any = base.get("tiles") or []
    tiles: list[Json] = []
    while (node := own.get(tile_part(len(tiles)))) is not None:
        told = texts_in(node.get("format"))
        port = ports.get(str(node["id"]), len(asked))
        read: dict[str, Json] = {
            "label": told.get("label"),
            **(asked[port] if port < len(asked) else {}),
            "warn": told.get("warn"),
            "alarm": told.get("alarm"),
            "team": told.get("team"),
            "width": _whole(node.get("width")),
            "height": _whole(node.get("height")),
        }
        place = len(tiles)
        tiles.append(_spelled(read, before[place] if place < len(before) else {}))
    return tiles


def _asked(url: str) -> list[dict[str, Json]]:
    """Read what an exporter is asked for, in the order of its answer."""
    try:
        query = parse_qsl(urlsplit(url).query, max_num_fields=1000)
    except ValueError:
        return []
    found: dict[str, list[dict[str, Json]]] = {"figure": [], "list": []}
    for key, value in query:
        what, _, queues = value.partition(":")
        named: list[Json] = [*queues.split(",")]
        field = "measure" if key == "figure" else "list"
        found.setdefault(key, []).append({"queues": named, field: what})
    return [*found["figure"], *found["list"]]


def _spelled(read: Mapping[str, Json], before: Mapping[str, Json]) -> dict[str, Json]:
    """Write a tile as it was written before, as far as it says the same; without defaults else."""
    tile: dict[str, Json] = {}
    for name in Tile.model_fields:
        default = _DEFAULTS.get(name)
        value = read.get(name)
        value = default if value is None else value
        known = before.get(name)
        if value == (default if known is None else known):
            if name in before:
                tile[name] = known
        elif value != default:
            tile[name] = value
    return tile


def _whole(value: Json) -> int | None:
    """Read a whole number, which the editor writes as a text."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _validated(base: Fields, read: Mapping[str, Json]) -> Fields | None:
    """The display with those of the fields that its kind allows, in canonical form; None without any."""
    model = kinds.KINDS["display"].model
    fields = {**base, **read}
    try:
        found = model.model_validate(fields).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        wrong = {str(found["loc"][0]) for found in error.errors() if found["loc"]} & read.keys()
        rest = {name: value for name, value in read.items() if name not in wrong}
        return _validated(base, rest) if wrong else None
    return {name: value for name, value in found.items() if value is not None}


def differences(compiled: Nodes, own: Nodes) -> Iterator[tuple[str, str]]:
    """Describe what of the nodes is not as they are compiled: the part, and a line about it."""
    for part, wanted in compiled.items():
        node = own.get(part)
        if node is None:
            yield part, f"{_called(part, wanted)} is gone"
            continue
        for key in sorted((wanted.keys() | node.keys()) - _LAYOUT):
            if not _is_same(wanted.get(key), node.get(key)):
                said = _altered(key, wanted.get(key), node.get(key))
                yield part, f"{_called(part, wanted)}: {said}"
    for part, node in own.items():
        if part not in compiled:
            yield part, f"{_called(part, node)} is there once more"


def _is_same(one: Json, other: Json) -> bool:
    """Whether two values mean the same: the editor writes numbers and truths as text."""
    if isinstance(one, str | int | float) and isinstance(other, str | int | float):
        return str(one).lower() == str(other).lower()
    return one == other


def _altered(key: str, wanted: Json, found: Json) -> str:
    words = {"format": "its template", "func": "its code", "wires": "where it leads"}
    if key in words:
        return f"{words[key]} is altered"
    return f"{key} is {_shown(found)} instead of {_shown(wanted)}"


def _shown(value: Json) -> str:
    if value is None:
        return "not set"
    text = canonical(value).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _called(part: str, node: Node) -> str:
    return f'{part} "{node.get("name")}"' if part.startswith("tile ") else f"the {part}"


def _strangers(estate: Estate, name: str, own: Mapping[str, Node]) -> Iterator[str]:
    """Describe what others have put on the wall, or lead to it."""
    parts = {str(node["id"]): part for part, node in own.items()}
    for node, place in estate.strange(name, own):
        what = f'"{node.get("name") or node["id"]}" ({node.get("type")})'
        if place in targets(node):
            yield f"{what} leads to {_called(parts[place], own[parts[place]])}"
        else:
            yield f"{what} stands on the wall"


def digest(node: Node) -> str:
    """Compute the digest that shows whether a node is still as it was written."""
    told = {key: value for key, value in node.items() if key not in _LAYOUT}
    return hashlib.sha256(canonical(told)).hexdigest()[:16]
