"""Bundles encrypted by sops, with the real sops: what is decrypted, and what a file cannot make it do."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ccstate.desired.yaml_values import read
from ccstate.errors import Unreadable
from ccstate.secrets import ABSENT, attempt, resolve
from ccstate.secrets.allowed import AGE_KEY, AGE_KEY_FILE, BUNDLE
from tests.test_secrets import git
from tests.wheels import SOPS

__all__ = ["git"]

# Made for these tests by `age-keygen`; they open nothing else.
KEY = "AGE-SECRET-KEY-19SAXCAJ92AEKWWUAD6W8H6M606PK32QG9E0E6NPJ7VK5CL2MM7WSMTNVQ8"
RECIPIENT = "age1mjtgdnud8p3pvnu9kqgzsw8gc8d94kxkvc8ng43w5k3v0p2cvy2syzlk45"
OTHER_KEY = "AGE-SECRET-KEY-1YLMEF6AJ8FDQC086M996WZ7PP78DH08JYRQYFAKWS87GVREG6SDSDDWHEL"

CLEAR = """\
# Phones of Sydney
sip-1101: 's3cret #1'  # the front desk
pin_1101: "0123"
host_unencrypted: plain
"""


@pytest.fixture
def sops(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> Callable[..., str]:
    """The real sops on the PATH, no key; a function that encrypts a text with it."""
    program = SOPS.program()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (AGE_KEY, AGE_KEY_FILE, "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    def encrypt(clear: str = CLEAR, form: str = "yaml") -> str:
        name = tmp_path_factory.getbasetemp() / f"clear.{form}"
        name.write_text(clear)
        command = [str(program), "encrypt", "--age", RECIPIENT, "--output-type", "yaml", str(name)]
        done = subprocess.run(command, env={}, check=True, capture_output=True, text=True)
        return done.stdout

    return encrypt


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv(BUNDLE, "secrets.sops.yaml")
    return folder


def write(project: Path, text: str) -> None:
    (project / "secrets.sops.yaml").write_text(text)


def refused(folder: Path) -> tuple[str, str]:
    with pytest.raises(Unreadable) as caught:
        attempt(["bundle:sip-1101"], folder)
    [problem] = caught.value.problems
    assert "s3cret" not in str(problem)
    assert "AGE-SECRET" not in str(problem)
    assert problem.hint
    return problem.code, problem.message


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_file_in_git_gives_its_secrets_to_who_has_the_key(
    project: Path,
    sops: Callable[..., str],
    git: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    clear = CLEAR if form == "yaml" else '{"sip-1101": "s3cret #1", "pin_1101": "0123"}'
    write(project, sops(clear, form=form))
    git("add", str(project / "secrets.sops.yaml"))
    references = ["bundle:sip-1101", "bundle:pin_1101"]
    _, causes = attempt(references, project)
    assert (
        set(causes.values())
        == {"is in a bundle encrypted by sops, and no key of age is here"}
        <= ABSENT
    )
    secrets = {"bundle:sip-1101": "s3cret #1", "bundle:pin_1101": "0123"}
    monkeypatch.setenv(AGE_KEY, KEY)
    assert resolve(references, project) == secrets
    monkeypatch.delenv(AGE_KEY)
    keys = project.parent
    (keys / "key.txt").write_text(f"# made by age-keygen\n{KEY}\n")
    monkeypatch.setenv(AGE_KEY_FILE, str(keys / "key.txt"))
    assert resolve(references, project) == secrets
    monkeypatch.delenv(AGE_KEY_FILE)
    own = keys / "home/.config/sops/age/keys.txt"
    own.parent.mkdir(parents=True)
    own.write_text(KEY)
    assert resolve(references, project) == secrets


def test_what_was_changed_without_the_key_is_refused(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AGE_KEY, KEY)
    text = sops()
    lines = text.splitlines(keepends=True)
    sip, pin = (
        next(li for li in lines if li.startswith(name)) for name in ("sip-1101", "pin_1101")
    )
    changed = "the bundle of secrets, secrets.sops.yaml, was changed by something else than sops"
    for other in (
        text.replace(pin, ""),
        text.replace(pin, f"pin_1101:{sip.partition(':')[2]}"),
        text.replace("plain", "other"),
        text.replace("host_unencrypted: plain\n", "host_unencrypted: plain\nmore: s3cret\n"),
    ):
        assert other != text
        write(project, other)
        assert refused(project) == ("CC880", changed)


def test_what_sops_left_in_clear_is_no_secret(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, sops())
    monkeypatch.setenv(AGE_KEY, KEY)
    found, causes = attempt(["bundle:pin_1101", "bundle:host_unencrypted"], project)
    assert found == {"bundle:pin_1101": "0123"}
    assert causes == {"bundle:host_unencrypted": "is not in the bundle"}


def test_another_key_opens_nothing(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, sops())
    monkeypatch.setenv(AGE_KEY, OTHER_KEY)
    assert "cannot be decrypted by the key of age that is here" in refused(project)[1]


@pytest.mark.parametrize(
    "service, fields",
    [
        ("kms", "{arn: 'arn:aws:kms:x', enc: x, created_at: '2026-01-01T00:00:00Z'}"),
        ("gcp_kms", "{resource_id: x, enc: x, created_at: '2026-01-01T00:00:00Z'}"),
        ("azure_kv", "{vault_url: 'https://evil.example', name: x, version: x, enc: x}"),
        ("hc_vault", "{vault_address: 'http://127.0.0.1:1', engine_path: x, key_name: x, enc: x}"),
        ("pgp", "{fp: x, enc: x, created_at: '2026-01-01T00:00:00Z'}"),
        ("key_groups", "{age: []}"),
        ("later", "x"),
    ],
)
def test_keys_of_services_are_refused_before_sops_starts(
    project: Path,
    sops: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    fields: str,
) -> None:
    entry = f"sops:\n    {service}:\n        - {fields}\n"
    write(project, sops().replace("sops:\n", entry))
    monkeypatch.setenv(AGE_KEY, KEY)
    monkeypatch.setenv("PATH", "/nowhere")
    code, message = refused(project)
    assert (code, service in message) == ("CC881", True)


@pytest.mark.parametrize(
    "recipient",
    ["age1yubikey1qwerty", "ssh-ed25519 AAAA", "age1plugin-name1q", "AGE1X", "age1x\nage1y"],
)
def test_recipients_of_plugins_and_of_ssh_are_refused(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch, recipient: str
) -> None:
    write(project, sops().replace(RECIPIENT, f'"{recipient}"'.replace("\n", "\\n")))
    monkeypatch.setenv(AGE_KEY, KEY)
    assert refused(project)[0] == "CC881"


def test_empty_lists_of_other_keys_are_what_old_releases_wrote(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = "sops:\n    kms: []\n    gcp_kms: []\n    azure_kv: []\n    hc_vault: []\n    pgp: []\n"
    write(project, sops().replace("sops:\n", old))
    monkeypatch.setenv(AGE_KEY, KEY)
    assert resolve(["bundle:pin_1101"], project) == {"bundle:pin_1101": "0123"}


@pytest.mark.process
def test_a_sops_of_the_branch_and_settings_of_the_job_reach_nothing(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(project, sops())
    trap = f"#!/bin/sh\nenv > {tmp_path}/trapped\n"
    for name in ("sops", "age-plugin-x"):
        (project / name).write_text(trap)
        (project / name).chmod(0o755)
    (project / ".sops.yaml").write_text("creation_rules: [{kms: 'arn:aws:kms:x'}]\n")
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")
    monkeypatch.setenv(AGE_KEY, KEY)
    monkeypatch.setenv("SOPS_AGE_KEY_CMD", f"{project}/sops")
    monkeypatch.setenv("SOPS_KEYSERVICE", "tcp://127.0.0.1:1")
    assert resolve(["bundle:pin_1101"], project) == {"bundle:pin_1101": "0123"}
    monkeypatch.setenv(AGE_KEY, "AGE-PLUGIN-X-1QQQSYQCYQ5RQWZQF3FQ6E")
    refused(project)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize(
    "does, why",
    [
        ("exit 3", "is refused by sops (exit code 3)"),
        ("echo s3cret", "is decrypted to something else than names"),
        ("echo '[\"s3cret\"]'", "is decrypted to something else than names"),
        ("sleep 60", "sops does not answer (TimeoutExpired)"),
    ],
)
def test_a_sops_that_does_otherwise_is_told_and_not_quoted(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch, does: str, why: str
) -> None:
    write(project, sops())
    other = project.parent / "bin" / "sops"
    other.parent.mkdir()
    other.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{does}\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("ccstate.secrets.sops._SECONDS", 0.5)
    monkeypatch.setenv(AGE_KEY, KEY)
    assert why in refused(project)[1]


def test_without_sops_its_hint_says_so(
    project: Path, sops: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, sops())
    monkeypatch.setenv(AGE_KEY, KEY)
    monkeypatch.setenv("PATH", ".:relative")
    assert "sops is not on this machine" in refused(project)[1]


@pytest.mark.parametrize(
    "case",
    [
        (("sip-1101:", "sip: {deep: er}\nsip-1101:"), "CC880", "no text"),
        (("sip-1101:", "number: 5\nsip-1101:"), "CC880", "no text"),
        (("version: 3.11.0", "version: 311"), "CC881", "version"),
        (("lastmodified:", "lastmodified: 5\n    x:"), "CC881", "lastmodified, x"),
    ],
)
def test_what_sops_and_ccstate_could_read_otherwise_is_refused(
    project: Path,
    sops: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[tuple[str, str], str, str],
) -> None:
    change, code, why = case
    write(project, sops().replace(*change))
    monkeypatch.setenv(AGE_KEY, KEY)
    found, message = refused(project)
    assert (found, why in message) == (code, True)


def test_a_file_of_sops_is_yaml_as_the_desired_state_is(sops: Callable[..., str]) -> None:
    values, problems = read(sops().encode(), "secrets.sops.yaml")
    assert isinstance(values, dict)
    assert (list(values), problems) == (["sip-1101", "pin_1101", "host_unencrypted", "sops"], [])
