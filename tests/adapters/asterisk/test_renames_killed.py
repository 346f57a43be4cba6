"""An apply that renames a queue and an extension dies at a boundary: nobody is lost, either way."""

import copy
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ccstate.adapters.asterisk import moving
from ccstate.adapters.asterisk.entries import DIALPLAN, OLD_NAMES
from ccstate.adapters.asterisk.records import PATH as RECORDS
from ccstate_lab import site as sites
from tests.adapters.asterisk.estate import (
    BY_HAND,
    DESIRED,
    Applied,
    Estate,
    applied_on,
    set_secrets,
)
from tests.adapters.asterisk.killed import Killed
from tests.adapters.asterisk.renames import (
    agents,
    come,
    leave_message,
    log_in,
    messages,
    rename,
    waits,
)

pytestmark = pytest.mark.no_cover  # the same plan and apply each time


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    with applied_on("22", tmp_path_factory.mktemp("renames-")) as found:
        yield found


@pytest.fixture(scope="module")
def killed(applied: Applied) -> Iterator[Killed]:
    process = Killed(applied.project)
    yield process
    process.close()


@dataclass
class Names:
    """What the queue and the extension are called, and what they are to be called."""

    desired: dict[str, Any]
    queue: tuple[str, str] = ("sales", "sales-au")
    phone: tuple[str, str] = ("2001", "2011")
    callers: tuple[str, ...] = ()

    def turn(self) -> None:
        """Declare the other names."""
        self.desired["moved"] = []
        self.desired = rename(self.desired, "queue", *self.queue)
        self.desired = rename(self.desired, "extension", *self.phone)
        self.queue, self.phone = self.queue[::-1], self.phone[::-1]


@pytest.fixture(scope="module")
def names() -> Names:
    desired = copy.deepcopy(dict(DESIRED))
    desired["queues"]["sales"]["overflow"] = {"after": "60m", "to": "voicemail/2900"}
    return Names(desired)


@pytest.fixture
def estate(
    applied: Applied,
    names: Names,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Estate:
    """Somebody waits, an agent is logged in, two are paused, a message is there; so they stay."""
    set_secrets(monkeypatch)
    estate = Estate(applied.project, applied.site, capsys)
    if not names.callers:
        estate.declare(names.desired)
        estate.apply()
        leave_message(estate, "2001")
        estate.command("queue pause member PJSIP/2001 queue sales reason lunch")
        log_in(estate, "sales", "Local/agent@desk", "zoe")
        log_in(estate, "reception", "PJSIP/2001", "2001")
        come(estate, "sales", 1)
        come(estate, "sales", 2)
        names.callers = tuple(waits(estate, "sales"))
    all_are_there(estate, names)
    return estate


def all_are_there(estate: Estate, names: Names) -> None:
    """Nobody is lost, and nothing is left of other names."""
    (queue, other), (phone, former) = names.queue, names.phone
    assert tuple(waits(estate, queue)) == names.callers
    there = agents(estate, queue)
    assert there["zoe"] == ("Local/agent@desk", "dynamic", "3", "training")
    assert there["ann.l"] == (f"PJSIP/{phone}", "static", "0", "lunch")
    assert agents(estate, "reception")[phone] == (f"PJSIP/{phone}", "dynamic", "3", "training")
    assert messages(estate, phone) == ("1", "0")
    folder = estate.site.spool / "voicemail/ccstate"
    assert [found.name for found in folder.iterdir()] == [phone]
    running = estate.command("queue show") + estate.command("database show Queue")
    assert f"{other} " not in running
    assert f"PJSIP/{former}" not in running
    assert not [file for file in OLD_NAMES.values() if (estate.site.etc / file).exists()]
    assert estate.leftovers() == []
    assert estate.plan() == ""


LOADED = (
    f"renamed {RECORDS} 1",
    "after reload 1",
    "after _take_agents 1",
    "after _remove_agents 1",
    f"renamed {OLD_NAMES[DIALPLAN]} 2",
    f"removed {OLD_NAMES[DIALPLAN]} 1",
)


@pytest.mark.parametrize("boundary", LOADED)
def test_a_killed_rename_is_finished_by_the_next(
    boundary: str, estate: Estate, names: Names, killed: Killed
) -> None:
    names.turn()
    estate.declare(names.desired)
    assert estate.plan()
    assert killed.run(boundary, "apply") == -signal.SIGKILL, killed.said
    assert estate.run("apply", "--resume") == 0, estate.lines
    all_are_there(estate, names)


BEGUN = (
    "after rename 1",
    "renamed queues.d/ccstate.conf 1",
)


@pytest.mark.parametrize("boundary", BEGUN)
def test_a_killed_rename_may_be_given_up(
    boundary: str, estate: Estate, names: Names, killed: Killed
) -> None:
    before = copy.deepcopy(names)
    names.turn()
    estate.declare(names.desired)
    assert estate.plan()
    assert killed.run(boundary, "apply") == -signal.SIGKILL, killed.said
    assert estate.run("unlock") == 0
    names.desired, names.queue, names.phone = before.desired, before.queue, before.phone
    estate.declare({**names.desired, "teams": {"sales": {"label": "Sales people"}}})
    assert estate.plan()
    if estate.run("apply"):  # the plan was made from what the next apply takes back first
        assert "CC303 the plan is stale" in estate.lines
        estate.apply()
    estate.declare(names.desired)
    estate.apply()
    all_are_there(estate, names)


def test_what_asterisk_does_not_take_is_put_back_with_all_who_are_there(
    estate: Estate, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.deepcopy(names)
    names.turn()
    estate.declare(names.desired)
    assert estate.plan()
    taken = []

    def stays(*_: object) -> list[str]:
        taken.append(1)
        return ["sales"] if len(taken) == 1 else []

    monkeypatch.setattr(moving, "_still_running", stays)
    assert estate.run("apply") != 0
    assert "the old files were put back and loaded" in estate.lines
    names.desired, names.queue, names.phone = before.desired, before.queue, before.phone
    estate.declare(names.desired)
    all_are_there(estate, names)


def test_who_is_logged_in_stays_so_though_asterisk_restarts_in_the_middle(
    estate: Estate, names: Names, killed: Killed
) -> None:
    names.turn()
    estate.declare(names.desired)
    assert estate.plan()
    assert killed.run("after reload 1", "apply") == -signal.SIGKILL, killed.said
    site = estate.site
    sites.kill(site)
    estate.site = sites.start(site.folder, name=site.name, programs=site.programs, files=BY_HAND)
    assert estate.run("apply", "--resume") == 0, estate.lines
    (queue, _), (phone, _) = names.queue, names.phone
    assert agents(estate, queue)["zoe"] == ("Local/agent@desk", "dynamic", "3", "training")
    assert agents(estate, "reception")[phone][:2] == (f"PJSIP/{phone}", "dynamic")
    assert messages(estate, phone) == ("1", "0")
    assert estate.plan() == ""
