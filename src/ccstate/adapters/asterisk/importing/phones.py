"""Endpoints that people answer, with their accounts and mailboxes → extensions and users."""

import re
from dataclasses import dataclass, field
from itertools import chain

from ccstate.adapters.asterisk.conf import Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of, person
from ccstate.adapters.asterisk.importing.options import lines_of, read_section, table
from ccstate.adapters.asterisk.kinds.extension import ROWS
from ccstate.adapters.asterisk.rows import ENDPOINT_DEFAULTS, SWITCH, Row, decoded
from ccstate.model import Address

_CALLER = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>\s*')


def _of(section: str) -> tuple[Row, ...]:
    return tuple(row for row in ROWS if row.section == section)


_ENDPOINT = table("phone", (*ENDPOINT_DEFAULTS, *_of("endpoint")), {"nat": True})
_AUTH = table("phone", _of("auth"))
_AOR = table("phone", _of("aor"))
_CODECS = frozenset(_ENDPOINT.fixed["allow"].split(",")) - {"!all"}
_GROUPS = tuple(row.names for row in ROWS if row.field == "pickup_group")


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
    """Phones by endpoint, and their objects begun; `trunks` are endpoints of another kind."""
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
            reason = f"differs: the phone has to log in as {name}"
            work.ledger.leave_header(section, reason)
        _endpoint(work, phone)
        _accounts(work, phone)
    return found


def _unreachable(work: Work, section: Section) -> None:
    """Endpoints that only call: `anonymous` above all, by which Asterisk lets in whom it does not know."""
    reason = "nobody can ring it, for it has no aors: an extension has a phone, or a mailbox"
    work.ledger.leave_header(section, reason)
    work.ledger.leave_all(section.written, reason)


def named(work: Work, kind: str, names: str | None) -> list[Section]:
    """The sections of a type that an option names, as far as there are such."""
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
    phone.aors = _one(work, phone, "aors", "aor")
    phone.auths = _one(work, phone, "auth", "auth")
    by_hand = "stays by hand: ccstate names no transport"
    ledger.leave_all(lines_of(endpoint, "transport"), by_hand)
    allowed = lines_of(endpoint, "allow", "disallow")
    if set(codecs(endpoint)) == _CODECS:
        ledger.take(allowed, phone.address)
    else:
        told = f"differs: ccstate's phones may speak {', '.join(sorted(_CODECS))}"
        ledger.leave_all(allowed, told)
    if decoded(SWITCH, endpoint.get("webrtc")) is True:
        work.objects[phone.address]["device"] = "webrtc"
    ledger.take(lines_of(endpoint, "webrtc"), phone.address)
    _group(work, phone)
    _caller(work, phone)


def _one(work: Work, phone: Phone, key: str, kind: str) -> list[Section]:
    """The sections that an option names, of which an extension has exactly one."""
    found = named(work, kind, phone.endpoint.get(key))
    if len(found) != 1:
        reason = "an extension has exactly one" if found else "there is no such section"
        work.ledger.leave_all(lines_of(phone.endpoint, key), reason)
    return found


def codecs(endpoint: Section) -> list[str]:
    """What an endpoint may speak, best first: all its `allow` and `disallow`, in their order.

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
        work.ledger.leave_all(lines, "nobody's name is in it")


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
        told = f"differs: ccstate's phones log in by the name of their extension, {phone.name}"
        others = (line for line in lines_of(auth, "username") if line.value != phone.name)
        ledger.leave_all(others, told)
        said = ("type", "username", *(("password",) if password else ()))
        read_section(work, _AUTH, phone.address, auth, said=said)
    for aor in phone.aors[:1]:
        replaces = decoded(SWITCH, aor.get("remove_existing")) is True
        for line in lines_of(aor, "max_contacts"):
            if line.value != _AOR.fixed["max_contacts"]:
                ledger.leave(line, "differs: one phone at a time is an extension's")
            elif not replaces:
                told = "differs: a second phone takes over from the first; here it is turned away"
                ledger.leave(line, told)
        said = ("type", "max_contacts", "remove_existing")
        read_section(work, _AOR, phone.address, aor, said=said, judged=("mailboxes",))


def shown_numbers(work: Work, found: dict[str, Phone]) -> None:
    """Tells where colleagues see another number than the one by which a phone is reached."""
    for phone in found.values():
        option = next((o for o in phone.endpoint.options if o.key.lower() == "callerid"), None)
        number = phone.number or phone.name
        if option is None:
            reason = f"differs: colleagues whom it calls see {number}; here they see nothing"
            work.ledger.leave_header(phone.endpoint, reason)
        elif phone.shown_number != number:
            work.ledger.leave(option, f"differs: colleagues whom it calls see {number}")


def people(work: Work, found: dict[str, Phone]) -> None:
    """A user for every phone that shows somebody's name."""
    for phone in found.values():
        if phone.shown:
            phone.user = work.names.free("user", person(phone.shown))
            user = Address("user", phone.user)
            work.objects[user] = {"name": phone.shown, "extension": phone.name}
