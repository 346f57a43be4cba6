"""Why SFTP failed, in few words.

SFTP 3 says little about it: OpenSSH answers "Failure" for a full disk, a read-only one, and much
more (9.2, seen), so the file system is asked afterwards.
"""

import asyncio
import errno

import asyncssh

from ccstate.adapters.asterisk.ami.message import shown
from ccstate.adapters.asterisk.storage.faults import hint_for

ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
FAILED = (OSError, asyncssh.Error)
CUT = (
    OSError,
    asyncssh.DisconnectError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    asyncssh.ChannelOpenError,
)
"""After these, nobody knows whether what was asked for was done."""

_READ_ONLY = 1  # ST_RDONLY of statvfs@openssh.com. Source: OpenSSH's PROTOCOL


async def why(
    error: Exception, sftp: asyncssh.SFTPClient, root: str, timeout: float
) -> tuple[str, str]:
    """What went wrong, and a hint or "". `timeout`: seconds, also for asking about the disk."""
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
        return shown(str(error)).lower(), ""
    if disk.flags & _READ_ONLY:
        return "read-only file system", hint_for(OSError(errno.EROFS, ""))
    if disk.bavail == 0 or disk.favail == 0:
        return "no space left on device", hint_for(OSError(errno.ENOSPC, ""))
    return shown(str(error)).lower(), ""
