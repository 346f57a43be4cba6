"""queues.conf → queues, but for where their callers go on to: the dialplan says that."""

from collections.abc import Mapping

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.phones import Phone
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json

STRATEGIES = {
    "ringall": "ring_all",
    "leastrecent": "longest_idle",
    "fewestcalls": "fewest_calls",
    "rrmemory": "round_robin",
    "roundrobin": "round_robin",
    "linear": "in_order",
    "random": "random",
}
_SECONDS = {"timeout": "ring_for", "retry": "retry", "wrapuptime": "wrap_up"}
_COUNTS = {"maxlen": ("max_waiting", 1_000_000), "weight": ("weight", 100)}
_SAME = {
    "ringinuse": "no",
    "autofill": "yes",
    "timeoutpriority": "conf",
    "joinempty": "yes",
    "leavewhenempty": "no",
    "announce-frequency": "0",
    "announce-position": "no",
    "announce-holdtime": "no",
    "periodic-announce-frequency": "0",
    "autopause": "no",
    "reportholdtime": "no",
    "memberdelay": "0",
    "setinterfacevar": "no",
    "setqueuevar": "no",
}
_DEFAULTS = {
    "ringinuse": "ccstate does not ring people who are in a call; here it does, for ringinuse is yes",
    "timeoutpriority": "ccstate lets a phone ring to the end of its turn, though the caller's time "
    "is over; here timeoutpriority is app",
}
"""What is told where a queue does not say how it is, and Asterisk's default is another."""


def queues(work: Work, phones: Mapping[str, Phone]) -> dict[str, Address]:
    """Every queue by its name in Asterisk."""
    found: dict[str, Address] = {}
    for section in work.sections("queues.conf"):
        if section.name.lower() == "general":
            reason = "stays by hand: ccstate writes nothing into [general]"
            work.ledger.leave_all(section.options, reason)
        elif section.name in found:
            work.ledger.leave_header(section, "there is a queue of this name above")
            work.ledger.leave_all(section.options, "there is a queue of this name above")
        else:
            found[section.name] = _queue(work, phones, section)
    return found


def _queue(work: Work, phones: Mapping[str, Phone], section: Section) -> Address:
    name = work.names.free("queue", name_of(section.name))
    address = Address("queue", name)
    # Said although they are defaults: a project may have other ones.
    fields: dict[str, Json] = {"strategy": "ring_all", "ring_for": "15s", "retry": "5s"}
    work.objects[address] = fields
    work.ledger.take_header(section, address)
    if name != section.name:
        work.ledger.leave_header(section, f"differs: reports call the queue {name}")
    for key, told in _DEFAULTS.items():
        if section.get(key) is None:
            work.ledger.leave_header(section, f"differs: {told}")
    members: list[Json] = []
    for option in section.options:
        if option.key.lower() == "member":
            _member(work, phones, address, option, members)
        else:
            _option(work, address, option, fields)
    fields["members"] = members
    if any(isinstance(member, dict) and "user" in member for member in members):
        told = "differs: reports call members by their names here, not by phone or membername"
        work.ledger.leave_header(section, told)
    return address


def _option(work: Work, address: Address, option: Option, fields: dict[str, Json]) -> None:
    key, value, ledger = option.key.lower(), option.value.strip(), work.ledger
    if key == "strategy" and value.lower() in STRATEGIES:
        fields["strategy"] = STRATEGIES[value.lower()]
    elif key in _SECONDS and _whole(value, 999_999):
        fields[_SECONDS[key]] = duration(int(value))
    elif key in _COUNTS and _whole(value, _COUNTS[key][1]):
        fields[_COUNTS[key][0]] = int(value)
    elif key == "servicelevel" and _whole(value, 999_999):
        if int(value):
            fields["service_level"] = {"within": duration(int(value))}
    elif key in ("musicclass", "music") and value == name_of(value):
        fields["music"] = value
    elif _SAME.get(key) == value.lower():
        ledger.take([option], DEFAULT)
        return
    else:
        same = f"; ccstate's have {key}={_SAME[key]}" if key in _SAME else ""
        ledger.leave(option, f"no field of a queue says {key}={value[:60]}{same}")
        return
    ledger.take([option], address)


def _whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most


def _member(
    work: Work,
    phones: Mapping[str, Phone],
    address: Address,
    option: Option,
    members: list[Json],
) -> None:
    """`member => interface,penalty,name,state_interface,ringinuse`."""
    interface, penalty, _, state, *more = (
        part.strip() for part in (option.value + ",,,").split(",")
    )
    ledger = work.ledger
    technology, _, peer = interface.partition("/")
    phone = phones.get(peer) if technology.upper() == "PJSIP" else None
    if phone is None:
        ledger.leave(option, f"{interface[:80]!r} is no phone that became an extension")
        return
    if penalty and not _whole(penalty, 100):
        ledger.leave(option, f"a penalty is 0 to 100, not {penalty[:20]!r}")
        return
    member: dict[str, Json] = {"user": phone.user} if phone.user else {"extension": phone.name}
    if any(
        isinstance(m, dict) and {**m, "penalty": 0} == {**member, "penalty": 0} for m in members
    ):
        ledger.leave(option, "this member is there already")
        return
    if penalty and int(penalty):
        member["penalty"] = int(penalty)
    members.append(member)
    ledger.take([option], address)
    if state and state.lower() != interface.lower():
        ledger.leave(option, f"differs: ccstate watches {interface}, not {state[:60]}")
    if any(more):
        ledger.leave(option, "no field of a member says whether it rings in use")
