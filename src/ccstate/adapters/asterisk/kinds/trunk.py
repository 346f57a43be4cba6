"""Trunks: the carrier's endpoint, its account, how its calls arrive and leave, how it writes numbers.

Where a carrier writes numbers in its own way, contexts make E.164 of them, and its form of E.164.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from ccstate.adapters.asterisk.entries import PJSIP, Compiled, Context, Step
from ccstate.adapters.asterisk.in_call import MAY_PRESS, recorded_outgoing
from ccstate.adapters.asterisk.kind import COMMENT, NO_SITES, Kind, Sections, Setting, Unit
from ccstate.adapters.asterisk.kinds.ivr import OUTSIDE
from ccstate.adapters.asterisk.places import shortened
from ccstate.adapters.asterisk.rows import (
    ACCOUNT,
    COUNT,
    SWITCH,
    TEXT,
    UNCLEAR,
    Codec,
    Decoded,
    Row,
    Template,
    Unclear,
    constant,
    decode,
    decoded,
    optional,
)
from ccstate.dialling.number_formats import (
    E164,
    INTERNATIONAL,
    NATIONAL,
    Rewrite,
    carrier_formats,
    countries_with,
    read_as_e164,
    written_for,
)
from ccstate.dialling.routing import specificity
from ccstate.dialling.shown import EMERGENCY, ORDINARY, Shown, Source
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.flow import Flow
from ccstate.model import Address, Json

NUMBERS = "numbers"
"""The context of numbers that may arrive on any trunk."""
ANYTHING = "_[0-9*#+]!"
CALLER = "${FILTER(0-9+,${CALLERID(num)})}"
"""The number of the caller, without anything that is no part of a number."""


def trunk_id(name: str) -> str:
    """Name the endpoint of a trunk."""
    return f"trunk-{name}"


def dialplan_pattern(pattern: str) -> str:
    """Return a pattern of a route as Asterisk writes it."""
    return f"_{pattern}" if set(pattern) & set("XZN.!") else pattern


def arrival_context(centre: Centre, trunk: str) -> str:
    """Return the context in which calls of a trunk come in."""
    return (
        shortened(f"arriving/{trunk}") if _inbound_rewrites(centre, trunk) else trunk_context(trunk)
    )


def trunk_context(trunk: str) -> str:
    """Return the context that knows the numbers of a trunk, in E.164 with and without its plus."""
    return shortened(f"trunk/{trunk}")


def writing_context(centre: Centre, trunk: str) -> str:
    """The context that writes numbers as the carrier of a trunk does; "" where none is needed."""
    return shortened(f"written/{trunk}") if _outbound_rewrites(centre, trunk) else ""


def _inbound_rewrites(centre: Centre, trunk: str) -> tuple[Rewrite, ...]:
    formats = carrier_formats(centre, trunk)
    return read_as_e164(formats.inbound, formats.country) if formats.inbound else ()


def _outbound_rewrites(centre: Centre, trunk: str) -> tuple[Rewrite, ...]:
    formats = carrier_formats(centre, trunk)
    return written_for(formats.outbound, formats.country) if formats.outbound else ()


def compile_formats(compiled: Compiled, centre: Centre, trunk: str) -> None:
    """Compile the contexts in which numbers of a trunk change their form, where they do."""
    owner = Address("trunk", trunk)
    label = centre.label(f"trunk/{trunk}") or trunk
    if reading := _inbound_rewrites(centre, trunk):
        read = shortened(f"read/{trunk}")
        where = Context(compiled, arrival_context(centre, trunk), owner)
        where.note(f"Calls that arrive by {label}: their numbers are made E.164")
        known = f"${{DIALPLAN_EXISTS({trunk_context(trunk)},${{CC_DIALLED}},1)}}"
        where.add(
            "_[0-9+]!",
            [
                Step("Gosub", f"{read},${{FILTER(0-9+,${{EXTEN}})}},1"),
                Step("Set", "CC_DIALLED=${GOSUB_RETVAL}"),
                Step("GotoIf", f'$["${{LEN({CALLER})}}" = "0"]?called'),
                Step("Gosub", f"{read},{CALLER},1"),
                Step("Set", "CALLERID(num)=${GOSUB_RETVAL}"),
                Step("GotoIf", f"{known}?{trunk_context(trunk)},${{CC_DIALLED}},1", label="called"),
                Step("Hangup", "1"),  # ITU-T Q.850: unallocated number
            ],
        )
        _compile_rewrites(Context(compiled, read, owner), reading, "number_format")
    if writing := _outbound_rewrites(centre, trunk):
        where = Context(compiled, writing_context(centre, trunk), owner)
        where.note(f"Numbers as {label} writes them")
        _compile_rewrites(where, writing, "number_format")


_RETURN = re.compile(r"Return\((\+?[0-9*#]*)\$\{EXTEN(?::([0-9]+))?\}\)")


def decode_formats(sections: Sections, trunk: str) -> Decoded:
    """Decode how the carrier of a trunk writes numbers, and the country, by the contexts that do it."""
    recorded = carrier_formats(sections.centre, trunk)
    fields = sections.centre.of("trunk").get(trunk, {})
    leaving = _decoded_rewrites(sections, f"written/{trunk}")
    outbound, country = _format(leaving, written_for, recorded.outbound, recorded.country)
    arrives = _decoded_rewrites(sections, f"read/{trunk}")
    inbound, other = _format(arrives, read_as_e164, recorded.inbound, country)
    if inbound is None and outbound is not None:
        inbound = E164
    if inbound == outbound and not fields.get("inbound_number_format"):
        inbound = None
    country = country if country != recorded.country else other
    return {
        ("number_format",): outbound,
        ("inbound_number_format",): inbound,
        ("country",): UNCLEAR if country == recorded.country else country,
    }


def _decoded_rewrites(sections: Sections, context: str) -> frozenset[Rewrite]:
    found = set()
    for extension, steps in sections.context(shortened(context)).items():
        writing_context = _RETURN.fullmatch(steps[0])
        if extension != ANYTHING and writing_context:
            pattern = extension.removeprefix("_")
            found.add(Rewrite(pattern, int(writing_context[2] or 0), writing_context[1]))
    return frozenset(found)


def _format(
    found: frozenset[Rewrite],
    rewrites: Callable[[str, str], tuple[Rewrite, ...]],
    recorded: str,
    country: str,
) -> tuple[Json, str]:
    """The format, and the country, that make these rewrites; the recorded ones if they do."""
    if recorded and frozenset(rewrites(recorded, country)) == found:
        return recorded, country
    if not found:
        return None, country
    codes = {code for r in found for text in (r.prepend, r.pattern) for code in _CODE.findall(text)}
    others = sorted({other for code in codes for other in countries_with(code)})
    for place in (country, *others):
        for name in dict.fromkeys((recorded, E164, INTERNATIONAL, NATIONAL)):
            if name and frozenset(rewrites(name, place)) == found:
                return name, place
    unclear: Json = UNCLEAR
    return unclear, country


_CODE = re.compile(r"^\+?([1-9][0-9]{0,2})\.?$")


def _compile_rewrites(where: Context, rewrites: Iterable[Rewrite], field: str) -> None:
    """Compile an extension for each pattern; a number that none of them knows stays as it is."""
    for pattern, strip, prepend in sorted(rewrites, key=lambda r: specificity(r.pattern)):
        rest = f"${{EXTEN:{strip}}}" if strip else "${EXTEN}"
        where.add(dialplan_pattern(pattern), [Step("Return", f"{prepend}{rest}", field)])
    where.add(ANYTHING, [Step("Return", "${EXTEN}")])


TRUNK_CONTEXT = "ccstate-trunk"
SENT = "ccstate-sent"
RUNG = "rung"
"""What the subroutine of a trunk returns where the other side was reached, and did not answer."""
MOST = Template("Set", "CC_MOST=<max_calls>", max_calls=optional(COUNT))
SHOWS = Template("Set", "CC_SHOWN=<caller_id>", caller_id=optional(TEXT))


def _codecs(text: str) -> Json:
    first, *codecs = text.split(",")
    if first != "!all":
        raise Unclear
    return list(codecs)


_ADDRESSES = Codec(",".join, lambda text: [*text.split(",")])
_endpoint = partial(Row, section="endpoint")
_auth = partial(Row, section="auth")
_registration = partial(Row, section="registration")

# Defaults: what Asterisk 16.28 and 22.10 show where there is no line.
ROWS = (
    _endpoint("context", "arriving", default="default", says="inbound_number_format"),
    _endpoint("allow", "codecs", Codec(lambda c: ",".join(("!all", *c)), _codecs), default="!all"),
    _endpoint("direct_media", codec=SWITCH, unset="no", default="yes"),
    _endpoint("aors", "identity", says=""),
    # Without it a caller who writes the trunk's name into From is taken for the carrier, from
    # anywhere and without a password (seen on 16.28 and 22.10).
    _endpoint("identify_by", unset="ip", default="username,ip"),
    _endpoint("trust_id_inbound", unset="yes", codec=SWITCH, default="no"),
    _endpoint("send_pai", unset="yes", codec=SWITCH, default="no"),
    Row("contact", "server", says="host", section="aor"),
    constant(
        "qualify_frequency",
        "60",
        default="0",
        section="aor",
        effect="ccstate asks the carrier every 60 seconds whether it is there",
    ),
    Row("endpoint", "identity", says="", section="identify"),
    Row("match", "addresses", _ADDRESSES, says="host", section="identify"),
    _endpoint("from_user", "from_user"),
    _endpoint("from_domain", "from_domain"),
    _auth("auth_type", "account.type", ACCOUNT, default="userpass", says="secret"),
    _auth("username", "account.username", says="username"),
    _auth("password", "account.secret", says="secret"),
    _endpoint("outbound_auth", "account.auth", says="secret"),
    _registration("server_uri", "registration.server", says="host"),
    _registration("client_uri", "registration.client", says="username"),
    _registration("retry_interval", "registration.retry", default="60", says="registers"),
    # Calls that come in by the registration are known, wherever the carrier sends them from.
    _registration("line", "registration.line", SWITCH, default="no", says="registers"),
    _registration("endpoint", "registration.identity", says="registers"),
    _registration("outbound_auth", "registration.auth", says="secret"),
)
ACCOUNT_TYPE: Mapping[str, Json] = {"type": "userpass"}
REGISTERS: Mapping[str, Json] = {"retry": "60", "line": True}
"""What is the same in the accounts, and in the registrations, of all trunks."""
# RFC 3261, 19.1.2: what is meant where an address names no port.
_PORTS = {"udp": 5060, "tcp": 5060, "tls": 5061}


def compile_trunk(unit: Unit) -> None:
    """Compile one trunk: endpoint, address, account, registration; how its calls arrive and leave."""
    name, trunk, identity = unit.name, unit.fields, trunk_id(unit.name)
    unit.compiled.notes[PJSIP, identity] = trunk.get("label") or ""
    unit.pjsip(ROWS, _option_values(unit.flow, name, trunk), identity)
    where = unit.context(trunk_context(name))
    where.note(f"Calls that come in by {unit.label}")
    where.include(NUMBERS)
    compile_formats(unit.compiled, unit.flow.centre, name)
    _compile_leaving(unit.context(leaving(name)), Shown(unit.flow.centre), name, trunk)


def _option_values(flow: Flow, name: str, trunk: Filled) -> Mapping[str, Any]:
    """Return the fields as options say them."""
    identity, transport = trunk_id(name), trunk["transport"]
    server = f"sip:{trunk['host']}:{trunk.get('port') or _PORTS[transport]}"
    server += "" if transport == "udp" else f";transport={transport}"
    account, secret = str(trunk.get("username") or ""), str(trunk.get("secret") or "")
    auth = identity if account and secret else None
    said: dict[str, Any] = {
        **trunk,
        "identity": identity,
        "arriving": arrival_context(flow.centre, name),
        "codecs": trunk.get("codecs") or ["alaw", "ulaw"],
        "server": server,
        "addresses": (trunk["host"], *(trunk.get("addresses") or ())),
        "from_user": trunk.get("from_user") or None,
        "from_domain": trunk.get("from_domain") or None,
    }
    if auth:
        said["account"] = {**ACCOUNT_TYPE, "username": account, "secret": secret, "auth": auth}
    if account and trunk["registers"]:
        said["registration"] = {
            "server": server,
            "client": f"sip:{quote(account, safe='')}@{trunk['host']}",
            **REGISTERS,
            "identity": identity,
            "auth": auth,
        }
    return said


def leaving(trunk: str) -> str:
    """Return the context by which calls leave on a trunk."""
    return shortened(f"leaving/{trunk}")


_SAID = {
    Source.SITE: "CC_CALLBACK",
    Source.ROUTE: "CC_ROUTE",
    Source.EXTENSION: "CC_CALLER",
    Source.TRUNK: "CC_SHOWN",
    Source.ARRIVING: "CC_ARRIVING",
}
"""The variable in which a call has what each source says of the number that it shows."""


def _compile_leaving(where: Context, shown: Shown, name: str, trunk: Filled) -> None:
    """Compile how calls leave on one trunk: what is its own, and on to what all trunks do."""
    where.add(
        "s",
        [
            Step("Set", f"CC_TRUNK={trunk_id(name)}"),
            MOST.step("max_calls", max_calls=trunk.get("max_calls")),
            SHOWS.step("caller_id", caller_id=trunk.get("caller_id")),
            Step("Set", f"{_SAID[Source.ARRIVING]}={shown.arriving(name)}"),
            Step("Set", f"CC_WRITTEN={writing_context(shown.centre, name)}", "number_format"),
            Step("Goto", f"{TRUNK_CONTEXT},s,1"),
        ],
    )


def _number_shown() -> list[Step]:
    """Compile the number that the call shows, by the one precedence; on to `to` in any case."""
    steps = [Step("GotoIf", '$["${ARG3}" = "1"]?help')]
    steps += [Step("GotoIf", f'$["${{{_SAID[s]}}}" != ""]?{s.name.lower()}') for s in ORDINARY]
    steps.append(Step("Goto", "to"))
    for number, source in enumerate(EMERGENCY):
        is_whole = f'$["${{FILTER(+,${{{_SAID[source]}}})}}" = "+"]?{source.name.lower()}'
        steps.append(Step("GotoIf", is_whole, label="" if number else "help"))
    steps += [
        Step(
            "GotoIf", f'$["${{{_SAID[Source.EXTENSION]}}}" != ""]?{Source.EXTENSION.name.lower()}'
        ),
        Step("Goto", "to"),
    ]
    for source, variable in _SAID.items():
        is_own = source in {Source.SITE, Source.EXTENSION}
        steps += [
            Step("Set", f"CALLERID(num)=${{{variable}}}", label=source.name.lower()),
            Step("Goto", "named" if is_own else "to"),
        ]
    return [
        *steps,
        Step("GotoIf", f'$["{_has_text("CC_CALLER_NAME")}" = "0"]?to', label="named"),
        Step("Set", "CALLERID(name)=${CC_CALLER_NAME}"),
    ]


def compile_all_trunks(compiled: Compiled, flow: Flow, _setting: Setting) -> None:
    """The context of numbers that may come in anywhere, and the subroutines by which calls leave.

    That of all trunks takes what is sent, how many seconds it rings, and 1 for an emergency.
    """
    arrivals = Context(compiled, NUMBERS)
    arrivals.note("Numbers that may come in by any trunk")
    arrivals.add("h", [Step("NoOp")])  # so that it is there where no number is
    Context(compiled, TRUNK_CONTEXT).add(
        "s",
        [
            Step("Set", "GROUP(ccstate)=${CC_TRUNK}"),
            Step("GotoIf", '$["${CC_MOST}" = ""]?free'),
            Step("GotoIf", '$["${ARG3}" = "1"]?free'),
            Step("GotoIf", "$[${GROUP_COUNT(${CC_TRUNK}@ccstate)} > ${CC_MOST}]?next"),
            Step("NoOp", label="free"),
            *_number_shown(),
            Step("Set", "CC_TO=${ARG1}", label="to"),
            Step("GotoIf", '$["${CC_WRITTEN}" = ""]?dial'),
            Step("GotoIf", f'$["${{LEN({CALLER})}}" = "0"]?sent'),
            Step("Gosub", f"${{CC_WRITTEN}},{CALLER},1"),
            Step("Set", "CALLERID(num)=${GOSUB_RETVAL}"),
            # What calls for help is sent as it is dialled.
            Step("GotoIf", '$["${ARG3}" = "1"]?dial', label="sent"),
            Step("Gosub", "${CC_WRITTEN},${ARG1},1"),
            Step("Set", "CC_TO=${GOSUB_RETVAL}"),
            Step("GotoIf", '$["${CC_RIGHTS}" = ""]?calls', label="dial"),
            MAY_PRESS,
            *recorded_outgoing("calls", "leaves"),
            Step(
                "Dial",
                f"PJSIP/${{CC_TO}}@${{CC_TRUNK}},${{ARG2}},b({SENT}^s^1)${{CC_RIGHTS}}",
                label="leaves",
            ),
            # The next trunk is for lines that are down or full, not for people who are busy.
            Step("GotoIf", '$["${DIALSTATUS}" = "CHANUNAVAIL"]?next'),
            Step("GotoIf", '$["${DIALSTATUS}" = "CONGESTION"]?next'),
            Step("GotoIf", '$["${CC_RETURNS}" = "1"]?rung'),
            Step("Hangup"),
            Step("Return", RUNG, label="rung"),
            Step("Return", label="next"),
        ],
    )
    Context(compiled, SENT).add(
        "s",
        [
            Step("GotoIf", f'$["{_has_text("CC_SENT")}" = "0"]?back'),
            Step("Set", "PJSIP_HEADER(add,X-Dispatchable-Location)=${CC_SENT}"),
            Step("Return", label="back"),
        ],
    )
    Context(compiled, OUTSIDE).add(
        "s",
        [
            Step("Set", "CC_RETURNS=1"),
            *(step for name in sorted(flow.centre.of("trunk")) for step in _ring_steps(name)),
            Step("Set", "CC_RETURNS=", label="done"),
            Step("Return"),
        ],
    )


def _ring_steps(trunk: str) -> list[Step]:
    """Ring an outside number by a trunk; a number that was rung is not rung by the next."""
    ring = Step("Gosub", f"{leaving(trunk)},s,1(${{ARG1}},${{ARG2}})")
    return [ring, Step("GotoIf", f'$["${{GOSUB_RETVAL}}" = "{RUNG}"]?done')]


def _has_text(variable: str) -> str:
    """0 where the variable is empty, else 1.

    Only its first character is looked at: Asterisk counts a whole text such as `a): 0` as 0
    (seen on 16.28 and 22.10), for a colon behind a bracket means an offset to it.
    """
    return f"${{LEN(${{{variable}:0:1}})}}"


def decode_trunk(sections: Sections, name: str) -> Decoded:
    """Decode the fields that the sections of a trunk, and the contexts of its calls, say."""
    identity = trunk_id(name)
    endpoint, account, identify = (
        decode((row for row in ROWS if row.section == section), sections.pjsip(section, identity))
        for section in ("endpoint", "auth", "identify")
    )
    steps = sections.context(leaving(name)).get("s", ())
    contact = sections.pjsip("aor", identity).get("contact")
    server = decoded(SERVER, contact)
    host, port, transport = server if isinstance(server, list) else (UNCLEAR, UNCLEAR, UNCLEAR)
    matches = identify["addresses",]
    others = [*matches[1:]] if isinstance(matches, list) and matches[0] == host else UNCLEAR
    client = sections.pjsip("registration", identity).get("client_uri")
    username = account["account", "username"] or decoded(CLIENT, client)
    recorded = sections.centre.of("trunk").get(name, {})
    codecs = endpoint["codecs",]
    return {
        ("host",): host,
        ("port",): port if recorded or transport is UNCLEAR else port or _PORTS[str(transport)],
        ("transport",): transport,
        ("addresses",): others or None,
        ("username",): username,
        ("secret",): account["account", "secret"],
        ("registers",): bool(client) if username else UNCLEAR,
        ("from_user",): endpoint["from_user",],
        ("from_domain",): endpoint["from_domain",],
        ("codecs",): None if codecs == ["alaw", "ulaw"] and not recorded.get("codecs") else codecs,
        ("max_calls",): MOST.values(steps)["max_calls"],
        ("caller_id",): SHOWS.values(steps)["caller_id"],
        **decode_formats(sections, name),
    }


_SERVER = re.compile(
    r"(?P<scheme>sips?):(?:[^@;]+@)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:;transport=(?P<transport>udp|tcp|tls))?"
)
_CLIENT = re.compile(r"sips?:([^@;]+)@[^@]+")


def _server(text: str) -> Json:
    """Host, port and transport of an address; no port where it is the one that is meant without.

    A user in it gives way to the number that is called (`PJSIP/number@endpoint`).
    """
    found = _SERVER.fullmatch(text)
    if not found:
        raise Unclear
    transport = found["transport"] or ("tls" if found["scheme"] == "sips" else "udp")
    port = int(found["port"]) if found["port"] else _PORTS[transport]
    return [found["host"], None if port == _PORTS[transport] else port, transport]


def _user(text: str) -> Json:
    found = _CLIENT.fullmatch(text)
    if not found:
        raise Unclear
    return unquote(found[1])


SERVER = Codec(str, _server)
CLIENT = Codec(str, _user)


def _names(sections: Sections) -> Iterable[str]:
    prefix = trunk_id("")
    endpoints = sections.names(PJSIP, "endpoint")
    return (name.removeprefix(prefix) for name in endpoints if name.startswith(prefix))


TRUNK = Kind(
    name="trunk",
    compile=compile_trunk,
    decode=decode_trunk,
    primary=(PJSIP, "endpoint"),
    names=_names,
    rows=ROWS,
    shared=compile_all_trunks,
    mapped="max_calls caller_id port transport addresses number_format country",
    kept={"label": COMMENT, "site": NO_SITES},
)
