"""A contact centre with its repository, a bare remote, a code host, two platforms, and a clock."""

import json
import os
import pwd
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from ccstate.adapters.embedded import connect
from ccstate.cli import run
from ccstate.model import Address
from tests.forge import github_host
from tests.forge.conftest import Clock
from tests.forge.server import Server
from tests.waiting import until

PROJECT = """\
version: 1
environments:
  staging:
    targets: {pbx: {adapter: embedded, connection: {path: .ccstate/staging.db}}}
  production:
    targets: {pbx: {adapter: embedded, connection: {path: .ccstate/production.db}}}
policy:
  people:
    lee: {login: lee}
    priya: {login: priya, account: ACCOUNT}
  approvals:
    - {who: [lee], kinds: [queue, number], environments: [production]}
  freezes:
    holidays: {date: 2026-12-19, until: 2026-12-27, reason: Few are on call}
  timezone: Australia/Perth
  emergency: {who: [priya]}
"""
STATE = """\
sites:
  west: {timezone: Australia/Perth}
schedules:
  office:
    timezone: Australia/Perth
    weekly: {mon: [09:00-17:00], tue: [09:00-17:00], wed: [09:00-17:00]}
users:
  kim: {name: Kim Lee, site: west, extension: "2001"}
extensions:
  "2001": {label: Kim, site: west, voicemail: {}}
queues:
  sales:
    label: Sales
    hours: office
    ring_for: 20s
    wrap_up: 10s
    members: [{user: kim, login: static}]
    overflow: {after: 3m, to: voicemail/2001, empty: voicemail/2001}
numbers:
  "+61255501234": {label: Main line, to: queue/sales}
call_tests:
  sales:
    to: "+61255501234"
    at: 2026-12-07T10:00
    expect: [queue/sales]
"""


class Centre:
    """What a command printed last is in `out` and `err`; `host` is the code host."""

    def __init__(
        self,
        folder: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        clock: time_machine.Traveller,
    ) -> None:
        self.root = folder / "team"
        self.remote = folder / "remote.git"
        self.event = folder / "event.json"
        self.host = github_host.GitHubHost()
        self.host.server = Server(self.host.answer, Clock().now)
        self.out = self.err = ""
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self._clock = clock
        self._change = 0
        self._before = "0" * 40
        self.root.mkdir()
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", str(self.remote))
        account = pwd.getpwuid(os.getuid()).pw_name
        self.write("ccstate.yaml", PROJECT.replace("ACCOUNT", account))
        self.write("desired_state/all.yaml", STATE)
        self.write(".gitignore", "/.ccstate/\n")
        self.commit("The centre as it stands")
        self.push()

    def at(self, moment: str) -> None:
        """Let it be another moment, UTC."""
        self._clock.move_to(datetime.fromisoformat(f"{moment}+00:00"), tick=False)

    # Files and git.

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str, name: str = "desired_state/all.yaml") -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def git(self, *words: str, author: str = "Kim Lee <kim@example.com>") -> str:
        name, _, address = author.rstrip(">").partition(" <")
        moment = datetime.now().astimezone().isoformat(timespec="seconds")
        environment = {
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_EMAIL": address for role in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{role}_DATE": moment for role in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def commit(self, message: str, author: str = "Kim Lee <kim@example.com>") -> str:
        self.git("add", "--all", author=author)
        self.git("commit", "--quiet", f"--message={message}", author=author)
        return self.head

    def push(self) -> None:
        self.git("push", "--quiet", "origin", "main")

    # Commands.

    def run(self, *arguments: str, environment: str = "production") -> int:
        """Run a command on an administrator's machine."""
        return self._run(arguments, {"CCSTATE_ENVIRONMENT": environment, "GITHUB_ACTIONS": ""})

    def ci(self, *arguments: str, actor: str = "lee", environment: str = "production") -> int:
        """Run a command as the code host's CI does."""
        self.event.write_text(json.dumps(self._event()))
        variables = {
            "CCSTATE_ENVIRONMENT": environment,
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.host.server.address,
            "GITHUB_SERVER_URL": "https://code.example.org",
            "GITHUB_REPOSITORY": "team/centre",
            "GITHUB_TOKEN": github_host.TOKEN,
            "GITHUB_SHA": self.head,
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_ACTOR": actor,
            "GITHUB_RUN_ID": str(1000 + self._change),
        }
        return self._run(("ci", *arguments), variables)

    def _run(self, arguments: tuple[str, ...], variables: dict[str, str]) -> int:
        for name in [*os.environ]:
            if name.startswith(("GITHUB_", "CCSTATE_ENV")):
                self._monkeypatch.delenv(name)
        for name, value in variables.items():
            self._monkeypatch.setenv(name, value)
        self._capsys.readouterr()
        code = run(["--project", str(self.root), *arguments])
        self.out, self.err = self._capsys.readouterr()
        return code

    def agree_and_apply(self) -> str:
        """Run an apply that asks, agree to what it would do, and return the id of its plan."""
        assert self.ci("apply") == 2, self.out + self.err
        [digest] = re.findall(r"--agreed ([0-9a-f]{64})", self.out)
        assert self.ci("apply", f"--agreed={digest}") == 0, self.out + self.err
        return str(re.findall("[Pp]lan `?([0-9a-f]{12})", self.out)[0])

    def record(self) -> None:
        assert self.ci("record", f"--push={self.remote}") == 0, self.err

    def apply_and_die(self, *arguments: str, moment: str) -> None:
        """Start an apply as a process of its own, and kill it once its change waits for a yes."""
        code = (
            "import sys, time_machine; from ccstate.cli import run\n"
            "with time_machine.travel(sys.argv[1]): sys.exit(run(sys.argv[2:]))"
        )
        command = [sys.executable, "-c", code, f"{moment}+00:00", "--project", str(self.root)]
        environment = {**os.environ, "CCSTATE_ENVIRONMENT": "production", "GITHUB_ACTIONS": ""}
        with subprocess.Popen(
            [*command, "apply", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            until(self._is_waiting, "the change waits to be confirmed")
            process.send_signal(signal.SIGKILL)
            process.wait()

    def _is_waiting(self) -> bool:
        found = [
            json.loads(path.read_bytes()) for path in self.root.glob("plans/*/confirm-by.json")
        ]
        return any(one["until"] for one in found)

    # Change requests.

    def propose(
        self, old: str, new: str, message: str, name: str = "desired_state/all.yaml"
    ) -> None:
        """Open a change request of a branch that changes a file."""
        self.git("switch", "--quiet", "--create", f"change-{self._change + 1}")
        self.edit(old, new, name)
        self.commit(message)
        self.request(message)

    def promote(self, *asked: str) -> None:
        """Have what staging says proposed for production; the change request is checked out, and planned."""
        before = len(self.host.pulls)
        for _ in range(2):  # the second time it is there already
            asking = ("promote", "staging", "production", f"--push={self.remote}", *asked)
            assert self.ci(*asking, environment="") == 0, self.out + self.err
        [pull] = self.host.pulls[before:]
        self.git("fetch", "--quiet", "origin", pull["head"]["ref"])
        self.git("switch", "--quiet", "--create", "promotion", "FETCH_HEAD")
        self._change = pull["number"]
        self.host.reviews.clear()
        pull["head"]["sha"], pull["base"]["sha"] = self.head, self.git("rev-parse", "main")
        assert self.ci("plan", actor="kim") == 0, self.out + self.err

    def request(self, message: str) -> None:
        """Open a change request of the branch that is checked out."""
        self._change += 1
        self.host.reviews.clear()
        base = self.git("merge-base", "HEAD", "main")
        title = message.partition("\n")[0]
        pull = self.host.add_pull(self._change, title=title, user=github_host.person(7, "kim"))
        pull["head"]["sha"], pull["base"]["sha"] = self.head, base
        assert self.ci("plan", actor="kim") == 0, self.out + self.err

    def approve(self, login: str = "lee") -> None:
        self.host.permissions[login] = "write"
        by = github_host.person(8, login)
        head = self.host.pulls[-1]["head"]["sha"]
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.host.reviews.append(github_host.review(by, "APPROVED", head, at))

    def merge(self) -> None:
        branch = self.git("branch", "--show-current")
        self.git("switch", "--quiet", "main")
        self._before = self.head
        message = f"Merge pull request #{self._change} from team/{branch}"
        self.git("merge", "--quiet", "--no-ff", f"--message={message}", branch)
        self.push()
        self.host.pulls[-1].update(
            state="closed",
            merged_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            merge_commit_sha=self.head,
        )

    def said(self, marker: str) -> str:
        """Read our comment with a marker on the last change request."""
        start = f"<!-- ccstate: {marker}"
        [found] = [
            c["body"] for c in self.host.comments[self._change] if c["body"].startswith(start)
        ]
        return str(found)

    def issues(self) -> list[tuple[str, str]]:
        return [(issue["state"], issue["title"]) for issue in self.host.issues]

    def _event(self) -> dict[str, Any]:
        if self.git("branch", "--show-current") == "main":
            return {"before": self._before}
        pull = self.host.pulls[-1]
        return {"pull_request": pull}

    # The platform.

    def live(self, address: str, environment: str = "production") -> dict[str, Any]:
        kind, _, name = address.partition("/")
        platform = connect({"path": f".ccstate/{environment}.db"}, self.root)
        return dict(platform.observe([kind]).objects[Address(kind, name)])

    def by_hand(self, address: str, **fields: Any) -> None:
        """Change fields in the console of the platform."""
        kind, _, name = address.partition("/")
        platform = connect({"path": ".ccstate/production.db"}, self.root)
        platform.by_hand(Address(kind, name), {**self.live(address), **fields})

    @contextmanager
    def dropping_updates(self) -> Iterator[None]:
        """Let the platform say yes to each update, and keep the old values."""
        with closing(sqlite3.connect(self.root / ".ccstate/production.db")) as store:
            store.execute(
                "CREATE TRIGGER drops BEFORE INSERT ON object WHEN NEW.kind = 'queue' "
                "BEGIN SELECT RAISE(IGNORE); END"
            )
        yield
        with closing(sqlite3.connect(self.root / ".ccstate/production.db")) as store:
            store.execute("DROP TRIGGER drops")
