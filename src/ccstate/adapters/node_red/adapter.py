"""The adapter: one Node-RED with its dashboard."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from ccstate import secrets
from ccstate.adapter import Holder, Result, Support, placed
from ccstate.adapters.node_red import codes
from ccstate.adapters.node_red import connection as connections
from ccstate.adapters.node_red.api import Api, Flows, Node, Overtaken, session
from ccstate.adapters.node_red.connection import Connection, places
from ccstate.adapters.node_red.nodes import DASHBOARD, TYPES, Nodes, compile_display, dashboard
from ccstate.adapters.node_red.readback import (
    KEPT,
    OWN_BASE,
    Estate,
    Found,
    digest,
    read_displays,
    targets,
)
from ccstate.adapters.node_red.records import (
    Record,
    Records,
    holder_of,
    new_key,
    records_of,
    with_holder,
    with_records,
)
from ccstate.drafts import CHANGED, Refused, Secrets, after
from ccstate.errors import Diagnostic, Unreadable
from ccstate.kinds import field_paths
from ccstate.model import (
    ALTERED,
    ANNOTATIONS,
    RUNNING,
    Action,
    Address,
    Change,
    Fields,
    Json,
    Observation,
    fingerprint,
)

__all__ = ["Connection", "NodeRedAdapter", "connect", "places"]

T = TypeVar("T")

KIND = "display"
_NO_PLACE = "a page does not say where the screen hangs that shows it"
_KEPT = {"site": _NO_PLACE, "area": _NO_PLACE}
SUPPORTS: Mapping[str, Support] = {
    KIND: placed(
        KIND,
        mapped=[path for path in field_paths(KIND) if path not in _KEPT],
        kept=_KEPT,
        needs_reload=True,
        atomic=True,
    )
}
VERSION = 1
"""Of the dashboard, whose pages the style of a wall fits (seen with 1.31)."""
ATTEMPTS = 5
"""How often flows are read again that others have changed since, before it is given up."""
BUSY = "others change the flows all the time: try again when nobody deploys"


def connect(connection: Mapping[str, Json], folder: Path) -> "NodeRedAdapter":
    """The Node-RED of a target; InvalidInput where the connection is wrong. Nothing is opened."""
    return NodeRedAdapter(connections.parse(connection), folder)


@dataclass(frozen=True, slots=True)
class View:
    """A Node-RED in one read: its nodes, the records among them, and the displays that these are."""

    flows: Flows
    estate: Estate
    records: Records
    found: Mapping[str, Found]
    stopped: str
    """Why nothing runs of what is stored; "" where it runs."""

    def shown(self, name: str) -> Fields | None:
        """The display as an observation shows it; None where it is not there."""
        found = self.found.get(name)
        if found is None:
            return None
        fields: dict[str, Json] = {**found.fields}
        if record := self.records.displays.get(name):
            fields.update(record.kept)
        if found.altered:
            fields[ALTERED] = [*found.altered] if isinstance(found.altered, list) else found.altered
        if self.stopped:
            fields[RUNNING] = self.stopped
        return fields


@dataclass(frozen=True)
class NodeRedAdapter:
    """One Node-RED; each call logs in anew."""

    connection: Connection
    folder: Path
    supports: Mapping[str, Support] = field(default_factory=lambda: SUPPORTS)

    def observe(self, kinds: Collection[str]) -> Observation:
        """See `ccstate.adapter.Adapter`; what is stored, and whether it runs."""
        with self._session() as api:
            if KIND not in kinds:
                return Observation({}, {})
            view = self._view(api)
        objects = {Address(KIND, name): view.shown(name) or {} for name in view.found}
        records = view.records.displays.items()
        ledger = {Address(KIND, n): one.ledger for n, one in records if one.ledger is not None}
        return Observation(objects, ledger)

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        """See `ccstate.adapter.Adapter`; a display has no secret, yet the contract is one for all."""
        if not references:
            return {}
        found = secrets.resolve(references, self.folder)
        with self._session() as api:
            key = bytes.fromhex(_changed(api, self._with_key))
        return {reference: secrets.seal(key, secret) for reference, secret in found.items()}

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        """See `ccstate.adapter.Adapter`: what Node-RED would take and never run."""
        unknown = sorted({change.address.kind for change in changes} - set(self.supports))
        if unknown:
            known = ", ".join(self.supports)
            return [codes.KIND_UNKNOWN(kind=kind, known=known) for kind in unknown]
        if not changes:
            return []
        with self._session() as api:
            return [*_unusable(api), *_rights_missing(api)]

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        """See `ccstate.adapter.Adapter`; one deployment, of the flows that were read."""
        if not batch:
            return []
        with self._session() as api:
            if problems := _unusable(api):
                raise Unreadable(problems)
            try:
                return _changed(api, lambda flows: self._carried_out(self._read(api, flows), batch))
            except Overtaken:
                return [Result(done=False, reason=BUSY) for _ in batch]

    def recover(self) -> str:
        """See `ccstate.adapter.Adapter`; a deployment is one write, and leaves nothing half done."""
        return ""

    def lock(self, holder: Holder) -> Holder | None:
        """See `ccstate.adapter.Adapter`; of two who read that it is free, one deploys too late."""

        def taken(flows: Flows) -> tuple[Holder | None, Flows | None]:
            held = holder_of(flows)
            return held, None if held else with_holder(flows, holder)

        with self._session() as api:
            return _changed(api, taken)

    def unlock(self, holder: Holder) -> None:
        """See `ccstate.adapter.Adapter`."""

        def given_back(flows: Flows) -> tuple[None, Flows | None]:
            return None, with_holder(flows, None) if holder_of(flows) == holder else None

        with self._session() as api:
            _changed(api, given_back)

    def holder(self) -> Holder | None:
        """See `ccstate.adapter.Adapter`."""
        with self._session() as api:
            return holder_of(api.flows())

    @contextmanager
    def _session(self) -> Iterator[Api]:
        with session(self.connection, self.folder) as api:
            yield api

    def _view(self, api: Api) -> View:
        return self._read(api, api.flows())

    def _read(self, api: Api, flows: Flows) -> View:
        estate = Estate(flows.nodes)
        records = records_of(flows, api.url)
        found = read_displays(estate, records.displays, self.connection.figures)
        stopped = _stopped(api, flows) if found else ""
        return View(flows, estate, records, found, stopped)

    def _with_key(self, flows: Flows) -> tuple[str, Flows | None]:
        records = records_of(flows, self.connection.url)
        if records.key:
            return records.key, None
        key = new_key()
        return key, with_records(flows, replace(records, key=key))

    def _carried_out(
        self, view: View, batch: Sequence[Change]
    ) -> tuple[list[Result], Flows | None]:
        """Draft a batch on what was read: what is said of each change, and the flows with them."""
        results: list[Result] = []
        drafted: dict[str, Fields | None] = {}
        displays = dict(view.records.displays)
        for change in batch:
            name = change.address.name
            try:
                fields = _draft(change, view.shown(name), drafted)
            except Refused as refusal:
                results.append(Result(done=False, reason=str(refusal)))
                continue
            results.append(Result(done=True))
            drafted[name] = fields
            _note(displays, change, fields)
        if not drafted:
            return results, None
        nodes = _written(view, drafted, displays, self.connection.figures)
        return results, with_records(
            Flows(view.flows.rev, nodes), replace(view.records, displays=displays)
        )


def _draft(change: Change, live: Fields | None, drafted: Collection[str]) -> Fields | None:
    """Carry out a change on the live display; Refused where it is not as planned."""
    if change.address.kind != KIND:
        raise Refused(f'this platform does not know the kind "{change.address.kind}"')
    if change.address.name in drafted:
        raise Refused("the batch changes it twice")
    if fingerprint(live) != change.basis:
        raise Refused(CHANGED)
    before = None if live is None else {k: v for k, v in live.items() if k not in ANNOTATIONS}
    return after(change, before, Secrets(b"", {}, {}))


def _note(displays: dict[str, Record], change: Change, fields: Fields | None) -> None:
    """Record what was applied; nothing of a display that is gone."""
    name = change.address.name
    if fields is None:
        displays.pop(name, None)
        return
    keeps = change.action is not Action.RELEASE
    kept = {key: fields[key] for key in sorted(KEPT) if fields.get(key) is not None}
    written = displays[name].written if name in displays else {}
    displays[name] = Record(change.ledger if keeps else None, kept, written)


def _written(
    view: View,
    drafted: Mapping[str, Fields | None],
    displays: dict[str, Record],
    figures: str,
) -> list[Node]:
    """Put the drafted displays in place of their nodes; nodes of others stay, and let go of them."""
    estate = view.estate
    compiled: dict[str, Node] = {}
    gone: set[str] = set()
    for name, fields in drafted.items():
        own = estate.own(name)
        if fields is not None and _is_released(displays, name):
            continue
        gone.update(str(node["id"]) for node in own.values())
        if fields is not None:
            made = compile_display(name, fields, figures, estate.base)
            compiled.update((str(node["id"]), node) for node in made.values())
            displays[name] = replace(displays[name], written=_digests(made))
        elif "tab" in own and any(_stands_in(node, own["tab"], gone) for node in view.flows.nodes):
            gone.discard(str(own["tab"]["id"]))
    nodes: list[Node] = []
    for node in view.flows.nodes:
        place = str(node["id"])
        if place in compiled:
            nodes.append(_as_placed(compiled.pop(place), node))
        elif place not in gone:
            nodes.append(_let_go(node, gone))
    nodes += compiled.values()
    return _with_dashboard(nodes, estate.base)


def _digests(made: Nodes) -> dict[str, str]:
    return {part: digest(node) for part, node in made.items()}


def _is_released(displays: Mapping[str, Record], name: str) -> bool:
    return name in displays and displays[name].ledger is None


def _stands_in(node: Node, tab: Node, gone: Collection[str]) -> bool:
    return node.get("z") == tab["id"] and node["id"] not in gone


def _as_placed(node: Node, before: Node) -> Node:
    """Leave a node where somebody has moved it to in the editor."""
    return {**node, **{key: before[key] for key in ("x", "y") if key in before and key in node}}


def _let_go(node: Node, ids: Collection[str]) -> Node:
    """Take a node of others off a wall: out of its groups and pages, and its wires out of tiles."""
    off: Node = {key: "" for key in ("group", "page") if node.get(key) in ids}
    wires = node.get("wires")
    if isinstance(wires, list) and any(target in ids for target in targets(node)):
        off["wires"] = [
            [target for target in port if target not in ids] if isinstance(port, list) else port
            for port in wires
        ]
    return {**node, **off} if off else node


def _with_dashboard(nodes: list[Node], base: str) -> list[Node]:
    """Add a dashboard where there is none, and take ours away with the last page."""
    has_pages = any(node.get("type") in {"ui-page", "ui-link"} for node in nodes)
    if base != OWN_BASE:
        return nodes
    without = [node for node in nodes if node["id"] != OWN_BASE]
    if not has_pages:
        return without
    return nodes if len(without) < len(nodes) else [*nodes, dashboard()]


def _changed(api: Api, change: "Callable[[Flows], tuple[T, Flows | None]]") -> T:
    """Read the flows, and deploy what `change` makes of them; again where they were overtaken.

    Raises Overtaken where that happens all the time.
    """
    for _ in range(ATTEMPTS - 1):
        answer, flows = change(api.flows())
        if flows is None:
            return answer
        try:
            api.deploy(flows)
        except Overtaken:
            continue
        return answer
    answer, flows = change(api.flows())
    if flows is not None:
        api.deploy(flows)
    return answer


def _stopped(api: Api, flows: Flows) -> str:
    """Say why the flows do not run; "" where they do, or where that is not to be seen."""
    if missing := sorted(_used(flows) - api.installed().types):
        return f"nothing runs: Node-RED waits for nodes of the types {', '.join(missing)}"
    return "nothing runs: the flows are stopped" if api.is_running() is False else ""


def _used(flows: Flows) -> set[str]:
    """Collect the types that have to be installed; those of Node-RED itself have none."""
    off = {node["id"] for node in flows.nodes if node.get("disabled") and node["type"] == "tab"}
    return {
        str(node["type"])
        for node in flows.nodes
        if not str(node["type"]).startswith("subflow")
        and node["type"] not in {"tab", "group"}
        and node.get("z") not in off
        and not node.get("d")
    }


def _unusable(api: Api) -> list[Diagnostic]:
    """Report nodes that are not installed, and flows that would not run."""
    installed = api.installed()
    found = []
    if missing := sorted(TYPES - installed.types):
        found.append(codes.TYPES_MISSING(url=api.url, types=", ".join(missing), package=DASHBOARD))
    version = installed.modules.get(DASHBOARD, "")
    if version and version.partition(".")[0] != str(VERSION):
        found.append(
            codes.DASHBOARD_UNKNOWN(url=api.url, found=version, known=VERSION, package=DASHBOARD)
        )
    if found:
        return found
    if waits := sorted(_used(api.flows()) - installed.types):
        why, hint = (
            f"it waits for nodes of the types {', '.join(waits)}",
            "install them, or delete the nodes",
        )
        return [codes.FLOWS_STOPPED(url=api.url, why=why, hint=hint)]
    if api.is_running() is False:
        why, hint = "they are stopped", "start them in the editor, or without `--safe`"
        return [codes.FLOWS_STOPPED(url=api.url, why=why, hint=hint)]
    return []


def _rights_missing(api: Api) -> list[Diagnostic]:
    granted = api.permissions()
    rights = granted if isinstance(granted, list) else [granted]
    if {"*", "write", "*.write", "flows.write"} & set(map(str, rights)):
        return []
    return [codes.RIGHTS_MISSING(url=api.url, what="write flows", permission="flows.write")]
