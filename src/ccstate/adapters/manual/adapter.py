"""A platform that people change: sheets and requests go out, an export says what is there.

Live state is what the exports show, and nothing else: no sheet, no word of anybody and no record of ours makes
anything confirmed. What no export shows stands in the ledger, on somebody's word.
Why: docs/adr/0043-what-people-do-is-confirmed-by-an-export.md.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ccstate import codes, kinds, secrets
from ccstate.adapter import Holder, Result, SignOff, Support, placed
from ccstate.adapters.manual import codes as manual_codes
from ccstate.adapters.manual import ledger as records
from ccstate.adapters.manual.columns import Unwritable, is_shown, parts, writing_of
from ccstate.adapters.manual.connection import Connection, Export, field_at, is_secret, parse
from ccstate.adapters.manual.exports import Seen, put, read_exports
from ccstate.adapters.manual.ledger import Handed, Kept, Ledger
from ccstate.adapters.manual.sheets import Writer, digest_of, sheet_id
from ccstate.adapters.manual.templates import Template, place_of, read_template
from ccstate.drafts import CHANGED, effective
from ccstate.errors import Diagnostic
from ccstate.kinds import field_paths
from ccstate.kinds.shape import Struct
from ccstate.model import (
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Method,
    Observation,
    edited,
    fingerprint,
)

FOLDERS: Mapping[Method, str] = {"instructions": "sheets", "vendor": "requests"}
NO_COLUMN = "the export does not show it: a person sets it, and nothing confirms that"
NO_SECRET = "no export may hold secrets: a person sets it, and nothing confirms that"  # noqa: S105 - a reason

__all__ = ["Connection", "ManualAdapter", "connect", "places"]


def connect(connection: Mapping[str, Json], folder: Path) -> "ManualAdapter":
    """Return the platform that the exports show; InvalidInput where connection or template are wrong."""
    parsed = parse(connection)
    return ManualAdapter(parsed, read_template(parsed, folder), folder)


def places(connection: Mapping[str, Json], folder: Path) -> frozenset[str]:
    """Return the folder of the ledger, however its path is spelled."""
    return frozenset({os.path.realpath(folder / parse(connection).folder)})


class ManualAdapter:
    """One platform; each call reads its files anew."""

    def __init__(self, connection: Connection, template: Template, root: Path) -> None:
        self.connection = connection
        self.template = template
        self.root = root
        self.shown = {kind: _shown(kind, export) for kind, export in connection.exports.items()}
        self.supports: Mapping[str, Support] = {
            kind: _support(kind, connection.exports[kind], self.shown[kind], method)
            for kind, method in sorted(connection.kinds.items())
        }

    @property
    def _folder(self) -> str:
        return self.connection.folder

    def observe(self, kinds: Collection[str]) -> Observation:
        """See `ccstate.adapter.Adapter`."""
        ledger = records.read_ledger(self.root, self._folder)
        seen = self._seen(kinds)
        return Observation(
            {address: self._live(address, seen, ledger) for address in seen.objects},
            {
                a: kept.ledger
                for a, kept in ledger.objects.items()
                if kept.ledger is not None and a.kind in kinds
            },
            references={
                a: kept.references
                for a, kept in ledger.objects.items()
                if kept.references and a.kind in kinds
            },
        )

    def _seen(self, kinds: Collection[str]) -> Seen:
        known = sorted(set(kinds) & self.supports.keys())
        return read_exports(self.connection.exports, known, self.root)

    def _live(self, address: Address, seen: Seen, ledger: Ledger) -> Fields:
        """Join what the export shows of an object and what only the ledger has."""
        kept = ledger.objects.get(address)
        return _joined(
            address.kind,
            seen.objects[address],
            kept.unseen if kept else {},
            self.shown[address.kind],
        )

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        """See `ccstate.adapter.Adapter`."""
        if not references or self.connection.key is None:
            return {}
        found = secrets.resolve({*references, self.connection.key}, self.root)
        key = found[self.connection.key].encode()
        return {reference: secrets.seal(key, found[reference]) for reference in references}

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        """Report values that nobody could type, or that no export could show."""
        unknown = sorted({change.address.kind for change in changes} - self.supports.keys())
        known = ", ".join(self.supports)
        found = [codes.KIND_UNSUPPORTED(kind=kind, known=known) for kind in unknown]
        for change in changes:
            if change.address.kind in self.supports and change.action is not Action.DELETE:
                found += self._unwritable(change)
        return found

    def _unwritable(self, change: Change) -> list[Diagnostic]:
        found = []
        export = self.connection.exports[change.address.kind]
        for edit in effective(change):
            place = place_of(self.connection, self.template, change.address.kind, edit.path)
            is_block = isinstance(edit.after, dict | list) and not place.writing.separator
            if edit.after is None or is_block or edit.path in change.secrets:
                continue
            column = (export.columns or {}).get(edit.path)
            try:
                if edit.after == "" and export.is_table:
                    raise Unwritable("takes an empty cell for nothing")  # noqa: TRY301 - as its words do
                place.writing.written(edit.after)
                if column is not None:  # what the screen takes, its export may have no word for
                    writing_of(column).written(edit.after)
            except (Unwritable, ValueError) as error:
                found.append(
                    manual_codes.VALUE_UNWRITABLE(
                        address=change.address, field=edit.path, value=edit.after, fault=error
                    )
                )
        return found

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        """See `ccstate.adapter.Adapter`: hand changes over, and record those that exports show by now."""
        if not batch:
            return []
        ledger = records.read_ledger(self.root, self._folder)
        seen = self._seen({change.address.kind for change in batch})
        results: dict[Address, Result] = {}
        new: list[Change] = []
        for change in batch:
            handed = ledger.handed.get(change.address)
            if handed is not None and handed.change == digest_of(change):
                results[change.address] = self._looked_at(change, handed, seen, ledger)
            elif self._basis(change.address, seen, ledger) != change.basis:
                results[change.address] = Result(done=False, reason=CHANGED)
            elif change.action is Action.RELEASE or not (
                effective(change) or change.action in {Action.CREATE, Action.DELETE}
            ):
                _record(change, ledger, self.shown[change.address.kind])
                results[change.address] = Result(done=True)
            else:
                new.append(change)
        for method in FOLDERS:
            told = [c for c in new if self.supports[c.address.kind].method == method]
            if told:
                sheet = self._write(method, told)
                for change in told:
                    export = seen.digests[change.address.kind]
                    ledger.handed[change.address] = Handed(digest_of(change), sheet, export)
                    results[change.address] = Result(done=False, sheet=sheet)
        records.write_ledger(self.root, self._folder, ledger)
        return [results[change.address] for change in batch]

    def _basis(self, address: Address, seen: Seen, ledger: Ledger) -> str:
        live = self._live(address, seen, ledger) if address in seen.objects else None
        return fingerprint(live)

    def _write(self, method: Method, changes: Sequence[Change]) -> str:
        """Write a sheet, or a request; return its path in the project."""
        holder = self.holder()
        writer = Writer(
            self.connection, self.template, self.shown, holder.plan if holder is not None else ""
        )
        path = f"{self._folder}/{FOLDERS[method]}/{sheet_id(changes)}.md"
        records.write(self.root / path, writer.write(method, changes).encode())
        return path

    def _looked_at(self, change: Change, handed: Handed, seen: Seen, ledger: Ledger) -> Result:
        """Say what became of a change that was handed over; recorded once the export shows it."""
        address, word = change.address, handed.word
        shown = self.shown[address.kind]
        missing = _missing(change, seen.objects.get(address), shown)
        unseen = [edit for edit in effective(change) if not is_shown(edit.path, shown)]
        needs_word = bool(unseen) and change.action is not Action.DELETE
        if not missing and (word is not None or not needs_word):
            del ledger.handed[address]
            _record(change, ledger, shown)
            return Result(done=True)
        if word is not None and seen.digests[address.kind] != handed.export:
            del ledger.handed[address]
            file = self.connection.exports[address.kind].file
            return Result(
                done=False, reason=f"signed off by {word.by}, and {file} shows: {missing}"
            )
        return Result(done=False, sheet=handed.sheet)

    def sign_off(self, changes: Sequence[Change], word: SignOff) -> None:
        """See `ccstate.adapter.HandsOver`."""
        ledger = records.read_ledger(self.root, self._folder)
        for change in changes:
            handed = ledger.handed.get(change.address)
            if handed is None or handed.change != digest_of(change):
                continue
            if word.not_done:
                del ledger.handed[change.address]
            else:
                handed.word = word
        records.write_ledger(self.root, self._folder, ledger)

    def recover(self) -> str:
        """See `ccstate.adapter.Adapter`; a file is written whole, so that nothing is half done."""
        return ""

    def lock(self, holder: Holder) -> Holder | None:
        """See `ccstate.adapter.Adapter`; a file beside the ledger."""
        return records.take_lock(self.root, self._folder, holder)

    def unlock(self, holder: Holder) -> None:
        """See `ccstate.adapter.Adapter`."""
        records.give_lock_back(self.root, self._folder, holder)

    def holder(self) -> Holder | None:
        """See `ccstate.adapter.Adapter`."""
        return records.lock_holder(self.root, self._folder)


def _shown(kind: str, export: Export) -> frozenset[str]:
    """List the fields that an export shows, as columns or as all but secrets."""
    if export.columns is not None:
        return frozenset(export.columns) - {"name"}
    return frozenset(path for path in _flat_paths(kind) if not is_secret(kind, path))


def _flat_paths(kind: str) -> list[str]:
    """List the fields that are managed on their own: those of structs one by one."""
    found = []
    for name, inner in kinds.shape(kind).fields.items():
        if isinstance(inner, Struct):
            found += [f"{name}.{part}" for part in inner.fields]
        elif name != kinds.PROTECT:
            found.append(name)
    return found


def _support(kind: str, export: Export, shown: frozenset[str], method: Method) -> Support:
    columns = export.columns or {}
    mapped: set[str] = set()
    lacking: dict[str, str] = {}
    for path in shown:
        column = columns.get(path)
        inside = parts(kind, path)
        mapped.update(inside)
        if column is not None and column.of:
            hint = f"the column {column.column} names {column.of} alone: leave the rest out"
            for part in inside:
                if not part.endswith(f".{column.of}"):
                    mapped.discard(part)
                    lacking[part] = hint
    kept = {
        path: NO_SECRET if is_secret(kind, path) else NO_COLUMN
        for path in field_paths(kind)
        if path not in mapped and path not in lacking
    }
    return placed(kind, mapped=mapped, kept=kept, lacking=lacking, atomic=True, method=method)


def _joined(kind: str, seen: Fields, unseen: Mapping[str, Json], shown: frozenset[str]) -> Fields:
    """Add to what an export shows what the ledger has; nothing inside of what is not there."""
    if not unseen:
        return seen
    found = {
        name: dict(value) if isinstance(value, dict) else value for name, value in seen.items()
    }
    for path, value in kinds.flatten(kind, unseen).items():
        head = path.partition(".")[0]
        if head == path and head in seen and isinstance(field_at(kind, head), Struct):
            continue  # it is there, whatever is in it
        if value is not None and (head == path or head in seen or not is_shown(head, shown)):
            put(found, path, value)
    return found


def _missing(change: Change, live: Fields | None, shown: frozenset[str]) -> str:
    """Describe the first field that the export does not show as the change makes it; "" for none."""
    if change.action is Action.DELETE:
        return "" if live is None else f"{change.address} is still there"
    if live is None:
        return f"{change.address} is not there"
    kind = change.address.kind
    flat = kinds.flatten(kind, kinds.with_sorted_lists(kind, live, live))
    for edit in effective(change):
        if not is_shown(edit.path, shown):
            continue
        value = flat.get(edit.path, live.get(edit.path))
        wanted = edit.after
        if "." not in edit.path:
            wanted = kinds.with_sorted_lists(kind, {edit.path: wanted}, live)[edit.path]
        is_there = wanted == {} and isinstance(value, dict)
        if value != wanted and not is_there:
            return f"{edit.path} is {_said(value)}, not {_said(edit.after)}"
    return ""


def _said(value: Json) -> str:
    text = "not set" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _record(change: Change, ledger: Ledger, shown: frozenset[str]) -> None:
    """Write down that a change was made: what is declared, and what no export shows."""
    address = change.address
    kept = ledger.objects.setdefault(address, Kept())
    if change.action is Action.DELETE:
        del ledger.objects[address]
        return
    if change.action is Action.RELEASE:
        kept.ledger = None
        return
    kept.ledger = dict(change.ledger or {})
    unseen: list[Edit] = [e for e in effective(change) if not is_shown(e.path, shown)]
    before = {} if change.action is Action.CREATE else kept.unseen
    kept.unseen = edited(before, unseen)
    sources = {**kept.references, **change.secrets}
    held = kinds.secrets(address.kind, kept.unseen)
    kept.references = {path: sources[path] for path in held if path in sources}
