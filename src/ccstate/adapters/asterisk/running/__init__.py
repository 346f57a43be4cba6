"""What Asterisk runs, in bulk, in the form that is compiled: so that comparing is `==`.

Everything that AMI shows in the form of our keys is here, whether ccstate wrote it or not. What is
said of versions was seen on Asterisk 16.28 and 22.10. Of queues `QueueStatus` shows four options
and the members; the others are proved by the revision of the file only.

ListCommands names the actions that a user may give; which module has which action, it does not say.
So an action that is missing there is tried: "Permission denied" is a matter of rights, "unknown
command" of modules. An action that is not permitted does nothing when it is tried.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami import Ami, Forbidden, Refused
from ccstate.adapters.asterisk.ami.message import Form, Message
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    FILES,
    HINT,
    INCLUDE,
    LINEAR,
    MEMBER,
    PARKING,
    PJSIP,
    QUEUES,
    VARIABLE,
    VOICEMAIL,
    Key,
    Step,
    Values,
    member_value,
    used_files,
)
from ccstate.adapters.asterisk.include_files import GLOBAL, PARKING_SENTINEL, SENTINEL
from ccstate.adapters.asterisk.kinds.parking_lot import PARKING_LOT, SLOTS, running_lots
from ccstate.adapters.asterisk.kinds.queue import QUEUE
from ccstate.adapters.asterisk.running.pjsip import OPTIONS, Phones, read_phones
from ccstate.errors import Unreadable

_PHONES = (
    "PJSIPShowEndpoints",
    "PJSIPShowAuths",
    "PJSIPShowContacts",
    "PJSIPShowAors",
    "PJSIPShowEndpoint",
)
READING: Mapping[str, Collection[str]] = {
    ACCOUNTS: _PHONES,
    PJSIP: _PHONES,
    QUEUES: ("QueueStatus",),
    DIALPLAN: ("ShowDialPlan", "Getvar"),
    VOICEMAIL: ("VoicemailUsersList",),
    PARKING: ("ShowDialPlan",),
}
"""By file, the actions that show all of what runs of it."""
CHANNELS = "CoreShowChannels"
POSITION = "DBGet"
"""The action that tells the position of a switch."""
APPLYING = (
    *dict.fromkeys(a for needed in READING.values() for a in needed),
    CHANNELS,
    "Reload",
    "QueuePause",
)
"""The actions that an apply may need."""


def forbidden_actions(ami: Ami, actions: Iterable[str]) -> tuple[str, ...]:
    """Select the actions for which the user lacks a right, in their order."""
    permitted = {name for name, _ in ami.do("ListCommands").items()}
    return tuple(a for a in actions if a not in permitted and _is_forbidden(ami, a))


def hidden_files(ami: Ami, files: Collection[str]) -> dict[str, str]:
    """The files of which the user may not see what runs, each with the action that is not permitted."""
    needed = dict.fromkeys(action for file in files for action in READING[file])
    lacking = forbidden_actions(ami, needed)
    found = {file: [a for a in READING[file] if a in lacking] for file in files}
    return {file: actions[0] for file, actions in found.items() if actions}


def _is_forbidden(ami: Ami, action: str) -> bool:
    try:
        ami.do(action)
    except Forbidden:
        return True
    except Refused:
        return False
    return False


_RUNNING = {
    PJSIP: "phones and trunks as they run",
    QUEUES: "queues as they run",
    DIALPLAN: "the dialplan as it runs",
    VOICEMAIL: "mailboxes as they run",
    PARKING: "parking lots as they run",
}


def closed_files(*paths: Iterable[str]) -> list[str]:
    """Files and folders that may not be read; a folder, with `/` at its end, stands for its files."""
    found = {path for some in paths for path in some}
    folders = tuple(path for path in found if path.endswith("/"))
    return sorted(p for p in found if p in folders or not p.startswith(folders))


def unseen_words(
    closed: Iterable[str], running: Mapping[str, str], *, sees_calls: bool
) -> Iterator[str]:
    """Write one line for each thing that could not be seen, with the right that is missing.

    `running`: by file, the AMI action that is not permitted.
    """
    for path in closed:
        kind = "folder" if path.endswith("/") else "file"
        yield f"{path}: no right to read the {kind}"
    for file, words in _RUNNING.items():
        if action := running.get(file):
            yield f"{words}: AMI does not permit {action}"
    if not sees_calls:
        yield "calls that go on now: AMI does not permit CoreShowChannels"


QUEUE_OPTIONS: Mapping[str, str] = {row.option: row.header for row in QUEUE.rows if row.header}
"""Options of a queue that can be seen, and how AMI names them."""

STATIC = "static"


@dataclass(frozen=True, slots=True)
class Member:
    """An agent who takes calls of a queue. `membership`: static, dynamic or realtime."""

    queue: str
    name: str
    interface: str
    penalty: int
    state_interface: str
    membership: str
    is_paused: bool
    reason: str

    @property
    def key(self) -> Key:
        return Key(QUEUES, self.queue, MEMBER, self.name)

    def value(self, rank: int = 0) -> str:
        return member_value(self.interface, self.penalty, self.state_interface, rank)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller in a queue, and for how many seconds."""

    queue: str
    channel: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Queues:
    """What app_queue has in memory."""

    values: dict[Key, str]
    dynamic: dict[Key, str]
    """Members that no file names: they logged in, or were added by hand."""
    revision: str = ""
    members: tuple[Member, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def read_queues(ami: Ami) -> Queues:
    """Read all queues, those of other authors too."""
    found = ami.read("QueueStatus")
    values: dict[Key, str] = {}
    revisions = []
    for message in _of(found, "QueueParams"):
        name = message["Queue"]
        if revision := _revision(name):
            revisions.append(revision)
            continue
        for option, header in QUEUE_OPTIONS.items():
            values[Key(QUEUES, name, option, "")] = message[header]
    form = Form(_MEMBER, needed=len(_MEMBER))
    members = tuple(_member(form, message) for message in _of(found, "QueueMember"))
    dynamic: dict[Key, str] = {}
    ranks: Counter[str] = Counter()
    for member in members:
        if member.membership != STATIC:
            dynamic[member.key] = member.value()
            continue
        is_ranked = values.get(Key(QUEUES, member.queue, "strategy", "")) == LINEAR
        ranks[member.queue] += is_ranked
        values[member.key] = member.value(ranks[member.queue])
    waiting = tuple(
        Waiting(message["Queue"], message["Channel"], _number(message, "Wait"))
        for message in _of(found, "QueueEntry")
    )
    # Two revisions at once: of one of them it is not known whether it has gone.
    one = revisions[0] if len(revisions) == 1 else ""
    return Queues(values, dynamic, one, members, waiting)


def _of(found: Iterable[Message], event: str) -> Iterable[Message]:
    return (message for message in found if message.is_event(event))


def _revision(queue: str) -> str:
    prefix = f"{SENTINEL}-"
    return queue.removeprefix(prefix) if queue.startswith(prefix) else ""


def _number(message: Message, header: str) -> int:
    try:
        return int(message[header])
    except ValueError:
        problem = codes.NO_NUMBER(event=message["Event"], header=header)
        raise Unreadable(problem) from None


_MEMBER = (
    "Queue",
    "Name",
    "Location",
    "Penalty",
    "StateInterface",
    "Membership",
    "Paused",
    "PausedReason",
)


def _member(form: Form, message: Message) -> Member:
    queue, name, interface, penalty, state, membership, paused, reason = form.values(message)
    return Member(
        queue=queue,
        name=name,
        interface=interface,
        penalty=int(penalty) if penalty.isdecimal() else _number(message, "Penalty"),
        state_interface=state,
        membership=membership,
        is_paused=paused == "1",
        reason=reason,
    )


Read = tuple[dict[Key, str], str]
"""Values, and the revision that runs; "" where none does."""

_SEEN_OPTIONS = {"attach": "AttachMessage", "delete": "DeleteMessage"}
"""Options of a mailbox that say the same in the file and in AMI."""


def read_dialplan(ami: Ami) -> Read:
    """Read all contexts, those of other authors too."""
    form = Form(_PLAIN, needed=len(_PLAIN))
    found = ami.read("ShowDialPlan")
    values = dict(filter(None, (_plain(form, m) if _is_plain(m) else _entry(m) for m in found)))
    return values, ami.do("Getvar", ("Variable", GLOBAL)).get("Value")


_PLAIN = ("Context", "Extension", "Priority", "Application", "AppData")
"""What nearly every step has; its lines are looked at by their places."""


def _is_plain(message: Message) -> bool:
    """Whether it is a step without a label, or a hint."""
    raw = message.raw
    return b"\r\nAppData: " in raw and b"\r\nExtensionLabel: " not in raw


def _plain(form: Form, message: Message) -> tuple[Key, str]:
    context, extension, priority, application, data = form.values(message)
    if priority == HINT:
        return Key(DIALPLAN, context, extension, HINT), application
    return Key(DIALPLAN, context, extension, priority), f"{application}({data})"


def _entry(message: Message) -> tuple[Key, str] | None:
    """A step, a hint or an include; what is neither (`switch`, `ignorepat`) has no key of ours."""
    context, extension = message["Context"], message.get("Extension")
    if included := message.get("IncludeContext"):
        return Key(DIALPLAN, context, INCLUDE, included), ""
    if not extension or "Priority" not in message:
        return None
    priority = message["Priority"]
    if priority == HINT:
        return Key(DIALPLAN, context, extension, HINT), message["Application"]
    step = Step(message["Application"], message.get("AppData"), label=message.get("ExtensionLabel"))
    return Key(DIALPLAN, context, extension, priority), str(step)


def parking_lots(dialplan: dict[Key, str]) -> Read:
    """The parking lots; the steps that res_parking adds for them are taken out of the dialplan."""
    added = [k for k in dialplan if k.section.startswith(SLOTS) or k.section == PARKING_SENTINEL]
    steps = {key: dialplan.pop(key) for key in added}
    marks = (key.item for key, step in steps.items() if step == "Park()")
    return dict(running_lots(steps)), next(marks, "")


def read_mailboxes(ami: Ami, expected: Values) -> Read:
    """Read all mailboxes; their PINs are never shown."""
    values: dict[Key, str] = {}
    revision = ""
    for message in ami.read("VoicemailUsersList"):
        if message["VoiceMailbox"] == SENTINEL:
            revision = message["Fullname"]
        else:
            values.update(_mailbox(message, expected))
    return values, revision


def _mailbox(message: Message, expected: Values) -> Iterator[tuple[Key, str]]:
    def key(part: str) -> Key:
        return Key(VOICEMAIL, message["VMContext"], message["VoiceMailbox"], part)

    yield key("name"), message["Fullname"]
    yield key("email"), message["Email"]
    yield key("options"), _mailbox_options(message, expected.get(key("options"), ""))


def _mailbox_options(message: Message, expected: str) -> str:
    """Read the options of a mailbox: as expected, where all that can be seen of them is so."""
    seen = {option: message[header].lower() for option, header in _SEEN_OPTIONS.items()}
    said = dict(part.partition("=")[::2] for part in expected.split("|") if part)
    if expected and all(said.get(option, "no") == text for option, text in seen.items()):
        return expected
    return "|".join(f"{o}={text}" for o, text in seen.items() if o == "attach" or text == "yes")


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
    """What runs. Passwords in `values` are the real ones, and are sealed before they are shown."""

    values: dict[Key, str] = field(repr=False)
    revisions: Mapping[str, str]
    """By file, what its sentinel says; absent where the file's end was not read."""
    loaded: Mapping[str, bool]
    """By file, whether the module that reads it runs. Nothing of the file runs where it doesn't.

    A file that was not asked for is absent.
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
    server knows, which is the network's doing. That is shown as activity.
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
    """Read what runs of these files; of PJSIP's endpoints the details of these alone.

    `files` None: those that are expected; `endpoints` None: all. `expected`: what the files say. It decides between spellings that AMI shows alike.
    Raises Unreadable where an answer cannot be trusted, such as an empty list of things that have
    to be there.
    """
    expected = expected or {}
    files = [file for file in FILES if file in (files or used_files(expected))]
    loaded = {file: is_running(ami, file) for file in files}
    hidden = hidden_files(ami, [file for file, is_loaded in loaded.items() if is_loaded])
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
                problems.append(
                    codes.LIST_EMPTY(what=f"PJSIP has no {section}", known=f"{count} of them")
                )
    if revision and not dialplan and (contexts := _count(expected, DIALPLAN, "")):
        problems.append(
            codes.LIST_EMPTY(what="the dialplan has no step", known=f"{contexts} contexts")
        )
    if problems:
        raise Unreadable(problems)


def _count(expected: Values, file: str, section: str) -> int:
    keys: Iterable[Key] = (key for key in expected if key.file == file and is_visible(key))
    if section:
        return len({key.item for key in keys if key.section == section})
    return len({key.section for key in keys})
