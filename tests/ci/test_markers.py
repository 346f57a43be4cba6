"""Projects of one repository, and environments of one project, are kept apart on a code host."""

from pathlib import Path

import pytest

from ccstate.ci.issues import Unfinished, close_fix_issues, open_fix_issue
from ccstate.ci.markers import check_name, marker
from ccstate.forge.files import PlainFiles
from ccstate.project import Project


def made(top: Path, folder: str, environment: str = "") -> Project:
    (top / ".git" / "objects").mkdir(parents=True, exist_ok=True)
    (top / ".git" / "refs").mkdir(exist_ok=True)
    (top / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (top / folder).mkdir(parents=True, exist_ok=True)
    return Project(top / folder, environment=environment)


def test_a_project_at_the_top_or_outside_of_git_has_the_plain_marker(tmp_path: Path) -> None:
    assert marker(Project(tmp_path), "plan") == "plan"
    assert marker(made(tmp_path, "."), "plan") == "plan"
    assert check_name(made(tmp_path, "."), "ccstate plan") == "ccstate plan"


def test_folder_and_environment_are_part_of_it(tmp_path: Path) -> None:
    assert marker(made(tmp_path, ".", "staging"), "plan") == "plan-staging"
    assert marker(made(tmp_path, "centre", "staging"), "plan") == "plan-in-centre-staging"
    name = check_name(made(tmp_path, "centre", "staging"), "ccstate plan")
    assert name == "ccstate plan (centre, staging)"


PLACES = [
    (".", ""),
    (".", "staging"),
    ("staging", ""),
    (".", "staging-au"),
    (".", "staging_au"),
    (".", "staging.au"),
    ("staging", "au"),
    ("staging/au", ""),
    ("staging-au", ""),
    ("Staging", ""),
    ("a" * 60, ""),
    ("a" * 61, ""),
    ("a" * 61, "b" * 61),
    ("çedille", ""),
    ("ç", ""),
]


def test_no_two_places_share_a_marker(tmp_path: Path) -> None:
    marks = [marker(made(tmp_path, *place), "plan") for place in PLACES]
    assert len(set(marks)) == len(PLACES)
    forge = PlainFiles(tmp_path / "answers")
    for mark in marks:
        forge.write_comment(12, f"{mark}-3fa9c1d2aabb-closed", "a host takes each of them")


@pytest.mark.parametrize("other", PLACES[1:])
def test_an_apply_closes_the_issues_of_its_own_project_alone(
    other: tuple[str, str], tmp_path: Path
) -> None:
    here, there = made(tmp_path, "."), made(tmp_path, *other)
    forge = PlainFiles(tmp_path / "answers")
    for project in (here, there):
        open_fix_issue(project, forge, Unfinished("3fa9c1d2", "", "plans/3fa9c1d2"))
    assert len(forge.open_markers()) == 2
    close_fix_issues(here, forge, "77aa00bb")
    assert list(forge.open_markers()) == [f"{marker(there, 'fix')}-3fa9c1d2"]
