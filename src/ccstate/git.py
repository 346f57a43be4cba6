"""Questions to git: the one place that starts it, so that nothing that a branch contains is obeyed.

A branch can hold a bare repository with a `config` that names programs, files that `include.path`
reads, attributes that name filters. So the repository is found here and named to git, which
looks for none itself; only objects, names and ignored paths are asked for, never a status or a
diff, which would run filters; and every setting that names a program is overruled.
Why: docs/adr/0018-what-a-branch-can-contain-is-not-trusted.md.
"""

import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

from ccstate.machine import program

_SECONDS = 30
_SECONDS_OF_A_REMOTE = 120
_NAME = ".git"
_LONGEST_GITFILE = 8192
_AT_ONCE = 400
"""Questions that are written before the answers are read: they fit into a pipe, whatever git waits for."""

# Names and meanings: git-config(1) of git 2.39. Given on the command line they win over all files.
_SETTINGS = (
    ("safe.bareRepository", "explicit"),  # since git 2.35.3; the repository is named anyway
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.attributesFile", os.devnull),
    ("core.pager", "cat"),
    ("core.sshCommand", "false"),
    ("core.askPass", "false"),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("gpg.program", "false"),
    ("gpg.openpgp.program", "false"),
    ("gpg.x509.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.ssh.defaultKeyCommand", "false"),
    ("gpg.ssh.allowedSignersFile", os.devnull),
    ("gpg.ssh.revocationFile", os.devnull),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),
)
# What ssh-keygen prints of a good signature by a key of the allowed signers file. Source: OpenSSH 9.2
# sshsig.c; gpg-interface.c of git 2.39, `parse_ssh_output`.
_SIGNED = re.compile(rb'Good "git" signature for (\S+) with \S+ key SHA256:\S+')
_OPTIONS = ("--no-pager", "--no-replace-objects", "--no-optional-locks")
# Environment variables: git(1). A lazy fetch of a partial clone would start programs: `protocol.allow`
# and GIT_ALLOW_PROTOCOL stop it in every version, GIT_NO_LAZY_FETCH (2.45) earlier.
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
    "LANGUAGE": "C",
}


class GitFailed(Exception):
    """Git does not answer, or may not be asked here; the text says why, "" where it is unknown."""


class GitMissing(GitFailed):
    """There is no git on this machine."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A working copy: its top folder, and the folder in which git keeps what it knows."""

    top: Path
    git_dir: Path

    def output(self, *arguments: str) -> bytes:
        """Return what git prints; GitFailed where it fails."""
        code, out, err = self._run(arguments)
        if code:
            raise GitFailed(err.decode(errors="replace").strip())
        return out

    def succeeds(self, *arguments: str) -> bool:
        """Check whether git exits with 0, and not with 1; GitFailed where it fails."""
        code, _, err = self._run(arguments)
        if code not in {0, 1}:
            raise GitFailed(err.decode(errors="replace").strip())
        return code == 0

    def inside(self, path: Path) -> str:
        """Return the path as git names it, from the top; its last part may be a link."""
        return str((path.parent.resolve() / path.name).relative_to(self.top))

    def holds(self, path: Path) -> bool:
        """Check whether the file is in the index, which is what the next commit is made of."""
        # Without a glob, an exact path or a folder of that name; -z: no quoting.
        return bool(self.output("ls-files", "-z", "--cached", "--", self.inside(path)))

    def ignores(self, path: Path) -> bool:
        """Check whether git passes the file over, because an ignore file says so."""
        return self.succeeds("check-ignore", "--quiet", "--", f"./{self.inside(path)}")

    def signer(self, commit: str, keys: Mapping[str, Iterable[str]]) -> str:
        """Name whose SSH key signed a commit, of the names with their public keys; "" where none did.

        What the user's or the repository's settings take for a good signature counts for nothing.
        """
        keygen = program("ssh-keygen")
        lines = [f'{name} namespaces="git" {key}\n' for name, own in keys.items() for key in own]
        if keygen is None or not lines:
            return ""
        with NamedTemporaryFile("w", prefix="ccstate-signers-") as allowed:
            allowed.writelines(lines)
            allowed.flush()
            settings = ("gpg.ssh.program", keygen), ("gpg.ssh.allowedSignersFile", allowed.name)
            code, _, err = self._run(("verify-commit", "--raw", commit), settings)
        found = {
            match[1].decode() for line in err.splitlines() if (match := _SIGNED.fullmatch(line))
        }
        name = found.pop() if len(found) == 1 else ""
        return name if code == 0 and name in keys else ""

    def write(self, *arguments: str, content: bytes = b"") -> str:
        """Give git bytes to store, and return the name that it prints for them."""
        code, out, err = self._run(arguments, content=content)
        if code:
            raise GitFailed(err.decode(errors="replace").strip())
        return out.decode().strip()

    def commit_tree(self, tree: str, parents: Iterable[str], message: str, author: str = "") -> str:
        """Make a commit of a tree, in the name of ccstate, and return its id; `author` is user or user@host."""
        more = [part for parent in parents for part in ("-p", parent)]
        settings = [("user.name", "ccstate"), ("user.email", "ccstate@localhost")]
        if author:
            # Since git 2.22; what cannot stand in a name is left out there.
            address = author if "@" in author else f"{author}@localhost"
            settings += [("author.name", author.partition("@")[0]), ("author.email", address)]
        arguments = ("commit-tree", *more, "-F", "-", tree)
        code, out, err = self._run(arguments, settings, message.encode(errors="replace"))
        if code:
            raise GitFailed(err.decode(errors="replace").strip())
        return out.decode().strip()

    def reach(self, remote: "Remote", *arguments: str) -> bytes:
        """Return what git prints where it speaks to a remote repository, and to nothing else."""
        code, out, err = self._run(arguments, remote.settings(), remote=remote)
        if code:
            # Rejected references are in the output, in a form for programs; other faults are not.
            said = out.decode(errors="replace") + err.decode(errors="replace")
            raise GitFailed(said.strip())
        return out

    @contextmanager
    def stream(self, *arguments: str) -> Iterator[IO[bytes]]:
        """Stream what git prints; the reader may stop early.

        Raises GitFailed where all was read, and git failed: what was read is not all there is.
        """
        with TemporaryFile() as complaints:
            with self._open(arguments, subprocess.DEVNULL, complaints) as process:
                try:
                    yield _pipe(process.stdout)
                except BaseException:
                    process.terminate()
                    raise
                if _pipe(process.stdout).read(1):
                    process.terminate()
                    return
            if process.returncode:
                complaints.seek(0)
                raise GitFailed(complaints.read().decode(errors="replace").strip())

    @contextmanager
    def blobs(self) -> Iterator["Blobs"]:
        """Open a reader of file versions: one process, however many are asked for."""
        with self._open(("cat-file", "--batch"), subprocess.PIPE, subprocess.DEVNULL) as process:
            questions = _pipe(process.stdin)
            try:
                yield Blobs(questions, _pipe(process.stdout))
            finally:
                with suppress(OSError):  # questions that a git which has ended did not read
                    questions.close()
                process.terminate()

    def _run(
        self,
        arguments: tuple[str, ...],
        settings: Iterable[tuple[str, str]] = (),
        content: bytes = b"",
        remote: "Remote | None" = None,
    ) -> tuple[int, bytes, bytes]:
        more = remote.environment() if remote else {}
        seconds = _SECONDS_OF_A_REMOTE if remote else _SECONDS
        try:
            done = subprocess.run(  # noqa: S603 - no shell; the arguments are ours
                self._command(arguments, settings),
                cwd=self.top,
                env={**_environment(), **more},
                input=content,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GitFailed(f"git did not answer within {seconds} s") from None
        except OSError:
            raise GitMissing from None
        return done.returncode, done.stdout, done.stderr

    def _open(
        self, arguments: tuple[str, ...], stdin: int, stderr: int | IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(  # noqa: S603 - no shell; the arguments are ours
                self._command(arguments),
                cwd=self.top,
                env=_environment(),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        except OSError:
            raise GitMissing from None

    def _command(
        self, arguments: tuple[str, ...], more: Iterable[tuple[str, str]] = ()
    ) -> list[str]:
        # The last of a name wins.
        settings = [
            part for name, value in (*_SETTINGS, *more) for part in ("-c", f"{name}={value}")
        ]
        places = [f"--git-dir={self.git_dir}", f"--work-tree={self.top}"]
        # check-ignore takes names, not patterns, and fails where that is said (git 2.39).
        literal = [] if arguments[0] == "check-ignore" else ["--literal-pathspecs"]
        git = program("git")
        if git is None:
            raise GitMissing
        return [git, *settings, *_OPTIONS, *literal, *places, *arguments]


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository elsewhere: an address of https, or a folder; with user and token, where it asks."""

    address: str
    user: str = ""
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        is_known = self.address.startswith("https://") or Path(self.address).is_absolute()
        if not is_known or any(character in self.address for character in " \t\r\n\0@"):
            raise GitFailed("a remote repository is an address of https://, or a whole path")

    def settings(self) -> list[tuple[str, str]]:
        """Return the settings with which nothing but this one is reached, and no other host."""
        kind = "https" if self.address.startswith("https://") else "file"
        return [
            (f"protocol.{kind}.allow", "always"),
            ("http.followRedirects", "false"),
            ("http.sslVerify", "true"),
        ]

    def environment(self) -> dict[str, str]:
        """Return variables for git: the token too, which other users could see among its arguments."""
        kind = "https" if self.address.startswith("https://") else "file"
        found = {"GIT_ALLOW_PROTOCOL": kind}
        if self.token:
            both = b64encode(f"{self.user}:{self.token}".encode()).decode()
            found |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{self.address}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {both}",
            }
        return found


@dataclass(frozen=True, slots=True)
class Blobs:
    """File versions by their ids, from `git cat-file --batch`."""

    questions: IO[bytes]
    answers: IO[bytes]

    def content(self, blob: str) -> bytes:
        """The bytes of a file's version; GitFailed where git does not have them."""
        return self.contents([blob])[0]

    def contents(self, blobs: Sequence[str]) -> list[bytes]:
        """The bytes of several, asked for together: each turn to git and back takes its time.

        GitFailed where git does not have one of them.
        """
        found: list[bytes] = []
        for first in range(0, len(blobs), _AT_ONCE):
            asked = blobs[first : first + _AT_ONCE]
            try:
                self.questions.write("".join(f"{blob}\n" for blob in asked).encode())
                self.questions.flush()
            except OSError:
                raise GitFailed("git ended early") from None
            answers = [self._answer() for _ in asked]  # all of them, to stay in step
            if missing := [b for b, data in zip(asked, answers, strict=True) if data is None]:
                raise GitFailed(f"git does not have the file version {missing[0]}")
            found += [data for data in answers if data is not None]
        return found

    def _answer(self) -> bytes | None:
        head = self.answers.readline().split()
        if len(head) != 3:
            return None
        data = self.answers.read(int(head[2]))
        self.answers.read(1)  # a line end
        return data


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise GitFailed("git was started without a pipe")
    return stream


def _environment() -> dict[str, str]:
    """The environment without anything that steers git, as hooks and aliases leave it behind."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **_ENVIRONMENT}


def repository(folder: Path) -> Repository | None:
    """Find the working copy that has the folder; None where it is in none.

    Raises GitFailed where what is there may not be used.
    """
    real = folder.resolve()
    for top in (real, *real.parents):
        entry = top / _NAME
        if entry.is_file():
            return Repository(top, _owned(_from_gitfile(entry), top))
        if _is_git_dir(entry):
            return Repository(top, _owned(entry, top))
    return None


def _is_git_dir(path: Path) -> bool:
    """Whether git would take it for a repository's folder. Source: setup.c, `is_git_directory`."""
    has_objects = (path / "objects").is_dir() or (path / "commondir").is_file()
    return path.is_dir() and os.path.lexists(path / "HEAD") and has_objects


def _from_gitfile(entry: Path) -> Path:
    """The folder that a file `.git` names, as submodules and linked working copies have one.

    No branch can contain a path with `.git` in it: what a branch brought is never taken.
    """
    try:
        with entry.open("rb") as file:
            text = file.read(_LONGEST_GITFILE).decode(errors="surrogateescape")
    except OSError as error:
        raise GitFailed(f"{entry} cannot be read: {error.strerror}") from None
    if not text.startswith("gitdir:") or "\0" in text:
        raise GitFailed(f"{entry} names no repository")
    real = (entry.parent / text.removeprefix("gitdir:").strip()).resolve()
    working_copies = [up for up in entry.parents if os.path.lexists(up / _NAME)]
    if _NAME not in real.parts and any(real.is_relative_to(up) for up in working_copies):
        raise GitFailed(f"{entry} names a folder inside of the working copy")
    if not _is_git_dir(real):
        raise GitFailed(f"{entry} names no repository")
    return real


def _owned(git_dir: Path, top: Path) -> Path:
    """The folder, where it is this user's, root's, or of the one whose working copy this is.

    Git asks the same, and knows exceptions from the user's settings, which are not read here. A
    runner in a container works in a copy that another user owns, `.git` and all: that is allowed.
    """
    owner = git_dir.stat().st_uid
    if owner not in {os.geteuid(), 0, top.stat().st_uid}:
        raise GitFailed(f"{git_dir} belongs to another user than its working copy")
    return git_dir
