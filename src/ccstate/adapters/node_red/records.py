"""What ccstate keeps inside of Node-RED: a tab that is switched off, with two comments in it.

One says what was applied last to each display, and what a display has that no node can say; the
other who is applying now. Node-RED runs neither.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from ccstate.adapter import Holder
from ccstate.adapters.node_red import codes
from ccstate.adapters.node_red.api import Flows, Node
from ccstate.adapters.node_red.nodes import own_id
from ccstate.errors import Unreadable
from ccstate.model import Fields

FORMAT = 1
TAB, RECORDS, LOCK = own_id("tab"), own_id("records"), own_id("lock")
NAME = "Records of ccstate: do not change"


@dataclass(frozen=True, slots=True)
class Record:
    """One display: its fields as they were declared, those without a node, and digests of its nodes.

    `ledger` is None where the display is managed no longer.
    """

    ledger: Fields | None
    kept: Fields
    written: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Records:
    """What is kept of all displays, by name; `key` is that of the seals, "" where none was made."""

    displays: Mapping[str, Record] = field(default_factory=dict)
    key: str = field(default="", repr=False)


def records_of(flows: Flows, url: str) -> Records:
    """Read the records; Unreadable where they are damaged."""
    found = _info(flows, RECORDS)
    if found is None:
        return Records()
    try:
        read: Any = orjson.loads(found)
        if read["format"] != FORMAT:
            raise Unreadable(codes.RECORDS_FORMAT(url=url, found=read["format"], known=FORMAT))
        displays = {
            str(name): Record(_mapping(one["ledger"]), dict(one["kept"]), dict(one["written"]))
            for name, one in read["displays"].items()
        }
        return Records(displays, bytes.fromhex(read["key"]).hex())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable(codes.RECORDS_DAMAGED(url=url, node=NAME)) from None


def _mapping(value: Any) -> Fields | None:
    return None if value is None else dict(value)


def with_records(flows: Flows, records: Records) -> Flows:
    """Put these records in place of those of the flows."""
    told = {
        "format": FORMAT,
        "key": records.key,
        "displays": {
            name: {"ledger": one.ledger, "kept": one.kept, "written": one.written}
            for name, one in sorted(records.displays.items())
        },
    }
    text = orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
    is_empty = not records.displays and not records.key
    return _with_comment(flows, RECORDS, NAME, None if is_empty else text)


def new_key() -> str:
    return secrets.token_bytes(32).hex()


def holder_of(flows: Flows) -> Holder | None:
    """Read who is applying; None where nobody is."""
    found = _info(flows, LOCK)
    return None if found is None else Holder.decode(found)


def with_holder(flows: Flows, holder: Holder | None) -> Flows:
    """Put this holder of the lock in place of that of the flows."""
    name = f"ccstate is applying: {holder.owner}" if holder else ""
    return _with_comment(flows, LOCK, name, holder.encode().decode() if holder else None)


def _info(flows: Flows, node_id: str) -> str | None:
    found = next((node for node in flows.nodes if node["id"] == node_id), None)
    return None if found is None else str(found.get("info", ""))


def _with_comment(flows: Flows, node_id: str, name: str, text: str | None) -> Flows:
    """Write one comment, and the tab while there is any."""
    nodes = [node for node in flows.nodes if node["id"] not in {TAB, node_id}]
    if text is not None:
        y = 60 if node_id == RECORDS else 120
        comment: Node = {"id": node_id, "type": "comment", "z": TAB, "name": name, "info": text}
        nodes.append({**comment, "x": 200, "y": y, "wires": []})
    if any(node["id"] in {RECORDS, LOCK} for node in nodes):
        tab: Node = {"id": TAB, "type": "tab", "label": "ccstate", "disabled": True, "info": ""}
        nodes.append({**tab, "env": []})
    return Flows(flows.rev, nodes)
