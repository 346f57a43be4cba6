"""The Asterisk adapter keeps the contract, on real servers of two releases."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

import pytest

from ccstate.conformance import Case, cases
from ccstate.lab import site as sites
from ccstate.lab.programs import programs
from ccstate.lab.site import Site
from tests.adapters.asterisk_harness import OnAsterisk
from tests.asterisk_sites import equip


def harness(release: str) -> OnAsterisk:
    """A harness whose site ends with the process."""

    def start() -> Site:
        equip()
        # In memory where that can be had: on a disk the suite waits for fsync.
        memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
        place = memory if memory.is_dir() else None
        folder = Path(tempfile.mkdtemp(prefix=f"ccstate-asterisk-{release}-", dir=place))
        # The password of its manager is a file there, which a reference may reach.
        os.environ["CCSTATE_SECRET_FILES"] += os.pathsep + str(folder)
        site = sites.start(folder, name=f"conformance-{release}", programs=programs(release))
        weakref.finalize(found, _end, site)
        return site

    project = Path(tempfile.mkdtemp(prefix="ccstate-project-"))
    found = OnAsterisk(start, project)
    weakref.finalize(found, shutil.rmtree, project, ignore_errors=True)
    return found


def _end(site: Site) -> None:
    sites.kill(site)
    shutil.rmtree(site.folder, ignore_errors=True)


MADE_BY_HAND = (
    "site unmanaged stays",
    "site is adopted as it is",
    "site is adopted with edits",
    "site stale creation is refused",
)
"""A site has to have a timezone, and no file of Asterisk says that."""
GONE_BY_HAND = ("site is deleted by hand",)
"""The contexts of a site belong to nobody in particular."""


def cases_of(release: str) -> list[Case]:
    """The cases, but those that need objects of which no file of Asterisk says enough."""
    left_out = {*MADE_BY_HAND, *GONE_BY_HAND}
    return [case for case in cases(harness(release)) if case.name not in left_out]


# Not in the coverage report: measuring doubles the time of the longest part of the test run.


@pytest.mark.no_cover
@pytest.mark.parametrize("case", cases_of("22"), ids=str)
def test_asterisk_22(case: Case) -> None:
    case()


@pytest.mark.no_cover
@pytest.mark.parametrize("case", cases_of("16"), ids=str)
def test_asterisk_16(case: Case) -> None:
    case()
