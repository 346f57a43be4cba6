"""An object gets another name on a real Asterisk: who is in it, and what is kept of it, goes along."""

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccstate.adapters.asterisk.entries import DIALPLAN
from ccstate_lab import phones
from tests.adapters.asterisk.estate import DESIRED, PHONES, Estate, flat, write_connection
from tests.adapters.asterisk.renames import (
    GREETING,
    agents,
    come,
    leave_message,
    log_in,
    messages,
    queue,
    rename,
    waits,
)
from tests.waiting import until

pytestmark = pytest.mark.no_cover  # these try Asterisk, and the rest is measured elsewhere


def test_callers_and_agents_of_a_queue_go_along(estate: Estate) -> None:
    desired = copy.deepcopy(dict(DESIRED))
    desired["queues"]["sales"] |= {"ring_for": "3s", "retry": "1s"}
    estate.declare(desired)
    estate.apply()
    # For the first who waits a phone rings that nobody answers.
    ringing = phones.ring(estate.site, {"2002": PHONES["2002"]})
    estate.command("queue pause member PJSIP/2001 queue sales reason lunch")
    log_in(estate, "sales", "Local/agent@desk", "zoe")
    for number in (1, 2, 3):
        come(estate, "sales", number)
    in_order = waits(estate, "sales")
    before = agents(estate, "sales")
    assert before["zoe"] == ("Local/agent@desk", "dynamic", "3", "training")
    assert before["ann.l"][3] == "lunch"
    until(lambda: "Ringing" in estate.command("core show channels"), "a phone rings")

    estate.declare(rename(desired, "queue", "sales", "sales-au"))
    assert "callers who wait go along in their order" in flat(estate.plan())
    estate.apply()
    assert waits(estate, "sales") == []
    assert waits(estate, "sales-au") == in_order
    assert queue(estate, "sales", "QueueMember") == []
    assert agents(estate, "sales-au") == before
    assert estate.command("database show Queue").count("sales") == 1, "of the new queue alone"
    left = [
        int(line.split("!")[6].rpartition(",")[2])
        for line in estate.command("core show channels concise").splitlines()
        if "!Queue!sales-au" in line
    ]
    assert len(left) == 3
    assert 150 < min(left) < 180 >= max(left), "what is left of three minutes"
    come(estate, "sales-au", 4)
    assert waits(estate, "sales-au")[:3] == in_order, "behind those who came before"
    assert estate.plan() == ""
    assert estate.leftovers() == []

    phones.stop(ringing)
    answering = phones.answer(estate.site, {"2002": PHONES["2002"]}, after=0.1)
    log = estate.site.queue_log
    until(lambda: "|sales-au|bo.o|CONNECT|" in log.read_text(encoding="utf-8"), "it is answered")
    phones.stop(answering)


@pytest.fixture
def mailboxes(estate: Estate) -> Iterator[Path]:
    folder = leave_message(estate, "2001")
    yield folder
    shutil.rmtree(folder)


def test_what_the_server_keeps_of_an_extension_goes_along(estate: Estate, mailboxes: Path) -> None:
    desired = copy.deepcopy(dict(DESIRED))
    desired["switches"] = {"night": {"default": "off"}}
    estate.declare(desired)
    estate.apply()
    kept = {
        "ccstate/forward 2001": "+61255550000",
        "ccstate/do_not_disturb 2001": "on",
        "ccstate/switch night": "on",
        "CustomDevstate ccstate-night": "INUSE",
        "ccstate/forward 2011": "what a former 2011 had set",
    }
    for key, value in kept.items():
        estate.command(f'database put {key} "{value}"')
    log_in(estate, "reception", "PJSIP/2001", "ann.l")
    log_in(estate, "reception", "PJSIP/2002", "bo.o")
    estate.command("queue pause member PJSIP/2001 queue sales reason lunch")
    # Somebody leaves a message while the plan is applied.
    estate.call("voicemail,2001,1", ("Wait", "3"), ("Hangup", ""))
    estate.wait_for_channel("!VoiceMail!2001@ccstate")

    then = rename(desired, "extension", "2001", "2011")
    then = rename(then, "user", "bo.o", "bo.m")
    estate.declare(rename(then, "switch", "night", "late"))
    plan = flat(estate.plan())
    assert "1 extension is renamed; its phone must register anew, under the new name" in plan
    assert "messages and greetings do, too" in plan
    estate.apply()

    assert messages(estate, "2011") in {("1", "0"), ("2", "0")}
    assert (mailboxes / "2011/unavail.wav").read_text(encoding="utf-8") == GREETING
    assert not (mailboxes / "2001").is_symlink()
    assert not (mailboxes / "2001").exists()
    kept_now = estate.command("database show")
    for name in ("forward/2011", "do_not_disturb/2011", "switch/late", "ccstate-late"):
        assert name in kept_now
    assert "+61255550000" in kept_now
    assert "a former 2011" not in kept_now
    assert not [line for line in kept_now.splitlines() if "2001" in line or "night" in line]
    where = "PJSIP/2011"
    assert agents(estate, "reception")["ann.l"] == (where, "dynamic", "3", "training")
    assert agents(estate, "reception")["bo.m"] == ("PJSIP/2002", "dynamic", "3", "training")
    assert "bo.o" not in {**agents(estate, "reception"), **agents(estate, "sales")}
    assert agents(estate, "sales")["ann.l"] == (where, "static", "0", "lunch")
    assert estate.plan() == ""

    # Whoever has the mailbox hears the message: it is an old one then.
    estate.extend("mailbox-test", "1", ("VoiceMailMain", "2011@ccstate,s"))
    caller = [step for _ in range(3) for step in (("Wait", "2"), ("SendDTMF", "1"))]
    estate.call("mailbox-test,1,1", *caller)
    heard = f"{mailboxes.parent.parent}/voicemail/ccstate/2011/INBOX/msg0000"
    until(lambda: heard in estate.site.log.read_text(encoding="utf-8"), "the message is played")


def test_the_way_back_takes_along_what_came_since(estate: Estate, mailboxes: Path) -> None:
    estate.declare(rename(dict(DESIRED), "extension", "2001", "2011"))
    estate.apply()
    inbox = mailboxes / "2011/INBOX"
    for suffix in (".txt", ".wav"):
        shutil.copy(inbox / f"msg0000{suffix}", inbox / f"msg0001{suffix}")
    plan = max((estate.folder / "plans").iterdir(), key=lambda folder: folder.stat().st_mtime)
    assert estate.run("rollback", plan.name) == 0, estate.lines
    assert "→ extension/2001" in estate.out
    assert "messages and greetings do, too" in estate.lines
    assert estate.run("apply") == 0, estate.lines
    assert messages(estate, "2001") == ("2", "0")
    assert [found.name for found in mailboxes.iterdir()] == ["2001"]
    estate.declare(DESIRED)
    assert estate.plan() == ""


def test_what_keeps_an_object_from_its_new_name_is_told_before(
    estate: Estate, mailboxes: Path
) -> None:
    desired = rename(dict(DESIRED), "extension", "2001", "2021")
    estate.declare(rename(desired, "queue", "sales", "sales-au"))
    (mailboxes / "2021").mkdir()
    main = estate.site.etc / "queues.conf"
    before = main.read_text(encoding="utf-8")
    main.write_text(before.replace("queues.d/*.conf", "queues.d/ccstate.conf"), encoding="utf-8")
    assert estate.run("plan") == 3
    assert "queues.conf does not include queues.d/ccstate-old-names.conf" in estate.lines
    assert "messages of another time lie in" in estate.lines
    main.write_text(before, encoding="utf-8")
    write_connection(estate.folder, {**estate.connection, "spool": str(mailboxes / "2001/INBOX/x")})
    assert "messages and greetings stay behind: there is no folder" in flat(estate.plan())
    write_connection(estate.folder, estate.connection)


CHOOSES = """[test-chooses]
exten => 1,1,Wait(2)
 same => n,SendDTMF(1)
 same => n,Wait(60)
[test-menu]
exten => 1,1,Goto(ivr/main/menu,s,1)
"""


def test_who_chooses_in_a_tree_goes_on_when_it_is_renamed(estate: Estate) -> None:
    # In a file: a reload takes away what AMI has added to the dialplan.
    callers = estate.site.etc / "extensions.d/callers.conf"
    callers.write_text(CHOOSES, encoding="utf-8")
    estate.reload(DIALPLAN)
    with estate.ami() as ami:
        there = ("Context", "test-chooses"), ("Exten", "1"), ("Priority", "1")
        ami.do("Originate", ("Channel", "Local/1@test-menu"), *there, ("Async", "true"))
    estate.wait_for_channel("!WaitExten!")
    estate.declare(rename(dict(DESIRED), "ivr", "main", "front"))
    estate.apply()
    until(lambda: len(waits(estate, "sales")) == 1, "the caller has chosen, and waits")
    assert "ivr/main/" not in estate.command("dialplan show").replace("Goto(ivr/main/", "")
    assert estate.plan() == ""
    callers.unlink()
