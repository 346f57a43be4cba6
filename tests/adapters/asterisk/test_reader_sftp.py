"""A reader of plans who logs in by SFTP: what may be read there, and nothing else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ccstate.adapters.asterisk.adapter import connect
from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.entries import FILES
from ccstate.errors import Unreadable
from tests.adapters.asterisk import sshd
from tests.adapters.asterisk.estate import (
    SECRETS,
    Estate,
    running_site,
    set_secrets,
    write_connection,
    write_project,
)
from tests.adapters.asterisk.reader_rights import (
    READERS,
    USER,
    as_reader,
    open_folder,
    set_rights,
)
from tests.adapters.asterisk.sshd import Sshd

UNSEEN = (
    "pjsip.d/secrets/ccstate.conf: no right to read the file",
    "voicemail.d/: no right to read the folder",
    "phones and trunks as they run: AMI does not permit PJSIPShowEndpoints",
    "secrets, not compared with the platform's: no right to read ccstate/secrets.json",
)


@dataclass(frozen=True)
class Served:
    """An applied estate, the project of its reader, and the SSH server that lets the reader in."""

    writer: Estate
    reader: Estate
    server: Sshd


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    with sshd.serving(groups=[READERS]) as found:
        yield found


@pytest.fixture
def served(
    server: Sshd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    set_secrets(monkeypatch)
    with open_folder() as folder, running_site(folder / "site", "22") as site:
        monkeypatch.setenv("CCSTATE_SECRET_FILES", f"{site.folder}:{server.key.parent}")
        manager = site.etc / "manager.conf"
        manager.write_text(manager.read_text(encoding="utf-8") + USER, encoding="utf-8")
        login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
        with Ami.connect(login) as ami:
            ami.do("Reload", ("Module", "manager"))
        set_rights(site)
        writer, reader = (Estate(folder / name, site, capsys) for name in ("writer", "reader"))
        for estate in (writer, reader):
            estate.folder.mkdir()
            write_project(estate.folder, estate.connection)
        writer.apply()
        for name in SECRETS:
            monkeypatch.delenv(name)
        monkeypatch.setenv("CCSTATE_SECRET_PREVIEW", "for-plans")
        there = {
            "host": "127.0.0.1",
            "port": server.port,
            "username": server.user,
            "identity": str(server.key),
            "known_hosts": str(server.known_hosts),
        }
        asks = {
            "port": site.ami_port,
            "username": "preview",
            "secret": "env:CCSTATE_SECRET_PREVIEW",
        }
        write_connection(reader.folder, {**reader.connection, "sftp": there, "ami": asks})
        with as_reader(site):
            yield Served(writer, reader, server)


def contents(etc: Path) -> dict[str, tuple[int, int]]:
    """Size and time of the last change of every file."""
    found = ((path, path.lstat()) for path in sorted(etc.rglob("*")))
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found}


def test_a_plan_by_sftp_says_what_the_reader_could_not_see(served: Served) -> None:
    reader = served.reader
    assert reader.run("plan") == 0, reader.lines
    assert "lab matches the desired state, as far as it could be seen" in reader.lines
    for words in UNSEEN:
        assert words in reader.lines
    for command in ("verify", "drift"):
        assert reader.run(command, "--format", "json") == 0, reader.lines
        (target,) = json.loads(reader.out)["targets"]
        assert "voicemail.d/: no right to read the folder" in target["unseen"]


def test_a_plan_by_sftp_is_for_reading_and_never_applied(served: Served) -> None:
    reader, etc = served.reader, served.reader.site.etc
    reader.edit("queues", "sales", "ring_for", value="25s")
    assert "20s → 25s" in reader.plan()
    assert "This plan is for reading" in reader.out
    before = contents(etc)
    assert reader.run("apply") == 3
    assert "CC317 the plan is for reading" in reader.lines
    assert contents(etc) == before


def test_the_rights_of_a_reader_are_none_to_write_by_sftp(served: Served) -> None:
    reader = served.reader
    project = yaml.safe_load((reader.folder / "ccstate.yaml").read_text(encoding="utf-8"))
    adapter = connect(project["targets"]["lab"]["connection"], reader.folder)
    before = contents(reader.site.etc)
    with adapter.server() as server:
        for path in (FILES["queues"], "ccstate/records.json", "new.conf"):
            with pytest.raises(Unreadable, match=r"permission denied|no right"):
                server.storage.stage({path: b""}, mode=0o640)
        for path in (FILES["queues"], "ccstate/records.json"):
            with pytest.raises(Unreadable, match=r"permission denied|no right"):
                server.storage.remove([path])
    assert contents(reader.site.etc) == before
