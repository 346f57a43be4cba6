"""Nothing is written where a link of a branch leads, and no state that a branch brings is taken."""

import subprocess
from pathlib import Path

import pytest

from ccstate.cli import run
from tests.cli.screens import Screen

PROJECT = """\
version: 1
targets: {main: {adapter: embedded, connection: {path: platform.db}}}
"""
QUEUE = """\
sites: {a: {timezone: UTC}}
extensions: {"2001": {site: a, label: A}}
users: {ann: {name: Ann, site: a, extension: "2001"}}
queues: {sales: {label: Sales, members: [{user: ann}], overflow: {after: 1m, to: hangup}}}
"""


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    project = tmp_path / "project"
    (project / "desired_state").mkdir(parents=True)
    (project / "ccstate.yaml").write_text(PROJECT)
    (project / "desired_state" / "all.yaml").write_text(QUEUE)
    (tmp_path / "outside").mkdir()
    monkeypatch.delenv("CCSTATE_PROJECT", raising=False)
    monkeypatch.chdir(project)
    return Screen(project, capsys)


def outside(screen: Screen) -> dict[str, str]:
    folder = screen.folder.parent / "outside"
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*")}


@pytest.mark.parametrize("name", ["plans", ".ccstate"])
@pytest.mark.parametrize("command", ["plan", "apply", "validate", "drift"])
def test_a_folder_of_ccstate_that_is_a_link_is_refused(
    screen: Screen, name: str, command: str
) -> None:
    (screen.folder / name).symlink_to("../outside")
    assert screen.run(command) == 1
    assert f"{name}: CC010 {name} is a link" in screen.out + screen.err
    assert outside(screen) == {}


@pytest.mark.parametrize("name", ["plan.json", "plan.md", "journal.jsonl", "receipt.md", ""])
def test_a_plan_in_which_something_is_a_link_is_refused(screen: Screen, name: str) -> None:
    assert screen.run("plan") == 0
    [plan] = (screen.folder / "plans").iterdir()
    target = screen.folder.parent / "outside" / "victim.txt"
    target.write_text("kept")
    if name:
        (plan / name).unlink(missing_ok=True)
        (plan / name).symlink_to(target)
    else:
        plan.rename(screen.folder.parent / "outside" / "moved")
        plan.symlink_to(screen.folder.parent / "outside" / "moved")
    kept = outside(screen)
    assert screen.run("apply", plan.name) == 1
    assert "CC010" in screen.err
    screen.run("plan")
    assert outside(screen) == kept


def test_no_schema_is_written_through_a_link(screen: Screen) -> None:
    (screen.folder / "schema").symlink_to("../outside")
    assert screen.run("schema", "--write", "schema") == 1
    assert "schema: CC010" in screen.err
    (screen.folder / "schema").unlink()
    (screen.folder / "schema").mkdir()
    (screen.folder / "schema" / "plan.json").symlink_to("../../outside/plan.json")
    assert screen.run("schema", "--write", "schema") == 1
    assert "schema/plan.json: CC010" in screen.err
    assert outside(screen) == {}


@pytest.mark.parametrize("name", ["desired_state", ".gitignore", "schema"])
def test_a_project_is_not_begun_through_a_link(screen: Screen, name: str) -> None:
    new = screen.folder / "new"
    new.mkdir()
    (new / name).symlink_to(f"../../outside/{'x.txt' if name.startswith('.') else ''}")
    assert screen.run("init", "new") == 1
    assert "CC010" in screen.err
    assert outside(screen) == {}


@pytest.mark.parametrize("command", [["fmt"], ["fmt", "desired_state/link.yaml"]])
def test_no_file_behind_a_link_is_laid_out(screen: Screen, command: list[str]) -> None:
    victim = screen.folder.parent / "outside" / "victim.yaml"
    victim.write_text("queues:   {a: {label:   Hunter2}}\n")
    (screen.folder / "desired_state" / "link.yaml").symlink_to(victim)
    kept = outside(screen)
    assert screen.run(*command) == 1
    assert "is a link" in screen.err
    assert "Hunter2" not in screen.out + screen.err
    assert outside(screen) == kept


def test_what_is_adopted_or_drawn_is_not_written_through_a_link(screen: Screen) -> None:
    (screen.folder / "drawing.svg").symlink_to("../outside/drawing.svg")
    (screen.folder / "desired_state" / ".hidden").symlink_to("../../outside")
    assert screen.run("graph", "queue/sales", "--output", "drawing.svg") != 0
    into = str(screen.folder / "desired_state" / ".hidden" / "more.yaml")
    assert screen.run("adopt", "--all", "--file", into) != 0
    assert outside(screen) == {}


@pytest.mark.parametrize("here, way", [("desired_state", ".."), ("../elsewhere", "../project")])
def test_no_link_of_the_project_is_followed_wherever_the_command_runs(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, here: str, way: str
) -> None:
    folder = screen.folder / here
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    (screen.folder / "out.svg").symlink_to("../outside/out.svg")
    (screen.folder / "out").symlink_to("../outside")
    for top in (way, str(screen.folder)):
        for file in ("out.svg", "out/x.svg"):
            assert screen.run("graph", "queue/sales", "--output", f"{top}/{file}") == 1
            assert "CC010" in screen.err
    assert screen.run("schema", "--write", str(screen.folder / "out")) == 1
    assert "CC010" in screen.err
    assert outside(screen) == {}


def test_a_link_that_is_in_no_project_is_the_users_own(screen: Screen) -> None:
    outer = screen.folder.parent
    (outer / "mine.svg").symlink_to("outside/mine.svg")
    assert screen.run("graph", "queue/sales", "--output", str(outer / "mine.svg")) == 0
    assert list(outside(screen)) == ["mine.svg"]
    assert (outer / "mine.svg").is_symlink()


def test_no_name_that_an_argument_holds_is_a_command_to_the_build_server(screen: Screen) -> None:
    """As `ccstate fmt *` gives them, where a branch holds files of such names."""
    for name in ("--x\n::error::obey", "--##[error]obey", "--\x1b[2Jgone", "-\u202eevil"):
        assert screen.run("fmt", name) == 1
        lines = screen.err.splitlines()
        assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)
        assert "\x1b" not in screen.err
        assert "\u202e" not in screen.err
    assert "'-\\u202e'" in screen.err


@pytest.mark.git
def test_a_state_folder_in_git_is_refused(screen: Screen) -> None:
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-C", str(screen.folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    state = screen.folder / ".ccstate"
    state.mkdir()
    (state / "latest-plan").write_text("")
    assert screen.run("plan") == 0
    subprocess.run([*git, "add", "--force", ".ccstate/latest-plan"], check=True)
    for command in (["plan"], ["apply"], ["validate"], ["drift"], ["history", "queue/sales"]):
        assert screen.run(*command) == 1
        assert ".ccstate: CC011 git has files of .ccstate/" in screen.out + screen.err
    subprocess.run([*git, "rm", "-rq", "--cached", ".ccstate"], check=True)
    assert screen.run("plan") == 0


@pytest.mark.parametrize("name", ["plan.json", "journal.jsonl", ""])
@pytest.mark.parametrize(
    "command", [["plans"], ["plans", "--prune"], ["apply"], ["apply", "--resume"], ["show", "abc"]]
)
def test_no_plan_is_read_through_a_link_however_it_is_looked_for(
    screen: Screen, name: str, command: list[str]
) -> None:
    assert screen.run("plan") == 0
    [plan] = (screen.folder / "plans").iterdir()
    if name:
        other = plan.with_name("0" * 12)
        other.mkdir()
        (other / "plan.json").write_bytes((plan / "plan.json").read_bytes())
        (other / name).unlink(missing_ok=True)
        (other / name).symlink_to("/dev/zero" if name == "journal.jsonl" else plan / name)
    else:
        plan.with_name("0" * 12).symlink_to(plan)
    assert screen.run(*command) != 0
    assert "is a link" in screen.err


@pytest.mark.git
def test_history_reads_no_plan_through_a_link(screen: Screen) -> None:
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-C", str(screen.folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "-qm", "One"], check=True)
    assert screen.run("plan") == 0
    assert screen.run("history", "queue/sales") == 0
    assert "not applied" in screen.out
    [plan] = (screen.folder / "plans").iterdir()
    (plan / "journal.jsonl").symlink_to("/dev/zero")
    assert screen.run("history", "queue/sales") == 0
    assert "not applied" not in screen.out


@pytest.mark.git
def test_a_project_is_not_found_through_a_link_of_a_branch(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = screen.folder.parent / "checkout"
    checkout.mkdir()
    (checkout / "pbx").symlink_to(screen.folder)
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "init", "-q"], check=True)
    monkeypatch.chdir(checkout)
    ways = ["pbx", "pbx/desired_state/..", "../checkout/pbx", str(checkout / "pbx")]
    for way in ways:  # the user made it, and git does not have it
        assert screen.run("--project", way, "validate") == 0
    subprocess.run([*git, "add", "pbx"], check=True)
    for way in ways:
        assert screen.run("--project", way, "validate") == 1
        assert "CC006" in screen.out + screen.err
    monkeypatch.setenv("CCSTATE_PROJECT", "pbx")
    assert run(["validate"]) == 1
    assert "pbx: CC006 pbx is a link" in "".join(capsys.readouterr())
