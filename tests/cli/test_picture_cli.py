"""`ccstate show --picture` as its users meet it."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from ccstate.cli import run

ROOT = Path(__file__).parent.parent.parent
PROJECT = (
    "version: 1\ntargets:\n  demo: {adapter: embedded, connection: {path: .ccstate/demo.db}}\n"
)
DESIRED = """\
queues: {sales: {label: Sales & more, members: [{user: ana}]}}
users: {ana: {name: "</text><script>alert(1)</script>", team: t, extension: "2001"}}
extensions: {"2001": {label: Ana}}
teams: {t: {}}
displays:
  wall:
    title: "<b>&amp;</b>"
    theme: light
    columns: 2
    messages: [{text: "${jndi:x} <i>"}]
    tiles:
      - {queues: [sales], measure: waiting, warn: "5", alarm: "9", label: "</svg>"}
      - {queues: [sales], list: agents, team: t}
      - {queues: [sales], list: queues, width: 2}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "ccstate.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "desired_state" / "all.yaml").write_text(DESIRED, encoding="utf-8")
    return tmp_path


def show(project: Path, *arguments: str) -> int:
    return run(["--project", str(project), "show", *arguments])


def texts(drawn: str) -> list[str]:
    return [
        "".join(element.itertext())
        for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - ours
    ]


def test_the_picture_goes_to_standard_output_and_every_text_is_text(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(project, "--picture", "display/wall") == 0
    out = capsys.readouterr().out
    found = texts(out)
    for word in ("<b>&amp;</b>", "${jndi:x} <i>", "</svg>", "Sales & more", "Waiting"):
        assert word in found
    assert any(word.startswith("</text>") for word in found)
    assert "<script" not in out
    # Whose figures these are, nobody can mistake.
    assert "example figures" in found


def test_the_picture_goes_into_a_file_the_same_each_time(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "wall.svg"
    assert show(project, "--picture", "display/wall", "--output", str(file)) == 0
    first = file.read_bytes()
    assert show(project, "--picture", "displays/wall", "--output", str(file)) == 0
    assert file.read_bytes() == first
    assert "Wrote" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--picture"], "Name a display: display/wall."),
        (["--picture", "display/wal"], 'did you mean "display/wall"?'),
        (["--picture", "queue/sales"], "CC803 queue/sales is no display that is declared"),
        (["display/wall", "--output", "x.svg"], "--output is for --picture."),
    ],
)
def test_a_mistake_says_what_to_do(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert show(project, *arguments) == 1
    assert said in capsys.readouterr().err


def test_the_picture_in_the_docs_is_that_of_the_worked_example(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    assert show(ROOT, "--picture", "display/melbourne-wall") == 0
    drawn = capsys.readouterr().out
    path = ROOT / "docs" / "worked-example" / "melbourne-wall.svg"
    if request.config.getoption("--update-golden"):
        path.write_text(drawn, encoding="utf-8")
    how = "ccstate show --picture display/melbourne-wall --output docs/worked-example/melbourne-wall.svg"
    assert path.read_text(encoding="utf-8") == drawn, f"out of date: {how}"
