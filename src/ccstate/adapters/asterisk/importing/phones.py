"""Endpoints that people answer, with their accounts and mailboxes → extensions and users."""

import re
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.endpoints import ENDPOINT_DEFAULTS
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.names import name_of, person
from ccstate.adapters.asterisk.importing.options import read_option, table
from ccstate.adapters.asterisk.kinds.extension import ROWS
from ccstate.adapters.asterisk.rows import SWITCH, Row, decoded
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


def _named(work: Work, kind: str, names: str) -> list[Section]:
    known = work.pjsip.get(kind, {})
    return [known[name.strip()] for name in names.split(",") if name.strip() in known]


def _endpoint(work: Work, phone: Phone) -> None:
    for option in phone.endpoint.options:
        key = option.key.lower()
        if key in ("type", "context"):
            work.ledger.take([option], phone.address)
        elif handle := _HANDLED.get(key):
            handle(work, phone, option)
        elif key == "transport":
            work.ledger.leave(option, "stays by hand: ccstate names no transport")
        elif key != "mailboxes":  # judged with the mailboxes
            read_option(work, _ENDPOINT, phone.address, option)


def _allow(work: Work, phone: Phone, option: Option) -> None:
    if set(codecs(phone.endpoint)) == _CODECS:
        work.ledger.take([option], phone.address)
    else:
        told = f"differs: ccstate's phones may speak {', '.join(sorted(_CODECS))}"
        work.ledger.leave(option, told)


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


def _caller(work: Work, phone: Phone, option: Option) -> None:
    match = _CALLER.fullmatch(option.value)
    phone.shown, phone.shown_number = match.groups() if match else (option.value.strip('" '), "")
    if phone.shown and len(phone.shown) <= 200 and phone.shown.isprintable():
        work.ledger.take([option], phone.address)
    else:
        phone.shown = ""
        work.ledger.leave(option, "nobody's name is in it")


def _group(work: Work, phone: Phone, option: Option) -> None:
    said = [[phone.endpoint.get(name) for name in names] for names in _GROUPS]
    groups = {group for each in said for group in each if group}
    group = min(groups, default="")
    if len(groups) == 1 and all(map(any, said)) and group == name_of(group):
        work.objects[phone.address]["pickup_group"] = group
        work.ledger.take([option], phone.address)
    else:
        work.ledger.leave(option, "an extension has one pickup group, for both ways")


def _webrtc(work: Work, phone: Phone, option: Option) -> None:
    if decoded(SWITCH, option.value) is True:
        work.objects[phone.address]["device"] = "webrtc"
    work.ledger.take([option], phone.address)


def _auth(work: Work, phone: Phone, option: Option) -> None:
    phone.auths = _named(work, "auth", option.value)
    _pointed(work, phone, option, len(phone.auths))


def _aors(work: Work, phone: Phone, option: Option) -> None:
    phone.aors = _named(work, "aor", option.value)
    _pointed(work, phone, option, len(phone.aors))


def _pointed(work: Work, phone: Phone, option: Option, found: int) -> None:
    if found == 1:
        work.ledger.take([option], phone.address)
    else:
        reason = "an extension has exactly one" if found else "there is no such section"
        work.ledger.leave(option, reason)


_HANDLED = {
    "allow": _allow,
    "disallow": _allow,
    "callerid": _caller,
    **{name: _group for names in _GROUPS for name in names},
    "webrtc": _webrtc,
    "auth": _auth,
    "aors": _aors,
}


def _accounts(work: Work, phone: Phone) -> None:
    for option in (option for auth in phone.auths[:1] for option in auth.options):
        _auth_option(work, phone, option)
    for option in (option for aor in phone.aors[:1] for option in aor.options):
        _aor_option(work, phone, option)


def _auth_option(work: Work, phone: Phone, option: Option) -> None:
    key, ledger = option.key.lower(), work.ledger
    if key == "password" and option.value:
        reference = work.secret("SIP", phone.name, value=option.value)
        work.objects[phone.address]["secret"] = reference
        ledger.take([option], phone.address)
    elif key == "username" and option.value != phone.name:
        reason = f"differs: ccstate's phones log in by the name of their extension, {phone.name}"
        ledger.leave(option, reason)
    elif key in ("type", "username"):
        ledger.take([option], phone.address)
    else:
        read_option(work, _AUTH, phone.address, option)


def _aor_option(work: Work, phone: Phone, option: Option) -> None:
    key, ledger = option.key.lower(), work.ledger
    if key == "max_contacts" and option.value != _AOR.fixed[key]:
        ledger.leave(option, "differs: one phone at a time is an extension's")
    elif (
        key == "max_contacts" and decoded(SWITCH, phone.aors[0].get("remove_existing")) is not True
    ):
        reason = "differs: a second phone takes over from the first; here it is turned away"
        ledger.leave(option, reason)
    elif key in ("type", "max_contacts", "remove_existing"):
        ledger.take([option], phone.address)
    elif key != "mailboxes":  # judged with the mailboxes
        read_option(work, _AOR, phone.address, option)


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
