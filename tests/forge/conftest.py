"""Code hosts that run on this machine, and connections to them that wait in no real time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from ccstate.forge import Forge
from ccstate.forge.gitea import Gitea
from ccstate.forge.github import VERSION, GitHub
from ccstate.forge.gitlab import GitLab
from ccstate.forge.rest import Rest, Service
from tests.forge import gitea_host, github_host, gitlab_host
from tests.forge.server import Server, serving


@dataclass
class Clock:
    """Seconds that pass by waiting alone."""

    seconds: float = 1_793_000_000.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


H = TypeVar("H", bound=github_host.GitHubHost | gitlab_host.GitLabHost)


@contextmanager
def played(host: H, clock: Clock) -> Iterator[H]:
    """Serve a host to the end of the block; fails where it got what its documentation does not have."""
    host.server = Server(host.answer, clock.now)
    with serving(host.server):
        yield host
    assert host.server.wrong == []


@pytest.fixture
def github(clock: Clock) -> Iterator[github_host.GitHubHost]:
    with played(github_host.GitHubHost(), clock) as host:
        yield host


def github_forge(host: github_host.GitHubHost, clock: Clock) -> Forge:
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}
    token = github_host.TOKEN
    credential = ("Authorization", f"Bearer {token}")
    service = Service("GitHub", host.server.address, credential, token, headers)
    rest = Rest(service, clock.sleep, clock.now)
    return GitHub(rest, "team/centre", f"{host.server.address}/graphql", "https://github.com")


@pytest.fixture
def gitlab(clock: Clock) -> Iterator[gitlab_host.GitLabHost]:
    with played(gitlab_host.GitLabHost(), clock) as host:
        yield host


def gitlab_forge(host: gitlab_host.GitLabHost, clock: Clock, reports: Path | None = None) -> Forge:
    token = gitlab_host.TOKEN
    base = f"{host.server.address}/api/v4"
    service = Service("GitLab", base, ("PRIVATE-TOKEN", token), token)
    rest = Rest(service, clock.sleep, clock.now)
    return GitLab(rest, "35", f"{host.server.address}/api/graphql", reports)


@pytest.fixture
def gitea(clock: Clock) -> Iterator[gitea_host.GiteaHost]:
    with played(gitea_host.GiteaHost(), clock) as host:
        yield host


def gitea_forge(host: gitea_host.GiteaHost, clock: Clock) -> Forge:
    token = gitea_host.TOKEN
    base = f"{host.server.address}/api/v1"
    service = Service("Gitea", base, ("Authorization", f"token {token}"), token)
    return Gitea(
        Rest(service, clock.sleep, clock.now), "team/centre", "", "https://git.example.com"
    )
