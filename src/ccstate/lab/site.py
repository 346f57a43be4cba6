"""One Asterisk on loopback, with its own folder and ports.

FOLDER/etc          configuration; ccstate writes into its *.d folders
FOLDER/share        sounds: en comes with Asterisk, ccstate's prompts go beside it
FOLDER/var          what Asterisk writes: log/full, log/queue_log, spool, database
FOLDER/site.json    how to reach it, for `find`; readable by this user alone
FOLDER/ami.secret   the secret of the AMI user ccstate, for `file:` in ccstate.yaml

A site that was stopped, or killed, is started again in its folder, on the same ports.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccstate.adapters.asterisk.ami import Login
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.lab import etc, process
from ccstate.lab.certificate import certify
from ccstate.lab.console import fully_booted, told_to_stop
from ccstate.lab.ports import Ports, hold, hold_again
from ccstate.lab.process import Process
from ccstate.lab.programs import Programs

BOOTING = 60.0  # seconds; 0.3 is usual, 16 with 10,000 endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An Asterisk that was started; `find` says whether it still runs."""

    name: str
    folder: Path
    programs: Programs
    ports: Ports
    process: Process
    ami_secret: str = field(repr=False)
    """Of the AMI user `ccstate`, who has the rights that ccstate needs and no more."""
    lab_secret: str = field(repr=False)
    """Of the AMI user `lab`, who may do everything."""
    certificate: Path | None = None
    """What AMI over TLS shows, signed by itself; None where the site has no TLS."""

    ami_host = "127.0.0.1"
    ami_username = "ccstate"
    lab_username = "lab"

    @property
    def systemname(self) -> str:
        return self.name

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def sounds(self) -> Path:
        return self.folder / "share/sounds"

    @property
    def spool(self) -> Path:
        return self.folder / "var/spool"

    @property
    def log(self) -> Path:
        """Notices, warnings, errors, and every step of the dialplan."""
        return self.folder / "var/log/full"

    @property
    def queue_log(self) -> Path:
        return self.folder / "var/log/queue_log"

    @property
    def secret_file(self) -> Path:
        return self.folder / "ami.secret"

    @property
    def ami_port(self) -> int:
        return self.ports.ami

    @property
    def ami_tls_port(self) -> int | None:
        return self.ports.ami_tls if self.certificate else None

    @property
    def sip_port(self) -> int:
        return self.ports.sip


def start(
    folder: Path,
    *,
    name: str,
    programs: Programs,
    files: Mapping[str, str] | None = None,
    tls: bool = False,
    booting: float = BOOTING,
) -> Site:
    """Asterisk, running and fully booted; on the ports and with the secrets it had before, if any.

    `files` names further files under etc, such as `pjsip.d/phones.conf`, with their text. Whatever
    else is in the `*.d` folders stays there.

    Raises InvalidInput where it cannot be started, with what Asterisk said last.
    """
    folder = folder.absolute()
    _check(folder, name)
    if running := find(folder):
        raise InvalidInput(
            [
                Diagnostic(
                    "CC925",
                    f"the site {running.name} runs already in {folder}, as process {running.pid}",
                    hint="stop it first: make lab-stop",
                )
            ]
        )
    folder.mkdir(parents=True, exist_ok=True)
    before = _recorded(folder)
    held = hold_again(before.ports.block) if before else hold()
    try:
        certificate, key = certify(folder)
        facts = etc.Facts(
            folder=folder,
            name=name,
            programs=programs,
            ports=held.ports,
            secret=before.ami_secret if before else secrets.token_hex(16),
            lab_secret=before.lab_secret if before else secrets.token_hex(16),
            certificate=certificate,
            key=key,
            ami_tls=tls,
        )
        etc.write(facts, files or {})
        command = (*programs.asterisk, "-C", str(folder / "etc/asterisk.conf"), "-f")
        says = folder / "var/log/console"
        began = process.spawn(command, folder=folder, says=says, inherits=[held.lock])
    finally:
        held.close()
    site = Site(
        name=name,
        folder=folder,
        programs=programs,
        ports=held.ports,
        process=began,
        ami_secret=facts.secret,
        lab_secret=facts.lab_secret,
        certificate=certificate if tls else None,
    )
    _record(site)
    if not fully_booted(site.process, _login(site), within=booting):
        process.kill(site.process)
        raise _no_start(site)
    return site


def stop(site: Site) -> None:
    """End it, and leave its folder: asked by AMI, else by SIGTERM, else killed.

    Only ever the process that `start` began; one that is over already is no error.
    """
    if process.alive(site.process) and told_to_stop(_login(site)):
        process.ended(site.process, within=5.0)
    process.end(site.process)


def kill(site: Site) -> None:
    """End it on the spot, as a loss of power would; `start` on its folder brings it back."""
    process.kill(site.process)


def find(folder: Path) -> Site | None:
    """The site that runs from that folder; None where none does."""
    site = _recorded(folder.absolute())
    return site if site and process.alive(site.process) else None


def _login(site: Site) -> Login:
    """As the user who may do everything."""
    return Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)


def _check(folder: Path, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise InvalidInput(
            [
                Diagnostic(
                    "CC924",
                    f'"{name}" cannot be the name of a site',
                    cause="it becomes the systemname of Asterisk, and part of every call's id",
                    hint="use letters, digits, - and _",
                )
            ]
        )
    if re.search(r"[;\x00-\x1f]", str(folder)):
        raise InvalidInput(
            [
                Diagnostic(
                    "CC924",
                    f"no site can live in {str(folder)!r}",
                    cause="a semicolon begins a comment in Asterisk's files",
                    hint="use another folder",
                )
            ]
        )


def _no_start(site: Site) -> InvalidInput:
    said = (site.folder / "var/log/console").read_text(encoding="utf-8", errors="replace")
    last = " / ".join(said.strip().splitlines()[-3:]) or "nothing"
    return InvalidInput(
        [
            Diagnostic(
                "CC926",
                f"Asterisk {site.programs.release} did not start in {site.folder}",
                cause=f"it said last: {last[:500]}",
                hint=f"read {site.log}",
            )
        ]
    )


def _record(site: Site) -> None:
    facts = {
        "name": site.name,
        "release": site.programs.release,
        "root": str(site.programs.root),
        "block": site.ports.block,
        "pid": site.process.pid,
        "began": site.process.began,
        "ami_secret": site.ami_secret,
        "lab_secret": site.lab_secret,
        "certificate": str(site.certificate) if site.certificate else None,
    }
    etc.write_private(site.folder / "site.json", json.dumps(facts, indent=2) + "\n")
    etc.write_private(site.secret_file, site.ami_secret + "\n")


def _recorded(folder: Path) -> Site | None:
    """What `start` wrote down there; None where it did not, or nobody can read it any more."""
    try:
        facts = json.loads((folder / "site.json").read_text(encoding="utf-8"))
        return Site(
            name=str(facts["name"]),
            folder=folder,
            programs=Programs(str(facts["release"]), Path(facts["root"])),
            ports=Ports(int(facts["block"])),
            process=Process(int(facts["pid"]), int(facts["began"])),
            ami_secret=str(facts["ami_secret"]),
            lab_secret=str(facts["lab_secret"]),
            certificate=Path(facts["certificate"]) if facts["certificate"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
