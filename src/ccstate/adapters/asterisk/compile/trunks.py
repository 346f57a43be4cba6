"""Trunks and inbound numbers: the carrier's endpoint, and where its calls go."""

from collections.abc import Iterator
from urllib.parse import quote

from ccstate.adapters.asterisk.compile import hours
from ccstate.adapters.asterisk.compile.carriers import (
    arriving,
    compile_formats,
    on_trunk,
    trunk_id,
)
from ccstate.adapters.asterisk.compile.trees import branches
from ccstate.adapters.asterisk.entries import PJSIP, Compiled, Context, Key, Step, file_of_type
from ccstate.adapters.asterisk.places import asks, context, decided_by, entered, follow, goto, named
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.journeys.ways import HOURS, TURNED, Place
from ccstate.model import Address

NUMBERS = "numbers"
"""The context of numbers that may arrive on any trunk."""
TEST = "ccstate-test"
"""The endpoint, and the context, of calls that test a site."""


def compile_trunk(compiled: Compiled, centre: Centre, name: str, trunk: Filled) -> None:
    """One trunk: endpoint, address, account, and the registration where it has one."""
    owner = Address("trunk", name)
    identity = trunk_id(name)
    compiled.notes[PJSIP, identity] = trunk.get("label") or ""
    transport = trunk["transport"]
    port = trunk.get("port") or _PORTS[transport]
    server = f"sip:{trunk['host']}:{port}"
    server += "" if transport == "udp" else f";transport={transport}"
    codecs = trunk.get("codecs") or ["alaw", "ulaw"]
    options: list[tuple[str, str, str, str]] = [
        ("endpoint", "context", arriving(centre, name), ""),
        ("endpoint", "allow", ",".join(("!all", *codecs)), "codecs"),
        ("endpoint", "direct_media", "no", ""),
        ("endpoint", "aors", identity, ""),
        # Without it whoever writes the trunk's name into From is taken for the carrier, from
        # anywhere and without a password (seen on 16.28 and 22.10).
        ("endpoint", "identify_by", "ip", ""),
        ("endpoint", "trust_id_inbound", "yes", ""),
        ("endpoint", "send_pai", "yes", ""),
        ("aor", "contact", server, "host"),
        ("aor", "qualify_frequency", "60", ""),
        ("identify", "endpoint", identity, ""),
        ("identify", "match", ",".join((trunk["host"], *(trunk.get("addresses") or ()))), "host"),
    ]
    options += [
        ("endpoint", option, trunk[option], option)
        for option in ("from_user", "from_domain")
        if trunk.get(option)
    ]
    if account := trunk.get("username"):
        options += _account(identity, trunk, account)
        options += _registration(identity, trunk, server) if trunk["registers"] else []
    for section, option, value, path in options:
        compiled.say(Key(file_of_type(section), section, identity, option), value, owner, path)
    where = Context(compiled, on_trunk(name), owner)
    where.note(f"Calls that come in by {trunk.get('label') or name}")
    where.include(NUMBERS)
    compile_formats(compiled, centre, name)


# RFC 3261, 19.1.2: what is meant where an address names no port.
_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


def _account(identity: str, trunk: Filled, account: str) -> list[tuple[str, str, str, str]]:
    """The password with which calls leave; nothing where the trunk has none."""
    secret = str(trunk.get("secret") or "")
    if not secret:
        return []
    return [
        ("auth", "auth_type", "userpass", ""),
        ("auth", "username", account, "username"),
        ("auth", "password", secret, "secret"),
        ("endpoint", "outbound_auth", identity, "secret"),
    ]


def _registration(identity: str, trunk: Filled, server: str) -> list[tuple[str, str, str, str]]:
    """How the trunk makes itself known to the carrier; with a password where it has one."""
    client = f"sip:{quote(str(trunk['username']), safe='')}@{trunk['host']}"
    options = [
        ("registration", "server_uri", server, "host"),
        ("registration", "client_uri", client, "username"),
        ("registration", "retry_interval", "60", ""),
        # Calls that come in by the registration are known, wherever the carrier sends them from.
        ("registration", "line", "yes", ""),
        ("registration", "endpoint", identity, ""),
    ]
    if trunk.get("secret"):
        options.append(("registration", "outbound_auth", identity, "secret"))
    return options


def compile_number(compiled: Compiled, flow: Flow, name: str, number: Filled) -> None:
    """One inbound number: how carriers dial it, and where it leads."""
    place = Place("number", name)
    owner = Address("number", name)
    trunk = number.get("trunk")
    arriving = Context(compiled, on_trunk(trunk) if trunk else NUMBERS, owner)
    for dialled in (name, name.removeprefix("+")):
        arriving.add(dialled, [goto(place, "trunk")])
    where = Context(compiled, context(place), owner)
    where.note(number.get("label") or name)
    steps = [entered(place)]
    if trunk:
        steps.append(Step("Set", f"GROUP(ccstate)={trunk_id(trunk)}", "trunk"))
    if prefix := number.get("caller_name_prefix"):
        steps.append(named(prefix))
    for node, field in _asked(number):
        if node:
            place = place._replace(node=node)
            where = Context(compiled, context(place), owner)
            steps = [entered(place)]
        ways = flow.ways(place)
        match field:
            case "callers":
                asks(where, place, steps, ways)
            case "switch":
                where.add("s", [*steps, *decided_by(number["switch"], "switch")])
                branches(where, place, ways)
            case "hours":
                where.add("s", [*steps, *hours.decide(number["hours"], "hours")])
                branches(where, place, ways)
            case _:
                where.add("s", [*steps, *follow(place, ways[0])])


def _asked(number: Filled) -> Iterator[tuple[str, str]]:
    """What a number asks, in order: the node of the place where it does, and the field."""
    asked = [field for field in ("callers", "switch", "hours") if number.get(field)]
    for field in asked or ("to",):
        node = {"switch": TURNED, "hours": HOURS}.get(field, "")
        yield ("" if field == (asked or ["to"])[0] else node), field


def compile_arrivals(compiled: Compiled) -> None:
    """The context of numbers that may come in anywhere; it is there even when none does."""
    where = Context(compiled, NUMBERS)
    where.note("Numbers that may come in by any trunk")
    where.add("h", [Step("NoOp")])


def compile_test_calls(compiled: Compiled, centre: Centre, password: str) -> None:
    """How test calls come in, with the moment that they ask for; on test sites alone."""
    for section, option, value in (
        ("endpoint", "context", TEST),
        ("endpoint", "allow", "!all,alaw,ulaw"),
        ("endpoint", "direct_media", "no"),
        ("endpoint", "dtmf_mode", "auto_info"),
        ("endpoint", "trust_id_inbound", "yes"),
        ("endpoint", "auth", TEST),
        ("auth", "auth_type", "userpass"),
        ("auth", "username", TEST),
        ("auth", "password", password),
    ):
        compiled.say(Key(file_of_type(section), section, TEST, option), value, None)
    calls = Context(compiled, TEST)
    calls.note("This is a test site: a call may bring the moment at which it is meant to come")
    calls.add(
        "_[0-9+]!",
        [
            Step("Set", "__CC_AT=${FILTER(0-9,${PJSIP_HEADER(read,X-Ccstate-At)})}"),
            Step("Goto", f"{TEST}-numbers,${{FILTER(0-9+,${{EXTEN}})}},1"),
        ],
    )
    arrivals = Context(compiled, f"{TEST}-numbers")
    arrivals.include(NUMBERS)
    for name in sorted(centre.of("trunk")):
        arrivals.include(on_trunk(name))
