"""Real Asterisk sites for tests: fixtures, to be imported into a module of tests, or a conftest.

One site of each release serves all tests of a worker (`site("22")`): leave it as you found it. Those
that stop, kill or spoil a site have one of their own (`new_site()`).
"""

import itertools
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from ccstate_lab import phones
from ccstate_lab import site as sites
from ccstate_lab.programs import path_with_espeak, programs, sipp
from ccstate_lab.site import Site

SiteOf = Callable[[str], Site]

_shared: dict[str, Site] = {}
"""Of this process, whichever module asks."""


def equip() -> None:
    """Let this process find espeak-ng, which speaks a site's prompts, and sipp, which calls it."""
    os.environ["PATH"] = path_with_espeak()
    os.environ["CCSTATE_SIPP"] = shlex.join(sipp())


class NewSite(Protocol):
    """A site that only this test has; it may be stopped, killed and spoilt."""

    def __call__(
        self, release: str = "22", *, files: Mapping[str, str] | None = None, tls: bool = False
    ) -> Site: ...


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteOf]:
    def of(release: str) -> Site:
        if release not in _shared or sites.find(_shared[release].folder) is None:
            folder = tmp_path_factory.mktemp(f"asterisk-{release}-")
            _shared[release] = sites.start(
                folder, name=f"test-{release}", programs=programs(release)
            )
        return _shared[release]

    equip()
    yield of
    for release in list(_shared):
        _end(_shared.pop(release).folder)


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

    equip()
    yield start
    for folder in folders:
        _end(folder)


def _end(folder: Path) -> None:
    """On the spot, with its phones: a test has nothing to wait for."""
    phones.end_all(folder)
    if running := sites.find(folder):
        sites.kill(running)
