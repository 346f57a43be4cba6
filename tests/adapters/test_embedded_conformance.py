"""The embedded adapter keeps the contract; and the contract's samples leave nothing out."""

from collections.abc import Iterator

import pytest

from ccstate.conformance import Case, cases
from ccstate.conformance.samples import at, changed, circles, estate, fields_of, parts_of
from ccstate.kinds import KINDS, defaults, field_paths, flatten, shape
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct
from ccstate.model import Json
from tests.adapters.embedded_harness import Embedded


# Not in the coverage report, which tripled the time: test_conformance_catches.py covers the suite.
@pytest.mark.no_cover
@pytest.mark.parametrize("case", cases(Embedded()), ids=str)
def test_the_embedded_adapter(case: Case) -> None:
    case()


def test_the_estate_has_every_kind() -> None:
    assert set(estate()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_estate_uses_every_field(kind: str) -> None:
    sample = estate()[kind]
    values = (sample.first, sample.second, *sample.others)
    used = {path for fields in values for path in used_of(shape(kind), dict(fields))}
    assert set(declared_of(shape(kind))) - used == set()


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_of_the_estate_has_two_values(kind: str) -> None:
    sample = estate()[kind]
    for field in fields_of(sample):
        values = at(sample.first, field.path), at(sample.second, field.path)
        assert None not in values
        assert values[0] != values[1], str(field)


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_inside_of_lists_and_maps_can_be_changed_alone(kind: str) -> None:
    """Its place is in the first values, and the second ones have another value for it there."""
    sample = estate()[kind]
    parts = {part.path: part for part in parts_of(sample)}
    # A field that has one of several types has one at a time; `others` has the rest.
    typed = {name for name, inner in shape(kind).fields.items() if isinstance(inner, OneOf)}
    paths = {path for path in field_paths(kind) if path.partition(".")[0] not in typed}
    assert paths - parts.keys() == set()
    for part in parts.values():
        found = changed(sample.first, part)
        assert KINDS[kind].model.model_validate(found).model_dump(exclude_unset=True) == found


@pytest.mark.parametrize("kind", KINDS)
def test_no_first_value_is_a_default(kind: str) -> None:
    """Else nobody would see a field that falls back to its default."""
    first = flatten(kind, estate()[kind].first)
    for path, default in flatten(kind, defaults(kind)).items():
        assert first[path] != default, path


def test_the_estate_is_valid_and_canonical() -> None:
    for kind, sample in estate().items():
        for fields in (sample.required, sample.first, sample.second):
            model = KINDS[kind].model.model_validate(fields)
            assert model.model_dump(exclude_unset=True) == fields
    for circle in circles():
        for address, fields in circle.items():
            KINDS[address.kind].model.model_validate(fields)


def declared_of(shape: Shape, path: str = "") -> Iterator[str]:
    """Every field that a kind declares, however deep: `tiles[].queues`, `nodes.menu.choices`."""
    match shape:
        case Struct(fields):
            for name, inner in fields.items():
                yield f"{path}{name}"
                yield from declared_of(inner, f"{path}{name}.")
        case ListOf(item) | MapOf(item):
            yield from declared_of(item, f"{path}[].")
        case OneOf(_, variants):
            for name, variant in variants.items():
                yield from declared_of(variant, f"{path}{name}.")
        case Leaf():
            return


def used_of(shape: Shape, value: Json, path: str = "") -> Iterator[str]:
    """Those of the declared fields that a value uses."""
    match shape, value:
        case Struct(fields), dict():
            for name, inner in value.items():
                yield f"{path}{name}"
                yield from used_of(fields[name], inner, f"{path}{name}.")
        case ListOf(item), list():
            for inner in value:
                yield from used_of(item, inner, f"{path}[].")
        case MapOf(item), dict():
            for inner in value.values():
                yield from used_of(item, inner, f"{path}[].")
        case OneOf(tag, variants), dict():
            yield from used_of(variants[str(value[tag])], value, f"{path}{value[tag]}.")
