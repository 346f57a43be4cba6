"""Endpoints that lead to a carrier → trunks."""

from dataclasses import dataclass

from ccstate.adapters.asterisk.conf import Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.options import (
    Table,
    fits,
    lines_of,
    read_section,
    table,
)
from ccstate.adapters.asterisk.importing.phones import codecs, named
from ccstate.adapters.asterisk.kinds.trunk import (
    ACCOUNT_TYPE,
    CLIENT,
    REGISTERS,
    ROWS,
    SERVER,
)
from ccstate.adapters.asterisk.rows import ENDPOINT_DEFAULTS, Row, decoded, unwritten
from ccstate.model import Address, Json

_ALIKE = {"account": ACCOUNT_TYPE, "registration": REGISTERS}


def _table(section: str, *defaults: Row) -> Table:
    rows = (row for row in ROWS if row.section == section)
    return table("trunk", (*defaults, *rows), _ALIKE)


_ENDPOINT = _table("endpoint", *ENDPOINT_DEFAULTS)
_AOR = _table("aor")
_AUTH = _table("auth")
_REGISTRATION = _table("registration", *unwritten({"transport": ""}))


@dataclass(frozen=True, slots=True)
class Trunk:
    """An endpoint that leads to a carrier, and the context in which its calls come in."""

    name: str
    endpoint: str
    context: str

    @property
    def address(self) -> Address:
        return Address("trunk", self.name)


def carriers(work: Work) -> frozenset[str]:
    """The endpoints that lead to a carrier: their contact is written down, or they log in."""
    endpoints = work.pjsip.get("endpoint", {})
    found = {each.get("endpoint") or "" for each in work.pjsip.get("identify", {}).values()}
    for identity, endpoint in endpoints.items():
        is_fixed = any(aor.get("contact") for aor in named(work, "aor", endpoint.get("aors")))
        if endpoint.get("outbound_auth") or (is_fixed and not endpoint.get("auth")):
            found.add(identity)
    return frozenset(found.intersection(endpoints))


def trunks(work: Work, those: frozenset[str]) -> dict[str, Trunk]:
    """The trunks by endpoint, with their objects."""
    found: dict[str, Trunk] = {}
    for identity, endpoint in work.pjsip.get("endpoint", {}).items():
        if identity in those and (fields := _server(work, endpoint)):
            name = work.names.free("trunk", name_of(identity))
            trunk = Trunk(name, identity, endpoint.get("context") or "default")
            found[identity] = trunk
            work.objects[trunk.address] = fields
            address = named(work, "aor", endpoint.get("aors"))[0]
            read_section(work, _AOR, trunk.address, address, said=("type", "contact"))
            _endpoint(work, trunk, endpoint)
            _account(work, trunk, endpoint)
            _identified(work, trunk)
    _transports(work)
    return found


def _transports(work: Work) -> None:
    for kind in ("transport", "global", "system"):
        for section in work.pjsip.get(kind, {}).values():
            reason = f"stays by hand: ccstate writes no {kind} section"
            work.ledger.leave_all(section.options, reason)


def _server(work: Work, endpoint: Section) -> dict[str, Json] | None:
    """Host, port and transport, from the contact of the one address that it has."""
    aors = named(work, "aor", endpoint.get("aors"))
    read = decoded(SERVER, aors[0].get("contact")) if len(aors) == 1 else None
    host, port, transport = read if isinstance(read, list) else (None, None, None)
    if host is None or not fits("trunk", ("port",), port):
        reason = "a trunk needs one contact such as sip:host:5060"
        work.ledger.leave_header(endpoint, reason)
        return None
    fields: dict[str, Json] = {"host": host}
    if port:
        fields["port"] = port
    if transport != "udp":
        fields["transport"] = transport
    return fields


def _endpoint(work: Work, trunk: Trunk, endpoint: Section) -> None:
    offered = codecs(endpoint)
    unknown = [codec for codec in offered if not fits("trunk", ("codecs",), [codec])]
    if offered and not unknown:
        work.objects[trunk.address]["codecs"] = [*offered]
    allowed = lines_of(endpoint, "allow", "disallow")
    if unknown:
        work.ledger.leave_all(allowed, f"a trunk has no codec {', '.join(unknown)}")
    else:
        work.ledger.take(allowed, trunk.address)
    for option in lines_of(endpoint, "outbound_auth"):
        if option.value in work.pjsip.get("auth", {}):
            work.ledger.take([option], trunk.address)
        else:
            work.ledger.leave(option, "there is no such section")
    said, judged = ("type", "context", "aors"), ("allow", "disallow", "outbound_auth")
    read_section(work, _ENDPOINT, trunk.address, endpoint, said=said, judged=judged)


def _account(work: Work, trunk: Trunk, endpoint: Section) -> None:
    """The account by which the server logs in, from outbound_auth and the registrations."""
    fields = work.objects[trunk.address]
    auth = work.pjsip.get("auth", {}).get(endpoint.get("outbound_auth") or "")
    username = (auth.get("username") or "") if auth else ""
    registered = False
    for section in work.pjsip.get("registration", {}).values():
        server = decoded(SERVER, section.get("server_uri"))
        if isinstance(server, list) and server[0] == fields["host"]:
            registered |= _registration(work, trunk, section, username)
    if username:
        fields["username"] = username
        if not registered:
            fields["registers"] = False
        if auth and auth.get("password"):
            value = auth.get("password") or ""
            fields["secret"] = work.secret("TRUNK", trunk.name, value=value)
    elif auth:
        told = "there is no username beside it, so Asterisk does not use it"
        work.ledger.leave_all(lines_of(auth, "username", "password"), told)
    if auth:
        said = ("type", "username", "password")
        read_section(work, _AUTH, trunk.address, auth, said=said)


def _registration(work: Work, trunk: Trunk, section: Section, username: str) -> bool:
    """Whether the server logs in by this section with the account of the endpoint."""
    fits = username and decoded(CLIENT, section.get("client_uri")) == username
    logs_in = work.pjsip.get("auth", {}).get(section.get("outbound_auth") or "")
    if not fits:
        why = "it has no client_uri" if not section.get("client_uri") else "its account is another"
        reason = f"Asterisk does not register by this, or not as the trunk does: {why}"
        work.ledger.leave_all(section.options, reason)
        work.ledger.leave_all(logs_in.options if logs_in else (), reason)
        return False
    said = ("type", "server_uri", "client_uri", "outbound_auth", "endpoint")
    read_section(work, _REGISTRATION, trunk.address, section, said=said)
    return True


def _identified(work: Work, trunk: Trunk) -> None:
    """The addresses from which the carrier's calls arrive."""
    fields = work.objects[trunk.address]
    more: list[str] = []
    for section in work.pjsip.get("identify", {}).values():
        if section.get("endpoint") != trunk.endpoint:
            continue
        for option in section.options:
            key = option.key.lower()
            addresses = [part.strip() for part in option.value.split(",")]
            if key in ("type", "endpoint"):
                work.ledger.take([option], trunk.address)
            elif key == "match" and fits("trunk", ("addresses",), [*addresses]):
                more += [each.removesuffix("/32") for each in addresses]
                work.ledger.take([option], trunk.address)
            else:
                reason = f"differs: ccstate knows calls of this trunk by {fields['host']}"
                work.ledger.leave(option, reason)
    others = [each for each in dict.fromkeys(more) if each != fields["host"]]
    if others:
        fields["addresses"] = [*sorted(others)]
    if fields["host"] not in more:
        told = f"differs: ccstate takes calls from {fields['host']} for this trunk's, too"
        work.ledger.leave_header(work.pjsip["endpoint"][trunk.endpoint], told)
