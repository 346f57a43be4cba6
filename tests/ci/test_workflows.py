"""Workflows: this repository's own and a team's are made of the same templates, and open no door."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccstate.ci.workflows import GITHUB, OWN, Source, github_workflow, source_of, workflows
from ccstate.cli import run
from ccstate.errors import InvalidInput

ROOT = Path(__file__).parent.parent.parent
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = Source("https://git.example.org/telephony/ccstate.git", COMMIT)
FROM = f"{SOURCE.address}@{COMMIT}"
TEAMS = {Path(name).name: text for name, text in workflows("github", SOURCE).items()}
OWN_TEXTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in (ROOT / ".github/workflows").glob("*.yml")
}
ALL = [*TEAMS.items(), *OWN_TEXTS.items()]
NAMES = [*(f"a team's {name}" for name in TEAMS), *(f"our {name}" for name in OWN_TEXTS)]


@pytest.mark.parametrize("name", GITHUB)
def test_our_own_workflows_are_made_of_the_templates(name: str) -> None:
    expected = github_workflow(name, OWN)
    assert OWN_TEXTS[name] == expected, "write it anew: ccstate.ci.workflows.github_workflow"
    assert "@INSTALL@" not in expected + TEAMS[name]


@pytest.mark.parametrize("name, text", ALL, ids=NAMES)
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(name: str, text: str) -> None:
    uses = re.findall(r"uses: (.+)", text)
    pinned = re.compile(r"actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
    assert [each for each in uses if each != "./tool" and not pinned.fullmatch(each)] == []


@pytest.mark.parametrize("name, text", ALL, ids=NAMES)
def test_no_workflow_runs_a_strangers_change_with_rights(name: str, text: str) -> None:
    found: dict[Any, Any] = yaml.safe_load(text)
    events = found[True]  # YAML 1.1 reads the key `on` so
    assert "pull_request_target" not in events
    assert "workflow_run" not in events
    assert found["permissions"] in ({}, {"contents": "read"})
    assert found["concurrency"]["group"]
    for job in found["jobs"].values():
        for step in job["steps"]:
            # What an event says reaches a script as a variable, never as text of it.
            assert "${{" not in step.get("run", "").replace("${{ runner.temp }}", ""), step
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("text", [TEAMS["plan.yml"], OWN_TEXTS["plan.yml"]])
def test_a_required_check_is_skipped_for_no_pull_request(text: str) -> None:
    found: dict[Any, Any] = yaml.safe_load(text)
    assert found[True] == {"pull_request": None}
    assert [job.get("if") for job in found["jobs"].values()] == [None]


def test_rights_are_the_fewest_and_no_job_that_pushes_has_credentials() -> None:
    jobs = {
        (name, key): job
        for name, text in TEAMS.items()
        for key, job in yaml.safe_load(text)["jobs"].items()
    }
    writing = {
        key: {r for r, w in j["permissions"].items() if w == "write"} for key, j in jobs.items()
    }
    assert writing == {
        ("plan.yml", "plan"): {"checks", "pull-requests"},
        ("apply.yml", "apply"): {"checks", "issues", "pull-requests"},
        ("apply.yml", "agreed"): {"checks", "issues", "pull-requests"},
        ("apply.yml", "record"): {"contents"},
        ("drift.yml", "drift"): {"issues"},
        ("validate.yml", "validate"): set(),
    }
    assert {key: job.get("environment") for key, job in jobs.items()} == {
        ("plan.yml", "plan"): "plan",
        ("apply.yml", "apply"): "production",
        ("apply.yml", "agreed"): "production-agreed",
        ("apply.yml", "record"): None,
        ("drift.yml", "drift"): "plan",
        ("validate.yml", "validate"): None,
    }


def tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment in which the tests run."""
    command = [Path(sys.executable).with_name(name), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the workflows of a team."""
    folder = tmp_path_factory.mktemp("team")
    for host in ("github", "gitlab"):
        assert run(["init", str(folder), "--ci", host, "--from", FROM]) == 0
    return folder


@pytest.mark.process
def test_zizmor_finds_nothing_in_ours_and_in_a_teams(team: Path) -> None:
    places = [ROOT / ".github", ROOT / "action.yml", team / ".github"]
    done = tool("zizmor", "--offline", "--no-progress", "--quiet", *places)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
def test_actionlint_finds_nothing_in_ours_and_in_a_teams(team: Path, tmp_path: Path) -> None:
    # Images of Python are named by their tag on purpose: a matrix of versions runs in each.
    # Without shellcheck and pyflakes it finds the same on every machine.
    arguments = ("--oneline", "--ignore=unpinned-images", "--shellcheck=", "--pyflakes=")
    files = [path for top in (ROOT, team) for path in (top / ".github/workflows").glob("*.yml")]
    done = tool("jactionlint", *arguments, *files, ROOT / "action.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    faults = {"runner.temp }}": "runner.tmp }}", "runs-on:": "run-on:", "needs: apply": "needs: x"}
    for right, wrong in faults.items():
        assert right in TEAMS["apply.yml"]
        (tmp_path / "apply.yml").write_text(TEAMS["apply.yml"].replace(right, wrong, 1))
        assert tool("jactionlint", *arguments, tmp_path / "apply.yml").returncode == 1, wrong


@pytest.mark.process
def test_what_a_team_on_gitlab_gets_is_as_gitlab_describes_it(team: Path, tmp_path: Path) -> None:
    schema = ("--builtin-schema=vendor.gitlab-ci", "--data-transform=gitlab-ci")
    done = tool("check-jsonschema", *schema, team / ".gitlab-ci.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = (team / ".gitlab-ci.yml").read_text().replace("when: manual", "when: by_hand")
    (tmp_path / "wrong.yml").write_text(wrong)
    assert tool("check-jsonschema", *schema, tmp_path / "wrong.yml").returncode == 1


@pytest.mark.process
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = tool("hadolint", "--no-color", ROOT / "Dockerfile")
    assert done.returncode == 0, done.stdout


def test_init_writes_what_a_team_needs_and_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", str(tmp_path), "--ci", "github", "--from", FROM]) == 0
    written = {path.name: path.read_text() for path in (tmp_path / ".github/workflows").iterdir()}
    assert written == TEAMS
    assert not (tmp_path / "ccstate.yaml").exists()
    assert run(["init", str(tmp_path), "--ci", "github", "--from", FROM]) == 1
    assert "CC008" in capsys.readouterr().err
    assert run(["init", str(tmp_path), "--ci", "gitlab", "--from", FROM]) == 0
    found: dict[str, Any] = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    jobs = {name for name, job in found.items() if isinstance(job, dict) and "script" in job}
    assert jobs == {"plan", "apply", "agreed", "record", "drift", "validate"}
    assert found["apply"]["resource_group"] == found["agreed"]["resource_group"]


@pytest.mark.parametrize(
    "given",
    [
        "https://git.example.org/ccstate.git@main",
        "https://git.example.org/ccstate.git",
        "git@git.example.org:ccstate.git@" + COMMIT,
        f"https://git.example.org/x;evil@{COMMIT}",
        f"https://git.example.org/$(evil)@{COMMIT}",
    ],
)
def test_a_source_that_could_mean_something_else_another_day_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        source_of(given)
    assert caught.value.problems[0].code == "CC826"


@pytest.mark.process
@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_the_script_that_installs_is_one(host: str, tmp_path: Path) -> None:
    (text, *_) = workflows(host, SOURCE).values()
    found: dict[str, Any] = yaml.safe_load(text)
    if host == "github":
        (script,) = (
            s["run"] for s in found["jobs"]["plan"]["steps"] if s.get("name") == "Install ccstate"
        )
    else:
        script = found["default"]["before_script"][0]
    assert "--require-hashes" in script
    assert "$CCSTATE_COMMIT" in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_the_image_has_a_user_without_rights_and_installs_by_hash() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER 65532:65532$", text, re.M)
    assert "--require-hashes" in text
    assert text.index("USER") < text.index("ENTRYPOINT")


def test_hooks_name_commands_that_there_are() -> None:
    hooks: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["entry"] for hook in hooks] == ["ccstate validate", "ccstate fmt"]
    for hook in hooks:
        assert re.search(hook["files"], "pbx/desired_state/queues/sales.yaml")
        assert not re.search(hook["files"], "README.md")
