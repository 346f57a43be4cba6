"""GitLab, played by a real HTTP server that holds every request against the documentation."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.forge import ChangeRequest, Check, Forge
from tests.forge.conftest import Clock, gitlab_forge
from tests.forge.gitlab_host import (
    BASE,
    BOT,
    HEAD,
    MALLORY,
    MERGED,
    OLD,
    PROJECT,
    GitLabHost,
    person,
)

SUBJECT = "merge_requests/12"


@pytest.fixture
def forge(gitlab: GitLabHost, clock: Clock, tmp_path: Path) -> Forge:
    return gitlab_forge(gitlab, clock, tmp_path)


def bodies(gitlab: GitLabHost, subject: str = SUBJECT) -> list[str]:
    return [note["body"] for note in gitlab.notes[subject]]


def test_a_note_is_made_once_and_updated_afterwards(forge: Forge, gitlab: GitLabHost) -> None:
    for number in range(5):
        gitlab.add_note(SUBJECT, MALLORY, f"I think {number}")
    first = forge.write_comment(12, "plan", "first")
    second = forge.write_comment(12, "plan", "second")
    assert first == second == f"{PROJECT}/-/merge_requests/12#note_{gitlab.notes[SUBJECT][5]['id']}"
    assert bodies(gitlab)[5:] == ["<!-- ccstate: plan -->\nsecond"]
    assert forge.read_comment(12, "plan") == "second"
    assert forge.read_comment(13, "plan") is None


def test_a_note_of_a_stranger_or_of_the_system_is_neither_changed_nor_believed(
    forge: Forge, gitlab: GitLabHost
) -> None:
    gitlab.add_note(SUBJECT, MALLORY, "<!-- ccstate: plan -->\napproved by all")
    gitlab.add_note(SUBJECT, BOT, "<!-- ccstate: plan -->\nof the system", system=True)
    assert forge.read_comment(12, "plan") is None
    forge.write_comment(12, "plan", "ours")
    assert len(bodies(gitlab)) == 3
    assert forge.read_comment(12, "plan") == "ours"


def test_our_note_that_another_person_edited_is_not_believed(
    forge: Forge, gitlab: GitLabHost
) -> None:
    forge.write_comment(12, "plan", "ours")
    note = f"gid://gitlab/Note/{gitlab.notes[SUBJECT][0]['id']}"
    ours = {
        "lastEditedAt": "2026-11-02T09:00:00Z",
        "lastEditedBy": {"id": f"gid://gitlab/User/{BOT['id']}"},
    }
    gitlab.edits[note] = ours
    assert forge.read_comment(12, "plan") == "ours"
    gitlab.edits[note] = {**ours, "lastEditedBy": {"id": "gid://gitlab/User/666"}}
    assert forge.read_comment(12, "plan") is None
    gitlab.edits[note] = {**ours, "lastEditedBy": None}
    assert forge.read_comment(12, "plan") is None
    gitlab.knows_editors = False
    assert forge.read_comment(12, "plan") is None


def test_of_two_notes_of_ours_the_older_stays(forge: Forge, gitlab: GitLabHost) -> None:
    gitlab.add_note(SUBJECT, BOT, "<!-- ccstate: plan -->\nfrom one run")
    gitlab.add_note(SUBJECT, BOT, "<!-- ccstate: plan -->\nfrom another")
    forge.write_comment(12, "plan", "new")
    assert bodies(gitlab) == ["<!-- ccstate: plan -->\nnew"]


def test_a_note_has_a_million_characters_at_most(forge: Forge, gitlab: GitLabHost) -> None:
    forge.write_comment(12, "a" * 100, "x" * forge.longest_body)
    sent = len(gitlab.server.requests)
    with pytest.raises(InvalidInput, match="has 999,801 characters, and it takes 999,800"):
        forge.write_comment(12, "plan", "x" * (forge.longest_body + 1))
    assert not any("/notes" in call for call in gitlab.server.calls[sent:])


def test_a_check_is_a_status_and_a_report_of_code_quality(
    forge: Forge, gitlab: GitLabHost, tmp_path: Path
) -> None:
    problems = [
        Diagnostic("CC103", "unknown schedule", Span("a.yaml", 3, 5), hint="declare it"),
        Diagnostic("CC220", "no music", Span("a.yaml"), severity=Severity.WARNING),
        Diagnostic("CC301", "too many changes"),
    ]
    check = Check("ccstate plan", "failure", "2 errors " * 50, "summary", problems)
    assert forge.write_check(HEAD, check) == f"{PROJECT}/-/commit/{HEAD}"
    [status] = gitlab.statuses
    assert (status["state"], status["name"]) == ("failed", "ccstate plan")
    found = json.loads((tmp_path / "gl-code-quality-report.json").read_text())
    # Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format".
    assert [sorted(one) for one in found] == [
        ["check_name", "description", "fingerprint", "location", "severity"]
    ] * 2
    assert found[0]["description"] == "unknown schedule\nhint: declare it"
    assert found[0]["location"] == {"path": "a.yaml", "lines": {"begin": 3}}
    assert [one["severity"] for one in found] == ["major", "minor"]
    assert found[1]["location"]["lines"]["begin"] == 1
    assert len({one["fingerprint"] for one in found}) == 2


def approved(at: str = "2026-11-02T09:00:00.500Z", author: Any = None, **more: Any) -> Any:
    body = {"author": author or person(8, "lee"), "at": at, "body": "approved this merge request"}
    return {**body, "system": True, **more}


LEE = {"user": person(8, "lee")}


@pytest.mark.parametrize(
    "approved_by, notes, by",
    [
        ([], [], []),
        ([LEE], [approved()], ["lee"]),
        ([LEE], [approved("2026-11-02T08:59:59.000Z")], []),
        ([LEE], [approved("2026-11-02T08:59:59.000Z"), approved()], ["lee"]),
        ([LEE], [], []),
        ([LEE], [approved(system=False)], []),
        ([LEE], [approved(author=MALLORY)], []),
        ([LEE], [approved(body="I approved this merge request")], []),
        ([{**LEE, "approved_at": "2026-11-02T09:00:01.000Z"}], [], ["lee"]),
        ([{**LEE, "approved_at": "2026-11-02T08:00:01.000Z"}], [approved()], []),
        ([], [approved()], []),
    ],
)
def test_an_approval_counts_that_was_given_since_the_last_push(
    forge: Forge, gitlab: GitLabHost, approved_by: list[Any], notes: list[Any], by: list[str]
) -> None:
    gitlab.approved_by = approved_by
    gitlab.versions = [
        {"created_at": "2026-11-02T09:00:00.000Z", "head_commit_sha": HEAD},
        {"created_at": "2026-11-02T07:00:00.000Z", "head_commit_sha": OLD},
        {"created_at": "2026-11-02T06:00:00.000Z", "head_commit_sha": OLD},
    ]
    for note in notes:
        gitlab.add_note(SUBJECT, **note)
    found = forge.approvals(12)
    assert [a.by for a in found] == by
    assert {a.commit for a in found} <= {HEAD}


def test_without_versions_no_approval_counts(forge: Forge, gitlab: GitLabHost) -> None:
    gitlab.approved_by = [LEE]
    gitlab.add_note(SUBJECT, **approved())
    assert forge.approvals(12) == ()


def test_a_merge_request_is_read_with_its_commits(forge: Forge, gitlab: GitLabHost) -> None:
    gitlab.add_request(12, description=None)
    page = f"{PROJECT}/-/merge_requests/12"
    assert forge.change(12) == ChangeRequest(
        12, page, "kim", "Longer wrap-up", "", BASE, HEAD, "main", "wrap-up", ""
    )


@pytest.mark.parametrize("commit", ["merge_commit_sha", "squash_commit_sha", "sha"])
def test_the_change_of_a_commit_is_the_merged_one(
    forge: Forge, gitlab: GitLabHost, commit: str
) -> None:
    gitlab.add_request(9)
    assert forge.change_of(MERGED) is None
    gitlab.add_request(11, state="merged", merge_commit_sha=OLD)
    gitlab.add_request(12, state="merged", **{commit: MERGED})
    found = forge.change_of(MERGED)
    assert found is not None
    assert (found.number, found.merged_commit, found.base_commit) == (12, MERGED, BASE)


def test_an_issue_is_opened_once_updated_and_closed(forge: Forge, gitlab: GitLabHost) -> None:
    gitlab.add_issue(MALLORY, "Drift", "<!-- ccstate: drift -->\nnot ours")
    first = forge.open_issue("drift", "Changed by hand", "queue/sales")
    assert forge.open_issue("drift", "Changed by hand: 2", "queue/support") == first
    ours = gitlab.issues[1]
    assert (ours["title"], ours["description"]) == (
        "Changed by hand: 2",
        "<!-- ccstate: drift -->\nqueue/support",
    )
    assert forge.open_markers() == ("drift",)
    assert forge.close_issue("drift", "Nothing differs any more.") == first
    assert [i["state"] for i in gitlab.issues] == ["opened", "closed"]
    closed = f"issues/{ours['iid']}"
    assert bodies(gitlab, closed) == ["<!-- ccstate: drift-closed -->\nNothing differs any more."]
    assert forge.close_issue("drift", "again") == ""


def test_a_merge_request_is_proposed_once(forge: Forge, gitlab: GitLabHost) -> None:
    first = forge.open_change("promote-x", "main", "Promote", "body")
    assert forge.open_change("promote-x", "main", "Promote", "body") == first
    assert len(gitlab.requests) == 1


def test_pages_of_files_and_commits_are_those_of_the_project(forge: Forge) -> None:
    assert forge.page_of_file("ccstate-record", "plans/3f/plan #1.md") == (
        f"{PROJECT}/-/blob/ccstate-record/plans/3f/plan%20%231.md"
    )
