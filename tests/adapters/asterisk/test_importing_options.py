"""Options are read by the rows by which they are written: what is compiled comes back as it was."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.importing import Imported, import_estate
from ccstate.adapters.asterisk.include_files import serialize
from ccstate.adapters.asterisk.kind import Setting as Compiling
from ccstate.adapters.asterisk.rows import ENDPOINT_DEFAULTS, at
from ccstate.adapters.asterisk.running.pjsip import header
from ccstate.kinds.fields import duration
from ccstate.model import parse_address
from tests.adapters.asterisk.estates import PHONES, PJSIP, QUEUES, estate, fields, imported, listed
from tests.adapters.asterisk.running_estate import connect
from tests.asterisk_sites import NewSite

COMPILING = Compiling(key=b"k" * 32)


def compiled_and_imported(objects: Mapping[str, Mapping[str, Any]]) -> Imported:
    """The objects as ccstate writes them, read as if somebody had written the files by hand."""
    state = {parse_address(address): dict(said) for address, said in objects.items()}
    stored = serialize(compile_objects(state, COMPILING))
    main = {f"{name}.conf": stored[path] for name, path in FILES.items() if path in stored}
    return import_estate({**stored, **main}.get, lambda pattern: [pattern])


def said(given: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """The fields by path, with those inside of others."""
    found: dict[tuple[str, ...], Any] = {}
    for name, value in given.items():
        inner = said(value, (*path, name)) if isinstance(value, dict) else {(*path, name): value}
        found |= inner
    return found


def assert_comes_back(given: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    assert {path: at(found, path) for path in said(given)} == said(given)


def some(**strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these fields."""
    return st.fixed_dictionaries({}, optional=strategies)


seconds = st.integers(1, 100_000).map(duration)
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}[a-z0-9]", fullmatch=True)
hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}\.example", fullmatch=True)
QUEUE_FIELDS = some(
    strategy=st.sampled_from(
        ["ring_all", "longest_idle", "fewest_calls", "round_robin", "in_order", "random"]
    ),
    ring_for=seconds,
    retry=st.integers(0, 100_000).map(duration),
    wrap_up=st.integers(0, 100_000).map(duration),
    max_waiting=st.integers(0, 1_000_000),
    weight=st.integers(0, 100),
    service_level=st.builds(lambda within: {"within": within}, seconds),
    music=names,
    announcements=st.sampled_from([{"position": True}, {"wait_time": True}]).flatmap(
        lambda told: seconds.map(lambda every: {**told, "every": every})
    ),
)
ACCOUNT_FIELDS = st.just({"username": "house", "secret": "hidden"}) | st.just(
    {"username": "house", "secret": "hidden", "registers": False}
)
TRUNK_FIELDS = st.builds(
    lambda account, host, more: {"host": host, **account, **more},
    st.just({}) | ACCOUNT_FIELDS,
    hosts,
    some(
        port=st.integers(1, 65535).filter(lambda port: port not in {5060, 5061}),
        transport=st.sampled_from(["tcp", "tls"]),
        addresses=st.sampled_from([["198.51.100.7"], ["198.51.100.0/24", "other.example"]]),
        from_user=st.from_regex(r"[A-Za-z0-9+._~-]{1,64}", fullmatch=True),
        from_domain=hosts,
        codecs=st.lists(
            st.sampled_from(["alaw", "ulaw", "g722", "g729", "opus"]), min_size=1, unique=True
        ),
    ),
)
EXTENSION_FIELDS = some(
    device=st.just("webrtc"),
    pickup_group=names,
    voicemail=some(email=st.just("ann@example.test"), delete_after_email=st.just(True)),
)


@given(QUEUE_FIELDS)
def test_a_queue_comes_back(queue: dict[str, Any]) -> None:
    assert_comes_back(queue, fields(compiled_and_imported({"queue/help": queue}), "queue/help"))


@given(TRUNK_FIELDS)
def test_a_trunk_comes_back(trunk: dict[str, Any]) -> None:
    found = compiled_and_imported({"trunk/line": trunk})
    kept = {name: value for name, value in trunk.items() if name != "secret"}
    assert_comes_back(kept, fields(found, "trunk/trunk-line"))
    assert list(found.secrets.values()) == [trunk[name] for name in trunk if name == "secret"]


@given(EXTENSION_FIELDS)
def test_an_extension_comes_back(extension: dict[str, Any]) -> None:
    found = compiled_and_imported({"extension/2001": {**extension, "secret": "hidden"}})
    assert_comes_back(extension, fields(found, "extension/2001"))
    assert found.secrets["SIP_2001"] == "hidden"


def test_no_option_that_ccstate_itself_writes_is_said_to_differ() -> None:
    found = compiled_and_imported({
        "queue/help": {"members": [{"extension": "2001"}]},
        "trunk/line": {"host": "sip.example", "username": "house", "secret": "hidden"},
        "extension/2001": {"secret": "hidden", "voicemail": {"email": "ann@example.test"}},
    })  # fmt: skip
    assert not [line for line in listed(found) if re.search("ccstate's .+s have|no field of", line)]


# Spellings of hand-written files


@pytest.mark.parametrize(
    "line, field, value",
    [
        ("strategy=RRMemory", "strategy", "round_robin"),
        ("strategy=roundrobin", "strategy", "round_robin"),
        ("strategy=rrordered", "strategy", "round_robin"),
        ("musiconhold=jazz", "music", "jazz"),
        ("music=jazz", "music", "jazz"),
        ("servicelevel=30", "service_level", {"within": "30s"}),
    ],
)
def test_a_spelling_of_a_queue_option(line: str, field: str, value: object) -> None:
    assert fields(imported(estate(queues=f"{QUEUES}{line}\n")), "queue/help")[field] == value


@pytest.mark.parametrize(
    "line",
    [
        "ringinuse=false",
        "autofill=1",
        "timeoutrestart=off",
        "autopause=no",
        "servicelevel=0",
        "min-announce-frequency=15",
        "joinempty=true",
        "leavewhenempty=0",
    ],
)
def test_a_queue_option_that_changes_nothing_is_not_listed(line: str) -> None:
    found = imported(estate(queues=f"{QUEUES}{line}\n"))
    assert not [told for told in listed(found) if line.partition("=")[0] in told]


def test_the_own_recording_of_asterisk_is_reported_where_no_other_is_named() -> None:
    text = f"{QUEUES}periodic-announce-frequency=30\n"
    assert any(
        "queue-periodic-announce is not played" in t for t in listed(imported(estate(queues=text)))
    )


def test_a_member_that_says_as_ccstate_does_whether_it_rings_in_use() -> None:
    text = QUEUES.replace("PJSIP/2002", "PJSIP/2002,0,Bo,PJSIP/2002,no")
    assert not [t for t in listed(imported(estate(queues=text))) if "PJSIP/2002" in t]


def test_a_carrier_that_is_reached_by_sips() -> None:
    text = PJSIP.replace("contact=sip:sip.carrier.example:5062", "contact=sips:sip.carrier.example")
    assert fields(imported(estate(pjsip=text)), "trunk/line")["transport"] == "tls"


def test_a_trunk_option_that_ccstate_leaves_alone_is_reported_where_it_is_set() -> None:
    text = PJSIP.replace("aors=line\n", "aors=line\nrtp_symmetric=yes\n")
    assert any(
        "trunks have rtp_symmetric=no" in line for line in listed(imported(estate(pjsip=text)))
    )


# Mailboxes


def test_a_mailbox_belongs_to_the_phone_that_has_its_lamp() -> None:
    pjsip = PJSIP.replace("[2001]", "[desk]").replace("=2001\n", "=desk\n")
    dialplan = PHONES.replace("PJSIP/2001", "PJSIP/desk")
    found = imported({**estate(pjsip=pjsip), "extensions.conf": dialplan})
    assert fields(found, "extension/desk")["voicemail"] == {
        "email": "ann@example.test",
        "pin": "env:VOICEMAIL_DESK",
    }
    assert not [line for line in listed(found) if "2001@box" in line]


def test_a_mailbox_with_the_lamps_of_two_phones_belongs_to_neither() -> None:
    pjsip = PJSIP.replace("[2001]", "[desk]").replace("=2001\n", "=desk\n")
    pjsip = pjsip.replace('callerid="Bo Orr"', 'mailboxes=2001@box\ncallerid="Bo Orr"')
    found = imported(estate(pjsip=pjsip))
    assert "voicemail" not in fields(found, "extension/desk")
    assert fields(found, "extension/2001")["device"] == "none"


def test_a_lamp_of_several_mailboxes_is_reported() -> None:
    text = PJSIP.replace("mailboxes=2001@box", "mailboxes=2001@box, 2003@box")
    voicemail = "[box]\n2001 => 4711,Ann Lee\n2003 => 4712,Front Desk\n"
    (told,) = [
        t
        for t in listed(imported(estate(pjsip=text, voicemail=voicemail)))
        if "lamp" in t and "2003" in t
    ]
    assert "the lamp shows the mailbox of 2003; ccstate's shows its own" in told


# Asterisk itself

BARE = {"pjsip.d/bare.conf": "[bare]\ntype=endpoint\n"}


@pytest.mark.parametrize("release", ["22", "16"])
def test_the_defaults_of_endpoints_are_those_of_asterisk(release: str, new_site: NewSite) -> None:
    with connect(new_site(release, files=BARE)) as ami:
        answer = ami.read("PJSIPShowEndpoint", ("Endpoint", "bare"))
    shown = {name: text for message in answer for name, text in message.items()}
    switches = {"true": "yes", "false": "no"}
    defaults = {row.option: row.default for row in ENDPOINT_DEFAULTS}
    assert {o: switches.get(t := shown[header(o)], t) for o in defaults} == defaults
