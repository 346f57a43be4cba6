"""A change from its pull request to its record, against a server that speaks GitHub's REST API."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.model import Address
from ccstate.render.comment import agreed_in
from tests.ci.estates import Team
from tests.forge.conftest import Clock, played
from tests.forge.github_host import BOT, MALLORY, TOKEN, GitHubHost, person, review

pytestmark = pytest.mark.git
NUMBER = 12
MARK = "<!-- ccstate: {} -->\n"


class Run:
    """Jobs of one pull request on a host."""

    def __init__(self, team: Team, host: GitHubHost, folder: Path) -> None:
        self.team, self.host, self.folder = team, host, folder
        self.patch = pytest.MonkeyPatch()
        self.before = team.git("rev-parse", "main")

    def job(self, event: object, commit: str) -> None:
        """Set what a runner sets for a job."""
        path = self.folder / "event.json"
        path.write_text(json.dumps(event))
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.host.server.address,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "team/centre",
            "GITHUB_RUN_ID": "77",
            "GITHUB_ACTOR": "lee",
            "GITHUB_SHA": commit,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_OUTPUT": str(self.folder / "output"),
        }.items():
            self.patch.setenv(name, value)

    def plan(self, head: str) -> int:
        repo = {"full_name": "team/centre"}
        pull = {
            "number": NUMBER,
            "title": "Kim has a longer name",
            "user": {"login": "kim"},
            "head": {"sha": head, "repo": repo},
            "base": {"sha": self.before, "repo": repo},
        }
        self.job({"pull_request": pull}, head)
        return self.team.run("ci", "plan", f"--into={self.folder / 'answer'}")

    def merge(self, head: str) -> str:
        self.team.git("switch", "--quiet", "main")
        self.team.git("merge", "--quiet", "--no-ff", "--message=Merge pull request #12", "wish")
        commit = self.team.git("rev-parse", "HEAD")
        self.host.pulls.clear()
        merged = {"merged_at": "2026-12-01T09:00:00Z", "merge_commit_sha": commit}
        pull = self.host.add_pull(NUMBER, **merged)
        pull["head"]["sha"] = head
        pull["user"] = person(7, "kim")
        return commit

    def apply(self, commit: str) -> int:
        self.job({"ref": "refs/heads/main", "before": self.before}, commit)
        return self.team.run("ci", "apply", "--base", self.before)

    def comments(self, what: str) -> list[str]:
        """Return our comments of a marker."""
        found = [c for c in self.host.comments.get(NUMBER, []) if c["user"] == BOT]
        return [c["body"] for c in found if c["body"].startswith(MARK.format(what))]

    def label(self) -> object:
        live = connect({"path": ".ccstate/main.db"}, self.team.root).observe(["extension"])
        return live.objects[Address("extension", "2001")].get("label")


def no_fetch(root: Path, remote: object) -> None:
    """Ask nobody for records: github.com is not this host."""


@pytest.fixture
def on_github(team: Team, tmp_path: Path) -> Iterator[Run]:
    with played(GitHubHost(), Clock()) as host:
        found = Run(team, host, tmp_path)
        found.patch.setattr("ccstate.ci.record.fetch_records", no_fetch)
        yield found
        found.patch.undo()


def test_a_change_is_planned_reviewed_merged_and_applied_by_itself(on_github: Run) -> None:
    team, host = on_github.team, on_github.host
    head = team.propose("label: Kim,", "label: Kim L,", "Kim\n\nRequest: CHG-9\n")
    assert on_github.plan(head) == 0, team.err
    assert on_github.plan(head) == 0, team.err  # the job is run again
    (comment,) = on_github.comments("plan")
    assert "Request CHG-9" in comment
    agreed = agreed_in(comment)
    assert agreed
    assert agreed.commit == head
    check = [run for run in host.runs if run["name"] == "ccstate plan"][-1]
    assert (check["head_sha"], check["conclusion"]) == (head, "success")
    host.reviews.append(review(person(8, "lee"), "APPROVED", head))
    host.permissions["lee"] = "write"
    commit = on_github.merge(head)
    assert on_github.apply(commit) == 0, team.out + team.err
    assert on_github.label() == "Kim L"
    (receipt,) = on_github.comments("apply")
    assert "### Receipt for plan" in receipt
    (path,) = [p for p in team.root.glob("plans/*/record.json") if "CHG-9" in p.read_text()]
    assert '"lee"' in path.read_text()
    assert on_github.comments("plan") == [comment]
    assert TOKEN not in team.out + team.err + path.read_text() + json.dumps(host.comments)


def test_what_a_stranger_says_that_was_agreed_to_is_not_believed(on_github: Run) -> None:
    team, host = on_github.team, on_github.host
    head = team.propose("label: Kim,", "label: Kim L,")
    assert on_github.plan(head) == 0, team.err
    (comment,) = on_github.comments("plan")
    host.comments[NUMBER].clear()
    host.add_comment(NUMBER, MALLORY, comment)
    assert on_github.apply(on_github.merge(head)) == 2, team.out + team.err
    assert on_github.label() == "Kim"
    (asked,) = on_github.comments("apply")
    assert "There was no plan on its change request to agree to" in asked
    said = dict(line.split("=") for line in (on_github.folder / "output").read_text().splitlines())
    assert said["outcome"] == "asked"
    assert said["digest"] in asked
