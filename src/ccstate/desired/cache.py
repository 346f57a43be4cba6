"""Parsed documents kept between runs, by what their files contain.

Only documents without a problem are kept, under a key made of the bytes of the file and of the
code that read them: whatever changes, the entry is simply not found.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path

import orjson

from ccstate.desired.documents import Document

_SOURCES = ("kinds", "desired")


@cache
def _code() -> bytes:
    package = Path(__file__).parent.parent
    digest = blake2b(digest_size=16)
    for folder in _SOURCES:
        for source in sorted((package / folder).glob("*.py")):
            digest.update(source.read_bytes())
    return digest.digest()


class ParseCache:
    """A folder of parsed documents; a missing or damaged entry only costs time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[str] = set()

    def key(self, data: bytes) -> str:
        """What the entry for a file of this content is called."""
        return blake2b(data, digest_size=20, key=_code()).hexdigest()

    def has(self, key: str) -> bool:
        """Whether there is an entry under the key, good or damaged."""
        return (self._folder / key).exists()

    def get(self, key: str) -> Document | None:
        """The document kept under the key."""
        self._used.add(key)
        try:
            resources, mentions, release = orjson.loads((self._folder / key).read_bytes())
        except (OSError, ValueError):
            return None
        return Document(resources, mentions, release)

    def put(self, key: str, document: Document) -> None:
        """Keeps the document; a folder that cannot be written is left alone."""
        content = orjson.dumps([document.resources, document.mentions, document.release])
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f"{key}.part"
            part.write_bytes(content)
            part.replace(self._folder / key)
        except OSError:
            return  # a read-only checkout plans as well, only slower

    def prune(self) -> None:
        """Drops entries that this run did not use, once they outnumber those that it did."""
        try:
            kept = list(self._folder.iterdir())
        except OSError:
            return
        if len(kept) > 3 * len(self._used) + 50:
            for entry in kept:
                if entry.name not in self._used:
                    entry.unlink(missing_ok=True)
