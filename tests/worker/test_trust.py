"""What the worker believes of its database, and what it refuses."""

import base64
import pickle
import signal
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, column, create_engine, make_url, select, table, text

from ccstate.errors import CcstateError
from ccstate.worker.database import Untrusted, database_url, refuse_pickled, refuse_shared
from ccstate.worker.engine import checked
from tests.waiting import GENEROUS, until
from tests.worker.place import Place, is_at_work
from tests.worker.postgres import ADMIN, OTHER, ROLE, Postgres

PLANTED = "planted"
COLUMNS = (
    "workflow_uuid",
    "status",
    "name",
    "serialization",
    "inputs",
    "application_version",
    "queue_name",
    "priority",
    "created_at",
    "updated_at",
)


class Payload:
    """Makes a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


class Database:
    """The worker's database, as somebody else reaches it."""

    def __init__(self, place: Place) -> None:
        named = place.environment["CCSTATE_WORKER_DATABASE"]
        url = URL.create("sqlite", database=str(place.folder / ".ccstate/worker.db"))
        if named:
            url = make_url(named).set(drivername="postgresql+psycopg")
        self._engine = create_engine(url)
        columns = (column(name) for name in COLUMNS)
        self._rows = table("workflow_status", *columns, schema="ccstate" if named else None)

    def plant(self, file: Path) -> None:
        """Write a row that any worker takes, as DBOS writes one that is to be unpickled."""
        inputs = pickle.dumps({"args": (Payload(file),), "kwargs": {}})
        now = int(time.time() * 1000)
        values = (
            PLANTED,
            "ENQUEUED",
            "ccstate.task",
            "py_pickle",
            base64.b64encode(inputs).decode(),
        )
        more = ("1", "_dbos_internal_queue", 0, now, now)
        with self._engine.begin() as connection:
            row = dict(zip(COLUMNS, values + more, strict=True))
            connection.execute(self._rows.insert().values(row))

    def outcome(self) -> object:
        query = select(self._rows.c.status).where(self._rows.c.workflow_uuid == PLANTED)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def close(self) -> None:
        self._engine.dispose()


def as_admin(address: str) -> str:
    return address.replace(f"//{ROLE}@", f"//{ADMIN}@")


UNLOOKED = """
import sys
from ccstate.cli import main
from ccstate.worker import engine
engine.refuse_pickled = lambda *_: None
if sys.argv.pop(1) == "armed":
    engine._disarm = lambda: None
main()
"""
"""A worker that looks for no rows: what stands in its database comes between two looks."""


@pytest.mark.process
def test_a_row_that_would_be_unpickled_is_refused_and_not_run(place: Place, tmp_path: Path) -> None:
    worker = place.worker()
    until(lambda: is_at_work(place, worker), "the worker runs")
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=GENEROUS)
    database = Database(place)
    database.plant(tmp_path / "pickled")
    worker = place.worker()
    _, err = worker.communicate(timeout=GENEROUS)
    assert worker.returncode == 3, err
    assert "CC622" in err
    assert not (tmp_path / "pickled").exists()
    assert database.outcome() == "ENQUEUED"
    database.close()


@pytest.mark.process
def test_a_row_that_is_planted_while_the_worker_runs_ends_it(place: Place, tmp_path: Path) -> None:
    worker = place.worker()
    until(lambda: is_at_work(place, worker), "the worker runs")
    database = Database(place)
    database.plant(tmp_path / "pickled")
    _, err = worker.communicate(timeout=GENEROUS)
    assert worker.returncode == 3, err
    assert "CC622" in err
    assert "Traceback" not in err
    assert not (tmp_path / "pickled").exists()
    database.close()


@pytest.mark.process
@pytest.mark.parametrize("hands", ["armed", "disarmed"])
def test_a_row_between_two_looks_is_not_unpickled(place: Place, tmp_path: Path, hands: str) -> None:
    """DBOS as it is unpickles the row, so that the attack is one; the worker's does not."""
    arguments = ("--project", str(place.folder), "worker", "--drift-at", "never")
    worker = place.run(sys.executable, "-c", UNLOOKED, hands, *arguments)
    until(lambda: is_at_work(place, worker), "the worker runs")
    database = Database(place)
    database.plant(tmp_path / "pickled")
    until(lambda: database.outcome() == "ERROR", "the row was taken")
    assert (tmp_path / "pickled").exists() == (hands == "armed")
    database.close()


@pytest.mark.process  # importing DBOS starts `file`, by way of croniter
def test_every_table_whose_rows_name_their_serialization_is_looked_at() -> None:
    from dbos._schemas.system_database import SystemSchema

    tables = SystemSchema.metadata_obj.tables.values()
    names = [one.name for one in tables if "serialization" in one.columns]
    assert "workflow_status" in names
    for name in names:
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE {name} (serialization TEXT)"))
            connection.execute(text(f"INSERT INTO {name} VALUES ('portable_json'), (NULL)"))  # noqa: S608 - a name of DBOS
            refuse_pickled(connection, "")
            connection.execute(text(f"INSERT INTO {name} VALUES ('py_pickle')"))  # noqa: S608 - a name of DBOS
            with pytest.raises(Untrusted):
                refuse_pickled(connection, "")
        engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "grant",
    [
        "GRANT INSERT ON ccstate.made TO other",
        "GRANT UPDATE (inputs) ON ccstate.made TO other",
        "GRANT DELETE ON ccstate.made TO other",
        "GRANT TRIGGER ON ccstate.made TO other",
        "GRANT INSERT ON ccstate.made TO PUBLIC",
        "GRANT CREATE ON SCHEMA ccstate TO other",
        "ALTER TABLE ccstate.made OWNER TO other",
    ],
)
def test_a_schema_that_another_role_may_write_to_is_refused(
    postgresql: Postgres, grant: str
) -> None:
    with postgresql.database() as address:
        with psycopg.connect(as_admin(address)) as connection:
            connection.execute(b"SET ROLE worker")
            connection.execute(b"CREATE SCHEMA ccstate")
            connection.execute(b"CREATE TABLE ccstate.made (inputs TEXT)")
            connection.execute(b"GRANT USAGE ON SCHEMA ccstate TO other")
            connection.execute(b"GRANT SELECT ON ccstate.made TO other")
        engine = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
        with engine.connect() as asking:
            refuse_shared(asking)
        with psycopg.connect(as_admin(address)) as connection:
            connection.execute(grant.encode())
        with engine.connect() as asking, pytest.raises(Untrusted) as refused:
            refuse_shared(asking)
        engine.dispose()
    problem = refused.value.problems[0]
    assert problem.code == "CC621"
    assert ("PUBLIC" if "PUBLIC" in grant else OTHER) in problem.message


@pytest.mark.postgres
@pytest.mark.process
def test_a_schema_of_another_role_is_refused(postgresql: Postgres, tmp_path: Path) -> None:
    with postgresql.database() as address:
        with psycopg.connect(as_admin(address)) as connection:
            connection.execute(b"CREATE SCHEMA ccstate AUTHORIZATION other")
            connection.execute(b"GRANT ALL ON SCHEMA ccstate TO worker")
        place = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": address})
        worker = place.worker()
        _, err = worker.communicate(timeout=GENEROUS)
        place.end()
    assert worker.returncode == 3, err
    assert "CC621" in err
    assert "another role" in err


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_a_database_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    database_url(tmp_path, {})
    (tmp_path / ".ccstate/worker.db").chmod(mode)
    with pytest.raises(Untrusted) as refused:
        database_url(tmp_path, {})
    assert "CC621" in refused.value.problems[0].code


def test_a_database_is_made_for_this_user_alone_and_never_behind_a_link(tmp_path: Path) -> None:
    assert database_url(tmp_path, {}) == f"sqlite:///{tmp_path}/.ccstate/worker.db"
    path = tmp_path / ".ccstate/worker.db"
    assert path.stat().st_mode & 0o777 == 0o600
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CcstateError):
        database_url(tmp_path, {})


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Untrusted):
        database_url(tmp_path, {"CCSTATE_WORKER_DATABASE": "mysql://host/name"})


@pytest.mark.parametrize(
    "inputs",
    [
        ("apply", "", "0123456789ab"),
        ("settle", "", "../../etc"),
        ("settle", "a b", "0123456789ab"),
        ("settle", "", ["0123456789ab"]),
        (None, "", ""),
        ("drift", "", ""),
        ("drift", "", "x" * 101),
    ],
)
def test_inputs_in_the_database_are_checked(inputs: tuple[object, object, object]) -> None:
    with pytest.raises(ValueError, match="no task of a worker"):
        checked(*inputs)
