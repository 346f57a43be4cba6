"""The embedded platform as the conformance suite wants it."""

import shutil
import tempfile
import weakref
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ccstate.adapter import Adapter, Holder, Result, Support
from ccstate.adapters.embedded import EmbeddedAdapter, connect
from ccstate.errors import Diagnostic
from ccstate.model import Address, Change, Fields, Observation


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

    def save(self) -> Mapping[str, bytes]:
        """The files of the platform, by their names."""
        return {file.name: file.read_bytes() for file in self._folder.iterdir()}

    def restore(self, saved: Mapping[str, bytes]) -> None:
        for name, content in saved.items():
            (self._folder / name).write_bytes(content)

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        self.open().by_hand(address, fields)

    def break_(self) -> None:
        (self._folder / "platform.db").write_bytes(b"no database")


class Passing:
    """Passes everything on to the platform; what is to go otherwise is overridden."""

    def __init__(self, real: EmbeddedAdapter) -> None:
        self.real = real

    @property
    def supports(self) -> Mapping[str, Support]:
        return self.real.supports

    def observe(self, kinds: Collection[str]) -> Observation:
        return self.real.observe(kinds)

    def seal(self, references: Collection[str]) -> Mapping[str, str]:
        return self.real.seal(references)

    def audit(self, changes: Sequence[Change]) -> list[Diagnostic]:
        return self.real.audit(changes)

    def perform(self, batch: Sequence[Change]) -> list[Result]:
        return self.real.perform(batch)

    def recover(self) -> str:
        return self.real.recover()

    def lock(self, holder: Holder) -> Holder | None:
        return self.real.lock(holder)

    def unlock(self, holder: Holder) -> None:
        self.real.unlock(holder)

    def holder(self) -> Holder | None:
        return self.real.holder()
