"""Real Asterisk sites for tests: one of each release for the whole session of a worker.

from tests.asterisk_sites import new_site, site  # noqa: F401 - fixtures

def test_…(site: SiteOf) -> None:
    running = site("22")
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from ccstate.lab import site as sites
from ccstate.lab.programs import programs
from ccstate.lab.site import Site

SiteOf = Callable[[str], Site]
"""The site of a release that all tests of this worker share: leave it as you found it."""


class NewSite(Protocol):
    """A site that only this test has; it may be stopped, killed and spoilt."""

    def __call__(
        self, release: str = "22", *, files: Mapping[str, str] | None = None, tls: bool = False
    ) -> Site: ...


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteOf]:
    started: dict[str, Site] = {}

    def of(release: str) -> Site:
        if release not in started or sites.find(started[release].folder) is None:
            folder = tmp_path_factory.mktemp(f"asterisk-{release}-")
            started[release] = sites.start(
                folder, name=f"test-{release}", programs=programs(release)
            )
        return started[release]

    yield of
    for running in started.values():
        sites.kill(running)


@pytest.fixture
def new_site(tmp_path: Path) -> Iterator[NewSite]:
    folders: list[Path] = []
    numbers = itertools.count(1)

    def start(
        release: str = "22", *, files: Mapping[str, str] | None = None, tls: bool = False
    ) -> Site:
        number = next(numbers)
        folders.append(tmp_path / f"site-{number}")
        return sites.start(
            folders[-1], name=f"site-{number}", programs=programs(release), files=files, tls=tls
        )

    yield start
    for folder in folders:
        if running := sites.find(folder):
            sites.kill(running)
