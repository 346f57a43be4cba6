"""What a plan says of references to secrets, and of those that are not allowed."""

from pathlib import Path

import pytest

from tests.cli.screens import Screen

PROJECT = """\
version: 1
targets: {main: {adapter: embedded, connection: {path: platform.db}}}
"""


NO_NAME = "is not among the variables that a reference may name"


@pytest.fixture
def screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Screen:
    (tmp_path / "desired_state").mkdir()
    (tmp_path / "ccstate.yaml").write_text(PROJECT)
    for name in ("CCSTATE_PROJECT", "CCSTATE_SECRET_NAMES", "CCSTATE_SECRET_FILES", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Screen(tmp_path, capsys)


def phones(screen: Screen, *references: str) -> None:
    lines = [
        f'  "{2001 + place}":\n    site: a\n    voicemail:\n      pin: {reference}\n'
        for place, reference in enumerate(references)
    ]
    text = "sites: {a: {timezone: UTC}}\nextensions:\n" + "".join(lines)
    (screen.folder / "desired_state" / "all.yaml").write_text(text)


def test_a_reference_that_is_not_allowed_is_refused_with_its_place(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t0ken-of-the-job")
    phones(screen, "env:GITHUB_TOKEN", "file:/proc/self/environ")
    assert screen.run("plan") == 1
    assert screen.err.splitlines() == [
        f"desired_state/all.yaml:6:7: CC450 env:GITHUB_TOKEN {NO_NAME}",
        "  A branch could name any variable of the job, so who runs ccstate says which.",
        "  hint: where ccstate runs: export CCSTATE_SECRET_NAMES=GITHUB_TOKEN",
        "desired_state/all.yaml:10:7: CC450 file:/proc/self/environ lies outside of the project",
        "  A branch could name any file of this machine, so who runs ccstate says which.",
        "  hint: put it into a file below the project that git ignores",
        "",
        "2 errors in 1 file",
    ]
    assert "t0ken" not in screen.out + screen.err
    assert not (screen.folder / "platform.db").exists()


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_plan_shows_where_the_secrets_of_new_objects_come_from(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("CCSTATE_SECRET_PIN", "4711")
    (screen.folder / "secret-pin").write_text("4712")
    phones(screen, "env:CCSTATE_SECRET_PIN", "file:secret-pin")
    assert screen.run("plan", "--format", form) == 0
    assert "pin env:CCSTATE_SECRET_PIN" in screen.out
    assert "pin file:secret-pin" in screen.out
    assert "471" not in screen.out


def test_a_plan_counts_the_secrets_of_what_it_only_counts(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"CCSTATE_SECRET_{number}" for number in range(50)]
    for name in names:
        monkeypatch.setenv(name, "4711")
    (screen.folder / "hidden").write_text("4712")
    phones(screen, *(f"env:{name}" for name in names), "file:hidden")
    assert screen.run("plan") == 0
    text = " ".join(screen.out.split())
    assert "more extensions to create, with secrets from file:hidden, env:CCSTATE_… (42)" in text


def test_a_connection_names_no_variable_of_the_job(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "t0ken-of-the-job")
    (screen.folder / "ccstate.yaml").write_text(
        "version: 1\n"
        "targets:\n"
        "  pbx:\n"
        "    adapter: asterisk\n"
        "    connection:\n"
        "      etc: .\n"
        "      ami: {host: 127.0.0.1, port: 9, secret: env:AWS_SECRET_ACCESS_KEY}\n"
    )
    phones(screen)
    (screen.folder / "desired_state" / "all.yaml").write_text("sites: {a: {timezone: UTC}}\n")
    assert screen.run("plan") == 1
    assert "ccstate.yaml:7:39: CC450 env:AWS_SECRET_ACCESS_KEY is not among" in screen.err
    assert "t0ken" not in screen.out + screen.err


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_no_label_is_a_command_to_a_build_server(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    label = "a b c d e f g h i j k l m n o p q r ::add-mask::x ##[error]y ##vso[task.setvariable]z"
    (screen.folder / "desired_state" / "all.yaml").write_text(
        f'sites: {{a: {{timezone: UTC, label: "{label}"}}}}\nteams: {{t: {{nam: "{label}"}}}}\n'
    )
    assert screen.run("validate", "--format", form) == 1
    assert "##[" not in screen.out + screen.err
    assert "##vso[" not in screen.out + screen.err
    (screen.folder / "desired_state" / "all.yaml").write_text(
        f'sites: {{a: {{timezone: UTC, label: "{label}"}}}}\n'
    )
    assert screen.run("plan", "--format", form) == 0
    said = (screen.out + screen.err).splitlines()
    assert any("add-mask" in line for line in said)
    assert not [line for line in said if line.lstrip().startswith("::")]
    assert "##[" not in screen.out + screen.err


def test_a_plan_with_several_secrets_of_one_object_is_applied_as_it_was_reviewed(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCSTATE_SECRET_A", "4711")
    phone = "{site: a, voicemail: {pin: env:CCSTATE_SECRET_A}, secret: env:CCSTATE_SECRET_A}"
    (screen.folder / "desired_state" / "all.yaml").write_text(
        f'extensions: {{"2001": {phone}}}\nsites: {{a: {{timezone: UTC}}}}\n'
    )
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0, screen.err
