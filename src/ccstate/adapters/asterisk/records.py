"""What ccstate keeps beside its include files: the objects, what was applied last, the seal's key.

Asterisk does not read this file. It holds what no configuration can say, such as a label or the
words of a prompt, and secrets as the include files hold them; nobody but its owner may read it.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

import orjson

from ccstate.errors import Diagnostic, Span, Unreadable
from ccstate.model import Address, Fields

PATH = "ccstate/records.json"
FORMAT = 1

Objects: TypeAlias = Mapping[Address, Fields]


@dataclass(frozen=True, slots=True)
class Records:
    """`files` has the digest of each include file as it was written; `sounds` the digest of what
    each sound was made from, by its path.
    """

    key: bytes
    objects: Objects = field(default_factory=dict)
    ledger: Objects = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    sounds: Mapping[str, str] = field(default_factory=dict)


def new_records() -> Records:
    """The records of a platform on which ccstate has not written yet."""
    return Records(secrets.token_bytes(32))


def digest(content: bytes) -> str:
    """What tells whether a file is still as it was written."""
    return hashlib.sha256(content).hexdigest()


def dump(records: Records) -> bytes:
    """The records as bytes; people read them, so they are indented."""
    said = {
        "format": FORMAT,
        "key": records.key.hex(),
        "files": dict(sorted(records.files.items())),
        "sounds": dict(sorted(records.sounds.items())),
        "objects": _by_kind(records.objects),
        "ledger": _by_kind(records.ledger),
    }
    # Inside of an object the order stays: the first language of a prompt is the one that is heard
    # where the caller's own is missing.
    return orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n"


def load(content: bytes, place: str) -> Records:
    """The records of a platform; Unreadable where they are damaged."""
    try:
        said = orjson.loads(content)
        if said["format"] != FORMAT:
            raise Unreadable([_other_format(place, said["format"])])
        return Records(
            bytes.fromhex(said["key"]),
            _addressed(said["objects"]),
            _addressed(said["ledger"]),
            cast("Mapping[str, str]", said["files"]),
            cast("Mapping[str, str]", said["sounds"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable([_damaged(place)]) from None


def _by_kind(objects: Objects) -> dict[str, dict[str, Fields]]:
    found: dict[str, dict[str, Fields]] = {}
    for (kind, name), fields in sorted(objects.items()):
        found.setdefault(kind, {})[name] = fields
    return found


def _addressed(by_kind: Mapping[str, Mapping[str, Fields]]) -> dict[Address, Fields]:
    return {
        Address(kind, name): dict(fields)
        for kind, named in by_kind.items()
        for name, fields in named.items()
    }


def of_kinds(objects: Objects, kinds: Collection[str]) -> dict[Address, Fields]:
    """Only objects of these kinds."""
    return {address: fields for address, fields in objects.items() if address.kind in kinds}


def written(records: Records, files: Mapping[str, bytes]) -> Records:
    """The records that go with these include files."""
    return replace(records, files={path: digest(content) for path, content in files.items()})


def _other_format(place: str, found: object) -> Diagnostic:
    return Diagnostic(
        "CC411",
        f"{place}/{PATH} has format {found}, and this ccstate reads {FORMAT}",
        hint="use the release of ccstate that wrote it",
    )


def lost(place: str, path: str) -> Diagnostic:
    """The records are not there, and the include file at the path is."""
    return Diagnostic(
        "CC411",
        f"{place}/{PATH} is not there, though {path} is",
        Span(f"{place}/{PATH}"),
        cause="It says what ccstate manages there; without it everything would be made anew.",
        hint="restore it from a backup of the server's configuration; "
        "or, to begin anew, take ccstate's include files away too",
    )


def _damaged(place: str) -> Diagnostic:
    return Diagnostic(
        "CC411",
        f"{place}/{PATH} is damaged",
        cause="It says what ccstate manages there; without it everything would be made anew.",
        hint="restore the file from a backup of the server's configuration",
    )
