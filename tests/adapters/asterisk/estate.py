"""A small estate that has one of everything, in a project of its own, on a real site."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccstate.adapters.asterisk import sounds
from ccstate.adapters.asterisk.adapter import AsteriskAdapter, connect
from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.entries import FILES, MODULES
from ccstate.adapters.asterisk.running.reload import reload
from ccstate.adapters.asterisk.sounds import audio
from ccstate.diff import diff
from ccstate.model import Change, Resource
from ccstate_lab import phones
from ccstate_lab import site as sites
from ccstate_lab.programs import programs
from ccstate_lab.site import Site
from tests.adapters.asterisk_harness import connection
from tests.cli.screens import Screen
from tests.waiting import until

SECRETS = {
    "SIP_2001": "of-2001",
    "SIP_2002": "of-2002",
    "SIP_2003": "of-2003",
    "SIP_TRUNK": "of-the-trunk",
    "PIN_2001": "4711",
}
PHONES = {"2001": "of-2001", "2002": "of-2002", "2003": "of-2003"}
NUMBER, SALES_NUMBER = "+61255501000", "+61255501001"

DESIRED: Mapping[str, Any] = {
    "sites": {
        "sydney": {
            "label": "Sydney",
            "timezone": "Australia/Sydney",
            "emergency_callback": NUMBER,
        }
    },
    "schedules": {
        "office": {
            "label": "Office hours",
            "timezone": "Australia/Sydney",
            "weekly": {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
            "holidays": [{"name": "Christmas", "date": "2026-12-25"}],
        }
    },
    "prompts": {
        "welcome": {"languages": {"en-AU": {"audio": "audio/silence.wav"}}},
        "busy": {"languages": {"en-AU": {"audio": "audio/silence.wav"}}},
    },
    "users": {
        "ann.l": {"name": "Ann Lee", "extension": "2001", "team": "sales", "site": "sydney"},
        "bo.o": {"name": "Bo Orr", "extension": "2002", "team": "sales", "site": "sydney"},
        "cy.d": {"name": "Cy Dunn", "extension": "2003", "site": "sydney"},
    },
    "teams": {"sales": {"label": "Sales", "supervisor": "ann.l"}},
    "extensions": {
        "2001": {
            "device": "softphone",
            "site": "sydney",
            "secret": "env:SIP_2001",
            "permissions": ["local"],
            "caller_id": {"name": "Front desk", "number": "+61255501000"},
            "voicemail": {"pin": "env:PIN_2001", "email": "ann@example.test"},
        },
        "2002": {
            "device": "softphone",
            "site": "sydney",
            "secret": "env:SIP_2002",
            "ring_for": "20s",
        },
        "2003": {"device": "softphone", "site": "sydney", "secret": "env:SIP_2003"},
        "2900": {"device": "none", "voicemail": {"greeting": "welcome"}},
    },
    "queues": {
        "sales": {
            "label": "Sales",
            "strategy": "longest_idle",
            "ring_for": "20s",
            "members": [{"team": "sales"}, {"user": "cy.d", "penalty": 5}],
            "announcements": {"welcome": "welcome", "periodic": "busy"},
            "overflow": {"after": "3m", "to": "voicemail/2900"},
        },
        "reception": {
            "label": "Reception",
            "ring_for": "15s",
            "members": [{"extension": "2003"}],
            "overflow": {"after": "1m", "to": "queue/sales"},
        },
    },
    "ivrs": {
        "main": {
            "label": "Main line",
            "start": "door",
            "nodes": {
                "door": {
                    "type": "hours",
                    "schedule": "office",
                    "open": "menu",
                    "closed": "voicemail/2900",
                    "holiday": "voicemail/2900",
                },
                "menu": {
                    "type": "menu",
                    "prompt": "welcome",
                    "timeout": "5s",
                    "choices": {"1": "queue/sales", "2": "extension/2001", "0": "queue/reception"},
                    "on_timeout": "queue/reception",
                },
            },
        }
    },
    "trunks": {
        "carrier": {
            "label": "Carrier",
            "host": "127.0.0.9",
            "username": "bakery",
            "secret": "env:SIP_TRUNK",
            "codecs": ["alaw", "ulaw"],
        }
    },
    "numbers": {
        NUMBER: {"label": "Main line", "trunk": "carrier", "to": "ivr/main"},
        SALES_NUMBER: {
            "label": "Sales line",
            "trunk": "carrier",
            "to": "queue/sales",
            "hours": "office",
            "closed": "voicemail/2900",
        },
    },
    "outbound_routes": {
        "local": {"patterns": ["NXXXXXXX"], "permission": "local", "trunks": ["carrier"]}
    },
}

BY_HAND = {
    "queues.d/by-hand.conf": "[night-shift]\nstrategy=ringall\nmember => PJSIP/9001,0,night,PJSIP/9001\n",
    "pjsip.d/by-hand.conf": (
        "[9001](!) ; a template of somebody's own\ntype=endpoint\n"
        "[9001-desk](9001)\ncontext=by-hand\nallow=!all,alaw\naors=9001-desk\n"
        "[9001-desk]\ntype=aor\nmax_contacts=2\n"
    ),
    "extensions.d/by-hand.conf": "[by-hand]\nexten => 700,1,Answer()\n same => n,Echo()\n",
    "voicemail.d/by-hand.conf": "[by-hand]\n9001 => 1234,Night,night@example.test\n",
}
"""What somebody wrote beside our files, with objects of its own."""


class Estate(Screen):
    """A project for one site, driven by the command line; `site` is where it is applied."""

    def __init__(self, folder: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(folder, capsys)
        self.site = site

    @property
    def connection(self) -> dict[str, Any]:
        return connection(self.site)

    @property
    def adapter(self) -> AsteriskAdapter:
        return connect(self.connection, self.folder)

    def declare(self, desired: Mapping[str, Any]) -> None:
        write_desired(self.folder, desired)

    def edit(self, *path: str, value: object) -> None:
        """One declared field set otherwise: `edit("queues", "sales", "ring_for", value="30s")`."""
        desired = yaml.safe_load(self._document.read_text(encoding="utf-8"))
        inner = desired
        for part in path[:-1]:
            inner = inner[part]
        inner[path[-1]] = value
        self.declare(desired)

    @property
    def _document(self) -> Path:
        return self.folder / "desired_state/estate.yaml"

    def plan(self) -> str:
        """The plan in words; "" where there is nothing to do."""
        code = self.run("plan", "--detailed-exitcode")
        assert code in {0, 2}, self.out + self.err
        return self.out if code else ""

    def apply(self) -> None:
        """Planned and applied; every change is confirmed."""
        assert self.plan()
        assert self.run("apply") == 0, self.out + self.err

    def drift(self) -> str:
        assert self.run("drift") == 0, self.err
        return self.out

    def drifted(self) -> list[Change]:
        """What was changed by hand, as `ccstate drift` finds it."""
        seen = self.adapter.observe(list(self.adapter.supports))
        applied = {a: Resource(a, fields, "") for a, fields in seen.ledger.items()}
        return diff("lab", applied, seen, secrets={}, release=())

    @property
    def lines(self) -> str:
        """What was said last, without breaks of lines: those depend on how long a path is."""
        return flat(self.out + self.err)

    def ami(self) -> Ami:
        """As whoever runs the site, who may do everything."""
        site = self.site
        return Ami.connect(Login(site.ami_host, site.ami_port, "lab", site.lab_secret))

    def command(self, text: str) -> str:
        with self.ami() as ami:
            return "\n".join(ami.command(text))

    def call(self, place: str, *then: tuple[str, str]) -> None:
        """Call a place of the dialplan; the caller does these steps there, one after the other."""
        self.extend("call-test", "1", ("Goto", place))
        self.extend("call-caller", "1", *then, ("Wait", "60"))
        with self.ami() as ami:
            caller = (("Context", "call-caller"), ("Exten", "1"), ("Priority", "1"))
            ami.do("Originate", ("Channel", "Local/1@call-test"), *caller, ("Async", "true"))

    def extend(self, context: str, extension: str, *steps: tuple[str, str]) -> None:
        """Add an extension of the dialplan that stands in no file, and goes with the site."""
        with self.ami() as ami:
            for priority, (application, data) in enumerate(steps, 1):
                place = (
                    ("Context", context),
                    ("Extension", extension),
                    ("Priority", str(priority)),
                )
                step = (("Application", application), ("ApplicationData", data), ("Replace", "yes"))
                ami.do("DialplanExtensionAdd", *place, *step)

    def wait_for_channel(self, text: str) -> None:
        """Wait until the line of some channel has this text."""
        said = "core show channels concise"
        until(lambda: text in self.command(said), f"a channel is at {text}")

    def reload(self, file: str) -> None:
        """As an administrator does after an edit."""
        with self.ami() as ami:
            ami.do("Reload", ("Module", MODULES[file]))

    def leftovers(self) -> list[str]:
        """Files that only stand there while something is being written."""
        there = [*self.site.etc.rglob("*"), *self.site.sounds.glob("ccstate/**/*")]
        return sorted(
            file.name
            for file in there
            if file.is_file()
            and (file.suffix == ".new" or file.name == "transaction.json" or "before" in file.parts)
        )

    def hand_written(self) -> dict[str, bytes]:
        """All configuration but ours."""
        ours = {self.site.etc / path for path in FILES.values()}
        found = {f for f in self.site.etc.rglob("*.conf") if f not in ours}
        return {str(f): f.read_bytes() for f in sorted(found)}

    def wipe(self) -> None:
        """As if ccstate had never been there."""
        shutil.rmtree(self.site.etc / "ccstate", ignore_errors=True)
        for path in FILES.values():
            (self.site.etc / path).unlink(missing_ok=True)
        shutil.rmtree(self.site.sounds / sounds.SOUNDS_FOLDER, ignore_errors=True)
        with self.ami() as ami:
            reload(ami, FILES)


def flat(text: str) -> str:
    return " ".join(text.split())


def write_project(folder: Path, connection: Mapping[str, Any]) -> None:
    """ccstate.yaml with one target, the desired state, and the recording that its prompts name."""
    recording = folder / "audio/silence.wav"
    recording.parent.mkdir(parents=True, exist_ok=True)
    recording.write_bytes(audio.wav(bytes(4000), "silence"))
    write_connection(folder, connection)
    write_desired(folder, DESIRED)


def write_connection(folder: Path, connection: Mapping[str, Any]) -> None:
    target = {
        "adapter": "asterisk",
        "connection": dict(connection),
        "limits": {"updates": "100%", "deletions": "100%"},
    }
    project = {"version": 1, "desired_state": "desired_state", "targets": {"lab": target}}
    (folder / "ccstate.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")


def write_desired(folder: Path, desired: Mapping[str, Any]) -> None:
    file = folder / "desired_state/estate.yaml"
    file.parent.mkdir(exist_ok=True)
    text = yaml.safe_dump(dict(desired), sort_keys=False, allow_unicode=True)
    # A number without quotes would lose its plus sign.
    file.write_text(re.sub(r"(?m)^(\s*)(\+\d+):", r'\1"\2":', text), encoding="utf-8")


@contextmanager
def running_site(folder: Path, release: str, **more: Any) -> Iterator[Site]:
    """A site that ends with the test, and its phones with it."""
    site = sites.start(folder, name=f"estate-{release}", programs=programs(release), **more)
    try:
        yield site
    finally:
        phones.end_all(folder)
        if running := sites.find(folder):
            sites.kill(running)


@dataclass(frozen=True)
class Applied:
    """A site on which the estate was applied, beside what somebody wrote by hand."""

    project: Path
    site: Site


@contextmanager
def applied_on(
    release: str, folder: Path, *, files: Mapping[str, str] = BY_HAND
) -> Iterator[Applied]:
    """A site with these files by hand, and the project whose estate a test applies there."""
    project = folder / "project"
    project.mkdir()
    with running_site(folder / "site", release, files=files) as site:
        write_project(project, connection(site))
        yield Applied(project, site)


@pytest.fixture(scope="module", params=["22", "16"])
def applied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Applied]:
    """A site of each release for the tests of a module."""
    release: str = request.param
    with applied_on(release, tmp_path_factory.mktemp(f"estate-{release}-")) as found:
        yield found


@pytest.fixture
def estate(
    applied: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    """The estate as it is desired; its calls end with the test."""
    found = settled(applied, capsys, monkeypatch)
    yield found
    found.command("channel request hangup all")


def set_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)


def settled(
    applied: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Estate:
    """The estate as it is desired, whatever a test before did."""
    set_secrets(monkeypatch)
    estate = Estate(applied.project, applied.site, capsys)
    write_desired(estate.folder, DESIRED)
    try:
        is_settled = not estate.plan()
    except AssertionError:
        is_settled = False
    if not is_settled:
        estate.wipe()
        estate.apply()
    return estate
