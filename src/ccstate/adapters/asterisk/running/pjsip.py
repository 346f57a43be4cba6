"""PJSIP as it runs: endpoints, accounts, addresses and registrations, spelled as they are compiled.

AMI shows booleans as true and false, codecs as (alaw|ulaw), and all variables of an endpoint in one
line (seen on Asterisk 16.28 and 22.10). What an object does not say has its default there; only
what is expected, or is not at its default, is a value.
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.ami import Ami, Refused
from ccstate.adapters.asterisk.ami.message import Form, Message
from ccstate.adapters.asterisk.entries import PJSIP, VARIABLE, Key, Values, file_of_type, is_pjsip
from ccstate.adapters.asterisk.include_files import ACCOUNTS_SENTINEL, SENTINEL
from ccstate.adapters.asterisk.kinds.extension import EXTENSION
from ccstate.adapters.asterisk.kinds.trunk import TRUNK
from ccstate.adapters.asterisk.rows import ENDPOINT_DEFAULTS, SWITCH, Row

_OTHERS = (
    *(row for row in ENDPOINT_DEFAULTS if row.option == "dtmf_mode"),
    Row("realm", section="auth"),
    Row("md5_cred", section="auth"),
)
"""Options that no object has, and that change what a phone can do where they are set."""


def _pjsip_rows() -> Iterable[Row]:
    """Return the options that AMI shows; variables are shown together."""
    rows = (*EXTENSION.rows, *TRUNK.rows, *_OTHERS)
    return (row for row in rows if not row.option.startswith(VARIABLE))


OPTIONS: Mapping[str, Mapping[str, str]] = {
    section: {row.option: row.default for row in _pjsip_rows() if row.section == section}
    for section in dict.fromkeys(row.section for row in _pjsip_rows())
}
"""By type, the options that can be seen, with what is shown where no line says it."""
_NEXT_VARIABLE = re.compile(r",(?=[A-Za-z_]\w*=)")


@dataclass(frozen=True, slots=True)
class Phones:
    """What PJSIP has in memory; passwords are among the values."""

    values: dict[Key, str] = field(default_factory=dict, repr=False)
    revision: str = ""
    accounts_revision: str = ""
    identified: frozenset[str] = frozenset()
    devices: Mapping[str, str] = field(default_factory=dict)
    """The state of each endpoint's device, such as "Not in use" and "Unavailable"."""
    registrations: Mapping[str, str] = field(default_factory=dict)
    """What has become of each registration: "Registered", "Rejected", "Unregistered" …"""
    aors: frozenset[str] = frozenset()


def read_phones(ami: Ami, expected: Values, endpoints: Collection[str] | None) -> Phones:
    """Read everything in lists, and the details of these endpoints; None: of all."""
    said = _expected_options(expected)
    reading = _Reading(said)
    values: dict[Key, str] = {}
    listed = Form(["ObjectName", "DeviceState"], needed=2)
    devices = dict(map(listed.values, ami.read("PJSIPShowEndpoints")))
    revisions: dict[str, str] = {}
    for message in ami.read("PJSIPShowAuths"):
        if _SENTINEL in message.raw and message["ObjectName"] in _SENTINELS:
            revisions[message["ObjectName"]] = message["Username"]
        else:
            values |= reading.options("auth", message)
    registered = _registered_contacts(ami)
    aors = ami.read("PJSIPShowAors")
    if not _contacts(aors) <= registered | _expected_contacts(said):
        registered |= _registered_contacts(ami)  # a phone may have come between the two lists
    reading.registered = registered
    for message in aors:
        values |= reading.options("aor", message)
    registrations: dict[str, str] = {}
    for message in _registrations(ami):
        registrations[message["ObjectName"]] = message["Status"]
        values |= reading.options("registration", message)
    wanted = devices if endpoints is None else [name for name in endpoints if name in devices]
    identified: set[str] = set()
    for message in _details(ami, wanted):
        if message.is_event("EndpointDetail"):
            values |= reading.options("endpoint", message)
        elif message.is_event("IdentifyDetail"):
            values |= reading.options("identify", message)
            identified.add(message["EndpointName"])
    return Phones(
        values,
        revisions.get(SENTINEL, ""),
        revisions.get(ACCOUNTS_SENTINEL, ""),
        frozenset(identified),
        devices,
        registrations,
        frozenset(message["ObjectName"] for message in aors),
    )


_SENTINEL = SENTINEL.encode()
_SENTINELS = frozenset({SENTINEL, ACCOUNTS_SENTINEL})
_Said = Mapping[tuple[str, str], Mapping[str, str]]


def _expected_options(expected: Values) -> _Said:
    """Group what is expected by the type and id of the object."""
    said: dict[tuple[str, str], dict[str, str]] = {}
    for key, text in expected.items():
        if is_pjsip(key.file):
            said.setdefault((key.section, key.item), {})[key.part] = text
    return said


def _registered_contacts(ami: Ami) -> frozenset[str]:
    """Where phones have registered, as an AOR names it; fixed addresses are not in this list."""
    contacts = ami.read("PJSIPShowContacts")
    return frozenset(f"{m['ObjectName'].partition(';@')[0]}/{m['Uri']}" for m in contacts)


def _contacts(aors: Iterable[Message]) -> set[str]:
    form = Form(["Contacts"], needed=1)
    return {contact for m in aors for contact in form.values(m)[0].split(",") if contact}


def _expected_contacts(said: _Said) -> set[str]:
    aors = ((name, options) for (kind, name), options in said.items() if kind == "aor")
    return {f"{name}/{options.get('contact', '')}" for name, options in aors}


def _registrations(ami: Ami) -> Iterator[Message]:
    try:
        found = ami.read("PJSIPShowRegistrationsOutbound")
    except Refused as refused:
        # It is a module of its own, without which nothing registers anywhere.
        if refused.reason.startswith("Invalid/unknown command"):
            return
        raise
    for message in found:
        if message["Event"] == "OutboundRegistrationDetail":
            yield message


def _details(ami: Ami, endpoints: Iterable[str]) -> Iterator[Message]:
    """Endpoints and what identifies them; one that went away in between is not there."""
    for answer in ami.read_many(("PJSIPShowEndpoint", [("Endpoint", e)]) for e in endpoints):
        if isinstance(answer, Refused):
            if not answer.reason.startswith("Unable to retrieve endpoint"):
                raise answer
            continue
        yield from answer


class _Reading:
    """What AMI shows of objects, against what is expected of them.

    `registered` are the contacts that are no part of the configuration.
    """

    def __init__(self, said: _Said) -> None:
        self.registered: Collection[str] = ()
        self._said = said
        self._forms = {
            kind: Form(["ObjectName", *map(header, options), *_MORE.get(kind, ())], needed=1)
            for kind, options in OPTIONS.items()
        }

    def options(self, kind: str, message: Message) -> dict[Key, str]:
        """Read all options of one object that are expected, or not at their default."""
        name, *shown = self._forms[kind].values(message)
        expected = self._said.get((kind, name), {})
        found: dict[Key, str] = {}
        for (option, default), value in zip(OPTIONS[kind].items(), shown, strict=False):
            text = read(value) if (read := _READ.get(option)) else value
            if option == "contact":
                text = _contact(value, self.registered)
            elif option == "match":
                text = _match(value, expected.get(option, ""))
            if text != default or option in expected:
                found[Key(file_of_type(kind), kind, name, option)] = text
        if kind == "endpoint":
            found |= _variables(name, shown[-1], expected)
        return found


_MORE = {"endpoint": ("SetVar",)}
"""Keys that are no options of ours."""


def _variables(name: str, shown: str, said: Mapping[str, str]) -> dict[Key, str]:
    """Read all `set_var` of an endpoint; AMI shows them in one line, in which values may have commas."""
    expected = {part: text for part, text in said.items() if part.startswith(VARIABLE)}
    line = ",".join(f"{part.removeprefix(VARIABLE)}={text}" for part, text in expected.items())
    if shown == line:
        return {Key(PJSIP, "endpoint", name, part): text for part, text in expected.items()}
    parts = (part.partition("=") for part in _NEXT_VARIABLE.split(shown) if part)
    return {Key(PJSIP, "endpoint", name, VARIABLE + part): text for part, _, text in parts}


# How AMI shows options

_SWITCHED = {"true": "yes", "false": "no"}


def header(option: str) -> str:
    """Name an option as AMI does: `set_var` is SetVar."""
    if option == "contact":
        return "Contacts"
    return "".join(word.capitalize() for word in option.split("_"))


def _switch(shown: str) -> str:
    return _SWITCHED.get(shown) or _SWITCHED.get(shown.lower(), shown.lower())


def _codecs(shown: str) -> str:
    codecs = [codec for codec in shown.strip("()").split("|") if codec != "nothing"]
    return ",".join(["!all", *filter(None, codecs)])


def _caller(shown: str) -> str:
    """Return a caller ID; a number without a name is shown bare."""
    return shown if "<" in shown or not shown else f'"" <{shown}>'


def _groups(shown: str) -> str:
    return ",".join(sorted(filter(None, re.split(r",\s*", shown))))


_READ: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys((row.option for row in _pjsip_rows() if row.codec is SWITCH), _switch),
    "allow": _codecs,
    "callerid": _caller,
    # 22 takes `digest` for what 16 knows as `userpass` only.
    "auth_type": lambda shown: "userpass" if shown == "digest" else shown,
    "named_call_group": _groups,
    "named_pickup_group": _groups,
}
"""How the compiler spells what AMI shows of an option; a text that is not here is the same."""


def _contact(shown: str, registered: Collection[str]) -> str:
    fixed = [contact for contact in shown.split(",") if contact and contact not in registered]
    return ",".join(contact.partition("/")[2] for contact in fixed)


def _match(shown: str, expected: str) -> str:
    """Addresses without the masks that mean one host; names are gone, Asterisk keeps what they were.

    It does not make an `identify` at all where a name leads nowhere (16 and 22, seen), so that any
    address stands for the names that are expected.
    """
    addresses = ",".join(_network(part) for part in shown.split(",") if part)
    if addresses and expected and not _is_address(expected.partition(",")[0]):
        return expected
    return addresses


def _is_address(text: str) -> bool:
    host = text.partition("/")[0]
    host = host[1:].partition("]")[0] if host.startswith("[") else host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(re.fullmatch(r"[\d.]+(:\d+)?", host))
    return True


def _network(shown: str) -> str:
    host, _, mask = shown.partition("/")
    try:
        length = _bits(mask)
    except ValueError:
        return shown
    whole = 128 if ":" in mask else 32
    return host if length == whole else f"{host}/{length}"


def _bits(mask: str) -> int:
    """Count the bits of a mask such as 255.0.0.0 or ffff::."""
    number = int(ipaddress.ip_address(mask))
    return number.bit_count()
