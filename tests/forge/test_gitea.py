"""Gitea, played by a real HTTP server: what it has as GitHub has it, and where it differs."""

from typing import Any

import pytest

from ccstate.errors import Diagnostic, Span
from ccstate.forge import Check, Forge
from tests.forge.conftest import Clock, gitea_forge
from tests.forge.gitea_host import BOT, GiteaHost, review
from tests.forge.github_host import HEAD, MALLORY, MERGED, OLD, person


@pytest.fixture
def forge(gitea: GiteaHost, clock: Clock) -> Forge:
    return gitea_forge(gitea, clock)


def test_a_comment_is_made_once_updated_and_read(forge: Forge, gitea: GiteaHost) -> None:
    gitea.add_comment(12, MALLORY, "<!-- ccstate: plan -->\nnot ours")
    first = forge.write_comment(12, "plan", "first")
    assert forge.write_comment(12, "plan", "second") == first
    assert [c["body"] for c in gitea.comments[12]] == [
        "<!-- ccstate: plan -->\nnot ours",
        "<!-- ccstate: plan -->\nsecond",
    ]
    assert forge.read_comment(12, "plan") == "second"


def test_of_two_issues_of_ours_the_older_stays(forge: Forge, gitea: GiteaHost) -> None:
    first = gitea.add_issue(BOT, "Drift", "<!-- ccstate: drift -->\nfrom one run")
    gitea.add_issue(BOT, "Drift", "<!-- ccstate: drift -->\nfrom another")
    gitea.add_issue(MALLORY, "Drift", "<!-- ccstate: drift -->\nnot ours")
    assert forge.open_issue("drift", "Drift", "new") == first["html_url"]
    assert [(i["state"], i["body"]) for i in gitea.issues] == [
        ("open", "<!-- ccstate: drift -->\nnew"),
        ("closed", "<!-- ccstate: drift -->\nfrom another"),
        ("open", "<!-- ccstate: drift -->\nnot ours"),
    ]
    assert forge.open_markers() == ("drift",)
    assert forge.close_issue("drift", "gone") == first["html_url"]
    assert forge.open_markers() == ()


def test_a_check_is_a_commit_status(forge: Forge, gitea: GiteaHost) -> None:
    problem = Diagnostic("CC103", "unknown", Span("a.yaml", 3))
    address = forge.write_check(HEAD, Check("ccstate plan", "failure", "t" * 300, "s", [problem]))
    assert address == f"https://git.example.com/team/centre/commit/{HEAD}"
    [status] = gitea.statuses
    assert (status["state"], status["context"]) == ("failure", "ccstate plan")
    assert len(status["description"]) == 255


LEE, MAX = person(8, "lee"), person(9, "max")


@pytest.mark.parametrize(
    "reviews, approved",
    [
        ([review(LEE, "APPROVED")], ["lee"]),
        ([review(LEE, "APPROVED"), review(LEE, "COMMENT")], ["lee"]),
        ([review(LEE, "APPROVED"), review(LEE, "REQUEST_CHANGES")], []),
        ([review(LEE, "APPROVED", stale=True)], []),
        ([review(LEE, "APPROVED", dismissed=True)], []),
        ([review(LEE, "APPROVED", official=False)], []),
        ([review(LEE, "APPROVED", commit_id=OLD)], []),
        (
            [review(LEE, "REQUEST_REVIEW"), review(MAX, "APPROVED"), review(None, "APPROVED")],
            ["max"],
        ),
    ],
)
def test_the_latest_review_of_each_person_who_may_approve_counts(
    forge: Forge, gitea: GiteaHost, reviews: list[Any], approved: list[str]
) -> None:
    gitea.add_pull(12)
    gitea.reviews = reviews
    assert [a.by for a in forge.approvals(12)] == approved


def test_the_change_of_a_commit_is_the_merged_one(forge: Forge, gitea: GiteaHost) -> None:
    assert forge.change_of(MERGED) is None
    gitea.add_pull(11, merge_commit_sha=OLD)
    assert forge.change_of(OLD) is None
    gitea.add_pull(12, merge_commit_sha=MERGED, merged_at="2026-11-02T09:00:00Z")
    found = forge.change_of(MERGED)
    assert found is not None
    assert (found.number, found.merged_commit) == (12, MERGED)


def test_a_change_request_is_proposed_once(forge: Forge, gitea: GiteaHost) -> None:
    fork = {"ref": "promote-x", "sha": HEAD, "repo": {"full_name": "mallory/centre"}}
    gitea.add_pull(9, head=fork)
    first = forge.open_change("promote-x", "main", "Promote", "body")
    assert forge.open_change("promote-x", "main", "Promote", "body") == first
    assert len(gitea.pulls) == 2


def test_pages_of_files_are_those_of_gitea(forge: Forge) -> None:
    assert forge.page_of_file("ccstate-record", "plans/3f/plan.md") == (
        "https://git.example.com/team/centre/src/branch/ccstate-record/plans/3f/plan.md"
    )
