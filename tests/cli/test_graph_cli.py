"""`ccstate graph` as its users meet it."""

import json
import random
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ccstate.cli import run
from tests.journeys.tangles import estate, tangle

PROJECT = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
DESIRED = """\
numbers:
  "+61255501234": {label: Main line, to: queue/sales}
queues:
  sales: {label: Sales, members: [{extension: "2001"}]}
extensions:
  "2001": {label: Ana}
prompts:
  hello: {languages: {en-AU: {text: Hello}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state" / "all.yaml").write_text(DESIRED, encoding="utf-8")
    return tmp_path


def graph(project: Path, *arguments: str) -> int:
    return run(["--project", str(project), "graph", *arguments])


def test_without_a_name_it_lists_what_can_be_drawn(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert graph(project) == 0
    assert capsys.readouterr().out == (
        "+61255501234    Main line\nqueue/sales     Sales\nextension/2001  Ana\n"
    )


@pytest.mark.parametrize("name", ["+61255501234", "number/+61255501234", "queue/sales"])
def test_mermaid_goes_to_standard_output(
    project: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert graph(project, name) == 0
    out = capsys.readouterr().out
    assert out.startswith("flowchart TD\n")
    assert "Sales queue#58; 1 phone" in out


@pytest.mark.parametrize(
    "name, options, is_svg",
    [
        ("a.svg", (), True),
        ("a.mmd", (), False),
        ("a.txt", ("--format", "svg"), True),
        ("a.svg", ("--format", "mermaid"), False),
    ],
)
def test_the_name_of_the_file_says_how_to_draw_unless_an_option_does(
    project: Path, name: str, options: tuple[str, ...], *, is_svg: bool
) -> None:
    file = project / name
    assert graph(project, "+61255501234", "--output", str(file), *options) == 0
    text = file.read_text(encoding="utf-8")
    if is_svg:
        ET.fromstring(text)  # noqa: S314  # our own text
    assert text.startswith("<svg" if is_svg else "flowchart")


@pytest.mark.parametrize(
    "arguments, says",
    [
        (
            ("queue/salse",),
            'CC803 queue/salse is not declared\n  hint: did you mean "queue/sales"?',
        ),
        (("+61255501235",), 'did you mean "+61255501234"?'),
        (("prompt/hello",), "CC803 no call enters prompt/hello"),
        (("sales",), "CC802"),
        (("queue/sales", "--output", "a.png"), "name the file .svg or .mmd"),
        (("queue/sales", "--output", "/dev/null/a.svg"), "/dev/null/a.svg cannot be written"),
    ],
)
def test_what_cannot_be_drawn_is_reported(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    assert graph(project, *arguments) == 1
    assert says in capsys.readouterr().err


def test_a_tangle_is_drawn_as_text_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its drawing has many megabytes: every arrow passes most of the rows."""
    nodes = tangle(random.Random(7), 180, 10, 0.1)  # noqa: S311 - for tests
    document = {f"{kind}s": named for kind, named in estate(nodes).items()}
    (project / "desired_state" / "all.yaml").write_text(json.dumps(document), encoding="utf-8")
    assert graph(project, "ivr/main", "--output", str(project / "a.svg")) == 1
    err = capsys.readouterr().err
    assert re.search(r"CC820 ivr/main is too tangled to draw, with 1,[0-9]{3} arrows", err)
    assert "--format mermaid" in err
    assert not (project / "a.svg").exists()
    assert graph(project, "ivr/main", "--output", str(project / "a.mmd")) == 0
    assert len((project / "a.mmd").read_text(encoding="utf-8").splitlines()) > 1_000


def test_nothing_is_drawn_of_a_desired_state_that_is_wrong(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "desired_state" / "all.yaml").write_text(
        DESIRED.replace("to: queue/sales", "to: queue/gone"), encoding="utf-8"
    )
    assert graph(project, "+61255501234") == 1
    assert 'unknown queue "gone"' in capsys.readouterr().err
