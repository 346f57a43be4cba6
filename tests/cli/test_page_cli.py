"""`ccstate plan --page` as its users meet it."""

import json
from pathlib import Path

import pytest

from ccstate.cli import run
from tests.cli.test_graph_cli import DESIRED, PROJECT


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state" / "all.yaml").write_text(DESIRED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_is_written_beside_the_plan(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan"]) == 0
    assert run(["apply"]) == 0
    file = project / "desired_state/all.yaml"
    file.write_text(DESIRED.replace("to: queue/sales}", "to: extension/2001}"), encoding="utf-8")
    capsys.readouterr()
    assert run(["plan", "--page", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["steps"]
    assert "Wrote plan.html" in err
    written = (project / "plan.html").read_text(encoding="utf-8")
    plans = [path.parent.name for path in project.glob("plans/*/plan.json")]
    assert [plan for plan in plans if f"<code>{plan}</code>" in written and plan in err]
    assert "What callers notice" in written
    assert written.count("<svg") == 2
    assert 'marker-end="url(#t0a-mark)"' in written


def test_a_page_of_a_plan_without_changes_says_so(project: Path) -> None:
    assert run(["plan"]) == 0
    assert run(["apply"]) == 0
    assert run(["plan", "--page", "sub page.html"]) == 0
    written = (project / "sub page.html").read_text(encoding="utf-8")
    assert "Nothing would be written" in written
    assert not (project / "plan.html").exists()
