"""Read the annotations of a kind once: structure of its values, references, secrets, order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from ccstate.kinds.fields import Compare, Destination, Expectation, OrderCounts, Ref, Secret
from ccstate.model import Address, Fields, Json

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without parts, compared as a whole; `is_text` where people write it as they like."""

    is_text: bool = False
    ref: str = ""
    destination: bool = False
    secret: bool = False
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Struct:
    """A mapping with declared fields; each of them is managed on its own.

    `defaults` holds what a field means that is not there.
    """

    fields: Mapping[str, "Shape"]
    defaults: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Shape"
    unordered: bool
    order: OrderCounts | None = None
    """When its order counts, where that is not always so."""
    item_type: Any = field(default=None, compare=False)
    """The annotation of an item, by which one is validated alone."""


@dataclass(frozen=True, slots=True)
class MapOf:
    item: "Shape"
    key: "Shape" = Leaf()


@dataclass(frozen=True, slots=True)
class OneOf:
    """A mapping whose `tag` field says which fields it has."""

    tag: str
    variants: Mapping[str, Struct]


Shape: TypeAlias = Leaf | Struct | ListOf | MapOf | OneOf


class Reference(NamedTuple):
    """A mention of another resource: its path in the fields, and the resource."""

    path: Path
    target: Address
    mailbox: bool = False
    """True where the mailbox of an extension is meant."""


def shape_of(model: type[BaseModel]) -> Struct:
    """Read the structure of a model from its annotations and markers."""
    return Struct(
        {name: _shape(f.annotation, f.metadata) for name, f in model.model_fields.items()},
        {
            name: f.default
            for name, f in model.model_fields.items()
            if not f.is_required() and f.default is not None
        },
    )


def _shape(annotation: Any, metadata: list[Any]) -> Shape:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _shape(inner, [*more, *metadata])
    if origin in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not NoneType]
        if len(options) == 1:
            return _shape(options[0], metadata)
        variants = {_tag(option): shape_of(option) for option in options}
        return OneOf("type", variants)
    if origin is list:
        unordered = any(isinstance(mark, Compare) for mark in metadata)
        order = next((mark for mark in metadata if isinstance(mark, OrderCounts)), None)
        item = get_args(annotation)[0]
        return ListOf(_shape(item, []), unordered, order, item)
    if origin is dict:
        key, item = get_args(annotation)
        return MapOf(_shape(item, []), _shape(key, []))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return shape_of(annotation)
    ref = next((mark.kind for mark in metadata if isinstance(mark, Ref)), "")
    return Leaf(
        is_text=annotation is str,
        ref=ref,
        destination=any(isinstance(mark, Destination) for mark in metadata),
        secret=any(isinstance(mark, Secret) for mark in metadata),
        expected=next((mark.words for mark in metadata if isinstance(mark, Expectation)), ""),
    )


def _tag(model: type[BaseModel]) -> str:
    return str(get_args(model.model_fields["type"].annotation)[0])


def inner_shape(shape: Shape | None, tags: Mapping[str, str], name: str) -> Shape | None:
    """Find the shape of an entry of a mapping whose texts are `tags`; None where it is not declared."""
    match shape:
        case MapOf(item):
            return item
        case Struct() | OneOf():
            struct = _chosen(shape, tags)
            return struct.fields.get(name) if struct else None
    return None


def item_shape(shape: Shape | None) -> Shape | None:
    """Find the shape of the items of a list; None where the shape is no list."""
    return shape.item if isinstance(shape, ListOf) else None


def _chosen(shape: Struct | OneOf, tags: Mapping[str, str]) -> Struct | None:
    return shape.variants.get(tags.get(shape.tag, "")) if isinstance(shape, OneOf) else shape


def field_ranks(names: Iterable[str], shape: Shape | None, tags: Mapping[str, str]) -> list[int]:
    """Rank fields in the order in which their kind declares them; all alike where names are free.

    `protect` comes last, or before a map of parts: it is about the object as a whole.
    """
    struct = _chosen(shape, tags) if isinstance(shape, Struct | OneOf) else None
    declared = [name for name in struct.fields if name != "protect"] if struct else []
    if struct and len(declared) < len(struct.fields):
        *_, (last, inner) = struct.fields.items()
        parts = isinstance(inner, MapOf) and not isinstance(inner.item, Leaf)
        declared.insert(declared.index(last) if parts else len(declared), "protect")
    rank = {name: place for place, name in enumerate(declared)}
    return [rank.get(name, len(rank)) for name in names]


def field_paths(shape: Shape) -> tuple[str, ...]:
    """List the fields of a structure that have no fields inside, as dotted paths, in declared order.

    `*` stands for each item of a list and for each key of a map, where the items have fields; the
    type of an item that has one is a part of the path: `overflow.after`, `members.*.penalty`,
    `nodes.*.menu.timeout`. A list or a map of plain values is one field: `skills`, `weekly`.
    """
    return tuple(path.removesuffix(".") for path in _paths_below(shape))


def _paths_below(shape: Shape) -> Iterator[str]:
    match shape:
        case Struct(fields):
            for name, inner in fields.items():
                yield from (f"{name}.{path}" for path in _paths_below(inner))
        case OneOf(tag, variants):
            for name, variant in variants.items():
                yield from (f"{name}.{p}" for p in _paths_below(variant) if p != f"{tag}.")
        case ListOf(item) | MapOf(item) if has_fields(item):
            yield from (f"*.{path}" for path in _paths_below(item))
        case _:
            yield ""


def has_fields(shape: Shape) -> bool:
    """Whether a value is a mapping with declared fields, or holds such mappings."""
    match shape:
        case Struct() | OneOf():
            return True
        case ListOf(item) | MapOf(item):
            return has_fields(item)
        case Leaf():
            return False


def set_fields(shape: Shape, value: Json, steps: Path = ()) -> Iterator[tuple[str, Path]]:
    """List the fields that a value sets, as `field_paths` writes them, each with its place.

    A mapping in which nothing is set is named itself: an empty `voicemail` is a mailbox, too.
    """
    match shape, value:
        case _, None:
            return
        case Struct(fields), dict():
            inside = [
                (f"{name}.{path}".removesuffix("."), at)
                for name, inner in fields.items()
                for path, at in set_fields(inner, value.get(name), (*steps, name))
            ]
            yield from inside or [("", steps)]
        case OneOf(tag, variants), dict():
            kind = str(value.get(tag))
            rest = {name: inner for name, inner in value.items() if name != tag}
            if kind in variants:
                for path, at in set_fields(variants[kind], rest, steps):
                    yield f"{kind}.{path}".removesuffix("."), at
        case ((ListOf(item) | MapOf(item)), (list() | dict())) if has_fields(item):
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in entries:
                for path, at in set_fields(item, inner, (*steps, key)):
                    yield f"*.{path}".removesuffix("."), at
        case _:
            yield "", steps


_Walk: TypeAlias = Callable[[Any, Path], Iterator[tuple[Path, Leaf, str]]]


def walker(shape: Shape, wanted: Callable[[Leaf], bool]) -> _Walk | None:
    """Build a function that yields path, leaf and text of the wanted leaves; None if there are none."""
    pruned = _pruned(shape, lambda part: isinstance(part, Leaf) and wanted(part))
    return partial(_leaves, pruned) if pruned else None


def _pruned(shape: Shape, wanted: Callable[[Shape], bool]) -> Shape | None:
    """Remove the parts of a shape that hold nothing wanted, so that a walk does not visit them."""
    match shape:
        case Leaf():
            return shape if wanted(shape) else None
        case ListOf(item) | MapOf(item):
            inner = _pruned(item, wanted)
            return replace(shape, item=inner) if inner else None
        case OneOf(tag, variants):
            chosen = {
                n: v for n, s in variants.items() if isinstance(v := _pruned(s, wanted), Struct)
            }
            return OneOf(tag, chosen) if chosen else None
        case Struct(fields):
            kept = {name: inner for name, s in fields.items() if (inner := _pruned(s, wanted))}
            return Struct(kept, shape.defaults) if kept or wanted(shape) else None


def _leaves(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, Leaf, str]]:
    if value is None:
        return
    # The commonest first: this runs for every object of an estate.
    if isinstance(shape, Struct):
        for name, inner in shape.fields.items():
            if name in value:
                yield from _leaves(inner, value[name], (*path, name))
    elif isinstance(shape, Leaf):
        if isinstance(value, str):
            yield path, shape, value
    elif isinstance(shape, OneOf):
        if variant := shape.variants.get(value[shape.tag]):
            yield from _leaves(variant, value, path)
    else:
        pairs = enumerate(value) if isinstance(shape, ListOf) else value.items()
        for key, element in pairs:
            yield from _leaves(shape.item, element, (*path, key))


_Collect: TypeAlias = Callable[[Any, list[Address]], None]


def mention_collector(shape: Shape) -> _Collect | None:
    """Build a function that appends what a value names, as it is written; None if it names nothing.

    Composed of one function for each part, without paths: this runs for every object of an estate,
    several times, and a walk with paths takes four times as long.
    """
    pruned = _pruned(shape, lambda part: isinstance(part, Leaf) and names(part))
    return _collector(pruned) if pruned else None


def names(leaf: Leaf) -> bool:
    """Whether a value there names another resource."""
    return bool(leaf.ref or leaf.destination)


def _collector(shape: Shape) -> _Collect:
    match shape:
        case Leaf(ref=ref):
            return partial(_collect_name, ref) if ref else _collect_destination
        case Struct(fields):
            return partial(_collect_fields, [(n, _collector(part)) for n, part in fields.items()])
        case OneOf(tag, variants):
            by_type = {name: _collector(variant) for name, variant in variants.items()}
            return partial(_collect_variant, tag, by_type)
        case ListOf(item):
            return partial(_collect_items, _collector(item))
        case MapOf(item):
            return partial(_collect_values, _collector(item))


def _collect_name(kind: str, value: Any, found: list[Address]) -> None:
    if isinstance(value, str):
        found.append(Address(kind, value))


def _collect_destination(value: Any, found: list[Address]) -> None:
    if isinstance(value, str) and "/" in value:
        kind, name = value.split("/", 1)
        found.append(Address(kind, name))


def _collect_fields(fields: list[tuple[str, _Collect]], value: Any, found: list[Address]) -> None:
    for name, collect in fields if value is not None else ():
        if name in value:
            collect(value[name], found)


def _collect_variant(
    tag: str, by_type: Mapping[str, _Collect], value: Any, found: list[Address]
) -> None:
    if value is not None and (collect := by_type.get(value[tag])):
        collect(value, found)


def _collect_items(collect: _Collect, value: Any, found: list[Address]) -> None:
    for element in value if value is not None else ():
        collect(element, found)


def _collect_values(collect: _Collect, value: Any, found: list[Address]) -> None:
    for element in value.values() if value is not None else ():
        collect(element, found)


def flatten(shape: Struct, fields: Fields) -> dict[str, Json]:
    """Map fields by dotted path, each a value that is compared as a whole.

    Nested structs are taken apart; lists, maps and a struct that is None stay whole. A struct
    that holds nothing is an empty mapping at its own path: it is there all the same.
    """
    flat: dict[str, Json] = {}
    for name, value in fields.items():
        inner = shape.fields.get(name)
        if isinstance(inner, Struct) and isinstance(value, dict):
            leaves = flatten(inner, value)
            if all(leaf is None for leaf in leaves.values()):
                flat[name] = {}
            for path, leaf in leaves.items():
                flat[f"{name}.{path}"] = leaf
        else:
            flat[name] = value
    return flat


def defaults_filler(shape: Shape) -> Callable[[Any], Any] | None:
    """Build a function that adds the defaults of a shape to a value; None where it has none."""
    pruned = _pruned(shape, lambda part: isinstance(part, Struct) and bool(part.defaults))
    return partial(_with_defaults, pruned) if pruned else None


def _with_defaults(shape: Shape, value: Any) -> Any:
    if isinstance(shape, Struct):
        result = {**shape.defaults, **value}
        for name, inner in shape.fields.items():
            if (part := result.get(name)) is not None:
                result[name] = _with_defaults(inner, part)
        return result
    if isinstance(shape, OneOf):
        variant = shape.variants.get(value[shape.tag])
        return _with_defaults(variant, value) if variant else value
    if isinstance(shape, ListOf):
        return [_with_defaults(shape.item, element) for element in value]
    if isinstance(shape, MapOf):
        return {key: _with_defaults(shape.item, element) for key, element in value.items()}
    return value
