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
        if storage.create(_path(number + 1), holder.encode()):
            # Whoever was slow may have taken a number that was used, and removed since.
            if _standing(storage) == (number + 1, holder):
                _tidy(storage, number + 1)
                return None
            storage.remove([_path(number + 1)])
    return UNKNOWN


def give_back(storage: Storage, holder: Holder) -> None:
    """Ends the lock of this holder; that of another stays."""
    number, found = _standing(storage)
    if found == holder and storage.create(_path(number + 1), FREE):
        _tidy(storage, number + 1)


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
    names = (path.rpartition("/")[2] for path in storage.listing(FOLDER))
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def _path(number: int) -> str:
    return f"{FOLDER}/{number:08}"


def _tidy(storage: Storage, number: int) -> None:
    """Removes what no longer counts."""
    storage.remove([_path(old) for old in sorted(_numbers(storage)) if old < number])
