"""Recordings and their words: Asterisk's own, as its packages list them, and prompts of them."""

from ccstate.adapters.asterisk.importing.estate import Work
from ccstate.model import Json

MOST_BYTES = 8 * 1024 * 1024
SPOKEN = "differs: ccstate speaks the words of the recording; give the prompt an audio to keep it"
LONGEST = 2_000
"""Characters of the words of a prompt."""


def words(listed: bytes) -> dict[str, str]:
    """Words by the name of the recording, from a list such as core-sounds-en.txt.

    Each line is `name: words`; `;` begins a comment. Source: asterisk-core-sounds-en 1.6.1,
    usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz.
    """
    found: dict[str, str] = {}
    for line in listed[:MOST_BYTES].decode(errors="replace").splitlines():
        name, colon, spoken = line.partition(":")
        text = " ".join(spoken.split())
        is_speech = colon and text and not line.startswith(";") and text[:1] not in "[(<"
        if is_speech and len(text) <= LONGEST and text.isprintable():
            found.setdefault(name.strip(), text)
    return found


def prompt_of(work: Work, sounds: tuple[str, ...]) -> str:
    """The prompt with the words of these recordings; "" where some are not known."""
    names = [name.strip() for s in sounds for name in s.partition(",")[0].split("&")]
    spoken = [work.setting.words.get(name, "") for name in names]
    text = " ".join(spoken)
    if not names or not all(spoken) or len(text) > LONGEST:
        return ""
    fields: dict[str, Json] = {"languages": {work.setting.language: {"text": text}}}
    return work.one("prompt", names[0], fields).name
