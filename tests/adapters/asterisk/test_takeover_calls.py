"""Debian's basic PBX is taken over: its callers meet what they met, or what the import's report says."""

import re
from pathlib import Path

import pytest

from ccstate.adapters.asterisk.ami import Ami
from ccstate_lab import carriers
from ccstate_lab.callers import Press
from ccstate_lab.sipp import Account
from tests.adapters.asterisk import basic_pbx
from tests.adapters.asterisk.calls_met import login
from tests.adapters.asterisk.takeover import (
    BUSY,
    CARRIER,
    NOTICED,
    OFF,
    UNANSWERED,
    Case,
    Estate,
    Project,
    calls_met,
    idle,
    sent_as,
    soon,
    wrong,
)
from tests.asterisk_sites import NewSite

pytestmark = pytest.mark.no_cover  # measuring takes as long as the tests

GUIDE = Path(__file__).parents[3] / "docs/adapters/asterisk.md"
MODULES = sorted(set(re.findall(r"`((?:app|codec|format|func|pbx|res)_\w+)`", GUIDE.read_text())))
"""The modules that the guide names."""
MAIN = "2565551100"
OPERATOR = ("presses 0", idle("1111"))
ONE_KEY = "a menu of ccstate takes one key, at once"
WHOLE_TURN = "ccstate lets a phone ring to the end of its turn"
RING_TIME = "how long it rings"
"""Nobody waits for the end of a call that is answered."""
CASES = {
    "silence": Case(dials=MAIN, did=("presses nothing", "presses nothing"), stays=40),
    "key 0": Case(dials=MAIN, did=OPERATOR, keys=soon("0")),
    "key 1": Case(dials=MAIN, did=("presses 1",), keys=soon("1"), stays=2),
    "key 2": Case(
        dials=MAIN,
        did=("presses 2", UNANSWERED),
        keys=soon("2"),
        stays=12,
        listed=(ONE_KEY, WHOLE_TURN),
    ),
    "key 3": Case(dials=MAIN, did=("presses 3", idle("1106"), UNANSWERED), keys=soon("3"), stays=8),
    "key 4": Case(dials=MAIN, did=("presses 4",), keys=soon("4"), stays=2),
    "wrong key": Case(dials=MAIN, did=("presses 5", *OPERATOR), keys=soon("5", "0")),
    "wrong keys": Case(dials=MAIN, did=("presses 5", "presses 5"), keys=soon("5", "5"), stays=4),
    "late key": Case(dials=MAIN, did=OPERATOR, keys=(Press(7.5, "0"),)),
    "key in the second announcement": Case(
        dials=MAIN,
        did=("presses nothing", *OPERATOR),
        keys=(Press(11.5, "0"),),
        apart="time for a key",
    ),
    "an extension": Case(
        dials=MAIN,
        did=("presses 2", "and types on"),
        keys=tuple(Press(0.3, digit) for digit in "2565551104"),
        stays=2,
        behind=("advocates", "not answered"),
    ),
    "answered": Case(dials="2565551111", did=(idle("1111"),), behind=("wrong key",)),
    "busy": Case(dials="2565551108", did=(idle("1108"), BUSY), stays=4),
    "unreachable": Case(dials="2565551103", did=(idle("1103"), OFF), stays=4),
    "not answered": Case(dials="2565551104", did=(idle("1104"), UNANSWERED), stays=5),
    "number without a phone": Case(dials="2565551150", did=(idle("1150"),), stays=3),
    "unknown number": Case(dials="2565559999"),
    "first call": Case(dials="2565551107", did=(idle("1107"),), stays=5),
    "second call": Case(
        dials="2565551107", did=("DEVICE_STATE(PJSIP/1107) is BUSY",), stays=2, during="1107 talks"
    ),
    "sales": Case(dials="2565551200", stays=2, behind=("key 1",)),
    "advocates": Case(
        dials="2565551250", did=(UNANSWERED,), stays=8, behind=("key 2",), listed=(WHOLE_TURN,)
    ),
    "remote mailbox": Case(dials="2565551234", stays=2),
    "inside: answered": Case(
        dials="1111", did=(idle("1111"),), by="1110", behind=("key in the second announcement",)
    ),
    "inside: unreachable": Case(dials="1103", did=(idle("1103"), OFF), by="1110", stays=4),
    "inside: busy": Case(
        dials="1108", did=(idle("1108"), BUSY), by="1110", stays=4, behind=("busy",)
    ),
    "inside: menu": Case(
        dials="1100", did=OPERATOR, by="1110", keys=soon("0"), behind=("inside: answered",)
    ),
    "inside: mailbox": Case(dials="8000", by="1110", stays=2),
    "inside: room": Case(dials="6000", by="1110", stays=2),
    "inside: no such number": Case(dials="95550143", by="1110", stays=2),
    "outside: local": Case(dials="2000000", by="1113", apart=RING_TIME),
    "outside: with area": Case(dials="2562000000", by="1113", apart=RING_TIME),
    "outside: far": Case(dials="12002000000", by="1113", apart=RING_TIME),
    "outside: dear": Case(dials="9002000000", by="1113", stays=2),
    "outside: abroad": Case(dials="011442079460000", by="1113", stays=2, stands_for="02025550143"),
}

ESTATE = Estate(
    cases=CASES,
    trunk="dcs-endpoint",
    phones="Long-Distance",
    caller="20555501{:02}",
    prefix="+1",
    timezone="America/Chicago",
    mailboxes="example",
    spoken=("basic-pbx-ivr-main",),
)


@pytest.mark.process
@pytest.mark.parametrize("release", ["22", "16"])
def test_callers_of_a_site_that_is_taken_over_meet_what_the_report_says(
    release: str,
    new_site: NewSite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = new_site(release, files=basic_pbx.files(MODULES))
    trunk = carriers.answer(site, host=CARRIER, after=0.1)
    basic_pbx.write(site, trunk.port)
    accounts = basic_pbx.accounts()
    with basic_pbx.registered_phones(site, accounts):
        before = calls_met(ESTATE, site, accounts)
    sent = sorted(sent_as(invite) for invite in carriers.invites(trunk))

    project = Project(ESTATE, site, tmp_path, capsys)
    report = project.take_over(monkeypatch)
    moved = {name: Account(name, account.password) for name, account in accounts.items()}
    with basic_pbx.registered_phones(site, moved):
        after = calls_met(ESTATE, site, moved)

    assert wrong(ESTATE, before, after, report) == []
    assert sent == [
        ("12002000000", "2565551113"),
        ("12562000000", "2565551113"),
        ("12562000000", "2565551113"),
    ]
    assert sorted(sent_as(one) for one in carriers.invites(trunk)[len(sent) :]) == sent
    with Ami.connect(login(site)) as ami:
        counted = ami.do("MailboxCount", ("Mailbox", "1104@ccstate"))
    assert counted["NewMessages"] == "2", "one of before, which was moved, and one of after"

    project.go_back()
    names = ("answered", "unreachable")
    with basic_pbx.registered_phones(site, accounts):
        again = calls_met(ESTATE, site, accounts, names)
    assert [name for name in names if not again[name].is_as(before[name], NOTICED)] == []
