"""Which change a run is about, by the variables of its build server."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccstate.ci.job import MOST_SUMMARY, Job, job_here
from ccstate.errors import InvalidInput

HEAD, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40
# Shape: docs.github.com, "Webhook events and payloads", `pull_request` (2022-11-28).
PULL: dict[str, Any] = {
    "action": "synchronize",
    "number": 12,
    "pull_request": {
        "number": 12,
        "title": "Calls for sales",
        "user": {"login": "kim"},
        "head": {"sha": HEAD, "ref": "wish", "repo": {"full_name": "team/pbx"}},
        "base": {"sha": BASE, "ref": "main", "repo": {"full_name": "team/pbx"}},
    },
}


def github(folder: Path, event: object, **more: str) -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_SHA": MERGE,
        "GITHUB_REPOSITORY": "team/pbx",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "77",
        "GITHUB_ACTOR": "kim",
        **more,
    }


def test_a_pull_request_is_read_from_its_event(tmp_path: Path) -> None:
    found = job_here(github(tmp_path, PULL, GITHUB_OUTPUT=str(tmp_path / "out")))
    assert found == Job(
        change=12,
        head=HEAD,
        base=BASE,
        title="Calls for sales",
        author="kim",
        actor="kim",
        address="https://github.com/team/pbx/actions/runs/77",
        outputs=tmp_path / "out",
    )


@pytest.mark.parametrize("repo", [{"full_name": "stranger/pbx"}, None])
def test_a_fork_is_known_though_it_is_gone(tmp_path: Path, repo: object) -> None:
    pull = PULL["pull_request"]
    event = {"pull_request": {**pull, "head": {**pull["head"], "repo": repo}}}
    assert job_here(github(tmp_path, event)).is_fork


def test_a_push_is_about_no_change(tmp_path: Path) -> None:
    found = job_here(github(tmp_path, {"ref": "refs/heads/main"}, GITHUB_TRIGGERING_ACTOR="lee"))
    assert (found.change, found.head, found.actor, found.is_fork) == (0, MERGE, "lee", False)


@pytest.mark.parametrize("event", [[], {"pull_request": 7}, {"pull_request": {"number": "12"}}])
def test_an_odd_event_names_no_change(tmp_path: Path, event: object) -> None:
    assert job_here(github(tmp_path, event)).change == 0


@pytest.mark.parametrize("content", [b"no JSON", b"\xff", None])
def test_an_event_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    environment = github(tmp_path, {})
    path = tmp_path / "event.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        job_here(environment)
    assert caught.value.problems[0].code == "CC821"


def test_an_address_that_would_end_a_link_is_none(tmp_path: Path) -> None:
    environment = github(tmp_path, {}, GITHUB_SERVER_URL="https://x/) [click](https://y")
    assert job_here(environment).address == ""


def test_a_merge_request_is_read_from_its_variables() -> None:
    # docs.gitlab.com 17, "Predefined CI/CD variables".
    environment = {
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": MERGE,
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": BASE,
        "CI_MERGE_REQUEST_TITLE": "Calls for sales",
        "CI_MERGE_REQUEST_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "5",
        "CI_JOB_URL": "https://gitlab.example.org/team/pbx/-/jobs/77",
        "GITLAB_USER_LOGIN": "kim",
    }
    found = job_here(environment)
    assert found == Job(
        change=12,
        head=HEAD,
        base=BASE,
        title="Calls for sales",
        actor="kim",
        address="https://gitlab.example.org/team/pbx/-/jobs/77",
    )
    assert job_here({**environment, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "6"}).is_fork
    # Of a branch whose pipeline merges nothing, that variable is empty.
    assert job_here({**environment, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": ""}).head == MERGE


def test_on_a_laptop_nothing_is_known() -> None:
    assert job_here({"GITHUB_SHA": HEAD}) == Job()


def test_a_summary_is_added_as_long_as_there_is_room(tmp_path: Path) -> None:
    job = Job(summary=tmp_path / "summary.md")
    job.write_summary("One")
    job.write_summary("x" * MOST_SUMMARY)
    job.write_summary("Two\n\n\n")
    assert (tmp_path / "summary.md").read_text() == "One\n\nTwo\n\n"
    Job().write_summary("nowhere")


def test_no_value_for_a_later_step_can_bring_another(tmp_path: Path) -> None:
    job = Job(outputs=tmp_path / "out")
    job.write_outputs(outcome="asked", digest="a" * 64)
    assert (tmp_path / "out").read_text() == f"outcome=asked\ndigest={'a' * 64}\n"
    with pytest.raises(ValueError, match="is no value"):
        job.write_outputs(outcome="x\nPATH=/evil")
