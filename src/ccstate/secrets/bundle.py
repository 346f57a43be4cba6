"""The bundle of secrets: one file, folder or OpenBao that holds them all, each under a name.

`bundle:sip-1101` says nothing of how a team keeps its secrets. Where the bundle is says the variable
`CCSTATE_SECRET_BUNDLE`, which no branch sets. Why: docs/adr/0044-bundles-of-secrets.md.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ccstate.errors import sort_key
from ccstate.git import GitFailed, repository
from ccstate.secrets import codes, openbao, sops
from ccstate.secrets.allowed import (
    AGE_KEY_FILE,
    BUNDLE,
    CLOSED,
    IN_GIT,
    LINKED,
    MAYBE_IN_GIT,
    MISSING,
    NO_FILE,
    NO_TEXT,
    OF_GIT,
    OUTSIDE,
    TOKENS,
    Allowed,
    BundleUnusable,
    Unresolvable,
    file_text,
    may_be_allowed,
    secret_text,
)

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
"""Name of a secret: a field of OpenBao, a key of YAML, and a file's name in a folder."""
MOST_BYTES = 16 * 1024 * 1024

NONE = f"is in a bundle, and {BUNDLE} names none"
NOT_THERE = "is not in the bundle"
NO_KEY, NO_TOKEN = sops.NO_KEY, openbao.NO_TOKEN
NOT_TEXT = "is no text in the bundle"
ENCRYPTED = "is still encrypted in the bundle"

_DOTENV = re.compile(r"(?:\s*(?:#.*)?\n)*[A-Za-z_][A-Za-z0-9_]*=")
# Readers of such files disagree about quotes, blanks, `$`, `#` and `\`.
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=([^\s\"'`$#\\]*)")

_NO_FOLDER = "is no folder of secrets"
_HINTS = {
    _NO_FOLDER: f"name one in {BUNDLE} that holds them and nothing else: /run/secrets/ccstate",
    MISSING: f"correct {BUNDLE}: an absolute path, or one that starts at the project's folder",
    OUTSIDE: f"name it in {BUNDLE} by its absolute path, without ..",
    LINKED: f"name in {BUNDLE} the file itself: a branch can hold a link to any file",
    IN_GIT: "encrypt it with sops; change all its secrets, for git keeps what it had",
    OF_GIT: "put it elsewhere: git and ccstate keep their own files there",
    MAYBE_IN_GIT: "see that git works here: `git status`",
    NO_FILE: "name a file, a folder of files, or a URL of OpenBao",
}


def hint(cause: str, place: str) -> str:
    """Say what to do about a secret for which the bundle at a place has this cause; "" for others."""
    return {
        NONE: f"where ccstate runs: export {BUNDLE}=/run/secrets/ccstate.yaml",
        NO_KEY: f"where ccstate runs: export {AGE_KEY_FILE}=/run/secrets/age-key.txt",
        NO_TOKEN: f"where ccstate runs: export {TOKENS[0]}=…",
        NOT_THERE: f"add it to {place}, or correct its name",
        NOT_TEXT: f"put it in quotes in {place}: a number has lost its zeros",
        ENCRYPTED: f"sops files are decrypted as YAML or JSON: write {place} as one of them",
    }.get(cause, "")


Lookup = Callable[[str], str]
"""Returns the secret of a name. Raises Unresolvable."""


def lookup(allowed: Allowed) -> Lookup:
    """Open the bundle, once for all of its secrets that a run asks for.

    Raises BundleUnusable where one is named and cannot be used.
    """
    place = allowed.environment.get(BUNDLE, "")
    if not place:
        return failing(NONE)
    try:
        if "://" in place:
            return _by_name(openbao.read(place, allowed.environment))
        if (allowed.folder / place).is_dir():
            if Path(place).is_absolute() and not may_be_allowed(place):
                raise _unusable(place, _NO_FOLDER)
            return _in_folder(place, _naming(allowed, Path(place)))
        return _by_name(_file(place, allowed))
    except Unresolvable as absent:
        return failing(str(absent))


def failing(cause: str) -> Lookup:
    """Return a lookup that gives no secret, with the cause."""

    def secret(_: str) -> str:
        raise Unresolvable(cause)

    return secret


def _by_name(values: Mapping[str, Any]) -> Lookup:
    def secret(name: str) -> str:
        if name not in values:
            raise Unresolvable(NOT_THERE)
        value = values[name]
        if not isinstance(value, str):
            raise Unresolvable(NOT_TEXT)
        if value.startswith(sops.ENCRYPTED):
            raise Unresolvable(ENCRYPTED)
        return secret_text(value.encode(errors="surrogatepass"))

    return secret


def _in_folder(place: str, allowed: Allowed) -> Lookup:
    """Read a file for each secret, as Kubernetes and Docker mount them."""

    def secret(name: str) -> str:
        try:
            return file_text(allowed.secret(f"{place}/{name}"))
        except Unresolvable as cause:
            raise Unresolvable(NOT_THERE) if str(cause) == MISSING else cause from None

    return secret


def _naming(allowed: Allowed, folder: Path) -> Allowed:
    """Allow the folder that the variable names, outside of the project, as if `file:` could reach it."""
    return replace(allowed, folders=(folder,))


def _file(place: str, allowed: Allowed) -> Mapping[str, Any]:
    try:
        handle = _naming(allowed, Path(place).parent).opened(place)
        with os.fdopen(handle, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except Unresolvable as cause:
        raise _unusable(place, str(cause)) from None
    except OSError:
        raise _unusable(place, CLOSED) from None
    if len(data) > MOST_BYTES:
        raise _unusable(place, f"holds more than {MOST_BYTES // 1024**2} MB")
    values = _parsed(data, place)
    if sops.KEY in values:
        return sops.decrypted(values, place, sops.keys(allowed.environment))
    try:
        allowed.refuse_in_git(place)
        _refuse_in_another_git(allowed.folder / place)
    except Unresolvable as cause:
        raise _unusable(place, str(cause)) from None
    return values


def _refuse_in_another_git(path: Path) -> None:
    """Refuse a file in clear that git has beside the project, or elsewhere. Raises Unresolvable."""
    try:
        found = repository(path.parent)
        if found is not None and found.holds(path):
            raise Unresolvable(IN_GIT)
    except GitFailed:
        raise Unresolvable(MAYBE_IN_GIT) from None


@lru_cache(maxsize=1)  # by its bytes: each platform, and each batch of an apply, asks again
def _parsed(data: bytes, place: str) -> Mapping[str, Any]:
    """Read the secrets of a file of YAML, JSON or NAME=value, not yet decrypted. Raises BundleUnusable."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unusable(place, NO_TEXT) from None
    if text.lstrip().startswith("{"):
        values = _json(text, place)
    elif _DOTENV.match(text):
        values = _lines(text, place)
    else:
        values = _yaml(data, place)
    if not isinstance(values, dict):
        raise _unusable(place, "holds no names with their secrets")
    return values


def _json(text: str, place: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _unusable(place, "says a name twice")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise _unusable(place, f"is no valid JSON from line {error.lineno} on") from None
    except (RecursionError, ValueError):  # too deep, or a number of thousands of digits
        raise _unusable(place, "holds more than names with their secrets") from None


def _lines(text: str, place: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match is None:
            fault = f"has a line {number} that not all readers of NAME=value read alike"
            raise _unusable(place, fault, "write it as YAML, in quotes: NAME: 'value'")
        if match[1] in found:
            raise _unusable(place, f"says a name twice, again in line {number}")
        found[match[1]] = match[2]
    return found


def _yaml(data: bytes, place: str) -> Any:
    """Read YAML as the desired state is read, quoting nothing of it where it is refused."""
    from ccstate.desired.yaml_values import read

    values, problems = read(data, place)
    if problems:
        first = min(problems, key=sort_key)
        where = f"line {first.span.line}" if first.span and first.span.line else "the whole"
        raise _unusable(
            place,
            f"is YAML that ccstate does not read ({where}: {first.code})",
            "put each secret in quotes: sip-1101: 'value'; docs/codes.md explains the code",
        )
    return values


def _unusable(place: str, fault: str, hint: str = "") -> BundleUnusable:
    hint = hint or _HINTS.get(fault, "write a mapping, each secret in quotes: sip-1101: 'value'")
    return BundleUnusable(codes.BUNDLE_UNUSABLE(bundle=place, fault=fault, hint=hint))
