"""Asterisk, sipp and espeak-ng as programs that can be run: where they are, or how they come here.

Debian's packages are unpacked into a folder of this user: no root, no chroot, nothing of theirs is
run. They bring their own libraries and loader, so that Asterisk 22 of Debian sid runs on an older
Debian or Ubuntu. apt-get resolves, downloads and verifies as ever (signed indexes, hashes), only
with folders of its own and with an empty list of what is installed, so that all libraries come along.
"""

import fcntl
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
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
    left_out: tuple[str, ...] = LEFT_OUT
    """Files that are not unpacked, as patterns of tar."""

    @property
    def folder(self) -> Path:
        """Where they are, or will be; another recipe has another folder."""
        recipe = " ".join((self.suite, *self.names, *self.left_out))
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
    with alone(packages.folder.with_suffix(".lock")):
        if not packages.folder.exists():  # another process may have done it meanwhile
            _unpack(packages)
    return packages.folder


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock while something is fetched that other processes may want, too."""
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
            _extract(archive, root, packages.left_out)
        root.rename(packages.folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _merged(root: Path) -> None:
    """/bin, /sbin, /lib and /lib64 are links into /usr, as in every Debian since 2023."""
    for folder in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")


def _extract(archive: Path, root: Path, left_out: Iterable[str]) -> None:
    """What dpkg would unpack, without its scripts."""
    exclude = [f"--exclude={pattern}" for pattern in left_out]
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
    # Nothing where no lists were fetched (apt 2.6, seen): only a list says whose it is.
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
    return InvalidInput(Diagnostic("CC923", message, cause=cause, hint=hint))


ASTERISK: Mapping[str, Packages] = {
    # 22.10 (seen in sid).
    "22": Packages(
        "asterisk-22", "sid", ("asterisk", "asterisk-config", "asterisk-core-sounds-en-gsm")
    ),
    # 16.28 (seen in bullseye), where app_voicemail is a package of its own.
    "16": Packages(
        "asterisk-16",
        "bullseye",
        ("asterisk", "asterisk-config", "asterisk-core-sounds-en-gsm", "asterisk-voicemail"),
    ),
}
SIPP = Packages("sipp", "bookworm", ("sip-tester",))
ESPEAK = Packages("espeak-ng", "bookworm", ("espeak-ng",))
_GLIBC = ("c", "m", "dl", "pthread", "rt", "resolv", "util", "anl", "mvec", "nsl", "thread_db")
CHROMIUM = Packages(
    "chromium",
    "bookworm",
    ("chromium-headless-shell", "fonts-dejavu-core"),
    (
        *LEFT_OUT,
        "./usr/share/doc/*",
        "./usr/lib/x86_64-linux-gnu/libLLVM*",
        "./usr/lib/x86_64-linux-gnu/dri/*",
        *(f"./lib/x86_64-linux-gnu/lib{part}.so*" for part in _GLIBC),
    ),
)
"""Starts itself again and again, so that its loader, and with it the C library, is the machine's own."""

LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib/x86_64-linux-gnu/pulseaudio")
LOADER = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"


@dataclass(frozen=True, slots=True)
class Programs:
    """One release of Asterisk, unpacked under `root`."""

    release: str
    """What was asked for: "22" or "16"."""
    root: Path

    @property
    def asterisk(self) -> tuple[str, ...]:
        """What to write before the arguments of Asterisk."""
        return command(self.root, "usr/sbin/asterisk")

    @property
    def modules(self) -> Path:
        """Where app_queue.so is; Debian keeps it in lib/asterisk (16) or lib/<machine> (22)."""
        for folder in LIBRARIES:
            path = self.root / folder / "asterisk" / "modules"
            if (path / "app_queue.so").exists():
                return path
        raise _not_whole(self, "modules/app_queue.so")

    @property
    def data(self) -> Path:
        """The folder of documentation, sounds and web pages that came with the package."""
        return self.root / "usr/share/asterisk"

    @property
    def sounds(self) -> Path:
        """The spoken words in American English, as GSM."""
        return self.data / "sounds/en_US_f_Allison"


def programs(release: str = "22") -> Programs:
    """Asterisk of that release, unpacked now where it was not yet.

    `CCSTATE_ASTERISK_22`, `CCSTATE_ASTERISK_16` name a folder where it already is.
    Raises InvalidInput where it cannot be had.
    """
    if release not in ASTERISK:
        known = " and ".join(ASTERISK)
        raise InvalidInput(
            Diagnostic("CC920", f"no Asterisk {release} in the lab", hint=f"there are {known}")
        )
    named = _named(release)
    found = Programs(release, named or unpacked(ASTERISK[release]))
    for needed in ("usr/sbin/asterisk", LOADER):
        if not (found.root / needed).exists():
            raise _not_whole(found, needed)
    return found


def at_hand(release: str) -> bool:
    """Whether `programs`, `sipp` and `path_with_espeak` would fetch nothing."""
    asterisk = _named(release) or ASTERISK[release].folder
    others = (SIPP, ESPEAK)
    return asterisk.exists() and all(shutil.which(o.name) or o.folder.exists() for o in others)


def sipp() -> tuple[str, ...]:
    """What to write before the arguments of sipp: from PATH, or unpacked now.

    Raises InvalidInput where it cannot be had.
    """
    if path := shutil.which("sipp"):
        return (path,)
    return command(unpacked(SIPP), "usr/bin/sipp")


def path_with_espeak() -> str:
    """PATH, on which espeak-ng is found: that of this machine, or one that is unpacked now.

    Raises InvalidInput where it cannot be had.
    """
    path = os.environ.get("PATH", os.defpath)
    if shutil.which(ESPEAK.name, path=path):
        return path
    root = unpacked(ESPEAK)
    starter = root / "start" / ESPEAK.name
    if not starter.exists():
        starter.parent.mkdir(exist_ok=True)
        new = starter.with_name(f"{ESPEAK.name}.{os.getpid()}")
        new.write_text(
            f"#!/bin/sh\nESPEAK_DATA_PATH={shlex.quote(str(root / LIBRARIES[0]))} "
            f'exec {shlex.join(command(root, "usr/bin/espeak-ng"))} "$@"\n',
            encoding="utf-8",
        )
        new.chmod(0o755)
        new.replace(starter)
    return f"{path}{os.pathsep}{starter.parent}"


def chromium() -> tuple[tuple[str, ...], Mapping[str, str]]:
    """What to write before the arguments of a browser without a screen, and its environment.

    Of this machine, or unpacked now. Raises InvalidInput where it cannot be had.
    """
    for name in ("chromium", "google-chrome"):
        if path := shutil.which(name):
            return (path, "--headless"), os.environ
    root = unpacked(CHROMIUM)
    libraries = os.pathsep.join(str(root / folder) for folder in LIBRARIES)
    fonts = root / "fonts.conf"
    if not fonts.exists():
        told = f"<fontconfig><dir>{root}/usr/share/fonts</dir></fontconfig>\n"
        fonts.write_text(told, encoding="utf-8")
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(fonts)}
    return (str(root / "usr/lib/chromium/chromium-headless-shell"),), environment


def command(root: Path, program: str) -> tuple[str, ...]:
    """What to write before the arguments of an unpacked program: loader, libraries, itself."""
    libraries = ":".join(str(root / folder) for folder in LIBRARIES)
    return (str(root / LOADER), "--library-path", libraries, str(root / program))


def _named(release: str) -> Path | None:
    named = os.environ.get(f"CCSTATE_ASTERISK_{release}")
    return Path(named).absolute() if named else None


def _not_whole(found: Programs, needed: str) -> InvalidInput:
    variable = f"CCSTATE_ASTERISK_{found.release}"
    return InvalidInput(
        Diagnostic(
            "CC921",
            f"no Asterisk {found.release} in {found.root}: {needed} is missing",
            hint=f"unset {variable}, or name a folder into which Debian's packages of "
            f"Asterisk {found.release} were unpacked"
            if variable in os.environ
            else f"remove {found.root} and run this again",
        )
    )
