"""Endpoints that people answer, with their accounts and mailboxes → extensions and users."""

import re
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of, person
from ccstate.model import Address

_CALLER = re.compile(r'\s*"?([^"<]*?)"?\s*<([^>]*)>\s*')
CODECS = frozenset({"alaw", "ulaw", "g722"})
"""What ccstate lets phones speak."""
SAME = {
    "direct_media": "no",
    "rtp_symmetric": "yes",
    "force_rport": "yes",
    "rewrite_contact": "yes",
    "dtmf_mode": "rfc4733",
    "trust_id_outbound": "no",
    "send_pai": "no",
    "send_rpid": "no",
    "allow_subscribe": "yes",
    "allow_transfer": "yes",
    "device_state_busy_at": "0",
    "language": "",
    "ice_support": "no",
    "rtp_timeout": "0",
    "one_touch_recording": "no",
    "media_encryption": "no",
    "use_avpf": "no",
    "inband_progress": "no",
}
"""What ccstate's endpoints have: because it is generated so, or because it is the default."""


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
    ledger = work.ledger
    for option in phone.endpoint.options:
        key, value = option.key.lower(), option.value
        handle = _ENDPOINT.get(key)
        if key in ("type", "context"):
            ledger.take([option], phone.address)
        elif handle:
            handle(work, phone, option)
        elif SAME.get(key) == value.lower():
            ledger.take([option], DEFAULT)
        elif key in SAME:
            ledger.leave(option, f"differs: ccstate's phones have {key}={SAME[key] or 'nothing'}")
        elif key == "transport":
            ledger.leave(option, "stays by hand: ccstate names no transport")
        elif key != "mailboxes":  # judged with the mailboxes
            ledger.leave(option, f"ccstate sets no {key} for a phone")


def _allow(work: Work, phone: Phone, option: Option) -> None:
    if set(codecs(phone.endpoint)) == CODECS:
        work.ledger.take([option], phone.address)
    else:
        work.ledger.leave(
            option, f"differs: ccstate's phones may speak {', '.join(sorted(CODECS))}"
        )


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
    keys = ("named_call_group", "named_pickup_group", "call_group", "pickup_group")
    groups = {phone.endpoint.get(key) for key in keys} - {None}
    both = phone.endpoint.get(keys[0]) and phone.endpoint.get(keys[1])
    both = both or (phone.endpoint.get(keys[2]) and phone.endpoint.get(keys[3]))
    group = next(iter(groups)) or ""
    if len(groups) == 1 and both and group == name_of(group):
        work.objects[phone.address]["pickup_group"] = group
        work.ledger.take([option], phone.address)
    else:
        work.ledger.leave(option, "an extension has one pickup group, for both ways")


def _webrtc(work: Work, phone: Phone, option: Option) -> None:
    if option.value.lower() in ("yes", "true", "1", "on"):
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


_ENDPOINT = {
    "allow": _allow,
    "disallow": _allow,
    "callerid": _caller,
    "named_call_group": _group,
    "named_pickup_group": _group,
    "call_group": _group,
    "pickup_group": _group,
    "webrtc": _webrtc,
    "auth": _auth,
    "aors": _aors,
}


def _accounts(work: Work, phone: Phone) -> None:
    for auth in phone.auths[:1]:
        for option in auth.options:
            _auth_option(work, phone, option)
    for aor in phone.aors[:1]:
        for option in aor.options:
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
    elif key in ("type", "username") or (key == "auth_type" and option.value == "userpass"):
        ledger.take([option], phone.address)
    else:
        ledger.leave(option, f"ccstate's phones log in by name and password, without {key}")


def _aor_option(work: Work, phone: Phone, option: Option) -> None:
    key, value, ledger = option.key.lower(), option.value, work.ledger
    replaces = (phone.aors[0].get("remove_existing") or "no").lower() in ("yes", "true", "1", "on")
    if key == "max_contacts" and value == "1" and not replaces:
        reason = "differs: a second phone takes over from the first; here it is turned away"
        ledger.leave(option, reason)
    elif key == "max_contacts" and value != "1":
        ledger.leave(option, "differs: one phone at a time is an extension's")
    elif key in ("type", "max_contacts", "remove_existing"):
        ledger.take([option], phone.address)
    elif key != "mailboxes":  # judged with the mailboxes
        ledger.leave(option, f"ccstate sets no {key} for a phone")


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
