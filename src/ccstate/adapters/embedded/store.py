"""The platform's file: one SQLite database with every object, its ledger, and who names whom."""

import secrets as randomness
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal, TypeAlias, cast

import orjson

from ccstate import codes, kinds
from ccstate.errors import Unreadable
from ccstate.model import Address, Fields, Json

Table: TypeAlias = Literal["object", "ledger", "reference"]

FORMAT = "1"
RESTORE = "restore the file from a backup"
WAIT = 10.0
"""Seconds to wait for another process that is writing."""

TABLES = """
CREATE TABLE object (kind TEXT, name TEXT, fields TEXT NOT NULL,
    PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE ledger (kind TEXT, name TEXT, fields TEXT NOT NULL,
    PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE mention (kind TEXT, name TEXT, target_kind TEXT, target_name TEXT,
    PRIMARY KEY (kind, name, target_kind, target_name)) WITHOUT ROWID;
CREATE INDEX named ON mention (target_kind, target_name);
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""

# A file of an earlier release has none yet: it gets one with the first write.
REFERENCES = """
CREATE TABLE IF NOT EXISTS reference (kind TEXT, name TEXT, fields TEXT NOT NULL,
    PRIMARY KEY (kind, name)) WITHOUT ROWID
"""

# Lists of names travel as one JSON parameter, so that no statement is ever put together from
# text; CROSS JOIN keeps SQLite at one index look-up a name.
_WANTED = """SELECT object.name, object.fields FROM json_each(?) AS wanted
    CROSS JOIN object ON object.kind = ? AND object.name = wanted.value"""
_PRESENT = """SELECT object.name FROM json_each(?) AS wanted
    CROSS JOIN object ON object.kind = ? AND object.name = wanted.value"""
_NAMERS = """SELECT target_name, mention.kind, mention.name FROM json_each(?) AS wanted
    CROSS JOIN mention ON target_kind = ? AND target_name = wanted.value"""

_ALL: Mapping[Table, str] = {
    "object": """SELECT kind, name, fields FROM object
        WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY kind, name""",
    "ledger": """SELECT kind, name, fields FROM ledger
        WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY kind, name""",
    "reference": """SELECT kind, name, fields FROM reference
        WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY kind, name""",
}

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FOREIGN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Turns what SQLite and the file system say into Unreadable, with what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            message = f"{path} is locked by another process"
            hint = f"another process has been writing for {WAIT:g} s: let them finish, then run this again"
        elif code in _FOREIGN:
            message = f"{path} is damaged, or no embedded platform: {error}"
            hint = f"{RESTORE}, or correct `path` in the target's connection"
        else:
            message = f"{path} cannot be used: {error}"
            hint = "check the file's permissions, its folder and the free space on the disk"
        raise unreadable(message, hint) from error
    except OSError as error:
        hint = "check `path` in the target's connection, and who may write to its folder"
        raise unreadable(f"{path} cannot be used: {error.strerror or error}", hint) from error


def unreadable(message: str, hint: str) -> Unreadable:
    return Unreadable(codes.PLATFORM_UNREADABLE(fault=message, hint=hint))


def _open(path: Path) -> sqlite3.Connection:
    # mode=rw: SQLite must not make an empty platform where a file was expected.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    database = sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None)
    try:
        # A rollback journal keeps the platform one file that can be copied, and WAL is no faster.
        # Measured with synchronous=FULL, the bare writes of 100,000 creations in batches of 500:
        # by name truncate 1.6 s, WAL 2.2 s, delete 1.9 s; in random order 9.0, 10.3 and 21.9 s.
        # FULL, the default, which costs nothing that could be measured beside NORMAL: OFF would
        # do for a killed process, whose writes the kernel has; FULL also survives a power cut.
        database.execute("PRAGMA journal_mode = TRUNCATE")
        database.execute("PRAGMA synchronous = FULL")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one consistent view of a platform that exists; Unreadable where it is none."""
    with _understood(path), closing(_open(path)) as database:
        database.execute("BEGIN")
        _check_format(database, path)
        yield database


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open one transaction, which waits its turn; leaving by an exception writes nothing."""
    make(path)
    with _understood(path), closing(_open(path)) as database:
        database.execute("BEGIN IMMEDIATE")
        _check_format(database, path)
        database.execute(REFERENCES)
        yield database
        database.execute("COMMIT")


def make(path: Path) -> None:
    """Make an empty platform where there is none yet."""
    with _understood(path):
        if not path.exists():
            _create(path)


def _create(path: Path) -> None:
    """The file appears whole or not at all, and only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        draft = Path(folder, "platform")
        with closing(sqlite3.connect(draft, isolation_level=None)) as database:
            draft.chmod(0o600)
            database.executescript(f"BEGIN;{TABLES}")
            meta = [("format", FORMAT), ("seal", randomness.token_bytes(32))]
            database.executemany("INSERT INTO meta VALUES (?, ?)", meta)
            database.execute("COMMIT")
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return  # Another process was first; its key is the one that counts.


def _check_format(database: sqlite3.Connection, path: Path) -> None:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    missing = {"object", "ledger", "mention", "meta"} - {name for (name,) in rows}
    if missing:
        hint = f"{RESTORE}, or correct `path` in the target's connection"
        names = ", ".join(sorted(missing))
        raise unreadable(f"{path} is no embedded platform: it lacks the tables {names}", hint)
    found = dict(database.execute("SELECT key, value FROM meta WHERE key IN ('format', 'seal')"))
    if found.get("format") != FORMAT:
        raise unreadable(
            f"{path} has format {found.get('format')}, and this ccstate reads {FORMAT}",
            "use the release of ccstate that wrote the file",
        )
    if not isinstance(found.get("seal"), bytes):
        raise unreadable(f"{path} has lost its sealing key", RESTORE)


def key(database: sqlite3.Connection) -> bytes:
    """Return the key that secrets are sealed with on this platform."""
    found: bytes = database.execute("SELECT value FROM meta WHERE key = 'seal'").fetchone()[0]
    return found


def counts(database: sqlite3.Connection) -> dict[str, int]:
    """Read how often each fault has struck."""
    rows = database.execute("SELECT substr(key, 7), value FROM meta WHERE key GLOB 'fault:*'")
    return dict(rows.fetchall())


def write_counts(database: sqlite3.Connection, struck: dict[str, int]) -> None:
    rows = [(f"fault:{fault}", count) for fault, count in struck.items()]
    database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)


def lock(database: sqlite3.Connection) -> object:
    """Return the record of the lock's holder; None where it is free."""
    row = database.execute("SELECT value FROM meta WHERE key = 'lock'").fetchone()
    return row[0] if row else None


def write_lock(database: sqlite3.Connection, record: bytes | None) -> None:
    """Puts a record in place of the lock's; None removes it."""
    if record is None:
        database.execute("DELETE FROM meta WHERE key = 'lock'")
    else:
        database.execute("INSERT INTO meta VALUES ('lock', ?)", (record,))


def everything(
    database: sqlite3.Connection, table: Table, wanted: Collection[str]
) -> dict[Address, Fields]:
    """Read every object, or every ledger entry, of these kinds, in order."""
    rows = database.execute(_ALL[table], (_json(wanted),))
    # Inline: a call a row would double the time that 100,000 rows take.
    load, make_tuple = orjson.loads, tuple.__new__
    try:
        result = {make_tuple(Address, (kind, name)): load(text) for kind, name, text in rows}
    except orjson.JSONDecodeError:
        raise _damaged(f"a row of the table {table}") from None
    for address, fields in result.items():
        if type(fields) is not dict:
            raise _damaged(f"{address} in the table {table}")
    return result


def found(
    database: sqlite3.Connection, addresses: Iterable[Address]
) -> dict[Address, dict[str, Json]]:
    """Return the objects that exist at these addresses, with their fields."""
    return {
        Address(kind, name): _fields(kind, name, text)
        for kind, names in _by_kind(addresses).items()
        for name, text in database.execute(_WANTED, (_json(names), kind))
    }


def present(database: sqlite3.Connection, addresses: Iterable[Address]) -> set[Address]:
    """Select the addresses at which an object exists."""
    return {
        Address(kind, name)
        for kind, names in _by_kind(addresses).items()
        for (name,) in database.execute(_PRESENT, (_json(names), kind))
    }


def namers(
    database: sqlite3.Connection, addresses: Iterable[Address]
) -> dict[Address, set[Address]]:
    """For each of these addresses, the objects whose fields name it."""
    result: dict[Address, set[Address]] = {}
    for target_kind, names in _by_kind(addresses).items():
        for target, kind, name in database.execute(_NAMERS, (_json(names), target_kind)):
            result.setdefault(Address(target_kind, target), set()).add(Address(kind, name))
    return result


def write_objects(database: sqlite3.Connection, objects: Mapping[Address, Fields | None]) -> None:
    """Stores objects with their mentions; None removes one."""
    database.executemany("DELETE FROM mention WHERE kind = ? AND name = ?", objects)
    gone = [address for address, fields in objects.items() if fields is None]
    database.executemany("DELETE FROM object WHERE kind = ? AND name = ?", gone)
    database.executemany("INSERT OR REPLACE INTO object VALUES (?, ?, ?)", _texts(objects))
    mentions = [
        (*address, *target)
        for address, fields in objects.items()
        if fields is not None
        for target in sorted(kinds.named(address.kind, fields))
    ]
    database.executemany("INSERT INTO mention VALUES (?, ?, ?, ?)", mentions)


def write_ledger(database: sqlite3.Connection, ledger: Mapping[Address, Fields | None]) -> None:
    """Records what was applied last; None forgets it."""
    gone = [address for address, fields in ledger.items() if fields is None]
    database.executemany("DELETE FROM ledger WHERE kind = ? AND name = ?", gone)
    database.executemany("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", _texts(ledger))


def written_references(
    database: sqlite3.Connection, wanted: Collection[str]
) -> dict[Address, dict[str, str]]:
    """Read from which reference each secret of these kinds was written last, by dotted path."""
    known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'reference'"
    if database.execute(known).fetchone() is None:
        return {}
    found = everything(database, "reference", wanted)
    return {address: {p: str(ref) for p, ref in paths.items()} for address, paths in found.items()}


def write_references(
    database: sqlite3.Connection, references: Mapping[Address, Mapping[str, str]]
) -> None:
    """Records from which references secrets were written; an empty mapping forgets those of an object."""
    gone = [address for address, paths in references.items() if not paths]
    database.executemany("DELETE FROM reference WHERE kind = ? AND name = ?", gone)
    held = {address: cast("Fields", paths) for address, paths in references.items() if paths}
    database.executemany("INSERT OR REPLACE INTO reference VALUES (?, ?, ?)", _texts(held))


def _texts(rows: Mapping[Address, Fields | None]) -> list[tuple[str, str, str]]:
    return [
        (*address, orjson.dumps(fields).decode())
        for address, fields in rows.items()
        if fields is not None
    ]


def _json(names: Collection[str]) -> str:
    return orjson.dumps(sorted(names)).decode()


def _by_kind(addresses: Iterable[Address]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for kind, name in addresses:
        result.setdefault(kind, []).append(name)
    return result


def _fields(kind: str, name: str, text: str) -> dict[str, Json]:
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise _damaged(f"{kind}/{name}")
    return fields


def _damaged(what: str) -> Unreadable:
    return unreadable(f"the fields of {what} are damaged", RESTORE)
