"""What tests of renames declare, set up, and look at."""

import copy
import shutil
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk.ami.message import Message
from ccstate.kinds import KINDS
from tests.adapters.asterisk.estate import Estate
from tests.waiting import until

MESSAGE = """[message]
origmailbox=2001
context=voicemail
exten=2001
callerid="Eve Lin" <+61491570006>
origdate=Mon Nov 30 10:00:00 AM UTC 2026
origtime=1796032800
category=
msg_id=1796032800-00000001
flag=
duration=2
"""
GREETING = "greeting of 2001"


def with_names(value: Any, names: dict[str, str]) -> Any:
    """Name other objects, as the author of a rename does."""
    match value:
        case dict():
            return {key: with_names(inner, names) for key, inner in value.items()}
        case list():
            return [with_names(inner, names) for inner in value]
        case _:
            return names.get(value, value)


def rename(desired: dict[str, Any], kind: str, old: str, new: str) -> dict[str, Any]:
    """Declare an object under another name."""
    plural = KINDS[kind].plural
    is_bare = kind in {"extension", "user"}
    names = {f"{kind}/{old}": f"{kind}/{new}", **({old: new} if is_bare else {})}
    found = with_names(copy.deepcopy(desired), names)
    found[plural] = {new if n == old else n: fields for n, fields in found[plural].items()}
    found.setdefault("moved", []).append({"from": f"{kind}/{old}", "to": f"{kind}/{new}"})
    assert isinstance(found, dict)
    return found


def queue(estate: Estate, name: str, kind: str) -> list[Message]:
    """Members or callers of a queue, as Asterisk lists them."""
    with estate.ami() as ami:
        return [e for e in ami.read("QueueStatus", ("Queue", name)) if e.is_event(kind)]


def waits(estate: Estate, name: str) -> list[str]:
    return [caller["Channel"] for caller in queue(estate, name, "QueueEntry")]


def come(estate: Estate, name: str, number: int) -> None:
    """Let a caller come to a queue, who is then one of so many."""
    estate.call(f"queue/{name},s,1")
    until(lambda: len(waits(estate, name)) == number, "the caller waits")


def log_in(estate: Estate, queue: str, interface: str, name: str) -> None:
    with estate.ami() as ami:
        there = ("Queue", queue), ("Interface", interface)
        ami.do("QueueAdd", *there, ("Penalty", "3"), ("MemberName", name))
        ami.do("QueuePause", *there, ("Paused", "true"), ("Reason", "training"))


def agents(estate: Estate, name: str) -> dict[str, tuple[str, str, str, str]]:
    return {
        m["Name"]: (m["Location"], m["Membership"], m["Penalty"], m["PausedReason"])
        for m in queue(estate, name, "QueueMember")
    }


def leave_message(estate: Estate, mailbox: str) -> Path:
    """Put a message and a greeting into a mailbox, and into no other; the folder of all."""
    folder = estate.site.spool / "voicemail/ccstate"
    shutil.rmtree(folder, ignore_errors=True)
    inbox = folder / mailbox / "INBOX"
    inbox.mkdir(parents=True)
    (inbox / "msg0000.txt").write_text(MESSAGE, encoding="utf-8")
    shutil.copy(estate.folder / "audio/silence.wav", inbox / "msg0000.wav")
    (folder / mailbox / "unavail.wav").write_text(GREETING, encoding="utf-8")
    return folder


def messages(estate: Estate, mailbox: str) -> tuple[str, str]:
    with estate.ami() as ami:
        found = ami.do("MailboxCount", ("Mailbox", f"{mailbox}@ccstate"))
    return found["NewMessages"], found["OldMessages"]
