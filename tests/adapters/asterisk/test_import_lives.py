"""The basic PBX of Debian's asterisk-config, imported, lives on a real Asterisk as ccstate's own.

And the other way round: where it stands in the server's files by hand, its objects are shown as
unmanaged, are adopted as they are, and are made anew once somebody takes them out there.
"""

import re
import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate_lab import phones
from ccstate_lab.programs import programs
from ccstate_lab.site import Site
from tests.adapters.asterisk_harness import connection
from tests.asterisk_sites import NewSite, new_site
from tests.cli.screens import Screen
from tests.waiting import GENEROUS

__all__ = ["new_site"]

TUESDAY = "2026-11-24T10:00"
MAIN = "+12565551100"
CALL_TESTS = {
    "menu-sales": {"to": MAIN, "at": TUESDAY, "keys": ["1"], "expect": ["queue/sales"]},
    "menu-operator": {"to": MAIN, "at": TUESDAY, "keys": ["0"], "expect": ["extension/1111"]},
    "sales": {"to": "+12565551200", "at": TUESDAY, "expect": ["queue/sales"]},
    "direct": {"to": "+12565551101", "at": TUESDAY, "expect": ["extension/1101"]},
}
AGENTS = ("1105", "1109", "1112")


class Project(Screen):
    """A fresh project for one site."""

    def __init__(self, folder: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(folder, capsys)
        self.site = site
        self.desired = folder / "desired_state"
        self.desired.mkdir(parents=True)
        target = {
            "adapter": "asterisk",
            "connection": connection(site),
            "limits": {"updates": "100%", "deletions": "100%"},
        }
        said: dict[str, Any] = {"version": 1, "targets": {"lab": target}}
        (folder / "ccstate.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")

    def edit(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def done(self, *arguments: str) -> str:
        """What a command says that has nothing to complain of, in one line."""
        assert self.run(*arguments) == 0, self.out + self.err
        return " ".join(self.out.split())

    def applied(self) -> str:
        """The receipt of what was planned; afterwards there is nothing to do."""
        self.done("plan")
        receipt = self.done("apply")
        assert self.run("plan", "--detailed-exitcode") == 0, self.out
        return receipt

    def hand_written(self) -> dict[str, bytes]:
        """All configuration but ccstate's."""
        files = sorted(self.site.etc.rglob("*.conf"))
        return {str(file): file.read_bytes() for file in files if file.name != "ccstate.conf"}

    def ami(self, events: str = "off") -> Ami:
        """As whoever runs the lab, who may do everything."""
        site = self.site
        login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
        return Ami.connect(login, events=events)


def basic_pbx() -> Path:
    return programs("22").root / "usr/share/doc/asterisk-config/examples/configs/basic-pbx"


def exported(file: Path) -> dict[str, str]:
    """What a shell has in its environment once it has read the file."""
    command = ["/bin/sh", "-c", f". {shlex.quote(str(file))}; env -0"]
    said = subprocess.run(command, env={}, capture_output=True, check=True)
    return dict(one.split("=", 1) for one in said.stdout.decode().split("\0") if one)


def dialled(ami: Ami, phone: str, number: str, until: str) -> list[str]:
    """The places that a phone comes to that dials a number, up to that one."""
    (shown,) = (
        event
        for event in ami.read("PJSIPShowEndpoint", ("Endpoint", phone))
        if event.get("Event") == "EndpointDetail"
    )
    where = [("Context", shown["Context"]), ("Exten", number), ("Priority", "1")]
    ami.do("Originate", ("Channel", f"PJSIP/{phone}"), *where, ("Async", "true"))
    places: list[str] = []
    for event in ami.events(time.monotonic() + GENEROUS):
        if event.get("Event") == "UserEvent" and event.get("UserEvent") == "Ccstate":
            places.append(event["Place"])
        if event.get("Event") == "BridgeEnter":
            places.append(f"{event['Channel'].partition('-')[0]} talks")
        if until in places:
            break
    ami.command("channel request hangup all")
    return places


@pytest.fixture
def fresh(tmp_path: Path, new_site: NewSite, capsys: pytest.CaptureFixture[str]) -> Project:
    """For a site that has nothing but ccstate's includes."""
    return Project(tmp_path / "project", new_site(), capsys)


OPTIONS = ("--prefix", "+1", "--timezone", "America/Chicago")


@pytest.mark.process
def test_the_basic_pbx_is_imported_applied_and_called(
    fresh: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "secrets"
    said = fresh.done("import", str(basic_pbx()), *OPTIONS, "--secrets", str(written))
    assert "60 objects in 9 files" in said
    assert "ccstate validate finds no error now." in said
    secrets = exported(written)
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    fresh.done("validate")
    # The carrier is on this machine.
    fresh.edit(fresh.desired / "trunks.yaml", "sip.digiumcloud.net", "127.0.0.9")

    assert "Every change is confirmed: 60 of 60." in fresh.applied()

    phones.answer(fresh.site, {n: secrets[f"SIP_{n}"] for n in (*AGENTS, "1101", "1111")})
    tests = yaml.safe_dump({"call_tests": CALL_TESTS})
    (fresh.desired / "call_tests.yaml").write_text(tests, encoding="utf-8")
    assert "4 of 4 calls end as they should, 4 agree" in fresh.done("test", "--live", "lab")
    with fresh.ami("user,call") as ami:
        assert "PJSIP/1109 talks" in dialled(ami, "1101", "1109", until="PJSIP/1109 talks")
        assert "ivr/main-ivr top" in dialled(ami, "1101", "1100", until="ivr/main-ivr top")


# Where it stands by hand


@pytest.fixture
def by_hand(tmp_path: Path, new_site: NewSite, capsys: pytest.CaptureFixture[str]) -> Project:
    """For a site that has all of the basic PBX beside ccstate's files, but for its transport."""
    texts = {
        f"{name}.d/basic-pbx.conf": (basic_pbx() / f"{name}.conf").read_text(encoding="utf-8")
        for name in ("pjsip", "queues", "extensions", "voicemail")
    }
    phones_on = texts["pjsip.d/basic-pbx.conf"].partition("[dcs-trunk]")
    texts["pjsip.d/basic-pbx.conf"] = "".join(phones_on[1:])
    project = Project(tmp_path / "project", new_site(files=texts), capsys)
    (project.desired / "sites.yaml").write_text("sites: {}\n", encoding="utf-8")
    return project


def test_what_stands_by_hand_is_unmanaged_and_can_be_adopted_as_it_is(by_hand: Project) -> None:
    assert "On lab, 22 objects are unmanaged" in by_hand.done("plan")
    assert "extension 1105, extension 1109, extension 1112" in by_hand.done("show", "queue/sales")
    there = by_hand.hand_written()

    by_hand.done("adopt", "--all")
    assert "Every change is confirmed: 22 of 22." in by_hand.applied()

    assert by_hand.hand_written() == there
    for name in ("pjsip", "queues"):
        ours = by_hand.site.etc / f"{name}.d/ccstate.conf"
        assert not re.search(r"^\[(?!ccstate-)", ours.read_text() if ours.exists() else "", re.M)
    assert "22 managed objects as they were applied" in by_hand.done("drift")


def test_what_stands_by_hand_is_changed_by_hand_only(by_hand: Project) -> None:
    by_hand.done("adopt", "--all")
    by_hand.applied()
    queues = by_hand.site.etc / "queues.d/basic-pbx.conf"
    by_hand.edit(queues, "[sales]\nstrategy=ringall", "[sales]\nstrategy=random")
    assert "~ queue/sales changed by hand strategy ring_all → random" in by_hand.done("drift")

    adopted = by_hand.desired / "adopted.yaml"
    by_hand.edit(adopted, "strategy: ring_all", "strategy: in_order")
    assert by_hand.run("plan") == 3
    told = f"CC414 queue/sales stands in {queues.parent.name}/{queues.name}:6"
    assert told in " ".join(by_hand.out.split())


def test_what_is_taken_out_by_hand_is_made_by_ccstate(
    by_hand: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand.done("adopt", "--all")
    by_hand.applied()
    monkeypatch.setenv("SIP_AGENT", "of-an-agent")
    adopted = by_hand.desired / "adopted.yaml"
    sections = by_hand.site.etc / "pjsip.d/basic-pbx.conf"
    boxes = by_hand.site.etc / "voicemail.d/basic-pbx.conf"
    for name in AGENTS:
        by_hand.edit(adopted, f'"{name}":\n', f'"{name}":\n    secret: env:SIP_AGENT\n')
        text = re.sub(rf"(?m)^\[{name}\][^\[]*", "", sections.read_text(encoding="utf-8"))
        sections.write_text(text, encoding="utf-8")
        text = re.sub(rf"(?m)^{name} = .*\n", "", boxes.read_text(encoding="utf-8"))
        boxes.write_text(text, encoding="utf-8")
    queues = by_hand.site.etc / "queues.d/basic-pbx.conf"
    text = queues.read_text(encoding="utf-8")
    queues.write_text(text[: text.index("[sales]")] + text[text.index("[customer") :])

    assert "4 of 4 changes (4 created)" in by_hand.applied()
    phones.answer(by_hand.site, dict.fromkeys(AGENTS, "of-an-agent"))
    with by_hand.ami() as ami:
        members = {
            event["Location"]
            for event in ami.read("QueueStatus", ("Queue", "sales"))
            if event.get("Event") == "QueueMember"
        }
    assert members == {f"PJSIP/{name}" for name in AGENTS}
