"""Whatever shape a text has, twice as much of it takes twice as many steps to judge."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent
SIZES = (3_000, 6_000, 12_000)
MOST = 3
"""Times the steps from the second size to the third, compared with those from the first to the second: a
linear reader takes twice as many, a quadratic one four times. What happens once is in neither."""
FEW = 2_000
"""Steps that no shape is judged by."""

# Lines of ccstate's own that are run, not seconds: the same on every machine. In a process of its
# own, for whoever measures coverage traces as well.
COUNTED = """
import json, runpy, sys
shapes = runpy.run_path("benchmarks/texts.py")
steps = 0
def step(frame, event, argument):
    global steps
    steps += event == "line"
    return step
def entered(frame, event, argument):
    return step if "/ccstate/" in frame.f_code.co_filename else None
def counted(text):
    global steps
    steps = 0
    sys.settrace(entered)
    try:
        shapes["seconds"](("validate",), text)
    finally:
        sys.settrace(None)
    return steps
counted(shapes["QUEUES"])
print(json.dumps({
    name: [counted(made(size)) for size in (0, *map(int, sys.argv[1:]))][1:]
    for name, made in shapes["SHAPES"].items()
}))
"""


@pytest.fixture(scope="module")
def steps() -> dict[str, list[int]]:
    command = [sys.executable, "-c", COUNTED, *map(str, SIZES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts: dict[str, list[int]] = json.loads(done.stdout)
    return counts


def test_no_shape_of_text_takes_more_than_its_length(steps: dict[str, list[int]]) -> None:
    assert len(steps) > 60
    worse = {
        name: (small, middle, large)
        for name, (small, middle, large) in steps.items()
        if large - middle > max(MOST * (middle - small), FEW)
    }
    assert worse == {}


def test_the_count_sees_what_is_quadratic(steps: dict[str, list[int]]) -> None:
    """Half of a list of steps that grows is counted: or the test above could not fail."""
    small, middle, large = steps["fields-unknown"]
    assert 1.5 * (middle - small) < large - middle
