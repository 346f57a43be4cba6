"""`ccstate ci promote`: a branch with one commit and its change request, however often it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccstate.authority import Request
from ccstate.ci.proposal import Proposed, propose_promotion
from ccstate.errors import CcstateError
from ccstate.forge import Forge
from ccstate.git import Remote
from ccstate.history.trailers import request_of
from ccstate.project import Project
from tests.ci.estates import Team
from tests.forge.conftest import Clock, gitea_forge, github_forge, gitlab_forge, played
from tests.forge.gitea_host import GiteaHost
from tests.forge.github_host import GitHubHost
from tests.forge.gitlab_host import GitLabHost

pytestmark = pytest.mark.git

PROJECT = """\
version: 1
environments:
  staging: {targets: {pbx: {adapter: embedded, connection: {path: .ccstate/staging.db}}}}
  production: {targets: {pbx: {adapter: embedded, connection: {path: .ccstate/production.db}}}}
"""
ASKED = Request(request="CHG-108", requested_by="Ana Silva", reason="the trial *went* well")
BRANCH = "promote/staging-to-production"
SALES = "environments/production/sales.yaml"


@pytest.fixture
def estate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Team:
    """A team that tries something in staging; its main branch is in a bare repository."""
    team = Team(tmp_path, capsys)
    team.write("ccstate.yaml", PROJECT)
    team.write("environments/staging/sales.yaml", "queues:\n  sales: {ring_for: 15s}\n")
    team.commit("A trial")
    team.git("clone", "--quiet", "--bare", str(team.root), str(tmp_path / "remote.git"))
    return team


def remote(team: Team) -> Path:
    return team.root.parent / "remote.git"


def propose(team: Team, forge: Forge | None) -> Proposed:
    return propose_promotion(
        Project(team.root),
        "staging",
        "production",
        (),
        request=ASKED,
        author="kim",
        remote=Remote(str(remote(team))),
        forge=forge,
    )


def there(team: Team, *words: str) -> str:
    return team.git(*words, folder=remote(team))


@contextmanager
def host(name: str) -> Iterator[tuple[Forge, list[dict[str, str]]]]:
    """A code host, and its change requests."""
    clock = Clock()
    if name == "github":
        with played(GitHubHost(), clock) as github:
            yield github_forge(github, clock), github.pulls
    elif name == "gitlab":
        with played(GitLabHost(), clock) as gitlab:
            yield gitlab_forge(gitlab, clock), gitlab.requests
    else:
        with played(GiteaHost(), clock) as gitea:
            yield gitea_forge(gitea, clock), gitea.pulls


@pytest.mark.parametrize("name", ["github", "gitlab", "gitea"])
def test_a_promotion_is_proposed_once_and_follows_its_base(estate: Team, name: str) -> None:
    with host(name) as (forge, opened):
        first = propose(estate, forge)
        tip = there(estate, "rev-parse", BRANCH)
        assert propose(estate, forge).address == first.address
        assert there(estate, "rev-parse", BRANCH) == tip
        estate.edit("15s", "18s", "environments/staging/sales.yaml")
        estate.commit("Another trial")
        estate.git("push", "--quiet", str(remote(estate)), "main")
        assert propose(estate, forge).address == first.address
        assert len(opened) == 1
    assert there(estate, "rev-parse", f"{BRANCH}^") == there(estate, "rev-parse", "main")
    assert "ring_for: 18s" in there(estate, "show", f"{BRANCH}:{SALES}")
    assert there(estate, "diff", "--name-only", "main", BRANCH) == SALES
    assert request_of(there(estate, "log", "-1", "--format=%B", BRANCH)) == ASKED
    assert there(estate, "log", "-1", "--format=%an, %cn", BRANCH) == "kim, ccstate"
    assert estate.git("status", "--porcelain") == ""
    assert estate.git("branch", "--show-current") == "main"


def test_without_a_host_the_text_is_in_a_folder(estate: Team) -> None:
    arguments = ("ci", "promote", "staging", "production", "--reason=the trial *went* well")
    places = (f"--push={remote(estate)}", "--forge=files", f"--into={estate.into}")
    assert estate.run(*arguments, *places) == 0, estate.err
    assert "Proposed: " in estate.err
    said = (estate.into / "change-promote-staging-to-production.md").read_text()
    assert "- In `production`: 1 change to what is desired: `queue/sales`" in said
    assert r"the trial \*went\* well" in said
    assert estate.run(*arguments) == 1
    assert "--push" in estate.err


def refused(team: Team) -> str:
    with pytest.raises(CcstateError) as caught:
        propose(team, None)
    return caught.value.problems[0].code


def test_what_is_not_on_the_main_branch_is_not_proposed(estate: Team) -> None:
    estate.edit("label: Sales", "label: Sale")
    assert refused(estate) == "CC837"
    estate.commit("Not pushed")
    assert refused(estate) == "CC837"
    assert there(estate, "branch", "--list", BRANCH) == ""


def test_the_commits_of_somebody_else_stay_on_the_branch(estate: Team) -> None:
    propose(estate, None)
    estate.git("fetch", "--quiet", str(remote(estate)), BRANCH)
    estate.git("switch", "--quiet", "--create", "more", "FETCH_HEAD")
    estate.edit("15s", "16s", SALES)
    tip = estate.commit("I know better")
    estate.git("push", "--quiet", str(remote(estate)), f"more:{BRANCH}")
    estate.git("switch", "--quiet", "main")
    assert refused(estate) == "CC838"
    assert there(estate, "rev-parse", BRANCH) == tip


def test_a_repository_that_is_not_there_is_named(estate: Team) -> None:
    remote(estate).rename(remote(estate).with_name("gone"))
    assert refused(estate) == "CC836"
