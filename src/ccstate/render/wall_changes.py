"""What people in front of a wall will see change: its tiles, in words."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from ccstate.measures import MEASURES
from ccstate.model import Json
from ccstate.render.text import Piece, Style, plain
from ccstate.render.values import join_words, name_first, plural
from ccstate.wall.screen import heading_of
from ccstate.wall.values import limits_of, unit_of

Tile: TypeAlias = Mapping[str, Any]
_COLOURS = (("warn", "amber"), ("alarm", "red"))


def tiles_in(value: Json) -> list[Tile] | None:
    """Read the tiles in a value; None where it holds anything else, for a plan file may come from anywhere."""
    if value is None:
        return []
    if isinstance(value, list) and all(_is_tile(item) for item in value):
        return [cast("Tile", item) for item in value]
    return None


def _is_tile(item: Json) -> bool:
    return isinstance(item, dict) and isinstance(item.get("queues"), list)


def tile_rows(before: Sequence[Tile], after: Sequence[Tile]) -> Iterator[tuple[Piece, ...]]:
    """Write a line for each tile that is new, is gone, or looks otherwise, and one for their order."""
    pairs = _pairs(before, after)
    was = {new: old for old, new in pairs}
    for place, tile in enumerate(after):
        if place not in was:
            yield (Piece(f'+ "{heading_of(tile)}" is new: {contents(tile)}', Style.ADD),)
        elif words := list(_differences(before[was[place]], tile)):
            yield (Piece(f'~ "{heading_of(tile)}" ', Style.CHANGE), *plain(join_words(words)))
    kept = {old for old, _ in pairs}
    for place, tile in enumerate(before):
        if place not in kept:
            yield (Piece(f'- "{heading_of(tile)}" is gone', Style.REMOVE),)
    in_order = [old for old, _ in sorted(pairs, key=lambda pair: pair[1])]
    if in_order != sorted(in_order):
        now = [f'"{heading_of(tile)}"' for tile in after]
        yield plain(f"another order: {name_first(now, len(now), 9)}")


def _pairs(before: Sequence[Tile], after: Sequence[Tile]) -> list[tuple[int, int]]:
    """Pair the places of tiles that are the same to people: what they show, or else their heading."""
    found: list[tuple[int, int]] = []
    names: tuple[Callable[[Tile], Hashable], ...] = (_shown_with_heading, _shown, heading_of)
    for name in names:
        left = set(range(len(before))) - {old for old, _ in found}
        taken = {new for _, new in found}
        places: dict[Hashable, list[int]] = {}
        for place in sorted(left):
            places.setdefault(name(before[place]), []).append(place)
        for place, tile in enumerate(after):
            if place not in taken and (same := places.get(name(tile))):
                found.append((same.pop(0), place))
    return found


def _shown(tile: Tile) -> Hashable:
    queues = frozenset(map(str, tile["queues"]))
    return str(tile.get("measure")), str(tile.get("list")), str(tile.get("team")), queues


def _shown_with_heading(tile: Tile) -> Hashable:
    return _shown(tile), heading_of(tile)


def contents(tile: Tile) -> str:
    """Write what a tile shows: `longest wait of sales and moves, amber at 2m or more`."""
    colours = [
        f"{colour} at {_limit(tile, field)}" for field, colour in _COLOURS if tile.get(field)
    ]
    joint = "for each of" if tile.get("list") == "queues" else "of"
    return ", ".join([f"{_what(tile)} {joint} {_queues(tile)}", *colours])


def _what(tile: Tile) -> str:
    if tile.get("list") == "queues":
        return "a row"
    if tile.get("list"):
        team = f" in team {tile['team']}" if tile.get("team") else ""
        return f"agents{team}"
    measure = MEASURES.get(str(tile.get("measure")))
    title = measure.title if measure else str(tile.get("measure") or "nothing known")
    return title[:1].lower() + title[1:]


def _queues(tile: Tile) -> str:
    names = [str(queue) for queue in tile.get("queues") or ()]
    return name_first(names, len(names))


def _limit(tile: Tile, field: str) -> str:
    """Write a threshold with its direction: `70% or less`, `4 or fewer`, `2m or more`."""
    try:
        limits = limits_of(tile)
        is_count = unit_of(str(tile[field])) == "count"
    except (ValueError, IndexError):
        return str(tile[field])
    lower = "fewer" if is_count else "less"
    return f"{tile[field]} or {'more' if limits and limits.worse == 'higher' else lower}"


def _differences(before: Tile, after: Tile) -> Iterator[str]:
    """Write what people see change of one tile, as ends of a sentence."""
    if (old := heading_of(before)) != heading_of(after):
        yield f'is what "{old}" was'
    if _what(before) != _what(after):
        yield f"shows {_what(after)} instead of {_what(before)}"
    if before["queues"] != after["queues"]:
        verb = "lists" if after.get("list") else "counts"
        yield f"{verb} {_queues(after)} instead of {_queues(before)}"
    for field, colour in _COLOURS:
        old_limit, new_limit = before.get(field), after.get(field)
        if old_limit == new_limit and _limits_alike(before, after, field):
            continue
        if new_limit is None:
            yield f"turns {colour} no more"
        elif old_limit is None:
            yield f"turns {colour} at {_limit(after, field)}"
        else:
            yield f"turns {colour} at {_limit(after, field)}, instead of {_limit(before, field)}"
    old_size, new_size = _size(before), _size(after)
    if old_size != new_size:
        yield f"is {new_size} in size instead of {old_size}"


def _limits_alike(before: Tile, after: Tile, field: str) -> bool:
    return before.get(field) is None or _limit(before, field) == _limit(after, field)


def _size(tile: Tile) -> str:
    wide, high = (n if isinstance(n := tile.get(f), int) else 1 for f in ("width", "height"))
    return f"{plural(wide, 'column')} by {plural(high, 'row')}"
