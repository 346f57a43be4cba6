"""Text in lines that fit a drawing, whose font nobody knows exactly: widths are estimates."""

from ccstate.render.text import columns, safe

SIZE = 13.0
"""Height of letters, in the units of the drawing."""
LINE = 17.0
_NARROW = frozenset("iljtfrI.,:;'|!()[]/ ’‘·-")
_WIDE = frozenset("mwMW@—…%→&")
_BOLD = 1.06
_ELLIPSIS = "…"


def width_of(text: str) -> float:
    """About how wide the text is in a sans-serif of `SIZE`."""
    return SIZE * sum(_em(character) for character in text)


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.33
    if character in _WIDE:
        return 0.9
    if character.isupper():
        return 0.7
    if character.isascii() or columns(character) == 1:
        return 0.57
    return 0.5 * max(columns(character), 0) * 2


def bold_width_of(text: str) -> float:
    return width_of(text) * _BOLD


def wrapped(text: str, width: float, most: int) -> tuple[str, ...]:
    """The text, made safe, in at most so many lines of that width; `…` stands for the rest."""
    lines: list[str] = []
    rest = [word for word in safe(text).split(" ") if word]
    while rest:
        line, rest = _line(rest, width)
        lines.append(line)
        if len(lines) == most and rest:
            lines[-1] = _cut(f"{line} {rest[0]}", width)
            break
    return tuple(lines)


def _line(words: list[str], width: float) -> tuple[str, list[str]]:
    """As many of the words as fit, and those that are left; a long one is broken."""
    line = words[0]
    if width_of(line) > width:
        head = _head(line, width)
        return head, [line[len(head) :], *words[1:]]
    used = 1
    while used < len(words) and width_of(f"{line} {words[used]}") <= width:
        line = f"{line} {words[used]}"
        used += 1
    return line, words[used:]


def _head(text: str, width: float) -> str:
    taken = 0.0
    for place, character in enumerate(text):
        taken += width_of(character)
        if taken > width and place:
            return text[:place]
    return text


def _cut(text: str, width: float) -> str:
    """The text with `…`, after a whole word where that is not far."""
    head = _head(text, width - width_of(_ELLIPSIS))
    word = head.rfind(" ")
    if not text[len(head) :].startswith(" ") and word > len(head) / 2:
        head = head[:word]
    return head.rstrip(" ,.:;") + _ELLIPSIS
