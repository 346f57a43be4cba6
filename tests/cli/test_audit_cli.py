"""`history`, `blame` and `audit` as their users run them, on a repository with two applies."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from tests.cli.screens import Screen
from tests.cli.test_reports import valid
from tests.history.test_history import QUEUE
from tests.history.test_history import Project as Repository
from tests.history.test_records import applied, repository

__all__ = ["repository"]
pytestmark = pytest.mark.git


@pytest.fixture
def screen(
    repository: Repository, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    """A project whose queue was opened and changed, with a request and an apply each."""
    for name in ("CCSTATE_PROJECT", "CCSTATE_FORMAT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    repository.commit("Opens\n\nRequest: CHG-7", queues=QUEUE)
    applied(repository.root)
    repository.commit("Longer\n\nRequest: CHG-8", queues=QUEUE.replace("20s", "30s"))
    applied(repository.root)
    return Screen(repository.root, capsys)


def test_blame_says_who_set_a_field_and_when_that_was_confirmed(screen: Screen) -> None:
    assert screen.run("blame", "queue/sales") == 0
    assert "queue/sales: 2 fields from 2 commits" in screen.out
    assert "request CHG-8" in screen.out
    assert "approved by lee" in screen.out
    assert "confirmed 20" in screen.out
    assert screen.run("blame", "queue/sales", "ring_for", "--format", "json") == 0
    (field,) = valid("blame", screen.out)["fields"]
    assert (field["path"], field["value"]) == ("ring_for", "30s")
    assert field["commit"]["authority"]["applied_by"] == "ann"
    assert screen.run("blame", "queue/sales", "colour") == 1
    assert "CC704" in screen.err


def test_history_says_where_its_outcomes_are_from(screen: Screen) -> None:
    assert screen.run("history", "queue/sales", "--format", "json") == 0
    found = valid("history", screen.out)
    assert found["sources"] == ["plans/"]
    assert [commit["outcome"] for commit in found["commits"]] == ["confirmed", "confirmed"]


def test_an_audit_has_a_line_for_each_change_in_every_format(screen: Screen) -> None:
    span = ("--since", "2026-11-01", "--until", "2026-11-30")
    assert screen.run("audit", *span) == 0
    assert "2026-11-01 to 2026-11-30: 2 change sets, 0 with something missing" in screen.out
    assert screen.run("audit", *span, "--format", "json") == 0
    found = valid("audit", screen.out)
    assert [each["subject"] for each in found["change_sets"]] == ["Opens", "Longer"]
    assert screen.run("audit", *span, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(screen.out)))
    assert [row["Request"] for row in rows] == ["CHG-7", "CHG-8"]
    assert screen.run("audit", *span, "--format", "markdown") == 0
    assert "| `CHG-8` | `Longer`" in screen.out
    assert screen.run("audit", "--since", "2026-10-01", "--until", "2026-10-31") == 0
    assert "0 change sets" in screen.out


@pytest.mark.parametrize("name", ["a.md", "a.csv", "a.json", "a.txt", "a.xlsx"])
def test_an_audit_is_written_in_the_format_of_the_files_name(
    screen: Screen, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "out" / name
    since = ("--since", "2026-11-01", "--until", "2026-11-30")
    assert screen.run("audit", *since, "--output", str(file)) == 0
    assert screen.out == ""
    content = file.read_bytes()
    if name == "a.xlsx":
        assert zipfile.is_zipfile(io.BytesIO(content))
    else:
        assert b"CHG-8" in content


def test_a_file_without_a_known_name_is_refused(screen: Screen, tmp_path: Path) -> None:
    assert screen.run("audit", "--output", str(tmp_path / "a.pdf")) == 1
    assert "names no format" in screen.err_flat
    assert screen.run("audit", "--since", "yesterday") == 1


def test_a_check_passes_and_fails_by_its_exit_code(screen: Screen) -> None:
    assert screen.run("audit", "--check") == 0
    assert "2 records from plans/: none was changed, and none is missing." in screen.out
    receipt = next((screen.folder / "plans").glob("*/receipt.md"))
    receipt.write_text(receipt.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert screen.run("audit", "--check") == 4
    assert "CC705" in screen.out
    assert screen.run("audit", "--check", "--format", "json") == 4
    (problem,) = valid("audit-check", screen.out)["problems"]
    assert problem["code"] == "CC705"


def test_without_xlsxwriter_the_way_out_is_said(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    assert screen.run("audit", "--output", str(tmp_path / "a.xlsx")) == 1
    assert "CC709" in screen.err
    assert "ccstate[xlsx]" in screen.err


def test_a_pack_of_evidence_is_written(screen: Screen, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    span = ("--since", "2026-11-01", "--until", "2026-11-30")
    assert screen.run("evidence", *span, "--out", str(folder)) == 0
    assert {path.name for path in folder.iterdir()} == {
        *("README.md", "details.md", "change-sets.md", "change-sets.csv", "change-sets.json")
    }
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert "| 1.1 | 2 |  |" in index
    assert "None was changed, and none is missing." in index
    assert screen.run("evidence", *span, "--person", "nobody", "--out", str(folder)) == 0
    assert "0 change sets of `nobody`" in (folder / "README.md").read_text(encoding="utf-8")
