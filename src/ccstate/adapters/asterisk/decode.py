"""Entries → fields: what somebody meant who changed a line by hand.

Only where the field that a value stands for is certain; every other line is shown as it is.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote

from ccstate.adapters.asterisk.entries import (
    DIALPLAN,
    INCLUDE,
    VARIABLE,
    VOICEMAIL,
    Entry,
    Key,
    is_pjsip,
)
from ccstate.adapters.asterisk.kinds.queue import STRATEGIES
from ccstate.adapters.asterisk.places import NAMED
from ccstate.kinds.fields import duration
from ccstate.model import Address, Json


class Meant(NamedTuple):
    """A field, by its dotted path, and its value; None where it is not set."""

    path: str
    value: Json


class Unclear(Exception):
    """Nobody can say which field this value stands for."""


_Decoder: TypeAlias = Callable[[str], Json]
Starts: TypeAlias = Mapping[str, str]
"""The node where each tree is entered."""


def meant(
    owner: Address, key: Key, expected: Entry | None, value: str | None, starts: Starts
) -> Meant | None:
    """The field that an entry with this value says; None where that is not certain.

    `expected` is the entry that ccstate made, if any; `value` is None where the line is gone.
    """
    if value is None or expected is None or not expected.field:
        return None
    path = expected.field
    try:
        if key.file == DIALPLAN:
            return Meant(path, _step(owner, expected, value, starts))
        decoder = _decoder(owner.kind, key)
        return Meant(path, decoder(value)) if decoder else None
    except (Unclear, ValueError):
        return None


def _decoder(kind: str, key: Key) -> _Decoder | None:
    match key.file:
        case "queues":
            return _QUEUE.get(key.item)
        case "pjsip" if key.section == "endpoint":
            return _ENDPOINT.get((kind, key.part))
        case "accounts" if key.part == "password":
            return str
        case "voicemail":
            return _MAILBOX.get(key.part)
        case _:
            return None


def _seconds(value: str) -> str:
    return duration(_count(value))


def _count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise Unclear
    return int(value)


def _strategy(value: str) -> str:
    for name, spelled in STRATEGIES.items():
        if spelled == value:
            return name
    raise Unclear


def _yes(value: str) -> bool:
    if value.lower() in {"yes", "true", "on", "1", "y", "t"}:
        return True
    if value.lower() in {"no", "false", "off", "0", "n", "f"}:
        return False
    raise Unclear


def _site(value: str) -> str | None:
    if value == "site":
        return None
    kind, slash, name = value.partition("/")
    if kind != "site" or not slash:
        raise Unclear
    return name


def _prompt(value: str) -> str:
    folder, _, rest = value.partition("/")
    name, slash, _ = rest.partition("/")
    if folder != "ccstate" or not slash:
        raise Unclear
    return name


def _unescaped(value: str) -> str:
    """A variable as a call gets it: `set_var` takes backslashes for escapes (16.28, 22.10, seen)."""
    return value.replace("\\\\", "\\")


def _permissions(value: str) -> list[Json]:
    return [*sorted(part for part in value.split(",") if part)]


def _codecs(value: str) -> list[Json]:
    first, *codecs = value.split(",")
    if first != "!all":
        raise Unclear
    return list(codecs)


_QUEUE: Mapping[str, _Decoder] = {
    "strategy": _strategy,
    "timeout": _seconds,
    "retry": _seconds,
    "wrapuptime": _seconds,
    "maxlen": _count,
    "weight": _count,
    "servicelevel": _seconds,
    "musicclass": str,
    "announce-position": _yes,
    "announce-holdtime": _yes,
    "announce-frequency": _seconds,
    "periodic-announce": _prompt,
    "periodic-announce-frequency": _seconds,
}
_ENDPOINT: Mapping[tuple[str, str], _Decoder] = {
    ("extension", "context"): _site,
    ("extension", f"{VARIABLE}CC_MAY"): _permissions,
    ("extension", f"{VARIABLE}CC_CALLER"): str,
    ("extension", f"{VARIABLE}CC_CALLER_NAME"): _unescaped,
    ("extension", "named_pickup_group"): str,
    ("trunk", "allow"): _codecs,
    ("trunk", "from_user"): str,
    ("trunk", "from_domain"): str,
}
_MAILBOX: Mapping[str, _Decoder] = {
    "pin": str,
    "email": lambda value: value or None,
    "options": lambda value: "delete=yes" in value.split("|"),
}

_GOTO = re.compile(r"Goto\(([^,]+),([^,]+),1\)")
_STEPS: tuple[tuple[re.Pattern[str], _Decoder], ...] = (
    (re.compile(r"(?:\(\w+\))?WaitExten\(([0-9]+)\)"), _seconds),
    (re.compile(r"Set\(__QUEUE_PRIO=([0-9]+)\)"), _count),
    (
        re.compile(r"Queue\([^,]+,,,,([0-9]*)\)"),
        lambda value: _seconds(value) if value else None,
    ),
    (re.compile(r"(?:Background|Playback)\(([^,)]+)\)"), _prompt),
    (
        re.compile(r"Gosub\(ccstate-ring,s,1\([^,]+,([0-9]+)(?:,[^,)]*)*\)\)"),
        _seconds,
    ),
    (re.compile(r"Gosub\(schedule/([^,]+),s,1\)"), str),
    (re.compile(r"Set\(CC_(?:CALLBACK|ROUTE)=(\+[1-9][0-9]{6,14})\)"), str),
    (re.compile(r"Set\(CC_SHOWN=(|\+[1-9][0-9]{6,14})\)"), lambda value: value or None),
    (re.compile(r"Set\(CC_MOST=([0-9]*)\)"), lambda value: _count(value) if value else None),
    (re.compile(rf"Gosub\({NAMED},s,1\(([^,()]+)\)\)"), unquote),
)
"""Steps of which one value is all that they say; the rest of them is never decoded."""


def _step(owner: Address, expected: Entry, value: str, starts: Starts) -> Json:
    """What a step says: only where it is the same step as before, and says something else.

    A line put in between moves all that follow, and then each stands in another's place.
    """
    if _GOTO.fullmatch(expected.value):
        if found := _GOTO.fullmatch(value):
            return _leads(owner, expected.field, found[1], found[2], starts)
        raise Unclear
    for pattern, decoder in _STEPS:
        was, now = pattern.fullmatch(expected.value), pattern.fullmatch(value)
        if was and now and _rest(was) == _rest(now):
            return decoder(now[1])
    raise Unclear


def _rest(found: re.Match[str]) -> tuple[str, str]:
    """What stands around the one value."""
    return found.string[: found.start(1)], found.string[found.end(1) :]


def _leads(owner: Address, path: str, context: str, extension: str, starts: Starts) -> str:
    """Where a Goto leads, as the field at the path writes it."""
    kind, _, name = context.partition("/")
    field = path.rpartition(".")[2]
    if context in {"extension", "voicemail"}:
        kind, name = context, extension.replace("~", "-")
    elif extension != "s":
        raise Unclear
    if field in {"queue", "mailbox"}:
        if kind != {"queue": "queue", "mailbox": "voicemail"}[field]:
            raise Unclear
        return name
    if kind == "ivr":
        tree, _, node = name.partition("/")
        if owner == Address("ivr", tree) and owner.kind == "ivr":
            return node
        if starts.get(tree) != node:
            raise Unclear
        return f"ivr/{tree}"
    if kind not in {"queue", "extension", "voicemail", "number"}:
        raise Unclear
    return f"{kind}/{name}"


def secret_path(key: Key) -> bool:
    """Whether the value at a key is a secret, which nobody may be shown."""
    return key.part in {"password", "pin", "md5_cred"} and _is_named_by_item(key)


def _is_named_by_item(key: Key) -> bool:
    """Whether the entry is an option of an object that a section, or a line, is named after."""
    return is_pjsip(key.file) or key.file == VOICEMAIL


def named(key: Key) -> str:
    """What people call an entry that no field stands for: `direct_media`, `s,3`."""
    match key.file:
        case "pjsip" | "accounts":
            return f"{key.section} {key.part}"
        case "queues":
            return f"{key.item} {key.part}".strip()
        case "voicemail":
            return f"mailbox {key.part}"
        case _:
            return f"{key.section} {key.item},{key.part}"


def as_line(key: Key, value: str | None) -> str:
    """An entry as a line of configuration; a secret is left out."""
    section = key.item if _is_named_by_item(key) else key.section
    if value is None:
        return f"[{section}] without {_option(key)}"
    said = "…" if secret_path(key) else value
    match key.file:
        case "extensions" if key.item == INCLUDE:
            return f"[{section}] {_option(key)}"
        case "extensions" if key.part:
            return f"[{section}] {_option(key)},{said}"
        case "queues" if key.part:
            device, _, rest = said.partition(",")
            penalty, state, *_ = [*rest.split(","), "", ""]
            return f"[{section}] member => {device},{penalty},{key.part},{state}"
        case _:
            return f"[{section}] {key.part or key.item}={said}"


def _option(key: Key) -> str:
    """What a line says something about."""
    if key.file != DIALPLAN:
        return named(key)
    if key.item == INCLUDE:
        return f"include => {key.part}"
    return f"exten => {key.item},{key.part}" if key.part else key.item
