"""The record of one apply: who, what and when, with digests of its files and of the records before.

Each record names, by their digests, the records that no other had named when it was made: a chain, in
which a record that was changed or taken away is missed by those that name it. Applies on two machines
may name the same record before them; the next one that knows both names both.
Why: docs/adr/0039-records-name-the-records-before-them.md.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ccstate.authority import Authority, encodable
from ccstate.model import Outcome

FILE = "record.json"
"""In the folder of the plan."""
MOST = 1 << 20
"""Bytes of a record that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What stands in record.json; `digest` is that of the file, and stands in none."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore", strict=True)

    format: Literal[1] = 1
    plan: str
    """Digest of the plan."""
    commit: str
    """Git commit of the desired state; `+` behind it where files differed."""
    started: str
    """ISO 8601, of the first line of the journal."""
    finished: str
    """ISO 8601, when everything had been read back."""
    outcome: Outcome
    """The worst of all changes."""
    changes: int
    """How many the plan has."""
    confirmed: int
    """How many of them the platforms showed afterwards."""
    standing: str = ""
    """Where the change had to be confirmed, whether it stays: `stays`, `taken back`, `not taken back`."""
    corrective: str = ""
    """Id of the plan for what is missing."""
    authority: Authority
    """On whose word it was applied."""
    files: Mapping[str, str]
    """SHA-256 of the other files of the folder, by name."""
    before: Mapping[str, str]
    """SHA-256 of the records before, by the ids of their plans; none before the first."""


def record_bytes(record: Record) -> bytes:
    """Write the record: JSON for people and programs, the same bytes for the same record."""
    said = {name: getattr(record, name) for name in Record.__slots__}
    said["authority"] = encodable(record.authority)
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(said, option=options)


def read_record(content: bytes) -> Record | None:
    """Read a record; None where the bytes are none."""
    if len(content) > MOST:
        return None
    try:
        return _form().validate_json(content)
    except ValidationError:
        return None


@cache
def _form() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def newest(known: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Find the records that no other names, as a new record names them: digests by plan.

    `known` are all records that can be seen: the id of the plan, and the bytes of its record.
    """
    digests: dict[str, str] = {}
    named: set[str] = set()
    for plan_id, content in known:
        if record := read_record(content):
            digests[plan_id] = sha256(content)
            named.update(record.before.values())
    return {plan_id: found for plan_id, found in sorted(digests.items()) if found not in named}
