"""The folder of Asterisk's configuration (`astetcdir`), on this machine or another.

Files are written in two steps. `stage` writes `NAME.new` beside each, which no `#tryinclude *.conf`
matches, and forces it to the disk; `commit` renames them over the old ones, in the given order.
So that whatever happens, a file is the old one or the new one.
"""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol, TypeAlias

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.ami.message import printable
from ccstate.errors import Code, Diagnostic, InvalidInput, Span, Unreadable

LARGEST = 64 * 1024 * 1024

_HINTS = {
    errno.EACCES: "let the user who runs ccstate write there: owner, group and mode of the folder",
    errno.EPERM: "let the user who runs ccstate write there: owner, group and mode of the folder",
    errno.ENOSPC: "free space on that disk, then try again",
    errno.EDQUOT: "free space, or raise the user's quota, then try again",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`), then try again",
    errno.EROFS: "mount it writable, or name the folder that Asterisk really reads",
}


def problem(code: Code, place: str, path: str, **values: object) -> Diagnostic:
    """Report a problem of a file in a folder."""
    return code(Span(f"{place}/{path}"), place=place, path=path, **values)


def leads_out(place: str, path: str) -> Unreadable:
    return Unreadable(problem(codes.LINK_LEADS_OUT, place, path))


def too_large(place: str, path: str) -> Unreadable:
    megabytes = LARGEST // 1024 // 1024
    return Unreadable(problem(codes.FILE_TOO_LARGE, place, path, most=megabytes))


def not_changed(place: str, path: str, why: str, hint: str, done: Sequence[str]) -> Diagnostic:
    """Report a file that could not be replaced or removed; `done` were, before it."""
    before = f"{', '.join(done)} had been done before" if done else "nothing was changed before"
    hint = hint or "plan again: it shows what is left to do"
    return problem(codes.NOT_CHANGED, place, path, why=why, before=before, hint=hint)


def no_right(place: str, path: str) -> str:
    """Say that names in a folder may not be changed."""
    return f"no right to write in {place}/{path}"


def hint_for(error: OSError) -> str:
    return _HINTS.get(error.errno or 0, "")


def reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


STAGED = ".new"
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class SshLogin:
    """The machine of a folder, and the user there.

    `key`: the file of a private key without passphrase; without one, what an ssh-agent holds, and
    the keys in ~/.ssh. Passwords are not offered. `known_hosts` is always obeyed: a machine that
    it does not name is not written to. `timeout`: seconds to connect, and for each file.
    """

    host: str
    username: str
    port: int = 22
    key: Path | None = None
    known_hosts: Path = field(default_factory=lambda: Path("~/.ssh/known_hosts").expanduser())
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Stat:
    """Size in bytes; `mtime` in seconds since 1970."""

    size: int
    mtime: float


Entry: TypeAlias = Literal["", "folder", "link", "file"]


class NotPermitted(Unreadable):
    """A file or folder is there, and the user who runs ccstate may not read it."""


class Storage(Protocol):
    """A folder; paths are relative to it, with `/`, and none leads out of it.

    InvalidInput for a path that could not be inside. Unreadable for everything else that fails.
    """

    @property
    def place(self) -> str:
        """The folder, as messages name it."""
        ...

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        """Read files; a file that is not there is left out."""
        ...

    def listing(self, folder: str = "", closed: set[str] | None = None) -> dict[str, Stat]:
        """List all files below a folder, by their path from the root; none where it is not there.

        Folders that may not be read are added to `closed`; NotPermitted where that is None.
        Links to files count where they lead to a file inside; links to folders are not followed.
        """
        ...

    def stage(self, files: Mapping[str, bytes], *, mode: int) -> None:
        """Write each beside its place, making folders as needed; all of them, or none stays.

        Folders are made 0755, or 0750 where `mode` keeps others out, with the group of the folder
        that they are in. A file takes the group of the one that it will replace, or of its folder,
        as far as we may: Asterisk has to read it.
        """
        ...

    def commit(self, paths: Sequence[str]) -> None:
        """Put what was staged in place, one after the other; none where one was not staged."""
        ...

    def discard(self, paths: Collection[str]) -> None:
        """Forget what was staged; what was not is passed over."""
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Delete files; one that is not there is passed over."""
        ...

    def create(self, path: str, content: bytes) -> bool:
        """Make a file that only its owner reads; False where there is something of that name.

        Of many processes that ask at once one makes it, and none sees it without its content.
        """
        ...

    def entry(self, path: str) -> Entry:
        """Tell what has this name; "" where nothing has, or it is something else."""
        ...

    def closed(self, folder: str) -> str:
        """Say why names in a folder cannot be changed; "" where they can, or there is no folder.

        SFTP cannot be asked for the right to write: there it is only known that the folder is seen.
        """
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a folder another name beside."""
        ...

    def link(self, path: str, to: str) -> None:
        """Make a link of this name to another name beside it."""
        ...

    def close(self) -> None: ...


def entry_of(mode: int) -> Entry:
    """Tell by its mode what something in a folder is."""
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else ""


def check_paths(paths: Collection[str]) -> None:
    """InvalidInput unless each path stays inside by its spelling alone."""
    problems = [
        codes.PATH_REFUSED(path=repr(printable(path)), why=why)
        for path in paths
        if (why := _objection(path))
    ]
    if problems:
        raise InvalidInput(problems)


def _objection(path: str) -> str:
    if path.startswith("/"):
        return "it is absolute"
    if not path.isprintable() or "\\" in path:
        return "it has a sign that no file of Asterisk's has"
    parts = path.split("/")
    if ".." in parts:
        return "it has `..`"
    if "" in parts or "." in parts:
        return "it has an empty part"
    return ""


def read_permitted(
    storage: Storage, paths: Collection[str]
) -> tuple[dict[str, bytes], frozenset[str]]:
    """Read files; return their content, and those that are there and may not be read."""
    try:
        return storage.read(paths), frozenset()
    except NotPermitted:
        found: dict[str, bytes] = {}
        closed = set()
        for path in paths:
            try:
                found |= storage.read([path])
            except NotPermitted:
                closed.add(path)
        return found, frozenset(closed)


def _unreadable(place: str, path: str, error: OSError) -> Unreadable:
    kind = NotPermitted if isinstance(error, PermissionError) else Unreadable
    return kind([problem(codes.FILE_UNREADABLE, place, path, why=reason(error))])


def folder_mode(mode: int) -> int:
    """Return the mode of a folder that is made for files of this mode."""
    return 0o755 if mode & stat.S_IROTH else 0o750


class LocalFolder:
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def place(self) -> str:
        """See Storage; so for the others."""
        return str(self._root)

    def close(self) -> None:
        """Nothing is held open."""

    def read(self, paths: Collection[str]) -> dict[str, bytes]:
        check_paths(paths)
        self._check_root()
        found = {path: self._content(path) for path in paths}
        return {path: content for path, content in found.items() if content is not None}

    def listing(self, folder: str = "", closed: set[str] | None = None) -> dict[str, Stat]:
        if folder:
            check_paths([folder])
        self._check_root()

        def unwalkable(error: OSError) -> None:
            path = Path(error.filename).relative_to(self._root).as_posix()
            if isinstance(error, FileNotFoundError):
                return
            if isinstance(error, PermissionError) and closed is not None:
                closed.add(path)
            else:
                raise _unreadable(self.place, path, error)

        found = {}
        if folder and not self._is_inside(folder):
            raise leads_out(self.place, folder)
        # Plain strings: objects of pathlib for each file take three times as long.
        top = str(self._root / folder)
        for where, _, names in os.walk(top, onerror=unwalkable):
            below = f"{folder}{where[len(top) :]}".lstrip("/")
            for name in names:
                path = f"{below}/{name}" if below else name
                if status := self._status(f"{where}/{name}", path):
                    found[path] = status
        return dict(sorted(found.items()))

    def _status(self, file: str, path: str) -> Stat | None:
        """Read size and time of a file; None where it is gone, is no file, or a link that leads out."""
        try:
            status = os.lstat(file)
            # Folders that are links are not walked: only a link to a file leads out.
            if stat.S_ISLNK(status.st_mode):
                status = os.stat(file)  # noqa: PTH116 - no object for each file: see `listing`
                if not self._is_inside(path):
                    return None
        except FileNotFoundError:
            return None
        return Stat(status.st_size, status.st_mtime) if stat.S_ISREG(status.st_mode) else None

    def stage(self, files: Mapping[str, bytes], *, mode: int) -> None:
        check_paths(files)
        self._check_root()
        staged: list[str] = []
        try:
            for path, content in files.items():
                with self._staging(path):
                    staged.append(path)
                    self._make_folders(path, folder_mode(mode))
                    _write(self._inside(path), content, mode)
            for folder in {self._inside(path).parent for path in files}:
                _sync_folder(folder)
        except BaseException:
            with contextlib.suppress(Unreadable):
                self.discard(staged)
            raise

    def commit(self, paths: Sequence[str]) -> None:
        check_paths(paths)
        self._check_root()
        missing = [path for path in paths if not _staged(self._inside(path)).is_file()]
        if missing:
            why, hint = "nothing was staged for it", "plan and apply again"
            raise Unreadable(not_changed(self.place, path, why, hint, ()) for path in missing)
        done: list[str] = []
        for path in paths:
            with self._changing(path, done):
                file = self._inside(path)
                _staged(file).replace(file)
                _sync_folder(file.parent)
            done.append(path)

    def discard(self, paths: Collection[str]) -> None:
        check_paths(paths)
        self._delete([f"{path}{STAGED}" for path in paths])

    def remove(self, paths: Sequence[str]) -> None:
        check_paths(paths)
        self._delete(paths)

    def create(self, path: str, content: bytes) -> bool:
        check_paths([path])
        self._check_root()
        with self._staging(path):
            self._make_folders(path, folder_mode(0o600))
            try:
                _make(self._inside(path), self._inside(beside_name(path)), content)
            except FileExistsError:
                return False
            _sync_folder(self._inside(path).parent)
        return True

    def entry(self, path: str) -> Entry:
        check_paths([path])
        self._check_root()
        try:
            return entry_of(self._inside(path).lstat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            raise _unreadable(self.place, path, error) from None

    def closed(self, folder: str) -> str:
        if not self.entry(folder):
            return ""
        rights = os.R_OK | os.W_OK | os.X_OK
        may = os.access(self._inside(folder), rights, effective_ids=True)
        return "" if may else no_right(self.place, folder)

    def rename(self, old: str, new: str) -> None:
        check_paths([old, new])
        self._check_root()
        with self._changing(old, ()):
            self._inside(old).rename(self._inside(new))
            _sync_folder(self._inside(new).parent)

    def link(self, path: str, to: str) -> None:
        check_paths([path, to])
        self._check_root()
        with self._changing(path, ()):
            self._inside(path).symlink_to(to)
            _sync_folder(self._inside(path).parent)

    def _delete(self, paths: Collection[str]) -> None:
        self._check_root()
        done: list[str] = []
        for path in paths:
            file = self._inside(path)
            with self._changing(path, done), contextlib.suppress(FileNotFoundError):
                file.unlink()
                _sync_folder(file.parent)
            done.append(path)

    def _content(self, path: str) -> bytes | None:
        file = self._inside(path)
        if not self._is_inside(path):
            raise leads_out(self.place, path)
        try:
            content = _bounded(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(self.place, path, error) from None
        if len(content) > LARGEST:
            raise too_large(self.place, path)
        return content

    def _inside(self, path: str) -> Path:
        """Where a file lies; Unreadable where its folder is a link that leads out."""
        if not self._is_inside(path.rpartition("/")[0]):
            raise leads_out(self.place, path)
        return self._root / path

    def _is_inside(self, path: str) -> bool:
        """Whether a path that is inside by its spelling is so on the disk, links followed."""
        place = str(self._root)
        for part in path.split("/"):
            place = os.path.join(place, part)  # noqa: PTH118 - asked of every file of every read
            if os.path.islink(place):  # noqa: PTH114 - so is this
                root, real = os.path.realpath(self._root), os.path.realpath(self._root / path)
                return real == root or real.startswith(f"{root}/")
        return True

    def _check_root(self) -> None:
        try:
            os.scandir(self._root).close()
        except OSError as error:
            place = self.place
            raise Unreadable(codes.NO_FOLDER(Span(place), place=place, why=reason(error))) from None

    def _make_folders(self, path: str, mode: int) -> None:
        for folder in reversed(PurePosixPath(path).parents[:-1]):
            made = self._inside(str(folder))
            if made.is_dir():
                continue
            try:
                made.mkdir()
            except FileExistsError:
                if made.is_dir():  # another process has made it since
                    continue
                raise
            made.chmod(mode)  # whatever the umask says
            with contextlib.suppress(PermissionError):
                os.chown(made, -1, made.parent.stat().st_gid)
            _sync_folder(made.parent)

    @contextlib.contextmanager
    def _staging(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why, hint = reason(error), hint_for(error)
            fault = problem(codes.NOT_STAGED, self.place, path, why=why, hint=hint)
            raise Unreadable(fault) from None

    @contextlib.contextmanager
    def _changing(self, path: str, done: Sequence[str]) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why, hint = reason(error), hint_for(error)
            raise Unreadable(not_changed(self.place, path, why, hint, done)) from None


def beside_name(path: str) -> str:
    """Names a file for the content of another, which no other process writes at the same time."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.{secrets.token_hex(8)}{STAGED}"


def _staged(file: Path) -> Path:
    return file.with_name(file.name + STAGED)


def _bounded(file: Path) -> bytes:
    """Read a file, one byte more than is allowed at most; OSError where it is no file."""
    # A pipe under a file's name would keep us waiting for ever, were it not for O_NONBLOCK.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(LARGEST + 1)
    finally:
        os.close(descriptor)


def _write(file: Path, content: bytes, mode: int) -> None:
    """A new file beside, on the disk when this returns; a link of that name is not followed."""
    beside = _staged(file)
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, NEW, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        _take_group(descriptor, file)
        os.fchmod(descriptor, mode)
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)


def _make(file: Path, beside: Path, content: bytes) -> None:
    """A new file, on the disk when this returns; FileExistsError where anything has its name."""
    with os.fdopen(os.open(beside, NEW, 0o600), "wb") as opened:
        try:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
            # A file that is opened and then written has its name before its content: an empty
            # lock is a free one, so two processes could take it. A hard link has both at once.
            os.link(beside, file, follow_symlinks=False)
        finally:
            beside.unlink()


def _take_group(descriptor: int, file: Path) -> None:
    """The group of the file to be replaced, or of its folder; ours where we may not."""
    like = file if file.exists() else file.parent
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, -1, like.stat().st_gid)


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
