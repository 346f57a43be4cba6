"""Records that were changed, taken away or forged, one at a time: each shows, and sound ones do not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from ccstate.audit.chain import check
from tests.history.test_history import Project as Repository
from tests.history.test_records import applied, repository, teams

__all__ = ["repository"]
pytestmark = pytest.mark.git


@pytest.fixture
def plans(repository: Repository) -> list[Path]:
    """The folders of three applies, one after the other."""
    found = []
    for names in ("a", "ab", "abc"):
        repository.commit(f"Teams {names}", teams=teams(*names))
        found.append(repository.root / "plans" / applied(repository.root))
    return found


def problems(root: Path) -> list[tuple[str, str]]:
    return [(each.code, each.span.file if each.span else "") for each in check(root).problems]


def test_a_whole_chain_has_no_problem(repository: Repository, plans: list[Path]) -> None:
    checked = check(repository.root)
    assert (checked.records, checked.problems) == (3, [])


def test_where_nothing_is_recorded_the_check_does_not_pass(repository: Repository) -> None:
    repository.commit("One", teams=teams("a"))
    assert problems(repository.root) == [("CC706", "")]


@pytest.mark.parametrize("name", ["plan.json", "plan.md", "journal.jsonl", "receipt.md"])
def test_a_file_that_was_changed_shows(
    repository: Repository, plans: list[Path], name: str
) -> None:
    path = plans[1] / name
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    assert problems(repository.root) == [("CC705", f"plans/{plans[1].name}/{name}")]


@pytest.mark.parametrize("name", ["plan.md", "journal.jsonl", "receipt.md"])
def test_a_file_that_was_taken_away_shows(
    repository: Repository, plans: list[Path], name: str
) -> None:
    (plans[1] / name).unlink()
    assert problems(repository.root) == [("CC706", f"plans/{plans[1].name}/{name}")]


def _remove_folder(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _edit_approval(folder: Path) -> None:
    path = folder / "record.json"
    record = json.loads(path.read_bytes())
    record["authority"]["approvals"][0]["by"] = "someone-else"
    path.write_text(json.dumps(record), encoding="utf-8")


def _remove_record(folder: Path) -> None:
    (folder / "record.json").unlink()


@pytest.mark.parametrize(
    "what, place, code",
    [
        (_remove_folder, 0, "CC706"),
        (_remove_folder, 1, "CC706"),
        (_edit_approval, 0, "CC705"),
        (_edit_approval, 1, "CC705"),
        (_edit_approval, 2, "CC705"),
        (_remove_record, 0, "CC706"),
        (_remove_record, 1, "CC706"),
        (_remove_record, 2, "CC706"),
    ],
)
def test_a_record_that_was_changed_or_taken_away_shows(
    repository: Repository,
    plans: list[Path],
    what: Callable[[Path], None],
    place: int,
    code: str,
) -> None:
    what(plans[place])
    found = problems(repository.root)
    assert (code, f"plans/{plans[place].name}/record.json") in found
    assert {file for _, file in found} == {f"plans/{plans[place].name}/record.json"}


def test_a_record_that_is_none_shows(repository: Repository, plans: list[Path]) -> None:
    (plans[2] / "record.json").write_text("{}", encoding="utf-8")
    assert ("CC705", f"plans/{plans[2].name}/record.json") in problems(repository.root)


def test_a_record_under_the_name_of_another_plan_shows(
    repository: Repository, plans: list[Path]
) -> None:
    other = plans[2].with_name("0123456789ab")
    plans[2].rename(other)
    assert ("CC705", "plans/0123456789ab/record.json") in problems(repository.root)


def test_a_chain_that_begins_again_is_a_warning(repository: Repository, plans: list[Path]) -> None:
    for folder in plans[:2]:
        folder.rename(repository.root / folder.name)
    repository.commit("More", teams=teams(*"abcd"))
    plans[2].rename(repository.root / plans[2].name)
    # Of two records that name none, the earlier one begins the chain.
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1)):
        alone = repository.root / "plans" / applied(repository.root)
    for folder in plans:
        (repository.root / folder.name).rename(folder)
    (problem,) = check(repository.root).problems
    assert (problem.code, problem.severity.value) == ("CC707", "warning")
    assert alone.name in problem.message


def on_branch(repository: Repository, message: str) -> str:
    """Put the folder of plans as it is on the branch of records, and leave it here too."""
    git = repository.git
    git("add", "--force", "--all", "plans")
    tree = git("write-tree")
    known = git("for-each-ref", "--format=%(objectname)", "refs/heads/ccstate-record")
    commit = git("commit-tree", tree, *(["-p", known] if known else []), "-m", message)
    git("update-ref", "refs/heads/ccstate-record", commit)
    return commit


def test_records_on_the_branch_are_checked_too(repository: Repository, plans: list[Path]) -> None:
    on_branch(repository, "Three applies")
    for folder in plans:
        _remove_folder(folder)
    checked = check(repository.root)
    assert (checked.records, checked.sources, checked.problems) == (3, ("ccstate-record",), [])


def test_a_copy_that_differs_from_the_branch_shows(
    repository: Repository, plans: list[Path]
) -> None:
    on_branch(repository, "Three applies")
    path = plans[2] / "record.json"  # the newest: no other record names it
    record = {**json.loads(path.read_bytes()), "finished": "2026-12-24T10:00:00+00:00"}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert problems(repository.root) == [("CC705", f"plans/{plans[2].name}/record.json")]


def test_a_commit_that_removed_or_changed_a_record_on_the_branch_shows(
    repository: Repository, plans: list[Path]
) -> None:
    on_branch(repository, "Three applies")
    _remove_folder(plans[2])  # the newest: nothing in the chain can miss it
    commit = on_branch(repository, "Tidy up")
    found = check(repository.root).problems
    assert {each.code for each in found} == {"CC708"}
    assert {each.message for each in found} == {
        f"commit {commit[:10]} on ccstate-record removed plans/{plans[2].name}/{name}"
        for name in ("journal.jsonl", "plan.json", "plan.md", "receipt.md", "record.json")
    }


def test_a_journal_that_went_on_is_no_change_of_the_branch(
    repository: Repository, plans: list[Path]
) -> None:
    journal = plans[2] / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.index(b"\n") + 1])
    for name in ("receipt.md", "record.json"):
        (plans[2] / name).rename(repository.root / name)
    on_branch(repository, "Interrupted")
    journal.write_bytes(whole)
    for name in ("receipt.md", "record.json"):
        (repository.root / name).rename(plans[2] / name)
    on_branch(repository, "Resumed")
    assert check(repository.root).problems == []
