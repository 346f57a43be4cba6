"""The worked example, and what is odd, compiled for a site on loopback."""

from functools import cache
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES, Compiled, Key
from ccstate.adapters.asterisk.include_files import revision, serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.running.reload import await_revisions, reload
from ccstate.desired import ParseCache, load, load_settings
from ccstate.model import Address
from ccstate_lab.site import Site

ROOT = Path(__file__).parents[3]
PASSWORD = "of-2000;x"

ODD: dict[str, dict[str, Any]] = {
    "site/annex": {
        "label": "Annex",
        "timezone": "Australia/Sydney",
        "address": {"street": r'1 "Old" Lane; gate \ 3,LEVEL=2', "city": "Sydney", "country": "AU"},
    },
    "user/odd": {
        "name": r'Zoë "Zed" O’Hara; \ (x) <y>, z',
        "email": "zoe@example.test",
        "site": "annex",
        "extension": "8001",
    },
    "extension/8001": {"device": "softphone", "voicemail": {"email": "zoe@example.test"}},
    "extension/8002": {"device": "webrtc", "pickup_group": "annex", "permissions": []},
    "extension/8003": {"device": "none", "voicemail": {}},
    "trunk/open": {"host": "127.0.0.9", "codecs": ["opus", "g729", "ulaw"]},
    "trunk/six": {"host": "localhost", "transport": "udp", "port": 5099},
    "queue/nobody": {"strategy": "ring_all", "members": []},
    "parking_lot/yard": {"extension": "7400", "slots": "7401-7409"},
}


@cache
def objects() -> dict[Address, dict[str, Any]]:
    """Trunks lead to loopback, without TLS: names that nobody knows, Asterisk does not take."""
    loaded = load(load_settings(ROOT), ParseCache(Path("/nonexistent")))
    found: dict[Address, dict[str, Any]] = {
        address: dict(resource.fields) for address, resource in loaded.state.items()
    }
    hosts = iter(range(2, 9))
    for address, fields in found.items():
        if address.kind == "extension":
            if fields.get("secret"):
                fields["secret"] = PASSWORD if address.name == "2000" else f"of-{address.name}"
            if (fields.get("voicemail") or {}).get("pin"):
                fields["voicemail"] = {**fields["voicemail"], "pin": "4711"}
        if address.kind == "trunk":
            fields.update(host=f"127.0.0.{next(hosts)}", transport="udp")
            if fields.get("secret"):
                fields["secret"] = "of-trunk"
    for name, odd in ODD.items():
        kind, _, own = name.partition("/")
        found[Address(kind, own)] = dict(odd)
    return found


@cache
def compiled() -> Compiled:
    return compile_objects(objects(), Setting(b"k" * 32, is_test_site=True))


def values() -> dict[Key, str]:
    return {key: entry.value for key, entry in compiled().entries.items()}


def texts() -> dict[str, str]:
    """Include files by their path."""
    return {path: content.decode() for path, content in serialize(compiled()).items()}


def revisions(files: dict[str, str]) -> dict[str, str]:
    """What the sentinel at the end of each says."""
    found = {}
    for file, path in FILES.items():
        body = files[path]
        for mark in ("[ccstate-rev", "ccstate-rev =>", "[globals]\nCC_REV"):
            if mark in body:
                body = body[: body.rindex(mark)]
        found[file] = revision(body.encode())
    return found


def write(site: Site, files: dict[str, str]) -> None:
    for path, text in files.items():
        (site.etc / path).parent.mkdir(exist_ok=True)
        (site.etc / path).write_text(text, encoding="utf-8")


def connect(site: Site) -> Ami:
    """As whoever runs the lab, who may do everything."""
    return Ami.connect(Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret))


def settle(site: Site, ami: Ami) -> None:
    """The estate as compiled, reloaded."""
    write(site, texts())
    reload(ami, FILES)
    assert await_revisions(ami, revisions(texts()), 10) == {}


def clear(site: Site, ami: Ami) -> None:
    """Nothing of the estate, as the site was."""
    for path in FILES.values():
        (site.etc / path).unlink(missing_ok=True)
    reload(ami, FILES)
