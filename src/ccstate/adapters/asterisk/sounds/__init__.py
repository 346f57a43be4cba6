"""Prompts as sound files that Asterisk plays: which there must be, and how each is made.

A sound is wanted for every language of every prompt, made from its recording or, without one, by
speaking its text. What it is made from has a digest; the records keep that with the sound, and so
show later whether it is still the one wanted, without making it again.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias, assert_never

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.observe import View
from ccstate.adapters.asterisk.records import Objects, Records
from ccstate.adapters.asterisk.sounds import audio
from ccstate.adapters.asterisk.sounds.speech import (
    Speaker,
    Speech,
    check_language,
    find_speaker,
    speak,
    speaker_name,
)
from ccstate.adapters.asterisk.storage import Stat
from ccstate.errors import Code, Diagnostic, InvalidInput, Span
from ccstate.model import Address, Fields

# Part of every digest: raise it where the same source makes another sound, and all are made anew.
_MAKING = 1


@dataclass(frozen=True, slots=True)
class Text:
    """Words to be spoken."""

    words: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of the project."""

    path: str
    content: str | None
    """Digest of what is in it; None where it was not read yet."""


Source: TypeAlias = Text | Recording


@dataclass(frozen=True, slots=True)
class Wanted:
    """One sound that must be there."""

    prompt: str
    language: str
    source: Source
    digest: str
    """Of everything that the user decides about the sound: text, language, command, recording."""

    def __str__(self) -> str:
        return f"prompt/{self.prompt} in {self.language}"


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound, made."""

    path: str
    """Below the folder of ccstate's sounds: `main-menu/en-AU.wav`."""
    content: bytes
    made: str
    """For people: `spoken by espeak-ng 1.51, voice gmw/en`, `converted from audio/x.mp3`."""
    source_digest: str


def wanted(
    prompts: Mapping[str, Fields],
    *,
    speech: Speech = (),
    recordings: Mapping[str, str] | None = None,
) -> dict[str, Wanted]:
    """The sounds of the prompts, by path, sorted; `recordings` as `recording_digests` reads them.

    A wording with neither recording nor text makes no sound.
    """
    found = {
        f"{name}/{language}.wav": Wanted(name, language, source, _digest(source, language, speech))
        for name, language, source in _sources(prompts, recordings or {})
    }
    return dict(sorted(found.items()))


def _sources(
    prompts: Mapping[str, Fields], recordings: Mapping[str, str]
) -> Iterator[tuple[str, str, Source]]:
    for name, fields in prompts.items():
        languages = fields.get("languages")
        for language, wording in languages.items() if isinstance(languages, dict) else ():
            if not isinstance(wording, dict):
                continue
            path, words = wording.get("audio"), wording.get("text")
            if isinstance(path, str):
                yield name, language, Recording(path, recordings.get(path))
            elif isinstance(words, str):
                yield name, language, Text(words)


def _digest(source: Source, language: str, speech: Speech) -> str:
    match source:
        case Text(words):
            parts = ["text", words, language, *speech]
        case Recording(path, content) if content is not None:
            parts = ["recording", Path(path).suffix, content]
        case Recording(path):
            parts = ["unread", path]
        case _:
            assert_never(source)
    return hashlib.sha256(json.dumps([_MAKING, *parts]).encode()).hexdigest()


def recording_digests(prompts: Mapping[str, Fields], folder: Path) -> dict[str, str]:
    """Return the digest of every recording's content, by path; one that cannot be read is left out.

    `audit` says what is wrong with those.
    """
    digests = {}
    for _, _, source in _sources(prompts, {}):
        if isinstance(source, Recording) and source.path not in digests:
            try:
                content = _recording(folder, source.path).read_bytes()
            except InvalidInput:
                continue
            digests[source.path] = hashlib.sha256(content).hexdigest()
    return digests


def audit(wanted: Mapping[str, Wanted], folder: Path, speech: Speech) -> list[Diagnostic]:
    """Find what would keep the sounds from being made; nothing is made."""
    return [
        *(_problems(audio.check_libraries) if wanted else ()),
        *_speech_problems(wanted.values(), speech),
        *(
            _named(problem, str(one))
            for one in wanted.values()
            if isinstance(one.source, Recording)
            for problem in _problems(partial(_check_recording, folder, one.source.path))
        ),
    ]


def _speech_problems(wanted: Iterable[Wanted], speech: Speech) -> Iterator[Diagnostic]:
    """Report a missing program once, a missing voice once a language."""
    speaking: dict[str, list[Wanted]] = {}
    for one in wanted:
        if isinstance(one.source, Text):
            speaking.setdefault(one.language, []).append(one)
    if not speaking:
        return
    try:
        speaker = find_speaker(speech)
    except InvalidInput as missing:
        yield from missing.problems
        return
    for language, those in speaking.items():
        others = f" and {len(those) - 1} more" if len(those) > 1 else ""
        for problem in _problems(partial(check_language, speaker, language)):
            yield _named(problem, f"{those[0]}{others}")


def _check_recording(folder: Path, path: str) -> None:
    with _recording(folder, path).open("rb") as file:
        audio.check_header(file, path)


def _problems(check: Callable[[], object]) -> tuple[Diagnostic, ...]:
    try:
        check()
    except InvalidInput as failed:
        return failed.problems
    return ()


def make(wanted: Mapping[str, Wanted], folder: Path, speech: Speech) -> dict[str, Sound]:
    """Make the sounds side by side; InvalidInput with every problem of every prompt.

    The same input makes the same bytes, with the same versions of program and libraries.
    """
    if wanted:
        audio.check_libraries()
    if any(isinstance(one.source, Text) for one in wanted.values()):
        find_speaker(speech)  # a missing program is one problem, not one for each sound
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        outcomes = list(pool.map(lambda path: _made(path, wanted[path], folder, speech), wanted))
    if problems := [bad for outcome in outcomes if isinstance(outcome, list) for bad in outcome]:
        raise InvalidInput(problems)
    return {sound.path: sound for sound in outcomes if isinstance(sound, Sound)}


def _made(path: str, one: Wanted, folder: Path, speech: Speech) -> Sound | list[Diagnostic]:
    """Make one sound, or say what keeps it from being made."""
    try:
        match one.source:
            case Text(words):
                return _spoken(path, one, words, find_speaker(speech))
            case Recording() as recording:
                return _converted(path, one, recording, folder)
    except InvalidInput as failed:
        return [_named(problem, str(one)) for problem in failed.problems]


def _spoken(path: str, one: Wanted, words: str, speaker: Speaker) -> Sound:
    said = speak(speaker, words, one.language)
    try:
        samples = audio.telephone_samples(said, "speech.wav")
    except InvalidInput as unusable:
        (problem,) = unusable.problems
        raise _no_speech(speaker, f"{problem.message}. {problem.cause}".strip()) from None
    if not any(samples):
        raise _no_speech(speaker, "What it wrote is silence.")
    return _sound(path, one, f"spoken by {speaker_name(speaker, one.language)}", samples)


def _no_speech(speaker: Speaker, cause: str) -> InvalidInput:
    return InvalidInput(codes.SPEECH_UNUSABLE(program=speaker.name, why=cause))


def _converted(path: str, one: Wanted, recording: Recording, folder: Path) -> Sound:
    content = _recording(folder, recording.path).read_bytes()
    if recording.content not in {None, hashlib.sha256(content).hexdigest()}:
        raise _bad_recording(codes.RECORDING_CHANGED, recording.path)
    samples = audio.telephone_samples(content, recording.path)
    return _sound(path, one, f"converted from {recording.path}", samples)


def _sound(path: str, one: Wanted, made: str, samples: bytes) -> Sound:
    return Sound(path, audio.wav(samples, f"{made}; source {one.digest}"), made, one.digest)


def _recording(folder: Path, path: str) -> Path:
    """Where the recording is; InvalidInput unless it is a plain file inside the project."""
    root = folder.resolve()
    try:
        place = (root / path).resolve(strict=True)
        size = place.stat().st_size
    except (OSError, RuntimeError):  # RuntimeError: links that go round, on Python 3.11
        raise _bad_recording(codes.RECORDING_MISSING, path) from None
    if not place.is_relative_to(root) or not place.is_file():
        raise _bad_recording(codes.RECORDING_OUTSIDE, path)
    if not os.access(place, os.R_OK):
        raise _bad_recording(codes.RECORDING_CLOSED, path)
    if size > audio.MOST_BYTES:
        raise audio.too_large(path)
    return place


def _bad_recording(code: Code, path: str) -> InvalidInput:
    return InvalidInput(code(Span(path), path=path))


def _named(problem: Diagnostic, whose: str) -> Diagnostic:
    return replace(problem, message=f"{whose}: {problem.message}")


SOUNDS_FOLDER = "ccstate"
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
        recordings = recording_digests(prompts, self.folder)
        return wanted(prompts, speech=self.speech, recordings=recordings)

    def audit(self, objects: Objects, records: Records) -> list[Diagnostic]:
        """Find what keeps sounds from being made."""
        wanted = self._wanted(objects).items()
        missing = {path: one for path, one in wanted if records.sounds.get(path) != one.digest}
        return audit(missing, self.folder, self.speech)

    def made(self, objects: Objects, records: Records, present: Mapping[str, Stat]) -> Made:
        """Make the sounds that the objects want and that are not there."""
        wanted = self._wanted(objects)
        missing = {
            path: one
            for path, one in wanted.items()
            if records.sounds.get(path) != one.digest or f"{SOUNDS_FOLDER}/{path}" not in present
        }
        made = make(missing, self.folder, self.speech)
        return Made(
            {f"{SOUNDS_FOLDER}/{path}": sound.content for path, sound in made.items()},
            {path: one.digest for path, one in wanted.items()},
            tuple(f"{SOUNDS_FOLDER}/{path}" for path in records.sounds if path not in wanted),
        )

    def compare(self, view: View, records: Records, present: Mapping[str, Stat]) -> None:
        """Tells the view which sounds are not there, and which are made from something else."""
        for path, one in self._wanted(records.objects).items():
            owner = Address("prompt", one.prompt)
            if owner not in view.objects:
                continue
            if f"{SOUNDS_FOLDER}/{path}" not in present:
                view.altered.setdefault(owner, []).append(
                    f"sounds/{SOUNDS_FOLDER}/{path} is not there"
                )
            elif records.sounds.get(path) != one.digest:
                words = f"sounds/{SOUNDS_FOLDER}/{path} is made from something else than it would be now"
                view.altered.setdefault(owner, []).append(words)
