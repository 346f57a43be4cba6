"""Changes that wait for a confirmation, in the PostgreSQL that workers of several machines share.

A table beside those of DBOS, in the same schema, which is trusted only where nobody else may write to it.
What is read is JSON, and is checked as a foreign file is: by who reads that file.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from ccstate.apply import codes as apply_codes
from ccstate.apply.confirmation import MOST_BYTES, Decision, decision_text, parse_decision
from ccstate.errors import CcstateError, Unreadable
from ccstate.project.sharing import SharedChange
from ccstate.worker import codes
from ccstate.worker.database import SCHEMA, postgresql_url, refuse_shared
from ccstate.worker.engine import lost

TABLE = "unconfirmed"
WAIT = 3
"""Seconds for a connection: who cut himself off from the database must not wait for it."""


def shared_changes(environment: Mapping[str, str]) -> "Database | None":
    """Return the database that the environment names; None where it names none. Nothing is asked yet."""
    url = postgresql_url(environment)
    return Database(url) if url else None


class Database:
    """Keeps changes, see `ccstate.project.sharing.Shared`; makes its table where there is none."""

    def __init__(self, url: str) -> None:
        self._url = url

    def changes(self, environment: str) -> Sequence[SharedChange]:
        rows = self._table
        columns = (rows.c.plan, rows.c.environment, rows.c.home, rows.c.due, rows.c.is_open)
        query = (
            self._select(*columns).where(rows.c.environment == environment).order_by(rows.c.plan)
        )
        with self._asking() as connection:
            return [SharedChange(*row) for row in connection.execute(query)]

    def keep(self, change: SharedChange, files: Mapping[str, str]) -> None:
        from sqlalchemy.dialects.postgresql import insert

        values = {
            "due": change.due,
            "is_open": change.is_open,
            "files": orjson.dumps(files).decode(),
        }
        row = {"plan": change.plan, "environment": change.environment, "home": change.home}
        put = insert(self._table).values(**row, **values)
        with self._asking() as connection:
            connection.execute(put.on_conflict_do_update(index_elements=["plan"], set_=values))

    def files(self, plan_id: str) -> Mapping[str, str]:
        text = self._of(plan_id, self._table.c.files) or "{}"
        if len(text) <= MOST_BYTES:
            with suppress(ValidationError):
                return TypeAdapter(dict[str, str]).validate_json(text, strict=True)
        reason = "it is not as ccstate writes it"
        raise Unreadable(apply_codes.SHARED_UNREADABLE(plan_id=plan_id, reason=reason))

    def decide(self, plan_id: str, decision: Decision) -> Decision:
        rows = self._table
        open_yet = (rows.c.plan == plan_id) & rows.c.decision.is_(None)
        with self._asking() as connection:
            connection.execute(
                rows.update().where(open_yet).values(decision=decision_text(decision))
            )
        return self.decision(plan_id) or decision

    def decision(self, plan_id: str) -> Decision | None:
        text = self._of(plan_id, self._table.c.decision)
        return parse_decision(text) if text else None

    def close(self, plan_id: str) -> None:
        rows = self._table
        with self._asking() as connection:
            connection.execute(rows.update().where(rows.c.plan == plan_id).values(is_open=False))

    def remove(self, plan_id: str) -> None:
        with self._asking() as connection:
            connection.execute(self._table.delete().where(self._table.c.plan == plan_id))

    def _of(self, plan_id: str, column: Any) -> str | None:
        query = self._select(column).where(self._table.c.plan == plan_id)
        with self._asking() as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    def _select(self, *columns: Any) -> Any:
        from sqlalchemy import select

        return select(*columns)

    @cached_property
    def _table(self) -> Any:
        from sqlalchemy import Boolean, Column, DateTime, MetaData, Table, Text

        return Table(
            TABLE,
            MetaData(schema=SCHEMA),
            Column("plan", Text, primary_key=True),
            Column("environment", Text, nullable=False),
            Column("home", Text, nullable=False),
            Column("due", DateTime(timezone=True), nullable=False),
            Column("is_open", Boolean, nullable=False),
            Column("files", Text, nullable=False),
            Column("decision", Text),
        )

    @cached_property
    def _engine(self) -> Any:
        try:
            from sqlalchemy import NullPool, create_engine, text
            from sqlalchemy.exc import IntegrityError, ProgrammingError, SQLAlchemyError
        except ImportError:
            raise CcstateError(codes.WORKER_MISSING()) from None
        limits = {"connect_timeout": WAIT, "tcp_user_timeout": WAIT * 1000}
        engine = create_engine(self._url, poolclass=NullPool, connect_args=limits)
        try:
            for attempt in range(2):
                try:
                    with engine.begin() as connection:
                        refuse_shared(connection)
                        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
                        self._table.create(connection, checkfirst=True)
                    break
                except (IntegrityError, ProgrammingError):  # another process makes them now
                    if attempt:
                        raise
        except SQLAlchemyError as error:
            raise lost(error) from None
        return engine

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        engine = self._engine
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with engine.begin() as connection:
                refuse_shared(connection)
                yield connection
        except SQLAlchemyError as error:
            raise lost(error) from None
