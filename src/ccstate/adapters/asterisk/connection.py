"""What `ccstate.yaml` says about an Asterisk: where its folders are, and how it is talked to."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from ccstate import codes, secrets
from ccstate.adapters.asterisk.ami import Login, Tls
from ccstate.adapters.asterisk.storage import LocalFolder, Storage
from ccstate.errors import Diagnostic, InvalidInput
from ccstate.kinds.fields import Duration, Expectation, ObjectFields, SecretReference, seconds
from ccstate.machine import check_hosts
from ccstate.model import Json

Folder = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,1000}$"),
    Expectation("a path, such as /etc/asterisk"),
]
Port = Annotated[int, Field(ge=1, le=65535)]


class AmiTls(ObjectFields):
    """How the certificate of the manager interface is checked."""

    ca: Folder | None = None
    """File with the certificates to trust; those of the system where left out."""
    name: str | None = None
    """Name in the certificate, where it is not the host."""


class Manager(ObjectFields):
    """The manager interface (AMI)."""

    host: str = "127.0.0.1"
    """Host name or address."""
    port: Port = 5038
    """TCP port."""
    username: str = "ccstate"
    """The section in manager.conf."""
    secret: SecretReference
    """Reference to its secret."""
    tls: AmiTls | None = None
    """Where left out, the connection is not encrypted: for this machine, or inside of a tunnel."""
    timeout: Duration = "30s"
    """How long an answer may take."""


class Sftp(ObjectFields):
    """The machine that has the folders, where it is not this one."""

    host: str
    """Host name or address."""
    port: Port = 22
    """TCP port."""
    username: str
    """Who logs in there."""
    identity: Folder | None = None
    """File with the private key; the keys of the agent, and in ~/.ssh, where left out."""
    known_hosts: Folder | None = None
    """File with the host's key; ~/.ssh/known_hosts where left out."""


class Sip(ObjectFields):
    """Where test calls are sent."""

    host: str = "127.0.0.1"
    """Address of Asterisk's SIP transport."""
    port: Port = 5060
    """UDP port."""


class Connection(ObjectFields):
    """The mapping under the target's `connection`."""

    etc: Folder = "/etc/asterisk"
    """Asterisk's configuration folder (`astetcdir`); a relative path starts at the project's."""
    sounds: Folder = "/usr/share/asterisk/sounds"
    """The folder of its sounds (`astdatadir` and `/sounds`)."""
    spool: Folder = "/var/spool/asterisk"
    """The folder of its messages (`astspooldir`), for mailboxes that are renamed."""
    sftp: Sftp | None = None
    """The machine of these folders, where it is another."""
    ami: Manager
    """The manager interface."""
    sip: Sip = Field(default_factory=Sip)
    """Where test calls are sent."""
    test_site: bool = False
    """True where calls may be tested at any moment; never on a platform with real callers."""


GONE: Mapping[tuple[str | int, ...], str] = {
    ("speech",): "remove it, for a branch could name any program: where ccstate runs, export "
    "CCSTATE_SPEECH='/where/speak {language}'",
    ("sip", "sipp"): "remove it, for a branch could name any program: where ccstate runs, export "
    "CCSTATE_SIPP=/where/sipp",
}
"""Keys of an earlier release, and what to do about them."""


def parse(connection: Mapping[str, Json]) -> Connection:
    """Validate the connection; InvalidInput with every problem in it."""
    try:
        return Connection.model_validate(dict(connection))
    except ValidationError as wrong:
        raise InvalidInput([_diagnostic(error) for error in wrong.errors()]) from None


def _diagnostic(error: ErrorDetails) -> Diagnostic:
    where = ".".join(["connection", *map(str, error["loc"])])
    match error["type"]:
        case "extra_forbidden":
            hint = GONE.get(error["loc"], "docs/adapters/asterisk.md lists the keys")
            message = "unknown key"
        case "missing":
            message, hint = "is missing", "such as ami: {secret: env:AMI_SECRET}"
        case _:
            message, hint = error["msg"], "docs/adapters/asterisk.md says what it may be"
    return codes.CONNECTION_WRONG(field=where, fault=message, hint=hint)


def places(connection: Mapping[str, Json], folder: Path) -> frozenset[str]:
    """Return the folder that is written, however its path is spelled, and the manager interface."""
    parsed = parse(connection)
    ami = f"ami {_host(parsed.ami.host)}:{parsed.ami.port}"
    if parsed.sftp is None:
        return frozenset({os.path.realpath(folder / parsed.etc), ami})
    sftp = parsed.sftp
    return frozenset({f"{_host(sftp.host)}:{sftp.port}:{os.path.normpath(parsed.etc)}", ami})


def _host(name: str) -> str:
    return "127.0.0.1" if name.lower() == "localhost" else name.lower().rstrip(".")


def login(connection: Connection, folder: Path) -> Login:
    """Make the login; InvalidInput where the secret cannot be resolved."""
    ami = connection.ami
    check_hosts([ami.host])
    found = secrets.resolve([ami.secret], folder)
    tls = None
    if ami.tls is not None:
        ca = secrets.public_file(ami.tls.ca, folder) if ami.tls.ca else None
        tls = Tls(ca, ami.tls.name or "")
    wait = float(seconds(ami.timeout))
    return Login(ami.host, ami.port, ami.username, found[ami.secret], tls, wait)


def storage(connection: Connection, place: str, folder: Path) -> Storage:
    """Open one of the folders, on this machine or on the other."""
    if connection.sftp is None:
        return LocalFolder(folder / place)
    from ccstate.adapters.asterisk.storage import SshLogin
    from ccstate.adapters.asterisk.storage.sftp import SftpFolder

    sftp = connection.sftp
    check_hosts([sftp.host, connection.ami.host])
    key = secrets.key_file(sftp.identity, folder) if sftp.identity else None
    login = SshLogin(sftp.host, sftp.username, sftp.port, key)
    if sftp.known_hosts:
        login = replace(login, known_hosts=secrets.public_file(sftp.known_hosts, folder))
    return SftpFolder(login, place)
