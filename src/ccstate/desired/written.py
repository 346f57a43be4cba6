"""Where the author wrote an item of a set: values hold sets sorted, files hold them as written."""

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from ccstate.kinds import PLURALS, Path
from ccstate.kinds.fields import Compare, canonical_order

_Orders: TypeAlias = dict[int, list[int]]
"""For each list of a document, by its identity, where the items of the sorted set are in it."""


def as_written(paths: Iterable[Path], document: Any) -> list[Path]:
    """The paths with the items of sets by their place in the document.

    `("schedules", "weekdays", "holidays", 0)` is the first holiday of the sorted set; the answer
    says which one of the list that is. Where a path leads to what the document does not hold, such
    as a default of the project, its steps stay as they are.
    """
    orders: _Orders = {}
    return [_written(path, document, orders) for path in paths]


def _written(path: Path, document: Any, orders: _Orders) -> Path:
    kind = PLURALS.get(str(path[0])) if path else None
    steps = list(path)
    if kind is None:
        return path
    try:
        value, annotation = document[path[0]][path[1]], cast("Any", kind.model)
        for place, step in enumerate(path[2:], start=2):
            annotation, unordered = _bare(annotation, value)
            if unordered and isinstance(step, int):
                if id(value) not in orders:
                    orders[id(value)] = _order(get_args(annotation)[0], value)
                steps[place] = orders[id(value)][step]
            value = value[steps[place]]
            annotation = _inside(annotation, str(step))
    except (KeyError, IndexError, TypeError, ValidationError):
        pass  # the rest of the path is not in the document
    return tuple(steps)


def _inside(annotation: Any, step: str) -> Any:
    if get_origin(annotation) in (list, dict):
        return get_args(annotation)[-1]
    return annotation.model_fields[step].rebuild_annotation()


def _bare(annotation: Any, value: Any) -> tuple[Any, bool]:
    """The annotation without its markers, and whether they say that order means nothing."""
    unordered = False
    while True:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            annotation = arguments[0]
            unordered |= any(isinstance(mark, Compare) for mark in arguments[1:])
        elif origin in (Union, UnionType):
            annotation = _chosen([option for option in arguments if option is not NoneType], value)
        else:
            return annotation, unordered


def _chosen(options: list[Any], value: Any) -> Any:
    """The one that a value is meant to be: by its `type` where there are several."""
    if len(options) == 1:
        return options[0]
    tags = {get_args(_bare(o, value)[0].model_fields["type"].annotation)[0]: o for o in options}
    return tags[value["type"]]


def _order(item: Any, written: list[Any]) -> list[int]:
    """For each place in the sorted set, the place in the list as it is written."""
    if isinstance(item, type) and issubclass(item, BaseModel):
        return canonical_order([item.model_validate(one) for one in written])
    several: Any = list.__class_getitem__(item)
    return canonical_order(TypeAdapter(several).validate_python(written))
