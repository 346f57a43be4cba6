"""Mailboxes on the server: folders of messages and greetings, which go along when an extension is renamed.

app_voicemail keeps the mailbox 2001 in `voicemail/ccstate/2001` below `astspooldir`, and builds each
path anew from the name (16.28 and 22.10). So one rename moves all of it. While a caller may still be
leaving a message under the old name, that name is a link: the message arrives where the others are.
"""

from collections.abc import Iterable
from contextlib import suppress

from ccstate.adapters.asterisk.entries import MAILBOXES
from ccstate.adapters.asterisk.storage import Storage
from ccstate.errors import Unreadable

FOLDER = f"voicemail/{MAILBOXES}"
"""The folder of all mailboxes, below Asterisk's spool folder."""


def folder(name: str) -> str:
    """Return the folder of a mailbox."""
    return f"{FOLDER}/{name}"


def unreachable(spool: Storage) -> str:
    """Say why mailboxes cannot be renamed; "" where they can, as far as that can be told."""
    try:
        return spool.closed(FOLDER)
    except Unreadable as error:
        return error.problems[0].message


def taken(spool: Storage, names: Iterable[str]) -> list[str]:
    """Select the names under which messages of another time lie."""
    return [name for name in names if spool.entry(folder(name)) == "folder"]


def rename(spool: Storage, old: str, new: str) -> None:
    """Rename a mailbox, and leave a link; what a killed process has done of that stays done."""
    before, after = spool.entry(folder(old)), spool.entry(folder(new))
    if after == "link":  # a rename that is taken back
        spool.remove([folder(new)])
        after = ""
    if before == "folder" and not after:
        spool.rename(folder(old), folder(new))
        spool.link(folder(old), new)
    elif after == "folder" and not before:
        # Killed before the link; or nothing was renamed, for want of the right to.
        with suppress(Unreadable):
            spool.link(folder(old), new)


def end_links(spool: Storage, names: Iterable[str]) -> None:
    """Remove the links that stand for old names."""
    spool.remove([path for name in names if spool.entry(path := folder(name)) == "link"])
