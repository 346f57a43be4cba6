"""The Asterisk adapter keeps the contract, on real servers of two releases."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path

import pytest

from ccstate.adapters.asterisk.support import SHOWN_AS_LINES, WRITTEN_ONLY
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


EDITED_BY_HAND = ("drifts", "drifts undeclared", "drifts as a whole")
MADE_BY_HAND = (
    "unmanaged stays",
    "is adopted as it is",
    "is adopted with edits",
    "stale creation is refused",
)
GONE_BY_HAND = tuple(f"{kind} is deleted by hand" for kind in ("site", "trunk", "number"))
"""Lines of these stand in contexts of others too, which are then told as changed by hand as well."""

NOT_KNOWN_AGAIN = ("queue stale creation is refused",)
"""A queue that is added by hand with a periodic prompt, and tells neither place nor wait, is no queue yet."""


def cases_of(release: str) -> list[Case]:
    """The cases, but those that need what is not read from the files yet: see `WRITTEN_ONLY`."""
    return [case for case in cases(harness(release)) if not _is_unread(case)]


def _is_unread(case: Case) -> bool:
    subject, _, claim = case.name.partition(" ")
    kind, _, path = subject.partition(".")
    if claim in MADE_BY_HAND:
        return kind in SHOWN_AS_LINES
    if claim in EDITED_BY_HAND:
        fields = WRITTEN_ONLY.get(kind, ())
        return any(f"{field}.".startswith(f"{path}.") for field in fields)
    return case.name in (*GONE_BY_HAND, *NOT_KNOWN_AGAIN)


@pytest.mark.parametrize("case", cases_of("22"), ids=str)
def test_asterisk_22(case: Case) -> None:
    case()


@pytest.mark.parametrize("case", cases_of("16"), ids=str)
def test_asterisk_16(case: Case) -> None:
    case()
