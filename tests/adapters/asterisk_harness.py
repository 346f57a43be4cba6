"""A real Asterisk for the conformance suite, and what an administrator does on it by hand."""

import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk import sounds, transaction
from ccstate.adapters.asterisk.adapter import AsteriskAdapter, connect
from ccstate.adapters.asterisk.ami import Ami
from ccstate.adapters.asterisk.compiling import compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.include_files import read_stored, revision_in, serialize
from ccstate.adapters.asterisk.kind import Setting
from ccstate.adapters.asterisk.perform import SECONDS_TO_LOAD
from ccstate.adapters.asterisk.running.reload import await_revisions, reload
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.model import Address, Fields
from ccstate_lab.site import Site


def connection(site: Site) -> dict[str, Any]:
    """What ccstate.yaml says about a site of the lab."""
    return {
        "etc": str(site.etc),
        "sounds": str(site.sounds),
        "spool": str(site.spool),
        "ami": {"port": site.ami_port, "secret": f"file:{site.secret_file}"},
        "sip": {"port": site.sip_port},
        "test_site": True,
    }


@dataclass(frozen=True, slots=True)
class Saved:
    """What ccstate wrote on a site: files by their path in the folder that holds them."""

    configuration: Mapping[str, bytes]
    recordings: Mapping[str, bytes]


class OnAsterisk:
    """One site, started for the first case that runs."""

    def __init__(self, start: Callable[[], Site], project: Path) -> None:
        self._start = start
        self._project = project
        _record(project / "audio" / "welcome.wav")
        _record(project / "audio" / "hello.wav")
        self._site: Site | None = None

    def connect(self) -> AsteriskAdapter:
        if self._site is None:  # while tests are collected, nobody is asked for more than abilities
            return connect({"ami": {"secret": "env:NOBODY"}}, self._project)
        return connect(connection(self._site), self._project)

    def reset(self) -> None:
        if self._site is None:
            self._site = self._start()
        etc = LocalFolder(self._site.etc)
        listed = etc.listing()
        there = [name for name, path in FILES.items() if path in listed]
        etc.remove([kept.PATH, kept.SECRETS, *FILES.values(), *etc.listing(transaction.LOCKS)])
        recordings = LocalFolder(self._site.sounds)
        recordings.remove(list(recordings.listing(sounds.SOUNDS_FOLDER)))
        if there:
            with self.connect().server() as server, server.connect() as ami:
                reload(ami, there)

    def save(self) -> Saved:
        """The files of ccstate in the configuration, and the recordings of the prompts."""
        assert self._site is not None
        etc, recordings = LocalFolder(self._site.etc), LocalFolder(self._site.sounds)
        configuration = etc.read([kept.PATH, kept.SECRETS, *FILES.values()])
        return Saved(configuration, recordings.read(list(recordings.listing(sounds.SOUNDS_FOLDER))))

    def restore(self, saved: Saved) -> None:
        """Put these files in place, and have Asterisk read them."""
        assert self._site is not None
        _put(LocalFolder(self._site.sounds), saved.recordings, mode=0o644)
        _put(LocalFolder(self._site.etc), saved.configuration, mode=0o600)
        texts = {name: saved.configuration.get(path) for name, path in FILES.items()}
        written = {name: text for name, text in texts.items() if text is not None}
        with self.connect().server() as server, server.connect() as ami:
            _load(ami, written)

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        """The object as an administrator writes it: in the include files alone, and loaded.

        ccstate's own records stay as they are. Sounds do too: no field is read back from them.
        """
        with self.connect().server() as server:
            stored = read_stored(server.storage, is_test_site=server.is_test_site)
            records = stored.records
            if stored.is_new:  # include files without records are damage
                transaction.write(server.storage, kept.dump(records))
            objects = {a: f for a, f in records.objects.items() if a != address}
            if fields is not None:
                objects[address] = fields
            old = server.storage.read(FILES.values())
            setting = Setting(records.key, server.is_test_site)
            texts = serialize(compile_objects(objects, setting), old)
            new = {path: text for path, text in texts.items() if old.get(path) != text}
            server.storage.stage(new, mode=0o600)
            server.storage.commit(list(new))
            names = [name for name, path in FILES.items() if path in new]
            if names:
                with server.connect() as ami:
                    _load(ami, {name: texts[FILES[name]] for name in names})

    def break_(self) -> None:
        assert self._site is not None
        (self._site.etc / kept.PATH).write_bytes(b"no records")


def _put(folder: LocalFolder, files: Mapping[str, bytes], *, mode: int) -> None:
    folder.stage(files, mode=mode)
    folder.commit(list(files))


def _load(ami: Ami, texts: Mapping[str, bytes]) -> None:
    """Have Asterisk read these files, and wait until what it runs is of their revisions."""
    reload(ami, texts)
    revisions = {name: revision_in(name, text) for name, text in texts.items()}
    assert not await_revisions(ami, revisions, SECONDS_TO_LOAD)


def _record(path: Path) -> None:
    """Half a second of silence, for prompts that name a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as recording:
        recording.setparams((1, 2, 8000, 4000, "NONE", ""))
        recording.writeframes(bytes(8000))
