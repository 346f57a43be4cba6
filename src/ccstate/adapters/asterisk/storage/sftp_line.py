"""An SSH connection with SFTP on it, to the machine that known_hosts says it is, or none."""

import asyncio
import os
import re

import asyncssh

from ccstate.adapters.asterisk.ami.message import shown
from ccstate.adapters.asterisk.storage.ssh_login import SshLogin
from ccstate.errors import Diagnostic, Unreadable

# The kinds that known_hosts has come first. The others after them are never trusted, but shown: a
# machine that lost the kind of key that we know would else end the connection without a word.
HOST_KEYS = "+ssh-ed25519,ecdsa-sha2-*,rsa-sha2-*"

Line = tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]


class Witness(asyncssh.SSHClient):
    """Asked about a host key that known_hosts does not vouch for: says no, and remembers it."""

    def __init__(self) -> None:
        self.stranger: asyncssh.SSHKey | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        self.stranger = key
        return False


async def connect(login: SshLogin) -> Line:
    """Unreadable where there is no connection, or none to be trusted."""
    witness = Witness()
    known_hosts = _known_hosts(login)
    keys = _keys(login)
    try:
        async with asyncio.timeout(login.timeout):
            connection, _ = await asyncssh.create_connection(
                lambda: witness,
                login.host,
                login.port,
                username=login.username,
                known_hosts=known_hosts,
                server_host_key_algs=HOST_KEYS,
                client_keys=keys,
                agent_path=None if keys else os.environ.get("SSH_AUTH_SOCK", ""),
                config=None,  # ~/.ssh/config may run programs, and differs from desk to desk
                preferred_auth="publickey",
                gss_host=None,
                keepalive_interval=max(1.0, login.timeout / 3),
            )
            try:
                return connection, await connection.start_sftp_client()
            except BaseException:
                connection.abort()
                raise
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed) as error:
        port = None if login.port == 22 else login.port
        changed = bool(known_hosts.match(login.host, "", port)[0])
        raise Unreadable([_strange_host(login, witness.stranger, error, changed=changed)]) from None
    except asyncssh.PermissionDenied:
        raise Unreadable([_not_let_in(login)]) from None
    except (asyncssh.ChannelOpenError, asyncssh.SFTPError):
        raise Unreadable([_no_sftp(login)]) from None
    except (OSError, asyncssh.Error) as error:
        raise Unreadable([_unreachable(login, error)]) from None


def _known_hosts(login: SshLogin) -> asyncssh.SSHKnownHosts:
    """Handed over parsed, for asyncssh 2.24 takes an empty text for "the default file" (seen)."""
    try:
        return asyncssh.import_known_hosts(login.known_hosts.read_text())
    except FileNotFoundError:
        return asyncssh.import_known_hosts("")
    except (OSError, ValueError) as error:
        problem = Diagnostic(
            "CC438",
            f"{login.known_hosts} cannot be read: {shown(str(error))}",
            cause="without it nobody knows whether the machine is the one that it says it is",
            hint="mend it, or name another as `known_hosts`",
        )
        raise Unreadable([problem]) from None


def _keys(login: SshLogin) -> list[asyncssh.SSHKey] | tuple[()]:
    if login.key is None:
        return ()
    try:
        return [asyncssh.read_private_key(login.key)]
    except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError) as error:
        why, hint = "it is no private key", "name the private key, not the .pub beside it"
        # One exception or the other, as bcrypt is installed or not (asyncssh 2.24, seen).
        if re.search("passphrase|encrypt", str(error), re.IGNORECASE):
            why = "it has a passphrase"
            hint = "load it into an ssh-agent, and leave the key out of ccstate.yaml"
    except OSError as error:
        why, hint = (error.strerror or "it cannot be read").lower(), "check the path and its mode"
    problem = Diagnostic("CC437", f"the SSH key {login.key} cannot be used: {why}", hint=hint)
    raise Unreadable([problem])


def _strange_host(
    login: SshLogin, key: asyncssh.SSHKey | None, error: Exception, *, changed: bool
) -> Diagnostic:
    shows = f"{key.get_algorithm()} {key.get_fingerprint()}" if key else shown(str(error))
    scan = f"ssh-keyscan -p {login.port} {login.host} >> {login.known_hosts}"
    look = "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that machine"
    if changed:
        return Diagnostic(
            "CC438",
            f"{login.host}:{login.port} is not the machine that {login.known_hosts} knows: it shows {shows}",
            cause="somebody may have put another in between; or it was installed anew",
            hint=f"compare with {look}; only if they agree, remove the old line and run `{scan}`",
        )
    return Diagnostic(
        "CC438",
        f"{login.host}:{login.port} is not in {login.known_hosts}; it shows {shows}",
        cause="another machine may answer in its place, and would be given every secret",
        hint=f"compare with {look}; if they agree, run `{scan}`",
    )


def _not_let_in(login: SshLogin) -> Diagnostic:
    tried = f"the key {login.key}" if login.key else "the keys of the ssh-agent and of ~/.ssh"
    return Diagnostic(
        "CC437",
        f'{login.host}:{login.port} did not let "{shown(login.username)}" in',
        cause=f"it accepts none of what was offered: {tried}",
        hint="add the public key to that user's ~/.ssh/authorized_keys there",
    )


def _no_sftp(login: SshLogin) -> Diagnostic:
    return Diagnostic(
        "CC437",
        f"{login.host}:{login.port} offers no SFTP",
        cause="its SSH server lets the user in, and has no such subsystem for that user",
        hint="`Subsystem sftp internal-sftp` in sshd_config there",
    )


def _unreachable(login: SshLogin, error: Exception) -> Diagnostic:
    if isinstance(error, TimeoutError):
        why = f"no answer within {login.timeout:g} s"
    else:
        why = shown(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
    return Diagnostic(
        "CC437",
        f"no SSH connection to {login.host}:{login.port}: {why}",
        cause="without it nobody knows what is stored there",
        hint="check host and port under `connection` in ccstate.yaml, and that sshd runs",
    )
