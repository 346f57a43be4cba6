"""What Asterisk runs, in bulk, spelled as it is compiled: so that comparing is `==`.

Everything that AMI shows in the form of our keys is here, whoever made it. What is said of
versions was seen on Asterisk 16.28 and 22.10.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.ami.faults import Forbidden
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    FILES,
    MEMBER,
    PARKING,
    PJSIP,
    QUEUES,
    VARIABLE,
    VOICEMAIL,
    Key,
    Values,
    used_files,
)
from ccstate.adapters.asterisk.kinds.parking_lot import PARKING_LOT
from ccstate.adapters.asterisk.running.dialplan import parking_lots, read_dialplan, read_mailboxes
from ccstate.adapters.asterisk.running.pjsip import OPTIONS, Phones, read_phones
from ccstate.adapters.asterisk.running.queues import OPTIONS as QUEUE_OPTIONS
from ccstate.adapters.asterisk.running.queues import Member, Queues, Waiting, read_queues
from ccstate.adapters.asterisk.running.rights import unseen
from ccstate.errors import Diagnostic, Unreadable

__all__ = [
    "Member",
    "Running",
    "Waiting",
    "compared_in",
    "is_running",
    "is_visible",
    "read_running",
]

GLOBALS = "globals"
LOT_OPTIONS = frozenset(row.option for row in PARKING_LOT.rows if row.header)
_MAILBOX_PARTS = ("name", "email", "options")
_QUESTIONS = {
    ACCOUNTS: "PJSIPShowEndpoint",
    PJSIP: "PJSIPShowEndpoint",
    QUEUES: "QueueRule",
    DIALPLAN: "DialplanExtensionRemove",
    VOICEMAIL: "VoicemailUserStatus",
    PARKING: "ParkedCalls",
}
"""What only the module of a file can be asked."""


@dataclass(frozen=True, slots=True)
class Running:
    """What runs. Passwords in `values` are the real ones: whoever takes them on seals them."""

    values: dict[Key, str] = field(repr=False)
    revisions: Mapping[str, str]
    """By file, what its sentinel says; absent where the file's end was not read."""
    loaded: Mapping[str, bool]
    """By file, whether the module that reads it runs. Nothing of the file runs where it doesn't.

    A file that nobody asked for is absent.
    """
    dynamic: Mapping[Key, str]
    """Members that no file names."""
    phones: Phones
    members: tuple[Member, ...]
    waiting: tuple[Waiting, ...]
    unseen: Mapping[str, str] = field(default_factory=dict)
    """Files of which what runs may not be seen, each with the AMI action that is not permitted."""
    detailed: frozenset[str] | None = None
    """The endpoints whose details were asked for; None where those of all were."""

    @property
    def identified(self) -> frozenset[str]:
        """Endpoints that are known by where calls come from."""
        return self.phones.identified


def is_visible(key: Key) -> bool:
    """Whether AMI shows a fact at all; of the others the revision of their file is the only proof."""
    match key.file:
        case "pjsip" | "accounts":
            is_variable = key.section == "endpoint" and key.part.startswith(VARIABLE)
            return is_variable or key.part in OPTIONS.get(key.section, {})
        case "queues":
            return key.item == MEMBER or key.item in QUEUE_OPTIONS
        case "extensions":
            return key.section != GLOBALS
        case "res_parking":
            return key.item in LOT_OPTIONS
        case _:
            return key.part in _MAILBOX_PARTS


def is_compared(key: Key) -> bool:
    """Whether an entry is held against what runs: it can be seen, and has to be the same.

    An `identify` is not: Asterisk looks its name up when it loads it, and passes over one that no
    server knows, which is the network's doing. Whoever asks is told of that as activity.
    """
    return is_visible(key) and key.section != "identify"


def compared_in(running: Running) -> Callable[[Key], bool]:
    """Which entries a reading can be held against: not what it did not ask for or may not see."""
    detailed = running.detailed
    if detailed is None:
        return lambda key: is_compared(key) and key.file not in running.unseen
    return lambda key: (
        is_compared(key)
        and key.file not in running.unseen
        and (key.section != "endpoint" or key.file != PJSIP or key.item in detailed)
    )


def read_running(
    ami: Ami,
    expected: Values | None = None,
    endpoints: Collection[str] | None = None,
    files: Collection[str] | None = None,
) -> Running:
    """What runs of these files, None: of those that are expected; of PJSIP's endpoints the details of these alone, None: of all.

    `expected`: what the files say. It decides between spellings that AMI shows alike.
    Raises Unreadable where an answer cannot be trusted, such as an empty list of things that have
    to be there.
    """
    expected = expected or {}
    files = [file for file in FILES if file in (files or used_files(expected))]
    loaded = {file: is_running(ami, file) for file in files}
    hidden = unseen(ami, [file for file, is_loaded in loaded.items() if is_loaded])
    seen = {file for file, is_loaded in loaded.items() if is_loaded and file not in hidden}
    phones = read_phones(ami, expected, endpoints) if seen & {PJSIP, ACCOUNTS} else Phones()
    queues = read_queues(ami) if QUEUES in seen else Queues({}, {})
    dialplan, dialplan_revision = read_dialplan(ami) if seen & {DIALPLAN, PARKING} else ({}, "")
    lots, lots_revision = parking_lots(dialplan) if PARKING in seen else ({}, "")
    if DIALPLAN not in seen:
        dialplan, dialplan_revision = {}, ""
    mailboxes, mailboxes_revision = read_mailboxes(ami, expected) if VOICEMAIL in seen else ({}, "")
    revisions = {
        ACCOUNTS: phones.accounts_revision,
        PJSIP: phones.revision,
        QUEUES: queues.revision,
        DIALPLAN: dialplan_revision,
        VOICEMAIL: mailboxes_revision,
        PARKING: lots_revision,
    }
    _check(expected, phones, dialplan, dialplan_revision)
    return Running(
        values={**phones.values, **queues.values, **dialplan, **mailboxes, **lots},
        revisions={file: revision for file, revision in revisions.items() if revision},
        loaded=loaded,
        dynamic=queues.dynamic,
        phones=phones,
        members=queues.members,
        waiting=queues.waiting,
        unseen=hidden,
        detailed=None if endpoints is None else frozenset(endpoints),
    )


def is_running(ami: Ami, file: str) -> bool:
    """Whether the module that reads a file runs.

    ModuleCheck says so of a module that found no configuration and does nothing, too (16.28 and
    22.10, seen). But such a module knows none of its questions; these here lack what they need,
    so that nothing is done.
    """
    try:
        ami.do(_QUESTIONS[file])
    except Refused as refused:
        return not refused.reason.startswith("Invalid/unknown command")
    except Forbidden:
        return True
    return True


def _check(expected: Values, phones: Phones, dialplan: Values, revision: str) -> None:
    """Empty lists beside a sentinel; queues, accounts and mailboxes have theirs in the list."""
    problems = []
    if phones.revision:
        for section, found in (("endpoint", phones.devices), ("aor", phones.aors)):
            if not found and (count := _count(expected, PJSIP, section)):
                problems.append(_empty(f"PJSIP has no {section}", f"{count} of them"))
    if revision and not dialplan and (contexts := _count(expected, DIALPLAN, "")):
        problems.append(_empty("the dialplan has no step", f"{contexts} contexts"))
    if problems:
        raise Unreadable(problems)


def _count(expected: Values, file: str, section: str) -> int:
    keys: Iterable[Key] = (key for key in expected if key.file == file and is_visible(key))
    if section:
        return len({key.item for key in keys if key.section == section})
    return len({key.section for key in keys})


def _empty(what: str, said: str) -> Diagnostic:
    return Diagnostic(
        "CC470",
        f"Asterisk answers that {what}, though it has read the file that says {said}",
        cause="an empty answer that is no failure would look as if everything had been deleted",
        hint="look at Asterisk's log: it may still be loading, or have refused every one of them",
    )
