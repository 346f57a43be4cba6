"""A thousand phones with one bundle: planned, applied, rotated; and no secret in anything that people read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccstate.secrets.allowed import AGE_KEY, BUNDLE
from tests.cli.screens import Screen
from tests.cli.test_absent_secrets_cli import screen
from tests.secrets.test_sops import KEY, sops

__all__ = ["screen", "sops"]

PHONES = 1_000


@pytest.fixture
def phones(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Phones that refer to the bundle and nothing else, and no bundle yet."""
    monkeypatch.delenv(BUNDLE, raising=False)
    lines = [
        f'  "{number}": {{site: a, secret: "bundle:sip-{number}"}}\n'
        for number in range(2000, 2000 + PHONES)
    ]
    text = f"sites: {{a: {{timezone: UTC}}}}\nextensions:\n{''.join(lines)}"
    (screen.folder / "desired_state" / "all.yaml").write_text(text)
    return screen


def secrets(**changed: str) -> str:
    """The bundle in clear; each secret holds a word that nothing else does."""
    found = {f"sip-{number}": f"word{number}" for number in range(2000, 2000 + PHONES)}
    found |= {f"sip-{number.removeprefix('n')}": value for number, value in changed.items()}
    return "".join(f"{name}: '{value}'\n" for name, value in found.items())


def show_no_secret(screen: Screen) -> None:
    files = [path for path in screen.folder.rglob("*") if path.is_file()]
    read = [path for path in files if path.suffix != ".db" and path.name != "bundle.yaml"]
    texts = [screen.out, screen.err, *(path.read_bytes().decode(errors="replace") for path in read)]
    assert not [text for text in texts if "word2" in text]


def test_a_thousand_phones_need_one_line(
    phones: Screen, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = phones.folder / "secrets.sops.yaml"
    bundle.write_text(sops(secrets()))
    monkeypatch.setenv(BUNDLE, "secrets.sops.yaml")

    assert phones.run("plan") == 0, phones.err  # a job without the key
    said = " ".join(phones.out.split())
    assert "This plan is for reading." in said
    assert phones.run("apply") == 3
    assert "CC319" in phones.err

    monkeypatch.setenv(AGE_KEY, KEY)
    assert phones.run("plan") == 0, phones.err
    assert "with secrets from bundle:sip-…" in phones.out
    show_no_secret(phones)
    assert phones.run("apply") == 0, phones.err
    show_no_secret(phones)

    bundle.write_text(sops(secrets(n2007="rotated word2007")))
    assert phones.run("plan") == 0, phones.err
    assert "~ extension/2007" in phones.out
    assert "extension/2008" not in phones.out
    assert "secret" in phones.out
    assert phones.run("apply") == 0, phones.err
    assert phones.run("verify") == 0, phones.err
    show_no_secret(phones)

    monkeypatch.delenv(AGE_KEY)
    assert phones.run("plan") == 0, phones.err
    said = " ".join(phones.out.split())
    assert (
        "bundle:sip-2000, bundle:sip-2001, bundle:sip-2002 and 997 more: "
        "each is in a bundle encrypted by sops, and no key of age is here"
    ) in said


def test_sops_is_started_once_a_run(
    phones: Screen, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (phones.folder / "bundle.sops.yaml").write_text(sops(secrets()))
    counting = tmp_path / "bin" / "sops"
    counting.parent.mkdir()
    real = next(Path(folder) for folder in os.environ["PATH"].split(":") if "sops" in folder)
    counting.write_text(f'#!/bin/sh\necho x >> {tmp_path}/starts\nexec {real}/sops "$@"\n')
    counting.chmod(0o755)
    monkeypatch.setenv("PATH", f"{counting.parent}:{os.environ['PATH']}")
    monkeypatch.setenv(BUNDLE, "bundle.sops.yaml")
    monkeypatch.setenv(AGE_KEY, KEY)
    assert phones.run("plan") == 0, phones.err
    assert phones.run("apply") == 0, phones.err
    assert (tmp_path / "starts").read_text() == "x\n"


def test_what_is_missing_is_named_and_with_what_is_wrong_the_bundle_is_too(
    phones: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    (phones.folder / "bundle.yaml").write_text("sip-2000: 'word2000'\n")
    monkeypatch.setenv(BUNDLE, "bundle.yaml")
    assert phones.run("plan") == 0, phones.err
    said = " ".join(phones.out.split())
    assert "It writes secrets that were not here: bundle:sip-2001, bundle:sip-2002," in said
    show_no_secret(phones)
    (phones.folder / "bundle.yaml").write_text("sip-2000: 4711\n")
    assert phones.run("plan") == 1
    assert "desired_state/all.yaml:3:21: CC410 bundle:sip-2000 is no text" in phones.err
    assert "and 996 more: each is not in the bundle" in phones.err
    assert "hint: add it to bundle.yaml, or correct its name" in phones.err


def test_a_branch_that_names_other_things_is_refused_at_its_line(
    phones: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    (phones.folder / "bundle.yaml").write_text(secrets())
    monkeypatch.setenv(BUNDLE, "bundle.yaml")
    monkeypatch.setenv("CCSTATE_SECRET_NAMES", "BAO_*")
    monkeypatch.setenv("BAO_TOKEN", "word2-of-the-job")
    file = phones.folder / "desired_state" / "all.yaml"
    for reference in ("file:bundle.yaml", "env:BAO_TOKEN"):
        file.write_text(
            "sites: {a: {timezone: UTC}}\nextensions:\n"
            f'  "2001": {{site: a, secret: "{reference}"}}\n'
        )
        assert phones.run("plan") == 1
        assert f"desired_state/all.yaml:3:21: CC450 {reference} is, or opens, the" in phones.err
        show_no_secret(phones)
    for reference in ("bundle:../bundle.yaml", "bundle:", "openbao:kv/data/x#y", "sops:x"):
        file.write_text(
            "sites: {a: {timezone: UTC}}\nextensions:\n"
            f'  "2001": {{site: a, secret: "{reference}"}}\n'
        )
        assert phones.run("validate") == 1
        assert "CC102 secret is no reference" in phones.out
