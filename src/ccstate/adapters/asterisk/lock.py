"""Who may write to this Asterisk: a file in its folder, made by one process of all that try.

A lock that is read and then removed could be another's by then. So nothing is removed while it
counts: each file has the next number, the highest one counts, and whoever makes it was the only
one to do so. One with a holder is a lock, an empty one gives it back.
"""

from ccstate.adapter import UNKNOWN, Holder
from ccstate.adapters.asterisk.storage import Storage

FOLDER = "ccstate/lock"
FREE = b""
TRIES = 5


def take(storage: Storage, holder: Holder) -> Holder | None:
    """Takes the lock; None where that was done, else who has it."""
    for _ in range(TRIES):
        number, found = _standing(storage)
        if found is not None:
            return found
        if made := _follow(storage, number, None, holder.encode()):
            # Whoever was slow may have taken a number that was used, and removed since.
            if _standing(storage) == (made, holder):
                _tidy(storage, made)
                return None
            storage.remove([_path(made)])
    return UNKNOWN


def give_back(storage: Storage, holder: Holder) -> None:
    """Ends the lock of this holder; that of another stays."""
    number, found = _standing(storage)
    if found == holder and (made := _follow(storage, number, found, FREE)):
        _tidy(storage, made)


def _follow(storage: Storage, number: int, found: Holder | None, content: bytes) -> int:
    """Makes the file that counts after this one; its number, or 0 where another was first."""
    for following in range(number + 1, number + 1 + TRIES):
        if storage.create(_path(following), content):
            return following
        if _standing(storage) != (number, found):
            return 0
        # What has that name is no file: a folder, or a link to nowhere. It is nobody's lock.
    return 0


def held(storage: Storage) -> Holder | None:
    """Who has the lock; None where nobody has."""
    return _standing(storage)[1]


def _standing(storage: Storage) -> tuple[int, Holder | None]:
    """The highest number, 0 where there is none, and who holds by it."""
    for _ in range(TRIES):
        number = max(_numbers(storage), default=0)
        if not number:
            return 0, None
        content = storage.read([_path(number)]).get(_path(number))
        if content is not None:
            return number, None if content == FREE else Holder.decode(content)
    return 0, UNKNOWN


def _numbers(storage: Storage) -> list[int]:
    there = {path: path.rpartition("/")[2] for path in storage.listing(FOLDER)}
    numbers = {path: int(name) for path, name in there.items() if name.isdecimal()}
    return [number for path, number in numbers.items() if path == _path(number)]


def _path(number: int) -> str:
    return f"{FOLDER}/{number:08}"


def _tidy(storage: Storage, number: int) -> None:
    """Removes what no longer counts."""
    storage.remove([_path(old) for old in sorted(_numbers(storage)) if old < number])
