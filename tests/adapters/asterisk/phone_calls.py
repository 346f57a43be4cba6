"""Phones, a carrier and a running estate whose calls are followed by AMI, event by event."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.ami.message import Message
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.kinds.trunk import trunk_context
from ccstate.adapters.asterisk.running.reload import reload
from ccstate.adapters.asterisk.sounds import audio
from ccstate.journeys.centre import Centre
from ccstate.journeys.flow import Flow
from ccstate.model import Address
from ccstate_lab import carriers, phones, programs
from ccstate_lab import site as sites
from ccstate_lab.carriers import Carrier
from ccstate_lab.site import Site
from tests.adapters.asterisk.running_estate import connect
from tests.waiting import GENEROUS, until

CARRIER = "127.0.0.9"
NUMBER, FORWARDED_NUMBER, QUEUE_NUMBER = "+61255501000", "+61255501001", "+61255501002"
MOBILE, CALLER = "+61491570006", "+61491570156"
"""An outside number that calls are forwarded to, and one that calls."""
PASSWORD = "of-a-phone"
SETTING = Setting(b"k" * 32, is_test_site=False)
CARRIER_SHOWS = "+61255509000"
"""What the trunk shows of calls that say nothing else."""

SOUND = bytes([0x20, 0xA0] * 4000)
"""One second of a tone, which phones send while they talk."""

ANSWERING = ("2001", "2002", "2003", "2004", "2005")
"""2001 may transfer and records on demand, 2004 is always recorded; 2003 shows a number of its own."""
SILENT = ("2011", "2012", "2013", "2014", "2025", "2026")
BUSY = ("2023", "2024")
NOT_REGISTERED = ("2021", "2022", "2027", "2028")


def objects(port: int) -> dict[Address, dict[str, Any]]:
    """The estate; the carrier listens on that port."""
    phone = {"site": "sydney", "secret": PASSWORD, "permissions": ["mobile"]}
    mailbox = {"voicemail": {"pin": "4711"}}
    notice = {"when": "always", "notice": "recorded", "folder": "front"}
    more: dict[str, dict[str, Any]] = {
        "2001": {"rights": ["transfer"], "recording": {"when": "on_demand", "notice": "recorded"}},
        "2002": {"label": "Zed"},
        "2003": {"label": "Yan", "caller_id": {"name": "Desk", "number": "+61255501003"}},
        "2004": {"recording": notice},
        "2012": {"follow_me": [{"extension": "2013", "ring_for": "1s"}], **mailbox},
        "2014": {"follow_me": [{"number": MOBILE}], **mailbox},
        "2021": {"forward": {"always": "extension/2002"}},
        "2022": {"forward": {"always": MOBILE}},
        "2023": {"forward": {"busy": "extension/2002"}},
        "2024": {"forward": {"busy": MOBILE}},
        "2025": {"forward": {"no_answer": "extension/2002"}},
        "2026": {"forward": {"no_answer": MOBILE}},
        "2027": {"forward": {"unavailable": "extension/2002"}},
        "2028": {"forward": {"unavailable": MOBILE}},
    }
    found: dict[Address, dict[str, Any]] = {
        Address("extension", name): {**phone, "ring_for": "1s", **more.get(name, {})}
        for name in (*ANSWERING, *SILENT, *BUSY, *NOT_REGISTERED)
    }
    groups = {
        "together": ("ring_all", ["2011", "2005"]),
        "in-turn": ("in_order", ["2013", "2011", "2005"]),
        "together-unanswered": ("ring_all", ["2011", "2013"]),
        "in-turn-unanswered": ("in_order", ["2013", "2011"]),
    }
    for digit, (name, (strategy, members)) in enumerate(groups.items(), 1):
        found[Address("ring_group", name)] = {
            "extension": f"810{digit}", "strategy": strategy, "members": members,
            "ring_for": "1s", "no_answer": "voicemail/2900",
        }  # fmt: skip
    for number, recording in (("8201", {**notice, "folder": "sales"}), ("8202", None)):
        found[Address("queue", number)] = {
            "members": [{"extension": "2005"}], "recording": recording, "extension": number,
            "caller_rights": ["transfer"],
        }  # fmt: skip
    return found | {
        Address("site", "sydney"): {
            "timezone": "Australia/Sydney", "emergency_callback": "+61255501099",
        },
        Address("extension", "2900"): {"device": "none", **mailbox},
        Address("prompt", "recorded"): {"languages": {"en-AU": {"text": "Calls are recorded."}}},
        Address("trunk", "carrier"): {
            "host": CARRIER, "port": port, "codecs": ["ulaw"], "site": "sydney",
            "caller_id": CARRIER_SHOWS,
        },
        Address("outbound_route", "mobiles"): {
            "patterns": ["04XXXXXXXX"], "permission": "mobile", "trunks": ["carrier"],
        },
        Address("outbound_route", "help"): {
            "patterns": ["000"], "emergency": True, "trunks": ["carrier"], "caller_id": "+61255501098",
        },
        Address("outbound_route", "sales"): {
            "patterns": ["13XXXX"], "trunks": ["carrier"], "caller_id": "+61255501098",
        },
        Address("number", NUMBER): {"to": "extension/2001", "trunk": "carrier"},
        Address("number", QUEUE_NUMBER): {"to": "queue/8202", "trunk": "carrier"},
        Address("number", FORWARDED_NUMBER): {"to": "extension/2022", "trunk": "carrier"},
    }  # fmt: skip


@dataclass(slots=True)
class Call:
    """What AMI tells since a call began."""

    ami: Ami
    site: Site
    said: list[Message] = field(default_factory=list)

    def until(self, found: Callable[[], bool], what: str) -> None:
        """Reads events until that is so."""
        if found():
            return
        for event in self.ami.events(time.monotonic() + GENEROUS):
            self.said.append(event)
            if found():
                return
        raise AssertionError(f"not seen: {what}")

    def _of(self, *names: str) -> Iterator[Message]:
        return (event for event in self.said if event.get("Event") in names)

    def channel(self, phone: str) -> str:
        """The channel of a phone, the latest."""
        names = [event["Channel"] for event in self._of("Newchannel")]
        return next(n for n in reversed(names) if phone_of(n) == phone)

    def talking(self) -> list[set[str]]:
        """The phones that are connected with each other now, by one bridge or a local channel."""
        bridges: dict[str, set[str]] = {}
        for event in self._of("BridgeEnter", "BridgeLeave"):
            inside = bridges.setdefault(event["BridgeUniqueid"], set())
            change = inside.add if event.get("Event") == "BridgeEnter" else inside.discard
            change(phone_of(event["Channel"]))
        connected: list[set[str]] = []
        for inside in bridges.values():
            # Both halves of a local channel have one name here.
            linked = [others for others in connected if _local(others) & _local(inside)]
            connected = [others for others in connected if others not in linked]
            connected.append(inside.union(*linked))
        return [names - _local(names) for names in connected]

    def talk(self, *phones: str) -> None:
        """Waits until exactly these phones are connected."""
        self.until(lambda: set(phones) in self.talking(), f"{phones} talk")

    def rung(self) -> list[str]:
        """The phones that were rung for the caller, in that order."""
        return [phone_of(e["DestChannel"]) for e in self._of("DialBegin") if e.get("Channel")]

    def ended(self) -> set[str]:
        """The phones whose calls are over; a local channel by what it called, as `2003@site`."""
        return {phone_of(event["Channel"]) for event in self._of("Hangup")}

    def met(self) -> list[str]:
        """The places to which a call came, with what happened there."""
        return [
            f"{event['Place']} {event.all('Event')[-1]}"
            for event in self._of("UserEvent")
            if event.get("UserEvent") == "Ccstate"
        ]

    def comes_to(self, place: str) -> None:
        self.until(lambda: f"{place} enter" in self.met(), f"the call comes to {place}")

    def hears(self, phone: str, sound: str) -> None:
        """Waits until a sound is played to a phone outside of its dialplan, as in a transfer."""
        log = self.site.log

        def plays() -> bool:
            text = log.read_text(encoding="utf-8", errors="replace")
            return f"<{self.channel(phone)}> Playing '{sound}" in text

        until(plays, f"{phone} hears {sound}")

    def keys_sent_to(self, phone: str) -> str:
        """The keys that a phone was sent."""
        ends = self._of("DTMFEnd")
        sent = (e for e in ends if e["Direction"] == "Sent" and phone_of(e["Channel"]) == phone)
        return "".join(event["Digit"] for event in sent)

    def hang_up_phone(self, phone: str) -> None:
        self.ami.do("Hangup", ("Channel", self.channel(phone)))

    def press(self, phone: str, keys: str) -> None:
        """The phone presses keys, one after the other."""
        for key in keys:
            self.ami.do(
                "PlayDTMF", ("Channel", self.channel(phone)), ("Digit", key), ("Receive", "true")
            )

    def recorded(self) -> list[str]:
        """The files to which channels of the call are being recorded."""
        # Another channel has ended meanwhile, or is recorded: Asterisk lists them one by one.
        names = {event["Channel"] for event in self._of("Newchannel")}
        lines = [
            line
            for name in sorted(names)
            for line in self.ami.command(f"mixmonitor list {name}")
            if "/monitor/" in line
        ]
        return [line.split("\t")[1].partition("/monitor/")[2] for line in lines]

    def notices_and_rings(self) -> list[str]:
        """`told` for each sound that was played to its end, `rings` for each phone that was rung."""
        found = []
        for event in self._of("VarSet", "DialBegin"):
            if event.get("Event") == "DialBegin":
                found += ["rings"] if event.get("Channel") else []
            elif (event["Variable"], event["Value"]) == ("PLAYBACKSTATUS", "SUCCESS"):
                found.append("told")
        return found

    def outcomes(self) -> list[tuple[str, str]]:
        """What came of each phone that was rung, in the order in which that was known."""
        ends = (event for event in self._of("DialEnd") if event.get("Channel"))
        return [(phone_of(event["DestChannel"]), event["DialStatus"]) for event in ends]

    def hang_up(self) -> None:
        self.ami.do("Hangup", ("Channel", "/.*/"))
        self.until(self.is_over, "all channels are gone")

    def is_over(self) -> bool:
        begun = {event["Uniqueid"] for event in self._of("Newchannel")}
        return bool(begun) and begun <= {event["Uniqueid"] for event in self._of("Hangup")}


def _local(names: set[str]) -> set[str]:
    return {name for name in names if "@" in name}


def phone_of(channel: str) -> str:
    """The phone, or trunk, of a channel such as `PJSIP/2001-0000001a`."""
    return channel.partition("/")[2].rpartition("-")[0]


@dataclass(frozen=True)
class Exchange:
    """A site on which the estate runs, with its phones and its carrier."""

    site: Site
    carrier: Carrier

    @contextmanager
    def watching(self) -> Iterator[Call]:
        """Follows what happens, and ends every call that is left."""
        site = self.site
        login = Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)
        with Ami.connect(login, events="call,user,dialplan,agent,dtmf") as ami:
            call = Call(ami, site)
            try:
                yield call
            finally:
                call.hang_up()

    @contextmanager
    def dials(self, phone: str, number: str) -> Iterator[Call]:
        """A phone dials a number.

        Asterisk calls it, and it goes on as if it had dialled: with the variables of its endpoint,
        in the context in which its calls start.
        """
        with self._begun(f"PJSIP/{phone}", "site/sydney", number, phone) as call:
            yield call

    @contextmanager
    def arrives(self, number: str) -> Iterator[Call]:
        """A call comes in from the carrier, and stays until it is ended."""
        line, context = f"PJSIP/{CALLER}@trunk-carrier", trunk_context("carrier")
        with self._begun(line, context, number, CALLER) as call:
            yield call

    @contextmanager
    def _begun(self, channel: str, context: str, number: str, caller: str) -> Iterator[Call]:
        with self.watching() as call:
            call.ami.do(
                "Originate",
                ("Channel", channel),
                ("Context", context),
                ("Exten", number),
                ("Priority", "1"),
                ("CallerID", f"<{caller}>"),
                ("Async", "true"),
            )
            yield call

    def sent(self) -> tuple[str, str]:
        """The number that the carrier was sent last, and the number that this call shows."""
        invite = carriers.invites(self.carrier)[-1]
        return _user(invite.uri), _user(invite.get("P-Asserted-Identity"))

    def name_sent(self) -> str:
        """The name that the last call to the carrier shows."""
        found = re.match(r'"([^"]*)" <', carriers.invites(self.carrier)[-1].get("From"))
        return found[1] if found else ""

    @property
    def flow(self) -> Flow:
        """The model of the same estate."""
        return Flow(Centre(objects(self.carrier.port)))

    def recordings(self) -> set[Path]:
        """The recordings that have sound in them, below `monitor`."""
        folder = self.site.spool / "monitor"
        return {p.relative_to(folder) for p in folder.rglob("*.*") if p.stat().st_size > 1000}

    def are_made(self) -> bool:
        """Whether recordings are being made; each has a thread of its own."""
        with connect(self.site) as ami:
            return any("mixmonitor" in line for line in ami.command("core show threads"))


@contextmanager
def running(release: str, folder: Path) -> Iterator[Exchange]:
    """The estate on a site of that release, with all phones registered that ever are."""
    site = sites.start(folder, name=f"phones-{release}", programs=programs.programs(release))
    try:
        carrier = carriers.answer(site, host=CARRIER, after=0.1)
        for name, content in serialize(compile_objects(objects(carrier.port), SETTING)).items():
            path = site.etc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        notice = site.sounds / "ccstate/recorded/en-AU.wav"
        notice.parent.mkdir(parents=True)
        notice.write_bytes(audio.wav(bytes(4000), "recorded"))
        with connect(site) as ami:
            reload(ami, FILES)
            until(lambda: "trunk-carrier" in _endpoints(ami), "the estate runs")
        phones.answer(site, _passwords(ANSWERING), after=0.1, sound=SOUND)
        phones.ring(site, _passwords(SILENT))
        phones.busy(site, _passwords(BUSY))
        yield Exchange(site, carrier)
    finally:
        phones.end_all(folder)
        if up := sites.find(folder):
            sites.kill(up)


def _user(uri: str) -> str:
    """The number in `<sip:+61255501000@…>`."""
    return uri.partition("sip:")[2].partition("@")[0]


def _passwords(names: tuple[str, ...]) -> Mapping[str, str]:
    return dict.fromkeys(names, PASSWORD)


def _endpoints(ami: Ami) -> set[str]:
    return {found["ObjectName"] for found in ami.read("PJSIPShowEndpoints")}
