"""Entries → objects: decoding proposes what an administrator meant, and compiling proves it.

All mapped fields of an object are decoded twice, from what was written and from what is there now.
The fields that came out otherwise are a proposal, and the object with them is compiled. Where that
gives what is there, it is what was meant, exactly. What it does not explain stays a difference of
entries, which people are shown as lines. So a decoder may propose freely, and nothing wrong is
ever said.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from pydantic import ValidationError

from ccstate import kinds as core
from ccstate.adapters.asterisk.compiling import compile_uncached
from ccstate.adapters.asterisk.entries import (
    PJSIP,
    Compiled,
    Entry,
    Key,
    Values,
    is_pjsip,
)
from ccstate.adapters.asterisk.kind import Sections, Setting, target
from ccstate.adapters.asterisk.kinds import KINDS
from ccstate.adapters.asterisk.rows import UNCLEAR, Path, at, put
from ccstate.journeys.centre import Centre
from ccstate.kinds import with_defaults
from ccstate.model import Address, Fields, Json

Objects: TypeAlias = Mapping[Address, Fields]
Changes: TypeAlias = Mapping[Path, Json]
"""Fields by path with the values that they have now; None takes a field away."""


class Deviation(NamedTuple):
    """An entry that is not as it should be; None where there should be none, or is none."""

    key: Key
    expected: Entry | None
    actual: str | None


Deviations: TypeAlias = Mapping[Address | None, list[Deviation]]
"""By the object that they belong to; None has those that belong to no single one."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Objects as entries say them, what these compile to, and what no object explains.

    `changes` has the objects that are not as they were, with the fields that are otherwise.
    """

    objects: Objects
    compiled: Compiled
    changes: Mapping[Address, Changes]
    unexplained: Deviations


def read_back(
    objects: Objects,
    compiled: Compiled,
    setting: Setting,
    actual: Values,
    before: Compiled | None = None,
) -> ReadBack:
    """Read the objects that entries say, if they were these objects before.

    `compiled` is what the objects compile to, `actual` what is there. `before` is what was there
    before; what it has and no object explains is known already, and is passed over.
    """
    said = before or compiled
    found = find_deviations(said, actual)
    if not found:
        return ReadBack(objects, compiled, {}, {})
    differ = {d.key: owner for owner, deviating in found.items() for d in deviating}
    trial = _Trial(objects, compiled, setting, said.values(), actual=actual, differ=list(differ))
    centre = Centre(objects)
    was, now = Sections(said.values(), centre), Sections(actual, centre)
    for owner in found:
        if owner in objects and owner is not None and (kind := KINDS.get(owner.kind)):
            after = kind.decode(now, owner.name)
            trial.propose(
                owner, _changes(objects[owner], owner, kind.decode(was, owner.name), after)
            )
    for name, kind in KINDS.items():
        for added in dict.fromkeys(kind.names(now)):
            address = Address(name, added)
            if address not in objects:
                trial.propose(address, _changes({}, address, {}, kind.decode(now, added)))
    trial.prove({owner: len(deviating) for owner, deviating in found.items() if owner})
    left: dict[Address | None, list[Deviation]] = {}
    for key in trial.wrong:
        expected = trial.compiled.entries.get(key) or compiled.entries.get(key)
        owner = differ.get(key, expected and expected.owner)
        left.setdefault(owner, []).append(Deviation(key, expected, actual.get(key)))
    return ReadBack({**objects, **trial.candidates}, trial.compiled, trial.changes, left)


def _changes(fields: Fields, owner: Address, was: Changes, now: Changes) -> Changes:
    """Return the fields that are decoded to something else than before."""
    recorded = with_defaults(owner.kind, fields) if fields else {}
    changes: dict[Path, Json] = {_vanished(path, now): None for path in was if path not in now}
    for path, value in now.items():
        before = was.get(path, UNCLEAR)
        if before is UNCLEAR:
            before = at(recorded, path)
        if value is not UNCLEAR and value != before:
            changes[path] = value
    return changes


def _vanished(path: Path, now: Changes) -> Path:
    """The shortest beginning of a path of which nothing is left: a node with all its fields."""
    for length in range(1, len(path)):
        if not any(other[:length] == path[:length] for other in now):
            return path[:length]
    return path


class _Trial:
    """Proposals for objects, which are compiled, and given up where that gives something else."""

    def __init__(
        self,
        objects: Objects,
        compiled: Compiled,
        setting: Setting,
        before: Values,
        *,
        actual: Values,
        differ: Sequence[Key],
    ) -> None:
        self.compiled = compiled
        self.changes: dict[Address, Changes] = {}
        self.candidates: dict[Address, Fields] = {}
        self.wrong = dict.fromkeys(differ)
        """The entries that are otherwise than the candidates compile to."""
        self._objects = objects
        self._first = compiled
        self._setting = setting
        self._actual = actual
        # What was not explained before is not explained by its going.
        first = compiled.values()
        self._unknown = {key for key in differ if before.get(key) != first.get(key)}
        self._differ = differ

    def propose(self, address: Address, changes: Changes) -> None:
        """Takes the fields that the kind allows; all of them where the object is a new one."""
        base = self._objects.get(address, {})
        candidate, kept = _validated(address.kind, base, changes)
        if kept != changes and not base:
            candidate = None
        if candidate is None or candidate == base:
            self.changes.pop(address, None)
            self.candidates.pop(address, None)
        else:
            self.changes[address], self.candidates[address] = kept, candidate

    def prove(self, differed: Mapping[Address, int]) -> None:
        """Keeps what explains more than the record does; at most three compilations."""
        if not self.candidates:
            return
        self._compile()
        proposed = dict(self.changes)
        for address, keys in self._wrong_of(self.candidates).items():
            self.propose(address, self._without_blame(address, keys))
        if self.changes != proposed:
            self._compile()
        worse = [
            address
            for address, keys in self._wrong_of(self.candidates).items()
            if len(keys) >= differed.get(address, 0)
        ]
        if worse:
            for address in worse:
                self.propose(address, {})
            self._compile()

    def _compile(self) -> None:
        self.compiled = (
            compile_uncached({**self._objects, **self.candidates}, self._setting)
            if self.candidates
            else self._first
        )
        first, now, actual = self._first.values(), self.compiled.values(), self._actual
        self.wrong = dict.fromkeys(
            key for key in self._differ if key in self._unknown or now.get(key) != actual.get(key)
        )
        if now is not first:
            keys = dict.fromkeys((*first, *now))
            moved = (key for key in keys if now.get(key) != first.get(key))
            self.wrong |= dict.fromkeys(k for k in moved if now.get(k) != actual.get(k))

    def _wrong_of(self, addresses: Iterable[Address]) -> dict[Address, list[Key]]:
        found: dict[Address, list[Key]] = {}
        for key in self.wrong:
            for owner in {entry.owner for entry in self._entries(key)}:
                if owner in self.candidates and owner is not None:
                    found.setdefault(owner, []).append(key)
        return found

    def _entries(self, key: Key) -> Iterator[Entry]:
        for compiled in (self.compiled, self._first):
            if entry := compiled.entries.get(key):
                yield entry

    def _without_blame(self, address: Address, keys: Iterable[Key]) -> Changes:
        """Return the changes but for those that moved an entry to where it is not."""
        if address not in self._objects:
            return {}
        now, first = self.compiled.values(), self._first.values()
        blamed = {
            field
            for key in keys
            if now.get(key) != first.get(key)
            for entry in self._entries(key)
            for field in entry.field.split()
        }
        return {
            path: value
            for path, value in self.changes[address].items()
            if not any(_related(".".join(path), field) for field in blamed)
        }


def _related(one: str, other: str) -> bool:
    """Whether one of two dotted paths is, or is in, the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _validated(kind: str, base: Fields, changes: Changes) -> tuple[Fields | None, Changes]:
    """The object with the changes that its kind allows, in canonical form; None without any."""
    if not changes:
        return None, {}
    fields: Fields = base
    for path, value in changes.items():
        fields = put(fields, path, value)
    secret = core.secrets(kind, fields)
    open_fields = fields
    for dotted in secret:
        open_fields = put(open_fields, tuple(dotted.split(".")), None)
    try:
        model = core.KINDS[kind].model.model_validate(open_fields)
    except ValidationError as error:
        places = [{str(part) for part in found["loc"]} for found in error.errors()]
        rest = {p: v for p, v in changes.items() if not any(set(p) <= place for place in places)}
        return _validated(kind, base, rest) if len(rest) < len(changes) else (None, {})
    result: Fields = model.model_dump(mode="json", exclude_unset=True)
    for dotted, text in secret.items():
        result = put(result, tuple(dotted.split(".")), text)
    return result, changes


def find_deviations(compiled: Compiled, values: Values) -> dict[Address | None, list[Deviation]]:
    """Find all entries that differ, are gone or were added, by the object that they belong to."""
    found: dict[Address | None, list[Deviation]] = {}
    for key, entry in compiled.entries.items():
        actual = values.get(key)
        if actual != entry.value:
            found.setdefault(entry.owner, []).append(Deviation(key, entry, actual))
    extra = [key for key in values if key not in compiled.entries]
    for key, owner in entry_owners(compiled, values, extra).items():
        found.setdefault(owner, []).append(Deviation(key, None, values[key]))
    return found


def entry_owners(
    compiled: Compiled, values: Values, extra: Iterable[Key]
) -> Mapping[Key, Address | None]:
    """Find the object of each added entry: the owner of its section, or of the place it leads to.

    None where it is no single object's.
    """
    extra = list(extra)
    asked = {group for key in extra for group in _groups(key)}
    by_group: dict[tuple[str, ...], Address | None] = {}
    for key, entry in compiled.entries.items() if extra else ():
        for group in _groups(key):
            if group in asked and by_group.setdefault(group, entry.owner) != entry.owner:
                by_group[group] = None
    return {key: _owner(key, values[key], by_group) for key in extra}


def _owner(
    key: Key, value: str, by_group: Mapping[tuple[str, ...], Address | None]
) -> Address | None:
    place = target(value)
    if place and place.kind == "feature_code":
        return place.address  # dialled at a site, it stands in the context of that
    for group in _groups(key):
        if group in by_group:
            if owner := by_group[group]:
                return owner
            break
    return place.address if place and place.kind in KINDS else None


def _groups(key: Key) -> tuple[tuple[str, ...], ...]:
    """Sections that an entry stands in, the narrowest first."""
    if is_pjsip(key.file):
        return ((PJSIP, "", key.item),)
    return ((key.file, key.section, key.item), (key.file, key.section))


def in_sections(compiled: Compiled, extra: Iterable[Key]) -> list[Key]:
    """Select the added entries that stand in a section of ours."""
    extra = list(extra)
    ours = {group for key in compiled.entries for group in _groups(key)} if extra else set()
    return [key for key in extra if any(group in ours for group in _groups(key))]


def missing_objects(
    compiled: Compiled, found: Deviations, is_seen: Callable[[Key], bool]
) -> frozenset[Address]:
    """The objects of which nothing is there: every primary entry that could be seen is gone."""
    suspects = {
        owner: gone
        for owner, deviating in found.items()
        if owner is not None
        and (gone := sum(d.actual is None and is_primary(owner.kind, d.key) for d in deviating))
    }
    left = dict(suspects)
    for key, entry in compiled.entries.items() if suspects else ():
        if entry.owner in left and is_primary(entry.owner.kind, key) and is_seen(key):
            left[entry.owner] -= 1
    return frozenset(owner for owner, count in left.items() if not count)


def is_primary(kind: str, key: Key) -> bool:
    """Whether an object of the kind is not there at all without such entries."""
    return kind in KINDS and KINDS[kind].is_primary(key)
