"""The embedded adapter keeps the contract; and the contract's samples leave nothing out."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.conformance import Case, cases
from ccstate.conformance.samples import at, circles, estate, fields_of
from ccstate.kinds import KINDS, shape
from ccstate.kinds.shape import Leaf, ListOf, MapOf, OneOf, Shape, Struct
from ccstate.model import Address, Fields, Json


class Embedded:
    """A platform in a folder of its own, which goes with the process."""

    def __init__(self) -> None:
        # In memory where that can be had: on a disk the suite waits for fsync, and little else.
        memory = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes its own folder there
        self._place = tempfile.TemporaryDirectory(
            prefix="ccstate-conformance-", dir=memory if memory.is_dir() else None
        )
        self._folder = Path(self._place.name)

    def connect(self) -> EmbeddedAdapter:
        return connect({"path": "platform.db"}, self._folder)

    def reset(self) -> None:
        for file in self._folder.iterdir():
            file.unlink()

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        self.connect().by_hand(address, fields)

    def break_(self) -> None:
        (self._folder / "platform.db").write_bytes(b"no database")


@pytest.mark.parametrize("case", cases(Embedded()), ids=str)
def test_the_embedded_adapter(case: Case) -> None:
    case()


def test_the_estate_has_every_kind() -> None:
    assert set(estate()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_estate_uses_every_field(kind: str) -> None:
    sample = estate()[kind]
    used = {*used_of(shape(kind), dict(sample.first)), *used_of(shape(kind), dict(sample.second))}
    assert set(declared_of(shape(kind))) - used == set()


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_of_the_estate_has_two_values(kind: str) -> None:
    sample = estate()[kind]
    for field in fields_of(sample):
        values = at(sample.first, field.path), at(sample.second, field.path)
        assert None not in values
        assert values[0] != values[1], str(field)


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
