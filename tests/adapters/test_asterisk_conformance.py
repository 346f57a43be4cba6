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


OF_RECORDS = (
    "is let go",
    "drifts undeclared",
    "stays kept",
    "is let go before deletion",
    "is released",
    "is protected",
    "stale change is refused",
    "stale creation is refused",
    "one refusal leaves the others",
    "audit refuses",
)
"""Cases about what ccstate remembers, declares and refuses.

The adapter asks for no release, and what these cases write to Asterisk and read from it is what the others do: how
objects are made, each field changed, cleared, and changed by hand. So one release is enough for them.
"""


# Without the tally, which is last: the adapter declares the same for both releases.
@pytest.mark.parametrize(
    "case", [c for c in cases(harness("16"))[:-1] if not str(c).endswith(OF_RECORDS)], ids=str
)
def test_asterisk_16(case: Case) -> None:
    case()
