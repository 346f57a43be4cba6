"""What kinds allow and Asterisk would cut, drop or take for something else.

Asterisk reports none of it while it loads: a name longer than its `char[80]` loses its end, a PIN
of letters cannot be typed, a secret loses the blanks at its ends, a duration overflows. Limits are
in bytes of UTF-8; seen on 16.28 and 22.10, but for PINs and durations, which were read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.kinds.conference_room import PINS
from ccstate.adapters.asterisk.kinds.extension import display_name, emergency_location, mailbox_text
from ccstate.adapters.asterisk.rows import at
from ccstate.errors import Code, Diagnostic
from ccstate.journeys.centre import Centre, Filled
from ccstate.journeys.staffing import Agent, Lack, agents
from ccstate.kinds.fields import seconds
from ccstate.kinds.shape import Path
from ccstate.model import Address, Fields

LONGEST_NAME = 79
"""Of a section, a queue, a member, a class of music, a mailbox."""
LONGEST_SHOWN = 79
"""Of a name that phones show, and of the name of a mailbox."""
LONGEST_VARIABLE = 511
"""Of a variable of an endpoint, as a call gets it."""
LONGEST_SECRET = 8_000
"""Bytes, with semicolons counted twice: a line of a file has 8,191 (main/config.c)."""
LONGEST_PIN = 78
"""Digits of a PIN that can be typed: app_voicemail reads as many."""
LONGEST = 2_147_483
"""Seconds, nearly 25 days: Asterisk counts milliseconds in an `int`."""
PREFIXES: Mapping[str, str] = {"extension": "PJSIP/", "trunk": "trunk-", "queue": "", "user": ""}
"""The prefix of a name where Asterisk stores it."""


class Refusal(NamedTuple):
    """The object, the dotted path of its field ("" for its name), and what is wrong with it."""

    address: Address
    field: str
    problem: Diagnostic


def refusals(objects: Mapping[Address, Fields]) -> list[Refusal]:
    """Find everything about the objects that Asterisk would not take as it is meant.

    Secrets in the objects are the secrets themselves; no message repeats them.
    """
    centre = Centre(objects)
    checks = (_names, _texts, _secrets, _durations, _numbers, _members)
    return [refusal for check in checks for refusal in check(centre)]


def _refusal(kind: str, name: str, path: Path, code: Code, **values: object) -> Refusal:
    address, field = Address(kind, name), ".".join(map(str, path))
    where = f"{address}: {field}" if field else str(address)
    return Refusal(address, field, code(where=where, **values))


def _names(centre: Centre) -> Iterator[Refusal]:
    for kind, prefix in PREFIXES.items():
        for name in centre.of(kind):
            held, left = prefix + name, LONGEST_NAME - len(prefix)
            if len(held) > LONGEST_NAME:
                values = {"held": held[:12], "most": LONGEST_NAME, "left": left}
                yield _refusal(kind, name, (), codes.NAME_TOO_LONG, **values)
            if why := _taken(centre, kind, name):
                yield _refusal(kind, name, (), codes.NAME_TAKEN, why=why)
    for kind in ("queue", "conference_room", "parking_lot"):
        for name, fields in centre.of(kind).items():
            if len(fields.get("music") or "") > LONGEST_NAME:
                yield _refusal(kind, name, ("music",), codes.MUSIC_TOO_LONG, most=LONGEST_NAME)


def _taken(centre: Centre, kind: str, name: str) -> str:
    """Say why an object cannot have that name; "" where it can."""
    trunk = name.removeprefix("trunk-")
    match kind:
        case "queue" if name == "general":
            return "In queues.conf [general] holds the settings of all queues."
        case "queue" if name.startswith("ccstate-rev"):
            return "A queue of that name marks what Asterisk has loaded."
        case "extension" if name == "anonymous":
            return "Asterisk takes that endpoint for every caller whom it does not know."
        case "extension" if name.startswith("ccstate-"):
            return "Names that begin so are those of ccstate's own objects."
        case "extension" if trunk != name and trunk in centre.of("trunk"):
            return f"The endpoint of trunk/{trunk} has that name."
    return ""


def _texts(centre: Centre) -> Iterator[Refusal]:
    for name, extension in centre.of("extension").items():
        # The name that phones and the mailbox show is that of the user, where there is one.
        owner = (centre.owners.get(name) or ("",))[0]
        kind, field = ("user", "name") if owner else ("extension", "label")
        text = mailbox_text(display_name(centre, name, extension))
        yield from _text(kind, owner or name, (field,), text, LONGEST_SHOWN)
        caller = (extension.get("caller_id") or {}).get("name") or ""
        yield from _text("extension", name, ("caller_id", "name"), caller, LONGEST_VARIABLE)
        if len(emergency_location(centre, name).encode()) > LONGEST_VARIABLE:
            most = LONGEST_VARIABLE
            yield _refusal("extension", name, ("site",), codes.LOCATION_TOO_LONG, most=most)
    for name, trunk in centre.of("trunk").items():
        account, path = str(trunk.get("username") or ""), ("username",)
        if set(account) & set('"\\'):
            yield _refusal("trunk", name, path, codes.ACCOUNT_QUOTED)
        elif account != account.strip(" "):
            yield _refusal("trunk", name, path, codes.BLANKS_AT_ENDS)


def _text(kind: str, name: str, path: Path, text: str, most: int) -> Iterator[Refusal]:
    size = len(text.encode())
    if text != text.strip(" "):
        yield _refusal(kind, name, path, codes.BLANKS_AT_ENDS)
    elif size > most:
        yield _refusal(kind, name, path, codes.TEXT_TOO_LONG, size=size, most=most)


def _secrets(centre: Centre) -> Iterator[Refusal]:
    for kind in ("extension", "trunk"):
        for name, fields in centre.of(kind).items():
            if (secret := fields.get("secret")) is not None and (why := _why_not(str(secret))):
                yield _refusal(kind, name, ("secret",), codes.SECRET_REFUSED, why=why)
    for name, extension in centre.of("extension").items():
        yield from _pin("extension", name, ("voicemail", "pin"), extension)
    for name, room in centre.of("conference_room").items():
        for field in PINS:
            yield from _pin("conference_room", name, (field,), room)
        if room.get("pin") and room.get("pin") == room.get("moderator_pin"):
            yield _refusal("conference_room", name, ("moderator_pin",), codes.PIN_TWICE)


def _why_not(secret: str) -> str:
    """Say what is wrong with a SIP password; "" where nothing is."""
    if not secret:
        return "It is empty."
    if any(char < " " or char == "\x7f" for char in secret):
        return "There is a control character in it, perhaps the end of a line."
    if secret != secret.strip(" "):
        return "There are blanks at its ends, which Asterisk takes away."
    try:
        size = len(secret.replace(";", "\\;").encode())
    except UnicodeEncodeError:
        return "It is not UTF-8."
    return "It is longer than a line of Asterisk's files." if size > LONGEST_SECRET else ""


def _pin(kind: str, name: str, path: tuple[str, ...], fields: Filled) -> Iterator[Refusal]:
    """Refuse a PIN of a mailbox, or of a conference room, that cannot be typed."""
    pin = at(fields, path)
    if pin is not None and not re.fullmatch(rf"[0-9]{{1,{LONGEST_PIN}}}", str(pin)):
        yield _refusal(kind, name, path, codes.PIN_REFUSED, most=LONGEST_PIN)


_NEVER = "Asterisk would never say it."
_DURATIONS: Mapping[str, Mapping[tuple[str, ...], str]] = {
    "extension": {("ring_for",): ""},
    "ring_group": {("ring_for",): ""},
    "queue": {
        ("ring_for",): "Asterisk would ring without end.",
        ("retry",): "Asterisk would wait for 5 seconds.",
        ("wrap_up",): "",
        ("service_level", "within"): "",
        ("overflow", "after"): "",
        ("announcements", "every"): _NEVER,
        ("announcements", "periodic_every"): _NEVER,
    },
}
"""Fields with a duration, and what Asterisk makes of 0; "" where 0 is fine."""


def _durations(centre: Centre) -> Iterator[Refusal]:
    """Durations of which Asterisk would make something else."""
    for kind, paths in _DURATIONS.items():
        for name, fields in centre.of(kind).items():
            for path, of_zero in paths.items():
                if (text := at(fields, path)) and _is_used(fields, path):
                    yield from _wrong_duration(kind, name, path, text, of_zero)
    for name, tree in centre.of("ivr").items():
        for node, fields in tree["nodes"].items():
            for field in ("timeout", "ring_for"):
                if text := fields.get(field):
                    yield from _wrong_duration("ivr", name, ("nodes", node, field), text, "")


def _is_used(fields: Filled, path: tuple[str, ...]) -> bool:
    """Whether anything is announced at such intervals; all other durations are always used."""
    announces = fields.get("announcements") or {}
    match path[-1]:
        case "every":
            return bool(announces.get("position") or announces.get("wait_time"))
        case "periodic_every":
            return bool(announces.get("periodic"))
        case _:
            return True


def _wrong_duration(kind: str, name: str, path: Path, text: str, of_zero: str) -> Iterator[Refusal]:
    length = seconds(text)
    if length > LONGEST:
        yield _refusal(kind, name, path, codes.DURATION_TOO_LONG)
    if not length and of_zero:
        yield _refusal(kind, name, path, codes.DURATION_ZERO, why=of_zero)


def _members(centre: Centre) -> Iterator[Refusal]:
    """Members of a queue of which Asterisk would see one only."""
    for name, queue in centre.of("queue").items():
        devices: dict[str, Agent] = {}
        for agent in agents(centre, queue):
            if agent.lack is not Lack.NOTHING:
                continue
            member = agent.user or agent.extension
            first = devices.setdefault(member, agent)
            if first.extension != agent.extension:
                path: Path = ("members", max(first.member, agent.member))
                yield _refusal("queue", name, path, codes.MEMBERS_ALIKE, member=member)


def _numbers(centre: Centre) -> Iterator[Refusal]:
    """Internal numbers that two objects have."""
    first: dict[str, Address] = {}
    for address, number, path in _dialled(centre):
        if (other := first.setdefault(number, address)) != address:
            yield _refusal(*address, path, codes.NUMBER_TWICE, number=number, other=other)


def _dialled(centre: Centre) -> Iterator[tuple[Address, str, Path]]:
    for name, fields in centre.of("extension").items():
        number = fields.get("number") or name
        if number.isdigit():
            yield Address("extension", name), number, ("number",) if number != name else ()
    for kind in ("queue", "ring_group", "ivr", "conference_room"):
        numbered: Mapping[str, Filled] = centre.of(kind)
        for name, fields in numbered.items():
            if number := fields.get("extension"):
                yield Address(kind, name), number, ("extension",)
