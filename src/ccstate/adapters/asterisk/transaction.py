"""Writes that are whole: one process at a time, and several files as one.

The lock is a file in Asterisk's folder. A lock that is read and then removed could be another's by
then, so nothing is removed while it counts: each file has the next number, the highest one counts,
and the process that makes it was the only one to do so. A file with a holder is a lock, an empty
one gives it back.

A transaction writes all of its files, or, after a kill, none. What the files are and will be is
noted before the first is renamed; the records come last, and with them everything holds. A process
that finds the note of a killed one looks at the records: where they are the new ones, what is left
is to load the files; where not, the old files are put back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ccstate.adapter import UNKNOWN, Holder
from ccstate.adapters.asterisk import records as record_files
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.storage import Storage
from ccstate.errors import Unreadable
from ccstate.model import Json

LOCKS = "ccstate/lock"
FREE = b""
TRIES = 5


def take_lock(storage: Storage, holder: Holder) -> Holder | None:
    """Takes the lock; None where that was done, else who has it."""
    for _ in range(TRIES):
        number, found = _current_lock(storage)
        if found is not None:
            return found
        if made := _make_next(storage, number, None, holder.encode()):
            # A slow process may have taken a number that was used, and removed since.
            if _current_lock(storage) == (made, holder):
                _remove_old(storage, made)
                return None
            storage.remove([_path(made)])
    return UNKNOWN


def release_lock(storage: Storage, holder: Holder) -> None:
    """Ends the lock of this holder; that of another stays."""
    number, found = _current_lock(storage)
    if found == holder and (made := _make_next(storage, number, found, FREE)):
        _remove_old(storage, made)


def _make_next(storage: Storage, number: int, found: Holder | None, content: bytes) -> int:
    """Makes the file that counts after this one; its number, or 0 where another was first."""
    for following in range(number + 1, number + 1 + TRIES):
        if storage.create(_path(following), content):
            return following
        if _current_lock(storage) != (number, found):
            return 0
        # What has that name is no file: a folder, or a link to nowhere. That is no lock.
    return 0


def lock_holder(storage: Storage) -> Holder | None:
    """Return the holder of the lock; None where it is free."""
    return _current_lock(storage)[1]


def _current_lock(storage: Storage) -> tuple[int, Holder | None]:
    """Return the highest number, 0 where there is none, and who holds by it."""
    for _ in range(TRIES):
        number = max(_numbers(storage), default=0)
        if not number:
            return 0, None
        content = storage.read([_path(number)]).get(_path(number))
        if content is not None:
            return number, None if content == FREE else Holder.decode(content)
    return 0, UNKNOWN


def _numbers(storage: Storage) -> list[int]:
    there = {path: path.rpartition("/")[2] for path in storage.listing(LOCKS)}
    numbers = {path: int(name) for path, name in there.items() if name.isdecimal()}
    return [number for path, number in numbers.items() if path == _path(number)]


def _path(number: int) -> str:
    return f"{LOCKS}/{number:08}"


def _remove_old(storage: Storage, number: int) -> None:
    """Removes what no longer counts."""
    storage.remove([_path(old) for old in sorted(_numbers(storage)) if old < number])


NOTE = "ccstate/transaction.json"
OLD = "ccstate/before/"
"""Where the old files stand until the new ones are confirmed."""


RECORDS = (record_files.PATH, record_files.SECRETS, f"{OLD}{record_files.SECRETS}")
"""What has to be read for the records: with the secrets as they were, should a write have been killed."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A write that has begun: by path, the digest of the file before (None: there was none), after.

    `beside`: what else whoever finishes it, or takes it back, has to know.
    """

    before: Mapping[str, str | None]
    after: Mapping[str, str]
    beside: Json = None


def read_records(
    found: Mapping[str, bytes], place: str, closed: Collection[str] = ()
) -> record_files.Records | None:
    """Read the records among files that were read; None where there are none.

    Sealed where the secrets are among `closed`, the files that may not be read. A killed process
    may leave new secrets beside old records; the old secrets lie aside then.
    """
    if (content := found.get(record_files.PATH)) is None:
        return None
    private, old = found.get(record_files.SECRETS), found.get(RECORDS[-1])
    try:
        records = record_files.load(content, private, place)
    except Unreadable:
        if old is None:
            raise
        records = record_files.load(content, old, place)
    if records.is_sealed and record_files.SECRETS not in closed:
        raise Unreadable(record_files.without_secrets(place))
    return records


def begin(
    storage: Storage, old: Mapping[str, bytes], new: Mapping[str, bytes], beside: Json = None
) -> Transaction:
    """Keeps the old files aside and notes what is going to happen; nothing has changed yet."""
    begun = Transaction(
        {path: record_files.digest(old[path]) if path in old else None for path in new},
        {path: record_files.digest(content) for path, content in new.items()},
        beside,
    )
    aside = {f"{OLD}{path}": content for path, content in old.items() if path in new}
    said = {"before": dict(begun.before), "after": dict(begun.after), "beside": beside}
    note = orjson.dumps(said)
    storage.stage({**aside, NOTE: note}, mode=0o600)
    storage.commit([*aside, NOTE])
    return begun


def write(storage: Storage, new: Mapping[str, bytes]) -> None:
    """The new files, the records last; a killed process leaves each file old or new."""
    last = [path for path in (record_files.SECRETS, record_files.PATH) if path in new]
    others = [path for path in new if path not in last]
    shared = {path: content for path, content in new.items() if path != record_files.SECRETS}
    if record_files.PATH in new and not record_files.is_public(new[record_files.PATH]):
        # Records of format 1, which are put back.
        storage.stage({record_files.PATH: shared.pop(record_files.PATH)}, mode=0o600)
    if shared:
        storage.stage(shared, mode=0o640)
    if record_files.SECRETS in new:
        storage.stage({record_files.SECRETS: new[record_files.SECRETS]}, mode=0o600)
    storage.commit([*others, *last])


def end(storage: Storage, begun: Transaction) -> None:
    """End a write that holds: remove the old files and the note."""
    # The note last: a process that is killed here is finished by the next. Of a killed process that
    # began something else, and was given up, copies and staged files may lie about.
    paths = sorted({*begun.before, *FILES.values(), record_files.SECRETS, record_files.PATH})
    storage.discard([*paths, *(f"{OLD}{path}" for path in paths)])
    storage.remove([*(f"{OLD}{path}" for path in paths), NOTE])


def pending(storage: Storage) -> Transaction | None:
    """Return the write that a killed process left, if there is one."""
    content = storage.read([NOTE]).get(NOTE)
    if content is None:
        return None
    said: Any = orjson.loads(content)
    return Transaction(said["before"], said["after"], said.get("beside"))


def holds(storage: Storage, begun: Transaction) -> bool:
    """Whether the write got as far as the records, so that all of it is there."""
    there = storage.read([record_files.PATH]).get(record_files.PATH)
    return there is not None and record_files.digest(there) == begun.after.get(record_files.PATH)


def take_back(storage: Storage, begun: Transaction) -> list[str]:
    """Put the old files back; return those that were changed since by hand, and that stay."""
    paths = list(begun.before)
    there = storage.read(paths)
    old = storage.read([f"{OLD}{path}" for path in paths])
    strange, restored, removed = [], {}, []
    for path in paths:
        now = record_files.digest(there[path]) if path in there else None
        if now == begun.before[path]:
            continue
        is_kept = begun.before[path] is None or f"{OLD}{path}" in old
        if now != begun.after[path] or not is_kept:
            strange.append(path)
        elif begun.before[path] is None:
            removed.append(path)
        else:
            restored[path] = old[f"{OLD}{path}"]
    storage.discard(paths)
    write(storage, restored)
    storage.remove(removed)
    return strange
