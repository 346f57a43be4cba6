"""Files are read again by a real Asterisk, with proof, and agents stay paused as they were."""

import threading
from collections.abc import Iterator

import pytest

from ccstate.adapters.asterisk.ami import Ami, Forbidden, Login
from ccstate.adapters.asterisk.entries import FILES, MODULES, PARKING
from ccstate.adapters.asterisk.running import is_running, read_running
from ccstate.adapters.asterisk.running.reload import await_revisions, keep_pauses, reload
from ccstate.errors import Unreadable
from ccstate_lab import phones
from ccstate_lab.site import Site
from tests.adapters.asterisk import running_estate as estate
from tests.asterisk_sites import SiteOf

QUEUES = "queues.d/ccstate.conf"


@pytest.fixture(params=["22", "16"])
def settled(request: pytest.FixtureRequest, site: SiteOf) -> Iterator[Site]:
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


def paused(ami: Ami) -> dict[tuple[str, str], str]:
    return {(m.queue, m.name): m.reason for m in read_running(ami, None, []).members if m.is_paused}


def pause(ami: Ami, interface: str, reason: str) -> None:
    ami.command(f"queue pause member {interface} queue billing reason {reason}")


def test_modules_that_were_stopped_are_loaded_and_read_their_files(ami: Ami) -> None:
    stopped = [file for file in FILES if MODULES[file] != "res_pjsip.so"]
    for file in stopped:
        ami.do("ModuleLoad", ("Module", MODULES[file]), ("LoadType", "unload"))
    wanted = estate.revisions(estate.texts())
    assert await_revisions(ami, wanted, 0.1) == dict.fromkeys(stopped, "")
    reload(ami, stopped)
    assert all(is_running(ami, file) for file in FILES)
    assert await_revisions(ami, wanted, 5) == {}


@pytest.mark.parametrize("file", [file for file in FILES if file != PARKING])
def test_a_file_that_was_not_read_to_its_end_is_reported(
    settled: Site, ami: Ami, file: str
) -> None:
    texts = estate.texts()
    wanted = estate.revisions(texts)
    path = FILES[file]
    estate.write(settled, {path: texts[path][: len(texts[path]) // 2]})
    reload(ami, [file])
    late = await_revisions(ami, wanted, 0.3)
    # A global that no file sets any more is gone, for `clearglobalvars` is set.
    assert late == {file: ""}


def test_a_broken_file_of_parking_lots_is_refused_by_asterisk(settled: Site, ami: Ami) -> None:
    estate.write(settled, {FILES[PARKING]: "[yard]\nparkpos=7401-\n"})
    with pytest.raises(Unreadable, match=r"does not load res_parking\.so"):
        reload(ami, [PARKING])


def test_a_module_that_cannot_be_loaded_is_an_error(settled: Site, ami: Ami) -> None:
    ami.do("ModuleLoad", ("Module", "app_queue.so"), ("LoadType", "unload"))
    main = settled.etc / "queues.conf"
    text = main.read_text(encoding="utf-8")
    main.unlink()
    try:
        with pytest.raises(Unreadable, match=r"does not load app_queue\.so"):
            reload(ami, ["queues"])
        # Asterisk itself takes it for loaded; "Not Running" is what its console says.
        ami.do("ModuleCheck", ("Module", "app_queue"))
        assert not read_running(ami, None, []).loaded["queues"]
    finally:
        main.write_text(text, encoding="utf-8")
    reload(ami, ["queues"])
    assert read_running(ami, None, []).loaded["queues"]


def test_a_reload_waits_for_another(settled: Site, ami: Ami) -> None:
    def others() -> None:
        with estate.connect(settled) as session:
            for _ in range(30):
                session.command("module reload res_pjsip.so")

    busy = threading.Thread(target=others)
    busy.start()
    for _ in range(5):
        reload(ami, ["pjsip", "extensions"])
    busy.join()


def test_who_is_paused_stays_so_with_the_reason(settled: Site, ami: Ami) -> None:
    pause(ami, "PJSIP/2121", "Lunch")
    pause(ami, "PJSIP/3144", "Training")
    ami.command("queue add member PJSIP/2000 to billing penalty 3 as temp")
    pause(ami, "PJSIP/2000", "Tea")
    before = read_running(ami, None, [])
    text = estate.texts()[QUEUES]
    # One keeps the device and gets another penalty, the other gets another device.
    changed = text.replace("PJSIP/2121,10,marguerite.d", "PJSIP/2121,4,marguerite.d")
    changed = changed.replace("PJSIP/3144,5,farah.s,PJSIP/3144", "PJSIP/3999,5,farah.s,PJSIP/3999")
    estate.write(settled, {QUEUES: changed})
    try:
        with keep_pauses(ami, before):
            reload(ami, ["queues"])
            assert paused(ami) == {("billing", "marguerite.d"): "", ("billing", "temp"): "Tea"}
        assert paused(ami) == {
            ("billing", "marguerite.d"): "Lunch",
            ("billing", "farah.s"): "Training",
            ("billing", "temp"): "Tea",
        }
    finally:
        ami.command("queue remove member PJSIP/2000 from billing")
        for interface in ("PJSIP/2121", "PJSIP/3999"):
            ami.command(f"queue unpause member {interface} queue billing")


def test_who_came_back_in_between_is_not_paused_again(ami: Ami) -> None:
    pause(ami, "PJSIP/2121", "Lunch")
    pause(ami, "PJSIP/3144", "Lunch")
    before = read_running(ami, None, [])
    with keep_pauses(ami, before):
        ami.command("queue unpause member PJSIP/2121 queue billing")
        pause(ami, "PJSIP/3144", "Training")
    assert paused(ami) == {("billing", "farah.s"): "Training"}
    ami.command("queue unpause member PJSIP/3144 queue billing")


def test_pausing_again_needs_a_right(settled: Site, ami: Ami) -> None:
    pause(ami, "PJSIP/2121", "Lunch")
    before = read_running(ami, None, [])
    few = Login(settled.ami_host, settled.ami_port, "few", "few")
    manager = settled.etc / "manager.conf"
    text = manager.read_text(encoding="utf-8")
    user = "[few]\nsecret = few\nread = system\nwrite = system,reporting\n"
    manager.write_text(f"{text}\n{user}", encoding="utf-8")
    ami.command("manager reload")
    try:
        with (
            Ami.connect(few) as session,
            pytest.raises(Forbidden, match="QueuePause"),
            keep_pauses(session, before),
        ):
            reload(session, ["queues"])
    finally:
        manager.write_text(text, encoding="utf-8")
        ami.command("manager reload")
        ami.command("queue unpause member PJSIP/2121 queue billing")


def test_registrations_stay_over_reloads_of_everything(settled: Site, ami: Ami) -> None:
    phone = phones.ring(settled, {"2101": "of-2101", "2121": "of-2121"})
    try:
        texts = estate.texts()
        pjsip = texts["pjsip.d/ccstate.conf"].replace("context=site/sydney", "context=site", 3)
        estate.write(settled, {"pjsip.d/ccstate.conf": pjsip})
        reload(ami, FILES)
        assert phones.registered(settled) == {"2101", "2121"}
    finally:
        phones.stop(phone)
