"""queues.conf → queues, but for where their callers go on to: the dialplan says that."""

from collections.abc import Mapping

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.phones import Phone
from ccstate.adapters.asterisk.importing.recordings import SPOKEN, prompt_of
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json

STRATEGIES = {
    "ringall": "ring_all",
    "leastrecent": "longest_idle",
    "fewestcalls": "fewest_calls",
    "rrmemory": "round_robin",
    "roundrobin": "round_robin",
    "rrordered": "round_robin",
    "linear": "in_order",
    "random": "random",
    "wrandom": "random",
}
_NEARLY = {
    "rrordered": "differs: ccstate takes members in turn in an order of its own, not in this one",
    "wrandom": "differs: with ccstate a penalty puts a member behind others, it is no weight",
}
"""What is told of strategies that are nearly another one (queues.conf.sample of Asterisk 22)."""
_SECONDS = {"timeout": "ring_for", "retry": "retry", "wrapuptime": "wrap_up"}
_COUNTS = {"maxlen": ("max_waiting", 1_000_000), "weight": ("weight", 100)}
_SAME = {
    "ringinuse": "no",
    "autofill": "yes",
    "timeoutpriority": "conf",
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


def queues(work: Work, phones: Mapping[str, Phone]) -> tuple[dict[str, Address], set[Address]]:
    """Every queue by its name in Asterisk; those that callers leave where nobody is there."""
    emptied: set[Address] = set()
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
            if _is_emptied(work, found[section.name], section):
                emptied.add(found[section.name])
    return found, emptied


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
    if members or any(option.key.lower() == "member" for option in section.options):
        fields["members"] = members
    else:
        told = "differs: nobody says here who answers; agents who log in are no members of the file"
        work.ledger.leave_header(section, told)
    _announcements(work, address, section, fields)
    if any(isinstance(member, dict) and "user" in member for member in members):
        told = "differs: reports call members by their names here, not by phone or membername"
        work.ledger.leave_header(section, told)
    return address


def _option(work: Work, address: Address, option: Option, fields: dict[str, Json]) -> None:
    key, value, ledger = option.key.lower(), option.value.strip(), work.ledger
    if key in _WITH_OTHERS or (key == "context" and work.setting.holds("queue", "keys")):
        return
    if key == "strategy" and value.lower() in STRATEGIES:
        fields["strategy"] = STRATEGIES[value.lower()]
        if value.lower() in _NEARLY:
            ledger.leave(option, _NEARLY[value.lower()])
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


_WITH_OTHERS = frozenset(
    {
        "joinempty",
        "leavewhenempty",
        "announce-frequency",
        "announce-position",
        "announce-holdtime",
        "periodic-announce",
        "periodic-announce-frequency",
    }
)
"""Options that are judged together with others."""
_EMPTY = frozenset({"unavailable", "invalid", "unknown"})
"""The conditions in which ccstate's queues count as empty, where callers go on then."""
_EMPTY_WORDS = {
    "joinempty": {"yes": "", "no": "penalty,invalid,paused"},
    "leavewhenempty": {"no": "", "yes": "penalty,invalid,paused"},
}
_EMPTY_BOTH = {
    "strict": "penalty,invalid,paused,unavailable",
    "loose": "penalty,invalid",
}
"""What the words of `joinempty` stand for (parse_empty_options, app_queue.c of Asterisk 22)."""


def _is_emptied(work: Work, address: Address, section: Section) -> bool:
    """Whether callers do not join, or leave, the queue where nobody is there."""
    said: dict[str, frozenset[str]] = {}
    for option in section.options:
        key = option.key.lower()
        if key in _EMPTY_WORDS:
            value = option.value.strip().lower()
            value = _EMPTY_WORDS[key].get(value, _EMPTY_BOTH.get(value, value))
            said[key] = frozenset(part.strip() for part in value.split(",") if part.strip())
    joins, leaves = (said.get(key, frozenset()) for key in _EMPTY_WORDS)
    for option in section.options:
        key = option.key.lower()
        if key in said and not joins and not leaves:
            work.ledger.take([option], DEFAULT)
        elif key in said and said[key] == _EMPTY:
            work.ledger.take([option], address)
        elif key in said:
            told = "differs: callers go on where no member is logged in, "
            told += "both when they come and while they wait"
            work.ledger.leave(option, told)
    if bool(joins or leaves) and not (joins and leaves):
        told = "differs: with ccstate callers go on both where they find the queue empty and where "
        work.ledger.leave_header(section, f"{told}it becomes empty while they wait")
    return bool(joins or leaves)


def _announcements(work: Work, address: Address, section: Section, fields: dict[str, Json]) -> None:
    """What waiting callers are told, which several options say together.

    Source: `init_queue` and `say_position`, app_queue.c of Asterisk 22.
    """
    ledger = work.ledger
    options = {o.key.lower(): o for o in section.options if o.key.lower() in _WITH_OTHERS}
    often = options.get("announce-frequency")
    seconds = often.value.strip() if often else "0"
    is_often = _whole(seconds, 999_999) and int(seconds) > 0
    told: dict[str, Json] = {}
    for key, name in (("announce-position", "position"), ("announce-holdtime", "wait_time")):
        option = options.get(key)
        # Both are told unless an option says otherwise (init_queue).
        value = option.value.strip().lower() if option else "yes"
        if value in ("no", "false", "0", "off") or not is_often:
            if option:
                ledger.take([option], DEFAULT)
            continue
        told[name] = True
        if option and value in ("yes", "true", "1", "on"):
            ledger.take([option], address)
        elif option:
            reason = (
                f"differs: ccstate tells it to every caller, each time; here {key}={value[:40]}"
            )
            ledger.leave(option, reason)
    if told and is_often:
        told["every"] = duration(int(seconds))
    if often and (told or not is_often):
        ledger.take([often], address if told else DEFAULT)
    elif often:
        ledger.take([often], DEFAULT)
    _periodic(work, address, section, told)
    if told:
        fields["announcements"] = told


def _periodic(work: Work, address: Address, section: Section, told: dict[str, Json]) -> None:
    """A recording that waiting callers hear again and again."""
    ledger = work.ledger
    sounds = [o for o in section.options if o.key.lower() == "periodic-announce"]
    often = next(
        (o for o in reversed(section.options) if o.key.lower() == "periodic-announce-frequency"),
        None,
    )
    seconds = often.value.strip() if often else "0"
    is_often = _whole(seconds, 999_999) and int(seconds) > 0
    if not is_often or not sounds:
        if often:
            ledger.take([often], DEFAULT)
        ledger.take(sounds, DEFAULT if sounds else address)
        return
    names = tuple(name.strip() for name in sounds[-1].value.split(",") if name.strip())
    prompt = prompt_of(work, names[:1]) if names else ""
    if not prompt:
        reason = f"{sounds[-1].value[:60]} is not played, for nobody gives its words"
        ledger.leave_all([*sounds, *([often] if often else [])], f"differs: {reason}")
        return
    told["periodic"] = prompt
    told["periodic_every"] = duration(int(seconds))
    ledger.take([*sounds, *([often] if often else [])], address)
    ledger.leave(sounds[-1], SPOKEN)
    if len(names) > 1:
        ledger.leave(sounds[-1], "differs: ccstate repeats the first of these recordings alone")


def _whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most


def member_of(phone: Phone) -> dict[str, Json]:
    """Who answers at a phone, as a member of a queue: its user, where it has one."""
    return {"user": phone.user} if phone.user else {"extension": phone.name}


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
    member = member_of(phone)
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
