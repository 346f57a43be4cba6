"""Debian's basic PBX on a real Asterisk: with a carrier and phones of this machine, and shorter waits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ccstate_lab import phones
from ccstate_lab.programs import programs
from ccstate_lab.sipp import Account
from ccstate_lab.site import Site
from tests.adapters.asterisk.recordings import shorten_recordings
from tests.adapters.asterisk.takeover import CARRIER, FILES, load

SHORTER = {
    "queues.conf": {
        "[customer_advocate]\nstrategy=ringall": "[customer_advocate]\nstrategy=ringall\ntimeout=6"
    },
    "extensions.conf": {
        "INTERNAL_DIAL_OPT=,30": "INTERNAL_DIAL_OPT=,4",
        "Queue(customer_advocate,,,,1200)": "Queue(customer_advocate,,,,4)",
    },
}
ANSWERING = ("1107", "1109", "1111")
RINGING = ("1101", "1102", "1104", "1105", "1106", "1112", "1115")
BUSY = ("1108",)


def folder() -> Path:
    return programs("22").root / "usr/share/doc/asterisk-config/examples/configs/basic-pbx"


def text(name: str) -> str:
    """A file of the sample, as Debian has it."""
    return (folder() / name).read_text(encoding="utf-8")


def files(more: Iterable[str]) -> dict[str, str]:
    """What Asterisk needs to boot: the sample's list of modules and some more, and its rooms."""
    lines = "".join(f"load = {module}.so\n" for module in more)
    return {
        "modules.conf": text("modules.conf") + lines,
        "confbridge.conf": text("confbridge.conf"),
    }


def accounts() -> dict[str, Account]:
    """What the phones of the sample log in with, by their endpoints."""
    section = r"^\[(\d+)\]\(auth-userpass\)\npassword = (\S+)\s*\nusername = (\S+)"
    found = re.findall(section, text("pjsip.conf"), re.MULTILINE)
    return {name: Account(username, password) for name, password, username in found}


def write(site: Site, carrier_port: int) -> None:
    """Replace the site's own files by the sample's, filled in as the sample asks for it, and load them."""
    own = (site.etc / "pjsip.conf").read_text(encoding="utf-8").partition("#tryinclude")[0]
    trunk = text("pjsip.conf").partition("[dcs-trunk]")
    pjsip = own + "".join(trunk[1:])
    pjsip = pjsip.replace("sip:sip.digiumcloud.net", f"sip:{CARRIER}:{carrier_port}")
    pjsip = pjsip.replace(";match = 8.17.32.12", "match = 127.0.9.0/24")
    pjsip = re.sub(r"(?m)^;(username|password|client_uri) = ", r"\1 = ", pjsip)
    texts = {name: text(name) for name in FILES} | {"pjsip.conf": pjsip}
    for name, waits in SHORTER.items():
        for long, short in waits.items():
            assert long in texts[name]
            texts[name] = texts[name].replace(long, short)
    for name, content in texts.items():
        (site.etc / name).write_text(content, encoding="utf-8")
    shorten_recordings(site)
    load(site)


@contextmanager
def registered_phones(site: Site, accounts: Mapping[str, Account]) -> Iterator[None]:
    """The phones of the sample, which behave alike in all calls; those that are not named are off."""
    groups = [
        phones.answer(site, {name: accounts[name] for name in ANSWERING}),
        phones.ring(site, {name: accounts[name] for name in RINGING}),
        phones.busy(site, {name: accounts[name] for name in BUSY}),
    ]
    try:
        yield
    finally:
        for group in groups:
            phones.stop(group)
