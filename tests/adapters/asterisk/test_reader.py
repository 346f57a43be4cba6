"""A user who may read what the guide lets a reader of plans read, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccstate.adapters.asterisk import transaction
from ccstate.adapters.asterisk.ami import Ami, Forbidden, Login
from ccstate.adapters.asterisk.entries import ACCOUNTS, FILES, OPTIONAL, PJSIP, QUEUES, VOICEMAIL
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate_lab.site import Site
from tests.adapters.asterisk.drifts import PASSWORD, STRATEGY, turn
from tests.adapters.asterisk.estate import (
    DESIRED,
    SECRETS,
    Estate,
    flat,
    running_site,
    set_secrets,
    write_connection,
    write_desired,
    write_project,
)
from tests.adapters.asterisk.reader_rights import (
    IS_ROOT,
    READER,
    READERS,
    USER,
    as_reader,
    open_folder,
    set_rights,
)
from tests.adapters.asterisk.renames import rename

AS_READER = Path(__file__).parent / "as_reader.py"


@dataclass
class Reading:
    """An applied estate, and the reader's own checkout of its project."""

    writer: Estate
    folder: Path
    out: str = ""

    @property
    def site(self) -> Site:
        return self.writer.site

    def run(self, *arguments: str) -> int:
        """A command of ccstate, as the reader; what it wrote is in `out`."""
        done = self.started("--project", str(self.folder), *arguments)
        self.out = flat(done.stdout + done.stderr)
        return done.returncode

    def started(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        whose = (str(READER), str(READERS), str(self.folder))
        with as_reader(self.site):
            return subprocess.run(
                [sys.executable, str(AS_READER), *whose, *arguments],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    "CCSTATE_SECRET_PREVIEW": "for-plans",
                },
                capture_output=True,
                text=True,
                check=False,
            )

    def may(self, call: str, *paths: Path) -> list[Path]:
        """The paths to which the reader can do this: a Python expression of `path`."""
        code = (
            "import sys\nfor name in path.read_text().splitlines():\n"
            "    path = type(path)(name)\n"
            f"    try:\n        {call}\n        print(name)\n"
            # A server that runs takes files away, such as its database's journal.
            "    except (PermissionError, FileNotFoundError):\n        pass\n"
        )
        names = self.folder / "paths.txt"
        names.write_text("\n".join(map(str, paths)), encoding="utf-8")
        done = self.started("code", code, str(names))
        assert done.returncode == 0, done.stderr
        return [Path(name) for name in done.stdout.splitlines()]


BY_HAND = {
    "pjsip.d/by-hand.conf": "[7001]\ntype=endpoint\naors=7001\n[7001]\ntype=aor\nmax_contacts=1\n",
    "extensions.d/by-hand.conf": "[by-hand]\nexten => 700,1,Echo()\n",
}


@pytest.fixture(scope="module", params=["22", "16"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with (
        open_folder() as folder,
        running_site(folder / "site", request.param, files=BY_HAND) as found,
    ):
        manager = found.etc / "manager.conf"
        manager.write_text(manager.read_text(encoding="utf-8") + USER, encoding="utf-8")
        login = Login(found.ami_host, found.ami_port, found.lab_username, found.lab_secret)
        with Ami.connect(login) as ami:
            ami.do("Reload", ("Module", "manager"))
        set_rights(found)
        yield found


@pytest.fixture
def reading(
    site: Site,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Reading]:
    set_secrets(monkeypatch)
    monkeypatch.setenv("CCSTATE_SECRET_FILES", str(site.folder))
    with open_folder() as folder:
        yield prepared(site, folder, capsys)


def prepared(site: Site, folder: Path, capsys: pytest.CaptureFixture[str]) -> Reading:
    """The estate applied by the writer, and a checkout for the reader."""
    writer = Estate(folder / "writer", site, capsys)
    writer.folder.mkdir()
    write_project(writer.folder, writer.connection)
    if writer.plan():
        writer.apply()
    checkout = folder / "reader"
    checkout.mkdir()
    ami = {"port": site.ami_port, "username": "preview", "secret": "env:CCSTATE_SECRET_PREVIEW"}
    write_project(checkout, writer.connection)
    write_connection(checkout, {**writer.connection, "ami": ami})
    for path in [checkout, *checkout.rglob("*")] if IS_ROOT else []:
        os.chown(path, READER, READERS)
    return Reading(writer, checkout)


def test_a_plan_says_what_the_reader_could_not_see_and_nothing_else_differs(
    reading: Reading,
) -> None:
    assert reading.run("plan") == 0, reading.out
    assert "lab matches the desired state, as far as it could be seen" in reading.out
    for words in (
        "pjsip.d/secrets/ccstate.conf: no right to read the file",
        "voicemail.d/: no right to read the folder",
        "phones and trunks as they run: AMI does not permit PJSIPShowEndpoints",
        "the dialplan as it runs: AMI does not permit ShowDialPlan",
        "mailboxes as they run: AMI does not permit VoicemailUsersList",
        "calls that go on now: AMI does not permit CoreShowChannels",
        "secrets, not compared with the platform's: no right to read ccstate/secrets.json",
    ):
        assert words in reading.out
    assert "queues as they run" not in reading.out


def test_verify_and_drift_say_it_too(reading: Reading) -> None:
    for command in ("verify", "drift"):
        assert reading.run(command) == 0, reading.out
        assert "Not seen on lab, for lack of rights:" in reading.out
        assert reading.run(command, "--format", "json") == 0
        (target,) = json.loads(reading.out)["targets"]
        assert "voicemail.d/: no right to read the folder" in target["unseen"]


def test_what_a_branch_changes_is_planned_and_not_applied(reading: Reading) -> None:
    text = (reading.folder / "desired_state/estate.yaml").read_text(encoding="utf-8")
    assert "ring_for: 20s" in text
    changed = text.replace("ring_for: 20s", "ring_for: 25s", 1)
    (reading.folder / "desired_state/estate.yaml").write_text(changed, encoding="utf-8")
    assert reading.run("plan", "--detailed-exitcode") == 2, reading.out
    assert "20s → 25s" in reading.out
    assert "This plan is for reading" in reading.out
    assert "To apply exactly this" not in reading.out
    ours = [path for name, path in FILES.items() if name not in OPTIONAL]
    before = {path: (reading.site.etc / path).read_bytes() for path in ours}
    assert reading.run("apply") == 3
    assert "CC317 the plan is for reading" in reading.out
    assert {p: (reading.site.etc / p).read_bytes() for p in ours} == before


def test_a_rename_is_planned_by_a_reader(reading: Reading) -> None:
    (reading.site.spool / "voicemail/ccstate").mkdir(mode=0o700, parents=True)
    desired = rename(dict(DESIRED), "extension", "2001", "2011")
    write_desired(reading.folder, rename(desired, "queue", "sales", "sales-au"))
    assert reading.run("plan", "--detailed-exitcode") == 2, reading.out
    assert "→ queue/sales-au" in reading.out
    assert "messages and greetings do, too, where whoever applies may write in" in reading.out
    assert "CC474" not in reading.out
    shutil.rmtree(reading.site.spool / "voicemail")


def test_no_plan_of_a_reader_is_applied_by_the_writer(
    reading: Reading, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = reading.folder / "desired_state/estate.yaml"
    text = desired.read_text(encoding="utf-8").replace("ring_for: 20s", "ring_for: 25s", 1)
    desired.write_text(text, encoding="utf-8")
    assert reading.run("plan") == 0, reading.out
    monkeypatch.setenv("CCSTATE_SECRET_PREVIEW", "for-plans")
    borrowed = Estate(reading.folder, reading.site, capsys)
    found = re.search(r"Plan ([0-9a-f]{12})", reading.out)
    assert found
    assert borrowed.run("apply", found[1]) == 3
    assert "CC317" in borrowed.lines
    assert "plan again as the user who applies" in borrowed.lines


def test_another_reference_is_shown_as_a_change_and_the_same_one_is_not(reading: Reading) -> None:
    desired = reading.folder / "desired_state/estate.yaml"
    text = desired.read_text(encoding="utf-8")
    assert text.count("env:SIP_2001") == 1
    desired.write_text(text.replace("env:SIP_2001", "env:SIP_2002"), encoding="utf-8")
    assert reading.run("plan", "--detailed-exitcode") == 2, reading.out
    assert "extension/2001" in reading.out
    assert "env:SIP_2002" in reading.out
    assert "extension/2003" not in reading.out


def test_a_change_by_hand_is_reported_where_it_can_be_read(reading: Reading) -> None:
    STRATEGY(reading.writer)
    turn(PJSIP, "set_var=CC_CALLER_NAME=Front desk", "set_var=CC_CALLER_NAME=Boss")(reading.writer)
    PASSWORD(reading.writer)
    assert reading.run("drift") == 0, reading.out
    assert "queue/sales" in reading.out
    assert "caller_id.name" in reading.out
    assert "extension/2001 secret" not in reading.out
    reading.writer.apply()
    assert reading.writer.plan() == ""


def test_the_reader_can_write_nothing(reading: Reading) -> None:
    etc = reading.site.etc
    paths = [etc / p for p in ("ccstate/records.json", "queues.conf", *FILES.values())]
    assert reading.may("path.open('ab')", *paths) == []
    assert reading.may("path.unlink()", *paths) == []
    assert reading.may("path.with_suffix('.new').touch()", *paths) == []
    sound = reading.site.sounds / "ccstate/x.wav"
    assert reading.may("path.touch()", sound) == []
    login = Login(reading.site.ami_host, reading.site.ami_port, "preview", "for-plans")
    with Ami.connect(login) as ami:
        for action in ("Reload", "ModuleLoad", "QueuePause", "QueueAdd", "Command", "Originate"):
            with pytest.raises(Forbidden):
                ami.do(action, ("Module", "app_queue.so"))


def test_no_secret_is_in_a_file_that_the_reader_can_read(reading: Reading) -> None:
    records = transaction.read_records(
        LocalFolder(reading.site.etc).read(transaction.RECORDS), "etc"
    )
    assert records
    secrets = {*SECRETS.values(), records.key.hex(), reading.site.ami_secret}
    files = sorted(path for path in reading.site.folder.rglob("*") if path.is_file())
    readable = reading.may("path.open('rb').close()", *files)
    for path in readable:
        content = path.read_bytes().decode(errors="replace")
        assert not [secret for secret in secrets if secret in content], path
    names = {
        path.relative_to(reading.site.etc).as_posix() for path in readable if "etc" in path.parts
    }
    assert {"ccstate/records.json", "pjsip.conf", FILES[PJSIP], FILES[QUEUES]} <= names
    closed = {FILES[ACCOUNTS], FILES[VOICEMAIL], "ccstate/secrets.json", "manager.conf"}
    assert not closed & names


SECRET_QUESTIONS = (
    ("PJSIPShowAuths", ()),
    ("PJSIPShowRegistrationsOutbound", ()),
    ("Getvar", (("Variable", "AST_SORCERY(res_pjsip,auth,2001,password)"),)),
    ("Getvar", (("Variable", "VM_INFO(2001@ccstate,password)"),)),
    ("GetConfig", (("Filename", FILES[ACCOUNTS]),)),
    ("DBGet", (("Family", "registrar"), ("Key", "contact"))),
)


@pytest.mark.parametrize("action, headers", SECRET_QUESTIONS)
def test_no_secret_reaches_the_reader_by_ami(
    reading: Reading, action: str, headers: tuple[tuple[str, str], ...]
) -> None:
    login = Login(reading.site.ami_host, reading.site.ami_port, "preview", "for-plans")
    with Ami.connect(login) as ami, pytest.raises(Forbidden):
        ami.do(action, *headers)


def test_the_right_to_see_the_dialplan_shows_passwords_too(reading: Reading) -> None:
    """Why the guide gives a reader no right to write: `reporting` is as good as every password."""
    more = "[reports]\nsecret = for-reports\nread = system\nwrite = reporting\n"
    site = reading.site
    manager = site.etc / "manager.conf"
    text = manager.read_text(encoding="utf-8")
    lab = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
    manager.write_text(f"{text}\n{more}", encoding="utf-8")
    try:
        with Ami.connect(lab) as ami:
            ami.do("Reload", ("Module", "manager"))
        with Ami.connect(Login(site.ami_host, site.ami_port, "reports", "for-reports")) as ami:
            phone = ("Variable", "AST_SORCERY(res_pjsip,auth,2001,password)")
            mailbox = ("Variable", "VM_INFO(2001@ccstate,password)")
            accounts = ami.read("PJSIPShowRegistrationsOutbound")
            assert ami.do("Getvar", phone).get("Value") == SECRETS["SIP_2001"]
            assert ami.do("Getvar", mailbox).get("Value") == SECRETS["PIN_2001"]
            passwords = {m.get("Password") for m in accounts if m.is_event("AuthDetail")}
            assert SECRETS["SIP_TRUNK"] in passwords
    finally:
        manager.write_text(text, encoding="utf-8")


def test_who_applies_needs_every_right(reading: Reading) -> None:
    """The files of the writer, and the AMI user of the reader: nothing is written."""
    ami = {"port": reading.site.ami_port, "username": "preview", "secret": "env:CCSTATE_SECRET_AMI"}
    os.environ["CCSTATE_SECRET_AMI"] = "for-plans"
    try:
        write_connection(reading.writer.folder, {**reading.writer.connection, "ami": ami})
        reading.writer.edit("queues", "sales", "ring_for", value="25s")
        assert reading.writer.run("plan") == 3
        for words in ("CC427", "does not permit Reload", "does not permit ShowDialPlan", "CC418"):
            assert words in reading.writer.lines
    finally:
        del os.environ["CCSTATE_SECRET_AMI"]
