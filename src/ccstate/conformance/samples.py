"""A small estate that uses every field of every kind, each with two values.

Of each kind there are three objects: the near and the far one hold only what is required, the
one that is walked holds everything. Its first values name the near ones, its second values the
far ones, and nothing names it: so its fields can change one by one, in any order.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, get_args

import orjson
from pydantic import BaseModel

from ccstate import kinds
from ccstate.kinds import KINDS, Path
from ccstate.model import Address, Fields, Json, parse_address

Objects: TypeAlias = Mapping[Address, Fields]

SECRETS: Mapping[str, str] = {
    f"CCSTATE_SECRET_CONFORMANCE_{use}_{number}": secret
    for use, secrets in {
        "PIN": ("482913", "771204"),
        "SIP": ("q8Zt-first-device", "Lm4x-second-device"),
        "TRUNK": ("Rv7n-first-carrier", "Ws2k-second-carrier"),
    }.items()
    for number, secret in enumerate(secrets, start=1)
}
"""Environment variables that the samples refer to as `env:…`, and what is in them."""

NAMES = ("near", "far", "walked")


@dataclass(frozen=True, slots=True)
class Sample:
    """One kind: its near, far and walked object, and what they hold, in canonical form."""

    near: Address
    far: Address
    walked: Address
    required: Fields
    first: Fields
    second: Fields


@cache
def estate() -> Mapping[str, Sample]:
    """The samples by kind."""
    return {kind: _sample(kind, given) for kind, given in _read()["kinds"].items()}


@cache
def circles() -> tuple[Objects, ...]:
    """Objects that name each other, and so can only be created together."""
    return tuple(
        {
            address: _canonical(address.kind, fields)
            for address, fields in ((parse_address(text), given) for text, given in circle.items())
        }
        for circle in _read()["circles"]
    )


@cache
def _read() -> Any:
    return orjson.loads((files("ccstate.conformance") / "estate.json").read_bytes())


def _sample(kind: str, given: Any) -> Sample:
    near, far, walked = (Address(kind, name) for name in given.get("names", NAMES))
    first = {"label": f"First {kind}", "protect": False, **given["first"]}
    second = {"label": f"Second {kind}", "protect": True, **given["second"]}
    canonical = [_canonical(kind, fields) for fields in (given["required"], first, second)]
    return Sample(near, far, walked, *canonical)


def _canonical(kind: str, fields: Any) -> Fields:
    return KINDS[kind].model.model_validate(fields).model_dump(exclude_unset=True)


@dataclass(frozen=True, slots=True)
class Field:
    """A field that is managed on its own: its kind, its dotted path, whether null may clear it."""

    kind: str
    path: str
    nullable: bool

    def __str__(self) -> str:
        return f"{self.kind}.{self.path}"


def fields_of(sample: Sample) -> Iterator[Field]:
    """Every field of the walked object but `protect`, which no platform holds."""
    kind = sample.walked.kind
    for path in kinds.flatten(kind, sample.first):
        if path != "protect":
            yield Field(kind, path, _is_nullable(KINDS[kind].model, path))


def structs_of(sample: Sample) -> Iterator[Field]:
    """The fields with fields of their own, which null clears as a whole."""
    kind = sample.walked.kind
    tops = {path.partition(".")[0] for path in kinds.flatten(kind, sample.first) if "." in path}
    for top in sorted(tops):
        yield Field(kind, top, _is_nullable(KINDS[kind].model, top))


def _is_nullable(model: type[BaseModel], path: str) -> bool:
    top, _, inner = path.partition(".")
    field = model.model_fields[top]
    if not inner:
        return not field.is_required() and field.default is None
    struct = next(
        option
        for option in get_args(field.annotation) or (field.annotation,)
        if isinstance(option, type) and issubclass(option, BaseModel)
    )
    return _is_nullable(struct, inner)


def is_required(field: Field) -> bool:
    """Whether no document may leave the field out."""
    top = field.path.partition(".")[0]
    return KINDS[field.kind].model.model_fields[top].is_required()


def having(fields: Fields, path: str, value: Json) -> dict[str, Json]:
    """The fields with this value at a dotted path, be it None."""
    head, _, rest = path.partition(".")
    if not rest:
        return {**fields, head: value}
    inner = fields.get(head)
    return {**fields, head: having(inner if isinstance(inner, dict) else {}, rest, value)}


def without(fields: Fields, gone: Collection[Path], at: Path = ()) -> dict[str, Json]:
    """The fields without what stands at these places, also inside the entries of lists.

    A mapping or an entry of which nothing is left goes too.
    """
    left = {name: _inside(value, gone, (*at, name)) for name, value in fields.items()}
    return {
        name: value
        for name, value in left.items()
        if (*at, name) not in gone and (value != {} or fields[name] == {})
    }


def _inside(value: Json, gone: Collection[Path], at: Path) -> Json:
    match value:
        case dict():
            return without(value, gone, at)
        case list():
            left = [_inside(item, gone, (*at, place)) for place, item in enumerate(value)]
            return [new for new, item in zip(left, value, strict=True) if new != {} or item == {}]
        case _:
            return value


def at(fields: Fields, path: str) -> Json:
    """What stands at a dotted path; None where nothing does."""
    head, _, rest = path.partition(".")
    value = fields.get(head)
    if not rest:
        return value
    return at(value, rest) if isinstance(value, dict) else None
