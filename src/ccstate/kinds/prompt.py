"""Prompt: what a caller hears."""

from typing import Annotated

from pydantic import Field, StringConstraints

from ccstate.kinds.fields import Expectation, KindFields, Language, ObjectFields

Spoken = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"
    ),
    Expectation("words, without control characters"),
]
AudioPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_. /-]{0,200}\.(wav|mp3|ogg|flac|gsm|sln16)$"
    ),
    Field(examples=["audio/welcome.wav"]),
    Expectation("a path to a .wav, .mp3, .ogg, .flac, .gsm or .sln16 file inside the project"),
]


class Wording(ObjectFields):
    """One language of a prompt."""

    text: Spoken | None = None
    """Words as they are spoken."""
    audio: AudioPath | None = None
    """Recording, relative to the project; without it the text is spoken by the platform."""


class Prompt(KindFields):
    """Words and recordings by language."""

    languages: dict[Language, Wording]
    """Wording by language tag."""
