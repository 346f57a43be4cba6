"""What kinds allow and Asterisk would cut, drop or take for something else.

Asterisk reports none of it while it loads: a name longer than its `char[80]` loses its end, a PIN
of letters cannot be typed, a secret loses the blanks at its ends, a duration overflows. Limits are
in bytes of UTF-8; seen on 16.28 and 22.10, but for PINs and durations, which were read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.kinds.conference_room import PINS
from ccstate.adapters.asterisk.kinds.extension import listed, shown, told_location
from ccstate.adapters.asterisk.rows import at
from ccstate.errors import Diagnostic
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
"""Digits of a PIN that somebody can type: app_voicemail reads as many."""
PREFIXES: Mapping[str, str] = {"extension": "PJSIP/", "trunk": "trunk-", "queue": "", "user": ""}
"""What stands before a name where Asterisk holds it."""


class Refusal(NamedTuple):
    """The object, the path of its field (`` for its name), and what is wrong with it."""

    address: Address
    field: str
    problem: Diagnostic


def refusals(objects: Mapping[Address, Fields]) -> list[Refusal]:
    """Everything about the objects that Asterisk would not take as it is meant.

    Secrets in the objects are the secrets themselves; no message repeats them.
    """
    centre = Centre(objects)
    found = [*_names(centre), *_texts(centre), *_secrets(centre)]
    found += [
        _refusal(address, path, told)
        for address, path, told in (*refused_durations(centre), *refused_twins(centre))
    ]
    return found


def _refusal(address: Address, path: Path, told: Diagnostic) -> Refusal:
    field = ".".join(map(str, path))
    where = f"{address}: {field}" if field else str(address)
    message = f"{where}: {told.message}"
    return Refusal(address, field, Diagnostic(told.code, message, cause=told.cause, hint=told.hint))


def _names(centre: Centre) -> Iterator[Refusal]:
    for kind, prefix in PREFIXES.items():
        for name in centre.of(kind):
            held = prefix + name
            if len(held) > LONGEST_NAME:
                cause = f"Asterisk cuts {held[:12]}… behind {LONGEST_NAME} characters."
                hint = f"a name of at most {LONGEST_NAME - len(prefix)} characters"
                told = Diagnostic("CC490", "the name is too long", cause=cause, hint=hint)
                yield _refusal(Address(kind, name), (), told)
            if why := _taken(centre, kind, name):
                told = Diagnostic(
                    "CC490", "the name is not free", cause=why, hint="choose another name"
                )
                yield _refusal(Address(kind, name), (), told)
    for kind in ("queue", "conference_room", "parking_lot"):
        for name, fields in centre.of(kind).items():
            if len(fields.get("music") or "") > LONGEST_NAME:
                hint, cause = f"at most {LONGEST_NAME} characters", "Asterisk cuts it."
                told = Diagnostic("CC490", "the name is too long", cause=cause, hint=hint)
                yield _refusal(Address(kind, name), ("music",), told)


def _taken(centre: Centre, kind: str, name: str) -> str:
    """Why an object cannot have that name."""
    match kind:
        case "queue" if name == "general":
            return "In queues.conf [general] holds the settings of all queues."
        case "queue" if name.startswith("ccstate-rev"):
            return "A queue of that name marks what Asterisk has loaded."
        case "extension" if name == "anonymous":
            return "Asterisk takes that endpoint for every caller whom it does not know."
        case "extension" if name.startswith("ccstate-"):
            return "Names that begin so are those of ccstate's own objects."
        case "extension" if name.startswith("trunk-") and name.removeprefix("trunk-") in centre.of(
            "trunk"
        ):
            return f"The endpoint of trunk/{name.removeprefix('trunk-')} has that name."
    return ""


def _texts(centre: Centre) -> Iterator[Refusal]:
    for name, extension in centre.of("extension").items():
        yield from _shown(centre, name, extension)
        caller = (extension.get("caller_id") or {}).get("name") or ""
        path = ("caller_id", "name")
        if told := _blank(caller) or _long(caller, LONGEST_VARIABLE):
            yield _refusal(Address("extension", name), path, told)
        if told := _long(told_location(centre, name), LONGEST_VARIABLE):
            cause = f"An ambulance would be told the first {LONGEST_VARIABLE} bytes of it."
            hint = "shorten the address of the site, the label of the area, or the desk"
            told = Diagnostic("CC493", "the place of the phone is too long", None, cause, hint)
            yield _refusal(Address("extension", name), ("site",), told)
    for name, trunk in centre.of("trunk").items():
        if told := _account(str(trunk.get("username") or "")):
            yield _refusal(Address("trunk", name), ("username",), told)


def _shown(centre: Centre, name: str, extension: Filled) -> Iterator[Refusal]:
    """The name that phones and the mailbox show, which somebody else may have."""
    text = shown(centre, name, extension)
    if told := _long(listed(text), LONGEST_SHOWN):
        owner = (centre.owners.get(name) or ("",))[0]
        at = Address("user", owner) if owner else Address("extension", name)
        yield _refusal(at, ("name" if owner else "label",), told)


def _long(text: str, most: int) -> Diagnostic | None:
    size = len(text.encode())
    if size <= most:
        return None
    cause = f"It has {size} bytes, and Asterisk cuts it behind {most}."
    return Diagnostic("CC493", "the text is too long", cause=cause, hint="shorten it")


def _blank(text: str) -> Diagnostic | None:
    if text == text.strip(" "):
        return None
    cause = "Asterisk takes the blanks at its ends away."
    return Diagnostic("CC493", "the text has blanks at its ends", cause=cause, hint="remove them")


def _account(username: str) -> Diagnostic | None:
    if not set(username) & set('"\\'):
        return _blank(username)
    return Diagnostic(
        "CC493",
        "the account has a quote or a backslash",
        cause="Asterisk writes it in quotes, as it is, into what it sends to the carrier.",
        hint="ask the carrier for an account of letters and digits",
    )


def _secrets(centre: Centre) -> Iterator[Refusal]:
    for kind in ("extension", "trunk"):
        for name, fields in centre.of(kind).items():
            secret = fields.get("secret")
            if secret is not None and (told := _refused_secret(str(secret))):
                yield _refusal(Address(kind, name), ("secret",), told)
    for name, extension in centre.of("extension").items():
        pin = (extension.get("voicemail") or {}).get("pin")
        if pin is not None and (told := _refused_pin(str(pin))):
            yield _refusal(Address("extension", name), ("voicemail", "pin"), told)
    for name, room in centre.of("conference_room").items():
        for field in PINS:
            pin = room.get(field)
            if pin is not None and (told := _refused_pin(str(pin))):
                yield _refusal(Address("conference_room", name), (field,), told)
        if room.get("pin") and room.get("pin") == room.get("moderator_pin"):
            cause = "Everybody who knows the PIN of members would be a moderator."
            hint = "set another PIN for moderators"
            told = Diagnostic("CC492", "the PIN of members is the same", None, cause, hint)
            yield _refusal(Address("conference_room", name), ("moderator_pin",), told)


def _refused_secret(secret: str) -> Diagnostic | None:
    """What is wrong with a SIP password."""
    if why := _why_not(secret):
        hint = "set another password there, and at the other side"
        return Diagnostic("CC491", "Asterisk cannot hold this secret", cause=why, hint=hint)
    return None


def _why_not(secret: str) -> str:
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


def _refused_pin(pin: str) -> Diagnostic | None:
    """What is wrong with the PIN of a mailbox, or of a conference room."""
    if re.fullmatch(rf"[0-9]{{1,{LONGEST_PIN}}}", pin):
        return None
    return Diagnostic(
        "CC492",
        f"the PIN is not made of 1 to {LONGEST_PIN} digits",
        cause="It is typed on the keys of a phone.",
        hint="set a PIN of digits",
    )


LONGEST = 2_147_483
"""Seconds, nearly 25 days: Asterisk counts milliseconds in an `int`."""

Found: TypeAlias = tuple[Address, Path, Diagnostic]

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
"""Fields with a duration, and what Asterisk makes of none; "" where none is fine."""


def refused_durations(centre: Centre) -> Iterator[Found]:
    """Durations of which Asterisk would make something else."""
    for kind, paths in _DURATIONS.items():
        for name, fields in centre.of(kind).items():
            for path, of_none in paths.items():
                if (text := at(fields, path)) and _is_used(fields, path):
                    yield from _wrong(Address(kind, name), path, text, of_none)
    for name, tree in centre.of("ivr").items():
        for node, fields in tree["nodes"].items():
            for field in ("timeout", "ring_for"):
                if text := fields.get(field):
                    yield from _wrong(Address("ivr", name), ("nodes", node, field), text, "")


def _is_used(fields: Filled, path: tuple[str, ...]) -> bool:
    """Whether anything is announced at such intervals; all other durations are always used."""
    told = fields.get("announcements") or {}
    match path[-1]:
        case "every":
            return bool(told.get("position") or told.get("wait_time"))
        case "periodic_every":
            return bool(told.get("periodic"))
        case _:
            return True


def _wrong(address: Address, path: Path, text: str, of_none: str) -> Iterator[Found]:
    length = seconds(text)
    if length > LONGEST:
        cause = "Asterisk counts milliseconds in 32 bits, and begins again from below zero."
        told = Diagnostic("CC494", "the duration is too long", None, cause, "at most 24 days")
        yield address, path, told
    if not length and of_none:
        yield address, path, Diagnostic("CC494", "the duration is 0", None, of_none, "at least 1s")


def refused_twins(centre: Centre) -> Iterator[Found]:
    """Internal numbers, and members of a queue, of which Asterisk would see one only."""
    yield from _dialled_twice(centre)
    for name, queue in centre.of("queue").items():
        devices: dict[str, Agent] = {}
        for agent in agents(centre, queue):
            if agent.lack is not Lack.NOTHING:
                continue
            member = agent.user or agent.extension
            first = devices.setdefault(member, agent)
            if first.extension != agent.extension:
                cause = "A person and a phone have the same name, and so they are one member."
                hint = f"rename user/{member} or extension/{member}"
                told = Diagnostic("CC495", f"two members are named {member}", None, cause, hint)
                yield Address("queue", name), ("members", max(first.member, agent.member)), told


def _dialled_twice(centre: Centre) -> Iterator[Found]:
    first: dict[str, Address] = {}
    for address, number, path in _dialled(centre):
        if (other := first.setdefault(number, address)) != address:
            cause = f"{other} is dialled so too, and Asterisk would ring that one only."
            told = Diagnostic("CC495", f"the number {number} is taken", None, cause, "change one")
            yield address, path, told


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
