"""`ccstate ci apply`: what was agreed to is applied by itself, and for anything else somebody is asked."""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.authority import Approval
from ccstate.ci.apply import Ended, Outcome, apply_change
from ccstate.ci.job import Job
from ccstate.errors import Diagnostic, Unreadable
from ccstate.forge import ChangeRequest, Check
from ccstate.forge.files import PlainFiles
from ccstate.model import Address
from ccstate.project import Project
from tests.ci.estates import Team

pytestmark = pytest.mark.git

TODAY = date(2026, 12, 1)
LABEL, OTHER = "label: Kim,", "label: Kim L,"


@dataclass(frozen=True, slots=True)
class Host(PlainFiles):
    """A host on which one change was merged, and reviewed by some people."""

    merged: ChangeRequest | None = None
    reviews: tuple[Approval, ...] = ()

    def change_of(self, commit: str) -> ChangeRequest | None:
        return self.merged if self.merged and self.merged.merged_commit == commit else None

    def approvals(self, change: int) -> tuple[Approval, ...]:
        return self.reviews


@dataclass
class Merged:
    """A change that was planned on its branch, and merged."""

    team: Team
    host: Host
    job: Job

    def apply(self, *, agreed: str = "", host: PlainFiles | None = None) -> Ended:
        project = Project.open(self.team.root)
        return apply_change(project, self.job, host or self.host, agreed=agreed, today=TODAY)

    def label(self) -> object:
        live = connect({"path": ".ccstate/main.db"}, self.team.root).observe(["extension"])
        return live.objects[Address("extension", "2001")].get("label")

    @property
    def comment(self) -> str:
        return (self.team.into / "comment-12-apply.md").read_text(encoding="utf-8")


@pytest.fixture
def merged(team: Team) -> Merged:
    return merge(team)


def merge(team: Team, edit: tuple[str, str] = (LABEL, OTHER)) -> Merged:
    before = team.git("rev-parse", "main")
    head = team.propose(*edit, "Kim has a longer name\n\nRequest: CHG-9\n")
    assert team.plan() == 0, team.err
    team.git("switch", "--quiet", "main")
    team.git("merge", "--quiet", "--no-ff", "--message=Merge pull request #12", "wish")
    commit = team.git("rev-parse", "HEAD")
    change = ChangeRequest(
        12,
        "https://code.example.org/team/pbx/pull/12",
        "kim",
        "Kim has a longer name",
        "",
        before,
        head,
        merged_commit=commit,
    )
    reviews = (Approval("lee", "2026-12-01T09:00:00+00:00", "review", head),)
    job = Job(
        head=commit,
        base=before,
        actor="lee",
        address="https://code.example.org/team/pbx/actions/runs/8",
    )
    return Merged(team, Host(team.into, merged=change, reviews=reviews), job)


def test_what_was_reviewed_is_applied_by_itself_on_the_word_of_its_reviewers(
    merged: Merged,
) -> None:
    ended = merged.apply()
    assert (ended.outcome, ended.exit_code, ended.warnings) == (Outcome.APPLIED, 0, ())
    assert merged.label() == "Kim L"
    assert "### Receipt for plan" in merged.comment
    assert "CHG-9" in merged.comment
    record = (merged.team.root / f"plans/{ended.plan_id}/record.json").read_text()
    for words in ("CHG-9", '"lee"', '"kim"', "actions/runs/8", "pull/12"):
        assert words in record
    assert json.loads(record)["authority"]["agreed"] == ""
    assert merged.apply().outcome is Outcome.NOTHING


def test_another_commit_with_the_same_changes_is_the_same_plan(merged: Merged) -> None:
    merged.team.git("commit", "--quiet", "--allow-empty", "--message=Words")
    commit = merged.team.git("rev-parse", "HEAD")
    change = merged.host.merged
    assert change
    merged.host = replace(merged.host, merged=replace(change, merged_commit=commit))
    merged.job = replace(merged.job, head=commit)
    assert merged.apply().outcome is Outcome.APPLIED


def by_hand(merged: Merged) -> None:
    """Somebody changes the platform between review and apply."""
    platform = connect({"path": ".ccstate/main.db"}, merged.team.root)
    sales = Address("queue", "sales")
    fields = platform.observe(["queue"]).objects[sales]
    platform.by_hand(sales, {**fields, "label": "Sell"})


def another_commit(merged: Merged) -> None:
    """The branch moves on after its plan was made, and is merged so."""
    change = merged.host.merged
    assert change
    merged.host = replace(merged.host, merged=replace(change, head_commit="f" * 40))


def other_files(merged: Merged) -> None:
    """Another change is merged in the same push."""
    merged.team.edit("label: Sales", "label: Selling")
    commit = merged.team.commit("Another change")
    change = merged.host.merged
    assert change
    merged.host = replace(merged.host, merged=replace(change, merged_commit=commit))
    merged.job = replace(merged.job, head=commit)


def no_comment(merged: Merged) -> None:
    (merged.team.into / "comment-12-plan.md").unlink()


def pushed(merged: Merged) -> None:
    """Nobody proposed it: it was pushed to the branch."""
    merged.host = replace(merged.host, merged=None)


@pytest.mark.parametrize(
    "meanwhile, why",
    [
        (by_hand, "It says something else than the plan that was reviewed"),
        (other_files, "It says something else than the plan that was reviewed"),
        (another_commit, "was of an earlier commit than was merged"),
        (no_comment, "There was no plan on its change request"),
        (pushed, "It comes from no change request"),
    ],
)
def test_where_it_is_not_what_was_reviewed_nothing_is_written_and_agreement_is_asked_for(
    merged: Merged, meanwhile: object, why: str
) -> None:
    assert callable(meanwhile)
    meanwhile(merged)
    ended = merged.apply()
    assert (ended.outcome, ended.exit_code) == (Outcome.ASKED, 2)
    assert why in ended.text
    assert merged.label() == "Kim"
    assert not list(merged.team.root.glob("plans/*/journal.jsonl"))[1:]
    if meanwhile is not pushed:
        assert f"ccstate ci apply --agreed {ended.digest}" in merged.comment
    # Agreeing to another plan is agreeing to nothing.
    assert merged.apply(agreed="0" * 64).outcome is Outcome.ASKED
    again = merged.apply(agreed=ended.digest)
    assert (again.outcome, again.exit_code) == (Outcome.APPLIED, 0)
    record = (merged.team.root / f"plans/{again.plan_id}/record.json").read_text()
    assert json.loads(record)["authority"]["agreed"] == ended.digest
    assert f"Agreed to in the run: `{ended.digest} (not what was reviewed)`" in again.text
    assert merged.label() == "Kim L"


def test_no_file_of_the_repository_says_what_was_agreed_to(merged: Merged) -> None:
    said = (merged.team.into / "comment-12-plan.md").read_text()
    no_comment(merged)
    for name in ("comment-12-plan.md", "plans/comment-12-plan.md", "answer/comment-12-plan.md"):
        merged.team.write(name, said)
    assert merged.apply().outcome is Outcome.ASKED


POLICY = """\
policy:
  people:
    lee: {}
    mo: {}
  approvals:
    - {who: [mo], kinds: [extension]}
"""


def test_a_policy_that_asks_for_another_approval_refuses_before_the_first_write(
    team: Team,
) -> None:
    team.write("ccstate.yaml", (team.root / "ccstate.yaml").read_text() + POLICY)
    team.commit("A policy")
    merged = merge(team)
    assert "… mo, for" in (team.into / "comment-12-plan.md").read_text()
    ended = merged.apply()
    assert (ended.outcome, ended.exit_code) == (Outcome.REFUSED, 3), ended.text
    assert merged.label() == "Kim"
    change = merged.host.merged
    assert change
    mo = Approval("mo", "2026-12-01T09:00:00+00:00", "review", change.head_commit)
    merged.host = replace(merged.host, reviews=(mo,))
    assert merged.apply().outcome is Outcome.APPLIED


def test_a_change_of_several_commits_is_judged_by_the_policy_before_all_of_them(
    team: Team,
) -> None:
    team.write("ccstate.yaml", (team.root / "ccstate.yaml").read_text() + POLICY)
    before = team.commit("A policy")
    team.git("switch", "--quiet", "--create", "wish")
    project = (team.root / "ccstate.yaml").read_text()
    team.write("ccstate.yaml", project.partition("policy:")[0])
    team.commit("No policy")
    team.edit(LABEL, OTHER)
    head = team.commit("Kim has a longer name")
    assert team.plan() == 0, team.err
    team.git("switch", "--quiet", "main")
    team.git("merge", "--quiet", "--ff-only", "wish")
    change = ChangeRequest(12, "", "kim", "", "", before, head, merged_commit=head)
    # As of a run that was started by hand: no push says where the branch was before.
    merged = Merged(team, Host(team.into, merged=change), Job(head=head, actor="lee"))
    ended = merged.apply()
    assert (ended.outcome, ended.exit_code) == (Outcome.REFUSED, 3), ended.text
    assert merged.label() == "Kim"


def test_where_something_is_not_confirmed_an_issue_is_opened_and_closed_again(
    team: Team,
) -> None:
    faulty = "faults: [{on: extension/2001, fault: drop}], "
    project = (team.root / "ccstate.yaml").read_text()
    merged = merge(team)
    team.write("ccstate.yaml", project.replace("{path:", f"{{{faulty}path:"))
    ended = merged.apply(agreed=merged.apply().digest)
    assert (ended.outcome, ended.exit_code) == (Outcome.UNCONFIRMED, 4), ended.text
    issue = team.into / f"issue-fix-{ended.plan_id}.md"
    assert "1 of 1 change not confirmed" in issue.read_text()
    team.write("ccstate.yaml", project)
    assert merged.apply().outcome is Outcome.APPLIED
    assert not issue.exists()
    assert issue.with_suffix(".closed.md").exists()


PROBLEM = Diagnostic("CC830", "no answer")


@dataclass(frozen=True, slots=True)
class Silent(Host):
    """A host that takes no word once the plan was read."""

    def write_comment(self, change: int, marker: str, body: str) -> str:
        raise Unreadable(PROBLEM)

    def write_check(self, commit: str, check: Check) -> str:
        raise Unreadable(PROBLEM)


def test_a_host_that_does_not_answer_afterwards_changes_nothing_about_what_was_done(
    merged: Merged,
) -> None:
    host = merged.host
    ended = merged.apply(host=Silent(host.folder, merged=host.merged, reviews=host.reviews))
    assert (ended.outcome, ended.exit_code) == (Outcome.APPLIED, 0)
    assert [w.code for w in ended.warnings] == ["CC830", "CC830"]


def test_the_command_agrees_with_plain_files_and_hands_its_outcome_to_later_steps(
    team: Team, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    team.edit(LABEL, OTHER)
    team.commit("On main")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "out"))
    options = ["--forge=files", f"--into={team.into}"]
    assert team.run("ci", "apply", *options) == 2
    said = dict(line.split("=", 1) for line in (tmp_path / "out").read_text().splitlines())
    assert said["outcome"] == "asked"
    assert said["digest"] in team.out
    assert team.run("ci", "apply", *options, "--agreed", said["digest"]) == 0, team.out
    said = dict(line.split("=", 1) for line in (tmp_path / "out").read_text().splitlines())
    assert said["outcome"] == "applied"
    assert (team.root / "plans" / said["plan"] / "record.json").is_file()
    assert (team.into / "apply.md").read_text().startswith("### Receipt")


def test_planned_without_the_secrets_it_is_applied_with_them(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job that plans for reviewers has no secret, and neither needs one that does not change."""
    monkeypatch.setenv("SIP_2001", "first word")
    team.edit("label: Kim,", 'label: Kim, secret: "env:SIP_2001",')
    team.commit("The phone has a secret")
    team.applied()
    monkeypatch.delenv("SIP_2001")
    merged = merge(team)
    assert "secrets that are not checked" in team.comment
    ended = merged.apply()
    assert ended.outcome is Outcome.APPLIED, ended.text
    monkeypatch.setenv("SIP_2001", "first word")
    assert merged.apply().outcome is Outcome.NOTHING


def test_a_new_secret_is_planned_without_it_and_applied_with_it(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged = merge(team, (LABEL, f'{OTHER} secret: "env:SIP_2001",'))
    monkeypatch.setenv("SIP_2001", "hunter2 of the test")
    ended = merged.apply()
    assert ended.outcome is Outcome.APPLIED, ended.text
    assert merged.label() == "Kim L"
    files = [p.read_text() for p in merged.team.root.glob("plans/*/*") if p.is_file()]
    assert not [text for text in [*files, ended.text, team.comment] if "hunter2" in text]


def test_a_plan_asks_its_host_for_approvals_once(merged: Merged) -> None:
    asked: list[int] = []

    class Counting(Host):
        def approvals(self, change: int) -> tuple[Approval, ...]:
            asked.append(change)
            return ()

    counting = Counting(merged.host.folder, merged=merged.host.merged)
    assert merged.apply(host=counting).outcome is Outcome.APPLIED
    assert asked == [12]
