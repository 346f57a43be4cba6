"""A project, and processes of ccstate that work on it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ccstate.adapters.embedded import connect
from ccstate.model import Address
from ccstate.project import Project
from tests.waiting import until

PROJECT = "version: 1\ntargets: {demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}}\n"
SITE = Address("site", "main")
STATE = "desired_state/all.yaml"


QUICK = """
from ccstate.cli import main
from ccstate.apply import confirmation
from ccstate.worker import engine, loop
confirmation.GRACE = 0.5
engine.LEASES["settle"] = engine.AGAIN = engine.BACKOFF = 1.0
loop.ROUND = 0.2
main()
"""
"""The command with shorter times: those of a worker are for days and networks."""


class Processes:
    """Processes of ccstate; each is ended with the test."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {**os.environ, **environment}
        self.started: list[subprocess.Popen[str]] = []

    def quick(self, project: Path, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command on a project."""
        return self.run(sys.executable, "-c", QUICK, "--project", str(project), *arguments)

    def run(self, *command: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def unconfirmed(self, project: Path, plan_id: str, within: str) -> "subprocess.Popen[str]":
        """Apply a plan that has to be confirmed, and return once it waits for that."""
        applying = self.quick(project, "apply", plan_id, "--confirm-within", within)
        note = project / "plans" / plan_id / "confirm-by.json"
        until(lambda: note.exists() and json.loads(note.read_bytes())["until"], "the change waits")
        return applying

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


class Place(Processes):
    """A project, and processes that work on it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        super().__init__(folder, environment)
        (folder / "desired_state").mkdir()
        (folder / "ccstate.yaml").write_text(PROJECT)
        self.write("One")
        self.project.apply(self.project.plan().plan)

    @property
    def project(self) -> Project:
        return Project(self.folder)

    def write(self, label: str) -> None:
        (self.folder / STATE).write_text(f"sites: {{main: {{timezone: UTC, label: {label}}}}}\n")

    def label(self) -> object:
        seen = connect({"path": ".ccstate/demo.db"}, self.folder).observe(["site"])
        return seen.objects[SITE]["label"]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return self.quick(self.folder, *arguments)

    def worker(self) -> "subprocess.Popen[str]":
        return self.start("worker", "--drift-at", "never")

    def killed_apply(self, label: str, within: str = "2s") -> str:
        """Begin a change that has to be confirmed, and kill its process while it waits; its plan's id."""
        self.write(label)
        plan_id = self.project.save(self.project.plan(force="again").plan).id
        applying = self.unconfirmed(self.folder, plan_id, within)
        applying.kill()
        applying.wait()
        assert self.label() == label
        return plan_id


def is_at_work(place: Place, worker: "subprocess.Popen[str]") -> bool:
    assert worker.poll() is None, worker.communicate()[1]
    return any((place.folder / ".ccstate").glob("worker-*.json"))
