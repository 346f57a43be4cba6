"""What somebody sees first: the page of a package index, the demo, the benchmark without its rival."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:)[^)]*\)")


def test_what_a_package_index_shows_has_no_link_into_the_repository() -> None:
    tell = [sys.executable, "-m", "hatchling", "metadata", "readme"]
    shown = subprocess.run(tell, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert shown.startswith("# ccstate\n")
    assert "GitHub Actions that plan and apply" in shown, "the words of a link stay"
    assert RELATIVE_LINK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert RELATIVE_LINK.search(shown) is None


def test_a_demo_that_is_piped_is_plain_text_and_ends_well(tmp_path: Path) -> None:
    for name in ("demo", "desired_state", "schema"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "ccstate.yaml", tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        [tmp_path / "demo/run.sh"],
        env={"PATH": path, "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "Every change is confirmed. To go on from here:" in ran.stdout


def test_a_benchmark_without_its_rival_stops_and_says_what_to_do(tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=False, symlinks=True)
    ran = subprocess.run(
        [tmp_path / "empty/bin/python", ROOT / "benchmarks/run.py", "1000"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert "octoDNS is not installed" in ran.stderr
    assert "make bench" in ran.stderr
    assert "--without-rivals" in ran.stderr
    assert ran.stdout == ""
