"""An estate is taken over as the guide says: its callers meet what they met, or what the report says.

The same calls are placed on a real Asterisk before and after. Each difference has to be in the
import's report, and each one of the report that these calls come to has to be met.
Source of the steps: docs/adapters/takeover.md.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccstate.adapters.asterisk.ami import Ami
from ccstate.lab import carriers
from ccstate.lab.callers import Press, carrier, phone
from ccstate.lab.programs import programs
from ccstate.lab.sipp import Account
from ccstate.lab.site import Site
from tests.adapters.asterisk import basic_pbx
from tests.adapters.asterisk.calls_met import Met, Placed, login, place
from tests.adapters.asterisk_harness import connection
from tests.asterisk_sites import NewSite
from tests.cli.screens import Screen

GUIDE = Path(__file__).parents[3] / "docs/adapters/asterisk.md"
MODULES = sorted(set(re.findall(r"`((?:app|codec|format|func|pbx|res)_\w+)`", GUIDE.read_text())))
"""The modules that the guide names."""
NOTICED = 3.5
"""Seconds by which a wait has to differ for callers to notice it: those of the import's comparison,
and what a busy machine adds."""
SEEN = 0.5
"""Seconds by which a wait differs that the report calls different."""

MAIN = "2565551100"
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

    @property
    def door(self) -> str:
        by = "phones in [Long-Distance]" if self.by else "trunk/dcs-endpoint"
        return f"{self.stands_for or self.dials} dialled by {by}"


def idle(extension: str) -> str:
    return f"DEVICE_STATE(PJSIP/{extension}) is NOT_INUSE"


def soon(*keys: str) -> tuple[Press, ...]:
    """Keys that are pressed in the announcement, each two seconds after the one before."""
    return tuple(Press(2.0 if place else 0.5, key) for place, key in enumerate(keys))


OPERATOR = ("presses 0", idle("1111"))
ONE_KEY = "a menu of ccstate takes one key, at once"
WHOLE_TURN = "ccstate lets a phone ring to the end of its turn"
RING_TIME = "how long it rings"
"""Nobody waits for the end of a call that is answered."""
CASES = {
    "silence": Case(dials=MAIN, did=("presses nothing", "presses nothing"), stays=40),
    "key 0": Case(dials=MAIN, did=OPERATOR, keys=soon("0")),
    "key 1": Case(dials=MAIN, did=("presses 1",), keys=soon("1"), stays=2),
    "key 2": Case(
        dials=MAIN,
        did=("presses 2", UNANSWERED),
        keys=soon("2"),
        stays=12,
        listed=(ONE_KEY, WHOLE_TURN),
    ),
    "key 3": Case(dials=MAIN, did=("presses 3", idle("1106"), UNANSWERED), keys=soon("3"), stays=8),
    "key 4": Case(dials=MAIN, did=("presses 4",), keys=soon("4"), stays=2),
    "wrong key": Case(dials=MAIN, did=("presses 5", *OPERATOR), keys=soon("5", "0")),
    "wrong keys": Case(dials=MAIN, did=("presses 5", "presses 5"), keys=soon("5", "5"), stays=4),
    "late key": Case(dials=MAIN, did=OPERATOR, keys=(Press(7.5, "0"),)),
    "key in the second announcement": Case(
        dials=MAIN,
        did=("presses nothing", *OPERATOR),
        keys=(Press(11.5, "0"),),
        apart="time for a key",
    ),
    "an extension": Case(
        dials=MAIN,
        did=("presses 2", "and types on"),
        keys=tuple(Press(0.3, digit) for digit in "2565551104"),
        stays=2,
        behind=("advocates", "not answered"),
    ),
    "answered": Case(dials="2565551111", did=(idle("1111"),), behind=("wrong key",)),
    "busy": Case(dials="2565551108", did=(idle("1108"), BUSY), stays=4),
    "unreachable": Case(dials="2565551103", did=(idle("1103"), OFF), stays=4),
    "not answered": Case(dials="2565551104", did=(idle("1104"), UNANSWERED), stays=5),
    "number without a phone": Case(dials="2565551150", did=(idle("1150"),), stays=3),
    "unknown number": Case(dials="2565559999"),
    "first call": Case(dials="2565551107", did=(idle("1107"),), stays=5),
    "second call": Case(
        dials="2565551107", did=("DEVICE_STATE(PJSIP/1107) is BUSY",), stays=2, during="1107"
    ),
    "sales": Case(dials="2565551200", stays=2, behind=("key 1",)),
    "advocates": Case(
        dials="2565551250", did=(UNANSWERED,), stays=8, behind=("key 2",), listed=(WHOLE_TURN,)
    ),
    "remote mailbox": Case(dials="2565551234", stays=2),
    "inside: answered": Case(
        dials="1111", did=(idle("1111"),), by="1110", behind=("key in the second announcement",)
    ),
    "inside: unreachable": Case(dials="1103", did=(idle("1103"), OFF), by="1110", stays=4),
    "inside: busy": Case(
        dials="1108", did=(idle("1108"), BUSY), by="1110", stays=4, behind=("busy",)
    ),
    "inside: menu": Case(
        dials="1100", did=OPERATOR, by="1110", keys=soon("0"), behind=("inside: answered",)
    ),
    "inside: mailbox": Case(dials="8000", by="1110", stays=2),
    "inside: room": Case(dials="6000", by="1110", stays=2),
    "inside: no such number": Case(dials="95550143", by="1110", stays=2),
    "outside: local": Case(dials="2000000", by="1113", apart=RING_TIME),
    "outside: with area": Case(dials="2562000000", by="1113", apart=RING_TIME),
    "outside: far": Case(dials="12002000000", by="1113", apart=RING_TIME),
    "outside: dear": Case(dials="9002000000", by="1113", stays=2),
    "outside: abroad": Case(dials="011442079460000", by="1113", stays=2, stands_for="02025550143"),
}

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


def test_callers_of_a_site_that_is_taken_over_meet_what_the_report_says(
    new_site: NewSite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = new_site(files=basic_pbx.files(MODULES))
    trunk = carriers.answer(site, host=basic_pbx.CARRIER, after=0.1)
    basic_pbx.write(site, trunk.port)
    accounts = basic_pbx.accounts()
    with basic_pbx.registered_phones(site, accounts):
        before = calls_met(site, accounts)
    sent = [sent_as(invite) for invite in carriers.invites(trunk)]

    project = Project(tmp_path, site, capsys)
    report = project.take_over(monkeypatch)
    moved = {name: Account(name, account.password) for name, account in accounts.items()}
    with basic_pbx.registered_phones(site, moved):
        after = calls_met(site, moved)

    assert wrong(before, after, report) == []
    assert sent == [
        ("12562000000", "2565551113"),
        ("12562000000", "2565551113"),
        ("12002000000", "2565551113"),
    ]
    assert [sent_as(invite) for invite in carriers.invites(trunk)][len(sent) :] == sent
    with Ami.connect(login(site)) as ami:
        counted = ami.do("MailboxCount", ("Mailbox", "1104@ccstate"))
    assert counted["NewMessages"] == "2", "one of before, which was moved, and one of after"

    project.go_back()
    names = ("answered", "unreachable")
    with basic_pbx.registered_phones(site, accounts):
        again = calls_met(site, accounts, names)
    assert [name for name in names if not again[name].is_as(before[name], NOTICED)] == []


def calls_met(
    site: Site, accounts: Mapping[str, Account], names: Iterable[str] = CASES
) -> dict[str, Met]:
    """What the callers of these cases meet."""
    calls: dict[str, Placed] = {}
    waiting = list(names)
    while waiting:
        name = next(n for n in waiting if not set(CASES[n].behind) & set(waiting))
        calls[name] = _placed(CASES[name], len(calls) + 10, calls, accounts)
        waiting.remove(name)
    met = place(site, list(calls.values()))
    return {name: met[call] for name, call in calls.items()}


def _placed(
    case: Case, place: int, calls: Mapping[str, Placed], accounts: Mapping[str, Account]
) -> Placed:
    number = f"20555501{place:02}"
    caller = carrier(number, f"127.0.9.{place}")
    if case.by:
        caller = phone(case.by, accounts[case.by], f"127.0.8.{place}")
    return Placed(
        number=case.dials,
        shown=case.by or number,
        caller=caller,
        keys=case.keys,
        stays=case.stays,
        behind=tuple(calls[name] for name in case.behind if name in calls),
        during=case.during,
    )


def sent_as(invite: carriers.Invite) -> tuple[str, str]:
    """The number that the carrier is asked for, and the one that is shown to it."""
    called, shown = (re.search(r"sip:\+?(\d+)@", text) for text in (invite.uri, invite.get("From")))
    assert called
    assert shown
    return called[1], shown[1]


def wrong(
    before: Mapping[str, Met], after: Mapping[str, Met], report: Mapping[str, Any]
) -> list[str]:
    """What the report conceals, and what it says that is not so."""
    reasons = {reason for line in report["lines_listed"] for reason in line["reasons"]}
    found = []
    for name, case in CASES.items():
        was, now = before[name], after[name]
        told = [one for one in report["calls"]["differences"] if _is_on_the_way(one, case)]
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


def _is_on_the_way(difference: Mapping[str, Any], case: Case) -> bool:
    """Whether the caller of a case comes to where callers meet something else."""
    did = tuple(difference["did"])
    is_apart = difference["about"] == case.apart
    return difference["call"] == case.door and did == case.did[: len(did)] and not is_apart


def _is_met(met: Met, words: str) -> bool:
    steps = " ".join([*met.names, met.end])
    for said, means in MEANS.items():
        if found := re.fullmatch(said, words):
            return re.search(found.expand(means), steps) is not None
    return True


class Project(Screen):
    """A project that takes over one site, step by step as the guide says."""

    def __init__(self, folder: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(folder / "project", capsys)
        self.site = site
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
        self._keep_recording("basic-pbx-ivr-main")
        self._comment_out()
        spool = self.site.spool / "voicemail"
        shutil.move(spool / "example", spool / "ccstate")
        assert self.run("plan") == 0, self.out + self.err
        assert self.run("apply") == 0, self.out + self.err
        assert "Every change is confirmed" in self.out
        assert self.run("plan", "--detailed-exitcode") == 0, self.out
        return report

    def go_back(self) -> None:
        """The way back of the guide."""
        for name in basic_pbx.FILES:
            shutil.copy(self.copy / name, self.site.etc)
        spool = self.site.spool / "voicemail"
        shutil.move(spool / "ccstate", spool / "example")
        basic_pbx.load(self.site)

    def _include(self) -> None:
        for name in basic_pbx.FILES:
            path = self.site.etc / name
            text = path.read_text(encoding="utf-8")
            if name == "extensions.conf":
                text = f"[general]\nclearglobalvars = yes\n\n{text}"
            include = f"#tryinclude {name.removesuffix('.conf')}.d/*.conf\n"
            path.write_text(f"{text}\n{include}", encoding="utf-8")

    def _imported(self) -> Mapping[str, Any]:
        words = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
        options = ["--prefix", "+1", "--timezone", "America/Chicago"]
        options += ["--words", str(programs("22").root / words), "--secrets", str(self.secrets)]
        code = self.run("import", str(self.site.etc), *options, "--format", "json")
        assert code == 0, self.out + self.err
        report: Mapping[str, Any] = json.loads(self.out)
        return report

    def _keep_recording(self, name: str) -> None:
        (self.folder / "audio").mkdir()
        shutil.copy(self.site.sounds / f"en/{name}.gsm", self.folder / "audio")
        path = self.folder / "desired_state/prompts.yaml"
        text = path.read_text(encoding="utf-8")
        path.write_text(
            re.sub(r"(?m)^( +)text: .*\n", rf"\g<0>\g<1>audio: audio/{name}.gsm\n", text),
            encoding="utf-8",
        )

    def _comment_out(self) -> None:
        kept = {"pjsip.conf": basic_pbx.TRANSPORTS}
        for name in basic_pbx.FILES:
            path = self.site.etc / name
            text, include, rest = path.read_text(encoding="utf-8").rpartition("#tryinclude")
            text = basic_pbx.with_comments(text, kept.get(name, ("general", "globals")))
            path.write_text(text + include + rest, encoding="utf-8")


def exported(file: Path) -> dict[str, str]:
    """What a shell has in its environment once it has read the file."""
    command = ["/bin/sh", "-c", f". {shlex.quote(str(file))}; env -0"]
    said = subprocess.run(command, env={}, capture_output=True, check=True)
    return dict(one.split("=", 1) for one in said.stdout.decode().split("\0") if one)
