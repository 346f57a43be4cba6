"""The embedded platform as the conformance suite wants it."""

import shutil
import tempfile
import weakref
from pathlib import Path

from ccstate.adapter import Adapter
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.model import Address, Fields


class Embedded:
    """A platform in a folder of its own, which goes with the process."""

    def __init__(self) -> None:
        # In memory where that can be had: on a disk the suite waits for fsync, and little else.
        memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes its own folder there
        place = memory if memory.is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="ccstate-conformance-", dir=place))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def connect(self) -> Adapter:
        return self.open()

    def open(self) -> EmbeddedAdapter:
        return connect({"path": "platform.db"}, self._folder)

    def reset(self) -> None:
        for file in self._folder.iterdir():
            file.unlink()

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        self.open().by_hand(address, fields)

    def break_(self) -> None:
        (self._folder / "platform.db").write_bytes(b"no database")
