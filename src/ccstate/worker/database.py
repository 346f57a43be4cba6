"""Where the worker keeps what it has done, and why that can be trusted.

By default a file of SQLite in `.ccstate/`, which belongs to this user and is closed to all others. Where
several workers share the work, a PostgreSQL database that the environment names, never a file of a branch.
DBOS 3.4 obeys the serialization that each row names, and unpickles one that says `py_pickle`: a row would be
run as code. No worker writes such a row, so a database that has one is refused.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ccstate.checkout import refuse_links
from ccstate.errors import CcstateError
from ccstate.worker import codes

VARIABLE = "CCSTATE_WORKER_DATABASE"
"""Names a database of PostgreSQL: postgresql://user@host/name."""
FILE = "worker.db"
SCHEMA = "ccstate"
PICKLE = "py_pickle"
SERIALIZED = (
    "workflow_status",
    "operation_outputs",
    "notifications",
    "workflow_events",
    "workflow_events_history",
    "streams",
)
"""Tables whose rows name their serialization. Source: dbos 3.4.0, _schemas/system_database.py."""


_WRITERS = """
WITH tables AS (
    SELECT pg_class.* FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = :schema
), rights AS (
    SELECT (aclexplode(nspacl)).* FROM pg_namespace WHERE nspname = :schema
    UNION ALL SELECT (aclexplode(relacl)).* FROM tables
    UNION ALL SELECT (aclexplode(attacl)).* FROM tables JOIN pg_attribute ON attrelid = tables.oid
), writers AS (
    SELECT grantee AS role FROM rights WHERE privilege_type NOT IN ('USAGE', 'SELECT', 'REFERENCES')
    UNION SELECT relowner FROM tables
)
SELECT coalesce(rolname, 'PUBLIC') FROM writers LEFT JOIN pg_roles ON pg_roles.oid = role
WHERE rolname IS DISTINCT FROM current_user
"""
"""Roles that may write to a schema, a table or a column of it, or own a table; of PostgreSQL 15.

Superusers and members of the worker's role are not among them.
"""


class Untrusted(CcstateError):
    """The database may have been written by others."""

    exit_code = 3


def database_url(root: Path, environment: Mapping[str, str]) -> str:
    """Choose the database of a project; the file of SQLite is made, for this user alone."""
    if named := postgresql_url(environment):
        return named
    folder = root / ".ccstate"
    folder.mkdir(exist_ok=True)
    path = folder / FILE
    refuse_links(root, path, *(folder / f"{FILE}{end}" for end in ("-wal", "-shm", "-journal")))
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        about = os.fstat(handle)
        if reason := _unsafe(about):
            hint = f"see who wrote to {path}; then chmod 600, or move it away"
            raise Untrusted(codes.DATABASE_UNSAFE(reason=reason, hint=hint))
    finally:
        os.close(handle)
    return f"sqlite:///{path}"


def postgresql_url(environment: Mapping[str, str]) -> str:
    """Return the database that the environment names; "" where it names none."""
    named = environment.get(VARIABLE, "")
    if named and not named.startswith(("postgresql://", "postgresql+psycopg://")):
        hint = f"{VARIABLE} names a database of PostgreSQL: postgresql://user@host/name"
        raise Untrusted(codes.DATABASE_UNSAFE(reason="it is none of PostgreSQL", hint=hint))
    return named.replace("postgresql://", "postgresql+psycopg://", 1)


def _unsafe(about: os.stat_result) -> str:
    if not stat.S_ISREG(about.st_mode):
        return "it is no file"
    if about.st_uid != os.geteuid():
        return "it belongs to another user"
    if about.st_mode & 0o077:
        return "others may read or write it"
    return ""


def refuse_pickled(connection: Any, schema: str) -> None:
    """Refuse a database in which a row would be unpickled; `connection` is one of SQLAlchemy."""
    from sqlalchemy import column, func, inspect, select, table

    known = inspect(connection)
    there = set(known.get_table_names(schema=schema or None))
    for name in SERIALIZED:
        # Another worker may be making the tables, and their columns, at this moment.
        if name not in there or "serialization" not in {
            found["name"] for found in known.get_columns(name, schema=schema or None)
        }:
            continue
        rows = table(name, column("serialization"), schema=schema or None)
        query = select(func.count()).select_from(rows).where(rows.c.serialization == PICKLE)
        if count := connection.execute(query).scalar_one():
            raise Untrusted(codes.DATABASE_PICKLED(count=count, table=name))


def refuse_shared(connection: Any) -> None:
    """Refuse a schema of PostgreSQL that other roles may write to, or that is another's."""
    from sqlalchemy import text

    owner = connection.execute(
        text(
            "SELECT nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) "
            "FROM pg_namespace WHERE nspname = :schema"
        ),
        {"schema": SCHEMA},
    ).scalar_one_or_none()
    others = connection.execute(text(_WRITERS), {"schema": SCHEMA}).scalars()
    named = sorted(others)
    if owner is False or named:
        may = f"{', '.join(named)} may write to it"
        reason = "its schema is another role's" if owner is False else may
        hint = f"revoke that; or drop the schema {SCHEMA}, and a new one is made"
        raise Untrusted(codes.DATABASE_UNSAFE(reason=reason, hint=hint))
