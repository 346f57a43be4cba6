import time

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.ami.message import Message
from ccstate.errors import InvalidInput, Unreadable
from ccstate_lab import carriers, phones, process
from ccstate_lab import site as sites
from ccstate_lab.site import Site
from tests.asterisk_sites import NewSite
from tests.waiting import GENEROUS, until


def phone(name: str) -> str:
    """An extension as PJSIP knows it; its password is pw and its name."""
    return f"""[{name}]
type = endpoint
context = lab
disallow = all
allow = ulaw
aors = {name}
auth = {name}
direct_media = no
[{name}]
type = auth
username = {name}
password = pw{name}
[{name}]
type = aor
max_contacts = 1
"""


def known(*names: str) -> dict[str, str]:
    """The file that makes a site know these extensions."""
    return {"pjsip.d/phones.conf": "".join(map(phone, names))}


def passwords(*names: str) -> dict[str, str]:
    return {name: f"pw{name}" for name in names}


def lab(site: Site) -> Ami:
    login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
    return Ami.connect(login, events="call")


def dialled(ami: Ami, channel: str, *, seconds: float = GENEROUS) -> Message:
    """What became of a call to that channel, put through to the echo; it stays up where answered.

    `seconds`: after them the caller gives up.
    """
    headers = [("Exten", "600"), ("Context", "lab"), ("Priority", "1"), ("Async", "true")]
    ami.do("Originate", ("Channel", channel), ("Timeout", f"{seconds * 1000:.0f}"), *headers)
    for event in ami.events(time.monotonic() + seconds + GENEROUS):
        if event.get("Event") == "OriginateResponse":
            return event
    pytest.fail(f"nothing became of the call to {channel}")


def all_hang_up(ami: Ami) -> None:
    """Everybody is told to hang up, and does."""
    ami.command("channel request hangup all")
    nobody_talks(ami)


def nobody_talks(ami: Ami) -> None:
    until(lambda: not ami.read("CoreShowChannels"), "no channel is left")


@pytest.fixture(params=["22", "16"])
def three(new_site: NewSite, request: pytest.FixtureRequest) -> Site:
    release: str = request.param
    return new_site(release, files=known("2001", "2002", "2003"))


def test_phones_register_and_answer_and_hang_up(three: Site) -> None:
    ours = phones.answer(three, passwords("2001", "2002"))
    assert phones.registered(three) == {"2001", "2002"}
    with lab(three) as ami:
        assert dialled(ami, "PJSIP/2001")["Response"] == "Success"
        assert dialled(ami, "PJSIP/2002")["Response"] == "Success"
        assert len(ami.read("CoreShowChannels")) == 2
        all_hang_up(ami)
    phones.stop(ours)
    assert not process.alive(ours.process)
    assert phones.registered(three) == frozenset()


def test_phones_that_are_not_answered_ring_until_the_caller_gives_up(three: Site) -> None:
    phones.ring(three, passwords("2001"))
    with lab(three) as ami:
        began = time.monotonic()
        # AMI's reason 3: it rang.
        assert dialled(ami, "PJSIP/2001", seconds=1)["Reason"] == "3"
        assert time.monotonic() - began > 0.9
        nobody_talks(ami)
        # It can be called again, so the first call is over on both sides.
        assert dialled(ami, "PJSIP/2001", seconds=1)["Reason"] == "3"


def test_phones_that_are_busy_say_so(three: Site) -> None:
    phones.busy(three, passwords("2001"))
    with lab(three) as ami:
        headers = [("Application", "Wait"), ("Data", "1"), ("Async", "true")]
        ami.do("Originate", ("Channel", "PJSIP/2001"), *headers)
        seen = ami.events(time.monotonic() + GENEROUS)
        # Q.850: 17 is "user busy".
        assert next(event["Cause"] for event in seen if event.get("Event") == "Hangup") == "17"


def test_of_several_phones_that_ring_the_first_to_answer_has_the_call(three: Site) -> None:
    phones.answer(three, passwords("2001"), after=0.6)
    phones.answer(three, passwords("2002"))
    phones.ring(three, passwords("2003"))
    with lab(three) as ami:
        dial = "PJSIP/2001&PJSIP/2002&PJSIP/2003"
        ami.command(f"dialplan add extension 9,1,Dial({dial}) into lab")
        assert dialled(ami, "Local/9@lab")["Response"] == "Success"
        time.sleep(1)  # the other would answer after 0.6
        talking = {channel["Channel"].split("-")[0] for channel in ami.read("CoreShowChannels")}
        assert {name for name in talking if name.startswith("PJSIP/")} == {"PJSIP/2002"}
        all_hang_up(ami)


def test_phones_outlive_the_site_and_serve_it_again(
    three: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phones, "AGAIN", 0.2)
    ours = phones.answer(three, passwords("2001"))
    sites.kill(three)
    time.sleep(1)
    (three.folder / "var/db/astdb.sqlite3").unlink()
    sites.start(three.folder, name=three.name, programs=three.programs)
    until(lambda: phones.registered(three), "the phone registers again")
    assert process.alive(ours.process)
    with lab(three) as ami:
        assert dialled(ami, "PJSIP/2001")["Response"] == "Success"


def test_sixty_phones_are_one_process(new_site: NewSite) -> None:
    names = [str(number) for number in range(2001, 2061)]
    site = new_site(files=known(*names))
    ours = phones.answer(site, passwords(*names))
    assert ours.extensions == tuple(names)
    with lab(site) as ami:
        for name in names[::6]:
            assert dialled(ami, f"PJSIP/{name}")["Response"] == "Success"
        all_hang_up(ami)


def test_phones_that_the_site_does_not_know_are_named(three: Site) -> None:
    extensions = {**passwords("2001", "4711"), "2002": "wrong"}
    with pytest.raises(Unreadable) as wrong:
        phones.answer(three, extensions, wait=1)
    assert "2 of 3 phones cannot register" in str(wrong.value)
    assert "2002, 4711" in str(wrong.value)
    assert "wrong" not in str(wrong.value)


@pytest.mark.parametrize("password", ["a;b", "a b", 'a"b', "a]b", "a\nb", ""])
def test_a_password_that_sipp_would_misread_is_refused(three: Site, password: str) -> None:
    with pytest.raises(InvalidInput, match="cannot register with such a name or password"):
        phones.answer(three, {"2001": password})


def trunk(host: str, port: int) -> dict[str, str]:
    return {
        "pjsip.d/trunk.conf": f"""[out]
type = endpoint
context = lab
disallow = all
allow = ulaw
aors = out
[out]
type = aor
contact = sip:{host}:{port}
[out-registers]
type = registration
server_uri = sip:{host}:{port}
client_uri = sip:brolga@{host}:{port}
retry_interval = 1
"""
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
def test_a_carrier_remembers_what_it_was_sent(new_site: NewSite, host: str) -> None:
    site = new_site()
    carrier = carriers.answer(site, host=host)
    sites.stop(site)
    files = {
        **trunk(host, carrier.port),
        "extensions.d/out.conf": "[out]\nexten => h,1,NoOp()\nexten => s,1,"
        "Set(PJSIP_HEADER(add,Geolocation)=<https://brolga.example/sydney>)\n same => n,Return()\n"
        "exten => 1,1,Dial(PJSIP/+61255501000@out,,b(out^s^1))\n",
    }
    site = sites.start(site.folder, name=site.name, programs=site.programs, files=files)
    with lab(site) as ami:
        assert dialled(ami, "Local/1@out")["Response"] == "Success"
        all_hang_up(ami)
        # It unregisters now, and registers five seconds later (16.28 and 22.10, seen).
        ami.do("PJSIPRegister", ("Registration", "out-registers"))
        until(
            lambda: (
                "Registered"
                in [row["Status"] for row in ami.read("PJSIPShowRegistrationsOutbound")]
            ),
            "the trunk registers",
        )
    (invite,) = carriers.invites(carrier)
    assert invite.uri == f"sip:+61255501000@{host}:{carrier.port}"
    assert invite.get("geolocation") == "<https://brolga.example/sydney>"
    assert "m=audio" in invite.body
    carriers.stop(carrier)
    assert not process.alive(carrier.process)


def test_a_carrier_may_take_no_call_at_all(new_site: NewSite) -> None:
    site = new_site()
    carrier = carriers.refuse(site)
    sites.stop(site)
    files = trunk("127.0.0.1", carrier.port)
    site = sites.start(site.folder, name=site.name, programs=site.programs, files=files)
    with lab(site) as ami:
        assert dialled(ami, "PJSIP/+61255501000@out")["Response"] == "Failure"
    assert [invite.uri for invite in carriers.invites(carrier)] == [
        f"sip:+61255501000@127.0.0.1:{carrier.port}"
    ]


def test_a_carrier_on_a_port_that_is_taken_says_so(three: Site) -> None:
    with pytest.raises(Unreadable, match=f"cannot listen on 127.0.0.1:{three.sip_port}"):
        carriers.answer(three, port=three.sip_port)
