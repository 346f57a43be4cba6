"""Sound as Asterisk plays it from a .wav file: 8 kHz, 16 bit, one channel.

Asterisk 16.28 and 22.10.1 refuse any other rate ("Unexpected frequency mismatch") and any second
channel ("Not in mono") in a .wav file (seen, `file convert` and Playback).
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from ccstate.adapters.asterisk import codes
from ccstate.errors import InvalidInput, Span

if TYPE_CHECKING:
    import numpy as np

    Samples = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

RATE = 8000
MOST_BYTES = 50_000_000
MOST_SECONDS = 600
_MOST_CHANNELS = 8
_RATES = range(4000, 192_001)
_UNKNOWN = 2**63 - 1  # libsndfile's SF_COUNT_MAX, for a .flac written into a pipe
_BLOCK = 65_536  # frames in memory at a time

# What a file begins with, so that only the parser that its name promises ever sees it.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    ".wav": (b"RIFF", b"RF64"),
    ".flac": (b"fLaC",),
    ".ogg": (b"OggS",),
    ".mp3": (b"ID3", *(bytes((0xFF, 0xE0 | low)) for low in range(2, 32))),
    ".gsm": tuple(bytes((0xD0 | low,)) for low in range(16)),  # 0xD begins every frame of GSM 06.10
    ".sln16": (b"",),
}
_HEADERLESS: dict[str, dict[str, str | int]] = {
    ".gsm": {"format": "RAW", "subtype": "GSM610", "samplerate": 8000, "channels": 1},
    ".sln16": {
        "format": "RAW",
        "subtype": "PCM_16",
        "endian": "LITTLE",
        "samplerate": 16000,
        "channels": 1,
    },
}


@dataclass(frozen=True, slots=True)
class _Libraries:
    """What decodes and resamples; optional, so imported only where sounds are made."""

    numpy: Any
    soundfile: Any
    soxr: Any


def _libraries() -> _Libraries:
    try:
        import numpy as np
        import soundfile  # type: ignore[import-untyped]  # it has no types
        import soxr  # type: ignore[import-untyped]  # it has no types
    except (ImportError, OSError) as missing:  # OSError: soundfile without its libsndfile
        raise InvalidInput(codes.AUDIO_LIBRARIES(why=str(missing))) from None
    return _Libraries(np, soundfile, soxr)


def check_libraries() -> None:
    """InvalidInput where sounds cannot be made for want of a library."""
    _libraries()


def check_header(file: IO[bytes], name: str) -> None:
    """InvalidInput where the file says of itself that it cannot be played; decodes nothing."""
    with _opened(_libraries(), file, name):
        pass


def telephone_samples(content: bytes, name: str) -> bytes:
    """Return the recording as 8 kHz, 16 bit, little-endian samples of one channel.

    Channels are averaged; loudness stays, and what resampling lifts above full scale is cut there.
    What is in that form already comes back sample by sample. `name` tells the format by its ending.
    """
    libraries = _libraries()
    with _opened(libraries, io.BytesIO(content), name) as sound:
        try:
            loudness = libraries.numpy.concatenate(list(_resampled(libraries, sound, name)))
        except libraries.soundfile.SoundFileError as error:
            raise _undecodable(name, str(error)) from None
    if not len(loudness):
        raise _undecodable(name, "It holds no sound.")
    # Quantised here and not by soxr, whose dither to 16 bits differs from run to run.
    whole = libraries.numpy.rint(libraries.numpy.nan_to_num(loudness) * 32768)
    return bytes(whole.clip(-32768, 32767).astype("<i2").tobytes())


def wav(samples: bytes, comment: str) -> bytes:
    """Return a WAV file of telephone samples, with a comment that tells where they come from.

    The comment follows the samples. Asterisk 16.28 and 22.10.1 stop reading where the file offset
    equals the length of the samples: everything before them shortens what is played. The 44 bytes
    that cannot be avoided cost 22 samples, 3 ms at the end (seen, `file convert` to .sln).
    """
    text = comment.encode("ascii", "replace") + b"\0"
    text += b"\0" * (len(text) % 2)
    info = b"INFO" + _chunk(b"ICMT", text)
    form = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", samples) + _chunk(b"LIST", info)
    return _chunk(b"RIFF", body)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content


def _opened(libraries: _Libraries, file: IO[bytes], name: str) -> Any:
    """Return the recording, open; its header is within the limits."""
    ending = PurePosixPath(name).suffix
    if not file.read(4).startswith(_BEGINNINGS[ending]):
        raise _undecodable(name, f"It does not begin like a {ending} file.")
    file.seek(0)
    try:
        sound = libraries.soundfile.SoundFile(file, "r", **_HEADERLESS.get(ending, {}))
    except libraries.soundfile.SoundFileError as error:
        raise _undecodable(name, str(error).partition(">: ")[2] or str(error)) from None
    problem = _header_problem(sound, name)
    if problem is None:
        return sound
    sound.close()
    raise problem


def _header_problem(sound: Any, name: str) -> InvalidInput | None:
    if sound.samplerate not in _RATES or not 1 <= sound.channels <= _MOST_CHANNELS:
        return _undecodable(
            name, f"{sound.channels} channels at {sound.samplerate} Hz are no prompt."
        )
    if sound.frames == _UNKNOWN:
        # soundfile 0.14 fails at the end of such a file, where it seeks after reading (seen).
        return _undecodable(name, "Its header does not tell how long it is.")
    if sound.frames > MOST_SECONDS * sound.samplerate:  # reading counts again: headers may be wrong
        return _too_long(name)
    return None


def _resampled(libraries: _Libraries, sound: Any, name: str) -> "Iterator[Samples]":
    most = MOST_SECONDS * sound.samplerate
    stream = libraries.soxr.ResampleStream(sound.samplerate, RATE, 1, dtype="float32")
    read = 0
    while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
        read += len(block)
        if read > most:
            raise _too_long(name)
        mono = block.mean(axis=1, dtype="float32")
        yield mono if sound.samplerate == RATE else stream.resample_chunk(mono)
    if sound.samplerate != RATE:
        yield stream.resample_chunk(libraries.numpy.zeros(0, "float32"), last=True)
    yield libraries.numpy.zeros(0, "float32")


def too_large(name: str) -> InvalidInput:
    megabytes = MOST_BYTES // 1_000_000
    return InvalidInput(codes.AUDIO_TOO_LARGE(Span(name), path=name, most=megabytes))


def _too_long(name: str) -> InvalidInput:
    return InvalidInput(codes.AUDIO_TOO_LONG(Span(name), path=name, most=MOST_SECONDS // 60))


def _undecodable(name: str, cause: str) -> InvalidInput:
    return InvalidInput(codes.AUDIO_UNREADABLE(Span(name), path=name, why=cause))
