from collections.abc import Iterator

import pytest

from ccstate.errors import CcstateError
from ccstate.render.diagnostics import diagnostics_text
from ccstate_lab.programs import unpacked
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
