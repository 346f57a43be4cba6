"""References to secrets, `env:SIP_1101` and `file:secrets/sip-1101`: what they hold, and its seal.

Only adapters call this. A resolved secret goes to the platform and nowhere else; plans, logs,
ledgers and observations hold its seal.
"""

import hmac
import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from ccstate.errors import Diagnostic, InvalidInput
from ccstate.model import SEAL

LARGEST = 64 * 1024
"""Bytes; whoever points `file:` at a disk image meant another file."""

SHOWN = 3

_HINTS = {
    "is not set": "export it where ccstate runs, or correct its name",
    "is empty": "an empty secret protects nothing: give it a value",
    "does not exist": "write the file, or correct its path, which starts at the project's folder",
    "is no file": "name a file that holds the secret and nothing else",
    "cannot be read": "let the user who runs ccstate read it",
    f"holds more than {LARGEST // 1024} KB": "name a file that holds the secret and nothing else",
    "is not UTF-8 text": "secrets are text; write binary keys in base64",
    "has neither the form env:NAME nor file:path": "write env:NAME or file:path",
}


class Unresolvable(Exception):
    """One reference that leads to no secret; the text is the cause, a key of `_HINTS`."""


def resolve(references: Collection[str], folder: Path) -> dict[str, str]:
    """The secret behind each reference; a relative path starts at the project's `folder`.

    Raises InvalidInput with one diagnostic a cause, over all references.
    """
    found, causes = attempt(references, folder)
    if causes:
        raise InvalidInput(diagnostics(causes))
    return found


def attempt(references: Collection[str], folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The secrets behind those references that lead to one; for the others the cause."""
    found: dict[str, str] = {}
    causes: dict[str, str] = {}
    for reference in references:
        try:
            found[reference] = _secret(reference, folder)
        except Unresolvable as cause:
            causes[reference] = str(cause)
    return found, causes


def diagnostics(causes: Mapping[str, str]) -> list[Diagnostic]:
    """One diagnostic a cause, with the first references and how many there are in all."""
    by_cause: dict[str, list[str]] = {}
    for reference in sorted(causes):
        by_cause.setdefault(causes[reference], []).append(reference)
    return [
        Diagnostic(
            "CC410",
            f"{_enumeration(names)} {cause}"
            if len(names) == 1
            else f"{len(names)} secrets: {_enumeration(names)}: each {cause}",
            cause="Without the secret nobody can tell whether it changed, and nothing can set it.",
            hint=_HINTS[cause],
        )
        for cause, names in by_cause.items()
    ]


def _enumeration(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def seal(key: bytes, secret: str) -> str:
    """A keyed hash that tells whether a secret changed, and not what it is.

    Without the key, which stays on the platform, guessing a four-digit PIN gets nowhere.
    """
    return SEAL + hmac.digest(key, secret.encode(), "sha256").hex()[:16]


def is_seal(value: object) -> bool:
    """Whether a value is of the form that `seal` returns."""
    return isinstance(value, str) and value.startswith(SEAL)


def _secret(reference: str, folder: Path) -> str:
    scheme, _, where = reference.partition(":")
    if scheme == "env" and where:
        text = _environment(where)
    elif scheme == "file" and where and "\0" not in where:
        text = _content(folder / where)
    else:
        raise Unresolvable("has neither the form env:NAME nor file:path")
    if not text:
        raise Unresolvable("is empty")
    return text


def _environment(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise Unresolvable("is not set")
    try:
        value.encode()  # bytes that are no UTF-8 arrive as lone surrogates
    except UnicodeEncodeError:
        raise Unresolvable("is not UTF-8 text") from None
    return value


def _content(path: Path) -> str:
    """The file's text without its last line end; editors add one."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unresolvable("is no file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise Unresolvable("does not exist") from None
    except OSError:
        raise Unresolvable("cannot be read") from None
    if len(content) > LARGEST:
        raise Unresolvable(f"holds more than {LARGEST // 1024} KB")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Unresolvable("is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
