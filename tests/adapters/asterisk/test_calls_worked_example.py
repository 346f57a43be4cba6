"""What the worked example promises its callers, rung up: on a real Asterisk, with everybody there."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.calls.caller import NAME, Entrance
from ccstate.adapters.asterisk.calls.run import run
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.adapters.asterisk.running.reload import reload
from ccstate.adapters.asterisk.sounds import audio
from ccstate.desired import ParseCache, load, load_settings
from ccstate.journeys.call_tests import verdicts
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.model import Address
from ccstate_lab import phones
from tests.asterisk_sites import NewSite

ROOT = Path(__file__).parents[3]
KEY = b"k" * 32


def objects() -> dict[Address, dict[str, Any]]:
    """As declared, with passwords, and with trunks that lead nowhere."""
    loaded = load(load_settings(ROOT), ParseCache(Path("/nonexistent")))
    found = {address: dict(resource.fields) for address, resource in loaded.state.items()}
    hosts = iter(range(2, 99))
    for address, fields in found.items():
        if fields.get("secret"):
            fields["secret"] = f"of-{address.name}"
        if isinstance(mailbox := fields.get("voicemail"), dict) and mailbox.get("pin"):
            fields["voicemail"] = {**mailbox, "pin": "4711"}
        if address.kind == "trunk":
            fields.update(host=f"127.0.0.{next(hosts)}", transport="udp")
    return found


@pytest.mark.parametrize("release", ["22", "16"])
def test_every_promise_of_the_worked_example_is_kept(new_site: NewSite, release: str) -> None:
    """Prompts are a moment of silence: otherwise the caller who says nothing takes 93 seconds."""
    site = new_site(release)
    declared = objects()
    silence = audio.wav(bytes(2 * 800), "silence")
    for address, fields in declared.items():
        for language in fields["languages"] if address.kind == "prompt" else ():
            path = site.sounds / "ccstate" / address.name / f"{language}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(silence)
    texts = serialize(compile_objects(declared, Setting(KEY, is_test_site=True)))
    for name, content in texts.items():
        (site.etc / name).parent.mkdir(exist_ok=True)
        (site.etc / name).write_bytes(content)
    login = Login(site.ami_host, site.ami_port, site.ami_username, site.ami_secret)
    with Ami.connect(login) as ami:
        reload(ami, FILES)
    phones.answer(
        site,
        {
            address.name: str(fields["secret"])
            for address, fields in declared.items()
            if address.kind == "extension" and fields.get("secret")
        },
    )
    flow = Flow(Centre(declared))
    tests = {address.name: f for address, f in declared.items() if address.kind == "call_test"}
    walked = list(verdicts(flow, Year(flow.centre, date(2026, 11, 22)), tests))
    entrance = Entrance("127.0.0.1", site.sip_port, unknown_password(KEY, NAME))
    results = run(flow, walked, login, entrance, at_once=len(walked))
    assert len(results) >= 15
    assert {r.walked.name: r.observed for r in results if not (r.passed and r.agrees)} == {}
