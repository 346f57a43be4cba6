"""Calls that a dialplan records: `recording` of queues and extensions, and what they do not say."""

from typing import Any

import pytest

from ccstate.adapters.asterisk.importing import Imported, Setting
from ccstate.adapters.embedded import SUPPORTS
from tests.adapters.asterisk.estates import WORDS, estate, fields, imported, listed

NOTICE = "this-call-may-be-recorded"
RECORDED = {**WORDS, NOTICE: "This call may be recorded."}


SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=RECORDED, supports=SUPPORTS)


def whole(added: str) -> Imported:
    """For a platform that can hold everything."""
    return imported(estate(added), SETTING)


def recording(found: Imported, address: str) -> Any:
    return fields(found, address).get("recording")


def lines(found: Imported, word: str) -> list[str]:
    """What is told of the lines that have a word."""
    return [line for line in listed(found) if word in line.partition(": ")[0]]


def number(steps: str, dialled: str = "+61255501000") -> str:
    """A number in the context of the trunk, with its steps one a line."""
    first, *others = steps.strip().splitlines()
    return f"exten => {dialled},1,{first}\n" + "".join(f" same => n,{step}\n" for step in others)


def with_2002(steps: str) -> Imported:
    """The estate in which phone 2002 is rung by these steps."""
    text = {**estate(), "extensions.conf": "[phones]\n" + number(steps, "2002")}
    return imported(text, SETTING)


@pytest.mark.parametrize(
    "steps, expected",
    [
        ("MixMonitor(${UNIQUEID}.wav,b)\nQueue(help)", {"when": "always"}),
        ("MixMonitor(sales/${UNIQUEID}.wav,b)\nQueue(help)", {"when": "always", "folder": "sales"}),
        ("MixMonitor(/srv/calls/${UNIQUEID}.wav,b)\nQueue(help)", {"when": "always"}),
        ("MixMonitor(${EXTEN}/${UNIQUEID}.wav,b)\nQueue(help)", {"when": "always"}),
        ("Monitor(wav,sales/${UNIQUEID},b)\nQueue(help)", {"when": "always", "folder": "sales"}),
        (
            f"Answer()\nPlayback({NOTICE})\nMixMonitor(${{UNIQUEID}}.wav,b)\nQueue(help)",
            {"when": "always", "notice": NOTICE},
        ),
        (
            f"MixMonitor(${{UNIQUEID}}.wav,b)\nPlayback({NOTICE})\nQueue(help)",
            {"when": "always", "notice": NOTICE},
        ),
        ("MixMonitor(a.wav,b)\nStopMixMonitor()\nQueue(help)", None),
        ("Queue(help,xt)", {"when": "on_demand"}),
        ("Queue(help,t)", None),
    ],
)
def test_a_queue_has_the_recording_of_the_calls_that_reach_it(steps: str, expected: object) -> None:
    assert recording(whole("[inbound]\n" + number(steps)), "queue/help") == expected


def test_a_call_that_is_recorded_while_it_waits_is_reported() -> None:
    found = whole("[inbound]\n" + number("MixMonitor(${UNIQUEID}.wav,,/bin/mail)\nQueue(help)"))
    assert recording(found, "queue/help") == {"when": "always"}
    (told,) = lines(found, "MixMonitor")
    for word in ("before the call is answered", "runs no program", "kept in monitor/ccstate,"):
        assert word in told


def test_an_announcement_that_does_not_speak_of_a_recording_is_no_notice() -> None:
    steps = "Answer()\nPlayback(demo-thanks)\nMixMonitor(${UNIQUEID}.wav,b)\nQueue(help)"
    assert recording(whole("[inbound]\n" + number(steps)), "queue/help") == {"when": "always"}


def test_a_queue_that_some_calls_reach_unrecorded_is_reported() -> None:
    both = number("MixMonitor(a.wav,b)\nQueue(help)") + number("Queue(help)", "+61255501001")
    found = whole("[inbound]\n" + both)
    assert recording(found, "queue/help") == {"when": "always"}
    told = " ".join(lines(found, "Queue(help)"))
    assert "from here calls are not recorded; queue/help says recorded" in told


def test_an_extension_whose_calls_are_recorded() -> None:
    found = with_2002("MixMonitor(${UNIQUEID}.wav,b)\nDial(PJSIP/2002,20)")
    assert recording(found, "extension/2002") == {"when": "always"}
    (told,) = lines(found, "MixMonitor")
    assert "the calls that this phone makes are recorded as well" in told


def test_a_phone_that_may_record_by_a_key() -> None:
    found = with_2002("Dial(PJSIP/2002,20,xtT)")
    assert recording(found, "extension/2002") == {"when": "on_demand"}
    assert fields(found, "extension/2002")["rights"] == ["transfer"]


def test_a_recording_of_what_is_not_answered_is_listed() -> None:
    found = whole("[inbound]\n" + number("MixMonitor(a.wav)\nVoiceMail(2001@box,u)"))
    (told,) = lines(found, "MixMonitor")
    assert "by its field `recording`" in told
