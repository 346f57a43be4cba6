"""A team's repository with a small estate, whose changes come as branches with requests."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ccstate.cli import run

PROJECT = """\
version: 1
targets:
  main: {adapter: embedded, connection: {path: .ccstate/main.db}}
"""
STATE = """\
sites:
  west: {timezone: Australia/Perth}
schedules:
  office:
    timezone: Australia/Perth
    weekly: {mon: [09:00-17:00], tue: [09:00-17:00]}
users:
  kim: {name: Kim Lee, site: west, extension: "2001"}
extensions:
  "2001": {label: Kim, site: west, voicemail: {}}
queues:
  sales:
    label: Sales
    hours: office
    members: [{user: kim, login: static}]
    overflow: {after: 3m, to: voicemail/2001, empty: voicemail/2001}
ivrs:
  menu:
    label: Main menu
    start: first
    nodes:
      first:
        type: menu
        prompt: hello
        choices: {"1": queue/sales, "2": voicemail/2001}
        retries: 1
        on_timeout: queue/sales
prompts:
  hello: {languages: {en: {text: "For sales, press 1. For a message, press 2."}}}
numbers:
  "+61255501234": {label: Main line, to: ivr/menu}
call_tests:
  sales-by-key:
    to: "+61255501234"
    at: 2026-12-07T10:00
    keys: ["1"]
    expect: [queue/sales]
"""
MESSAGE = """\
Calls for sales go to the mailbox

Request: CHG-123
Requested-by: Priya Nair
Reason: sales is in training
"""


class Team:
    """A repository; what a command printed last is in `out` and `err`."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = folder / "team"
        self.into = folder / "answer"
        self._capsys = capsys
        self.out = self.err = ""
        self.root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("ccstate.yaml", PROJECT)
        self.write("desired_state/all.yaml", STATE)
        self.write(".gitignore", "/.ccstate/\n")
        self.commit("Start")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str, name: str = "desired_state/all.yaml") -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def git(self, *words: str, folder: Path | None = None) -> str:
        settled = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-c", "user.name=Kim Lee", "-c", "user.email=kim@example.com", *words]
        done = subprocess.run(
            command,
            cwd=folder or self.root,
            env={**os.environ, **settled},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str) -> int:
        self._capsys.readouterr()
        code = run(["--project", str(self.root), *arguments])
        self.out, self.err = self._capsys.readouterr()
        return code

    def applied(self) -> None:
        """Bring the platform to what is checked out."""
        assert self.run("plan") == 0, self.err
        assert self.run("apply") == 0, self.err

    def propose(self, old: str, new: str, message: str = MESSAGE) -> str:
        """Change one file on a branch of its own, as its author proposes it."""
        self.git("switch", "--quiet", "--create", "wish")
        self.edit(old, new)
        return self.commit(message)

    def plan(self, *options: str) -> int:
        return self.run(
            "ci", "plan", "--forge=files", f"--into={self.into}", "--change=12", "--base=main", *options
        )  # fmt: skip

    @property
    def comment(self) -> str:
        return (self.into / "comment-12-plan.md").read_text(encoding="utf-8")

    @property
    def check(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.into / "check-ccstate-plan.json").read_text())
        return found


SALES, MAILBOX = '{"1": queue/sales,', '{"1": voicemail/2001,'
