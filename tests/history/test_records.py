"""Records of applies, as an auditor without ccstate would hold them against the files."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ccstate.authority import Approval, Authority, Request
from ccstate.project import Project
from tests.history.test_history import Project as Repository

pytestmark = pytest.mark.git

CCSTATE = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
AUTHORITY = Authority(
    Request("CHG-7", "Dana Wu", "a longer ring"),
    (Approval("lee", "2026-11-22T01:10:00Z", "review", "4f2a9c81"),),
    author="priya",
    applied_by="ann",
    host="ci-7",
    run="https://git.example.org/runs/77",
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "main")
    made.root.mkdir()
    made.git("init", "--initial-branch=main")
    (made.root / "ccstate.yaml").write_text(CCSTATE, encoding="utf-8")
    (made.root / ".gitignore").write_text("/.ccstate/\n", encoding="utf-8")
    return made


def teams(*names: str) -> str:
    return "teams:\n" + "".join(f"  {name}: {{label: {name.title()}}}\n" for name in names)


def applied(root: Path, authority: Authority | None = AUTHORITY) -> str:
    project = Project.open(root)
    return project.apply(project.plan().plan, authority=authority).plan_id


def record(root: Path, plan_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "plans" / plan_id / "record.json").read_bytes())
    return found


def digest(root: Path, plan_id: str, name: str = "record.json") -> str:
    return hashlib.sha256((root / "plans" / plan_id / name).read_bytes()).hexdigest()


def test_a_record_says_who_what_and_when(repository: Repository) -> None:
    commit = repository.commit("Teams", teams=teams("sales", "moves"))
    plan_id = applied(repository.root)
    found = record(repository.root, plan_id)
    assert found["plan"].startswith(plan_id)
    assert found["commit"] == commit
    assert (found["outcome"], found["changes"], found["confirmed"]) == ("confirmed", 2, 2)
    assert found["authority"]["request"]["request"] == "CHG-7"
    assert found["authority"]["approvals"][0]["by"] == "lee"
    assert found["authority"]["applied_by"] == "ann"
    assert found["before"] == {}
    assert found["files"] == {
        name: digest(repository.root, plan_id, name)
        for name in ("plan.json", "plan.md", "journal.jsonl", "receipt.md")
    }
    receipt = (repository.root / "plans" / plan_id / "receipt.md").read_text(encoding="utf-8")
    assert "Applied by: `ann on ci-7`" in receipt


def test_without_an_authority_the_commit_says_who_asked_and_this_process_who_applies(
    repository: Repository,
) -> None:
    message = "Teams\n\nRequest: CHG-9\nRequested-by: Dana Wu\nReason: a new team"
    repository.commit(message, teams=teams("sales"))
    found = record(repository.root, applied(repository.root, None))["authority"]
    assert found["request"]["request"] == "CHG-9"
    assert found["request"]["reason"] == "a new team"
    assert found["author"] == "Priya Nair <priya@example.com>"
    assert found["applied_by"]
    assert found["host"]
    assert found["approvals"] == []


def test_each_record_names_the_one_before_by_its_digest(repository: Repository) -> None:
    repository.commit("One", teams=teams("a"))
    one = applied(repository.root)
    repository.commit("Two", teams=teams("a", "b"))
    two = applied(repository.root)
    repository.commit("Three", teams=teams("a", "b", "c"))
    three = applied(repository.root)
    assert record(repository.root, two)["before"] == {one: digest(repository.root, one)}
    assert record(repository.root, three)["before"] == {two: digest(repository.root, two)}


def test_applies_on_two_machines_share_the_record_before_and_the_next_names_both(
    repository: Repository, tmp_path: Path
) -> None:
    root = repository.root
    repository.commit("One", teams=teams("a"))
    one = applied(root)
    other = tmp_path / "other"
    shutil.copytree(root, other)
    repository.commit("Two", teams=teams("a", "b"))
    two = applied(root)
    (other / "desired_state" / "teams.yaml").write_text(teams("a", "c"), encoding="utf-8")
    three = applied(other)
    assert record(root, two)["before"] == record(other, three)["before"] == {one: digest(root, one)}
    shutil.copytree(other / "plans" / three, root / "plans" / three)
    repository.commit("Four", teams=teams("a", "b", "d"))
    four = applied(root)
    assert record(root, four)["before"] == {
        two: digest(root, two),
        three: digest(other, three),
    }


@pytest.mark.parametrize("ref", ["refs/heads/ccstate-record", "refs/remotes/origin/ccstate-record"])
def test_records_on_the_branch_are_known(repository: Repository, ref: str) -> None:
    repository.commit("One", teams=teams("a"))
    one = applied(repository.root)
    before = digest(repository.root, one)
    repository.git("checkout", "--orphan", "records")
    repository.git("add", "--force", "plans")
    repository.git("commit", "--message", "Plan: applied")
    repository.git("update-ref", ref, "HEAD")
    repository.git("checkout", "--force", "main")
    assert not (repository.root / "plans" / one).exists()
    repository.commit("Two", teams=teams("a", "b"))
    assert record(repository.root, applied(repository.root))["before"] == {one: before}
