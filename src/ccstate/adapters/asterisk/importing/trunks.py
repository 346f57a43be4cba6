"""Endpoints that lead to a carrier → trunks."""

import re
from dataclasses import dataclass

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.phones import SAME, codecs
from ccstate.model import Address, Json

_SIP = re.compile(
    r"sips?:(?:(?P<user>[^@;]+)@)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?(?:;transport=(?P<transport>udp|tcp|tls))?"
)
_SOURCE = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9]{1,3}(?:\.[0-9]{1,3}){3}/[0-9]{1,2}"
)
_ADDRESS = {
    "from_user": re.compile(r"[A-Za-z0-9+._~-]{1,64}"),
    "from_domain": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"),
}
"""Options that are fields of the same name, and the values that a field takes."""
_CODECS = ("alaw", "ulaw", "g722", "g729", "opus")
_SAME = {**SAME, "trust_id_inbound": "yes", "send_pai": "yes", "auth_type": "userpass"}


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
            _endpoint(work, trunk, endpoint, fields)
            _account(work, trunk, endpoint, fields)
            _identified(work, trunk, fields)
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
    contact = (work.pjsip["aor"][aors[0]].get("contact") or "") if len(aors) == 1 else ""
    match = _SIP.fullmatch(contact)
    # A user in the contact gives way to the number that is called (PJSIP/number@endpoint).
    if not match or not 1 <= int(match["port"] or 5060) <= 65535:
        reason = "a trunk needs one contact such as sip:host:5060"
        work.ledger.leave_header(endpoint, reason)
        return None
    fields: dict[str, Json] = {"host": match["host"]}
    if match["port"]:
        fields["port"] = int(match["port"])
    if match["transport"]:
        fields["transport"] = match["transport"]
    section = work.pjsip["aor"][aors[0]]
    for option in section.options:
        if option.key.lower() in ("type", "contact"):
            work.ledger.take([option], f"trunk/{name_of(endpoint.name)}")
        elif option.key.lower() == "qualify_frequency" and option.value == "60":
            work.ledger.take([option], DEFAULT)
        else:
            work.ledger.leave(option, f"ccstate sets no {option.key} for a trunk")
    if section.get("qualify_frequency") != "60":
        reason = "differs: ccstate asks the carrier every 60 seconds whether it is there"
        work.ledger.leave_header(section, reason)
    return fields


def _endpoint(work: Work, trunk: Trunk, endpoint: Section, fields: dict[str, Json]) -> None:
    ledger = work.ledger
    offered = codecs(endpoint)
    if offered and all(codec in _CODECS for codec in offered):
        fields["codecs"] = [*offered]
    for option in endpoint.options:
        key, value = option.key.lower(), option.value
        if key in ("type", "context", "aors") or (
            key in ("allow", "disallow") and "codecs" in fields
        ):
            ledger.take([option], trunk.address)
        elif key == "allow":
            told = f"a trunk has codecs of {', '.join(_CODECS)}, and no others"
            ledger.leave(option, told)
        elif key == "outbound_auth" and value in work.pjsip.get("auth", {}):
            ledger.take([option], trunk.address)
        elif key in _ADDRESS and _ADDRESS[key].fullmatch(value):
            fields[key] = value
            ledger.take([option], trunk.address)
        elif _SAME.get(key) == value.lower():
            ledger.take([option], DEFAULT)
        else:
            ledger.leave(option, f"ccstate sets no {key} for a trunk")


def _account(work: Work, trunk: Trunk, endpoint: Section, fields: dict[str, Json]) -> None:
    """The account by which the server logs in, from outbound_auth and the registrations."""
    auth = work.pjsip.get("auth", {}).get(endpoint.get("outbound_auth") or "")
    username = (auth.get("username") or "") if auth else ""
    registered = False
    for section in work.pjsip.get("registration", {}).values():
        match = _SIP.fullmatch(section.get("server_uri") or "")
        if match and match["host"] == fields["host"]:
            registered |= _registration(work, trunk, section, username)
    if username:
        fields["username"] = username
        if not registered:
            fields["registers"] = False
        if auth and auth.get("password"):
            value = auth.get("password") or ""
            fields["secret"] = work.secret("TRUNK", trunk.name, value=value)
    for option in auth.options if auth else ():
        key = option.key.lower()
        is_said = key in ("username", "password") and "username" in fields
        if is_said or key == "type" or (key == "auth_type" and option.value == "userpass"):
            work.ledger.take([option], trunk.address)
        elif key in ("username", "password"):
            work.ledger.leave(option, "there is no username beside it, so Asterisk does not use it")
        else:
            work.ledger.leave(option, f"ccstate sets no {key} for a trunk")


def _registration(work: Work, trunk: Trunk, section: Section, username: str) -> bool:
    """Whether the server logs in by this section with the account of the endpoint."""
    client = _SIP.fullmatch(section.get("client_uri") or "")
    fits = bool(client and username and client["user"] == username)
    logs_in = work.pjsip.get("auth", {}).get(section.get("outbound_auth") or "")
    if not fits:
        why = "it has no client_uri" if not section.get("client_uri") else "its account is another"
        reason = f"Asterisk does not register by this, or not as the trunk does: {why}"
        lines = (*section.options, *(logs_in.options if logs_in else ()))
        work.ledger.leave_all(lines, reason)
        return False
    for option in section.options:
        key = option.key.lower()
        same = {"retry_interval": "60", "line": "yes", "transport": ""}
        if key in ("type", "server_uri", "client_uri", "outbound_auth", "endpoint"):
            work.ledger.take([option], trunk.address)
        elif same.get(key) == option.value:
            work.ledger.take([option], DEFAULT)
        else:
            work.ledger.leave(option, f"ccstate sets no {key} for a trunk")
    return True


def _identified(work: Work, trunk: Trunk, fields: dict[str, Json]) -> None:
    """The addresses from which the carrier's calls arrive."""
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
            elif key == "match" and all(map(_SOURCE.fullmatch, addresses)):
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
