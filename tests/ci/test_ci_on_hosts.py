"""A change from its plan to its apply, by the command line, on hosts that speak HTTP on this machine."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccstate.adapters.embedded import connect
from ccstate.model import Address
from tests.ci.estates import Team
from tests.forge import gitea_host, github_host, gitlab_host
from tests.forge.conftest import Clock, played

pytestmark = pytest.mark.git

LABEL, OTHER = "label: Kim,", "label: Kim L,"
MESSAGE = "Kim has a longer name\n\nRequest: CHG-9\nRequested-by: Priya Nair\n"


class Hosted(ABC):
    """A team's repository on a code host, whose CI runs commands with its variables."""

    def __init__(self, team: Team, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.team = team
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.before = team.git("rev-parse", "main")
        self.head = team.propose(LABEL, OTHER, MESSAGE)
        self.commit = ""

    host: Any

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """What the CI of the host sets for a run."""

    @abstractmethod
    def open(self) -> None:
        """Kim opens change request 12."""

    @abstractmethod
    def approve(self, login: str) -> None:
        """A person who may write approves of the last commit."""

    @abstractmethod
    def comments(self) -> list[dict[str, Any]]:
        """All comments on change request 12."""

    @abstractmethod
    def stranger(self, body: str) -> None:
        """Mallory comments on it."""

    @abstractmethod
    def host_merges(self) -> None:
        """The host knows of the merge."""

    @abstractmethod
    def issues(self) -> list[tuple[str, str]]:
        """State and title of each issue."""

    def run(self, *arguments: str) -> int:
        for name, value in self.variables().items():
            self.monkeypatch.setenv(name, value)
        return self.team.run("ci", *arguments)

    def merge(self) -> None:
        self.team.git("switch", "--quiet", "main")
        self.team.git("merge", "--quiet", "--no-ff", "--message=Merge change 12", "wish")
        self.commit = self.team.git("rev-parse", "HEAD")
        self.host_merges()

    def label(self) -> object:
        live = connect({"path": ".ccstate/main.db"}, self.team.root).observe(["extension"])
        return live.objects[Address("extension", "2001")].get("label")


class OnGitHub(Hosted):
    host: github_host.GitHubHost
    token = github_host.TOKEN
    api = ""

    def variables(self) -> dict[str, str]:
        here = {"full_name": "team/centre"}
        pull = {
            "number": 12,
            "title": "Kim has a longer name",
            "user": {"login": "kim"},
            "head": {"sha": self.head, "repo": here},
            "base": {"sha": self.before, "repo": here},
        }
        event = {"before": self.before} if self.commit else {"pull_request": pull}
        file = self.folder / "event.json"
        file.write_text(json.dumps(event))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": f"{self.host.server.address}{self.api}",
            "GITHUB_SERVER_URL": "https://code.example.org",
            "GITHUB_REPOSITORY": "team/centre",
            "GITHUB_TOKEN": self.token,
            "GITHUB_SHA": self.commit or self.head,
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_ACTOR": "lee",
            "GITHUB_RUN_ID": "8",
        }

    def open(self) -> None:
        pull = self.host.add_pull(12)
        pull["head"]["sha"], pull["base"]["sha"] = self.head, self.before

    def approve(self, login: str) -> None:
        self.host.permissions[login] = "write"
        self.host.reviews += [
            github_host.review(github_host.person(8, login), "APPROVED", self.head)
        ]

    def comments(self) -> list[dict[str, Any]]:
        return self.host.comments[12]

    def stranger(self, body: str) -> None:
        self.host.add_comment(12, github_host.MALLORY, body)

    def host_merges(self) -> None:
        self.host.pulls[0]["merged_at"] = "2026-12-01T09:00:00Z"
        self.host.pulls[0]["merge_commit_sha"] = self.commit
        self.host.pulls[0]["state"] = "closed"

    def issues(self) -> list[tuple[str, str]]:
        return [(issue["state"], issue["title"]) for issue in self.host.issues]


class OnGitea(OnGitHub):
    host: gitea_host.GiteaHost
    token = gitea_host.TOKEN
    api = "/api/v1"

    def variables(self) -> dict[str, str]:
        return {**super().variables(), "GITEA_ACTIONS": "true"}

    def approve(self, login: str) -> None:
        by = github_host.person(8, login)
        self.host.reviews += [gitea_host.review(by, "APPROVED", commit_id=self.head)]


class OnGitLab(Hosted):
    host: gitlab_host.GitLabHost

    def variables(self) -> dict[str, str]:
        job = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{self.host.server.address}/api/v4",
            "CI_PROJECT_ID": "35",
            "GITLAB_TOKEN": gitlab_host.TOKEN,
            "GITLAB_USER_LOGIN": "lee",
            "CI_JOB_URL": "https://code.example.org/team/centre/-/jobs/8",
        }
        if self.commit:
            merged = {"CI_COMMIT_SHA": self.commit, "CI_COMMIT_BEFORE_SHA": self.before}
            return {**job, **merged, "CI_MERGE_REQUEST_IID": ""}
        return {
            **job,
            "CI_MERGE_REQUEST_IID": "12",
            "CI_MERGE_REQUEST_TITLE": "Kim has a longer name",
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": self.head,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": self.before,
            "CI_MERGE_REQUEST_PROJECT_ID": "35",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "35",
        }

    def open(self) -> None:
        commits = {"base_sha": self.before, "head_sha": self.head, "start_sha": self.before}
        self.host.add_request(12, sha=self.head, diff_refs=commits)
        version = {"created_at": "2026-11-02T08:00:00.000Z", "head_commit_sha": self.head}
        self.host.versions = [version]

    def approve(self, login: str) -> None:
        by = gitlab_host.person(8, login)
        self.host.approved_by += [{"user": by}]
        self.host.add_note("merge_requests/12", by, "approved this merge request", system=True)

    def comments(self) -> list[dict[str, Any]]:
        return self.host.notes["merge_requests/12"]

    def stranger(self, body: str) -> None:
        self.host.add_note("merge_requests/12", gitlab_host.MALLORY, body)

    def host_merges(self) -> None:
        self.host.requests[0].update(state="merged", merge_commit_sha=self.commit)

    def issues(self) -> list[tuple[str, str]]:
        return [(issue["state"], issue["title"]) for issue in self.host.issues]


KINDS = {
    "github": (OnGitHub, github_host.GitHubHost),
    "gitlab": (OnGitLab, gitlab_host.GitLabHost),
    "gitea": (OnGitea, gitea_host.GiteaHost),
}


@pytest.fixture(params=KINDS)
def hosted(
    request: pytest.FixtureRequest, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Hosted]:
    on, kind = KINDS[request.param]
    found: Hosted = on(team, tmp_path, monkeypatch)
    with played(kind(), Clock()) as found.host:
        found.open()
        yield found


def ours(hosted: Hosted, marker: str) -> list[str]:
    """The comments with a marker, of all accounts."""
    return [
        c["body"] for c in hosted.comments() if c["body"].startswith(f"<!-- ccstate: {marker} -->")
    ]


def test_what_was_reviewed_on_the_host_is_applied_on_the_word_of_its_reviewers(
    hosted: Hosted,
) -> None:
    assert hosted.run("plan") == 0, hosted.team.err
    assert hosted.run("plan") == 0, hosted.team.err
    [said] = ours(hosted, "plan")
    assert "CHG-9" in said
    hosted.approve("lee")
    hosted.merge()
    assert hosted.run("apply") == 0, hosted.team.err
    assert hosted.label() == "Kim L"
    [receipt] = ours(hosted, "apply")
    assert "Receipt for plan" in receipt
    texts = [path.read_text() for path in hosted.team.root.glob("plans/*/record.json")]
    [words] = [text for text in texts if "CHG-9" in text]
    for word in ('"lee"', '"kim"', "/8"):
        assert word in words
    assert hosted.issues() == []


def test_a_plan_that_a_stranger_wrote_with_our_marker_is_not_what_was_agreed_to(
    hosted: Hosted,
) -> None:
    assert hosted.run("plan") == 0, hosted.team.err
    [said] = ours(hosted, "plan")
    hosted.comments().clear()
    hosted.stranger(said)
    hosted.approve("lee")
    hosted.merge()
    assert hosted.run("apply") == 2
    assert hosted.label() == "Kim"
    assert ours(hosted, "plan") == [said]


def test_an_apply_that_is_not_confirmed_opens_an_issue_that_the_next_one_closes(
    hosted: Hosted,
) -> None:
    project = (hosted.team.root / "ccstate.yaml").read_text()
    assert hosted.run("plan") == 0, hosted.team.err
    hosted.merge()
    faulty = "faults: [{on: extension/2001, fault: drop}], "
    hosted.team.write("ccstate.yaml", project.replace("{path:", f"{{{faulty}path:"))
    digest = agreed(hosted)
    assert hosted.run("apply", "--agreed", digest) == 4
    [(state, title)] = hosted.issues()
    assert state in {"open", "opened"}
    assert title.endswith("1 of 1 change not confirmed")
    hosted.team.write("ccstate.yaml", project)
    assert hosted.run("apply", "--agreed", agreed(hosted)) == 0
    assert hosted.issues() == [("closed", title)]


def test_an_issue_is_closed_too_where_nothing_is_left_to_do(hosted: Hosted) -> None:
    project = (hosted.team.root / "ccstate.yaml").read_text()
    assert hosted.run("plan") == 0, hosted.team.err
    hosted.merge()
    faulty = "faults: [{on: extension/2001, fault: drop}], "
    hosted.team.write("ccstate.yaml", project.replace("{path:", f"{{{faulty}path:"))
    assert hosted.run("apply", "--agreed", agreed(hosted)) == 4
    hosted.team.write("ccstate.yaml", project)
    hosted.team.edit(OTHER, LABEL)
    hosted.team.commit("Kim's name stays")
    assert hosted.run("apply") == 0, hosted.team.err
    assert [state for state, _ in hosted.issues()] == ["closed"]


def agreed(hosted: Hosted) -> str:
    """The digest that a run which asks has named."""
    hosted.run("apply", "--agreed", "0" * 64)
    words = hosted.team.out.split("--agreed ", 1)[1]
    return words[:64]
