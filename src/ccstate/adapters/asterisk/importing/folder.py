"""A folder of Asterisk's configuration on this machine, from a server or copied from one."""

import glob
import gzip
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ccstate.adapters.asterisk.conf import MOST_BYTES
from ccstate.adapters.asterisk.handwritten import OWN
from ccstate.adapters.asterisk.importing.recordings import MOST_BYTES as MOST_WORDS
from ccstate.errors import Diagnostic, Span, Unreadable

USUAL = PurePosixPath("/etc/asterisk")
"""Where Debian's Asterisk has its configuration: what is included from there is in the folder."""
WORDS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt"
"""The words of the recordings as Debian's asterisk-core-sounds-en has them, packed or not."""


class Folder:
    """Reads files for `import_estate`, by names as includes give them; nothing outside of it.

    Links are followed, for several distributions link their files there from elsewhere. What
    ccstate has written itself is empty here.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none. Unreadable where it may not be read."""
        inside = self._inside(name)
        if inside is None:
            return None
        if inside in OWN:
            return b""
        path = self._root / inside
        try:
            return _bytes(path, MOST_BYTES) if path.is_file() else None
        except OSError as error:
            raise Unreadable([_unreadable(path, error)]) from None

    def matching(self, pattern: str) -> Iterator[str]:
        """The names that an include's pattern stands for, as it would name them."""
        inside = self._inside(pattern)
        if inside is not None:
            above = pattern.removesuffix(inside)
            # Not Path.glob: `**` is nothing but `*` to Asterisk, and Path refuses `a**.conf`.
            for name in sorted(glob.glob(inside, root_dir=self._root)):  # noqa: PTH207 - above
                yield above + name

    def _inside(self, name: str) -> str | None:
        """The name from the folder on; None for what is outside, or could be."""
        path = PurePosixPath(name)
        if "\0" in name or ".." in path.parts:
            return None
        if not path.is_absolute():
            return name
        for root in (PurePosixPath(self._root.absolute()), USUAL):
            if path.is_relative_to(root):
                return str(path.relative_to(root))
        return None


def recorded_words(root: Path) -> Path | None:
    """The list of words that belongs to a configuration folder: below one of the folders above it.

    So the machine's own, and that of a system which was unpacked into a folder.
    """
    for above in root.resolve().parents:
        for name in (WORDS, f"{WORDS}.gz"):
            if (above / name).is_file():
                return above / name
    return None


def listed_words(path: Path) -> bytes:
    """What such a list says, unpacked; Unreadable where it cannot be read."""
    try:
        if path.suffix != ".gz":
            return _bytes(path, MOST_WORDS)
        with gzip.open(path) as packed:
            return packed.read(MOST_WORDS)
    except (OSError, EOFError) as error:
        raise Unreadable([_unreadable(path, error)]) from None


def _bytes(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _unreadable(path: Path, error: Exception) -> Diagnostic:
    why = getattr(error, "strerror", None) or str(error)
    return Diagnostic(
        "CC810",
        f"{path} cannot be read: {why}",
        Span(str(path)),
        hint="run this as a user who may read it, or on a copy of the folder",
    )
