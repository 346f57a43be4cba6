"""Whatever stands in a dialplan: the comparison of an import raises nothing, and hides nothing."""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ccstate.adapters.asterisk import interpreter as by_hand
from ccstate.adapters.asterisk.importing import Setting, words
from ccstate.adapters.asterisk.interpreter import NotFollowed
from ccstate.adapters.asterisk.proof import prove, turns
from ccstate.adapters.asterisk.proof.lockstep import EntryPoint, Proof
from ccstate.adapters.asterisk.proof.objects import Where
from ccstate.adapters.asterisk.proof.proving import Proving
from ccstate.adapters.embedded import SUPPORTS
from ccstate.model import Address
from ccstate_lab.programs import programs
from tests.adapters.asterisk.estates import WORDS, confs, estate, imported_confs
from tests.adapters.asterisk.test_importing import BASIC_PBX, SPOKEN
from tests.adapters.asterisk.test_importing_properties import FILES
from tests.examples import scaled

SETTING = Setting(prefix="+61", timezone="Australia/Sydney", words=WORDS)
FIRST = date(2026, 11, 30)
KEYS = ("1", "2", "7", turns.SILENCE)
RUNG = (turns.ANSWERED, turns.NO_ANSWER, turns.BUSY, turns.UNAVAILABLE)
WAITED = (turns.ANSWERED, turns.NO_ANSWER)
MENUS = """\
[phones]
exten => 2001,1,Dial(PJSIP/2001,25)
 same => n,VoiceMail(2001@box,u)
 same => n,Hangup()
[inbound]
exten => 61255501000,1,{0}
 same => n,{1}
 same => n,Hangup()
exten => 61255501001,1,Goto(menu,s,1)
[menu]
exten => s,1,Answer()
 same => n,Background(menu)
 same => n,WaitExten(5)
 same => n,{2}
exten => 1,1,{3}
 same => n,{4}
exten => 2,1,{5}
exten => t,1,{6}
exten => i,1,{7}
 same => n,Goto(s,1)
"""
STEP = st.sampled_from(
    [
        "Answer()",
        "Hangup()",
        "Hangup(17)",
        "Busy()",
        "Wait(9)",
        "Playback(welcome)",
        "Playback(closed)",
        "Queue(help)",
        "Queue(help,,,,60)",
        "Queue(help,t,,,30)",
        "Dial(PJSIP/2001,25)",
        "Dial(PJSIP/2002,15)",
        "Dial(PJSIP/2002,15,tT)",
        "Dial(PJSIP/2001&PJSIP/2002,20)",
        "VoiceMail(2001@box,u)",
        "VoiceMail(2001@box,b)",
        "MixMonitor(x.wav)",
        "ConfBridge(1)",
        "Goto(menu,s,1)",
        "Goto(phones,2001,1)",
        "Goto(nowhere,1)",
        'GotoIf($["${DIALSTATUS}" = "BUSY"]?menu,s,1)',
        'GotoIf($["${CALLERID(num)}" = "0400000000"]?phones,2001,1)',
        'GotoIf($["${DB(night/on)}" = "1"]?phones,2001,1)',
        "GotoIfTime(9:00-17:00,mon-fri,*,*?phones,2001,1)",
        "AGI(x.agi)",
        "Set(CHANNEL(language)=fr)",
    ]
)
DIALPLAN = st.lists(STEP, min_size=8, max_size=8).map(lambda steps: MENUS.format(*steps))


def proving(files: dict[str, str]) -> Proving:
    read = confs(files)
    return Proving(read, imported_confs(read, SETTING), SETTING, FIRST)


@settings(max_examples=scaled(60))
@given(FILES)
def test_whatever_stands_in_the_files_is_compared_or_reported(files: dict[str, str]) -> None:
    read = confs(files)
    found = imported_confs(read, SETTING)
    proof = prove(read, found, SETTING, FIRST)
    assert proof.calls >= proof.same
    event("compared" if proof.calls else "nothing to dial")


class Walk:
    """One caller on both sides, with choices that are drawn; an own, plain way to compare."""

    def __init__(self, data: st.DataObject, both: Proving) -> None:
        self.data, self.both = data, both
        self.differs = False

    def door(self, number: str) -> None:
        start = self.both.entrances.number("line", number)
        (carrier,) = self.both._flow.centre.of("trunk")
        states = self.both.states(start, carrier).states
        phases, moments, facts = self.data.draw(st.sampled_from(states))
        objects = self.both.objects_saying(phases)
        stop: Any = self.both.written.begins("inbound", number, moments, facts)
        where: Where = start
        heard = ""
        for _ in range(12):
            turn = self.both.written.turn(stop)
            heard += turn.heard.words
            if isinstance(stop, by_hand.Clock):
                stop = self.both.written.at(stop, self._moments(stop))
                continue
            if isinstance(turn.what, turns.Open):
                stop = self.both.written.goes(
                    stop, self.data.draw(st.sampled_from(turn.what.values))
                )
                continue
            where, other = objects.turn(where)
            if heard.replace(" ", "") != other.heard.words.replace(" ", ""):
                self.differs = True
            heard = ""
            if not self._alike(turn.what, other.what):
                self.differs = True
                return
            did = self._did(turn.what)
            if did is None:
                return
            stop, where = self.both.written.goes(stop, did), objects.goes(where, did)
            if isinstance(stop, turns.Over):
                return

    def _moments(self, stop: by_hand.Clock) -> int:
        rest = stop.call.moments & ~stop.holds
        return int(self.data.draw(st.sampled_from([stop.holds, rest])))

    @staticmethod
    def _alike(one: turns.What, other: turns.What) -> bool:
        match one, other:
            case turns.Asks(), turns.Asks():
                return one.seconds == other.seconds or bool(one.typed)
            case turns.Waits(), turns.Waits():
                return (one.queue, one.seconds, one.options) == (
                    other.queue,
                    other.seconds,
                    other.options,
                )
            case turns.Message(), turns.Message():
                return one == other
            case turns.Over(), turns.Over():
                return other in (one, turns.NOTHING)
            case _:
                return one == other

    def _did(self, what: turns.What) -> str | None:
        match what:
            case turns.Asks():
                return self.data.draw(st.sampled_from(KEYS))
            case turns.Rings(seconds=seconds):
                did = self.data.draw(st.sampled_from(RUNG))
                return None if did == turns.ANSWERED or seconds is None else did
            case turns.Waits(seconds=seconds):
                did = self.data.draw(st.sampled_from(WAITED))
                return None if did == turns.ANSWERED or seconds is None else did
            case turns.Message():
                return turns.LEFT
            case _:
                return None


def reported(proof: Proof) -> set[str]:
    doors: list[EntryPoint] = [one.entry_point for one in proof.differences]
    doors += [one.entry_point for one in proof.unfollowed]
    return {entry_point.exten for entry_point in doors if entry_point.context == "inbound"}


@settings(max_examples=scaled(120))
@given(st.data(), DIALPLAN, st.sampled_from(["61255501000", "61255501001"]))
def test_no_caller_meets_something_else_in_silence(
    data: st.DataObject, dialplan: str, number: str
) -> None:
    both = proving(estate(extensions=dialplan))
    walk = Walk(data, both)
    try:
        walk.door(number)
    except NotFollowed:
        walk.differs = True
    event("differs" if walk.differs else "same")
    if walk.differs:
        assert number in reported(both.proof())


SWITCHED = """\
[globals]
NIGHT=0
[phones]
exten => *28,1,Set(GLOBAL(NIGHT)=1)
exten => *29,1,Set(GLOBAL(NIGHT)=0)
[inbound]
exten => 61255501000,1,GotoIf($["${NIGHT}" = "1"]?night)
 same => n,Queue(help)
 same => n(night),VoiceMail(2001@box,u)
 same => n,Hangup()
"""


def test_a_switch_is_in_the_same_position_on_both_sides() -> None:
    setting = replace(SETTING, supports=SUPPORTS)
    read = confs(estate(SWITCHED))
    found = imported_confs(read, setting)
    assert found.origins.switches, "the estate has a switch"
    proof = prove(read, found, setting, FIRST)
    assert "61255501000" not in reported(proof)
    # In each position: the queue, answered and for ever; a message, with a hang-up.
    both = Proving(read, found, setting, FIRST)
    states = both.states(both.entrances.number("line", "61255501000")).states
    assert [dict(state.facts) for state in states] == [
        {"GLOBAL(NIGHT)": "0"},
        {"GLOBAL(NIGHT)": "1"},
    ]


CODES = SWITCHED.replace(
    "exten => *29,1,Set(GLOBAL(NIGHT)=0)", "exten => *98,1,VoiceMailMain(2001@box)"
).replace("GLOBAL(NIGHT)=1", "GLOBAL(NIGHT)=$[1 - ${NIGHT}]")


def test_codes_that_phones_dial_are_compared() -> None:
    setting = replace(SETTING, supports=SUPPORTS)
    read = confs(estate(CODES))
    found = imported_confs(read, setting)
    others = {a: f for a, f in found.objects.items() if a.kind != "feature_code"}
    codes = {
        Address("feature_code", "mailbox"): {"code": "*98", "action": "mailbox"},
        Address("feature_code", "night"): {"code": "*28", "action": "switch", "switch": "night"},
    }

    def differing(objects: Mapping[Address, Any]) -> set[str]:
        proof = prove(read, replace(found, objects=objects), setting, FIRST)
        return {
            d.entry_point.exten for d in proof.differences if d.entry_point.exten.startswith("*")
        }

    assert differing({**others, **codes}) == set()
    assert differing(others) == {"*28", "*98"}


def test_every_call_of_the_basic_pbx_is_compared_and_what_differs_is_reported() -> None:
    root = programs("22").root
    folder = root / BASIC_PBX
    known = words(gzip.decompress((root / SPOKEN).read_bytes()))
    setting = Setting(prefix="+1", timezone="America/Chicago", words=known)
    read = confs(
        {
            name: (folder / name).read_text(encoding="utf-8")
            for name in ("pjsip.conf", "voicemail.conf", "queues.conf", "extensions.conf")
        }
    )
    proof = prove(read, imported_confs(read, setting), setting, FIRST)
    assert proof.unfollowed == []
    assert proof.calls == proof.same + proof.differ > 400
    told = {(d.file, d.line, d.about) for d in proof.differences}
    # What the file says by hand, and objects say otherwise; seen in extensions.conf.
    assert {
        ("extensions.conf", 94, "what happens"),  # a busy phone does not ring
        ("extensions.conf", 94, "the greeting"),  # and its mailbox greets callers so
        ("extensions.conf", 99, "what is heard"),  # one that is not there is an invalid number
        ("extensions.conf", 127, "how long it rings"),  # outside, without end
        ("extensions.conf", 163, "numbers with more digits"),  # numbers dialled at the menu
        ("extensions.conf", 176, "what happens"),  # the directory
    } <= told


BEHIND_A_PATTERN = """\
[phones]
exten => _X.,1,Goto(others,${EXTEN},1)
[others]
exten => 7000,1,Directory(box)
"""


def test_numbers_that_phones_reach_by_a_pattern_are_compared() -> None:
    proof = proving(estate(BEHIND_A_PATTERN)).proof()
    assert "7000" in {one.entry_point.exten for one in proof.differences}


def test_calls_of_carriers_that_send_no_number_are_compared() -> None:
    proof = proving(estate("[inbound]\nexten => s,1,Queue(help)\n")).proof()
    assert "s" in reported(proof)
