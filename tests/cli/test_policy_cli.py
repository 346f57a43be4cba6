"""The policy that counts is that before the change, at plan and at apply, in real repositories."""

import json
import os
import pwd
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccstate.authority import Approval, Authority
from ccstate.errors import Blocked, Locked
from ccstate.policy import Policy, Verdict
from ccstate.project import Project, applying
from ccstate.project.policy import Judged
from tests.cli.screens import Screen

pytestmark = pytest.mark.git

PROJECT = """\
version: 1
targets: {demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}}
"""
APPROVALS = """\
policy:
  people:
    kim: {login: kim, emails: [kim@example.com]}
    sam: {}
  approvals: [{who: [kim, sam], kinds: [queue]}]
"""
ALWAYS = "{start: 2020-01-01T00:00, end: 2200-01-01T00:00, reason: Moving house}"
FROZEN = f"policy:\n  timezone: UTC\n  freezes: {{moving: {ALWAYS}}}\n"


class Team:
    """A project in the folder `pbx` of a repository, and its commands."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.top = folder
        self.pbx = folder / "pbx"
        self.pbx.mkdir()
        self.minute = 0
        self.screen = Screen(self.pbx, capsys)
        self.git("init", "-q", "-b", "main")
        (folder / ".gitignore").write_text(".ccstate/\nplans/\n")

    def git(self, *words: str, folder: Path | None = None) -> str:
        self.minute += 1
        date = f"2026-11-22T09:{self.minute:02}:00+11:00"
        settled = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
        }
        done = subprocess.run(
            ["git", "-c", "user.name=Priya", "-c", "user.email=priya@example.com", *words],
            cwd=folder or self.top,
            env={**os.environ, **settled},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, policy: str, label: str, message: str = "Change") -> str:
        (self.pbx / "ccstate.yaml").write_text(PROJECT + policy)
        (self.pbx / "desired_state").mkdir(exist_ok=True)
        queue = f"queues: {{sales: {{label: {label}}}}}\n"
        (self.pbx / "desired_state/all.yaml").write_text(queue)
        self.git("add", "--all")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str) -> int:
        return self.screen.run(*arguments)

    def applied(self) -> bool:
        """Plan and apply; and say whether that was done."""
        assert self.run("plan") == 0, self.screen.err
        return self.run("apply") == 0


@pytest.fixture
def team(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Team:
    for name in ("CCSTATE_PROJECT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Team(tmp_path, capsys)


def test_without_a_policy_nothing_is_asked(team: Team) -> None:
    team.commit("", "One")
    team.commit("", "Two")
    assert team.applied()
    assert "policy" not in team.screen.out + team.screen.err


def test_a_change_that_lifts_the_policy_is_judged_by_it_all_the_same(team: Team) -> None:
    team.commit(APPROVALS, "One")
    team.commit("", "Two")
    assert not team.applied()
    assert team.run("plan") == 0
    assert "This change edits the policy" in team.screen.out
    assert team.run("apply") == 3
    assert "CC841" in team.screen.err
    # The commit after it is free: its base has no policy.
    team.commit("", "Three")
    assert team.applied()


def test_a_policy_counts_from_the_commit_after_its_own(team: Team) -> None:
    team.commit("", "One")
    team.commit(APPROVALS, "Two")
    assert team.applied()
    team.commit(APPROVALS, "Three")
    assert not team.applied()


def test_of_a_merge_the_policy_of_the_main_branch_counts(team: Team) -> None:
    team.commit(APPROVALS, "One")
    team.git("switch", "-qc", "lift")
    team.commit("", "Two")
    team.commit("", "Three")
    # On the branch itself no base is known: its first parent has no policy any more.
    assert team.run("policy") == 0
    assert "asks for nothing" in team.screen.out
    assert team.run("policy", "--base", "main") == 0
    assert "1 approval of kim or sam" in team.screen.out
    team.git("switch", "-q", "main")
    team.git("merge", "-q", "--no-ff", "-m", "Merge", "lift")
    assert team.run("plan") == 0
    assert team.run("apply") == 3
    assert "CC841" in team.screen.err


def test_of_a_push_of_several_commits_the_policy_before_all_of_them_counts(team: Team) -> None:
    before = team.commit(APPROVALS, "One")
    team.commit("", "Two")
    team.commit("", "Three")
    assert team.run("plan", "--base", before) == 0
    assert "CC841" in team.screen.out
    assert team.run("apply", "--base", before) == 3
    assert "CC841" in team.screen.err
    assert team.run("apply", "--base", "nowhere") == 1
    assert "CC847" in team.screen.err


def test_a_base_whose_project_file_is_a_link_is_not_taken_for_free(team: Team) -> None:
    team.commit(APPROVALS, "One")
    (team.pbx / "ccstate.yaml").rename(team.pbx / "other.yaml")
    (team.pbx / "ccstate.yaml").symlink_to("other.yaml")
    team.git("add", "--all")
    team.git("commit", "-qm", "Link")
    (team.pbx / "ccstate.yaml").unlink()
    team.commit("", "Two")
    assert not team.applied()
    assert "CC848" in team.screen.err


def test_on_a_branch_the_policy_where_it_left_the_main_branch_counts(
    team: Team, tmp_path: Path
) -> None:
    team.commit(APPROVALS, "One")
    copy = tmp_path / "copy"
    team.git("clone", "-q", str(team.top), str(copy))
    team.git("switch", "-qc", "lift", folder=copy)
    for label in ("Two", "Three"):
        (copy / "pbx/ccstate.yaml").write_text(PROJECT)
        (copy / "pbx/desired_state/all.yaml").write_text(f"queues: {{q: {{label: {label}}}}}\n")
        team.git("commit", "-qam", label, folder=copy)
    policy = Project.open(copy / "pbx").policy()
    assert policy.commit == team.git("rev-parse", "HEAD")
    assert len(policy.form.approvals) == 1


def test_what_is_not_there_in_a_shallow_clone_is_not_taken_for_free(
    team: Team, tmp_path: Path
) -> None:
    team.commit(APPROVALS, "One")
    team.commit("", "Two")
    copy = tmp_path / "copy"
    team.git("clone", "-q", "--depth", "1", f"file://{team.top}", str(copy))
    project = Project.open(copy / "pbx")
    planned = project.plan()
    with pytest.raises(Blocked) as raised:
        project.apply(planned.plan)
    assert [problem.code for problem in raised.value.problems] == ["CC847"]
    assert "git fetch" in raised.value.problems[0].hint
    team.git("fetch", "-q", "--unshallow", folder=copy)
    with pytest.raises(Blocked) as raised:
        project.apply(planned.plan)
    assert [problem.code for problem in raised.value.problems] == ["CC841"]


def test_a_policy_that_cannot_be_read_is_not_taken_for_none(team: Team) -> None:
    team.commit("policy: {approvals: [{who: [stranger]}]}\n", "One")
    team.commit("", "Two")
    assert team.run("plan") == 0
    assert team.run("apply") == 3
    assert "CC848" in team.screen.err


def test_an_approval_of_the_code_host_lets_it_through(team: Team) -> None:
    team.commit(APPROVALS, "One")
    head = team.commit(APPROVALS, "Two")
    project = Project.open(team.pbx)
    plan = project.plan().plan
    own = Authority(approvals=(Approval("kim", "", "review", head),), author="kim")
    with pytest.raises(Blocked):
        project.apply(plan, authority=own)
    other = Authority(approvals=(Approval("kim", "", "review", head),), author="priya")
    assert project.apply(plan, authority=other).confirmed


def test_each_environment_has_its_own_approvals(team: Team) -> None:
    project = (
        "version: 1\nenvironments:\n"
        "  staging: {targets: {s: {adapter: embedded, connection: {path: .ccstate/s.db}}}}\n"
        "  production: {targets: {p: {adapter: embedded, connection: {path: .ccstate/p.db}}}}\n"
        "policy:\n  people: {kim: {}}\n  approvals: [{who: [kim], environments: [production]}]\n"
    )
    team.commit("", "One")
    for number in range(2):
        (team.pbx / "ccstate.yaml").write_text(f"{project}# {number}\n")
        team.git("commit", "-qam", "Environments")
    head = team.git("rev-parse", "HEAD")
    opened = Project.open(team.pbx)
    assert opened.apply(opened.in_environment("staging").plan().plan).confirmed
    plan = opened.in_environment("production").plan().plan
    with pytest.raises(Blocked) as raised:
        opened.apply(plan)
    assert [problem.code for problem in raised.value.problems] == ["CC841"]
    approved = Authority(approvals=(Approval("kim", "", "review", head),))
    assert opened.apply(plan, authority=approved).confirmed


def test_a_freeze_locks_and_says_why_and_an_emergency_goes_beyond_it(team: Team) -> None:
    user = pwd.getpwuid(os.getuid()).pw_name
    emergency = f"  people: {{priya: {{account: {user}}}}}\n  emergency: {{who: [priya]}}\n"
    team.commit(FROZEN + emergency, "One")
    team.commit(FROZEN + emergency, "Two")
    assert team.run("plan") == 0
    assert "Moving house" in team.screen.out
    assert team.run("apply") == 5
    assert "CC846" in team.screen.err
    assert "Moving house" in team.screen.err
    assert team.run("apply", "--emergency", "!!!") == 1  # a reason has words
    assert team.run("apply", "--emergency", "trunk is down") == 0
    assert "CC846" in team.screen.err
    (journal,) = team.pbx.glob("plans/*/journal.jsonl")
    started = json.loads(journal.read_text().splitlines()[0])
    assert started["authority"]["request"]["emergency"] == "trunk is down"
    assert started["authority"]["declared_by"] == user
    (beyond,) = started["authority"]["overruled"]
    assert beyond.startswith("CC846 ")
    (receipt,) = team.pbx.glob("plans/*/receipt.md")
    assert f"- Beyond the policy: `{beyond}`" in receipt.read_text()
    assert started["authority"]["host"] == socket.gethostname()


def test_an_emergency_of_someone_else_is_refused(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME"):
        monkeypatch.setenv(name, "kim")
    form = FROZEN + "  people: {kim: {account: kim}}\n  emergency: {who: [kim]}\n"
    team.commit(form, "One")
    team.commit(form, "Two")
    assert team.run("plan") == 0
    assert team.run("apply", "--emergency", "trunk is down") == 3
    assert "CC845" in team.screen.err


def test_without_git_the_policy_of_the_files_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CCSTATE_PROJECT", raising=False)
    (tmp_path / "ccstate.yaml").write_text(PROJECT + FROZEN)
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state/all.yaml").write_text("queues: {sales: {label: One}}\n")
    screen = Screen(tmp_path, capsys)
    assert screen.run("plan") == 0
    assert screen.run("apply") == 5


CALENDAR = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Moving house
DTSTART:20200101T000000
DURATION:P9999D
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_is_that_of_the_commit_before_too(team: Team) -> None:
    policy = "policy: {timezone: UTC, freezes: {moving: {calendar: times/freeze.ics}}}\n"
    file = team.pbx / "times/freeze.ics"
    file.parent.mkdir()
    file.write_text(CALENDAR)
    team.commit(policy, "One")
    file.unlink()
    team.commit("", "Two")
    assert team.run("plan") == 0
    assert team.run("apply") == 5


def test_validate_reads_the_calendars(team: Team) -> None:
    policy = "policy: {timezone: UTC, freezes: {moving: {calendar: times/freeze.ics}}}\n"
    team.commit(policy, "One")
    assert team.run("validate") == 1
    assert "CC001" in team.screen.out + team.screen.err
    (team.pbx / "times").mkdir()
    text = CALENDAR.replace("DURATION:P9999D", "DURATION:PT1H\nRRULE:FREQ=HOURLY")
    (team.pbx / "times/freeze.ics").write_text(text)
    assert team.run("validate") == 1
    assert "CC840" in team.screen.out + team.screen.err
    (team.pbx / "times/freeze.ics").write_text(CALENDAR)
    assert team.run("validate") == 0


def test_limits_and_protection_refuse_the_plan_itself(team: Team) -> None:
    policy = "policy: {limits: {changes: 0}, protected: ['queue/*']}\n"
    team.commit(policy, "One")
    team.commit(policy, "Two")
    assert team.run("plan") == 3
    assert "CC843" in team.screen.out
    assert team.run("apply") == 3


def test_a_freeze_that_begins_while_an_apply_waits_stops_it(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.commit(FROZEN, "One")
    head = team.commit("", "Two")
    project = Project.open(team.pbx)
    plan = project.plan().plan
    frozen = project.verdict(plan).verdict
    verdicts = iter([Verdict(), frozen])

    def judge_now(*_: Any, **__: Any) -> Judged:
        return Judged(next(verdicts), Policy(project.settings.policy), Authority())

    with monkeypatch.context() as patched:
        patched.setattr(applying, "judge_now", judge_now)
        with pytest.raises(Locked):
            project.apply(plan)
    assert not list(team.pbx.glob("plans/*/journal.jsonl"))
    # Its locks were given back, and nothing was written.
    assert project.plan().plan.commit == head
    assert len(list(project.plan().plan.changes())) == 1
    assert project.unlock().removed == {}


SHOWN = """\
policy:
  people:
    priya: {login: Priya-N, keys: [], emails: [priya@example.com]}
    kim: {}
    sam: {}
  teams: {telephony: [priya, kim]}
  approvals:
    - {who: [telephony], count: 2, kinds: [number, outbound_route]}
    - {who: [sam], sites: [sydney]}
    - {who: [telephony, sam], fields: [queue.label]}
  trailers: [Request, Reason]
  timezone: Australia/Sydney
  windows:
    nights: {weekdays: [mon, tue, wed, thu], hours: [22:00-04:00]}
    sunday: {weekdays: [sun], nth: [first, last], hours: [02:00-06:00], reason: The carrier works then}
  freezes:
    christmas: {every: 12-20, until: 01-05, reason: Few are on call}
    move: {start: 2027-02-12T18:00, end: 2027-02-15T06:00, sites: [sydney]}
  limits: {changes: 50, kinds: {number: 5}}
  protected: [queue/emergency, number/*]
  emergency: {who: [priya]}
"""


def test_the_policy_as_people_read_it(team: Team, golden: Callable[[str, str], None]) -> None:
    team.commit(SHOWN, "One")
    team.commit(SHOWN, "Two")
    assert team.run("policy") == 0
    golden("cli/policy.txt", team.screen.out)
    at = team.run("policy", "--at", "2026-12-24T10:00")
    golden("cli/policy-at.txt", team.screen.out)
    assert at == 5
    assert team.run("policy", "--at", "2026-12-07T23:00") == 0
    assert "applied, until Tue 2026-12-08 04:00" in " ".join(team.screen.out.split())
    assert team.run("policy", "--at", "2026-12-07T23:00+11:00", "--format", "json") == 0
    said = json.loads(team.screen.out)
    assert (said["open"], said["until"]) == (True, "2026-12-07T17:00:00+00:00")
    assert said["policy"]["limits"] == {"changes": 50, "kinds": {"number": 5}}
    assert team.run("policy", "--at", "tomorrow") == 1
    assert "CC849" in team.screen.err


def test_a_plan_says_what_the_policy_asks_for(
    team: Team, golden: Callable[[str, str], None]
) -> None:
    form = SHOWN.replace("  windows:", f"  freezes: {{moving: {ALWAYS}}}\n  windows:")
    form = form[: form.index("  windows:")] + "  limits: {changes: 50}\n"
    team.commit(form, "One")
    team.commit(form, "Two", "Rename\n\nRequest: CHG-1")
    assert team.run("plan") == 0
    golden("cli/plan-policy.txt", team.screen.out)
    assert team.run("plan", "--format", "markdown") == 0
    golden("cli/plan-policy.md", team.screen.out)
    assert team.run("plan", "--format", "json") == 0
    json.loads(team.screen.out)
    assert "CC841" in team.screen.err
