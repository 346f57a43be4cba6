import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.process
def test_the_wheel_holds_the_package_and_nothing_of_the_lab(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ccstate"}
    assert {"ccstate/__main__.py", "ccstate/py.typed"} <= set(names)
    assert not [name for name in names if "lab" in Path(name).parts]
