"""The extensions, users and trunks that endpoints, accounts and mailboxes become."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import (
    Table,
    Work,
    fits,
    lines_of,
    name_of,
    person,
    read_option,
    read_section,
    table,
)
from ccstate.adapters.asterisk.kinds import extension
from ccstate.adapters.asterisk.kinds import trunk as trunk_kind
from ccstate.adapters.asterisk.kinds.extension import MAILBOX_ROWS
from ccstate.adapters.asterisk.kinds.trunk import ACCOUNT_TYPE, CLIENT, REGISTERS, SERVER
from ccstate.adapters.asterisk.rows import ENDPOINT_DEFAULTS, SWITCH, Row, decoded, unwritten
from ccstate.model import Address, Json

_CALLER = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>\s*')


def _section_rows(section: str) -> tuple[Row, ...]:
    return tuple(row for row in extension.ROWS if row.section == section)


_ENDPOINT = table("phone", (*ENDPOINT_DEFAULTS, *_section_rows("endpoint")), {"nat": True})
_AUTH = table("phone", _section_rows("auth"))
_AOR = table("phone", _section_rows("aor"))
_CODECS = frozenset(_ENDPOINT.fixed["allow"].split(",")) - {"!all"}
_GROUPS = tuple(row.names for row in extension.ROWS if row.field == "pickup_group")


@dataclass(slots=True)
class Phone:
    """An endpoint that people answer."""

    name: str
    """The extension that it becomes."""
    endpoint: Section
    context: str
    shown: str = ""
    """The name that others see."""
    shown_number: str = ""
    aors: list[Section] = field(default_factory=list)
    auths: list[Section] = field(default_factory=list)
    user: str = ""
    number: str = ""
    """What is dialled to ring it."""

    @property
    def address(self) -> Address:
        return Address("extension", self.name)


def phones(work: Work, trunks: frozenset[str]) -> dict[str, Phone]:
    """Return phones by endpoint, their objects begun; `trunks` are endpoints of another kind."""
    found: dict[str, Phone] = {}
    for identity, section in work.pjsip.get("endpoint", {}).items():
        if identity in trunks:
            continue
        if not section.get("aors"):
            _unreachable(work, section)
            continue
        name = work.names.free("extension", name_of(identity))
        phone = Phone(name, section, section.get("context") or "default")
        found[identity] = phone
        work.objects[phone.address] = {}
        work.contexts[phone.address] = phone.context
        if name != identity:
            work.ledger.leave_header(section, f"differs: the phone has to log in as {name}")
        _endpoint(work, phone)
        _accounts(work, phone)
    return found


def _unreachable(work: Work, section: Section) -> None:
    """List an endpoint that only calls: `anonymous`, by which Asterisk lets strangers in."""
    reason = "it cannot be rung, for it has no aors: an extension has a phone, or a mailbox"
    work.ledger.leave_header(section, reason)
    work.ledger.leave_all(section.written, reason)


def named(work: Work, kind: str, names: str | None) -> list[Section]:
    """Return the sections of a type that an option names, as far as there are such."""
    known = work.pjsip.get(kind, {})
    return [known[n] for name in (names or "").split(",") if (n := name.strip()) in known]


_JUDGED = frozenset({"transport", "allow", "disallow", "callerid", "webrtc", "mailboxes"}).union(
    *_GROUPS
)
"""Options of an endpoint that are judged together, or with the mailboxes."""


def _endpoint(work: Work, phone: Phone) -> None:
    endpoint, ledger = phone.endpoint, work.ledger
    said = ("type", "context", "aors", "auth")
    read_section(work, _ENDPOINT, phone.address, endpoint, said=said, judged=_JUDGED)
    phone.aors = _only_section(work, phone, "aors", "aor")
    phone.auths = _only_section(work, phone, "auth", "auth")
    ledger.leave_all(lines_of(endpoint, "transport"), "stays by hand: ccstate names no transport")
    allowed = lines_of(endpoint, "allow", "disallow")
    if set(codecs(endpoint)) == _CODECS:
        ledger.take(allowed, phone.address)
    else:
        note = f"differs: ccstate's phones may speak {', '.join(sorted(_CODECS))}"
        ledger.leave_all(allowed, note)
    if decoded(SWITCH, endpoint.get("webrtc")) is True:
        work.objects[phone.address]["device"] = "webrtc"
    ledger.take(lines_of(endpoint, "webrtc"), phone.address)
    _group(work, phone)
    _caller(work, phone)


def _only_section(work: Work, phone: Phone, key: str, kind: str) -> list[Section]:
    """Return the sections that an option names; listed where they are not exactly one."""
    found = named(work, kind, phone.endpoint.get(key))
    if len(found) != 1:
        reason = "an extension has exactly one" if found else "there is no such section"
        work.ledger.leave_all(lines_of(phone.endpoint, key), reason)
    return found


def codecs(endpoint: Section) -> list[str]:
    """Return the codecs of an endpoint, best first: all its `allow` and `disallow`, in order.

    Source: ast_parse_allow_disallow, res_pjsip/pjsip_configuration.c of Asterisk 22.
    """
    found: dict[str, None] = {}
    for option in endpoint.options:
        key = option.key.lower()
        for word in option.value.replace(" ", "").split(","):
            codec = word.removeprefix("!")
            is_taken = (key == "disallow") or word.startswith("!")
            if key not in ("allow", "disallow"):
                continue
            if codec == "all" and is_taken:
                found.clear()
            elif is_taken:
                found.pop(codec, None)
            elif codec:
                found[codec] = None
    return list(found)


def _caller(work: Work, phone: Phone) -> None:
    lines = lines_of(phone.endpoint, "callerid")
    text = lines[-1].value if lines else ""
    match = _CALLER.fullmatch(text)
    phone.shown, phone.shown_number = match.groups() if match else (text.strip('" '), "")
    if phone.shown and len(phone.shown) <= 200 and phone.shown.isprintable():
        work.ledger.take(lines, phone.address)
    else:
        phone.shown = ""
        work.ledger.leave_all(lines, "it holds no person's name")


def _group(work: Work, phone: Phone) -> None:
    said = [[phone.endpoint.get(name) for name in names] for names in _GROUPS]
    groups = {group for each in said for group in each if group}
    group, lines = min(groups, default=""), lines_of(phone.endpoint, *chain(*_GROUPS))
    if len(groups) == 1 and all(map(any, said)) and group == name_of(group):
        work.objects[phone.address]["pickup_group"] = group
        work.ledger.take(lines, phone.address)
    else:
        work.ledger.leave_all(lines, "an extension has one pickup group, for both ways")


def _accounts(work: Work, phone: Phone) -> None:
    ledger = work.ledger
    for auth in phone.auths[:1]:
        password = auth.get("password") or ""
        if password:
            reference = work.secret("SIP", phone.name, value=password)
            work.objects[phone.address]["secret"] = reference
        note = f"differs: ccstate's phones log in by the name of their extension, {phone.name}"
        others = (line for line in lines_of(auth, "username") if line.value != phone.name)
        ledger.leave_all(others, note)
        said = ("type", "username", *(("password",) if password else ()))
        read_section(work, _AUTH, phone.address, auth, said=said)
    for aor in phone.aors[:1]:
        replaces = decoded(SWITCH, aor.get("remove_existing")) is True
        for line in lines_of(aor, "max_contacts"):
            if line.value != _AOR.fixed["max_contacts"]:
                ledger.leave(line, "differs: one phone at a time is an extension's")
            elif not replaces:
                note = "differs: a second phone takes over from the first; here it is turned away"
                ledger.leave(line, note)
        said = ("type", "max_contacts", "remove_existing")
        read_section(work, _AOR, phone.address, aor, said=said, judged=("mailboxes",))


def shown_numbers(work: Work, found: dict[str, Phone]) -> None:
    """Report where colleagues see another number than the one by which a phone is reached."""
    for phone in found.values():
        option = next((o for o in phone.endpoint.options if o.key.lower() == "callerid"), None)
        number = phone.number or phone.name
        if option is None:
            reason = f"differs: colleagues whom it calls see {number}; here they see nothing"
            work.ledger.leave_header(phone.endpoint, reason)
        elif phone.shown_number != number:
            work.differs(option, f"colleagues whom it calls see {number}")


def people(work: Work, found: dict[str, Phone]) -> None:
    """Make a user for every phone that shows a person's name."""
    for phone in found.values():
        if phone.shown:
            phone.user = work.names.free("user", person(phone.shown))
            user = Address("user", phone.user)
            work.objects[user] = {"name": phone.shown, "extension": phone.name}


_ALIKE = {"account": ACCOUNT_TYPE, "registration": REGISTERS}


def _table(section: str, *defaults: Row) -> Table:
    rows = (row for row in trunk_kind.ROWS if row.section == section)
    return table("trunk", (*defaults, *rows), _ALIKE)


_TRUNK_ENDPOINT = _table("endpoint", *ENDPOINT_DEFAULTS)
_TRUNK_AOR = _table("aor")
_TRUNK_AUTH = _table("auth")
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
    """Return the endpoints that lead to a carrier: with a contact, or a login of their own."""
    endpoints = work.pjsip.get("endpoint", {})
    found = {each.get("endpoint") or "" for each in work.pjsip.get("identify", {}).values()}
    for identity, endpoint in endpoints.items():
        is_fixed = any(aor.get("contact") for aor in named(work, "aor", endpoint.get("aors")))
        if endpoint.get("outbound_auth") or (is_fixed and not endpoint.get("auth")):
            found.add(identity)
    return frozenset(found.intersection(endpoints))


def trunks(work: Work, those: frozenset[str]) -> dict[str, Trunk]:
    """Return the trunks by endpoint, with their objects."""
    found: dict[str, Trunk] = {}
    for identity, endpoint in work.pjsip.get("endpoint", {}).items():
        if identity in those and (fields := _server(work, endpoint)):
            name = work.names.free("trunk", name_of(identity))
            trunk = Trunk(name, identity, endpoint.get("context") or "default")
            found[identity] = trunk
            work.objects[trunk.address] = fields
            address = named(work, "aor", endpoint.get("aors"))[0]
            read_section(work, _TRUNK_AOR, trunk.address, address, said=("type", "contact"))
            _trunk_endpoint(work, trunk, endpoint)
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
    """Return host, port and transport, from the contact of the one address that it has."""
    aors = named(work, "aor", endpoint.get("aors"))
    read = decoded(SERVER, aors[0].get("contact")) if len(aors) == 1 else None
    host, port, transport = read if isinstance(read, list) else (None, None, None)
    if host is None or not fits("trunk", ("port",), port):
        work.ledger.leave_header(endpoint, "a trunk needs one contact such as sip:host:5060")
        return None
    fields: dict[str, Json] = {"host": host}
    if port:
        fields["port"] = port
    if transport != "udp":
        fields["transport"] = transport
    return fields


def _trunk_endpoint(work: Work, trunk: Trunk, endpoint: Section) -> None:
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
    read_section(work, _TRUNK_ENDPOINT, trunk.address, endpoint, said=said, judged=judged)


def _account(work: Work, trunk: Trunk, endpoint: Section) -> None:
    """Say the account by which the server logs in, from outbound_auth and the registrations."""
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
        note = "there is no username beside it, so Asterisk does not use it"
        work.ledger.leave_all(lines_of(auth, "username", "password"), note)
    if auth:
        said = ("type", "username", "password")
        read_section(work, _TRUNK_AUTH, trunk.address, auth, said=said)


def _registration(work: Work, trunk: Trunk, section: Section, username: str) -> bool:
    """Check whether the server logs in by this section with the account of the endpoint."""
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
    """Say the addresses from which the carrier's calls arrive."""
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
                work.differs(option, f"ccstate knows calls of this trunk by {fields['host']}")
    others = [each for each in dict.fromkeys(more) if each != fields["host"]]
    if others:
        fields["addresses"] = [*sorted(others)]
    if fields["host"] not in more:
        note = f"differs: ccstate takes calls from {fields['host']} for this trunk's, too"
        work.ledger.leave_header(work.pjsip["endpoint"][trunk.endpoint], note)


_BOX = table("mailbox", MAILBOX_ROWS, {"attaches": True})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox: one line of voicemail.conf."""

    name: str
    context: str
    owner: str
    """The extension whose mailbox it is."""


def mailboxes(work: Work, phones: Mapping[str, Phone]) -> dict[tuple[str, str], Mailbox]:
    """Return every mailbox by name and context; the fields of their extensions are filled in."""
    found: dict[tuple[str, str], Mailbox] = {}
    owned: set[str] = set()
    watching: dict[tuple[str, str], list[Phone]] = {}
    for phone in phones.values():
        for option in _lamp_lines(phone)[:1]:
            for first in _lamp_mailboxes(option)[:1]:
                watching.setdefault(first, []).append(phone)
    for section in work.sections("voicemail.conf"):
        if section.name.lower() in ("general", "zonemessages"):
            reason = f"stays by hand: ccstate writes nothing into [{section.name}]"
            work.ledger.leave_all(section.options, reason)
            continue
        moved = "differs: messages, greetings and lamps of these mailboxes stay where they are; "
        moved += "ccstate's mailboxes are in a context of their own"
        if section.options:
            work.ledger.leave_header(section, moved)
        else:
            work.ledger.take_header(section, "it holds no mailbox")
        for option in section.options:
            seen_by = watching.get((option.key, section.name), [])
            phone_of = phones.get(option.key) or (seen_by[0] if len(seen_by) == 1 else None)
            box = _mailbox(work, phone_of, section, option, owned)
            if box:
                found[box.name, box.context] = box
                owned.add(box.owner)
    for phone in phones.values():
        _lamps(work, phone, found)
    return found


def _mailbox(
    work: Work, phone: Phone | None, section: Section, option: Option, owned: set[str]
) -> Mailbox | None:
    """Read a line `1101 => pin,name,e-mail,pager,options` of that phone, or with its lamp."""
    name, ledger = option.key, work.ledger
    if not name.isdigit() or not 2 <= len(name) <= 15:
        ledger.leave(option, "a mailbox belongs to an extension, which has a number of digits")
        return None
    owner = phone.name if phone else name
    address = Address("extension", owner)
    if owner in owned or (phone is None and address in work.objects):
        ledger.leave(option, f"extension {owner} has a mailbox already")
        return None
    pin, full, email, pager, options = (*option.value.split(",", 4), "", "", "", "", "")[:5]
    if phone is None:
        work.names.free("extension", owner)
        work.objects[address] = {"device": "none"}
    ledger.take([option], address)
    box: dict[str, Json] = {}
    work.objects[address]["voicemail"] = box
    if pin.strip().isdigit():
        box["pin"] = work.secret("VOICEMAIL", owner, value=pin.strip())
    else:
        ledger.leave(
            option, "differs: it has no PIN of digits; ccstate sets one that is not disclosed"
        )
    if email.strip() and fits("extension", ("voicemail", "email"), email.strip()):
        box["email"] = email.strip()
    elif email.strip():
        ledger.leave(option, "the e-mail address is none that ccstate can write to")
    _name(work, option, phone, owner, full.strip())
    if pager.strip():
        ledger.leave(option, "ccstate sends to no pager")
    for each in filter(None, options.split("|")):
        part, _, value = each.partition("=")
        read_option(work, _BOX, address, option._replace(key=part.strip(), value=value.strip()))
    return Mailbox(name, section.name, owner)


def _name(work: Work, option: Option, phone: Phone | None, owner: str, full: str) -> None:
    """Say the owner's name, by which callers find the mailbox."""
    user = Address("user", phone.user) if phone and phone.user else None
    if not full:
        return
    if len(full) > 200 or not full.isprintable():
        work.ledger.leave(option, "the owner's name cannot be written")
    elif user is None:
        new = work.names.free("user", person(full))
        if phone:
            phone.user = new
        work.objects[Address("user", new)] = {"name": full, "extension": owner}
    elif work.objects[user]["name"] != full:
        shown = work.objects[user]["name"]
        work.differs(option, f"the phone calls its owner {shown}, and so does ccstate")


def _lamp_lines(phone: Phone) -> list[Option]:
    return [o for s in (phone.endpoint, *phone.aors[:1]) for o in lines_of(s, "mailboxes")]


def _lamp_mailboxes(option: Option) -> list[tuple[str, str]]:
    """Return the mailboxes that a lamp shows, by name and context."""
    parts = (part.strip().partition("@") for part in option.value.split(",") if part.strip())
    return [(name, context or "default") for name, _, context in parts]


def _lamps(work: Work, phone: Phone, found: Mapping[tuple[str, str], Mailbox]) -> None:
    """Explain which mailboxes light the lamp of a phone; with ccstate it is its own."""
    lines = _lamp_lines(phone)
    has_box = work.objects[phone.address].get("voicemail") is not None
    if not lines and has_box:
        reason = "differs: with ccstate the lamp of this phone shows its messages"
        work.ledger.leave_header(phone.endpoint, reason)
    for option in lines:
        for name, context in _lamp_mailboxes(option):
            box = found.get((name, context))
            if box and box.owner == phone.name:
                work.ledger.take([option], phone.address)
            elif box:
                note = (
                    f"differs: the lamp shows the mailbox of {box.owner}; ccstate's shows its own"
                )
                work.ledger.leave(option, note)
            else:
                own = "; with ccstate the lamp shows the phone's own" if has_box else ""
                note = (
                    f"differs: there is no mailbox {name}@{context}, so the lamp never lights{own}"
                )
                work.ledger.leave(option, note)
