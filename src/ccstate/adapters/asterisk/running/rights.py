"""What an AMI user may ask, by AMI's own answer: what a plan reads, and what an apply does.

ListCommands names the actions that a user may give; which module has which action, it does not say.
So an action that is missing there is tried: "Permission denied" is a matter of rights, "unknown
command" of modules (16.28 and 22.10, seen). What is not permitted does nothing when it is tried.
"""

from collections.abc import Collection, Iterable, Mapping

from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.ami.faults import Forbidden
from ccstate.adapters.asterisk.entries import (
    ACCOUNTS,
    DIALPLAN,
    PARKING,
    PJSIP,
    QUEUES,
    VOICEMAIL,
)

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


def forbidden(ami: Ami, actions: Iterable[str]) -> tuple[str, ...]:
    """Those of the actions for which the user lacks a right, in their order."""
    permitted = {name for name, _ in ami.do("ListCommands").items()}
    return tuple(a for a in actions if a not in permitted and _is_forbidden(ami, a))


def unseen(ami: Ami, files: Collection[str]) -> dict[str, str]:
    """The files of which the user may not see what runs, each with the action that is not permitted."""
    needed = dict.fromkeys(action for file in files for action in READING[file])
    lacking = forbidden(ami, needed)
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
