"""Hand-written estates to import: a small one, to which tests add what they are about."""

from collections.abc import Mapping
from dataclasses import replace

from ccstate.adapter import Support
from ccstate.adapters.asterisk.conf import Conf
from ccstate.adapters.asterisk.importing import (
    FILES,
    Imported,
    Setting,
    import_confs,
    import_estate,
    read_confs,
)
from ccstate.adapters.embedded import SUPPORTS
from ccstate.model import Address, parse_address

PJSIP = """\
[2001]
type=endpoint
context=phones
allow=!all,alaw,ulaw,g722
direct_media=no
auth=2001
aors=2001
callerid=Ann Lee <2001>
mailboxes=2001@box
[2001]
type=auth
auth_type=userpass
username=2001
password=hidden-2001
[2001]
type=aor
max_contacts=1
remove_existing=yes
[2002]
type=endpoint
context=phones
allow=!all,alaw,ulaw,g722
direct_media=no
auth=2002
aors=2002
callerid="Bo Orr" <2002>
[2002]
type=auth
auth_type=userpass
username=2002
password=hidden-2002
[2002]
type=aor
max_contacts=1
remove_existing=yes
[line]
type=endpoint
context=inbound
allow=!all,alaw
direct_media=no
aors=line
[line]
type=aor
contact=sip:sip.carrier.example:5062
qualify_frequency=60
[line]
type=identify
endpoint=line
match=sip.carrier.example
"""
VOICEMAIL = "[box]\n2001 => 4711,Ann Lee,ann@example.test\n"
QUEUES = """\
[help]
strategy=leastrecent
timeout=12
retry=3
wrapuptime=7
maxlen=9
ringinuse=no
timeoutpriority=conf
member => PJSIP/2001,2
member => PJSIP/2002
"""
PHONES = """\
[phones]
exten => 2001,1,Dial(PJSIP/2001,25)
 same => n,VoiceMail(2001@box,u)
 same => n,Hangup()
exten => 2002,1,Dial(PJSIP/2002,15)
 same => n,Hangup()
"""
WORDS = {
    "welcome": "Welcome to the house.",
    "menu": "For help, press one. For Ann, press two.",
    "closed": "We are closed now.",
}


_LATER = frozenset({"switch", "feature_code", "caller_list", "ring_group"})
_LACKING = {
    "extension": ("rights",),
    "queue": ("keys", "member_rights", "caller_rights"),
    "ivr": (
        "nodes.*.menu.dial_extensions",
        "nodes.*.switch.switch",
        "nodes.*.callers.callers.*.list",
    ),
}
BARE: Mapping[str, Support] = {
    kind: replace(support, lacking=dict.fromkeys(_LACKING.get(kind, ()), "not here"))
    for kind, support in SUPPORTS.items()
    if kind not in _LATER
}
"""A platform without what not every platform has, whatever Asterisk's adapter can do today."""


def estate(extensions: str = "", **files: str) -> dict[str, str]:
    """The small estate with more in its dialplan, and with other files in place of its own."""
    text = {"pjsip": PJSIP, "voicemail": VOICEMAIL, "queues": QUEUES, **files}
    return {
        **{f"{name}.conf": content for name, content in text.items()},
        "extensions.conf": files.get("extensions", PHONES + extensions),
    }


def imported(files: Mapping[str, str], setting: Setting | None = None) -> Imported:
    stored = {name: text.encode() for name, text in files.items()}
    known = setting or Setting(timezone="Australia/Sydney", words=WORDS, supports=BARE)
    return import_estate(stored.get, lambda _: sorted(stored), FILES, known)


def confs(files: Mapping[str, str]) -> dict[str, Conf]:
    """The files, read as Asterisk reads them."""
    stored = {name: text.encode() for name, text in files.items()}
    return read_confs(stored.get, lambda _: sorted(stored))


def imported_confs(read: Mapping[str, Conf], setting: Setting) -> Imported:
    return import_confs(read, setting)


def fields(found: Imported, address: str) -> Mapping[str, object]:
    return found.objects[parse_address(address)]


def listed(found: Imported) -> list[str]:
    """What is unexpressed, shortly: the written line and the reason."""
    return [f"{u.text}: {u.reason}" for u in found.unexpressed]


def kinds(found: Imported) -> dict[str, list[str]]:
    by_kind: dict[str, list[str]] = {}
    for kind, name in found.objects:
        by_kind.setdefault(kind, []).append(name)
    return by_kind


def addresses(found: Imported) -> list[Address]:
    return list(found.objects)
