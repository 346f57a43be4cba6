"""Keys out of queues, ring groups, rights and recordings during a call, on real Asterisks."""

from pathlib import Path

from tests.adapters.asterisk.estate import Estate
from tests.waiting import until


def test_a_key_takes_the_caller_out_of_a_queue(estate: Estate) -> None:
    estate.edit("queues", "sales", "keys", value={"2": "voicemail/2900"})
    estate.apply()
    estate.call("queue/sales,s,1", ("Wait", "3"), ("SendDTMF", "5"), ("SendDTMF", "2"))
    estate.wait_for_channel("!VoiceMail!2900@ccstate")
    assert estate.plan() == ""


def test_a_ring_group_sends_callers_on_where_no_phone_answers(estate: Estate) -> None:
    group = {"extension": "8100", "members": ["2002", "2003"], "no_answer": "voicemail/2900"}
    estate.edit("ring_groups", value={"shop": group})
    estate.apply()
    estate.call("internal,8100,1")
    estate.wait_for_channel("!VoiceMail!2900@ccstate")
    assert estate.plan() == ""


def test_a_phone_that_is_not_registered_forwards_as_it_says(estate: Estate) -> None:
    estate.edit("extensions", "2002", "forward", value={"unavailable": "voicemail/2900"})
    estate.apply()
    estate.call("extension,2002,1")
    estate.wait_for_channel("!VoiceMail!2900@ccstate")


def test_an_extension_is_dialled_at_a_menu(estate: Estate) -> None:
    menu = ("ivrs", "main", "nodes", "menu")
    estate.edit(*menu, "dial_extensions", value=True)
    estate.edit(*menu, "choices", value={"1": "queue/sales"})
    estate.apply()
    estate.call("ivr/main/menu,s,1", ("Wait", "2"), ("SendDTMF", "2900"))
    estate.wait_for_channel("!VoiceMail!2900@ccstate")


def test_a_call_from_a_queue_has_the_codes_and_is_recorded(estate: Estate) -> None:
    recording = {"when": "always", "notice": "welcome", "folder": "sales"}
    estate.edit("queues", "sales", "recording", value=recording)
    estate.edit("queues", "sales", "member_rights", value=["transfer"])
    estate.apply()
    estate.extend("in-call-agent", "1", ("Answer", ""), ("Milliwatt", ""))
    with estate.ami() as ami:
        agent = ("Interface", "Local/1@in-call-agent/n")
        ami.do("QueueAdd", ("Queue", "sales"), agent, ("MemberName", "test"))
        estate.call("queue/sales,s,1")
        estate.wait_for_channel("!Up!AppQueue!")
        channels = estate.command("core show channels concise").splitlines()
        [caller] = [line.split("!")[0] for line in channels if "!Queue!" in line]
        asked = (("Channel", caller), ("Variable", "FEATUREMAP(blindxfer)"))
        assert ami.do("Getvar", *asked)["Value"] == "##"
        ami.do("QueueRemove", ("Queue", "sales"), agent)
    folder: Path = estate.site.spool / "monitor" / "ccstate" / "sales"
    until(
        lambda: any(p.stat().st_size > 1000 for p in folder.glob("*.wav")), "a recording is there"
    )
    assert estate.plan() == ""
