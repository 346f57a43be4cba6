"""Stored and running configuration → objects at both levels."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ccstate import kinds
from ccstate.adapters.asterisk.compare import (
    Deviation,
    Deviations,
    Reading,
    additions,
    compared_in,
    deviations,
    is_primary,
    missing,
    place_of,
    put,
    reading,
    shown_line,
    shown_value,
)
from ccstate.adapters.asterisk.decode import named
from ccstate.adapters.asterisk.entries import FILES, MODULES, Compiled, Entry, Key, Values
from ccstate.adapters.asterisk.handwritten import Handwritten, setup_problems
from ccstate.adapters.asterisk.records import Records
from ccstate.adapters.asterisk.running import Running
from ccstate.adapters.asterisk.spelling import revision_in
from ccstate.adapters.asterisk.stored import Stored
from ccstate.drafts import sealed
from ccstate.journeys.centre import Centre
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
    is_outdated: bool = False
    """Whether ccstate would write the files otherwise, though nobody touched them."""


def stored_view(stored: Stored) -> View:
    """The objects that the include files say, whatever was written into them by hand."""
    view = View(dict(stored.records.objects), {}, {})
    found = _by_hand(stored)
    for gone in missing(stored.compiled, found, _anything):
        view.objects.pop(gone, None)
    centre = Centre(stored.records.objects)
    for owner, deviating in found.items():
        if owner is None:
            lines = [(d.key, d.actual) for d in deviating]
        elif owner not in view.objects:
            continue
        else:
            lines = _taken(view, owner, reading(owner, centre, deviating), stored.values)
        if lines:
            placed = [(stored.places.get(key, ""), key, value) for key, value in lines]
            shown = sorted(
                (_line_number(at), shown_line(at, key, value)) for at, key, value in placed
            )
            view.altered.setdefault(owner, []).extend(line for _, line in shown)
    if rest := [*_problems(stored), *_unlike(stored, found)]:
        view.altered.setdefault(None, []).extend(rest)
    view.is_outdated = stored.is_outdated
    return view


def add_setup(view: View, stored: Stored, by_hand: Handwritten) -> None:
    """What keeps Asterisk from loading ccstate's files, at the first object of each file."""
    for problem in setup_problems(by_hand):
        if FILES[problem.configuration] in stored.contents:
            bearer = _first_of(problem.configuration, view, stored)
            view.altered.setdefault(bearer, []).append(str(problem))


def _first_of(configuration: str, view: View, stored: Stored) -> Address | None:
    """The first managed object that stands in a file; None where there is none."""
    owners = {e.owner for k, e in stored.compiled.entries.items() if k.file == configuration}
    managed = stored.records.ledger
    return min((o for o in owners if o and o in view.objects and o in managed), default=None)


def _line_number(place: str) -> tuple[str, int]:
    """File and line of a place such as `queues.d/ccstate.conf:12`, to sort by."""
    file, _, number = place.rpartition(":")
    return (file, int(number)) if number.isdecimal() else (place, 0)


def _taken(
    view: View, owner: Address, said: Reading, values: Values
) -> list[tuple[Key, str | None]]:
    """The fields put into the object; returns the lines that no field says, or no other value."""
    lines = list(said.lines)
    for key, (path, value) in said.fields:
        before = view.objects[owner]
        view.objects[owner] = put(before, path, value)
        if view.objects[owner] == before:
            lines.append((key, values.get(key)))
    return lines


def _problems(stored: Stored) -> Iterator[str]:
    """Lines that somebody wrote into our files, and that Asterisk loses."""
    for problem in stored.problems:
        if problem.span and stored.is_touched(problem.span.file):
            yield f"{problem.span.file}:{problem.span.line}: {problem.message}"


def _unlike(stored: Stored, found: Deviations) -> Iterator[str]:
    """Files of which no entry says what was done to them: a comment, the order, the end."""
    told = {deviation.key.file for deviating in found.values() for deviation in deviating}
    lost = {problem.span.file for problem in stored.problems if problem.span}
    for name, path in FILES.items():
        content = stored.contents.get(path)
        if not stored.is_touched(path):
            continue
        if content is not None and not revision_in(name, content):
            yield f"{path}: its last lines, which show that all of it was read, are not as they were"
        elif name not in told and path not in lost:
            yield f"{path} is not {'there' if content is None else 'as ccstate wrote it'}"


def _anything(_: Key) -> bool:
    return True


def _by_hand(stored: Stored) -> Deviations:
    """What differs in files that somebody else has written into."""
    touched = {name for name, path in FILES.items() if stored.is_touched(path)}
    if not touched:
        return {}
    compiled = Compiled({k: e for k, e in stored.compiled.entries.items() if k.file in touched})
    values = {key: value for key, value in stored.values.items() if key.file in touched}
    return _joined(deviations(compiled, values, _anything), _strangers_too(compiled, values))


def _strangers_too(compiled: Compiled, values: Mapping[Key, str]) -> Deviations:
    """What was added; in our own files a section that is nobody's is somebody's addition, too."""
    found = {owner: list(added) for owner, added in additions(compiled, values).items()}
    known = {deviation.key for added in found.values() for deviation in added}
    for key, value in values.items():
        if key not in compiled.entries and key not in known:
            found.setdefault(None, []).append(Deviation(key, None, value))
    return found


def _joined(one: Deviations, other: Deviations) -> Deviations:
    return {
        owner: [*one.get(owner, ()), *other.get(owner, ())]
        for owner in dict.fromkeys([*one, *other])
    }


def add_running(view: View, stored: Stored, running: Running) -> None:
    """What runs otherwise than it is stored."""
    expected = _as_stored(stored)
    is_seen = compared_in(running)
    strange = running.values.keys() - expected.entries.keys()
    extra = {key: running.values[key] for key in sorted(strange)}
    found = _joined(
        deviations(expected, running.values, is_seen), additions(_ours(stored, expected), extra)
    )
    gone = missing(expected, found, is_seen)
    centre = Centre(stored.records.objects)
    for owner, deviating in found.items():
        if owner is not None and owner not in view.objects:
            continue
        if owner in gone:
            view.running[owner] = _why_not(running, deviating[0].key.file)
            continue
        # Where a module does not run, one line says what a hundred would.
        idle = {d.key.file for d in deviating if not running.loaded.get(d.key.file, True)}
        values: dict[str, Json] = {file: _why_not(running, file) for file in sorted(idle)}
        key = stored.records.key
        left = [d for d in deviating if d.key.file not in idle]
        if owner is None:
            values |= {place_of(d.key): shown_value(key, d.key, d.actual) for d in left}
        else:
            said = reading(owner, centre, left)
            values |= {path: _sealed(key, owner, path, v) for _, (path, v) in said.fields}
            values |= {named(k): shown_value(key, k, value) for k, value in said.lines}
        view.running[owner] = values
    for owner, why in _unread_files(stored, running):
        view.running.setdefault(owner, why)


def _as_stored(stored: Stored) -> Compiled:
    """The entries that the files really hold, each with the object that it belongs to."""
    if all(stored.contents.get(path) == text for path, text in stored.texts.items()):
        return stored.compiled
    known = stored.compiled.entries
    nobody = Entry("")
    return Compiled(
        {key: known.get(key, nobody)._replace(value=value) for key, value in stored.values.items()}
    )


def _ours(stored: Stored, expected: Compiled) -> Compiled:
    """What stands in the files as it was written there, whatever its value."""
    if expected is stored.compiled:
        return expected
    known = stored.compiled.entries.keys()
    return Compiled({key: entry for key, entry in expected.entries.items() if key in known})


def _why_not(running: Running, file: str) -> str:
    if running.loaded.get(file, True):
        return NOT_LOADED
    return f"{NOT_LOADED}: {MODULES[file]} does not run"


def _unread_files(stored: Stored, running: Running) -> Iterator[tuple[Address, str]]:
    """Objects of files whose end Asterisk has not read, or that it has read before a change."""
    stale: dict[str, str] = {}
    for name, path in FILES.items():
        content = stored.contents.get(path)
        if content is not None and running.loaded.get(name, True):
            there, runs = revision_in(name, content), running.revisions.get(name)
            if there and runs != there:
                stale[name] = f"{NOT_LOADED}: revision {runs or 'none'} runs, {there} is stored"
    if stale:
        for key, entry in stored.compiled.entries.items():
            if key.file in stale and entry.owner and is_primary(entry.owner.kind, key):
                yield entry.owner, stale[key.file]


def shown(view: View, records: Records, wanted: Collection[str]) -> dict[Address, Fields]:
    """The objects of these kinds as an observation shows them: sealed, with what is beside."""
    bearer = _bearer(view, records)
    result: dict[Address, Fields] = {}
    for address in sorted(view.objects):
        if address.kind not in wanted:
            continue
        fields = sealed(records.key, address.kind, view.objects[address])
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
    """Who bears what belongs to no single object: the first that is managed."""
    if None not in view.altered and None not in view.running and not view.is_outdated:
        return None
    return min((a for a in records.ledger if a in view.objects), default=None)


def _sealed(key: bytes, owner: Address, path: str, value: Json) -> Json:
    if not kinds.holds_secrets(owner.kind):
        return value
    shown_fields: Any = sealed(key, owner.kind, put({}, path, value))
    for part in path.split("."):
        shown_fields = shown_fields.get(part) if isinstance(shown_fields, dict) else None
    result: Json = shown_fields
    return result
