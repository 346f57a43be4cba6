"""Debian's basic PBX on a real Asterisk: with a carrier and phones of this machine, and shorter waits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ccstate.adapters.asterisk.ami import Ami
from ccstate.lab import phones
from ccstate.lab.programs import programs
from ccstate.lab.sipp import Account
from ccstate.lab.site import Site
from tests.adapters.asterisk.calls_met import login

FILES = ("pjsip.conf", "queues.conf", "extensions.conf", "voicemail.conf")
MODULES = ("res_pjsip.so", "app_queue.so", "pbx_config.so", "app_voicemail.so")
"""What loads these files, in the order in which they are loaded."""
TRANSPORTS = ("global", "transport-udp", "transport-tcp", "transport-tls")
CARRIER = "127.0.9.1"
"""Where the carrier takes calls; those that it brings come from the rest of 127.0.9.0/24."""
SHORTER = {
    "queues.conf": {
        "[customer_advocate]\nstrategy=ringall": "[customer_advocate]\nstrategy=ringall\ntimeout=6"
    },
    "extensions.conf": {
        "INTERNAL_DIAL_OPT=,30": "INTERNAL_DIAL_OPT=,4",
        "Queue(customer_advocate,,,,1200)": "Queue(customer_advocate,,,,4)",
    },
}
RECORDINGS = {
    "basic-pbx-ivr-main": 1.0,
    "option-is-invalid": 0.5,  # comes with Asterisk's extra sounds
    "pbx-invalid": 0.5,
    "vm-theperson": 0.3,
    "vm-isunavail": 0.3,
    "vm-isonphone": 0.3,
    "vm-intro": 0.3,
    **{f"digits/{digit}": 0.1 for digit in range(10)},
}
"""Seconds that a recording takes here."""

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
    _shorten_recordings(site)
    load(site)


def load(site: Site) -> None:
    """Have Asterisk read its files again."""
    with Ami.connect(login(site)) as ami:
        for module in MODULES:
            ami.do("Reload", ("Module", module))


def _shorten_recordings(site: Site) -> None:
    """Give the site recordings of its own: links to those of Asterisk, and some that are short."""
    theirs, english = site.programs.sounds, site.sounds / "en"
    english.unlink()
    for path in theirs.rglob("*.gsm"):
        link = english / path.relative_to(theirs)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    voice = (theirs / "pbx-invalid.gsm").read_bytes()
    for name, seconds in RECORDINGS.items():
        path = english / f"{name}.gsm"
        path.unlink(missing_ok=True)
        path.write_bytes(voice[: 33 * round(seconds * 50)])  # GSM: 33 bytes for 20 ms


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


def with_comments(content: str, kept: Iterable[str]) -> str:
    """A file in which all lines are comments but those of some sections."""
    lines, is_kept = [], False
    for line in content.splitlines():
        if line.startswith("["):
            is_kept = line[1:].partition("]")[0] in kept
        lines.append(line if is_kept or not line.strip() or line.startswith(";") else f";{line}")
    return "\n".join(lines) + "\n"
