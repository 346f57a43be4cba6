"""PJSIP as it runs: endpoints, accounts, addresses and registrations, spelled as they are compiled.

AMI shows booleans as true and false, codecs as (alaw|ulaw), and all variables of an endpoint in one
line (seen on Asterisk 16.28 and 22.10). What an object does not say has its default there; only
what is expected, or is not at its default, is a value.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ccstate.adapters.asterisk.ami import Ami, Message, Refused
from ccstate.adapters.asterisk.entries import PJSIP, VARIABLE, Key, Values
from ccstate.adapters.asterisk.running_options import OPTIONS, header, spelled
from ccstate.adapters.asterisk.spelling import SENTINEL

_NEXT_VARIABLE = re.compile(r",(?=[A-Za-z_]\w*=)")


@dataclass(frozen=True, slots=True)
class Phones:
    """What PJSIP has in memory; passwords are among the values."""

    values: dict[Key, str] = field(default_factory=dict, repr=False)
    revision: str = ""
    identified: frozenset[str] = frozenset()
    devices: Mapping[str, str] = field(default_factory=dict)
    """The state of each endpoint's device, such as "Not in use" and "Unavailable"."""
    registrations: Mapping[str, str] = field(default_factory=dict)
    """What has become of each registration: "Registered", "Rejected", "Unregistered" …"""
    aors: frozenset[str] = frozenset()


def read_phones(ami: Ami, expected: Values, endpoints: Collection[str] | None) -> Phones:
    """Everything in lists, and the details of these endpoints; None: of all."""
    said = _said(expected)
    values: dict[Key, str] = {}
    devices = {m["ObjectName"]: m["DeviceState"] for m in ami.read("PJSIPShowEndpoints")}
    revision = ""
    for message in ami.read("PJSIPShowAuths"):
        if message["ObjectName"] == SENTINEL:
            revision = message["Username"]
        else:
            values |= _options("auth", message, said)
    registered = _registered_contacts(ami)
    aors = ami.read("PJSIPShowAors")
    if not _contacts(aors) <= registered | _expected_contacts(said):
        registered |= _registered_contacts(ami)  # a phone may have come between the two lists
    for message in aors:
        values |= _options("aor", message, said, registered)
    registrations: dict[str, str] = {}
    for message in _registrations(ami):
        registrations[message["ObjectName"]] = message["Status"]
        values |= _options("registration", message, said)
    wanted = devices if endpoints is None else [name for name in endpoints if name in devices]
    identified: set[str] = set()
    for message in _details(ami, wanted):
        match message["Event"]:
            case "EndpointDetail":
                values |= _options("endpoint", message, said)
                values |= _variables(message, said)
            case "IdentifyDetail":
                values |= _options("identify", message, said)
                identified.add(message["EndpointName"])
    return Phones(
        values,
        revision,
        frozenset(identified),
        devices,
        registrations,
        frozenset(message["ObjectName"] for message in aors),
    )


_Said = Mapping[tuple[str, str], Mapping[str, str]]


def _said(expected: Values) -> _Said:
    """What is expected of each object, by type and id."""
    said: dict[tuple[str, str], dict[str, str]] = {}
    for key, text in expected.items():
        if key.file == PJSIP:
            said.setdefault((key.section, key.item), {})[key.part] = text
    return said


def _registered_contacts(ami: Ami) -> frozenset[str]:
    """Where phones have registered, as an AOR names it; fixed addresses are not in this list."""
    contacts = ami.read("PJSIPShowContacts")
    return frozenset(f"{m['ObjectName'].partition(';@')[0]}/{m['Uri']}" for m in contacts)


def _contacts(aors: Iterable[Message]) -> set[str]:
    return {contact for m in aors for contact in m["Contacts"].split(",") if contact}


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


def _options(
    kind: str, message: Message, said: _Said, registered: Collection[str] = ()
) -> dict[Key, str]:
    name = message["ObjectName"]
    expected = said.get((kind, name), {})
    found: dict[Key, str] = {}
    for option, default in OPTIONS[kind].items():
        shown = message.get(header(option))
        text = spelled(option, shown, expected.get(option, ""), registered)
        if text != default or option in expected:
            found[Key(PJSIP, kind, name, option)] = text
    return found


def _variables(message: Message, said: _Said) -> dict[Key, str]:
    """All `set_var` of an endpoint; shown in one line, in which their values may have commas."""
    name, shown = message["ObjectName"], message["SetVar"]
    expected = {
        part: text
        for part, text in said.get(("endpoint", name), {}).items()
        if part.startswith(VARIABLE)
    }
    line = ",".join(f"{part.removeprefix(VARIABLE)}={text}" for part, text in expected.items())
    if shown == line:
        return {Key(PJSIP, "endpoint", name, part): text for part, text in expected.items()}
    parts = (part.partition("=") for part in _NEXT_VARIABLE.split(shown) if part)
    return {Key(PJSIP, "endpoint", name, VARIABLE + part): text for part, _, text in parts}
