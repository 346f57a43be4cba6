"""A real Asterisk for the conformance suite, and what an administrator does on it by hand."""

import wave
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ccstate.adapters.asterisk import lock, perform, sounds
from ccstate.adapters.asterisk import records as kept
from ccstate.adapters.asterisk.adapter import AsteriskAdapter, connect
from ccstate.adapters.asterisk.compile import Setting, compile_objects
from ccstate.adapters.asterisk.entries import FILES
from ccstate.adapters.asterisk.perform import SECONDS_TO_LOAD
from ccstate.adapters.asterisk.running.reload import await_revisions, reload
from ccstate.adapters.asterisk.sounds import prompts
from ccstate.adapters.asterisk.sounds.speech import Speech
from ccstate.adapters.asterisk.spelling import revision_in, spell
from ccstate.adapters.asterisk.storage import LocalFolder
from ccstate.lab.site import Site
from ccstate.model import Address, Fields


def connection(site: Site) -> dict[str, Any]:
    """What ccstate.yaml says about a site of the lab."""
    return {
        "etc": str(site.etc),
        "sounds": str(site.sounds),
        "ami": {"port": site.ami_port, "secret": f"file:{site.secret_file}"},
        "sip": {"port": site.sip_port},
        "test_site": True,
    }


class OnAsterisk:
    """One site, started for the first case that runs."""

    def __init__(self, start: Callable[[], Site], project: Path) -> None:
        self._start = start
        self._project = project
        _record(project / "audio" / "welcome.wav")
        self._site: Site | None = None

    def connect(self) -> AsteriskAdapter:
        if self._site is None:  # while tests are collected, nobody is asked for more than abilities
            return connect({"ami": {"secret": "env:NOBODY"}}, self._project)
        return connect(connection(self._site), self._project)

    def reset(self) -> None:
        if self._site is None:
            self._site = self._start()
        etc = LocalFolder(self._site.etc)
        there = [name for name, path in FILES.items() if path in etc.listing()]
        etc.remove([kept.PATH, *FILES.values(), *etc.listing(lock.FOLDER)])
        recordings = LocalFolder(self._site.sounds)
        recordings.remove(list(recordings.listing(prompts.FOLDER)))
        if there:
            with self.connect().server() as server, server.connect() as ami:
                reload(ami, there)

    def by_hand(self, address: Address, fields: Fields | None) -> None:
        """The object changed in ccstate's own files, as an administrator edits them, and loaded."""
        adapter = self.connect()
        with adapter.server() as server:
            content = server.storage.read([kept.PATH]).get(kept.PATH)
            records = kept.new_records() if content is None else kept.load(content, "etc")
            objects = {a: f for a, f in records.objects.items() if a != address}
            if fields is not None:
                objects[address] = fields
            self._write(server, replace(records, objects=objects))

    def _write(self, server: perform.Server, records: kept.Records) -> None:
        compiled = compile_objects(records.objects, Setting(records.key, server.is_test_site))
        texts = spell(compiled)
        old = server.storage.read(FILES.values())
        new = {path: text for path, text in texts.items() if old.get(path) != text}
        spoken_prompts = _prompts(records.objects)
        recordings = sounds.recording_digests(spoken_prompts, self._project)
        wanted = sounds.wanted(spoken_prompts, recordings=recordings)
        missing = {p: one for p, one in wanted.items() if records.sounds.get(p) != one.digest}
        made = sounds.make(missing, self._project, Speech())
        assert self._site is not None
        folder = LocalFolder(self._site.sounds)
        spoken = {f"{prompts.FOLDER}/{path}": sound.content for path, sound in made.items()}
        folder.stage(spoken, mode=0o644)
        folder.commit(list(spoken))
        digests = {path: one.digest for path, one in wanted.items()}
        records = kept.written(replace(records, sounds=digests), texts)
        files = {**new, kept.PATH: kept.dump(records)}
        server.storage.stage(files, mode=0o600)
        server.storage.commit(list(files))
        names = [name for name, path in FILES.items() if path in new]
        revisions = {name: revision_in(name, texts[FILES[name]]) for name in names}
        if names:
            with server.connect() as ami:
                reload(ami, names)
                assert not await_revisions(ami, revisions, SECONDS_TO_LOAD)

    def break_(self) -> None:
        assert self._site is not None
        (self._site.etc / kept.PATH).write_bytes(b"no records")


def _record(path: Path) -> None:
    """Half a second of silence, for prompts that name a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as recording:
        recording.setparams((1, 2, 8000, 4000, "NONE", ""))
        recording.writeframes(bytes(8000))


def _prompts(objects: Mapping[Address, Fields]) -> dict[str, Fields]:
    return {address.name: fields for address, fields in objects.items() if address.kind == "prompt"}
