"""Entries in words: what people call one, and the line that says it; secrets are left out."""

from ccstate.adapters.asterisk.entries import DIALPLAN, FILES, INCLUDE, VOICEMAIL, Key, is_pjsip
from ccstate.model import Json
from ccstate.secrets import seal


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
        case "res_parking":
            return key.item
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


def shown_line(place: str, key: Key, value: str | None) -> str:
    """A line for people, with its place; secrets are left out."""
    return f"{place or FILES[key.file]}: {as_line(key, value)}"


def shown_value(seal_key: bytes, key: Key, value: str | None) -> Json:
    """A value for people: a secret is sealed."""
    if value is None:
        return "not there"
    return seal(seal_key, value) if secret_path(key) else value


def place_of(key: Key) -> str:
    """As `named`, for what is no object's: with the section that it stands in."""
    if key.file == DIALPLAN:
        return named(key)
    return f"[{key.item if is_pjsip(key.file) else key.section}] {named(key)}"
