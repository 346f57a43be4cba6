import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
import ryaml

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import MEMBER, PJSIP, QUEUES
from ccstate.adapters.asterisk.kind import Setting
from ccstate.desired import Desired, ParseCache, load, load_settings
from ccstate.kinds import secrets

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(name).stem, BENCHMARKS / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


estate = _script("estate.py")
asterisk_estate = _script("asterisk_estate.py")
zones = _script("rivals/octodns_zones.py")
SIZE = 2 * estate.REGION_SIZE


def _load(project: Path) -> Desired:
    return load(load_settings(project), ParseCache(project / "cache"))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Desired:
    project = tmp_path_factory.mktemp("estate")
    estate.write(project, SIZE)
    return _load(project)


def test_an_estate_has_no_problem(loaded: Desired) -> None:
    assert loaded.problems == ()


def test_an_estate_has_its_size_and_its_mix(loaded: Desired) -> None:
    counts = Counter(address.kind for address in loaded.state)
    assert counts == {kind: 2 * count for kind, count in estate.REGION.items()}
    assert sum(counts.values()) == SIZE


def test_files_are_as_large_as_people_would_make_them(loaded: Desired) -> None:
    sizes = Counter(resource.file for resource in loaded.state.values())
    assert all(200 <= size <= 500 for size in sizes.values())


def test_queues_have_twenty_members_and_trees_ten_nodes(loaded: Desired) -> None:
    lengths = {
        (address.kind, len(value))
        for address, resource in loaded.state.items()
        for field in ("members", "nodes")
        if isinstance(value := resource.fields.get(field), list | dict)
    }
    assert lengths == {("queue", 20), ("ivr", 10)}


def test_one_extension_in_a_hundred_has_a_secret_and_the_secret_is_there(loaded: Desired) -> None:
    found = {
        reference
        for address, resource in loaded.state.items()
        for reference in secrets(address.kind, resource.fields).values()
    }
    assert found == estate.secrets(SIZE).keys()
    assert len(found) == 2 * estate.REGION["extension"] // 100
    assert {reference.partition(":")[0] for reference in found} == {"env", "file"}


def test_every_number_is_reserved_for_fiction() -> None:
    numbers = {estate.fictitious(index) for index in range(80_000)}
    assert len(numbers) == 80_000
    assert all(re.fullmatch(r"\+61[2378](5550|7010)\d{4}", number) for number in numbers)
    texts = "".join(text for _, text in estate.documents(SIZE))
    assert set(re.findall(r"\+\d+", texts)) <= numbers


def test_the_same_seed_gives_the_same_estate_and_another_seed_another() -> None:
    assert list(estate.documents(SIZE)) == list(estate.documents(SIZE))
    assert list(estate.documents(SIZE)) != list(estate.documents(SIZE, seed=2))


def test_a_larger_estate_begins_with_the_smaller_one() -> None:
    assert list(estate.documents(SIZE))[:3] == list(estate.documents(estate.REGION_SIZE))


@pytest.mark.parametrize("changed, files, resources", [("one_percent", 6, 20), ("one_file", 1, 4)])
def test_an_edition_changes_what_it_says(
    loaded: Desired, tmp_path: Path, changed: str, files: int, resources: int
) -> None:
    estate.write(tmp_path, SIZE, changed=getattr(estate, changed))
    after = _load(tmp_path)
    differing = [r for address, r in after.state.items() if loaded.state[address] != r]
    assert after.problems == ()
    assert len(differing) == resources
    assert len({resource.file for resource in differing}) == files


@pytest.mark.parametrize("size", [0, 1_500])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="multiple of 1000"):
        list(estate.documents(size))


def test_zones_have_as_many_records_of_which_one_percent_differs(tmp_path: Path) -> None:
    zones.write(tmp_path, 2_000, edition=" (new)")
    sides = [
        {
            (path.name, name): record
            for path in sorted((tmp_path / side).iterdir())
            for name, record in ryaml.loads(path.read_text()).items()
        }
        for side in ("desired", "live")
    ]
    assert [len(records) for records in sides] == [2_000, 2_000]
    assert sum(sides[0][place] != sides[1][place] for place in sides[0]) == 20


def test_what_is_measured_on_asterisk_has_its_phones_queues_and_trees(tmp_path: Path) -> None:
    asterisk_estate.write(tmp_path, 50, {"ami": {"secret": "env:AMI_SECRET"}})
    loaded = _load(tmp_path)
    assert loaded.problems == ()
    objects = {address: resource.fields for address, resource in loaded.state.items()}
    keys = compile_objects(objects, Setting(b"key")).entries
    phones = {key.item for key in keys if key.file == PJSIP and key.item.isdecimal()}
    members = [key for key in keys if key.file == QUEUES and key.item == MEMBER]
    nodes = [
        len(tree) for fields in objects.values() if isinstance(tree := fields.get("nodes"), dict)
    ]
    assert len(phones) == 50
    assert len(members) == 500 * 20
    assert nodes == [10] * 200
