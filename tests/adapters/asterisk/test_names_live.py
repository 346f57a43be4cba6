"""Phones whose names have a dash, a dot or a single character, on real Asterisks."""

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.entries import DIALPLAN, MODULES
from ccstate.adapters.asterisk.running import compared_in, read_running
from ccstate.conformance.walk import plain
from ccstate.model import Address
from tests.adapters.asterisk.test_injections_live import wait_until_loaded, written
from tests.asterisk_sites import NewSite

NAMES = ("2-b", "2b", "desk.2", "desk2", "b", "2-", "2.", "a--b", "a-.b", "2001")


@pytest.mark.parametrize("release", ["22", "16"])
def test_a_phone_of_any_name_is_loaded_as_written_and_can_be_called_back(
    new_site: NewSite, release: str
) -> None:
    site = new_site(release)
    fields = plain("extension", {"device": "deskphone"})
    phones = {Address("extension", name): dict(fields) for name in NAMES}
    with Ami.connect(Login("127.0.0.1", site.ami_port, site.lab_username, site.lab_secret)) as ami:
        entries = written(site, phones)
        for module in MODULES.values():
            ami.do("Reload", ("Module", module))
        wait_until_loaded(ami)
        running = read_running(ami, entries)
    is_seen = compared_in(running)
    differing = {
        key: (value, running.values.get(key))
        for key, value in entries.items()
        if is_seen(key) and running.values.get(key) != value
    }
    assert differing == {}
    callerids = {key.item: v for key, v in running.values.items() if key.part == "callerid"}
    numbers = {name: callerids[name].partition("<")[2].rstrip(">") for name in NAMES}
    rings = {k.item: v for k, v in entries.items() if k == (DIALPLAN, "extension", k.item, "1")}
    # What a phone shows is an extension that rings it, and no other one.
    assert len(set(numbers.values())) == len(NAMES)
    assert all(f"s,1({name}," in rings[number] for name, number in numbers.items())
