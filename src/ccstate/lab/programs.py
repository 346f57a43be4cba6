"""Asterisk, sipp and espeak-ng as programs that can be run: where they are, or how they come here.

Debian's packages are unpacked into a folder of this user, without root and without running
anything of theirs; they bring their own libraries and loader, so that Asterisk 22 of Debian sid
runs on an older Debian or Ubuntu.
"""

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccstate.errors import Diagnostic, InvalidInput
from ccstate.lab.debian import Packages, unpacked

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
            [Diagnostic("CC920", f"no Asterisk {release} in the lab", hint=f"there are {known}")]
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
        [
            Diagnostic(
                "CC921",
                f"no Asterisk {found.release} in {found.root}: {needed} is missing",
                hint=f"unset {variable}, or name a folder into which Debian's packages of "
                f"Asterisk {found.release} were unpacked"
                if variable in os.environ
                else f"remove {found.root} and run this again",
            )
        ]
    )
