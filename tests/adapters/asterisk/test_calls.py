"""Real calls on real sites: what is heard is what was walked."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.calls.caller import NAME, Dial, Entrance
from ccstate.adapters.asterisk.calls.run import Press, run
from ccstate.adapters.asterisk.calls.sipp import Sipp
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds.extension import unknown_password
from ccstate.adapters.asterisk.running.reload import reload
from ccstate.adapters.asterisk.sounds import audio
from ccstate.errors import InvalidInput, Unreadable
from ccstate.journeys.call_tests import CallResult, Person, RealCall, verdicts
from ccstate.journeys.flow import Flow
from ccstate.journeys.moments import Year
from ccstate.journeys.ways import End
from ccstate.model import Address
from ccstate_lab import carriers, phones, programs
from ccstate_lab import site as sites
from ccstate_lab.site import Site
from tests.adapters.asterisk.calls_at_a_rate import Loaded, load
from tests.journeys.strategies_journeys import Plain, centre
from tests.waiting import until

KEY = b"k" * 32
MAIN, OFFICE, DIRECT = "+61255500000", "+61255500001", "+61255500002"
TURNED = "+61255500003"
TUESDAY, SUNDAY, CHRISTMAS = "2026-11-24T10:00", "2026-11-22T10:00", "2026-12-25T10:00"
OUTSIDE = "+61491570006"
PHONES = {"2001": "pw2001", "2002": "pw2002"}

NODES: dict[str, Any] = {
    "hello": {"type": "play", "prompt": "hello", "then": "menu"},
    "menu": {
        "type": "menu",
        "prompt": "hello",
        "retries": 1,
        "timeout": "2s",
        "choices": {
            "1": "queue/sales",
            "2": "account",
            "3": "extension/2002",
            "4": "mobile",
            "5": "voicemail/2001",
            "9": "bye",
            "#": "queue/nobody",
        },
        "on_timeout": "voicemail/2003",
        "on_invalid": "bye",
    },
    "account": {
        "type": "collect",
        "prompt": "hello",
        "retries": 1,
        "timeout": "2s",
        "min_digits": 3,
        "max_digits": 5,
        "save_as": "account",
        "then": "desk",
        "on_timeout": "bye",
    },
    "desk": {"type": "dial", "extension": "2002", "ring_for": "5s"},
    "mobile": {"type": "dial", "number": OUTSIDE, "ring_for": "5s"},
    "bye": {"type": "hangup", "prompt": "hello"},
}
ESTATE: Plain = {
    "number": {
        MAIN: {"to": "ivr/main", "trunk": "carrier"},
        OFFICE: {
            "to": "queue/sales",
            "hours": "office",
            "closed": "voicemail/2001",
            "holiday": "hangup",
        },
        DIRECT: {"to": "extension/2001"},
        TURNED: {"to": "ivr/turned", "switch": "night-1", "on": "voicemail/2003"},
    },
    "switch": {"night-1": {}, "day": {"default": "on"}},
    "schedule": {
        "office": {
            "timezone": "Australia/Sydney",
            "weekly": {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
            "holidays": [{"name": "Christmas", "date": "2026-12-25"}],
        }
    },
    "ivr": {
        "main": {"start": "hello", "nodes": NODES},
        "turned": {
            "start": "ask",
            "nodes": {
                "ask": {"type": "switch", "switch": "day", "on": "extension/2001", "off": "hangup"}
            },
        },
    },
    "prompt": {"hello": {"languages": {"en-AU": {"text": "Hello"}}}},
    "queue": {
        "sales": {"members": [{"user": "priya.n"}, {"extension": "2002"}], "wrap_up": "0s"},
        "nobody": {"members": [], "overflow": {"empty": "voicemail/2003"}},
    },
    "user": {"priya.n": {"name": "Priya N", "extension": "2001"}},
    "extension": {
        "2001": {"device": "softphone", "secret": "pw2001", "voicemail": {}},
        "2002": {"device": "softphone", "secret": "pw2002", "ring_for": "5s"},
        "2003": {"device": "none", "voicemail": {"greeting": "hello"}},
    },
    "trunk": {"carrier": {"host": "127.0.0.9", "codecs": ["ulaw"]}},
}


@dataclass(frozen=True)
class Estate:
    """A site on which the estate runs, with its phones and its carrier."""

    site: Site
    flow: Flow

    @property
    def login(self) -> Login:
        return Login(self.site.ami_host, self.site.ami_port, "ccstate", self.site.ami_secret)

    @property
    def entrance(self) -> Entrance:
        return Entrance("127.0.0.1", self.site.sip_port, unknown_password(KEY, NAME))

    def run(self, tests: Plain | dict[str, Any], **more: Any) -> dict[str, CallResult]:
        walked = list(verdicts(self.flow, Year(self.flow.centre, date(2026, 11, 22)), tests))
        results = run(self.flow, walked, self.login, self.entrance, **more)
        return {result.walked.name: result for result in results}

    def channels(self) -> list[str]:
        """Those that do not go: none, or the test fails."""
        lab = Login(self.site.ami_host, self.site.ami_port, "lab", self.site.lab_secret)
        with Ami.connect(lab) as ami:
            until(lambda: not ami.read("CoreShowChannels"), "no channel is left")
            return [channel["Channel"] for channel in ami.read("CoreShowChannels")]


def estate_of(plain: Plain) -> dict[Address, Any]:
    return {
        Address(kind, n): fields for kind, named in plain.items() for n, fields in named.items()
    }


def settle(site: Site, plain: Plain) -> None:
    """The estate on a site, reloaded; its only prompt is a moment of silence."""
    path = site.sounds / "ccstate/hello/en-AU.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(audio.wav(bytes(2 * 8000 // 2), "silence"))
    texts = serialize(compile_objects(estate_of(plain), Setting(KEY, is_test_site=True)))
    for name, content in texts.items():
        (site.etc / name).parent.mkdir(exist_ok=True)
        (site.etc / name).write_bytes(content)
    # Who leaves during the beep would leave an empty message (16.28 and 22.10, seen).
    voicemail = site.etc / "voicemail.conf"
    general = voicemail.read_text(encoding="utf-8").replace("[general]", "[general]\nminsecs = 1")
    voicemail.write_text(general, encoding="utf-8")
    with Ami.connect(Login(site.ami_host, site.ami_port, "ccstate", site.ami_secret)) as ami:
        reload(ami, FILES)


@pytest.fixture(scope="module", params=["22", "16"])
def estate(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Estate]:
    release: str = request.param
    folder = tmp_path_factory.mktemp(f"calls-{release}-") / "site"
    site = sites.start(folder, name=f"calls-{release}", programs=programs.programs(release))
    try:
        carrier = carriers.answer(site, host="127.0.0.9", after=0.1)
        trunk = {**ESTATE["trunk"]["carrier"], "port": carrier.port}
        plain = {**ESTATE, "trunk": {"carrier": trunk}}
        settle(site, plain)
        phones.answer(site, PHONES, after=0.1)
        yield Estate(site, Flow(centre(plain)))
    finally:
        end(folder)


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises((InvalidInput, Unreadable)) as failed:
        yield
    assert [problem.code for problem in failed.value.problems] == [code]


def end(folder: Path) -> None:
    phones.end_all(folder)
    if running := sites.find(folder):
        sites.kill(running)


def promise(to: str, expect: str, *keys: str, at: str = TUESDAY) -> dict[str, Any]:
    return {"to": to, "at": at, "keys": list(keys), "expect": [expect], "caller": "+61491570156"}


def switched(expect: str, switch: str, position: str) -> dict[str, Any]:
    switches = [{"switch": switch, "position": position}]
    return {**promise(TURNED, expect), "switches": switches}


CALLS = {
    "a-key": promise(MAIN, "queue/sales", "1"),
    "a-key-that-leads-nowhere-then-one-that-does": promise(MAIN, "queue/sales", "8", "1"),
    "only-wrong-keys": promise(MAIN, "hangup", "8", "7"),
    "silence": promise(MAIN, "voicemail/2003"),
    "silence-then-nothing-more": promise(MAIN, "voicemail/2003", "", "1"),
    "an-account": promise(MAIN, "extension/2002", "2", "12345"),
    "an-account-typed-ahead": promise(MAIN, "extension/2002", "2123#"),
    "too-short-an-account-then-a-longer": promise(MAIN, "extension/2002", "2", "1#", "1234#"),
    "too-short-an-account-without-a-hash": promise(MAIN, "extension/2002", "2", "1", "123#"),
    "no-account": promise(MAIN, "hangup", "2"),
    "an-account-with-a-star": promise(MAIN, "hangup", "2", "12*#", "1*3#"),
    "an-extension": promise(MAIN, "extension/2002", "3"),
    "somebody-elsewhere": promise(MAIN, f"number/{OUTSIDE}", "4"),
    "a-mailbox": promise(MAIN, "voicemail/2001", "5"),
    "the-end": promise(MAIN, "hangup", "9"),
    "a-queue-of-nobody": promise(MAIN, "voicemail/2003", "#"),
    "office-open": promise(OFFICE, "queue/sales"),
    "office-closed": promise(OFFICE, "voicemail/2001", at=SUNDAY),
    "office-holiday": promise(OFFICE, "hangup", at=CHRISTMAS),
    "straight-to-a-phone": promise(DIRECT, "extension/2001"),
    "switches-by-default": promise(TURNED, "extension/2001"),
    "a-number-whose-switch-is-on": switched("voicemail/2003", "night-1", "on"),
    "a-node-whose-switch-is-off": switched("hangup", "day", "off"),
}


def test_calls_meet_what_the_walk_says(estate: Estate) -> None:
    results = estate.run(CALLS)
    heard = {name: r.observed for name, r in results.items() if not (r.passed and r.agrees)}
    assert heard == {}
    assert estate.channels() == []
    pressed = {name: _keys(result.observed) for name, result in results.items()}
    assert pressed["too-short-an-account-then-a-longer"] == "21#1234#"
    assert _person(results["straight-to-a-phone"]) == Person(extension="2001")
    assert _person(results["somebody-elsewhere"]) == Person(number=OUTSIDE)
    assert _person(results["a-key"]) in {Person("priya.n", "2001"), Person("2002", "2002")}
    mailboxes = estate.site.spool / "voicemail"
    assert not list(mailboxes.rglob("msg*.txt")), "whoever tests leaves no messages"


def _keys(heard: RealCall | None) -> str:
    return "".join(step.keys for step in heard.journey.steps) if heard else ""


def _person(result: CallResult) -> Person | None:
    return result.observed.person if result.observed else None


def test_a_site_that_does_something_else_is_reported_by_where_they_part(estate: Estate) -> None:
    """What is walked is not what runs: there, the keys 1 and 3 are the other way round."""
    choices = {**NODES["menu"]["choices"], "1": "extension/2002", "3": "queue/sales"}
    nodes = {**NODES, "menu": {**NODES["menu"], "choices": choices}}
    other = replace(
        estate, flow=Flow(centre({**ESTATE, "ivr": {"main": {"start": "hello", "nodes": nodes}}}))
    )
    (result,) = other.run({"swapped": promise(MAIN, "extension/2002", "1")}).values()
    assert not result.passed
    assert result.observed
    assert result.observed.journey.at == "queue/sales"
    assert result.agreement
    assert result.agreement.common == 3
    assert result.agreement.walked
    assert str(result.agreement.walked.place) == "extension/2002"
    assert result.agreement.observed
    assert str(result.agreement.observed.place) == "queue/sales"


def test_a_number_that_is_not_there_is_refused_and_one_unknown_is_not_called(
    estate: Estate,
) -> None:
    more = {**ESTATE, "number": {"+61255509999": {"to": "hangup"}}}
    other = replace(estate, flow=Flow(centre(more)))
    results = other.run(
        {"gone": promise("+61255509999", "hangup"), "unknown": promise(MAIN, "hangup", "9")}
    )
    assert results["unknown"].observed is None
    assert not results["unknown"].passed
    heard = results["gone"].observed
    assert heard
    assert (heard.journey.end, heard.journey.steps) == (End.CUT_OFF, ())
    assert not results["gone"].agrees


def test_a_call_that_comes_to_no_end_in_time_is_given_up(estate: Estate) -> None:
    (result,) = estate.run({"slow": promise(MAIN, "voicemail/2003")}, patience=-10.0).values()
    assert result.observed
    assert result.observed.journey.end is End.WAITS
    assert not result.passed
    assert estate.channels() == []


def test_a_caller_who_hangs_up_while_it_rings_leaves_nothing_behind(estate: Estate) -> None:
    dial = Dial(DIRECT, 1_795_561_200)
    with Sipp(estate.entrance) as caller:
        caller.dial(dial)
        time.sleep(0.06)
        caller.hang_up(dial.mark)
    assert estate.channels() == []


def test_callers_who_are_stopped_in_the_middle_hang_up(estate: Estate) -> None:
    dials = [Dial(MAIN, 1_795_561_200) for _ in range(3)]

    def stopped() -> None:
        with Sipp(estate.entrance) as caller:
            for dial in dials:
                caller.dial(dial)
            time.sleep(0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert estate.channels() == []


def test_a_site_that_is_no_test_site_says_so(estate: Estate) -> None:
    stranger = replace(estate.entrance, password="wrong")
    walked = verdicts(
        estate.flow, Year(estate.flow.centre, date(2026, 11, 22)), {"x": CALLS["a-key"]}
    )
    with refused("CC485"):
        run(estate.flow, list(walked), estate.login, stranger)


def test_a_site_that_does_not_answer_is_named(estate: Estate) -> None:
    nowhere = replace(estate.entrance, port=estate.site.ports.phones[-1])
    walked = verdicts(
        estate.flow, Year(estate.flow.centre, date(2026, 11, 22)), {"x": CALLS["a-key"]}
    )
    with refused("CC484"):
        run(estate.flow, list(walked), estate.login, nowhere)


def test_what_ami_does_not_tell_is_no_proof(estate: Estate, tmp_path: Path) -> None:
    """The AMI is that of another site, which sees none of the calls."""
    other = sites.start(tmp_path / "other", name="other", programs=estate.site.programs)
    try:
        login = Login(other.ami_host, other.ami_port, "ccstate", other.ami_secret)
        walked = verdicts(
            estate.flow, Year(estate.flow.centre, date(2026, 11, 22)), {"x": CALLS["a-key"]}
        )
        with refused("CC486"):
            run(estate.flow, list(walked), login, estate.entrance)
    finally:
        end(other.folder)
    assert estate.channels() == []


def test_calls_at_a_rate_are_counted(estate: Estate) -> None:
    def calls(number: str, **more: Any) -> Loaded:
        return load(estate.entrance, number, at=1_795_561_200, count=10, per_second=10, **more)

    # Again and again: a key that comes while the welcome is played is lost.
    through = calls(MAIN, keys=3 * [Press(1, "1")], stays=4)
    assert (through.succeeded, through.failed) == (10, {})
    ended = calls(MAIN, keys=5 * [Press(1, "9")], stays=8)
    assert (ended.succeeded, ended.failed) == (0, {"ended": 10})
    refused = calls("+61255509999")
    assert refused.succeeded == 0
    assert sum(refused.failed.values()) == 10
    assert estate.channels() == []


@pytest.mark.parametrize(
    "words",
    [
        {"number": "+61 2"},
        {"number": "1\r\nAction: x"},
        {"number": "[authentication]"},
        {"caller": "x@y"},
        {"at": -1},
        {"mark": "a b"},
    ],
)
def test_what_could_be_read_as_anything_else_is_not_dialled(words: dict[str, Any]) -> None:
    with refused("CC480"):
        Dial(**{"number": MAIN, "at": 0, **words})


@pytest.mark.parametrize("words", [("a b", 1, "x"), ("a", 0, "x"), ("a", 1, "x]"), ("a", 1, "")])
def test_what_could_be_read_as_anything_else_is_no_entrance(words: tuple[str, int, str]) -> None:
    with refused("CC481"):
        Entrance(*words)


def test_where_sipp_is_not_installed_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CCSTATE_SIPP")
    monkeypatch.setenv("PATH", "")
    with refused("CC482"):
        Sipp(Entrance("127.0.0.1", 5060, "x"))


@pytest.mark.process
def test_a_sipp_that_ends_says_why() -> None:
    with (
        refused("CC483"),
        Sipp(Entrance("127.0.0.1", 5060, "x"), program=("false",)),
    ):
        pass
