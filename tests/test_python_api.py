"""Every example of docs/python-api.md runs as it stands, and gives what the page says."""

import doctest
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ccstate
from ccstate.adapters.embedded import connect
from ccstate.model import Address

pytestmark = pytest.mark.process

TOP = Path(__file__).parent.parent
PAGE = TOP / "docs" / "python-api.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
PROGRAMS = [block for block in BLOCKS if ">>>" not in block]
SESSION = "\n".join(block for block in BLOCKS if ">>>" in block)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the worked example, with its secrets, in which a program is started."""
    shutil.copy(TOP / "ccstate.yaml", tmp_path)
    shutil.copytree(TOP / "desired_state", tmp_path / "desired_state")
    source = f". '{TOP / 'demo' / 'secrets.sh'}' && env -0"
    listed = subprocess.run(["sh", "-c", source], cwd=tmp_path, capture_output=True, check=True)
    for entry in listed.stdout.decode().strip("\0").split("\0"):
        name, _, value = entry.partition("=")
        if name.startswith(("SIP_", "PIN_", "TRUNK_", "CCSTATE_SECRET")):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_ten_lines_plans_applies_and_verifies_in_an_empty_folder(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line for line in program.splitlines() if line]
    assert len(lines) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(program, str(PAGE), "exec"), {})  # noqa: S102 - the page is ours
    assert (tmp_path / "main.db").exists()
    assert list((tmp_path / "plans").glob("*/receipt.md"))


def test_the_session_of_the_page_gives_what_the_page_says(example: Path) -> None:
    parsed = doctest.DocTestParser().get_doctest(SESSION, {}, PAGE.name, str(PAGE), 0)
    assert len(parsed.examples) > 15
    report: list[str] = []
    result = doctest.DocTestRunner().run(parsed, out=report.append)
    assert result.failed == 0, "".join(report)


def test_a_program_prints_nothing_that_it_did_not_ask_for(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = ccstate.Project.open(example)
    project.apply(project.plan().plan)
    project.verify()
    project.simulate("+611300975708", "2026-12-24T10:00")
    project.test()
    assert capsys.readouterr() == ("", "")


def test_a_plan_that_was_not_saved_is_saved_and_one_without_changes_is_not(example: Path) -> None:
    project = ccstate.Project.open(example)
    receipt = project.apply(project.plan().plan)
    assert (example / "plans" / receipt.plan_id / "plan.json").exists()
    again = project.apply(project.plan().plan)
    assert (again.plan_id, again.results, again.confirmed) == ("", (), True)


def test_what_was_made_by_hand_is_adopted_and_its_defaults_are_named(example: Path) -> None:
    project = ccstate.Project.open(example)
    project.apply(project.plan().plan)
    platform = connect({"path": ".ccstate/demo.db"}, example)
    platform.by_hand(Address("queue", "night"), {"label": "Night", "site": "sydney"})
    assert [str(address) for address in project.unmanaged()] == ["queue/night"]
    adopted = project.adopt(["queue/night"])
    assert adopted.file == "desired_state/adopted.yaml"
    assert set(adopted.defaults) == {"queue music", "queue retry"}
    assert project.adopt().file is None
    with pytest.raises(ccstate.CcstateError, match="is not an unmanaged object"):
        project.adopt(["queue/night"])


def test_a_warning_is_in_the_result(example: Path) -> None:
    path = example / "ccstate.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("    adapter: embedded", "    adapter: embedded\n    kinds: [user]", 1)
    )
    desired = ccstate.Project.open(example).load()
    assert {problem.code for problem in desired.problems} == {"CC115"}


def test_what_is_exported_is_imported_once_it_is_asked_for() -> None:
    program = (
        "import sys, ccstate; assert 'pydantic' not in sys.modules; ccstate.Project;"
        "assert 'pydantic' in sys.modules and 'click' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        ccstate.Nothing  # noqa: B018 - asking for it is the test
