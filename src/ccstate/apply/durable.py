"""Steps that are each done once, though the process be killed between any two of them.

The only module that knows DBOS, the durable-execution engine. Its store is a SQLite file or a
PostgreSQL database; the reasons for what is set here are in docs/adr/0003-durable-apply.md.
"""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

import sqlalchemy
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, SetWorkflowID, WorkflowStatus

from ccstate.apply.relay import Relay
from ccstate.errors import Blocked, Diagnostic, InvalidInput
from ccstate.model import Json, canonical

SCHEMA = "ccstate"  # PostgreSQL only: our tables live apart from any other DBOS application's
DONE = "SUCCESS"


class Progress(StrEnum):
    NEW = "new"
    RESUMABLE = "resumable"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, and the name under which its result is recorded."""

    name: str
    do: Callable[[], Json]


def run(store: str, workflow_id: str, steps: Sequence[Step]) -> list[Json]:
    """The results of all steps, in order; what an earlier run recorded is not done again.

    Steps run in the calling thread. One that raises ends the run with its own exception; so
    does a killed process: the next run with the same id goes on with the first step that has
    no record. One run at a time: the caller holds the lock.

    Raises Blocked where the id was begun with other steps, InvalidInput where the store cannot
    be opened.
    """
    version = _version(workflow_id, steps)
    with _open(store) as client:
        known = _find(client, workflow_id)
        if known is not None and known.app_version != version:
            raise Blocked([_other_steps(workflow_id)])
        if known is None or known.status != DONE:
            if known is not None:
                client.resume_workflow(workflow_id)
            with _launched(store, version, steps) as (relay, begin):
                if known is None:
                    begin(workflow_id)
                failure = relay.serve()
                if isinstance(failure, sqlalchemy.exc.SQLAlchemyError | TimeoutError):
                    raise _unusable(store, failure) from failure
                if failure is not None:
                    raise failure
                _wait_for_record(client, workflow_id)
        return [cast(Json, step["output"]) for step in client.list_workflow_steps(workflow_id)]


def progress(store: str, workflow_id: str) -> Progress:
    """How far the workflow is; creates nothing where a SQLite store is not there yet."""
    file = sqlalchemy.make_url(store).database
    if store.startswith("sqlite") and not (file and Path(file).exists()):
        return Progress.NEW
    with _open(store) as client:
        known = _find(client, workflow_id)
    if known is None:
        return Progress.NEW
    return Progress.FINISHED if known.status == DONE else Progress.RESUMABLE


def _version(workflow_id: str, steps: Sequence[Step]) -> str:
    """DBOS takes up a workflow only where the application's version is that of its start.

    For us it names plan and steps, so that a process never takes up another plan's workflow,
    and never continues this one with other steps.
    """
    names: list[Json] = [workflow_id, *(step.name for step in steps)]
    return hashlib.sha256(canonical(names)).hexdigest()[:32]


def _find(client: DBOSClient, workflow_id: str) -> WorkflowStatus | None:
    found = client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
    return found[0] if found else None


@contextmanager
def _open(store: str) -> Iterator[DBOSClient]:
    _silence()
    try:
        DBOS.migrate(store, schema=SCHEMA)
        client = DBOSClient(
            system_database_url=store,
            dbos_system_schema=SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            retry_connection_errors=False,
        )
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise _unusable(store, error) from error
    try:
        yield client
    finally:
        client.destroy()


@contextmanager
def _launched(
    store: str, version: str, steps: Sequence[Step]
) -> Iterator[tuple[Relay, Callable[[str], object]]]:
    """DBOS at work on what is resumed, and what begins a workflow that is new."""
    relay = Relay()

    def perform() -> None:
        with relay.calling():
            for step in steps:
                DBOS.run_step({"name": step.name}, relay.call, step.do)

    DBOS(
        config={
            "name": "ccstate",
            "system_database_url": store,
            "dbos_system_schema": SCHEMA,
            "serializer": DBOSPortableJSONSerializer(),
            "application_version": version,
            # Never seen before: DBOS would else take up by itself what its executor left undone.
            "executor_id": str(uuid.uuid4()),
            "run_migrations": False,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 0.05,
            "log_level": "CRITICAL",
        }
    )
    workflow = DBOS.workflow(name="apply")(perform)

    def begin(workflow_id: str) -> object:
        with SetWorkflowID(workflow_id):
            return DBOS.start_workflow(workflow)

    try:
        DBOS.launch()
        yield relay, begin
    finally:
        relay.close()
        DBOS.destroy(destroy_registry=True)


def _wait_for_record(client: DBOSClient, workflow_id: str) -> None:
    """Until the end is recorded too; without that record a later run merely finds nothing to do."""
    for _ in range(1000):
        known = _find(client, workflow_id)
        if known is not None and known.status == DONE:
            return
        time.sleep(0.01)


def _silence() -> None:
    """DBOS logs to stderr, advertisement included, unless it finds a handler."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.CRITICAL)


def _other_steps(workflow_id: str) -> Diagnostic:
    return Diagnostic(
        "CC601",
        f'plan "{workflow_id}" was begun with other steps',
        cause="What is recorded as done could not be matched with what is to do now.",
        hint="resume with the plan file as it was reviewed, or make a new plan",
    )


def _unusable(store: str, reason: object) -> InvalidInput:
    shown = sqlalchemy.make_url(store).render_as_string(hide_password=True)
    return InvalidInput(
        [
            Diagnostic(
                "CC602",
                f"the apply store {shown} cannot be used",
                cause=str(reason).splitlines()[0],
                hint="check that it exists, can be reached and can be written to",
            )
        ]
    )
