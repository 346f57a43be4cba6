"""Agents who log in, feature codes and switches, dialled on phones of real Asterisks.

A phone dials when Asterisk calls it and then goes on as if it had dialled: the channel is that of
the phone, with the variables of its endpoint and the context in which its calls start.
"""

import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.ami.message import Message
from ccstate_lab import phones
from tests.adapters.asterisk.estate import (
    NUMBER,
    PHONES,
    Applied,
    Estate,
    applied_on,
    set_secrets,
    write_desired,
)
from tests.waiting import GENEROUS, until

SECRET = PHONES["2001"]
REASON = 'Lunch, "long" ${EPOCH}'
"""A reason whose characters would mean something to a dialplan."""
MEMBERS: list[dict[str, Any]] = [
    {"user": "ann.l", "login": "dynamic", "penalty": 3},
    {"extension": "desk-b", "login": "dynamic"},
]
CODES: dict[str, dict[str, Any]] = {
    "log-in": {"code": "*45", "action": "log_in"},
    "log-out": {"code": "*46", "action": "log_out", "queue": "help"},
    "pause": {"code": "*47", "action": "pause", "reason": REASON},
    "unpause": {"code": "*48", "action": "unpause"},
    "pick-up": {"code": "*8", "action": "pick_up"},
    "silence": {"code": "*78", "action": "do_not_disturb"},
    "night": {"code": "*28", "action": "switch", "switch": "night"},
    "park": {"code": "*70", "action": "park", "parking_lot": "office"},
    "forward": {"code": "*72", "action": "forward"},
    "elsewhere": {"code": "*29", "action": "switch", "switch": "night", "sites": ["perth"]},
}
DESIRED: dict[str, Any] = {
    "sites": {name: {"timezone": "Australia/Sydney"} for name in ("sydney", "perth")},
    "users": {"ann.l": {"name": "Ann Lee", "extension": "2001"}},
    "extensions": {
        name: {"secret": "env:SIP_2001", "site": "sydney", "pickup_group": "front"}
        for name in ("2001", "2002")
    }
    | {"desk-b": {"number": "2003", "secret": "env:SIP_2001", "site": "sydney"}},
    "switches": {"night": {"label": "Night"}},
    "queues": {
        "sales": {
            "members": deepcopy(MEMBERS),
            "overflow": {"empty": "extension/2002", "after": "1m", "to": "hangup"},
        },
        "help": {
            "members": [{"user": "ann.l", "login": "dynamic"}],
            "overflow": {"empty": "hangup"},
        },
    },
    "feature_codes": CODES,
    "parking_lots": {"office": {"extension": "750", "slots": "751-753"}},
    "numbers": {NUMBER: {"to": "queue/sales", "switch": "night", "on": "extension/2002"}},
}
FILES = {"extensions.d/lines.conf": "[lines]\ninclude => numbers\n"}
"""A local channel takes what is behind a slash for options of its own."""


@pytest.fixture(scope="module", params=["22", "16"])
def applied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Applied]:
    folder = tmp_path_factory.mktemp(f"codes-{request.param}-")
    with applied_on(request.param, folder, files=FILES) as found:
        yield found


class Exchange(Estate):
    """The estate, and what its phones dial."""

    def dials(self, phone: str, code: str, *, site: str = "sydney") -> None:
        """A phone dials a code, and the exchange has done what the code says."""
        with self.listening("call") as ami:
            ami.do(
                "Originate",
                ("Channel", f"PJSIP/{phone}"),
                ("Context", f"site/{site}"),
                ("Exten", code),
                ("Priority", "1"),
                ("Async", "true"),
            )
            channels = set()
            for event in ami.events(time.monotonic() + GENEROUS):
                if event.get("Event") == "Newchannel" and f"/{phone}-" in event["Channel"]:
                    channels.add(event["Channel"])
                if event.get("Event") == "Hangup" and event["Channel"] in channels:
                    return
        raise AssertionError(f"the call of {phone} to {code} does not end")

    def forwards(self, phone: str, number: str) -> None:
        """A phone dials the code, and types the number to which its calls are to go."""
        self.extend("code-dialled", "1", ("Goto", "site/sydney,*72,1"))
        # Of several keys in a row Asterisk takes the first only from a phone without sound (seen).
        keys = (("Wait", "3"), ("SendDTMF", f"{number}#"), ("Wait", "60"))
        self.extend("code-typed", "1", *keys)
        with self.listening("call") as ami:
            ami.do(
                "Originate",
                ("Channel", "Local/1@code-dialled/n"),
                ("Context", "code-typed"),
                ("Exten", "1"),
                ("Priority", "1"),
                ("Variable", f"__CC_EXTENSION={phone}"),
                ("Async", "true"),
            )
            for event in ami.events(time.monotonic() + GENEROUS):
                is_own = event.get("Channel").startswith("Local/1@code-dialled")
                if event.get("Event") == "Hangup" and is_own:
                    return
        raise AssertionError(f"the call of {phone} does not end")

    def rung(self) -> str:
        """The first phone that rings when somebody calls the number."""
        with self.listening("call") as ami:
            self._calls(ami)
            for event in ami.events(time.monotonic() + GENEROUS):
                channel = event.get("DestChannel")
                if event.get("Event") == "DialBegin" and channel.startswith("PJSIP/"):
                    return channel.removeprefix("PJSIP/").rpartition("-")[0]
        raise AssertionError("no phone rings")

    def meets(self, *ends: str) -> str:
        """Where a call from outside ends: the first of these that is told."""
        with self.listening("user,agent") as ami:
            self._calls(ami)
            for event in ami.events(time.monotonic() + GENEROUS):
                if (found := _met(event)) in ends:
                    return found
        raise AssertionError(f"no call comes to {', '.join(ends)}")

    @staticmethod
    def _calls(ami: Ami, seconds: int = 2) -> None:
        ami.do(
            "Originate",
            ("Channel", f"Local/{NUMBER}@lines/n"),
            ("Application", "Wait"),
            ("Data", str(seconds)),
            ("Async", "true"),
        )

    def listening(self, events: str) -> Ami:
        site = self.site
        return Ami.connect(
            Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret), events=events
        )

    def members(self, queue: str) -> dict[str, Message]:
        """Who is a member of a queue now, by name."""
        with self.ami() as ami:
            found = ami.read("QueueStatus", ("Queue", queue))
        return {event["Name"]: event for event in found if event.is_event("QueueMember")}

    def lamp(self, code: str) -> str:
        return self.command(f"core show hint {code}")


def _met(event: Message) -> str:
    if event.get("Event") == "AgentConnect":
        return f"answered by {event['MemberName']}"
    return event.get("Place") if event.get("Event") == "UserEvent" else ""


@pytest.fixture
def exchange(
    applied: Applied, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Exchange]:
    set_secrets(monkeypatch)
    estate = Exchange(applied.project, applied.site, capsys)
    write_desired(estate.folder, DESIRED)
    if estate.plan():
        estate.apply()
    phones.answer(applied.site, dict.fromkeys(("2001", "2002", "desk-b"), SECRET), after=0.1)
    yield estate
    phones.end_all(applied.site.folder)
    estate.command("database deltree ccstate")
    for queue in ("sales", "help"):
        for member in estate.members(queue).values():
            if member["Membership"] == "dynamic":
                estate.command(f"queue remove member {member['Location']} from {queue}")


def test_an_agent_logs_in_by_code_is_served_and_logs_out(exchange: Exchange) -> None:
    assert exchange.meets("extension/2002", "answered by ann.l") == "extension/2002"
    exchange.dials("2001", "*45")
    [member] = exchange.members("sales").values()
    assert (member["Name"], member["Penalty"], member["Membership"]) == ("ann.l", "3", "dynamic")
    assert set(exchange.members("help")) == {"ann.l"}
    assert exchange.meets("extension/2002", "answered by ann.l") == "answered by ann.l"
    exchange.dials("2001", "*46")
    assert (set(exchange.members("sales")), set(exchange.members("help"))) == ({"ann.l"}, set())
    exchange.dials("desk-b", "*45")
    assert set(exchange.members("sales")) == {"ann.l", "desk-b"}


def test_a_person_whom_no_queue_lists_logs_in_nowhere(exchange: Exchange) -> None:
    exchange.dials("2002", "*45")
    assert exchange.members("sales") == {}


def test_a_pause_has_its_reason_whatever_that_says(exchange: Exchange) -> None:
    exchange.dials("2001", "*45")
    exchange.dials("2001", "*47")
    member = exchange.members("sales")["ann.l"]
    assert (member["Paused"], member["PausedReason"]) == ("1", REASON)
    exchange.dials("2001", "*48")
    assert exchange.members("sales")["ann.l"]["Paused"] == "0"


def test_a_paused_agent_is_not_called_until_the_pause_ends(exchange: Exchange) -> None:
    exchange.dials("2001", "*45")
    exchange.dials("2001", "*47")
    order: list[str] = []
    with exchange.listening("agent") as ami:
        exchange._calls(ami, seconds=60)
        for event in ami.events(time.monotonic() + GENEROUS):
            if event.get("Queue") != "sales":
                continue
            order.append(event["Event"])
            if order[-1] == "QueueCallerJoin":
                exchange.dials("2001", "*48")
            if order[-1] == "AgentConnect":
                break
        exchange.command("channel request hangup all")
    met = [e for e in order if e in {"QueueCallerJoin", "QueueMemberPause", "AgentCalled"}]
    assert met == ["QueueCallerJoin", "QueueMemberPause", "AgentCalled"]


def test_a_switch_is_turned_by_its_code_and_changes_where_calls_end(exchange: Exchange) -> None:
    exchange.dials("2001", "*45")
    exchange.dials("2002", "*28")
    assert "State:InUse" in exchange.lamp("*28").replace(" ", "")
    assert exchange.meets("extension/2002", "queue/sales") == "extension/2002"
    exchange.dials("2002", "*28")
    assert "State:Idle" in exchange.lamp("*28").replace(" ", "")
    assert exchange.meets("extension/2002", "queue/sales") == "queue/sales"


def test_a_code_of_another_site_is_no_code_here(exchange: Exchange) -> None:
    exchange.dials("2002", "*29", site="perth")
    assert exchange.command("database get ccstate/switch night").strip() == "Value: on"
    exchange.command("database deltree ccstate")
    assert "feature_code" not in exchange.command("dialplan show *29@site/sydney")


def test_log_ins_and_the_position_of_a_switch_survive_an_apply(exchange: Exchange) -> None:
    exchange.dials("2001", "*45")
    exchange.dials("2001", "*47")
    exchange.dials("2002", "*28")
    assert exchange.plan() == ""
    drift = exchange.drift()
    assert "as they were applied" in drift
    assert "logged in: ann.l; ann.l is paused" in " ".join(drift.split())
    assert "switch/night it is on" in " ".join(drift.split())
    exchange.edit("queues", "sales", "ring_for", value="25s")
    exchange.edit("switches", "night", "default", value="on")
    exchange.apply()
    member = exchange.members("sales")["ann.l"]
    assert (member["Paused"], member["Membership"]) == ("1", "dynamic")
    assert exchange.command("database get ccstate/switch night").strip() == "Value: on"


def test_log_ins_survive_a_queue_that_is_put_in_another_order(exchange: Exchange) -> None:
    exchange.dials("2001", "*45")
    exchange.dials("2001", "*47")
    exchange.edit("queues", "sales", "strategy", value="in_order")
    exchange.edit("queues", "sales", "members", value=[*deepcopy(MEMBERS), {"extension": "2002"}])
    exchange.apply()
    found = exchange.members("sales")
    assert set(found) == {"ann.l", "2002"}
    assert found["ann.l"]["Paused"] == "1"


def test_a_phone_that_is_not_to_be_disturbed_does_not_ring(exchange: Exchange) -> None:
    exchange.dials("2002", "*28")
    exchange.dials("2002", "*78")
    with exchange.listening("user,call") as ami:
        exchange._calls(ami)
        for event in ami.events(time.monotonic() + GENEROUS):
            assert "2002" not in event.get("DestChannel"), "the phone rings"
            if event.get("Place") == "extension/2002" and event.all("Event")[-1] == "no answer":
                return
    raise AssertionError("the call does not come to the phone")


def test_a_ringing_call_is_picked_up_by_a_phone_of_the_group(exchange: Exchange) -> None:
    phones.end_all(exchange.site.folder)
    phones.ring(exchange.site, {"2002": SECRET})
    phones.answer(exchange.site, {"2001": SECRET}, after=0.1)
    exchange.command("database put ccstate/switch night on")
    with exchange.listening("call") as ami:
        exchange._calls(ami)
        until(lambda: "Ringing" in exchange.command("core show channels"), "2002 rings")
        exchange.dials("2001", "*8")
        names = [e for e in ami.events(time.monotonic() + 1) if e.get("Event") == "Pickup"]
    assert "2002" in names[0]["TargetChannel"]


def test_calls_are_forwarded_by_a_code_until_it_is_dialled_again(exchange: Exchange) -> None:
    exchange.command("database put ccstate/switch night on")
    exchange.forwards("2002", "2003")
    assert exchange.rung() == "desk-b"
    assert exchange.plan() == ""
    assert "extension/2002 its calls go to 2003" in " ".join(exchange.drift().split())
    exchange.edit("extensions", "2002", "ring_for", value="25s")
    exchange.apply()
    assert exchange.rung() == "desk-b"
    exchange.dials("2002", "*72")
    assert exchange.rung() == "2002"


def test_calls_go_to_no_number_that_the_phone_may_not_dial(exchange: Exchange) -> None:
    exchange.forwards("2002", "0491570006")
    assert "ccstate/forward" not in exchange.command("database show ccstate/forward")


def test_phones_that_forward_to_each_other_ring(exchange: Exchange) -> None:
    exchange.command("database put ccstate/switch night on")
    exchange.forwards("2002", "2003")
    exchange.forwards("desk-b", "2002")
    assert exchange.rung() == "desk-b"


def test_a_call_that_is_transferred_to_the_code_is_parked(exchange: Exchange) -> None:
    exchange.command("database put ccstate/switch night on")
    with exchange.listening("call") as ami:
        exchange._calls(ami)
        entered = (
            e for e in ami.events(time.monotonic() + GENEROUS) if e["Event"] == "BridgeEnter"
        )
        phone = ""
        for event in entered:
            if "PJSIP/2002-" in event["Channel"]:
                phone = event["Channel"]
            if phone and event["BridgeNumChannels"] == "2":
                break  # who is alone in a bridge cannot transfer
        to = (("Context", "site/sydney"), ("Exten", "*70"))
        ami.do("BlindTransfer", ("Channel", phone), *to)
        events = ami.events(time.monotonic() + GENEROUS)
        parked = next(event for event in events if event.get("Event") == "ParkedCall")
    assert (parked["Parkinglot"], parked["ParkingSpace"]) == ("office", "751")
