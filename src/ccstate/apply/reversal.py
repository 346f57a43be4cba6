"""A plan and the platform as it is now → the state of its objects before it, as far as it is known.

Only what still is as the plan left it is taken back. What somebody changed since stays, and is
named: nobody's later work is lost by a way back.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ccstate import kinds
from ccstate.diff import LEDGER_ONLY, is_there
from ccstate.model import (
    ANNOTATIONS,
    Action,
    Address,
    Change,
    Edit,
    Fields,
    Json,
    Observation,
    Remainder,
    Resource,
    Why,
    edited,
)

CHANGED_SINCE = "changed since; it stays as it is"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an object before the plan, beyond what the plan says.

    `fields` are those that were declared, None where they are not known; `secrets` are references
    by path.
    """

    fields: Fields | None = None
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reversal:
    """What one target is to be like again, in the words of a desired state."""

    wanted: dict[Address, Resource] = field(default_factory=dict)
    secrets: dict[Address, dict[str, str]] = field(default_factory=dict)
    """References behind the secrets that are written again, by path."""
    fields: dict[Address, set[str]] = field(default_factory=dict)
    """Paths that are put back, of each object that the plan changed: its other fields stay."""
    gone: set[Address] = field(default_factory=set)
    """Objects that the plan created, and names that it gave."""
    release: set[Address] = field(default_factory=set)
    """Objects that the plan took under management."""
    moves: dict[Address, tuple[Address, ...]] = field(default_factory=dict)
    """Earlier names that objects get again, each with the one that the plan gave it."""
    remains: list[Remainder] = field(default_factory=list)

    @property
    def addresses(self) -> set[Address]:
        return {*self.wanted, *self.gone, *self.release}


Lookup = Callable[[Address], Known]


def reversal(changes: Iterable[Change], seen: Observation, known: Lookup) -> Reversal:
    """Find what takes back the changes of one target; `known` is asked where the plan says too little."""
    back = Reversal()
    for change in changes:
        match change.action:
            case Action.CREATE:
                _uncreate(back, change, seen)
            case Action.MOVE:
                _unmove(back, change, seen, known)
            case Action.DELETE if change.address in back.moves:
                pass  # it gets its name again
            case Action.UPDATE | Action.ADOPT:
                _unedit(back, change, seen, known)
            case Action.DELETE:
                _recreate(back, change, seen, known)
            case Action.RELEASE:
                _manage_again(back, change, seen, known)
    return back


_OF_ANY_PLAN = {Why.YOU, Why.NEW, Why.DELETED}


def taking_back(back: Reversal, changes: Iterable[Change]) -> Iterator[Change]:
    """Keep of changes what takes something back, and say so of each."""
    for change in changes:
        paths = back.fields.get(change.address)
        edits = tuple(
            replace(edit, why=Why.TAKEN_BACK) if edit.why in _OF_ANY_PLAN else edit
            for edit in change.edits
            if paths is None
            or _is_part(edit.path, paths)
            or edit.path.partition(".")[0] in ANNOTATIONS
        )
        if edits or paths is None:
            why = change.why if change.why is Why.RELEASED else Why.TAKEN_BACK
            yield replace(change, why=why, edits=edits)


def _is_part(path: str, paths: Collection[str]) -> bool:
    """Whether a path is one of these, a part of one, or the whole of which one is a part."""
    return any(
        path == other or path.startswith(f"{other}.") or other.startswith(f"{path}.")
        for other in paths
    )


def _leave(back: Reversal, change: Change, reason: str, path: str = "") -> None:
    back.remains.append(Remainder(change.target, change.address, path, reason))


def _uncreate(back: Reversal, change: Change, seen: Observation) -> None:
    live = seen.objects.get(change.address)
    if live is None or change.address not in seen.ledger:
        if live is not None:
            _leave(back, change, "it is no longer managed; it stays")
        return
    if changed := [edit.path for edit in _edits(change) if not _is(live, edit, edit.after, change)]:
        _leave(back, change, f"{', '.join(changed[:3])} was changed since it was created; it stays")
        return
    back.gone.add(change.address)


def _unmove(back: Reversal, change: Change, seen: Observation, known: Lookup) -> None:
    """Give an object its earlier name again: a new one would be without what came along."""
    before, now = change.moved, change.address
    live, ledger = seen.objects.get(now), seen.ledger.get(now)
    if before is None or live is None or ledger is None or before in seen.objects:
        _uncreate(back, change, seen)
        return
    renamed = replace(change, address=before)
    secret = kinds.secrets(now.kind, live)
    undone = [
        edit
        for edit in _undone(back, renamed, live, ledger)
        if _secret_known(back, renamed, edit, secret, known)
    ]
    emptied = _not_there_before(back, renamed, _emptied(live, undone), known)
    fields = {**_with(ledger, undone), **dict.fromkeys(emptied)}
    back.wanted[before] = Resource(before, fields, "")
    back.moves[before] = (now,)
    back.gone.add(now)


def _unedit(back: Reversal, change: Change, seen: Observation, known: Lookup) -> None:
    address, live = change.address, seen.objects.get(change.address)
    ledger = seen.ledger.get(address)
    if live is None or ledger is None:
        _leave(back, change, "it was deleted since" if live is None else "it is no longer managed")
        return
    secret = kinds.secrets(address.kind, live)
    undone = [
        edit
        for edit in _undone(back, change, live, ledger)
        if _secret_known(back, change, edit, secret, known)
    ]
    if not undone:
        if change.action is Action.ADOPT:
            back.release.add(address)
        return
    if change.action is Action.ADOPT:
        _leave(back, change, "it stays under management, for its fields are put back")
    fields = _with(ledger, undone)
    emptied = _not_there_before(back, change, _emptied(live, undone), known)
    back.wanted[address] = Resource(address, {**fields, **dict.fromkeys(emptied)}, "")
    back.fields[address] = {*emptied, *(edit.path for edit in undone)}


def _undone(back: Reversal, change: Change, live: Fields, ledger: Fields) -> Iterator[Edit]:
    """Turn the edits around that still are as the plan made them."""
    for edit in change.edits:
        path = edit.path
        if path.partition(".")[0] in ANNOTATIONS:
            continue
        if edit.why is Why.RELEASED:  # managed again, with the value that it has now
            yield Edit(path, None, _at(live, path), why=Why.YOU)
        elif path in LEDGER_ONLY:
            if ledger.get(path) == edit.after:
                yield Edit(path, edit.after, edit.before, why=Why.YOU)
        elif _is(live, edit, edit.before, change):
            continue  # it never took effect, or is back already
        elif _is(live, edit, edit.after, change):
            yield Edit(path, edit.after, edit.before, why=Why.YOU)
        else:
            _leave(back, change, CHANGED_SINCE, path)


def _secret_known(
    back: Reversal, change: Change, edit: Edit, live: Mapping[str, str], known: Lookup
) -> bool:
    """Whether an edit can be taken back: one of a secret needs the reference of before."""
    if edit.path not in live or edit.after is None:
        return True
    reference = known(change.address).secrets.get(edit.path)
    if reference is None:
        _leave(back, change, "the reference of the secret before is not known", edit.path)
        return False
    back.secrets.setdefault(change.address, {})[edit.path] = reference
    return True


def _recreate(back: Reversal, change: Change, seen: Observation, known: Lookup) -> None:
    address = change.address
    if address in seen.objects:
        if address not in seen.ledger:
            _leave(back, change, "it was created by hand since; it stays")
        return
    before = [e for e in change.edits if e.before is not None and e.path not in ANNOTATIONS]
    earlier = known(address)
    usual, declared = kinds.defaults(address.kind), earlier.fields or {}
    # What nobody declared and every new object has comes by itself; declared, it would stay so.
    told = [e for e in before if e.path in declared or usual.get(e.path) != e.before]
    fields = edited({}, [Edit(edit.path, None, edit.before, why=Why.YOU) for edit in told])
    secrets = kinds.secrets(address.kind, fields)
    references = earlier.secrets if secrets else {}
    if missing := sorted(secrets.keys() - references.keys()):
        for path in missing:
            _leave(back, change, "the reference of the secret before is not known", path)
        fields = edited(fields, [Edit(path, None, None, why=Why.YOU) for path in missing])
    found = {path: references[path] for path in secrets if path in references}
    if found:
        back.secrets[address] = found
    back.wanted[address] = Resource(address, fields, "")


def _manage_again(back: Reversal, change: Change, seen: Observation, known: Lookup) -> None:
    address, live = change.address, seen.objects.get(change.address)
    if live is None or address in seen.ledger:
        return
    fields = known(address).fields
    if fields is None:
        _leave(back, change, "which of its fields were managed is not known; it stays unmanaged")
        return
    secrets = kinds.secrets(address.kind, fields)
    back.wanted[address] = Resource(
        address, edited(fields, [Edit(path, None, None, why=Why.YOU) for path in secrets]), ""
    )


def _edits(change: Change) -> list[Edit]:
    """List the edits that the platform shows."""
    return [
        edit
        for edit in change.edits
        if edit.why is not Why.RELEASED
        and edit.path not in LEDGER_ONLY
        and edit.path.partition(".")[0] not in ANNOTATIONS
    ]


def _is(live: Fields, edit: Edit, value: Json, change: Change) -> bool:
    """Whether the live object has this value in the field of the edit."""
    kind, path = change.address.kind, edit.path
    shown = kinds.with_sorted_lists(kind, live, live)
    if "." not in path:
        value = kinds.with_sorted_lists(kind, {path: value}, live)[path]
    now = _at(shown, path)
    return now == value or is_there(kind, path, value, now)


def _at(fields: Fields, path: str) -> Json:
    inner: Json = dict(fields)
    for name in path.split("."):
        if not isinstance(inner, dict):
            return None
        inner = inner.get(name)
    return inner


def _with(fields: Fields, edits: Iterable[Edit]) -> dict[str, Json]:
    """Set fields, to null where they had no value: one that is left out would keep what it has."""
    result = dict(fields)
    for edit in edits:
        if edit.after is not None or edit.path in LEDGER_ONLY:
            result = edited(result, [edit])
            continue
        *above, last = edit.path.split(".")
        inner = result
        for name in above:
            held = inner.get(name)
            inner[name] = dict(held) if isinstance(held, dict) else {}
            inner = inner[name]  # type: ignore[assignment]  # a dict, as the line before says
        inner[last] = None
    return result


def _not_there_before(back: Reversal, change: Change, emptied: set[str], known: Lookup) -> set[str]:
    """Choose of structs without fields those that the plan made: an empty mailbox is one all the same."""
    if not emptied:
        return set()
    before = known(change.address).fields
    if before is None:
        for name in sorted(emptied):
            _leave(back, change, "whether it was there before is not known; it stays, empty", name)
        return set()
    return {name for name in emptied if before.get(name) is None}


def _emptied(live: Fields, undone: Iterable[Edit]) -> set[str]:
    """Name the structs that hold nothing once their fields are cleared."""
    edits = list(undone)
    after = edited(live, edits)
    return {
        name
        for name in (edit.path.partition(".")[0] for edit in edits if "." in edit.path)
        if after.get(name) == {} and live.get(name)
    }
