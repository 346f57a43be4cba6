"""Project files as a branch may hold them: refused or obeyed, and nothing outside is touched or told.

    python -m tests.fuzz.project_files [HOW-MANY] [SEED]

A bad one is one with which a command ends in an exception, starts a program, shows what a file
outside of the project or a variable of the job holds, or writes there.
"""

import copy
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.fuzz import many
from tests.fuzz.plan_files import mutated, run_quietly

STATE = 'sites: {a: {timezone: UTC}}\nextensions: {"1": {device: deskphone, secret: "file:s"}}\n'
CANARY = "canary-in-the-mine"
CONTENT: dict[str, Any] = {
    "version": 1,
    "desired_state": "desired_state",
    "targets": {
        "demo": {
            "adapter": "embedded",
            "connection": {"path": "demo.db", "faults": []},
            "sites": ["a"],
            "limits": {"updates": "30%", "deletions": "30%"},
        },
        "pbx": {
            "adapter": "asterisk",
            "connection": {
                "etc": "etc",
                "sounds": "sounds",
                "ami": {"host": "127.0.0.1", "port": 1, "secret": "env:CCSTATE_SECRET_AMI"},
                "sip": {"host": "127.0.0.1", "port": 1},
            },
        },
    },
    "defaults": {"queue": {"ring_for": "20s"}},
    "rules": {"CC204": "ignore"},
}
VALUES: tuple[Any, ...] = (
    "../outside", "/etc", "/proc/self/environ", "../outside/canary.yaml", "env:CANARY", "file:../outside/canary.yaml",
    "file:canary-link", "link", "link/x", ".git", ".ccstate", "desired_state/../../outside", "evil", "./evil", "192.0.2.1",
    "pbx.invalid", "asterisk", "embedded", "os", "\u0000", "\u202e\x1b[2J", "::error::obey", "##[error]obey", "x" * 2000,
    "", " ", -1, 0, 2**62, 1.5, True, None, [], {}, [[[]]], {"": ""}, {"evil": ["./evil"]}, {"speech": ["./evil"]},
)  # fmt: skip
COMMANDS = (["validate"], ["plan"], ["drift"], ["test", "--live", "pbx"], ["history", "site/a"])


class Bench:
    """One project beside a folder that is none of its business."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.outside = folder / "outside"
        self.marker = folder / "marker"
        self.outside.mkdir()
        (self.outside / "canary.yaml").write_text(f"{CANARY}: [\n")

    def fuzz(self, chance: random.Random) -> str:
        """Runs a command on one project file."""
        self._restore()
        content = mutated(chance, CONTENT) if chance.random() < 0.5 else copy.deepcopy(CONTENT)
        for _ in range(chance.choice([0, 1, 2])):
            _put(content, chance)
        raw = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2)
        if chance.random() < 0.2:
            raw = many.spoiled(chance, raw)
        file = self.project / "ccstate.yaml"
        if chance.random() < 0.02:
            file.symlink_to(self.outside / "canary.yaml")
        else:
            file.write_bytes(raw)
        command = chance.choice(COMMANDS)
        with _standing_in(self.project):
            code, said = run_quietly(self.project, *command)
        assert code in range(6), code
        assert CANARY not in said, said
        assert "\x1b" not in said
        assert not self.marker.exists()
        assert [path.name for path in self.outside.iterdir()] == ["canary.yaml"], command
        return f"{command[0]} {code}"

    def _restore(self) -> None:
        shutil.rmtree(self.project, ignore_errors=True)
        (self.project / "desired_state").mkdir(parents=True)
        (self.project / "desired_state" / "all.yaml").write_text(STATE)
        for name in ("etc", "sounds"):
            (self.project / name).mkdir()
        (self.project / "s").write_text("correct horse")
        (self.project / "link").symlink_to(self.outside)
        (self.project / "canary-link").symlink_to(self.outside / "canary.yaml")
        for name in ("evil", "sipp", "espeak-ng", "git"):
            (self.project / name).write_text(f"#!/bin/sh\ntouch '{self.marker}'\n")
            (self.project / name).chmod(0o755)


def _put(value: Any, chance: random.Random) -> None:
    """Puts an odd value into a mapping somewhere."""
    while isinstance(value, dict) and value:
        key = chance.choice(list(value))
        if not isinstance(value[key], dict) or not value[key] or chance.random() < 0.2:
            value[key] = chance.choice(VALUES)
            return
        value = value[key]


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    """In the folder, with a PATH that leads there first, and a secret of the job."""
    before, here = dict(os.environ), Path.cwd()
    os.environ.update(PATH=f":.:{before['PATH']}", CANARY=CANARY, CCSTATE_SECRET_AMI="s3cret")
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.exit(bool(many.run(Bench(Path(place)).fuzz, sys.argv[1:])))
