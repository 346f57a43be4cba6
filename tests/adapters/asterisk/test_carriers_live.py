"""Numbers as carriers write them and numbers that are shown, by real calls on real Asterisks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.running.reload import reload
from ccstate.model import Address
from ccstate_lab import carriers, phones, programs
from ccstate_lab import site as sites
from ccstate_lab.carriers import Carrier, Invite
from ccstate_lab.site import Site
from tests.adapters.asterisk.running_estate import connect
from tests.waiting import GENEROUS, until

NATIONAL, PLUS, BARE, ACCOUNT = "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"
"""Where the carriers are: one that writes national numbers, one E.164, one without the plus, and one
that knows its customer by an account in From."""
ELSEWHERE = "127.0.0.7"
"""Where calls of that carrier arrive from, too."""
HOSTS = (NATIONAL, PLUS, BARE, ACCOUNT)
SETTING = Setting(b"k" * 32, is_test_site=False)
ASKING = "+61255501777"
"""A number that asks who calls, and then lets a tree ask."""
PREFIX = "Sales: ${CALLERID(num)},(100%)"
"""A prefix whose characters would mean something to a dialplan."""
# A local channel takes what is behind a slash for options of its own.
PHONES = "".join(f"[phones-{at}]\ninclude => site/{at}\n" for at in ("sydney", "perth"))
SYDNEY = {"country": "AU", "city": "Sydney"}


def objects(ports: dict[str, int]) -> dict[Address, dict[str, Any]]:
    trunks: dict[str, dict[str, Any]] = {
        "national": {"host": NATIONAL, "number_format": "national", "caller_id": "+61255501000"},
        "plus": {"host": PLUS, "number_format": "e164"},
        "bare": {"host": BARE, "number_format": "international"},
        "account": {
            "host": ACCOUNT, "addresses": ["127.0.0.7/32"], "username": "customer-7", "secret": "pw",
            "registers": False, "from_user": "customer-7", "from_domain": "carrier.example",
            "caller_id": "+61255503000",
        },
    }  # fmt: skip
    found: dict[Address, dict[str, Any]] = {
        Address("site", "sydney"): {"timezone": "Australia/Sydney", "address": SYDNEY},
        Address("site", "perth"): {
            "timezone": "Australia/Perth",
            "address": SYDNEY,
            "emergency_callback": "+61855501000",
        },
        Address("extension", "2001"): {"site": "sydney", "secret": "pw2001", "ring_for": "5s"},
        Address("number", "+61255501000"): {
            "to": "extension/2001",
            "caller_name_prefix": PREFIX,
        },
        Address("outbound_route", "emergency"): {
            "patterns": ["000"], "trunks": ["national"], "emergency": True,
        },
    }  # fmt: skip
    found |= {
        Address("caller_list", "vip"): {"numbers": ["+61491570006"], "prefixes": ["+4420"]},
        Address("caller_list", "blocked"): {"numbers": ["+61491570158"], "withheld": True},
        Address("extension", "2002"): {"site": "sydney", "secret": "pw2002", "ring_for": "5s"},
        Address("number", ASKING): {
            "callers": [
                {"list": "blocked", "to": "hangup"},
                {"list": "vip", "to": "extension/2002"},
            ],
            "to": "ivr/who",
        },
        Address("ivr", "who"): {
            "start": "ask",
            "nodes": {
                "ask": {
                    "type": "callers",
                    "callers": [{"list": "staff", "to": "extension/2002"}],
                    "others": "extension/2001",
                }
            },
        },
        Address("caller_list", "staff"): {"prefixes": ["+6139555"]},
    }
    for digit, (name, trunk) in enumerate(trunks.items(), 1):
        found[Address("trunk", name)] = {
            **trunk, "port": ports[trunk["host"]], "codecs": ["ulaw"], "site": "sydney",
        }  # fmt: skip
        found[Address("outbound_route", name)] = {
            "patterns": [f"{digit}."], "strip": 1, "trunks": [name],
        }  # fmt: skip
    found[Address("outbound_route", "plus")] |= {"caller_id": "+61255502000"}
    return found


@dataclass(frozen=True)
class Estate:
    """A site on which the estate runs, with its carriers and a phone that answers."""

    site: Site
    carriers: dict[str, Carrier]

    def leaves(self, place: str, dialled: str, host: str, own: str = "") -> Invite:
        """The call that a carrier gets when a phone at a site dials so."""
        before = len(carriers.invites(self.carriers[host]))
        number = [("Variable", f"__CC_CALLER={own}")] if own else []
        with connect(self.site) as ami:
            ami.do(
                "Originate",
                ("Channel", f"Local/{dialled}@phones-{place}"),
                ("Application", "Wait"),
                ("Data", "1"),
                ("CallerID", '"Anna" <2001>'),
                ("Async", "true"),
                *number,
            )
            return until(
                lambda: carriers.invites(self.carriers[host])[before:], f"{host} gets a call"
            )[0]

    def arrives(self, number: str, caller: str, host: str) -> int:
        """The status with which a call from a carrier ends."""
        return carriers.call(self.site, number, caller, host=host, name="Bo")

    def reaches(self, number: str, caller: str, host: str) -> tuple[int, str]:
        """The status of a call, and the extension that rings for it; "" where none does."""
        with Ami.connect(self.login, events="call") as ami:
            status = self.arrives(number, caller, host)
            if status != 200:
                return status, ""
            for event in ami.events(time.monotonic() + GENEROUS):
                if event.get("Event") == "DialBegin":
                    return status, event["DestChannel"].partition("/")[2].partition("-")[0]
        raise AssertionError("no phone rings")

    def rings(self, number: str, caller: str, host: str) -> tuple[str, str]:
        """Name and number that the phone shows which rings for a call from a carrier."""
        with Ami.connect(self.login, events="call") as ami:
            assert self.arrives(number, caller, host) == 200
            for event in ami.events(time.monotonic() + GENEROUS):
                if event.get("Event") == "DialBegin":
                    return event["DestConnectedLineName"], event["DestConnectedLineNum"]
        raise AssertionError("no phone rings")

    @property
    def login(self) -> Login:
        site = self.site
        return Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)


@pytest.fixture(scope="module", params=["22", "16"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Estate]:
    release: str = request.param
    folder = tmp_path_factory.mktemp(f"carriers-{release}-") / "site"
    asterisk = programs.programs(release)
    files = {"extensions.d/phones.conf": PHONES}
    site = sites.start(folder, name=f"carriers-{release}", programs=asterisk, files=files)
    try:
        found = {host: carriers.answer(site, host=host, after=0.1) for host in HOSTS}
        texts = serialize(compile_objects(objects({h: c.port for h, c in found.items()}), SETTING))
        for name, content in texts.items():
            path = site.etc / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        with connect(site) as ami:
            reload(ami, FILES)
            until(lambda: known(ami), "the trunks are known")
        phones.answer(site, {"2001": "pw2001", "2002": "pw2002"}, after=0.1)
        yield Estate(site, found)
    finally:
        phones.end_all(folder)
        if up := sites.find(folder):
            sites.kill(up)


def known(ami: Ami) -> bool:
    names = {found["ObjectName"] for found in ami.read("PJSIPShowEndpoints")}
    return {"trunk-national", "trunk-plus", "trunk-bare", "trunk-account"} <= names


LONDON = "+442079460000"
LEAVES = {
    NATIONAL: {
        "0255501234": "0255501234",
        "+61491570006": "0491570006",
        LONDON: "0011442079460000",
    },
    PLUS: {"0255501234": "+61255501234", "0011442079460000": LONDON, "1300975707": "+611300975707"},
    BARE: {"0255501234": "61255501234", LONDON: "442079460000"},
}
"""What is dialled, and as what the carrier gets it."""


@pytest.mark.parametrize(
    "host, dialled, sent",
    [(host, dialled, sent) for host, calls in LEAVES.items() for dialled, sent in calls.items()],
)
def test_a_call_leaves_as_the_carrier_writes_numbers(
    running: Estate, host: str, dialled: str, sent: str
) -> None:
    invite = running.leaves("sydney", f"{HOSTS.index(host) + 1}{dialled}", host)
    assert invite.uri.startswith(f"sip:{sent}@"), invite.uri


@pytest.mark.parametrize(
    "host, written", [(NATIONAL, "0255501000"), (PLUS, "+61255501000"), (BARE, "61255501000")]
)
def test_a_call_arrives_in_any_form_and_its_caller_is_shown_in_e164(
    running: Estate, host: str, written: str
) -> None:
    caller = {NATIONAL: "0491570006", PLUS: "+61491570006", BARE: "61491570006"}[host]
    assert running.rings(written, caller, host) == (f"{PREFIX} Bo", "+61491570006")


def test_a_number_that_is_not_declared_is_refused_as_unknown(running: Estate) -> None:
    assert running.arrives("0255501999", "0491570006", NATIONAL) == 404


@pytest.mark.parametrize(
    "call, host, shown",
    [
        # A national carrier is told of its own customers in national form, too.
        (("sydney", "", "10255501234"), NATIONAL, "0255501000"),
        (("sydney", "+61255501001", "10255501234"), NATIONAL, "0255501001"),
        (("sydney", "", "20255501234"), PLUS, "+61255502000"),
        (("sydney", "+61255501001", "20255501234"), PLUS, "+61255501001"),
        (("sydney", "", "000"), NATIONAL, "0255501000"),
        (("sydney", "2000", "000"), NATIONAL, "0255501000"),
        (("sydney", "+61255501001", "000"), NATIONAL, "0255501001"),
        (("perth", "+61255501001", "000"), NATIONAL, "0855501000"),
    ],
)
def test_a_call_shows_the_number_that_the_precedence_says(
    running: Estate, call: tuple[str, str, str], host: str, shown: str
) -> None:
    place, own, dialled = call
    invite = running.leaves(place, dialled, host, own)
    assert f"sip:{shown}@" in invite.get("P-Asserted-Identity"), invite.headers
    assert f"sip:{shown}@" in invite.get("From")
    if dialled == "000":
        assert invite.uri.startswith("sip:000@")


def test_an_account_is_named_in_from_and_the_number_shown_beside_it(running: Estate) -> None:
    invite = running.leaves("sydney", "40255501234", ACCOUNT)
    assert "sip:customer-7@carrier.example" in invite.get("From")
    assert "sip:+61255503000@" in invite.get("P-Asserted-Identity")


def test_a_carrier_that_takes_no_registration_is_not_asked_for_one(running: Estate) -> None:
    with connect(running.site) as ami:
        assert ami.read("PJSIPShowRegistrationsOutbound") == []
        auths = [found["ObjectName"] for found in ami.read("PJSIPShowAuths")]
        assert "trunk-account" in auths


@pytest.mark.parametrize("host, status", [(ELSEWHERE, 200), ("127.0.0.8", 401)])
def test_calls_arrive_from_further_addresses_of_the_carrier(
    running: Estate, host: str, status: int
) -> None:
    assert running.arrives("61255501000", "61491570006", host) == status


# Who calls, as the carrier writes it, and who is reached; "" where the call is turned away.
CALLERS = {
    ("0491570006", NATIONAL): "2002",
    ("61491570006", BARE): "2002",
    ("0011442079460000", NATIONAL): "2002",
    ("+442079460000", PLUS): "2002",
    ("0395550123", NATIONAL): "2002",
    ("0491570156", NATIONAL): "2001",
    ("+61491570156", PLUS): "2001",
    ("0491570158", NATIONAL): "",
    ("+61491570158", PLUS): "",
    (carriers.WITHHELD, NATIONAL): "",
    (carriers.WITHHELD, PLUS): "",
}


@pytest.mark.parametrize("caller, host", CALLERS)
def test_callers_reach_whom_their_list_says(running: Estate, caller: str, host: str) -> None:
    dialled = {NATIONAL: "0255501777", PLUS: ASKING, BARE: "61255501777"}[host]
    status, reached = running.reaches(dialled, caller, host)
    assert reached == CALLERS[caller, host]
    assert (status == 200) is bool(reached)
