"""One value, or one object, in few words."""

import re
from collections.abc import Iterable, Iterator

from ccstate.kinds import PLURALS
from ccstate.model import Address, Change, Fields, Json, edited
from ccstate.render.text import clipped, safe

LONGEST = 400
"""Columns of a value; what is longer is cut, for the files hold it in full."""
NOT_SET = "(not set)"
SECRET = "(secret)"  # noqa: S105 - what is shown in place of one

_BARE = re.compile(r"[^\s\"'`\\,()→…]+")
_LOOKS_OTHERWISE = {"true", "false", "null", "yes", "no"}
_SINGULAR = {kind.plural: kind.name for kind in PLURALS.values()} | {
    "weekly": "day",
    "choices": "choice",
    "patterns": "pattern",
    "languages": "language",
    "holidays": "holiday",
    "exceptions": "exception",
    "seasons": "season",
    "skills": "skill",
    "areas": "area",
    "desks": "desk",
    "tiles": "tile",
    "nodes": "node",
    "members": "member",
    "codecs": "codec",
    "keys": "key",
    "permissions": "permission",
}
_FIRST = ("extension", "number", "to", "host", "device", "email", "team", "timezone")


def plural(count: int, singular: str, several: str = "") -> str:
    """`1 queue`, `2 queues`, `1,200 users`."""
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def of_kind(count: int, kind: str) -> str:
    """So many objects of a kind: `2 outbound routes`."""
    several = next((k.plural for k in PLURALS.values() if k.name == kind), f"{kind}s")
    return plural(count, kind.replace("_", " "), several.replace("_", " "))


def scalar(value: Json) -> str:
    """A value as it is shown in a line: bare where that is plain to read, else in quotes."""
    match value:
        case None:
            return NOT_SET
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case list() | dict():
            return brief(value)
        case _:
            return str(value)


def _text(value: str) -> str:
    if value.startswith("sealed:"):
        return SECRET
    if _BARE.fullmatch(value) and value not in _LOOKS_OTHERWISE:
        return clipped(safe(value), LONGEST)
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{clipped(safe(quoted), LONGEST)}"'


def brief(value: Json, most: int = 120) -> str:
    """A list or mapping in about so many columns."""
    match value:
        case list():
            return _joined((_item(item) for item in value), most) or "none"
        case dict():
            return _joined(_parts(value), most) or "nothing"
        case _:
            return scalar(value)


def _item(item: Json) -> str:
    """One of a list; what is said of it stands in parentheses: `user yuki.m (penalty 10)`."""
    if not isinstance(item, dict) or len(item) < 2:
        return scalar(item)
    first, *others = _parts(item)
    return f"{first} ({', '.join(others)})" if others else first


def _joined(parts: Iterator[str], most: int) -> str:
    text = ""
    for part in parts:
        if text and len(text) + len(part) + 2 > most:
            return f"{text}, …"
        text = f"{text}, {part}" if text else part
    return text


def _parts(value: dict[str, Json]) -> Iterator[str]:
    if isinstance(kind := value.get("type"), str):
        yield kind
    for name, inner in value.items():
        if name == "type" and isinstance(inner, str):
            continue
        if name == "date":
            yield scalar(inner)
        elif inner and isinstance(inner, dict):
            yield sized(name, len(inner))
        elif isinstance(inner, list) and len(inner) > 1:
            yield f"{name} {' + '.join(scalar(item) for item in inner[:4])}"
        elif isinstance(inner, list):
            yield f"{name} {scalar(inner[0]) if inner else 'none'}"
        else:
            yield f"{name} {scalar(inner)}"


def sized(name: str, count: int) -> str:
    """How many entries a field has: `6 nodes`, `1 holiday`."""
    singular = _SINGULAR.get(name)
    if singular is None:
        return f"{name} ({count:,})"
    several = "days" if name == "weekly" else name
    return plural(count, singular.replace("_", " "), several.replace("_", " "))


def title(address: Address, fields: Fields) -> str:
    """What people call the object, quoted; empty where nothing but its address is known."""
    for name in ("label", "name"):
        text = fields.get(name)
        if isinstance(text, str) and text != address.name:
            return f'"{clipped(safe(text), 60)}"'
    return ""


def summary(fields: Fields) -> str:
    """The object in few words: where it leads, how large it is."""
    return ", ".join(_facts(fields))


def facts_of(change: Change, fields: Fields) -> str:
    """A new object in few words, with where its secrets come from: `secret env:SIP_2101`."""
    secrets = (
        f"{path.rpartition('.')[2]} {scalar(reference)}"
        for path, reference in sorted(change.secrets.items())
    )
    return ", ".join([*_facts(fields), *secrets])


def references_beyond(changes: Iterable[Change]) -> str:
    """The references of changes that are only counted, by how they begin; "" where there are none.

    `, with secrets from env:SIP_… (68), env:TRUNK_A`
    """
    begun: dict[str, list[str]] = {}
    for change in changes:
        for _, reference in sorted(change.secrets.items()):
            head = re.match(r"env:[^_]*_|file:.*/|", reference, re.DOTALL)
            begun.setdefault(head[0] if head else "", []).append(reference)
    parts = [
        f"{clipped(safe(head), LONGEST)}… ({len(found):,})"
        if head and len(found) > 1
        else ", ".join(map(scalar, found))
        for head, found in sorted(begun.items())
    ]
    return f", with secrets from {', '.join(parts)}" if parts else ""


def _facts(fields: Fields) -> Iterator[str]:
    for name in _FIRST:
        if isinstance(value := fields.get(name), str):
            yield f"{name} {scalar(value)}"
    for name, value in fields.items():
        if isinstance(value, dict | list) and value and name in _SINGULAR:
            yield sized(name, len(value))


def fields_of(change: Change) -> Fields:
    """What is known of the object: as it will be, or, where it goes, as it was."""
    after = edited(change.ledger or {}, [edit for edit in change.edits if edit.after is not None])
    if after:
        return after
    return {edit.path: edit.before for edit in change.edits if "." not in edit.path}
