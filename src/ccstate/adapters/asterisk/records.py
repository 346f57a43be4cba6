"""What ccstate keeps beside its include files: the objects, what was applied last, and secrets.

Asterisk reads neither file. `records.json` holds what no configuration can say, such as a label or
the words of a prompt, and seals in place of secrets: every reader of plans may read it.
`secrets.json` holds the secrets and the key of the seals; only its owner may read it.
"""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

import orjson

from ccstate import kinds
from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.entries import FILES, SECRET_FILES
from ccstate.drafts import sealed
from ccstate.errors import Code, Diagnostic, Span, Unreadable
from ccstate.model import Address, Edit, Fields, Json, Why, edited
from ccstate.secrets import seal

PATH = "ccstate/records.json"
SECRETS = "ccstate/secrets.json"
FORMAT = 2
"""Format 1 was one file with everything in it, secrets too; it is read, and written anew as this one."""

Objects: TypeAlias = Mapping[Address, Fields]
References: TypeAlias = Mapping[Address, Mapping[str, str]]

_SECRET_PATHS = frozenset(FILES[name] for name in SECRET_FILES)
_NO_KEY = secrets.token_bytes(32)
"""In place of the key, for who may not read it: what is sealed with it is equal to no other seal."""


@dataclass(frozen=True, slots=True)
class Records:
    """`files` has the digest of each include file as it was written; `sounds` the digest of what
    each sound was made from, by its path. `references` has the reference from which each secret was
    written last, by object and dotted path. Where `is_sealed`, objects hold seals in place of
    secrets, and `key` seals nothing that could be compared.
    """

    key: bytes = field(repr=False)
    objects: Objects = field(default_factory=dict, repr=False)
    ledger: Objects = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    sounds: Mapping[str, str] = field(default_factory=dict)
    references: References = field(default_factory=dict)
    is_sealed: bool = False

    def shown(self, kind: str, fields: Fields) -> dict[str, Json]:
        """The fields of a managed object as an observation shows them: seals in place of secrets."""
        if self.is_sealed:
            return cast("dict[str, Json]", fields)
        return sealed(self.key, kind, fields)


def new_records() -> Records:
    """Return the records of a platform on which ccstate has not written yet."""
    return Records(secrets.token_bytes(32))


def digest(content: bytes) -> str:
    """Compute the digest that shows whether a file is still as it was written."""
    return hashlib.sha256(content).hexdigest()


def dump(records: Records) -> dict[str, bytes]:
    """Return the content of both files, by path; people read them, so they are indented."""
    files = sorted(records.files.items())
    shown = {a: sealed(records.key, a.kind, fields) for a, fields in records.objects.items()}
    public = {
        "format": FORMAT,
        "files": {path: text for path, text in files if path not in _SECRET_PATHS},
        "sounds": dict(sorted(records.sounds.items())),
        "references": _by_kind(records.references),
        "objects": _by_kind(shown),
        "ledger": _by_kind(records.ledger),
    }
    private = {
        "format": FORMAT,
        "key": records.key.hex(),
        # The digest of a file with short secrets would give them away.
        "files": {path: text for path, text in files if path in _SECRET_PATHS},
        "secrets": _by_kind(
            {a: found for a, f in records.objects.items() if (found := _secrets_of(a, f))}
        ),
    }
    # Inside of an object the order stays: the first language of a prompt is the one that is heard
    # where the caller's own is missing.
    return {
        SECRETS: orjson.dumps(private, option=orjson.OPT_INDENT_2) + b"\n",
        PATH: orjson.dumps(public, option=orjson.OPT_INDENT_2) + b"\n",
    }


def load(content: bytes, private: bytes | None, place: str) -> Records:
    """The records of a platform, sealed where `private`, the content of secrets.json, is None.

    Unreadable where they are damaged, or where the two files do not belong together.
    """
    path = PATH
    try:
        public = orjson.loads(content)
        if public["format"] == 1:
            return _of_format_1(public)
        if public["format"] != FORMAT:
            raise _problem(codes.RECORDS_FORMAT, place, PATH, found=public["format"], known=FORMAT)
        records = Records(
            _NO_KEY,
            _by_address(public["objects"]),
            _by_address(public["ledger"]),
            cast("Mapping[str, str]", public["files"]),
            cast("Mapping[str, str]", public["sounds"]),
            cast("References", _by_address(public["references"])),
            is_sealed=True,
        )
        if private is None:
            return records
        path = SECRETS
        return _with_secrets(records, orjson.loads(private), place)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _problem(codes.RECORDS_DAMAGED, place, path) from None


def is_public(content: bytes) -> bool:
    """Whether the records hold seals only; those of format 1 held secrets."""
    try:
        return bool(orjson.loads(content)["format"] != 1)
    except (ValueError, KeyError, TypeError):
        return True


def _of_format_1(whole: Mapping[str, Any]) -> Records:
    return Records(
        bytes.fromhex(whole["key"]),
        _by_address(whole["objects"]),
        _by_address(whole["ledger"]),
        cast("Mapping[str, str]", whole["files"]),
        cast("Mapping[str, str]", whole["sounds"]),
    )


def _with_secrets(records: Records, private: Mapping[str, Any], place: str) -> Records:
    """Return the records with secrets in place of their seals; KeyError where one is missing."""
    if private["format"] != FORMAT:
        raise _problem(codes.RECORDS_FORMAT, place, SECRETS, found=private["format"], known=FORMAT)
    key = bytes.fromhex(private["key"])
    known = _by_address(private["secrets"])
    objects: dict[Address, Fields] = {}
    for address, fields in records.objects.items():
        seals = _secrets_of(address, fields)
        real = {path: str(known[address][path]) for path in seals}
        if any(seal(key, text) != seals[path] for path, text in real.items()):
            raise Unreadable(
                codes.SECRETS_UNLIKE(
                    Span(f"{place}/{SECRETS}"),
                    place=place,
                    secrets=SECRETS,
                    records=PATH,
                    address=address,
                )
            )
        edits = [Edit(path, None, text, why=Why.YOU) for path, text in real.items()]
        objects[address] = edited(fields, edits) if edits else fields
    files = {**records.files, **cast("Mapping[str, str]", private["files"])}
    return replace(records, key=key, objects=objects, files=files, is_sealed=False)


def _secrets_of(address: Address, fields: Fields) -> dict[str, str]:
    return kinds.secrets(address.kind, fields) if kinds.holds_secrets(address.kind) else {}


def _by_kind(
    objects: Mapping[Address, Mapping[str, Any]],
) -> dict[str, dict[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for (kind, name), fields in sorted(objects.items()):
        found.setdefault(kind, {})[name] = fields
    return found


def _by_address(by_kind: Mapping[str, Mapping[str, Fields]]) -> dict[Address, Fields]:
    return {
        Address(kind, name): dict(fields)
        for kind, named in by_kind.items()
        for name, fields in named.items()
    }


def of_kinds(objects: Objects, kinds: Collection[str]) -> dict[Address, Fields]:
    """Select the objects of these kinds."""
    return {address: fields for address, fields in objects.items() if address.kind in kinds}


def written(records: Records, files: Mapping[str, bytes]) -> Records:
    """Return the records that go with these include files."""
    return replace(records, files={path: digest(content) for path, content in files.items()})


def _problem(code: Code, place: str, path: str, **values: object) -> Unreadable:
    return Unreadable(code(Span(f"{place}/{path}"), place=place, path=path, **values))


def lost(place: str, path: str) -> Diagnostic:
    """Report that the records are missing, and the include file at the path is there."""
    return codes.RECORDS_LOST(Span(f"{place}/{PATH}"), place=place, records=PATH, path=path)


def without_secrets(place: str) -> Diagnostic:
    """Report that the file of the secrets is missing, and the records are there."""
    span = Span(f"{place}/{SECRETS}")
    return codes.SECRETS_LOST(span, place=place, secrets=SECRETS, records=PATH)
