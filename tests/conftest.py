"""What all tests share: Hypothesis profiles, golden files, and marks for the programs they start."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import started

GOLDEN = Path(__file__).parent / "golden"

# No deadlines, nor health checks with a clock: a busy machine makes honest tests slow.
SLOW_MACHINE = [HealthCheck.too_slow]
settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=100, suppress_health_check=SLOW_MACHINE
)
settings.register_profile("dev", deadline=None, max_examples=50, suppress_health_check=SLOW_MACHINE)
# For `make test-fast`: ten times less than in continuous integration.
settings.register_profile(
    "fast", derandomize=True, deadline=None, max_examples=10, suppress_health_check=SLOW_MACHINE
)
settings.register_profile(
    "deep", deadline=None, max_examples=5_000, suppress_health_check=SLOW_MACHINE
)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-golden") and in_ci():
        raise pytest.UsageError("--update-golden would make every golden test pass: not in CI")
    # HYPOTHESIS_PROFILE=deep pytest …: half an hour of looking for trouble.
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if in_ci() else "dev"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep modules and collected tests out of all later garbage collections; make these rarer.

    They live until the end. Walking them again and again took a third of the time of tests that
    make many objects.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000)
        gc.enable()


# After Hypothesis has marked its tests, and before `-m` selects some.
@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark tests by the programs they start; of properties and live tests measure no coverage.

    Measuring takes as long as running them, and other tests run the same lines.
    """
    for item in items:
        started.mark(item)
        if item.get_closest_marker("hypothesis") or item.path.match("*_live.py"):
            item.add_marker(pytest.mark.no_cover)
    if "PYTEST_XDIST_WORKER" in os.environ:
        _put_long_files_first(items)
    yield


def _put_long_files_first(items: list[pytest.Item]) -> None:
    """Put files that wait for servers, or go through a great many cases, before the others.

    The first of several workers gets the beginning, and waits while the others compute; they take
    over from its end what is left, which is quick then: nobody waits at the end for one long test.
    Among the long files, those of few tests come first: each of these takes the longer.
    """
    long = {item.path for item in items if started.takes_long(item)}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in long, item.path in long and tests[item.path]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that starts a program without the mark for it."""
    with started.watched(item):
        return (yield)


@pytest.fixture(autouse=True, scope="session")
def _surroundings_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the user's own is read or written; processes that tests start inherit it."""
    os.environ["CCSTATE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["CCSTATE_SECRET_NAMES"] = "SIP_* PIN_* TRUNK_* AMI_*"
    os.environ["CCSTATE_SECRET_FILES"] = str(tmp_path_factory.getbasetemp())


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("plan.txt", text)` holds the text against tests/golden/plan.txt, byte by byte."""
    updating: bool = request.config.getoption("--update-golden")

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if updating:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            return
        how = "If this is what it should say: make golden, then read the difference in git."
        if not path.exists():
            pytest.fail(f"tests/golden/{name} does not exist. {how}\n\n{text}", pytrace=False)
        expected = path.read_bytes().decode()
        assert text == expected, f"tests/golden/{name} says otherwise. {how}"

    return check
