"""Keys out of queues, ring groups, rights and recordings during a call, on real Asterisks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.asterisk.estate import Applied, Estate, applied_on, settled
from tests.waiting import until

CALLER = "Local/1@in-call-test"


@pytest.fixture(scope="module", params=["22", "16"])
def applied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Applied]:
    folder = tmp_path_factory.mktemp(f"in-call-{request.param}-")
    with applied_on(request.param, folder) as found:
        yield found


@pytest.fixture
def estate(
    applied: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Estate]:
    found = settled(applied, capsys, monkeypatch)
    yield found
    found.command("channel request hangup all")


def call(estate: Estate, to: str, *then: tuple[str, str]) -> None:
    """Calls a place of the dialplan; the caller does these things there, one after the other."""
    extend(estate, "in-call-test", "1", ("Goto", to))
    extend(estate, "in-call-caller", "1", *then, ("Wait", "60"))
    with estate.ami() as ami:
        caller = (("Context", "in-call-caller"), ("Exten", "1"), ("Priority", "1"))
        ami.do("Originate", ("Channel", CALLER), *caller, ("Async", "true"))


def extend(estate: Estate, context: str, extension: str, *steps: tuple[str, str]) -> None:
    """An extension of the dialplan that is not of any file, and gone with the site."""
    with estate.ami() as ami:
        for priority, (application, data) in enumerate(steps, 1):
            place = (("Context", context), ("Extension", extension), ("Priority", str(priority)))
            what = (("Application", application), ("ApplicationData", data), ("Replace", "yes"))
            ami.do("DialplanExtensionAdd", *place, *what)


def comes_to(estate: Estate, text: str) -> None:
    """Some channel is there at last."""
    until(lambda: text in estate.command("core show channels concise"), f"a channel is at {text}")


def test_a_key_takes_the_caller_out_of_a_queue(estate: Estate) -> None:
    estate.edit("queues", "sales", "keys", value={"2": "voicemail/2900"})
    estate.apply()
    call(estate, "queue/sales,s,1", ("Wait", "3"), ("SendDTMF", "5"), ("SendDTMF", "2"))
    comes_to(estate, "!VoiceMail!2900@ccstate")
    assert estate.plan() == ""


def test_a_ring_group_sends_callers_on_where_no_phone_answers(estate: Estate) -> None:
    group = {"extension": "8100", "members": ["2002", "2003"], "no_answer": "voicemail/2900"}
    estate.edit("ring_groups", value={"shop": group})
    estate.apply()
    call(estate, "internal,8100,1")
    comes_to(estate, "!VoiceMail!2900@ccstate")
    assert estate.plan() == ""


def test_a_phone_that_is_not_registered_forwards_as_it_says(estate: Estate) -> None:
    estate.edit("extensions", "2002", "forward", value={"unavailable": "voicemail/2900"})
    estate.apply()
    call(estate, "extension,2002,1")
    comes_to(estate, "!VoiceMail!2900@ccstate")


def test_an_extension_is_dialled_at_a_menu(estate: Estate) -> None:
    menu = ("ivrs", "main", "nodes", "menu")
    estate.edit(*menu, "dial_extensions", value=True)
    estate.edit(*menu, "choices", value={"1": "queue/sales"})
    estate.apply()
    call(estate, "ivr/main/menu,s,1", ("Wait", "2"), ("SendDTMF", "2900"))
    comes_to(estate, "!VoiceMail!2900@ccstate")


def test_a_call_from_a_queue_has_the_codes_and_is_recorded(estate: Estate) -> None:
    recording = {"when": "always", "notice": "welcome", "folder": "sales"}
    estate.edit("queues", "sales", "recording", value=recording)
    estate.edit("queues", "sales", "member_rights", value=["transfer"])
    estate.apply()
    extend(estate, "in-call-agent", "1", ("Answer", ""), ("Milliwatt", ""))
    with estate.ami() as ami:
        agent = ("Interface", "Local/1@in-call-agent/n")
        ami.do("QueueAdd", ("Queue", "sales"), agent, ("MemberName", "test"))
        call(estate, "queue/sales,s,1")
        comes_to(estate, "!Up!AppQueue!")
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
