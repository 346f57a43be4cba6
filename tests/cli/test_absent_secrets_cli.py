"""Secrets that are not where a plan is made: what is not checked, and what an apply needs."""

import re
from html import unescape
from pathlib import Path

import pytest

from tests.cli.screens import Screen
from tests.cli.test_secrets_cli import phones, screen

__all__ = ["screen"]

FIRST, SECOND = "CCSTATE_SECRET_A", "CCSTATE_SECRET_B"
VALUES = {FIRST: "47110815", SECOND: "47120816"}


@pytest.fixture
def applied(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Two phones with a secret each, applied; then no secret is there any more."""
    give(monkeypatch)
    phones(screen, f"env:{FIRST}", f"env:{SECOND}")
    assert screen.run("plan") == 0
    assert screen.run("apply") == 0, screen.err
    take(monkeypatch)
    return screen


def give(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)


def take(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VALUES:
        monkeypatch.delenv(name, raising=False)


def label(screen: Screen, number: str, text: str) -> None:
    file = screen.folder / "desired_state" / "all.yaml"
    written = file.read_text().replace(f'"{number}":\n', f'"{number}":\n    label: {text}\n')
    file.write_text(written)


def has_no_secret(screen: Screen) -> bool:
    """Whether no value of a secret stands in what was said, or in any file beside the platform's."""
    files = [path for path in screen.folder.rglob("*") if path.is_file()]
    texts = [path.read_bytes().decode(errors="replace") for path in files if path.suffix != ".db"]
    texts.append(screen.out + screen.err)
    return not any(value in text for text in texts for value in VALUES.values())


def test_a_plan_does_not_need_the_secrets_of_what_does_not_change(applied: Screen) -> None:
    assert applied.run("plan") == 0, applied.err
    unchecked = "env:CCSTATE_SECRET_A, env:CCSTATE_SECRET_B: each is not set"
    assert applied.out.split("\n\n")[-2:] == [
        f"Secrets not checked on main:\n  {unchecked}",
        "Nothing to do: main matches the desired state; not all secrets are checked.\n",
    ]


def test_another_field_is_applied_without_the_secret(applied: Screen) -> None:
    label(applied, "2001", "Ann")
    assert applied.run("plan") == 0, applied.err
    assert "Secrets not checked on main:" in applied.out
    assert "ccstate apply" in applied.out
    assert applied.run("apply") == 0, applied.err
    assert has_no_secret(applied)


def test_what_is_applied_without_a_secret_keeps_it(
    applied: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    label(applied, "2001", "Ann")
    assert applied.run("plan") == 0
    assert applied.run("apply") == 0, applied.err
    give(monkeypatch)
    assert applied.run("verify") == 0
    assert "main: 3 objects exactly as desired" in applied.out
    assert "not checked" not in applied.out


def test_verify_says_what_it_did_not_check(applied: Screen) -> None:
    assert applied.run("verify") == 0, applied.err
    assert "exactly as desired; not all secrets are checked" in applied.out
    assert "env:CCSTATE_SECRET_A, env:CCSTATE_SECRET_B: each is not set" in applied.out
    assert applied.run("verify", "--format", "json") == 0
    assert '"env:CCSTATE_SECRET_A, env:CCSTATE_SECRET_B: each is not set"' in applied.out


def test_one_that_is_there_is_checked(applied: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FIRST, "another")
    assert applied.run("plan") == 0
    assert "env:CCSTATE_SECRET_B: is not set" in applied.out
    assert "~ extension/2001" in applied.out
    assert "extension/2002" not in applied.out


def test_a_secret_that_was_changed_by_hand_is_found_without_it(applied: Screen) -> None:
    from ccstate.adapters.embedded import connect
    from ccstate.model import Address

    platform = connect({"path": "platform.db"}, applied.folder)
    address = Address("extension", "2001")
    live = dict(platform.observe(["extension"]).objects[address])
    platform.by_hand(address, {**live, "voicemail": {"pin": "9999"}})
    assert applied.run("verify") == 4
    assert "extension/2001" in applied.out


@pytest.mark.parametrize(
    "references",
    [
        pytest.param((f"env:{FIRST}", f"env:{SECOND}", "env:CCSTATE_SECRET_C"), id="created"),
        pytest.param((f"env:{FIRST}", "env:CCSTATE_SECRET_C"), id="another reference"),
    ],
)
def test_a_plan_that_writes_an_absent_secret_is_for_reading(
    applied: Screen, monkeypatch: pytest.MonkeyPatch, references: tuple[str, ...]
) -> None:
    phones(applied, *references)
    before = (applied.folder / "platform.db").read_bytes()
    assert applied.run("plan") == 0, applied.err
    said = " ".join(applied.out.split())
    assert (
        "This plan is for reading. It writes a secret that was not here: env:CCSTATE_SECRET_C. "
        "To apply it, plan with them." in said
    )
    assert "ccstate apply" not in applied.out
    assert applied.run("plan", "--format", "markdown") == 0
    assert "was not here: `env:CCSTATE_SECRET_C`" in applied.out
    assert applied.run("apply") == 3
    assert "CC319" in applied.err
    assert "env:CCSTATE_SECRET_C could not be read when it was made" in applied.err
    assert (applied.folder / "platform.db").read_bytes() == before
    monkeypatch.setenv("CCSTATE_SECRET_C", "4713")
    assert applied.run("plan") == 0
    assert applied.run("apply") == 0, applied.err


def test_an_apply_that_lacks_a_secret_writes_nothing(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch)
    phones(screen, f"env:{FIRST}", f"env:{SECOND}")
    assert screen.run("plan") == 0
    monkeypatch.delenv(SECOND)
    assert screen.run("apply") == 1
    assert "CC410 env:CCSTATE_SECRET_B is not set" in screen.err
    monkeypatch.setenv(SECOND, VALUES[SECOND])
    assert screen.run("plan") == 0
    assert "+ extension/2001" in screen.out
    assert "+ site/a" in screen.out
    assert screen.run("apply") == 0, screen.err
    assert has_no_secret(screen)


@pytest.mark.parametrize("reference", ["env:GITHUB_TOKEN", "file:/etc/shadow"])
def test_a_reference_that_is_not_allowed_still_stops_the_plan(
    applied: Screen, reference: str
) -> None:
    phones(applied, f"env:{FIRST}", reference)
    assert applied.run("plan") == 1
    assert "CC450" in applied.err


def test_a_platform_of_an_earlier_release_is_read_and_gets_its_references(
    applied: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "platform.db")) as database:
        database.execute("DROP TABLE reference")
    assert applied.run("plan") == 0, applied.err
    assert "Secrets not checked on main:" in applied.out
    label(applied, "2001", "Ann")
    assert applied.run("plan") == 0
    assert applied.run("apply") == 0, applied.err


def test_the_page_of_a_plan_says_both(applied: Screen) -> None:
    phones(applied, f"env:{FIRST}", f"env:{SECOND}", "env:CCSTATE_SECRET_C")
    file = applied.folder / "page.html"
    assert applied.run("plan", "--page", str(file)) == 0, applied.err
    page = unescape(re.sub(r"<[^>]*>", "", file.read_text(encoding="utf-8")))
    assert "secrets that are not checked: env:CCSTATE_SECRET_A" in page
    assert "Who applies it needs secrets that were not here: env:CCSTATE_SECRET_C." in page
