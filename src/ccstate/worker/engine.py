"""DBOS as the memory that workers share: each attempt at a task is made by one of them, once.

An attempt is a workflow with one step. Its id names task and number, and of all workers that start it the
one runs it whose row is there first. Where a worker dies, its attempt never ends: after a time, the next
number is free for any worker. So nothing waits for a dead process, and nothing needs to be told of it.
Tasks themselves look at what is there before they write, and may be attempted again at any time.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ccstate.errors import CcstateError, Unreadable
from ccstate.worker import codes
from ccstate.worker.database import SCHEMA, VARIABLE, refuse_pickled, refuse_shared

DONE = "done"
"""What an attempt says whose task is never due again."""
LATER = "later"
"""What one says whose task may be due again."""
LEASES = {"settle": 10.0, "drift": 600.0}
"""Seconds after which an attempt that did not end is given up for dead, by kind of task.

Few where a second attempt at the same time does no harm: who settles a change does so alone.
"""
BACKOFF = 30.0
"""Seconds between two attempts, where the first one failed."""
AGAIN = 10.0
"""Seconds between two attempts, where the task may be due again."""
CLOSING = 60
"""Seconds that a worker which stops gives to what it is doing."""
VERSION = "1"
"""Of the workflow; DBOS runs none of another version."""
_SUBJECT = re.compile(r"[0-9a-z._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done once: its kind, and what it is about, such as the id of a plan."""

    kind: str
    environment: str
    subject: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.environment}:{self.subject}:"


Work = Callable[[Task], str]


def checked(kind: object, environment: object, subject: object) -> Task:
    """Return the task that the inputs of a workflow name; they are as foreign as any input.

    Raises ValueError where no worker has written them.
    """
    texts = (kind, environment, subject)
    if not all(isinstance(text, str) for text in texts) or kind not in LEASES:
        raise ValueError(f"no task of a worker: {texts!r}")
    if not _SUBJECT.fullmatch(str(subject)) or (
        environment and not _SUBJECT.fullmatch(str(environment))
    ):
        raise ValueError(f"no task of a worker: {texts!r}")
    return Task(str(kind), str(environment), str(subject))


class Engine:
    """The running engine; only one in a process, because DBOS is one object in a process."""

    def __init__(self, dbos: Any, run: Any, connect: Callable[[], Any]) -> None:
        self._dbos = dbos
        self._run = run
        self._connect = connect

    def attempt(self, task: Task, now: float) -> bool:
        """Begin an attempt at a task, unless it is done or being done; whether one was begun.

        `now` is in seconds since 1970, as the database has it. Raises Unreadable where that does not
        answer, or two workers came in each other's way: a later round tries again.
        """
        from dbos import error as dbos_errors
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return self._attempt(task, now)
        except (dbos_errors.DBOSException, SQLAlchemyError) as error:
            raise lost(error) from None

    def _attempt(self, task: Task, now: float) -> bool:
        from dbos import SetWorkflowID

        known = self._dbos.list_workflows(
            workflow_id_prefix=task.key, load_input=False, sort_desc=True, limit=1
        )
        number = 0
        if known:
            last = known[0]
            number = int(last.workflow_id.rpartition(":")[2]) + 1
            age = now - (last.updated_at or last.created_at or 0) / 1000
            if last.status == "SUCCESS" and last.output == DONE:
                return False
            pause = {"PENDING": LEASES[task.kind], "SUCCESS": AGAIN}.get(last.status, BACKOFF)
            if age < pause:
                return False
        with SetWorkflowID(f"{task.key}{number:08d}"):
            self._dbos.start_workflow(self._run, task.kind, task.environment, task.subject)
        return True

    def refuse_foreign(self) -> None:
        """Refuse what others may have written: Untrusted. Unreadable where the database does not answer."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._connect() as connection:
                is_shared = connection.dialect.name == "postgresql"
                refuse_pickled(connection, SCHEMA if is_shared else "")
                if is_shared:
                    refuse_shared(connection)
        except SQLAlchemyError as error:
            raise lost(error) from None


@contextmanager
def running(url: str, name: str, work: Work) -> Iterator[Engine]:
    """Run the engine on a database, for as long as the context lasts; `name` is this worker's.

    Raises Untrusted where the database may have been written by others, Unreadable where it does not
    answer, before DBOS has read a row.
    """
    try:
        from dbos import DBOS
        from sqlalchemy import create_engine
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise CcstateError(codes.WORKER_MISSING()) from None
    _disarm()
    database = create_engine(url)
    Engine(None, None, database.connect).refuse_foreign()
    DBOS(
        config={
            "name": "ccstate-worker",
            "system_database_url": url,
            "dbos_system_schema": SCHEMA,
            "serializer": _json(),
            "executor_id": name,
            "application_version": VERSION,
            "log_level": "CRITICAL",
            "enable_otlp": False,
            "use_listen_notify": False,
        }
    )

    def attempt(kind: str, environment: str, subject: str) -> str:
        return work(checked(kind, environment, subject))

    engine: Any = DBOS  # so that types can be checked without the extra
    step = engine.step(name="ccstate.attempt")(attempt)

    def task(kind: str, environment: str, subject: str) -> Any:
        return step(kind, environment, subject)

    run = engine.workflow(name="ccstate.task")(task)
    try:
        DBOS.launch()
    except SQLAlchemyError as error:
        raise lost(error) from None
    try:
        yield Engine(DBOS, run, database.connect)
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=CLOSING, destroy_registry=True)
        database.dispose()


def lost(error: Exception) -> Unreadable:
    """Say that the database does not answer, and why."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Unreadable(codes.DATABASE_LOST(reason=first, variable=VARIABLE))


def _json() -> Any:
    """DBOS's own serializer that writes JSON and reads nothing else."""
    from dbos._serialization import DBOSPortableJSON

    return DBOSPortableJSON


def _disarm() -> None:
    """Take from DBOS the ability to unpickle: a row may come between two looks at the database."""
    from dbos import _serialization

    def refuse(_: object, __: object) -> None:
        raise ValueError("a row of the worker's database says py_pickle, which is never read")

    unpickling: Any = _serialization.DefaultSerializer
    unpickling.deserialize = refuse
