"""What each kind says of its fields is so, in the include files: no server is needed to see it.

Files are compiled from an estate in which one field is otherwise, and read with the records of the
old one, as after an edit by an administrator that made every line say the new value.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from ccstate.adapter import WronglyPlaced
from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.include_files import read_stored, serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds import KINDS, SUPPORTS
from ccstate.adapters.asterisk.observe import View, stored_view
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.conformance.samples import Part, Sample, able, changed, estate, parts_of
from ccstate.conformance.walk import plain
from ccstate.kinds import references
from ccstate.model import Address, Fields

Objects: TypeAlias = Mapping[Address, Fields]
SETTING = Setting(b"k" * 32)


def sample_of(kind: str) -> Sample:
    """The sample of a kind without what an Asterisk lacks."""
    given, support = estate()[kind], SUPPORTS[kind]
    first, second = (able(support, kind, fields) for fields in (given.first, given.second))
    return replace(given, first=first, second=second)


PARTS = [part for kind in SUPPORTS for part in parts_of(sample_of(kind))]
KEPT = [part for part in PARTS if part.path in SUPPORTS[part.kind].kept]
MAPPED = [part for part in PARTS if part.path in SUPPORTS[part.kind].mapped]


def around(objects: Objects) -> dict[Address, Fields]:
    """The near and far objects of every kind, whatever these name, and these."""
    found = dict(objects)
    waiting = [sample for kind, sample in estate().items() if kind in SUPPORTS]
    named = [address for sample in waiting for address in (sample.near, sample.far)]
    for address, fields in objects.items():
        named += [reference.target for reference in references(address.kind, fields)]
    for address in named:
        if address.kind in SUPPORTS:
            bystander = estate()[address.kind].bystander(address)
            found.setdefault(address, plain(address.kind, bystander))
    return found


def edited(part: Part, folder: Path) -> tuple[View, dict[Address, Fields], dict[Address, Fields]]:
    """What is read of files in which the part is otherwise; the objects before, and as they are."""
    sample = sample_of(part.kind)
    fields = {**sample.first, **sample.beside.get(part.field.path, {})}
    new = {sample.walked: plain(part.kind, changed(fields, part))}
    before = around({sample.walked: plain(part.kind, fields)})
    before = {**around(new), **before}
    after = {**before, **new}
    return read(folder, before, after), before, after


def read(folder: Path, recorded: Objects, there: Objects) -> View:
    """What is read of files that say the one, beside the records of the other."""
    records = kept.Records(SETTING.key, recorded)
    records = kept.written(records, serialize(compile_objects(recorded, SETTING)))
    content = {**serialize(compile_objects(there, SETTING)), **kept.dump(records)}
    storage = LocalFolder(folder)
    storage.stage(content, mode=0o600)
    storage.commit(list(content))
    return stored_view(read_stored(storage, is_test_site=False))


def placed_by_name() -> list[tuple[str, str]]:
    """Kinds with each field that they name, be it mapped or kept."""
    return [(name, field) for name, k in KINDS.items() for field in (*k.mapped.split(), *k.kept)]


@pytest.mark.parametrize("kind, field", placed_by_name())
def test_a_field_that_its_kind_does_not_name_stops_the_adapter(kind: str, field: str) -> None:
    whole = KINDS[kind]
    mapped = " ".join(path for path in whole.mapped.split() if path != field)
    kept = {path: why for path, why in whole.kept.items() if path != field}
    with pytest.raises(WronglyPlaced, match=f"{kind}: {re.escape(field)} is neither mapped"):
        replace(whole, mapped=mapped, kept=kept).support()


@pytest.mark.parametrize("part", KEPT, ids=str)
def test_a_field_that_is_kept_is_not_taken_from_the_files(part: Part, tmp_path: Path) -> None:
    view, before, _ = edited(part, tmp_path)
    walked = sample_of(part.kind).walked
    assert view.objects[walked] == before[walked]


@pytest.mark.parametrize("part", MAPPED, ids=str)
def test_a_field_that_is_mapped_comes_back_as_that_field(part: Part, tmp_path: Path) -> None:
    view, _, after = edited(part, tmp_path)
    assert view.altered == {}
    assert view.objects == after


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"site"}))
def test_an_object_that_is_added_by_hand_is_seen(kind: str, tmp_path: Path) -> None:
    """A site is not: it has to have a timezone, and no file of Asterisk says that."""
    sample = sample_of(kind)
    added = {sample.walked: plain(kind, sample.first)}
    before = {a: f for a, f in around(added).items() if a != sample.walked}
    view = read(tmp_path, before, {**before, **added})
    assert sample.walked in view.objects
    assert view.altered == {}
