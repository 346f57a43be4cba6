"""What SFTP does in one folder of another machine, over a connection to a known host.

OpenSSH's server 9.2 was tried. SFTP 3 says little about failures: OpenSSH answers "Failure" for a
full disk, a read-only one, and much more (9.2, seen), so the file system is asked afterwards.
"""

import asyncio
import contextlib
import errno
import os
import re
import stat
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Self, TypeVar, cast

import asyncssh

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami.message import printable
from ccstate.adapters.asterisk.storage import (
    LARGEST,
    STAGED,
    Entry,
    NotPermitted,
    SshLogin,
    Stat,
    beside_name,
    entry_of,
    folder_mode,
    hint_for,
    leads_out,
    no_right,
    not_changed,
    problem,
    too_large,
)
from ccstate.errors import Diagnostic, Span, Unreadable

ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
FAILED = (OSError, asyncssh.Error)
CUT = (
    OSError,
    asyncssh.DisconnectError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.ChannelOpenError,
)
"""After these it is not known whether what was asked for was done."""

_READ_ONLY = 1  # ST_RDONLY of statvfs@openssh.com. Source: OpenSSH's PROTOCOL


async def why(
    error: Exception, sftp: asyncssh.SFTPClient, root: str, timeout: float
) -> tuple[str, str]:
    """Explain a failure, with a hint or "". `timeout`: seconds, also for asking about the disk."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s", "look at the network and at that machine"
    if isinstance(error, CUT):
        return "the connection was cut", "plan again once that machine can be reached"
    match error:
        case asyncssh.SFTPNoSuchFile() | asyncssh.SFTPNoSuchPath():
            return "no such file or directory", ""
        case asyncssh.SFTPPermissionDenied():
            return "permission denied", hint_for(PermissionError(errno.EACCES, ""))
        case asyncssh.SFTPOpUnsupported():
            return "the server cannot replace a file in one step", "use OpenSSH's SFTP server"
    try:
        async with asyncio.timeout(timeout):
            disk = await sftp.statvfs(root)
    except FAILED:
        return printable(str(error)).lower(), ""
    if disk.flags & _READ_ONLY:
        return "read-only file system", hint_for(OSError(errno.EROFS, ""))
    if disk.bavail == 0 or disk.favail == 0:
        return "no space left on device", hint_for(OSError(errno.ENOSPC, ""))
    return printable(str(error)).lower(), ""


# The kinds that known_hosts has come first. The others after them are never trusted, but shown: a
# machine that lost the kind of key that we know would else end the connection without a word.
HOST_KEYS = "+ssh-ed25519,ecdsa-sha2-*,rsa-sha2-*"

Line = tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]


class HostKeyRecorder(asyncssh.SSHClient):
    """Refuses a host key that known_hosts does not vouch for, and records it."""

    def __init__(self) -> None:
        self.refused: asyncssh.SSHKey | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        self.refused = key
        return False


async def connect(login: SshLogin) -> Line:
    """Unreadable where there is no connection, or none to be trusted."""
    recorder = HostKeyRecorder()
    where: dict[str, object] = {"host": login.host, "port": login.port}
    known_hosts = _known_hosts(login)
    keys = _keys(login)
    try:
        async with asyncio.timeout(login.timeout):
            connection, _ = await asyncssh.create_connection(
                lambda: recorder,
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
        raise Unreadable(_untrusted_host(login, recorder.refused, error, changed=changed)) from None
    except asyncssh.PermissionDenied:
        tried = f"the key {login.key}" if login.key else "the keys of the ssh-agent and of ~/.ssh"
        user = printable(login.username)
        raise Unreadable(codes.SSH_NOT_LET_IN(**where, user=user, tried=tried)) from None
    except (asyncssh.ChannelOpenError, asyncssh.SFTPError):
        raise Unreadable(codes.NO_SFTP(**where)) from None
    except (OSError, asyncssh.Error) as error:
        raise Unreadable(codes.SSH_UNREACHABLE(**where, why=_why_not(login, error))) from None


def _known_hosts(login: SshLogin) -> asyncssh.SSHKnownHosts:
    """Handed over parsed, for asyncssh 2.24 takes an empty text for "the default file" (seen)."""
    try:
        return asyncssh.import_known_hosts(login.known_hosts.read_text())
    except FileNotFoundError:
        return asyncssh.import_known_hosts("")
    except (OSError, ValueError) as error:
        file, reason = login.known_hosts, printable(str(error))
        raise Unreadable(codes.KNOWN_HOSTS_UNREADABLE(file=file, why=reason)) from None


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
    raise Unreadable(codes.KEY_UNUSABLE(key=login.key, why=why, hint=hint))


def _untrusted_host(
    login: SshLogin, key: asyncssh.SSHKey | None, error: Exception, *, changed: bool
) -> Diagnostic:
    shows = f"{key.get_algorithm()} {key.get_fingerprint()}" if key else printable(str(error))
    scan = f"ssh-keyscan -p {login.port} {login.host} >> {login.known_hosts}"
    look = "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that machine"
    code = codes.HOST_CHANGED if changed else codes.HOST_UNKNOWN
    file = login.known_hosts
    return code(host=login.host, port=login.port, file=file, key=shows, look=look, scan=scan)


def _why_not(login: SshLogin, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {login.timeout:g} s"
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


Answer = TypeVar("Answer")

AHEAD = 32


class RemoteFolder:
    """Paths are spelled safely already; here is seen where links lead."""

    def __init__(self, line: Line, root: str, place: str, timeout: float) -> None:
        self._connection, self._sftp = line
        self._root = root
        self._place = place
        self._timeout = timeout

    @classmethod
    async def reach(cls, login: SshLogin, root: str, place: str) -> Self:
        return cls(await connect(login), root, place, login.timeout)

    @property
    def reachable(self) -> bool:
        """False once the connection is known to be over; true says little."""
        return not self._connection.is_closed()

    async def leave(self) -> None:
        self._connection.abort()
        with contextlib.suppress(*FAILED):
            await self._connection.wait_closed()

    async def read(self, paths: Collection[str]) -> dict[str, bytes]:
        real = await self._real_root()
        found = await self._side_by_side(self._content(path, real) for path in paths)
        together = zip(paths, found, strict=True)
        return {path: content for path, content in together if content is not None}

    async def listing(self, folder: str, closed: set[str] | None = None) -> dict[str, Stat]:
        real = await self._real_root()
        if not await self._folder_of(f"{folder}/." if folder else ".", real):
            return {}
        found: dict[str, Stat] = {}
        folders = [folder]
        for below in folders:  # grows as it is walked
            try:
                folders += await self._listed(below, real, found)
            except NotPermitted:
                if closed is None:
                    raise
                closed.add(below)
        return dict(sorted(found.items()))

    async def stage(self, files: Mapping[str, bytes], mode: int) -> None:
        real = await self._real_root()
        try:
            for folder in _folders(files):
                await self._make(folder, real, folder_mode(mode))
            await self._side_by_side(self._write(*file, mode, real) for file in files.items())
        except BaseException:
            with contextlib.suppress(*FAILED, Unreadable):
                await self.remove([f"{path}{STAGED}" for path in files])
            raise

    async def commit(self, paths: Sequence[str]) -> None:
        real = await self._real_root()
        sizes = await self._side_by_side(self._staged(path, real) for path in paths)
        missing = [path for path, there in zip(paths, sizes, strict=True) if not there]
        if missing:
            no, hint = "nothing was staged for it", "plan and apply again"
            raise Unreadable(not_changed(self._place, path, no, hint, ()) for path in missing)
        done: list[str] = []
        for path in paths:
            try:
                where = self._at(path)
                await self._timely(self._sftp.posix_rename(f"{where}{STAGED}", where))
            except FAILED as error:
                raise await self._unchanged(path, error, done) from None
            done.append(path)

    async def remove(self, paths: Collection[str]) -> None:
        real = await self._real_root()
        done: list[str] = []
        for path in paths:
            try:
                if await self._folder_of(path, real):
                    await self._timely(self._sftp.remove(self._at(path)))
            except ABSENT:
                continue
            except FAILED as error:
                raise await self._unchanged(path, error, done) from None
            done.append(path)

    async def create(self, path: str, content: bytes) -> bool:
        real = await self._real_root()
        for folder in _folders([path]):
            await self._make(folder, real, folder_mode(0o600))
        try:
            await self._folder_of(path, real)
            return await self._timely(self._created(path, content))
        except FAILED as error:
            raise await self._unstaged(path, error) from None

    async def entry(self, path: str) -> Entry:
        real = await self._real_root()
        try:
            if not await self._folder_of(path, real):
                return ""
            status = await self._timely(self._sftp.lstat(self._at(path)))
        except ABSENT:
            return ""
        except FAILED as error:
            raise await self._unread(path, error) from None
        return entry_of(status.permissions or 0)

    async def closed(self, folder: str) -> str:
        if not await self.entry(folder):
            return ""
        try:
            await self._timely(self._entries(folder))
        except asyncssh.SFTPPermissionDenied:
            return no_right(self._place, folder)
        except FAILED as error:
            raise await self._unread(folder, error) from None
        return ""

    async def rename(self, old: str, new: str) -> None:
        await self._change(old, new, self._sftp.rename)

    async def link(self, path: str, to: str) -> None:
        async def made(where: str, _: str) -> None:
            await self._sftp.symlink(to, where)

        await self._change(path, path, made)

    async def _change(self, old: str, new: str, how: Callable[[str, str], Awaitable[None]]) -> None:
        """Change a name, where both lie inside."""
        real = await self._real_root()
        for path in (old, new):
            await self._folder_of(path, real)
        try:
            await self._timely(how(self._at(old), self._at(new)))
        except FAILED as error:
            raise await self._unchanged(old, error, ()) from None

    async def _created(self, path: str, content: bytes) -> bool:
        beside = self._at(beside_name(path))
        try:
            await self._write_new(beside, content)
            # The name and the content appear at once, as in `_make` of storage.
            await self._sftp.link(beside, self._at(path))
        except asyncssh.SFTPFailure:
            # SFTP 3 has no word for "it is there already".
            if await self._sftp.lexists(self._at(path)):
                return False
            raise
        finally:
            with contextlib.suppress(*ABSENT):
                await self._sftp.remove(beside)
        return True

    async def _write_new(self, where: str, content: bytes) -> None:
        private = asyncssh.SFTPAttrs(permissions=0o600)
        async with self._sftp.open(where, "xb", private, encoding=None) as file:
            await file.write(content)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                await file.fsync()

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    async def _timely(self, asked: Awaitable[Answer]) -> Answer:
        async with asyncio.timeout(self._timeout):
            return await asked

    async def _side_by_side(self, asked: Iterable[Awaitable[Answer]]) -> list[Answer]:
        """Await all of them, some at a time; raise the first failure once all have ended."""
        turn = asyncio.Semaphore(AHEAD)

        async def one(waiting: Awaitable[Answer]) -> Answer:
            async with turn:
                return await waiting

        answers = await asyncio.gather(*map(one, asked), return_exceptions=True)
        good = [answer for answer in answers if not isinstance(answer, BaseException)]
        if len(good) < len(answers):
            raise next(answer for answer in answers if isinstance(answer, BaseException))
        return good

    async def _real_root(self) -> str:
        try:
            real = await self._timely(self._real(""))
            await self._timely(self._entries(""))
        except FAILED as error:
            reason, hint = await self._why(error)
            if isinstance(error, CUT):
                raise self._cut(reason, hint) from None
            place = self._place
            problem = codes.NO_FOLDER(Span(place), place=place, why=reason)
            raise Unreadable(problem) from None
        return real

    async def _real(self, path: str) -> str:
        return str(await self._sftp.realpath(self._at(path)))

    async def _folder_of(self, path: str, root: str) -> bool:
        """Whether a file's folder is there; Unreadable where it is a link that leads out."""
        try:
            real = await self._timely(self._real(path.rpartition("/")[0]))
        except ABSENT:
            return False
        except FAILED as error:
            raise await self._unread(path, error) from None
        if not PurePosixPath(real).is_relative_to(root):
            raise leads_out(self._place, path.removesuffix("/."))
        return True

    async def _content(self, path: str, root: str) -> bytes | None:
        try:
            if not await self._folder_of(path, root):
                return None
            content = await self._timely(self._whole(path, root))
        except ABSENT:
            return None
        except FAILED as error:
            raise await self._unread(path, error) from None
        if len(content) > LARGEST:
            raise too_large(self._place, path)
        return content

    async def _whole(self, path: str, root: str) -> bytes:
        status = await self._sftp.stat(self._at(path))
        if not PurePosixPath(await self._real(path)).is_relative_to(root):
            raise leads_out(self._place, path)
        # Opening a pipe would keep the server waiting for ever.
        if not stat.S_ISREG(status.permissions or 0):
            raise Unreadable(problem(codes.FILE_UNREADABLE, self._place, path, why="it is no file"))
        if (status.size or 0) > LARGEST:
            raise too_large(self._place, path)
        async with self._sftp.open(self._at(path), "rb", encoding=None) as file:
            return cast("bytes", await file.read((status.size or 0) + 1))

    async def _listed(self, folder: str, root: str, found: dict[str, Stat]) -> list[str]:
        """Adds the files of one folder, and gives the folders in it."""
        below = []
        try:
            for entry in await self._timely(self._entries(folder)):
                path = f"{folder}/{entry.filename!s}" if folder else str(entry.filename)
                mode = entry.attrs.permissions or 0
                if path.endswith(("/.", "/..")) or path in {".", ".."}:
                    continue
                if stat.S_ISDIR(mode):
                    below.append(path)
                elif stat.S_ISREG(mode):
                    found[path] = Stat(entry.attrs.size or 0, float(entry.attrs.mtime or 0))
                elif stat.S_ISLNK(mode) and (
                    status := await self._timely(self._linked(path, root))
                ):
                    found[path] = status
        except ABSENT:
            return []
        except FAILED as error:
            raise await self._unread(folder, error) from None
        return below

    async def _entries(self, folder: str) -> list[asyncssh.SFTPName]:
        return [entry async for entry in self._sftp.scandir(self._at(folder))]

    async def _linked(self, path: str, root: str) -> Stat | None:
        """Return the file that a link leads to, where it is a file inside."""
        with contextlib.suppress(*ABSENT):
            status = await self._sftp.stat(self._at(path))
            inside = PurePosixPath(await self._real(path)).is_relative_to(root)
            if inside and stat.S_ISREG(status.permissions or 0):
                return Stat(status.size or 0, float(status.mtime or 0))
        return None

    async def _staged(self, path: str, root: str) -> bool:
        try:
            if not await self._folder_of(path, root):
                return False
            status = await self._timely(self._sftp.lstat(self._at(path) + STAGED))
        except ABSENT:
            return False
        except FAILED as error:
            raise await self._unchanged(path, error, ()) from None
        return stat.S_ISREG(status.permissions or 0)

    async def _make(self, folder: str, root: str, mode: int) -> None:
        try:
            await self._folder_of(folder, root)
            if await self._timely(self._sftp.isdir(self._at(folder))):
                return
            try:
                await self._timely(self._sftp.mkdir(self._at(folder)))
            except asyncssh.SFTPFailure:
                # SFTP 3 has no word for "it is there already": another process has made it since.
                if await self._timely(self._sftp.isdir(self._at(folder))):
                    return
                raise
            await self._timely(self._sftp.chmod(self._at(folder), mode))
            await self._timely(self._inherit_group(folder))
        except FAILED as error:
            raise await self._unstaged(folder, error) from None

    async def _write(self, path: str, content: bytes, mode: int, root: str) -> None:
        try:
            await self._folder_of(path, root)
            await self._timely(self._write_beside(path, content, mode))
        except FAILED as error:
            raise await self._unstaged(path, error) from None

    async def _write_beside(self, path: str, content: bytes, mode: int) -> None:
        beside = self._at(path) + STAGED
        with contextlib.suppress(*ABSENT):
            await self._sftp.remove(beside)
        private = asyncssh.SFTPAttrs(permissions=0o600)
        # "x" refuses what is there by now, also a link of that name.
        async with self._sftp.open(beside, "xb", private, encoding=None) as file:
            await self._take_group(file, path)
            await file.chmod(mode)
            await file.write(content)
            with contextlib.suppress(asyncssh.SFTPOpUnsupported):
                await file.fsync()

    async def _inherit_group(self, folder: str) -> None:
        """Give a new folder the group of the one that it is in; it keeps ours where we may not."""
        above = await self._sftp.stat(self._at(str(PurePosixPath(folder).parent)))
        ours = await self._sftp.stat(self._at(folder))
        if above.gid is not None and ours.uid is not None and above.gid != ours.gid:
            with contextlib.suppress(asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
                await self._sftp.chown(self._at(folder), ours.uid, above.gid)

    async def _take_group(self, file: asyncssh.SFTPClientFile, path: str) -> None:
        """The group of the file to be replaced, or of its folder; ours where we may not."""
        try:
            like = await self._sftp.stat(self._at(path))
        except ABSENT:
            like = await self._sftp.stat(self._at(str(PurePosixPath(path).parent)))
        ours = await file.stat()
        if like.gid is not None and ours.uid is not None and like.gid != ours.gid:
            with contextlib.suppress(asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
                await file.chown(ours.uid, like.gid)

    async def _unread(self, path: str, error: Exception) -> Unreadable:
        reason, hint = await self._why(error)
        if isinstance(error, CUT):
            return self._cut(reason, hint)
        kind = NotPermitted if isinstance(error, asyncssh.SFTPPermissionDenied) else Unreadable
        return kind([problem(codes.FILE_UNREADABLE, self._place, path, why=reason)])

    def _cut(self, why: str, hint: str) -> Unreadable:
        return Unreadable(
            codes.FOLDER_CUT(Span(self._place), place=self._place, why=why, hint=hint)
        )

    async def _unstaged(self, path: str, error: Exception) -> Unreadable:
        why, hint = await self._why(error)
        return Unreadable(problem(codes.NOT_STAGED, self._place, path, why=why, hint=hint))

    async def _unchanged(self, path: str, error: Exception, done: Sequence[str]) -> Unreadable:
        reason, hint = await self._why(error)
        if isinstance(error, CUT):
            reason = f"{reason}, so it is not known whether it was"
        return Unreadable(not_changed(self._place, path, reason, hint, done))

    async def _why(self, error: Exception) -> tuple[str, str]:
        return await why(error, self._sftp, self._root, self._timeout)


def _folders(files: Iterable[str]) -> list[str]:
    """List all folders of these files, outer ones first."""
    return sorted({str(one) for path in files for one in PurePosixPath(path).parents} - {"."})
