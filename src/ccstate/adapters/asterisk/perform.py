"""A batch of changes: drafted, written as include files, loaded, read back.

Where Asterisk does not run what was written, the old files are put back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ccstate import kinds
from ccstate.adapter import Result
from ccstate.adapters.asterisk import moving, transaction
from ccstate.adapters.asterisk import records as record_files
from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import (
    FILES,
    MEMBER,
    PJSIP,
    QUEUES,
    Compiled,
    Key,
    display_line,
)
from ccstate.adapters.asterisk.include_files import Stored, revision_in, serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.observe import View, observed_objects
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.renaming import Renaming, decode, renaming
from ccstate.adapters.asterisk.running import (
    Member,
    Running,
    compared_in,
    is_running,
    read_queues,
    read_running,
)
from ccstate.adapters.asterisk.running.reload import await_revisions, keep_pauses, reload, restore
from ccstate.adapters.asterisk.server import Server
from ccstate.drafts import CHANGED, Refused, Secrets, after, effective
from ccstate.errors import Unreadable
from ccstate.model import Action, Address, Change, Fields, Json, fingerprint


@dataclass(slots=True)
class Draft:
    """Objects and ledger as they will be, and why single changes are left out.

    `elsewhere` are those which hand-written configuration has, `found` the objects as they are.
    """

    objects: dict[Address, Fields]
    ledger: dict[Address, Fields]
    references: dict[Address, Mapping[str, str]]
    elsewhere: frozenset[Address]
    found: Mapping[Address, Fields] = field(default_factory=dict)
    refused: dict[Address, str] = field(default_factory=dict)
    is_sealed: bool = False
    """Whether objects hold seals in place of secrets: the draft of a reader, which is never written."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An object in hand-written configuration: what it is, and where it stands."""

    fields: Fields
    place: str


def draft(
    batch: Sequence[Change],
    view: View,
    records: Records,
    elsewhere: Mapping[Address, Elsewhere],
    known: Secrets,
) -> Draft:
    """Carry out the batch on the objects of the platform in memory; `known` are its secrets."""
    result = Draft(
        dict(view.objects),
        dict(records.ledger),
        dict(records.references),
        frozenset(elsewhere),
        view.objects,
        is_sealed=records.is_sealed,
    )
    live = dict(observed_objects(view, records, {change.address.kind for change in batch}))
    live |= {address: outside.fields for address, outside in elsewhere.items()}
    left = _unplanned_change(batch, view)
    for change in batch:
        undone = (f"{need} was not done" for need in change.needs if need in result.refused)
        if why := left or next(undone, ""):
            result.refused[change.address] = why
            continue
        try:
            _carry_out(change, result, live, elsewhere, known)
        except Refused as refusal:
            result.refused[change.address] = str(refusal)
    return result


def _unplanned_change(batch: Sequence[Change], view: View) -> str:
    """Find an object whose lines the write would lose, though no change of the batch says so."""
    planned = {change.address for change in batch}
    others = sorted(a for a in view.altered if a is not None and a not in planned)
    if not others:
        return ""
    line = view.altered[others[0]][0]
    return f"{others[0]} was changed by hand ({line}), and this plan does not say so: plan anew"


def _carry_out(
    change: Change,
    result: Draft,
    live: Mapping[Address, Fields],
    elsewhere: Mapping[Address, Elsewhere],
    known: Secrets,
) -> None:
    address = change.address
    before = result.objects.get(address)
    if fingerprint(live.get(address)) != change.basis:
        raise Refused(CHANGED)
    source = result.found.get(change.moved) if change.moved else None
    then = _after(change, before, elsewhere.get(address), known, source)
    if address not in elsewhere:
        result.objects.pop(address, None)
        if then is not None:
            result.objects[address] = then
        _keep_references(change, result, then)
    if change.ledger is None or change.action in {Action.DELETE, Action.RELEASE}:
        result.ledger.pop(address, None)
    else:
        result.ledger[address] = change.ledger


def _keep_references(change: Change, result: Draft, then: Fields | None) -> None:
    """The references of those secrets that the object has afterwards."""
    source = result.references.get(change.moved, {}) if change.moved else {}
    known = {**source, **result.references.pop(change.address, {}), **change.secrets}
    has = kinds.secrets(change.address.kind, then) if then is not None else {}
    if left := {path: known[path] for path in has if path in known}:
        result.references[change.address] = left


def _after(
    change: Change,
    before: Fields | None,
    outside: Elsewhere | None,
    known: Secrets,
    source: Fields | None,
) -> Fields | None:
    if outside is None:
        return after(change, before, known, source)
    is_adopted_as_it_is = change.action is Action.ADOPT and not effective(change)
    if is_adopted_as_it_is or change.action is Action.RELEASE:
        return before
    raise Refused(
        f"{change.address} stands in {outside.place}, which ccstate does not write: "
        "take it out there, and it is made here"
    )


SECONDS_TO_LOAD = 120.0
"""Asterisk 22 takes 7 s to load 10,000 endpoints (measured), and longer under calls."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Written:
    """What the platform will hold: files by their path, and what they were compiled from."""

    compiled: Compiled
    files: Mapping[str, bytes]
    changed: tuple[str, ...]
    """Names of the configurations whose file differs."""


def results(batch: Sequence[Change], draft: Draft, failure: str) -> list[Result]:
    """Make the result of each change: refused by itself, or failed with all others."""
    said = []
    for change in batch:
        reason = draft.refused.get(change.address) or failure
        said.append(Result(done=not reason, reason=reason))
    return said


def compiled_files(
    stored: Stored, draft: Draft, server: Server, sounds: Mapping[str, str]
) -> Written:
    """Compile the files that go with the draft, the records among them."""
    setting = Setting(stored.records.key, server.is_test_site)
    compiled = compile_objects(draft.objects, setting)
    texts = serialize(compiled, stored.contents)
    changed = tuple(
        name for name, path in FILES.items() if stored.contents.get(path) != texts.get(path)
    )
    records = replace(
        record_files.written(stored.records, texts),
        objects=draft.objects,
        ledger=draft.ledger,
        references=draft.references,
        sounds=sounds,
    )
    files = {FILES[name]: texts[FILES[name]] for name in changed}
    return Written(compiled, {**files, **record_files.dump(records)}, changed)


def renamings(
    batch: Sequence[Change], draft: Draft, stored: Stored, written: Written
) -> tuple[Renaming, ...]:
    """Find the names that a batch changes, and the same the other way; nothing where it changes none."""
    names = {
        change.moved: change.address
        for change in batch
        if change.action is Action.MOVE and change.moved and change.address not in draft.refused
    }
    if not names:
        return ()
    before, after = stored.compiled, written.compiled
    back = {new: old for old, new in names.items()}
    return (
        renaming(before, after, draft.objects, names),
        renaming(after, before, stored.records.objects, back),
    )


def write_and_load(
    server: Server,
    stored: Stored,
    written: Written,
    running: Running,
    renamed: Sequence[Renaming] = (),
) -> str:
    """Write, load and read back everything; return why it was taken back, "" where it holds."""
    old = dict(stored.contents)
    if not stored.is_new:
        old |= server.storage.read([record_files.PATH, record_files.SECRETS])
    forward = next(iter(renamed), None)
    if forward:
        moving.forget_strangers(server, forward)
    begun = transaction.begin(server.storage, old, written.files, _beside(running, renamed))
    try:
        if forward:
            moving.begin(server, forward)
        transaction.write(server.storage, written.files)
        failure = _load(server, stored, written, running)
        if forward and not failure:
            failure = moving.settle(server, forward, running.members)
    except Unreadable:
        with suppress(Unreadable):  # the first failure is the one to tell; a later run recovers
            recover(server)
        raise
    if failure:
        return f"{failure}; {_take_back(server, begun)}"
    transaction.end(server.storage, begun)
    return ""


def _beside(running: Running, renamed: Iterable[Renaming]) -> Json:
    """Note whom a reload makes forget why they are paused, and the names that change."""
    paused: list[Json] = [asdict(member) for member in running.members if member.is_paused]
    return {"paused": paused, "renamed": [found.encode() for found in renamed]}


def _noted(begun: transaction.Transaction) -> tuple[list[Member], list[Renaming]]:
    """Return who was paused before a write, and the names that it changes, both ways."""
    said: Any = begun.beside or {}
    paused = [Member(**member) for member in said.get("paused", ())]
    return paused, [decode(found) for found in said.get("renamed", ())]


def _load(server: Server, stored: Stored, written: Written, running: Running) -> str:
    """Load what was written; return why Asterisk does not run it, "" where it does."""
    stale = [name for name in FILES if name in written.changed or _is_stale(name, stored, running)]
    if not stale:
        return ""
    wanted = {
        name: revision_in(
            name, written.files.get(FILES[name], stored.contents.get(FILES[name], b""))
        )
        for name in stale
    }
    with server.connect() as ami:
        if late := _reload_files(ami, stale, wanted):
            names = " and ".join(FILES[name] for name in late)
            return f"Asterisk did not load {names} to its end"
        now = written.compiled.values()
        endpoints = _changed_endpoints(stored, now)
        after = read_running(ami, now, endpoints, stale)
        if moved := _out_of_order(now, after):
            if failure := _put_in_order(server, ami, stored, written, moved):
                return failure
            after = read_running(ami, now, endpoints, stale)
    return _describe_differences(now, after, set(stale))


def _out_of_order(now: Mapping[Key, str], after: Running) -> set[str]:
    """Queues whose members are as they were written, and do not ring in that order."""
    return {
        key.section
        for key, value in now.items()
        if key.item == MEMBER
        and (runs := after.values.get(key, value)) != value
        and runs.rpartition(",")[0] == value.rpartition(",")[0]
    }


def _put_in_order(
    server: Server, ami: Ami, stored: Stored, written: Written, moved: set[str]
) -> str:
    """Has Asterisk forget these queues, and load them again; why it cannot, "" where it did.

    It keeps the members of a queue in a list or by a hash, by the strategy that the queue had when
    it was loaded first; a later strategy changes that no more (`init_queue` of app_queue.c; seen on
    16.28 and 22.10). The dialplan lets callers who come in between wait.
    """
    queues = read_queues(ami)
    if waiting := sorted({caller.queue for caller in queues.waiting if caller.queue in moved}):
        return (
            f"callers wait in {', '.join(waiting)}, and Asterisk puts members in order only while "
            "no caller waits: apply again"
        )
    path = FILES[QUEUES]
    others = {k: e for k, e in written.compiled.entries.items() if k.section not in moved}
    without = serialize(Compiled(others, written.compiled.notes))[path]
    whole = written.files.get(path, stored.contents.get(path, b""))
    with keep_pauses(ami, queues, anew=moved):
        for content in (without, whole):
            server.storage.stage({path: content}, mode=0o640)
            server.storage.commit([path])
            reload(ami, [QUEUES])
            wanted = {QUEUES: revision_in(QUEUES, content)}
            if await_revisions(ami, wanted, SECONDS_TO_LOAD):
                return f"Asterisk did not load {path} to its end"
    return ""


def _reload_files(ami: Ami, names: Sequence[str], wanted: Mapping[str, str]) -> Mapping[str, str]:
    """Loads these files, agents paused as they were; returns those that do not run as wanted."""
    has_agents = QUEUES in names and is_running(ami, QUEUES)
    with keep_pauses(ami, read_queues(ami)) if has_agents else nullcontext():
        reload(ami, names)
        return await_revisions(ami, wanted, SECONDS_TO_LOAD)


def _pause_again(ami: Ami, paused: Collection[Member]) -> None:
    """Tell again why agents are paused, whom a killed process has made forget it."""
    if paused and is_running(ami, QUEUES):
        restore(ami, paused, read_queues(ami).members)


def _is_stale(name: str, stored: Stored, running: Running) -> bool:
    """Whether what runs is not what is stored already."""
    content = stored.contents.get(FILES[name])
    if content is None:
        return False
    revision = revision_in(name, content)
    is_seen = compared_in(running)
    return (
        not running.loaded.get(name, True)
        or running.revisions.get(name) != revision
        or any(
            running.values.get(key) != value
            for key, value in stored.values.items()
            if key.file == name and is_seen(key)
        )
    )


def _changed_endpoints(stored: Stored, now: Mapping[Key, str]) -> set[str]:
    """Endpoints to read in detail: there is no bulk list of those."""
    return {
        key.item
        for key, value in now.items()
        if key.file == PJSIP and key.section == "endpoint" and stored.values.get(key) != value
    }


def _describe_differences(now: Mapping[Key, str], after: Running, files: set[str]) -> str:
    """Describe what runs otherwise than it was written; "" where nothing does."""
    is_seen = compared_in(after)
    # One line for each object: where all of it is missing, the first entry says enough.
    wrong = {
        (key.section, key.item): display_line("", key, after.values.get(key))
        for key, value in now.items()
        if key.file in files and is_seen(key) and after.values.get(key) != value
    }
    if not wrong:
        return ""
    more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
    return f"Asterisk runs otherwise: {'; '.join([*wrong.values()][:SHOWN])}{more}"


def _take_back(server: Server, begun: transaction.Transaction) -> str:
    """Put the old files back and load them; return in words what became of that."""
    paused, renamed = _noted(begun)
    back = renamed[-1] if renamed else None
    if back:
        moving.begin(server, back)
    strange = transaction.take_back(server.storage, begun)
    content = server.storage.read(FILES.values())
    names = [name for name, path in FILES.items() if path in begun.before]
    wanted = {
        name: revision_in(name, content[FILES[name]]) for name in names if FILES[name] in content
    }
    with server.connect() as ami:
        late = _reload_files(ami, names, {n: r for n, r in wanted.items() if r})
        _pause_again(ami, paused)
    stays = moving.settle(server, back, paused) if back else ""
    transaction.end(server.storage, begun)
    if strange:
        return f"{', '.join(strange)} was changed by another author meanwhile, and stays"
    if late or stays:
        return "the old files were put back, and Asterisk has not loaded them"
    return "the old files were put back and loaded"


def recover(server: Server) -> str:
    """Finishes or takes back what a killed process left; says which, "" where nothing was left."""
    begun = transaction.pending(server.storage)
    if begun is None:
        return ""
    if not transaction.holds(server.storage, begun):
        return _take_back(server, begun)
    paused, renamed = _noted(begun)
    forward = renamed[0] if renamed else None
    if forward:
        moving.begin(server, forward)
        paused += [forward.renamed(member) for member in paused]
    content = server.storage.read(FILES.values())
    names = [name for name, path in FILES.items() if path in begun.after]
    wanted = {name: revision_in(name, content.get(FILES[name], b"")) for name in names}
    with server.connect() as ami:
        late = _reload_files(ami, names, wanted)
        _pause_again(ami, paused)
    if late or (forward and moving.settle(server, forward, paused)):
        return _take_back(server, begun)
    transaction.end(server.storage, begun)
    return "the files of the interrupted apply were loaded"
