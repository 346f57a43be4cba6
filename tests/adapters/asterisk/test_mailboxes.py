"""Folders of mailboxes get another name, on this machine and on another, and back; a kill loses none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccstate.adapters.asterisk import mailboxes
from ccstate.adapters.asterisk.storage import LocalFolder, Storage
from ccstate.errors import Unreadable
from tests.adapters.asterisk.sshd import Sshd, serving
from tests.adapters.asterisk.test_sftp import give, login_to, reached
from tests.adapters.asterisk.test_storage import ours

__all__ = ["ours"]
ALL = Path("voicemail/ccstate")
MESSAGE = "INBOX/msg0000.wav"


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    with serving() as running:
        yield running


@pytest.fixture(params=["local", "sftp"])
def spool(
    request: pytest.FixtureRequest, server: Sshd, tmp_path: Path
) -> Iterator[tuple[Storage, Path]]:
    """The spool folder, and where the mailboxes are; 2001 has a message."""
    local = request.param == "local"
    root = tmp_path if local else server.folder / f"spool{abs(hash(tmp_path))}"
    (root / ALL / "2001/INBOX").mkdir(parents=True)
    (root / ALL / "2001" / MESSAGE).write_bytes(b"hello")
    for folder in [root, *root.rglob("*")]:
        if not local:
            give(folder, server)
    if local:
        yield LocalFolder(root), root / ALL
    else:
        with reached(login_to(server), root) as opened:
            yield opened, root / ALL


def test_a_mailbox_gets_another_name_and_the_old_one_leads_there(
    spool: tuple[Storage, Path],
) -> None:
    storage, there = spool
    assert mailboxes.unreachable(storage) == ""
    for _ in range(2):  # a second time is as once
        mailboxes.rename(storage, "2001", "2011")
        assert (there / "2011" / MESSAGE).read_bytes() == b"hello"
        assert (there / "2001").readlink() == Path("2011")
    (there / "2001").unlink()  # killed before the link was made
    mailboxes.rename(storage, "2001", "2011")
    assert (there / "2001" / MESSAGE).exists(), "who leaves a message under the old name"
    mailboxes.end_links(storage, ["2001", "2011", "2999"])
    assert [found.name for found in there.iterdir()] == ["2011"]


def test_a_rename_is_taken_back(spool: tuple[Storage, Path]) -> None:
    storage, there = spool
    mailboxes.rename(storage, "2001", "2011")
    mailboxes.rename(storage, "2011", "2001")
    mailboxes.end_links(storage, ["2011"])
    assert [found.name for found in there.iterdir()] == ["2001"]
    assert (there / "2001" / MESSAGE).read_bytes() == b"hello"


def test_messages_of_others_stay_where_they_are(spool: tuple[Storage, Path]) -> None:
    storage, there = spool
    (there / "2011").mkdir()
    assert mailboxes.taken(storage, ["2001", "2011", "2012"]) == ["2001", "2011"]
    mailboxes.rename(storage, "2001", "2011")
    mailboxes.rename(storage, "2012", "2013")
    assert sorted(found.name for found in there.iterdir()) == ["2001", "2011"]
    assert (there / "2001" / MESSAGE).exists()


def test_a_folder_that_is_not_ours_is_told(ours: Path) -> None:
    storage = LocalFolder(ours)
    assert mailboxes.unreachable(storage) == "", "nobody has left a message yet"
    (ours / ALL / "2001").mkdir(parents=True)
    (ours / ALL).chmod(0o500)
    assert mailboxes.unreachable(storage) == f"no right to write in {ours / ALL}"
    with pytest.raises(Unreadable, match="permission denied"):
        storage.rename(f"{ALL}/2001", f"{ALL}/2011")
    with pytest.raises(Unreadable, match="permission denied"):
        storage.link(f"{ALL}/2011", "2001")
    assert "no such" in mailboxes.unreachable(LocalFolder(ours / "absent"))
