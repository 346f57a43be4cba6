"""Whatever a branch holds or a disk makes of a cache: nothing foreign runs, is told, or is believed."""

from pathlib import Path

import pytest

from tests.fuzz import caches, git_surroundings, project_files
from tests.fuzz.many import chance_of

pytestmark = pytest.mark.git


def test_a_spoilt_cache_changes_nothing_that_is_read(tmp_path: Path) -> None:
    bench = caches.Bench(tmp_path)
    outcomes = {bench.fuzz(chance_of("tests", number)) for number in range(80)}
    assert outcomes == {"bytes", "forged", "swapped", "folder", "link", "gone", "mode"}


def test_no_project_file_reaches_outside(tmp_path: Path) -> None:
    bench = project_files.Bench(tmp_path)
    outcomes = {bench.fuzz(chance_of("tests", number)) for number in range(80)}
    assert {"validate 0", "validate 1", "plan 1", "drift 1"} <= outcomes


def test_no_surroundings_make_git_run_what_a_branch_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CCSTATE_PROJECT", raising=False)
    bench = git_surroundings.Bench(tmp_path)
    outcomes = {bench.fuzz(chance_of("tests", number)) for number in range(40)}
    assert {"validate 0", "history 0"} <= outcomes
