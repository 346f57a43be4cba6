"""Text spoken by a program: espeak-ng, or the command that `CCSTATE_SPEECH` names.

Text goes to the program's standard input, never into its arguments and never through a shell.
"""

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from ccstate.adapters.asterisk import codes
from ccstate.adapters.asterisk.sounds.audio import MOST_BYTES
from ccstate.errors import InvalidInput
from ccstate.machine import command, program

SECONDS_TO_SPEAK = 30.0
VARIABLE = "CCSTATE_SPEECH"
"""Variable with another command: no branch may choose what is started here."""
_ESPEAK = "espeak-ng"

# Where neither the tag nor its language alone is the nearest voice that espeak-ng 1.51 has.
_NEAREST = {
    "en-ca": "en-us",
    "en-ph": "en-us",
    "nn": "nb",
    "zh-hk": "yue",
    "zh-mo": "yue",
}
# Spanish of the Americas; es alone is Spain's.
_AMERICAN = frozenset("AR BO CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV US UY VE".lower().split())


Speech: TypeAlias = tuple[str, ...]
"""A program that speaks, with its arguments; without any, espeak-ng.

It reads text in UTF-8 and writes a WAV file to standard output. `{language}` in an argument becomes
the language tag, such as en-AU."""


def named_speech() -> Speech:
    """Return the command of the environment. Raises InvalidInput where that is no program."""
    return command(VARIABLE)


@dataclass(frozen=True, slots=True)
class Voice:
    """A line of `espeak-ng --voices`; the lower a priority, the more usual the voice."""

    file: str
    languages: Mapping[str, int]
    """Priority by language, in lower case."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """The program, found on this machine."""

    name: str
    """For people: `espeak-ng 1.51`."""
    argv: tuple[str, ...]
    environment: Mapping[str, str] | None
    voices: tuple[Voice, ...] | None
    """None where only the command knows which languages it speaks."""


def find_speaker(speech: Speech) -> Speaker:
    """Find the program that speaks; InvalidInput where it is not on this machine."""
    if not speech:
        return _espeak()
    return Speaker(Path(speech[0]).name, speech, None, None)


def _espeak() -> Speaker:
    found = program(_ESPEAK)
    if found is None:
        raise InvalidInput(codes.ESPEAK_MISSING(program=_ESPEAK))
    environment = {
        "LC_ALL": "C.UTF-8",
        **{name: os.environ[name] for name in ("PATH", "ESPEAK_DATA_PATH") if name in os.environ},
    }
    name, voices = _named_with_voices(found, tuple(environment.items()))
    # --stdin: the whole text at once; -b 1: UTF-8. Without -m, <…> is no markup but read out.
    argv = (found, "--stdin", "--stdout", "-b", "1", "-v")
    return Speaker(name, argv, environment, voices)


@cache
def _named_with_voices(
    found: str, environment: tuple[tuple[str, str], ...]
) -> tuple[str, tuple[Voice, ...]]:
    """Return the name and the voices that espeak-ng states; each process asks it once."""
    version, listed = (
        _output((found, option), "", dict(environment)).decode("utf-8", "replace")
        for option in ("--version", "--voices")
    )
    number = re.search(r"(\d+(?:\.\d+)+)", version)
    return f"{_ESPEAK} {number[1]}" if number else _ESPEAK, _voices(listed)


_VOICE = re.compile(
    r"\s*(?P<priority>\d+)\s+(?P<language>\S+)\s+\S+\s+\S+\s+(?P<file>\S+)(?P<others>.*)"
)
_OTHER = re.compile(r"\((\S+) (\d+)\)")


def _voices(listed: str) -> tuple[Voice, ...]:
    """Read the voices of `espeak-ng --voices`, in its order.

    A line (1.51): ` 5  es-419  --/M  Spanish_(Latin_America)  roa/es-419  (es-mx 6)(es 6)`.
    """
    found = []
    for line in listed.splitlines()[1:]:
        if seen := _VOICE.fullmatch(line):
            others = {tag.lower(): int(order) for tag, order in _OTHER.findall(seen["others"])}
            languages = others | {seen["language"].lower(): int(seen["priority"])}
            found.append(Voice(seen["file"], languages))
    return tuple(found)


def voice(language: str, voices: tuple[Voice, ...]) -> str | None:
    """Return the file of the voice nearest to a language tag: en-AU → gmw/en, zh → sit/cmn."""
    tag = language.lower()
    primary, _, region = tag.partition("-")
    nearest = "es-419" if primary == "es" and region in _AMERICAN else _NEAREST.get(tag, tag)
    for sought in (nearest, tag, primary):
        speaking = [one for one in voices if sought in one.languages]
        if speaking:
            return min(speaking, key=lambda one: one.languages[sought]).file
    return None


def check_language(by: Speaker, language: str) -> None:
    """InvalidInput where the speaker is known to have no voice for the language."""
    _argv(by, language)


def speak(by: Speaker, text: str, language: str) -> bytes:
    """Speak the text with the program: a WAV file of any rate."""
    if by.voices is not None:
        # [[…]] would be phonemes to espeak-ng, also without -m (1.51, seen with -x).
        text = re.sub(r"\[(?=\[)", "[ ", text)
    return _output(_argv(by, language), text, by.environment)


def speaker_name(by: Speaker, language: str) -> str:
    """Name the speaker for people: `espeak-ng 1.51, voice gmw/en`."""
    return by.name if by.voices is None else f"{by.name}, voice {_argv(by, language)[-1]}"


def _argv(by: Speaker, language: str) -> tuple[str, ...]:
    if by.voices is None:
        speaker, *arguments = by.argv
        return (speaker, *(part.replace("{language}", language) for part in arguments))
    chosen = voice(language, by.voices)
    if chosen is None:
        problem = codes.NO_VOICE(program=by.name, language=language, variable=VARIABLE)
        raise InvalidInput(problem)
    return (*by.argv, chosen)


def _output(argv: tuple[str, ...], text: str, environment: Mapping[str, str] | None) -> bytes:
    """Run the program and return what it writes within its time.

    Its standard error is dropped: a command may write anything there.
    """
    name = Path(argv[0]).name
    late = threading.Event()
    with tempfile.TemporaryFile() as given:
        given.write(text.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603  no shell; the program is not a branch's choice
                argv,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=os.sep,  # nothing of a branch lies there that a program may read
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise _failed(name, error.strerror or str(error)) from None

    def stop() -> None:
        late.set()
        _kill(process)

    clock = threading.Timer(SECONDS_TO_SPEAK, stop)
    clock.start()
    try:
        with process:
            assert process.stdout is not None  # noqa: S101  it is a pipe
            written = process.stdout.read(MOST_BYTES + 1)
            if len(written) > MOST_BYTES:
                _kill(process)
    finally:
        clock.cancel()
    if late.is_set():
        raise _failed(name, f"It was not done after {SECONDS_TO_SPEAK:g} seconds.")
    if len(written) > MOST_BYTES:
        raise _failed(name, f"It wrote more than {MOST_BYTES // 1_000_000} MB.")
    if process.returncode:
        raise _failed(name, f"It ended with code {process.returncode}.")
    return written


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the program and what it has started; it leads a process group of its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _failed(name: str, cause: str) -> InvalidInput:
    return InvalidInput(codes.NOT_SPOKEN(program=name, why=cause))
