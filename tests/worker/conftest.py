from collections.abc import Iterator
from pathlib import Path

import pytest

from ccstate.errors import CcstateError
from ccstate.render.diagnostics import diagnostics_text
from ccstate_lab.programs import unpacked
from tests.worker.place import Place
from tests.worker.postgres import POSTGRESQL, Postgres, serving


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    """One server for all tests of a process; each test has a database of its own."""
    try:
        unpacked(POSTGRESQL)
    except CcstateError as wrong:
        pytest.fail(diagnostics_text(wrong.problems), pytrace=False)
    with serving() as served:
        yield served


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        made = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": ""})
        yield made
        made.end()
        return
    server: Postgres = request.getfixturevalue("postgresql")
    with server.database() as address:
        made = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": address})
        yield made
        made.end()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, {"CCSTATE_WORKER_DATABASE": ""})
    yield made
    made.end()
