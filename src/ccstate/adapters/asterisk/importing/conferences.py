"""Conferences that a dialplan lets callers into, with their profiles → conference rooms.

A profile comes from confbridge.conf where ConfBridge() names it. Else it is the default one, with
what `CONFBRIDGE()` sets for the call; so are the profiles of the rooms that ccstate writes.
Seen on Asterisk 16.28 and 22.10 (`func_confbridge_helper`, confbridge/conf_config_parser.c).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from ccstate.adapters.asterisk.conf import Option, Section
from ccstate.adapters.asterisk.importing.destinations import Nowhere
from ccstate.adapters.asterisk.importing.estate import Room, Work
from ccstate.adapters.asterisk.importing.ledger import DEFAULT
from ccstate.adapters.asterisk.importing.names import name_of
from ccstate.adapters.asterisk.importing.options import read_value, table
from ccstate.adapters.asterisk.importing.outcomes import Confers, Hangs
from ccstate.adapters.asterisk.importing.values import is_unknown
from ccstate.adapters.asterisk.rows import (
    COUNT,
    SWITCH,
    Codec,
    Row,
    decoded,
    put,
    unwritten,
    yes_or_no,
)
from ccstate.model import Address, Json

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
_JUDGED = frozenset(
    {"pin", "admin", "marked", "wait_marked", "music_on_hold_class", "music_on_hold_when_empty"}
)
"""Options of users that several fields say together."""
_FIELDS = frozenset({"max_members", "record_conference"})
_PIN = re.compile(r"[0-9]{1,20}")


def room_of(work: Work, outcome: Confers) -> Address:
    """The room that callers of a ConfBridge() come into; the first of them says what it is like.

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
    said = _said(work, outcome, address, line)
    pin, waits = str(said.pop("pin", "")), bool(said.pop("waits", False))
    role = "moderator_pin" if said.pop("moderates", False) else "pin"
    if room is None:
        room = work.rooms[name] = Room(address, line, said)
        work.objects[address] |= said
    elif room.said != said:
        work.ledger.leave(line, f"differs: with ccstate {address} is as other callers meet it")
    if role == "pin":
        room.waits |= waits
    else:
        told = "differs: with ccstate moderators dial the number of the room, and give their PIN"
        work.ledger.leave(line, told)
    if role not in room.pins:
        room.pins[role] = pin
        if pin:
            work.objects[address][role] = work.secret("conference", name, role, value=pin)
    elif room.pins[role] != pin:
        work.ledger.leave(line, f"differs: with ccstate {address} has one PIN for all its callers")
    if not isinstance(outcome.then, Hangs):
        work.ledger.leave(line, "differs: with ccstate the call ends where the conference does")
    return address


def _new(work: Work, name: str) -> Address:
    address = Address("conference_room", work.names.free("conference_room", name_of(name)))
    work.objects[address] = {}
    return address


def _said(work: Work, outcome: Confers, address: Address, line: Option) -> dict[str, Json]:
    """What profiles and CONFBRIDGE() say of the room for this call, by fields.

    Also the PIN in clear, and `moderates` and `waits`: whether the caller is a moderator, or waits for one.
    """
    found: dict[str, Json] = {}
    _, *named = (argument.strip() for argument in outcome.arguments)
    for kind, profile in zip_longest(("bridge", "user", "menu"), named[:3], fillvalue=""):
        lines = _lines(work, outcome, kind, profile, line)
        if kind == "menu":
            told = "differs: with ccstate keys do nothing in a conference"
            work.ledger.leave_all(lines, told)
            continue
        for option in lines:
            key = option.key.lower()
            if kind == "user" and key in _JUDGED:
                continue
            is_shared = not profile and (option.file, option.line) != (line.file, line.line)
            if is_shared and key not in _FIELDS:
                told = "stays by hand: it holds for the rooms that ccstate writes, too"
                work.ledger.leave(option, told)
            elif read := read_value(work, _PROFILES[kind], address, option):
                found = put(found, *read)
        if kind == "user":
            found |= dict(_user(work, address, {o.key.lower(): o for o in lines}))
    return found


def _lines(work: Work, outcome: Confers, kind: str, profile: str, line: Option) -> list[Option]:
    """The options of a profile, with those that are set for the call where none is named."""
    section = _profiles(work).get((kind, profile or f"default_{kind}"))
    if section is None and profile:
        told = f"there is no {kind} profile {profile[:60]}, so Asterisk lets nobody in"
        work.ledger.leave(line, told)
    lines = [o for o in section.options if o.key.lower() != "type"] if section else []
    if profile:
        return lines
    for name, value in outcome.options:
        of, _, option = name.partition(",")
        if of.lower() == kind:
            lines.append(line._replace(key=option, value=value))
    return lines


def _profiles(work: Work) -> dict[tuple[str, str], Section]:
    """The sections of confbridge.conf by type and name."""
    return {
        ((section.get("type") or "").lower(), section.name): section
        for section in work.sections("confbridge.conf")
    }


def _user(work: Work, address: Address, lines: Mapping[str, Option]) -> Iterator[tuple[str, Json]]:
    """What several options of a user say together."""
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
            ledger.leave(pin, "differs: a PIN has digits; with ccstate nobody is asked for one")
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


def tell_profiles(work: Work) -> None:
    """Tells who waits otherwise than with ccstate, and which profiles no conference has."""
    for room in work.rooms.values():
        has_moderators = bool(room.pins.get("moderator_pin"))
        if room.waits and not has_moderators:
            told = "differs: here callers wait for a moderator; with ccstate they do where the room has a "
            work.ledger.leave(room.line, f"{told}moderator_pin")
        elif has_moderators and "pin" in room.pins and not room.waits:
            told = "differs: with ccstate callers wait until a moderator is there"
            work.ledger.leave(room.line, told)
    for section in work.sections("confbridge.conf"):
        is_room = work.setting.holds("conference_room")
        reason = "no conference that became a room has this profile" if is_room else NO_ROOMS
        for option in section.written:
            if option.key.lower() == "type":
                work.ledger.take([option], DEFAULT)
            elif work.ledger.is_open(option):
                work.ledger.leave(option, reason)
