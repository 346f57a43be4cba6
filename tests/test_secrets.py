"""References to secrets: what resolves, what does not and why, and what a seal tells."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ccstate.errors import InvalidInput
from ccstate.secrets import (
    attempt,
    is_seal,
    key_file,
    public_file,
    resolve,
    seal,
)
from ccstate.secrets.allowed import FILES, LARGEST, NAMES

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


@pytest.mark.parametrize(
    "reference",
    ["s3cret", "env:", "file:", "vault:x", "", "file:a\0b", "bundle:", "bundle:../x", "bundle:a b"],
)
def test_what_is_no_reference_is_refused(tmp_path: Path, reference: str) -> None:
    assert cause(reference, tmp_path) == "is none of env:NAME, file:path and bundle:name"


def test_everything_that_cannot_be_resolved_is_reported_at_once_by_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIP_EMPTY", "")
    monkeypatch.setenv("SIP_GOOD", "s3cret")
    missing = [f"env:PIN_{number}" for number in range(5)]
    with pytest.raises(InvalidInput) as refused:
        resolve([*missing, "env:SIP_EMPTY", "env:SIP_GOOD", "file:sip"], tmp_path)
    assert [problem.message for problem in refused.value.problems] == [
        "5 secrets: env:PIN_0, env:PIN_1, env:PIN_2 and 2 more: each is not set",
        "env:SIP_EMPTY is empty",
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


# What a reference may reach is said outside of the branch.

NO_NAME = "is not among the variables that a reference may name"
OUTSIDE = "lies outside of the project"
LINK = "leads through a link"


def refused(references: list[str], folder: Path) -> tuple[str, str, str]:
    with pytest.raises(InvalidInput) as caught:
        resolve(references, folder)
    [problem] = caught.value.problems
    return problem.code, problem.message, problem.hint


@pytest.fixture
def nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMES, raising=False)
    monkeypatch.delenv(FILES, raising=False)


@pytest.fixture
def git(tmp_path: Path) -> "Callable[..., None]":
    def run(*words: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    run("init", "-q")
    return run


@pytest.mark.usefixtures("nothing_more")
def test_only_variables_that_begin_as_secrets_do_are_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCSTATE_SECRET_AMI", "a")
    for name in ("GITHUB_TOKEN", "SIP_1101", "CCSTATE_DATABASE", "ccstate_secret_ami", "PATH"):
        monkeypatch.setenv(name, "t0ken")
        assert cause(f"env:{name}", tmp_path) == NO_NAME
    assert resolve(["env:CCSTATE_SECRET_AMI"], tmp_path) == {"env:CCSTATE_SECRET_AMI": "a"}


def test_a_pattern_allows_what_it_says_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAMES, "SIP_* PIN_210? EXACT")
    for name in ("SIP_1", "SIP_", "PIN_2101", "EXACT"):
        monkeypatch.setenv(name, "s")
        assert resolve([f"env:{name}"], tmp_path)
    for name in ("sip_1", "XSIP_1", "PIN_21011", "PIN_210", "EXACTLY", "EXAC"):
        monkeypatch.setenv(name, "s")
        assert cause(f"env:{name}", tmp_path) == NO_NAME


@pytest.mark.usefixtures("nothing_more")
def test_the_hint_allows_exactly_what_was_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SIP_1", "SIP_2", "TRUNK_A"):
        monkeypatch.setenv(name, "s")
    references = ["env:SIP_1", "env:SIP_2", "env:TRUNK_A"]
    code, message, hint = refused(references, tmp_path)
    assert (code, message) == (
        "CC450",
        f"3 secrets: env:SIP_1, env:SIP_2, env:TRUNK_A: each {NO_NAME}",
    )
    said = hint.removeprefix("where ccstate runs: export CCSTATE_SECRET_NAMES=")
    assert said == "'SIP_* TRUNK_A'"
    monkeypatch.setenv(NAMES, said.strip("'"))
    assert len(resolve(references, tmp_path)) == 3
    monkeypatch.setenv("PIN_1", "s")
    assert refused(["env:PIN_1"], tmp_path)[2].endswith("NAMES='SIP_* TRUNK_A PIN_1'")


@pytest.mark.parametrize("pattern", ["*", "?*", "S*", "*_TOKEN", "[A-Z]*", "SIP_* *", "SIP-*"])
def test_a_pattern_that_allows_everything_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setenv(NAMES, pattern)
    assert refused(["env:SIP_1"], tmp_path)[0] == "CC451"


@pytest.mark.parametrize("folders", ["/", "/proc", "/proc/self", "/dev", "/sys/x", "here", "/a:."])
def test_a_folder_that_holds_no_secrets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: str
) -> None:
    monkeypatch.setenv(FILES, folders)
    assert refused(["file:x"], tmp_path)[0] == "CC451"


@pytest.mark.usefixtures("nothing_more")
@pytest.mark.parametrize(
    "where",
    [
        "/etc/shadow",
        "/proc/self/environ",
        "/dev/stdin",
        "//proc/self/environ",
        "/./proc/self/environ",
        "../outside",
        "x/../../outside",
        "./x/../../../etc/passwd",
        "x/../sip",
        "PROJECT/../outside",
        "~/.ssh/id_rsa",
    ],
)
def test_no_file_outside_of_the_project_is_reached(tmp_path: Path, where: str) -> None:
    project = tmp_path / "project"
    (project / "x").mkdir(parents=True)
    (tmp_path / "outside").write_text("s3cret")
    (project / "sip").write_text("s3cret")
    reference = f"file:{where.replace('PROJECT', str(project))}"
    assert cause(reference, project) in {OUTSIDE, "does not exist"}


@pytest.mark.usefixtures("nothing_more")
def test_no_link_is_followed(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "real").mkdir()
    (project / "real" / "sip").write_text("s3cret")
    (tmp_path / "outside").write_text("s3cret")
    (project / "link").symlink_to(tmp_path / "outside")
    (project / "folder").symlink_to(tmp_path)
    (project / "inner").symlink_to("real")
    (project / "real" / "environ").symlink_to("/proc/self/environ")
    (project / "loop").symlink_to("loop")
    for where in ("link", "folder/outside", "inner/sip", "real/environ", "loop", "loop/x"):
        assert cause(f"file:{where}", project) == LINK
    assert resolve(["file:./real//sip", f"file:{project}/real/sip"], project)


@pytest.mark.usefixtures("nothing_more")
def test_a_pipe_keeps_no_reader_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert cause("file:pipe", tmp_path) == "is no file"


@pytest.mark.usefixtures("nothing_more")
def test_a_file_that_git_has_is_refused(tmp_path: Path, git: "Callable[..., None]") -> None:
    project = tmp_path / "pbx"
    (project / "secrets").mkdir(parents=True)
    for name in ("secrets/in-git", "secrets/Größe", "secrets/untracked", ".gitignore"):
        (project / name).write_text("s3cret")
    git("add", "--force", "pbx/secrets/in-git", "pbx/secrets/Größe")
    assert cause("file:secrets/in-git", project) == "is in git"
    assert cause("file:secrets/./in-git", project) == "is in git"
    # As a file system says that knows no case, and composes letters otherwise.
    assert cause("file:SECRETS/IN-GIT", project) == "is in git"
    assert cause("file:secrets/Gro\u0308ße", project) == "is in git"
    assert resolve(["file:secrets/untracked"], project)
    git("rm", "--cached", "-q", "pbx/secrets/in-git")
    assert resolve(["file:secrets/in-git"], project)


@pytest.mark.usefixtures("nothing_more")
def test_what_a_submodule_brings_is_in_git(tmp_path: Path, git: "Callable[..., None]") -> None:
    other = tmp_path / "other"
    other.mkdir()
    git("-C", "other", "init", "-q")
    (other / "chosen").write_text("by the branch")
    git("-C", "other", "add", ".")
    git("-C", "other", "commit", "-qm", "One")
    git("-c", "protocol.file.allow=always", "submodule", "-q", "add", "./other", "sub")
    assert (tmp_path / "sub" / "chosen").exists()
    assert cause("file:sub/chosen", tmp_path) == "is in git"


@pytest.mark.usefixtures("nothing_more")
@pytest.mark.parametrize(
    "where", [".git/config", ".GIT/config", ".ccstate/main.db", ".CCstate/x", "sub/.git/config"]
)
def test_what_git_and_ccstate_keep_is_no_secret(
    tmp_path: Path, git: "Callable[..., None]", where: str
) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("s3cret")
    assert cause(f"file:{where}", tmp_path) == "belongs to git or to ccstate"


@pytest.mark.usefixtures("nothing_more")
def test_where_git_cannot_be_asked_no_file_counts_as_outside_of_git(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere")
    (tmp_path / "sip").write_text("s3cret")
    references = [f"file:{name}" for name in ("sip", "pin")]
    code, message, _ = refused(references, tmp_path)
    assert (code, "may be a file in git" in message) == ("CC410", True)


def test_a_folder_that_is_allowed_is_reached_and_nothing_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, run = tmp_path / "project", tmp_path / "run"
    project.mkdir()
    (run / "..data").mkdir(parents=True)
    (run / "..data" / "sip").write_text("s3cret")
    (run / "sip").symlink_to("..data/sip")  # as Kubernetes mounts them
    (run / "away").symlink_to("/etc/hostname")
    (tmp_path / "running").write_text("s3cret")
    monkeypatch.setenv(FILES, f"{tmp_path}/nowhere:{run}")
    assert resolve([f"file:{run}/sip"], project) == {f"file:{run}/sip": "s3cret"}
    assert cause(f"file:{run}/away", project) == LINK
    assert cause(f"file:{tmp_path}/running", project) == OUTSIDE
    assert cause(f"file:{run}/../running", project) == OUTSIDE
    assert cause("file:../run/sip", project) == OUTSIDE


def test_a_folder_that_is_allowed_is_none_that_a_branch_chooses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "sip").write_text("s3cret")
    (project / "secrets").symlink_to(tmp_path / "outside")
    monkeypatch.setenv(FILES, f"{project}/secrets")
    assert cause("file:secrets/sip", project) == LINK
    assert cause(f"file:{project}/secrets/sip", project) == LINK


@pytest.mark.usefixtures("nothing_more")
def test_the_hint_for_a_file_allows_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "sip").write_text("s3cret")
    code, message, hint = refused([f"file:{tmp_path}/sip"], project)
    assert (code, message) == ("CC450", f"file:{tmp_path}/sip {OUTSIDE}")
    assert hint == f"where ccstate runs: export CCSTATE_SECRET_FILES={tmp_path}"
    monkeypatch.setenv(FILES, str(tmp_path))
    assert resolve([f"file:{tmp_path}/sip"], project)
    assert "export" not in refused(["file:/proc/self/environ"], project)[2]


@pytest.mark.usefixtures("nothing_more")
def test_keys_of_a_connection_are_secrets_and_certificates_are_not(
    tmp_path: Path, git: "Callable[..., None]"
) -> None:
    (tmp_path / "ca.pem").write_text("public")
    git("add", "ca.pem")
    assert public_file("ca.pem", tmp_path) == tmp_path / "ca.pem"
    for reach, path in (
        (key_file, "ca.pem"),
        (key_file, "/etc/hosts"),
        (public_file, "/etc/hosts"),
    ):
        with pytest.raises(InvalidInput) as caught:
            reach(path, tmp_path)
        assert caught.value.problems[0].code == "CC450"
