"""References to secrets: what resolves, what does not and why, and what a seal tells."""

from pathlib import Path

import pytest

from ccstate.errors import InvalidInput
from ccstate.secrets import LARGEST, attempt, is_seal, resolve, seal

KEY = bytes(range(32))


def cause(reference: str, folder: Path) -> str:
    found, causes = attempt([reference], folder)
    assert not found
    return causes[reference]


def test_a_reference_to_the_environment_gives_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIP_1101", "s3cret")
    assert resolve(["env:SIP_1101"], tmp_path) == {"env:SIP_1101": "s3cret"}


@pytest.mark.parametrize(
    "content, secret",
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b"s3cret\n\n", "s3cret\n"),
        (b"s3cret\r", "s3cret\r"),
        (" schlüssel ".encode(), " schlüssel "),
        (b"x" * LARGEST, "x" * LARGEST),
    ],
)
def test_a_file_gives_its_text_without_the_last_line_end(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "sip").write_bytes(content)
    assert resolve(["file:secrets/sip"], tmp_path) == {"file:secrets/sip": secret}


def test_a_file_may_be_anywhere(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside").write_text("s3cret")
    (project / "link").symlink_to(tmp_path / "outside")
    references = [f"file:{tmp_path}/outside", "file:../outside", "file:link"]
    assert set(resolve(references, project).values()) == {"s3cret"}


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * (LARGEST + 1), "holds more than 64 KB"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "sip").write_bytes(content)
    assert cause("file:sip", tmp_path) == why


def test_what_is_no_file_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "sip").write_text("s3cret")
    assert cause("file:.", tmp_path) == "is no file"
    assert cause("file:/dev/zero", tmp_path) == "is no file"
    assert cause("file:missing", tmp_path) == "does not exist"
    assert cause("file:sip/deeper", tmp_path) == "does not exist"
    assert cause(f"file:{'x' * 300}", tmp_path) == "cannot be read"


@pytest.mark.parametrize("value, why", [(None, "is not set"), ("", "is empty")])
def test_a_variable_that_holds_no_secret_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, why: str
) -> None:
    monkeypatch.delenv("SIP_1101", raising=False)
    if value is not None:
        monkeypatch.setenv("SIP_1101", value)
    assert cause("env:SIP_1101", tmp_path) == why


def test_a_variable_that_is_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIP_1101", "\udcff")
    assert cause("env:SIP_1101", tmp_path) == "is not UTF-8 text"


@pytest.mark.parametrize("reference", ["s3cret", "env:", "file:", "vault:x", "", "file:a\0b"])
def test_what_is_no_reference_is_refused(tmp_path: Path, reference: str) -> None:
    assert cause(reference, tmp_path) == "has neither the form env:NAME nor file:path"


def test_everything_that_cannot_be_resolved_is_told_at_once_by_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("GOOD", "s3cret")
    missing = [f"env:NO_{number}" for number in range(5)]
    with pytest.raises(InvalidInput) as refused:
        resolve([*missing, "env:EMPTY", "env:GOOD", "file:sip"], tmp_path)
    assert [problem.message for problem in refused.value.problems] == [
        "5 secrets: env:NO_0, env:NO_1, env:NO_2 and 2 more: each is not set",
        "env:EMPTY is empty",
        "file:sip does not exist",
    ]
    assert all(problem.hint and problem.code == "CC410" for problem in refused.value.problems)
    assert "s3cret" not in str(refused.value)


def test_a_seal_tells_that_a_secret_changed_and_not_what_it_is() -> None:
    one = seal(KEY, "s3cret")
    assert one == seal(KEY, "s3cret") == "sealed:041efc537aab85fd"
    assert len({one, seal(KEY, "s3cret "), seal(bytes(32), "s3cret")}) == 3
    assert is_seal(one)
    assert not is_seal("s3cret")
    assert not is_seal(None)
