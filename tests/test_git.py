"""A branch that attacks through git: each attack would write a marker, and none does."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from ccstate.cli import COMMANDS, run
from ccstate.desired import cache_folder
from ccstate.errors import InvalidInput
from ccstate.git import GitFailed, repository
from ccstate.history import head_commit, history, would_be_committed
from ccstate.model import Address
from tests.waiting import until

PROJECT = """\
version: 1
targets: {main: {adapter: embedded, connection: {path: .ccstate/main.db}}}
"""
QUEUE = "queues: {sales: {label: Sales}}\n"

COMMAND_LINES = {
    "init": ["init", "new"],
    "validate": ["validate"],
    "rule": ["rule", "CC204"],
    "fmt": ["fmt"],
    "schema": ["schema"],
    "plan": ["plan"],
    "plans": ["plans"],
    "apply": ["apply"],
    "sign-off": ["sign-off", "0123456789ab"],
    "confirm": ["confirm"],
    "measure": ["measure"],
    "worker": ["worker", "--health"],
    "unlock": ["unlock"],
    "rollback": ["rollback", "HEAD"],
    "blame": ["blame", "queue/sales"],
    "audit": ["audit"],
    "evidence": ["evidence", "--out", "pack"],
    "promote": ["promote", "staging", "production"],
    "policy": ["policy"],
    "verify": ["verify"],
    "drift": ["drift"],
    "show": ["show", "queue/sales"],
    "adopt": ["adopt", "--all"],
    "import": ["import", "etc", "--timezone", "UTC", "--secrets", "secrets.sh"],
    "test": ["test"],
    "history": ["history", "queue/sales"],
    "simulate": ["simulate", "queue/sales"],
    "graph": ["graph", "queue/sales"],
    "ci": ["ci", "plan", "--base", "HEAD", "--forge", "files", "--into", "answer", "--change", "1"],
    "holidays": ["holidays", "AU-NSW", "2027"],
}


FILES = ["--forge", "files", "--into", "answer"]
SUBCOMMANDS = [["ci", "apply", *FILES], ["ci", "record", "--local"], ["ci", "drift", *FILES]]


class Attacked:
    """A project in the subfolder `pbx` of a repository, and a program that leaves a marker."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "checkout"
        self.pbx = self.top / "pbx"
        self.marker = folder / "marker"
        self.program = folder / "evil.sh"
        self.program.write_text(f"#!/bin/sh\necho ran >>'{self.marker}'\nexit 1\n")
        self.program.chmod(0o755)
        self.top.mkdir()
        self.git("init", "-q")
        self.write("pbx/ccstate.yaml", PROJECT)
        self.write("pbx/desired_state/all.yaml", QUEUE)
        self.write("pbx/etc/extensions.conf", "[default]\nexten => 100,1,Hangup()\n")
        self.write(
            "pbx/etc/pjsip.conf",
            "[2001]\ntype=endpoint\nauth=2001\ncontext=default\n"
            "[2001]\ntype=auth\nusername=2001\npassword=abcdefgh1234\n",
        )
        self.write(".gitattributes", "*.yaml filter=evil diff=evil\n")
        self.git("add", "--all")
        self.git("commit", "-qm", "One")

    def write(self, name: str, content: str) -> Path:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path

    def git(self, *words: str, folder: Path | None = None) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *words]
        settled = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            command,
            cwd=folder or self.top,
            env={**os.environ, **settled},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def settings(self, name: str) -> str:
        """A configuration in which everything that can name a program names ours."""
        program = self.program
        return (
            f"[core]\n\trepositoryformatversion = 1\n\tfsmonitor = {program}\n"
            f"\tsshCommand = {program}\n\tpager = {program}\n\thooksPath = {self.top}/hooks\n"
            f"\taskPass = {program}\n\teditor = {program}\n\talternateRefsCommand = {program}\n"
            f'[diff]\n\texternal = {program}\n[diff "evil"]\n\ttextconv = {program}\n'
            f'\tcommand = {program}\n[filter "evil"]\n\tclean = {program}\n\tsmudge = {program}\n'
            f"\tprocess = {program}\n\trequired = true\n[gpg]\n\tprogram = {program}\n"
            f"[log]\n\tshowSignature = true\n[pager]\n\tlog = {program}\n\tstatus = {program}\n"
            f"[credential]\n\thelper = !{program}\n[uploadpack]\n\tpackObjectsHook = {program}\n"
            f"[extensions]\n\tpartialClone = origin\n"
            f'[remote "origin"]\n\turl = ext::{program} {name}\n\tpromisor = true\n'
            f"\tpartialclonefilter = blob:none\n\tuploadpack = {program}\n"
            f"[include]\n\tpath = {self.top}/more.config\n"
        )

    def hooks(self) -> None:
        folder = self.top / "hooks"
        folder.mkdir()
        for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit"):
            (folder / name).write_text(self.program.read_text())
            (folder / name).chmod(0o755)


@pytest.fixture
def attacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attacked:
    monkeypatch.delenv("CCSTATE_PROJECT", raising=False)
    return Attacked(tmp_path)


def _bare(attacked: Attacked, where: str) -> None:
    """A bare repository as ordinary files, which every branch can hold."""
    attacked.write(f"{where}/HEAD", "ref: refs/heads/main\n")
    attacked.write(f"{where}/objects/.keep", "")
    attacked.write(f"{where}/refs/heads/.keep", "")
    # With a working copy named, git does there what it does in any other repository.
    copy = f"[core]\n\tbare = false\n\tworktree = {attacked.pbx}\n"
    attacked.write(f"{where}/config", attacked.settings(where) + copy)
    attacked.git("add", "--all")
    attacked.git("commit", "-qm", "Two")


def bare_in_the_project(attacked: Attacked) -> None:
    _bare(attacked, "pbx")


def bare_in_the_desired_state(attacked: Attacked) -> None:
    _bare(attacked, "pbx/desired_state")


def bare_at_the_top(attacked: Attacked) -> None:
    _bare(attacked, ".")


def own_configuration(attacked: Attacked) -> None:
    """The repository's own file includes one of the branch, as some teams set it up."""
    evil = attacked.write("pbx/evil.config", attacked.settings("own"))
    with (attacked.top / ".git" / "config").open("a") as config:
        config.write(f"[include]\n\tpath = {evil}\n")
    attacked.write("pbx/desired_state/all.yaml", QUEUE + "# changed\n")


def a_nested_repository(attacked: Attacked) -> None:
    """No branch can bring `.git`; an archive that is unpacked in the job can."""
    attacked.git("init", "-q", folder=attacked.pbx)
    attacked.git("add", "--all", folder=attacked.pbx)
    attacked.git("commit", "-qm", "Inner", folder=attacked.pbx)
    (attacked.pbx / ".git" / "config").write_text(attacked.settings("nested"))
    attacked.write("pbx/desired_state/all.yaml", QUEUE + "# changed\n")


def a_gitfile(attacked: Attacked) -> None:
    _bare(attacked, "evil")
    attacked.write("pbx/.git", "gitdir: ../evil\n")


def a_worktree_configuration(attacked: Attacked) -> None:
    attacked.git("config", "extensions.worktreeConfig", "true")
    (attacked.top / ".git" / "config.worktree").write_text(attacked.settings("worktree"))
    attacked.write("pbx/desired_state/all.yaml", QUEUE + "# changed\n")


def missing_objects(attacked: Attacked) -> None:
    """What is not there would be fetched by a program of the branch's choice."""
    own_configuration(attacked)
    for path in (attacked.top / ".git" / "objects").glob("??/*"):
        kind = attacked.git("cat-file", "-t", path.parent.name + path.name)
        if kind == "blob":
            path.unlink()


ATTACKS: list[Callable[[Attacked], None]] = [
    bare_in_the_project,
    bare_in_the_desired_state,
    bare_at_the_top,
    own_configuration,
    a_nested_repository,
    a_gitfile,
    a_worktree_configuration,
    missing_objects,
]


def test_every_command_is_attacked() -> None:
    assert COMMAND_LINES.keys() == COMMANDS.keys()


def test_the_attack_works_on_a_program_that_asks_git_without_care(attacked: Attacked) -> None:
    bare_in_the_project(attacked)
    asked = ["git", "status", "--porcelain=v2"]
    subprocess.run(asked, cwd=attacked.pbx, check=False, capture_output=True)
    assert attacked.marker.exists()


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_command_runs_what_a_branch_names(
    attacked: Attacked,
    attack: Callable[[Attacked], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attacked.hooks()
    attack(attacked)
    attacked.marker.unlink(missing_ok=True)  # the set-up itself used git
    monkeypatch.chdir(attacked.pbx)
    for line in [*COMMAND_LINES.values(), *SUBCOMMANDS]:
        run(line)
        assert not attacked.marker.exists(), line
    assert "Traceback" not in "".join(capsys.readouterr())


def test_a_git_that_ends_before_it_is_asked_has_failed(attacked: Attacked) -> None:
    """As one does that would have to fetch what is not there."""
    found = repository(attacked.pbx)
    assert found
    shutil.rmtree(attacked.top / ".git")
    with found.blobs() as blobs:
        until(lambda: is_closed(blobs.questions), "git has ended")
        with pytest.raises(GitFailed, match="git ended early"):
            blobs.contents(["0" * 40])


def is_closed(pipe: IO[bytes]) -> bool:
    """Whether nobody reads a pipe any more."""
    try:
        pipe.write(b"\n")
        pipe.flush()
    except BrokenPipeError:
        return True
    return False


@pytest.mark.parametrize("attack", [bare_in_the_project, bare_in_the_desired_state])
def test_a_bare_repository_in_the_branch_changes_no_answer(
    attacked: Attacked, attack: Callable[[Attacked], None]
) -> None:
    attack(attacked)
    assert head_commit(attacked.pbx, "desired_state") == attacked.git("rev-parse", "HEAD")
    entries = history(attacked.pbx, "desired_state", Address("queue", "sales"), 9)
    assert [entry.subject for entry in entries] == ["One"]


@pytest.mark.parametrize(
    "name, value",
    [
        ("GIT_DIR", "elsewhere"),
        ("GIT_WORK_TREE", "/"),
        ("GIT_INDEX_FILE", "/dev/null"),
        ("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='PROGRAM'"),
        ("GIT_EXTERNAL_DIFF", "PROGRAM"),
        ("GIT_PAGER", "PROGRAM"),
        ("GIT_SSH_COMMAND", "PROGRAM"),
        ("GIT_CONFIG_GLOBAL", "CONFIG"),
        ("GIT_CONFIG_SYSTEM", "CONFIG"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere"),
        ("GIT_CEILING_DIRECTORIES", "/"),
        ("GIT_TRACE", "/dev/stdout"),
        ("GIT_EXEC_PATH", "/nowhere"),
        ("GIT_NAMESPACE", "other"),
    ],
)
def test_no_variable_steers_git(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    commit = attacked.git("rev-parse", "HEAD")
    config = attacked.write("my.config", attacked.settings("variable"))
    value = value.replace("PROGRAM", str(attacked.program)).replace("CONFIG", str(config))
    monkeypatch.setenv(name, value)
    assert head_commit(attacked.pbx, "desired_state") == commit
    assert history(attacked.pbx, "desired_state", Address("queue", "sales"), 9)
    assert not attacked.marker.exists()


def test_a_file_git_inside_of_the_working_copy_is_refused(attacked: Attacked) -> None:
    for named in ("../evil", "evil", str(attacked.top / "evil"), "./../evil/../evil"):
        for where in ("evil", "pbx/evil"):
            if not (attacked.top / where).exists():
                _bare(attacked, where)
        attacked.write("pbx/.git", f"gitdir: {named}\n")
        with pytest.raises(GitFailed, match="inside of the working copy"):
            repository(attacked.pbx)
        (attacked.pbx / ".git").unlink()


def test_linked_working_copies_and_submodules_are_repositories(
    attacked: Attacked, tmp_path: Path
) -> None:
    commit = attacked.git("rev-parse", "HEAD")
    attacked.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert head_commit(tmp_path / "linked" / "pbx", "desired_state") == commit
    outer = tmp_path / "outer"
    outer.mkdir()
    attacked.git("init", "-q", folder=outer)
    add = ["-c", "protocol.file.allow=always", "submodule", "-q", "add", str(attacked.top), "sub"]
    attacked.git(*add, folder=outer)
    assert (outer / "sub" / ".git").is_file()
    assert head_commit(outer / "sub" / "pbx", "desired_state") == commit


def test_a_repository_of_another_user_is_left_alone_unless_the_copy_is_theirs(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = os.stat

    def owned(git_dir: int, top: int) -> None:
        def answered(path: object, **more: object) -> os.stat_result:
            told = found(path, **more)  # type: ignore[arg-type]  # as `Path.stat` hands it over
            owner = {str(attacked.top / ".git"): git_dir, str(attacked.top): top}
            return os.stat_result((*told[:4], owner.get(str(path), told[4]), *told[5:]))

        monkeypatch.setattr(os, "stat", answered)

    me, other = os.geteuid(), os.geteuid() + 1
    owned(other, me)
    with pytest.raises(GitFailed, match="another user"):
        repository(attacked.pbx)
    owned(other, other)  # a container's runner in the checkout of its host
    assert repository(attacked.pbx)
    owned(0, me)
    assert repository(attacked.pbx)


def test_what_an_ignore_file_names_differs_from_the_commit_all_the_same(attacked: Attacked) -> None:
    commit = attacked.git("rev-parse", "HEAD")
    attacked.write(".git/info/exclude", "more.yaml\n")
    attacked.write("pbx/desired_state/more.yaml", "queues: {more: {}}\n")
    assert head_commit(attacked.pbx, "desired_state") == f"{commit}+"


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_no_mark_in_the_index_hides_a_change(attacked: Attacked, mark: str) -> None:
    commit = attacked.git("rev-parse", "HEAD")
    path = attacked.write("pbx/desired_state/all.yaml", QUEUE + "# changed\n")
    attacked.git("update-index", mark, str(path))
    assert head_commit(attacked.pbx, "desired_state") == f"{commit}+"


def test_lines_that_end_as_on_windows_are_no_change(attacked: Attacked) -> None:
    commit = attacked.git("rev-parse", "HEAD")
    path = attacked.pbx / "desired_state" / "all.yaml"
    path.write_bytes(QUEUE.replace("\n", "\r\n").encode())
    assert head_commit(attacked.pbx, "desired_state") == commit
    path.unlink()
    assert head_commit(attacked.pbx, "desired_state") == f"{commit}+"


@pytest.mark.git
def test_a_repository_with_long_ids_has_a_commit(tmp_path: Path) -> None:
    made = Attacked.__new__(Attacked)
    made.top = tmp_path
    made.git("init", "-q", "--object-format=sha256")
    made.write("ccstate.yaml", PROJECT)
    made.write("desired_state/größe.yaml", QUEUE)
    made.git("add", "--all")
    made.git("commit", "-qm", "One")
    commit = made.git("rev-parse", "HEAD")
    assert len(commit) == 64
    assert head_commit(tmp_path, "desired_state") == commit


def test_history_is_never_cut_short_without_a_word(attacked: Attacked) -> None:
    attacked.write("pbx/desired_state/all.yaml", QUEUE.replace("Sales", "Shop"))
    attacked.git("commit", "-qam", "Two")
    tree = attacked.git("rev-parse", "HEAD~1^{tree}")
    (attacked.top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(InvalidInput):
        history(attacked.pbx, "desired_state", Address("queue", "sales"), 9)


def test_no_file_of_a_branch_says_who_made_a_commit(attacked: Attacked) -> None:
    attacked.write(".mailmap", "The Boss <boss@example.com> <a@example.com>\n")
    attacked.git("add", "--all")
    attacked.git("commit", "-qm", "Two")
    assert attacked.git("log", "-1", "--format=%aN") == "The Boss"
    [entry] = history(attacked.pbx, "desired_state", Address("queue", "sales"), 9)
    assert entry.author == "A <a@example.com>"


@pytest.mark.parametrize("where", ["pbx/.cache", ".cache"])
def test_no_cache_is_kept_where_a_branch_could_bring_it(attacked: Attacked, where: str) -> None:
    assert cache_folder({"XDG_CACHE_HOME": str(attacked.top / where)}, attacked.pbx) is None


def test_a_cache_around_the_working_copy_is_none_that_git_has_files_of(attacked: Attacked) -> None:
    inner = attacked.top / "inner"
    shutil.copytree(attacked.pbx, inner)
    attacked.git("init", "-q", folder=inner)
    environment = {"CCSTATE_CACHE": str(attacked.top / "kept")}
    found = cache_folder(environment, inner)
    assert found
    assert found.is_relative_to(attacked.top / "kept")
    attacked.write("kept/parsed/x/key", "k" * 32)
    attacked.git("add", "kept")
    assert cache_folder(environment, inner) is None


def test_git_itself_says_whether_it_holds_or_ignores_a_file(attacked: Attacked) -> None:
    found = repository(attacked.pbx)
    assert found
    assert found.holds(attacked.pbx / "ccstate.yaml")
    assert not found.holds(attacked.write("pbx/secret", "s"))
    assert not found.holds(attacked.write("pbx/*.yaml", "a name, no pattern"))
    attacked.write(".gitignore", "secret\n")
    assert not would_be_committed(attacked.pbx / "secret")
    assert would_be_committed(attacked.pbx / "other")


def test_no_other_module_starts_git() -> None:
    source = Path(__file__).parent.parent / "src" / "ccstate"
    starts = [
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if '"git"' in path.read_text() or "import git\n" in path.read_text()
    ]
    assert starts == ["git.py"]
