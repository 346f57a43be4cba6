"""Debian's packages, unpacked into a folder: no root, no chroot, nothing of theirs is run.

apt-get resolves, downloads and verifies as ever (signed indexes, hashes), only with folders of its
own and with an empty list of what is installed, so that all libraries come along.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ccstate.errors import Diagnostic, InvalidInput

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR = "http://deb.debian.org/debian/"
"""Debian's own, used where apt knows none: no Debian, or no lists yet; http, for apt verifies."""
LEFT_OUT = ("./usr/share/man/*", "./usr/share/locale/*")
AGAIN = (
    "see whether this machine reaches the mirror (a proxy: Acquire::http::Proxy in /etc/apt/apt.conf.d; "
    "a mirror of yours: in sources.list, then apt-get update), and try again"
)
DOWNLOADING = 600.0  # seconds for a step of apt-get; 20 is usual


@dataclass(frozen=True, slots=True)
class Packages:
    """What to unpack: the packages, all that they depend on, and nothing that is recommended."""

    name: str
    suite: str
    names: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where they are, or will be; another recipe has another folder."""
        recipe = " ".join((self.suite, *self.names, *LEFT_OUT))
        return cache() / f"{self.name}-{sha256(recipe.encode()).hexdigest()[:8]}"


def cache() -> Path:
    """What the lab keeps between runs, and can make again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ccstate"


def unpacked(packages: Packages) -> Path:
    """The folder into which they are unpacked; done now, once, where it was not.

    Measured: Asterisk 22 in 20 s, 16 in 15 s, sipp in 10 s, most of it downloading.
    Raises InvalidInput where they cannot be had.
    """
    if packages.folder.exists():
        return packages.folder
    packages.folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(packages.folder.with_suffix(".lock")):
        if not packages.folder.exists():  # somebody else did it, while we waited
            _unpack(packages)
    return packages.folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _unpack(packages: Packages) -> None:
    source = _source(packages)
    work = Path(tempfile.mkdtemp(prefix=f".{packages.name}-", dir=packages.folder.parent))
    try:
        archives = _download(packages, source, work)
        root = work / "root"
        _merged(root)
        for archive in archives:
            _extract(archive, root)
        root.rename(packages.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _merged(root: Path) -> None:
    """/bin, /sbin, /lib and /lib64 are links into /usr, as in every Debian since 2023."""
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")


def _extract(archive: Path, root: Path) -> None:
    """What dpkg would unpack, without its scripts."""
    exclude = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    unpack = ["tar", "-x", "-C", str(root), "--keep-directory-symlink", "--no-same-owner", *exclude]
    with subprocess.Popen(  # noqa: S603 - the path is one that apt-get wrote for us
        ["dpkg-deb", "--fsys-tarfile", str(archive)],  # noqa: S607 - of the machine's own PATH
        stdout=subprocess.PIPE,
    ) as reading:
        _run(unpack, stdin=reading.stdout)
    if reading.returncode:
        raise _cannot(f"{archive.name} cannot be read", "dpkg-deb failed", AGAIN)


def _download(packages: Packages, source: str, work: Path) -> list[Path]:
    for folder in ("archives/partial", "lists/partial", "etc/apt.conf.d", "etc/preferences.d"):
        (work / folder).mkdir(parents=True)
    (work / "status").touch()
    (work / "etc/sources.list").write_text(source, encoding="utf-8")
    options = {
        "Dir::Etc": work / "etc",
        "Dir::Etc::sourcelist": work / "etc/sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "APT::Architecture": "amd64",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Debug::NoLocking": "1",
        # Root's apt would download as _apt, who may not write here; we are who we are.
        "APT::Sandbox::User": "root" if os.getuid() == 0 else "",
    }
    apt = ["apt-get", "-qq", *(word for item in options.items() for word in ("-o", _said(item)))]
    _run([*apt, "update"])
    _run([*apt, "--download-only", "-y", "install", *packages.names])
    return sorted((work / "archives").glob("*.deb"))


def _said(option: tuple[str, object]) -> str:
    name, value = option
    return f"{name}={value}"


def _source(packages: Packages) -> str:
    """The line of sources.list: this machine's mirror, another suite."""
    if platform.machine() != "x86_64":
        raise _cannot(
            f"the lab runs on x86_64, and this machine is {platform.machine()}",
            "only those packages are known to run so",
            "run it on another machine, or name a server of yours in ccstate.yaml",
        )
    targets = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL)"]
    # Nothing where nobody has fetched lists (apt 2.6, seen): only a list says whose it is.
    lines = _run([*targets, "Created-By: Packages"]).splitlines()
    words = [line.rpartition(" ") for line in lines]
    mirrors = [place for place, _, label in words if label == "Debian"]
    if not KEYRING.exists():
        raise _cannot(
            f"{KEYRING} is missing",
            "without it nothing that comes from Debian can be verified",
            "apt-get install debian-archive-keyring",
        )
    return f"deb [signed-by={KEYRING}] {(mirrors or [MIRROR])[0]} {packages.suite} main\n"


def _run(command: list[str], *, stdin: object = subprocess.DEVNULL) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - programs of the machine, arguments of ours
            command,
            stdin=stdin,  # type: ignore[call-overload]  # a pipe or DEVNULL
            capture_output=True,
            text=True,
            check=False,
            timeout=DOWNLOADING,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except FileNotFoundError:
        raise _cannot(
            f"{command[0]} is missing",
            "the lab unpacks packages of Debian with it",
            "run the lab on Debian or Ubuntu, or name an unpacked Asterisk in CCSTATE_ASTERISK_22",
        ) from None
    except subprocess.TimeoutExpired:
        raise _cannot(
            f"{command[0]} took longer than {DOWNLOADING:.0f} seconds",
            "the mirror may be slow or away",
            AGAIN,
        ) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it does not say why"])[-1]
        raise _cannot(f"{command[0]} failed: {said}", "nothing was unpacked", AGAIN)
    return str(done.stdout)


def _cannot(message: str, cause: str, hint: str) -> InvalidInput:
    return InvalidInput([Diagnostic("CC923", message, cause=cause, hint=hint)])
