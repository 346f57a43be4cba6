"""Machines that share a database and a platform, and no folder."""

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from ccstate.adapters.embedded import connect
from ccstate.model import Address, Fields
from ccstate.project import Project
from ccstate.worker.database import VARIABLE
from tests.waiting import GENEROUS, until
from tests.worker.place import Processes

PLATFORM = "../platform.db"
PROJECT = (
    f"version: 1\ntargets: {{demo: {{adapter: embedded, connection: {{path: {PLATFORM}}}}}}}\n"
)
BEFORE = "sites: {main: {timezone: UTC, label: Main}}\n"
AFTER = """\
sites: {main: {timezone: UTC, label: Main building}}
extensions: {"2001": {label: Kim, site: main, secret: "env:SIP_2001"}}
"""
SECRET = "hunter2-of-the-test"
OPEN = "SELECT plan FROM ccstate.unconfirmed WHERE is_open"
SITE = Address("site", "main")


class Machines(Processes):
    """Machines below one folder, with processes on them; the platform is as before."""

    def __init__(self, top: Path, address: str) -> None:
        super().__init__(top, {VARIABLE: address, "SIP_2001": SECRET})
        self.address = address
        self.home, self.other = bring_before(machine(top, "home")), machine(top, "other")

    def applying(self, within: str = "1s") -> "tuple[subprocess.Popen[str], str]":
        """Begin a change at home that has to be confirmed; its process, and its plan's id."""
        plan_id = self.saved()
        return self.unconfirmed(self.home, plan_id, within), plan_id

    def saved(self) -> str:
        """Save the plan of what the folder asks for; its id."""
        project = Project(self.home)
        return project.save(project.plan(force="all of it").plan).id

    def killed_apply(self, within: str = "1s") -> str:
        """Begin such a change, and kill its process while it waits; its plan's id."""
        process, plan_id = self.applying(within)
        process.kill()
        process.wait()
        return plan_id

    def taken_back_by_the_other(self) -> None:
        worker = self.quick(self.other, "worker", "--drift-at", "never")
        until(lambda: self.label() == "Main" and not self.kept(OPEN), "it is taken back")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=GENEROUS) == 0
        assert holder(self.folder) is None

    def kept(self, query: str = "SELECT plan FROM ccstate.unconfirmed") -> "list[tuple[str, ...]]":
        with psycopg.connect(self.address) as asking:
            return asking.execute(query.encode()).fetchall()

    def label(self) -> object:
        return objects(self.folder)["site/main"]["label"]


def bring_before(folder: Path) -> Path:
    """Bring the platform to what was before the change that the folder asks for."""
    desired = folder / "desired_state/all.yaml"
    after = desired.read_text()
    desired.write_text(BEFORE)
    Project(folder).apply(Project(folder).plan().plan)
    desired.write_text(after)
    return folder


def machine(top: Path, name: str) -> Path:
    """Make a machine: a clone of the repository beside the platform."""
    folder = top / name
    (folder / "desired_state").mkdir(parents=True)
    (folder / "ccstate.yaml").write_text(PROJECT)
    (folder / "desired_state/all.yaml").write_text(AFTER)
    return folder


def objects(top: Path) -> dict[str, Fields]:
    seen = connect({"path": "platform.db"}, top).observe(["site", "extension"])
    return {str(address): fields for address, fields in seen.objects.items()}


def holder(top: Path) -> Any:
    return connect({"path": "platform.db"}, top).holder()


def lose(folder: Path) -> None:
    """Lose a machine, with all that only its folder knew."""
    shutil.rmtree(folder)
