"""Options of PJSIP's objects: which can be seen, and how AMI's words are ours.

Booleans come as true and false, codecs as (alaw|ulaw), addresses with masks (16.28 and 22.10).
"""

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from ccstate.adapters.asterisk.endpoints import ENDPOINT_DEFAULTS
from ccstate.adapters.asterisk.entries import VARIABLE
from ccstate.adapters.asterisk.kinds.extension import EXTENSION
from ccstate.adapters.asterisk.kinds.trunk import TRUNK
from ccstate.adapters.asterisk.rows import SWITCH, Row

_OTHERS = (
    *(row for row in ENDPOINT_DEFAULTS if row.option == "dtmf_mode"),
    Row("realm", section="auth"),
    Row("md5_cred", section="auth"),
)
"""Options that no object has, and that change what a phone can do where somebody sets them."""


def _of_pjsip() -> Iterable[Row]:
    """The options that AMI shows; variables are shown together."""
    rows = (*EXTENSION.rows, *TRUNK.rows, *_OTHERS)
    return (row for row in rows if not row.option.startswith(VARIABLE))


OPTIONS: Mapping[str, Mapping[str, str]] = {
    section: {row.option: row.default for row in _of_pjsip() if row.section == section}
    for section in dict.fromkeys(row.section for row in _of_pjsip())
}
"""By type, the options that can be seen, with what is shown where nobody says it."""
SWITCHES = frozenset(row.option for row in _of_pjsip() if row.codec is SWITCH)


_SWITCHED = {"true": "yes", "false": "no"}


def header(option: str) -> str:
    """How AMI names an option: `set_var` is SetVar."""
    if option == "contact":
        return "Contacts"
    return "".join(word.capitalize() for word in option.split("_"))


def spelled(option: str, shown: str, expected: str, registered: Collection[str]) -> str:
    """What AMI shows of an option, as the compiler spells it."""
    if option in SWITCHES:
        return _SWITCHED.get(shown) or _SWITCHED.get(shown.lower(), shown.lower())
    if option == "contact":
        return _contact(shown, registered)
    if option == "match":
        return _match(shown, expected)
    read = _READ.get(option)
    return read(shown) if read else shown


def _codecs(shown: str) -> str:
    codecs = [codec for codec in shown.strip("()").split("|") if codec != "nothing"]
    return ",".join(["!all", *filter(None, codecs)])


def _caller(shown: str) -> str:
    """A caller ID; a number without a name is shown bare."""
    return shown if "<" in shown or not shown else f'"" <{shown}>'


def _groups(shown: str) -> str:
    return ",".join(sorted(filter(None, re.split(r",\s*", shown))))


_READ: Mapping[str, Callable[[str], str]] = {
    "allow": _codecs,
    "callerid": _caller,
    # 22 takes `digest` for what 16 knows as `userpass` only.
    "auth_type": lambda shown: "userpass" if shown == "digest" else shown,
    "named_call_group": _groups,
    "named_pickup_group": _groups,
}


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
    """Of a mask such as 255.0.0.0 or ffff::."""
    number = int(ipaddress.ip_address(mask))
    return number.bit_count()
