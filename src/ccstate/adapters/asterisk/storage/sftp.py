"""The folder of Asterisk's configuration on another machine, by SFTP.

The library is asyncssh, an extra (`pip install 'ccstate[asterisk]'`), imported on the first use
only. It runs in a loop and a thread of its own, which callers need not know of.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.storage import STAGED, Entry, SshLogin, Stat, check_paths
from ccstate.errors import InvalidInput

if TYPE_CHECKING:
    from ccstate.adapters.asterisk.storage.sftp_folder import RemoteFolder


Answer = TypeVar("Answer")


class SftpFolder:
    """A Storage over one SSH connection, made when it is needed and again after it was cut."""

    def __init__(self, login: SshLogin, root: str) -> None:
        """`root`: the absolute path of the folder, over there."""
        self._login = login
        self._root = root.rstrip("/")
        self._turn = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._folder: RemoteFolder | None = None

    @property
    def place(self) -> str:
        """See Storage; so for the others."""
        login = self._login
        return f"sftp://{login.username}@{login.host}:{login.port}{self._root}"

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        check_paths(paths)
        return self._ask(lambda folder: folder.read(paths))

    def listing(self, folder: str = "", closed: set[str] | None = None) -> dict[str, Stat]:
        if folder:
            check_paths([folder])
        return self._ask(lambda remote: remote.listing(folder, closed))

    def stage(self, files: Mapping[str, bytes], *, mode: int) -> None:
        check_paths(files)
        self._ask(lambda folder: folder.stage(files, mode))

    def commit(self, paths: Sequence[str]) -> None:
        check_paths(paths)
        self._ask(lambda folder: folder.commit(paths))

    def discard(self, paths: Collection[str]) -> None:
        check_paths(paths)
        self._ask(lambda folder: folder.remove([f"{path}{STAGED}" for path in paths]))

    def remove(self, paths: Sequence[str]) -> None:
        check_paths(paths)
        self._ask(lambda folder: folder.remove(paths))

    def create(self, path: str, content: bytes) -> bool:
        check_paths([path])
        return self._ask(lambda folder: folder.create(path, content))

    def entry(self, path: str) -> Entry:
        check_paths([path])
        return self._ask(lambda folder: folder.entry(path))

    def closed(self, folder: str) -> str:
        check_paths([folder])
        return self._ask(lambda remote: remote.closed(folder))

    def rename(self, old: str, new: str) -> None:
        check_paths([old, new])
        self._ask(lambda folder: folder.rename(old, new))

    def link(self, path: str, to: str) -> None:
        check_paths([path, to])
        self._ask(lambda folder: folder.link(path, to))

    def close(self) -> None:
        with self._turn:
            loop, self._loop = self._loop, None
            if loop is None:
                return
            asyncio.run_coroutine_threadsafe(self._leave(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            if self._thread is not None:
                self._thread.join()

    def _ask(self, question: Callable[["RemoteFolder"], Awaitable[Answer]]) -> Answer:
        _check_installed()
        with self._turn:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_live, args=[self._loop], daemon=True)
                self._thread.start()
            asked = asyncio.run_coroutine_threadsafe(self._answer(question), self._loop)
            try:
                return asked.result()
            except BaseException:
                asked.cancel()
                raise

    async def _answer(self, question: Callable[["RemoteFolder"], Awaitable[Answer]]) -> Answer:
        from ccstate.adapters.asterisk.storage.sftp_folder import RemoteFolder

        if self._folder is None or not self._folder.reachable:
            await self._leave()
            self._folder = await RemoteFolder.reach(self._login, self._root, self.place)
        try:
            return await question(self._folder)
        except BaseException:
            # Whatever it was: the next call starts afresh, on a connection that is known to work.
            await self._leave()
            raise

    async def _leave(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            await folder.leave()


def _live(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(_rest())
        loop.close()


async def _rest() -> None:
    """End all tasks; asyncio closes sockets a round or two after their tasks."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)


def _check_installed() -> None:
    try:
        import asyncssh  # noqa: F401  heavy, and an extra
    except ImportError:
        raise InvalidInput(codes.SFTP_MISSING()) from None
