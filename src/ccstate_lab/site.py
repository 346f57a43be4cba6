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
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from ccstate.adapters.asterisk.ami import Ami, Login
from ccstate.errors import Diagnostic, InvalidInput, Unreadable
from ccstate_lab import etc, process
from ccstate_lab.process import Ports, Process, hold, hold_again
from ccstate_lab.programs import Programs

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
        """Notices, warnings, errors, and each step of the dialplan."""
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
    """Start Asterisk, and wait until it is fully booted; on the ports and with the secrets it had before, if any.

    `files` names further files under etc, such as `pjsip.d/phones.conf`, with their text. Whatever
    else is in the `*.d` folders stays there.

    Raises InvalidInput where it cannot be started, with what Asterisk said last.
    """
    folder = folder.absolute()
    _check(folder, name)
    if running := find(folder):
        raise InvalidInput(
            Diagnostic(
                "CC925",
                f"the site {running.name} runs already in {folder}, as process {running.pid}",
                hint="stop it first: make lab-stop",
            )
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
        output = folder / "var/log/console"
        began = process.spawn(command, folder=folder, output=output, inherited=[held.lock])
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
    """End a site, and leave its folder: asked by AMI, else by SIGTERM, else killed.

    Only ever the process that `start` began; one that is over already is no error.
    """
    if process.alive(site.process) and asked_to_stop(_login(site)):
        process.ended(site.process, within=5.0)
    process.end(site.process)


def kill(site: Site) -> None:
    """End a site on the spot, as a loss of power would; `start` on its folder brings it back."""
    process.kill(site.process)


def find(folder: Path) -> Site | None:
    """The site that runs from that folder; None where none does."""
    site = _recorded(folder.absolute())
    return site if site and process.alive(site.process) else None


def _login(site: Site) -> Login:
    """The login of the user `lab`, who may do everything."""
    return Login(site.ami_host, site.ami_port, site.lab_username, site.lab_secret)


def _check(folder: Path, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise InvalidInput(
            Diagnostic(
                "CC924",
                f'"{name}" cannot be the name of a site',
                cause="it becomes the systemname of Asterisk, and part of every call's id",
                hint="use letters, digits, - and _",
            )
        )
    if re.search(r"[;\x00-\x1f]", str(folder)):
        raise InvalidInput(
            Diagnostic(
                "CC924",
                f"no site can live in {str(folder)!r}",
                cause="a semicolon begins a comment in Asterisk's files",
                hint="use another folder",
            )
        )


def _no_start(site: Site) -> InvalidInput:
    said = (site.folder / "var/log/console").read_text(encoding="utf-8", errors="replace")
    last = " / ".join(said.strip().splitlines()[-3:]) or "nothing"
    return InvalidInput(
        Diagnostic(
            "CC926",
            f"Asterisk {site.programs.release} did not start in {site.folder}",
            cause=f"it said last: {last[:500]}",
            hint=f"read {site.log}",
        )
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
    """What `start` wrote down there; None where it did not, or where it cannot be read."""
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


def fully_booted(started: Process, login: Login, *, within: float) -> bool:
    """Wait until Asterisk has loaded everything; False where it ends, or after so many seconds."""
    deadline = time.monotonic() + within
    while process.alive(started) and (remaining := deadline - time.monotonic()) > 0:
        try:
            with Ami.connect(replace(login, timeout=remaining)):
                return True
        except Unreadable:  # it does not listen yet
            time.sleep(0.01)
    return False


def asked_to_stop(login: Login) -> bool:
    """Ask Asterisk to stop; False where it cannot be reached."""
    try:
        ami = Ami.connect(replace(login, timeout=2.0))
    except Unreadable:
        return False
    with ami, suppress(Unreadable):  # it may be faster than its answer
        ami.command("core stop now")
    return True


def certify(folder: Path) -> tuple[Path, Path]:
    """The certificate for AMI over TLS, and its key, in that folder; made where they are missing.

    For 127.0.0.1 and localhost, signed by itself, for a year: clients have to trust it by name.
    """
    certificate, key = folder / "ami.crt", folder / "ami.key"
    if certificate.exists() and key.exists():
        return certificate, key
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    places = [x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return certificate, key
