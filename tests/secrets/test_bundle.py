"""Bundles in clear: what is read of files and folders, what is refused, and what no branch reaches."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccstate.errors import Unreadable
from ccstate.secrets import ABSENT, attempt, diagnostics, resolve
from ccstate.secrets.allowed import BUNDLE, FILES, LARGEST, NAMES
from tests.test_secrets import git

__all__ = ["git"]

Bundle = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """Write a bundle outside of the project, and name it where ccstate runs."""
    monkeypatch.delenv(FILES, raising=False)
    monkeypatch.delenv(NAMES, raising=False)

    def write(content: str | bytes, path: Path = tmp_path / "run" / "ccstate.yaml") -> Path:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setenv(BUNDLE, str(path))
        return path

    return write


def cause(reference: str, folder: Path) -> str:
    found, causes = attempt([reference], folder)
    assert not found
    return causes[reference]


def refused(folder: Path) -> tuple[str, str, str]:
    with pytest.raises(Unreadable) as caught:
        attempt(["bundle:sip-1101"], folder)
    [problem] = caught.value.problems
    return problem.code, problem.message, problem.hint


YAML = """\
# Phones of Sydney
sip-1101: 'Vq3#8 x'
pin_1101: "0123"
"""
JSON = '{"sip-1101":"Vq3#8 x","pin_1101":"0123"}'
LINES = "# Phones\n\nsip_1101=Vq38x\r\npin_1101=0123\n"


@pytest.mark.parametrize(
    "content, sip",
    [(YAML, "sip-1101"), (JSON, "sip-1101"), (LINES, "sip_1101"), ("\ufeff" + YAML, "sip-1101")],
)
def test_a_file_gives_each_secret_by_its_name(
    project: Path, bundle: Bundle, content: str, sip: str
) -> None:
    bundle(content)
    found = resolve([f"bundle:{sip}", "bundle:pin_1101"], project)
    assert found.pop("bundle:pin_1101") == "0123"
    assert list(found.values()) in (["Vq3#8 x"], ["Vq38x"])


def test_a_folder_gives_each_file_as_kubernetes_mounts_it(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    (run / "..2026").mkdir(parents=True)
    (run / "..2026" / "sip-1101").write_text("s3cret\n")
    (run / "..data").symlink_to("..2026")
    (run / "sip-1101").symlink_to("..data/sip-1101")
    (run / "away").symlink_to("/etc/hostname")
    monkeypatch.delenv(FILES, raising=False)
    monkeypatch.setenv(BUNDLE, str(run))
    assert resolve(["bundle:sip-1101"], project) == {"bundle:sip-1101": "s3cret"}
    assert cause("bundle:sip-1102", project) == "is not in the bundle"
    assert cause("bundle:away", project) == "leads through a link"
    assert cause(f"file:{run}/sip-1101", project) == "lies outside of the project"


def test_a_bundle_of_the_project_is_named_from_its_folder(
    project: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(YAML, project / "secrets.yaml")
    monkeypatch.setenv(BUNDLE, "secrets.yaml")
    assert resolve(["bundle:pin_1101"], project)
    (project / "kept").mkdir()
    (project / "kept" / "pin_1101").write_text("4711")
    monkeypatch.setenv(BUNDLE, "kept")
    assert resolve(["bundle:pin_1101"], project) == {"bundle:pin_1101": "4711"}


def test_where_no_bundle_is_named_its_secrets_may_be_elsewhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BUNDLE, "")
    assert cause("bundle:sip-1101", project) in ABSENT
    [problem] = diagnostics({"bundle:sip-1101": cause("bundle:sip-1101", project)})
    assert problem.message == (
        "bundle:sip-1101 is in a bundle, and CCSTATE_SECRET_BUNDLE names none"
    )
    assert "export CCSTATE_SECRET_BUNDLE=" in problem.hint


def test_a_name_that_is_not_there_is_told_with_the_bundle(project: Path, bundle: Bundle) -> None:
    path = bundle(YAML)
    _, causes = attempt(["bundle:sip-1102", "bundle:sip-1103"], project)
    assert set(causes.values()) <= ABSENT
    [problem] = diagnostics(causes)
    assert problem.message == (
        "2 secrets: bundle:sip-1102, bundle:sip-1103: each is not in the bundle"
    )
    assert problem.hint == f"add it to {path}, or correct its name"


@pytest.mark.parametrize(
    "content, why",
    [
        ("sip-1101: 4711\n", "is no text in the bundle"),
        ("sip-1101: {deep: er}\n", "is no text in the bundle"),
        ("sip-1101:\n", "is no text in the bundle"),
        ("sip-1101: ''\n", "is empty"),
        ("", "is not in the bundle"),
        ("sip_1101=\n", "is not in the bundle"),
        (f"sip-1101: {'x' * (LARGEST + 1)}\n", "holds more than 64 KB"),
        ('{"sip-1101": "\\ud800"}', "is not UTF-8 text"),
        ("sip-1101: ENC[AES256_GCM,data:x]\n", "is still encrypted in the bundle"),
    ],
)
def test_what_is_no_secret_is_refused_when_it_is_asked_for(
    project: Path, bundle: Bundle, content: str, why: str
) -> None:
    bundle(content)
    assert cause("bundle:sip-1101", project) == why


@pytest.mark.parametrize(
    "content, why",
    [
        ("- s3cret\n", "holds no names with their secrets"),
        ("s3cret\n", "holds no names with their secrets"),
        ("a: s3cret\na: s3cret\n", "is YAML that ccstate does not read (line 2: CC003)"),
        ("a: 0123s3cret: x\n", "is YAML that ccstate does not read"),
        ("a: !!python/object:os.system s3cret\n", "is YAML that ccstate does not read"),
        ('{"a": "s3cret", "a": "s3cret"}', "says a name twice"),
        ('{"a": s3cret}', "is no valid JSON from line 1 on"),
        ('{"a": ' + "[" * 100_000, "holds more than names with their secrets"),
        ('{"a": ' + "9" * 10_000 + "}", "holds more than names with their secrets"),
        ("A=s3cret\nA=s3cret\n", "says a name twice, again in line 2"),
        ("A=x\nB='s3cret'\n", "has a line 2 that not all readers of NAME=value read alike"),
        ("A=x\nB=s3cret # x\n", "has a line 2 that not all readers of NAME=value read alike"),
        ("A=$s3cret\n", "has a line 1 that not all readers of NAME=value read alike"),
        (b"a: \xffs3cret\n", "is not UTF-8 text"),
        (b"a: '" + b"x" * 16 * 1024 * 1024 + b"'", "holds more than 16 MB"),
    ],
)
def test_a_file_that_readers_could_read_otherwise_is_refused_and_not_quoted(
    project: Path, bundle: Bundle, content: str | bytes, why: str
) -> None:
    path = bundle(content)
    code, message, hint = refused(project)
    assert code == "CC880"
    assert message.startswith(f"the bundle of secrets, {path}, {why}")
    assert hint
    assert "s3cret" not in message + hint


def test_a_bundle_that_is_named_and_is_not_there_is_no_absent_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, why in (
        ("/nowhere/x.yaml", "does not exist"),
        ("../x.yaml", "lies outside of the project"),
        ("/dev/null", "is no file"),
        ("/proc/self", "is no folder of secrets"),
        ("/", "is no folder of secrets"),
    ):
        monkeypatch.setenv(BUNDLE, place)
        assert refused(project)[1] == f"the bundle of secrets, {place}, {why}"


def test_a_bundle_in_clear_is_in_no_git(
    tmp_path: Path, project: Path, bundle: Bundle, git: Callable[..., None]
) -> None:
    for path in (project / "bundle.yaml", tmp_path / "run" / "bundle.yaml"):
        bundle(YAML, path)
        assert resolve(["bundle:pin_1101"], project)
        git("add", "--force", str(path))
        code, message, hint = refused(project)
        assert (code, message) == ("CC880", f"the bundle of secrets, {path}, is in git")
        assert "sops" in hint


def test_a_bundle_is_none_that_a_branch_links_to(
    tmp_path: Path, project: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bundle(YAML)
    (project / "link.yaml").symlink_to(path)
    (project / "folder").symlink_to(path.parent)
    (path.parent / "pin_1101").write_text("4711")
    for place in ("link.yaml", "folder/ccstate.yaml"):
        monkeypatch.setenv(BUNDLE, place)
        assert "leads through a link" in refused(project)[1]
    monkeypatch.setenv(BUNDLE, "folder")
    assert cause("bundle:pin_1101", project) == "leads through a link"


def test_no_reference_reaches_the_bundle_as_a_whole_or_what_opens_it(
    tmp_path: Path, project: Path, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(YAML, project / "bundle.yaml")
    (project / "key.txt").write_text("AGE-SECRET-KEY-1")
    os.link(project / "key.txt", project / "other-name")
    (tmp_path / "token").write_text("s.token")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(project / "key.txt"))
    monkeypatch.setenv("BAO_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("BAO_TOKEN", "s.token")
    monkeypatch.setenv("SOPS_AGE_KEY", "AGE-SECRET-KEY-1")
    monkeypatch.setenv(FILES, str(tmp_path))
    monkeypatch.setenv(NAMES, "BAO_* SOPS_* VAULT_*")
    for reference in (
        "file:bundle.yaml",
        "file:key.txt",
        "file:other-name",
        f"file:{tmp_path}/token",
        "env:BAO_TOKEN",
        "env:SOPS_AGE_KEY",
        "env:VAULT_TOKEN",
        f"env:{BUNDLE}",
        f"env:{NAMES}",
        f"env:{FILES}",
    ):
        assert cause(reference, project) == "is, or opens, the bundle of all secrets"
    [problem] = diagnostics({"env:BAO_TOKEN": "is, or opens, the bundle of all secrets"})
    assert problem.code == "CC450"


_NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", fullmatch=True)
_SECRETS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda text: not text.startswith("ENC[AES256_GCM,")
)
_BUNDLES = st.dictionaries(_NAMES.filter(lambda name: name != "sops"), _SECRETS, min_size=1)


@given(secrets=_BUNDLES)
def test_every_secret_of_json_is_given_as_it_is(
    secrets: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "property.json"
    path.write_text(json.dumps(secrets), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BUNDLE, str(path))
        found = resolve([f"bundle:{name}" for name in secrets], folder / "project")
    assert found == {f"bundle:{name}": secret for name, secret in secrets.items()}


_PIECES = st.sampled_from(
    [
        *"\n'\"{}[=#,!|\t\\\x00\ud800 ",
        "sip-1101",
        "s3cret",
        ": ",
        "- ",
        "&a ",
        "*a",
        "0123",
        "---\n",
    ]
)


@given(pieces=st.lists(_PIECES, max_size=12))
def test_whatever_a_bundle_holds_nothing_of_it_is_said(
    pieces: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / "any"
    path.write_bytes("".join(pieces).encode(errors="surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(BUNDLE, str(path))
        try:
            _, causes = attempt(["bundle:sip-1101"], folder / "project")
            said = str(diagnostics(causes))
        except Unreadable as refused_whole:
            said = str(refused_whole.problems)
    assert "s3cret" not in said
