"""A small estate that uses every field of every kind, each with two values.

Of each kind there are three objects: the near and the far one hold little more than what is
required, the one that is walked holds everything. Its first values name the near ones, its second
values the far ones, and nothing names it: so its fields can change one by one, in any order.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias, cast, get_args

import orjson
from pydantic import BaseModel

from ccstate import kinds
from ccstate.adapter import Support
from ccstate.kinds import KINDS, Path
from ccstate.kinds.fields import canonical_order
from ccstate.kinds.shape import ListOf, Shape, Struct
from ccstate.model import Address, Fields, Json, parse_address

Objects: TypeAlias = Mapping[Address, Fields]

SECRETS: Mapping[str, str] = {
    f"CCSTATE_SECRET_CONFORMANCE_{use}_{number}": secret
    for use, secrets in {
        "PIN": ("482913", "771204", "315086", "940627"),
        "SIP": ("q8Zt-first-device", "Lm4x-second-device"),
        "TRUNK": ("Rv7n-first-carrier", "Ws2k-second-carrier"),
    }.items()
    for number, secret in enumerate(secrets, start=1)
}
"""Environment variables that the samples refer to as `env:…`, and what is in them."""

NAMES = ("near", "far", "walked")


@dataclass(frozen=True, slots=True)
class Sample:
    """One kind: its near, far and walked object, and what they hold, in canonical form.

    `more` is what the near and the far one hold beyond what is required. `beside` says for fields
    that have an effect only then what else the walked object holds while they are changed by hand.
    `others` are further values of the walked object, for what two have no room for.
    """

    near: Address
    far: Address
    walked: Address
    required: Fields
    first: Fields
    second: Fields
    more: Mapping[Address, Fields]
    beside: Mapping[str, Fields]
    others: tuple[Fields, ...]

    @property
    def made_by_hand(self) -> Fields:
        """Return the first values without those that have an effect only beside others.

        Who makes an object on a platform can say no more.
        """
        idle = {
            tuple(path.split("."))
            for path, beside in self.beside.items()
            if any(self.first.get(name) != value for name, value in beside.items())
        }
        return without(self.first, idle)

    def bystander(self, address: Address) -> Fields:
        """Return what an object of the kind holds that another one names."""
        return {**self.required, **self.more.get(address, {})}


@cache
def estate() -> Mapping[str, Sample]:
    """Return the samples by kind."""
    return {kind: _sample(kind, given) for kind, given in _read()["kinds"].items()}


@cache
def circles() -> tuple[Objects, ...]:
    """Return objects that name each other, and so can only be created together."""
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
    more = {near: given.get("near", {}), far: given.get("far", {})}
    return Sample(
        near,
        far,
        walked,
        required=_canonical(kind, given["required"]),
        first=_canonical(kind, first),
        second=_canonical(kind, second),
        more=more,
        beside=given.get("beside", {}),
        others=tuple(_canonical(kind, fields) for fields in given.get("others", ())),
    )


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


@dataclass(frozen=True, slots=True)
class Part:
    """A field without fields inside, as `ccstate.kinds.field_paths` spells it, in one place.

    `place` leads to it in the first values of the walked object; `other` is another value of it.
    """

    kind: str
    path: str
    place: Path
    other: Json

    def __str__(self) -> str:
        return f"{self.kind}.{self.path}"

    @property
    def field(self) -> Field:
        """The field that is managed on its own and that this is a part of."""
        path = self.path.partition(".*")[0]
        return Field(self.kind, path, _is_nullable(KINDS[self.kind].model, path))


def parts_of(sample: Sample) -> Iterator[Part]:
    """Yield every field that the first values set and of which the second values have another."""
    kind = sample.walked.kind
    places: dict[str, list[Path]] = {}
    others: dict[str, list[Json]] = {}
    for path, place in kinds.set_fields(kind, sample.first):
        places.setdefault(path, []).append(place)
    for path, place in kinds.set_fields(kind, sample.second):
        others.setdefault(path, []).append(value_at(sample.second, place))
    for path, (place, *_) in places.items():
        first = value_at(sample.first, place)
        other = next((value for value in others.get(path, ()) if value != first), None)
        if other is not None:
            yield Part(kind, path, place, other)


def changed(fields: Fields, part: Part) -> dict[str, Json]:
    """Return the fields with the other value of a part, in canonical form.

    In a list or a map, a default is what is not there: no platform could tell the two apart.
    """
    result = put(fields, part.place, part.other)
    if len(part.place) > 2 and part.other == _default_at(kinds.shape(part.kind), part.place):
        result = without(result, {part.place})
    top = part.field.path
    shape, items = kinds.shape(part.kind).fields.get(top), result.get(top)
    if isinstance(shape, ListOf) and shape.unordered and isinstance(items, list):
        result[top] = [items[place] for place in canonical_order(items)]
    if top in result:
        result[top] = kinds.with_sorted_lists(part.kind, {top: result[top]}, result)[top]
    return result


def _default_at(shape: Shape, place: Path) -> Json:
    """Return the default of a field in lists of structures; None where it has none."""
    *above, last = place
    for step in above:
        match shape:
            case Struct(fields):
                shape = fields[str(step)]
            case ListOf(item):
                shape = item
            case _:
                return None
    return shape.defaults.get(str(last)) if isinstance(shape, Struct) else None


def fields_of(sample: Sample) -> Iterator[Field]:
    """Yield every field of the walked object but `protect`, which no platform holds."""
    kind = sample.walked.kind
    for path in kinds.flatten(kind, sample.first):
        if path != "protect":
            yield Field(kind, path, _is_nullable(KINDS[kind].model, path))


def structs_of(sample: Sample) -> Iterator[Field]:
    """Yield the fields with fields of their own, which null clears as a whole."""
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
    """Check whether no document may leave the field out."""
    top = field.path.partition(".")[0]
    return KINDS[field.kind].model.model_fields[top].is_required()


def having(fields: Fields, path: str, value: Json) -> dict[str, Json]:
    """Return the fields with this value at a dotted path, be it None."""
    return put(fields, tuple(path.split(".")), value)


def put(fields: Fields, place: Path, value: Json) -> dict[str, Json]:
    """Return the fields with this value at a place, also inside the entries of lists."""
    head, *rest = place
    return {**fields, str(head): _put_inside(fields.get(str(head)), rest, value)}


def _put_inside(before: Json, place: Sequence[str | int], value: Json) -> Json:
    match before, place:
        case _, []:
            return value
        case list(), [int(head), *rest]:
            return [
                _put_inside(item, rest, value) if number == head else item
                for number, item in enumerate(before)
            ]
        case _:
            return put(before if isinstance(before, dict) else {}, tuple(place), value)


def value_at(fields: Fields, place: Path) -> Json:
    """Return the value at a place, which must be there."""
    found: Any = fields
    for step in place:
        found = found[step]
    return cast("Json", found)


def without(fields: Fields, gone: Collection[Path], at: Path = ()) -> dict[str, Json]:
    """Return the fields without those at these places, also inside the entries of lists.

    A mapping, a list or an entry of which nothing is left goes too.
    """
    left = {name: _inside(value, gone, (*at, name)) for name, value in fields.items()}
    return {
        name: value
        for name, value in left.items()
        if (*at, name) not in gone and (value not in ({}, []) or fields[name] in ({}, []))
    }


def able(support: Support, kind: str, fields: Fields) -> dict[str, Json]:
    """Return the fields without those that a platform lacks, and without entries made of them."""
    gone: set[Path] = set()
    for path, place in kinds.set_fields(kind, fields):
        if path in support.lacking:
            gone.add(place)
            whole = path.rpartition(".")[0]
            inside = [known for known in kinds.field_paths(kind) if known.startswith(f"{whole}.")]
            if whole and support.lacking.keys() >= set(inside):
                gone.add(place[:-1])
    return without(fields, gone)


def _inside(value: Json, gone: Collection[Path], at: Path) -> Json:
    match value:
        case dict():
            return without(value, gone, at)
        case list():
            kept = [(n, item) for n, item in enumerate(value) if (*at, n) not in gone]
            left = [(_inside(item, gone, (*at, n)), item) for n, item in kept]
            return [new for new, item in left if new != {} or item == {}]
        case _:
            return value


def at(fields: Fields, path: str) -> Json:
    """Return the value at a dotted path; None where nothing stands there."""
    head, _, rest = path.partition(".")
    value = fields.get(head)
    if not rest:
        return value
    return at(value, rest) if isinstance(value, dict) else None
