"""`ccstate ci plan`: what reviewers of a change read, wherever they read it."""

import json
import re
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.ci.job import Job
from ccstate.ci.plan import plan_change
from ccstate.forge.files import PlainFiles
from ccstate.forge.rest import Rest
from ccstate.model import Address
from ccstate.plan_file import content_digest
from ccstate.project import Project
from ccstate.render.comment import agreed_in
from tests.ci.estates import MAILBOX, SALES, Team

pytestmark = pytest.mark.git


def test_a_change_is_answered_in_one_comment_that_later_runs_replace(team: Team) -> None:
    head = team.propose(SALES, MAILBOX)
    assert team.plan() == 3, team.err  # a call test passes now and would fail
    said = team.comment
    assert said.startswith(
        "<!-- ccstate: plan -->\n### ✗ This may not be applied as it stands: 1 to"
    )
    assert "CC308" in said
    assert agreed_in(said) is None  # nobody can agree to it
    assert "**Calls for sales go to the mailbox**" in said
    assert "Request CHG-123 of Priya Nair, because: sales is in training." in said
    assert (
        "| ⚠ | Main line (+61255501234): callers who press 1 | reached Sales (queue/sales) |"
        in said
    )
    assert said.count("```mermaid") == 2
    assert team.check["commit"] == head
    assert team.check["conclusion"] == "failure"
    team.edit("expect: [queue/sales]", "expect: [voicemail/2001]")
    team.commit("The promise changes with it")
    assert team.plan() == 0, team.err
    assert "### ⚠ What merging this would change: 2 to change" in team.comment
    assert "1 call test keeps" in team.comment
    assert agreed_in(team.comment)
    assert [p.name for p in team.into.glob("comment*")] == ["comment-12-plan.md"]
    assert team.check["conclusion"] == "success"


def test_the_comment_looks_so(team: Team, golden: Callable[[str, str], None]) -> None:
    team.propose(SALES, MAILBOX)
    team.edit("expect: [queue/sales]", "expect: [voicemail/2001]")
    head = team.commit("The promise changes with it")
    job = Job(change=12, base="main", address="https://code.example.org/team/pbx/actions/runs/7")
    forge = PlainFiles(team.into)
    day = date(2026, 12, 1)
    plan_change(Project.open(team.root), job, forge, into=team.into, today=day)
    said = team.comment.replace(head, "c" * 40)
    said = said.replace(head[:12], "c" * 12)
    agreed = agreed_in(forge.read_comment(12, "plan") or "")
    assert agreed
    plan = Project.open(team.root).plan(today=day).plan
    assert agreed.content == content_digest(plan)
    golden("ci-plan.md", said)


def test_everything_is_written_beside_it_at_length(team: Team) -> None:
    team.propose(SALES, MAILBOX)
    team.plan()
    found = sorted(p.relative_to(team.into).as_posix() for p in team.into.rglob("*") if p.is_file())
    assert found == [
        "call-tests.xml",
        "check-ccstate-plan.json",
        "comment-12-plan.md",
        "page.html",
        "pictures/ivr-menu-after.svg",
        "pictures/ivr-menu-before.svg",
        "plan.md",
        "whole.md",
    ]
    before, after = (team.into / f"pictures/ivr-menu-{w}.svg" for w in ("before", "after"))
    assert before.read_text().startswith("<svg")
    assert before.read_text() != after.read_text()
    page = (team.into / "page.html").read_text()
    assert "<dd><bdi>CHG-123</bdi></dd>" in page
    assert page.count("<svg") == 2


def test_a_failed_validation_replaces_the_plan_that_was_there(team: Team) -> None:
    team.propose(SALES, MAILBOX)
    team.plan()
    assert "What callers notice" in team.comment
    team.edit("label: Sales", "labl: Sales")
    team.commit("A slip")
    assert team.plan() == 1
    assert "✗ Nothing was planned: 1 error" in team.comment
    assert "unknown field" in team.comment
    assert agreed_in(team.comment) is None
    assert "What callers notice" not in team.comment
    (error,) = [p for p in annotations(team) if p["severity"] == "error"]
    line = 1 + (team.root / "desired_state/all.yaml").read_text().split("\n").index(
        "    labl: Sales"
    )
    assert error["span"] == {"file": "desired_state/all.yaml", "line": line, "column": 5}


def annotations(team: Team) -> list[dict[str, object]]:
    found = team.check["annotations"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("name", ["ccstate.yaml", "desired_state/all.yaml"])
def test_where_a_platform_or_the_project_cannot_be_read_the_comment_says_so(
    team: Team, name: str
) -> None:
    team.propose(SALES, MAILBOX)
    team.plan()
    if name == "ccstate.yaml":
        team.edit("adapter: embedded", "adapter: nosuch", name)
    else:
        (team.root / ".ccstate/main.db").write_bytes(b"no database at all, and long enough for one")
    team.commit("Something else")
    assert team.plan() == 1
    assert agreed_in(team.comment) is None
    assert team.check["conclusion"] == "failure"


def test_warnings_are_shown_where_the_change_touches_their_lines_and_counted_elsewhere(
    team: Team,
) -> None:
    team.edit("after: 3m, to: voicemail/2001, ", "")
    team.commit("Callers wait for ever")
    team.run("validate", "--format=json")
    (warning,) = json.loads(team.out)["problems"]
    assert warning["code"] == "CC219"
    team.git("switch", "--quiet", "--create", "other")
    team.edit("label: Kim,", "label: Kim L,")
    team.commit("A label")
    assert team.plan() == 0, team.err
    assert annotations(team) == []
    assert "- 1 warning in places that this change does not touch" in team.comment
    lines = (team.root / "desired_state/all.yaml").read_text().split("\n")
    team.edit(lines[warning["line"] - 1] + "\n", lines[warning["line"] - 1] + "  # all offices\n")
    team.commit("A comment")
    assert team.plan() == 0, team.err
    assert [a["code"] for a in annotations(team)] == ["CC219"]
    assert "- **warning CC219** desired" in team.comment
    assert "does not touch" not in team.comment


def test_a_change_of_other_files_is_checked_and_gets_no_comment(team: Team) -> None:
    team.git("switch", "--quiet", "--create", "words")
    team.write("README.md", "Words\n")
    head = team.commit("Words")
    (team.root / ".ccstate/main.db").unlink()  # no platform is asked
    assert team.plan() == 0
    assert not (team.into / "comment-12-plan.md").exists()
    assert (team.check["commit"], team.check["conclusion"]) == (head, "success")
    assert team.check["title"] == "Nothing of the configuration changes"


def test_a_change_that_was_taken_back_has_its_comment_replaced(team: Team) -> None:
    team.propose(SALES, MAILBOX)
    team.plan()
    team.edit(MAILBOX, SALES)
    team.commit("Better not")
    assert team.plan() == 0
    assert "Nothing of the configuration changes" in team.comment
    assert agreed_in(team.comment) is None


def test_without_a_code_host_the_answer_is_printed(team: Team) -> None:
    team.propose(SALES, MAILBOX)
    assert team.run("ci", "plan", "--base", "main") == 3  # a promise is broken
    assert team.out.startswith("### ✗ This may not be applied as it stands")


def test_without_a_base_the_request_is_the_one_of_the_commit_that_is_checked_out(
    team: Team,
) -> None:
    team.propose(SALES, MAILBOX)
    team.run("ci", "plan")
    assert "**What was asked:** **Calls for sales go to the mailbox**" in team.out
    assert "Request CHG-123 of Priya Nair, because: sales is in training." in team.out


def test_a_base_that_git_does_not_have_is_named(team: Team) -> None:
    assert team.run("ci", "plan", "--base", "nosuch") == 1
    assert "CC822 git does not have the commit nosuch" in team.err


def test_what_was_changed_by_hand_is_named(team: Team) -> None:
    sales = Address("queue", "sales")
    platform = connect({"path": ".ccstate/main.db"}, team.root)
    platform.by_hand(sales, {**platform.observe(["queue"]).objects[sales], "label": "Sell"})
    team.propose(SALES, MAILBOX)
    team.plan()
    assert "1 field was changed by hand since the last apply" in team.comment


def as_github(team: Team, monkeypatch: pytest.MonkeyPatch, head: str, repository: str) -> Path:
    """Run as in a job of GitHub for a pull request from a repository; returns the job's summary."""
    repo = {"full_name": "team/pbx"}
    pull = {
        "number": 12,
        "title": "Calls",
        "user": {"login": "kim"},
        "head": {"sha": head, "repo": {"full_name": repository}},
        "base": {"sha": team.git("rev-parse", "main"), "repo": repo},
    }
    event = team.into.parent / "event.json"
    event.write_text(json.dumps({"pull_request": pull}))
    summary = team.into.parent / "summary.md"
    variables = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_REPOSITORY": "team/pbx",
        # Nobody listens there: an answer that needed the host would fail.
        "GITHUB_API_URL": "http://127.0.0.1:1",
        "GITHUB_TOKEN": "ghs_secretsecretsecret",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return summary


def test_a_fork_is_validated_and_reaches_no_platform_and_no_host(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = team.propose("overflow: {after: 3m, to: voicemail/2001,", "overflow: {")
    summary = as_github(team, monkeypatch, head, "stranger/pbx")
    (team.root / ".ccstate/main.db").write_bytes(b"whoever reads this fails" * 99)
    assert team.run("ci", "plan", f"--into={team.into}") == 0, team.err
    assert "A change from another repository is validated and not planned" in team.out
    assert "A change from another repository" in summary.read_text()
    assert re.search(r"^::warning .*file=desired_state/all.yaml.*CC219", team.out, re.M)
    assert not (team.into / "plan.md").exists()
    assert "ghs_" not in team.out + team.err + summary.read_text()


def test_a_fork_whose_files_are_wrong_fails(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    head = team.propose("label: Sales", "labl: Sales")
    as_github(team, monkeypatch, head, "stranger/pbx")
    assert team.run("ci", "plan") == 1
    assert re.search(r"^::error .*file=desired_state/all.yaml.*CC101", team.out, re.M)


def test_a_host_that_does_not_answer_fails_the_run_and_its_token_is_shown_nowhere(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = team.propose("label: Kim,", "label: Kim L,")
    summary = as_github(team, monkeypatch, head, "team/pbx")
    impatient = partial(Rest, sleep=lambda _: None)
    monkeypatch.setattr("ccstate.forge.environment.Rest", impatient)
    assert team.run("ci", "plan", f"--into={team.into}") == 1
    assert "CC83" in team.err
    assert "What merging this would change" in summary.read_text()  # the plan is not lost with it
    assert "ghs_" not in team.out + team.err + summary.read_text()


EVIL_HOST = """\
version: 1
targets:
  main:
    adapter: asterisk
    connection:
      sftp: {host: evil.example, username: x}
      ami: {host: evil.example, secret: "env:AMI_X", tls: {ca: pki/ca.pem}}
"""


@pytest.mark.parametrize(
    "name, text, said",
    [
        # Hosts, secrets and programs are named outside of every branch: docs/adr/0018.
        ("ccstate.yaml", EVIL_HOST, "evil.example is not among the hosts"),
        ("desired_state/more.yaml", 'extensions: {"2002": {label: X, secret: "env:GITHUB_TOKEN"}}\n', "GITHUB_TOKEN"),
    ],
)  # fmt: skip
def test_a_change_of_what_is_reached_reaches_no_secret_of_the_job(
    team: Team, monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secretsecretsecret")
    monkeypatch.setenv("AMI_X", "ghs_another")
    team.git("switch", "--quiet", "--create", "evil")
    team.write(name, text)
    team.commit("Evil")
    before = sorted(p.name for p in team.root.parent.rglob("*"))
    assert team.plan() == 1
    written = "".join(p.read_text(errors="replace") for p in team.into.rglob("*") if p.is_file())
    assert "ghs_" not in team.out + team.err + written
    assert said in team.comment.replace("\\_", "_")
    assert agreed_in(team.comment) is None
    assert not set(before) - {p.name for p in team.root.parent.rglob("*")}


def test_a_link_of_the_branch_is_not_where_the_answer_is_written(
    team: Team, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    team.git("switch", "--quiet", "--create", "evil")
    (team.root / "answer").symlink_to(elsewhere)
    team.edit("label: Kim,", "label: Kim L,")
    team.commit("Evil")
    assert team.run("ci", "plan", "--base=main", f"--into={team.root}/answer") == 1
    assert "CC010" in team.err
    assert list(elsewhere.iterdir()) == []


def test_a_workflow_that_a_branch_changes_is_no_input_of_the_command(team: Team) -> None:
    team.git("switch", "--quiet", "--create", "evil")
    team.write(".github/workflows/plan.yml", "on: push\n")
    team.commit("Evil")
    (team.root / ".ccstate/main.db").unlink()  # no platform is asked
    assert team.plan() == 0
    assert team.check["title"] == "Nothing of the configuration changes"
