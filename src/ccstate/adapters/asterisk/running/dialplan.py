"""The dialplan and the mailboxes as they run."""

from collections.abc import Iterator

from ccstate.adapters.asterisk.ami import Ami, Message
from ccstate.adapters.asterisk.ami.message import Form
from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    HINT,
    INCLUDE,
    VOICEMAIL,
    Key,
    Step,
    Values,
)
from ccstate.adapters.asterisk.kinds.parking_lot import SLOTS, running_lots
from ccstate.adapters.asterisk.spelling import GLOBAL, PARKING_SENTINEL, SENTINEL

Read = tuple[dict[Key, str], str]
"""Values, and the revision that runs; "" where none does."""

_SEEN_OPTIONS = {"attach": "AttachMessage", "delete": "DeleteMessage"}
"""Options of a mailbox that say the same in the file and in AMI."""


def read_dialplan(ami: Ami) -> Read:
    """All contexts, of whoever made them."""
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
    """All mailboxes; their PINs are never shown."""
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
    """As expected, where all that can be seen of it is so."""
    seen = {option: message[header].lower() for option, header in _SEEN_OPTIONS.items()}
    said = dict(part.partition("=")[::2] for part in expected.split("|") if part)
    if expected and all(said.get(option, "no") == text for option, text in seen.items()):
        return expected
    return "|".join(f"{o}={text}" for o, text in seen.items() if o == "attach" or text == "yes")
