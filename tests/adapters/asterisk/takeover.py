"""An estate that is taken over as docs/adapters/takeover.md says, and the calls before and after.

Each difference between the two has to be in the import's report, and each one of the report that the
calls come to has to be met.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccstate.adapters.asterisk.ami import Ami
from ccstate_lab import carriers
from ccstate_lab.callers import Press, carrier, phone
from ccstate_lab.programs import programs
from ccstate_lab.sipp import Account
from ccstate_lab.site import Site
from tests.adapters.asterisk.calls_met import Met, Placed, login, place
from tests.adapters.asterisk_harness import connection
from tests.cli.screens import Screen

FILES = ("pjsip.conf", "queues.conf", "extensions.conf", "voicemail.conf")
LOADED_BY = ("res_pjsip.so", "app_queue.so", "pbx_config.so", "app_voicemail.so")
"""What loads these files, in the order in which they are loaded."""
KEPT = ("global", "transport-udp", "transport-tcp", "transport-tls", "general", "globals")
"""The sections that stay when an estate was imported."""
CARRIER = "127.0.9.1"
"""Where the carrier takes calls; those that it brings come from the rest of 127.0.9.0/24."""
NOTICED = 3.5
"""Seconds by which a wait has to differ for callers to notice it: those of the import's comparison,
and what a busy machine adds."""
SEEN = 0.5
"""Seconds by which a wait differs that the report calls different."""
UNANSWERED, BUSY, OFF = "nobody answers", "the phone is busy", "the phone is not there"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call, and what its caller does, in the words of the report.

    `by`: the phone that dials; a carrier's caller where empty. `apart`: differences of the report on
    this way that this call does not come to. `listed`: the reason in the report's list of lines, for
    what is no step of a call. `stands_for`: the number by which the report names all of a pattern.
    """

    dials: str
    did: tuple[str, ...] = ()
    by: str = ""
    keys: tuple[Press, ...] = ()
    stays: float = 1.0
    during: str = ""
    behind: tuple[str, ...] = ()
    apart: str = ""
    listed: tuple[str, ...] = ()
    stands_for: str = ""


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What is called, and what the command of the import has to be told.

    `phones`: the context of its phones. `caller`: the callers of its carrier, with a place for two
    digits. `mailboxes`: the context of its mailboxes. `spoken`: its own recordings.
    `changed`: what is changed in files of the desired state, as the report advises.
    """

    cases: Mapping[str, Case]
    trunk: str
    phones: str
    caller: str
    prefix: str
    timezone: str
    mailboxes: str
    spoken: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def door(self, case: Case) -> str:
        """What is dialled, as the report says it."""
        by = f"phones in [{self.phones}]" if case.by else f"trunk/{self.trunk}"
        return f"{case.stands_for or case.dials} dialled by {by}"


def idle(extension: str) -> str:
    return f"DEVICE_STATE(PJSIP/{extension}) is NOT_INUSE"


def soon(*keys: str) -> tuple[Press, ...]:
    """Keys that are pressed in the announcement, each two seconds after the one before."""
    return tuple(Press(2.0 if place else 0.5, key) for place, key in enumerate(keys))


MEANS = {
    r"is hung up": "(is hung up|is refused)",
    r"is hung up cause 21": "is refused",
    r"reaches nothing": "is refused",
    r"rings extension/(\d+) .*": r"rings \1",
    r"may leave a message at .* busy": "«vm-isonphone»",
    r"may leave a message at .* absence": "«vm-isunavail»",
    r"waits in queue/.*": "music",
    r"directory example": "«dir-welcome»",
    r"listens to messages .*, without a PIN": "«vm-youhave»",
    r"listens to messages example": "«vm-login»",
    r"listens to messages \S+": "«vm-password»",
    r"I am sorry, that's not a valid extension\..*": "«pbx-invalid»",
    r"Thank you for calling .*": "«basic-pbx-ivr-main»",
    r"«option-is-invalid» Thank you .*": "«option-is-invalid» .*«basic-pbx-ivr-main»",
}
"""What words of the report mean to a real caller; others say nothing that can be seen in a call."""


def calls_met(
    estate: Estate, site: Site, accounts: Mapping[str, Account], names: Iterable[str] = ()
) -> dict[str, Met]:
    """What the callers of these cases meet; of all where none are named."""
    calls: dict[str, Placed] = {}
    waiting = list(names or estate.cases)
    while waiting:
        name = next(n for n in waiting if not set(_needs(estate.cases[n])) & set(waiting))
        case, place_of_call = estate.cases[name], len(calls) + 10
        shown = case.by or estate.caller.format(place_of_call)
        caller = carrier(shown, f"127.0.9.{place_of_call}")
        if case.by:
            caller = phone(case.by, accounts[case.by], f"127.0.8.{place_of_call}")
        calls[name] = Placed(
            number=case.dials,
            shown=shown,
            caller=caller,
            keys=case.keys,
            stays=case.stays,
            behind=tuple(calls[other] for other in case.behind if other in calls),
            during=_during(case, calls),
        )
        waiting.remove(name)
    met = place(site, list(calls.values()))
    return {name: met[call] for name, call in calls.items()}


def _needs(case: Case) -> Iterator[str]:
    """The names of the calls that have to be placed first."""
    yield from case.behind
    yield case.during.rpartition(" ")[0]


def _during(case: Case, calls: Mapping[str, Placed]) -> str:
    """What has to be so first, the name of a call replaced by the number that it shows."""
    name, _, state = case.during.rpartition(" ")
    return f"{calls[name].shown} {state}" if name in calls else case.during


def sent_as(invite: carriers.Invite) -> tuple[str, str]:
    """The number that the carrier is asked for, and the one that is shown to it."""
    called, shown = (re.search(r"sip:\+?(\d+)@", text) for text in (invite.uri, invite.get("From")))
    assert called
    assert shown
    return called[1], shown[1]


def wrong(
    estate: Estate, before: Mapping[str, Met], after: Mapping[str, Met], report: Mapping[str, Any]
) -> list[str]:
    """What the report conceals, and what it says that is not so."""
    reasons = {reason for line in report["lines_listed"] for reason in line["reasons"]}
    found = []
    for name, case in estate.cases.items():
        was, now = before[name], after[name]
        told = [one for one in report["calls"]["differences"] if _is_on_the_way(estate, case, one)]
        missing = [said for said in case.listed if not any(said in reason for reason in reasons)]
        found += [f"{name}: the report does not list {said!r}" for said in missing]
        is_told = bool(told or case.listed)
        is_same = was.is_as(now, NOTICED)
        if is_told:
            is_same = was.is_as(now, SEEN) and was.status == now.status
        if is_same is is_told:
            verb = "does not differ" if is_same else "differs in silence"
            found.append(f"{name} {verb}: before {was}; after {now}; told {told}")
        for one in told:
            for met, words in ((was, one["before"]), (now, one["after"])):
                if not _is_met(met, words):
                    found.append(f"{name}: {words!r} is not what was met: {met}")
    return found


def _is_on_the_way(estate: Estate, case: Case, difference: Mapping[str, Any]) -> bool:
    """Whether the caller of a case comes to where callers meet something else."""
    did = tuple(difference["did"])
    is_apart = difference["about"] == case.apart
    return difference["call"] == estate.door(case) and did == case.did[: len(did)] and not is_apart


def _is_met(met: Met, words: str) -> bool:
    steps = " ".join([*met.names, met.end])
    for said, means in MEANS.items():
        if found := re.fullmatch(said, words):
            return re.search(found.expand(means), steps) is not None
    return True


class Project(Screen):
    """A project that takes over one site, step by step as the guide says."""

    def __init__(
        self, estate: Estate, site: Site, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        super().__init__(folder / "project", capsys)
        self.estate, self.site = estate, site
        self.copy, self.secrets = folder / "asterisk-before", folder / "secrets"
        target = {"adapter": "asterisk", "connection": connection(site) | {"test_site": False}}
        said = {"version": 1, "targets": {"lab": target}}
        (self.folder / "desired_state").mkdir(parents=True)
        (self.folder / "ccstate.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")

    def take_over(self, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
        """The steps of the guide from the copy to the apply; the report of the import."""
        shutil.copytree(self.site.etc, self.copy)
        self._include()
        report = self._imported()
        for name, value in exported(self.secrets).items():
            monkeypatch.setenv(name, value)
        for name in self.estate.spoken:
            self._keep_recording(name)
        for path, (old, new) in self.estate.changed.items():
            self._change(path, old, new)
        self._comment_out()
        spool = self.site.spool / "voicemail"
        shutil.move(spool / self.estate.mailboxes, spool / "ccstate")
        assert self.run("plan") == 0, self.out + self.err
        assert self.run("apply") == 0, self.out + self.err
        assert "Every change is confirmed" in self.out
        assert self.run("plan", "--detailed-exitcode") == 0, self.out
        return report

    def go_back(self) -> None:
        """The way back of the guide."""
        for name in FILES:
            shutil.copy(self.copy / name, self.site.etc)
        spool = self.site.spool / "voicemail"
        shutil.move(spool / "ccstate", spool / self.estate.mailboxes)
        load(self.site)

    def _include(self) -> None:
        for name in FILES:
            path = self.site.etc / name
            text = path.read_text(encoding="utf-8")
            if name == "extensions.conf":
                text = f"[general]\nclearglobalvars = yes\n\n{text}"
            include = f"#tryinclude {name.removesuffix('.conf')}.d/*.conf\n"
            path.write_text(f"{text}\n{include}", encoding="utf-8")

    def _imported(self) -> Mapping[str, Any]:
        words = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
        options = ["--prefix", self.estate.prefix, "--timezone", self.estate.timezone]
        options += ["--words", str(programs("22").root / words), "--secrets", str(self.secrets)]
        code = self.run("import", str(self.site.etc), *options, "--format", "json")
        assert code == 0, self.out + self.err
        report: Mapping[str, Any] = json.loads(self.out)
        return report

    def _keep_recording(self, name: str) -> None:
        (self.folder / "audio").mkdir(exist_ok=True)
        shutil.copy(self.site.sounds / f"en/{name}.gsm", self.folder / "audio")
        path = self.folder / "desired_state/prompts.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(
            re.sub(r"(?m)^( +)text: .*\n", rf"\g<0>\g<1>audio: audio/{name}.gsm\n", text),
            encoding="utf-8",
        )

    def _change(self, name: str, old: str, new: str) -> None:
        path = self.folder / "desired_state" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def _comment_out(self) -> None:
        for name in FILES:
            path = self.site.etc / name
            text, include, rest = path.read_text(encoding="utf-8").rpartition("#tryinclude")
            text = with_comments(text, KEPT)
            path.write_text(text + include + rest, encoding="utf-8")


def exported(file: Path) -> dict[str, str]:
    """What a shell has in its environment once it has read the file."""
    command = ["/bin/sh", "-c", f". {shlex.quote(str(file))}; env -0"]
    said = subprocess.run(command, env={}, capture_output=True, check=True)
    return dict(one.split("=", 1) for one in said.stdout.decode().split("\0") if one)


def load(site: Site) -> None:
    """Have Asterisk read its files again."""
    with Ami.connect(login(site)) as ami:
        for module in LOADED_BY:
            ami.do("Reload", ("Module", module))


def with_comments(content: str, kept: Iterable[str]) -> str:
    """A file in which all lines are comments but those of some sections."""
    lines, is_kept = [], False
    for line in content.splitlines():
        if line.startswith("["):
            is_kept = line[1:].partition("]")[0] in kept
        lines.append(line if is_kept or not line.strip() or line.startswith(";") else f";{line}")
    return "\n".join(lines) + "\n"
