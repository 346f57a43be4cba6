"""Stored and running configuration → objects at both levels."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from ccstate import kinds
from ccstate.adapters.asterisk.compiling import compile_uncached
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    FILES,
    MODULES,
    Compiled,
    Entry,
    Key,
    Values,
    display_line,
    display_value,
    entry_name,
    qualified_name,
    used_files,
)
from ccstate.adapters.asterisk.handwritten import Handwritten, setup_problems
from ccstate.adapters.asterisk.include_files import Stored, revision_in, serialize
from ccstate.adapters.asterisk.readback import (
    Deviations,
    ReadBack,
    find_deviations,
    in_sections,
    is_primary,
    missing_objects,
    read_back,
)
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.rows import put
from ccstate.adapters.asterisk.running import Running, compared_in
from ccstate.drafts import sealed
from ccstate.model import ALTERED, RUNNING, Address, Fields, Json

NOT_LOADED = "not loaded"
OUTDATED = "written by another ccstate, or for another setting"


@dataclass(slots=True)
class View:
    """Objects as they stand in the files, secrets and all; and what is to be said beside them.

    `altered` has lines that no field can say, `running` what runs otherwise; the address None has
    what belongs to no single object.
    """

    objects: dict[Address, Fields]
    altered: dict[Address | None, list[str]]
    running: dict[Address | None, Json]
    read: ReadBack
    is_outdated: bool = False
    """Whether ccstate would write the files otherwise, though no file was changed by hand."""
    at_risk: dict[Address, str] = field(default_factory=dict)
    """Objects in files that Asterisk will not load at its next start, and why."""


def stored_view(stored: Stored) -> View:
    """Return the objects that the include files say, whatever was written into them by hand."""
    objects, compiled = stored.records.objects, stored.compiled
    actual = _stored_values(stored)
    found = find_deviations(compiled, actual)
    gone = missing_objects(compiled, found, lambda _: True)
    # Of an object that is gone to its last entry, what led there may have been taken out, too.
    left = {entry.owner for key, entry in compiled.entries.items() if key in actual} if gone else ()
    if wholly := gone.difference(left):
        objects = {address: fields for address, fields in objects.items() if address not in wholly}
        compiled = compile_uncached(objects, stored.setting)
    _reset(found, gone - wholly, actual, compiled.values())
    read = read_back(objects, compiled, stored.setting, actual)
    view = View(dict(read.objects), {}, {}, read)
    for owner, deviating in read.unexplained.items():
        placed = [(stored.places.get(d.key, ""), d.key, d.actual) for d in deviating]
        observed_objects = sorted(
            (_line_number(at), display_line(at, key, value)) for at, key, value in placed
        )
        view.altered.setdefault(owner, []).extend(line for _, line in observed_objects)
    for owner in gone:
        view.objects.pop(owner, None)
    if rest := [*_problems(stored), *_altered_files(view, stored, found)]:
        view.altered.setdefault(None, []).extend(rest)
    view.is_outdated = stored.is_outdated
    return view


def add_setup(view: View, stored: Stored, by_hand: Handwritten) -> None:
    """Add what keeps Asterisk from loading ccstate's files, at the first object of each file.

    All objects of such a file are at risk.
    """
    for problem in setup_problems(by_hand, used_files(stored.compiled.entries)):
        if FILES[problem.configuration] in stored.contents:
            owners = _managed_in(problem.configuration, view, stored)
            view.altered.setdefault(min(owners, default=None), []).append(str(problem))
            for owner in owners:
                view.at_risk.setdefault(owner, str(problem))


def _managed_in(configuration: str, view: View, stored: Stored) -> set[Address]:
    """Return the managed objects that stand in a file."""
    owners = {e.owner for k, e in stored.compiled.entries.items() if k.file == configuration}
    managed = stored.records.ledger
    return {o for o in owners if o and o in view.objects and o in managed}


def _stored_values(stored: Stored) -> dict[Key, str]:
    """Read the values of files that were changed by hand; of all others take what they should say."""
    touched = {name for name, path in FILES.items() if stored.is_touched(path)}
    values = dict(stored.compiled.values())
    if touched:
        values = {key: value for key, value in values.items() if key.file not in touched}
        values |= {key: value for key, value in stored.values.items() if key.file in touched}
    return values


def _reset(
    found: Deviations, owners: Collection[Address], values: dict[Key, str], said: Values
) -> None:
    """Puts back what differs of these objects: nothing more is to be said of them."""
    for deviation in (d for owner in owners for d in found[owner]):
        _put_back(values, said, deviation.key)


def _put_back(values: dict[Key, str], said: Values, key: Key) -> None:
    values.pop(key, None)
    if key in said:
        values[key] = said[key]


def _line_number(place: str) -> tuple[str, int]:
    """File and line of a place such as `queues.d/ccstate.conf:12`, to sort by."""
    file, _, number = place.rpartition(":")
    return (file, int(number)) if number.isdecimal() else (place, 0)


def _problems(stored: Stored) -> Iterator[str]:
    """Lines written into our files by hand, and that Asterisk loses."""
    for problem in stored.problems:
        if problem.span and stored.is_touched(problem.span.file):
            yield f"{problem.span.file}:{problem.span.line}: {problem.message}"


def _altered_files(view: View, stored: Stored, found: Deviations) -> Iterator[str]:
    """Files of which no entry says what was done to them: a comment, the order, the end."""
    explained = {deviation.key.file for deviating in found.values() for deviation in deviating}
    lost = {problem.span.file for problem in stored.problems if problem.span}
    texts = serialize(view.read.compiled, stored.contents)
    for name, path in FILES.items():
        content = stored.contents.get(path)
        if not stored.is_touched(path):
            continue
        if content is not None and not revision_in(name, content):
            yield f"{path}: its last lines, which show that all of it was read, are not as they were"
        elif name not in explained and path not in lost and content != texts.get(path):
            yield f"{path} is not {'there' if content is None else 'as ccstate wrote it'}"


def add_running(view: View, stored: Stored, running: Running) -> None:
    """Add to the view what runs otherwise than it is stored."""
    said = _stored_entries(stored, view.read.compiled)
    is_seen = compared_in(running)
    actual = _running_entries(said, view.read.compiled, running, is_seen)
    found = find_deviations(said, actual)
    gone = {owner for owner in missing_objects(said, found, is_seen) if owner in view.objects}
    # Where a module does not run, one line says what a hundred would.
    not_running: dict[Address | None, set[str]] = {}
    for owner, deviating in found.items():
        for key in (d.key for d in deviating if not running.loaded.get(d.key.file, True)):
            not_running.setdefault(owner, set()).add(key.file)
            _put_back(actual, said.values(), key)
    left_out = [a for a in found if a is not None and (a in gone or a not in view.objects)]
    _reset(found, left_out, actual, said.values())
    read = read_back(view.read.objects, view.read.compiled, stored.setting, actual, said)
    for owner in dict.fromkeys([*found, *read.changes]):
        if owner in gone:
            view.running[owner] = _not_loaded(running, found[owner][0].key.file)
        elif owner is None or owner in view.objects:
            values: dict[str, Json] = {
                file: _not_loaded(running, file) for file in sorted(not_running.get(owner, ()))
            }
            values |= _running_values(stored, owner, read)
            if values:
                view.running[owner] = values
    for owner, why in _unread_files(stored, running):
        view.running.setdefault(owner, why)


def _running_values(stored: Stored, owner: Address | None, read: ReadBack) -> dict[str, Json]:
    """Collect what runs of an object, by field, and by entry where no field says it."""
    key, left = stored.records.key, read.unexplained.get(owner, [])
    if owner is None:
        return {qualified_name(d.key): display_value(key, d.key, d.actual) for d in left}
    changes = {".".join(path): value for path, value in read.changes.get(owner, {}).items()}
    values = {path: _sealed(key, owner, path, value) for path, value in changes.items()}
    return values | {entry_name(d.key): display_value(key, d.key, d.actual) for d in left}


def _stored_entries(stored: Stored, compiled: Compiled) -> Compiled:
    """Return the entries that the files really hold, each with the object that it belongs to."""
    texts = stored.texts.items()
    if all(stored.contents.get(path) == text or path in stored.closed for path, text in texts):
        return stored.compiled
    known = compiled.entries
    unowned = Entry("")
    return Compiled(
        {key: known.get(key, unowned)._replace(value=value) for key, value in stored.values.items()}
    )


def _running_entries(
    said: Compiled, compiled: Compiled, running: Running, is_seen: Callable[[Key], bool]
) -> dict[Key, str]:
    """Take running values where they can be seen, else stored ones; of our own sections alone."""
    values = dict(said.values())
    for key in said.entries:
        if is_seen(key) and running.values.get(key) != values[key]:
            del values[key]
            if key in running.values:
                values[key] = running.values[key]
    # What stands in no section that ccstate wrote is of other authors.
    written = {key: entry for key, entry in compiled.entries.items() if key in said.entries}
    strange = sorted(running.values.keys() - said.entries.keys())
    for key in in_sections(Compiled(written), strange):
        values[key] = running.values[key]
    return values


def _not_loaded(running: Running, file: str) -> str:
    if running.loaded.get(file, True):
        return NOT_LOADED
    return f"{NOT_LOADED}: {MODULES[file]} does not run"


def _unread_files(stored: Stored, running: Running) -> Iterator[tuple[Address, str]]:
    """Objects of files whose end Asterisk has not read, or that it has read before a change."""
    stale: dict[str, str] = {}
    for name, path in FILES.items():
        content = stored.contents.get(path)
        if content is not None and running.loaded.get(name, True) and name not in running.unseen:
            wanted, runs = revision_in(name, content), running.revisions.get(name)
            if wanted and runs != wanted:
                stale[name] = f"{NOT_LOADED}: revision {runs or 'none'} runs, {wanted} is stored"
    if stale:
        for key, entry in stored.compiled.entries.items():
            if key.file not in stale or entry.owner is None:
                continue
            if key.file == ACCOUNTS or is_primary(entry.owner.kind, key):
                yield entry.owner, stale[key.file]


def observed_objects(
    view: View, records: Records, wanted: Collection[str]
) -> dict[Address, Fields]:
    """The objects of these kinds as an observation shows them: sealed, with what is beside."""
    bearer = _bearer(view, records)
    result: dict[Address, Fields] = {}
    for address in sorted(view.objects):
        if address.kind not in wanted:
            continue
        fields = records.shown(address.kind, view.objects[address])
        lines = list(view.altered.get(address, ()))
        runs = view.running.get(address)
        if address == bearer:
            lines += view.altered.get(None, ())
            runs = runs or view.running.get(None)
        if lines or runs:
            fields = {**fields}
        if lines:
            fields[ALTERED] = cast("Json", lines)
        elif view.is_outdated and address == bearer:
            fields = {**fields, ALTERED: OUTDATED}
        if runs:
            fields[RUNNING] = runs
        result[address] = fields
    return result


def _bearer(view: View, records: Records) -> Address | None:
    """Choose the object that bears what belongs to no single one: the first that is managed."""
    if None not in view.altered and None not in view.running and not view.is_outdated:
        return None
    return min((a for a in records.ledger if a in view.objects), default=None)


def _sealed(key: bytes, owner: Address, path: str, value: Json) -> Json:
    if not kinds.holds_secrets(owner.kind):
        return value
    shown_fields: Any = sealed(key, owner.kind, put({}, tuple(path.split(".")), value))
    for part in path.split("."):
        shown_fields = shown_fields.get(part) if isinstance(shown_fields, dict) else None
    result: Json = shown_fields
    return result
