"""`ccstate ci record`: what applies left, on a branch of its own, by git's objects alone."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccstate.ci.job import Job, remote_here
from ccstate.ci.record import fetch_records, record
from ccstate.errors import InvalidInput
from ccstate.git import GitFailed, Remote
from ccstate.history.stored_plans import newest_records, stored_plans
from tests.ci.estates import Team

pytestmark = pytest.mark.git
FILES = ["journal.jsonl", "plan.json", "plan.md", "receipt.md", "record.json"]


@pytest.fixture
def bare(team: Team, tmp_path: Path) -> Path:
    folder = tmp_path / "bare.git"
    team.git("init", "--quiet", "--bare", str(folder))
    team.git("push", "--quiet", str(folder), "main")
    return folder


def plan_ids(team: Team) -> list[str]:
    return sorted(path.parent.name for path in team.root.glob("plans/*/journal.jsonl"))


def listed(team: Team, folder: Path, commit: str = "ccstate-record") -> list[str]:
    return team.git("ls-tree", "-r", "--name-only", commit, folder=folder).splitlines()


def test_records_come_to_a_branch_that_shares_nothing_with_main(team: Team, bare: Path) -> None:
    (plan_id,) = plan_ids(team)
    before = team.git("status", "--porcelain"), team.git("rev-parse", "HEAD")
    assert team.run("ci", "record", f"--push={bare}") == 0, team.err
    assert listed(team, bare) == [f"plans/{plan_id}/{name}" for name in FILES]
    assert team.git("rev-list", "--count", "ccstate-record", folder=bare) == "1"
    assert (team.git("status", "--porcelain"), team.git("rev-parse", "HEAD")) == before
    said = team.git("log", "-1", "--format=%an %B", "ccstate-record", folder=bare)
    assert f"ccstate Plan {plan_id}" in said
    assert "confirmed, " in said
    for name in FILES:
        kept = team.git("show", f"ccstate-record:plans/{plan_id}/{name}", folder=bare)
        assert kept == (team.root / "plans" / plan_id / name).read_text().strip()


def test_a_second_run_adds_what_is_new_and_nothing_twice(team: Team, bare: Path) -> None:
    team.run("ci", "record", f"--push={bare}")
    assert team.run("ci", "record", f"--push={bare}") == 0
    assert "Everything is on record" in team.err
    team.edit("label: Kim,", "label: Kim L,")
    team.commit("More")
    team.applied()
    assert team.run("ci", "record", f"--push={bare}") == 0
    assert team.git("rev-list", "--count", "ccstate-record", folder=bare) == "2"
    assert len(listed(team, bare)) == 2 * len(FILES)


def test_a_fresh_clone_reads_them(team: Team, bare: Path, tmp_path: Path) -> None:
    team.run("ci", "record", f"--push={bare}")
    team.git("clone", "--quiet", str(bare), str(tmp_path / "clone"))
    with stored_plans(tmp_path / "clone") as found:
        assert list(found.plans) == plan_ids(team)
        (plan,) = found.plans[plan_ids(team)[0]]
        assert plan.content("receipt.md")


def test_an_apply_on_a_fresh_machine_knows_the_records_before_it(
    team: Team, bare: Path, tmp_path: Path
) -> None:
    team.run("ci", "record", f"--push={bare}")
    clone = tmp_path / "runner"
    team.git("clone", "--quiet", "--single-branch", str(bare), str(clone))
    assert newest_records(clone) == {}
    fetch_records(clone, Remote(str(bare)))
    assert list(newest_records(clone)) == plan_ids(team)
    with pytest.raises(InvalidInput) as caught:
        fetch_records(clone, Remote(str(tmp_path / "nosuch.git")))
    assert caught.value.problems[0].code == "CC823"


def test_on_a_laptop_the_branch_of_the_clone_grows(team: Team) -> None:
    assert team.run("ci", "record") == 0, team.err
    assert len(listed(team, team.root)) == len(FILES)
    assert team.git("rev-parse", "--abbrev-ref", "HEAD") == "main"


def test_a_project_in_a_subfolder_keeps_its_path(team: Team, tmp_path: Path) -> None:
    (team.root / "pbx").mkdir()
    for name in ("ccstate.yaml", "desired_state", "plans", ".ccstate"):
        (team.root / name).rename(team.root / "pbx" / name)
    recorded = record(team.root / "pbx", Job(), None)
    (plan_id,) = recorded.plans
    assert listed(team, team.root)[0] == f"pbx/plans/{plan_id}/journal.jsonl"


def test_many_who_record_at_once_all_get_there(team: Team, bare: Path, tmp_path: Path) -> None:
    """Each has its own clone and its own plan; all push to one branch."""
    (plan_id,) = plan_ids(team)
    clones = []
    for number in range(5):
        clone = tmp_path / f"clone{number}"
        team.git("clone", "--quiet", str(bare), str(clone))
        folder = clone / "plans" / f"{number}{plan_id[1:]}"
        folder.parent.mkdir()
        subprocess.run(["cp", "-r", str(team.root / "plans" / plan_id), str(folder)], check=True)
        clones.append(clone)
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda clone: record(clone, Job(), Remote(str(bare))), clones))
    assert len({each.commit for each in done}) == 5
    assert len(listed(team, bare)) == 5 * len(FILES)
    assert team.git("rev-list", "--count", "ccstate-record", folder=bare) == "5"


def test_no_hook_of_the_clone_runs(team: Team, bare: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hooks = team.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-push", "reference-transaction", "pre-commit", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >>'{marker}'\n")
        (hooks / name).chmod(0o755)
    assert team.run("ci", "record", f"--push={bare}") == 0, team.err
    assert team.run("ci", "record", "--local") == 0, team.err
    assert not marker.exists()


@pytest.mark.parametrize("name", ["nosuch", "../../etc", "--all"])
def test_a_plan_that_is_not_there_is_named(team: Team, name: str) -> None:
    assert team.run("ci", "record", "--local", "--", name) == 1
    assert "CC824" in team.err


def test_a_link_in_a_record_is_not_followed(team: Team) -> None:
    (plan_id,) = plan_ids(team)
    receipt = team.root / "plans" / plan_id / "receipt.md"
    receipt.unlink()
    receipt.symlink_to("/etc/hostname")
    assert team.run("ci", "record", "--local") == 1
    assert "CC010" in team.err


@pytest.mark.parametrize(
    "address", ["ext::sh -c evil", "http://host/x", "ssh://host/x", "../other", "https://u@host/x"]
)
def test_no_other_transport_is_used(team: Team, address: str) -> None:
    assert team.run("ci", "record", f"--push={address}") == 1
    assert "CC825" in team.err


def test_a_repository_that_refuses_is_named(team: Team, tmp_path: Path) -> None:
    assert team.run("ci", "record", f"--push={tmp_path}/nosuch.git") == 1
    assert "CC823 the branch ccstate-record cannot be written" in team.err


def test_a_branch_that_is_protected_is_told_at_once_in_the_words_of_its_host(
    team: Team, bare: Path
) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed' >&2; exit 1\n")
    hook.chmod(0o755)
    assert team.run("ci", "record", f"--push={bare}") == 1
    assert team.err.splitlines()[0] == (
        "CC823 the branch ccstate-record cannot be written: "
        "[remote rejected] (pre-receive hook declined): GH006: Protected branch update failed"
    )


def test_the_token_goes_to_the_repository_of_the_run_alone() -> None:
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "team/pbx",
        "GITHUB_TOKEN": "ghs_secret",
    }
    own = remote_here(environment)
    assert own == Remote("https://github.com/team/pbx.git", "x-access-token", "ghs_secret")
    assert "ghs_secret" not in repr(own)
    assert not any("ghs_secret" in value for pair in own.settings() for value in pair)
    assert remote_here(environment, "https://elsewhere.example/x.git") == Remote(
        "https://elsewhere.example/x.git"
    )
    assert remote_here({}) is None
    with pytest.raises(InvalidInput):
        remote_here({**environment, "GITHUB_SERVER_URL": "ext::evil"})
    with pytest.raises(GitFailed):
        Remote("file:///x")


def test_what_a_record_says_of_who_applied_it_is_one_line(team: Team) -> None:
    (plan_id,) = plan_ids(team)
    path = team.root / "plans" / plan_id / "record.json"
    said = json.loads(path.read_text())
    said["authority"]["applied_by"] = "x\n\nSigned-off-by: evil"
    path.write_text(json.dumps(said))
    team.run("ci", "record", "--local")
    message = team.git("log", "-1", "--format=%B", "ccstate-record")
    assert not any(line.startswith("Signed-off-by") for line in message.splitlines())
