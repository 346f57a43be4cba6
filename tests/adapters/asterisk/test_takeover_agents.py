"""A desk whose agents log in by code is taken over: its callers and agents meet what they met.

Its carrier writes national numbers; its queue can be full, and nobody may be logged in.
"""

from pathlib import Path

import pytest

from ccstate.adapters.asterisk.ami import Ami
from ccstate_lab import carriers, phones
from ccstate_lab.sipp import Account
from ccstate_lab.site import Site
from tests.adapters.asterisk.calls_met import login
from tests.adapters.asterisk.recordings import shorten_recordings
from tests.adapters.asterisk.takeover import (
    CARRIER,
    UNANSWERED,
    Case,
    Estate,
    Project,
    calls_met,
    load,
    sent_as,
    wrong,
)
from tests.asterisk_sites import NewSite

pytestmark = pytest.mark.no_cover  # measuring takes as long as the tests

ACCOUNTS = {name: Account(name, f"secret-{name}") for name in ("2001", "2002", "2003", "2004")}
TRUNK = """
[line]
type = endpoint
context = inbound
disallow = all
allow = ulaw
aors = line
[line]
type = aor
contact = sip:{carrier}:{port}
[line]
type = identify
endpoint = line
match = 127.0.9.0/24
"""
PHONE = """
[{name}]
type = endpoint
context = phones
disallow = all
allow = ulaw
auth = {name}
aors = {name}
callerid = "Desk {name}" <{name}>
[{name}]
type = auth
auth_type = userpass
username = {name}
password = {password}
[{name}]
type = aor
max_contacts = 1
"""
QUEUES = """[general]
[support]
strategy = ringall
maxlen = 1
timeout = 20
retry = 1
joinempty = unavailable,invalid,unknown
ringinuse = no
"""
VOICEMAIL = """[general]
format = wav
[default]
2004 => 4711,Support
"""
DIALPLAN = """[inbound]
exten => 0255501000,1,Answer()
 same => n,Queue(support,,,,60)
 same => n,GotoIf($["${QUEUESTATUS}" = "FULL"]?full)
 same => n,VoiceMail(2004@default,u)
 same => n,Hangup()
 same => n(full),Dial(PJSIP/2003,10)
 same => n,Hangup()
exten => 0255501001,1,Dial(PJSIP/2004,3)
 same => n,VoiceMail(2004@default,u)
 same => n,Hangup()
[phones]
exten => _200X,1,Dial(PJSIP/${EXTEN},10)
 same => n,Hangup()
exten => *45,1,Answer()
 same => n,AddQueueMember(support,PJSIP/${CALLERID(num)})
 same => n,Playback(agent-loginok)
 same => n,Hangup()
exten => *46,1,Answer()
 same => n,RemoveQueueMember(support,PJSIP/${CALLERID(num)})
 same => n,Playback(agent-loggedoff)
 same => n,Hangup()
exten => _0[23478]XXXXXXXX,1,Set(CALLERID(num)=0255501000)
 same => n,Dial(PJSIP/${EXTEN}@line,60)
 same => n,Hangup()
exten => _0011X.,1,Set(CALLERID(num)=0255501000)
 same => n,Dial(PJSIP/${EXTEN}@line,60)
 same => n,Hangup()
"""
MAIN = "0255501000"
CASES = {
    "nobody is logged in": Case(dials=MAIN, did=("nobody is there",), stays=3),
    "an agent logs in": Case(dials="*45", by="2001", stays=3, behind=("nobody is logged in",)),
    "the agent takes a call": Case(dials=MAIN, stays=4, behind=("an agent logs in",)),
    "a caller waits": Case(dials=MAIN, stays=6, during="2001 talks"),
    "the queue is full": Case(
        dials=MAIN, did=("the queue is full",), stays=1, during="a caller waits waits"
    ),
    "the agent logs out": Case(
        dials="*46", by="2001", stays=3, behind=("a caller waits", "the queue is full")
    ),
    "nobody is logged in any more": Case(
        dials=MAIN, did=("nobody is there",), stays=3, behind=("the agent logs out",)
    ),
    "nobody answers": Case(dials="0255501001", did=(UNANSWERED,), stays=4),
    "number that nobody has": Case(dials="0255501999"),
    "inside": Case(dials="2003", by="2002", behind=("the queue is full",)),
    "outside": Case(dials="0292220000", by="2002"),
    "outside: mobile": Case(dials="0491570006", by="2002"),
    "outside: abroad": Case(dials="0011442079460000", by="2002"),
    "outside: as shown": Case(dials="+61491570006", by="2002"),
}
ESTATE = Estate(
    cases=CASES,
    trunk="line",
    phones="phones",
    caller="04915700{:02}",
    prefix="+61",
    timezone="Australia/Sydney",
    mailboxes="default",
    # The report: the carrier is shown +61…, unless the trunk has a number_format.
    changed={"trunks.yaml": ("inbound_number_format: national", "number_format: national")},
)


def write(site: Site, port: int) -> None:
    """Replace the site's own files by those of the desk, and load them."""
    own = (site.etc / "pjsip.conf").read_text(encoding="utf-8").partition("#tryinclude")[0]
    named = [PHONE.format(name=a.username, password=a.password) for a in ACCOUNTS.values()]
    texts = {
        "pjsip.conf": own + TRUNK.format(carrier=CARRIER, port=port) + "".join(named),
        "queues.conf": QUEUES,
        "voicemail.conf": VOICEMAIL,
        "extensions.conf": DIALPLAN,
    }
    for name, content in texts.items():
        (site.etc / name).write_text(content, encoding="utf-8")
    load(site)


@pytest.mark.process
@pytest.mark.parametrize("release", ["22", "16"])
def test_agents_who_log_in_and_their_callers_meet_the_same(
    release: str,
    new_site: NewSite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = new_site(release)
    shorten_recordings(site)
    trunk = carriers.answer(site, host=CARRIER, after=0.1)
    write(site, trunk.port)
    phones.answer(site, {name: ACCOUNTS[name] for name in ("2001", "2003")})
    phones.ring(site, {"2004": ACCOUNTS["2004"]})
    before = calls_met(ESTATE, site, ACCOUNTS)
    sent = sorted(sent_as(invite) for invite in carriers.invites(trunk))

    calls_met(ESTATE, site, ACCOUNTS, ("an agent logs in",))
    report = Project(ESTATE, site, tmp_path, capsys).take_over(monkeypatch)
    with Ami.connect(login(site)) as ami:
        members = ami.read("QueueStatus", ("Queue", "support"))
    logged_in = {event["Location"] for event in members if event.is_event("QueueMember")}
    assert logged_in == {"PJSIP/2001"}, "who was logged in stays so"
    calls_met(ESTATE, site, ACCOUNTS, ("the agent logs out",))
    after = calls_met(ESTATE, site, ACCOUNTS)

    assert wrong(ESTATE, before, after, report) == []
    shown = [met["the agent takes a call"].number_shown for met in (before, after)]
    assert shown == ["0491570012", "+61491570012"]
    reasons = [reason for line in report["lines_listed"] for reason in line["reasons"]]
    assert any("callers of this carrier in international form" in reason for reason in reasons)
    assert sent == [
        ("0011442079460000", "0255501000"),
        ("0292220000", "0255501000"),
        ("0491570006", "0255501000"),
    ]
    assert sorted(sent_as(one) for one in carriers.invites(trunk)[len(sent) :]) == sent
