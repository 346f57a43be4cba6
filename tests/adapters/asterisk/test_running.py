"""What a real Asterisk runs is read as it was compiled, or it is drift, or an error."""

from collections import Counter
from collections.abc import Iterator

import pytest

from ccstate.adapters.asterisk.ami import Ami, Forbidden, Login
from ccstate.adapters.asterisk.entries import FILES, MEMBER, PARKING, Key
from ccstate.adapters.asterisk.running import Running, is_visible, read_running
from ccstate.errors import Unreadable
from ccstate_lab import phones
from ccstate_lab.site import Site
from tests.adapters.asterisk import running_estate as estate
from tests.asterisk_sites import NewSite, SiteOf


@pytest.fixture(params=["22", "16"])
def settled(request: pytest.FixtureRequest, site: SiteOf) -> Iterator[Site]:
    """A site that runs the estate as compiled."""
    found = site(request.param)
    with estate.connect(found) as session:
        estate.settle(found, session)
    yield found
    with estate.connect(found) as session:
        estate.clear(found, session)


@pytest.fixture
def ami(settled: Site) -> Iterator[Ami]:
    with estate.connect(settled) as session:
        yield session


def differences(running: Running) -> dict[Key, tuple[str, str | None]]:
    """What runs otherwise than compiled, though it could be seen."""
    return {
        key: (value, running.values.get(key))
        for key, value in estate.values().items()
        if is_visible(key) and running.values.get(key) != value
    }


def additions(running: Running) -> dict[Key, str]:
    """What runs and is not compiled; the site's own dialplan, and its first parking lot, aside."""
    known = estate.values()
    return {
        key: value
        for key, value in running.values.items()
        if key not in known and key.section not in {"lab", "parkedcalls"}
    }


def member(queue: str, name: str) -> Key:
    return Key("queues", queue, MEMBER, name)


def test_whatever_can_be_seen_runs_as_it_was_compiled(ami: Ami) -> None:
    running = read_running(ami, estate.values())
    assert differences(running) == {}
    assert additions(running) == {}
    assert running.revisions == estate.revisions(estate.texts())
    assert running.loaded == dict.fromkeys(FILES, True)
    assert running.dynamic == {}
    trunks = {key.item for key in estate.values() if key.section == "identify"}
    assert running.identified == trunks
    seen = Counter(key.file for key in estate.values() if is_visible(key))
    assert seen.pop(PARKING) == 2
    assert min(seen.values()) > 50


def test_without_the_files_running_values_are_the_same_but_for_odd_texts_and_defaults(
    ami: Ami,
) -> None:
    running = read_running(ami)
    otherwise = {(k.section, k.part) for k, (_, value) in differences(running).items() if value}
    # A name of a host is gone, and a text with ",LEVEL=2" looks like another variable.
    assert otherwise == {("identify", "match"), ("endpoint", "set_var:CC_LOCATION")}


def test_details_are_read_of_the_endpoints_that_are_asked_for(ami: Ami) -> None:
    running = read_running(ami, estate.values(), ["2000", "nobody"])
    contexts = {key.item for key in running.values if key[1] == "endpoint"}
    assert contexts == {"2000"}
    assert Key("accounts", "auth", "2101", "password") in running.values


def test_a_phone_that_registers_is_no_drift(settled: Site, ami: Ami) -> None:
    phone = phones.answer(settled, {"2101": "of-2101"})
    try:
        running = read_running(ami, estate.values())
    finally:
        phones.stop(phone)
    assert running.phones.devices["2101"] == "Not in use"
    assert differences(running) == {}
    assert additions(running) == {}


def test_penalties_and_members_by_hand_are_seen(ami: Ami) -> None:
    ami.command("queue set penalty 7 on PJSIP/2121 in billing")
    ami.command(
        "queue add member PJSIP/2000 to billing penalty 3 as temp state_interface PJSIP/2000"
    )
    ami.command("dialplan add extension 999,1,Echo() into internal")
    try:
        running = read_running(ami, estate.values())
    finally:
        ami.command("queue remove member PJSIP/2000 from billing")
        ami.command("dialplan remove extension 999@internal")
    changed = differences(running)
    assert changed.keys() == {member("billing", "marguerite.d")}
    assert changed[member("billing", "marguerite.d")][1] == "PJSIP/2121,7,PJSIP/2121"
    assert running.dynamic == {member("billing", "temp"): "PJSIP/2000,3,PJSIP/2000"}
    assert additions(running) == {Key("extensions", "internal", "999", "1"): "Echo()"}


@pytest.mark.parametrize(
    "file, module",
    [
        ("queues", "app_queue.so"),
        ("extensions", "pbx_config.so"),
        ("voicemail", "app_voicemail.so"),
    ],
)
def test_a_module_that_was_stopped_is_reported_and_no_error(
    ami: Ami, file: str, module: str
) -> None:
    ami.do("ModuleLoad", ("Module", module), ("LoadType", "unload"))
    running = read_running(ami, estate.values())
    assert running.loaded == {name: name != file for name in FILES}
    assert file not in running.revisions
    assert {key.file for key in running.values} == set(FILES) - {file}


def test_a_file_whose_end_was_not_read_has_no_revision(settled: Site, ami: Ami) -> None:
    broken = estate.texts()
    broken["pjsip.d/ccstate.conf"] = broken["pjsip.d/ccstate.conf"].replace("[2101]", "[2101", 1)
    estate.write(settled, broken)
    ami.do("Reload", ("Module", "res_pjsip.so"))
    running = read_running(ami, estate.values())
    assert "pjsip" not in running.revisions
    assert differences(running)


def test_an_empty_list_beside_a_sentinel_is_an_error(settled: Site, ami: Ami) -> None:
    texts = estate.texts()
    alone = texts["pjsip.d/ccstate.conf"]
    alone = alone[alone.rindex("[ccstate-rev") :]
    estate.write(settled, {"pjsip.d/ccstate.conf": alone})
    ami.do("Reload", ("Module", "res_pjsip.so"))
    with pytest.raises(Unreadable) as raised:
        read_running(ami, estate.values())
    assert {problem.code for problem in raised.value.problems} == {"CC470"}
    assert "PJSIP has no endpoint" in str(raised.value)
    assert estate.PASSWORD not in repr(raised.value)


def test_rights_that_are_missing_are_named(new_site: NewSite) -> None:
    user = "[few]\nsecret = few\nread = system\nwrite = command\n"
    found = new_site("22")
    text = (found.etc / "manager.conf").read_text(encoding="utf-8")
    (found.etc / "manager.conf").write_text(text + "\n" + user, encoding="utf-8")
    with estate.connect(found) as lab:
        lab.command("manager reload")
    with Ami.connect(Login(found.ami_host, found.ami_port, "few", "few")) as ami:
        running = read_running(ami)
        with pytest.raises(Forbidden, match="does not permit PJSIPShowEndpoints"):
            ami.read("PJSIPShowEndpoints")
    assert running.unseen == {
        "pjsip": "PJSIPShowEndpoints",
        "accounts": "PJSIPShowEndpoints",
        "extensions": "ShowDialPlan",
        "voicemail": "VoicemailUsersList",
    }
    assert running.values.keys() <= {key for key in running.values if key.file == "queues"}


def test_passwords_are_not_shown_with_what_runs(ami: Ami) -> None:
    running = read_running(ami, estate.values())
    assert running.values[Key("accounts", "auth", "2000", "password")] == estate.PASSWORD
    assert estate.PASSWORD not in repr(running)
