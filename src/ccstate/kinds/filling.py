"""Fields with what is not declared filled in: what the kinds say a missing field means."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from ccstate import kinds
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct
from ccstate.model import Fields

_Fill: TypeAlias = Callable[[Any], Any]


def filled(kind: str, fields: Fields) -> Mapping[str, Any]:
    """The fields with the trade's defaults in place of those that are missing, at every depth.

    A field that has no default and is missing stays missing; ask with `get`. The values that are
    there are those of `fields`, not copies.
    """
    result: Mapping[str, Any] = _filling(kind)(fields)
    return result


@cache
def _filling(kind: str) -> _Fill:
    return _fill(kinds.shape(kind)) or dict


def _fill(shape: Shape) -> _Fill | None:
    """How a value of the shape is filled; None where nothing in it has a default."""
    match shape:
        case Leaf():
            return None
        case ListOf(item):
            return _fill_list(_fill(item))
        case MapOf(item):
            return _fill_map(_fill(item))
        case OneOf(tag, variants):
            by_tag = {name: _fill(variant) for name, variant in variants.items()}
            return lambda value: fill(value) if (fill := by_tag[value[tag]]) else value
        case Struct(fields, defaults):
            return _fill_struct({n: f for n, s in fields.items() if (f := _fill(s))}, defaults)


def _fill_list(inner: _Fill | None) -> _Fill | None:
    return None if inner is None else lambda value: [inner(item) for item in value]


def _fill_map(inner: _Fill | None) -> _Fill | None:
    if inner is None:
        return None
    return lambda value: {key: inner(item) for key, item in value.items()}


def _fill_struct(inner: Mapping[str, _Fill], defaults: Mapping[str, Any]) -> _Fill | None:
    if not inner and not defaults:
        return None

    def fill(value: Mapping[str, Any]) -> dict[str, Any]:
        result = {**defaults, **value}
        for name, fill_field in inner.items():
            if (part := result.get(name)) is not None:
                result[name] = fill_field(part)
        return result

    return fill
