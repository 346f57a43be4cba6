"""GitHub, played by a real HTTP server that holds every request against the documentation."""

from typing import Any

import pytest

from ccstate.authority import Approval
from ccstate.errors import Diagnostic, InvalidInput, Severity, Span
from ccstate.forge import ChangeRequest, Check, Forge
from tests.forge.conftest import Clock, github_forge
from tests.forge.github_host import (
    BASE,
    BOT,
    HEAD,
    MALLORY,
    MERGED,
    OLD,
    GitHubHost,
    person,
    review,
)


@pytest.fixture
def forge(github: GitHubHost, clock: Clock) -> Forge:
    return github_forge(github, clock)


def bodies(github: GitHubHost, number: int = 12) -> list[str]:
    return [comment["body"] for comment in github.comments[number]]


def test_a_comment_is_made_once_and_updated_afterwards(forge: Forge, github: GitHubHost) -> None:
    first = forge.write_comment(12, "plan", "first")
    second = forge.write_comment(12, "plan", "second")
    assert first == second
    assert first.startswith("https://github.com/team/centre/pull/12#issuecomment-")
    assert bodies(github) == ["<!-- ccstate: plan -->\nsecond"]
    assert forge.read_comment(12, "plan") == "second"


def test_our_comment_is_found_behind_many_of_others(forge: Forge, github: GitHubHost) -> None:
    for number in range(5):
        github.add_comment(12, MALLORY, f"I think {number}")
    github.add_comment(12, BOT, "<!-- ccstate: plan -->\nold")
    forge.write_comment(12, "plan", "new")
    assert bodies(github)[5:] == ["<!-- ccstate: plan -->\nnew"]
    lists = [r for r in github.server.requests if r.path.endswith("/comments")]
    assert [r.query.get("page") for r in lists] == [None, "2", "3"]


def test_a_comment_of_a_stranger_with_our_marker_is_neither_changed_nor_believed(
    forge: Forge, github: GitHubHost
) -> None:
    github.add_comment(12, MALLORY, "<!-- ccstate: plan -->\napproved by all")
    assert forge.read_comment(12, "plan") is None
    forge.write_comment(12, "plan", "ours")
    assert bodies(github) == [
        "<!-- ccstate: plan -->\napproved by all",
        "<!-- ccstate: plan -->\nours",
    ]
    assert forge.read_comment(12, "plan") == "ours"


def test_a_comment_whose_author_is_deleted_is_not_ours(forge: Forge, github: GitHubHost) -> None:
    github.add_comment(12, None, "<!-- ccstate: plan -->\nold")
    assert forge.read_comment(12, "plan") is None


def test_our_comment_that_another_person_edited_is_not_believed(
    forge: Forge, github: GitHubHost
) -> None:
    forge.write_comment(12, "plan", "ours")
    node = github.comments[12][0]["node_id"]
    ours = {"lastEditedAt": "2026-11-02T09:00:00Z", "editor": {"databaseId": BOT["id"]}}
    github.edits[node] = ours
    assert forge.read_comment(12, "plan") == "ours"
    github.edits[node] = {**ours, "editor": {"databaseId": MALLORY["id"]}}
    assert forge.read_comment(12, "plan") is None
    github.edits[node] = {**ours, "editor": None}  # whose account is deleted
    assert forge.read_comment(12, "plan") is None


def test_of_two_comments_of_ours_the_older_stays(forge: Forge, github: GitHubHost) -> None:
    github.add_comment(12, BOT, "<!-- ccstate: plan -->\nfrom one run")
    github.add_comment(12, BOT, "<!-- ccstate: plan -->\nfrom another at the same time")
    github.add_comment(12, BOT, "<!-- ccstate: drift -->\nof another marker")
    forge.write_comment(12, "plan", "new")
    assert bodies(github) == [
        "<!-- ccstate: plan -->\nnew",
        "<!-- ccstate: drift -->\nof another marker",
    ]


def test_the_account_of_a_person_is_asked_without_graphql(github: GitHubHost, clock: Clock) -> None:
    github.is_app, github.me = False, person(7, "kim")
    forge = github_forge(github, clock)
    forge.write_comment(12, "plan", "text")
    forge.write_comment(12, "plan", "more")
    assert github.server.calls.count("GET /user") == 1
    assert "POST /graphql" not in github.server.calls
    assert len(bodies(github)) == 1


def test_a_text_that_is_too_long_is_refused_before_it_is_sent(
    forge: Forge, github: GitHubHost
) -> None:
    body = "x" * forge.longest_body
    forge.write_comment(12, "a" * 100, body)
    sent = len(github.server.requests)
    with pytest.raises(InvalidInput, match="has 65,337 characters, and it takes 65,336"):
        forge.write_comment(12, "plan", body + "x")
    with pytest.raises(InvalidInput, match="and it takes"):
        forge.open_issue("drift", "title", body + "x")
    assert len(github.server.requests) == sent


def problem(number: int, severity: Severity = Severity.ERROR) -> Diagnostic:
    place = Span("desired_state/a.yaml", number, 3)
    return Diagnostic(
        "CC103", "unknown schedule", place, "no file declares it.", "declare it", severity
    )


def test_a_check_run_takes_annotations_fifty_at_a_time(forge: Forge, github: GitHubHost) -> None:
    problems = [problem(number) for number in range(1, 122)]
    check = Check("ccstate plan", "failure", "121 errors", "**121** errors", problems)
    address = forge.write_check(HEAD, check)
    [run] = github.runs
    assert address == run["html_url"]
    assert [a["start_line"] for a in run["annotations"]] == list(range(1, 122))
    assert github.server.calls == [
        "POST /repos/team/centre/check-runs",
        *[f"PATCH /repos/team/centre/check-runs/{run['id']}"] * 2,
    ]
    assert run["annotations"][0] == {
        "path": "desired_state/a.yaml",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "failure",
        "title": "CC103",
        "message": "unknown schedule\nno file declares it.\nhint: declare it",
    }
    assert (run["conclusion"], run["output"]["title"]) == ("failure", "121 errors")


def test_a_problem_without_a_place_is_no_annotation_and_one_without_a_line_is_at_the_first(
    forge: Forge, github: GitHubHost
) -> None:
    problems = [
        Diagnostic("CC301", "too many changes"),
        Diagnostic("CC001", "no text", Span("a.yaml"), severity=Severity.WARNING),
    ]
    forge.write_check(HEAD, Check("ccstate plan", "neutral", "title", "summary", problems))
    [annotation] = github.runs[0]["annotations"]
    assert (annotation["start_line"], annotation["annotation_level"]) == (1, "warning")


def test_a_token_of_a_person_reports_a_commit_status(github: GitHubHost, clock: Clock) -> None:
    github.is_app = False
    forge = github_forge(github, clock)
    address = forge.write_check(HEAD, Check("ccstate plan", "action_required", "t" * 300, "text"))
    [status] = github.statuses
    assert (status["state"], status["context"]) == ("pending", "ccstate plan")
    assert address == f"https://github.com/team/centre/commit/{HEAD}"


def test_a_token_without_the_right_to_checks_learns_of_that_right(
    github: GitHubHost, clock: Clock
) -> None:
    github.is_app = github.may_report = False
    with pytest.raises(InvalidInput, match=r"POST /repos/team/centre/check-runs: 403"):
        github_forge(github, clock).write_check(HEAD, Check("ccstate plan", "success", "t", "s"))


KIM, LEE, MAX = person(7, "kim"), person(8, "lee"), person(9, "max")


@pytest.mark.parametrize(
    "reviews, approved",
    [
        ([review(LEE, "APPROVED")], ["lee"]),
        ([review(LEE, "APPROVED"), review(LEE, "COMMENTED")], ["lee"]),
        ([review(LEE, "APPROVED"), review(LEE, "CHANGES_REQUESTED")], []),
        ([review(LEE, "CHANGES_REQUESTED"), review(LEE, "APPROVED")], ["lee"]),
        ([review(LEE, "DISMISSED")], []),
        ([review(LEE, "APPROVED"), review(LEE, "DISMISSED")], []),
        ([review(LEE, "APPROVED", OLD)], []),
        ([review(LEE, "APPROVED", OLD), review(LEE, "APPROVED")], ["lee"]),
        ([review(LEE, "APPROVED"), review(MAX, "APPROVED")], ["lee", "max"]),
        ([review(LEE, "APPROVED"), review(MALLORY, "APPROVED")], ["lee"]),
        ([review(None, "APPROVED")], []),
        ([review(LEE, "PENDING")], []),
        ([*[review(MAX, "COMMENTED")] * 5, review(LEE, "APPROVED")], ["lee"]),
    ],
)
def test_the_latest_review_of_each_person_who_may_write_counts(
    forge: Forge, github: GitHubHost, reviews: list[Any], approved: list[str]
) -> None:
    github.add_pull(12)
    github.reviews = reviews
    github.permissions = {"lee": "write", "max": "admin", "mallory": "read"}
    assert [a.by for a in forge.approvals(12)] == approved


def test_an_approval_says_when_and_of_which_commit(forge: Forge, github: GitHubHost) -> None:
    github.add_pull(12)
    github.reviews = [review(LEE, "APPROVED", at="2026-11-02T09:00:00Z")]
    github.permissions = {"lee": "write"}
    assert forge.approvals(12) == (Approval("lee", "2026-11-02T09:00:00Z", "review", HEAD),)


def test_a_change_request_is_read_with_its_commits(forge: Forge, github: GitHubHost) -> None:
    github.add_pull(12, body=None)
    assert forge.change(12) == ChangeRequest(
        12,
        "https://github.com/team/centre/pull/12",
        "kim",
        "Longer wrap-up",
        "",
        BASE,
        HEAD,
        "main",
        "wrap-up",
        "",
    )
    with pytest.raises(InvalidInput, match="has nothing there that the token may see"):
        forge.change(13)


def test_the_change_of_a_commit_is_the_merged_one_of_this_repository(
    forge: Forge, github: GitHubHost
) -> None:
    merged = {"merged_at": "2026-11-02T09:00:00Z", "merge_commit_sha": MERGED}
    fork = {"ref": "main", "sha": BASE, "repo": {"full_name": "mallory/centre"}}
    github.add_pull(9)
    github.add_pull(10, **merged, base=fork)
    assert forge.change_of(MERGED) is None
    github.add_pull(11, **{**merged, "merge_commit_sha": OLD})
    github.add_pull(12, **merged)
    found = forge.change_of(MERGED)
    assert found is not None
    assert (found.number, found.merged_commit) == (12, MERGED)


def test_an_issue_is_opened_once_updated_and_closed(forge: Forge, github: GitHubHost) -> None:
    marked = "<!-- ccstate: drift -->\nnot ours"
    github.add_issue(MALLORY, "Drift", marked)
    github.add_issue(BOT, "A pull request", "<!-- ccstate: drift -->\n")["pull_request"] = {
        "url": ""
    }
    first = forge.open_issue("drift", "Changed by hand", "queue/sales")
    second = forge.open_issue("drift", "Changed by hand: 2", "queue/support")
    assert first == second
    [ours] = [i for i in github.issues if i["html_url"] == first]
    assert (ours["title"], ours["body"]) == (
        "Changed by hand: 2",
        "<!-- ccstate: drift -->\nqueue/support",
    )
    assert forge.close_issue("drift", "Nothing differs any more.") == first
    assert (ours["state"], ours["state_reason"]) == ("closed", "completed")
    assert bodies(github, ours["number"]) == [
        "<!-- ccstate: drift-closed -->\nNothing differs any more."
    ]
    assert forge.close_issue("drift", "again") == ""
    assert [i["state"] for i in github.issues] == ["open", "open", "closed"]
    assert forge.open_issue("drift", "Changed by hand", "new") != first


def test_a_change_request_is_proposed_once(forge: Forge, github: GitHubHost) -> None:
    first = forge.open_change("promote-x", "main", "Promote", "body")
    assert forge.open_change("promote-x", "main", "Promote", "body") == first
    assert len(github.pulls) == 1
    assert github.pulls[0]["head"]["ref"] == "promote-x"
