"""Measure text in a sans-serif whose font is not known exactly: widths are estimates, at most.

The size of letters is 1 here; whoever draws multiplies by theirs.
"""

import unicodedata
from collections.abc import Callable, Mapping

_ELLIPSIS = "…"
# The wider of DejaVu Sans 2.37 and Liberation Sans 2.1 (which is as wide as Arial and Helvetica),
# in parts of the size, rounded up: what Debian's librsvg and Chromium draw with, by what is there.
_REGULAR = {
    0.3: "Iijl",
    0.35: " ,./:;\\|’‘·",
    0.4: "()-[]ft",
    0.45: "!r",
    0.5: '"*J`',
    0.55: "csz",
    0.6: "?L_kvxy–",
    0.65: "$0123456789FTabdeghnopqu{}ß",
    0.7: "ABEKPSVXYZ",
    0.75: "CNRU",
    0.8: "&DGHOQ",
    0.85: "#+<=>^w~×✓",
    0.9: "M",
    1.0: "%Wm…—→",
    1.05: "@",
}
_BOLD = {
    0.35: " 'ijl",
    0.4: ",./:;I\\|’‘·",
    0.45: "-f",
    0.5: "!()[]`rt",
    0.55: '"*',
    0.6: "J_csz–",
    0.65: "?Lx",
    0.7: "$0123456789EFTaekovy",
    0.75: "CPSYZbdghnpqu{}ß",
    0.8: "ABKRVX",
    0.85: "#+<=>DGHNU^~×✓",
    0.9: "&OQ",
    0.95: "w",
    1.0: "@M…—→",
    1.05: "%m",
    1.15: "W",
}
_PLAIN_EM = {character: em for em, group in _REGULAR.items() for character in group}
_BOLD_EM = {character: em for em, group in _BOLD.items() for character in group}
_OTHER = 1.1
"""Ligatures, letters of other alphabets, signs."""


def width(text: str) -> float:
    """Estimate at most how wide the text is, in parts of the size of its letters."""
    return sum(_em(character, _PLAIN_EM) for character in text)


def bold_width(text: str) -> float:
    """Estimate at most how wide the text is in bold."""
    return sum(_em(character, _BOLD_EM) for character in text)


def _em(character: str, known: Mapping[str, float]) -> float:
    if em := known.get(character):
        return em
    if unicodedata.category(character) in {"Mn", "Me", "Cf", "Cc"}:
        return 0.0
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 2.0
    # letters with accents are as wide as those without
    return known.get(unicodedata.normalize("NFD", character)[0], _OTHER)


def wrap(
    text: str, room: float, most: int, measure: Callable[[str], float] = width
) -> tuple[str, ...]:
    """Wrap the text in at most so many lines of that width; `…` is the rest.

    `measure` says how wide a text is.
    """
    lines: list[str] = []
    rest = [word for word in text.split(" ") if word]
    while rest:
        line, rest = _line(rest, room, measure)
        lines.append(line)
        if len(lines) == most and rest:
            lines[-1] = _cut(f"{line} {rest[0]}", room, measure)
            break
    return tuple(lines)


def clip(text: str, room: float, measure: Callable[[str], float] = width) -> str:
    """Clip the text to that width, with `…` for the rest, as browsers do (`text-overflow: ellipsis`)."""
    if measure(text) <= room:
        return text
    return _head(text, room - measure(_ELLIPSIS), measure) + _ELLIPSIS


def _line(words: list[str], room: float, measure: Callable[[str], float]) -> tuple[str, list[str]]:
    """Take as many of the words as fit, and return those that are left; a long one is broken."""
    line = words[0]
    if measure(line) > room:
        head = _head(line, room, measure)
        return head, [line[len(head) :], *words[1:]]
    used = 1
    while used < len(words) and measure(f"{line} {words[used]}") <= room:
        line = f"{line} {words[used]}"
        used += 1
    return line, words[used:]


def _head(text: str, room: float, measure: Callable[[str], float]) -> str:
    taken = 0.0
    for place, character in enumerate(text):
        taken += measure(character)
        if taken > room and place:
            return text[:place]
    return text


def _cut(text: str, room: float, measure: Callable[[str], float]) -> str:
    """Cut the text with `…`, after a whole word where that is not far."""
    head = _head(text, room - measure(_ELLIPSIS), measure)
    word = head.rfind(" ")
    if not text[len(head) :].startswith(" ") and word > len(head) / 2:
        head = head[:word]
    return head.rstrip(" ,.:;") + _ELLIPSIS
