"""The adapter: one Asterisk, its folders and its manager interface."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ccstate import secrets
from ccstate.adapter import Holder, Result, SecretsUnseen, Support
from ccstate.adapters.asterisk import codes, moving, perform, transaction
from ccstate.adapters.asterisk import connection as connections
from ccstate.adapters.asterisk import records as record_files
from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.audit import (
    audit_changes,
    files_closed,
    modules_missing,
    rights_missing,
)
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.connection import GONE, Connection, places
from ccstate.adapters.asterisk.entries import used_files
from ccstate.adapters.asterisk.estate import read_estate
from ccstate.adapters.asterisk.handwritten import OWN, Handwritten, read_handwritten
from ccstate.adapters.asterisk.include_files import Stored, read_stored
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds import SUPPORTS
from ccstate.adapters.asterisk.kinds.ringing import FAMILY
from ccstate.adapters.asterisk.kinds.switch import key_of
from ccstate.adapters.asterisk.kinds.trunk import trunk_id
from ccstate.adapters.asterisk.measuring import follow_queues
from ccstate.adapters.asterisk.observe import (
    View,
    add_running,
    add_setup,
    observed_objects,
    stored_view,
)
from ccstate.adapters.asterisk.perform import Draft, draft
from ccstate.adapters.asterisk.records import Objects
from ccstate.adapters.asterisk.running import (
    APPLYING,
    CHANNELS,
    POSITION,
    closed_files,
    forbidden_actions,
    read_running,
    unseen_words,
)
from ccstate.adapters.asterisk.running.activity import activity, read_channels, read_positions
from ccstate.adapters.asterisk.server import Server
from ccstate.adapters.asterisk.sounds import SOUNDS_FOLDER, Prompts
from ccstate.adapters.asterisk.sounds.speech import named_speech
from ccstate.adapters.asterisk.storage import Stat, Storage, read_permitted
from ccstate.adapters.asterisk.unmanaged import elsewhere
from ccstate.drafts import Secrets, references
from ccstate.errors import Diagnostic, Unreadable
from ccstate.journeys.call_tests import CallResult, Verdict
from ccstate.journeys.flow import Flow
from ccstate.model import Change, Json, Observation

__all__ = [
    "GONE",
    "AsteriskAdapter",
    "Connection",
    "connect",
    "follow_queues",
    "places",
    "read_estate",
]


def connect(connection: Mapping[str, Json], folder: Path) -> "AsteriskAdapter":
    """The Asterisk of a target; InvalidInput where the connection is wrong. Nothing is opened."""
    return AsteriskAdapter(connections.parse(connection), folder)


@dataclass(frozen=True)
class AsteriskAdapter:
    """One Asterisk; folders and manager interface are opened by each call and closed after it."""

    connection: Connection
    folder: Path
    supports: Mapping[str, Support] = field(default_factory=lambda: SUPPORTS)

    def observe(self, kinds: Collection[str]) -> Observation:
        """See `ccstate.adapter.Adapter`; both levels, in one pass of bulk reads."""
        with self.server() as server:
            stored = self._stored(server)
            by_hand = read_handwritten(server.storage)
            with server.connect() as ami:
                running = read_running(ami, stored.values)
                hidden = forbidden_actions(ami, [CHANNELS, POSITION])
                channels = () if CHANNELS in hidden else read_channels(ami)
                may_ask = POSITION not in hidden
                positions = _positions(ami, stored.records.objects) if may_ask else {}
                forwards = _forwards(ami, stored.records.objects) if may_ask else {}
            view = self._view(stored, self._recordings(), by_hand)
            add_running(view, stored, running)
        found = observed_objects(view, stored.records, kinds)
        doing = activity(running, channels, stored.compiled.entries, positions, forwards)
        unmanaged = {
            address: outside.fields
            for address, outside in elsewhere(by_hand, stored.records).items()
            if address.kind in kinds and address not in found
        }
        return Observation(
            {**found, **unmanaged},
            record_files.of_kinds(stored.records.ledger, kinds),
            {address: found for address, found in doing.items() if address.kind in kinds},
            unseen=tuple(
                unseen_words(
                    closed_files(
                        _closed_includes(stored),
                        by_hand.closed_for(used_files(stored.compiled.entries)),
                    ),
                    running.unseen,
                    sees_calls=CHANNELS not in hidden,
                )
            ),
            references=stored.records.references,
            at_risk=view.at_risk,
        )

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        """See `ccstate.adapter.Adapter`; on a new platform this makes the records."""
        if not references:
            return {}
        with self.server() as server:
            read, closed = read_permitted(server.storage, transaction.RECORDS)
            if record_files.PATH in closed:
                server.storage.read([record_files.PATH])
            records = transaction.read_records(read, server.storage.place, closed)
            if records is not None and records.is_sealed:
                raise SecretsUnseen(record_files.SECRETS)
            found = secrets.resolve(references, self.folder)
            key = records.key if records else _new_key(server.storage)
        return {reference: secrets.seal(key, secret) for reference, secret in found.items()}

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        """See `ccstate.adapter.Adapter`: all that Asterisk would swallow without a word."""
        unknown = sorted({change.address.kind for change in changes} - set(self.supports))
        if unknown:
            known = ", ".join(self.supports)
            return [codes.KIND_UNKNOWN(kind=kind, known=known) for kind in unknown]
        with self.server() as server:
            stored = self._stored(server)
            by_hand = read_handwritten(server.storage)
            view = self._view(stored, self._recordings(), by_hand)
            preview = replace(self._secrets(changes, stored), is_preview=True)
            drafted = _draft(changes, stored, view, by_hand, preview)
            setting = Setting(stored.records.key, self.connection.test_site)
            compiled = compile_objects(drafted.objects, setting)
            problems = audit_changes(changes, drafted, compiled, by_hand, server.storage.place)
            with server.connect() as ami:
                moves = any(map(moving.is_move, changes))
                missing = forbidden_actions(ami, (*APPLYING, *(moving.ACTIONS if moves else ())))
                if changes:
                    problems += modules_missing(ami, compiled, self.connection.ami.host)
        if not stored.records.is_sealed:  # else it is the plan of a reader, who may not apply
            problems += rights_missing(missing, self.connection.ami.host)
            unread = by_hand.closed_for(used_files(compiled.entries))
            closed = closed_files(_closed_includes(stored), unread)
            problems += files_closed(closed, server.storage.place)
            problems += moving.problems(server, changes, by_hand)
        return [*problems, *self._prompts.audit(drafted.objects, stored.records)]

    def moving(self, changes: Sequence[Change], seen: Observation) -> Mapping[str, str]:
        """See `ccstate.adapter.TellsMoves`."""
        with self.server() as server:
            return moving.words(server, changes, seen)

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        """See `ccstate.adapter.Adapter`; everything is written, loaded and confirmed as one."""
        if not batch:
            return []
        with self.server() as server:
            stored = self._stored(server)
            by_hand = read_handwritten(server.storage)
            used = used_files(stored.compiled.entries)
            if closed := [*stored.closed, *by_hand.closed_for(used)]:
                raise Unreadable(files_closed(closed, server.storage.place))
            with server.connect() as ami:
                running = read_running(ami, stored.values, _endpoints(batch))
                if lacking := forbidden_actions(ami, APPLYING):
                    raise Unreadable(rights_missing(lacking, self.connection.ami.host))
            recordings = self._recordings()
            view = self._view(stored, recordings, by_hand)
            add_running(view, stored, running)
            known = self._secrets(batch, stored)
            drafted = _draft(batch, stored, view, by_hand, known)
            if all(change.address in drafted.refused for change in batch):
                return perform.results(batch, drafted, "")
            made = self._prompts.made(drafted.objects, stored.records, recordings)
            written = perform.compiled_files(stored, drafted, server, made.digests)
            if made.files:
                with self._sounds() as sounds:
                    sounds.stage(made.files, mode=0o644)
                    sounds.commit(list(made.files))
            renamed = perform.renamings(batch, drafted, stored, written)
            failure = perform.write_and_load(server, stored, written, running, renamed)
            if not failure and made.leftover:
                with self._sounds() as sounds:
                    sounds.remove(made.leftover)
        return perform.results(batch, drafted, failure)

    def place_calls(
        self, flow: Flow, walked: Sequence[Verdict], report: Callable[[CallResult], None]
    ) -> Sequence[CallResult]:
        """Place each call test that was walked on what runs here; on test sites alone."""
        from ccstate.adapters.asterisk.calls.run import place

        with self.server() as server:
            return place(self.connection, self.folder, server.storage, flow, walked, report=report)

    def recover(self) -> str:
        """See `ccstate.adapter.Adapter`."""
        with self.server() as server:
            return perform.recover(server)

    def lock(self, holder: Holder) -> Holder | None:
        """See `ccstate.adapter.Adapter`."""
        with self.server() as server:
            return transaction.take_lock(server.storage, holder)

    def unlock(self, holder: Holder) -> None:
        """See `ccstate.adapter.Adapter`."""
        with self.server() as server:
            transaction.release_lock(server.storage, holder)

    def holder(self) -> Holder | None:
        """See `ccstate.adapter.Adapter`."""
        with self.server() as server:
            return transaction.lock_holder(server.storage)

    @contextmanager
    def server(self) -> Iterator[Server]:
        """Open the folder and a way to Asterisk; the folder is closed afterwards."""
        with self._opened(self.connection.etc) as storage:
            yield Server(storage, self._ami, self.connection.test_site, self._spool)

    def _ami(self) -> Ami:
        return Ami.connect(connections.login(self.connection, self.folder))

    def _sounds(self) -> AbstractContextManager[Storage]:
        return self._opened(self.connection.sounds)

    def _spool(self) -> AbstractContextManager[Storage]:
        return self._opened(self.connection.spool)

    @contextmanager
    def _opened(self, place: str) -> Iterator[Storage]:
        with closing(connections.storage(self.connection, place, self.folder)) as storage:
            yield storage

    def _stored(self, server: Server) -> Stored:
        return read_stored(server.storage, is_test_site=server.is_test_site)

    def _recordings(self) -> Mapping[str, Stat]:
        with self._sounds() as sounds:
            return sounds.listing(SOUNDS_FOLDER)

    def _view(self, stored: Stored, recordings: Mapping[str, Stat], by_hand: Handwritten) -> View:
        view = stored_view(stored)
        add_setup(view, stored, by_hand)
        self._prompts.compare(view, stored.records, recordings)
        return view

    def _secrets(self, batch: Sequence[Change], stored: Stored) -> Secrets:
        if stored.records.is_sealed:
            return Secrets(stored.records.key, {}, {}, is_sealed=True)
        return Secrets(stored.records.key, *secrets.attempt(references(batch), self.folder))

    @cached_property
    def _prompts(self) -> Prompts:
        return Prompts(self.folder, named_speech())


def _draft(
    batch: Sequence[Change], stored: Stored, view: View, by_hand: Handwritten, known: Secrets
) -> Draft:
    return draft(batch, view, stored.records, elsewhere(by_hand, stored.records), known)


def _endpoints(batch: Sequence[Change]) -> frozenset[str]:
    """The endpoints that have to be as the plan saw them: all details cost seconds at 10,000."""
    names = {"extension": "{}", "trunk": trunk_id("{}")}
    return frozenset(
        names[change.address.kind].format(change.address.name)
        for change in batch
        if change.address.kind in names
    )


def _positions(ami: Ami, objects: Objects) -> Mapping[str, str]:
    """Read the position of each switch that has been turned."""
    switches = [address.name for address in objects if address.kind == "switch"]
    return read_positions(ami, key_of("").rpartition("/")[0], switches)


def _forwards(ami: Ami, objects: Objects) -> Mapping[str, str]:
    """Read where calls of extensions go that were forwarded by a code; AMI of 16 has no list of these."""
    codes = (fields for address, fields in objects.items() if address.kind == "feature_code")
    if not any(code["action"] == "forward" for code in codes):
        return {}
    extensions = [address.name for address in objects if address.kind == "extension"]
    return read_positions(ami, FAMILY, extensions)


def _new_key(storage: Storage) -> bytes:
    """Make the records, and return their key."""
    records = record_files.new_records()
    transaction.write(storage, record_files.dump(records))
    return records.key


def _closed_includes(stored: Stored) -> frozenset[str]:
    """Include files that may not be read."""
    return stored.closed & OWN
