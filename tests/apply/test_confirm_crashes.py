"""A change that has to be confirmed, and processes killed at every boundary: it stays whole, or goes whole."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.apply.confirm_child import prepare

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare(folder, tmp_path_factory.mktemp("applied") / "copy")
    return folder


@pytest.fixture
def work() -> Iterator[Path]:
    """A folder in memory where there is such: hundreds of lives wait for the disk a thousand times."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
    folder = Path(tempfile.mkdtemp(prefix="ccstate-", dir=memory if memory.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


def lives(prepared: Path, work: Path, mode: str) -> dict[str, Any]:
    """The boundaries that were passed, and what was wrong after a kill at each of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.apply.confirm_child", prepared, work, mode],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said: dict[str, Any] = orjson.loads(done.stdout)
    return said


def test_confirmed_at_once_and_killed_anywhere(prepared: Path, work: Path) -> None:
    said = lives(prepared, work, "confirm")
    assert said["wrong"] == {}
    assert said["passed"].count("decide") == 1


def test_not_confirmed_and_killed_anywhere(prepared: Path, work: Path) -> None:
    """The process dies; another one takes back what it wrote, and that one dies at any boundary too."""
    said = lives(prepared, work / "apply", "expire")
    assert said["wrong"] == {}
    assert said["passed"].count("perform") > 2  # there, and back
    (prepared / "waiting").write_text(str(said["passed"].index("decide")))
    said = lives(prepared, work / "settle", "settle")
    assert said["wrong"] == {}
    assert "perform" in said["passed"]
