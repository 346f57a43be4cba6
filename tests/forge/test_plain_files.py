"""Plain files in place of a code host."""

import json
from pathlib import Path

import pytest

from ccstate.errors import Diagnostic, InvalidInput, Span
from ccstate.forge import Check, Forge
from ccstate.forge.files import PlainFiles
from ccstate.forge.marking import marked, unmarked


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    return PlainFiles(tmp_path / "answers")


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "answers").iterdir())


def test_a_comment_is_one_file_that_the_next_one_replaces(forge: Forge, tmp_path: Path) -> None:
    assert forge.read_comment(12, "plan") is None
    forge.write_comment(12, "plan", "first")
    place = forge.write_comment(12, "plan", "second\n")
    assert files(tmp_path) == ["comment-12-plan.md"]
    assert Path(place).read_text() == "<!-- ccstate: plan -->\nsecond\n"
    assert forge.read_comment(12, "plan") == "second\n"
    assert forge.read_comment(13, "plan") is None


def test_without_a_number_the_comment_has_none_in_its_name(forge: Forge, tmp_path: Path) -> None:
    forge.write_comment(0, "plan", "text")
    assert files(tmp_path) == ["comment-plan.md"]


def test_a_check_keeps_its_problems_with_their_places(forge: Forge) -> None:
    problem = Diagnostic("CC103", "unknown schedule", Span("desired_state/a.yaml", 3, 5))
    check = Check("ccstate / plan", "failure", "1 error", "text", [problem])
    place = forge.write_check("c" * 40, check)
    assert Path(place).name == "check-ccstate-plan.json"
    said = json.loads(Path(place).read_text())
    assert said["conclusion"] == "failure"
    assert said["commit"] == "c" * 40
    [annotation] = said["annotations"]
    assert annotation["span"] == {"file": "desired_state/a.yaml", "line": 3, "column": 5}


def test_an_issue_is_opened_updated_and_closed(forge: Forge, tmp_path: Path) -> None:
    assert forge.close_issue("drift", "gone") == ""
    forge.open_issue("drift", "Changed by hand", "queue/sales")
    forge.open_issue("drift", "Changed by hand", "queue/support")
    assert files(tmp_path) == ["issue-drift.md"]
    place = forge.close_issue("drift", "Nothing differs any more.")
    assert files(tmp_path) == ["issue-drift.closed.md"]
    assert Path(place).read_text() == (
        "<!-- ccstate: drift -->\n# Changed by hand\n\nqueue/support\n\n---\n\n"
        "Nothing differs any more.\n"
    )


def test_a_change_request_names_its_branches(forge: Forge, tmp_path: Path) -> None:
    place = forge.open_change("promote/../staging", "main", "Promote", "body")
    assert files(tmp_path) == ["change-promote-staging.md"]
    assert "From `promote/../staging` into `main`." in Path(place).read_text()


def test_nothing_is_written_or_read_where_a_link_leads(forge: Forge, tmp_path: Path) -> None:
    (tmp_path / "answers").mkdir()
    (tmp_path / "outside.md").write_text("<!-- ccstate: plan -->\nkept")
    (tmp_path / "answers" / "comment-plan.md").symlink_to(tmp_path / "outside.md")
    with pytest.raises(InvalidInput, match="is a link"):
        forge.write_comment(0, "plan", "text")
    with pytest.raises(InvalidInput, match="is a link"):
        forge.read_comment(0, "plan")
    assert (tmp_path / "outside.md").read_text() == "<!-- ccstate: plan -->\nkept"


def test_a_marker_counts_in_the_first_line_only() -> None:
    assert unmarked("plan", marked("plan", "body\nmore")) == "body\nmore"
    assert unmarked("plan", "<!-- ccstate: plan -->\r\nbody\r\n") == "body\n"
    assert unmarked("plan", "quoted:\n<!-- ccstate: plan -->\nbody") is None
    assert unmarked("plan", marked("plan-2", "body")) is None


@pytest.mark.parametrize("marker", ["", "a b", "-->", "../x", "A", "a" * 101])
def test_a_marker_is_a_word_that_ends_no_comment(marker: str) -> None:
    with pytest.raises(ValueError, match="is no marker"):
        marked(marker, "body")
