"""The sounds of prompts on a platform: which are there, which have to be made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccstate.adapters.asterisk import sounds
from ccstate.adapters.asterisk.observe import View
from ccstate.adapters.asterisk.records import Objects, Records
from ccstate.adapters.asterisk.sounds import Wanted
from ccstate.adapters.asterisk.sounds.speech import Speech
from ccstate.adapters.asterisk.storage import Stat
from ccstate.errors import Diagnostic
from ccstate.model import Address, Fields

FOLDER = "ccstate"
"""Below Asterisk's folder of sounds."""


@dataclass(frozen=True, slots=True)
class Made:
    """Sound files to write, by path; the digest of every sound that will be there; what is left
    over.
    """

    files: Mapping[str, bytes]
    digests: Mapping[str, str]
    leftover: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompts:
    """The sounds of one project."""

    folder: Path
    speech: Speech

    def _wanted(self, objects: Objects) -> dict[str, Wanted]:
        prompts: dict[str, Fields] = {
            address.name: fields for address, fields in objects.items() if address.kind == "prompt"
        }
        recordings = sounds.recording_digests(prompts, self.folder)
        return sounds.wanted(prompts, speech=self.speech, recordings=recordings)

    def audit(self, objects: Objects, records: Records) -> list[Diagnostic]:
        """What keeps sounds from being made."""
        return sounds.audit(self._missing(objects, records), self.folder, self.speech)

    def _missing(self, objects: Objects, records: Records) -> dict[str, Wanted]:
        return {
            path: one
            for path, one in self._wanted(objects).items()
            if records.sounds.get(path) != one.digest
        }

    def made(self, objects: Objects, records: Records, there: Mapping[str, Stat]) -> Made:
        """The sounds that the objects want and that are not there, made."""
        wanted = self._wanted(objects)
        missing = {
            path: one
            for path, one in wanted.items()
            if records.sounds.get(path) != one.digest or f"{FOLDER}/{path}" not in there
        }
        made = sounds.make(missing, self.folder, self.speech)
        return Made(
            {f"{FOLDER}/{path}": sound.content for path, sound in made.items()},
            {path: one.digest for path, one in wanted.items()},
            tuple(f"{FOLDER}/{path}" for path in records.sounds if path not in wanted),
        )

    def compare(self, view: View, records: Records, there: Mapping[str, Stat]) -> None:
        """Tells the view which sounds are not there, and which are made from something else."""
        for path, one in self._wanted(records.objects).items():
            owner = Address("prompt", one.prompt)
            if owner not in view.objects:
                continue
            if f"{FOLDER}/{path}" not in there:
                view.altered.setdefault(owner, []).append(f"sounds/{FOLDER}/{path} is not there")
            elif records.sounds.get(path) != one.digest:
                words = f"sounds/{FOLDER}/{path} is made from something else than it would be now"
                view.altered.setdefault(owner, []).append(words)
