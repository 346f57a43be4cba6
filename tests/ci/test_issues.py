"""Issues that stay open while something is wrong, on a code host that runs on this machine."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccstate.adapters.embedded import connect
from ccstate.apply.perform import ChangeResult, Receipt
from ccstate.ci.issues import Unfinished, close_fix_issues, open_fix_issue, report_drift
from ccstate.cli import run
from ccstate.errors import CcstateError, Diagnostic, Span
from ccstate.forge import Forge
from ccstate.forge.files import PlainFiles
from ccstate.model import Action, Address, Change, Fields, Outcome, Why
from ccstate.project import Project
from tests.forge.conftest import Clock, github_forge, played
from tests.forge.github_host import TOKEN, GitHubHost
from tests.render.test_markdown import assert_inert

PROJECT = """\
version: 1
targets:
  centre: {adapter: embedded, connection: {path: .ccstate/centre.db}, kinds: [user]}
  site: {adapter: embedded, connection: {path: .ccstate/site.db}, kinds: [prompt]}
"""
STATE = """\
users:
  ana: {name: Ana Example, skills: {english: 3}}
  ben: {name: Ben Example}
prompts:
  welcome: {languages: {en: {text: Welcome.}}}
"""


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubHost]:
    with played(GitHubHost(most_a_page=100), Clock()) as host:
        yield host


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    (folder / "desired_state").mkdir(parents=True)
    (folder / "ccstate.yaml").write_text(PROJECT)
    (folder / "desired_state/all.yaml").write_text(STATE)
    project = Project.open(folder)
    project.apply(project.save(project.plan().plan).id)
    return project


def by_hand(project: Project, database: str, address: str, fields: Fields | None) -> None:
    kind, name = address.split("/")
    platform = connect({"path": f".ccstate/{database}.db"}, project.root)
    platform.by_hand(Address(kind, name), fields)


def test_drift_is_one_issue_opened_updated_and_closed(
    project: Project, github: GitHubHost, golden: Callable[[str, str], None]
) -> None:
    forge = github_forge(github, Clock())
    assert report_drift(project, forge).issue == ""
    assert github.issues == []

    by_hand(project, "centre", "user/ana", {"name": "Ana `X`", "skills": {"english": 5}})
    first = report_drift(project, forge)
    assert first.drifted
    [issue] = github.issues
    assert first.issue == issue["html_url"]
    assert issue["title"] == "1 object was changed by hand on centre"

    by_hand(project, "site", "prompt/welcome", None)
    by_hand(project, "site", "prompt/jingle", {"languages": {"en": {"text": "Hello."}}})
    assert report_drift(project, forge).issue == first.issue
    assert issue["title"] == "2 objects were changed by hand on centre and site"
    golden("ci/drift_issue.md", issue["body"])
    assert_inert(issue["body"].partition("\n")[2])

    project.apply(project.save(project.plan().plan).id)
    last = report_drift(project, forge)
    assert not last.drifted
    assert last.issue == first.issue
    assert issue["state"] == "closed"
    [comment] = github.comments[issue["number"]]
    golden("ci/drift_gone.md", comment["body"])


def test_the_command_keeps_the_issue_of_the_host_on_which_it_runs(
    project: Project,
    github: GitHubHost,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)
    summary = tmp_path / "summary.md"
    actions = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": github.server.address,
        "GITHUB_REPOSITORY": "team/centre",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    for name, value in actions.items():
        monkeypatch.setenv(name, value)
    command = ["--project", str(project.root), "ci", "drift", "--detailed-exitcode"]
    by_hand(project, "centre", "user/ana", {"name": "Ana", "skills": {"english": 5}})
    assert run(command) == 2
    [issue] = github.issues
    out, err = capsys.readouterr()
    assert "user/ana" in out
    assert f"Issue: {issue['html_url']}" in err
    assert "### 1 object was changed by hand" in summary.read_text()
    project.apply(project.save(project.plan().plan).id)
    capsys.readouterr()
    assert run(command) == 0
    assert f"Closed: {issue['html_url']}" in capsys.readouterr().err
    assert issue["state"] == "closed"


def test_the_command_writes_files_or_only_says_it_where_there_is_no_host(
    project: Project,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "GITEA_ACTIONS", "FORGEJO_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    by_hand(project, "site", "prompt/welcome", None)
    command = ["--project", str(project.root), "ci", "drift"]
    assert run(command) == 0
    out, err = capsys.readouterr()
    assert "prompt/welcome" in out
    assert "Issue" not in err
    assert run([*command, "--forge", "files", "--into", str(tmp_path / "answer")]) == 0
    assert "prompt/welcome" in (tmp_path / "answer/issue-drift.md").read_text()


def test_an_issue_stays_as_it_is_while_a_platform_cannot_be_read(
    project: Project, github: GitHubHost
) -> None:
    forge = github_forge(github, Clock())
    by_hand(project, "site", "prompt/welcome", None)
    report_drift(project, forge)
    (project.root / ".ccstate/centre.db").write_bytes(b"no database")
    before = dict(github.issues[0])
    with pytest.raises(CcstateError):
        report_drift(project, forge)
    assert github.issues == [before]


def settled(
    address: str, outcome: Outcome, reason: str = "", target: str = "centre"
) -> ChangeResult:
    kind, name = address.split("/", 1)
    change = Change(target, Action.UPDATE, Address(kind, name), Why.YOU, "")
    return ChangeResult(change, outcome, reason)


RUN = "https://github.com/team/centre/actions/runs/77"


def unfinished(
    *results: ChangeResult, problems: tuple[Diagnostic, ...] = (), run: str = RUN
) -> Unfinished:
    receipt = Receipt(
        "3fa9c1d2", results, "2026-11-22T03:00:00Z", "2026-11-22T03:00:04Z", "77aa00bb"
    )
    return Unfinished(
        "3fa9c1d2",
        "4f2a9c81" * 5,
        "centre/plans/3fa9c1d2",
        receipt if results else None,
        problems,
        run,
    )


AMISS = unfinished(
    settled("queue/sales", Outcome.NOT_CONFIRMED, "ring_for is 15s, not 20s"),
    settled("queue/support", Outcome.NOT_ATTEMPTED, "the platform did not answer"),
    settled("user/ana", Outcome.CONFIRMED),
)
LOST = unfinished(
    problems=(
        Diagnostic("CC501", "the platform centre does not answer", cause="Nothing is known."),
    )
)


def test_an_unfinished_apply_opens_an_issue_with_links_that_a_confirmed_one_closes(
    project: Project, github: GitHubHost, golden: Callable[[str, str], None]
) -> None:
    forge = github_forge(github, Clock())
    first = open_fix_issue(project, forge, AMISS)
    assert open_fix_issue(project, forge, AMISS) == first
    [issue] = github.issues
    assert issue["title"] == "Plan 3fa9c1d2: 2 of 3 changes not confirmed"
    golden("ci/fix_issue.md", issue["body"])
    forge.open_issue("drift", "Drift", "body")
    assert close_fix_issues(
        project, forge, "77aa00bb", "https://github.com/team/centre/actions/runs/78"
    ) == (first,)
    assert [i["state"] for i in github.issues] == ["closed", "open"]
    [comment] = github.comments[issue["number"]]
    assert "Every change of plan `77aa00bb` is confirmed" in comment["body"]
    assert close_fix_issues(project, forge, "77aa00bb") == ()


def test_an_apply_without_a_receipt_says_why_it_failed(
    project: Project, github: GitHubHost, golden: Callable[[str, str], None]
) -> None:
    open_fix_issue(project, github_forge(github, Clock()), LOST)
    assert github.issues[0]["title"] == "Plan 3fa9c1d2 could not be applied"
    golden("ci/fix_issue_failed.md", github.issues[0]["body"])


HOSTILE = "</details>`<img src=x>` [x](https://evil.example) ![y](https://evil.example/p.png) @all"


@pytest.mark.parametrize("problems", [3, 300])
@pytest.mark.parametrize("results", [0, 3, 60])
def test_no_text_of_a_platform_comes_alive_in_an_issue(
    project: Project, results: int, problems: int, tmp_path: Path
) -> None:
    found = [
        settled(f"queue/{HOSTILE}", Outcome.NOT_CONFIRMED, f"{HOSTILE * 3} {number}", HOSTILE)
        for number in range(results)
    ]
    problem = Diagnostic("CC501", HOSTILE, Span(HOSTILE), HOSTILE, HOSTILE)
    forge: Forge = PlainFiles(tmp_path / "answers")
    place = open_fix_issue(
        project, forge, unfinished(*found, problems=(problem,) * problems, run="")
    )
    text = Path(place).read_text().partition("\n")[2]
    assert len(text) < 61_000
    assert "evil.example" in text
    assert_inert(text)


def test_plain_files_keep_the_issues_of_a_desk(project: Project, tmp_path: Path) -> None:
    forge = PlainFiles(tmp_path / "answers")
    open_fix_issue(project, forge, AMISS)
    assert forge.open_markers() == ("fix-3fa9c1d2",)
    close_fix_issues(project, forge, "77aa00bb")
    assert forge.open_markers() == ()
    assert [path.name for path in forge.folder.iterdir()] == ["issue-fix-3fa9c1d2.closed.md"]
