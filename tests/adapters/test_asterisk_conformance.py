"""The Asterisk adapter keeps the contract, on real servers of two releases."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

import pytest

from ccstate.conformance import Case, cases
from ccstate_lab import site as sites
from ccstate_lab.programs import programs
from ccstate_lab.site import Site
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


# Not in the coverage report: measuring doubles the time of the longest part of the test run.
pytestmark = [pytest.mark.asterisk, pytest.mark.no_cover]


@pytest.mark.parametrize("case", cases(harness("22")), ids=str)
def test_asterisk_22(case: Case) -> None:
    case()


# Without the tally, which is last: the adapter declares the same for both releases.
@pytest.mark.parametrize("case", cases(harness("16"))[:-1], ids=str)
def test_asterisk_16(case: Case) -> None:
    case()
