"""A field that is changed in the include files alone is read back as that field, and as no other.

Files are compiled from an estate in which one field is otherwise, and read with the records of the
old one: as after an administrator's edit that made every line say the new value.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ccstate import kinds
from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk.compiling import Setting, compile_objects
from ccstate.adapters.asterisk.kinds import KINDS
from ccstate.adapters.asterisk.observe import View, stored_view
from ccstate.adapters.asterisk.spelling import spell
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.adapters.asterisk.stored import read_stored
from ccstate.adapters.asterisk.support import SUPPORTS
from ccstate.conformance import samples
from ccstate.kinds import KINDS as ALL
from ccstate.model import Address, Fields, Json

KEY = bytes(32)
Objects = Mapping[Address, Fields]


def named(kind: str) -> dict[Address, Fields]:
    """The walked object of a kind, and the near and far objects that any sample names."""
    estate = samples.estate()
    objects = {
        address: estate[address.kind].required
        for sample in estate.values()
        for address in (sample.near, sample.far)
        if address.kind in SUPPORTS
    }
    return {**objects, estate[kind].walked: estate[kind].first}


def read(folder: Path, recorded: Objects, there: Objects) -> View:
    """What is observed of files that say the one, beside the records of the other."""
    texts, files = (spell(compile_objects(objects, Setting(KEY))) for objects in (recorded, there))
    records = kept.written(kept.Records(KEY, recorded), texts)
    storage = LocalFolder(folder)
    content = {**files, kept.PATH: kept.dump(records)}
    storage.stage(content, mode=0o600)
    storage.commit(list(content))
    return stored_view(read_stored(storage, is_test_site=False))


def edits() -> Iterator[tuple[str, str, Json]]:
    """Every mapped field of every kind with another value, and cleared where that may be."""
    for kind in KINDS:
        sample = samples.estate()[kind]
        for field in samples.fields_of(sample):
            if not any(
                path == field.path or path.startswith(f"{field.path}.")
                for path in SUPPORTS[kind].mapped
            ):
                continue
            second = samples.at(sample.second, field.path)
            if second != samples.at(sample.first, field.path):
                yield kind, field.path, second
            # People without a phone are on no Asterisk, and so stay members whoever leaves.
            if field.nullable and field.path != "members":
                yield kind, field.path, None


def _short(value: object) -> str:
    return str(value)[:30]


@pytest.mark.parametrize("kind, path, value", list(edits()), ids=_short)
def test_a_field_changed_in_the_files_is_read_back_as_that_field(
    kind: str, path: str, value: Json, tmp_path: Path
) -> None:
    before = named(kind)
    walked = samples.estate()[kind].walked
    changed = samples.having(before[walked], path, value)
    then = {
        **before,
        walked: ALL[kind].model.model_validate(changed).model_dump(mode="json", exclude_unset=True),
    }
    view = read(tmp_path, before, then)
    assert shown(kind, view.objects[walked]) == shown(kind, then[walked])
    assert view.altered == {}
    assert {a: f for a, f in view.objects.items() if a != walked} == {
        a: f for a, f in before.items() if a != walked
    }


def shown(kind: str, fields: Fields) -> dict[str, Json]:
    """The fields that have a value."""
    flat = kinds.flatten(kind, fields).items()
    return {path: value for path, value in flat if value is not None and value != {}}
