"""Whom the lab's site serves: a few phones of its own, and the extensions of an estate."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.lab.site import Site

SOFTPHONE = "7001"
ANSWERING, RINGING, ENGAGED = "7101", "7102", "7103"

_PHONE = """[{name}]
type = endpoint
context = lab
disallow = all
allow = ulaw,alaw,g722
aors = {name}
auth = {name}
direct_media = no
rtp_symmetric = yes
force_rport = yes
rewrite_contact = yes
[{name}]
type = auth
username = {name}
password = {password}
[{name}]
type = aor
max_contacts = 1
remove_existing = yes
"""

# Whoever calls without a name dials as a phone would; only this machine can.
_CALLERS = """[anonymous]
type = endpoint
context = lab
disallow = all
allow = ulaw,alaw
direct_media = no
"""

_NUMBERS = """[lab]
include => internal
include => ccstate-test-numbers
exten => _7[01]XX,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
"""


@dataclass(frozen=True, slots=True)
class Own:
    """The lab's own phones, and what makes the site know them."""

    passwords: Mapping[str, str]
    files: Mapping[str, str]


def own(before: Mapping[str, str]) -> Own:
    """Phones with their passwords of before, where there was one."""
    names = (SOFTPHONE, ANSWERING, RINGING, ENGAGED)
    passwords = {name: before.get(name) or secrets.token_hex(6) for name in names}
    phones = [_PHONE.format(name=name, password=word) for name, word in passwords.items()]
    files = {"pjsip.d/lab.conf": _CALLERS + "".join(phones), "extensions.d/lab.conf": _NUMBERS}
    return Own(passwords, files)


def load(site: Site) -> Mapping[str, str]:
    """The extensions that the site serves beside the lab's own, with their passwords."""
    login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
    with Ami.connect(login) as ami:
        auths = {auth["ObjectName"]: auth["Password"] for auth in ami.read("PJSIPShowAuths")}
        aors = {aor["ObjectName"] for aor in ami.read("PJSIPShowAors")}
    ours = {SOFTPHONE, ANSWERING, RINGING, ENGAGED}
    return {
        name: password
        for name, password in sorted(auths.items())
        if name in aors - ours and not name.startswith("trunk-")
    }
