"""What differs inside one value, for people to read: entries of a list, keys of a map.

Whether two values differ at all is decided elsewhere, by `==`. This runs only on what does,
and is the one place that loads deepdiff.
"""

from collections.abc import Callable, Iterator, Mapping
from json import dumps
from typing import NamedTuple, TypeAlias

from ccstate.model import Json

IDENTITIES = ("user", "team", "extension", "name", "date", "every", "label")
"""Fields that tell one entry of a list from another, the most telling first."""
PLAIN = frozenset({"name", "date", "label"})
"""Those that need no word in front: `Christmas Day`, but `user priya.n`."""
TOO_LARGE = 2_000
"""Leaves above which entries are compared as wholes, for deepdiff gets slow."""


class Entry(str):
    """A step into a list: what its entry is called (`user priya.n`), or its place (`#3`)."""

    __slots__ = ()


class Inner(NamedTuple):
    """One difference inside a value; None stands for what is not there.

    An entry that is nothing but its name (a string in a set) has the value `{}`.
    """

    path: tuple[str, ...]
    before: Json
    after: Json


Keyed: TypeAlias = dict[str, Json]


def inside(before: Json, after: Json) -> list[Inner]:
    """The differences in the order of the keys; none where only the order of entries differs."""
    old, new = _keyed(before, after)
    if type(old) is not type(new) or not isinstance(old, dict | list):
        return [Inner((), before, after)]
    if isinstance(old, dict) and isinstance(new, dict):
        old, new = _without_equal(old, new)
    if _leaves(old) + _leaves(new) <= TOO_LARGE:
        return sorted(_deep(old, new), key=_reading_order)
    if isinstance(old, dict) and isinstance(new, dict):
        names = sorted({**old, **new})
        return [Inner((name,), old.get(name), new.get(name)) for name in names]
    return [Inner((), before, after)]


def reordered(before: Json, after: Json) -> tuple[list[str], list[str]] | None:
    """What entries of two lists are called that stand in another order; None where it is the same.

    A list that is sorted is a set: its order means nothing.
    """
    if not (isinstance(before, list) and isinstance(after, list)):
        return None
    if all(spelled == sorted(spelled) for spelled in map(_spelled, (before, after))):
        return None
    for name in (_identity, _every_identity, _itself):
        old, new = _by(name, before), _by(name, after)
        if len(old) == len(before) and len(new) == len(after):
            was, now = [n for n in old if n in new], [n for n in new if n in old]
            return (was, now) if was != now else None
    return None


def _spelled(items: list[Json]) -> list[str]:
    """The entries as sets are sorted by, whatever a plan file holds."""
    return [dumps(i, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for i in items]


def _deep(old: Json, new: Json) -> Iterator[Inner]:
    from deepdiff import DeepDiff

    found = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    for sort, levels in found.items():
        for level in levels:
            path = tuple(
                step if isinstance(step, str) else Entry(f"#{step + 1}")
                for step in level.path(output_format="list")
            )
            before = None if sort.endswith("_added") else level.t1
            after = None if sort.endswith("_removed") else level.t2
            yield Inner(path, before, after)


def _reading_order(found: Inner) -> tuple[tuple[int, str], ...]:
    return tuple((len(step) if step.startswith("#") else 0, step) for step in found.path)


def _keyed(before: Json, after: Json) -> tuple[Json, Json]:
    """Both values, with lists as maps from what their entries are called where that is unique."""
    if isinstance(before, list) and isinstance(after, list):
        for name in (_identity, _every_identity, _itself):
            old, new = _by(name, before), _by(name, after)
            if len(old) == len(before) and len(new) == len(after):
                return _keyed(old, new)
    elif isinstance(before, dict) and isinstance(after, dict):
        both = {key: _keyed(before[key], after[key]) for key in before if key in after}
        return (
            {key: both[key][0] if key in both else value for key, value in before.items()},
            {key: both[key][1] if key in both else value for key, value in after.items()},
        )
    return before, after


def _by(name: Callable[[Json], tuple[str, ...]], items: list[Json]) -> Keyed:
    """The entries by name; fewer of them where a name is missing or not unique."""
    if name is _itself and not _is_set(items):
        return {}
    found: Keyed = {}
    for item in items:
        if not (fields := name(item)):
            return {}
        if not isinstance(item, dict):
            found[Entry(fields[0])] = {}
            continue
        words = [
            f"{item[field]}" if field in PLAIN else f"{field} {item[field]}" for field in fields
        ]
        rest = {field: value for field, value in item.items() if field not in fields}
        found[Entry(", ".join(words))] = rest
    return found


def _every_identity(item: Json) -> tuple[str, ...]:
    if not isinstance(item, dict):
        return ()
    return tuple(field for field in IDENTITIES if isinstance(item.get(field), str))


def _identity(item: Json) -> tuple[str, ...]:
    return _every_identity(item)[:1]


def _itself(item: Json) -> tuple[str, ...]:
    return (str(item),)


def _is_set(items: list[Json]) -> bool:
    """Whether the order of these entries can mean nothing: a set is sorted."""
    return all(isinstance(item, str) for item in items) and items == sorted(map(str, items))


def _without_equal(old: Mapping[str, Json], new: Mapping[str, Json]) -> tuple[Keyed, Keyed]:
    return (
        {key: value for key, value in old.items() if key not in new or value != new[key]},
        {key: value for key, value in new.items() if key not in old or value != old[key]},
    )


def _leaves(value: Json) -> int:
    match value:
        case dict():
            return 1 + sum(_leaves(item) for item in value.values())
        case list():
            return 1 + sum(_leaves(item) for item in value)
        case _:
            return 1
