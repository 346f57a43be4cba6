"""Endpoints that lead to a carrier → trunks."""

from dataclasses import dataclass

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.endpoints import ENDPOINT_DEFAULTS
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.options import (
    Table,
    fits,
    read_option,
    table,
    tell_defaults,
)
from ccstate.adapters.asterisk.importing.phones import codecs
from ccstate.adapters.asterisk.kinds.trunk import (
    ACCOUNT_TYPE,
    CLIENT,
    REGISTERS,
    ROWS,
    SERVER,
)
from ccstate.adapters.asterisk.rows import Row, decoded, unwritten
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
    aors = work.pjsip.get("aor", {})
    found: set[str] = set()
    for identity, endpoint in work.pjsip.get("endpoint", {}).items():
        contacts = [aors[a].get("contact") for a in _names(endpoint, "aors") if a in aors]
        if endpoint.get("outbound_auth") or (any(contacts) and not endpoint.get("auth")):
            found.add(identity)
    for identify in work.pjsip.get("identify", {}).values():
        if identify.get("endpoint") in work.pjsip.get("endpoint", {}):
            found.add(identify.get("endpoint") or "")
    return frozenset(found)


def _names(section: Section, key: str) -> list[str]:
    return [name.strip() for name in (section.get(key) or "").split(",")]


def trunks(work: Work, those: frozenset[str]) -> dict[str, Trunk]:
    """The trunks by endpoint, with their objects."""
    found: dict[str, Trunk] = {}
    for identity, endpoint in work.pjsip.get("endpoint", {}).items():
        if identity in those and (fields := _server(work, endpoint)):
            name = work.names.free("trunk", name_of(identity))
            trunk = Trunk(name, identity, endpoint.get("context") or "default")
            found[identity] = trunk
            work.objects[trunk.address] = fields
            _address(work, trunk, endpoint)
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
    aors = [a for a in _names(endpoint, "aors") if a in work.pjsip.get("aor", {})]
    section = work.pjsip["aor"][aors[0]] if len(aors) == 1 else None
    read = decoded(SERVER, section.get("contact")) if section else None
    host, port, transport = read if isinstance(read, list) else (None, None, None)
    if section is None or host is None or not fits("trunk", ("port",), port):
        reason = "a trunk needs one contact such as sip:host:5060"
        work.ledger.leave_header(endpoint, reason)
        return None
    fields: dict[str, Json] = {"host": host}
    if port:
        fields["port"] = port
    if transport != "udp":
        fields["transport"] = transport
    return fields


def _address(work: Work, trunk: Trunk, endpoint: Section) -> None:
    """The section of its address, of which `_server` has read the contact."""
    section = work.pjsip["aor"][next(a for a in _names(endpoint, "aors") if a in work.pjsip["aor"])]
    tell_defaults(work, _AOR, section)
    _read(work, trunk, _AOR, section, "type", "contact")


def _read(work: Work, trunk: Trunk, table: Table, section: Section, *others: str) -> None:
    """The options of a section; `others` are read elsewhere, and said by the trunk."""
    for option in section.options:
        if option.key.lower() in others:
            work.ledger.take([option], trunk.address)
        else:
            read_option(work, table, trunk.address, option)


def _endpoint(work: Work, trunk: Trunk, endpoint: Section) -> None:
    offered = codecs(endpoint)
    unknown = [codec for codec in offered if not fits("trunk", ("codecs",), [codec])]
    if offered and not unknown:
        work.objects[trunk.address]["codecs"] = [*offered]
    for option in endpoint.options:
        key = option.key.lower()
        if key in ("type", "context", "aors") or (key in ("allow", "disallow") and not unknown):
            work.ledger.take([option], trunk.address)
        elif key in ("allow", "disallow"):
            work.ledger.leave(option, f"a trunk has no codec {', '.join(unknown)}")
        elif key == "outbound_auth" and option.value in work.pjsip.get("auth", {}):
            work.ledger.take([option], trunk.address)
        else:
            read_option(work, _ENDPOINT, trunk.address, option)


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
        secrets = [o for o in auth.options if o.key.lower() in ("username", "password")]
        work.ledger.leave_all(secrets, told)
    if auth:
        _read(work, trunk, _AUTH, auth, "type", "username", "password")


def _registration(work: Work, trunk: Trunk, section: Section, username: str) -> bool:
    """Whether the server logs in by this section with the account of the endpoint."""
    fits = username and decoded(CLIENT, section.get("client_uri")) == username
    logs_in = work.pjsip.get("auth", {}).get(section.get("outbound_auth") or "")
    if not fits:
        why = "it has no client_uri" if not section.get("client_uri") else "its account is another"
        reason = f"Asterisk does not register by this, or not as the trunk does: {why}"
        lines = (*section.options, *(logs_in.options if logs_in else ()))
        work.ledger.leave_all(lines, reason)
        return False
    said = ("type", "server_uri", "client_uri", "outbound_auth", "endpoint")
    _read(work, trunk, _REGISTRATION, section, *said)
    return True


def _identified(work: Work, trunk: Trunk) -> None:
    """The addresses from which the carrier's calls arrive."""
    fields = work.objects[trunk.address]
    more: list[str] = []
    matched: list[Option] = []
    for section in work.pjsip.get("identify", {}).values():
        if section.get("endpoint") != trunk.endpoint:
            continue
        for option in section.options:
            key = option.key.lower()
            addresses = [part.strip() for part in option.value.split(",")]
            if key in ("type", "endpoint"):
                work.ledger.take([option], trunk.address)
            elif key == "match" and fits("trunk", ("addresses",), [*addresses]):
                matched.append(option)
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
