"""What kinds allow and Asterisk would cut, drop or take for something else.

Asterisk reports none of it while it loads: a name longer than its `char[80]` loses its end, a PIN
of letters cannot be typed, a secret loses the blanks at its ends, a duration overflows. Limits are
in bytes of UTF-8; seen on 16.28 and 22.10, but for PINs and durations, which were read.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from ccstate.adapters.asterisk.kinds.conference_room import PINS
from ccstate.adapters.asterisk.kinds.extension import emergency_location, listed, shown
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
"""Digits of a PIN that can be typed: app_voicemail reads as many."""
LONGEST = 2_147_483
"""Seconds, nearly 25 days: Asterisk counts milliseconds in an `int`."""
PREFIXES: Mapping[str, str] = {"extension": "PJSIP/", "trunk": "trunk-", "queue": "", "user": ""}
"""The prefix of a name where Asterisk stores it."""

Problem: TypeAlias = tuple[str, str, str, str]
"""Code, fault, cause and hint."""


class Refusal(NamedTuple):
    """The object, the dotted path of its field ("" for its name), and what is wrong with it."""

    address: Address
    field: str
    problem: Diagnostic


def refusals(objects: Mapping[Address, Fields]) -> list[Refusal]:
    """Everything about the objects that Asterisk would not take as it is meant.

    Secrets in the objects are the secrets themselves; no message repeats them.
    """
    centre = Centre(objects)
    checks = (_names, _texts, _secrets, _durations, _numbers, _members)
    return [refusal for check in checks for refusal in check(centre)]


def _refusal(kind: str, name: str, path: Path, problem: Problem) -> Refusal:
    code, fault, cause, hint = problem
    address, field = Address(kind, name), ".".join(map(str, path))
    where = f"{address}: {field}" if field else str(address)
    return Refusal(address, field, Diagnostic(code, f"{where}: {fault}", None, cause, hint))


def _names(centre: Centre) -> Iterator[Refusal]:
    for kind, prefix in PREFIXES.items():
        for name in centre.of(kind):
            held, most = prefix + name, LONGEST_NAME - len(prefix)
            if len(held) > LONGEST_NAME:
                cause = f"Asterisk cuts {held[:12]}… behind {LONGEST_NAME} characters."
                hint = f"a name of at most {most} characters"
                yield _refusal(kind, name, (), ("CC490", "the name is too long", cause, hint))
            if why := _taken(centre, kind, name):
                taken = ("CC490", "the name is not free", why, "choose another name")
                yield _refusal(kind, name, (), taken)
    for kind in ("queue", "conference_room", "parking_lot"):
        for name, fields in centre.of(kind).items():
            if len(fields.get("music") or "") > LONGEST_NAME:
                hint = f"at most {LONGEST_NAME} characters"
                long = ("CC490", "the name is too long", "Asterisk cuts it.", hint)
                yield _refusal(kind, name, ("music",), long)


def _taken(centre: Centre, kind: str, name: str) -> str:
    """Why an object cannot have that name."""
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
        if problem := _long(listed(shown(centre, name, extension)), LONGEST_SHOWN):
            # The name that phones and the mailbox show is that of the user, where there is one.
            owner = (centre.owners.get(name) or ("",))[0]
            kind, field = ("user", "name") if owner else ("extension", "label")
            yield _refusal(kind, owner or name, (field,), problem)
        caller = (extension.get("caller_id") or {}).get("name") or ""
        if problem := _blank(caller) or _long(caller, LONGEST_VARIABLE):
            yield _refusal("extension", name, ("caller_id", "name"), problem)
        if _long(emergency_location(centre, name), LONGEST_VARIABLE):
            cause = f"An ambulance would get the first {LONGEST_VARIABLE} bytes of it."
            hint = "shorten the address of the site, the label of the area, or the desk"
            problem = ("CC493", "the place of the phone is too long", cause, hint)
            yield _refusal("extension", name, ("site",), problem)
    for name, trunk in centre.of("trunk").items():
        if problem := _account(str(trunk.get("username") or "")):
            yield _refusal("trunk", name, ("username",), problem)


def _long(text: str, most: int) -> Problem | None:
    size = len(text.encode())
    if size <= most:
        return None
    cause = f"It has {size} bytes, and Asterisk cuts it behind {most}."
    return "CC493", "the text is too long", cause, "shorten it"


def _blank(text: str) -> Problem | None:
    if text == text.strip(" "):
        return None
    cause = "Asterisk takes the blanks at its ends away."
    return "CC493", "the text has blanks at its ends", cause, "remove them"


def _account(username: str) -> Problem | None:
    if not set(username) & set('"\\'):
        return _blank(username)
    cause = "Asterisk writes it in quotes, as it is, into what it sends to the carrier."
    hint = "ask the carrier for an account of letters and digits"
    return "CC493", "the account has a quote or a backslash", cause, hint


def _secrets(centre: Centre) -> Iterator[Refusal]:
    for kind in ("extension", "trunk"):
        for name, fields in centre.of(kind).items():
            if (secret := fields.get("secret")) is not None and (why := _why_not(str(secret))):
                hint = "set another password there, and at the other side"
                problem = ("CC491", "Asterisk cannot hold this secret", why, hint)
                yield _refusal(kind, name, ("secret",), problem)
    for name, extension in centre.of("extension").items():
        yield from _pin("extension", name, ("voicemail", "pin"), extension)
    for name, room in centre.of("conference_room").items():
        for field in PINS:
            yield from _pin("conference_room", name, (field,), room)
        if room.get("pin") and room.get("pin") == room.get("moderator_pin"):
            cause = "Every caller who knows the PIN of members would be a moderator."
            hint = "set another PIN for moderators"
            same = ("CC492", "the PIN of members is the same", cause, hint)
            yield _refusal("conference_room", name, ("moderator_pin",), same)


def _why_not(secret: str) -> str:
    """What is wrong with a SIP password."""
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
    """What is wrong with the PIN of a mailbox, or of a conference room."""
    pin = at(fields, path)
    if pin is not None and not re.fullmatch(rf"[0-9]{{1,{LONGEST_PIN}}}", str(pin)):
        fault = f"the PIN is not made of 1 to {LONGEST_PIN} digits"
        cause = "It is typed on the keys of a phone."
        yield _refusal(kind, name, path, ("CC492", fault, cause, "set a PIN of digits"))


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
        cause = "Asterisk counts milliseconds in 32 bits, and begins again from below zero."
        problem = ("CC494", "the duration is too long", cause, "at most 24 days")
        yield _refusal(kind, name, path, problem)
    if not length and of_zero:
        yield _refusal(kind, name, path, ("CC494", "the duration is 0", of_zero, "at least 1s"))


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
                cause = "A person and a phone have the same name, and so they are one member."
                hint = f"rename user/{member} or extension/{member}"
                problem = ("CC495", f"two members are named {member}", cause, hint)
                path: Path = ("members", max(first.member, agent.member))
                yield _refusal("queue", name, path, problem)


def _numbers(centre: Centre) -> Iterator[Refusal]:
    """Internal numbers that two objects have."""
    first: dict[str, Address] = {}
    for address, number, path in _dialled(centre):
        if (other := first.setdefault(number, address)) != address:
            cause = f"{other} is dialled so too, and Asterisk would ring that one only."
            problem = ("CC495", f"the number {number} is taken", cause, "change one")
            yield _refusal(*address, path, problem)


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
