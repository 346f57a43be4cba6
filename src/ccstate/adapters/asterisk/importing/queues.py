"""queues.conf → queues, but for where their callers go on to: the dialplan says that."""

from collections.abc import Mapping

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.options import fits, lines_of, read_section, table
from ccstate.adapters.asterisk.importing.phones import Phone
from ccstate.adapters.asterisk.importing.recordings import SPOKEN, prompt_of
from ccstate.adapters.asterisk.kinds.queue import NOBODY, ROWS
from ccstate.adapters.asterisk.rows import COUNT, SECONDS, SWITCH, UNCLEAR, decoded
from ccstate.model import Address, Json

_QUEUE = table("queue", ROWS)
_ALWAYS_SAID = ("strategy", "ring_for", "retry")
"""Fields that are said although they are defaults of Asterisk: a project may have other ones."""
_EMPTY = ("joinempty", "leavewhenempty")
_JUDGED = frozenset(
    {"member", *_EMPTY, *(n for n, r in _QUEUE.rows.items() if "announcements" in r.path)}
)
"""Options that are judged together with others."""


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
    said = (row for row in ROWS if row.field in _ALWAYS_SAID)
    work.objects[address] = {row.field: decoded(row.codec, row.default) for row in said}
    work.ledger.take_header(section, address)
    if name != section.name:
        work.ledger.leave_header(section, f"differs: reports call the queue {name}")
    exits = {"context"} if work.setting.holds("queue", "keys") else set()
    read_section(work, _QUEUE, address, section, judged=_JUDGED | exits)
    _members(work, phones, address, section)
    _announcements(work, address, section)
    return address


def _is_emptied(work: Work, address: Address, section: Section) -> bool:
    """Whether callers do not join, or leave, the queue where nobody is there."""
    by_key = {key: lines_of(section, key) for key in _EMPTY}
    joins, leaves = (
        _conditions(key, each[-1].value) if each else frozenset() for key, each in by_key.items()
    )
    for said, each in zip((joins, leaves), by_key.values(), strict=True):
        if not joins and not leaves:
            work.ledger.take(each, DEFAULT)
        elif said == frozenset(NOBODY.split(",")):
            work.ledger.take(each, address)
        else:
            told = "differs: callers go on where no member is logged in, "
            work.ledger.leave_all(each, f"{told}both when they come and while they wait")
    if bool(joins) != bool(leaves):
        told = "differs: with ccstate callers go on both where they find the queue empty and where "
        work.ledger.leave_header(section, f"{told}it becomes empty while they wait")
    return bool(joins or leaves)


def _conditions(key: str, text: str) -> frozenset[str]:
    """The conditions of members in which a queue counts as empty.

    Source: `parse_empty_options`, app_queue.c of Asterisk 22.
    """
    found: set[str] = set()
    for word in text.lower().replace(" ", "").split(","):
        switch = decoded(SWITCH, word)
        if switch is not UNCLEAR:
            is_empty = switch is (key == "leavewhenempty")
            found = {"penalty", "invalid", "paused"} if is_empty else set()
        elif word in {"strict", "loose"}:
            found = {"penalty", "invalid", *(("paused", "unavailable") if word == "strict" else ())}
        elif word:
            found.add(word)
    return frozenset(found)


def _announcements(work: Work, address: Address, section: Section) -> None:
    """What waiting callers are told, which several options say together.

    Source: `init_queue` and `say_position`, app_queue.c of Asterisk 22.
    """
    often = lines_of(section, "announce-frequency")
    every = _seconds(often)
    told: dict[str, Json] = {}
    for key in ("announce-position", "announce-holdtime"):
        row, lines = _QUEUE.rows[key], lines_of(section, key)
        value = decoded(SWITCH, lines[-1].value.strip() if lines else row.default)
        if value is False or not every:
            work.ledger.take(lines, DEFAULT)
            continue
        told[row.path[-1]] = True
        if value is True:
            work.ledger.take(lines, address)
        else:
            said = f"{key}={lines[-1].value[:40]}"
            reason = f"differs: ccstate tells it to every caller, each time; here {said}"
            work.ledger.leave_all(lines, reason)
    if told:
        told["every"] = every
    work.ledger.take(often, address if told else DEFAULT)
    _periodic(work, address, section, told)
    if told:
        work.objects[address]["announcements"] = told


def _periodic(work: Work, address: Address, section: Section, told: dict[str, Json]) -> None:
    """A recording that waiting callers hear again and again."""
    sounds = lines_of(section, "periodic-announce")
    lines = [*sounds, *(often := lines_of(section, "periodic-announce-frequency"))]
    every = _seconds(often)
    if not every:
        work.ledger.take(lines, DEFAULT)
        return
    text = sounds[-1].value if sounds else _QUEUE.rows["periodic-announce"].default
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    prompt = prompt_of(work, names[:1]) if names else ""
    if not prompt:
        reason = f"differs: {text[:60]} is not played, for nobody gives its words"
        work.ledger.leave_all(lines, reason)
        return
    told["periodic"], told["periodic_every"] = prompt, every
    work.ledger.take(lines, address)
    work.ledger.leave(lines[0], SPOKEN)
    if len(names) > 1:
        more = "differs: ccstate repeats the first of these recordings alone"
        work.ledger.leave(lines[0], more)


def _seconds(lines: list[Option]) -> str:
    """How often something is told; "" where it is not."""
    every = decoded(SECONDS, lines[-1].value.strip()) if lines else UNCLEAR
    return "" if every is UNCLEAR or every == "0s" else str(every)


def _members(work: Work, phones: Mapping[str, Phone], address: Address, section: Section) -> None:
    """Those whom the file names; where it names nobody, nothing is said of members."""
    lines = lines_of(section, "member")
    if not lines:
        told = "differs: nobody says here who answers; agents who log in are no members of the file"
        work.ledger.leave_header(section, told)
        return
    members: list[Json] = []
    there: set[str] = set()
    for option in lines:
        if member := _member(work, phones, option, there):
            members.append(member)
            work.ledger.take([option], address)
    work.objects[address]["members"] = members
    if any(isinstance(member, dict) and "user" in member for member in members):
        told = "differs: reports call members by their names here, not by phone or membername"
        work.ledger.leave_header(section, told)


def member_of(phone: Phone) -> dict[str, Json]:
    """Who answers at a phone, as a member of a queue: its user, where it has one."""
    return {"user": phone.user} if phone.user else {"extension": phone.name}


def _member(
    work: Work, phones: Mapping[str, Phone], option: Option, there: set[str]
) -> dict[str, Json]:
    """`member => interface,penalty,name,state_interface,ringinuse`; nothing where no member comes of it.

    `there`: the phones that are members already.
    """
    parts = [part.strip() for part in option.value.split(",")]
    interface, penalty, _, state, rings = (*parts, "", "", "", "", "")[:5]
    technology, _, peer = interface.partition("/")
    phone = phones.get(peer) if technology.upper() == "PJSIP" else None
    if phone is None:
        work.ledger.leave(option, f"{interface[:80]!r} is no phone that became an extension")
        return {}
    if phone.name in there:
        work.ledger.leave(option, "this member is there already")
        return {}
    member = member_of(phone)
    weight = decoded(COUNT, penalty or "0")
    if weight:
        member["penalty"] = weight
    if weight is UNCLEAR or not fits("queue", ("members",), [member]):
        work.ledger.leave(option, f"a penalty is 0 to 100, not {penalty[:20]!r}")
        return {}
    there.add(phone.name)
    if state and state.lower() != interface.lower():
        work.ledger.leave(option, f"differs: ccstate watches {interface}, not {state[:60]}")
    if rings and decoded(SWITCH, rings) is not False:
        work.ledger.leave(option, "differs: ccstate does not ring people who are in a call")
    return member
