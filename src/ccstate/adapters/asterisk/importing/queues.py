"""Queues and conferences, but for where their callers go on to: the dialplan says that."""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.destinations import Nowhere
from ccstate.adapters.asterisk.importing.endpoints import Phone
from ccstate.adapters.asterisk.importing.estate import (
    SPOKEN,
    Room,
    Work,
    fits,
    lines_of,
    name_of,
    prompt_of,
    read_section,
    read_value,
    table,
)
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.outcomes import Confers, Hangs
from ccstate.adapters.asterisk.importing.values import is_unknown
from ccstate.adapters.asterisk.kinds.queue import ROWS, UNSTAFFED
from ccstate.adapters.asterisk.rows import (
    COUNT,
    SECONDS,
    SWITCH,
    UNCLEAR,
    Codec,
    Row,
    decoded,
    put,
    unwritten,
    yes_or_no,
)
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
    """Make every queue, by its name in Asterisk; also those that callers leave without agents."""
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
    """Check whether callers do not join, or leave, the queue where no agent is there."""
    by_key = {key: lines_of(section, key) for key in _EMPTY}
    joins, leaves = (
        _conditions(key, each[-1].value) if each else frozenset() for key, each in by_key.items()
    )
    for said, each in zip((joins, leaves), by_key.values(), strict=True):
        if not joins and not leaves:
            work.ledger.take(each, DEFAULT)
        elif said == frozenset(UNSTAFFED.split(",")):
            work.ledger.take(each, address)
        else:
            note = "differs: callers go on where no member is logged in, "
            work.ledger.leave_all(each, f"{note}both when they come and while they wait")
    if bool(joins) != bool(leaves):
        note = "differs: with ccstate callers go on both where they find the queue empty and where "
        work.ledger.leave_header(section, f"{note}it becomes empty while they wait")
    return bool(joins or leaves)


def _conditions(key: str, text: str) -> frozenset[str]:
    """Return the conditions of members in which a queue counts as empty.

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
    """Say the announcements to waiting callers, which several options say together.

    Source: `init_queue` and `say_position`, app_queue.c of Asterisk 22.
    """
    often = lines_of(section, "announce-frequency")
    every = _seconds(often)
    announcements: dict[str, Json] = {}
    for key in ("announce-position", "announce-holdtime"):
        row, lines = _QUEUE.rows[key], lines_of(section, key)
        value = decoded(SWITCH, lines[-1].value.strip() if lines else row.default)
        if value is False or not every:
            work.ledger.take(lines, DEFAULT)
            continue
        announcements[row.path[-1]] = True
        if value is True:
            work.ledger.take(lines, address)
        else:
            said = f"{key}={lines[-1].value[:40]}"
            reason = f"differs: ccstate announces it to every caller, each time; here {said}"
            work.ledger.leave_all(lines, reason)
    if announcements:
        announcements["every"] = every
    work.ledger.take(often, address if announcements else DEFAULT)
    _periodic(work, address, section, announcements)
    if announcements:
        work.objects[address]["announcements"] = announcements


def _periodic(
    work: Work, address: Address, section: Section, announcements: dict[str, Json]
) -> None:
    """Say the recording that waiting callers hear again and again."""
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
        reason = f"differs: {text[:60]} is not played, for its words are not given"
        work.ledger.leave_all(lines, reason)
        return
    announcements["periodic"], announcements["periodic_every"] = prompt, every
    work.ledger.take(lines, address)
    work.ledger.leave(lines[0], SPOKEN)
    if len(names) > 1:
        work.differs(lines[0], "ccstate repeats the first of these recordings alone")


def _seconds(lines: list[Option]) -> str:
    """Return the interval of an announcement; "" where there is none."""
    every = decoded(SECONDS, lines[-1].value.strip()) if lines else UNCLEAR
    return "" if every is UNCLEAR or every == "0s" else str(every)


def _members(work: Work, phones: Mapping[str, Phone], address: Address, section: Section) -> None:
    """Say the members that the file names; where it names none, nothing is said of members."""
    lines = lines_of(section, "member")
    if not lines:
        note = "differs: no member is named here; agents who log in are no members of the file"
        work.ledger.leave_header(section, note)
        return
    members: list[Json] = []
    there: set[str] = set()
    for option in lines:
        if member := _member(work, phones, option, there):
            members.append(member)
            work.ledger.take([option], address)
    work.objects[address]["members"] = members
    if any(isinstance(member, dict) and "user" in member for member in members):
        note = "differs: reports call members by their names here, not by phone or membername"
        work.ledger.leave_header(section, note)


def member_of(phone: Phone) -> dict[str, Json]:
    """Return the member of a queue that answers at a phone: its user, where it has one."""
    return {"user": phone.user} if phone.user else {"extension": phone.name}


def _member(
    work: Work, phones: Mapping[str, Phone], option: Option, there: set[str]
) -> dict[str, Json]:
    """Read `member => interface,penalty,name,state_interface,ringinuse`; None where no member is.

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
        work.differs(option, f"ccstate watches {interface}, not {state[:60]}")
    if rings and decoded(SWITCH, rings) is not False:
        work.differs(option, "ccstate does not ring people who are in a call")
    return member


NO_ROOMS = "conference rooms are not imported: the platform has none"
_RECORDED = Codec(str, lambda text: "always" if yes_or_no(text) else "never")
# Defaults: confbridge.conf.sample and conf_config_parser.c of Asterisk 22.
_PROFILES = {
    "bridge": table(
        "conference room",
        (
            Row("max_members", "max_members", COUNT),
            Row("record_conference", "recording.when", _RECORDED, unset="no"),
            *unwritten(
                {
                    "internal_sample_rate": "auto",
                    "language": "en",
                    "mixing_interval": "20",
                    "record_file_append": "yes",
                    "video_mode": "none",
                }
            ),
        ),
    ),
    "user": table(
        "conference room",
        unwritten(
            {
                "announce_join_leave": "no",
                "announce_join_leave_review": "no",
                "announce_only_user": "yes",
                "announce_user_count": "no",
                "announce_user_count_all": "no",
                "answer_channel": "yes",
                "denoise": "no",
                "dsp_drop_silence": "no",
                "dtmf_passthrough": "no",
                "end_marked": "no",
                "hear_own_join_sound": "yes",
                "jitterbuffer": "no",
                "quiet": "no",
                "startmuted": "no",
                "talk_detection_events": "no",
                "timeout": "0",
            }
        ),
    ),
}
_USER_JUDGED = frozenset(
    {"pin", "admin", "marked", "wait_marked", "music_on_hold_class", "music_on_hold_when_empty"}
)
"""Options of users that several fields say together."""
_FIELDS = frozenset({"max_members", "record_conference"})
_PIN = re.compile(r"[0-9]{1,20}")


def room_of(work: Work, outcome: Confers) -> Address:
    """Return the room that callers of a ConfBridge() come into, as the first of them says it.

    Those with a profile of moderators say the PIN of moderators alone.
    """
    if not work.setting.holds("conference_room"):
        raise Nowhere(NO_ROOMS)
    name = outcome.arguments[0].strip()
    if not name or is_unknown(name) or not name.isprintable():
        raise Nowhere("which conference room it is depends on the call")
    line = outcome.trail.lines[-1]
    room = work.rooms.get(name)
    address = room.address if room else _new(work, name)
    said = _room_fields(work, outcome, address, line)
    pin, waits = str(said.pop("pin", "")), bool(said.pop("waits", False))
    role = "moderator_pin" if said.pop("moderates", False) else "pin"
    if room is None:
        room = work.rooms[name] = Room(address, line, said)
        work.objects[address] |= said
    elif room.said != said:
        work.differs(line, f"with ccstate {address} is as other callers meet it")
    if role == "pin":
        room.waits |= waits
    else:
        note = "differs: with ccstate moderators dial the number of the room, and give their PIN"
        work.ledger.leave(line, note)
    if role not in room.pins:
        room.pins[role] = pin
        if pin:
            work.objects[address][role] = work.secret("conference", name, role, value=pin)
    elif room.pins[role] != pin:
        work.differs(line, f"with ccstate {address} has one PIN for all its callers")
    if not isinstance(outcome.then, Hangs):
        work.differs(line, "with ccstate the call ends where the conference does")
    return address


def _new(work: Work, name: str) -> Address:
    address = Address("conference_room", work.names.free("conference_room", name_of(name)))
    work.objects[address] = {}
    return address


def _room_fields(work: Work, outcome: Confers, address: Address, line: Option) -> dict[str, Json]:
    """Return what profiles and CONFBRIDGE() say of the room for this call, by fields.

    Also the PIN in clear, and `moderates` and `waits`: whether the caller is a moderator, or waits for one.
    """
    found: dict[str, Json] = {}
    _, *named = (argument.strip() for argument in outcome.arguments)
    for kind, profile in zip_longest(("bridge", "user", "menu"), named[:3], fillvalue=""):
        lines = _lines(work, outcome, kind, profile, line)
        if kind == "menu":
            work.ledger.leave_all(lines, "differs: with ccstate keys do nothing in a conference")
            continue
        for option in lines:
            key = option.key.lower()
            if kind == "user" and key in _USER_JUDGED:
                continue
            is_shared = not profile and (option.file, option.line) != (line.file, line.line)
            if is_shared and key not in _FIELDS:
                note = "stays by hand: it holds for the rooms that ccstate writes, too"
                work.ledger.leave(option, note)
            elif read := read_value(work, _PROFILES[kind], address, option):
                found = put(found, *read)
        if kind == "user":
            found |= dict(_user(work, address, {o.key.lower(): o for o in lines}))
    return found


def _lines(work: Work, outcome: Confers, kind: str, profile: str, line: Option) -> list[Option]:
    """Return the options of a profile, with those that are set for the call where none is named."""
    section = _profiles(work).get((kind, profile or f"default_{kind}"))
    if section is None and profile:
        note = f"there is no {kind} profile {profile[:60]}, so Asterisk lets no caller in"
        work.ledger.leave(line, note)
    lines = [o for o in section.options if o.key.lower() != "type"] if section else []
    if profile:
        return lines
    for name, value in outcome.options:
        of, _, option = name.partition(",")
        if of.lower() == kind:
            lines.append(line._replace(key=option, value=value))
    return lines


def _profiles(work: Work) -> dict[tuple[str, str], Section]:
    """Return the sections of confbridge.conf by type and name."""
    return {
        ((section.get("type") or "").lower(), section.name): section
        for section in work.sections("confbridge.conf")
    }


def _user(work: Work, address: Address, lines: Mapping[str, Option]) -> Iterator[tuple[str, Json]]:
    """Return what several options of a user say together."""
    ledger = work.ledger
    said = {key: decoded(SWITCH, option.value.strip()) is True for key, option in lines.items()}
    for key in ("admin", "marked", "wait_marked"):
        if key in lines:
            ledger.take([lines[key]], address if said[key] else DEFAULT)
    if said.get("admin") or said.get("marked"):
        yield "moderates", True
    elif said.get("wait_marked"):
        yield "waits", True
    if pin := lines.get("pin"):
        if _PIN.fullmatch(pin.value.strip()):
            yield "pin", pin.value.strip()
            ledger.take([pin], address)
        else:
            ledger.leave(pin, "differs: a PIN has digits; with ccstate no caller is asked for one")
    music, plays = lines.get("music_on_hold_class"), lines.get("music_on_hold_when_empty")
    hears = [option for option in (music, plays) if option]
    name = music.value.strip() if music else "default"
    if not said.get("music_on_hold_when_empty"):
        ledger.take(hears, DEFAULT)
    elif name == name_of(name):
        yield "music", name
        ledger.take(hears, address)
    else:
        ledger.leave_all(hears, f"no field of a conference room says music {name[:60]}")


def report_profiles(work: Work) -> None:
    """Report who waits otherwise than with ccstate, and which profiles no conference has."""
    for room in work.rooms.values():
        has_moderators = bool(room.pins.get("moderator_pin"))
        if room.waits and not has_moderators:
            note = "differs: here callers wait for a moderator; with ccstate they do where the room has a "
            work.ledger.leave(room.line, f"{note}moderator_pin")
        elif has_moderators and "pin" in room.pins and not room.waits:
            work.differs(room.line, "with ccstate callers wait until a moderator is there")
    for section in work.sections("confbridge.conf"):
        is_room = work.setting.holds("conference_room")
        reason = "no conference that became a room has this profile" if is_room else NO_ROOMS
        for option in section.written:
            if option.key.lower() == "type":
                work.ledger.take([option], DEFAULT)
            elif work.ledger.is_open(option):
                work.ledger.leave(option, reason)
